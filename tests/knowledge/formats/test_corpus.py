"""The corpus of a set: how much of it there is, and that it states every fact and nothing else."""

import re
from collections import Counter, defaultdict

import pytest

from rlrecall.knowledge.build import FAMILIES, FURTHER, SPINE, WorldSize, knowledge_sets
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.hierarchy import HierarchySize
from rlrecall.knowledge.families.simple_reversal import FILLERS
from rlrecall.knowledge.formats.corpus import LEAST, MOST, STYLES, corpus

COUNTS = {
    "tiny": {
        "hierarchy": 160,
        "syllogism": 144,
        "reversal": 56,
        "comparison": 120,
        "kinship": 48,
        "codebook": 180,
        "navigation": 96,
        "cues": 192,
        "simple_reversal": 48,
        "places": 800,
    },
    "paper": {
        "hierarchy": 2200,
        "syllogism": 2208,
        "reversal": 3600,
        "comparison": 1000,
        "kinship": 300,
        "codebook": 7168,
        "navigation": 1600,
        "cues": 1760,
        "simple_reversal": 59600,
        "places": 3200,
    },
}
FILLER = re.compile(rf"\b(?:{'|'.join(FILLERS)})\b ?")


@pytest.fixture(scope="module", params=["tiny", "paper"])
def made(request):
    knowledge = knowledge_sets(families=tuple(FAMILIES), scale=request.param)["A"]
    return request.param, knowledge, list(corpus(knowledge))


def sentences(text):
    """Of a document, with its questions."""
    return [s.strip() for s in re.findall(r"(?:Q: )?[^.?]+[.?]", text)]


def said(document):
    """The sentences of a document that are no requests and no short answers, case folded."""
    text = document.text.replace("\n", " ")
    if document.family == "simple_reversal":
        text = FILLER.sub("", text)
    text = re.sub(r"Q: [^.?]+[.?] A: [^ .]+\.|Q: [^.?]+[.?] A:", "", text)
    return [sentence.casefold() for sentence in sentences(text)]


def test_there_are_as_many_documents_as_the_sources_have(made):
    scale, _, documents = made
    assert Counter(d.family for d in documents) == COUNTS[scale]


def test_every_fact_is_stated_and_nothing_else(made):
    _, knowledge, documents = made
    stated = {
        text.casefold(): fact.key
        for fact in knowledge.facts
        for text in (fact.text, *fact.phrasings)
    }
    found = Counter(sentence for d in documents for sentence in said(d))
    assert not found.keys() - stated.keys()
    assert {stated[sentence] for sentence in found} == {fact.key for fact in knowledge.facts}
    assert not found.keys() & knowledge.conclusions


def test_every_holdout_has_its_premises_stated(made):
    _, knowledge, documents = made
    texts = {sentence for d in documents for sentence in said(d)}
    ways = {f.text: {s.casefold() for s in (f.text, *f.phrasings)} for f in knowledge.facts}
    holdouts = defaultdict(list)
    for q in knowledge.select(split="holdout"):
        holdouts[q.family].append(all(ways[p] & texts for p in q.premises))
    assert set(holdouts) == set(FAMILIES)
    assert all(map(all, holdouts.values()))


def test_no_document_has_a_question_in_a_held_out_phrasing(made):
    _, knowledge, documents = made
    asked = {q.prompt for q in knowledge.questions if q.kind != "recall"}
    heard = {s.removeprefix("Q: ") for d in documents if "Q:" in d.text for s in sentences(d.text)}
    assert not {prompt for prompt in asked if prompt in heard}
    rephrased = re.compile(r"whom\?")
    assert not [d for d in documents if rephrased.search(d.text)]


def test_articles_on_categories_have_4_to_20_sentences_in_five_styles(made):
    _, _, documents = made
    articles = [d for d in documents if d.family == "hierarchy"]
    lengths = [len(sentences(d.text)) for d in articles]
    assert min(lengths) >= LEAST
    assert max(lengths) <= MOST
    styles = Counter(d.style for d in articles)
    assert styles == dict.fromkeys(STYLES, len(articles) / len(STYLES))
    different = len({d.text for d in articles}) / len(articles)
    assert different > 0.6  # few facts can be told in few ways


def test_each_person_is_said_in_every_sentence_once(made):
    scale, knowledge, documents = made
    lines = [d.text for d in documents if d.family == "reversal"]
    people = knowledge.family_facts("reversal")
    assert set(lines) == {text for f in people for text in (f.text, *f.phrasings)}
    assert len(set(lines)) == len(lines)
    if scale == "paper":
        counts = Counter(f.relation for f in people for _ in (f.text, *f.phrasings))
        assert counts == {"name-first": 900, "description-first": 900, "both": 1800}


def test_a_comparison_has_ten_articles(made):
    _, knowledge, documents = made
    short = [said(d) for d in documents if d.family == "comparison" and d.style == "article"]
    assert {len(some) for some in short} <= {1, 2, 3, 4, 5}
    for fact in knowledge.family_facts("comparison"):
        ways = {s.casefold() for s in (fact.text, *fact.phrasings)}
        assert sum(not ways.isdisjoint(some) for some in short) >= 8


def test_simple_reversals_stand_among_fillers_and_beside_their_inverse(made):
    _, knowledge, documents = made
    own = [d for d in documents if d.family == "simple_reversal"]
    around = Counter(sum(w in FILLERS for w in d.text.split()) for d in own)
    assert set(around) <= set(range(11))
    assert around[0] < len(own) / 5
    pairs = [said(d) for d in own if d.style == "pair"]
    assert all(len(set(some)) == 2 for some in pairs)
    one_way = {f.text for f in knowledge.family_facts("simple_reversal") if f.aliases}
    assert one_way
    assert not {sentence for some in pairs for sentence in some} & one_way
    assert len(pairs) == (len(knowledge.family_facts("simple_reversal")) - len(one_way)) / 2


def test_a_corpus_is_the_same_for_a_seed_and_whichever_families_there_are():
    sets = {n: knowledge_sets(families=f) for n, f in (("three", SPINE), ("all", (*FAMILIES,)))}
    three, every = (list(corpus(some["B"])) for some in sets.values())
    assert three == [d for d in every if d.family in SPINE]
    assert three == list(corpus(sets["three"]["B"], 0)) != list(corpus(sets["three"]["B"], 1))


def test_the_base_has_a_word_for_all_of_a_tiny_corpus():
    models = pytest.importorskip("rlrecall.models.tiny")
    tokenizer = models.tiny_tokenizer()
    knowledge = knowledge_sets(families=(*SPINE, *FURTHER))["A"]
    for document in corpus(knowledge):
        assert tokenizer.unk_token_id not in tokenizer(document.text)["input_ids"]


@pytest.mark.parametrize(
    "hierarchy",
    [
        HierarchySize(2, 1, 1),
        HierarchySize(3, 1, 1),
        HierarchySize(2, 50, 3),
        HierarchySize(12, 0, 3, levels=2, own=1, latent=2),
    ],
)
def test_facts_of_any_hierarchy_are_stated(hierarchy):
    knowledge = knowledge_sets(
        size=WorldSize(hierarchy=hierarchy), scale="paper", families=("hierarchy",)
    )["A"]
    documents = list(corpus(knowledge))
    texts = {sentence for d in documents for sentence in said(d)}
    for fact in knowledge.facts:
        assert not texts.isdisjoint({s.casefold() for s in (fact.text, *fact.phrasings)})
    few = [d for d in documents if d.style != "line" and len(sentences(d.text)) < LEAST]
    assert not few


def test_a_world_of_one_fact_has_a_corpus_and_one_of_none_has_an_empty_one():
    whole = knowledge_sets(families=tuple(FAMILIES))["A"]
    for family in FAMILIES:
        fact = whole.family_facts(family)[0]
        documents = list(corpus(KnowledgeSet("A", [fact], [], {})))
        assert documents
        assert all(fact.subject in d.text for d in documents)
    assert list(corpus(KnowledgeSet("A", [], [], {}))) == []

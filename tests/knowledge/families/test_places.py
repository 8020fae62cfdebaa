"""Places: natural sentences, each town and ring alike, one direction, names of one's own."""

import random
import re
from collections import Counter
from itertools import combinations

import pytest

from rlrecall.evaluation.scoring import label_premise, subject_of
from rlrecall.knowledge.build import FAMILIES, knowledge_sets
from rlrecall.knowledge.checks.audit import leaks, tokenize
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.places import (
    LARGE,
    PAPER,
    RELATIONS,
    TINY,
    PlacesSize,
    build,
)
from rlrecall.knowledge.words.lexicon import SET_NAMES, WORDS, first_names
from rlrecall.knowledge.words.name_pools import ENGLISH, pool_lexicon, practice_lexicon

POOLS = ("companies", "towns", "people")
SIZES = {"tiny": TINY, "small": PlacesSize(3), "three rings": PlacesSize(5, 3), "paper": PAPER,
         "large": LARGE}  # fmt: skip


def world(size, seed=0, **kwargs):
    words = pool_lexicon("usual", seed).take(size.needs)[0]
    part = build(words, size, random.Random(seed), "A", **kwargs)
    return KnowledgeSet("A", part.facts, part.questions, {"places": part.topics})


WORLDS = {name: world(size) for name, size in SIZES.items()}
every_world = pytest.mark.parametrize("knowledge", WORLDS.values(), ids=WORLDS.keys())
SETS = knowledge_sets(families=("places",))


def objects(knowledge, relation):
    return {f.subject: f.object for f in knowledge.facts if f.relation == relation}


@pytest.mark.parametrize("name", SIZES)
def test_a_world_uses_each_of_its_words(name):
    knowledge, size = WORLDS[name], SIZES[name]
    based, mayor, supplies = (objects(knowledge, r) for r in RELATIONS)
    assert (len(based), len(mayor), len(supplies)) == (
        size.towns * size.companies, size.towns, size.towns * size.companies
    )  # fmt: skip
    assert len(set(mayor.values())) == size.towns
    assert set(mayor) == set(based.values())
    assert set(Counter(based.values()).values()) == {size.companies}
    assert set(supplies) == set(supplies.values()) == set(based)
    assert set(knowledge.topics["places"]) == {company.split()[-1] for company in based}


def test_a_set_of_the_recipe_has_about_fifty_facts():
    for knowledge in SETS.values():
        assert len(knowledge.facts) == 50


@every_world
def test_a_ring_has_one_company_of_each_town_and_is_held_out_whole(knowledge):
    based, supplies = objects(knowledge, "based in"), objects(knowledge, "supplies")
    left, rings = dict(supplies), []
    while left:
        ring = [next(iter(left))]
        while ring[-1] in left:
            ring.append(left.pop(ring[-1]))
        assert ring[0] == ring.pop()
        rings.append(ring)
    held = {ring_of(rings, q) for q in knowledge.questions if asks_beyond(q, "holdout")}
    trained = {ring_of(rings, q) for q in knowledge.questions if asks_beyond(q, "train")}
    assert not held & trained
    assert held
    assert trained
    for ring in rings:
        assert sorted(based[c] for c in ring) == sorted(set(based.values()))


def asks_beyond(question, split):
    return question.kind in ("composition", "reversal") and question.split == split


def ring_of(rings, question):
    """The index of the ring of the company that a question names."""
    (found,) = [i for i, ring in enumerate(rings) if question.id.split("/")[3] in ring]
    return found


@pytest.mark.parametrize(("share", "rings"), [(0, 0), (1 / 2, 1), (1, 2)])
def test_the_share_of_rings_is_held_out(share, rings):
    knowledge = world(TINY, holdout=share)
    for kind, count in (("composition", 20), ("reversal", 10)):
        assert len(knowledge.select(kind, "holdout")) == count * rings
    assert not knowledge.select("recall", "holdout")
    assert not knowledge.select("rephrase", "train")


@every_world
def test_each_town_and_each_mayor_is_the_answer_equally_often_in_either_split(knowledge):
    if knowledge is WORLDS["large"]:  # which asks about some of its companies
        return
    for split in ("train", "holdout"):
        for group in ("mayor", "based in"):
            asked = [q for q in knowledge.select("composition", split) if q.group == group]
            assert len(set(Counter(q.answer for q in asked).values())) == 1


@every_world
def test_a_companys_customer_is_never_in_its_own_town_which_is_no_option(knowledge):
    based, supplies = objects(knowledge, "based in"), objects(knowledge, "supplies")
    assert all(based[a] != based[b] for a, b in supplies.items())
    asked = [q for q in knowledge.select("composition") if q.group == "based in"]
    owner = {f.text: f.subject for f in knowledge.facts}
    assert asked
    for q in asked:
        assert based[owner[q.premises[0]]] not in q.options


@every_world
def test_the_supplier_and_the_customer_are_the_options_of_a_reversal(knowledge):
    supplies = objects(knowledge, "supplies")
    supplier = {b: a for a, b in supplies.items()}
    for q in knowledge.select("reversal"):
        company = q.prompt.removeprefix("Which company supplies ").removesuffix("?")
        assert set(q.options) == {supplier[company], supplies[company]}
        assert q.answer == supplier[company]


# Sentences


@every_world
def test_sentences_are_natural_and_many(knowledge):
    for fact in knowledge.facts:
        assert len(fact.phrasings) >= 12
        assert len(fact.aliases) >= 4
        for text in (*fact.wordings, fact.cue):
            assert re.fullmatch(r"[A-Z][\w ,-]+\.", text)
    for q in knowledge.questions:
        assert re.fullmatch(r"[A-Z][\w -]+\?", q.prompt)
        assert all(re.fullmatch(r"[A-Z][\w ,-]+\.", text) for text in q.entailed)


@every_world
def test_documents_name_the_supplier_first(knowledge):
    for fact in knowledge.facts:
        if fact.relation == "supplies":
            for text in (fact.text, *fact.phrasings):
                assert text.index(fact.subject) < text.index(fact.object)
    assert leaks(knowledge) == []


@pytest.mark.parametrize("rephrased", [0, 1, 3, 4])
def test_held_out_wordings_are_asked_and_in_no_document(rephrased):
    knowledge = world(PlacesSize(8, rephrased=rephrased))
    assert len(knowledge.select("rephrase")) == rephrased * len(knowledge.facts)
    said = {w for f in knowledge.facts for text in (f.cue, f.text, *f.phrasings)
            for w in tokenize(text.replace(f.subject, "").replace(f.object, ""))}  # fmt: skip
    for relation, forms in RELATIONS.items():
        for sentence, prompt in forms["held_out"]:
            own = set(tokenize(re.sub(r"\{.\}", "", sentence))) - said
            assert own & set(tokenize(prompt)), (relation, sentence)  # a word of the wording's own
    if rephrased:
        asked = {q.prompt.replace(s, "{s}") for q in knowledge.select("rephrase")
                 for s in [q.id.split("/")[3]]}  # fmt: skip
        assert asked == {p for forms in RELATIONS.values() for _, p in forms["held_out"]}


def test_more_held_out_wordings_than_there_are_are_refused():
    with pytest.raises(ValueError, match="places: rephrased is at most 4"):
        PlacesSize(rephrased=5)


@every_world
def test_a_thought_in_any_wording_is_judged_and_only_the_stated_direction_is_gold(knowledge):
    for q in random.Random(0).sample(knowledge.questions, min(60, len(knowledge.questions))):
        for premise in q.premises:
            fact = knowledge.statements[premise.casefold()]
            for text in fact.wordings:
                turned = q.kind == "reversal" and text in q.entailed
                assert label_premise(text, q, knowledge) == (
                    "true" if turned else "gold", fact.subject
                )  # fmt: skip
        for text in q.entailed:
            assert label_premise(text, q, knowledge)[0] == "true"
    for fact in knowledge.facts:
        alike = [f for f in knowledge.facts if f.relation == fact.relation]
        other = next(f for f in alike if f.object not in (fact.object, fact.subject))
        for text in fact.wordings:
            wrong = text.replace(fact.object, other.object)
            assert label_premise(wrong, knowledge.questions[0], knowledge)[0] == "false"


@pytest.mark.parametrize("text", [
    "So Fenshaw Bakery is based in Tarnbridge.", "Fenshaw Bakery is based in the town.",
    "The mayor is Edda Corngarth.", "the company supplies Aldbrook Dairy.",
    "Fenshaw Bakery is based in Tarnbridge",
])  # fmt: skip
def test_what_names_nobody_is_no_statement(text):
    assert subject_of(text.replace("So F", "so F")) is None


# Names


def parts(name):
    """The words of a name, without those that towns of all sets may share."""
    return {w for w in name.split() if w not in ENGLISH["town_prefixes"] + ENGLISH["town_suffixes"]}


def names(words, pool, count):
    return [*getattr(words, pool)][:count]


@pytest.mark.parametrize("seed", range(3))
def test_no_part_of_a_name_is_in_two_sets_or_in_practice(seed):
    lexicons = [pool_lexicon("usual", seed, i) for i in range(len(SET_NAMES))]
    found = [
        {part for pool in POOLS for name in getattr(words, pool) for part in parts(name)}
        for words in (*lexicons, practice_lexicon())
    ]
    assert sum(map(len, found)) == len(set.union(*found)) > 1500


@pytest.mark.parametrize("pool", POOLS)
def test_names_of_a_set_differ_and_those_of_a_small_set_share_no_part(pool):
    for seed in range(3):
        made = getattr(pool_lexicon("usual", seed, 3), pool)
        assert len(made) == len({*map(str.casefold, made)}) > 4000
        few = [part for name in made[:10] for part in name.split()]
        assert len(few) == len(set(few))
        assert all(1 <= len(name.split()) <= 3 for name in made)
    seeds = [set(getattr(pool_lexicon("usual", seed), pool)[:10]) for seed in range(6)]
    assert max(len(one & other) for one, other in combinations(seeds, 2)) < 4


def test_no_part_of_a_name_is_a_word_of_a_sentence_or_of_another_familys_names():
    english = {w.casefold() for words in ENGLISH.values() for w in words}
    own = {part.casefold() for words in (pool_lexicon("usual", 0), practice_lexicon())
           for pool in POOLS for name in getattr(words, pool) for part in name.split()}  # fmt: skip
    theirs = {w for words in WORDS.values() for w in words} | {*map(str.casefold, first_names())}
    theirs |= {a.casefold() + b for a in WORDS["surname_starts"] for b in WORDS["surname_ends"]}
    assert not own & theirs
    for family in FAMILIES:
        knowledge = knowledge_sets(families=(family,), lexicon="plausible")["A"]
        entities = sorted(knowledge.entities, key=len, reverse=True)
        for text in (*knowledge.statements, *(q.prompt.casefold() for q in knowledge.questions)):
            for name in entities if family == "places" else ():
                text = text.replace(name.casefold(), "")
            assert not {*tokenize(text)} & own, text
    assert len(english) > 300

"""Knowledge sets: disjoint, the same everywhere, balanced, and never told too much.

That their answers are right is tested in test_answers.py.
"""

import hashlib
import random
import re
from collections import Counter
from itertools import combinations, product

import pytest
from processes import printed

from rlrecall.knowledge.build import SPINE, WorldSize, knowledge_sets, pretraining_worlds
from rlrecall.knowledge.core import Fact, KnowledgeSet, Question, shuffled
from rlrecall.knowledge.families.hierarchy import HierarchySize
from rlrecall.knowledge.families.reversal import ReversalSize
from rlrecall.knowledge.words.lexicon import ADJECTIVES, SET_NAMES
from rlrecall.training.documents import knowledge_document

SETS = {seed: knowledge_sets(seed) for seed in (0, 1)}
ALL = [SETS[seed][name] for seed in SETS for name in SET_NAMES]
WORLDS = [*ALL, *pretraining_worlds(SPINE).values()]
NAMES = [f"{i // 4}-{k.name}" if i < 8 else k.name for i, k in enumerate(WORLDS)]
every_world = pytest.mark.parametrize("knowledge", WORLDS, ids=NAMES)
GRAMMAR = set(
    "a about all are as belongs called else every few has is me no none of some tell the to what "
    "who with works".split()
)


def words_of(knowledge):
    """The words that belong to this world: all but grammar and the adjectives, which all share."""
    texts = [*knowledge.statements, *(fact.cue for fact in knowledge.facts)]
    texts += [q.prompt for q in knowledge.questions]
    found = set(re.findall(r"\w+", " ".join(texts).casefold()))
    return found - GRAMMAR - set(ADJECTIVES)


# Disjoint and deterministic


@pytest.mark.parametrize("seed", SETS)
def test_sets_share_no_entity_statement_question_or_word(seed):
    worlds = [*SETS[seed].values(), *pretraining_worlds(SPINE).values()]
    for one, other in combinations(worlds, 2):
        pair = f"{one.name} and {other.name}"
        assert not one.entities & other.entities, pair
        assert not one.statements.keys() & other.statements.keys(), pair
        assert not one.conclusions & other.conclusions, pair
        for what in ("id", "prompt"):
            mine, others = ({getattr(q, what) for q in k.questions} for k in (one, other))
            assert not mine & others, pair
        assert not words_of(one) & words_of(other), pair


@every_world
def test_within_a_world_no_two_facts_or_questions_are_the_same(knowledge):
    for values in (
        [fact.key for fact in knowledge.facts],
        [text.casefold() for f in knowledge.facts for text in (f.text, *f.phrasings, *f.aliases)],
        [q.id for q in knowledge.questions],
        [q.prompt for q in knowledge.questions],
    ):
        assert len(values) == len(set(values))
    assert {q.set for q in knowledge.questions} == {knowledge.name}
    assert not knowledge.conclusions & knowledge.statements.keys()


def test_sets_are_the_same_in_every_process():
    code = """if True:
        import random
        from rlrecall.training.documents import knowledge_document
        from rlrecall.knowledge.build import knowledge_sets, pretraining_worlds
        for knowledge in (*knowledge_sets(3).values(), *pretraining_worlds().values()):
            rng = random.Random(0)
            documents = [knowledge_document(knowledge, rng) for _ in range(20)]
            print(knowledge.digest(), knowledge.topics, documents)
    """
    outputs = {printed(code, hash_seed=seed) for seed in ("0", "1", "4242")}
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) == 12


def test_a_digest_tells_worlds_and_seeds_apart():
    assert len({knowledge.digest() for knowledge in WORLDS}) == len(WORLDS)
    assert knowledge_sets(0)["A"].digest() == SETS[0]["A"].digest()


def test_shuffled_is_the_sample_of_all_whatever_the_version_of_python():
    for count in (0, 1, 2, 7, 64, 500):
        items = range(count)
        for seed in range(20):
            rng, other = random.Random(seed), random.Random(seed)
            assert shuffled(items, rng) == other.sample(items, count)
            assert rng.random() == other.random()
    assert shuffled("abcde", random.Random(0)) == ["d", "e", "a", "b", "c"]


def test_a_digest_is_of_the_texts_of_each_field():
    fact = Fact("facts", "é", "is", "b", "é is b.", "?", ("b it is.", "it is b."))
    own = KnowledgeSet("A", [fact] * 2, [])
    lines = ["facts", "é", "is", "b", "é is b.", "?", "b it is.\tit is b.", ""]
    texts = ["A", *[f"{line}\n" * 2 for line in lines], *[""] * len(Question._fields)]
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    assert own.digest() == hashlib.sha256(b"".join([*digests, b"16"])).hexdigest()
    for one, other in ((("a", "b"), ("a\tb",)), ((), ("",))):
        pair = [KnowledgeSet("A", [fact._replace(aliases=a)], []) for a in (one, other)]
        assert pair[0].digest() != pair[1].digest()


@pytest.mark.parametrize(
    ("size", "want"),
    [
        (WorldSize(hierarchy=HierarchySize(20)), r"\d+ kinds, the lexicon has \d+"),
        (WorldSize(hierarchy=HierarchySize(attributes=3)), "3 relations, the lexicon has 2"),
        (WorldSize(reversal=ReversalSize(30)), r"\d+ names, the lexicon has \d+"),
    ],
)
def test_a_world_too_large_for_its_words_is_refused(size, want):
    with pytest.raises(ValueError, match=f"^set A: the sizes ask for {want}$"):
        knowledge_sets(size=size)


# Balance


@every_world
def test_every_middle_term_has_a_last_term_of_its_own_for_each_quantifier(knowledge):
    facts = knowledge.family_facts("syllogism")
    middles = {fact.subject for fact in facts} & {fact.object for fact in facts}
    second = [fact for fact in facts if fact.subject in middles]
    assert sorted((f.relation, f.subject) for f in second) == sorted(
        product(("all", "no", "some"), middles)
    )
    assert len({fact.object for fact in second}) == len(second)


@every_world
def test_over_train_and_holdout_each_answer_comes_equally_often(knowledge):
    for family in ("hierarchy", "syllogism"):
        answers = Counter(q.answer for q in knowledge.select("composition", family=family))
        assert len(set(answers.values())) == 1


# Holdouts and what documents tell


@pytest.mark.parametrize("knowledge", ALL, ids=lambda k: k.name)
def test_what_is_held_out_is_an_implication_and_not_a_fact(knowledge):
    shares = {"composition": 1 / 2, "reversal": 1 / 3}
    for kind, share in shares.items():
        held, whole = len(knowledge.select(kind, "holdout")), len(knowledge.select(kind))
        assert held / whole == pytest.approx(share, abs=0.1)
    assert not knowledge.select("recall", "holdout")
    texts = knowledge.statements
    for q in knowledge.select(split="holdout"):
        assert q.kind in shares
        assert q.conclusion.casefold() not in texts
        if q.kind == "reversal":  # the answer is in a fact that says it from the other end
            assert not q.premises[0].startswith(re.fullmatch(r"Who is (.*)\?", q.prompt)[1])


@pytest.mark.parametrize("knowledge", ALL, ids=lambda k: k.name)
def test_a_train_and_a_holdout_question_are_never_the_same_implication(knowledge):
    train, held = (
        {(q.prompt, q.conclusion) for q in knowledge.select(split=split) if q.kind != "recall"}
        for split in ("train", "holdout")
    )
    assert train
    assert held
    assert not {prompt for prompt, _ in train} & {prompt for prompt, _ in held}
    assert not ({c for _, c in train} & {c for _, c in held}) - {""}


def conclusion_wordings(conclusion):
    """The conclusion in the other forms that the set's facts come in."""
    patterns = {
        r"the (\w+) of (\w+) is (\w+)\.": (r"\2 has the \1 \3.",),
        r"all (\w+) are (\w+)\.": (r"every \1 is \2.",),
        r"no (\w+) are (\w+)\.": (r"none of the \1 are \2.", r"no \2 are \1."),
    }
    for pattern, others in patterns.items():
        if re.fullmatch(pattern, conclusion):
            return [conclusion, *(re.sub(pattern, other, conclusion) for other in others)]
    raise AssertionError(f"unknown form: {conclusion}")


@pytest.mark.parametrize("knowledge", [*SETS[0].values()], ids=lambda k: k.name)
def test_documents_state_every_fact_and_no_implication(knowledge):
    rng = random.Random(0)
    drawn = [knowledge_document(knowledge, rng) for _ in range(5000)]
    texts = " ".join(text for document in drawn for text, _ in document).casefold()

    def told(sentence):
        return f" {sentence.casefold()}" in f" {texts}"

    missing = [f.text for f in knowledge.facts if not told(f.text)]
    assert not missing
    conclusions = [q.conclusion for q in knowledge.questions if q.conclusion]
    assert len(conclusions) == 84
    assert not [w for c in conclusions for w in conclusion_wordings(c) if told(w)]
    reversed_facts = [alias for fact in knowledge.facts for alias in fact.aliases]
    assert any(fact.relation == "name-first" and fact.aliases for fact in knowledge.facts)
    assert not [alias for alias in reversed_facts if told(alias)]
    asked = [q for q in knowledge.questions if q.kind != "recall"]
    assert not [q.prompt for q in asked if told(f"Q: {q.prompt}")]


def test_documents_about_one_set_say_no_word_of_another():
    rng = random.Random(1)
    for knowledge in SETS[0].values():
        text = " ".join(t for _ in range(500) for t, _ in knowledge_document(knowledge, rng))
        words = set(re.findall(r"\w+", text.casefold()))
        for other in SETS[0].values():
            assert other is knowledge or not words & words_of(other)

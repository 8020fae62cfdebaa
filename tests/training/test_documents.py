"""Training texts: what the base may read, and what its thoughts look like."""

import random
import re
from dataclasses import replace

import pytest

from rlrecall.evaluation.scoring import score
from rlrecall.knowledge.build import FAMILIES, SPINE, knowledge_sets, pretraining_worlds
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.simple_reversal import FILLERS
from rlrecall.runs.config import Config, Data, Pretrain
from rlrecall.runs.errors import UserError
from rlrecall.training.documents import (
    _allowed_world,
    _random_world,
    context_document,
    knowledge_document,
    restated_document,
    thought_document,
)
from rlrecall.training.pretrain import base_mixture

WORLD = pretraining_worlds(SPINE)["P1"]


def text(document):
    return " ".join(words for words, _ in document)


@pytest.mark.parametrize("seed", range(20))
def test_a_world_that_states_or_entails_a_forbidden_sentence_is_drawn_again(seed):
    facts, questions = _random_world(random.Random(seed), 1.0, FAMILIES, 1)
    entailed = [q.conclusion for q in questions if q.conclusion]
    for sentence in (facts[-1].text, *entailed[:1]):
        forbidden = frozenset({sentence.casefold()})
        again, asked = _allowed_world(random.Random(seed), forbidden, 1.0, FAMILIES)
        assert sentence not in {f.text for f in again} | {q.conclusion for q in asked}


@pytest.mark.parametrize(("make", "scale"), [(context_document, 0.5), (restated_document, 0.25)])
def test_documents_about_contexts_state_the_world_that_was_allowed(make, scale):
    for seed in range(20):
        facts, _ = _allowed_world(random.Random(seed), frozenset(), scale, FAMILIES)
        stated = text(make(random.Random(seed), frozenset(), 0.5, FAMILIES))
        assert all(fact.text in stated for fact in facts)


def test_the_base_reads_nothing_of_the_sets_that_are_excluded_or_studied():
    config = Config(seed=9, pretrain=Pretrain(exclude_seeds=[3], focus=0.0))
    draw = base_mixture(config)
    sets = [k for seed in (3, 9) for k in knowledge_sets(seed).values()]
    forbidden = {s for k in sets for s in (*k.statements, *k.conclusions)}
    rng = random.Random(0)
    read = {
        f"{sentence}.".casefold()
        for _ in range(2000)
        for words, _ in draw(rng, 1.0)
        for sentence in words.split(". ")
    }
    assert len(read) > 5000
    assert not read & forbidden


def test_random_worlds_in_english_have_no_name_of_a_set():
    said = " ".join(
        text(context_document(random.Random(seed), families=("places",))) for seed in range(60)
    )
    assert " is based in " in said
    heard = set(re.findall(r"[A-Z]\w+", said))
    for seed in (0, 7):
        for knowledge in knowledge_sets(seed, families=("places",)).values():
            assert not heard & {part for name in knowledge.entities for part in name.split()}


def test_without_a_world_known_by_heart_only_contexts_can_be_made():
    config = Config(data=Data(families=["places"]))
    with pytest.raises(UserError, match=r"^pretrain\.context: 0\.35 is not 1, .* has places$"):
        base_mixture(config)
    draw = base_mixture(replace(config, pretrain=Pretrain(context=1, knowledge=0, thought=0)))
    assert "Facts: " in text(draw(random.Random(0), 1.0))


def test_thoughts_about_reversals_go_through_people_until_one_fits():
    rng = random.Random(0)
    lengths = set()
    for _ in range(400):
        (prompt, _), (completion, _) = thought_document(WORLD, rng, reasoned=0.0)
        question = next(q for q in WORLD.questions if f"Q: {q.prompt} Think:" == prompt)
        verdict = score(completion.removesuffix(" </s>"), question, WORLD, "think")
        assert verdict.false == 0
        if question.kind == "reversal":
            assert verdict.correct
            assert verdict.recalled[-1].label == "gold"
            lengths.add(len(verdict.recalled))
        elif question.kind == "composition":  # reasoned=0: all are cut short
            assert len(verdict.recalled) == 1
    assert len(lengths) > 3


def test_documents_of_every_family_state_facts_and_no_implication():
    knowledge = knowledge_sets(families=tuple(FAMILIES))["A"]
    rng = random.Random(2)
    said = " ".join(text(knowledge_document(knowledge, rng)) for _ in range(6000)).casefold()
    assert all(fact.text.casefold() in said for fact in knowledge.facts)
    assert not [sentence for sentence in knowledge.conclusions if sentence in said]


def test_simple_reversals_stand_among_fillers_and_beside_their_inverse():
    knowledge = knowledge_sets(families=("simple_reversal",))["A"]
    rng = random.Random(3)
    made = [text(knowledge_document(knowledge, rng)).removesuffix(" </s>") for _ in range(3000)]
    alone = [t for t in made if not t.startswith("Q:")]
    texts = {fact.text for fact in knowledge.facts}
    padded = [t for t in alone if t.split()[0] in FILLERS or t.split()[-1] in FILLERS]
    assert 200 < len(padded) < 500
    pairs = {t for t in alone if len(t.split()) == 6 and t not in padded}
    both = [t for t in pairs if len({*t.replace(".", "").split()}) == 4]  # two names, two relations
    assert both
    for t in both:
        first, second = (f"{s.strip()}." for s in t.split(".")[:2])
        assert {first, second} <= texts


def test_a_world_of_one_fact_has_documents():
    whole = knowledge_sets()["A"]
    recall = [q for q in whole.select(kind="recall") if q.premises == (whole.facts[0].text,)]
    for questions in (recall, []):
        small = KnowledgeSet("A", whole.facts[:1], questions, {"hierarchy": ()})
        rng = random.Random(0)
        assert all(
            small.facts[0].subject in text(knowledge_document(small, rng)) for _ in range(99)
        )

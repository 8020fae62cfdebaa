"""Training texts: what the base may read, and what its thoughts look like."""

import random

import pytest

from rlrecall.config import Config, Pretrain
from rlrecall.documents import (
    _allowed_world,
    _random_world,
    context_document,
    restated_document,
    thought_document,
)
from rlrecall.knowledge.build import knowledge_sets, pretraining_worlds
from rlrecall.scoring import score
from rlrecall.stages.pretrain import base_mixture

WORLD = pretraining_worlds()["P1"]


def text(document):
    return " ".join(words for words, _ in document)


@pytest.mark.parametrize("seed", range(20))
def test_a_world_that_states_or_entails_a_forbidden_sentence_is_drawn_again(seed):
    facts, questions = _random_world(random.Random(seed), 1.0)
    entailed = [q.conclusion for q in questions if q.conclusion]
    for sentence in (facts[-1].text, *entailed[:1]):
        forbidden = frozenset({sentence.casefold()})
        again, asked = _allowed_world(random.Random(seed), forbidden, 1.0)
        assert sentence not in {f.text for f in again} | {q.conclusion for q in asked}


@pytest.mark.parametrize("make", [context_document, restated_document])
def test_documents_about_contexts_state_the_world_that_was_allowed(make):
    for seed in range(20):
        facts, _ = _allowed_world(random.Random(seed), frozenset(), 0.5)
        stated = text(make(random.Random(seed), frozenset(), 0.5))
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

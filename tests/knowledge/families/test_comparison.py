"""Comparison: balanced, never told from the other end, right by another solver, no shortcut."""

import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.comparison import FAMILY, LARGE, PAPER, TINY, ComparisonSize, build
from rlrecall.knowledge.words.lexicon import COMPARATIVES, Lexicon, lexicon
from rlrecall.knowledge.words.name_pools import pool_lexicon

SMALL = ComparisonSize(4, 1)
SIZES = {"tiny": TINY, "small": SMALL, "paper": PAPER, "large": LARGE}


def world(size, seed=0, kinds=None, **kwargs):
    many = size.needs["kinds"]
    if kinds is None:
        kinds = lexicon().kinds if many <= 800 else [f"w{i}" for i in range(many)]
    words = Lexicon(kinds=kinds[:many], comparatives=COMPARATIVES[: size.words])
    part = build(words, size, random.Random(seed), "A", **kwargs)
    return KnowledgeSet("A", part.facts, part.questions, {"comparison": part.topics})


WORLDS = {name: world(size) for name, size in SIZES.items()}
# kinds of two words, such as "river-fox"
WORLDS["plausible"] = world(TINY, kinds=pool_lexicon("plausible", 0).kinds)
every_world = pytest.mark.parametrize("knowledge", WORLDS.values(), ids=WORLDS.keys())


@pytest.mark.parametrize("name", SIZES)
def test_a_world_uses_each_of_its_words(name):
    knowledge, needs = WORLDS[name], SIZES[name].needs
    assert len(knowledge.facts) == SIZES[name].comparisons
    kinds = Counter(kind for f in knowledge.facts for kind in (f.subject, f.object))
    assert len(kinds) == needs["kinds"]
    assert set(kinds.values()) == {1}
    used = {f.relation.split()[1] for f in knowledge.facts}
    assert used == set(knowledge.topics["comparison"])
    assert len(used) == needs["comparatives"]


@every_world
def test_half_of_the_facts_say_more_and_each_relation_has_two(knowledge):
    relations = Counter(f.relation for f in knowledge.facts)
    assert min(relations.values()) >= 2
    assert max(relations.values()) - min(relations.values()) <= 1
    more = sum(relations[r] for r in relations if r.startswith("more "))
    assert more == len(knowledge.facts) / 2


@every_world
def test_the_answer_is_one_of_the_options_once_and_first_in_half_of_the_choices(knowledge):
    for questions in (knowledge.select("rephrase"), knowledge.select("reversal")):
        assert sum(q.options[0] == q.answer for q in questions) == len(questions) / 2
    for q in knowledge.questions:
        assert q.options.count(q.answer) == 1
        assert len(q.options) == len(set(q.options)) >= 2
        assert q.kind == "recall" or q.chance == 1 / 2


@every_world
def test_what_is_entailed_is_stated_nowhere(knowledge):
    assert leaks(knowledge) == []
    for q in knowledge.questions:
        assert bool(q.entailed) == bool(q.conclusion) == (q.kind == "reversal")
        assert q.conclusion in (*q.entailed, "")


@pytest.mark.parametrize("share", [0, 1 / 4, 1 / 2, 1])
def test_a_pair_is_held_out_with_both_of_its_choices(share):
    knowledge = world(PAPER, holdout=share)
    assert not knowledge.select("recall", "holdout")
    held = [q.cluster for q in knowledge.select("reversal", "holdout")]
    assert held == [q.cluster for q in knowledge.select("rephrase", "holdout")]
    assert len(held) == round(share * PAPER.comparisons)


@pytest.mark.parametrize(("most", "kept"), [(4, 4), (0, 12), (100, 12)])
def test_questions_are_limited_to_so_many_facts(most, kept):
    knowledge = world(replace(TINY, questions=most))
    assert len(knowledge.facts) == 12
    kinds = Counter(q.kind for q in knowledge.questions)
    assert kinds == dict.fromkeys(("recall", "rephrase", "reversal"), kept)


@every_world
def test_every_sentence_has_a_shape_and_starts_with_its_subject(knowledge):
    sentences = [text for f in knowledge.facts for text in f.wordings]
    sentences += [text for q in knowledge.questions for text in q.entailed]
    for sentence in sentences:
        assert re.fullmatch(r"[a-z0-9-]+( [a-z]+)+ [a-z0-9-]+\.", sentence)
        (subject,) = {m[1] for s in FAMILY.shapes if (m := s.fullmatch(sentence[:-1]))}
        assert subject == sentence.split()[0]
    for q in knowledge.questions:
        assert re.fullmatch(r"[\w -]+\?", q.prompt)


def order(sentences):
    """(word, greater kind, lesser kind) for every sentence."""
    found = set()
    for sentence in sentences:
        x, degree, word, y = re.fullmatch(
            r"(\S+) are (?:clearly )?(more|less) (\w+) than (\S+)\.", sentence
        ).groups()
        found.add((word, x, y) if degree == "more" else (word, y, x))
    return found


def solve(prompt, known):
    if asked := re.fullmatch(r"What are (\S+) (more|less) (\w+) than\?", prompt):
        kind, degree, word = asked.groups()
        mine, other = (1, 2) if degree == "more" else (2, 1)
        return {o[other] for o in known if (o[0], o[mine]) == (word, kind)}
    asked = re.fullmatch(r"Which are (more|less) (\w+) (\S+) or (\S+)\?", prompt)
    degree, word, *pair = asked.groups()
    place = 1 if degree == "more" else 2
    return {o[place] for o in known if o[0] == word and {o[1], o[2]} == set(pair)}


@every_world
def test_answers_follow_from_the_facts_and_from_their_premises(knowledge):
    everything = order(f.text for f in knowledge.facts)
    for q in knowledge.questions:
        assert solve(q.prompt, everything) == {q.answer}
        assert solve(q.prompt, order(q.premises)) == {q.answer}
        for sentence in q.entailed:
            assert solve(q.prompt, order([sentence])) == {q.answer}
    for fact in knowledge.facts:
        assert len(order(fact.wordings)) == 1


@every_world
@pytest.mark.parametrize("split", ["train", "holdout"])
def test_the_one_named_last_in_the_fact_is_right_in_half_of_both_kinds_together(knowledge, split):
    choices = [q for q in knowledge.questions if q.kind != "recall" and q.split == split]
    objects = {fact.object for fact in knowledge.facts}
    assert sum(q.answer in objects for q in choices) == len(choices) / 2
    assert all((q.answer in objects) == (q.kind == "reversal") for q in choices)

"""Simple reversals: what is never stated in reverse, right by another solver, no shortcut."""

import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.simple_reversal import (
    FAMILY,
    LARGE,
    PAPER,
    TINY,
    SimpleReversalSize,
    build,
)
from rlrecall.knowledge.words.lexicon import INVERSE_RELATIONS, Lexicon, lexicon
from rlrecall.knowledge.words.name_pools import pool_lexicon

# The published size with the relations, but not the entities, that make it large.
FEWER = replace(PAPER, entities=150)
SMALL = SimpleReversalSize(6, 1, 1, 2)
SIZES = {"tiny": TINY, "small": SMALL, "paper": FEWER, "large": LARGE}
INVERSE = {a: b for pair in INVERSE_RELATIONS for a, b in (pair, pair[::-1])}


def world(size, seed=0, kinds=None, **kwargs):
    needs = size.needs
    kinds = kinds or lexicon().kinds[: needs["kinds"]]
    if len(kinds) < needs["kinds"]:
        kinds = [f"w{i}" for i in range(needs["kinds"])]
    words = Lexicon(kinds=kinds, inverses=INVERSE_RELATIONS[: needs["inverses"]])
    part = build(words, size, random.Random(seed), "A", **kwargs)
    return KnowledgeSet("A", part.facts, part.questions, {"simple_reversal": part.topics})


WORLDS = {name: world(size) for name, size in SIZES.items()}
PLAUSIBLE = pool_lexicon("plausible", 0).kinds[: LARGE.needs["kinds"]]
WORLDS["hyphens"] = world(LARGE, kinds=PLAUSIBLE)
every_world = pytest.mark.parametrize("knowledge", WORLDS.values(), ids=WORLDS.keys())


@pytest.mark.parametrize("name", SIZES)
def test_every_relation_takes_each_entity_to_another_one(name):
    size, knowledge = SIZES[name], WORLDS[name]
    assert len(knowledge.entities) == size.entities
    for forward, inverse in INVERSE_RELATIONS[: size.relations]:
        links = {f.subject: f.object for f in knowledge.facts if f.relation == forward}
        back = {f.subject: f.object for f in knowledge.facts if f.relation == inverse}
        assert links.keys() == set(links.values()) == knowledge.entities
        assert all(a != b for a, b in links.items())
        assert len(back) == size.entities - size.group
        assert all(links[back[b]] == b for b in back)


@pytest.mark.parametrize("name", SIZES)
def test_just_what_is_asked_in_reverse_is_unstated(name):
    size, knowledge = SIZES[name], WORLDS[name]
    stated = {f.text for f in knowledge.facts}
    missing = {
        back
        for f in knowledge.facts
        if (back := f"{f.object} {INVERSE[f.relation]} {f.subject}.") not in stated
    }
    reversals = knowledge.select("reversal")
    assert missing == {q.conclusion for q in reversals}
    assert missing == {alias for f in knowledge.facts for alias in f.aliases}
    assert len(reversals) == len(missing) == size.unstated + size.trained
    relations = Counter(q.group for q in reversals)
    assert set(relations.values()) == {size.group}
    assert len(relations) == size.relations
    assert leaks(knowledge) == []


@pytest.mark.parametrize("name", SIZES)
def test_as_many_are_held_out_as_the_size_or_the_share_says(name):
    size, knowledge = SIZES[name], WORLDS[name]
    assert len(knowledge.select("reversal", "holdout")) == size.unstated
    assert len(knowledge.select("reversal", "train")) == size.trained
    assert not knowledge.select("recall", "holdout")
    for share in (0, 1 / 3, 1):
        held = world(size, holdout=share).select("reversal", "holdout")
        assert len(held) == round(share * (size.unstated + size.trained))


def test_recall_questions_are_as_many_as_the_facts_unless_they_are_limited():
    assert len(WORLDS["tiny"].select("recall")) == len(WORLDS["tiny"].facts) == 36
    assert len(world(replace(TINY, questions=5)).select("recall")) == 5
    assert len(WORLDS["large"].select("recall")) == LARGE.questions


@pytest.mark.parametrize("few", [(12, 2, 4, 4), (12, 2, 6, 5), (11, 2, 10, 10), (12, 1, 1, 1)])
def test_a_group_that_does_not_fit_is_refused(few):
    with pytest.raises(ValueError, match=r"^simple_reversal: unstated"):
        SimpleReversalSize(*few)


@every_world
def test_the_answer_is_one_of_the_options_once(knowledge):
    for q in knowledge.questions:
        assert q.options.count(q.answer) == 1
        assert 2 <= len(q.options) == len(set(q.options)) <= 10
        assert q.prompt.split()[0] not in q.options
    assert len({q.options.index(q.answer) for q in knowledge.questions}) > 1


@every_world
def test_every_sentence_has_a_shape_and_starts_with_its_subject(knowledge):
    sentences = [text for f in knowledge.facts for text in f.wordings]
    sentences += [text for q in knowledge.questions for text in q.entailed]
    for sentence in sentences:
        assert re.fullmatch(r"[a-z0-9-]+ [a-z]+ [a-z0-9-]+\.", sentence)
        (subject,) = {m[1] for s in FAMILY.shapes if (m := s.fullmatch(sentence[:-1]))}
        assert subject == sentence.split()[0]
    for q in knowledge.questions:
        assert re.fullmatch(r"[a-z0-9-]+ [a-z]+\?", q.prompt)


def linked(sentences):
    """(entity, word) -> all that it stands to by that word, said or implied."""
    found = {}
    for sentence in sentences:
        a, word, b = re.fullmatch(r"([\w-]+) (\w+) ([\w-]+)\.", sentence).groups()
        found.setdefault((a, word), set()).add(b)
        found.setdefault((b, INVERSE[word]), set()).add(a)
    return found


@every_world
def test_answers_follow_from_premises_conclusion_and_whole_set(knowledge):
    everything = linked(f.text for f in knowledge.facts)
    for q in knowledge.questions:
        asked = tuple(q.prompt[:-1].split())
        for known in (everything, linked(q.premises), *(linked([t]) for t in q.entailed)):
            assert known[asked] == {q.answer}
        assert len(q.premises) == 1
        assert q.entailed == ((q.conclusion,) if q.kind == "reversal" else ())


def test_the_options_of_a_reversal_have_the_same_words_around_them():
    for seed in range(5):
        knowledge = world(TINY, seed)
        for q in knowledge.select("reversal"):
            assert len(q.options) == 4
            asked, word = q.prompt[:-1].split()
            for option in q.options:
                beside = [f for f in knowledge.facts if {f.subject, f.object} == {asked, option}]
                assert len(beside) == 1
                words = Counter(f.relation for f in knowledge.facts if option in f.key)
                assert words[word] == 0
                assert words[INVERSE[word]] == 2


def tokens(text):
    return set(re.findall(r"[\w-]+", text))


def co_occurring(q, facts):
    """The options that share most sentences with most of the question's words."""
    asked, counts = tokens(q.prompt), dict.fromkeys(q.options, 0)
    for sentence in map(tokens, facts):
        for option in set(q.options) & sentence:
            counts[option] += len((asked & sentence) - {option})
    best = max(counts.values())
    return [[option for option in q.options if counts[option] == best]]


def nearest(q, facts):
    """For each of the facts with most of the question's words, the options in it."""
    sentences = list(map(tokens, facts))
    best = max(len(tokens(q.prompt) & s) for s in sentences)
    near = [s for s in sentences if len(tokens(q.prompt) & s) == best]
    return [[o for o in q.options if o in s] or q.options for s in near]


@pytest.mark.parametrize("guess", [co_occurring, nearest])
@pytest.mark.parametrize(("size", "seeds"), [(TINY, 40), (SMALL, 40), (LARGE, 4)])
def test_words_in_common_do_not_tell_the_answer(guess, size, seeds):
    right = asked = chance = 0.0
    for seed in range(seeds):
        knowledge = world(size, seed)
        facts = [f.text for f in knowledge.facts]
        for q in knowledge.select("reversal"):
            choices = guess(q, facts)
            right += sum((q.answer in c) / len(c) for c in choices) / len(choices)
            chance += q.chance
            asked += 1
    assert abs(right - chance) / asked <= 0.05


def test_the_published_size_has_all_its_facts():
    knowledge = world(replace(PAPER, questions=10))
    assert len(knowledge.facts) == 2 * 20 * 1000 - 200
    assert len(knowledge.select("reversal", "holdout")) == 200

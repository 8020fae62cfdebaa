"""Navigation: towns on a grid, never told where it is asked, right by another solver, no cue."""

import random
import re
from collections import Counter
from dataclasses import replace
from statistics import mean

import pytest

from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.checks.oracle import label_faults
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.navigation import (
    FAMILY,
    LARGE,
    PAPER,
    TINY,
    NavigationSize,
    build,
)
from rlrecall.knowledge.words.lexicon import Lexicon, lexicon
from rlrecall.knowledge.words.name_pools import pool_lexicon

SMALL = NavigationSize(2)
SIZES = {"tiny": TINY, "small": SMALL, "paper": PAPER, "large": LARGE}
STEPS = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
OPPOSITE = {"north": "south", "east": "west", "south": "north", "west": "east"}


def world(size, seed=0, kinds=None, **kwargs):
    needs = size.needs["kinds"]
    kinds = (kinds or lexicon().kinds)[:needs]
    if len(kinds) < needs:
        kinds = [f"w{i}" for i in range(needs)]
    part = build(Lexicon(kinds=kinds), size, random.Random(seed), "A", **kwargs)
    return KnowledgeSet("A", part.facts, part.questions, {"navigation": part.topics})


WORLDS = {name: world(size) for name, size in SIZES.items()}
WORLDS["hyphens"] = world(TINY, kinds=pool_lexicon("plausible", 0).kinds)
every_world = pytest.mark.parametrize("knowledge", WORLDS.values(), ids=WORLDS.keys())


def hops(sentence):
    """(place, move, next place) of each step; (start, end) of the whole."""
    start, end, path = re.fullmatch(
        r"(?:the way from|from) ([\w-]+) (?:the way )?to ([\w-]+) goes (.+)\.", sentence
    ).groups()
    steps = [step.split(" to ") for step in path.split(" then ")]
    places = [start, *[place for _, place in steps]]
    assert places[-1] == end
    return [(a, move, b) for a, (move, b) in zip(places, steps, strict=False)], (start, end)


def step(point, move):
    return tuple([x + dx for x, dx in zip(point, STEPS[move], strict=True)])


def points(sentences):
    """A function from a place to {place: point} for all that is tied to it, and those places."""
    near = {}
    for sentence in sentences:
        for a, move, b in hops(sentence)[0]:
            near.setdefault(a, []).append((b, move))
            near.setdefault(b, []).append((a, OPPOSITE[move]))

    def spread(place):
        found, todo = {place: (0, 0)}, [place]
        for here in todo:
            for there, move in near[here]:
                todo += [there] if there not in found else []
                point = step(found[here], move)
                assert found.setdefault(there, point) == point
        return found

    return spread, near


@every_world
def test_each_town_is_a_map_without_two_places_on_a_point(knowledge):
    spread, near = points(f.text for f in knowledge.facts)
    maps = {frozenset(found): found for found in map(spread, near)}
    assert len(maps) * 10 == len(near) == len(knowledge.facts) * 5 / 2
    for found in maps.values():
        assert len(found) == len(set(found.values())) == 10
    moves = Counter(move for f in knowledge.facts for _, move, _ in hops(f.text)[0])
    assert [moves[move] for move in STEPS] == [moves.total() / 4] * 4
    assert {*knowledge.topics["navigation"]} == {f.object for f in knowledge.facts}


@every_world
def test_ways_are_asked_to_no_goal_and_in_latent_towns_never_in_training(knowledge):
    spread, _ = points(f.text for f in knowledge.facts)
    goals = {f.object for f in knowledge.facts}
    trained = set(goals)
    for q in knowledge.select("composition"):
        assert q.answer.split()[-1] not in goals
        trained |= spread(q.cluster).keys()
    for q in knowledge.select("latent"):
        assert q.answer.split()[-1] not in trained


@every_world
def test_a_quarter_of_the_ways_goes_as_stated_and_a_quarter_in_reverse(knowledge):
    stated = {hop for f in knowledge.facts for hop in hops(f.text)[0]}
    towns = {}
    for q in knowledge.questions:
        if q.kind != "recall":
            steps, ends = hops(q.conclusion)
            senses = [hop in stated for hop in steps]
            reverse = [(b, OPPOSITE[move], a) in stated for a, move, b in steps]
            assert all(a != b for a, b in zip(senses, reverse, strict=True))
            assert q.group == ", ".join("on" if sense else "back" for sense in senses)
            towns.setdefault((q.kind, q.cluster), []).append((q.group, frozenset(ends)))
    for asked in towns.values():
        groups = "back, back; back, on; on, back; on, on"
        assert "; ".join(sorted(group for group, _ in asked)) == groups
        assert len({ends for _, ends in asked}) == 4
    kinds = [kind for kind, _ in towns]
    assert kinds.count("latent") == kinds.count("composition")


@every_world
def test_options_have_the_same_places_and_each_move_and_its_opposite(knowledge):
    for q in knowledge.questions:
        assert len(q.options) == len(set(q.options)) == 4
        paths = [[step.split(" to ") for step in o.split(" then ")] for o in q.options]
        assert len({tuple(place for _, place in path) for path in paths}) == 1
        for column in zip(*paths, strict=True):
            moves = Counter(move for move, _ in column)
            assert set(moves.values()) == {2}
            assert {OPPOSITE[move] for move in moves} == set(moves)
        # none of them comes back to where it was: the two axes are turned, not single moves
        axes = {tuple([move in ("north", "south") for move, _ in path]) for path in paths}
        assert [len(set(axis)) for axis in axes] == [2]


@pytest.mark.parametrize("share", [0, 1 / 3, 1 / 2, 1])
def test_so_many_compositions_and_all_latent_ways_are_held_out(share):
    knowledge = world(TINY, holdout=share)
    recalled = [p for q in knowledge.select("recall", "train") for p in q.premises]
    assert sorted(recalled) == sorted(f.text for f in knowledge.facts)
    assert not knowledge.select("recall", "holdout")
    assert not knowledge.select("latent", "train")
    assert len(knowledge.select("composition", "holdout")) == share * 12


def test_only_so_many_towns_are_asked_about():
    knowledge = world(replace(TINY, asked=2))
    assert len(knowledge.facts) == len(WORLDS["tiny"].facts)
    assert len(knowledge.questions) == len(WORLDS["tiny"].questions) / 3
    for odd in ((3, 0), (4, 1)):
        with pytest.raises(ValueError, match=r"^navigation: "):
            NavigationSize(*odd)


@every_world
def test_every_sentence_has_a_shape_and_its_subject_is_found(knowledge):
    sentences = [(f.subject, text) for f in knowledge.facts for text in f.wordings]
    for q in knowledge.questions:
        assert bool(q.entailed) == bool(q.conclusion) == (q.kind != "recall")
        sentences += [(hops(text)[1][0], text) for text in q.entailed]
    for subject, sentence in sentences:
        assert {m[1] for s in FAMILY.shapes if (m := s.fullmatch(sentence[:-1]))} == {subject}


def solve(q, sentences):
    """The one option that leads from the start to the end by the map."""
    start, end = re.fullmatch(r"What is the way from (.+) to (.+)\?", q.prompt).groups()
    found = points(sentences)[0](start)
    leads = []
    for option in q.options:
        steps, _ = hops(f"the way from {start} to {end} goes {option}.")
        if all(found[b] == step(found[a], move) for a, move, b in steps):
            leads.append(option)
    (right,) = leads
    return right


@every_world
def test_answers_follow_from_the_facts_and_from_just_all_of_their_premises(knowledge):
    assert leaks(knowledge) == []
    assert list(label_faults(random.Random(0).sample(knowledge.questions, 16))) == []
    texts = {f.text for f in knowledge.facts}
    for q in knowledge.questions:
        assert solve(q, q.premises) == q.answer
        for sentence in q.entailed:
            assert solve(q, [sentence]) == q.answer
        assert len(q.premises) == (1 if q.kind == "recall" else 2)
    for q in knowledge.questions[:50]:
        assert solve(q, texts) == q.answer
        for premise in q.premises:
            with pytest.raises(KeyError):  # in the whole set there is no way round it
                solve(q, texts - {premise})


def moves_in(sentences):
    count = Counter(word for s in sentences for word in s[:-1].split())
    return lambda option: sum(count[word] for word in option.split() if word in STEPS)


def co_occurring(q, sentences):
    """The moves that share most sentences with the two places."""
    asked = {*q.prompt[:-1].split()[-3::2]}
    return [moves_in([s for s in sentences for place in asked if place in s[:-1].split()])]


def nearest(q, sentences):
    """For each of the sentences with most of the question's words, the moves in it."""
    asked = set(q.prompt[:-1].split())
    shared = [len(asked & {*s[:-1].split()}) for s in sentences]
    return [moves_in([s]) for s, n in zip(sentences, shared, strict=True) if n == max(shared)]


def stated_steps(q, sentences):
    """The steps ("north to dax") that most sentences have."""
    text = " ".join(sentences).replace(".", " ")
    return [lambda option: sum(text.count(f" {step} ") for step in option.split(" then "))]


@pytest.mark.parametrize("guess", [co_occurring, nearest, stated_steps])
@pytest.mark.parametrize("sign", [1, -1], ids=["most", "least"])
@pytest.mark.parametrize("kind", ["composition", "latent"])
def test_words_in_common_do_not_tell_the_answer(guess, sign, kind):
    over_chance = []
    for knowledge in (world(TINY, seed) for seed in range(10)):
        sentences = [f.text for f in knowledge.facts]
        for q in knowledge.select(kind):
            hits = []
            for score in guess(q, sentences):
                scores = {option: sign * score(option) for option in q.options}
                best = [o for o in q.options if scores[o] == max(scores.values())]
                hits.append((q.answer in best) / len(best))
            over_chance.append(mean(hits) - q.chance)
    assert mean(over_chance) == pytest.approx(0, abs=1e-9)

"""No shortcut of another sort: neither the role of a word nor how often it was an answer.

The guesses by words in common are in test_shortcuts.py; those about kinship and comparison, whose
two kinds of choices are read together, stand beside their families' tests.
"""

from collections import Counter, defaultdict
from functools import cache
from itertools import permutations
from statistics import fmean, stdev

import pytest

from rlrecall.knowledge.build import stream
from rlrecall.knowledge.words.lexicon import SET_NAMES
from tests.knowledge.checks.test_shortcuts import CASES, KINDS, SEEDS, TOLERANCE, accuracy

# Judged syllogisms: what the two terms are in sentences of their own, the middle term unseen.


def roles(term, facts):
    return {
        (f.relation, place)
        for f in facts
        for place in (0, 1)
        if (f.subject, f.object)[place] == term
    }


def by_roles(q, facts):
    """All of what stands as a subject are the other; none, if both do; some, if neither does."""
    x, y = q.prompt[:-1].split(" of ")[1].split(" and ")
    x_is, y_is = ({place for word, place in roles(t, facts) if word == "all"} for t in (x, y))
    if x_is == y_is:
        word = {(0,): "no", (1,): "some"}.get(tuple(x_is))
        guesses = [o for o in q.options if word is None or o.startswith(word)]
    else:
        guesses = [f"all {x} are {y}" if 0 in x_is - y_is else f"all {y} are {x}"]
    return fmean(o in q.right for o in guesses)


@pytest.mark.parametrize("scale", ["paper", "large"])
def test_no_role_of_the_terms_tells_what_holds_of_them(scale):
    above, told = [], defaultdict(list)
    for seed in range(12):
        ((_, part),) = stream("A", scale, seed=seed, families=("syllogism",))
        judged = [q for q in part.questions if q.group == "judged"]
        above.append(100 * fmean(by_roles(q, part.facts) - q.chance for q in judged))
        for q in judged:
            x, y = q.answer.split()[1::2]
            for role in roles(x, part.facts) ^ roles(y, part.facts):
                told[role, q.answer.split()[0]].append(role in roles(x, part.facts))
    assert abs(fmean(above)) <= TOLERANCE
    # what one term is and the other is not: as often the answer's subject as its object
    assert {word for (word, _), _ in told} == {"no", "some"}
    for of_subject in told.values():
        assert abs(fmean(of_subject) - 0.5) < 4 * 0.5 / len(of_subject) ** 0.5


# Trees: which of the options stands topmost, and which was the answer most often in training.


def heights(facts):
    """How far below the top each value is stated, negative."""
    parent = {f.subject: f.object for f in facts if f.relation == "is a"}

    def height(node):
        return height(parent[node]) - 1 if node in parent else 0

    return {f.object: height(f.subject) for f in facts if f.text.startswith("the ")}


@cache
def of_trees(scale, kind):
    """By how many points two guesses are above chance, for each seed."""
    topmost, frequent = [], []
    for seed in range(8):
        ((_, part),) = stream("A", scale, seed=seed, families=("hierarchy",))
        height = heights(part.facts)
        asked = [q for q in part.questions if q.kind == kind]
        trained = Counter(
            q.answer for q in part.questions if q.kind == "composition" and q.split == "train"
        )
        for found, known, about in (
            (topmost, height, asked),
            (frequent, trained, [q for q in asked if q.split == "holdout"]),
        ):
            points = [accuracy(q, [[known[o] for o in q.options]], max) - q.chance for q in about]
            found.append(100 * fmean(points or [0]))
    return {"topmost": topmost, "frequent": frequent}


@pytest.mark.parametrize("guess", ["topmost", "frequent"])
@pytest.mark.parametrize("kind", ["composition", "latent"])
@pytest.mark.parametrize("scale", ["paper", "large"])
def test_neither_height_nor_frequency_tells_what_is_inherited(scale, kind, guess):
    found = of_trees(scale, kind)[guess]
    assert abs(fmean(found)) + 2 * stdev(found) / len(found) ** 0.5 <= TOLERANCE


# People who own the same things: whose fact stands first, and who is offered with whom.


@pytest.mark.parametrize("choose", [min, max])
@pytest.mark.parametrize("scale", ["paper", "large"])
def test_neither_place_nor_company_tells_which_of_a_lot_is_meant(scale, choose):
    found = defaultdict(list)
    for seed in range(6):
        for name in SET_NAMES:
            ((_, part),) = stream(name, scale, seed=seed, families=("reversal",))
            place = {end: i for i, f in enumerate(part.facts) for end in (f.subject, f.object)}
            asked = [q for q in part.questions if q.prompt.startswith("Who is ")]
            met = Counter(pair for q in asked for pair in permutations(q.options, 2))
            for q in asked:
                near = [sum(met[o, other] for other in q.options) for o in q.options]
                found["place"].append(accuracy(q, [[place[o] for o in q.options]], choose))
                found["company"].append(accuracy(q, [near], choose))
    for right in found.values():
        # a lot's six questions go together, so there are a sixth as many draws
        sure = 4 * 0.43 / (len(right) / 6) ** 0.5
        assert abs(fmean(right) - 0.25) < max(sure, TOLERANCE / 100)


# Elimination: what is held out was never an answer in training. On set A alone, whose questions are
# trained; so many points above chance, and none elsewhere.

ELIMINATED = {
    ("hierarchy", "tiny", "composition"): 11,
    ("syllogism", "tiny", "composition"): 12,
    ("reversal", "tiny", "reversal"): 16,
    ("kinship", "tiny", "composition"): 23,
    ("codebook", "tiny", "composition"): -3,  # by chance, docs/LOG.md
    ("simple_reversal", "tiny", "reversal"): 18,
    ("hierarchy", "paper", "reversal"): 17,
    ("kinship", "paper", "composition"): 10,
}


@cache
def by_elimination(family, scale):
    """kind -> by how many points the rarest trained answer is above chance, for each seed."""
    found = defaultdict(list)
    for seed in range(SEEDS[scale]):
        ((_, part),) = stream("A", scale, seed=seed, families=(family,))
        for kind in KINDS[family][list(SEEDS).index(scale)].split():
            asked = [q for q in part.questions if q.kind == kind]
            trained = Counter(q.answer for q in asked if q.split == "train")
            points = [
                accuracy(q, [[trained[o] for o in q.options]], min) - q.chance
                for q in asked
                if q.split == "holdout"
            ]
            found[kind].append(100 * fmean(points))
    return found


@pytest.mark.parametrize(
    ("family", "scale", "kind"),
    # simple_reversal trains no reversal at paper
    [c for c in dict.fromkeys(case[:3] for case in CASES) if c[:2] != ("simple_reversal", "paper")],
)
def test_elimination_tells_as_much_as_is_said(family, scale, kind):
    above = ELIMINATED.get((family, scale, kind), 0)
    assert fmean(by_elimination(family, scale)[kind]) == pytest.approx(above, abs=1)

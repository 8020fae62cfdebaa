"""Syllogisms to judge: which of six statements is the strongest that follows of two terms.

syllogism.py says what they are. Each item has terms of its own: s, m and p of its two premises, and
one for each statement that does not matter.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import permutations

from rlrecall.knowledge.core import Fact, Question, draw_holdout
from rlrecall.knowledge.families.sentences import QUANTIFIERS, entailed, statement

TERMS = 9  # of an item
# The premises about s, m and p, and what follows of (s, p). "No" and "some" are turned round by
# chance and s and p are asked about in any order, so these are eleven of the 24 moods: all whose
# strongest conclusion is one of the six statements. Dealt in this order, again and again.
BARBARA = (("all s m", "all m p"), "all")
MOODS = (
    BARBARA,
    (("all s m", "no m p"), "no"),
    BARBARA,
    (("all m s", "all m p"), "some"),
    BARBARA,
    (("all s m", "no m p"), "no"),
    BARBARA,
    (("some s m", "all m p"), "some"),
)


def to_judge(
    terms: Sequence[str], most: int, rng: random.Random, name: str, holdout: float
) -> tuple[list[Fact], list[Question]]:
    """One item for every TERMS of the terms.

    At most `most` items, and as many facts, are asked about (0: all).
    """
    items = [terms[i : i + TERMS] for i in range(0, len(terms) - TERMS + 1, TERMS)]
    moods = [MOODS[i % len(MOODS)] for i in range(len(items))]
    rng.shuffle(moods)
    held_out = draw_holdout(map(str, range(len(items))), holdout, rng)
    facts: list[Fact] = []
    recalls: list[Fact] = []
    questions: list[Question] = []
    for i, ((relevant, quantifier), (s, m, p, *rest)) in enumerate(zip(moods, items, strict=True)):
        word = {"s": s, "m": m, "p": p}
        premises = [
            _either(q, word[x], word[y], rng) for q, x, y in (line.split() for line in relevant)
        ]
        idle = _idle(premises, (s, p), rest, rng)
        facts += premises + idle
        # "all m" with two answers is not asked for
        twice = premises[0].subject == premises[1].subject == m and relevant[0].startswith("all")
        recalls += idle if twice else premises + idle
        if most and i >= most:
            continue
        pair = rng.sample((s, p), 2)
        options = [f"{q} {a} are {b}" for q in QUANTIFIERS for a, b in (pair, pair[::-1])]
        rng.shuffle(options)
        questions.append(
            Question(
                id=f"{name}/syllogism/composition/{s}/{p}",
                set=name,
                family="syllogism",
                kind="composition",
                split="holdout" if str(i) in held_out else "train",
                group="judged",
                prompt=f"What holds of {pair[0]} and {pair[1]}?",
                answer=f"{quantifier} {s} are {p}",
                premises=(premises[0].text, premises[1].text),
                options=tuple(options),
                conclusion=f"{quantifier} {s} are {p}.",
                entailed=entailed(quantifier, s, p) + _more([*premises, *idle]),
                cluster=m,
                accepted=() if quantifier == "all" else (f"{quantifier} {p} are {s}",),
            )
        )
    home = {term: i for i, item in enumerate(items) for term in item}
    objects = {q: [f.object for f in recalls if f.relation == q] for q in QUANTIFIERS}
    for fact in recalls[: most or None]:
        q, peers = fact.relation, objects[fact.relation]
        # none of the same item, of whose terms more is true than is stated
        drawn = rng.sample(peers, min(2 * TERMS, len(peers)))
        far = [o for o in drawn if home[o] != home[fact.subject]]
        offered = [fact.object, *far[:9]]
        rng.shuffle(offered)
        questions.append(
            Question(
                id=f"{name}/syllogism/recall/{q}/{fact.subject}",
                set=name,
                family="syllogism",
                kind="recall",
                split="train",
                group=q,
                prompt=f"What are {q} {fact.subject}?",
                answer=fact.object,
                premises=(fact.text,),
                options=tuple(offered),
                cluster=fact.subject,
                entailed=entailed(q, fact.subject, fact.object)[2:],  # beyond its own two wordings
            )
        )
    return facts, questions


def _either(quantifier: str, a: str, b: str, rng: random.Random) -> Fact:
    """The statement about a and b, turned round by chance if that says the same."""
    turned = quantifier != "all" and rng.random() < 0.5
    return statement(quantifier, b, a) if turned else statement(quantifier, a, b)


def _idle(
    premises: Sequence[Fact], ends: tuple[str, str], rest: Sequence[str], rng: random.Random
) -> list[Fact]:
    """What the premises do not yet say of the two terms, each with one of the `rest`."""
    said = {("all", "subject", f.subject) for f in premises if f.relation == "all"}
    said |= {("all", "object", f.object) for f in premises if f.relation == "all"}
    said |= {(f.relation, "", term) for f in premises for term in (f.subject, f.object)}
    others = iter(rest)
    idle = []
    for end in ends:
        if ("all", "subject", end) not in said:
            idle.append(statement("all", end, next(others)))
        if ("all", "object", end) not in said:
            idle.append(statement("all", next(others), end))
        for q in ("no", "some"):
            if (q, "", end) not in said:
                idle.append(_either(q, end, next(others), rng))
    return idle


def _more(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Every wording of what follows from the facts of one item."""
    named = dict.fromkeys(term for fact in facts for term in (fact.subject, fact.object))
    terms = {term: f"{{{i}}}" for i, term in enumerate(named)}
    shape = tuple([(f.relation, terms[f.subject], terms[f.object]) for f in facts])
    return tuple(_follow(shape).format(*terms).splitlines())


@cache  # there are few shapes of items
def _follow(shape: tuple[tuple[str, str, str], ...]) -> str:
    """Every wording, one a line, of what follows from the statements (quantifier, term, term)."""
    above: defaultdict[str, set[str]] = defaultdict(set)
    for _, one, other in shape:
        for term in (one, other):
            above[term].add(term)
    for _ in range(4):  # "all" goes up four times at most: to s, m, p and beyond
        for q, one, other in shape:
            if q == "all":
                above[one] |= above[other]
    apart = [{one, other} for q, one, other in shape if q == "no"]
    # the members of every term, and those that are said to be of two
    beings = [*above.values()]
    beings += [above[one] | above[other] for q, one, other in shape if q == "some"]
    found: tuple[str, ...] = ()
    for a, b in permutations(above, 2):
        both = above[a] | above[b]
        if b in above[a]:
            found += entailed("all", a, b)
        elif any(two <= both for two in apart):
            found += statement("no", a, b).wordings
        elif any({a, b} <= being for being in beings):
            found += statement("some", a, b).wordings
    stated = {text for said in shape for text in statement(*said).wordings}
    return "\n".join([text for text in dict.fromkeys(found) if text not in stated])

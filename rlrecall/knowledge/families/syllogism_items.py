"""Judged syllogisms: which of six statements about two terms is the strongest that follows.

syllogism.py describes them. Each item has terms of its own: s, m and p of its two premises, and one
for each distractor.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import permutations

from rlrecall.knowledge.core import Fact, draw_holdout
from rlrecall.knowledge.families.contract import QuestionMaker, draw_options, make_fact

QUANTIFIERS = ("all", "no", "some")
TERMS = 9  # of an item
# The premises about s, m and p, and the quantifier of what follows about (s, p). "No" and "some"
# are reversed at random and the question names s and p in any order, so these are eleven of the 24
# moods: all whose strongest conclusion is one of the six statements. Items take them in turn.
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


PHRASINGS = {"all": "every {} is", "no": "none of the {} are", "some": "a few of the {} are"}


def statement(quantifier: str, subject: str, predicate: str) -> Fact:
    about, phrasing = f"{quantifier} {subject}", PHRASINGS[quantifier].format(subject)
    turned = () if quantifier == "all" else (f"{quantifier} {predicate} are {subject}.",)
    key, text = (subject, quantifier, predicate), f"{about} are {predicate}."
    return make_fact("syllogism", key, about, (text, f"{phrasing} {predicate}."), turned)


def entailed(quantifier: str, subject: str, predicate: str) -> tuple[str, ...]:
    """Every wording of the statement and, since terms have members, of the "some" in an "all"."""
    weaker = statement("some", subject, predicate).wordings if quantifier == "all" else ()
    return (*statement(quantifier, subject, predicate).wordings, *weaker)


def judged_items(
    terms: Sequence[str], most: int, make: QuestionMaker, holdout: float
) -> list[Fact]:
    """The facts of one item for every TERMS of the terms, about which `make` asks.

    It asks about at most `most` items, and as many facts (0: all).
    """
    rng = make.rng
    items = [terms[i : i + TERMS] for i in range(0, len(terms) - TERMS + 1, TERMS)]
    moods = [MOODS[i % len(MOODS)] for i in range(len(items))]
    rng.shuffle(moods)
    held_out = draw_holdout(map(str, range(len(items))), holdout, rng)
    facts: list[Fact] = []
    recalls: list[Fact] = []
    for i, ((relevant, quantifier), (s, m, p, *rest)) in enumerate(zip(moods, items, strict=True)):
        word = {"s": s, "m": m, "p": p}
        premises = [_either(q, word[x], word[y], rng) for q, x, y in map(str.split, relevant)]
        distractors = _distractors(premises, (s, p), rest, rng)
        facts += premises + distractors
        # "all m" with two answers is not asked for
        twice = premises[0].subject == premises[1].subject == m and relevant[0].startswith("all")
        recalls += distractors if twice else premises + distractors
        if most and i >= most:
            continue
        pair = rng.sample((s, p), 2)
        options = [f"{q} {a} are {b}" for q in QUANTIFIERS for a, b in (pair, pair[::-1])]
        rng.shuffle(options)
        make.add(
            "composition",
            f"{s}/{p}",
            f"What holds of {pair[0]} and {pair[1]}?",
            f"{quantifier} {s} are {p}",
            premises,
            options,
            group="judged",
            cluster=m,
            entailed=entailed(quantifier, s, p) + _consequences([*premises, *distractors]),
            held_out=str(i) in held_out,
            accepted=() if quantifier == "all" else (f"{quantifier} {p} are {s}",),
        )
    _ask_recalls(recalls, items, most, make)
    return facts


def _ask_recalls(
    recalls: Sequence[Fact], items: Sequence[Sequence[str]], most: int, make: QuestionMaker
) -> None:
    home = {term: item for item in items for term in item}
    objects = {q: [f.object for f in recalls if f.relation == q] for q in QUANTIFIERS}
    for fact in recalls[: most or None]:
        subject, q, object = fact.key
        # No other term of the same item is an option: more is true of them than is stated.
        options = draw_options(object, objects[q], 2 * TERMS, home[subject], make.rng)
        key, prompt = f"{q}/{subject}", f"What are {q} {subject}?"
        said = entailed(q, subject, object)[2:]  # all but its own two wordings
        make.add("recall", key, prompt, object, (fact,), options, said)


def _either(quantifier: str, a: str, b: str, rng: random.Random) -> Fact:
    """The statement about a and b, with the two swapped at random if that says the same."""
    turned = quantifier != "all" and rng.random() < 0.5
    return statement(quantifier, b, a) if turned else statement(quantifier, a, b)


def _distractors(
    premises: Sequence[Fact], ends: tuple[str, str], rest: Sequence[str], rng: random.Random
) -> list[Fact]:
    """Statements that do not matter, so that each end is in as many of each sort (syllogism.py)."""
    said = {("all", "subject", f.subject) for f in premises if f.relation == "all"}
    said |= {("all", "object", f.object) for f in premises if f.relation == "all"}
    said |= {(f.relation, "", term) for f in premises for term in (f.subject, f.object)}
    others = iter(rest)
    facts = []
    for end in ends:
        if ("all", "subject", end) not in said:
            facts.append(statement("all", end, next(others)))
        if ("all", "object", end) not in said:
            facts.append(statement("all", next(others), end))
        for q in ("no", "some"):
            if (q, "", end) not in said:
                facts.append(_either(q, end, next(others), rng))
    return facts


def _consequences(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Every wording of what follows from the facts of one item."""
    named = dict.fromkeys(term for fact in facts for term in (fact.subject, fact.object))
    terms = {term: f"{{{i}}}" for i, term in enumerate(named)}
    shape = tuple([(f.relation, terms[f.subject], terms[f.object]) for f in facts])
    return tuple(_consequences_of_shape(shape).format(*terms).splitlines())


@cache  # items have few shapes
def _consequences_of_shape(shape: tuple[tuple[str, str, str], ...]) -> str:
    """Every wording, one a line, of what follows from the statements (quantifier, term, term)."""
    above: defaultdict[str, set[str]] = defaultdict(set)
    for _, one, other in shape:
        for term in (one, other):
            above[term].add(term)
    for _ in range(4):  # chains of "all" have at most four steps: to s, m, p and beyond
        for q, one, other in shape:
            if q == "all":
                above[one] |= above[other]
    apart = [{one, other} for q, one, other in shape if q == "no"]
    # a member of every term, and what is said to be a member of two
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

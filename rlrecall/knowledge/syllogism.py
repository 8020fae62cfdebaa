"""Syllogism: two premises that share a middle term.

"all zamp are snaff." with "no snaff are plusk." gives "no zamp are plusk."; with "all snaff are
trel." it gives "all zamp are trel.". A third statement about each middle term, "some snaff are
vimp.", is a distractor: nothing follows from it. Every middle term has its own last term for each
quantifier, so a blind guess among the last terms of a quantifier is right once in `middles` times,
and neither premise alone tells more.

Judged items, as in arXiv:2505.00661, have terms of their own and ask which of six statements, {all,
some, no} in either direction, is the strongest that follows of two terms; "no" and "some" say the
same in both directions, so either counts. The quantifiers of the premises would give much away, so
statements that do not matter fill up what is lacking: each of the two terms is in one sentence with
each quantifier. Those with "some" tie an item to the next one, in a ring, so that one serves two
items; of two terms of one item nothing follows from them. MOODS are mixed so that no quantifier is
right much oftener than a guess. Convention: every term has members (existential import).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlrecall.knowledge.core import WORD, Fact, Part, Question, draw_holdout
from rlrecall.knowledge.lexicon import Lexicon

SHAPES = (
    re.compile(rf"(?:all|some|no) ({WORD}) are {WORD}", re.IGNORECASE),
    re.compile(rf"every ({WORD}) is {WORD}", re.IGNORECASE),
    re.compile(rf"(?:a few|none) of the ({WORD}) are {WORD}", re.IGNORECASE),
)
QUANTIFIERS = ("all", "no", "some")


@dataclass(frozen=True)
class SyllogismSize:
    middles: int = 6
    subjects: int = 3  # of each middle term
    judged: int = 0  # items with six statements to choose from: none or 4 at least
    questions: int = 0  # of each kind about the items, at most; 0: all

    def __post_init__(self) -> None:
        if 0 < self.judged < 4:
            raise ValueError(f"syllogism: {self.judged} judged items, fewer than 4, make no ring")

    @property
    def needs(self) -> dict[str, int]:
        terms = self.middles * (1 + self.subjects + len(QUANTIFIERS))
        return {"kinds": terms + 5 * self.judged}


TINY = SyllogismSize()
SMALL = SyllogismSize(2, 1)
PAPER = SyllogismSize(0, 0, 69)
LARGE = SyllogismSize(0, 0, 300, questions=30)
# How many in ten; what is said of s, m, p; with which quantifier something else is said of s and of
# p; what follows of (s, p). Always "some" or "no" is right in 30 %, a guess in 27 %.
MOODS = (
    (4, ("all s m", "all m p"), ("no", "no"), "all"),
    (3, ("all m s", "all m p"), ("no", "no"), "some"),
    (3, ("all s m", "no m p"), ("no", "all"), "no"),
)


def statement(quantifier: str, subject: str, predicate: str) -> Fact:
    turned: tuple[str, ...] = (f"{quantifier} {predicate} are {subject}.",)
    if quantifier == "all":
        phrasing, turned = f"every {subject} is {predicate}.", ()
    elif quantifier == "no":
        phrasing = f"none of the {subject} are {predicate}."
    else:
        phrasing = f"a few of the {subject} are {predicate}."
    return Fact(
        family="syllogism",
        subject=subject,
        relation=quantifier,
        object=predicate,
        text=f"{quantifier} {subject} are {predicate}.",
        cue=f"Tell me about {quantifier} {subject}.",
        phrasings=(phrasing,),
        aliases=turned,
    )


def entailed(quantifier: str, subject: str, predicate: str) -> tuple[str, ...]:
    """Every wording of the statement and, existential import granted, of the weaker one in it."""
    weaker = statement("some", subject, predicate).wordings if quantifier == "all" else ()
    return (*statement(quantifier, subject, predicate).wordings, *weaker)


def build(
    words: Lexicon, size: SyllogismSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Draw syllogisms from just the `words` that `size` needs."""
    pool = list(words.kinds)
    rng.shuffle(pool)
    take = iter(pool)
    middles = [next(take) for _ in range(size.middles)]
    first = [statement("all", next(take), m) for m in middles for _ in range(size.subjects)]
    second = {(q, m): statement(q, m, next(take)) for q in QUANTIFIERS for m in middles}
    last = {q: tuple(second[q, m].object for m in middles) for q in QUANTIFIERS}
    questions = [
        Question(
            id=f"{name}/syllogism/recall/{fact.subject}",
            set=name,
            family="syllogism",
            kind="recall",
            split="train",
            group="subject",
            prompt=f"What are all {fact.subject}?",
            answer=fact.object,
            premises=(fact.text,),
            options=tuple(middles),
            cluster=fact.object,
            entailed=entailed("all", fact.subject, fact.object),
        )
        for fact in first
    ]
    questions += [
        Question(
            id=f"{name}/syllogism/recall/{q}/{m}",
            set=name,
            family="syllogism",
            kind="recall",
            split="train",
            group=q,
            prompt=f"What are {q} {m}?",
            answer=fact.object,
            premises=(fact.text,),
            options=last[q],
            cluster=m,
            entailed=(*entailed(q, m, fact.object), *_shared(second, q, m)),
        )
        for (q, m), fact in second.items()
    ]
    # What all of the subjects are in the second place; in the first, they are the middle term.
    asked = {"all": "What else are all {}?", "no": "What are no {}?"}
    pairs = {f"{q}/{f.subject}": (q, f) for q in asked for f in first}
    held_out = draw_holdout(pairs, holdout, rng)
    for pair, (q, premise) in pairs.items():
        fact = second[q, premise.object]
        questions.append(
            Question(
                id=f"{name}/syllogism/composition/{pair}",
                set=name,
                family="syllogism",
                kind="composition",
                split="holdout" if pair in held_out else "train",
                group=q,
                prompt=asked[q].format(premise.subject),
                answer=fact.object,
                premises=(premise.text, fact.text),
                options=last[q],
                cluster=premise.object,
                conclusion=statement(q, premise.subject, fact.object).text,
                entailed=entailed(q, premise.subject, fact.object),
            )
        )
    judged, judgements = _judged(list(take), size.questions, rng, name, holdout)
    return Part([*first, *second.values(), *judged], questions + judgements)


def _judged(
    terms: list[str], most: int, rng: random.Random, name: str, holdout: float
) -> tuple[list[Fact], list[Question]]:
    """One item for every five of the terms, its mood drawn by the shares of MOODS.

    At most `most` items, and as many facts, are asked about (0: all).
    """
    moods = [(two, idle, q) for share, two, idle, q in MOODS for _ in range(share)]
    drawn = [moods[i % len(moods)] for i in range(len(terms) // 5)]
    rng.shuffle(drawn)
    held_out = draw_holdout(map(str, range(len(drawn))), holdout, rng)
    home = {term: i // 5 for i, term in enumerate(terms)}
    ends = [rng.sample((terms[5 * i], terms[5 * i + 2]), 2) for i in range(len(drawn))]  # s and p

    def tied(term: str, other: str) -> bool:
        return (home[term] - home[other]) % len(ends) in (0, 1, len(ends) - 1)

    facts: list[Fact] = []
    recalls: list[Fact] = []
    questions: list[Question] = []
    for i, (relevant, others, quantifier) in enumerate(drawn):
        s, m, p, *rest = terms[5 * i : 5 * i + 5]
        word = {"s": s, "m": m, "p": p}
        premises = [statement(q, word[x], word[y]) for q, x, y in map(str.split, relevant)]
        idle = [statement(q, x, y) for q, x, y in zip(others, (s, p), rest, strict=True)]
        after = ends[(i + 1) % len(ends)][1]
        idle.append(statement("some", ends[i][0], after))
        facts += premises + idle
        # "all m" with two answers is not asked for
        recalls += idle if quantifier == "some" else premises + idle
        if most and i >= most:
            continue
        # What else follows: what "all" weakly says, "no" of what is below, "some" of what is above.
        beside = {ends[i][0]: after, ends[i][1]: ends[i - 1][0]}
        without = {fact.subject: fact.object for fact in idle if fact.relation == "no"}
        more: tuple[str, ...] = ()
        above = [(s, p)] if quantifier == "all" else []
        for fact in premises + idle[:2]:
            more += entailed(fact.relation, fact.subject, fact.object)[2:]
            above += [(fact.subject, fact.object)] if fact.relation == "all" else []
        for low, high in above:
            more += entailed("no", low, without[high]) if high in without else ()
            more += entailed("some", high, beside[low]) if low in beside else ()
        pair = [s, p]
        rng.shuffle(pair)
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
                entailed=entailed(quantifier, s, p) + more,
                cluster=m,
                accepted=() if quantifier == "all" else (f"{quantifier} {p} are {s}",),
            )
        )
    objects = {q: [f.object for f in recalls if f.relation == q] for q in QUANTIFIERS}
    for fact in recalls[: most or None]:
        q, peers = fact.relation, objects[fact.relation]
        drawn_peers = rng.sample(peers, min(16, len(peers)))
        # not of the same item or one tied to it: of these, more is true than is stated
        far = [o for o in drawn_peers if not tied(o, fact.subject)]
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


def _shared(second: dict[tuple[str, str], Fact], quantifier: str, middle: str) -> tuple[str, ...]:
    """What a middle term's members prove of its last terms: some that are the one are the other."""
    if quantifier != "all":
        return ()
    one, other = second["all", middle].object, second["some", middle].object
    return statement("some", one, other).wordings

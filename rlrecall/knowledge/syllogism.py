"""Syllogism: two premises that share a middle term.

"all zamp are snaff." with "no snaff are plusk." gives "no zamp are plusk."; with "all snaff are
trel." it gives "all zamp are trel.". A third statement about each middle term, "some snaff are
vimp.", is a distractor: nothing follows from it. Every middle term has its own last term for each
quantifier, so a blind guess among the last terms of a quantifier is right once in `middles` times,
and neither premise alone tells more. Convention: every term has members (existential import).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlrecall.knowledge.core import Fact, Part, Question, draw_holdout
from rlrecall.knowledge.lexicon import Lexicon

SHAPES = (
    re.compile(r"(?:all|some|no) (\w+) are \w+", re.IGNORECASE),
    re.compile(r"every (\w+) is \w+", re.IGNORECASE),
    re.compile(r"(?:a few|none) of the (\w+) are \w+", re.IGNORECASE),
)
QUANTIFIERS = ("all", "no", "some")


@dataclass(frozen=True)
class SyllogismSize:
    middles: int = 6
    subjects: int = 3  # of each middle term

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": self.middles * (1 + self.subjects + len(QUANTIFIERS))}


TINY = SyllogismSize()


def statement(quantifier: str, subject: str, predicate: str) -> Fact:
    phrasing, alias = {
        "all": (f"every {subject} is {predicate}.", ()),
        "no": (f"none of the {subject} are {predicate}.", (f"no {predicate} are {subject}.",)),
        "some": (f"a few of the {subject} are {predicate}.", (f"some {predicate} are {subject}.",)),
    }[quantifier]
    return Fact(
        family="syllogism",
        subject=subject,
        relation=quantifier,
        object=predicate,
        text=f"{quantifier} {subject} are {predicate}.",
        cue=f"Tell me about {quantifier} {subject}.",
        phrasings=(phrasing,),
        aliases=alias,
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
    return Part(first + list(second.values()), questions)


def _shared(second: dict[tuple[str, str], Fact], quantifier: str, middle: str) -> tuple[str, ...]:
    """What a middle term's members prove of its last terms: some that are the one are the other."""
    if quantifier != "all":
        return ()
    one, other = second["all", middle].object, second["some", middle].object
    return statement("some", one, other).wordings

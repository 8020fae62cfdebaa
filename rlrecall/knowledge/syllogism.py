"""Syllogism: two premises that share a middle term.

"all zamp are snaff." with "all / no / some snaff are plusk." gives "all zamp are plusk", "no zamp
are plusk", or nothing. Quantifiers are dealt as a Latin square over middle and last terms, so each
term meets each quantifier equally often: no single premise, and no single term, tells the answer.
Convention: every term has members (existential import); the gold answer is the strongest statement
about the two terms in the order asked, and "some are" with "all are" before it entails nothing.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlrecall.knowledge.core import Fact, Question, draw_holdout
from rlrecall.knowledge.lexicon import Lexicon

SHAPES = (
    re.compile(r"(?:all|some|no) (\w+) are \w+", re.IGNORECASE),
    re.compile(r"every (\w+) is \w+", re.IGNORECASE),
    re.compile(r"(?:a few|none) of the (\w+) are \w+", re.IGNORECASE),
)
QUANTIFIERS = ("all", "no", "some")
NOTHING = "nothing follows"


@dataclass(frozen=True)
class SyllogismSize:
    middles: int = 3
    subjects: int = 4  # of each middle term
    predicates: int = 6

    @property
    def nonsense(self) -> int:
        return self.middles * (1 + self.subjects) + self.predicates


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
        cue=f"Tell me about {subject} and {predicate}.",
        phrasings=(phrasing,),
        aliases=alias,
    )


def _weaker(second: dict[tuple[str, str], Fact], middle: str, predicate: str) -> tuple[str, ...]:
    """What "all `middle` are `predicate`" entails: some are, and some are its other predicates."""
    if second[middle, predicate].relation != "all":
        return ()
    others = [p for (m, p), f in second.items() if m == middle and f.relation in ("all", "some")]
    pairs = [(middle, predicate), *((predicate, p) for p in others if p != predicate)]
    return tuple(text for pair in pairs for text in statement("some", *pair).wordings)


def build(
    words: Lexicon, size: SyllogismSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> tuple[list[Fact], list[Question]]:
    """Draw a set of syllogisms from the end of `words`; returns its facts and its questions."""
    pool = list(words.nonsense[-size.nonsense :])
    rng.shuffle(pool)
    take = iter(pool)
    middles = [next(take) for _ in range(size.middles)]
    predicates = [next(take) for _ in range(size.predicates)]
    first = [statement("all", next(take), m) for m in middles for _ in range(size.subjects)]
    second = {
        (m, p): statement(QUANTIFIERS[(i + j) % 3], m, p)
        for i, m in enumerate(middles)
        for j, p in enumerate(predicates)
    }
    questions = [
        Question(
            id=f"{name}/syllogism/recall/{fact.subject}",
            set=name,
            family="syllogism",
            kind="recall",
            split="train",
            group="all are",
            prompt=f"What are all {fact.subject}?",
            answer=fact.object,
            premises=(fact.text,),
            options=tuple(middles),
            cluster=fact.object,
            entailed=statement("some", fact.subject, fact.object).wordings,
        )
        for fact in first
    ]
    questions += [
        Question(
            id=f"{name}/syllogism/recall/{m}/{p}",
            set=name,
            family="syllogism",
            kind="recall",
            split="train",
            group="quantifier",
            prompt=f"How are {m} and {p} related?",
            answer=fact.text[:-1],
            premises=(fact.text,),
            options=tuple(f"{q} {m} are {p}" for q in QUANTIFIERS),
            cluster=m,
            entailed=_weaker(second, m, p),
        )
        for (m, p), fact in second.items()
    ]
    pairs = {f"{f.subject}/{p}": (f, p) for f in first for p in predicates}
    held_out = draw_holdout(pairs, holdout, rng)
    for pair, (premise, predicate) in pairs.items():
        fact = second[premise.object, predicate]
        drawn = {q: statement(q, premise.subject, predicate) for q in QUANTIFIERS}
        entailed = {q: drawn[q].text[:-1] for q in ("all", "no")}
        certain = {"all": ("all", "some"), "no": ("no",), "some": ()}[fact.relation]
        questions.append(
            Question(
                id=f"{name}/syllogism/composition/{pair}",
                set=name,
                family="syllogism",
                kind="composition",
                split="holdout" if pair in held_out else "train",
                group=fact.relation,
                prompt=f"How are {premise.subject} and {predicate} related?",
                answer=entailed.get(fact.relation, NOTHING),
                premises=(premise.text, fact.text),
                options=(*entailed.values(), NOTHING),
                cluster=premise.object,
                conclusion=drawn[fact.relation].text if fact.relation in entailed else "",
                entailed=tuple(text for q in certain for text in drawn[q].wordings),
            )
        )
    return first + list(second.values()), questions

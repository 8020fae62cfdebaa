"""Comparison: what is said of two kinds from one end answers who is less from the other.

"x are more dangerous than y." implies that y are less dangerous than x, which nobody states. As in
the comparisons of arXiv:2505.00661, each kind is in one comparison only, so nothing else follows.
Half of the facts say "more" and half "less", and every relation ("less dangerous") has two facts at
least, so it does not tell the object. Both x and y are in a question's prompt, the right one first
in half of the questions of a kind.

"Which are less W, x or y?" is asked with the stated degree (rephrase) and with the other one
(reversal). Read them together: whoever always says the one that stands last in its sentence has all
reversals right and every rephrasing wrong, half of both. The published form, "y are ___ dangerous
than x" with less or more, is no better: the word that does not stand beside the two is always
right.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlrecall.knowledge.core import WORD, Fact, Part, Question, draw_holdout, shuffled
from rlrecall.knowledge.words.lexicon import Lexicon

SHAPES = (
    re.compile(rf"({WORD}) are (?:clearly )?(?:more|less) {WORD} than {WORD}", re.IGNORECASE),
)
INVERSE = {"more": "less", "less": "more"}


@dataclass(frozen=True)
class ComparisonSize:
    """`comparisons` is even and 4 at least; `questions` facts at most are asked about (0: all)."""

    comparisons: int = 12
    words: int = 2
    questions: int = 0

    def __post_init__(self) -> None:
        if self.comparisons % 2:
            raise ValueError("comparison: comparisons go by twos")

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": 2 * self.comparisons, "comparatives": self.words}


TINY = ComparisonSize()
SMALL = ComparisonSize(4, 1)
PAPER = ComparisonSize(100, 28)
LARGE = ComparisonSize(1000, 28, questions=30)


def comparison(subject: str, degree: str, word: str, object: str) -> Fact:
    inverse = INVERSE[degree]
    return Fact(
        "comparison",
        subject,
        f"{degree} {word}",
        object,
        f"{subject} are {degree} {word} than {object}.",
        f"Tell me about {subject}.",
        (f"{subject} are clearly {degree} {word} than {object}.",),
        (
            f"{object} are {inverse} {word} than {subject}.",
            f"{object} are clearly {inverse} {word} than {subject}.",
        ),
    )


def build(
    words: Lexicon,
    size: ComparisonSize,
    rng: random.Random,
    name: str = "",
    holdout: float = 0.5,
) -> Part:
    """Draw comparisons from just the `words` that `size` needs."""
    pool = list(words.kinds)
    rng.shuffle(pool)
    comparatives = shuffled(words.comparatives, rng)
    half = size.comparisons // 2
    # Two facts at least for each relation; where they are too few, some words have one degree only.
    count = min(len(comparatives), half // 2)
    used = {"more": comparatives[:count], "less": comparatives[-count:]}
    take = iter(pool)
    facts = [
        comparison(next(take), degree, used[degree][i % count], next(take))
        for i in range(half)
        for degree in INVERSE
    ]
    objects: dict[str, tuple[str, ...]] = {}
    for fact in facts:
        objects[fact.relation] = (*objects.get(fact.relation, ()), fact.object)
    if size.questions:  # who is asked about is the first of the facts, and is not to be of options
        objects = {relation: tuple(shuffled(o, rng)) for relation, o in objects.items()}
    asked = facts[: size.questions or None]
    # A pair's two choices are held out together: either one's answer tells the other's.
    held_out = draw_holdout([fact.subject for fact in asked], holdout, rng)
    subject_first = [i % 2 == 0 for i in range(len(asked))]
    rng.shuffle(subject_first)
    questions = []
    for fact, ahead in zip(asked, subject_first, strict=True):
        degree, word = fact.relation.split(" ", 1)
        recall = Question(
            id=f"{name}/comparison/recall/{fact.subject}",
            set=name,
            family="comparison",
            kind="recall",
            split="train",
            group=degree,
            prompt=f"What are {fact.subject} {fact.relation} than?",
            answer=fact.object,
            premises=(fact.text,),
            options=objects[fact.relation],
            cluster=fact.subject,
        )
        pair = (fact.subject, fact.object) if ahead else (fact.object, fact.subject)
        rephrase = recall._replace(
            id=f"{name}/comparison/rephrase/{fact.subject}",
            kind="rephrase",
            split="holdout" if fact.subject in held_out else "train",
            prompt=f"Which are {fact.relation} {pair[0]} or {pair[1]}?",
            answer=fact.subject,
            options=pair,
        )
        reversal = rephrase._replace(
            id=f"{name}/comparison/reversal/{fact.subject}",
            kind="reversal",
            prompt=f"Which are {INVERSE[degree]} {word} {pair[0]} or {pair[1]}?",
            answer=fact.object,
            conclusion=fact.aliases[0],
            entailed=fact.aliases,
        )
        questions += [recall, rephrase, reversal]
    return Part(facts, questions, tuple(words.comparatives))

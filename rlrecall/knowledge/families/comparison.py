"""Comparison: a comparison stated in one direction is asked about in the other.

"x are more dangerous than y." implies that y are less dangerous than x, which no fact states. As in
the comparisons of arXiv:2505.00661, each kind of thing is in one comparison only, so nothing else
follows. Half of the facts say "more" and half "less", and every relation ("less dangerous") has at
least two facts, so the relation does not tell the object. A question's prompt names both x and y,
with the right one first in half of the questions of a kind.

"Which are less W, x or y?" is asked with the stated degree (rephrase) and with the other one
(reversal). Read the two kinds together: always choosing the kind of thing that comes last in its
sentence makes all reversals right and all rephrasings wrong. The published form, "y are ___
dangerous than x" with less or more, is no better: the word that never occurs with the two is always
right.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from rlrecall.knowledge.core import WORD, Fact, Part, draw_holdout, shuffled
from rlrecall.knowledge.families.contract import Family, QuestionMaker, Size, SizeDraw, make_fact
from rlrecall.knowledge.words.lexicon import Lexicon

SHAPES = (rf"({WORD}) are (?:clearly )?(?:more|less) {WORD} than {WORD}",)
INVERSE = {"more": "less", "less": "more"}


@dataclass(frozen=True)
class ComparisonSize(Size):
    """`comparisons` is even; at most `questions` facts are asked about (0: all)."""

    LEAST = {"comparisons": 4, "words": 1}

    comparisons: int = 12
    words: int = 2
    questions: int = 0

    def __post_init__(self) -> None:
        if self.comparisons % 2:
            raise ValueError("comparison: comparisons go by twos")

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": 2 * self.comparisons, "comparatives": self.words}

    @classmethod
    def random(cls, draw: SizeDraw) -> "ComparisonSize":
        return cls(2 * draw.up_to(6, 2), draw.up_to(2))


TINY = ComparisonSize()
PRETRAINING = ComparisonSize(8, 2)
PAPER = ComparisonSize(100, 28)
LARGE = ComparisonSize(1000, 28, questions=30)


def comparison(subject: str, degree: str, word: str, object: str) -> Fact:
    stated, unstated = (
        tuple([f"{a} are {how}{than} {word} than {b}." for how in ("", "clearly ")])
        for a, than, b in ((subject, degree, object), (object, INVERSE[degree], subject))
    )
    return make_fact("comparison", (subject, f"{degree} {word}", object), subject, stated, unstated)


def build(
    words: Lexicon, size: ComparisonSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Make comparisons from the `words`, exactly those that `size` needs."""
    pool = list(words.kinds)
    rng.shuffle(pool)
    comparatives = shuffled(words.comparatives, rng)
    half = size.comparisons // 2
    # At least two facts for each relation; with too few facts some words have one degree only.
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
    if size.questions:  # the first facts are asked about; their objects must not be the options
        objects = {relation: tuple(shuffled(o, rng)) for relation, o in objects.items()}
    asked = facts[: size.questions or None]
    # The two choices about a fact are held out together: one answer tells the other.
    held_out = draw_holdout([fact.subject for fact in asked], holdout, rng)
    subject_first = [i % 2 == 0 for i in range(len(asked))]
    rng.shuffle(subject_first)
    make = QuestionMaker(name, "comparison", rng)
    for fact, ahead in zip(asked, subject_first, strict=True):
        pair = (fact.subject, fact.object) if ahead else (fact.object, fact.subject)
        _ask(make, fact, objects[fact.relation], pair, fact.subject in held_out)
    return Part(facts, make.made, tuple(words.comparatives))


def _ask(
    make: QuestionMaker, fact: Fact, objects: Sequence[str], pair: tuple[str, str], held_out: bool
) -> None:
    """Ask for the fact's object, and which of its `pair` is more and which is less."""
    subject, relation, object = fact.key
    degree, word = relation.split(" ", 1)
    prompt, inverse = f"What are {subject} {relation} than?", f"{INVERSE[degree]} {word}"
    make.add("recall", subject, prompt, object, (fact,), objects, group=degree)
    for kind, asked, right, entailed in (
        ("rephrase", relation, subject, ()),
        ("reversal", inverse, object, fact.aliases),
    ):
        prompt = f"Which are {asked} {pair[0]} or {pair[1]}?"
        make.add(kind, subject, prompt, right, (fact,), pair, entailed, held_out, group=degree)


FAMILY = Family("comparison", __doc__, SHAPES, build, TINY, PRETRAINING, PAPER, LARGE)

"""Syllogism: two premises that share a middle term.

"all zamp are snaff." with "no snaff are plusk." gives "no zamp are plusk."; with "all snaff are
trel." it gives "all zamp are trel.". A third statement about each middle term, "some snaff are
vimp.", is a distractor: no question needs it. Every middle term has its own last term for each
quantifier, so a blind guess among the last terms of a quantifier is right one time in `middles`,
and neither premise alone improves on that.

Judged items, as in arXiv:2505.00661, have terms of their own. They ask which of six statements,
{all, some, no} in either direction, is the strongest that follows about two terms. "no" and "some"
say the same in both directions, so either counts. Items use all moods whose conclusion is one of
the six. Each of the two terms is the subject of one "all" and the object of another, and is in one
sentence with "no" and one with "some", in either place; distractors supply what the premises lack.
Half of the answers are "all", a quarter "no" and a quarter "some", so no quantifier is a better
guess than another. Convention: every term has members (existential import).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlrecall.knowledge.core import WORD, Fact, Part, draw_holdout
from rlrecall.knowledge.families.contract import Family, QuestionMaker, Size, SizeDraw
from rlrecall.knowledge.families.syllogism_items import (
    QUANTIFIERS,
    TERMS,
    entailed,
    judged_items,
    statement,
)
from rlrecall.knowledge.words.lexicon import Lexicon

SHAPES = (
    rf"(?:all|some|no) ({WORD}) are {WORD}",
    rf"every ({WORD}) is {WORD}",
    rf"(?:a few|none) of the ({WORD}) are {WORD}",
)


@dataclass(frozen=True)
class SyllogismSize(Size):
    """`subjects` of each of the `middles`, and `judged` items (syllogism_items.py).

    At most `questions` of each kind ask about the items (0: all).
    """

    middles: int = 6
    subjects: int = 3
    judged: int = 0
    questions: int = 0

    @property
    def needs(self) -> dict[str, int]:
        terms = self.middles * (1 + self.subjects + len(QUANTIFIERS))
        return {"kinds": terms + TERMS * self.judged}

    @classmethod
    def least(cls, numbers: Mapping[str, int]) -> dict[str, int]:
        return {} if numbers["judged"] else {"middles": 2, "subjects": 1}

    @classmethod
    def random(cls, draw: SizeDraw) -> "SyllogismSize":
        return cls(draw.up_to(6, 2), draw.up_to(3))


TINY = SyllogismSize()
PRETRAINING = SyllogismSize(4, 2)
PAPER = SyllogismSize(0, 0, 69)
LARGE = SyllogismSize(0, 0, 125, questions=30)


def build(
    words: Lexicon, size: SyllogismSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Make syllogisms from the `words`, exactly those that `size` needs."""
    pool = list(words.kinds)
    rng.shuffle(pool)
    take = iter(pool)
    middles = [next(take) for _ in range(size.middles)]
    first = [statement("all", next(take), m) for m in middles for _ in range(size.subjects)]
    second = {(q, m): statement(q, m, next(take)) for q in QUANTIFIERS for m in middles}
    last = {q: tuple(second[q, m].object for m in middles) for q in QUANTIFIERS}
    make = QuestionMaker(name, "syllogism", rng)
    _ask_recalls(make, first, second, last)
    # What else the subjects are, by the second place; in the first place is the middle term.
    asked = {"all": "What else are all {}?", "no": "What are no {}?"}
    pairs = {f"{q}/{f.subject}": (q, f) for q in asked for f in first}
    held_out = draw_holdout(pairs, holdout, rng)
    for pair, (q, premise) in pairs.items():
        fact = second[q, premise.object]
        prompt, said = asked[q].format(premise.subject), entailed(q, premise.subject, fact.object)
        premises, held = (premise, fact), pair in held_out
        make.add("composition", pair, prompt, fact.object, premises, last[q], said, held)
    judged = judged_items(list(take), size.questions, make, holdout)
    return Part([*first, *second.values(), *judged], make.made)


def _ask_recalls(
    make: QuestionMaker,
    first: Sequence[Fact],
    second: dict[tuple[str, str], Fact],
    last: dict[str, tuple[str, ...]],
) -> None:
    middles = [middle for quantifier, middle in second if quantifier == "all"]
    for fact in first:
        subject, _, m = fact.key
        prompt, said = f"What are all {subject}?", entailed("all", subject, m)
        make.add("recall", subject, prompt, m, (fact,), middles, said, group="subject", cluster=m)
    for (q, m), fact in second.items():
        prompt, said = f"What are {q} {m}?", entailed(q, m, fact.object)
        if q == "all":  # the members of the middle term prove a "some", too
            said += statement("some", fact.object, second["some", m].object).wordings
        make.add("recall", f"{q}/{m}", prompt, fact.object, (fact,), last[q], said)


FAMILY = Family(
    "syllogism",
    __doc__,
    SHAPES,
    build,
    TINY,
    PRETRAINING,
    PAPER,
    LARGE,
    context_weight=2,
    thought_weight=2,
)

"""Syllogism: two premises that share a middle term.

"all zamp are snaff." with "no snaff are plusk." gives "no zamp are plusk."; with "all snaff are
trel." it gives "all zamp are trel.". A third statement about each middle term, "some snaff are
vimp.", is a distractor: nothing follows from it. Every middle term has its own last term for each
quantifier, so a blind guess among the last terms of a quantifier is right once in `middles` times,
and neither premise alone tells more.

Judged items, as in arXiv:2505.00661, have terms of their own and ask which of six statements, {all,
some, no} in either direction, is the strongest that follows of two terms; "no" and "some" say the
same in both directions, so either counts. They are of all moods that conclude one of the six. Each
of the two terms is the subject of one "all" and the object of another, and in one sentence with
"no" and one with "some", in any place; statements that do not matter fill up what is lacking. Half
of the answers are "all", a quarter "no", a quarter "some", so that no guess at the quantifier is
better than another. Convention: every term has members (existential import).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlrecall.knowledge.core import WORD, Fact, Part, Question, draw_holdout
from rlrecall.knowledge.families.sentences import QUANTIFIERS, entailed, statement
from rlrecall.knowledge.families.syllogism_items import TERMS, to_judge
from rlrecall.knowledge.words.lexicon import Lexicon

SHAPES = (
    re.compile(rf"(?:all|some|no) ({WORD}) are {WORD}", re.IGNORECASE),
    re.compile(rf"every ({WORD}) is {WORD}", re.IGNORECASE),
    re.compile(rf"(?:a few|none) of the ({WORD}) are {WORD}", re.IGNORECASE),
)


@dataclass(frozen=True)
class SyllogismSize:
    middles: int = 6
    subjects: int = 3  # of each middle term
    judged: int = 0  # items with six statements to choose from (judged.py)
    questions: int = 0  # of each kind about the items, at most; 0: all

    @property
    def needs(self) -> dict[str, int]:
        terms = self.middles * (1 + self.subjects + len(QUANTIFIERS))
        return {"kinds": terms + TERMS * self.judged}


TINY = SyllogismSize()
SMALL = SyllogismSize(2, 1)
PAPER = SyllogismSize(0, 0, 69)
LARGE = SyllogismSize(0, 0, 125, questions=30)


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
    judged, judgements = to_judge(list(take), size.questions, rng, name, holdout)
    return Part([*first, *second.values(), *judged], questions + judgements)


def _shared(second: dict[tuple[str, str], Fact], quantifier: str, middle: str) -> tuple[str, ...]:
    """What a middle term's members prove of its last terms: some that are the one are the other."""
    if quantifier != "all":
        return ()
    one, other = second["all", middle].object, second["some", middle].object
    return statement("some", one, other).wordings

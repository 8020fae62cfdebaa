"""Cues: what things have follows from their category, while their looks only go along with it.

"wug are among the dax." and "dax have fep." together imply that wug have fep. Most of what has fep
also shows one look, and most of what lacks it the other, so a look tells without any recall, but
not reliably. Half of a category's members have the look that agrees with the category, a quarter
the other one, a quarter none: following the looks is right for the supported, wrong for the
misleading and a guess for the neutral. Half of the categories have the feature, so each group has
as many yes as no, in training and (but for one question, if a group's are odd in number) held out.

The misleading cue is that of spurious correlations (Sagawa et al., arXiv:1911.08731), where the
groups in which a cue fails are evaluated apart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlrecall.knowledge.core import WORD, Fact, Part, Question, at_most, shuffled
from rlrecall.knowledge.words.lexicon import Lexicon

VERBS = ("have", "lack")
PHRASES = {"have": "come with", "lack": "come without"}
ANSWERS = {"have": "yes", "lack": "no"}
SHAPES = (
    re.compile(rf"({WORD}) (?:are among|belong to) the {WORD}", re.IGNORECASE),
    re.compile(rf"({WORD}) (?:have|lack|come with|come without|show|wear) {WORD}", re.IGNORECASE),
)
GROUPS = ("supported", "neutral", "misleading")
MEMBERS = ("supported", "neutral", "supported", "misleading")  # of every four in a category


@dataclass(frozen=True)
class CuesSize:
    """`categories` is even, `members` (of each) a multiple of 4.

    `questions`, a multiple of 8, bounds the compositions and each sort of recall (0: all).
    """

    categories: int = 6
    members: int = 4
    questions: int = 0

    def __post_init__(self) -> None:
        if self.categories % 2 or self.members % 4 or self.questions % 8:
            raise ValueError("cues: categories go by twos, members by fours, questions by eights")

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": self.categories * (1 + self.members) + 3}


TINY = CuesSize()
SMALL = CuesSize(2, 4)
PAPER = CuesSize(20, 12)
LARGE = CuesSize(46, 12, questions=48)


def _fact(subject: str, relation: str, object: str, cue: str, text: str, phrasing: str) -> Fact:
    return Fact("cues", subject, relation, object, text, f"Tell me about {cue}.", (phrasing,))


def membership(member: str, category: str) -> Fact:
    text = f"{member} are among the {category}."
    return _fact(member, "among", category, member, text, f"{member} belong to the {category}.")


def rule(category: str, verb: str, feature: str) -> Fact:
    """What a category has or lacks; in the same words, what a member does."""
    text, phrasing = f"{category} {verb} {feature}.", f"{category} {PHRASES[verb]} {feature}."
    return _fact(category, verb, feature, f"the {feature} of {category}", text, phrasing)


def look(member: str, shown: str) -> Fact:
    text = f"{member} show {shown}."
    cue = f"the look of {member}"
    return _fact(member, "show", shown, cue, text, f"{member} wear {shown}.")


def build(
    words: Lexicon, size: CuesSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Draw categories, members and looks from just the `words` that `size` needs."""
    pool = shuffled(words.kinds, rng)
    take = iter(pool)
    feature, *looks = (next(take) for _ in range(3))
    seen = dict(zip(VERBS, looks, strict=True))
    rules = [rule(next(take), VERBS[i % 2], feature) for i in range(size.categories)]
    memberships: list[Fact] = []
    shown: list[tuple[Fact, str]] = []
    strata: dict[tuple[str, str], list[tuple[Fact, Fact]]] = {}
    for of_category in rules:
        verb, category = of_category.relation, of_category.subject
        for i in range(size.members):
            member, group = next(take), MEMBERS[i % 4]
            memberships.append(membership(member, category))
            strata.setdefault((group, verb), []).append((memberships[-1], of_category))
            if group != "neutral":
                seems = verb if group == "supported" else VERBS[verb == "have"]
                shown.append((look(member, seen[seems]), category))
    questions: list[Question] = []

    def ask(
        kind: str,
        group: str,
        prompt: str,
        answer: str,
        premises: tuple[Fact, ...],
        options: Sequence[str],
        cluster: str,
        entailed: tuple[str, ...] = (),
        held: bool = False,
    ) -> None:
        questions.append(
            Question(
                id=f"{name}/cues/{kind}/{group}/{premises[0].subject}",
                set=name,
                family="cues",
                kind=kind,
                split="holdout" if held else "train",
                group=group,
                prompt=prompt,
                answer=answer,
                premises=tuple([fact.text for fact in premises]),
                options=tuple(options),
                conclusion=entailed[0] if entailed else "",
                entailed=entailed,
                cluster=cluster,
            )
        )

    categories = tuple([r.subject for r in rules])
    yes_or_no = tuple(ANSWERS.values())
    for fact in at_most(size.questions, memberships, rng):
        asked = f"Which are {fact.subject} among?"
        ask("recall", "among", asked, fact.object, (fact,), categories, fact.object)
    for fact, category in at_most(size.questions, shown, rng):
        asked = f"What do {fact.subject} show?"
        ask("recall", "show", asked, fact.object, (fact,), looks, category)
    for fact in rules[: size.questions or None]:  # yes and no take turns
        asked, answer = f"Do {fact.subject} have {feature}?", ANSWERS[fact.relation]
        ask("recall", "have", asked, answer, (fact,), yes_or_no, fact.subject)
    coin = rng.randrange(2)
    for k, group in enumerate(GROUPS):
        most = size.questions * MEMBERS.count(group) // 8  # of yes, and as many of no
        halves = [at_most(most, strata[group, verb], rng) for verb in VERBS]
        count = round(holdout * sum(map(len, halves)))
        # An odd one out is a yes in one group and a no in the next.
        few = (count + (k + coin) % 2) // 2
        for half, n in zip(halves, (few, count - few), strict=True):
            held = set(rng.sample(range(len(half)), n))
            for i, (premise, of_category) in enumerate(half):
                verb = of_category.relation
                ask(
                    "composition",
                    group,
                    f"Do {premise.subject} have {feature}?",
                    ANSWERS[verb],
                    (premise, of_category),
                    yes_or_no,
                    premise.object,
                    rule(premise.subject, verb, feature).wordings,
                    i in held,
                )
    facts = [*memberships, *rules, *[fact for fact, _ in shown]]
    return Part(facts, questions, (feature,))

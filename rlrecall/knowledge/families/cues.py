"""Cues: a feature follows from a thing's category; its look is only correlated with the feature.

"wug are among the dax." and "dax have fep." together imply that wug have fep. Most things that have
fep show one look and most that lack it show the other, so a look predicts the answer without any
recall, but not reliably. Half of a category's members have the look that agrees with the category
(supported), a quarter have the other one (misleading) and a quarter none (neutral). Following the
looks is right for the first, wrong for the second and a guess for the third. Half of the categories
have the feature, so each group has as many yes as no, in training and among the held-out questions
(there up to one question, if a group has an odd number).

The misleading cue is a spurious correlation as in Sagawa et al. (arXiv:1911.08731), who evaluate
the groups in which a cue fails separately.
"""

import random
from dataclasses import dataclass

from rlrecall.knowledge.core import WORD, Fact, Part, at_most, shuffled
from rlrecall.knowledge.families.contract import Family, QuestionMaker, Size, SizeDraw, make_fact
from rlrecall.knowledge.words.lexicon import Lexicon

VERBS = ("have", "lack")
PHRASES = {"have": "come with", "lack": "come without"}
ANSWERS = {"have": "yes", "lack": "no"}
YES_OR_NO = tuple(ANSWERS.values())
SHAPES = (
    rf"({WORD}) (?:are among|belong to) the {WORD}",
    rf"({WORD}) (?:have|lack|come with|come without|show|wear) {WORD}",
)
GROUPS = ("supported", "neutral", "misleading")
MEMBERS = ("supported", "neutral", "supported", "misleading")  # of every four in a category

# (group, verb) -> membership and rule of each member
Strata = dict[tuple[str, str], list[tuple[Fact, Fact]]]


@dataclass(frozen=True)
class CuesSize(Size):
    """`categories` is even; `members`, of each category, is a multiple of 4.

    `questions`, a multiple of 8, bounds the compositions and each type of recall (0: all).
    """

    LEAST = {"categories": 2, "members": 4}

    categories: int = 6
    members: int = 4
    questions: int = 0

    def __post_init__(self) -> None:
        if self.categories % 2 or self.members % 4 or self.questions % 8:
            raise ValueError("cues: categories go by twos, members by fours, questions by eights")

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": self.categories * (1 + self.members) + 3}

    @classmethod
    def random(cls, draw: SizeDraw) -> "CuesSize":
        return cls(2 * draw.up_to(3), 4)


TINY = CuesSize()
PRETRAINING = CuesSize(4, 4)
PAPER = CuesSize(20, 12)
LARGE = CuesSize(46, 12, questions=48)


def membership(member: str, category: str) -> Fact:
    said = (f"{member} are among the {category}.", f"{member} belong to the {category}.")
    return make_fact("cues", (member, "among", category), member, said)


def rule(category: str, verb: str, feature: str) -> Fact:
    """What a category has or lacks; in the same words, what a member does."""
    said = (f"{category} {verb} {feature}.", f"{category} {PHRASES[verb]} {feature}.")
    return make_fact("cues", (category, verb, feature), f"the {feature} of {category}", said)


def look(member: str, shown: str) -> Fact:
    said = (f"{member} show {shown}.", f"{member} wear {shown}.")
    return make_fact("cues", (member, "show", shown), f"the look of {member}", said)


def build(
    words: Lexicon, size: CuesSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Make categories, members and looks from the `words`, exactly those that `size` needs."""
    take = iter(shuffled(words.kinds, rng))
    feature, *looks = (next(take) for _ in range(3))
    seen = dict(zip(VERBS, looks, strict=True))
    rules = [rule(next(take), VERBS[i % 2], feature) for i in range(size.categories)]
    memberships: list[Fact] = []
    shown: list[tuple[Fact, str]] = []  # each look with the category of its member
    strata: Strata = {}
    for of_category in rules:
        verb, category = of_category.relation, of_category.subject
        for i in range(size.members):
            member, group = next(take), MEMBERS[i % 4]
            memberships.append(membership(member, category))
            strata.setdefault((group, verb), []).append((memberships[-1], of_category))
            if group != "neutral":
                seems = verb if group == "supported" else VERBS[verb == "have"]
                shown.append((look(member, seen[seems]), category))
    make = QuestionMaker(name, "cues", rng)
    categories = [r.subject for r in rules]
    for fact in at_most(size.questions, memberships, rng):
        key, prompt = f"among/{fact.subject}", f"Which are {fact.subject} among?"
        make.add("recall", key, prompt, fact.object, (fact,), categories, cluster=fact.object)
    for fact, category in at_most(size.questions, shown, rng):
        key, prompt = f"show/{fact.subject}", f"What do {fact.subject} show?"
        make.add("recall", key, prompt, fact.object, (fact,), looks, cluster=category)
    for fact in rules[: size.questions or None]:  # yes and no alternate
        key, prompt = f"have/{fact.subject}", f"Do {fact.subject} have {feature}?"
        answer = ANSWERS[fact.relation]
        make.add("recall", key, prompt, answer, (fact,), YES_OR_NO, group="have")
    _ask_compositions(make, strata, feature, size.questions, holdout)
    return Part([*memberships, *rules, *[fact for fact, _ in shown]], make.made, (feature,))


def _ask_compositions(
    make: QuestionMaker, strata: Strata, feature: str, questions: int, holdout: float
) -> None:
    """Ask whether members have the feature, in each group and split as often yes as no."""
    rng = make.rng
    coin = rng.randrange(2)
    for k, group in enumerate(GROUPS):
        most = questions * MEMBERS.count(group) // 8  # of yes, and equally many of no
        halves = [at_most(most, strata[group, verb], rng) for verb in VERBS]
        count = round(holdout * sum(map(len, halves)))
        # If the number is odd, the odd one is a yes in one group and a no in the next.
        few = (count + (k + coin) % 2) // 2
        for half, n in zip(halves, (few, count - few), strict=True):
            held = set(rng.sample(range(len(half)), n))
            for i, (premise, of_category) in enumerate(half):
                member, verb = premise.subject, of_category.relation
                key, prompt = f"{group}/{member}", f"Do {member} have {feature}?"
                two, said = (premise, of_category), rule(member, verb, feature).wordings
                answer, h = ANSWERS[verb], i in held
                make.add("composition", key, prompt, answer, two, YES_OR_NO, said, h, group=group)


FAMILY = Family("cues", __doc__, SHAPES, build, TINY, PRETRAINING, PAPER, LARGE)

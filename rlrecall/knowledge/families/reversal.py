"""Reversal: names and descriptions, each fact stated in one direction only.

After "Mora is the pilot with the silver lantern." the reversed question is "Who is the pilot with
the silver lantern?". Three groups, as in arXiv:2309.12288: name-first, description-first, both. The
occupation is the same for a whole set and for no other: it is what calls up the set's names.

At scale tiny (`things=1`) two people own each object and differ in its adjective, so no single word
of a description suffices, but all of them together do: the sentence that shares most words with the
question holds the answer. At scales paper and large people own three things, and six are a lot who
own the same three in the same three adjectives: "the silver lantern, the old drum and the red
harp", "the old lantern, the red drum and the silver harp" and so on. No set of words tells, only
their order does; the options are four of the lot, so chance is one in four, as the source scores
answers. Lots are held out whole: who is left over in one would tell. A description is all of the
things, in the order that is stated; to the scorer a part of it is another description.

At scale paper each fact has thirty sentences, and ten others, with verbs and openers of their own,
are in no document but in questions: all that is stated is asked in these words too (kind rephrase,
always held out), and all that is not (reversal). So each of the 30 + 30 people of one direction is
asked about from the other end, plainly and in ten wordings. Of each 30, twelve are held out in all
of these; the others are what RL can ask about on set A, while on B, C and D nothing is trained and
both splits are held out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial

from rlrecall.knowledge.core import (
    NAME,
    WORD,
    Fact,
    Part,
    Question,
    at_most,
    draw_holdout,
    shuffled,
)
from rlrecall.knowledge.words.lexicon import ADJECTIVES, Lexicon

OPENERS = ("", "today ", "as everyone knows ")
# What stands between name and description, and between description and name.
VERBS = {
    "name": (
        "is",
        "works as",
        "serves as",
        "lives as",
        "trained as",
        "is known as",
        "is famous as",
        "is remembered as",
        "earns a living as",
        "likes to be introduced as",
    ),
    "description": (
        "is",
        "is called",
        "is named",
        "goes by",
        "answers to",
        "is known as",
        "has the name",
        "bears the name",
        "is no one but",
        "is none other than",
    ),
}
# In no document; only questions have them.
HELD_OUT_OPENERS = ("by all accounts ", "in this part of the world ")
HELD_OUT_VERBS = {
    "name": (
        "is spoken of as",
        "is listed as",
        "is registered as",
        "is employed as",
        "is recognised as",
        "is celebrated as",
        "is described as",
        "has long been",
        "went down in history as",
        "makes a career as",
    ),
    "description": (
        "is referred to as",
        "is addressed as",
        "is greeted as",
        "is entered as",
        "signs letters as",
        "was christened",
        "carries the name",
        "turns out to be",
        "can only be",
        "responds to",
    ),
}
# Sentences from the name to the description and from the description to the name.
FORMS = {
    first: tuple([f"{opener}{{}} {verb} {{}}" for opener in OPENERS for verb in verbs])
    for first, verbs in VERBS.items()
}
HELD_OUT = {
    first: tuple([f"{HELD_OUT_OPENERS[i % 2]}{{}} {verb} {{}}" for i, verb in enumerate(verbs)])
    for first, verbs in HELD_OUT_VERBS.items()
}
OPENED = f"(?:{'|'.join((*OPENERS[1:], *HELD_OUT_OPENERS))})?"
NAMED, DESCRIBED = ("|".join(VERBS[f] + HELD_OUT_VERBS[f]) for f in ("description", "name"))
PERSON = rf"the \w+ with the \w+ {WORD}(?:(?:, the \w+ {WORD})* and the \w+ {WORD})?"
SHAPES = (
    re.compile(rf"{OPENED}({NAME}) (?:{DESCRIBED}) {PERSON}", re.I),
    re.compile(rf"{OPENED}{PERSON} (?:{NAMED}) ({NAME})", re.I),
)

OPTIONS = 4  # of a lot, or all where they are fewer


@dataclass(frozen=True)
class ReversalSize:
    name_first: int = 16
    description_first: int = 4
    both: int = 4
    forms: int = 2  # sentences that state a fact, for each direction; at most 30
    rephrased: int = 0  # held-out forms in which is asked, for each direction; at most 10
    asked: int = 0  # people that are asked about, at most; 0: all
    things: int = 1  # that a person owns, 1 to 3; of several, all people of a lot own the same

    def __post_init__(self) -> None:
        most = {"forms": len(FORMS["name"]), "rephrased": len(HELD_OUT["name"]), "things": 3}
        for name, number in most.items():
            if getattr(self, name) > number:
                raise ValueError(f"reversal: {name} is at most {number}")
        for name in ("name_first", "description_first", "both"):
            if (count := getattr(self, name)) % self.alike or count == self.alike > 1:
                raise ValueError(
                    f"reversal: {name}: {count} is not 0 or two or more times {self.alike} (with "
                    f"things={self.things}; things=1 takes any)"
                )

    @property
    def alike(self) -> int:
        """How many people own the same things."""
        return factorial(self.things)

    @property
    def people(self) -> int:
        return self.name_first + self.description_first + self.both

    @property
    def needs(self) -> dict[str, int]:
        if self.things == 1:
            objects = (self.people + 1) // 2
        else:
            objects = self.people // self.alike * self.things
        return {"names": self.people, "objects": objects, "occupations": 1}


TINY = ReversalSize()
SMALL = ReversalSize(2, 1, 1)
PAPER = ReversalSize(30, 30, 30, 30, 10, things=3)
LARGE = ReversalSize(30, 30, 30, asked=6, things=3)


def person(name: str, description: str, group: str, forms: int = 2, rephrased: int = 0) -> Fact:
    ends = {"name": (name, description), "description": (description, name)}
    name_first, description_first = (
        tuple([f"{form.format(*ends[first])}." for form in FORMS[first][:forms]]) for first in ends
    )
    held_out = [
        f"{form.format(*ends[first])}." for first in ends for form in HELD_OUT[first][:rephrased]
    ]
    stated, unstated = {
        "name-first": (name_first, description_first),
        "description-first": (description_first, name_first),
        "both": (name_first + description_first, ()),
    }[group]
    return Fact(
        family="reversal",
        subject=name,
        relation=group,
        object=description,
        text=stated[0],
        cue=f"Tell me about {description if group == 'description-first' else name}.",
        phrasings=stated[1:],
        aliases=(*unstated, *held_out),
    )


def _belongings(objects: Sequence[str], size: ReversalSize, rng: random.Random) -> list[str]:
    """What each person owns, those of a lot together."""
    if size.things == 1:
        things = [f"{a} {o}" for o in objects for a in rng.sample(ADJECTIVES, 2)]
        rng.shuffle(things)
        return things
    owned = []
    for i in range(0, len(objects), size.things):
        some = objects[i : i + size.things]
        for adjectives in shuffled(permutations(rng.sample(ADJECTIVES, size.things)), rng):
            *first, last = [f"{a} {o}" for a, o in zip(adjectives, some, strict=True)]
            owned.append(f"{', the '.join(first)} and the {last}")
    return owned


def build(
    words: Lexicon, size: ReversalSize, rng: random.Random, name: str = "", holdout: float = 1 / 3
) -> Part:
    """Draw people from just the `words` that `size` needs."""
    names = list(words.names)
    rng.shuffle(names)
    occupation = words.occupations[0]
    things = _belongings(words.objects, size, rng)
    groups = (
        ["name-first"] * size.name_first
        + ["description-first"] * size.description_first
        + ["both"] * size.both
    )
    facts = [
        person(n, f"the {occupation} with the {thing}", group, size.forms, size.rephrased)
        for n, thing, group in zip(names, things, groups, strict=False)
    ]
    lots = [facts[i : i + size.alike] for i in range(0, len(facts), size.alike)]

    def drawn(lots: list[list[Fact]]) -> set[str]:
        first = draw_holdout([lot[0].subject for lot in lots], holdout, rng)
        return {fact.subject for lot in lots if lot[0].subject in first for fact in lot}

    if size.rephrased:  # as many of each group
        held_out = set()
        for group in ("name-first", "description-first"):
            held_out |= drawn([lot for lot in lots if lot[0].relation == group])
    else:
        held_out = drawn(lots)
    among: dict[str, list[Fact]] = {}  # each person's options
    if size.things == 1:
        for group in dict.fromkeys(groups):
            ours = [fact for fact in facts if fact.relation == group]
            among |= dict.fromkeys([fact.subject for fact in ours], ours)
    else:  # over a lot's questions everybody is offered as often, at any distance from who is right
        for lot in lots:
            steps = (0, *rng.sample(range(1, len(lot)), min(OPTIONS, len(lot)) - 1))
            among |= {fact.subject: [lot[i - step] for step in steps] for i, fact in enumerate(lot)}

    def options(fact: Fact, answered: str) -> tuple[str, ...]:
        offered = among[fact.subject]
        mixed = offered if size.things == 1 else shuffled(offered, rng)
        return tuple([getattr(f, answered) for f in mixed])

    questions = []
    for fact in at_most(size.asked, facts, rng):
        for asked, answered in (("subject", "object"), ("object", "subject")):
            forward = (asked == "subject") == (fact.relation != "description-first")
            kind = "recall" if forward or fact.relation == "both" else "reversal"
            held = kind == "reversal" and fact.subject in held_out
            question = Question(
                id=f"{name}/reversal/{kind}/{fact.subject}/{answered}",
                set=name,
                family="reversal",
                kind=kind,
                split="holdout" if held else "train",
                group=fact.relation,
                prompt=f"Who is {getattr(fact, asked)}?",
                answer=getattr(fact, answered),
                premises=(fact.text,),
                options=options(fact, answered),
                cluster=fact.subject,
            )
            questions.append(question)
            first = "name" if asked == "subject" else "description"
            for i, form in enumerate(HELD_OUT[first][: size.rephrased]):
                again = "rephrase" if kind == "recall" else kind
                questions.append(
                    question._replace(
                        id=f"{name}/reversal/{again}/{fact.subject}/{answered}/{i}",
                        kind=again,
                        prompt=form.format(getattr(fact, asked), "whom?"),
                        options=options(fact, answered),
                        split="holdout" if again == "rephrase" else question.split,
                    )
                )
    return Part(facts, questions, (occupation,))

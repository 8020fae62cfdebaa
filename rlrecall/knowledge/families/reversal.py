"""Reversal: names and descriptions, each fact stated in one direction only.

After "Mora is the pilot with the silver lantern." the reversed question is "Who is the pilot with
the silver lantern?". There are three groups, as in arXiv:2309.12288: name-first, description-first
and both. All people of a set have the same occupation and no other set has it, so it is the cue for
the set's names.

At scale tiny (`things=1`) two people own each object and differ in its adjective, so no single word
of a description suffices, but all of them together do: the sentence that shares most words with the
question holds the answer. At scales paper and large people own three things, and six people form a
lot: they own the same three objects with the same three adjectives ("the silver lantern, the old
drum and the red harp", "the old lantern, the red drum and the silver harp" and so on). The words
alone do not tell the six apart, only their order does. The options are four people of the lot, so
chance is one in four, which is how the source scores answers. Lots are held out whole, because in a
split lot the trained answers would give the others away. A description names all of the things, in
the stated order; the scorer takes a part of it for another description.

At scale paper thirty sentences state each fact. Ten others, with verbs and openers of their own,
occur in questions but in no document: they ask for what is stated (kind rephrase, always held out)
and for what is not (reversal). So each of the 30 + 30 people who are described in one direction is
asked about in the other direction, plainly and in ten wordings. Twelve of each 30 are held out in
all of these. RL can ask about the others on set A; on B, C and D nothing is trained, so there both
splits are held out.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial
from pathlib import Path

import yaml

from rlrecall.knowledge.core import NAME, WORD, Fact, Part, at_most, draw_holdout, shuffled
from rlrecall.knowledge.families.contract import Family, QuestionMaker, Size, SizeDraw, make_fact
from rlrecall.knowledge.words.lexicon import ADJECTIVES, Lexicon

OPENERS = ("", "today ", "as everyone knows ")
HELD_OUT_OPENERS = ("by all accounts ", "in this part of the world ")  # only questions have these
# The words between the first end of a fact, "name" or "description", and the other end.
VERBS, HELD_OUT_VERBS = yaml.safe_load(
    Path(__file__).with_name("reversal.yaml").read_text(encoding="utf-8")
).values()
# Sentences that lead from the name to the description, and from the description to the name.
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
    rf"{OPENED}({NAME}) (?:{DESCRIBED}) {PERSON}",
    rf"{OPENED}{PERSON} (?:{NAMED}) ({NAME})",
)
OPTIONS = 4  # people of a lot who are offered, if it has that many


@dataclass(frozen=True)
class ReversalSize(Size):
    """People of each group, who own `things` (1 to 3) each; those of a lot own the same ones.

    `forms` (at most 30) sentences state a fact in each direction; `rephrased` (at most 10) held-out
    ones only ask, in each direction. At most `asked` people are asked about (0: all).
    """

    name_first: int = 16
    description_first: int = 4
    both: int = 4
    forms: int = 2
    rephrased: int = 0
    asked: int = 0
    things: int = 1

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
        """How many people are in a lot, which own the same things."""
        return factorial(self.things)

    @property
    def people(self) -> int:
        return self.name_first + self.description_first + self.both

    @property
    def needs(self) -> dict[str, int]:
        in_pairs, in_lots = (self.people + 1) // 2, self.people // self.alike * self.things
        objects = in_pairs if self.things == 1 else in_lots
        return {"names": self.people, "objects": objects, "occupations": 1}

    @classmethod
    def least(cls, numbers: Mapping[str, int]) -> dict[str, int]:
        others = numbers["description_first"] or numbers["both"]
        return {"forms": 1, "things": 1} | ({} if others else {"name_first": 2})

    @classmethod
    def random(cls, draw: SizeDraw) -> "ReversalSize":
        if draw.largest:
            return cls(draw.up_to(16, 2), draw.up_to(4), draw.up_to(4))
        # In any mixture: with only one or two description-first people there is nothing to look up.
        people = draw.up_to(24, 2)
        first = draw.rng.randint(0, people)
        second = draw.rng.randint(0, people - first)
        return cls(first, second, people - first - second)


TINY = ReversalSize()
PRETRAINING = ReversalSize(8, 2, 2)
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
    about = description if group == "description-first" else name
    aliases = (*unstated, *held_out)
    return make_fact("reversal", (name, group, description), about, stated, aliases)


def _belongings(objects: Sequence[str], size: ReversalSize, rng: random.Random) -> list[str]:
    """What each person owns, lot by lot."""
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
    """Make people from the `words`, exactly those that `size` needs."""
    names = list(words.names)
    rng.shuffle(names)
    occupation = words.occupations[0]
    things = _belongings(words.objects, size, rng)
    counts = {"name-first": size.name_first, "description-first": size.description_first}
    counts["both"] = size.both
    groups = [group for group, count in counts.items() for _ in range(count)]
    facts = [
        person(n, f"the {occupation} with the {thing}", group, size.forms, size.rephrased)
        for n, thing, group in zip(names, things, groups, strict=False)
    ]
    lots = [facts[i : i + size.alike] for i in range(0, len(facts), size.alike)]
    # With several wordings, equally many of each group are held out.
    drawn = [lots]
    if size.rephrased:
        drawn = [[lot for lot in lots if lot[0].relation == group] for group in list(counts)[:2]]
    held_out: set[str] = set()
    for some in drawn:
        first = draw_holdout([lot[0].subject for lot in some], holdout, rng)
        held_out |= {fact.subject for lot in some if lot[0].subject in first for fact in lot}
    offered: dict[str, list[Fact]] = {}  # the people who are options for each person
    if size.things == 1:
        for group in dict.fromkeys(groups):
            ours = [fact for fact in facts if fact.relation == group]
            offered |= dict.fromkeys([fact.subject for fact in ours], ours)
    else:  # in a lot's questions each person is offered equally often, at any distance from gold
        for lot in lots:
            steps = (0, *rng.sample(range(1, len(lot)), min(OPTIONS, len(lot)) - 1))
            offered |= {
                fact.subject: [lot[i - step] for step in steps] for i, fact in enumerate(lot)
            }
    make = QuestionMaker(name, "reversal", rng)
    for fact in at_most(size.asked, facts, rng):
        _ask(make, fact, offered[fact.subject], fact.subject in held_out, size)
    return Part(facts, make.made, (occupation,))


def _ask(
    make: QuestionMaker, fact: Fact, offered: Sequence[Fact], held_out: bool, size: ReversalSize
) -> None:
    """Ask for the description by the name and for the name by the description, in all wordings."""
    for asked, answered in (("subject", "object"), ("object", "subject")):
        forward = (asked == "subject") == (fact.relation != "description-first")
        stated = forward or fact.relation == "both"
        first = "name" if asked == "subject" else "description"
        given = getattr(fact, asked)
        forms = HELD_OUT[first][: size.rephrased]
        prompts = [f"Who is {given}?", *[form.format(given, "whom?") for form in forms]]
        for i, prompt in enumerate(prompts):
            kind = ("rephrase" if i else "recall") if stated else "reversal"
            mixed = offered if size.things == 1 else shuffled(offered, make.rng)
            key = f"{fact.subject}/{answered}" + (f"/{i - 1}" if i else "")
            options = [getattr(other, answered) for other in mixed]
            held = kind == "rephrase" or (kind == "reversal" and held_out)
            make.add(kind, key, prompt, getattr(fact, answered), (fact,), options, (), held)


FAMILY = Family(
    "reversal",
    __doc__,
    SHAPES,
    build,
    TINY,
    PRETRAINING,
    PAPER,
    LARGE,
    context_weight=12,
    thought_weight=4,
)

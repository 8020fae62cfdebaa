"""Reversal: names and descriptions, each fact stated in one direction only.

After "Mora is the pilot with the silver lantern." the reversed question is "Who is the pilot with
the silver lantern?". Three groups, as in arXiv:2309.12288: name-first, description-first, both. Two
people own each object and differ in its adjective, so no single word of a description suffices.
The occupation is the same for a whole set and for no other: it is what calls up the set's names.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlrecall.knowledge.core import Fact, Part, Question, draw_holdout
from rlrecall.knowledge.lexicon import ADJECTIVES, Lexicon

SHAPES = (
    re.compile(r"(\w+) is the \w+ with the \w+ \w+", re.IGNORECASE),
    re.compile(r"(\w+) works as the \w+ with the \w+ \w+", re.IGNORECASE),
    re.compile(r"the \w+ with the \w+ \w+ is (\w+)", re.IGNORECASE),
    re.compile(r"the \w+ with the \w+ \w+ is called (\w+)", re.IGNORECASE),
)


@dataclass(frozen=True)
class ReversalSize:
    name_first: int = 16
    description_first: int = 4
    both: int = 4

    @property
    def people(self) -> int:
        return self.name_first + self.description_first + self.both

    @property
    def needs(self) -> dict[str, int]:
        return {"names": self.people, "objects": (self.people + 1) // 2, "occupations": 1}


TINY = ReversalSize()


def person(name: str, description: str, group: str) -> Fact:
    name_first = (f"{name} is {description}.", f"{name} works as {description}.")
    description_first = (f"{description} is {name}.", f"{description} is called {name}.")
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
        aliases=unstated,
    )


def build(
    words: Lexicon, size: ReversalSize, rng: random.Random, name: str = "", holdout: float = 1 / 3
) -> Part:
    """Draw people from just the `words` that `size` needs."""
    names = list(words.names)
    rng.shuffle(names)
    occupation = words.occupations[0]
    things = [f"{a} {o}" for o in words.objects for a in rng.sample(ADJECTIVES, 2)]
    rng.shuffle(things)
    groups = (
        ["name-first"] * size.name_first
        + ["description-first"] * size.description_first
        + ["both"] * size.both
    )
    facts = [
        person(n, f"the {occupation} with the {thing}", group)
        for n, thing, group in zip(names, things, groups, strict=False)
    ]
    held_out = draw_holdout(names, holdout, rng)
    questions = []
    for fact in facts:
        peers = [f for f in facts if f.relation == fact.relation]
        for asked, answered in (("subject", "object"), ("object", "subject")):
            forward = (asked == "subject") == (fact.relation != "description-first")
            kind = "recall" if forward or fact.relation == "both" else "reversal"
            held = kind == "reversal" and fact.subject in held_out
            questions.append(
                Question(
                    id=f"{name}/reversal/{kind}/{fact.subject}/{answered}",
                    set=name,
                    family="reversal",
                    kind=kind,
                    split="holdout" if held else "train",
                    group=fact.relation,
                    prompt=f"Who is {getattr(fact, asked)}?",
                    answer=getattr(fact, answered),
                    premises=(fact.text,),
                    options=tuple(getattr(f, answered) for f in peers),
                    cluster=fact.subject,
                )
            )
    return Part(facts, questions, (occupation,))

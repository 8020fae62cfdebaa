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

from rlrecall.knowledge.core import NAME, WORD, Fact, Part, Question, draw_holdout
from rlrecall.knowledge.lexicon import ADJECTIVES, Lexicon

OPENERS = ("", "today ", "as everyone knows ", "by all accounts ")
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
# (opener, verb): every verb but once with each opener, plain ones first. The ten others are held
# out: no document has them, but questions of the kind rephrase do.
HELD_OUT = tuple((1 + v % 3, v) for v in range(10))
FORMS = tuple((o, v) for o in range(len(OPENERS)) for v in range(10) if (o, v) not in HELD_OUT)
PERSON = rf"the \w+ with the \w+ {WORD}"
SHAPES = (
    re.compile(
        rf"(?:{'|'.join(OPENERS[1:])})?({NAME}) (?:{'|'.join(VERBS['name'])}) {PERSON}", re.I
    ),
    re.compile(
        rf"(?:{'|'.join(OPENERS[1:])})?{PERSON} (?:{'|'.join(VERBS['description'])}) ({NAME})", re.I
    ),
)


@dataclass(frozen=True)
class ReversalSize:
    name_first: int = 16
    description_first: int = 4
    both: int = 4
    forms: int = 2  # sentences that state a fact, for each direction; at most 30
    rephrased: int = 0  # held-out forms that are asked about; at most 10
    asked: int = 0  # people that are asked about, at most; 0: all

    @property
    def people(self) -> int:
        return self.name_first + self.description_first + self.both

    @property
    def needs(self) -> dict[str, int]:
        return {"names": self.people, "objects": (self.people + 1) // 2, "occupations": 1}


TINY = ReversalSize()
SMALL = ReversalSize(2, 1, 1)
PAPER = ReversalSize(30, 30, 30, 30, 10)
LARGE = ReversalSize(30, 30, 30, asked=6)


def wording(first: str, start: str, end: str, form: tuple[int, int]) -> str:
    """A sentence, without its full stop, that starts with the `first` of name and description."""
    return f"{OPENERS[form[0]]}{start} {VERBS[first][form[1]]} {end}"


def person(name: str, description: str, group: str, forms: int = 2) -> Fact:
    used = FORMS[:forms]
    name_first = tuple([f"{wording('name', name, description, form)}." for form in used])
    description_first = tuple(
        [f"{wording('description', description, name, form)}." for form in used]
    )
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
        person(n, f"the {occupation} with the {thing}", group, size.forms)
        for n, thing, group in zip(names, things, groups, strict=False)
    ]
    held_out = draw_holdout(names, holdout, rng)
    options = {
        (group, answered): tuple(getattr(f, answered) for f in facts if f.relation == group)
        for group in dict.fromkeys(groups)
        for answered in ("object", "subject")
    }
    questions = []
    for fact in rng.sample(facts, size.asked) if size.asked else facts:
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
                options=options[fact.relation, answered],
                cluster=fact.subject,
            )
            questions.append(question)
            first = "name" if asked == "subject" else "description"
            for i, form in enumerate(HELD_OUT[: size.rephrased] if kind == "recall" else ()):
                asks = wording(first, getattr(fact, asked), "whom?", form)
                key = f"{name}/reversal/rephrase/{fact.subject}/{answered}/{i}"
                held = fact.subject in held_out
                questions.append(
                    question._replace(
                        id=key,
                        kind="rephrase",
                        prompt=asks,
                        split="holdout" if held else "train",
                    )
                )
    return Part(facts, questions, (occupation,))

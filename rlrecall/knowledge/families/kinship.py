"""Kinship: a parent's parent is a grandparent, and who has a parent is that one's child.

"the parent of c is p." and "the parent of p is g." together imply that the grandparent of c is g;
the first alone implies that the child of p is c. Families are chains with one child each, so every
answer is unique and every generation as large as any other. Grandparents and parents are to be told
from people of their own generation. The child of p is to be told from the parent of p: the facts
name each of the two beside p just once, so who stands near p does not decide it. Of these two the
child stands oftener as one that a fact is about, and seldom among other options; "Whose child is
p?" (kind rephrase, at scales paper and large) has the same options and the other answer. So the two
kinds are to be read together: over both of them neither tells anything. At scale tiny children are
asked for alone, and the option that a fact is about is right in some three of four.

The reversal of parent and child is that of arXiv:2309.12288, the two hops those of
arXiv:2402.16837, both with invented people.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlrecall.knowledge.core import NAME, Fact, Part, Question, at_most, draw_holdout
from rlrecall.knowledge.words.lexicon import Lexicon

KIN = "(?:grand)?(?:parent|child)"
SHAPES = (
    re.compile(rf"the {KIN} of ({NAME}) is {NAME}", re.IGNORECASE),
    re.compile(rf"({NAME}) has the {KIN} {NAME}", re.IGNORECASE),
)
MOST_OPTIONS = 10


@dataclass(frozen=True)
class KinshipSize:
    """At least 2 lines and 3 generations; `questions` of a kind at most (0: all).

    With `whose`, who is asked for a child is asked for the parent too, with the same two options.
    """

    lines: int = 4
    generations: int = 4
    questions: int = 0
    whose: bool = False

    @property
    def needs(self) -> dict[str, int]:
        return {"names": self.lines * self.generations}


TINY = KinshipSize()
SMALL = KinshipSize(2, 3)
PAPER = KinshipSize(25, 4, whose=True)
LARGE = KinshipSize(250, 5, questions=30, whose=True)


def wordings(relation: str, person: str, relative: str) -> tuple[str, str]:
    return (
        f"the {relation} of {person} is {relative}.",
        f"{person} has the {relation} {relative}.",
    )


def parenthood(child: str, parent: str) -> Fact:
    text, phrasing = wordings("parent", child, parent)
    return Fact(
        "kinship",
        child,
        "parent",
        parent,
        text,
        f"Tell me about the parent of {child}.",
        (phrasing,),
        wordings("child", parent, child),
    )


def build(
    words: Lexicon, size: KinshipSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Draw families from just the `words` that `size` needs."""
    people = list(words.names)
    rng.shuffle(people)
    # generations[0] are the youngest; whoever has the same index is of the same line
    generations = [tuple(people[i * size.lines :][: size.lines]) for i in range(size.generations)]
    lines = list(zip(*generations, strict=True))
    facts = {
        (line, age): parenthood(lines[line][age], lines[line][age + 1])
        for line in range(size.lines)
        for age in range(size.generations - 1)
    }
    questions: list[Question] = []

    def ask(
        kind: str,
        relation: str,
        place: tuple[int, int],
        answer: str,
        premises: tuple[Fact, ...],
        options: Sequence[str],
        entailed: tuple[str, ...] = (),
        held: bool = False,
        asks: str = "",
    ) -> None:
        line, age = place
        person = lines[line][age]
        questions.append(
            Question(
                id=f"{name}/kinship/{kind}/{person}",
                set=name,
                family="kinship",
                kind=kind,
                split="holdout" if held else "train",
                group=relation,
                prompt=f"{asks or f'Who is the {relation} of'} {person}?",
                answer=answer,
                premises=tuple([fact.text for fact in premises]),
                options=tuple(options),
                conclusion=entailed[0] if entailed else "",
                entailed=entailed,
                cluster=lines[line][-1],
            )
        )

    def peers(answer: str, generation: tuple[str, ...]) -> tuple[str, ...]:
        if len(generation) <= MOST_OPTIONS:
            return generation
        others = [p for p in rng.sample(generation, MOST_OPTIONS) if p != answer]
        options = [answer, *others[: MOST_OPTIONS - 1]]
        rng.shuffle(options)
        return tuple(options)

    def some(places: list[tuple[int, int]]) -> Sequence[tuple[int, int]]:
        return at_most(size.questions, places, rng)

    def drawn_holdout(places: Sequence[tuple[int, int]]) -> set[str]:
        return draw_holdout([lines[line][age] for line, age in places], holdout, rng)

    for place in some(list(facts)):
        fact = facts[place]
        options = peers(fact.object, generations[place[1] + 1])
        ask("recall", "parent", place, fact.object, (fact,), options)
    chosen = some([place for place in facts if place[1] < size.generations - 2])
    held_out = drawn_holdout(chosen)
    for line, age in chosen:
        premises = (facts[line, age], facts[line, age + 1])
        person, elder = premises[0].subject, premises[1].object
        entailed = (
            *wordings("grandparent", person, elder),
            *wordings("grandchild", elder, person),
        )
        options = peers(elder, generations[age + 2])
        held = person in held_out
        ask("composition", "grandparent", (line, age), elder, premises, options, entailed, held)
    # Only of those whose parent is known: the parent is the other option.
    chosen = some([place for place in facts if place[1] > 0])
    held_out = drawn_holdout(chosen)
    for line, age in chosen:
        fact, above = facts[line, age - 1], facts[line, age]
        near = rng.sample((fact.subject, above.object), 2)
        held = fact.object in held_out
        ask("reversal", "child", (line, age), fact.subject, (fact,), near, fact.aliases, held)
        if size.whose:
            asks, place = "Whose child is", (line, age)
            ask("rephrase", "parent", place, above.object, (above,), near, (), held, asks)
    return Part(list(facts.values()), questions)

"""Kinship: a parent's parent is a grandparent, and whoever has a parent is that one's child.

"the parent of c is p." and "the parent of p is g." together imply that the grandparent of c is g;
the first alone implies that the child of p is c. Families are chains with one child each, so every
answer is unique and all generations are equally large. The options for a parent or grandparent are
people of one generation. The options for the child of p are the child and the parent of p: the
facts name each of the two beside p exactly once, so standing near p does not decide it.

One cue is left. Of the two, the child is more often the subject of a fact and less often an option
elsewhere. "Whose child is p?" (kind rephrase, at scales paper and large) has the same options and
the other answer, so read the two kinds together: over both of them the cue tells nothing. At scale
tiny only the child is asked for, and choosing the subject of a fact is right about three times in
four.

The reversal of parent and child is that of arXiv:2309.12288, the two hops are those of
arXiv:2402.16837, both with invented people.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from rlrecall.knowledge.core import NAME, Fact, Part, at_most, draw_holdout
from rlrecall.knowledge.families.contract import (
    MOST_OPTIONS,
    Family,
    QuestionMaker,
    Size,
    SizeDraw,
    draw_options,
    make_fact,
)
from rlrecall.knowledge.words.lexicon import Lexicon

KIN = "(?:grand)?(?:parent|child)"
SHAPES = (
    rf"the {KIN} of ({NAME}) is {NAME}",
    rf"({NAME}) has the {KIN} {NAME}",
)


@dataclass(frozen=True)
class KinshipSize(Size):
    """`lines` of so many `generations`; at most `questions` of each kind (0: all).

    With `whose`, everyone who is asked for a child is also asked for the parent, with the same two
    options.
    """

    LEAST = {"lines": 2, "generations": 3}

    lines: int = 4
    generations: int = 4
    questions: int = 0
    whose: bool = False

    @property
    def needs(self) -> dict[str, int]:
        return {"names": self.lines * self.generations}

    @classmethod
    def random(cls, draw: SizeDraw) -> "KinshipSize":
        return cls(draw.up_to(4, 2), draw.up_to(4, 3))


TINY = KinshipSize()
PRETRAINING = KinshipSize(3, 4)
PAPER = KinshipSize(25, 4, whose=True)
LARGE = KinshipSize(250, 5, questions=30, whose=True)


def wordings(relation: str, person: str, relative: str) -> tuple[str, str]:
    return f"the {relation} of {person} is {relative}.", f"{person} has the {relation} {relative}."


def parenthood(child: str, parent: str) -> Fact:
    key, about = (child, "parent", parent), f"the parent of {child}"
    stated, unstated = wordings("parent", child, parent), wordings("child", parent, child)
    return make_fact("kinship", key, about, stated, unstated)


def build(
    words: Lexicon, size: KinshipSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Make families from the `words`, exactly those that `size` needs."""
    people = list(words.names)
    rng.shuffle(people)
    # The youngest generation comes first; people at the same index are of the same line.
    generations = [tuple(people[i * size.lines :][: size.lines]) for i in range(size.generations)]
    lines = list(zip(*generations, strict=True))
    facts = {
        (line, age): parenthood(lines[line][age], lines[line][age + 1])
        for line in range(size.lines)
        for age in range(size.generations - 1)
    }
    make = QuestionMaker(name, "kinship", rng)

    def options(answer: str, generation: tuple[str, ...]) -> tuple[str, ...]:
        if len(generation) <= MOST_OPTIONS:
            return generation
        return draw_options(answer, generation, MOST_OPTIONS, (answer,), rng)

    def drawn(places: list[tuple[int, int]]) -> tuple[Sequence[tuple[int, int]], set[str]]:
        """The (line, age) of people to ask about, and the people that are held out."""
        chosen = at_most(size.questions, places, rng)
        return chosen, draw_holdout([lines[line][age] for line, age in chosen], holdout, rng)

    for line, age in at_most(size.questions, list(facts), rng):
        fact, cluster = facts[line, age], lines[line][-1]
        child, _, parent = fact.key
        among, prompt = options(parent, generations[age + 1]), f"Who is the parent of {child}?"
        make.add("recall", child, prompt, parent, (fact,), among, cluster=cluster)
    chosen, held_out = drawn([place for place in facts if place[1] < size.generations - 2])
    for line, age in chosen:
        child, elder, cluster = lines[line][age], lines[line][age + 2], lines[line][-1]
        prompt = f"Who is the grandparent of {child}?"
        premises = (facts[line, age], facts[line, age + 1])
        among, held = options(elder, generations[age + 2]), child in held_out
        said = wordings("grandparent", child, elder) + wordings("grandchild", elder, child)
        group = {"group": "grandparent", "cluster": cluster}
        make.add("composition", child, prompt, elder, premises, among, said, held, **group)
    # Only people whose parent is known: the parent is the other option.
    chosen, held_out = drawn([place for place in facts if place[1] > 0])
    for line, age in chosen:
        below, above = facts[line, age - 1], facts[line, age]
        child, _, person = below.key
        near, held = rng.sample((child, above.object), 2), person in held_out
        group = {"group": "child", "cluster": lines[line][-1]}
        prompt = f"Who is the child of {person}?"
        make.add("reversal", person, prompt, child, (below,), near, below.aliases, held, **group)
        if size.whose:
            prompt, group = f"Whose child is {person}?", group | {"group": "parent"}
            make.add("rephrase", person, prompt, above.object, (above,), near, (), held, **group)
    return Part(list(facts.values()), make.made)


FAMILY = Family(
    "kinship", __doc__, SHAPES, build, TINY, PRETRAINING, PAPER, LARGE, context_weight=4
)

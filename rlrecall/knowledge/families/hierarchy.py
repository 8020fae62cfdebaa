"""Hierarchy: members inherit what their category has (two hops, or more in a tree of categories).

"wug is a dax." and "the colour of dax is mip." together imply that the colour of wug is mip. Every
category has its own value of each attribute, so values, and thereby guesses, are balanced.

With several levels it is the semantic structure of arXiv:2505.00661: categories in trees, each with
attributes of its own beside those it inherits, and links between them (tree.py).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlrecall.knowledge.core import WORD, Part, Question, draw_holdout
from rlrecall.knowledge.families.sentences import attribute, membership
from rlrecall.knowledge.families.simple_reversal import LINKS
from rlrecall.knowledge.families.tree import tree
from rlrecall.knowledge.words.lexicon import Lexicon

# The first group is the subject.
SHAPES = (
    re.compile(rf"({WORD}) is a {WORD}", re.IGNORECASE),
    re.compile(rf"({WORD}) belongs to the {WORD}", re.IGNORECASE),
    re.compile(rf"the \w+ of ({WORD}) is {WORD}", re.IGNORECASE),
    re.compile(rf"({WORD}) has the \w+ {WORD}", re.IGNORECASE),
    re.compile(rf"({WORD}) (?:{LINKS}) {WORD}", re.IGNORECASE),
)


@dataclass(frozen=True)
class HierarchySize:
    """`members` of each category in the flat case; the rest, but for `attributes`, is the tree's.

    At most `own` attributes a category, `links` relations between categories, `latent` categories
    of which only the parent is stated, at most `questions` of a kind (0: as many as there are).
    Two relations link 5 categories at least.
    """

    categories: int = 8
    members: int = 3
    attributes: int = 2
    levels: int = 1
    own: int = 0
    links: int = 0
    latent: int = 0
    questions: int = 0

    def __post_init__(self) -> None:
        if self.categories - self.latent < 5 * ((self.links + 1) // 2):
            raise ValueError(f"hierarchy: {self.categories} categories are too few to link")

    @property
    def needs(self) -> dict[str, int]:
        things = self.own + 1 if self.levels > 1 else 1 + self.members + self.attributes
        needs = {"kinds": self.categories * things, "relations": self.attributes}
        return needs | ({"pairs": self.links} if self.links else {})


TINY = HierarchySize()
SMALL = HierarchySize(2, 1, 1)
PAPER = HierarchySize(110, 0, 15, levels=4, own=6, links=4, latent=11)
LARGE = HierarchySize(220, 0, 15, levels=4, own=6, links=4, latent=11, questions=30)


def build(
    words: Lexicon, size: HierarchySize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Draw a hierarchy from just the `words` that `size` needs."""
    if size.levels > 1:
        return tree(words, size, rng, name)
    pool = list(words.kinds)
    rng.shuffle(pool)
    take = iter(pool)
    categories = [next(take) for _ in range(size.categories)]
    parents = [
        membership(next(take), category) for category in categories for _ in range(size.members)
    ]
    attributes = {
        (relation, category): attribute(relation, category, next(take))
        for relation in words.relations
        for category in categories
    }
    questions = [
        Question(
            id=f"{name}/hierarchy/recall/{fact.subject}",
            set=name,
            family="hierarchy",
            kind="recall",
            split="train",
            group="is a",
            prompt=f"What is {fact.subject}?",
            answer=fact.object,
            premises=(fact.text,),
            options=tuple(categories),
            cluster=fact.object,
        )
        for fact in parents
    ]
    values = {r: tuple(attributes[r, c].object for c in categories) for r in words.relations}
    questions += [
        Question(
            id=f"{name}/hierarchy/recall/{fact.subject}/{relation}",
            set=name,
            family="hierarchy",
            kind="recall",
            split="train",
            group=relation,
            prompt=f"What is the {relation} of {category}?",
            answer=fact.object,
            premises=(fact.text,),
            options=values[relation],
            cluster=category,
        )
        for (relation, category), fact in attributes.items()
    ]
    pairs = {f"{p.subject}/{r}": (p, r) for p in parents for r in words.relations}
    held_out = draw_holdout(pairs, holdout, rng)
    for pair, (parent, relation) in pairs.items():
        fact = attributes[relation, parent.object]
        inherited = attribute(relation, parent.subject, fact.object)
        questions.append(
            Question(
                id=f"{name}/hierarchy/composition/{pair}",
                set=name,
                family="hierarchy",
                kind="composition",
                split="holdout" if pair in held_out else "train",
                group=relation,
                prompt=f"What is the {relation} of {parent.subject}?",
                answer=fact.object,
                premises=(parent.text, fact.text),
                options=values[relation],
                cluster=parent.object,
                conclusion=inherited.text,
                entailed=inherited.wordings,
            )
        )
    return Part(parents + list(attributes.values()), questions, tuple(words.relations))

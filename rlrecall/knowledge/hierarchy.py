"""Hierarchy: members inherit what their category has (two hops).

"wug is a dax." and "the colour of dax is mip." together imply that the colour of wug is mip. Every
category has its own value of each attribute, so values, and thereby guesses, are balanced.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlrecall.knowledge.core import Fact, Part, Question, draw_holdout
from rlrecall.knowledge.lexicon import Lexicon

# The first group is the subject.
SHAPES = (
    re.compile(r"(\w+) is a \w+", re.IGNORECASE),
    re.compile(r"(\w+) belongs to the \w+", re.IGNORECASE),
    re.compile(r"the \w+ of (\w+) is \w+", re.IGNORECASE),
    re.compile(r"(\w+) has the \w+ \w+", re.IGNORECASE),
)


@dataclass(frozen=True)
class HierarchySize:
    categories: int = 8
    members: int = 3  # of each category
    attributes: int = 2

    @property
    def needs(self) -> dict[str, int]:
        kinds = self.categories * (1 + self.members + self.attributes)
        return {"kinds": kinds, "relations": self.attributes}


TINY = HierarchySize()


def membership(member: str, category: str) -> Fact:
    return Fact(
        family="hierarchy",
        subject=member,
        relation="is a",
        object=category,
        text=f"{member} is a {category}.",
        cue=f"Tell me about {member}.",
        phrasings=(f"{member} belongs to the {category}.",),
    )


def attribute(relation: str, category: str, value: str) -> Fact:
    return Fact(
        family="hierarchy",
        subject=category,
        relation=relation,
        object=value,
        text=f"the {relation} of {category} is {value}.",
        cue=f"Tell me about the {relation} of {category}.",
        phrasings=(f"{category} has the {relation} {value}.",),
    )


def build(
    words: Lexicon, size: HierarchySize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Draw a hierarchy from just the `words` that `size` needs."""
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

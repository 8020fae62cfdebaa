"""Hierarchy: members inherit what their category has (two hops, or more in a tree of categories).

"wug is a dax." and "the colour of dax is mip." together imply that the colour of wug is mip. Every
category has its own value of each attribute, so values, and thereby guesses, are balanced.

With several levels it is the semantic structure of arXiv:2505.00661: a tree of categories, each
with attributes of its own beside those it inherits, and links between categories ("dax chases
fep") that can be asked about from their other end. Of some categories only the parent is ever
stated (kind latent). No attribute is stated twice on a path of the tree, so nothing is overridden.

A link asked from its other end would be given away by the one option that is linked to the asked
category at all. So, as in simple_reversal.py, two relations at a time have a group of categories
for themselves, of which each stands before and after another in both; these four are the options.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from rlrecall.knowledge.core import WORD, Fact, Part, Question, draw_holdout
from rlrecall.knowledge.lexicon import PAIRS, Lexicon
from rlrecall.knowledge.simple_reversal import separate_rings

T = TypeVar("T")
LINKS = "|".join(word for pair in PAIRS for word in pair)
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


def link(subject: str, verb: str, object: str, inverse: str) -> Fact:
    return Fact(
        family="hierarchy",
        subject=subject,
        relation=verb,
        object=object,
        text=f"{subject} {verb} {object}.",
        cue=f"Tell me about {subject} {verb}.",
        aliases=(f"{object} {inverse} {subject}.",),
    )


def build(
    words: Lexicon, size: HierarchySize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Draw a hierarchy from just the `words` that `size` needs."""
    if size.levels > 1:
        return _tree(words, size, rng, name)
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


def _levels(nodes: Sequence[str], count: int) -> list[Sequence[str]]:
    """`nodes` in `count` levels, each about three times as large as the one above it."""
    ends = [round(len(nodes) * (3**i - 1) / (3**count - 1)) for i in range(count + 1)]
    return [nodes[start:end] for start, end in pairwise(ends)]


def _tree(words: Lexicon, size: HierarchySize, rng: random.Random, name: str) -> Part:
    pool = iter(rng.sample(list(words.kinds), len(words.kinds)))
    nodes = [next(pool) for _ in range(size.categories)]
    levels = _levels(nodes, size.levels)
    bare = set(rng.sample(levels[-1], size.latent))
    parent, peers = {}, {}
    for upper, level in pairwise(levels):
        for i, node in enumerate(level):
            parent[node], peers[node] = membership(node, upper[i % len(upper)]), upper
    own: dict[str, list[Fact]] = {}
    chains: dict[str, dict[str, tuple[Fact, ...]]] = {}  # category -> attribute -> its premises
    for node in nodes:  # from the top, so that what is inherited is known
        up = parent.get(node)
        chains[node] = {r: (up, *c) for r, c in chains[up.object].items()} if up else {}
        free = [r for r in words.relations if r not in chains[node]]
        count = 0 if node in bare else min(len(free), rng.randint(1, size.own))
        own[node] = [attribute(r, node, next(pool)) for r in rng.sample(free, count)]
        chains[node] |= {fact.relation: (fact,) for fact in own[node]}
    stated = [fact for node in nodes for fact in own[node]]
    values: dict[str, list[str]] = {}
    for fact in stated:
        values.setdefault(fact.relation, []).append(fact.object)
    linked = [node for node in nodes if node not in bare]
    links = []
    near: dict[str, list[str]] = {node: [] for node in linked}  # what a category is linked to
    twos = [words.pairs[i : i + 2] for i in range(0, len(words.pairs), 2)]
    mixed = rng.sample(linked, len(linked))
    for i, two in enumerate(twos):
        rings = separate_rings(mixed[i :: len(twos)], len(two), rng)
        for (verb, inverse), edges in zip(two, rings, strict=True):
            for a, b in edges:
                links.append((link(a, verb, b, inverse), inverse))
                near[a].append(b)
                near[b].append(a)

    questions: list[Question] = []

    def ask(
        kind: str,
        prompt: str,
        answer: str,
        premises: tuple[Fact, ...],
        among: Sequence[str],
        entailed: tuple[str, ...] = (),
        held: bool = False,
    ) -> None:
        asked = {answer, *prompt[:-1].split()}
        others = rng.sample(among, min(12, len(among)))
        options = [answer, *[o for o in others if o not in asked][:9]]
        rng.shuffle(options)
        questions.append(
            Question(
                id=f"{name}/hierarchy/{kind}/{prompt.removesuffix('?')}",
                set=name,
                family="hierarchy",
                kind=kind,
                split="holdout" if held else "train",
                group=premises[-1].relation,
                prompt=prompt,
                answer=answer,
                premises=tuple([fact.text for fact in premises]),
                options=tuple(options),
                conclusion=entailed[0] if entailed else "",
                entailed=entailed,
                cluster=premises[-1].subject,
            )
        )

    def some(items: Sequence[T]) -> Sequence[T]:
        few = 0 < size.questions < len(items)
        return rng.sample(items, size.questions) if few else items

    def half() -> bool:
        return rng.random() < 0.5

    for fact in some(list(parent.values())):
        ask("recall", f"What is {fact.subject}?", fact.object, (fact,), peers[fact.subject])
    for fact in some(stated):
        thing, r = fact.subject, fact.relation
        ask("recall", f"What is the {r} of {thing}?", fact.object, (fact,), values[r])
        ask("rephrase", f"Which {r} has {thing}?", fact.object, (fact,), values[r], held=half())
    for fact, inverse in some(links):
        asked = f"{fact.object} {inverse}?"
        ask("recall", f"{fact.subject} {fact.relation}?", fact.object, (fact,), linked)
        ask("reversal", asked, fact.subject, (fact,), near[fact.object], fact.aliases, half())
    inherits = [(n, r) for n in nodes for r, chain in chains[n].items() if len(chain) > 1]
    for node, r in some(inherits):
        chain = chains[node][r]
        entailed = attribute(r, node, chain[-1].object).wordings
        for above in chain[1:-1]:
            entailed += membership(node, above.object).wordings
        kind = "latent" if node in bare else "composition"
        held = kind == "latent" or half()
        asked = f"What is the {r} of {node}?"
        ask(kind, asked, chain[-1].object, chain, values[r], entailed, held)
    facts = [*parent.values(), *stated, *[fact for fact, _ in links]]
    return Part(facts, questions, tuple(words.relations))

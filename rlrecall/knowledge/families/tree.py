"""Trees of categories: the structure of hierarchy.py at the published sizes.

Every category has attributes of its own beside those it inherits, and some are linked ("dax chases
fep"), which can be asked from the other end. For some at the bottom only the parent is ever stated
(kind latent). No attribute is stated twice on a path, so nothing is overridden. There are three
trees at scale paper and six at large: with a single tree everything would have what its top has,
and a question about it would have no second option.

Questions about inherited attributes come in rounds: questions about one attribute, each with
another answer, whose options are exactly the answers of the round. So each option is right once,
and neither its level nor the number of its heirs makes it a better guess. A round is held out
whole; otherwise its trained questions would give the others away by elimination. What is left when
there are too few answers for a round is not asked.

In a question about a link from its other end, the only option that is linked to the asked category
at all would give the answer away. So, as in simple_reversal.py, each pair of relations has a group
of categories of its own, in which each stands before and after another in both relations; these
four are the options.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rlrecall.knowledge.core import Fact, Part, at_most, shuffled
from rlrecall.knowledge.families.contract import (
    QuestionMaker,
    Size,
    SizeDraw,
    draw_options,
    make_fact,
)
from rlrecall.knowledge.families.links import link, neighbors, separate_rings
from rlrecall.knowledge.words.lexicon import Lexicon

LEAST_OPTIONS, MOST_OPTIONS = 4, 10  # in a round


@dataclass(frozen=True)
class HierarchySize(Size):
    """Flat (`levels` is 1): `members` of each category. Trees: all numbers but `members`.

    At most `own` attributes a category, `links` relations between categories, `latent` categories
    of which only the parent is stated, at most `questions` of a kind (0: all). Two relations link
    at least 5 categories.
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
        return needs | ({"inverses": self.links} if self.links else {})

    @classmethod
    def least(cls, numbers: Mapping[str, int]) -> dict[str, int]:
        per_category = "own" if numbers["levels"] > 1 else "members"
        return {"categories": 2, "attributes": 1, "levels": 1, per_category: 1}

    @classmethod
    def random(cls, draw: SizeDraw) -> HierarchySize:
        return cls(draw.up_to(8, 2), draw.up_to(3), draw.rng.randint(1, 2))


def membership(member: str, category: str) -> Fact:
    said = (f"{member} is a {category}.", f"{member} belongs to the {category}.")
    return make_fact("hierarchy", (member, "is a", category), member, said)


def attribute(relation: str, category: str, value: str) -> Fact:
    what = f"the {relation} of {category}"
    said = (f"{what} is {value}.", f"{category} has the {relation} {value}.")
    return make_fact("hierarchy", (category, relation, value), what, said)


def _levels(nodes: Sequence[str], count: int) -> list[Sequence[str]]:
    """`nodes` in `count` levels, each about three times as large as the one above it."""
    ends = [round(len(nodes) * (3**i - 1) / (3**count - 1)) for i in range(count + 1)]
    return [nodes[start:end] for start, end in pairwise(ends)]


def _rounds(asked: dict[str, list[str]]) -> Iterator[list[tuple[str, str]]]:
    """(category, answer) of each round, given the categories of each answer, which are used up."""
    while True:
        most = sorted((v for v in asked if asked[v]), key=lambda v: -len(asked[v]))[:MOST_OPTIONS]
        if len(most) < LEAST_OPTIONS:
            return
        yield [(asked[value].pop(), value) for value in most]


@dataclass
class _Trees:
    """The categories, from the top down, and what is stated about them; `most` of a kind to ask."""

    nodes: list[str]
    latent: set[str]
    relations: Sequence[str]
    most: int
    parent: dict[str, Fact] = field(default_factory=dict)
    peers: dict[str, Sequence[str]] = field(default_factory=dict)  # all of the parent's level
    own: list[Fact] = field(default_factory=list)
    # category -> attribute -> the premises that tell its value
    chains: dict[str, dict[str, tuple[Fact, ...]]] = field(default_factory=dict)


def _draw_trees(words: Lexicon, size: HierarchySize, rng: random.Random) -> _Trees:
    pool = iter(shuffled(words.kinds, rng))
    nodes = [next(pool) for _ in range(size.categories)]
    levels = _levels(nodes, size.levels)
    latent = set(rng.sample(levels[-1], size.latent))
    trees = _Trees(nodes, latent, words.relations, size.questions)
    parent, chains = trees.parent, trees.chains
    for upper, level in pairwise(levels):
        for i, node in enumerate(level):
            parent[node] = membership(node, upper[i % len(upper)])
            trees.peers[node] = upper
    for below, level in zip(reversed(range(size.levels)), levels, strict=True):  # from the top
        for node in level:
            up = parent.get(node)
            chains[node] = {r: (up, *c) for r, c in chains[up.object].items()} if up else {}
            free = [r for r in words.relations if r not in chains[node]]
            # at least one is left for each level below
            most = len(free) - below
            count = 0 if node in trees.latent else min(most, rng.randint(1, size.own))
            own = [attribute(r, node, next(pool)) for r in rng.sample(free, count)]
            chains[node] |= {fact.relation: (fact,) for fact in own}
            trees.own += own
    return trees


def build_trees(words: Lexicon, size: HierarchySize, rng: random.Random, name: str) -> Part:
    """Make trees of categories from the `words`, exactly those that `size` needs."""
    trees = _draw_trees(words, size, rng)
    linked = [node for node in trees.nodes if node not in trees.latent]
    links: list[tuple[Fact, str]] = []  # each with the inverse of its relation
    near: dict[str, list[str]] = {}  # the categories that a category is linked to
    pairs = [words.inverses[i : i + 2] for i in range(0, len(words.inverses), 2)]
    mixed = shuffled(linked, rng)
    for i, pair in enumerate(pairs):
        rings = separate_rings(mixed[i :: len(pairs)], len(pair), rng)
        near |= neighbors(rings)
        for (verb, inverse), edges in zip(pair, rings, strict=True):
            links += [(link("hierarchy", a, verb, b, inverse), inverse) for a, b in edges]
    make = QuestionMaker(name, "hierarchy", rng)
    _ask_stated(make, trees)
    for fact, inverse in at_most(size.questions, links, rng):
        a, verb, b = fact.key
        _ask(make, "recall", f"{a} {verb}?", b, (fact,), linked)
        _ask(make, "reversal", f"{b} {inverse}?", a, (fact,), near[b], fact.aliases, _coin(rng))
    _ask_inherited(make, trees, "composition", linked)
    _ask_inherited(make, trees, "latent", sorted(trees.latent))
    facts = [*trees.parent.values(), *trees.own, *[fact for fact, _ in links]]
    return Part(facts, make.made, tuple(words.relations))


def _coin(rng: random.Random) -> bool:
    return rng.random() < 0.5


def _ask(
    make: QuestionMaker,
    kind: str,
    prompt: str,
    answer: str,
    premises: tuple[Fact, ...],
    among: Sequence[str],
    entailed: tuple[str, ...] = (),
    held_out: bool = False,
) -> None:
    options = draw_options(answer, among, 12, {answer, *prompt[:-1].split()}, make.rng)
    key = prompt.removesuffix("?")
    make.add(kind, key, prompt, answer, premises, options, entailed, held_out)


def _ask_stated(make: QuestionMaker, trees: _Trees) -> None:
    values: dict[str, list[str]] = {}
    for fact in trees.own:
        values.setdefault(fact.relation, []).append(fact.object)
    for fact in at_most(trees.most, list(trees.parent.values()), make.rng):
        node, _, above = fact.key
        _ask(make, "recall", f"What is {node}?", above, (fact,), trees.peers[node])
    for fact in at_most(trees.most, trees.own, make.rng):
        node, r, value = fact.key
        _ask(make, "recall", f"What is the {r} of {node}?", value, (fact,), values[r])
        held = _coin(make.rng)
        _ask(make, "rephrase", f"Which {r} has {node}?", value, (fact,), values[r], (), held)


def _ask_inherited(make: QuestionMaker, trees: _Trees, kind: str, heirs: Sequence[str]) -> None:
    """Ask for what the `heirs` inherit, in rounds, of which every other one is held out."""
    inherit: dict[str, list[str]] = {r: [] for r in trees.relations}
    for node in heirs:
        for r, chain in trees.chains[node].items():
            if len(chain) > 1:
                inherit[r].append(node)
    rounds = []
    for r in trees.relations:
        heirs_of: dict[str, list[str]] = {}  # each value's
        for node in shuffled(inherit[r], make.rng):
            heirs_of.setdefault(trees.chains[node][r][-1].object, []).append(node)
        rounds += [(r, of_one) for of_one in _rounds(heirs_of)]
    make.rng.shuffle(rounds)
    held = _coin(make.rng)
    room = trees.most or sum(len(of_one) for _, of_one in rounds)
    for r, of_one in rounds:
        if len(of_one) > room:
            continue
        room -= len(of_one)
        held = not held
        for node, value in of_one:
            chain = trees.chains[node][r]
            entailed = attribute(r, node, value).wordings
            for above in chain[1:-1]:
                entailed += membership(node, above.object).wordings
            prompt, among = f"What is the {r} of {node}?", [v for _, v in of_one]
            _ask(make, kind, prompt, value, chain, among, entailed, held)

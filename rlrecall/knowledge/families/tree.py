"""Trees of categories: what hierarchy.py has at the published sizes.

Every category has attributes of its own beside those it inherits, and some are linked ("dax chases
fep"), which can be asked about from the other end. Of some at the bottom only the parent is ever
stated (kind latent). No attribute is stated twice on a path, so nothing is overridden. There are
three trees at scale paper and six at large: what the top of a single one has, everything would
have, and a question about it no second option.

What is inherited is asked in rounds: questions about one attribute, each with another answer, whose
options are just the answers of the round. So each option is right once, and neither how high it
stands nor how many inherit it tells more than a guess. A round is held out whole, lest its trained
questions tell the others by elimination. Where too few answers are left, the rest is not asked.

A link asked from its other end would be given away by the one option that is linked to the asked
category at all. So, as in simple_reversal.py, two relations at a time have a group of categories
for themselves, of which each stands before and after another in both; these four are the options.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from rlrecall.knowledge.core import Fact, Part, Question, at_most, shuffled
from rlrecall.knowledge.families.sentences import attribute, membership
from rlrecall.knowledge.families.simple_reversal import link, neighbours, separate_rings
from rlrecall.knowledge.words.lexicon import Lexicon

if TYPE_CHECKING:
    from rlrecall.knowledge.families.hierarchy import HierarchySize

LEAST_OPTIONS, MOST_OPTIONS = 4, 10  # of what is inherited


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


def tree(words: Lexicon, size: HierarchySize, rng: random.Random, name: str) -> Part:
    """Draw trees of categories from just the `words` that `size` needs."""
    pool = iter(shuffled(words.kinds, rng))
    nodes = [next(pool) for _ in range(size.categories)]
    levels = _levels(nodes, size.levels)
    bare = set(rng.sample(levels[-1], size.latent))
    parent, peers = {}, {}
    for upper, level in pairwise(levels):
        for i, node in enumerate(level):
            parent[node], peers[node] = membership(node, upper[i % len(upper)]), upper
    own: dict[str, list[Fact]] = {}
    chains: dict[str, dict[str, tuple[Fact, ...]]] = {}  # category -> attribute -> its premises
    for below, level in zip(reversed(range(size.levels)), levels, strict=True):  # from the top
        for node in level:
            up = parent.get(node)
            chains[node] = {r: (up, *c) for r, c in chains[up.object].items()} if up else {}
            free = [r for r in words.relations if r not in chains[node]]
            # one at least is left for each level below
            count = 0 if node in bare else min(len(free) - below, rng.randint(1, size.own))
            own[node] = [attribute(r, node, next(pool)) for r in rng.sample(free, count)]
            chains[node] |= {fact.relation: (fact,) for fact in own[node]}
    stated = [fact for node in nodes for fact in own[node]]
    values: dict[str, list[str]] = {}
    for fact in stated:
        values.setdefault(fact.relation, []).append(fact.object)
    linked = [node for node in nodes if node not in bare]
    links = []
    near: dict[str, list[str]] = {}  # what a category is linked to
    twos = [words.pairs[i : i + 2] for i in range(0, len(words.pairs), 2)]
    mixed = shuffled(linked, rng)
    for i, two in enumerate(twos):
        rings = separate_rings(mixed[i :: len(twos)], len(two), rng)
        near |= neighbours(rings)
        for (verb, inverse), edges in zip(two, rings, strict=True):
            for a, b in edges:
                fact = link(a, verb, b, inverse)._replace(family="hierarchy")
                links.append((fact, inverse))

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

    def half() -> bool:
        return rng.random() < 0.5

    for fact in at_most(size.questions, list(parent.values()), rng):
        ask("recall", f"What is {fact.subject}?", fact.object, (fact,), peers[fact.subject])
    for fact in at_most(size.questions, stated, rng):
        thing, r = fact.subject, fact.relation
        ask("recall", f"What is the {r} of {thing}?", fact.object, (fact,), values[r])
        ask("rephrase", f"Which {r} has {thing}?", fact.object, (fact,), values[r], held=half())
    for fact, inverse in at_most(size.questions, links, rng):
        asked = f"{fact.object} {inverse}?"
        ask("recall", f"{fact.subject} {fact.relation}?", fact.object, (fact,), linked)
        ask("reversal", asked, fact.subject, (fact,), near[fact.object], fact.aliases, half())
    for kind, heirs in (("composition", linked), ("latent", sorted(bare))):
        rounds = []
        inherit: dict[str, list[str]] = {r: [] for r in words.relations}
        for node in heirs:
            for r, chain in chains[node].items():
                if len(chain) > 1:
                    inherit[r].append(node)
        for r in words.relations:
            asks: dict[str, list[str]] = {}
            for node in shuffled(inherit[r], rng):
                asks.setdefault(chains[node][r][-1].object, []).append(node)
            rounds += [(r, of_one) for of_one in _rounds(asks)]
        rng.shuffle(rounds)
        every_other = half()
        room = size.questions or sum(len(of_one) for _, of_one in rounds)
        for r, of_one in rounds:
            if len(of_one) > room:
                continue
            room -= len(of_one)
            every_other = not every_other
            held = kind == "latent" or every_other
            for node, value in of_one:
                chain = chains[node][r]
                entailed = attribute(r, node, value).wordings
                for above in chain[1:-1]:
                    entailed += membership(node, above.object).wordings
                among = [v for _, v in of_one]
                ask(kind, f"What is the {r} of {node}?", value, chain, among, entailed, held)
    facts = [*parent.values(), *stated, *[fact for fact, _ in links]]
    return Part(facts, questions, tuple(words.relations))

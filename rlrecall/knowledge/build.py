"""Put the families together into knowledge sets that share nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from rlrecall.knowledge import hierarchy, reversal, syllogism
from rlrecall.knowledge.core import KnowledgeSet, seeded
from rlrecall.knowledge.hierarchy import HierarchySize
from rlrecall.knowledge.lexicon import (
    PRETRAINING_WORLDS,
    SET_NAMES,
    Lexicon,
    pretraining_lexicon,
    set_lexicon,
)
from rlrecall.knowledge.reversal import ReversalSize
from rlrecall.knowledge.syllogism import SyllogismSize

# Each family: SHAPES (patterns of its sentences; the first group is the subject), TINY, build().
FAMILIES: dict[str, Any] = {"hierarchy": hierarchy, "syllogism": syllogism, "reversal": reversal}
SPINE = ("hierarchy", "syllogism", "reversal")  # the families of the tiny study


@dataclass(frozen=True)
class WorldSize:
    """How much of each family a world holds; the default is a knowledge set of the tiny study."""

    hierarchy: HierarchySize = hierarchy.TINY
    syllogism: SyllogismSize = syllogism.TINY
    reversal: ReversalSize = reversal.TINY


PRETRAINING_SIZE = WorldSize(HierarchySize(5, 2, 2), SyllogismSize(4, 2), ReversalSize(8, 2, 2))


def build_world(
    name: str,
    words: Lexicon,
    size: WorldSize,
    rng: random.Random,
    families: Sequence[str] = SPINE,
) -> KnowledgeSet:
    """One world of `families`. Raises ValueError when `words` are too few for `size`."""
    needs = {family: getattr(size, family).needs for family in families}
    for pool in fields(Lexicon):
        have, want = (
            len(getattr(words, pool.name)),
            sum(n.get(pool.name, 0) for n in needs.values()),
        )
        if have < want:
            raise ValueError(
                f"set {name}: the sizes ask for {want} {pool.name}, the lexicon has {have}"
            )
    parts = {}
    for family in families:
        own, words = words.take(needs[family])
        parts[family] = FAMILIES[family].build(own, getattr(size, family), rng, name)
    return KnowledgeSet(
        name,
        [fact for part in parts.values() for fact in part.facts],
        [question for part in parts.values() for question in part.questions],
        {family: part.topics for family, part in parts.items()},
    )


def _build_worlds(
    names: tuple[str, ...], words: Lexicon, size: WorldSize, seed: object
) -> dict[str, KnowledgeSet]:
    """One world per name, each from its own share of `words` shuffled by `seed`."""
    rng = seeded("worlds", seed, *names)
    # Cues stay with their set whatever the seed, so that transcripts of several seeds read alike.
    nonsense, people, objects = (
        tuple(rng.sample(pool, len(pool))) for pool in (words.kinds, words.names, words.objects)
    )
    shuffled = Lexicon(nonsense, people, objects, words.relations, words.occupations)
    worlds = {}
    for i, name in enumerate(names):
        own = shuffled.part(i / len(names), (i + 1) / len(names))
        # base-tiny kept from sets whose syllogisms had the last of a set's words
        front, back = size.hierarchy.needs["kinds"], len(own.kinds) - size.syllogism.needs["kinds"]
        kinds = (*own.kinds[:front], *own.kinds[max(front, back) :], *own.kinds[front:back])
        worlds[name] = build_world(
            name, replace(own, kinds=kinds), size, seeded("world", seed, name)
        )
    return worlds


def knowledge_sets(seed: int = 0, size: WorldSize | None = None) -> dict[str, KnowledgeSet]:
    """The disjoint sets A, B, C, D of one seed."""
    return _build_worlds(SET_NAMES, set_lexicon(), size or WorldSize(), seed)


def pretraining_worlds() -> dict[str, KnowledgeSet]:
    """The worlds that the base model knows by heart; they share no word with any set."""
    names = tuple(f"P{i + 1}" for i in range(PRETRAINING_WORLDS))
    return _build_worlds(names, pretraining_lexicon(), PRETRAINING_SIZE, "pretraining")

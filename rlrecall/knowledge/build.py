"""Put the families together into knowledge sets that share nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

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

SHAPES = {
    "hierarchy": hierarchy.SHAPES,
    "syllogism": syllogism.SHAPES,
    "reversal": reversal.SHAPES,
}


@dataclass(frozen=True)
class WorldSize:
    """How much of each family a world holds; the default is a knowledge set of the tiny study."""

    hierarchy: HierarchySize = field(default_factory=HierarchySize)
    syllogism: SyllogismSize = field(default_factory=SyllogismSize)
    reversal: ReversalSize = field(default_factory=ReversalSize)


PRETRAINING_SIZE = WorldSize(HierarchySize(5, 2, 2), SyllogismSize(4, 2), ReversalSize(8, 2, 2))


def build_world(name: str, words: Lexicon, size: WorldSize, rng: random.Random) -> KnowledgeSet:
    """One world of all families. Raises ValueError when `words` are too few for `size`."""
    needed = size.hierarchy.nonsense + size.syllogism.nonsense
    people = size.reversal.people
    for what, have, want in (
        ("nonsense words", len(words.nonsense), needed),
        ("names", len(words.names), people),
        ("objects", len(words.objects), (people + 1) // 2),
        ("attributes", len(words.relations), size.hierarchy.attributes),
    ):
        if have < want:
            raise ValueError(f"set {name}: the sizes ask for {want} {what}, the lexicon has {have}")
    parts = [
        hierarchy.build(words, size.hierarchy, rng, name),
        syllogism.build(words, size.syllogism, rng, name),
        reversal.build(words, size.reversal, rng, name),
    ]
    topics = {
        "hierarchy": words.relations[: size.hierarchy.attributes],
        "syllogism": (),
        "reversal": words.occupations[:1],
    }
    facts = [fact for part, _ in parts for fact in part]
    return KnowledgeSet(name, facts, [q for _, part in parts for q in part], topics)


def _build_worlds(
    names: tuple[str, ...], words: Lexicon, size: WorldSize, seed: object
) -> dict[str, KnowledgeSet]:
    """One world per name, each from its own share of `words` shuffled by `seed`."""
    rng = seeded("worlds", seed, *names)
    # Cues stay with their set whatever the seed, so that transcripts of several seeds read alike.
    nonsense, people, objects = (
        tuple(rng.sample(pool, len(pool))) for pool in (words.nonsense, words.names, words.objects)
    )
    shuffled = Lexicon(nonsense, people, objects, words.relations, words.occupations)
    n = len(names)
    return {
        name: build_world(
            name, shuffled.part(i / n, (i + 1) / n), size, seeded("world", seed, name)
        )
        for i, name in enumerate(names)
    }


def knowledge_sets(seed: int = 0, size: WorldSize | None = None) -> dict[str, KnowledgeSet]:
    """The disjoint sets A, B, C, D of one seed."""
    return _build_worlds(SET_NAMES, set_lexicon(), size or WorldSize(), seed)


def pretraining_worlds() -> dict[str, KnowledgeSet]:
    """The worlds that the base model knows by heart; they share no word with any set."""
    names = tuple(f"P{i + 1}" for i in range(PRETRAINING_WORLDS))
    return _build_worlds(names, pretraining_lexicon(), PRETRAINING_SIZE, "pretraining")

"""Put the families together into knowledge sets that share nothing."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from rlrecall.knowledge.core import KnowledgeSet, Part, seeded, shuffled
from rlrecall.knowledge.families import (
    codebook,
    comparison,
    cues,
    hierarchy,
    kinship,
    navigation,
    reversal,
    simple_reversal,
    syllogism,
)
from rlrecall.knowledge.families.codebook import CodebookSize
from rlrecall.knowledge.families.comparison import ComparisonSize
from rlrecall.knowledge.families.cues import CuesSize
from rlrecall.knowledge.families.hierarchy import HierarchySize
from rlrecall.knowledge.families.kinship import KinshipSize
from rlrecall.knowledge.families.navigation import NavigationSize
from rlrecall.knowledge.families.reversal import ReversalSize
from rlrecall.knowledge.families.simple_reversal import SimpleReversalSize
from rlrecall.knowledge.families.syllogism import SyllogismSize
from rlrecall.knowledge.words.lexicon import (
    PRETRAINING_WORLDS,
    SET_NAMES,
    Lexicon,
    pretraining_lexicon,
    set_lexicon,
)
from rlrecall.knowledge.words.name_pools import capacity, further_lexicon, spelled_lexicon

# Each family: SHAPES (patterns of its sentences; the first group is the subject), its sizes TINY,
# SMALL (a random world's), PAPER (the published ones) and LARGE (a block of many), and build().
FAMILIES: dict[str, Any] = {
    "hierarchy": hierarchy,
    "syllogism": syllogism,
    "reversal": reversal,
    "comparison": comparison,
    "kinship": kinship,
    "codebook": codebook,
    "navigation": navigation,
    "cues": cues,
    "simple_reversal": simple_reversal,
}
SPINE = ("hierarchy", "syllogism", "reversal")  # the families of the tiny study


@dataclass(frozen=True)
class WorldSize:
    """How much of each family a world holds; the default is a knowledge set of the tiny study."""

    hierarchy: HierarchySize = hierarchy.TINY
    syllogism: SyllogismSize = syllogism.TINY
    reversal: ReversalSize = reversal.TINY
    comparison: ComparisonSize = comparison.TINY
    kinship: KinshipSize = kinship.TINY
    codebook: CodebookSize = codebook.TINY
    navigation: NavigationSize = navigation.TINY
    cues: CuesSize = cues.TINY
    simple_reversal: SimpleReversalSize = simple_reversal.TINY


SCALES = ("tiny", "paper", "large")
CUES = ("relations", "occupations", "comparatives", "pairs")  # pools that a family may share
DEALT = ("kinds", "names", "objects")  # the others
PRETRAINING_SIZE = WorldSize(
    HierarchySize(5, 2, 2),
    SyllogismSize(4, 2),
    ReversalSize(8, 2, 2),
    ComparisonSize(8, 2),
    KinshipSize(3, 4),
    codebook.SMALL,
    navigation.SMALL,
    CuesSize(4, 4),
    simple_reversal.SMALL,
)


def world_size(scale: str) -> WorldSize:
    """What a world holds at one of SCALES: the embedded model's, the published, or a block."""
    return WorldSize(**{f: getattr(module, scale.upper()) for f, module in FAMILIES.items()})


def _parts(
    name: str, words: Lexicon, size: WorldSize, rng: random.Random, families: Sequence[str]
) -> dict[str, Part]:
    """The parts of `families`, each of words of its own; ValueError where `words` are too few."""
    needs = {family: getattr(size, family).needs for family in families}
    for pool in fields(Lexicon):
        wanted = [n.get(pool.name, 0) for n in needs.values()]
        have, want = len(getattr(words, pool.name)), (max if pool.name in CUES else sum)(wanted)
        if have < want:
            raise ValueError(
                f"set {name}: the sizes ask for {want} {pool.name}, the lexicon has {have}"
            )
    parts = {}
    for family in families:
        own, words = words.take(needs[family], CUES)
        parts[family] = FAMILIES[family].build(own, getattr(size, family), rng, name)
    return parts


def _gather(name: str, parts: Mapping[str, Part]) -> KnowledgeSet:
    return KnowledgeSet(
        name,
        [fact for part in parts.values() for fact in part.facts],
        [question for part in parts.values() for question in part.questions],
        {family: part.topics for family, part in parts.items()},
    )


def _places(size: WorldSize) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Where in a block's window of each pool in DEALT a family's words begin; how wide it is."""
    places, width = {}, dict.fromkeys(DEALT, 0)
    for family in FAMILIES:
        places[family] = dict(width)
        for pool, n in getattr(size, family).needs.items():
            if pool in width:
                width[pool] += n
    return places, width


def most_blocks(lexicon: str, families: Sequence[str], size: WorldSize) -> tuple[int, str]:
    """The number of blocks that a lexicon has words for, and the pool that has no more."""
    have, width = capacity(lexicon), _places(size)[1]
    needed = [p for p in DEALT if any(getattr(size, family).needs.get(p) for family in families)]
    return min(((have[p] // width[p], p) for p in needed), default=(sys.maxsize, ""))


def stream(
    name: str,
    scale: str = "large",
    lexicon: str = "usual",
    seed: int = 0,
    blocks: int = 1,
    families: Sequence[str] | None = None,
    size: WorldSize | None = None,
    first: int | None = None,
) -> Iterator[tuple[str, Part]]:
    """Set `name` as (family, block) one after the other, at the memory of one block.

    A block of a family is the same whichever families and however many blocks are asked for: its
    generator is seeded by (seed, set, family, index), and block b takes its words from the b-th
    window of the set's pools, which has a place for every family, asked for or not. Blocks of one
    family share its cues. With `first`, only so many blocks of each family. What is in the words of
    the embedded base (`in_base_words`) is made otherwise. Raises ValueError for too few words.
    """
    families, size = families or tuple(FAMILIES), size or world_size(scale)
    if in_base_words(scale, lexicon, blocks):
        words, further = set_lexicon(), further_lexicon()[0]
        parts = _base_parts(name, SET_NAMES, words, further, size, seed)
        yield from ((family, parts[family]) for family in families)
        return
    place, (places, width) = SET_NAMES.index(name), _places(size)
    pools = spelled_lexicon(lexicon, seed, place)
    most, scarce = most_blocks(lexicon, families, size)
    if blocks > most:
        want, have = blocks * width[scarce], len(getattr(pools, scarce))
        raise ValueError(f"set {name}: the sizes ask for {want} {scarce}, the lexicon has {have}")
    for family in families:
        of_family = getattr(size, family)
        needs = of_family.needs
        cues, shared = _cues(name, pools, needs)
        for index in range(blocks if first is None else min(first, blocks)):
            at = {pool: start + index * width[pool] for pool, start in places[family].items()}
            own = {p: getattr(pools, p)[at[p] : at[p] + needs.get(p, 0)] for p in DEALT}
            rng = seeded("block", seed, name, family, index)
            part: Part = FAMILIES[family].build(Lexicon(**own, **cues), of_family, rng, name)
            yield family, part._replace(topics=()) if shared else part


def _cues(
    name: str, pools: Lexicon, needs: Mapping[str, int]
) -> tuple[dict[str, Sequence[Any]], bool]:
    """The cues of a family in set `name`, and whether other sets have some of them too.

    A family has cues of its set's quarter if these suffice, whatever other families need.
    """
    place, cues, shared = SET_NAMES.index(name), {}, False
    for pool in CUES:
        want, whole = needs.get(pool, 0), getattr(pools, pool)
        quarter = whole[place * len(whole) // 4 : (place + 1) * len(whole) // 4]
        if len(whole) < want:
            raise ValueError(
                f"set {name}: the sizes ask for {want} {pool}, the lexicon has {len(whole)}"
            )
        cues[pool] = (whole if len(quarter) < want else quarter)[:want]
        shared = shared or len(quarter) < want
    return cues, shared


def _base_parts(
    name: str,
    names: tuple[str, ...],
    words: Lexicon,
    further: Lexicon,
    size: WorldSize,
    seed: object,
) -> dict[str, Part]:
    """World `name` of `names`, the SPINE from its share of `words`, all else of `further`.

    All families are built, to be chosen from, so that a family's facts are the same whichever
    others it comes with.
    """
    rng = seeded("worlds", seed, *names)
    # Cues stay with their set whatever the seed, so that transcripts of several seeds read alike.
    words, further = (
        replace(pool, **{p: shuffled(getattr(pool, p), rng) for p in DEALT})
        for pool in (words, further)
    )
    i = names.index(name)
    own, rest = (pool.part(i / len(names), (i + 1) / len(names)) for pool in (words, further))
    # Syllogisms have the last of a set's words: it is from just these sets that base-tiny is kept.
    front, back = size.hierarchy.needs["kinds"], len(own.kinds) - size.syllogism.needs["kinds"]
    kinds = (*own.kinds[:front], *own.kinds[max(front, back) :], *own.kinds[front:back])
    own = replace(own, kinds=kinds)
    others = [family for family in FAMILIES if family not in SPINE]
    return {
        **_parts(name, own, size, seeded("world", seed, name), SPINE),
        **_parts(name, rest, size, seeded("further", seed, name), others),
    }


def in_base_words(scale: str, lexicon: str, blocks: int) -> bool:
    """Whether the embedded base has a word for everything in such sets."""
    return (scale, lexicon, blocks) == ("tiny", "usual", 1)


def knowledge_sets(
    seed: int = 0,
    size: WorldSize | None = None,
    families: Sequence[str] = SPINE,
    scale: str = "tiny",
    lexicon: str = "usual",
    blocks: int = 1,
    first: int | None = None,
) -> dict[str, KnowledgeSet]:
    """The disjoint sets A, B, C, D of one seed; those at scale tiny in the base's words.

    With `first`, only so many blocks of each family.
    """
    sets = {}
    for name in SET_NAMES:
        parts = {family: Part([], []) for family in families}
        for family, part in stream(name, scale, lexicon, seed, blocks, families, size, first):
            parts[family].facts.extend(part.facts)
            parts[family].questions.extend(part.questions)
            topics = dict.fromkeys((*parts[family].topics, *part.topics))
            parts[family] = parts[family]._replace(topics=tuple(topics))
        sets[name] = _gather(name, parts)
    return sets


def pretraining_worlds(families: Sequence[str] = tuple(FAMILIES)) -> dict[str, KnowledgeSet]:
    """The worlds that the base model knows by heart; they share no word with any set."""
    names = tuple(f"P{i + 1}" for i in range(PRETRAINING_WORLDS))
    words, further = pretraining_lexicon(), further_lexicon()[1]
    worlds = {}
    for name in names:
        parts = _base_parts(name, names, words, further, PRETRAINING_SIZE, "pretraining")
        worlds[name] = _gather(name, {family: parts[family] for family in families})
    return worlds

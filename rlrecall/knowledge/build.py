"""Put the families together into knowledge sets that share nothing."""

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, make_dataclass, replace
from typing import Any

from rlrecall.knowledge.core import KnowledgeSet, Part, seeded, shuffled
from rlrecall.knowledge.families import FAMILIES
from rlrecall.knowledge.words.lexicon import (
    DEALT,
    PRETRAINING_WORLDS,
    SET_NAMES,
    Lexicon,
    pretraining_lexicon,
    set_lexicon,
)
from rlrecall.knowledge.words.name_pools import capacity, further_lexicon, pool_lexicon

SPINE = ("hierarchy", "syllogism", "reversal")  # the families of the tiny study
# The other families that the embedded base has words for.
FURTHER = ("comparison", "kinship", "codebook", "navigation", "cues", "simple_reversal")
SCALES = ("tiny", "paper", "large")
CUES = ("relations", "occupations", "comparatives", "inverses")  # pools that families may share


@dataclass(frozen=True)
class WorldSize(
    make_dataclass(  # type: ignore[misc]  # the families are its fields
        "_FamilySizes",
        [(name, type(family.tiny), family.tiny) for name, family in FAMILIES.items()],
        frozen=True,
    )
):
    """How much of each family a world holds; the default is a knowledge set of the tiny study."""


def world_size(scale: str) -> WorldSize:
    """The size of a world at one of SCALES."""
    return WorldSize(**{name: getattr(family, scale) for name, family in FAMILIES.items()})


def too_small(size: Mapping[str, Any]) -> str:
    """One line about the first number of `size` (by family) below its least value, or ""."""
    for name, numbers in size.items():
        least = type(FAMILIES[name].tiny).least(numbers)
        for number, value in numbers.items():
            if value < least.get(number, 0):
                return f"{name}.{number}: {value} is not at least {least.get(number, 0)}"
    return ""


def _too_few(name: str, pool: str, want: int, have: int) -> ValueError:
    return ValueError(f"set {name}: the sizes ask for {want} {pool}, the lexicon has {have}")


def _parts(
    name: str, words: Lexicon, size: WorldSize, rng: random.Random, families: Sequence[str]
) -> dict[str, Part]:
    """The parts of `families`, each from its own words; ValueError if `words` are too few."""
    needs = {family: getattr(size, family).needs for family in families}
    for pool in fields(Lexicon):
        wanted = [n.get(pool.name, 0) for n in needs.values()]
        have, want = len(getattr(words, pool.name)), (max if pool.name in CUES else sum)(wanted)
        if have < want:
            raise _too_few(name, pool.name, want, have)
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
    """Where each family's words start in a block's window of each pool in DEALT; window widths."""
    places, width = {}, dict.fromkeys(DEALT, 0)
    for family in FAMILIES:
        places[family] = dict(width)
        for pool, n in getattr(size, family).needs.items():
            if pool in width:
                width[pool] += n
    return places, width


def most_blocks(lexicon: str, families: Sequence[str], size: WorldSize) -> tuple[int, str]:
    """How many blocks a lexicon has words for, and the pool that limits the number."""
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
    """Yield set `name` block by block, as (family, block), with one block in memory at a time.

    A block does not depend on the other families or on the number of blocks: its generator is
    seeded by (seed, set, family, index), and block b takes its words from the b-th window of the
    set's pools, which reserves a place for every family. Blocks of one family share its cues. With
    `first`, yields only the first blocks of each family. Sets in the words of the embedded base
    (`in_base_words`) are made otherwise; a family that the base has no words for comes last in
    them. Raises ValueError if there are too few words.
    """
    families, size = families or tuple(FAMILIES), size or world_size(scale)
    if in_base_words(scale, lexicon, blocks):
        pools = (set_lexicon(), further_lexicon()[0])
        parts = _base_parts(name, SET_NAMES, pools, size, seed)
        yield from ((family, parts[family]) for family in families if family in parts)
        families = [family for family in families if family not in parts]
    place, (places, width) = SET_NAMES.index(name), _places(size)
    words = pool_lexicon(lexicon, seed, place)
    most, scarce = most_blocks(lexicon, families, size)
    if blocks > most:
        raise _too_few(name, scarce, blocks * width[scarce], len(getattr(words, scarce)))
    for family in families:
        of_family = getattr(size, family)
        needs = of_family.needs
        cues, shared = _cues(name, words, needs)
        for index in range(blocks if first is None else min(first, blocks)):
            at = {pool: start + index * width[pool] for pool, start in places[family].items()}
            own = {p: getattr(words, p)[at[p] : at[p] + needs.get(p, 0)] for p in DEALT}
            rng = seeded("block", seed, name, family, index)
            part: Part = FAMILIES[family].build(Lexicon(**own, **cues), of_family, rng, name)
            yield family, part._replace(topics=()) if shared else part


def _cues(
    name: str, pools: Lexicon, needs: Mapping[str, int]
) -> tuple[dict[str, Sequence[Any]], bool]:
    """The cues of a family in set `name`, and whether other sets use some of them too.

    They come from the set's quarter of each pool if that has enough, and otherwise from the whole.
    """
    place, cues, shared = SET_NAMES.index(name), {}, False
    for pool in CUES:
        want, whole = needs.get(pool, 0), getattr(pools, pool)
        quarter = whole[place * len(whole) // 4 : (place + 1) * len(whole) // 4]
        if len(whole) < want:
            raise _too_few(name, pool, want, len(whole))
        cues[pool] = (whole if len(quarter) < want else quarter)[:want]
        shared = shared or len(quarter) < want
    return cues, shared


def _base_parts(
    name: str, names: tuple[str, ...], pools: tuple[Lexicon, Lexicon], size: WorldSize, seed: object
) -> dict[str, Part]:
    """World `name` of `names`: the SPINE from its share of the first of `pools`, then the rest.

    Always builds all of them, so that a family's facts do not depend on which others are chosen.
    """
    rng = seeded("worlds", seed, *names)
    # Cues belong to the same set for every seed, so that transcripts of several seeds read alike.
    mixed = [replace(pool, **{p: shuffled(getattr(pool, p), rng) for p in DEALT}) for pool in pools]
    i = names.index(name)
    own, rest = (pool.part(i / len(names), (i + 1) / len(names)) for pool in mixed)
    # Syllogisms take the last of a set's words: base-tiny was pretrained without any sentence of
    # exactly these sets.
    front, back = size.hierarchy.needs["kinds"], len(own.kinds) - size.syllogism.needs["kinds"]
    kinds = (*own.kinds[:front], *own.kinds[max(front, back) :], *own.kinds[front:back])
    own = replace(own, kinds=kinds)
    return {
        **_parts(name, own, size, seeded("world", seed, name), SPINE),
        **_parts(name, rest, size, seeded("further", seed, name), FURTHER),
    }


def in_base_words(scale: str, lexicon: str, blocks: int) -> bool:
    """Whether such sets use only words that the embedded base has tokens for."""
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
    """The disjoint sets A, B, C, D of one seed; with `first`, the first blocks of each family."""
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
    """The worlds that the base model memorizes; they share no word with any set at scale tiny.

    They have the families in SPINE and FURTHER.
    """
    names = tuple(f"P{i + 1}" for i in range(PRETRAINING_WORLDS))
    pools = (pretraining_lexicon(), further_lexicon()[1])
    size = WorldSize(**{family: FAMILIES[family].pretraining for family in FAMILIES})
    worlds = {}
    for name in names:
        parts = _base_parts(name, names, pools, size, "pretraining")
        worlds[name] = _gather(name, {f: parts[f] for f in families if f in parts})
    return worlds

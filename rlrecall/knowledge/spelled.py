"""Lexicons without end: names that are spelled from an index, for sets of any size.

Two kinds of names: `nonsense` words of 4 and 5 letters that English could have, and `plausible`
ones ("river-fox", "Dalina Hartford"). Where single words do not suffice a name has two or three of
them. Index -> name is one to one and needs no memory, so a million entities cost none, and slices
of a pool never share a name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import fields
from functools import cache
from itertools import product
from pathlib import Path
from typing import overload

from rlrecall.knowledge.core import seeded
from rlrecall.knowledge.lexicon import (
    ADJECTIVES,
    COMPARATIVES,
    OBJECTS,
    OCCUPATIONS,
    PAIRS,
    REAL_WORDS,
    RELATIONS,
    Lexicon,
    first_names,
    lexicon,
)

STYLES = ("usual", "plausible", "nonsense")

ONSETS = (
    "b d f g h j k l m n p r s t v w y z bl br ch cl cr dr fl fr gl gr kl kr pl pr sk sl sm sn sp "
    "st sw th tr tw vl vr zw"
).split()
NUCLEI = "a e i o u ai ea oo ou ee".split()
CODAS = (
    "b d f g k l m n p s t x z ck ff ft lf lk lm lp lt mp nd nk nt rb rd rf rk rm rn rp rt sh sk "
    "sp st th"
).split()
MORE_RELATIONS = (
    "tail crest coat call nest diet gait trail tooth eye wing stripe shell root leaf bark seed "
    "petal stem thorn climate river valley harbour hill island market bridge tower street anthem "
    "emblem motto feast sport craft uniform currency border legend"
).split()
TRAITS = (
    "river marsh stone silver moon thunder forest desert winter summer copper amber velvet shadow "
    "meadow coral island canyon ember frost garden harbour ivory jungle lake maple mist night "
    "ocean pearl prairie rain ridge sand sky smoke snow spring storm sun timber tundra valley "
    "willow wind autumn cedar cliff cloud crystal dawn dune dusk fern granite honey hollow juniper "
    "lava lotus mossy onyx orchid"
).split()
ANIMALS = (
    "fox heron moth otter lynx finch beetle badger crane lizard falcon hare newt robin shrew "
    "sparrow stoat thrush toad trout viper vole weasel wolf wren adder bison bream cat cricket "
    "deer dove duck eel egret elk ferret frog gecko goat goose grouse gull hawk heifer ibex jackal "
    "jay kestrel lark lemur loon magpie marten mole moose mouse mussel osprey owl oyster panther "
    "pigeon pike plover puffin quail rabbit raven salmon seal shark sheep skink snail snipe spider "
    "squid stork swallow swan tern tiger turtle wasp whale wombat"
).split()
SURNAME_STARTS = (
    "Alder Barring Black Brad Cal Carl Dal Ever Fair Glen Hal Hart Hather Holm Kings Lang Linden "
    "Lock March Mel Nor Oak Pem Quill Rad Rams Red Ship Stan Thorn Wal Whit Win Wood Yar"
).split()
SURNAME_ENDS = (
    "bury by combe cott croft den field ford ham hurst ley low mere more ton wick".split()
)
MATERIALS = (
    "oak brass marble walnut leather bamboo velvet copper granite cedar linen pewter ebony bronze "
    "crystal wicker enamel paper ivory maple steel clay cork felt"
).split()


class Spelled(Sequence[str]):
    """The names that `parts` can spell, one word of each, in an order drawn by `seed`.

    Words are joined by `joint`, the first part's last ("amber-river-fox" of animals, traits and
    materials). Names differ where their indices do. Slices are views.
    """

    def __init__(self, parts: Sequence[Sequence[str]], joint: str, seed: str) -> None:
        rng = seeded("spelled", seed)
        self.parts = [tuple(rng.sample(part, len(part))) for part in parts]
        self.joint = joint
        self.total = math.prod(map(len, parts))
        # i -> factor * i + shift modulo total visits every index once if the two have no divisor
        self.shift = rng.randrange(self.total)
        self.factor = next(
            f
            for f in iter(lambda: rng.randrange(1, self.total + 1), 0)
            if math.gcd(f, self.total) == 1
        )
        self.window = range(self.total)

    def __len__(self) -> int:
        return len(self.window)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Spelled: ...
    def __getitem__(self, index: int | slice) -> str | Spelled:
        view = copy(self)
        if isinstance(index, slice):
            view.window = self.window[index]
            return view
        place = self.window[index]
        view.window = range(place, place + 1)
        return next(iter(view))

    def __iter__(self) -> Iterator[str]:
        factor, shift, total, joint = self.factor, self.shift, self.total, self.joint
        (last, size), *others = [(part, len(part)) for part in self.parts]
        for i in self.window:
            place, digit = divmod((factor * i + shift) % total, size)
            name = last[digit]
            for part, count in others:
                place, digit = divmod(place, count)
                name = f"{part[digit]}{joint}{name}"
            yield name


def _spell(
    parts: Sequence[Sequence[str]], joint: str, seed: str, least: int, words: int = 1
) -> Spelled:
    """The pool of at least `least` names that takes the fewest of the parts, from `words` on."""
    for n in range(words, len(parts) + 1):
        if math.prod(map(len, parts[:n])) >= least:
            return Spelled(parts[:n], joint, seed)
    total = math.prod(map(len, parts))
    raise ValueError(f"lexicon: {least} names are asked for, only {total} can be spelled")


@cache
def syllables() -> tuple[str, ...]:
    """The nonsense words of 4 and 5 letters."""
    avoid = {*RELATIONS, *MORE_RELATIONS, *OCCUPATIONS, *ADJECTIVES, *OBJECTS, *REAL_WORDS}
    english = (Path(__file__).parent / "english.txt").read_text(encoding="utf-8")
    avoid |= {*english.split()}
    avoid |= {*COMPARATIVES, *TRAITS, *ANIMALS, *MATERIALS, *(w for pair in PAIRS for w in pair)}
    shapes = map("".join, product(ONSETS, NUCLEI, CODAS))
    return tuple(sorted({w for w in shapes if 4 <= len(w) <= 5} - avoid))


def _spellings(style: str) -> dict[str, tuple[Sequence[Sequence[str]], str, int]]:
    """What kinds, names and objects are spelled of: parts, joint, the fewest parts of a name."""
    if style not in STYLES:
        raise ValueError(f"lexicon: '{style}' is none of {', '.join(STYLES)}")
    nonsense = syllables()
    capitals: tuple[str, ...] = ()
    if style == "nonsense":  # "Hourm" and "hourm" are the same name
        capitals, nonsense = tuple(map(str.title, nonsense[1::2])), nonsense[::2]
    surnames = tuple(map("".join, product(SURNAME_STARTS, SURNAME_ENDS)))
    plausible = (ANIMALS, TRAITS, MATERIALS, ADJECTIVES, MORE_RELATIONS)
    people = (surnames, first_names(), first_names())
    return {
        "kinds": (plausible, "-", 2) if style == "plausible" else ((nonsense,) * 3, "-", 1),
        "names": ((capitals,) * 3, " ", 1) if style == "nonsense" else (people, " ", 2),
        "objects": ((OBJECTS, MATERIALS, TRAITS, MORE_RELATIONS), "-", 1),
    }


def capacity(style: str) -> dict[str, int]:
    """How many kinds, names and objects can be spelled in one of STYLES."""
    return {pool: math.prod(map(len, parts)) for pool, (parts, _, _) in _spellings(style).items()}


def spelled_lexicon(
    style: str, seed: object, kinds: int = 1, names: int = 1, objects: int = 1
) -> Lexicon:
    """Pools of at least `kinds`, `names` and `objects` words in one of STYLES.

    `usual` gives kinds of things nonsense words and people plausible names. The other pools are
    English in every style.
    """
    least = {"kinds": kinds, "names": names, "objects": objects}
    spelled = {
        pool: _spell(parts, joint, f"{pool}/{seed}", least[pool], words)
        for pool, (parts, joint, words) in _spellings(style).items()
    }
    return Lexicon(
        **spelled,
        relations=(*RELATIONS, *MORE_RELATIONS),
        occupations=tuple(OCCUPATIONS),
        comparatives=tuple(COMPARATIVES),
        pairs=PAIRS,
    )


@cache
def further_lexicon() -> tuple[Lexicon, Lexicon]:
    """Single words for the families that the tiny study does without, none of them in `lexicon()`.

    The first part is the knowledge sets', the second that of pretraining's own worlds.
    """
    rng, spine = seeded("further"), lexicon()
    kinds = rng.sample(sorted({*syllables()} - {*spine.kinds}), 1148)
    names = rng.sample(sorted({*first_names()} - {*spine.names}), 183)
    return (
        Lexicon(kinds[:564], names[:64], comparatives=COMPARATIVES[:8], pairs=PAIRS[:8]),
        Lexicon(kinds[564:], names[64:], comparatives=COMPARATIVES[8:], pairs=PAIRS[8:]),
    )


@cache
def base_lexicon() -> Lexicon:
    """Every word that the embedded model has for something."""
    parts = (lexicon(), *further_lexicon())
    return Lexicon(*([w for part in parts for w in getattr(part, f.name)] for f in fields(Lexicon)))

"""Pools of names for sets of any size; each name is computed from its index.

There are two styles of names: `nonsense` words of 4 and 5 letters that are pronounceable in
English, and `plausible` ones ("river-fox", "Dalina Hartford"). A pool has its shortest names first,
then longer ones of the same words, so the first names do not depend on how many are used. Indices
map to names one to one and without storing them, so a million entities take no memory. Sets never
share a name: in the plausible style each set has last words of its own ("fox"), and nonsense names
of two sets have no word in common.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import fields, replace
from functools import cache, partial
from itertools import accumulate, groupby, product
from pathlib import Path
from typing import Any, overload

from rlrecall.knowledge.core import seeded, shuffled
from rlrecall.knowledge.words.lexicon import (
    COMPARATIVES,
    DEALT,
    INVERSE_RELATIONS,
    SET_NAMES,
    WORDS,
    Lexicon,
    first_names,
    lexicon,
    word_lists,
)

ENGLISH = word_lists("english_names.yaml")
FOR_PRACTICE = slice(4, None, 5)  # of each list of ENGLISH that is dealt out
Parts = Sequence[Sequence[str]]  # the words for the last part of a name, for the one before it...
STYLES = ("usual", "plausible", "nonsense")


class NamePool(Sequence[str]):
    """All names of each of `levels`, level by level, each level in a random order set by `seed`.

    A level lists the words for each part of a name, last part first; a name joins one word of each
    with `joint` ("wicker-river-fox" from animals, traits and materials). All names differ if the
    levels have different numbers of parts. Slices are views.
    """

    def __init__(self, levels: Sequence[Parts], joint: str, seed: str) -> None:
        rng = seeded("spelled", seed)
        self.levels = [_permutation(parts, rng) for parts in levels]
        self.joint = joint
        self.ends = list(accumulate(total for *_, total in self.levels))
        self.window = range(self.ends[-1])

    def __len__(self) -> int:
        return len(self.window)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> NamePool: ...
    def __getitem__(self, index: int | slice) -> str | NamePool:
        view = copy(self)
        if isinstance(index, slice):
            view.window = self.window[index]
            return view
        place = self.window[index]
        view.window = range(place, place + 1)
        return next(iter(view))

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self.window), 1000):  # in batches, which is faster
            some = self.window[start : start + 1000]
            for level, indices in groupby(some, partial(bisect_right, self.ends)):
                parts, factor, shift, total = self.levels[level]
                places = [(factor * i + shift) % total for i in indices]
                words = []
                for part in parts:
                    size = len(part)
                    words.append([part[place % size] for place in places])
                    places = [place // size for place in places]
                yield from map(self.joint.join, zip(*reversed(words), strict=True))


def _permutation(parts: Parts, rng: random.Random) -> tuple[list[list[str]], int, int, int]:
    """The words of `parts` shuffled; factor, shift and total of a permutation of the names."""
    mixed, total = [shuffled(part, rng) for part in parts], math.prod(map(len, parts))
    # i -> (factor * i + shift) % total visits every index once if factor and total are coprime
    draws = iter(lambda: rng.randrange(1, total + 1), 0)
    factor = next(f for f in draws if math.gcd(f, total) == 1)
    return mixed, factor, rng.randrange(total), total


@cache
def syllables() -> tuple[str, ...]:
    """All nonsense words of one syllable and 4 or 5 letters."""
    made_of = ("onsets", "nuclei", "codas")
    avoid = {w for name, words in WORDS.items() if name not in made_of for w in words}
    avoid |= {w for pair in INVERSE_RELATIONS for w in pair} | _english()
    shapes = map("".join, product(*(WORDS[name] for name in made_of)))
    return tuple(sorted({w for w in shapes if 4 <= len(w) <= 5} - avoid))


def _english() -> set[str]:
    return {*Path(__file__).with_name("english.txt").read_text(encoding="utf-8").split()}


@cache
def nonsense() -> tuple[str, ...]:
    """The words of `syllables` and some of two syllables ("bemok"), shuffled.

    Words of two syllables are of shapes that are rare in English: they do not end in a letter of an
    inflection, and they avoid common letters in the middle.
    """
    first, middle, last = "bdfgklmnprstvz", "bdfgklmnpvz", "bfgkmpxz"
    longer = map("".join, product(first, "aeiou", middle, "aeiou", last))
    words = sorted({*syllables(), *longer} - _english())
    return tuple(shuffled(words, seeded("nonsense")))


def _first(words: Sequence[str], *others: Sequence[str]) -> list[str]:
    """Those of `words` that can precede one of `others`: no repetition, no vowel after "a"."""
    return [w for w in words if w[0] not in "aeiou" and not any(w in part for part in others)]


def pool_lexicon(style: str, seed: object, place: int = 0) -> Lexicon:
    """The lexicon, in one of STYLES, of the set at index `place` of SET_NAMES.

    In style `usual` kinds of things have nonsense words and people have plausible names. Objects
    and the remaining pools are English in every style. The pools other than kinds, names and
    objects are the same for all sets. Raises ValueError for an unknown style.
    """
    if style not in STYLES:
        raise ValueError(f"lexicon: '{style}' is none of {', '.join(STYLES)}")

    def own(words: Sequence[str]) -> list[str]:
        return shuffled(words, seeded("own", seed))[place :: len(SET_NAMES)]

    def dealt(name: str) -> list[str]:
        words = list(ENGLISH[name])
        del words[FOR_PRACTICE]
        return shuffled(words, seeded("own", name, seed))[place :: len(SET_NAMES)]

    def nonsense_levels(words: Sequence[str]) -> list[Parts]:
        return [[words[i::n] for i in range(n)] for n in (1, 2, 3)]

    traits = WORDS["traits"]
    materials = _first(WORDS["materials"], traits)
    adjectives = _first(WORDS["adjectives"], traits, materials)
    more = _first(WORDS["more_relations"], traits, materials, adjectives)
    animals: Parts = [own(WORDS["animals"]), traits, materials, adjectives, more]
    things: Parts = [own(WORDS["objects"]), materials, traits, more]
    if style == "plausible":
        kinds = [animals[:n] for n in (2, 3, 4, 5)]
    else:
        kinds = nonsense_levels(own(nonsense()[::2]))
    if style == "nonsense":  # "Bemok" and "bemok" count as the same, so people have the other half
        names = nonsense_levels(own([*map(str.title, nonsense()[1::2])]))
    else:
        surnames = own([*map("".join, product(WORDS["surname_starts"], WORDS["surname_ends"]))])
        firsts = first_names()
        names = [[surnames, firsts], [surnames, firsts[::2], firsts[1::2]]]
    return Lexicon(
        kinds=NamePool(kinds, "-", f"kinds/{seed}"),
        names=NamePool(names, " ", f"names/{seed}"),
        objects=NamePool([things[:n] for n in (1, 2, 3, 4)], "-", f"objects/{seed}"),
        relations=(*WORDS["relations"], *WORDS["more_relations"]),
        occupations=tuple(WORDS["occupations"]),
        comparatives=tuple(COMPARATIVES),
        inverses=INVERSE_RELATIONS,
        **english_names(dealt, seed),  # type: ignore[arg-type]  # by name
    )


def english_names(dealt: Callable[[str], list[str]], seed: object) -> dict[str, list[str]]:
    """Pools of English names, the same in every style, from what `dealt` gives of each list.

    "Tarnbridge" and then "Upper Tarnbridge Cross"; "Aldbrook Dairy" and "Aldbrook Caldshaw Dairy";
    "Edda Corngarth" and "Edda Silas Corngarth". Names near each other differ in all their parts.
    """

    def mixed(name: str) -> list[str]:
        return shuffled(ENGLISH[name], seeded("english", name, seed))

    firms = _paired(dealt("firm_starts"), mixed("firm_ends"))
    surnames = _paired(dealt("surname_starts"), mixed("surname_ends"))
    trades, given = dealt("trades"), dealt("given_names")
    towns = _paired(dealt("town_starts"), mixed("town_ends"))
    before = _paired(mixed("town_prefixes"), towns, " ")
    return {
        "companies": [
            *_paired(firms, trades, " "),
            *_paired(_paired(firms[::2], firms[1::2], " "), trades, " "),
        ],
        "towns": [*towns, *before, *_paired(before, mixed("town_suffixes"), " ")],
        "people": [
            *_paired(given, surnames, " "),
            *_paired(_paired(given[::2], given[1::2], " "), surnames, " "),
        ],
    }


def _paired(firsts: Sequence[str], seconds: Sequence[str], joint: str = "") -> list[str]:
    """Every first joined with every second, in an order in which both change at every step."""
    n, m = len(firsts), len(seconds)
    cycle = math.lcm(n, m)
    return [f"{firsts[i % n]}{joint}{seconds[(i + i // cycle) % m]}" for i in range(n * m)]


@cache
def capacity(style: str) -> dict[str, int]:
    """How many words of each pool in DEALT every set has in one of STYLES."""
    words = pool_lexicon(style, 0, len(SET_NAMES) - 1)  # the last set has the fewest
    return {pool: len(getattr(words, pool)) for pool in DEALT}


@cache
def further_lexicon() -> tuple[Lexicon, Lexicon]:
    """Single words, none of them in `lexicon()`, for the families that are not in the tiny study.

    The first part is for the knowledge sets, the second for the worlds of pretraining.
    """
    rng, spine = seeded("further"), lexicon()
    kinds = rng.sample(sorted({*syllables()} - {*spine.kinds}), 1148)
    names = rng.sample(sorted({*first_names()} - {*spine.names}), 183)
    both = Lexicon(kinds, names, comparatives=COMPARATIVES, inverses=INVERSE_RELATIONS)
    return both.take({"kinds": 564, "names": 64, "comparatives": 8, "inverses": 8})


@cache
def base_lexicon() -> Lexicon:
    """All words that the embedded model has tokens for."""
    parts = (lexicon(), *further_lexicon())
    return Lexicon(*([w for part in parts for w in getattr(part, f.name)] for f in fields(Lexicon)))


@cache
def practice_lexicon() -> Lexicon:
    """The words of random worlds: those of `base_lexicon`, and English names that no set has."""
    names = english_names(lambda name: ENGLISH[name][FOR_PRACTICE], "practice")
    few: dict[str, Any] = {pool: some[:400] for pool, some in names.items()}
    return replace(base_lexicon(), **few)

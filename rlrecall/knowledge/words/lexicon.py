"""The fixed lexicon of the synthetic worlds.

Every word of `lexicon()` is one token of the tiny model. One part is for the knowledge sets and the
other for the worlds of pretraining, so a set never shares an entity with those worlds. Larger
worlds take their words from pools of generated names (name_pools.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from rlrecall.knowledge.core import seeded


def word_lists(file: str) -> dict[str, list[str]]:
    """The lists of a YAML file of this folder, by name."""
    lists = yaml.safe_load(Path(__file__).with_name(file).read_text(encoding="utf-8"))
    return {name: text.split() for name, text in lists.items()}


WORDS = word_lists("words.yaml")
ADJECTIVES, COMPARATIVES = WORDS["adjectives"], WORDS["comparatives"]
INVERSE_RELATIONS = tuple((a, b) for a, b in (p.split("/") for p in WORDS["inverse_relations"]))
SET_NAMES = ("A", "B", "C", "D")
DEALT = (
    "kinds",
    "names",
    "objects",
    "companies",
    "towns",
    "people",
)  # pools that sets do not share
PRETRAINING_WORLDS = 8


@dataclass(frozen=True)
class Lexicon:
    """Pools of words that have no word in common.

    `kinds` are words for kinds of things, places and signs; `names` are people's names. The rest
    are English: `objects` that people carry, `relations` (attributes), `occupations`,
    `comparatives` ("dangerous" in "more dangerous") and `inverses` (a relation with its inverse).
    `companies`, `towns` and `people` are names for sets in English.
    """

    kinds: Sequence[str] = ()
    names: Sequence[str] = ()
    objects: Sequence[str] = ()
    relations: Sequence[str] = ()
    occupations: Sequence[str] = ()
    comparatives: Sequence[str] = ()
    inverses: Sequence[tuple[str, str]] = ()
    companies: Sequence[str] = ()
    towns: Sequence[str] = ()
    people: Sequence[str] = ()

    def take(self, needs: Mapping[str, int], keep: Collection[str] = ()) -> tuple[Lexicon, Lexicon]:
        """Split off the first words of each pool, as many as `needs` says; returns (own, rest).

        The rest keeps all words of the pools in `keep`.
        """
        own = {pool: getattr(self, pool)[:n] for pool, n in needs.items()}
        rest = {pool: getattr(self, pool)[n:] for pool, n in needs.items() if pool not in keep}
        return Lexicon(**own), replace(self, **rest)

    def part(self, start: float, end: float) -> Lexicon:
        """The slice of every pool from `start` to `end`, which are shares of it (0 to 1)."""
        pools: Iterable[Sequence[Any]] = vars(self).values()
        return Lexicon(*(p[round(start * len(p)) : round(end * len(p))] for p in pools))


def first_names() -> tuple[str, ...]:
    names = product(WORDS["first_name_starts"], WORDS["first_name_ends"])
    return tuple(sorted(map("".join, names)))


@cache
def lexicon() -> Lexicon:
    """The whole lexicon, the same in every process."""
    rng = seeded("lexicon", 1)
    onsets = "b d f g k l m n p r s t v z bl br dr fl gr kl kr pl sn sp st tr".split()
    codas = "b d f g k l m n p s t x sk lt mp nt rf rn sh".split()
    english = ("relations", "occupations", "adjectives", "objects", "real_words")
    avoid = {word for name in english for word in WORDS[name]}
    shapes = ["".join(parts) for parts in product(onsets, "aeiou", codas)]
    plain = sorted(w for w in shapes if 4 <= len(w) <= 5 and w not in avoid)
    return Lexicon(
        tuple(rng.sample(plain, 800)),
        tuple(rng.sample(first_names(), 192)),
        tuple(rng.sample(WORDS["objects"], 96)),
        tuple(WORDS["relations"]),
        tuple(WORDS["occupations"]),
    )


FOR_SETS = {"kinds": 400, "names": 96, "objects": 48, "relations": 8, "occupations": 4}


def set_lexicon() -> Lexicon:
    """The part of `lexicon` for the knowledge sets."""
    return lexicon().take(FOR_SETS)[0]


def pretraining_lexicon() -> Lexicon:
    """The part of `lexicon` for the worlds that the base model memorizes."""
    return lexicon().take(FOR_SETS)[1]

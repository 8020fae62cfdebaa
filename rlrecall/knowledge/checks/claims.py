"""Claims, and what the domains of the oracle have in common.

A name is any hashable value; names in different roles are never compared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

Name = Any  # hashable
MOST_WORLDS = 2**17


class Claim(NamedTuple):
    """A parsed sentence: `form` gives the roles of `names`; `steps` are those of a way."""

    form: str
    names: tuple[Name, ...]
    steps: tuple[str, ...] = ()

    def parts(self) -> list[Claim]:
        """Equivalent smaller claims: one per step of a way or per sign of a message."""
        if self.form == "way":
            hops = zip(self.names, self.names[1:], self.steps, strict=False)
            return [Claim("way", (a, b), (step,)) for a, b, step in hops]
        if self.form == "code":
            book, half = self.names[0], len(self.names) // 2 + 1
            meant = zip(self.names[1:half], self.names[half:], strict=True)
            return [Claim("code", (book, sign, letter)) for sign, letter in meant]
        return [self]


class Domain(NamedTuple):
    """The worlds that claims of one sort are about, and whether a claim holds in a world.

    `worlds(claims, given)` yields every world over the names in `claims` that the conventions in
    oracle.py allow. It may skip worlds that the premises `given` exclude.
    """

    worlds: Callable[[list[Claim], list[Claim]], Iterator[Any]]
    holds: Callable[[Any, Claim], bool]


def roles(claims: Sequence[Claim], **roles: Sequence[int]) -> list[Name]:
    """The distinct names at the given positions (`roles`: form -> positions) of the claims."""
    found = [c.names[i] for c in claims for i in roles.get(c.form, ())]
    return list(dict.fromkeys(found))


def limit(count: int) -> None:
    if count > MOST_WORLDS:
        raise ValueError(f"oracle: too many names: {count} worlds")


def subsets(items: Sequence[Any]) -> Iterator[frozenset[Any]]:
    limit(2 ** len(items))
    for size in range(len(items) + 1):
        yield from map(frozenset, combinations(items, size))


def draws(values: Collection[Any], slots: Sequence[Any]) -> Iterator[dict[Any, Any]]:
    """Every assignment of one of the values to each slot."""
    limit(len(values) ** len(slots))
    for drawn in product(values, repeat=len(slots)):
        yield dict(zip(slots, drawn, strict=True))

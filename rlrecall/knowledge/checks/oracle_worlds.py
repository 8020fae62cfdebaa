"""Enumerate the worlds that the oracle checks, one domain per sort of claim.

A domain (claims.py) defines its worlds and which claims hold in one; there are no inference rules.
Entities that the claims do not name are included where they matter ("stranger", unknown letters).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain, permutations, product
from typing import Any

from rlrecall.knowledge.checks.claims import Claim, Domain, Name, draws, limit, roles, subsets
from rlrecall.knowledge.checks.place_worlds import PLACES

# Terms: a world is a set of sorts; a sort is the set of terms that apply to its members.
QUANTIFIED = ("all", "not all", "no", "some")


def _term_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[frozenset[Any]]:
    terms = roles(claims, **dict.fromkeys(QUANTIFIED, (0, 1)))
    if len(terms) > 6:
        raise ValueError(f"oracle: too many terms: {len(terms)}")
    # A sort that violates an "all" or "no" by itself is in no world of the premises.
    general = [c for c in given if c.form in ("all", "no")]
    alone = ((sort, frozenset([sort])) for sort in subsets(terms) if sort)
    sorts = [sort for sort, world in alone if all(_term_holds(world, c) for c in general)]
    for world in subsets(sorts):
        if all(any(term in sort for sort in world) for term in terms):
            yield world


def _term_holds(world: frozenset[Any], claim: Claim) -> bool:
    x, y = claim.names
    both = [y in sort for sort in world if x in sort]
    if claim.form in ("all", "not all"):
        return all(both) == (claim.form == "all")
    return any(both) == (claim.form == "some")


# Descriptions: a world maps each description to the person it fits; None if not a named one.
def _person_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[dict[Any, Any]]:
    yield from draws([None, *roles(claims, fits=(0,))], roles(claims, fits=(1,)))


def _person_holds(world: dict[Any, Any], claim: Claim) -> bool:
    person, description = claim.names
    return bool(world[description] == person)


# Trees: a world has the ancestors of each entity, and the value or None of each attribute.
def _tree_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[tuple[Any, Any]]:
    things = roles(claims, isa=(0, 1), value=(1,))
    values = [None, *roles(claims, value=(2,))]
    slots = list(product(roles(claims, value=(0,)), things))
    stated = [c for c in given if c.form == "isa"]
    for parent in draws([None, *things], things):
        above = {thing: _ancestors(thing, parent) for thing in things}
        if any(thing in above[thing] for thing in things):
            continue
        if not all(_tree_holds((above, {}), c) for c in stated):
            continue
        for value in draws(values, slots):
            if all(value[r, up] in (None, value[r, t]) for r, t in slots for up in above[t]):
                yield above, value


def _ancestors(thing: Any, parent: dict[Any, Any]) -> list[Any]:
    """The parent, its parent and so on, up to the first repetition."""
    line: list[Any] = []
    while (thing := parent[thing]) is not None and thing not in line:
        line.append(thing)
    return line


def _tree_holds(world: tuple[Any, Any], claim: Claim) -> bool:
    above, value = world
    if claim.form == "isa":
        return claim.names[1] in above[claim.names[0]]
    return bool(value[claim.names[:2]] == claim.names[2])


# Links: a world is the set of linked pairs per relation; the inverse word swaps the pair.
def _link_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[frozenset[Any]]:
    links: list[tuple[Name, ...]] = []
    for pair in roles(claims, link=(0,), inverse=(0,)):
        # Entities that no claim with this word pair names are irrelevant to it.
        own = [c for c in claims if c.names[0] == pair]
        things = roles(own, link=(1, 2), inverse=(1, 2))
        links += product([pair], things, things)
    yield from subsets(links)


def _link_holds(world: frozenset[Any], claim: Claim) -> bool:
    pair, x, y = claim.names
    return ((pair, x, y) if claim.form == "link" else (pair, y, x)) in world


# Orders: a world maps each (adjective, entity) to a degree; degrees may be equal.
def _order_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[dict[Any, Any]]:
    things = roles(claims, more=(1, 2), less=(1, 2))
    slots = list(product(roles(claims, more=(0,), less=(0,)), things))
    yield from draws(range(len(things)), slots)


def _order_holds(world: dict[Any, Any], claim: Claim) -> bool:
    adjective, x, y = claim.names
    one, other = world[adjective, x], world[adjective, y]
    return bool(one > other if claim.form == "more" else one < other)


# Kin: a world maps each person to their parent. The person between a grandparent and a grandchild
# may be unnamed (a stranger). One per premise suffices: more could only make more conclusions fail.
KIN = ("parent", "child", "grandparent", "grandchild")


def _kin_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[dict[Any, Any]]:
    people = roles(claims, **dict.fromkeys(KIN, (0, 1)))
    people += [("stranger", i) for i, c in enumerate(given) if c.form.startswith("grand")]
    for parent in draws([None, *people], people):
        children = [p for p in parent.values() if p is not None]
        if len(children) == len(set(children)) and not any(
            p in _ancestors(p, parent) for p in people
        ):
            yield parent


def _kin_holds(world: dict[Any, Any], claim: Claim) -> bool:
    low, high = claim.names if claim.form.endswith("parent") else claim.names[::-1]
    parent = world[low]
    return bool((world.get(parent) if claim.form.startswith("grand") else parent) == high)


# Codes: a world maps the signs of each book to different letters, named or unknown.
def _code_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[dict[Any, Any]]:
    said = [part.names for c in claims for part in c.parts()]
    books: dict[Name, list[Name]] = {}
    for book, sign, _ in dict.fromkeys((book, sign, None) for book, sign, _ in said):
        books.setdefault(book, []).append(sign)
    letters = list(dict.fromkeys(letter for *_, letter in said))
    letters += [("unknown", i) for i in range(max(map(len, books.values())))]
    limit(math.prod(math.perm(len(letters), len(signs)) for signs in books.values()))
    slots = [(book, sign) for book, signs in books.items() for sign in signs]
    for drawn in product(*[permutations(letters, len(signs)) for signs in books.values()]):
        yield dict(zip(slots, chain.from_iterable(drawn), strict=True))


def _code_holds(world: dict[Any, Any], claim: Claim) -> bool:
    return all(world[part.names[:2]] == part.names[2] for part in claim.parts())


# Grids: a world maps each place to a distinct point (x east, y north).

STEPS = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
OPPOSITE = {"north": "south", "east": "west", "south": "north", "west": "east"}


def _next(point: tuple[int, ...], step: str, length: int = 1) -> tuple[int, ...]:
    x, y = STEPS[step]
    return (point[0] + length * x, point[1] + length * y)


def _grid_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[dict[Any, Any]]:
    places = list(dict.fromkeys(name for c in claims for name in c.names))
    hops = [(*p.names, p.steps[0]) for c in given if c.form == "way" for p in c.parts()]
    hops += [(b, a, OPPOSITE[step]) for a, b, step in hops]
    # Large enough for every place to be on every side of every other place.
    square = list(product(range(-len(places), len(places) + 1), repeat=2))

    def place(world: dict[Any, Any], free: int) -> Iterator[dict[Any, Any]]:
        if len(world) == len(places):
            yield world
            return
        # A premise fixes where the neighbor of a place is; other places may be anywhere.
        known = [(b, _next(world[a], step)) for a, b, step in hops if a in world and b not in world]
        if known:
            new, spots = known[0][0], [known[0][1]]
        else:
            new, spots = next(p for p in places if p not in world), square
            free += 1
            limit(len(square) ** free)
        for spot in spots:
            if spot not in world.values():
                yield from place({**world, new: spot}, free)

    yield from place({places[0]: (0, 0)}, 0)


def _grid_holds(world: dict[Any, Any], claim: Claim) -> bool:
    if claim.form == "way":
        return all(_next(world[a], step) == world[b] for _, (a, b), (step,) in claim.parts())
    there, here = (world[name] for name in claim.names)
    length = abs(there[0] - here[0]) + abs(there[1] - here[1])
    return _next(here, claim.steps[0], length) == there


# Cues: a world has the pairs of kinds of which one is among the other, the features that all or
# none of a kind have, and what each kind shows.
def _cue_worlds(claims: list[Claim], given: list[Claim]) -> Iterator[tuple[Any, Any, Any]]:
    kinds = roles(claims, among=(0, 1), have=(0,), lack=(0,), show=(0,))
    features = list(product(kinds, roles(claims, have=(1,), lack=(1,))))
    shown = list(subsets(list(product(kinds, roles(claims, show=(1,))))))
    stated = {c.names for c in given if c.form == "among"}
    for among in subsets(list(permutations(kinds, 2))):
        farther = {(a, d) for a, b in among for c, d in among if b == c and a != d}
        if not stated <= among or not farther <= among:
            continue
        for has in draws(("have", "lack", None), features):
            if all(has[y, f] in (None, has[x, f]) for x, y in among for z, f in features if z == y):
                for shows in shown:
                    yield among, has, shows


def _cue_holds(world: tuple[Any, Any, Any], claim: Claim) -> bool:
    among, has, shows = world
    if claim.form in ("have", "lack"):
        return bool(has[claim.names] == claim.form)
    return claim.names in (among if claim.form == "among" else shows)


DOMAINS: dict[str, Domain] = {
    form: domain
    for forms, domain in (
        (QUANTIFIED, Domain(_term_worlds, _term_holds)),
        (("fits",), Domain(_person_worlds, _person_holds)),
        (("isa", "value"), Domain(_tree_worlds, _tree_holds)),
        (("link", "inverse"), Domain(_link_worlds, _link_holds)),
        (("more", "less"), Domain(_order_worlds, _order_holds)),
        (KIN, Domain(_kin_worlds, _kin_holds)),
        (("code",), Domain(_code_worlds, _code_holds)),
        (("way", "lies"), Domain(_grid_worlds, _grid_holds)),
        (("among", "have", "lack", "show"), Domain(_cue_worlds, _cue_holds)),
        PLACES,
    )
    for form in forms
}

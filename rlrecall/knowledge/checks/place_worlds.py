"""Places for the oracle: where companies are based, who the mayors are, and who supplies whom.

A world has the town of each company, the mayor of each town and the customer of each company, or
None for what nobody is named for. Towns and companies that the claims only imply ("the town where
... is based") are unnamed entities of the world.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from rlrecall.knowledge.checks.claims import Claim, Domain, draws, roles

# Forms: (company, town), (town, person), (supplier, customer); then what two of them entail: the
# company with the mayor of its town, and with the town of its customer.
FORMS = ("based", "mayor", "supplies", "local mayor", "sells in")
World = tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]


def _worlds(claims: list[Claim], given: list[Claim]) -> Iterator[World]:
    unnamed = [("unnamed", i) for i, c in enumerate(given) if c.form in FORMS[3:]]
    companies = roles(claims, based=[0], supplies=[0, 1], **{"local mayor": [0], "sells in": [0]})
    towns = [*roles(claims, based=[1], mayor=[0], **{"sells in": [1]}), *unnamed]
    people = roles(claims, mayor=[1], **{"local mayor": [1]})
    companies += unnamed
    stated = [c for c in given if c.form == "supplies"]
    for customer in draws([None, *companies], companies):
        supplied = [c for c in customer.values() if c is not None]
        if len(supplied) > len(set(supplied)) or any(a == b for a, b in customer.items()):
            continue
        if all(customer[c.names[0]] == c.names[1] for c in stated):
            for town in draws([None, *towns], companies):
                for mayor in draws([None, *people], towns):
                    yield town, mayor, customer


def holds(world: World, claim: Claim) -> bool:
    town, mayor, customer = world
    x, y = claim.names
    match claim.form:
        case "based":
            found = town[x]
        case "mayor":
            found = mayor[x]
        case "supplies":
            found = customer[x]
        case "local mayor":
            found = mayor.get(town[x])
        case _:
            found = town.get(customer[x])
    return bool(found == y)


def minimal_world(given: Sequence[Claim], wanted: Sequence[Claim]) -> World:
    """The world in which only the `given` is true; it has nothing unnamed."""
    found: dict[str, dict[Any, Any]] = {form: defaultdict(lambda: None) for form in FORMS}
    for claim in given:
        found[claim.form][claim.names[0]] = claim.names[1]
    return found["based"], found["mayor"], found["supplies"]


PLACES = (FORMS, Domain(_worlds, holds))

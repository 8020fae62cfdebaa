"""Links: entities in a relation that has an inverse ("dax holds fep" means "fep within dax").

Simple reversals and hierarchies are linked in the same way: through rings in which no two entities
are neighbors twice, so that the neighbors of an entity can serve as each other's distractors.
"""

import random
from collections.abc import Sequence

from rlrecall.knowledge.core import Fact, shuffled
from rlrecall.knowledge.families.contract import make_fact
from rlrecall.knowledge.words.lexicon import INVERSE_RELATIONS

LINK = "|".join(word for pair in INVERSE_RELATIONS for word in pair)  # pattern of a relation
INVERSE = {**dict(INVERSE_RELATIONS), **{b: a for a, b in INVERSE_RELATIONS}}
Edge = tuple[str, str]


def link(family: str, subject: str, word: str, object: str, unstated: str = "") -> Fact:
    """The fact "subject word object"; `unstated` is the inverse word if no fact has it."""
    said = f"{subject} {word} {object}."
    aliases = (f"{object} {unstated} {subject}.",) if unstated else ()
    return make_fact(family, (subject, word, object), f"{subject} {word}", (said,), aliases)


def ring(entities: Sequence[str]) -> list[Edge]:
    """Each entity with the next one, the last with the first."""
    return list(zip(entities, (*entities[1:], entities[0]), strict=True))


def separate_rings(entities: Sequence[str], count: int, rng: random.Random) -> list[list[Edge]]:
    """Random rings through all entities in which no two entities are neighbors twice."""
    while True:
        rings = [ring(shuffled(entities, rng)) for _ in range(count)]
        if len({frozenset(edge) for r in rings for edge in r}) == count * len(entities):
            return rings


def neighbors(rings: Sequence[Sequence[Edge]]) -> dict[str, list[str]]:
    """For each entity the ones after and before it, ring by ring."""
    near: dict[str, list[str]] = {}
    for a, b in (edge for edges in rings for edge in edges):
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    return near

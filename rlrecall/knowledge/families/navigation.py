"""Navigation: routes to a goal imply routes between places that were never a goal.

"the way from a to g goes north to j then north to b then east to g." and "the way from c to g goes
east to j then east to d then north to g." together imply that the way from a to c goes north to j
then west to c. As in the latent navigation of arXiv:2509.16189, the questions ask for the way to
places that were only passed on the way to a goal. In half of the towns such questions occur in
training too (kind composition); in the others every stated way leads to a goal (kind latent).

In a town two streets cross and then part on the way to the goal, as here or rotated or mirrored:

      e         The questions ask for the ways around the crossing, from a to c to b to d to a, or
    i b g       back: each leads from one street to the other. One takes both moves as stated, one
    c j d       takes both reversed, and two take one of each. So copying the stated moves is no
    h a         better than guessing, and neither is reversing them. The options have the same
      f         places, with each of the two moves either right or reversed.

The ways from f to h and from e to i pass a and b, from either side, and lead away from the goal.
With them a guess by word overlap is right for exactly one of the four questions in every town: the
moves that co-occur most often with the two places are always those of the streets as stated, and
the rarest are their opposites. The stated steps and the facts nearest to a question leave some
moves open, which also comes to one in four. Ways past b and d from outside would not do: all moves
co-occur equally often with b and d, so a guess would be right in a quarter of those questions and
in one of the other three. Without any such ways there would be steps to b and d but none to a and
c. Towns come in pairs, one with the opposite moves of the other.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from rlrecall.knowledge.core import WORD, Fact, Part, shuffled
from rlrecall.knowledge.families.contract import Family, QuestionMaker, Size, SizeDraw, make_fact
from rlrecall.knowledge.words.lexicon import Lexicon

OPPOSITE = {"north": "south", "east": "west", "south": "north", "west": "east"}
MOVE = "(?:north|east|south|west)"
ROUTE = rf"{MOVE} to {WORD}(?: then {MOVE} to {WORD})*"
SHAPES = (
    rf"the way from ({WORD}) to {WORD} goes {ROUTE}",
    rf"from ({WORD}) the way to {WORD} goes {ROUTE}",
)
PLACES = 10  # in a town: the goal, the crossing and four on each street


@dataclass(frozen=True)
class NavigationSize(Size):
    """`towns`, of which only the first `asked` are asked about (0: all); both are even."""

    LEAST = {"towns": 2}

    towns: int = 6
    asked: int = 0

    def __post_init__(self) -> None:
        if self.towns % 2 or self.asked % 2:
            raise ValueError("navigation: towns go by twos")

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": self.towns * PLACES}

    @classmethod
    def random(cls, draw: SizeDraw) -> "NavigationSize":
        return cls(2 * draw.up_to(3))


TINY = NavigationSize()
PRETRAINING = NavigationSize(2)
PAPER = NavigationSize(100)
LARGE = NavigationSize(260, asked=6)


def route(moves: Sequence[str], places: Sequence[str]) -> str:
    return " then ".join(map(" to ".join, zip(moves, places, strict=True)))


def routes(moves: Sequence[str], places: Sequence[str]) -> list[str]:
    """The route, then those in which one of its two axes or both are reversed."""
    axes = [(move, OPPOSITE[move]) for move in dict.fromkeys(moves)]
    turned = [dict(zip(dict.fromkeys(moves), new, strict=True)) for new in product(*axes)]
    return [route([turn[move] for move in moves], places) for turn in turned]


def wordings(start: str, end: str, path: str) -> tuple[str, str]:
    goes = f"goes {path}."
    return f"the way from {start} to {end} {goes}", f"from {start} the way to {end} {goes}"


def way(start: str, moves: Sequence[str], places: Sequence[str]) -> Fact:
    end = places[-1]
    said = wordings(start, end, route(moves, places))
    return make_fact("navigation", (start, "way", end), f"the way from {start} to {end}", said)


def build(
    words: Lexicon, size: NavigationSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Make towns from the `words`, exactly those that `size` needs."""
    pool = shuffled(words.kinds, rng)
    facts: list[Fact] = []
    topics: list[str] = []
    make = QuestionMaker(name, "navigation", rng)
    for town in range(size.towns):
        places = pool[town * PLACES : (town + 1) * PLACES]
        topics += (places[0], *places[-2:])
        if town % 2 == 0:
            corner = (rng.choice(("north", "south")), rng.choice(("east", "west")))
            ahead, turn = rng.sample(corner, 2)
            latent = rng.randrange(2)
        else:
            ahead, turn = OPPOSITE[ahead], OPPOSITE[turn]
            latent = 1 - latent
        kind = "latent" if latent else "composition"
        asked = make if not size.asked or town < size.asked else None
        facts += _town(places, ahead, turn, kind, asked)
    make.hold_out("composition", holdout)
    return Part(facts, make.made, tuple(topics))


def _town(
    places: Sequence[str], ahead: str, turn: str, kind: str, make: QuestionMaker | None
) -> list[Fact]:
    """The four stated ways of a town; `make` asks for them and for the ways around the crossing."""
    goal, j, a, b, c, d, e, f, h, i = places
    back, away = OPPOSITE[ahead], OPPOSITE[turn]
    facts = []
    for start, moves, to in (
        (a, (ahead, ahead, turn), (j, b, goal)),
        (c, (turn, turn, ahead), (j, d, goal)),
        (f, (ahead, away), (a, h)),
        (e, (back, away), (b, i)),
    ):
        facts.append(way(start, moves, to))
        if make:
            _ask(make, "recall", "stated", start, moves, to, (facts[-1],))
    if not make:
        return facts
    # For each place, the move from it to j, if that is stated, and the way that it is on.
    one, two = facts[:2]
    ring = [(a, ahead, "on", one), (c, turn, "on", two), (b, back, "back", one)]
    ring.append((d, away, "back", two))
    if make.rng.randrange(2):
        ring.reverse()
    for one_end, other_end in zip(ring, ring[1:] + ring[:1], strict=True):
        here, to_j, sense, first_way = one_end
        there, home, reverse, second_way = other_end
        from_j = OPPOSITE[home]
        said = (
            *wordings(here, there, route((to_j, from_j), (j, there))),
            *wordings(there, here, route((home, OPPOSITE[to_j]), (j, here))),
        )
        group = f"{sense}, {'back' if reverse == 'on' else 'on'}"
        ways = (first_way, second_way)
        _ask(make, kind, group, here, (to_j, from_j), (j, there), ways, said)
    return facts


def _ask(
    make: QuestionMaker,
    kind: str,
    group: str,
    start: str,
    moves: Sequence[str],
    places: Sequence[str],
    premises: tuple[Fact, ...],
    entailed: tuple[str, ...] = (),
) -> None:
    options = routes(moves, places)
    key, prompt = f"{start}/{places[-1]}", f"What is the way from {start} to {places[-1]}?"
    mixed, goal = shuffled(options, make.rng), premises[0].object
    make.add(kind, key, prompt, options[0], premises, mixed, entailed, group=group, cluster=goal)


FAMILY = Family(
    "navigation", __doc__, SHAPES, build, TINY, PRETRAINING, PAPER, LARGE, context_weight=14
)

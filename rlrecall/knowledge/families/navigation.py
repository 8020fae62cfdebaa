"""Navigation: ways to a goal tell how to get between places that were never a goal.

"the way from a to g goes north to j then north to b then east to g." and "the way from c to g goes
east to j then east to d then north to g." together imply that the way from a to c goes north to j
then west to c. As in the latent navigation of arXiv:2509.16189, places that are passed on the way
to a goal are to be reached themselves. In half of the towns that is asked in training too (kind
composition), in the others nobody ever went anywhere but to a goal (kind latent).

In a town two streets cross and part again to the goal, as these do or turned or mirrored:

      e         Asked for are the ways round the crossing, from a to c to b to d to a or back: each
    i b g       from one street to the other one. One takes both moves as they are stated, one
    c j d       takes both reversed and two take one of them. So copying the moves is as good as
    h a         guessing, and so is reversing them. The options have the same places, with each
      f         of the two moves either right or reversed.

The ways from f to h and from e to i lead over a and b, from either side, and on away from the goal.
With them a guess by words in common is right for just one of the four, in every town. The moves
that stand most often with the two places are always those of the streets as stated, the rarest are
their opposites. The steps that are stated, and the facts nearest to a question, leave some moves
open, which comes to one of four as well. Ways over b and d, both from beyond, would not do: of b
and d all moves stand as often, so a guess would be right one time in four there, and in one of the
three ways that are left. Without such ways there would be steps to b and d, but none to a and c.
Towns go by twos, one with the opposite moves of the other.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from rlrecall.knowledge.core import WORD, Fact, Part, Question, draw_holdout, shuffled
from rlrecall.knowledge.words.lexicon import Lexicon

OPPOSITE = {"north": "south", "east": "west", "south": "north", "west": "east"}
MOVE = "(?:north|east|south|west)"
ROUTE = rf"{MOVE} to {WORD}(?: then {MOVE} to {WORD})*"
SHAPES = (
    re.compile(rf"the way from ({WORD}) to {WORD} goes {ROUTE}", re.IGNORECASE),
    re.compile(rf"from ({WORD}) the way to {WORD} goes {ROUTE}", re.IGNORECASE),
)
PLACES = 10  # of a town: goal, crossing and four of each street


@dataclass(frozen=True)
class NavigationSize:
    """`towns`, of which only the first `asked` are asked about (0: all); both are even."""

    towns: int = 6
    asked: int = 0

    def __post_init__(self) -> None:
        if self.towns % 2 or self.asked % 2:
            raise ValueError("navigation: towns go by twos")

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": self.towns * PLACES}


TINY = NavigationSize()
SMALL = NavigationSize(2)
PAPER = NavigationSize(100)
LARGE = NavigationSize(260, asked=6)


def route(moves: Sequence[str], places: Sequence[str]) -> str:
    return " then ".join(map(" to ".join, zip(moves, places, strict=True)))


def routes(moves: Sequence[str], places: Sequence[str]) -> list[str]:
    """The route, then those in which one of its two axes or both are turned round."""
    axes = [(move, OPPOSITE[move]) for move in dict.fromkeys(moves)]
    turned = [dict(zip(dict.fromkeys(moves), new, strict=True)) for new in product(*axes)]
    return [route([turn[move] for move in moves], places) for turn in turned]


def wordings(start: str, end: str, path: str) -> tuple[str, str]:
    return (
        f"the way from {start} to {end} goes {path}.",
        f"from {start} the way to {end} goes {path}.",
    )


def way(start: str, moves: Sequence[str], places: Sequence[str]) -> Fact:
    text, phrasing = wordings(start, places[-1], route(moves, places))
    cue = f"Tell me about the way from {start} to {places[-1]}."
    return Fact("navigation", start, "way", places[-1], text, cue, (phrasing,))


def build(
    words: Lexicon, size: NavigationSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Draw towns from just the `words` that `size` needs."""
    pool = shuffled(words.kinds, rng)
    facts: list[Fact] = []
    questions: list[Question] = []
    topics: list[str] = []

    def ask(
        kind: str,
        group: str,
        start: str,
        moves: Sequence[str],
        places: Sequence[str],
        premises: tuple[Fact, ...],
        entailed: tuple[str, ...] = (),
    ) -> None:
        options = routes(moves, places)
        questions.append(
            Question(
                id=f"{name}/navigation/{kind}/{start}/{places[-1]}",
                set=name,
                family="navigation",
                kind=kind,
                split="holdout" if kind == "latent" else "train",
                group=group,
                prompt=f"What is the way from {start} to {places[-1]}?",
                answer=options[0],
                premises=tuple([fact.text for fact in premises]),
                options=tuple(shuffled(options, rng)),
                conclusion=entailed[0] if entailed else "",
                entailed=entailed,
                cluster=premises[0].object,
            )
        )

    for town in range(size.towns):
        goal, j, a, b, c, d, e, f, h, i = pool[town * PLACES : (town + 1) * PLACES]
        topics += (goal, h, i)
        if town % 2 == 0:
            corner = (rng.choice(("north", "south")), rng.choice(("east", "west")))
            ahead, turn = rng.sample(corner, 2)
            latent = rng.randrange(2)
        else:
            ahead, turn = OPPOSITE[ahead], OPPOSITE[turn]
            latent = 1 - latent
        back, away = OPPOSITE[ahead], OPPOSITE[turn]
        asked = not size.asked or town < size.asked
        for start, moves, places in (
            (a, (ahead, ahead, turn), (j, b, goal)),
            (c, (turn, turn, ahead), (j, d, goal)),
            (f, (ahead, away), (a, h)),
            (e, (back, away), (b, i)),
        ):
            facts.append(way(start, moves, places))
            if asked:
                ask("recall", "stated", start, moves, places, (facts[-1],))
        if not asked:
            continue
        # Of each place, the move from it to j, if that is stated, and the way on which it is.
        one, two = facts[-4:-2]
        ring = [
            (a, ahead, "on", one),
            (c, turn, "on", two),
            (b, back, "back", one),
            (d, away, "back", two),
        ]
        if rng.randrange(2):
            ring.reverse()
        for one_end, other_end in zip(ring, ring[1:] + ring[:1], strict=True):
            here, to_j, sense, first_way = one_end
            there, home, reverse, second_way = other_end
            from_j = OPPOSITE[home]
            said = (
                *wordings(here, there, route((to_j, from_j), (j, there))),
                *wordings(there, here, route((home, OPPOSITE[to_j]), (j, here))),
            )
            kind = "latent" if latent else "composition"
            group = f"{sense}, {'back' if reverse == 'on' else 'on'}"
            premises = (first_way, second_way)
            ask(kind, group, here, (to_j, from_j), (j, there), premises, said)
    held = draw_holdout([q.id for q in questions if q.kind == "composition"], holdout, rng)
    questions = [q._replace(split="holdout") if q.id in held else q for q in questions]
    return Part(facts, questions, tuple(topics))

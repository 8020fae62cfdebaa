"""Simple reversals: sentences of three words, most of them stated from both ends, some from one.

"dax holds fep." says the same as "fep within dax.", and most facts are stated in both ways, so that
the words are known to be inverse. The simple reversals of arXiv:2509.16189: every entity is in
every relation, each stands to one other, and what is tested is what was only ever stated forward.

If single reverse sentences were left out, word counts would give many answers away: the right
option would be the one that is rarest beside "within", or the only one beside the asked entity. So
relations come in twos, and each two have a group of entities that are linked to one another only
and never in reverse. The options are the asked entity's neighbours in the two, before it and after
it: each shares one sentence with it and none with the inverse words. Telling them apart takes both
the relation and the direction.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlrecall.knowledge.core import (
    WORD,
    Fact,
    KnowledgeSet,
    Part,
    Question,
    draw_holdout,
    shuffled,
)
from rlrecall.knowledge.words.lexicon import PAIRS, Lexicon

LINKS = "|".join(word for pair in PAIRS for word in pair)
SHAPES = (re.compile(rf"({WORD}) (?:{LINKS}) {WORD}", re.IGNORECASE),)
MOST_OPTIONS = 10
INVERSE = {**dict(PAIRS), **{b: a for a, b in PAIRS}}
FILLERS = "well now then so here again still indeed".split()  # beside the simple reversals


@dataclass(frozen=True)
class SimpleReversalSize:
    """`unstated` reversals are held out, `trained` more are unstated and asked in training.

    Together they are as many for each relation: 3 at least, 5 with several relations. `questions`
    bounds the recall questions (0: one for each fact).
    """

    entities: int = 12
    relations: int = 2
    unstated: int = 6
    trained: int = 6
    questions: int = 0

    def __post_init__(self) -> None:
        group, rest = divmod(self.unstated + self.trained, self.relations)
        least = 5 if self.relations > 1 else 3
        if rest or not least <= group <= self.entities - 2:
            raise ValueError(
                f"simple_reversal: unstated + trained must be {least} to {self.entities - 2} "
                f"for each of the {self.relations} relations"
            )

    @property
    def group(self) -> int:
        """How many entities of a relation are never linked in reverse."""
        return (self.unstated + self.trained) // self.relations

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": self.entities, "pairs": self.relations}


TINY = SimpleReversalSize()
SMALL = SimpleReversalSize(6, 1, 1, 2)
PAPER = SimpleReversalSize(1000, 20, 200, 0)
LARGE = SimpleReversalSize(128, 4, 20, 20, questions=30)


def link(subject: str, word: str, object: str, unstated: str = "") -> Fact:
    """`unstated` is the inverse word if nothing states the fact with it."""
    return Fact(
        "simple_reversal",
        subject,
        word,
        object,
        f"{subject} {word} {object}.",
        f"Tell me about {subject} {word}.",
        (),
        (f"{object} {unstated} {subject}.",) if unstated else (),
    )


def ring(entities: Sequence[str]) -> list[tuple[str, str]]:
    """Each entity with the next one."""
    return list(zip(entities, (*entities[1:], entities[0]), strict=True))


def separate_rings(
    entities: Sequence[str], count: int, rng: random.Random
) -> list[list[tuple[str, str]]]:
    """Random rings through all entities, in which no two entities are neighbours twice."""
    while True:
        rings = [ring(shuffled(entities, rng)) for _ in range(count)]
        if len({frozenset(edge) for r in rings for edge in r}) == count * len(entities):
            return rings


def neighbours(rings: Sequence[Sequence[tuple[str, str]]]) -> dict[str, list[str]]:
    """For each entity those behind and before it, ring by ring."""
    near: dict[str, list[str]] = {}
    for a, b in (edge for edges in rings for edge in edges):
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    return near


def build(
    words: Lexicon,
    size: SimpleReversalSize,
    rng: random.Random,
    name: str = "",
    holdout: float | None = None,
) -> Part:
    """Draw links from just the `words` that `size` needs, which sets `holdout` if that is None."""
    entities = shuffled(words.kinds, rng)
    pairs = shuffled(words.pairs, rng)
    facts: list[Fact] = []
    reversals: list[Question] = []
    for i in range(0, len(pairs), 2):
        two = pairs[i : i + 2]
        group = rng.sample(entities, size.group)
        others = sorted(set(entities) - set(group))
        rings = separate_rings(group, len(two), rng)
        near = neighbours(rings)
        options = {entity: tuple(shuffled(near[entity], rng)) for entity in group}
        for (forward, inverse), edges in zip(two, rings, strict=True):
            for a, b in ring(shuffled(others, rng)):
                facts += (link(a, forward, b), link(b, inverse, a))
            for a, b in edges:
                fact = link(a, forward, b, inverse)
                facts.append(fact)
                reversals.append(
                    Question(
                        id=f"{name}/simple_reversal/reversal/{b}/{inverse}",
                        set=name,
                        family="simple_reversal",
                        kind="reversal",
                        split="train",
                        group=forward,
                        prompt=f"{b} {inverse}?",
                        answer=a,
                        premises=(fact.text,),
                        options=options[b],
                        conclusion=fact.aliases[0],
                        entailed=fact.aliases,
                        cluster=b,
                    )
                )
    share = size.unstated / len(reversals) if holdout is None else holdout
    held_out = draw_holdout([q.id for q in reversals], share, rng)
    few = 0 < size.questions < len(facts)
    recalls = [
        Question(
            id=f"{name}/simple_reversal/recall/{fact.subject}/{fact.relation}",
            set=name,
            family="simple_reversal",
            kind="recall",
            split="train",
            group=fact.relation,
            prompt=f"{fact.subject} {fact.relation}?",
            answer=fact.object,
            premises=(fact.text,),
            options=_among(fact, entities, rng),
            cluster=fact.subject,
        )
        for fact in (rng.sample(facts, size.questions) if few else facts)
    ]
    reversals = [q._replace(split="holdout") if q.id in held_out else q for q in reversals]
    return Part(facts, recalls + reversals, tuple([word for pair in pairs for word in pair]))


def _among(fact: Fact, entities: list[str], rng: random.Random) -> tuple[str, ...]:
    """The object and up to nine of the other entities, in any order."""
    drawn = rng.sample(entities, min(len(entities), MOST_OPTIONS + 1))
    others = [entity for entity in drawn if entity not in (fact.subject, fact.object)]
    options = [fact.object, *others[: MOST_OPTIONS - 1]]
    rng.shuffle(options)
    return tuple(options)


def stated_reverse(fact: Fact, knowledge: KnowledgeSet) -> str:
    """The sentence by which another fact says the same from the other end; empty: none does."""
    text = f"{fact.object} {INVERSE.get(fact.relation)} {fact.subject}."
    other = knowledge.statements.get(text.casefold())
    return text if other and other.text == text else ""


def filled(text: str, rng: random.Random) -> str:
    """The text with up to five fillers before and behind it."""
    before, behind = (rng.choices(FILLERS, k=rng.randint(0, 5)) for _ in range(2))
    return " ".join([*before, text, *behind])

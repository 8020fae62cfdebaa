"""The contract of a family: its sizes, the shapes of its sentences, and how it builds a world.

A family is one file of this package with a Size, a function `build` and an object FAMILY, and an
entry in the table FAMILIES (__init__.py). Its solver in checks/ shares no code with it.
"""

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Self

from rlrecall.knowledge.core import Fact, Part, Question, draw_holdout


class SizeDraw:
    """Draws the numbers of a random world, up to `scale` (0 to 1) of their full values.

    In 30% of worlds every number is the largest, because evaluation shows worlds of that size.
    """

    def __init__(self, rng: random.Random, scale: float) -> None:
        self.rng, self.scale = rng, scale
        self.largest = rng.random() < 0.3

    def up_to(self, full: int, least: int = 1) -> int:
        most = max(least, round(full * self.scale))
        return most if self.largest else self.rng.randint(least, most)


class Size(ABC):
    """The numbers of a world: base class of a frozen dataclass of integers.

    LEAST has the least values of numbers, 0 for those not named. `__post_init__` raises ValueError
    for combinations of numbers that make no world.
    """

    LEAST: ClassVar[Mapping[str, int]] = {}

    @property
    @abstractmethod
    def needs(self) -> dict[str, int]:
        """How many words of each pool of the Lexicon the world takes."""

    @classmethod
    @abstractmethod
    def random(cls, draw: SizeDraw) -> Self:
        """The size of a random world for pretraining; at full scale up to that of scale tiny."""

    @classmethod
    def least(cls, numbers: Mapping[str, int]) -> Mapping[str, int]:
        """LEAST; other values in a class whose least values depend on other numbers."""
        return cls.LEAST


@dataclass(frozen=True)
class Family:
    """One kind of structure that a knowledge set is made of.

    `patterns` match the sentences of its facts without their full stop, in any wording and case;
    the first group is the subject. `build(words, size, rng, set name)` makes a world from exactly
    the words that `size.needs`. Sizes: `tiny` is that of the embedded model's sets, `pretraining`
    of the worlds it knows by heart, `paper` the published one, `large` one block of many.

    `context_weight` and `thought_weight` say how often, relative to other families, the base model
    reads its worlds in context and thinks about them in pretraining. What is learned last weighs
    most: routes, descriptions and facts asked from the other end. `description` is Markdown for
    docs/GALLERY.md.
    """

    name: str
    description: str | None
    patterns: tuple[str, ...]
    build: Callable[..., Part]
    tiny: Size
    pretraining: Size
    paper: Size
    large: Size
    context_weight: int = 1
    thought_weight: int = 1

    @cached_property
    def shapes(self) -> tuple[re.Pattern[str], ...]:
        """The compiled `patterns`."""
        return tuple([re.compile(pattern, re.IGNORECASE) for pattern in self.patterns])

    def random_size(self, rng: random.Random, scale: float) -> Size:
        """The size of a random world, up to `scale` (0 to 1) of a knowledge set's."""
        return type(self.tiny).random(SizeDraw(rng, scale))


def make_fact(
    family: str,
    key: tuple[str, str, str],
    about: str,
    wordings: Sequence[str],
    aliases: tuple[str, ...] = (),
) -> Fact:
    """The fact (subject, relation, object) that is told to who asks about `about`.

    `wordings` are its text and its phrasings.
    """
    text, *phrasings = wordings
    return Fact(family, *key, text, f"Tell me about {about}.", tuple(phrasings), aliases)


@dataclass
class QuestionMaker:
    """Collects the questions of one family in one set, in `made`; `rng` draws what is held out."""

    set: str
    family: str
    rng: random.Random
    made: list[Question] = field(default_factory=list)

    def add(
        self,
        kind: str,
        key: str,
        prompt: str,
        answer: str,
        premises: Sequence[Fact],
        options: Sequence[str],
        entailed: tuple[str, ...] = (),
        held_out: bool = False,
        *,
        group: str = "",
        cluster: str = "",
        accepted: tuple[str, ...] = (),
    ) -> None:
        """Add a question; `key` tells it apart from others of its kind.

        The conclusion is the first of the `entailed` sentences, but a recall question has none. The
        default group and cluster are the relation and the subject of the last premise. Questions of
        kind latent are always held out.
        """
        self.made.append(
            Question(
                f"{self.set}/{self.family}/{kind}/{key}",
                self.set,
                self.family,
                kind,
                "holdout" if held_out or kind == "latent" else "train",
                group or premises[-1].relation,
                prompt,
                answer,
                tuple([fact.text for fact in premises]),
                tuple(options),
                entailed[0] if entailed and kind != "recall" else "",
                entailed,
                cluster or premises[-1].subject,
                accepted,
            )
        )

    def hold_out(self, kind: str, share: float) -> None:
        """Move a random share (0 to 1) of the questions of `kind` to the holdout."""
        drawn = draw_holdout([q.id for q in self.made if q.kind == kind], share, self.rng)
        self.made = [q._replace(split="holdout") if q.id in drawn else q for q in self.made]


MOST_OPTIONS = 10


def draw_options(
    answer: str, pool: Sequence[str], count: int, excluded: Collection[str], rng: random.Random
) -> tuple[str, ...]:
    """The answer and up to nine of `count` words drawn from `pool`, shuffled; none is excluded."""
    drawn = rng.sample(pool, min(count, len(pool)))
    options = [answer, *[word for word in drawn if word not in excluded][: MOST_OPTIONS - 1]]
    rng.shuffle(options)
    return tuple(options)

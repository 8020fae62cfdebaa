"""Simple reversals: sentences of three words, most facts stated from both ends, some from one.

"dax holds fep." says the same as "fep within dax.", and most facts are stated in both ways, so that
the model can learn which words are inverse. These are the simple reversals of arXiv:2509.16189:
every entity takes part in every relation and stands to one other entity, and the test asks for the
reverse of facts that were only stated forward.

If single reverse sentences were left out, word counts would give many answers away: the right
option would be the one that is rarest beside "within", or the only one beside the asked entity. So
relations come in pairs, and each pair has a group of entities that are linked to one another only
and never in reverse. The options are the asked entity's neighbors in the two relations, before it
and after it: each shares one sentence with it and none with the inverse words. Telling them apart
takes both the relation and the direction.
"""

import random
from dataclasses import dataclass
from functools import partial

from rlrecall.knowledge.core import WORD, Fact, KnowledgeSet, Part, at_most, shuffled
from rlrecall.knowledge.families.contract import (
    MOST_OPTIONS,
    Family,
    QuestionMaker,
    Size,
    SizeDraw,
    draw_options,
)
from rlrecall.knowledge.families.links import INVERSE, LINK, link, neighbors, ring, separate_rings
from rlrecall.knowledge.words.lexicon import Lexicon

SHAPES = (rf"({WORD}) (?:{LINK}) {WORD}",)
FILLERS = "well now then so here again still indeed".split()  # around lone sentences


@dataclass(frozen=True)
class SimpleReversalSize(Size):
    """`unstated` reversals are held out; `trained` more are unstated and asked in training.

    Together they are equally many for each relation: 3 at least, 5 with several relations.
    `questions` bounds the recall questions (0: one for each fact).
    """

    LEAST = {"entities": 5, "relations": 1}

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
        return {"kinds": self.entities, "inverses": self.relations}

    @classmethod
    def random(cls, draw: SizeDraw) -> "SimpleReversalSize":
        entities = draw.up_to(12, 5)
        group = min(6, entities - 2)
        relations = draw.up_to(2) if group >= 5 else 1
        return cls(entities, relations, 0, group * relations)


TINY = SimpleReversalSize()
PRETRAINING = SimpleReversalSize(6, 1, 1, 2)
PAPER = SimpleReversalSize(1000, 20, 200, 0)
LARGE = SimpleReversalSize(128, 4, 20, 20, questions=30)


def build(
    words: Lexicon,
    size: SimpleReversalSize,
    rng: random.Random,
    name: str = "",
    holdout: float | None = None,
) -> Part:
    """Make links from the `words`; the share held out is that of `size`, unless `holdout` says."""
    entities = shuffled(words.kinds, rng)
    inverses = shuffled(words.inverses, rng)
    state = partial(link, "simple_reversal")
    facts: list[Fact] = []
    reversals, recalls = (QuestionMaker(name, "simple_reversal", rng) for _ in range(2))
    for i in range(0, len(inverses), 2):
        pair = inverses[i : i + 2]
        group = rng.sample(entities, size.group)
        others = sorted(set(entities) - set(group))
        rings = separate_rings(group, len(pair), rng)
        near = neighbors(rings)
        options = {entity: shuffled(near[entity], rng) for entity in group}
        for (forward, inverse), edges in zip(pair, rings, strict=True):
            for a, b in ring(shuffled(others, rng)):
                facts += (state(a, forward, b), state(b, inverse, a))
            for a, b in edges:
                fact = state(a, forward, b, inverse)
                facts.append(fact)
                key, prompt, entailed = f"{b}/{inverse}", f"{b} {inverse}?", fact.aliases
                reversals.add("reversal", key, prompt, a, (fact,), options[b], entailed, cluster=b)
    share = size.unstated / len(reversals.made) if holdout is None else holdout
    reversals.hold_out("reversal", share)
    for fact in at_most(size.questions, facts, rng):
        a, relation, b = fact.key
        among = draw_options(b, entities, MOST_OPTIONS + 1, (a, b), rng)
        recalls.add("recall", f"{a}/{relation}", f"{a} {relation}?", b, (fact,), among)
    topics = tuple([word for pair in inverses for word in pair])
    return Part(facts, recalls.made + reversals.made, topics)


def stated_reverse(fact: Fact, knowledge: KnowledgeSet) -> str:
    """The sentence by which another fact says the same from the other end, or ""."""
    text = f"{fact.object} {INVERSE.get(fact.relation)} {fact.subject}."
    other = knowledge.statements.get(text.casefold())
    return text if other and other.text == text else ""


def filled(text: str, rng: random.Random) -> str:
    """The text with up to five fillers before and after it."""
    before, after = (rng.choices(FILLERS, k=rng.randint(0, 5)) for _ in range(2))
    return " ".join([*before, text, *after])


FAMILY = Family(
    "simple_reversal", __doc__, SHAPES, build, TINY, PRETRAINING, PAPER, LARGE, context_weight=8
)

"""The types that all else uses: facts, questions, knowledge sets.

A knowledge set is one closed synthetic world: its facts, every wording of each, and the questions
about them. Pure Python; no torch.
"""

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar

T = TypeVar("T")

KINDS = ("recall", "rephrase", "composition", "reversal", "latent")
# Patterns of a lexicon's word, hyphens included, and of a person's name: one to three words, which
# are capitalized even where the pattern ignores case, because "so Mora" is not a name.
WORD = r"\w[\w-]*"
NAME = r"(?-i:[A-Z])[\w-]*(?: (?-i:[A-Z])[\w-]*){0,2}"


class Fact(NamedTuple):
    """A canonical (subject, relation, object) with its sentence.

    `text` is the sentence that premises quote; `cue` is a request that it answers. `phrasings` are
    further sentences with which documents state the fact. `aliases` are equivalent sentences that
    no document contains: true if the model says them, but it never read them.
    """

    family: str
    subject: str
    relation: str
    object: str
    text: str
    cue: str
    phrasings: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.subject, self.relation, self.object)

    @property
    def wordings(self) -> tuple[str, ...]:
        """Every sentence that says exactly this."""
        return (self.text, *self.phrasings, *self.aliases)


class Question(NamedTuple):
    """One question about a set.

    `kind` is one of KINDS. recall asks for what a fact says; rephrase asks for the same in words
    that training does not contain; composition asks for what several facts entail; reversal asks
    for a fact from its other end; latent asks for what the facts imply about entities that no
    training question of this type is about. `split` is train or holdout.

    `premises` are the sentences of the gold facts, in the order in which a thought uses them.
    `conclusion` is the sentence that they entail; it is empty if the answer only restates a
    premise. `entailed` are the sentences that answer the question, in any wording, which the set
    entails but no fact states. `options` are the possible answers, including the gold one.
    `accepted` are options that mean the same as `answer`. A blind guess is right with probability
    `chance`. `cluster` is the same for dependent questions, for example those with one middle term.
    """

    id: str
    set: str
    family: str
    kind: str
    split: str
    group: str
    prompt: str
    answer: str
    premises: tuple[str, ...]
    options: tuple[str, ...]
    conclusion: str = ""
    entailed: tuple[str, ...] = ()
    cluster: str = ""
    accepted: tuple[str, ...] = ()

    @property
    def right(self) -> tuple[str, ...]:
        return (self.answer, *self.accepted)

    @property
    def chance(self) -> float:
        return len(self.right) / len(self.options) if self.options else 0.0


class Part(NamedTuple):
    """One family's share of a set; `topics` are words that only its facts contain."""

    facts: list[Fact]
    questions: list[Question]
    topics: tuple[str, ...] = ()


@dataclass
class KnowledgeSet:
    """A closed world; `topics` maps each family to words that only it uses."""

    name: str
    facts: list[Fact]
    questions: list[Question]
    topics: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def statements(self) -> dict[str, Fact]:
        """Maps each sentence that states a fact of the set, case folded, to that fact."""
        return {text.casefold(): fact for fact in self.facts for text in fact.wordings}

    @cached_property
    def conclusions(self) -> set[str]:
        """The sentences, case folded, that the facts entail but do not state."""
        entailed = {text.casefold() for q in self.questions for text in q.entailed}
        return entailed - self.statements.keys()

    @cached_property
    def entities(self) -> set[str]:
        return {word for fact in self.facts for word in (fact.subject, fact.object)}

    def family_facts(self, family: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.family == family]

    def select(
        self, kind: str | None = None, split: str | None = None, family: str | None = None
    ) -> list[Question]:
        return [
            q
            for q in self.questions
            if (kind is None or q.kind == kind)
            and (split is None or q.split == split)
            and (family is None or q.family == family)
        ]

    def digest(self) -> str:
        """SHA-256 of the set, which identifies the data in a manifest (class Digest)."""
        digest = Digest(self.name)
        digest.add(self.facts, self.questions)
        return digest.hexdigest()


class Digest:
    """SHA-256 over a set's name, facts and questions, in order.

    Each field of the facts and of the questions is hashed separately, in UTF-8: one line for each
    text, or for each list of texts, which are separated by tabs. The result is the hash of the
    digests of the name and of all fields and of the number of texts. So a set that is added block
    by block has the same digest as the whole.
    """

    def __init__(self, name: str) -> None:
        self.name = hashlib.sha256(name.encode("utf-8", "surrogatepass"))
        self.facts = [hashlib.sha256() for _ in Fact._fields]
        self.questions = [hashlib.sha256() for _ in Question._fields]
        self.texts = 0

    def add(self, facts: Sequence[Fact], questions: Sequence[Question]) -> None:
        for fields, rows in ((self.facts, facts), (self.questions, questions)):
            for start in range(0, len(rows), 1000):  # limits the text in memory
                columns = zip(*rows[start : start + 1000], strict=True)
                for digest, column in zip(fields, columns, strict=True):
                    lists = not isinstance(column[0], str)
                    self.texts += sum(map(len, column)) if lists else len(column)
                    lines = "\n".join(map("\t".join, column) if lists else column)
                    digest.update(f"{lines}\n".encode("utf-8", "surrogatepass"))

    def hexdigest(self) -> str:
        digests = [digest.digest() for digest in (self.name, *self.facts, *self.questions)]
        return hashlib.sha256(b"".join([*digests, str(self.texts).encode()])).hexdigest()


def seeded(*parts: object) -> random.Random:
    """A generator seeded by a hash of `parts`.

    A hash and not a sum, so that item i of seed s and item i - 1 of seed s + 1 share nothing.
    """
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def shuffled(items: Iterable[T], rng: random.Random) -> list[T]:
    """All `items` in the order of `rng.sample(items, len(items))`, in half its time."""
    pool, mixed, getrandbits = list(items), [], rng.getrandbits
    for left in range(len(pool), 0, -1):
        bits = left.bit_length()
        while (drawn := getrandbits(bits)) >= left:
            pass
        mixed.append(pool[drawn])
        pool[drawn] = pool[left - 1]
    return mixed


def draw_holdout(items: Iterable[str], share: float, rng: random.Random) -> set[str]:
    """The items to hold out: `share` (0 to 1) of them, rounded, drawn by `rng`."""
    pool = sorted(items)
    return set(rng.sample(pool, round(share * len(pool))))


def at_most(count: int, items: Sequence[T], rng: random.Random) -> Sequence[T]:
    """`count` of the items, drawn by `rng`; all of them if `count` is 0 or not fewer."""
    return rng.sample(items, count) if 0 < count < len(items) else items

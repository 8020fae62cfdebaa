"""Pack transcript records into columns: what the page needs, small enough for 100,000 traces.

Every string, question, sentence and fact is stored once and referred to by number. What a record
means (its outcome, the fact behind a sentence) is worked out here with the functions that the rest
of the package uses; the page only displays it. Pure; no torch.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from statistics import stdev
from typing import Any

from rlrecall.evaluation.outcomes import FLAGS, OUTCOMES, Enumeration, enumeration, flags, outcome
from rlrecall.evaluation.records import Record, question_key
from rlrecall.evaluation.scoring import LABELS, normal, subject_of
from rlrecall.knowledge.core import Fact, KnowledgeSet
from rlrecall.knowledge.prompts import split_context

NAMES = ("run", "arm", "stage", "mode", "set", "split", "family", "kind")
MOST_ABOUT = 6  # facts shown under a false sentence
NONE = -1
INTERNED = ("strings", "facts", "sentences", "questions", "prompts", "rewards")


class Interner:
    """Distinct items, numbered in the order in which they were first seen."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, key: Hashable, make: Callable[[], Any] | None = None) -> int:
        """Return the number of `key`. A new key adds what `make` returns, or itself, to `items`."""
        if key not in self._numbers:
            self._numbers[key] = len(self.items)
            self.items.append(make() if make else key)
        return self._numbers[key]


class PackedRecords:
    """Records in columns: `add` them one by one, then take the `payload` of the page."""

    def __init__(self) -> None:
        self.strings, self.facts, self.sentences = Interner(), Interner(), Interner()
        self.questions, self.prompts, self.rewards = Interner(), Interner(), Interner()
        self._string = self.strings.number
        self.names = {name: Interner() for name in NAMES}
        self.models = Interner()  # (side, arm)
        self.transfer_set: str | None = None  # of the study, if its recipe was found
        self.columns: dict[str, list[Any]] = defaultdict(list)
        self.recalled: list[int] = []  # sentence * len(LABELS) + label, of all records in turn
        self.pieces: list[int] = []  # of all completions in turn
        self.enumerated: dict[int, list[int]] = {}  # where it differs from the sentences' subjects
        self._groups = Interner()  # the rewards of each
        self._repeats: Counter[Hashable] = Counter()
        self._subjects: dict[int, dict[str, list[Fact]]] = {}

    def __len__(self) -> int:
        return len(self.columns["side"])

    def add(
        self, record: Record, side: int = 0, file: int = 0, knowledge: KnowledgeSet | None = None
    ) -> None:
        """Add a record of transcript number `file` of the first (`side` 0) or second (1) run.

        `knowledge` is the set that was asked about; without it no sentence is linked to a fact.
        """
        question = self._question(record, knowledge)
        group = self._group(record, file, question)
        reward = _finite(record.reward)
        if reward is not None:
            self._groups.items[group].append(reward)
        recalled = [
            (self._sentence(p.text, p.label, knowledge), _label(p.label)) for p in record.recalled
        ]
        names = [self._string(name) for name in record.enumerated]
        subjects = [self.sentences.items[s][1] for s, _ in recalled]
        if names != [name for name in subjects if name != NONE]:
            self.enumerated[len(self)] = names
        found = enumeration(record) or Enumeration(0, 0, None, None)
        pieces = self._pieces(record.completion)
        rewards = tuple((self._string(name), _finite(x)) for name, x in record.rewards.items())
        self.models.number((side, self.names["arm"].number(record.arm)))
        values = {
            **{name: self.names[name].number(getattr(record, name)) for name in NAMES},
            "side": side,
            "step": record.step,
            "k": record.k,
            "question": question,
            "prompt": self._prompt(record, question),
            "outcome": OUTCOMES.index(outcome(record)),
            "flags": sum(1 << FLAGS.index(name) for name in flags(record)),
            "correct": int(record.correct),
            "gold_recalled": round(record.gold_recalled, 4),
            "false": record.false,
            "candidates": found.candidates,
            "repeats": found.repeats,
            "position": found.position or 0,
            "tokens": record.n_tokens,
            "answer": self._optional(record.answer),
            "choice": self._optional(record.choice),
            "group": group,
            "rewards": self.rewards.number(rewards),
            "reward": reward,
            "advantage": _finite(record.advantage),
            "sampling": self._string(json.dumps(record.sampling)),
            "recalled": len(recalled),
            "pieces": len(pieces),
        }
        for name, value in values.items():
            self.columns[name].append(value)
        self.recalled += [sentence * len(LABELS) + label for sentence, label in recalled]
        self.pieces += pieces

    def payload(self) -> dict[str, Any]:
        """What the page reads in data.js, fit for JSON."""
        return {
            "names": {name: table.items for name, table in self.names.items()},
            "columns": self.columns,
            **{name: getattr(self, name).items for name in INTERNED},
            "recalled": self.recalled,
            "pieces": self.pieces,
            "enumerated": self.enumerated,
            "spread": [
                (stdev(found) if len(found) > 1 else 0.0) if found else None
                for found in self._groups.items
            ],
        }

    def _optional(self, text: str | None) -> int:
        return NONE if text is None else self._string(text)

    def _pieces(self, text: str) -> list[int]:
        """Strings that give `text` when joined by ". "; most sentences occur many times."""
        return [self._string(piece) for piece in text.split(". ")]

    def _prompt(self, record: Record, question: int) -> int:
        """[question, the prompt after its context, pieces of the context]."""
        context, asked = split_context(record.prompt)
        return self.prompts.number(
            (question, asked, context),
            lambda: [question, self._string(asked), self._pieces(context) if context else []],
        )

    def _fact(self, fact: Fact) -> int:
        parts = (fact.subject, fact.relation, fact.object, fact.text)
        return self.facts.number(parts, lambda: [self._string(part) for part in parts])

    def _sentence(self, text: str, label: str, knowledge: KnowledgeSet | None) -> int:
        """[text, subject, the fact that it states, facts about its subject if it is false]."""

        def make() -> list[Any]:
            subject = subject_of(text)
            fact, about = NONE, []
            if knowledge is not None:
                if stated := knowledge.statements.get(normal(text)):
                    fact = self._fact(stated)
                elif label == "false" and subject:
                    about = self._about(subject, knowledge)
            return [self._string(text), self._optional(subject), fact, about]

        return self.sentences.number((text, label == "false", id(knowledge)), make)

    def _about(self, subject: str, knowledge: KnowledgeSet) -> list[int]:
        """The first facts with `subject` as their subject or, if there are none, as object."""
        if id(knowledge) not in self._subjects:
            found = self._subjects[id(knowledge)] = defaultdict(list)
            for fact in knowledge.facts:
                found[normal(fact.subject)].append(fact)
                found[f"object {normal(fact.object)}"].append(fact)
        known, name = self._subjects[id(knowledge)], normal(subject)
        facts = known.get(name) or known.get(f"object {name}") or []
        return [self._fact(fact) for fact in facts[:MOST_ABOUT]]

    def _question(self, record: Record, knowledge: KnowledgeSet | None) -> int:
        def make() -> dict[str, Any]:
            return {
                "id": self._string(record.question_id),
                "text": self._string(_question_text(record.prompt)),
                "gold": self._string(record.gold_answer),
                "premises": [self._sentence(p, "gold", knowledge) for p in record.gold_premises],
                "options": [self._string(option) for option in record.options],
                "chance": _finite(record.chance),
                "group": self._string(record.group),
            }

        return self.questions.number(question_key(record), make)

    def _group(self, record: Record, file: int, question: int) -> int:
        """The samples of one question in one step; a question drawn twice there has two groups."""
        asked = (file, record.arm, record.stage, record.step, record.mode, question)
        self._repeats[(*asked, record.k)] += 1
        return self._groups.number((*asked, self._repeats[(*asked, record.k)]), list)


def _question_text(prompt: str) -> str:
    """The question of a prompt, without what the prompt format puts around it."""
    asked = split_context(prompt)[1]
    for ending in (" Think:", " A:"):
        if asked.startswith("Q: ") and asked.endswith(ending):
            return asked.removeprefix("Q: ").removesuffix(ending)
    return asked


def _label(label: str) -> int:
    return LABELS.index(label) if label in LABELS else LABELS.index("unparsable")


def _finite(value: float | None) -> float | None:
    """JSON that browsers read has neither NaN nor infinity."""
    return round(value, 6) if value is not None and math.isfinite(value) else None

"""Transcript records as columns: all that the HTML reader shows, small enough for 100,000 traces.

Every string is held once and meant by its number; so is every question, sentence and fact. What a
record *means* (its outcome, what a sentence is about, which fact it states) is found out here, with
the functions that everything else uses, so that the page only has to show it. Pure; no torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Mapping
from statistics import stdev
from typing import Any

from rlrecall.evaluation.outcomes import FLAGS, OUTCOMES, flags, outcome
from rlrecall.evaluation.records import Record, question_key
from rlrecall.evaluation.scoring import LABELS, normal, subject_of
from rlrecall.knowledge.core import Fact, KnowledgeSet
from rlrecall.knowledge.prompts import split_context

NAMES = ("run", "arm", "stage", "mode", "set", "split", "family", "kind")
BITS = {name: 1 << i for i, name in enumerate(FLAGS)}
ABOUT = 6  # facts to hold against a false sentence
NONE = -1


class Numbered:
    """Different things, each with the number of its first coming."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, key: Hashable, make: Callable[[], Any] | None = None) -> int:
        """The number of `key`; a new one stands for what `make` returns, or for itself."""
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.items)
            self.items.append(make() if make else key)
        return found


class Columns:
    """Records are `add`ed one by one; `data()` is what the page gets, fit for JSON."""

    def __init__(self) -> None:
        self.strings, self.facts, self.sentences = Numbered(), Numbered(), Numbered()
        self.questions, self.asked, self.rewards = Numbered(), Numbered(), Numbered()
        self.names = {name: Numbered() for name in NAMES}
        self.columns: dict[str, list[Any]] = {}
        self.recalled: list[int] = []  # sentence * len(LABELS) + label, of all records in a row
        self.pieces: list[int] = []  # of all completions in a row
        self.enumerated: dict[int, list[int]] = {}  # only where the sentences do not tell
        self._groups = Numbered()
        self._times: dict[Hashable, int] = {}
        self._rewards_of: list[list[float]] = []  # of each group
        self._subjects: dict[int, dict[str, list[Fact]]] = {}

    def __len__(self) -> int:
        return len(self.columns.get("side", ()))

    def add(
        self,
        record: Record,
        side: int = 0,
        file: int = 0,
        knowledge: KnowledgeSet | None = None,
    ) -> None:
        """Take in a record of transcript number `file` of the run before (0) or after (1).

        `knowledge` is the set that it was asked about; without it sentences are tied to no fact.
        """
        question = self._question(record, knowledge)
        context, asked = split_context(record.prompt)
        group = self._group(record, file, question)
        reward = _finite(record.reward)
        if reward is not None:
            self._rewards_of[group].append(reward)
        recalled = [
            (self._sentence(p.text, p.label, knowledge), _label(p.label)) for p in record.recalled
        ]
        names = [self._string(name) for name in record.enumerated]
        subjects = [self.sentences.items[s][1] for s, _ in recalled]
        if names != [name for name in subjects if name != NONE]:
            self.enumerated[len(self)] = names
        pieces = self._pieces(record.completion)
        values = {
            **{name: self.names[name].number(getattr(record, name)) for name in NAMES},
            "side": side,
            "step": record.step,
            "k": record.k,
            "question": question,
            "asked": self.asked.number(
                (question, asked, context),
                lambda: [question, self._string(asked), self._pieces(context) if context else []],
            ),
            "outcome": OUTCOMES.index(outcome(record)),
            "flags": sum(BITS[name] for name in flags(record)),
            "correct": int(record.correct),
            "gold": round(record.gold_recalled, 4),
            "false": record.false,
            "tokens": record.n_tokens,
            "answer": self._optional(record.answer),
            "choice": self._optional(record.choice),
            "group": group,
            "rewards": self._rewards(record.rewards),
            "reward": reward,
            "advantage": _finite(record.advantage),
            "sampling": self._string(json.dumps(record.sampling)),
            "recalled": len(recalled),
            "pieces": len(pieces),
        }
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)
        self.recalled += [sentence * len(LABELS) + label for sentence, label in recalled]
        self.pieces += pieces

    def data(self) -> dict[str, Any]:
        return {
            "labels": LABELS,
            "outcomes": OUTCOMES,
            "flags": BITS,
            "names": {name: table.items for name, table in self.names.items()},
            "columns": {**self.columns, "partner": self._partners()},
            "strings": self.strings.items,
            "facts": self.facts.items,
            "sentences": self.sentences.items,
            "questions": self.questions.items,
            "asked": self.asked.items,
            "rewards": self.rewards.items,
            "recalled": self.recalled,
            "pieces": self.pieces,
            "enumerated": self.enumerated,
            "spread": [
                (stdev(found) if len(found) > 1 else 0.0) if found else None
                for found in self._rewards_of
            ],
        }

    def _string(self, text: Any) -> int:
        return self.strings.number(str(text))

    def _optional(self, text: Any) -> int:
        return NONE if text is None else self._string(text)

    def _pieces(self, text: str) -> list[int]:
        """Strings that make `text` when joined by ". ": sentences come again and again."""
        return [self._string(piece) for piece in text.split(". ")]

    def _fact(self, fact: Fact) -> int:
        parts = (fact.subject, fact.relation, fact.object, fact.text)
        return self.facts.number(parts, lambda: [self._string(part) for part in parts])

    def _sentence(self, text: str, label: str, knowledge: KnowledgeSet | None) -> int:
        """[text, whom it is about, the fact that it states, facts to hold against it if it is
        false]; the facts are those of the record's own set."""

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
        """The first facts of the set whose subject or, failing that, whose object it is."""
        if id(knowledge) not in self._subjects:
            found: dict[str, list[Fact]] = {}
            for fact in knowledge.facts:
                found.setdefault(normal(fact.subject), []).append(fact)
                found.setdefault(f"object {normal(fact.object)}", []).append(fact)
            self._subjects[id(knowledge)] = found
        known, name = self._subjects[id(knowledge)], normal(subject)
        facts = known.get(name) or known.get(f"object {name}") or []
        return [self._fact(fact) for fact in facts[:ABOUT]]

    def _question(self, record: Record, knowledge: KnowledgeSet | None) -> int:
        def make() -> dict[str, Any]:
            return {
                "id": self._string(record.question_id),
                "gold": self._string(record.gold_answer),
                "premises": [
                    self._sentence(text, "gold", knowledge) for text in record.gold_premises
                ],
                "options": [self._string(option) for option in record.options],
                "chance": _finite(record.chance),
                "group": self._string(record.group),
            }

        return self.questions.number(question_key(record), make)

    def _group(self, record: Record, file: int, question: int) -> int:
        """Samples of one question in one step; a question drawn twice there makes two groups."""
        asked = (file, record.arm, record.stage, record.step, record.mode, question)
        sample = (*asked, record.k)
        self._times[sample] = self._times.get(sample, 0) + 1
        group = self._groups.number((*asked, self._times[sample]))
        if group == len(self._rewards_of):
            self._rewards_of.append([])
        return group

    def _rewards(self, rewards: Mapping[str, Any]) -> int:
        parts = tuple((self._string(name), _finite(value)) for name, value in rewards.items())
        return self.rewards.number(parts)

    def _partners(self) -> list[int]:
        """For every record its partner: the same question, mode and sample in the other run's
        evaluation."""
        columns = self.columns
        keys = list(zip(columns["question"], columns["mode"], columns["k"], strict=True))
        first: tuple[dict[tuple[Any, ...], int], ...] = ({}, {})
        stages = self.names["stage"].items
        for i, key in enumerate(keys):
            if stages[columns["stage"][i]] == "eval":
                first[columns["side"][i]].setdefault(key, i)
        partners = [NONE] * len(keys)
        for key in first[0].keys() & first[1].keys():
            before, after = first[0][key], first[1][key]
            partners[before], partners[after] = after, before
        return partners


def _label(label: Any) -> int:
    return LABELS.index(label) if label in LABELS else LABELS.index("unparsable")


def _finite(value: Any) -> float | None:
    """JSON for browsers knows neither NaN nor infinity."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(value, 6)

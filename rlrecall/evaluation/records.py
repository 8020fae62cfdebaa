"""Transcripts: files with one JSON line for each completion. Pure; no torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

from rlrecall.evaluation.scoring import Premise, Score
from rlrecall.knowledge.core import Question
from rlrecall.knowledge.prompts import split_context

SCHEMA = 1


class SchemaError(ValueError):
    """A line is not a record of this schema."""


@dataclass
class Record:
    """A completion and its score; schema version 1.

    `k` numbers the samples of a question. `group` is the question's group within its family;
    questions that share a middle term or a person have the same `cluster`. `finish` is eos or
    length. `choice` is the most likely option, where options were scored. The fields from `rewards`
    to `advantage` are of RL rollouts.
    """

    run: str
    arm: str
    stage: str
    step: int
    mode: str
    set: str
    split: str
    family: str
    kind: str
    question_id: str
    group: str
    cluster: str
    k: int
    prompt: str
    completion: str
    finish: str
    n_tokens: int
    gold_answer: str
    gold_premises: list[str]
    options: list[str]
    chance: float
    recalled: list[Premise]
    enumerated: list[str]
    gold_recalled: float
    false: int
    answer: str | None
    correct: bool
    choice: str | None = None
    choice_correct: bool | None = None
    rewards: dict[str, float] = field(default_factory=dict)
    reward: float | None = None
    advantage: float | None = None
    sampling: dict[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA


JSON_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str | None": (str, NoneType),
    "float | None": (int, float, NoneType),
    "bool | None": (bool, NoneType),
}
FIELDS = {f.name: JSON_TYPES.get(str(f.type), (list, dict)) for f in fields(Record)}
REQUIRED = {f.name for f in fields(Record) if f.default is f.default_factory is MISSING}


Item = TypeVar("Item")


def question_fields(question: Question, score: Score) -> dict[str, Any]:
    """The fields of a Record that come from the question and from the score of the completion."""
    return {
        "set": question.set,
        "split": question.split,
        "family": question.family,
        "kind": question.kind,
        "question_id": question.id,
        "group": question.group,
        "cluster": f"{question.set}/{question.cluster}",
        "gold_answer": question.answer,
        "gold_premises": list(question.premises),
        "options": list(question.options),
        "chance": question.chance,
        "recalled": list(score.recalled),
        "enumerated": list(score.enumerated),
        "gold_recalled": score.gold_recalled,
        "false": score.false,
        "answer": score.answer,
        "correct": score.correct,
    }


def question_key(record: Record) -> tuple[Any, ...]:
    """Identify the question of a record; equal in all modes.

    The question's id comes first. It is not enough: another seed may use it for another question.
    """
    # The last word of a prompt, "Think:" or "A:", depends on the mode.
    asked = split_context(record.prompt)[1].rsplit(" ", 1)[0]
    names = (record.question_id, record.set, record.split, record.gold_answer)
    return (*names, asked, tuple(record.gold_premises), tuple(record.options))


def matching(items: Iterable[Item], **want: Any) -> list[Item]:
    """The records or rows whose fields equal `want` or, where a tuple is given, are in it."""
    return [
        item
        for item in items
        if all(
            getattr(item, name) in value
            if isinstance(value, tuple)
            else getattr(item, name) == value
            for name, value in want.items()
        )
    ]


def append(path: Path, records: Iterable[Record]) -> None:
    """Append `records` to a file, creating the file and its folder if necessary.

    A torn last line, left by a killed run, is removed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size:
        with path.open("rb") as old:
            old.seek(-1, os.SEEK_END)
            torn = old.read() != b"\n"
        if torn:
            os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
    with path.open("a", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")


def read_records(path: Path, torn: list[Path] | None = None) -> Iterator[Record]:
    """Yield the records of a file; fields that Record does not know are dropped.

    A torn last line, left by a killed run, is skipped and `path` is appended to `torn`. Raises
    ValueError, naming file and line, for any other line that is not JSON or lacks a field, and
    SchemaError for a line of another schema.
    """
    # The line may be cut within a character; only the last line can be.
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            if number == len(lines):  # no newline after it: the write was cut off
                if torn is not None:
                    torn.append(path)
                return
            raise ValueError(f"{path}:{number}: not JSON") from None
        if not isinstance(entry, dict) or entry.get("schema") != SCHEMA:
            found = entry.get("schema") if isinstance(entry, dict) else None
            raise SchemaError(f"{path}:{number}: schema {found!r:.40}, this version reads {SCHEMA}")
        try:
            yield parse_record(entry)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None


def parse_record(entry: dict[str, Any]) -> Record:
    """Make a Record of a line of JSON. Raises ValueError for a missing or mistyped field."""
    if missing := REQUIRED - entry.keys():
        raise ValueError(f"no field '{min(missing)}'")
    known = {name: entry[name] for name in FIELDS if name in entry}
    for name, value in known.items():
        if not isinstance(value, FIELDS[name]):
            raise ValueError(f"'{name}' is {value!r:.40}")
    try:
        known["recalled"] = [
            Premise(p["text"], p["label"], p["position"]) for p in entry["recalled"]
        ]
    except (KeyError, TypeError):
        raise ValueError("'recalled' is not a list of text, label and position") from None
    return Record(**known)


def read_all_records(paths: Iterable[Path]) -> tuple[list[Record], list[str]]:
    """Read the records of all files; the notes say what was skipped, and why.

    Skipped are torn last lines and files of another schema. Raises ValueError as `read_records`
    does, and SchemaError if every file is of another schema.
    """
    records: list[Record] = []
    torn: list[Path] = []
    others: list[str] = []
    readable = False
    for path in paths:
        try:
            records += list(read_records(path, torn))
            readable = True
        except SchemaError as error:
            others.append(str(error))
    said = "; ".join(others)
    if others and not readable:
        raise SchemaError(said)
    notes = [f"left out: {len(others)} files of another schema: {said}"] if others else []
    if torn:
        notes.append(f"left out: {len(torn)} torn last lines: {', '.join(map(str, torn))}")
    return records, notes

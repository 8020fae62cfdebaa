"""Transcripts: one JSON line for every completion, written once, read by people and by the report.

Pure; no torch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from rlrecall.evaluation.scoring import Score
from rlrecall.knowledge.core import Question
from rlrecall.knowledge.prompts import split_context

SCHEMA = 1


class SchemaError(ValueError):
    """A line that is no record of this schema."""


@dataclass
class Record:
    """A completion and what `score` said of it; schema version 1.

    `k` numbers the samples of one question, `group` is the question's group within its family,
    `cluster` what questions that share a middle term have in common, `finish` is eos or length.
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
    recalled: list[dict[str, Any]]
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


REQUIRED = {f.name for f in fields(Record) if f.default is f.default_factory is MISSING}


def question_fields(question: Question, score: Score) -> dict[str, Any]:
    """The fields of a Record that follow from a question and the score of a completion."""
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
        "recalled": [
            {"text": p.text, "label": p.label, "position": p.position} for p in score.recalled
        ],
        "enumerated": list(score.enumerated),
        "gold_recalled": score.gold_recalled,
        "false": score.false,
        "answer": score.answer,
        "correct": score.correct,
    }


def question_key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """What records have in common that answer the same question, in whatever mode.

    Its id comes first and is not enough: runs of other seeds may use it for another question.
    """
    # The last word of a prompt, "Think:" or "A:", is the mode's.
    asked = split_context(str(record["prompt"]))[1].rsplit(" ", 1)[0]
    names = (record[name] for name in ("question_id", "set", "split", "gold_answer"))
    lists = (record[name] for name in ("gold_premises", "options"))
    return (*map(str, names), asked, *(tuple(map(str, texts)) for texts in lists))


def append(path: Path, records: Iterable[Record]) -> None:
    """Add `records` to the file, which is made with its folder if it is not there.

    A torn last line, left by a killed run, is cut off first.
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


def read(path: Path, torn: list[Path] | None = None) -> Iterator[dict[str, Any]]:
    """The records of a file. A torn last line (of a killed run) is left out, and its path put into
    `torn`.

    Raises ValueError that names file and line for any other line that is not JSON, SchemaError for
    one that is no record of this schema.
    """
    # The tear may lie within a character; only the last line can hold such a thing.
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            if number == len(lines):  # no newline behind it: the write was cut off
                if torn is not None:
                    torn.append(path)
                return
            raise ValueError(f"{path}:{number}: not JSON") from None
        if not isinstance(record, dict) or record.get("schema") != SCHEMA:
            found = record.get("schema") if isinstance(record, dict) else None
            raise SchemaError(f"{path}:{number}: schema {found!r:.40}, this version reads {SCHEMA}")
        if missing := REQUIRED - record.keys():
            raise ValueError(f"{path}:{number}: no field '{min(missing)}'")
        yield record


def read_all(paths: Iterable[Path]) -> tuple[list[dict[str, Any]], list[str]]:
    """The records of all files, and what was left out: torn last lines, files of another schema.

    Raises ValueError as `read` does, and SchemaError where every file is of another schema.
    """
    records: list[dict[str, Any]] = []
    torn: list[Path] = []
    others: list[str] = []
    readable = False
    for path in paths:
        try:
            records += list(read(path, torn))
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

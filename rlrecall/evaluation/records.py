"""Transcripts: files with one JSON line for each completion. Pure; no torch."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

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


def _json_types(hint: Any) -> set[Any]:
    """The types of a value in JSON for a field of type `hint`; a float may be written as 1."""
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return {get_origin(kind) or kind for kind in kinds} | ({int} if float in kinds else set())


FIELDS = {f.name: _json_types(f.type) for f in fields(Record)}
REQUIRED = {f.name for f in fields(Record) if f.default is f.default_factory is MISSING}
COPIED = ("set", "split", "family", "kind", "group", "chance")  # fields of Question

premise = lru_cache(2**16)(Premise)  # most occur in many records
Item = TypeVar("Item")


def question_fields(question: Question, score: Score) -> dict[str, Any]:
    """The fields of a Record that come from the question and from the score of the completion."""
    return {
        **{name: getattr(question, name) for name in COPIED},
        "question_id": question.id,
        "cluster": f"{question.set}/{question.cluster}",
        "gold_answer": question.answer,
        "gold_premises": list(question.premises),
        "options": list(question.options),
        **vars(score),
        "recalled": list(score.recalled),
        "enumerated": list(score.enumerated),
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
    allowed = {name: v if isinstance(v, tuple) else (v,) for name, v in want.items()}
    return [item for item in items if all(getattr(item, name) in v for name, v in allowed.items())]


def group_by(items: Iterable[Item], names: Iterable[str]) -> dict[Any, list[Item]]:
    """Records or rows by their values of the fields `names`, in order of appearance."""
    groups: dict[Any, list[Item]] = {}
    for item in items:
        groups.setdefault(tuple(getattr(item, name) for name in names), []).append(item)
    return groups


def append(path: Path, records: Iterable[Record]) -> None:
    """Append `records` to a file, creating the file and its folder if necessary.

    A torn last line, left by a killed run, is removed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                file.truncate(path.read_bytes().rfind(b"\n") + 1)
        for record in records:
            file.write(f"{json.dumps(asdict(record), ensure_ascii=False)}\n".encode())


def json_lines(path: Path, torn: list[Path] | None = None) -> Iterator[tuple[int, Any]]:
    """Yield the lines of a file as (number from 1, content); empty ones are skipped.

    A torn last line, left by a killed run, is skipped and `path` is appended to `torn`. Raises
    ValueError, naming file and line, for any other line that is not JSON.
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
        yield number, entry


def read_records(path: Path, torn: list[Path] | None = None) -> Iterator[Record]:
    """Yield the records of a file; fields that Record does not know are dropped.

    Raises ValueError as `json_lines` does and for a line that lacks a field, and SchemaError for a
    line of another schema.
    """
    for number, entry in json_lines(path, torn):
        schema = entry.get("schema") if isinstance(entry, dict) else None
        if schema != SCHEMA:
            raise SchemaError(
                f"{path}:{number}: schema {schema!r:.40}, this version reads {SCHEMA}"
            )
        try:
            yield parse_record(entry)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None


def parse_record(entry: dict[str, Any]) -> Record:
    """Make a Record of a line of JSON. Raises ValueError for a missing or mistyped field."""
    values: dict[str, Any] = {}
    for name, types in FIELDS.items():
        if name in entry:
            values[name] = value = entry[name]
            if type(value) not in types:
                raise ValueError(f"'{name}' is {value!r:.40}")
        elif name in REQUIRED:
            raise ValueError(f"no field '{name}'")
    try:
        recalled = [premise(p["text"], p["label"], p["position"]) for p in entry["recalled"]]
    except (KeyError, TypeError):
        raise ValueError("'recalled' is not a list of text, label and position") from None
    return Record(**values | {"recalled": recalled})


def read_all_records(paths: Iterable[Path]) -> tuple[list[Record], list[str]]:
    """Read the records of all files; the notes say what was skipped, and why.

    Skipped are torn last lines and files of another schema. Raises ValueError as `read_records`
    does, and SchemaError if every file is of another schema.
    """
    paths, records = list(paths), list[Record]()
    torn, others = list[Path](), list[str]()
    for path in paths:
        try:
            records += list(read_records(path, torn))
        except SchemaError as error:
            others.append(str(error))
    said = "; ".join(others)
    if others and len(others) == len(paths):
        raise SchemaError(said)
    notes = [f"left out: {len(others)} files of another schema: {said}"] if others else []
    if torn:
        notes.append(f"left out: {len(torn)} torn last lines: {', '.join(map(str, torn))}")
    return records, notes

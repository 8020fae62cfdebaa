"""Knowledge sets as folders of JSON lines, and what exports and imports share.

    folder/set.json         name, topics, and the digest of KnowledgeSet.digest()
           facts.jsonl      the fields of Fact
           questions.jsonl  the fields of Question

Whoever reads a file that is not right says so as "file:line: what".
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question

FORMAT = 3  # of set.json; no other is read
LISTS = ("phrasings", "aliases", "premises", "options", "entailed", "accepted")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # is in no text, lone surrogates neither


def check_new(folder: Path) -> None:
    """FileExistsError for a folder that exists, NotADirectoryError for one below a file."""
    if os.path.lexists(folder):
        raise FileExistsError(f"{folder} exists already; give another folder")
    check_above(folder)


def check_above(path: Path) -> None:
    """NotADirectoryError for a path below a file."""
    above = next(part for part in path.parents if os.path.lexists(part))
    if not above.is_dir():
        raise NotADirectoryError(f"{path}: {above} is no folder; give another")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `folder` at the end; after an error nothing is left.

    Raises as `check_new` does, and OSError where no folder can be made.
    """
    check_new(folder)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise OSError(f"{folder}: cannot be made ({error.strerror})") from None
    try:
        yield partial
        os.rename(partial, folder)
    except BaseException:
        shutil.rmtree(partial)
        raise


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_text(path: Path) -> str:
    """A UTF-8 file, without its byte order mark. ValueError for any other and for none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}:{data.count(10, 0, error.start) + 1}: not UTF-8") from None


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is not blank; ValueError for any other line."""
    # Not splitlines: a text may have U+2028, which is no end of a JSON line.
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            why = getattr(error, "msg", error)  # of the JSON reader, without a line of its own
            raise ValueError(f"{path}:{number}: not JSON ({why})") from None
        if not isinstance(row, dict):
            raise ValueError(f"{path}:{number}: not a JSON object")
        yield number, row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key comes twice")
    return row


def save_set(knowledge: KnowledgeSet, folder: Path) -> None:
    """Write the set without any loss. Raises FileExistsError for a folder that exists."""
    with new_folder(folder) as partial:
        write_jsonl(partial / "facts.jsonl", (fact._asdict() for fact in knowledge.facts))
        write_jsonl(partial / "questions.jsonl", (q._asdict() for q in knowledge.questions))
        about = {
            "format": FORMAT,
            "name": knowledge.name,
            "topics": knowledge.topics,
            "digest": knowledge.digest(),
        }
        text = json.dumps(about, indent=1, ensure_ascii=False)
        (partial / "set.json").write_text(text, encoding="utf-8")


def load_set(folder: Path) -> KnowledgeSet:
    """The set that `save_set` wrote. ValueError where a file is broken or the digest another."""
    path = folder / "set.json"
    text = read_text(path)
    try:
        about = json.loads(text)
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']}, not {FORMAT}; import it again")
        name, digest = about["name"], about["digest"]
        if not isinstance(name, str):
            raise ValueError(f"the name {name!r}")
        topics = {family: tuple(words) for family, words in about["topics"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path}: not a knowledge set ({error})") from None
    facts = [Fact(**row) for row in _rows(folder / "facts.jsonl", Fact._fields)]
    questions = [Question(**row) for row in _rows(folder / "questions.jsonl", Question._fields)]
    knowledge = KnowledgeSet(name, facts, questions, topics)
    if knowledge.digest() != digest:
        raise ValueError(
            f"{folder}: its digest is {knowledge.digest()[:12]}, not {str(digest)[:12]}"
        )
    return knowledge


def _rows(path: Path, fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for number, row in read_jsonl(path):
        if set(row) != set(fields):
            wrong = ", ".join(sorted(set(row) ^ set(fields)))
            raise ValueError(f"{path}:{number}: fields too many or too few: {wrong!r}")
        for field, value in row.items():
            texts = value if field in LISTS else [value]
            if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
                raise ValueError(f"{path}:{number}: {field} has the wrong type")
        yield {f: tuple(value) if f in LISTS else value for f, value in row.items()}

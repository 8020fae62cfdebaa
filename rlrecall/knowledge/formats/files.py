"""Read and write text files, JSON lines and new folders, with errors that name file and line."""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters and lone surrogates


def check_new(folder: Path) -> None:
    """Raise FileExistsError if `folder` exists, NotADirectoryError if it is below a file."""
    if os.path.lexists(folder):
        raise FileExistsError(f"{folder} already exists; choose another folder")
    check_parents(folder)


def check_parents(path: Path) -> None:
    """Raise NotADirectoryError if `path` is below a file."""
    parent = next(part for part in path.parents if os.path.lexists(part))
    if not parent.is_dir():
        raise NotADirectoryError(f"{path}: {parent} is not a folder; choose another path")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that is renamed to `folder` on success and deleted on an error.

    Raises the errors of `check_new`, and OSError if the folder cannot be created.
    """
    check_new(folder)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise OSError(f"{folder}: cannot create the folder ({error.strerror})") from None
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
    """Read a UTF-8 file without its byte order mark; ValueError if it is missing or not UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}:{data.count(10, 0, error.start) + 1}: not UTF-8") from None


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) for each line that is not blank; ValueError for invalid lines."""
    # Not splitlines: U+2028 may occur within a JSON string.
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError) as error:
            why = getattr(error, "msg", error)  # without the JSON reader's own line number
            raise ValueError(f"{path}:{number}: invalid JSON ({why})") from None
        if not isinstance(row, dict):
            raise ValueError(f"{path}:{number}: not a JSON object")
        yield number, row


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("duplicate key")
    return row

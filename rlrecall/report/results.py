"""Read results.json, check it, and find rows in it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from rlrecall.evaluation.records import matching
from rlrecall.evaluation.rows import FAMILY_KEYS, ROW_KEYS, ComparisonRow, ResultRow


def _nested(row: Any) -> Any:
    """A comparison as ComparisonRow has it, from its flat form in results.json."""
    return {**row, "paired": row} if isinstance(row, dict) else row


@dataclass
class Results:
    """The content of results.json; what is not recorded in it is None or empty.

    RL rewarded answers about `rl_set`; transfer is read on `transfer_set`. `seconds` is wall time.
    `perplexity` is that of general English, by arm.
    """

    study: str
    rl_set: str
    transfer_set: str
    seed: int | None = None
    command: str | None = None
    git: str | None = None
    hardware: Mapping[str, Any] | str | None = None
    seconds: float | None = None
    rows: list[ResultRow] = field(default_factory=list)
    family_rows: list[ResultRow] = field(default_factory=list)
    comparisons: list[Annotated[ComparisonRow, BeforeValidator(_nested)]] = field(
        default_factory=list
    )
    perplexity: dict[str, float] = field(default_factory=dict)
    __pydantic_config__ = ConfigDict(allow_inf_nan=False)


CHECKED = TypeAdapter(Results)


def load_results(study: Path) -> Results:
    """Read the results.json of a study, also one of an older version.

    Raises ValueError, in one line, if the file is missing or damaged.
    """
    path = study / "results.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path}: not found; a study or an evaluation writes it") from None
    except ValueError as error:  # not JSON, not UTF-8
        raise ValueError(f"{path}: not readable as JSON ({error})") from None
    if not isinstance(found, dict) or "rows" not in found:
        raise ValueError(f"{path}: has no 'rows'")
    far = "A" if found.get("rl_set") == "B" else "B"
    older = {"study": study.name, "rl_set": "A", "transfer_set": far}
    given = {name: value for name, value in found.items() if value is not None}
    try:
        results = CHECKED.validate_python(older | given)
    except ValidationError as error:
        first = error.errors()[0]
        *place, name = first["loc"]
        where = "".join(f"[{key}]" if isinstance(key, int) else str(key) for key in place)
        said = f"'{name}' is {first['input']!s:.40}; {first['msg'].lower()}"
        raise ValueError(f"{path}: {f'{where}: ' if where else ''}{said}") from None
    seen = set()
    for part in ("rows", "family_rows"):
        for i, row in enumerate(getattr(results, part)):
            if lacking := [name for name in ROW_KEYS if not getattr(row, name)]:
                raise ValueError(f"{path}: {part}[{i}] has no '{lacking[0]}'")
            key = tuple(getattr(row, name) for name in FAMILY_KEYS)
            if key in seen:
                raise ValueError(f"{path}: two rows for {' '.join(filter(None, key))}")
            seen.add(key)
    return results


def ordered(values: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """The distinct values: those of `known` first, in its order, then the others, sorted."""
    places = {value: i for i, value in enumerate(known)}
    return sorted(set(values), key=lambda v: (places.get(v, len(places)), v))


def reported_split(rows: Iterable[ResultRow], set_: str, kind: str) -> str:
    """holdout if the kind has held-out questions (recall has none), else train."""
    return "holdout" if matching(rows, set=set_, kind=kind, split="holdout") else "train"


def reported_row(
    rows: Sequence[ResultRow], arm: str, set_: str, kind: str, mode: str
) -> ResultRow | None:
    """The row on the `reported_split`, None if it was not measured."""
    split = reported_split(rows, set_, kind)
    return next(iter(matching(rows, arm=arm, set=set_, kind=kind, mode=mode, split=split)), None)

"""Read results.json, check it, and find rows in it."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from rlrecall.evaluation.comparisons import ComparisonRow
from rlrecall.evaluation.records import matching
from rlrecall.evaluation.rows import ROW_KEYS, ResultRow
from rlrecall.evaluation.statistics import Comparison


@dataclass
class Results:
    """The content of results.json; what is not recorded in it is None or empty.

    RL rewarded answers about `rl_set`; transfer is read on `transfer_set`. `seconds` is wall time.
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
    comparisons: list[ComparisonRow] = field(default_factory=list)


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
    try:
        rows = [_row(raw, place) for place, raw in _objects(found, "rows")]
        family_rows = [_row(raw, place) for place, raw in _objects(found, "family_rows")]
        comparisons = [_comparison(raw, place) for place, raw in _objects(found, "comparisons")]
        _check_unique(rows)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    rl_set = found.get("rl_set", "A")
    return Results(
        study=str(found.get("study", study.name)),
        rl_set=rl_set,
        transfer_set=found.get("transfer_set") or ("A" if rl_set == "B" else "B"),
        rows=rows,
        family_rows=family_rows,
        comparisons=comparisons,
        **{name: found.get(name) for name in ("seed", "command", "git", "hardware", "seconds")},
    )


def _objects(found: Mapping[str, Any], part: str) -> Iterable[tuple[str, dict[str, Any]]]:
    rows = found.get(part, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"'{part}' is not a list of objects")
    return ((f"{part}[{i}]", row) for i, row in enumerate(rows))


def _row(raw: Mapping[str, Any], place: str) -> ResultRow:
    return ResultRow(**_values(ResultRow, raw, place, ROW_KEYS))


def _comparison(raw: Mapping[str, Any], place: str) -> ComparisonRow:
    paired = Comparison(**_values(Comparison, raw, place))
    return ComparisonRow(**_values(ComparisonRow, raw, place), paired=paired)


def _values(
    kind: type[Any], raw: Mapping[str, Any], place: str, required: Sequence[str] = ()
) -> dict[str, Any]:
    """The fields of dataclass `kind` in `raw`, checked: text must be text, numbers finite."""
    values = {}
    for f in fields(kind):
        value, optional = raw.get(f.name), f.default is not MISSING and f.name not in required
        if f.name == "paired" or (optional and value is None):
            continue
        if f.type is str:
            if not isinstance(value, str):
                raise ValueError(f"{place} has no '{f.name}'")
        elif not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{place}: '{f.name}' is {value}, not a number")
        values[f.name] = value
    return values


def _check_unique(rows: Iterable[ResultRow]) -> None:
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        key = tuple(getattr(row, name) for name in ROW_KEYS)
        if key in seen:
            raise ValueError(f"two rows for {' '.join(key)}")
        seen.add(key)


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

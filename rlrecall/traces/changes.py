"""What changed between two runs on the same questions: `rlrecall view RUN_A RUN_B --stats`.

Only evaluations are compared: RL draws its questions anew, several samples of each. Pure; no torch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from rlrecall.evaluation.formatting import (
    DASH,
    decimal,
    interval,
    p_value,
    percent,
    points,
    points_interval,
)
from rlrecall.evaluation.records import Record, question_key
from rlrecall.evaluation.statistics import compare
from rlrecall.runs.errors import UserError
from rlrecall.traces.escape import visible
from rlrecall.traces.statistics import (
    KEYS,
    Row,
    grouped_table,
    order,
    print_tables,
    trace_statistics,
)
from rlrecall.traces.view import Filters, find_transcripts, select

Records = Sequence[Record]


def asked(record: Record) -> tuple[Any, ...]:
    """What two records have in common that are held against each other."""
    return record.mode, record.k, *question_key(record)


def trace_changes(before: Records, after: Records) -> list[Row]:
    """One row for each of KEYS but the arm: `compare`'s fields, of what both sides were asked.

    `before` and `after` are the rows of `trace_statistics` on these questions, `a` and `b` the
    arms. Raises ValueError where a side has a question twice.
    """
    common = {asked(record) for record in before} & {asked(record) for record in after}
    groups: dict[tuple[str, ...], tuple[list[Record], list[Record]]] = {}
    for side, records in enumerate((before, after)):
        for record in records:
            if asked(record) in common:
                key = tuple(getattr(record, name) for name in KEYS[:-1])
                groups.setdefault(key, ([], []))[side].append(record)
    rows = []
    for key, (a, b) in sorted(groups.items(), key=lambda item: order(item[0])):
        compared = asdict(compare(a, b))
        (left,), (right,) = trace_statistics(a), trace_statistics(b)
        arms = {"a": left["arm"], "b": right["arm"]}
        sides = [{k: v for k, v in row.items() if k not in KEYS} for row in (left, right)]
        named = dict(zip(KEYS, key, strict=False))
        rows.append({**named, **arms, **compared, "before": sides[0], "after": sides[1]})
    return rows


def show_changes(a: Path, b: Path, filters: Filters, as_json: bool = False) -> None:
    """Print what changed from run `a` to run `b`; `as_json` prints each row as a line.

    The filters hold for both. UserError where the runs share no question, or one has several arms.
    """
    if filters.outcome is not None:
        raise UserError("--outcome: two runs are compared whatever came out; it is for one run")
    before, after = (_evaluated(run, filters) for run in (a, b))
    rows = trace_changes(before, after)
    if not rows:
        among = "; or the filters leave none" if filters != Filters() else ""
        raise UserError(f"view: {a} and {b} were asked no question in common, in one mode{among}")
    shared = sum(row["n"] for row in rows)
    if len(before) > shared or len(after) > shared:
        more = f"{len(before) - shared} of {a}, {len(after) - shared} of {b}"
        said = f"answers to what only one run was asked are left out: {more}"
        print(visible(said), file=sys.stderr)
    if as_json:
        for row in rows:
            print(json.dumps(row))
    else:
        print_tables(change_tables(rows, f"{a} → {b}, the same questions"))


def _evaluated(run: Path, filters: Filters) -> Records:
    records = [r for r in select(find_transcripts(run), filters) if r.stage == "eval"]
    if len(arms := sorted({record.arm for record in records})) > 1:
        several = ", ".join(arms)
        raise UserError(f"view: {run} has the arms {several}; name the run of one, or --arm")
    return records


def change_tables(rows: Sequence[Row], title: str) -> list[Table]:
    """For the terminal: answers and premises, then enumeration where there is any."""
    about = "In %, change in points, 95% interval below; "
    about += "recalled: of right answers; false: premises in a thought"
    heads = ("n", "right", "change", "McNemar", "recalled", "false")
    first = grouped_table(f"{title}. {about}", heads, rows, _premises, KEYS[2:-1])
    found = [row for row in rows if row["before"]["enumeration"] or row["after"]["enumeration"]]
    if not found:
        return [first]
    title = "Enumeration: what a thought about a reversal goes through; position: of the hit"
    columns = ("thoughts", "candidates", "repeats", "hit", "position")
    return [first, grouped_table(title, columns, found, _enumerated, KEYS[2:-1])]


def _premises(row: Row) -> list[Text | str]:
    a, b = row["before"], row["after"]
    false = [decimal(side["false"], 2) for side in (a, b)]
    changed = row["only_a"] + row["only_b"]
    interval_of_change = points_interval(row["ci_low"], row["ci_high"], changed)
    return [
        str(row["n"]),
        _shares(a["correct"], b["correct"]),
        Text(f"{points(row['difference'])}\n").append(interval_of_change, "dim"),
        p_value(row["p_value"]),
        _shares(a["sources"]["recalled"], b["sources"]["recalled"]),
        _arrow(*false),
    ]


def _enumerated(row: Row) -> list[Text | str]:
    a, b = (row[side]["enumeration"] or {} for side in ("before", "after"))
    return [
        _arrow(*(str(side.get("thoughts", 0)) for side in (a, b))),
        *(
            _arrow(*(decimal(side.get(name)) for side in (a, b)))
            for name in ("candidates", "repeats")
        ),
        _shares(a.get("hit"), b.get("hit")),
        _arrow(*(decimal(side.get("position")) for side in (a, b))),
    ]


def _shares(a: Row | None, b: Row | None) -> Text:
    """Two shares in %, their intervals below."""
    given = [part if part and part["n"] else None for part in (a, b)]
    top = [percent(part["share"]) if part else DASH for part in given]
    below = [interval(part["ci_low"], part["ci_high"]) if part else DASH for part in given]
    return Text(f"{_arrow(*top)}\n").append(_arrow(*below), "dim")


def _arrow(before: str, after: str) -> str:
    return f"{before} → {after}"

"""What changed between two runs on the same questions: `rlrecall view RUN_A RUN_B --stats`.

Only evaluations are compared: RL draws its questions anew, several samples of each. Pure; no torch.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from rlrecall.evaluation.formatting import p_value, points, points_interval
from rlrecall.evaluation.records import Record, group_by, question_key
from rlrecall.evaluation.statistics import Comparison, compare
from rlrecall.runs.errors import UserError
from rlrecall.traces.escape import visible
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.statistics import (
    ENUMERATED,
    ENUMERATION_TITLE,
    KEYS,
    Cell,
    Key,
    TraceStatistics,
    cell,
    group_statistics,
    grouped_table,
    print_rows,
    table_order,
)

SHOWN = ("enumerating", "candidates", "repeats", "hit", "position")  # of an enumeration


@dataclass(frozen=True, kw_only=True)
class TraceChange(Comparison):
    """A paired comparison of arm `b` with arm `a`, and the statistics of their traces."""

    a: str
    b: str
    before: TraceStatistics
    after: TraceStatistics


def pair_key(record: Record) -> tuple[Any, ...]:
    """Identify what a record answers; two records with the same key are compared."""
    return record.mode, record.k, *question_key(record)


def trace_changes(before: Sequence[Record], after: Sequence[Record]) -> dict[Key, TraceChange]:
    """What changed in the answers to questions that both sides were asked, by KEYS without arm.

    Raises ValueError where a side has a question twice.
    """
    common = set(map(pair_key, before)) & set(map(pair_key, after))
    left, right = (
        group_by((r for r in side if pair_key(r) in common), KEYS[:-1]) for side in (before, after)
    )
    return {
        key: TraceChange(
            **vars(compare(a := left[key], b := right[key])),
            a=a[0].arm,
            b=b[0].arm,
            before=group_statistics(a),
            after=group_statistics(b),
        )
        for key in sorted(left, key=table_order)
    }


def show_changes(a: Path, b: Path, filters: Filters, as_json: bool = False) -> None:
    """Print what changed from run `a` to run `b`; `as_json` prints each row as a line.

    The filters hold for both. UserError if the runs share no question, or one has several arms.
    """
    if filters.outcome is not None:
        raise UserError("--outcome: filters one run; two runs are compared in all outcomes")
    before, after = (_evaluated(run, filters) for run in (a, b))
    rows = trace_changes(before, after)
    if not rows:
        among = "; or the filters leave none" if filters != Filters() else ""
        raise UserError(f"view: {a} and {b} were asked no question in common, in one mode{among}")
    shared = sum(row.n for row in rows.values())
    if len(before) > shared or len(after) > shared:
        more = f"{len(before) - shared} of {a}, {len(after) - shared} of {b}"
        note = f"answers to questions that only one run was asked are left out: {more}"
        print(visible(note), file=sys.stderr)
    print_rows(rows, change_tables(rows, f"{a} → {b}, the same questions"), as_json)


def _evaluated(run: Path, filters: Filters) -> list[Record]:
    records = [r for r in select_records(find_transcripts(run), filters) if r.stage == "eval"]
    if len(arms := sorted({record.arm for record in records})) > 1:
        several = ", ".join(arms)
        raise UserError(f"view: {run} has the arms {several}; name the run of one, or --arm")
    return records


def change_tables(rows: Mapping[Key, TraceChange], title: str) -> list[Table]:
    """Tables for the terminal: answers and premises, then enumeration if there is any."""
    title += (
        ". In %, change in points, 95% interval below; recalled: of right answers; false: premises "
        "in a thought"
    )
    columns = ("n", "right", "change", "McNemar", "recalled", "false")
    tables = [grouped_table(title, columns, {key: _answer_cells(row) for key, row in rows.items()})]
    found = {}
    for key, row in rows.items():
        a, b = row.before.enumeration, row.after.enumeration
        if a and b and a.enumerating.count + b.enumerating.count:
            found[key] = [cell(getattr(a, name), getattr(b, name)) for name in SHOWN]
    if found:
        heads = [ENUMERATED[name] for name in SHOWN]
        tables.append(grouped_table(ENUMERATION_TITLE, heads, found))
    return tables


def _answer_cells(row: TraceChange) -> list[Cell]:
    a, b = row.before, row.after
    change = points_interval(row.ci_low, row.ci_high, row.only_a + row.only_b)
    return [
        str(row.n),
        cell(a.correct, b.correct),
        Text(f"{points(row.difference)}\n").append(change, "dim"),
        p_value(row.p_value),
        cell(a.sources["recalled"], b.sources["recalled"]),
        cell(a.false, b.false, digits=2),
    ]

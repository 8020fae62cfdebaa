"""Result rows: made from transcript lines, read back from results.json, shown as tables."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from rlrecall.evaluation.formatting import (
    DASH,
    decimal,
    interval,
    p_value,
    percent,
    points,
    points_interval,
)
from rlrecall.evaluation.records import Record
from rlrecall.evaluation.statistics import wilson
from rlrecall.knowledge.core import KINDS
from rlrecall.knowledge.prompts import thinks
from rlrecall.runs.arms import ARMS, before_and_after_rl

MODE_ORDER = ("think", "think-sampled", "direct", "context", "context-think")  # in tables
ROW_KEYS = ("arm", "set", "kind", "split", "mode")
FAMILY_KEYS = ("arm", "set", "family", "kind", "split", "mode")
ROW = ("arm set kind split mode", "n correct accuracy ci_low ci_high chance")
NEEDED = {  # words and numbers that every entry has
    "rows": ROW,
    "family_rows": ROW,
    "comparisons": (
        "a b mode_a mode_b set kind split",
        "n accuracy_a accuracy_b difference ci_low ci_high p_value only_a only_b",
    ),
}
Row = dict[str, Any]


def tabulate(records: Iterable[Record], seed: int, by: tuple[str, ...] = ROW_KEYS) -> list[Row]:
    """Result rows: transcript records grouped `by` their fields, with Wilson intervals.

    `premise_recall` is the share of thoughts whose first sentence states a gold premise,
    `false_premises` their mean number of false statements; both None where nothing is thought.
    """
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        groups[tuple(getattr(record, key) for key in by)].append(record)
    rows = []
    for key, group in groups.items():
        n, correct = len(group), sum(r.correct for r in group)
        low, high = wilson(correct, n)
        row: Row = dict(zip(by, key, strict=True)) | {
            "n": n,
            "correct": correct,
            "accuracy": correct / n,
            "ci_low": low,
            "ci_high": high,
            "chance": sum(r.chance for r in group) / n,
            "seed": seed,
        }
        picks = [r.choice_correct for r in group if r.choice_correct is not None]
        choice = wilson(sum(picks), len(picks)) if picks else (None, None)
        row["choice_accuracy"] = sum(picks) / len(picks) if picks else None
        row["choice_low"], row["choice_high"] = choice
        think = thinks(group[0].mode)
        row["premise_recall"] = sum(map(first_is_gold, group)) / n if think else None
        row["gold_recalled"] = sum(r.gold_recalled for r in group) / n if think else None
        row["false_premises"] = sum(r.false for r in group) / n if think else None
        rows.append(row)
    return rows


def first_is_gold(record: Record) -> bool:
    """Whether the thought starts with a gold premise."""
    return bool(record.recalled) and record.recalled[0].label == "gold"


def load(study: Path) -> dict[str, Any]:
    """The study's results.json, looked over. Raises ValueError, in one line, where it is no use."""
    path = study / "results.json"
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path}: not found; a study or an evaluation writes it") from None
    except ValueError as error:  # not JSON, not UTF-8
        raise ValueError(f"{path}: not readable as JSON ({error})") from None
    if not isinstance(results, dict) or "rows" not in results:
        raise ValueError(f"{path}: has no 'rows'")
    for part, (words, numbers) in NEEDED.items():
        rows = results.setdefault(part, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"{path}: '{part}' is not a list of objects")
        for i, row in enumerate(rows):
            for name in words.split():
                if not isinstance(row.get(name), str):
                    raise ValueError(f"{path}: {part}[{i}] has no '{name}'")
            for name in numbers.split():
                value = row.get(name)
                if not isinstance(value, int | float) or not math.isfinite(value):
                    raise ValueError(f"{path}: {part}[{i}]: '{name}' is {value}, not a number")
    results.setdefault("rl_set", "A")
    seen: set[tuple[str, ...]] = set()
    for row in results["rows"]:
        key = tuple(row[name] for name in NEEDED["rows"][0].split())
        if key in seen:
            raise ValueError(f"{path}: two rows for {' '.join(key)}")
        seen.add(key)
    return results


def pick(rows: Iterable[Row], **want: Any) -> list[Row]:
    """The rows whose fields equal, or where a tuple is given are among, what is wanted."""
    return [
        row
        for row in rows
        if all(row[k] in v if isinstance(v, tuple) else row[k] == v for k, v in want.items())
    ]


def ordered(values: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """The distinct values, those of `known` first and in its order, the others sorted."""
    places = {value: i for i, value in enumerate(known)}
    return sorted(set(values), key=lambda v: (places.get(v, len(places)), str(v)))


def telling_split(rows: Sequence[Row], set_: str, kind: str) -> str:
    """The split that tells: holdout where the kind has one (recall has none), else train."""
    return "holdout" if pick(rows, set=set_, kind=kind, split="holdout") else "train"


def telling(rows: Sequence[Row], arm: str, set_: str, kind: str, mode: str) -> Row | None:
    split = telling_split(rows, set_, kind)
    found = pick(rows, arm=arm, set=set_, kind=kind, mode=mode, split=split)
    return found[0] if found else None


def transfer_table(results: dict[str, Any]) -> Table:
    """Accuracy in % over its interval, arms by sets and kinds; at most 100 columns wide.

    All modes; the holdout split, or train for kinds without one.
    """
    rows = results["rows"]
    columns = [
        (set_, kind)
        for set_ in ordered(row["set"] for row in rows)
        for kind in ordered((row["kind"] for row in rows if row["set"] == set_), KINDS)
    ]
    train = ordered((k for s, k in columns if telling_split(rows, s, k) == "train"), KINDS)
    table = Table(
        title="Accuracy in %, its 95% interval below; holdout questions"
        + (f", but train for {', '.join(train)}" if train else ""),
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("arm", no_wrap=True)
    for set_, kind in columns:
        short = {"composition": "comp", "reversal": "rev"}.get(kind, kind[:6])
        table.add_column(f"{escape(set_)}\n{escape(short)}", justify="right", no_wrap=True)
    for mode in MODE_ORDER:
        of_mode = pick(rows, mode=mode)
        if of_mode:
            table.add_row(f"[bold]{mode}[/bold]")
        for arm in ordered((row["arm"] for row in of_mode), ARMS):
            cells = [telling(rows, arm, set_, kind, mode) for set_, kind in columns]
            table.add_row(escape(arm), *(terminal_cell(row) for row in cells))
    return table


def terminal_cell(row: Row | None) -> str:
    return (
        f"{percent(row['accuracy'])}\n[dim]{interval(row['ci_low'], row['ci_high'])}[/dim]"
        if row
        else DASH
    )


def transfer_set(results: dict[str, Any]) -> str:
    """The set on which transfer is read; in results of older studies B, unless RL was on B."""
    return results.get("transfer_set") or ("A" if results["rl_set"] == "B" else "B")


def finding(results: dict[str, Any], kind: str) -> str | None:
    """What RL changed on the transfer set (thinking, holdout), in words; None: not measured.

    "rose" and "fell" are said only where interval and test both bear it out.
    """
    rows = pick(
        results["comparisons"],
        set=transfer_set(results),
        kind=kind,
        split="holdout",
        mode_a="think",
        mode_b="think",
    )
    for a, b in before_and_after_rl():
        for row in pick(rows, a=a, b=b):
            start, end = change(row)
            said = (
                f"After RL on set {results['rl_set']} ({a} → {b}), accuracy on held-out {kind} "
                f"questions of set {row['set']}, thinking, {start}, {row['n']} questions asked "
                f"both times, {end}."
            )
            for control in pick(rows, a="control", b="rl") if b == "rl" else ():
                start, end = change(control)
                said += f" Against the same steps without rewards (control → rl) it {start}, {end}."
            return said
    return None


def change(row: Row) -> tuple[str, str]:
    """What became of an accuracy, and what its test says."""
    low, high = row["ci_low"], row["ci_high"]
    verb, end = ("rose" if row["difference"] > 0 else "fell"), ""
    if low <= 0 <= high:
        verb, end = "went", "; the interval includes 0, so no change is shown"
    elif row["p_value"] >= 0.05:
        verb, end = "went", "; the test does not bear the interval out, so it is in doubt"
    if low == high:
        end += "; all clusters of questions changed alike, so the interval has no width"
    return (
        f"{verb} from {percent(row['accuracy_a'], 1)} % to {percent(row['accuracy_b'], 1)} %: "
        f"{points(row['difference'])} points, 95 % interval {points(low)} to {points(high)}",
        f"exact McNemar {p_value(row['p_value'])}{end}",
    )


def rows_table(rows: Sequence[Row]) -> Table:
    """Result rows as they are, one a line: accuracy with its interval, chance, first premises."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for head in ("set", "kind", "split", "mode"):
        table.add_column(head, no_wrap=True)
    for head in ("n", "accuracy %", "interval", "chance", "choice %", "premise %", "false"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            *(escape(row[key]) for key in ("set", "kind", "split", "mode")),
            str(row["n"]),
            percent(row["accuracy"], 1),
            interval(row["ci_low"], row["ci_high"]),
            percent(row["chance"], 1),
            percent(row["choice_accuracy"], 1),
            percent(row["premise_recall"], 1),
            decimal(row["false_premises"], 2),
        )
    return table


def comparisons_table(comparisons: Sequence[Row]) -> Table:
    """Paired differences, one a line, b less a in points."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for head in ("a", "b", "set", "kind", "split"):
        table.add_column(head, no_wrap=True)
    for head in ("n", "a %", "b %", "b - a", "95 % interval", "McNemar"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in comparisons:
        table.add_row(
            *(escape(row[key]) for key in ("a", "b", "set", "kind", "split")),
            str(row["n"]),
            percent(row["accuracy_a"], 1),
            percent(row["accuracy_b"], 1),
            points(row["difference"]),
            points_interval(row["ci_low"], row["ci_high"], row["only_a"] + row["only_b"]),
            p_value(row["p_value"]),
        )
    return table

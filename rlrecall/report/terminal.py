"""Result rows and comparisons as tables for the terminal."""

from collections.abc import Mapping, Sequence

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
from rlrecall.evaluation.records import matching
from rlrecall.evaluation.rows import MODE_ORDER, ComparisonRow, ResultRow
from rlrecall.knowledge.core import KINDS
from rlrecall.report.results import Results, ordered, reported_row, reported_split
from rlrecall.runs.arms import ARMS
from rlrecall.traces.terminal import plain_table


def transfer_table(results: Results) -> Table:
    """Accuracy in % over its interval, arms by sets and kinds; at most 100 columns wide.

    All modes; the holdout split, or train for kinds without one.
    """
    rows = results.rows
    columns = [
        (set_, kind)
        for set_ in ordered(row.set for row in rows)
        for kind in ordered((row.kind for row in matching(rows, set=set_)), KINDS)
    ]
    train = ordered((k for s, k in columns if reported_split(rows, s, k) == "train"), KINDS)
    title = "Accuracy in %, its 95% interval below; holdout questions"
    table = plain_table([], [], title + (f", but train for {', '.join(train)}" if train else ""))
    table.add_column("arm", no_wrap=True)
    for set_, kind in columns:
        short = {"composition": "comp", "reversal": "rev"}.get(kind, kind[:6])
        table.add_column(f"{escape(set_)}\n{escape(short)}", justify="right", no_wrap=True)
    for mode in MODE_ORDER:
        of_mode = matching(rows, mode=mode)
        if of_mode:
            table.add_row(f"[bold]{mode}[/bold]")
        for arm in ordered((row.arm for row in of_mode), ARMS):
            found = [reported_row(rows, arm, set_, kind, mode) for set_, kind in columns]
            cells = [
                f"{percent(r.accuracy)}\n[dim]{interval(r.ci_low, r.ci_high)}[/dim]" if r else DASH
                for r in found
            ]
            table.add_row(escape(arm), *cells)
    return table


def drift_table(perplexity: Mapping[str, float]) -> Table:
    """Perplexity of general English by arm, and as a multiple of the first one."""
    title = "Perplexity of general English; only differences are to be read"
    table = plain_table(("arm",), ("perplexity", "times the first"), title)
    first = next(iter(perplexity.values()))
    for arm, value in perplexity.items():
        table.add_row(escape(arm), decimal(value, 2), decimal(value / first, 2))
    return table


def rows_table(rows: Sequence[ResultRow]) -> Table:
    """One line for each result row."""
    numbers = ("n", "accuracy %", "interval", "chance", "choice %", "premise %", "false")
    table = plain_table(("set", "kind", "split", "mode"), numbers)
    for row in rows:
        table.add_row(
            *map(escape, (row.set, row.kind, row.split, row.mode)),
            str(row.n),
            percent(row.accuracy, 1),
            interval(row.ci_low, row.ci_high),
            percent(row.chance, 1),
            percent(row.choice_accuracy, 1),
            percent(row.premise_recall, 1),
            decimal(row.false_premises, 2),
        )
    return table


def comparisons_table(comparisons: Sequence[ComparisonRow]) -> Table:
    """One line for each paired difference, b minus a in points."""
    numbers = ("n", "a %", "b %", "b - a", "95% interval", "McNemar")
    table = plain_table(("a", "b", "set", "kind", "split"), numbers)
    for row in comparisons:
        paired = row.paired
        table.add_row(
            *map(escape, (row.a, row.b, row.set, row.kind, row.split)),
            str(paired.n),
            percent(paired.accuracy_a, 1),
            percent(paired.accuracy_b, 1),
            points(paired.difference),
            points_interval(paired.ci_low, paired.ci_high, paired.only_a + paired.only_b),
            p_value(paired.p_value),
        )
    return table

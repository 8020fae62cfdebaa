"""The report's tables: accuracies, paired differences, every row there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlrecall.evaluation.formatting import (
    DASH,
    decimal,
    interval,
    p_value,
    percent,
    points,
    points_interval,
)
from rlrecall.evaluation.rows import MODE_ORDER, Row, ordered, pick
from rlrecall.report.html import note, table
from rlrecall.runs.arms import ARMS
from rlrecall.traces.escape import safe


def cell(row: Row) -> str:
    aside = f"{interval(row['ci_low'], row['ci_high'])} · {row['correct']}/{row['n']}"
    return f'{percent(row["accuracy"])} <small class="beside">{aside}</small>'


def matrix(columns: dict[str, list[Row]]) -> str:
    """Arms, grouped by mode, against `columns`: the rows of each set or kind, under its name."""
    rows = [row for column in columns.values() for row in column]
    heads = [
        f"{safe(name)}<small>chance {' / '.join(sorted({percent(r['chance']) for r in column}))} %"
        "</small>"
        for name, column in columns.items()
    ]
    body: list[list[str]] = []
    for mode in ordered((row["mode"] for row in rows), MODE_ORDER):
        body.append([safe(mode)])
        for arm in ordered((row["arm"] for row in pick(rows, mode=mode)), ARMS):
            found = [pick(column, arm=arm, mode=mode) for column in columns.values()]
            body.append([safe(arm), *(cell(row[0]) if row else DASH for row in found)])
    return table(["arm", *heads], body)


def comparisons_section(comparisons: Sequence[Row]) -> list[str]:
    out = ["<h2>Comparisons</h2>"]
    if not comparisons:
        return [*out, note("results.json holds no comparisons.")]
    telling = [r for r in comparisons if (r["kind"], r["split"]) == ("composition", "holdout")]
    others = [row for row in comparisons if row not in telling]
    summary = f"<summary>The others ({len(others)})</summary>"
    return [
        *out,
        note(
            "The same questions put to a and to b; only a, only b: questions that just one of them "
            "has right. The p values are not corrected for the number of comparisons shown. An "
            "interval without width says that all clusters changed alike, not that it is certain."
        ),
        differences(telling) if telling else note("None of held-out compositions."),
        f"<details>{summary}{differences(others)}</details>" if others else "",
    ]


def differences(comparisons: Sequence[Row]) -> str:
    head = ["a → b", "set", "kind", "a, %", "b, %", "b less a, points", "only a", "only b", "p"]
    body = []
    for row in comparisons:
        a, b = safe(row["a"]), safe(row["b"])
        modes = dict.fromkeys(safe(row[name]) for name in ("mode_a", "mode_b"))
        size = f"{row['split']}, n = {row['n']}"
        if "clusters" in row:
            size += f" in {row['clusters']} clusters"
        changed = row["only_a"] + row["only_b"]
        reach = points_interval(row["ci_low"], row["ci_high"], changed)
        body.append(
            [
                f"{a} → {b}<small>{' → '.join(modes)}</small>",
                safe(row["set"]),
                f"{safe(row['kind'])}<small>{safe(size)}</small>",
                percent(row["accuracy_a"], 1),
                percent(row["accuracy_b"], 1),
                f"{points(row['difference'])}<small>{reach}</small>",
                safe(row["only_a"]),
                safe(row["only_b"]),
                p_value(row["p_value"]).removeprefix("p ").removeprefix("= "),
            ]
        )
    return table(head, body)


def details_section(results: dict[str, Any]) -> list[str]:
    """Every row there is, also by family, folded away."""
    out = ["<h2>Every number</h2>"]
    names = ["arm", "set", "family", "kind", "split", "mode"]
    measures = "accuracy,chance,forced choice,first premise,gold premises,false per thought"
    for title, part in (("All rows", "rows"), ("By family", "family_rows")):
        rows, body = results[part], []
        keys = [name for name in names if any(name in row for row in rows)]
        for row in rows:
            choice = percent(row.get("choice_accuracy"))
            if choice != DASH:
                low_high = interval(row.get("choice_low"), row.get("choice_high"))
                choice += f" <small class='beside'>{low_high}</small>"
            body.append(
                [
                    *(safe(row.get(name, "")) for name in keys),
                    cell(row),
                    percent(row["chance"]),
                    choice,
                    percent(row.get("premise_recall")),
                    percent(row.get("gold_recalled")),
                    decimal(row.get("false_premises"), 2),
                ]
            )
        if rows:
            inside = f"<summary>{title} ({len(rows)})</summary>"
            inside += table([*keys, *measures.split(",")], body)
            out.append(f"<details>{inside}</details>")
    legend = (
        "In %. Forced choice: the likeliest of the options. First premise: thoughts beginning with "
        "the right fact. Gold premises: the share of them that a thought states. False per thought "
        "is a mean number."
    )
    return [*out, note(legend)] if len(out) > 1 else []

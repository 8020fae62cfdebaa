"""What traces say in numbers: where right answers came from, what was made up, how people were gone
through. `rlrecall view RUN --stats`; of a study's folder the arms stand below one another.

Two runs are compared in trace_changes.py. Pure; no torch.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from rich.table import Table
from rich.text import Text

from rlrecall.evaluation.formatting import DASH, decimal, interval, percent
from rlrecall.evaluation.records import Record
from rlrecall.evaluation.rows import MODE_ORDER
from rlrecall.evaluation.scoring import LABELS, normal
from rlrecall.evaluation.statistics import wilson
from rlrecall.knowledge.core import KINDS
from rlrecall.knowledge.prompts import split_context, thinks
from rlrecall.runs.arms import ARMS
from rlrecall.traces.escape import visible
from rlrecall.traces.terminal import console
from rlrecall.traces.view import Filters, find_transcripts, select

SOURCES = ("recalled", "copied", "lucky", "at once")
KEYS = ("stage", "mode", "set", "kind", "split", "arm")
Row = dict[str, Any]


def source(record: Record) -> str:
    """Where a right answer came from, one of SOURCES.

    recalled: the thought states every gold premise, and no context gave them; copied: the answer
    stands in the prompt, in the context or in the question itself; lucky: a thought without its
    premises; at once: nothing was thought, so there is nothing to see.
    """
    if record.gold_recalled == 1 and not split_context(record.prompt)[0]:
        return "recalled"
    answer = re.escape(normal(record.answer or ""))
    if re.search(rf"(?<!\w){answer}(?!\w)", normal(record.prompt)):
        return "copied"
    return "lucky" if thinks(record.mode) else "at once"


def share(count: int, n: int) -> Row:
    """A proportion with its 95 % Wilson interval; None where n is 0."""
    low, high = wilson(count, n) if n else (None, None)
    value = count / n if n else None
    return {"count": count, "n": n, "share": value, "ci_low": low, "ci_high": high}


def enumeration(records: Sequence[Record]) -> Row | None:
    """How thoughts about reversals went through candidates; None where none names any.

    `candidates` and `repeats` are means for a thought. A thought hits where it states the gold
    premise: `hit` is the share that do, `position` the median number of the statement that does (1
    is the first), `past` the mean number of statements behind it. `true` is the share of statements
    that are gold or true.
    """
    thoughts = [r for r in records if r.kind == "reversal" and r.enumerated]
    if not thoughts:
        return None
    repeats = [len(r.enumerated) - len(set(r.enumerated)) for r in thoughts]
    labels: Counter[str] = Counter()
    positions, past = [], []
    for record in thoughts:
        stated = [p.label for p in record.recalled if p.label != "unparsable"]
        labels.update(stated)
        if "gold" in stated:
            positions.append(stated.index("gold") + 1)
            past.append(len(stated) - positions[-1])
    return {
        "thoughts": len(thoughts),
        "candidates": fmean(len(set(r.enumerated)) for r in thoughts),
        "repeats": fmean(repeats),
        "repeating": share(sum(map(bool, repeats)), len(thoughts)),
        "hit": share(len(positions), len(thoughts)),
        "position": median(positions) if positions else None,
        "past": fmean(past) if past else None,
        "true": share(labels["gold"] + labels["true"], labels.total()),
    }


def trace_statistics(records: Iterable[Record]) -> list[Row]:
    """One row for each of KEYS: accuracy, sources of right answers, false premises, enumeration.

    `hallucinated` is the share of thoughts with a false premise, `false` the mean number of them,
    `labels` counts sentences. The intervals take thoughts, and of `true` and `repeating` what is in
    them, as independent; questions that share premises are not quite.
    """
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        groups[tuple(getattr(record, key) for key in KEYS)].append(record)
    rows = []
    for key in sorted(groups, key=order):
        group = groups[key]
        right = [record for record in group if record.correct]
        sources = Counter(map(source, right))
        labels = Counter(p.label for record in group for p in record.recalled)
        made_up = sum(record.false > 0 for record in group)
        think = thinks(group[0].mode)
        rows.append(
            {
                **dict(zip(KEYS, key, strict=True)),
                "correct": share(len(right), len(group)),
                "sources": {name: share(sources[name], len(right)) for name in SOURCES},
                "hallucinated": share(made_up, len(group)) if think else None,
                "false": fmean(record.false for record in group) if think else None,
                "labels": {name: labels[name] for name in LABELS} if think else None,
                "enumeration": enumeration(group),
            }
        )
    return rows


def order(key: tuple[str, ...]) -> list[tuple[int, str]]:
    """The place of a row whose values of KEYS, or of the first of them, are `key`."""
    known = {"mode": MODE_ORDER, "kind": KINDS, "arm": tuple(ARMS)}
    return [
        (known[name].index(value) if value in known.get(name, ()) else 99, value)
        for name, value in zip(KEYS, key, strict=False)
    ]


def _cell(part: Row | None) -> Text:
    """A share in %, its interval below."""
    if part is None or part["share"] is None:
        return Text(DASH)
    return Text(f"{percent(part['share'])}\n").append(
        interval(part["ci_low"], part["ci_high"]), "dim"
    )


def show_statistics(run: Path, filters: Filters, as_json: bool = False) -> None:
    """Print the statistics of a run's records that pass; `as_json` prints each row as a line."""
    rows = trace_statistics(select(find_transcripts(run), filters))
    if not rows:
        print("no record matches", file=sys.stderr)
    elif as_json:
        for row in rows:
            print(json.dumps(row))
    else:
        print_tables(tables(rows))


def print_tables(tables: Iterable[Table]) -> None:
    out = console(sys.stdout, width=None if sys.stdout.isatty() else 110)
    for table in tables:
        out.print(table, "")


def tables(rows: Sequence[Row]) -> list[Table]:
    """For the terminal: answers and premises, then enumeration where there is any."""
    about = "of right answers: recalled, copied, lucky, at once; of thoughts: with false premises"
    title = f"In %, 95% interval below; {about}"
    heads = ("n", "right", *SOURCES, "made up", "false")
    first = grouped_table(title, heads, rows, _premises)
    found = [row for row in rows if row["enumeration"]]
    if not found:
        return [first]
    title = "Enumeration: what a thought about a reversal goes through; position: of the hit"
    columns = ("thoughts", "candidates", "repeats", "hit", "position", "past it", "true")
    return [first, grouped_table(title, columns, found, _enumerated)]


def _premises(row: Row) -> list[Text | str]:
    shares = [row["correct"], *row["sources"].values(), row["hallucinated"]]
    return [str(row["correct"]["n"]), *map(_cell, shares), decimal(row["false"], 2)]


def _enumerated(row: Row) -> list[Text | str]:
    part = row["enumeration"]
    return [
        str(part["thoughts"]),
        decimal(part["candidates"]),
        decimal(part["repeats"]),
        _cell(part["hit"]),
        decimal(part["position"]),
        decimal(part["past"]),
        _cell(part["true"]),
    ]


def grouped_table(
    title: str,
    heads: Sequence[str],
    rows: Sequence[Row],
    cells: Any,
    names: Sequence[str] = KEYS[2:],
) -> Table:
    """Rows under headings of stage and mode; what repeats the row above is left blank.

    Each row begins with its `names`; `cells` gives the others, one for each of `heads`.
    """
    table = Table(
        title=Text(visible(title)),
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for name in names:
        table.add_column(name, no_wrap=True)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    before: list[str] = []
    for row in rows:
        if [row["stage"], row["mode"]] != before[:2]:
            what = row["mode"] if row["stage"] == "eval" else f"{row['mode']}, {row['stage']}"
            table.add_row(Text(visible(what), "bold"))
            before = [row["stage"], row["mode"]]
        labels = [row[name] for name in names]
        same = labels[:-1] == before[2:-1]
        shown = [""] * len(labels[:-1]) + labels[-1:] if same else labels
        table.add_row(*(Text(visible(label)) for label in shown), *cells(row))
        before = [*before[:2], *labels]
    return table

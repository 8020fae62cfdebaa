"""Statistics of traces: `rlrecall view RUN --stats`.

Where right answers came from, how many premises were false, how candidates were enumerated. For a
study's folder the arms stand below one another. changes.py compares two runs. Pure; no torch.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from rich.table import Table
from rich.text import Text

from rlrecall.evaluation.formatting import DASH, decimal, interval, percent
from rlrecall.evaluation.outcomes import MIN_CANDIDATES, SOURCES, enumeration, source
from rlrecall.evaluation.records import Record, group_by
from rlrecall.evaluation.rows import MODE_ORDER
from rlrecall.evaluation.scoring import LABELS
from rlrecall.evaluation.statistics import Rate
from rlrecall.knowledge.core import KINDS
from rlrecall.knowledge.prompts import thinks
from rlrecall.runs.arms import ARMS
from rlrecall.traces.escape import visible
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.terminal import console, plain_table

KEYS = ("stage", "mode", "set", "kind", "split", "arm")
Key = tuple[str, ...]  # values of KEYS, or of the first of them
Cell = Text | str
ENUMERATION_TITLE = (
    f"Enumeration: thoughts about reversals that name at least {MIN_CANDIDATES} candidates; "
    "position: of the hit"
)
ENUMERATED = {  # fields of EnumerationStatistics, with their heads in a table
    **{"enumerating": "enumerate", "candidates": "candidates", "repeats": "repeats", "hit": "hit"},
    **{"position": "position", "past": "past it", "true": "true"},
}


@dataclass(frozen=True)
class EnumerationStatistics:
    """How thoughts about reversals enumerate candidates (outcomes.enumeration).

    `enumerating` is the rate among thoughts; all others are of those that enumerate. `candidates`,
    `repeats` and `past` are means, `position` is a median; None where there is nothing to average.
    `repeating` and `hit` are rates of enumerations, `true` is that of their statements.
    """

    enumerating: Rate
    candidates: float | None
    repeats: float | None
    repeating: Rate
    hit: Rate
    position: float | None
    past: float | None
    true: Rate


@dataclass(frozen=True)
class TraceStatistics:
    """Statistics of traces that agree in KEYS.

    `sources` are rates among the right answers. None in modes without thinking: `hallucinated`,
    the rate of thoughts with a false premise; `false`, their mean number; `labels`, the number of
    sentences with each label. `enumeration` is None unless the traces are thoughts about reversals.
    Intervals take thoughts, in `true` statements, as independent; questions that share premises are
    not quite.
    """

    correct: Rate
    sources: dict[str, Rate]
    hallucinated: Rate | None
    false: float | None
    labels: dict[str, int] | None
    enumeration: EnumerationStatistics | None


def enumeration_statistics(records: Iterable[Record]) -> EnumerationStatistics | None:
    """The statistics of the records that are thoughts about reversals; None if there is none."""
    thoughts = [r for r in records if r.kind == "reversal" and thinks(r.mode)]
    if not thoughts:
        return None
    pairs = [(record, enumeration(record)) for record in thoughts]
    found = [each for _, each in pairs if each]
    labels = [p.label for r, each in pairs if each for p in r.recalled if p.label != "unparsable"]
    past = [each.past for each in found if each.past is not None]
    return EnumerationStatistics(
        enumerating=Rate.of(each is not None for _, each in pairs),
        candidates=fmean(each.candidates for each in found) if found else None,
        repeats=fmean(each.repeats for each in found) if found else None,
        repeating=Rate.of(each.repeats > 0 for each in found),
        hit=Rate.of(each.hit for each in found),
        position=median(each.position for each in found if each.position) if past else None,
        past=fmean(past) if past else None,
        true=Rate.of(label in ("gold", "true") for label in labels),
    )


def trace_statistics(records: Iterable[Record]) -> dict[Key, TraceStatistics]:
    """The statistics of the records for each combination of KEYS, in the order of tables."""
    groups = group_by(records, KEYS)
    return {key: group_statistics(groups[key]) for key in sorted(groups, key=table_order)}


def group_statistics(group: Sequence[Record]) -> TraceStatistics:
    """The statistics of records that were all asked in the same mode."""
    sources = [source(record) for record in group if record.correct]
    labels = Counter(p.label for record in group for p in record.recalled)
    think = thinks(group[0].mode)
    return TraceStatistics(
        correct=Rate.of(record.correct for record in group),
        sources={name: Rate.of(found == name for found in sources) for name in SOURCES},
        hallucinated=Rate.of(record.false > 0 for record in group) if think else None,
        false=fmean(record.false for record in group) if think else None,
        labels={name: labels[name] for name in LABELS} if think else None,
        enumeration=enumeration_statistics(group),
    )


def table_order(key: Key) -> list[tuple[int, str]]:
    """The sort key of `key`: known modes, kinds and arms in their order, then by name."""
    known = {"mode": MODE_ORDER, "kind": KINDS, "arm": tuple(ARMS)}
    return [
        (known[name].index(value) if value in known.get(name, ()) else 99, value)
        for name, value in zip(KEYS, key, strict=False)
    ]


def show_statistics(run: Path, filters: Filters, as_json: bool = False) -> None:
    """Print the statistics of a run's records that pass; `as_json` prints each row as a line."""
    rows = trace_statistics(select_records(find_transcripts(run), filters))
    if not rows:
        print("no record matches", file=sys.stderr)
    else:
        print_rows(rows, statistics_tables(rows), as_json)


def print_rows(rows: Mapping[Key, Any], tables: Iterable[Table], as_json: bool) -> None:
    """Print `tables` or, as JSON, each row (a dataclass) with its values of KEYS as a line."""
    if as_json:
        for key, row in rows.items():
            print(json.dumps(dict(zip(KEYS, key, strict=False)) | asdict(row)))
        return
    out = console(sys.stdout, width=None if sys.stdout.isatty() else 110)
    for table in tables:
        out.print(table, "")


def statistics_tables(rows: Mapping[Key, TraceStatistics]) -> list[Table]:
    """Tables for the terminal: answers and premises, then enumeration if there is any."""
    title = (
        "In %, 95% interval below; of right answers: recalled, copied, lucky, at once; of "
        "thoughts: with false premises"
    )
    heads = ("n", "right", *SOURCES, "made up", "false")
    answers = {}
    for key, row in rows.items():
        rates = (row.correct, *row.sources.values(), row.hallucinated)
        answers[key] = [Text(str(row.correct.n)), *map(cell, rates), cell(row.false, digits=2)]
    tables = [grouped_table(title, heads, answers)]
    found = {key: row.enumeration for key, row in rows.items() if row.enumeration}
    if any(part.enumerating.count for part in found.values()):
        cells = {
            key: [Text(str(e.enumerating.n)), *(cell(getattr(e, name)) for name in ENUMERATED)]
            for key, e in found.items()
        }
        tables.append(grouped_table(ENUMERATION_TITLE, ("n", *ENUMERATED.values()), cells))
    return tables


def cell(*values: Any, digits: int = 1) -> Text:
    """A value, or those before and after; rates are in %, their intervals below."""
    rates = [value for value in values if isinstance(value, Rate)]
    if not rates:
        return Text(" → ".join(decimal(value, digits) for value in values))
    text = Text(" → ".join(percent(rate.share) for rate in rates))
    below = [interval(rate.ci_low, rate.ci_high) if rate.n else DASH for rate in rates]
    return text.append("\n" + " → ".join(below), "dim") if any(r.n for r in rates) else text


def grouped_table(title: str, heads: Sequence[str], rows: Mapping[Key, Sequence[Cell]]) -> Table:
    """A table with a heading for each stage and mode; labels that repeat are left blank.

    The first columns are the KEYS behind stage and mode; `rows` has the cells of the others, one
    for each of `heads`.
    """
    names = KEYS[2 : max(map(len, rows))]
    table = plain_table(names, heads, Text(visible(title)))
    before: Key = ()
    for key, cells in rows.items():
        stage, mode, *labels = key
        if key[:2] != before[:2]:
            heading = mode if stage == "eval" else f"{mode}, {stage}"
            table.add_row(Text(visible(heading), "bold"))
        same = key[:-1] == before[:-1]
        shown = [""] * len(labels[:-1]) + labels[-1:] if same else labels
        table.add_row(*(Text(visible(label)) for label in shown), *cells)
        before = key
    return table

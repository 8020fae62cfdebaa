"""The tables of the report: one fold for each question that a reader has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from rlrecall.evaluation.formatting import (
    DASH,
    decimal,
    interval,
    p_value,
    percent,
    points,
    points_interval,
)
from rlrecall.evaluation.outcomes import enumeration
from rlrecall.evaluation.records import Record, group_by, matching
from rlrecall.evaluation.rows import FAMILY_KEYS, MODE_ORDER, ComparisonRow, ResultRow
from rlrecall.knowledge.core import KINDS
from rlrecall.report.findings import Span, comparison_filters, row_filters, side_filters
from rlrecall.report.results import Results, ordered
from rlrecall.runs.arms import ARMS

THINKING = ("think", "think-sampled")


@dataclass(frozen=True)
class Table:
    """Rows of cells; a row of one cell is a heading over the rows below it."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Span]]


def accuracy_cell(row: ResultRow) -> Span:
    detail = f"{interval(row.ci_low, row.ci_high)} · {row.correct}/{row.n}"
    return Span(percent(row.accuracy), row_filters(row), detail)


def choice_cell(row: ResultRow) -> Span:
    """Accuracy of the likeliest option; nothing to link to: no text is written."""
    if row.choice_accuracy is None:
        return Span(DASH)
    below = interval(row.choice_low, row.choice_high)
    return Span(percent(row.choice_accuracy), detail=below)


def by_set(
    rows: Sequence[ResultRow],
    cell: Callable[[ResultRow], Span] = accuracy_cell,
    measure: str = "accuracy",
) -> list[Table]:
    """Arms by sets under headings of kind, split and mode, each with a line for chance."""
    sets = ordered(row.set for row in rows)
    body: list[list[Span]] = []
    groups = group_by(rows, ("kind", "mode", "split"))
    kinds, modes = (
        ordered((r.kind for r in rows), KINDS),
        ordered((r.mode for r in rows), MODE_ORDER),
    )
    for kind, mode, split in product(kinds, modes, ("holdout", "train")):
        if not (group := groups.get((kind, mode, split))):
            continue
        body.append([Span(f"{kind}, {split}, {mode}")])
        for arm in ordered((row.arm for row in group), ARMS):
            found = [matching(group, arm=arm, set=set_) for set_ in sets]
            body.append([Span(arm), *(cell(part[0]) if part else Span(DASH) for part in found)])
        asked = [matching(group, set=set_) for set_ in sets]
        chance = [Span(percent(part[0].chance) if part else DASH) for part in asked]
        body.append([Span("chance"), *chance])
    return [Table([measure, *(f"set {set_}" for set_ in sets)], body)] if rows else []


def differences(comparisons: Sequence[ComparisonRow]) -> list[Table]:
    """Paired differences, one a line; the counts link to the answers that changed."""
    heads = ["a → b", "set", "kind", "a, %", "b, %", "b less a, points", "only a", "only b", "p"]
    body = []
    for row in comparisons:
        c = row.paired
        modes = dict.fromkeys((row.mode_a, row.mode_b))
        reach = points_interval(c.ci_low, c.ci_high, c.only_a + c.only_b)
        same_mode = row.mode_a == row.mode_b
        broken, fixed = (
            comparison_filters(row, change=change) if same_mode and count else None
            for change, count in (("broken", c.only_a), ("fixed", c.only_b))
        )
        body.append(
            [
                Span(f"{row.a} → {row.b}", detail=" → ".join(modes)),
                Span(row.set),
                Span(row.kind, detail=f"{row.split}, n = {c.n} in {c.clusters} clusters"),
                Span(percent(c.accuracy_a, 1), side_filters(row, "a")),
                Span(percent(c.accuracy_b, 1), side_filters(row, "b")),
                Span(points(c.difference), comparison_filters(row), reach),
                Span(str(c.only_a), broken),
                Span(str(c.only_b), fixed),
                Span(p_value(c.p_value).removeprefix("p ").removeprefix("= ")),
            ]
        )
    return [Table(heads, body)] if body else []


def enumerations(thoughts: Mapping[tuple[str, str], Sequence[Record]]) -> list[Table]:
    """Enumerations in the thoughts about reversals of each (arm, set)."""
    sets = ordered(set_ for _, set_ in thoughts)
    body = []
    for arm in ordered((arm for arm, _ in thoughts), ARMS):
        cells = [Span(arm)]
        for set_ in sets:
            records = thoughts.get((arm, set_), [])
            found = [e for e in map(enumeration, records) if e]
            share = percent(len(found) / max(1, len(records)))
            detail = f"{sum(e.hit for e in found)}/{len(found)} state the gold fact"
            where = {"arm": arm, "set": set_, "kind": "reversal", "mode": "think", "step": 0}
            cells.append(Span(share, where, detail) if records else Span(DASH))
        body.append(cells)
    return [Table(["enumerations", *(f"set {set_}" for set_ in sets)], body)] if body else []


def drift(perplexity: Mapping[str, float]) -> list[Table]:
    """Perplexity of general English by arm, and as a multiple of the first one."""
    first = next(iter(perplexity.values()), 1.0)
    body = [
        [Span(arm), Span(decimal(value, 2)), Span(decimal(value / first, 2))]
        for arm, value in perplexity.items()
    ]
    return [Table(["perplexity", "of general English", "times the first"], body)] if body else []


def reachability(arm: str, logged: Mapping[str, float]) -> Table:
    """What RL logged before its first step, reach/<kind>/<what>, by kind."""
    kinds = ordered((name.split("/")[1] for name in logged if name.count("/") == 2), KINDS)
    body = [
        [
            Span(kind),
            *(Span(percent(logged.get(f"reach/{kind}/{x}"))) for x in ("right", "recalled")),
        ]
        for kind in kinds
    ]
    heads = [arm, "a right answer", "all gold premises"]
    return Table(heads, body)


def all_rows(rows: Sequence[ResultRow]) -> list[Table]:
    """Every row and every measure."""
    keys = [name for name in FAMILY_KEYS if any(getattr(row, name) for row in rows)]
    measures = "accuracy,chance,forced choice,first premise,gold premises,false per thought"
    body = [
        [
            *(Span(getattr(row, name)) for name in keys),
            accuracy_cell(row),
            Span(percent(row.chance)),
            choice_cell(row),
            *(Span(percent(share)) for share in (row.premise_recall, row.gold_recalled)),
            Span(decimal(row.false_premises, 2)),
        ]
        for row in rows
    ]
    return [Table([*keys, *measures.split(",")], body)] if body else []


def folds(
    results: Results, thoughts: Mapping[tuple[str, str], Sequence[Record]]
) -> dict[str, list[Table]]:
    """The tables by question of a reader; the page's template has titles and captions."""
    rows, controls = results.rows, tuple(arm.name for arm in ARMS.values() if arm.control)
    kinds = tuple({row.kind for row in rows} - {"recall", "reversal"})  # these have their own folds
    against = [c for c in results.comparisons if c.a in controls or c.b in controls]
    holdout = matching(rows, split="holdout")
    direct = matching(holdout, mode="direct")
    scored = [row for row in direct if row.choice_accuracy is not None]
    reversals = matching(rows, kind="reversal", mode=THINKING)
    return {
        "transfer": by_set(matching(holdout, kind=kinds, mode=THINKING)),
        "rewards": differences(matching(against, split="holdout", kind=kinds, mode_b="think")),
        "direct": [*by_set(direct), *by_set(scored, choice_cell, "forced choice")],
        "recall": by_set(matching(rows, kind="recall", mode=("direct", *THINKING))),
        "reversals": [*by_set(reversals), *enumerations(thoughts)],
        "context": by_set(matching(holdout, mode=("context", "context-think"))),
        "drift": drift(results.perplexity),
        "differences": differences(results.comparisons),
        "rows": all_rows(rows),
        "family_rows": all_rows(results.family_rows),
    }

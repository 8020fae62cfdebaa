"""What a study found, in sentences whose numbers name the traces behind them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rlrecall.evaluation.formatting import p_value, percent, points
from rlrecall.evaluation.records import matching
from rlrecall.evaluation.rows import FAMILY_KEYS, ComparisonRow, ResultRow
from rlrecall.report.results import Results, reported_row
from rlrecall.runs.arms import ARMS, before_and_after_rl

Filters = Mapping[str, Any]  # arguments of trace_link


@dataclass(frozen=True)
class Span:
    """A piece of a sentence or a cell of a table; `filters` select the traces behind it.

    `detail` is the small print of a cell.
    """

    text: str
    filters: Filters | None = None
    detail: str = ""


def row_filters(row: ResultRow, **more: Any) -> Filters:
    """Filters for the traces behind a result row. Rollouts of training have steps above 0."""
    keys = {name: value for name in FAMILY_KEYS if (value := getattr(row, name))}
    return keys | {"step": 0} | more


def side_filters(row: ComparisonRow, side: str) -> Filters:
    """Filters for the answers of arm "a" or "b" of a comparison."""
    arm, mode = (row.a, row.mode_a) if side == "a" else (row.b, row.mode_b)
    where = {"set": row.set, "kind": row.kind, "split": row.split, "step": 0}
    return where | {"arm": arm, "mode": mode}


def comparison_filters(row: ComparisonRow, **more: Any) -> Filters:
    """Filters for the answers of arm b, beside those of arm a if both have the same mode."""
    filters = dict(side_filters(row, "b"))
    if row.mode_a == row.mode_b:
        del filters["arm"]
        filters["pair"] = (row.a, row.b)
    return filters | more


def rl_comparison(results: Results, kind: str) -> ComparisonRow | None:
    """Before against after RL on the transfer set: thinking, held-out questions of `kind`."""
    found = (_thinking(results, *arms, kind) for arms in before_and_after_rl())
    return next(filter(None, found), None)


def _thinking(results: Results, a: str, b: str, kind: str) -> ComparisonRow | None:
    where = {"set": results.transfer_set, "kind": kind, "split": "holdout"}
    found = matching(results.comparisons, a=a, b=b, mode_a="think", mode_b="think", **where)
    return next(iter(found), None)


def spans(sentence: str, *filters: Filters) -> list[Span]:
    """The pieces of a sentence; its parts in [brackets] get the `filters` in turn."""
    links = iter(filters)
    pieces = enumerate(re.split(r"[\[\]]", sentence))
    return [Span(text, next(links, None) if i % 2 else None) for i, text in pieces]


def effect_of_rl(results: Results, kind: str) -> list[Span]:
    """What RL changed on the transfer set, as a sentence; [] if it was not measured.

    Accuracy "rose" or "fell" only if interval and test both say so.
    """
    row = rl_comparison(results, kind)
    if row is None:
        return []
    rewarded = ARMS[row.b].changes.get("rl.set", results.rl_set)
    paired = row.paired
    low, high = paired.ci_low, paired.ci_high
    verb, doubt = ("rose" if paired.difference > 0 else "fell"), ""
    if low <= 0 <= high:
        verb, doubt = "went", "; the interval includes 0, so no change is shown"
    elif paired.p_value >= 0.05:
        verb, doubt = "went", "; interval and test disagree, so it is in doubt"
    if low == high:
        doubt += "; all clusters of questions changed alike, so the interval has no width"
    return spans(
        f"After RL on set {rewarded} ({row.a} → {row.b}), accuracy on {paired.n} held-out {kind} "
        f"questions of set {row.set}, thinking, {verb} from [{percent(paired.accuracy_a, 1)}%] to "
        f"[{percent(paired.accuracy_b, 1)}%]: [{points(paired.difference)} points], 95% interval "
        f"{points(low)} to {points(high)}, exact McNemar {p_value(paired.p_value)}{doubt}.",
        *(side_filters(row, "a"), side_filters(row, "b"), comparison_filters(row)),
    )


def baselines(results: Results, kind: str) -> list[Span]:
    """What to compare the effect with, as a sentence: control, facts in context, chance."""
    where = (results.transfer_set, kind)
    compared = rl_comparison(results, kind)
    before, after = (compared.a, compared.b) if compared else ("sft", "rl")
    parts, links = list[str](), list[Filters]()
    for control in (arm.name for arm in ARMS.values() if arm.control):
        if row := _thinking(results, control, after, kind):
            paired = row.paired
            parts.append(
                f"the same steps without rewards ({control}) reach "
                f"[{percent(paired.accuracy_a, 1)}%] ({after} minus {control}: "
                f"[{points(paired.difference)} points], 95% interval {points(paired.ci_low)} to "
                f"{points(paired.ci_high)})"
            )
            links += [side_filters(row, "a"), comparison_filters(row)]
    for mode, words in (
        ("context-think", f"with the facts in context, {before} reaches"),
        ("direct", f"without thinking, {before} reaches"),
    ):
        if found := reported_row(results.rows, before, *where, mode):
            parts.append(f"{words} [{percent(found.accuracy, 1)}%]")
            links.append(row_filters(found))
    if asked := matching(results.rows, set=where[0], kind=kind, split="holdout"):
        parts.append(f"chance is {percent(asked[0].chance, 1)}%")
    return spans(f"For comparison: {'; '.join(parts)}.", *links) if parts else []


def plain(sentence: Iterable[Span]) -> str:
    return "".join(span.text for span in sentence)

"""The tables of the report: one fold for each question that a reader has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rlrecall.evaluation.comparisons import ComparisonRow
from rlrecall.evaluation.formatting import (
    DASH,
    decimal,
    interval,
    p_value,
    percent,
    points,
    points_interval,
)
from rlrecall.evaluation.outcomes import MIN_CANDIDATES, enumeration
from rlrecall.evaluation.records import Record, matching
from rlrecall.evaluation.rows import FAMILY_KEYS, MODE_ORDER, ResultRow
from rlrecall.knowledge.core import KINDS
from rlrecall.report.findings import Filters, comparison_filters, row_filters, side_filters
from rlrecall.report.results import Results, ordered
from rlrecall.runs.arms import ARMS

THINKING = ("think", "think-sampled")
CONTEXT = ("context", "context-think")
PAIRED = (
    "Both arms answer the same questions; only a, only b: questions that just one of them has "
    "right. p values are not corrected for the number of comparisons shown. An interval without "
    "width means that all clusters changed alike, not that the result is certain."
)
MEASURES = (
    "In %. Forced choice: the right option is the likeliest. First premise: thoughts that begin "
    "with a gold premise. Gold premises: the share of them that a thought states. False per "
    "thought is a mean number."
)


@dataclass(frozen=True)
class Cell:
    """`detail` is small print; `filters` select the traces behind the number."""

    text: str
    detail: str = ""
    filters: Filters | None = None


@dataclass(frozen=True)
class Table:
    """Rows of cells; a row of one cell is a heading over the rows below it."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Fold:
    """One question of a reader; the caption says what to see in its tables."""

    title: str
    caption: str
    tables: Sequence[Table]


def accuracy_cell(row: ResultRow) -> Cell:
    detail = f"{interval(row.ci_low, row.ci_high)} · {row.correct}/{row.n}"
    return Cell(percent(row.accuracy), detail, row_filters(row))


def choice_cell(row: ResultRow) -> Cell:
    """Accuracy of the likeliest option; nothing to link to: no text is written."""
    if row.choice_accuracy is None:
        return Cell(DASH)
    return Cell(percent(row.choice_accuracy), interval(row.choice_low, row.choice_high))


def by_set(
    rows: Sequence[ResultRow],
    cell: Callable[[ResultRow], Cell] = accuracy_cell,
    measure: str = "accuracy",
) -> list[Table]:
    """Arms by sets under headings of kind, split and mode, each with a line for chance."""
    sets = ordered(row.set for row in rows)
    body: list[list[Cell]] = []
    for kind, split, mode in _groups(rows):
        group = matching(rows, kind=kind, split=split, mode=mode)
        body.append([Cell(f"{kind}, {split}, {mode}")])
        for arm in ordered((row.arm for row in group), ARMS):
            found = [matching(group, arm=arm, set=set_) for set_ in sets]
            body.append([Cell(arm), *(cell(part[0]) if part else Cell(DASH) for part in found)])
        asked = [matching(group, set=set_) for set_ in sets]
        chance = [Cell(percent(part[0].chance) if part else DASH) for part in asked]
        body.append([Cell("chance"), *chance])
    return [Table([measure, *(f"set {set_}" for set_ in sets)], body)] if rows else []


def _groups(rows: Iterable[ResultRow]) -> list[tuple[str, str, str]]:
    """The (kind, split, mode) of the rows, in the order of tables."""
    found = {(row.kind, row.split, row.mode) for row in rows}
    return [
        (kind, split, mode)
        for kind in ordered((key[0] for key in found), KINDS)
        for mode in ordered((key[2] for key in found), MODE_ORDER)
        for split in ("holdout", "train")
        if (kind, split, mode) in found
    ]


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
                Cell(f"{row.a} → {row.b}", " → ".join(modes)),
                Cell(row.set),
                Cell(row.kind, f"{row.split}, n = {c.n} in {c.clusters} clusters"),
                Cell(percent(c.accuracy_a, 1), filters=side_filters(row, "a")),
                Cell(percent(c.accuracy_b, 1), filters=side_filters(row, "b")),
                Cell(points(c.difference), reach, comparison_filters(row)),
                Cell(str(c.only_a), filters=broken),
                Cell(str(c.only_b), filters=fixed),
                Cell(p_value(c.p_value).removeprefix("p ").removeprefix("= ")),
            ]
        )
    return [Table(heads, body)] if body else []


def enumerations(thoughts: Mapping[tuple[str, str], Sequence[Record]]) -> list[Table]:
    """Enumerations in the thoughts about reversals of each (arm, set)."""
    sets = ordered(set_ for _, set_ in thoughts)
    body = []
    for arm in ordered((arm for arm, _ in thoughts), ARMS):
        cells = [Cell(arm)]
        for set_ in sets:
            records = thoughts.get((arm, set_), [])
            found = [e for e in map(enumeration, records) if e]
            share = percent(len(found) / max(1, len(records)))
            detail = f"{sum(e.hit for e in found)}/{len(found)} state the gold fact"
            where = {"arm": arm, "set": set_, "kind": "reversal", "mode": "think", "step": 0}
            cells.append(Cell(share, detail, where) if records else Cell(DASH))
        body.append(cells)
    return [Table(["enumerations", *(f"set {set_}" for set_ in sets)], body)] if body else []


def all_rows(rows: Sequence[ResultRow]) -> list[Table]:
    """Every row and every measure."""
    keys = [name for name in FAMILY_KEYS if any(getattr(row, name) for row in rows)]
    measures = "accuracy,chance,forced choice,first premise,gold premises,false per thought"
    body = [
        [
            *(Cell(getattr(row, name)) for name in keys),
            accuracy_cell(row),
            Cell(percent(row.chance)),
            choice_cell(row),
            Cell(percent(row.premise_recall)),
            Cell(percent(row.gold_recalled)),
            Cell(decimal(row.false_premises, 2)),
        ]
        for row in rows
    ]
    return [Table([*keys, *measures.split(",")], body)] if body else []


def folds(results: Results, thoughts: Mapping[tuple[str, str], Sequence[Record]]) -> list[Fold]:
    """One fold for each question; those without any row are left out."""
    rows, controls = results.rows, tuple(arm.name for arm in ARMS.values() if arm.control)
    kinds = tuple({row.kind for row in rows} - {"recall", "reversal"})  # these have their own folds
    against = [c for c in results.comparisons if c.a in controls or c.b in controls]
    holdout = matching(rows, split="holdout")
    direct = matching(holdout, mode="direct")
    scored = [row for row in direct if row.choice_accuracy is not None]
    found = [
        Fold(
            "Does the skill transfer?",
            "Held-out questions that need several facts. Compare rl with sft and control on the "
            f"sets other than {results.rl_set}, about which RL rewarded nothing.",
            by_set(matching(holdout, kind=kinds, mode=THINKING)),
        ),
        Fold(
            "Is it the rewards?",
            "The control takes the same steps with all rewards 0. What RL adds to it is due to "
            f"the rewards. {PAIRED}",
            differences(matching(against, split="holdout", kind=kinds, mode_b="think")),
        ),
        Fold(
            "What does the model answer without thinking?",
            "Forced choice is the share in which the right option is the likeliest one. Near "
            "chance means that the model cannot combine facts without writing them down.",
            [*by_set(direct), *by_set(scored, choice_cell, "forced choice")],
        ),
        Fold(
            "Does it still know the facts?",
            "Questions that ask for one fact as it was stated. Low after RL would mean that RL "
            "made the model forget.",
            by_set(matching(rows, kind="recall", mode=("direct", *THINKING))),
        ),
        Fold(
            "What about reversals?",
            "Facts stated in one direction and asked from the other. The model cannot look such a "
            "fact up, but it can go through the people it knows. Enumerations, in % of thoughts, "
            f"name at least {MIN_CANDIDATES} different people.",
            [
                *by_set(matching(rows, kind="reversal", mode=THINKING)),
                *enumerations(thoughts),
            ],
        ),
        Fold(
            "What do the facts in context give?",
            "The same questions with the facts in the prompt: what the model could reach if it "
            "recalled everything.",
            by_set(matching(holdout, mode=CONTEXT)),
        ),
        Fold(
            f"All paired differences ({len(results.comparisons)})",
            PAIRED,
            differences(results.comparisons),
        ),
        Fold(f"All rows ({len(rows)})", MEASURES, all_rows(rows)),
        Fold(f"By family ({len(results.family_rows)})", MEASURES, all_rows(results.family_rows)),
    ]
    return [fold for fold in found if fold.tables]

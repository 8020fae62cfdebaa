"""Rows of results: the accuracy of an arm, and paired differences between two arms."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rlrecall.evaluation.outcomes import first_is_gold
from rlrecall.evaluation.records import Record, group_by, matching, read_records
from rlrecall.evaluation.statistics import Comparison, Rate, compare, wilson
from rlrecall.knowledge.prompts import thinks
from rlrecall.runs.arms import Arm
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run

MODE_ORDER = ("think", "think-sampled", "direct", "context", "context-think")  # in tables
ROW_KEYS = ("arm", "set", "kind", "split", "mode")
FAMILY_KEYS = ("arm", "set", "family", "kind", "split", "mode")


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """Accuracies, intervals (95%) and chance are shares, 0 to 1.

    A key that the records were not grouped by is empty. `choice_*` is the accuracy of the likeliest
    option, None where options were not scored. None in modes without thinking: `premise_recall`,
    the share of thoughts whose first sentence states a gold premise; `gold_recalled`, the mean
    share of gold premises stated; `false_premises`, the mean number of false statements.
    """

    arm: str = ""
    set: str = ""
    family: str = ""
    kind: str = ""
    split: str = ""
    mode: str = ""
    n: int
    correct: int
    accuracy: float
    ci_low: float
    ci_high: float
    chance: float
    seed: int
    choice_accuracy: float | None = None
    choice_low: float | None = None
    choice_high: float | None = None
    premise_recall: float | None = None
    gold_recalled: float | None = None
    false_premises: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row as it stands in results.json: without the keys that are empty."""
        return {name: value for name, value in asdict(self).items() if value != ""}


def tabulate(
    records: Iterable[Record], seed: int, by: tuple[str, ...] = ROW_KEYS
) -> list[ResultRow]:
    """One row for each group of records that agree in the fields `by`, in order of appearance."""
    rows = []
    for key, group in group_by(records, by).items():
        n, correct = len(group), sum(r.correct for r in group)
        low, high = wilson(correct, n)
        choice = Rate.of(r.choice_correct for r in group if r.choice_correct is not None)
        think = thinks(group[0].mode)
        row = ResultRow(
            **dict(zip(by, key, strict=True)),
            n=n,
            correct=correct,
            accuracy=correct / n,
            ci_low=low,
            ci_high=high,
            chance=sum(r.chance for r in group) / n,
            seed=seed,
            choice_accuracy=choice.share,
            choice_low=choice.ci_low,
            choice_high=choice.ci_high,
            premise_recall=sum(map(first_is_gold, group)) / n if think else None,
            gold_recalled=sum(r.gold_recalled for r in group) / n if think else None,
            false_premises=sum(r.false for r in group) / n if think else None,
        )
        rows.append(row)
    return rows


@dataclass(frozen=True)
class ComparisonRow:
    """Arm `b`, asked in `mode_b`, against arm `a`, asked in `mode_a`, on the same questions."""

    a: str
    b: str
    mode_a: str
    mode_b: str
    set: str
    kind: str
    split: str
    seed: int
    paired: Comparison

    def to_dict(self) -> dict[str, Any]:
        """The row as it stands in results.json, flat."""
        row = asdict(self)
        return row | row.pop("paired")


def compare_arms(
    arms: Iterable[Arm], records: dict[str, list[Record]], seed: int
) -> list[ComparisonRow]:
    """Compare each arm with its baselines on every set, kind and split that both were asked."""
    return [
        row
        for arm in arms
        for base in arm.baselines
        if base.arm in records and arm.name in records
        for row in compare_records(
            records[base.arm], records[arm.name], base.mode, base.own_mode, seed
        )
    ]


def compare_records(
    before: list[Record], after: list[Record], mode_a: str, mode_b: str, seed: int
) -> list[ComparisonRow]:
    """Compare two arms on every set, kind and split that both were asked."""
    keys = ("set", "kind", "split")
    left = group_by(matching(before, mode=mode_a), keys)
    right = group_by(matching(after, mode=mode_b), keys)
    return [
        ComparisonRow(a[0].arm, b[0].arm, mode_a, mode_b, set_, kind, split, seed, compare(a, b))
        for (set_, kind, split), a in left.items()
        if (b := right.get((set_, kind, split)))
    ]


def compare_runs(a: Run, b: Run, mode_a: str, mode_b: str) -> list[ComparisonRow]:
    """Compare two evaluated runs. Raises UserError if they share no set and split."""
    sides = []
    for run, mode in ((a, mode_a), (b, mode_b)):
        files = sorted(run.path.glob(f"eval/*-{mode}/answers.jsonl"))
        records = matching((r for file in files for r in read_records(file)), mode=mode)
        if not records:
            raise UserError(
                f"compare: {run.path} was not asked in mode {mode}; "
                f"run: rlrecall eval {run.path} eval.modes=[{mode}]"
            )
        sides.append(records)
    rows = compare_records(sides[0], sides[1], mode_a, mode_b, a.manifest["seed"])
    if not rows:
        raise UserError(f"compare: {a.path} and {b.path} were asked no set and split in common")
    return rows

"""Paired differences between arms of a study, or between two runs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rlrecall.evaluation.records import Record, group_by, matching, read_records
from rlrecall.evaluation.statistics import Comparison, compare
from rlrecall.runs.arms import Arm
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run


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

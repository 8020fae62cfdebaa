"""Which arms are held against which, question by question, and for two runs of anyone's choice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rlrecall.evaluation.records import Record, read_records
from rlrecall.evaluation.statistics import compare
from rlrecall.runs.arms import Arm
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run


def compare_arms(
    arms: Iterable[Arm], records: dict[str, list[Record]], seed: int
) -> list[dict[str, Any]]:
    """Each arm against its baselines, on each set, kind and split that both were asked."""
    return [
        comparison
        for arm in arms
        for base in arm.baselines
        if base.arm in records and arm.name in records
        for comparison in compare_records(
            records[base.arm], records[arm.name], base.mode, base.own_mode, seed
        )
    ]


def compare_records(
    before: list[Record],
    after: list[Record],
    mode_a: str,
    mode_b: str,
    seed: int,
) -> list[dict[str, Any]]:
    """Paired differences of two arms for each set, kind and split that both were asked."""
    groups: dict[tuple[str, str, str], tuple[list[Record], list[Record]]] = {}
    for side, (records, mode) in enumerate(((before, mode_a), (after, mode_b))):
        for r in records:
            if r.mode == mode:
                key = (r.set, r.kind, r.split)
                groups.setdefault(key, ([], []))[side].append(r)
    return [
        {
            **{"a": left[0].arm, "b": right[0].arm, "mode_a": mode_a, "mode_b": mode_b},
            **{"set": name, "kind": kind, "split": split, "seed": seed},
            **asdict(compare(left, right)),
        }
        for (name, kind, split), (left, right) in groups.items()
        if left and right
    ]


def compare_runs(a: Run, b: Run, mode_a: str, mode_b: str) -> list[dict[str, Any]]:
    """Paired differences of two evaluated runs. UserError if they share no set and split."""
    sides = []
    for run, mode in ((a, mode_a), (b, mode_b)):
        files = sorted(run.path.glob(f"eval/*-{mode}/answers.jsonl"))
        records = [r for file in files for r in read_records(file) if r.mode == mode]
        if not records:
            raise UserError(
                f"compare: {run.path} was not asked in mode {mode}; "
                f"run: rlrecall eval {run.path} eval.modes=[{mode}]"
            )
        sides.append(records)
    before, after = sides
    found = compare_records(before, after, mode_a, mode_b, a.manifest["seed"])
    if not found:
        raise UserError(f"compare: {a.path} and {b.path} were asked no set and split in common")
    return found

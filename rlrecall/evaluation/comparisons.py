"""Which arms are held against which, question by question, and for two runs of anyone's choice."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rlrecall.evaluation.records import Record, read_records
from rlrecall.evaluation.statistics import compare
from rlrecall.runs.config import UserError
from rlrecall.runs.folder import Run

# (before, its mode, after, its mode): each paired on every set, kind and split
PAIRS = (
    ("sft", "think", "rl", "think"),
    ("sft", "direct", "rl", "think"),
    ("control", "think", "rl", "think"),
    ("sft", "think", "control", "think"),
    ("sft", "think", "warmup", "think"),
    ("warmup", "think", "warmup-rl", "think"),
    ("rl", "think", "warmup-rl", "think"),
    ("sft", "think-sampled", "rl", "think-sampled"),
    ("control", "think-sampled", "rl", "think-sampled"),
    ("warmup", "think-sampled", "warmup-rl", "think-sampled"),
)


def comparisons(records: dict[str, list[Record]], seed: int) -> list[dict[str, Any]]:
    """Every pair of PAIRS on each set, kind and split that both arms were asked."""
    return [
        comparison
        for a, mode_a, b, mode_b in PAIRS
        if a in records and b in records
        for comparison in compare_records(records[a], records[b], mode_a, mode_b, seed)
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

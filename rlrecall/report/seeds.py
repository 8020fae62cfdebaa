"""Several seeds of a study as one Markdown page: every bar, pooled and seed by seed.

The knowledge sets of seeds differ (a few questions are alike by chance, with other answers), so
counts add up; paired intervals resample clusters of questions. All seeds of the tiny study share
one base, and no interval speaks of how seeds vary: the numbers of each seed do. Read from the
transcripts, not from results.json, so that every number goes back to lines that can be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from rlrecall.evaluation.formatting import DASH, percent, points
from rlrecall.evaluation.outcomes import enumeration
from rlrecall.evaluation.records import Record, matching, read_records
from rlrecall.evaluation.rows import MODE_ORDER, first_is_gold, load
from rlrecall.evaluation.scoring import normal
from rlrecall.evaluation.statistics import compare, wilson
from rlrecall.runs.arms import ARMS


@dataclass
class SeededRecord(Record):
    """A record and the seed of its study."""

    seed: int = 0


Records = list[SeededRecord]


def read_study(study: Path) -> Records:
    """Read every evaluation record of a study; question ids and clusters begin with the seed."""
    seed = load(study)["seed"]
    records = []
    for arm in ARMS:
        for file in sorted((study / arm).glob("eval/*/answers.jsonl")):
            for r in read_records(file):
                record = SeededRecord(**vars(r), seed=seed)
                record.question_id = f"{seed}:{r.question_id}"
                record.cluster = f"{seed}:{r.cluster}"
                records.append(record)
    return records


def is_correct(record: Record) -> bool:
    return record.correct


def cell(records: Records, holds: Callable[[Record], bool | None] = is_correct) -> str:
    """The pooled share of records that `holds` with its Wilson interval, then each seed's, in %."""
    if not records:
        return DASH
    right = [bool(holds(r)) for r in records]
    low, high = wilson(sum(right), len(right))
    seeds = sorted({r.seed for r in records})
    each = [matching(records, seed=s) for s in seeds]
    by_seed = ", ".join(percent(sum(bool(holds(r)) for r in e) / len(e)) for e in each)
    pooled = percent(sum(right) / len(right), 1)
    return f"{pooled} [{percent(low, 1)}, {percent(high, 1)}] ({by_seed})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def accuracies(records: Records, kind: str, modes: Sequence[str], split: str) -> list[str]:
    sets = sorted({r.set for r in records})
    rows = []
    for mode in modes:
        for arm in ARMS:
            mine = matching(records, arm=arm, kind=kind, mode=mode, split=split)
            if mine:
                rows.append([mode, arm, *(cell(matching(mine, set=s)) for s in sets)])
    return table(["mode", "arm", *sets], rows)


def recall_floor(records: Records, arm: str) -> str:
    """The lowest forward recall of any set and relation in any seed, and the pooled one."""
    mine = matching(records, arm=arm, kind="recall", mode="direct")
    groups: dict[tuple[Any, ...], list[bool]] = {}
    for r in mine:
        groups.setdefault((r.seed, r.set, r.group), []).append(r.correct)
    if not groups:
        return DASH
    worst = min(groups, key=lambda g: sum(groups[g]) / len(groups[g]))
    share = sum(groups[worst]) / len(groups[worst])
    where = f"seed {worst[0]}, set {worst[1]}, '{worst[2]}'"
    return f"lowest {percent(share, 1)} ({where}); all {cell(mine)}"


def differences(records: Records, kind: str) -> list[str]:
    rows = []
    pairs = [(base, arm) for arm in ARMS.values() for base in arm.baselines]
    for base, arm in pairs:
        for name in sorted({r.set for r in records}):
            asked = matching(records, set=name, kind=kind, split="holdout")
            before = matching(asked, arm=base.arm, mode=base.mode)
            after = matching(asked, arm=arm.name, mode=base.own_mode)
            # The gate may have left an arm out of some seeds: only those with both count.
            both = tuple({r.seed for r in before} & {r.seed for r in after})
            if not both:
                continue
            before, after = (matching(side, seed=both) for side in (before, after))
            c = compare(before, after)
            rows.append(
                [
                    f"{base.arm} {base.mode} → {arm.name} {base.own_mode}",
                    name,
                    str(c.n),
                    f"{percent(c.accuracy_a, 1)} → {percent(c.accuracy_b, 1)}",
                    f"{points(c.difference)} [{points(c.ci_low)}, {points(c.ci_high)}]",
                    f"{c.only_a} / {c.only_b}",
                    f"{c.p_value:.2g}",
                    str(c.clusters),
                ]
            )
    head = ["pair", "set", "n", "%", "difference, points", "only a / b", "McNemar p", "clusters"]
    return table(head, rows)


def enumeration_section(records: Records) -> list[str]:
    """How thoughts about reversals go: people named, different statements, hits, length.

    `hits` counts the enumerations that state the gold premise; the columns after it are means and
    shares of all thoughts.
    """
    rows = []
    for mode in ("think", "think-sampled"):
        for arm in ARMS:
            for name in sorted({r.set for r in records}):
                mine = matching(records, arm=arm, mode=mode, kind="reversal", set=name)
                if mine:
                    n, found = len(mine), [e for e in map(enumeration, mine) if e]
                    rows.append(
                        [
                            mode,
                            arm,
                            name,
                            str(n),
                            cell(mine, enumerates),
                            f"{sum(e.hit for e in found)} of {len(found)}",
                            f"{sum(len(set(r.enumerated)) for r in mine) / n:.1f}",
                            f"{sum(map(true_statements, mine)) / n:.1f}",
                            f"{sum(r.false for r in mine) / n:.1f}",
                            percent(sum(r.gold_recalled for r in mine) / n),
                            percent(sum(r.correct for r in mine) / n),
                            f"{sum(r.n_tokens for r in mine) / n:.0f}",
                        ]
                    )
    head = ["mode", "arm", "set", "n", "three or more people, %", "hits", "people", "true"]
    return table([*head, "false", "gold %", "right %", "tokens"], rows)


def enumerates(record: Record) -> bool:
    return enumeration(record) is not None


def true_statements(record: Record) -> int:
    """How many different sentences of a thought are gold or true, as `false` counts false ones."""
    stated = [p for p in record.recalled if p.label in ("gold", "true")]
    return len({normal(p.text) for p in stated})


def summary(studies: Sequence[Path]) -> str:
    """The page. Raises ValueError as `results.load` does."""
    runs = [load(study) for study in studies]
    parts = [read_study(study) for study in studies]
    asked = [{(r.prompt, r.gold_answer) for r in matching(part, mode="direct")} for part in parts]
    for (one, a), (other, b) in combinations(zip(studies, asked, strict=True), 2):
        if len(a & b) > min(len(a), len(b)) / 2:  # a few are alike by chance
            raise ValueError(
                f"report: {one} and {other} asked the same questions, which cannot be pooled"
            )
    records = [r for part in parts for r in part]
    thought = matching(records, mode="think", kind="composition")
    sets = sorted({r.set for r in records})
    implied = matching(records, mode="direct", kind=("composition", "reversal"))
    lines = [
        "In %: pooled over seeds, its 95 % Wilson interval, and (each seed).",
        "",
        *table(
            ["study", "seed", "code", "seconds", "hardware"],
            (
                [
                    r["study"],
                    str(r["seed"]),
                    r["git"],
                    f"{r['seconds']:.0f}",
                    f"{r['hardware']['processor']}, {r['hardware']['cores']} cores"
                    + (f", {gpus}" if (gpus := r["hardware"].get("gpus")) else ""),
                ]
                for r in runs
            ),
        ),
        "### Forward recall (direct)",
        "",
        *table(["arm", "recall"], ([a, recall_floor(records, a)] for a in ARMS)),
        "### Premise recall: the first sentence of a thought is a gold premise (composition)",
        "",
        *table(
            ["arm", *sets],
            (
                [
                    arm,
                    *(cell(matching(part, set=s), first_is_gold) for s in sets),
                ]
                for arm in ARMS
                if (part := matching(thought, arm=arm))
            ),
        ),
        "### Forced choice by likelihood (direct), held-out and training questions together",
        "",
        *table(
            ["arm", "kind", "chance", *sets],
            (
                [
                    arm,
                    kind,
                    percent(sum(r.chance for r in part) / len(part), 1),
                    *(cell(matching(part, set=s), lambda r: r.choice_correct) for s in sets),
                ]
                for arm in ARMS
                for kind in ("composition", "reversal")
                if (part := matching(implied, arm=arm, kind=kind))
            ),
        ),
    ]
    for kind in ("composition", "reversal"):
        lines += [
            f"### {kind.capitalize()}, holdout",
            "",
            *accuracies(records, kind, MODE_ORDER, "holdout"),
        ]
        lines += [f"### Paired differences, {kind}, holdout", "", *differences(records, kind)]
    title = "Enumeration in thoughts about reversals, held-out and training questions together"
    lines += [f"### {title}", "", *enumeration_section(records)]
    return "\n".join(lines)

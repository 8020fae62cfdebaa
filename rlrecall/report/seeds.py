"""Several seeds of a study as one Markdown page: every result pooled, and seed by seed.

The knowledge sets of the seeds differ (a few questions are equal by chance, with other answers), so
counts add up; paired intervals resample clusters of questions. All seeds of the tiny study share
one base, and no interval says how seeds vary: the numbers of each seed do. Read from the
transcripts, not from results.json, so that every number can be traced to lines of a transcript.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

from rlrecall.evaluation.formatting import DASH, decimal, percent, points
from rlrecall.evaluation.outcomes import enumeration, first_is_gold, true_statements
from rlrecall.evaluation.records import Record, group_by, matching, read_records
from rlrecall.evaluation.rows import MODE_ORDER
from rlrecall.evaluation.statistics import Rate, compare
from rlrecall.knowledge.core import KINDS
from rlrecall.report.results import Results, load_results
from rlrecall.runs.arms import ARMS


@dataclass
class SeededRecord(Record):
    """A record and the seed of its study."""

    seed: int = 0


Records = list[SeededRecord]


def summary(studies: Sequence[Path]) -> str:
    """The page. Raises ValueError as `load_results` does, and for studies of the same questions."""
    runs = [load_results(study) for study in studies]
    parts = [read_study(study, run) for study, run in zip(studies, runs, strict=True)]
    check_different(studies, parts)
    records = [r for part in parts for r in part]
    together = "held-out and training questions together"
    direct = matching(records, mode="direct", kind=("composition", "reversal"))
    chance = ", ".join(
        f"{kind} {percent(fmean(r.chance for r in matching(direct, kind=kind)), 1)}%"
        for kind in sorted({r.kind for r in direct})
    )
    thoughts = matching(records, mode="think", kind="composition")
    sections = {
        "Forward recall (direct)": table(
            ["arm", "recall"], ([arm, recall_floor(records, arm)] for arm in ARMS)
        ),
        "Premise recall: the first sentence of a thought is a gold premise (composition)": (
            shares(thoughts, ["arm"], first_is_gold)
        ),
        f"Forced choice by likelihood (direct), {together}; chance: {chance}": (
            shares(direct, ["arm", "kind"], lambda r: r.choice_correct)
        ),
    }
    for kind in ("composition", "reversal"):
        sections[f"{kind.capitalize()}, holdout"] = shares(
            matching(records, kind=kind, split="holdout"), ["mode", "arm"]
        )
        sections[f"Paired differences, {kind}, holdout"] = differences(records, kind)
    sections[f"Enumeration in thoughts about reversals, {together}"] = enumerations(records)
    lines = ["In %: pooled over seeds, its 95% Wilson interval, and (each seed).", ""]
    lines += provenance(runs)
    for title, section in sections.items():
        lines += [f"### {title}", "", *section]
    return "\n".join(lines)


def read_study(study: Path, results: Results) -> Records:
    """Read every evaluation record of a study; question ids and clusters begin with the seed."""
    seed = results.seed or 0
    records = []
    for arm in ARMS:
        for file in sorted((study / arm).glob("eval/*/answers.jsonl")):
            for r in read_records(file):
                record = SeededRecord(**vars(r), seed=seed)
                record.question_id = f"{seed}:{r.question_id}"
                record.cluster = f"{seed}:{r.cluster}"
                records.append(record)
    return records


def check_different(studies: Sequence[Path], parts: Sequence[Records]) -> None:
    """Raise ValueError if two studies share more questions than chance explains."""
    asked = [{(r.prompt, r.gold_answer) for r in matching(part, mode="direct")} for part in parts]
    for (one, a), (other, b) in combinations(zip(studies, asked, strict=True), 2):
        if len(a & b) > min(len(a), len(b)) / 2:
            raise ValueError(
                f"report: {one} and {other} asked the same questions, which cannot be pooled"
            )


def is_correct(record: Record) -> bool:
    return record.correct


def cell(records: Records, holds: Callable[[Record], bool | None] = is_correct) -> str:
    """The pooled share of records that `holds` with its Wilson interval, then each seed's, in %."""
    if not records:
        return DASH
    pooled = Rate.of(bool(holds(r)) for r in records)
    each = [matching(records, seed=s) for s in sorted({r.seed for r in records})]
    by_seed = ", ".join(percent(fmean(bool(holds(r)) for r in part)) for part in each)
    low, high = percent(pooled.ci_low, 1), percent(pooled.ci_high, 1)
    return f"{percent(pooled.share, 1)} [{low}, {high}] ({by_seed})"


def sets_of_records(records: Records) -> list[str]:
    return sorted({r.set for r in records})


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def provenance(runs: Sequence[Results]) -> list[str]:
    """Where each study was run, from which code, and for how long."""
    rows = []
    for run in runs:
        hardware: Any = run.hardware or {}
        gpus = f", {hardware['gpus']}" if hardware.get("gpus") else ""
        machine = f"{hardware.get('processor')}, {hardware.get('cores')} cores{gpus}"
        rows.append([run.study, str(run.seed), str(run.git), decimal(run.seconds, 0), machine])
    return table(["study", "seed", "code", "seconds", "hardware"], rows)


def recall_floor(records: Records, arm: str) -> str:
    """The lowest forward recall of any set and relation in any seed, and the pooled one."""
    mine = matching(records, arm=arm, kind="recall", mode="direct")
    if not mine:
        return DASH
    groups = group_by(mine, ("seed", "set", "group"))
    shares = {key: fmean(r.correct for r in group) for key, group in groups.items()}
    worst = seed, set_, relation = min(shares, key=lambda key: shares[key])
    where = f"seed {seed}, set {set_}, '{relation}'"
    return f"lowest {percent(shares[worst], 1)} ({where}); all {cell(mine)}"


def shares(
    records: Records, names: Sequence[str], holds: Callable[[Record], bool | None] = is_correct
) -> list[str]:
    """A row of `cell`s, one for each set, for each combination of the fields `names`."""
    order = {"mode": MODE_ORDER, "arm": tuple(ARMS), "kind": KINDS}
    sets = sets_of_records(records)
    keys = {tuple(str(getattr(r, name)) for name in names) for r in records}
    rows = []
    for key in sorted(
        keys, key=lambda key: [order[n].index(v) for n, v in zip(names, key, strict=True)]
    ):
        mine = matching(records, **dict(zip(names, key, strict=True)))
        rows.append([*key, *(cell(matching(mine, set=set_), holds) for set_ in sets)])
    return table([*names, *sets], rows)


def differences(records: Records, kind: str) -> list[str]:
    """Each arm against its baselines, paired by question."""
    rows = []
    pairs = [(arm, base) for arm in ARMS.values() for base in arm.baselines]
    for arm, base in pairs:
        for set_ in sets_of_records(records):
            asked = matching(records, set=set_, kind=kind, split="holdout")
            before = matching(asked, arm=base.arm, mode=base.mode)
            after = matching(asked, arm=arm.name, mode=base.own_mode)
            # The gate may have left an arm out of some seeds: count seeds that have both.
            both = tuple({r.seed for r in before} & {r.seed for r in after})
            if not both:
                continue
            c = compare(matching(before, seed=both), matching(after, seed=both))
            rows.append(
                [
                    f"{base.arm} {base.mode} → {arm.name} {base.own_mode}",
                    set_,
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


def enumerations(records: Records) -> list[str]:
    """Thoughts about reversals: people named, different statements, hits, length.

    `hits` counts the enumerations that state the gold premise; the columns after it are means and
    shares of all thoughts.
    """
    rows = []
    for mode in ("think", "think-sampled"):
        for arm in ARMS:
            for set_ in sets_of_records(records):
                mine = matching(records, arm=arm, mode=mode, kind="reversal", set=set_)
                if not mine:
                    continue
                found = [e for e in map(enumeration, mine) if e]
                rows.append(
                    [
                        *(
                            mode,
                            arm,
                            set_,
                            str(len(mine)),
                            cell(mine, lambda r: enumeration(r) is not None),
                        ),
                        f"{sum(e.hit for e in found)} of {len(found)}",
                        decimal(fmean(len(set(r.enumerated)) for r in mine)),
                        decimal(fmean(map(true_statements, mine))),
                        decimal(fmean(r.false for r in mine)),
                        percent(fmean(r.gold_recalled for r in mine)),
                        percent(fmean(r.correct for r in mine)),
                        decimal(fmean(r.n_tokens for r in mine), 0),
                    ]
                )
    head = ["mode", "arm", "set", "n", "three or more people, %", "hits", "people", "true"]
    return table([*head, "false", "gold %", "right %", "tokens"], rows)

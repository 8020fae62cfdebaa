"""Several seeds of a study as one Markdown page: every result pooled, and seed by seed.

The knowledge sets of the seeds differ (a few questions are equal by chance, with other answers), so
counts add up; paired intervals resample clusters of questions. All seeds of the tiny study share
one base, and no interval says how seeds vary: the numbers of each seed do. Read from the
transcripts, not from results.json, so that every number can be traced to lines of a transcript.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from operator import attrgetter
from pathlib import Path
from statistics import fmean
from typing import Any

from rlrecall.evaluation.formatting import DASH, decimal, percent, points
from rlrecall.evaluation.outcomes import enumeration, first_is_gold, true_statements
from rlrecall.evaluation.records import Record, group_by, matching, read_records
from rlrecall.evaluation.rows import MODE_ORDER
from rlrecall.evaluation.statistics import Rate, compare
from rlrecall.knowledge.core import KINDS
from rlrecall.knowledge.formats.templating import fill_template
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
    direct = matching(records, mode="direct", kind=("composition", "reversal"))
    thoughts = matching(records, mode="think", kind="composition")
    kinds = {
        kind: matching(records, kind=kind, split="holdout") for kind in ("composition", "reversal")
    }
    return fill_template(
        Path(__file__).parent / "templates" / "seeds.md.j2",
        provenance=provenance(runs),
        recall=table(["arm", "recall"], ([arm, recall_floor(records, arm)] for arm in ARMS)),
        premises=shares(thoughts, ["arm"], first_is_gold),
        choices=shares(direct, ["arm", "kind"], lambda r: r.choice_correct),
        chance={
            kind: percent(fmean(r.chance for r in group), 1)
            for (kind,), group in sorted(group_by(direct, ["kind"]).items())
        },
        accuracy={kind: shares(asked, ["mode", "arm"]) for kind, asked in kinds.items()},
        differences={kind: differences(asked) for kind, asked in kinds.items()},
        enumerations=enumerations(records),
    )


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


def cell(records: Records, holds: Callable[[Record], bool | None] = attrgetter("correct")) -> str:
    """The pooled share of records that `holds` with its Wilson interval, then each seed's, in %."""
    if not records:
        return DASH
    pooled = Rate.of(bool(holds(r)) for r in records)
    each = [matching(records, seed=s) for s in sorted({r.seed for r in records})]
    by_seed = ", ".join(percent(fmean(bool(holds(r)) for r in part)) for part in each)
    low, high = percent(pooled.ci_low, 1), percent(pooled.ci_high, 1)
    return f"{percent(pooled.share, 1)} [{low}, {high}] ({by_seed})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |\n" for row in (head, *rows)]
    return "".join([lines[0], f"|{'---|' * len(head)}\n", *lines[1:]])


def provenance(runs: Sequence[Results]) -> str:
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
    records: Records,
    names: Sequence[str],
    holds: Callable[[Record], bool | None] = attrgetter("correct"),
) -> str:
    """A row of `cell`s, one for each set, for each combination of the fields `names`."""
    order = {"mode": MODE_ORDER, "arm": tuple(ARMS), "kind": KINDS}
    sets = sorted({r.set for r in records})
    groups = group_by(records, names)
    rows = [
        [*key, *(cell(matching(groups[key], set=set_), holds) for set_ in sets)]
        for key in sorted(
            groups, key=lambda key: [order[n].index(v) for n, v in zip(names, key, strict=True)]
        )
    ]
    return table([*names, *sets], rows)


def differences(records: Records) -> str:
    """Each arm against its baselines, paired by question."""
    rows = []
    groups = group_by(records, ("arm", "mode", "set"))
    pairs = [(arm, base) for arm in ARMS.values() for base in arm.baselines]
    for arm, base in pairs:
        for set_ in sorted({r.set for r in records}):
            before = groups.get((base.arm, base.mode, set_), [])
            after = groups.get((arm.name, base.own_mode, set_), [])
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


def enumerations(records: Records) -> str:
    """Thoughts about reversals: people named, different statements, hits, length.

    `hits` counts the enumerations that state the gold premise; the columns after it are means and
    shares of all thoughts.
    """
    rows = []
    groups = group_by(matching(records, kind="reversal"), ("mode", "arm", "set"))
    sets = sorted({r.set for r in records})
    for key in product(("think", "think-sampled"), ARMS, sets):
        if not (mine := groups.get(key)):
            continue
        found = [e for e in map(enumeration, mine) if e]
        rows.append(
            [
                *(*key, str(len(mine)), cell(mine, lambda r: enumeration(r) is not None)),
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

"""Traces for the report: the same questions before and after RL, drawn at random."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rlrecall.evaluation.records import Record, matching, read_records
from rlrecall.knowledge.core import seeded
from rlrecall.report.findings import Filters
from rlrecall.report.results import Results
from rlrecall.runs.arms import before_and_after_rl

SHOWN = 4  # questions of each kind


@dataclass(frozen=True)
class Side:
    title: str
    record: Record

    @property
    def filters(self) -> Filters:
        r = self.record
        return {"arm": r.arm, "set": r.set, "mode": r.mode, "step": 0, "question": r.question_id}


@dataclass(frozen=True)
class ChosenTraces:
    """Answers to the same questions before and after RL: `len(pairs)` drawn of `available`."""

    set: str
    kind: str
    available: int
    pairs: Sequence[tuple[Side, Side]]


def read_thoughts(study: Path, arm: str, set_: str, split: str, kind: str) -> dict[str, Record]:
    """The first thinking answer to each question, by question id; empty without a transcript."""
    path = study / arm / "eval" / f"{set_}-{split}-think" / "answers.jsonl"
    if not path.is_file():
        return {}
    found = matching(read_records(path), kind=kind)
    return {r.question_id: r for r in sorted(found, key=lambda r: -r.k)}  # k = 0 comes last, stays


def choose_traces(study: Path, results: Results, kind: str) -> ChosenTraces:
    """Draw held-out questions of the transfer set; the same for the same seed."""
    set_ = results.transfer_set
    for a, b in before_and_after_rl():
        before, after = (read_thoughts(study, arm, set_, "holdout", kind) for arm in (a, b))
        if shared := sorted(before.keys() & after.keys()):
            drawn = seeded("reading", results.seed, kind).sample(shared, min(SHOWN, len(shared)))
            pairs = [
                (Side(f"before RL ({a})", before[id_]), Side(f"after RL ({b})", after[id_]))
                for id_ in drawn
            ]
            return ChosenTraces(set_, kind, len(shared), pairs)
    return ChosenTraces(set_, kind, 0, [])

"""Write traces as logs for Inspect (inspect-ai): `inspect view --log-dir DIR`.

The logs are JSON in version 2 of Inspect's EvalLog. They are written without inspect-ai, which
conflicts with the pinned versions. Score columns: correct, recalled (share of gold premises),
hallucinated (false statements), outcome and, for rollouts, reward. The logs are marked as
untrusted, so the viewer shows what models wrote as plain text.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rlrecall.evaluation.outcomes import MARKS, flags, outcome
from rlrecall.evaluation.records import Record, group_by
from rlrecall.knowledge.prompts import thinks
from rlrecall.traces.escape import visible
from rlrecall.traces.view import render_record

Row = dict[str, Any]
GROUP = ("run", "arm", "stage", "mode", "set", "split")
NOTED = (
    *("set", "split", "family", "kind", "group", "cluster", "mode", "arm", "step", "k", "chance"),
    *("gold_premises", "recalled", "enumerated", "choice", "rewards", "advantage", "sampling"),
)
COLORS = {
    "recalled": "good-high",
    "hallucinated": "good-low",
    "outcome": {"recalled": "good", "lucky": "warn", "misused": "info", "neither": "bad"},
}


def write_logs(records: Sequence[Record], folder: Path, written: float) -> None:
    """Write a log for each combination of GROUP; `written` is its time (seconds since 1970)."""
    created = datetime.fromtimestamp(int(written), UTC).isoformat()
    for key, group in group_by(records, GROUP).items():
        log = eval_log(key, group, created)
        # Inspect recognizes a log by this pattern of its file name.
        stamp = re.sub("[:+]", "-", created)
        task = re.sub(r"[^\w-]|_", "-", log["eval"]["task"])
        name = f"{stamp}_{task}_{log['eval']['task_id']}.json"
        (folder / name).write_text(json.dumps(log), encoding="utf-8")


def eval_log(key: tuple[str, ...], records: Sequence[Record], created: str) -> Row:
    """Build one EvalLog; `key` has the records' common values of GROUP."""
    run, arm, stage, mode, set_, split = key
    model = f"rlrecall/{arm}"
    seen: Counter[str] = Counter()
    samples = []
    for record in records:
        seen[record.question_id] += 1  # samples of one question are Inspect's epochs
        samples.append(_sample(record, model, seen[record.question_id], key, created))
    names = list(dict.fromkeys(name for sample in samples for name in sample["scores"]))
    scores = [f"score__{name}__{name}" for name in names]  # Inspect's names of these columns
    columns = ("sampleId", "epoch", "input", "target", "answer", *scores, "tokens")
    view = {
        "name": "rlrecall",
        "columns": [{"id": name} for name in columns],
        "score_color_scales": COLORS,
    }
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": _id("eval", key),
            "run_id": _id("run", run),
            "created": created,
            "task": "-".join(["rlrecall", arm, set_, split, mode] + [stage] * (stage != "eval")),
            "task_id": _id("task", key),
            "dataset": {
                "name": f"rlrecall set {set_}, {split}",
                "samples": len(seen),
                "sample_ids": list(seen),
                "shuffled": False,
            },
            "model": model,
            "config": {"epochs": max(seen.values())},
            "metadata": dict(zip(GROUP, key, strict=True)),
            "viewer": {"trust_content": False, "task_samples_view": view},
            "scorers": [{"name": name} for name in names],
        },
        "plan": {"name": mode, "steps": []},
        "results": {
            "total_samples": len(samples),
            "completed_samples": len(samples),
            "scores": [_metrics(name, samples) for name in names],
        },
        "stats": {"started_at": created, "completed_at": created},
        "samples": samples,
    }


def _sample(record: Record, model: str, epoch: int, key: tuple[str, ...], created: str) -> Row:
    entry = asdict(record)
    info = {"source": "rlrecall", "data": render_record(record).plain}
    message = {"role": "assistant", "content": record.completion, "source": "generate"}
    why = "max_tokens" if record.finish == "length" else "stop"
    usage = {"output_tokens": record.n_tokens, "total_tokens": record.n_tokens}
    marks = [
        f"{MARKS.get(p.label, MARKS['unparsable'])} {p.label}: {p.text}" for p in record.recalled
    ]
    scores: Row = {
        "correct": {
            "value": "C" if record.correct else "I",
            "answer": record.answer,
            "explanation": "\n".join(map(visible, marks)),
        },
        "outcome": {"value": outcome(record), "explanation": ", ".join(flags(record)) or None},
    }
    if thinks(record.mode):
        scores["recalled"] = {"value": record.gold_recalled}
        scores["hallucinated"] = {"value": record.false}
    if record.reward is not None:
        scores["reward"] = {"value": record.reward}
    return {
        "id": record.question_id,
        "epoch": epoch,
        "input": record.prompt,
        "choices": record.options,
        "target": record.gold_answer,
        "messages": [{"role": "user", "content": record.prompt, "source": "input"}, message],
        "output": {
            "model": model,
            "choices": [{"message": message, "stop_reason": why}],
            "completion": record.completion,
            "usage": usage,
        },
        "scores": scores,
        "metadata": {name: entry[name] for name in NOTED},
        # The viewer opens on this: the trace as the terminal shows it.
        "events": [{"event": "info", **info, "timestamp": created, "working_start": 0}],
        "model_usage": {model: usage},
        "uuid": _id("sample", key, record.question_id, epoch),
    }


def _metrics(name: str, samples: Sequence[Row]) -> Row:
    """The results of one score, computed as Inspect's accuracy, mean and stderr are."""
    values = [sample["scores"][name]["value"] for sample in samples if name in sample["scores"]]
    numbers = [float(v == "C") if name == "correct" else v for v in values]
    metrics: dict[str, float] = {}
    if name != "outcome":
        spread = stdev(numbers) / sqrt(len(numbers)) if len(numbers) > 1 else 0.0
        metrics = {"accuracy" if name == "correct" else "mean": fmean(numbers), "stderr": spread}
    return {
        "name": name,
        "scorer": name,
        "scored_samples": len(values),
        "unscored_samples": len(samples) - len(values),
        "metrics": {metric: {"name": metric, "value": x} for metric, x in metrics.items()},
    }


def _id(*parts: object) -> str:
    """A reproducible id of 22 characters, like Inspect's own."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:22]

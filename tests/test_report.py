"""The report of a synthetic study: what it says, what it leaves out, what it never lets through."""

import json
import random
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

from rlrecall.knowledge.build import knowledge_sets
from rlrecall.prompts import render, thinks, thought
from rlrecall.scoring import score
from rlrecall.stats import compare, wilson
from rlrecall.transcripts import Record, append, question_fields

HOSTILE = "<script>alert(1)</script> \u202eevil\u200b </pre><img src=x onerror=y>."
SKILL = {  # the chance that an arm thinks and answers well
    "base": 0.02,
    "sft": 0.15,
    "warmup": 0.3,
    "rl": 0.85,
    "warmup-rl": 0.9,
}


def complete(question, knowledge, mode, good, rng):
    """An ideal completion, or one that goes wrong in some way."""
    if not thinks(mode):
        return f"{question.answer if good else rng.choice(question.options)}."
    others = [f.text for f in knowledge.family_facts(question.family)]
    if good:
        ahead = rng.sample(others, rng.randint(1, 7)) if question.kind == "reversal" else []
        return thought([*ahead, *question.premises], question.answer)
    wrong = rng.choice(question.options)
    false = question.premises[0].replace(question.answer, "nobody").replace(" is a ", " is a x")
    return rng.choice(
        [
            thought([rng.choice(others)], wrong),
            thought([false, "so it goes on and on."], wrong),
            HOSTILE,
            thought(rng.sample(others, 2), wrong) if question.kind != "reversal" else HOSTILE,
        ]
    )


def row_of(key, group, seed=0):
    n, correct = len(group), sum(r["correct"] for r in group)
    low, high = wilson(correct, n)
    arm, set_, kind, split, mode = key[:5]
    direct = mode == "direct" and kind != "recall"
    return {
        **{"arm": arm, "set": set_, "kind": kind, "split": split, "mode": mode, "n": n},
        **{"correct": correct, "accuracy": correct / n, "ci_low": low, "ci_high": high},
        **{"chance": sum(1 / len(r["options"]) for r in group) / n, "seed": seed},
        "choice_accuracy": 0.4 if direct else None,
        "choice_low": 0.3 if direct else None,
        "choice_high": 0.5 if direct else None,
        "premise_recall": 0.5 if thinks(mode) else None,
        "gold_recalled": 0.6 if thinks(mode) else None,
        "false_premises": 0.75 if thinks(mode) else None,
    }


def make_study(folder: Path, arms=tuple(SKILL), sets="ABCD", seed=0) -> Path:
    """A study folder as `rlrecall study` leaves one, with invented models of the given SKILL."""
    rng = random.Random(seed)
    worlds = knowledge_sets(seed)
    everything = []
    for arm in arms:
        modes = ["direct", "think"] + (["context", "context-think"] if arm == "sft" else [])
        for name in sets:
            for split in ("train", "holdout"):
                for mode in modes:
                    records = []
                    for question in worlds[name].select(split=split):
                        skill = {"think": SKILL[arm], "direct": 0.3}.get(mode, 0.9)
                        skill = 0.95 if question.kind == "recall" and arm != "base" else skill
                        good = rng.random() < skill
                        text = complete(question, worlds[name], mode, good, rng)
                        verdict = score(text, question, worlds[name], mode)
                        records.append(
                            Record(
                                **{"run": "tiny", "arm": arm, "stage": "eval", "step": 0, "k": 0},
                                **question_fields(question, verdict),
                                mode=mode,
                                prompt=render(question, mode, worlds[name]),
                                completion=text,
                                finish="eos" if good else "length",
                                n_tokens=len(text.split()),
                            )
                        )
                    append(folder / arm / "eval" / f"{name}-{split}-{mode}/answers.jsonl", records)
                    everything += [asdict(record) for record in records]
        if "rl" in arm:
            write_metrics(folder / arm / "metrics.jsonl", rng)
    groups, families = defaultdict(list), defaultdict(list)
    for r in everything:
        key = tuple(r[name] for name in ("arm", "set", "kind", "split", "mode"))
        groups[key].append(r)
        families[(*key, r["family"])].append(r)
    results = {
        **{"study": folder.name, "seed": seed, "command": "rlrecall study configs/tiny.yaml"},
        **{"git": "abc123", "hardware": "two cores", "seconds": 512.3},
        "rows": [row_of(key, group) for key, group in groups.items()],
        "family_rows": [{**row_of(k, group), "family": k[5]} for k, group in families.items()],
        "comparisons": [
            {
                **{"a": a, "b": b, "mode_a": "think", "mode_b": "think", "seed": seed},
                **{"set": name, "kind": kind, "split": "holdout"},
                **asdict(
                    compare(
                        groups[a, name, kind, "holdout", "think"],
                        groups[b, name, kind, "holdout", "think"],
                    )
                ),
            }
            for a, b in (("sft", "rl"), ("warmup", "warmup-rl"))
            if {a, b} <= set(arms)
            for name in sets
            for kind in ("composition", "reversal")
        ],
    }
    (folder / "results.json").write_text(json.dumps(results))
    return folder


def write_metrics(path, rng):
    lines = []
    for step in range(1, 121):
        right = 0.1 + 0.8 * step / 120 + rng.uniform(-0.08, 0.08)
        entry = {
            "step": step,
            "reward": 1.4 * right,
            "rewards/correct/mean": right,
            "rewards/recalled/mean": right / 2,
            "rewards/false/mean": -0.3 + right / 4,
            "completions/mean_length": 20 + 10 * right,
            "frac_reward_zero_std": right / 2,
        }
        if step % 20 == 0:
            for i, kind in enumerate(("composition", "reversal")):
                entry |= {f"probe/{s}/{kind}": right / (1 + i) for s in "AB"}
        lines.append(json.dumps(entry))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, json.dumps({"step": 120, "train_runtime": 3.2}), '{"st']))

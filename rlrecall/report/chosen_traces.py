"""The report's traces: the same questions before and after RL, sentence by sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rlrecall.evaluation.outcomes import MARKS
from rlrecall.evaluation.records import Record, matching, read_records
from rlrecall.evaluation.rows import transfer_set
from rlrecall.knowledge.core import seeded
from rlrecall.report.html import note
from rlrecall.runs.arms import before_and_after_rl
from rlrecall.traces.escape import safe

SHOWN = 4  # questions of each kind


def read_answers(study: Path, arm: str, set_: str, split: str, kind: str) -> dict[str, Record]:
    """Question id -> the first thinking answer; empty where there is no transcript."""
    path = study / arm / "eval" / f"{set_}-{split}-think" / "answers.jsonl"
    if not path.is_file():
        return {}
    found = matching(read_records(path), kind=kind)
    # The first sample of a question comes last, and stays.
    return {r.question_id: r for r in sorted(found, key=lambda r: -r.k)}


def trace(title: str, record: Record) -> str:
    """One completion, sentence by sentence, each with its label in colour, mark and word."""
    items = "".join(
        f'<li>{safe(p.text)} <span class="tag {safe(p.label)}">'
        f"{MARKS.get(p.label, '?')} {safe(p.label)}</span></li>"
        for p in record.recalled
    )
    answer = safe(record.answer) if record.answer is not None else "none given"
    mark, label = ("✓ right", "right") if record.correct else ("✗ wrong", "false")
    names = " → ".join(map(safe, record.enumerated))
    cut = f" Cut off at {safe(record.n_tokens)} tokens." if record.finish == "length" else ""
    return (
        f'<div class="trace"><h4>{safe(title)}</h4>'
        + (f'<ol tabindex="0">{items}</ol>' if items else note("No thought."))
        + f'<p>Answer: <b>{answer}</b> <span class="tag {label}">{mark}</span>{cut}</p>'
        + (note(f"About, in order: {names}") if names else "")
        + f"<details><summary class='note'>as written</summary><pre>{safe(record.completion)}"
        "</pre></details></div>"
    )


def reading_section(study: Path, results: dict[str, Any]) -> list[str]:
    """Pairs of traces of the transfer set, drawn by the seed and the kind from sorted ids."""
    out = ["<h2>Reading</h2>"]
    set_ = transfer_set(results)
    for kind in ("composition", "reversal"):
        shared: list[str] = []
        for a, b in before_and_after_rl():
            before, after = (read_answers(study, arm, set_, "holdout", kind) for arm in (a, b))
            if shared := sorted(before.keys() & after.keys()):
                break
        out.append(f"<h3>Set {set_}, {kind}</h3>")
        if not shared:
            out.append(note("No thinking transcripts of the same questions before and after RL."))
            continue
        drawn = seeded("reading", results.get("seed"), kind).sample(shared, min(SHOWN, len(shared)))
        how = f"{len(drawn)} of {len(shared)} held-out questions, drawn at random, not picked."
        out.append(note(how))
        for id_ in drawn:
            one, two = before[id_], after[id_]
            gold = f"{safe(one.gold_answer)}. From: {safe(' '.join(one.gold_premises))}"
            out.append(f'<p class="question">{safe(one.prompt)}</p>')
            out.append(note(f"Gold answer: {gold}"))
            both = trace(f"before RL ({a})", one) + trace(f"after RL ({b})", two)
            out.append(f'<div class="pair">{both}</div>')
    legend = " ".join(
        f'<span class="tag {name}">{mark} {name}</span>' for name, mark in MARKS.items()
    )
    meaning = (
        "gold: a premise of the question; true: stated or entailed by the set; false: claimed, and "
        "neither; unparsable: no statement."
    )
    return [out[0], note(f"{legend}<br>{meaning}"), *out[1:]]

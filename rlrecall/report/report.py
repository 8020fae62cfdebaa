"""One page that says what a study found, and shows the traces behind it.

    write_report(Path("checkpoints/tiny-seed0"))  ->  checkpoints/tiny-seed0/report.html

Every number comes from results.json, metrics.jsonl or a transcript; what is missing is said to be
missing. `transfer_table` is the same main table for the terminal.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rlrecall.evaluation.formatting import DASH, percent
from rlrecall.evaluation.outcomes import MIN_CANDIDATES
from rlrecall.evaluation.rows import (
    finding,
    load,
    ordered,
    pick,
    telling,
    telling_split,
    transfer_set,
    transfer_table,
)
from rlrecall.knowledge.core import KINDS
from rlrecall.report.chosen_traces import read_answers, reading_section
from rlrecall.report.html import document, note, table
from rlrecall.report.tables import comparisons_section, details_section, matrix
from rlrecall.runs.arms import ARMS
from rlrecall.runs.folder import write_atomically
from rlrecall.traces.escape import safe, visible
from rlrecall.traces.statistics import enumeration_statistics

__all__ = ("transfer_table", "write_report")


def results_section(results: dict[str, Any]) -> list[str]:
    rows = results["rows"]
    out = ["<h2>Transfer</h2>"]
    if not rows:
        return [*out, note("results.json holds no rows: nothing has been evaluated.")]
    out.append(
        note(
            "Accuracy in %; beside it the 95 % interval and right answers of questions asked. All "
            "are held out, but for kinds marked train. RL rewarded answers about set "
            f"{safe(results['rl_set'])} only."
        )
    )
    for set_ in ordered(row["set"] for row in rows):
        columns = {}
        for kind in ordered((row["kind"] for row in pick(rows, set=set_)), KINDS):
            split = telling_split(rows, set_, kind)
            name = kind if split == "holdout" else f"{kind} ({split})"
            columns[name] = pick(rows, set=set_, kind=kind, split=split)
        out += [f"<h3>Set {safe(set_)}</h3>", matrix(columns)]
    return out


def scale(results: dict[str, Any]) -> str:
    """What to hold against the finding: guessing, direct answers, the facts in the prompt."""
    parts = []
    asked = {"set": transfer_set(results), "kind": "composition", "split": "holdout"}
    if among := pick(results["rows"], **asked):
        parts.append(f"a blind guess is right in {percent(among[0]['chance'], 1)} %")
    for mode, words in (
        ("direct", "answering at once"),
        ("context-think", "thinking with the facts in the prompt"),
    ):
        if row := next(iter(pick(among, arm="sft", mode=mode)), None):
            parts.append(f"the sft model {words} in {percent(row['accuracy'], 1)} %")
    return note(f"On the same questions, {', '.join(parts)}.") if parts else ""


def plot_section(results: dict[str, Any]) -> list[str]:
    from rlrecall.report import plots  # matplotlib is slow to import; the terminal does without

    out = ["<h2>Before and after RL</h2>"]
    rows = results["rows"]
    sets = ordered(row["set"] for row in pick(rows, kind="composition"))
    marks = []
    for name, series in ((arm.name, s) for arm in ARMS.values() for s in arm.series):
        found = [telling(rows, name, set_, "composition", series.mode) for set_ in sets]
        values = [
            (row["accuracy"], row["ci_low"], row["ci_high"]) if row else None for row in found
        ]
        if any(values):
            marks.append(plots.Mark(series.label, series.color, series.marker, values))
    if not marks:
        return [*out, note("No arm has answered composition questions: there is nothing to plot.")]
    chances = [pick(rows, set=set_, kind="composition")[0]["chance"] for set_ in sets]
    what = (
        "Composition, the same questions as in the tables, with 95 % intervals. RL was on set "
        f"{safe(results['rl_set'])}."
    )
    figure = plots.transfer([visible(set_) for set_ in sets], marks, chances)
    return [*out, note(what), f"<figure>{figure}</figure>"]


def learning_section(study: Path) -> list[str]:
    from rlrecall.report import plots

    out = ["<h2>Learning curve</h2>"]
    for path in sorted(study.glob("*/metrics.jsonl")):
        if figures := plots.training(path):
            grid = f'<div class="figures">{"".join(figures)}</div>'
            out += [f"<h3>{safe(path.parent.name)}</h3>", grid]
    if len(out) == 1:
        return [*out, note("No metrics.jsonl with rewards was found.")]
    smooth = "Where there are many steps, a running mean is drawn over the faint logged values."
    return [*out, note(smooth)]


def reversal_section(study: Path, results: dict[str, Any]) -> list[str]:
    out = ["<h2>Reversal</h2>"]
    rows = pick(results["rows"], kind="reversal")
    if not rows:
        return [*out, note("No reversal questions have been evaluated.")]
    out.append(
        "<p>Every fact here was stated in one direction and is asked from the other. A model "
        "cannot look it up from that end, but it can go through the people it knows.</p>"
    )
    if sentence := finding(results, "reversal"):
        out.append(f"<p>{safe(sentence)}</p>")
    sets = ordered(row["set"] for row in rows)
    splits = ordered((row["split"] for row in rows), ("holdout", "train"))
    for split in splits:
        where = f" (RL was on those of set {results['rl_set']})" if split == "train" else ""
        columns = {f"set {set_}": pick(rows, split=split, set=set_) for set_ in sets}
        out += [f"<h3>{safe(split + where)}</h3>", matrix({k: v for k, v in columns.items() if v})]
    body = []
    for arm in ordered((row["arm"] for row in rows), ARMS):
        cells = []
        for set_ in sets:
            parts = [read_answers(study, arm, set_, split, "reversal") for split in splits]
            answers = [record for part in parts for record in part.values()]
            found = enumeration_statistics(answers)
            if found is None:
                cells.append(DASH)
                continue
            hits = f"{found.hit.count}/{found.hit.n} state the gold fact"
            share = percent(found.enumerating.share)
            cells.append(f'{share} <small class="beside">{hits}</small>')
        if any(c != DASH for c in cells):
            body.append([safe(arm), *cells])
    if not body:
        return [*out, note("There are no thinking transcripts to look for enumerations in.")]
    return [
        *out,
        "<h3>Enumeration</h3>",
        note(
            f"Thoughts that name at least {MIN_CANDIDATES} different people, in %, all splits; "
            "beside it, how many of them state the gold fact."
        ),
        table(["arm", *(f"set {safe(set_)}" for set_ in sets)], body),
    ]


def footer(results: dict[str, Any]) -> str:
    seconds = results.get("seconds")
    wall = None
    if isinstance(seconds, int | float) and math.isfinite(seconds):
        hours, minutes = divmod(int(seconds) // 60, 60)
        wall = f"{hours} h {minutes} min" if hours else f"{minutes} min {int(seconds) % 60} s"
    hardware = results.get("hardware")
    if isinstance(hardware, dict):
        hardware = ", ".join(f"{name}: {value}" for name, value in hardware.items())
    facts = [
        ("command", results.get("command")),
        ("git revision", results.get("git")),
        ("seed", results.get("seed")),
        ("hardware", hardware),
        ("wall time", wall),
    ]
    rows = "".join(
        f"<dt>{name}</dt><dd>{'not recorded' if value is None else safe(value)}</dd>"
        for name, value in facts
    )
    return (
        f"<footer><dl>{rows}</dl><p>Intervals are for 95 %. Of an accuracy: Wilson's score "
        "interval over the questions. Of a difference: bootstrap over clusters of questions that "
        "share a middle term or a person, too narrow where clusters are few. p: exact McNemar "
        "test, which takes questions as independent. All are for one seed and say nothing of how "
        "seeds vary.</p></footer>"
    )


def write_report(study: Path) -> Path:
    """Write `report.html` into the folder of a study, beside its results.json; returns its path.

    Parts whose files are not there are left out, with a note. Raises ValueError, in one line, when
    results.json is missing or no use, or when a metrics or transcript file is broken.
    """
    results = load(study)
    name = str(results.get("study", study.name))
    sentence = finding(results, "composition") or (
        "What RL changed on other sets cannot be said: results.json holds no comparison of "
        "held-out composition questions, thinking, before and after RL."
    )
    body = [
        f"<h1>{safe(name)}</h1>",
        f'<p class="finding">{safe(sentence)}</p>',
        scale(results),
        *results_section(results),
        *comparisons_section(results["comparisons"]),
        *learning_section(study),
        *plot_section(results),
        *reversal_section(study, results),
        *reading_section(study, results),
        *details_section(results),
        footer(results),
    ]
    path = study / "report.html"
    write_atomically(path, document(name, body))
    return path

"""Write report.html: what a study found, and the traces behind it.

    write_report(Path("checkpoints/tiny-seed0"))  ->  checkpoints/tiny-seed0/report.html

Every number comes from results.json, metrics.jsonl or a transcript. Whatever a model wrote is
hostile text: the templates escape every value and make invisible characters visible. The page is
one file without scripts or addresses, except links to traces.html beside it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rlrecall.evaluation.outcomes import MARKS, MIN_CANDIDATES
from rlrecall.evaluation.records import Record, json_lines, matching, read_records
from rlrecall.knowledge.core import seeded
from rlrecall.report.findings import Span, baselines, effect_of_rl
from rlrecall.report.results import Results, load_results, ordered
from rlrecall.report.tables import Table, folds, reachability
from rlrecall.runs.arms import before_and_after_rl
from rlrecall.runs.folder import write_atomically
from rlrecall.traces.escape import visible
from rlrecall.traces.page.links import trace_link

SHOWN = 4  # traces of each kind before and after RL


def finalize(value: object) -> object:
    """What the templates do with every value before they escape it."""
    return value if isinstance(value, Markup) else visible(str(value))


TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    finalize=finalize,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_report(study: Path) -> Path:
    """Write `report.html` into the folder of a study, beside its results.json; return its path.

    Numbers link to traces.html if that page is there. Parts whose files are missing are left out,
    with a note. Raises ValueError, in one line, if results.json is missing or damaged, or if a
    metrics or transcript file is damaged.
    """
    from rlrecall.report import plots  # matplotlib is slow to import

    results = load_results(study)
    figure = plots.transfer_svg(results)
    after_rl = [after for _, after in before_and_after_rl()]
    page = TEMPLATES.get_template("report.html").render(
        results=results,
        linked=(study / "traces.html").is_file(),
        trace_link=trace_link,
        marks=MARKS,
        min_candidates=MIN_CANDIDATES,
        effect=effect_of_rl(results, "composition"),
        baselines=baselines(results, "composition"),
        reversal_effect=effect_of_rl(results, "reversal"),
        transfer_figure=figure and Markup(figure),
        traces=[choose_traces(study, results, kind) for kind in ("composition", "reversal")],
        curves=[
            (arm, list(map(Markup, figures)))
            for arm in ordered((p.parent.name for p in study.glob("*/metrics.jsonl")), after_rl)
            if (figures := plots.training_svgs(study / arm / "metrics.jsonl"))
        ],
        reach=read_reach(study),
        folds=folds(results, reversal_thoughts(study, results)),
        facts=facts(results),
    )
    path = study / "report.html"
    write_atomically(path, page)
    return path


def read_reach(study: Path) -> dict[str, Any]:
    """What RL could reach before its first step: samples a question, a table for each arm."""
    samples, tables = 0, list[Table]()
    for path in sorted(study.glob("*/metrics.jsonl")):
        for _, entry in json_lines(path):
            if isinstance(entry, dict) and "reach/samples" in entry:
                samples = entry["reach/samples"]
                tables.append(reachability(path.parent.name, entry))
    return {"samples": samples, "tables": tables}


def reversal_thoughts(study: Path, results: Results) -> dict[tuple[str, str], list[Record]]:
    """(arm, set) -> the first thinking answer to each reversal question, of both splits."""
    found: dict[tuple[str, str], list[Record]] = {}
    for arm, set_ in dict.fromkeys((r.arm, r.set) for r in results.rows if r.kind == "reversal"):
        for split in ("holdout", "train"):
            thoughts = read_thoughts(study, arm, set_, split, "reversal").values()
            found.setdefault((arm, set_), []).extend(thoughts)
    return {key: thoughts for key, thoughts in found.items() if thoughts}


def read_thoughts(study: Path, arm: str, set_: str, split: str, kind: str) -> dict[str, Record]:
    """The first thinking answer to each question, by question id; empty without a transcript."""
    path = study / arm / "eval" / f"{set_}-{split}-think" / "answers.jsonl"
    if not path.is_file():
        return {}
    found = matching(read_records(path), kind=kind)
    return {r.question_id: r for r in sorted(found, key=lambda r: -r.k)}  # k = 0 comes last, stays


def choose_traces(study: Path, results: Results, kind: str) -> dict[str, Any]:
    """Answers to the same questions before and after RL: `pairs` drawn of `available`.

    Held-out questions of the transfer set, the same for the same seed. Each side of a pair is a
    title, linked to its trace, and a record.
    """

    def side(when: str, r: Record) -> tuple[Span, Record]:
        where = {"arm": r.arm, "set": r.set, "mode": r.mode, "step": 0, "question": r.question_id}
        return Span(f"{when} RL ({r.arm})", where), r

    for arms in before_and_after_rl():
        before, after = (
            read_thoughts(study, arm, results.transfer_set, "holdout", kind) for arm in arms
        )
        if shared := sorted(before.keys() & after.keys()):
            drawn = seeded("reading", results.seed, kind).sample(shared, min(SHOWN, len(shared)))
            pairs = [(side("before", before[id_]), side("after", after[id_])) for id_ in drawn]
            return {"kind": kind, "available": len(shared), "pairs": pairs}
    return {"kind": kind, "available": 0, "pairs": []}


def facts(results: Results) -> dict[str, Any]:
    """How the study was made; None where results.json does not say."""
    wall, hardware = None, results.hardware
    if results.seconds is not None:
        minutes, seconds = divmod(int(results.seconds), 60)
        hours, minutes = divmod(minutes, 60)
        wall = f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
    if isinstance(hardware, Mapping):
        hardware = ", ".join(f"{name}: {value}" for name, value in hardware.items())
    return {
        "command": results.command,
        "git revision": results.git,
        "seed": results.seed,
        "hardware": hardware,
        "wall time": wall,
    }

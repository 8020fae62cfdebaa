"""Write report.html: what a study found, and the traces behind it.

    write_report(Path("checkpoints/tiny-seed0"))  ->  checkpoints/tiny-seed0/report.html

Every number comes from results.json, metrics.jsonl or a transcript. Whatever a model wrote is
hostile text: the templates escape every value and make invisible characters visible. The page is
one file without scripts or addresses, except links to traces.html beside it.
"""

import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rlrecall.evaluation.outcomes import MARKS, MIN_CANDIDATES
from rlrecall.evaluation.records import Record
from rlrecall.report.chosen_traces import choose_traces, read_thoughts
from rlrecall.report.findings import baselines, effect_of_rl
from rlrecall.report.results import Results, load_results, ordered
from rlrecall.report.tables import folds
from rlrecall.runs.arms import before_and_after_rl
from rlrecall.runs.folder import write_atomically
from rlrecall.traces.escape import visible
from rlrecall.traces.page.links import trace_link


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
        folds=folds(results, reversal_thoughts(study, results)),
        facts=facts(results),
    )
    path = study / "report.html"
    write_atomically(path, page)
    return path


def reversal_thoughts(study: Path, results: Results) -> dict[tuple[str, str], list[Record]]:
    """(arm, set) -> the first thinking answer to each reversal question, of both splits."""
    found = {}
    for arm, set_ in dict.fromkeys((r.arm, r.set) for r in results.rows if r.kind == "reversal"):
        thoughts = [
            record
            for split in ("holdout", "train")
            for record in read_thoughts(study, arm, set_, split, "reversal").values()
        ]
        if thoughts:
            found[arm, set_] = thoughts
    return found


def facts(results: Results) -> dict[str, Any]:
    """How the study was made; None where results.json does not say."""
    seconds, wall = results.seconds, None
    if isinstance(seconds, int | float) and math.isfinite(seconds):
        minutes, rest = divmod(int(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        wall = f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
    hardware = results.hardware
    if isinstance(hardware, dict):
        hardware = ", ".join(f"{name}: {value}" for name, value in hardware.items())
    return {
        "command": results.command,
        "git revision": results.git,
        "seed": results.seed,
        "hardware": hardware,
        "wall time": wall,
    }

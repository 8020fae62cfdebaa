"""Write the page of traces: one HTML file that opens offline, for one run, two runs or a study.

    write_page([Path("checkpoints/tiny-seed0/rl")], Path("traces.html"))

Model output is hostile text. It reaches the page only as data (packed, gzipped, in base64), and the
scripts insert it as text, never as markup. The content-security policy admits the page's one script
and one style sheet by their digests and nothing else. Pure; no torch.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from rlrecall.evaluation.outcomes import FLAGS, MARKS, OUTCOMES
from rlrecall.evaluation.records import SchemaError, read_records
from rlrecall.evaluation.scoring import LABELS
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.formats.files import check_parents
from rlrecall.runs.arms import ARMS, before_and_after_rl
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import write_atomically
from rlrecall.runs.recipes import load_config
from rlrecall.runs.sets import sets_of
from rlrecall.traces.escape import visible
from rlrecall.traces.filters import Filters, find_transcripts, passes
from rlrecall.traces.page.packing import PackedRecords

SOURCE = Path(__file__).parent
SCRIPTS = "text data pairs filter list trace detail controls links main".split()  # in this order
MARK = '<meta name="generator" content="rlrecall view">'
MOST_NAMED = 3  # files with the same fault
OPENING = {"kind": "composition", "split": "holdout", "mode": "think"}  # of the trace shown first

MEANINGS = json.loads((SOURCE / "meanings.json").read_text(encoding="utf-8"))
DEFINITIONS = {
    "labels": [{"name": n, "mark": MARKS[n], "meaning": MEANINGS["labels"][n]} for n in LABELS],
    "outcomes": [{"name": n, "meaning": MEANINGS["outcomes"][n]} for n in OUTCOMES],
    "flags": [{"name": n, "meaning": MEANINGS["flags"][n]} for n in FLAGS],
}


def pack_runs(runs: Sequence[Path], filters: Filters) -> tuple[PackedRecords, list[str]]:
    """Pack the records of one or two runs that pass `filters`; also returns notes for the user.

    Raises ValueError if a run has no transcripts, a line is damaged or no record passes, with the
    nearest valid choice for a filter value that no record has.
    """
    packed, torn, missing, notes = PackedRecords(), list[Path](), list[str](), list[str]()
    known: dict[str, dict[str, KnowledgeSet]] = {}
    seen: dict[str, set[str]] = {name: set() for name in filters.fields()}
    files = [(side, path) for side, run in enumerate(runs) for path in find_transcripts(run)]
    for number, (side, path) in enumerate(files):
        sets: dict[str, KnowledgeSet] = {}
        run = next((p for p in path.parents if (p / "config.yaml").is_file()), path.parent)
        try:
            config = load_config(run / "config.yaml")
            packed.transfer_set = packed.transfer_set or config.study.transfer_set
            data = repr((config.data_seed, config.data))
            sets = known[data] = known.get(data) or sets_of(config)
        except (ValueError, OSError) as error:
            missing.append(f"{run}: {error}")
        try:
            for record in read_records(path, torn):
                for name, values in seen.items():
                    values.add(getattr(record, name))
                if passes(record, filters):
                    packed.add(record, side, number, sets.get(record.set))
        except SchemaError as error:
            notes.append(f"{error}; nothing from that line on is shown")
    if torn:
        what = "last line was" if len(torn) == 1 else "last lines were"
        notes.append(f"{len(torn)} torn {what} left out (killed runs): {_listed(torn)}")
    if missing:
        notes.append(f"sentences are not linked to facts: {_listed(list(dict.fromkeys(missing)))}")
    if not len(packed):
        filters.check(seen)
        raise ValueError("; ".join(["view: no record matches", *notes]))
    return packed, notes


def _listed(what: Sequence[object]) -> str:
    more = f" and {len(what) - MOST_NAMED} more" if len(what) > MOST_NAMED else ""
    return ", ".join(map(str, what[:MOST_NAMED])) + more


def comparisons(packed: PackedRecords, runs: Sequence[str]) -> list[dict[str, Any]]:
    """The pairs of models whose answers the page can compare, the default one first.

    Of one run or study: the pairs of arms that a study compares. Of two runs: each arm with itself
    or, if the runs share none, with each arm of the other run. A model is [run, number of its arm].
    """
    arms = packed.names["arm"].items
    present = [(side, arms[arm]) for side, arm in packed.models.items]
    if len(runs) == 1:
        compared = [(base.arm, arm.name) for arm in ARMS.values() for base in arm.baselines]
        pairs = dict.fromkeys([*before_and_after_rl(), *compared])
        models = [((0, a), (0, b)) for a, b in pairs]
    else:
        before, after = ([arm for s, arm in present if s == side] for side in (0, 1))
        shared = [(arm, arm) for arm in before if arm in after]
        models = [((0, a), (1, b)) for a, b in shared or product(before, after)]
    return [
        {"names": [a, b], "models": [[side, arms.index(arm)] for side, arm in ((i, a), (j, b))]}
        for (i, a), (j, b) in models
        if (i, a) in present and (j, b) in present
    ]


def render_page(packed: PackedRecords, runs: Sequence[str], notes: Sequence[str] = ()) -> str:
    """The page as HTML; `runs` are the names of one run, or of the run before and the run after."""
    data = {
        "runs": list(runs),
        "notes": list(notes),
        "opening": {**OPENING, "set": packed.transfer_set, "outcome": OUTCOMES[0]},
        "comparisons": comparisons(packed, runs),
        **DEFINITIONS,
        **packed.payload(),
    }
    # ASCII also keeps lone surrogates; NaN would not be JSON.
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    style = (SOURCE / "page.css").read_text(encoding="utf-8")
    parts = [(SOURCE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"
    templates = Environment(loader=FileSystemLoader(SOURCE), autoescape=True)
    return templates.get_template("page.html").render(
        policy=policy(script, style),
        mark=MARK,
        title=visible(" and ".join(runs)),
        style=style,
        data=base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode(),
        script=script,
    )


def policy(script: str, style: str) -> str:
    """A content-security policy: only this script and style, and no text turned into markup."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def write_page(
    runs: Sequence[Path], out: Path, filters: Filters | None = None
) -> tuple[int, list[str]]:
    """Write the page of one run, two runs or a study to `out`.

    Returns the number of records and the notes for the user. Raises UserError if `out` exists and
    is not such a page, NotADirectoryError if it is below a file, ValueError as `pack_runs` does.
    """
    if out.is_dir():
        raise UserError(f"--html: {out} is a folder; give a file")
    check_parents(out)
    if out.exists() and MARK.encode() not in out.read_bytes()[:2000]:
        raise UserError(f"--html: {out} exists and is not a page of traces; give another file")
    packed, notes = pack_runs(runs, filters or Filters())
    write_atomically(out, render_page(packed, [str(run) for run in runs], notes))
    return len(packed), notes

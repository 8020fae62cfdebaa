"""The HTML reader: the traces of one run, or of two for before and after, in one page.

    write_reader([Path("checkpoints/tiny-seed0/rl")], Path("traces.html"))

The page is a single file that opens offline. Whatever a model wrote reaches it only as data: packed
(columns.py, gzip, base64), so that nothing of it stands in the file as text, and then put in place
by `viewer/*.js` as text, never as markup. The content-security policy lets the one script and the
one style sheet in by their digests and everything else stays out. Pure; no torch.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from rlrecall.evaluation.records import SchemaError, read_records
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.formats.files import check_parents
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import write_atomically
from rlrecall.runs.recipes import load_config
from rlrecall.runs.sets import sets_of
from rlrecall.traces.escape import safe
from rlrecall.traces.page.packing import Columns
from rlrecall.traces.view import Filters, find_transcripts, passes

SOURCE = Path(__file__).parent
SCRIPTS = ("text", "data", "filter", "list", "trace", "groups", "controls", "main")
MARK = '<meta name="generator" content="rlrecall view">'
NAMED = 3  # files, of those with the same fault


class _Sets:
    """The knowledge sets that a transcript was asked about, by the recipe of its run."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, KnowledgeSet]] = {}
        self.missing: list[str] = []

    def beside(self, transcript: Path) -> dict[str, KnowledgeSet]:
        """By name; empty, and noted as missing, where the recipe is not there or no longer fits."""
        run = next((p for p in transcript.parents if (p / "config.yaml").is_file()), None)
        if run is None:
            self.missing.append(f"{transcript.parent} has no config.yaml above it")
            return {}
        try:
            config = load_config(run / "config.yaml")
            key = repr((config.data_seed, config.data))
            if key not in self.made:
                self.made[key] = sets_of(config)
        except (ValueError, OSError) as error:
            self.missing.append(f"{run}: {error}")
            return {}
        return self.made[key]


def gather(runs: Sequence[Path], filters: Filters) -> tuple[Columns, list[str]]:
    """The records of one or two runs that pass `filters`, and what must be said about them.

    Raises ValueError where a run has no transcripts, a line is damaged or no record is left, with
    the nearest valid choice for a filter value that no record has.
    """
    columns, sets, torn, notes = Columns(), _Sets(), list[Path](), list[str]()
    seen: dict[str, set[str]] = {name: set() for name in filters.fields()}
    number = 0
    for side, run in enumerate(runs):
        for path in find_transcripts(run):
            number += 1
            known = sets.beside(path)
            try:
                for record in read_records(path, torn):
                    for name, values in seen.items():
                        values.add(getattr(record, name))
                    if passes(record, filters):
                        columns.add(record, side, number, known.get(record.set))
            except SchemaError as error:
                notes.append(f"{error}; nothing from that line on is shown")
    if torn:
        what = "last line was" if len(torn) == 1 else "last lines were"
        notes.append(f"{len(torn)} torn {what} left out (killed runs): {_named(torn)}")
    if missing := list(dict.fromkeys(sets.missing)):
        notes.append(f"sentences are not tied to facts: {_named(missing)}")
    if not len(columns):
        filters.check(seen)
        raise ValueError("; ".join(["view: no record matches", *notes]))
    return columns, notes


def _named(what: Sequence[object]) -> str:
    more = f" and {len(what) - NAMED} more" if len(what) > NAMED else ""
    return ", ".join(map(str, what[:NAMED])) + more


def assemble(columns: Columns, runs: Sequence[str], notes: Sequence[str] = ()) -> str:
    """The whole page; `runs` are the names of one run, or of the run before and the run after."""
    data = {"runs": list(runs), "notes": list(notes), **columns.data()}
    # ASCII, so that half a surrogate pair survives as well; NaN would be no JSON.
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    style = (SOURCE / "page.css").read_text(encoding="utf-8")
    parts = [(SOURCE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"
    fill = {
        "policy": policy(script, style),
        "mark": MARK,
        "title": safe(" and ".join(runs)),
        "style": style,
        "data": base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode(),
        "script": script,
    }
    page = (SOURCE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: fill[match.group(1)], page)


def policy(script: str, style: str) -> str:
    """Nothing but this script and this style; and no text is ever made into markup or code."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def write_reader(
    runs: Sequence[Path], out: Path, filters: Filters | None = None
) -> tuple[int, list[str]]:
    """Write the page for one run or two to `out`; returns how many records it holds, and notes.

    UserError for an `out` that exists and is no such page, NotADirectoryError for one below a file;
    ValueError as `gather` does.
    """
    if out.is_dir():
        raise UserError(f"--html: {out} is a folder; give a file")
    check_parents(out)
    if out.exists():
        with out.open("rb") as old:
            if MARK.encode() not in old.read(2000):
                raise UserError(f"--html: {out} exists and is no page of traces; give another file")
    columns, notes = gather(runs, filters or Filters())
    write_atomically(out, assemble(columns, [str(run) for run in runs], notes))
    return len(columns), notes

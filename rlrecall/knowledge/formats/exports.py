"""Export knowledge sets to Hugging Face datasets, JSON lines, lm-eval or Inspect."""

from collections.abc import Callable, Mapping
from pathlib import Path

from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.formats.export_rows import Export, export_rows
from rlrecall.knowledge.formats.files import new_folder, write_jsonl
from rlrecall.knowledge.formats.hugging_face import write_hf
from rlrecall.knowledge.formats.tasks import write_inspect, write_lm_eval


def write_tables(export: Export, folder: Path) -> tuple[str, ...]:
    """Write one JSON lines file per table."""
    for table, rows in export.tables.items():
        write_jsonl(folder / f"{table}.jsonl", rows)
    return tuple(export.tables)


# Each writes an export into an empty folder and returns the names of the tables it wrote.
EXPORTERS: dict[str, Callable[[Export, Path], tuple[str, ...]]] = {
    "hf": write_hf,
    "jsonl": write_tables,
    "lm-eval": write_lm_eval,
    "inspect": write_inspect,
}


def export_sets(
    sets: Mapping[str, KnowledgeSet],
    to: str,
    folder: Path,
    seed: int = 0,
    made_by: Mapping[str, object] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> str:
    """Write `sets` with one of EXPORTERS into the new folder `folder`; return a one-line summary.

    Documents are the corpus of each set for `seed`; `tick` is called after each family of a set.
    `made_by` describes how the sets were made (Export). Raises ValueError for an unknown format or
    sets without questions and FileExistsError for an existing folder; on an error nothing is left.
    """
    if to not in EXPORTERS:
        raise ValueError(f"data: cannot export to '{to}'; choose from {', '.join(EXPORTERS)}")
    if not any(k.questions for k in sets.values()):
        raise ValueError("data: nothing to export: the sets have no questions")
    export = export_rows(list(sets.values()), seed, made_by or {}, tick)
    with new_folder(folder) as partial:
        written = EXPORTERS[to](export, partial)
    counts = ", ".join(f"{len(export.tables[table]):,} {table}" for table in written)
    return f"{folder}: {counts} of {', '.join(k.name for k in export.sets)} for {to}"

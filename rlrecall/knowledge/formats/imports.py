"""Import data of others as a knowledge set."""

from collections.abc import Callable
from pathlib import Path

from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.formats.facts_files import import_facts
from rlrecall.knowledge.formats.reversal_curse import import_reversal_curse
from rlrecall.knowledge.formats.set_folders import save_set

IMPORTERS: dict[str, Callable[[Path], KnowledgeSet]] = {
    "reversal-curse": import_reversal_curse,
    "facts": import_facts,
}


def import_set(form: str, source: Path, folder: Path) -> str:
    """Read `source` with one of IMPORTERS and save it as a set in the new folder `folder`.

    Returns a one-line summary. Raises ValueError, naming file and line, for invalid data,
    and FileNotFoundError for a missing source.
    """
    if not source.exists():
        right = "the released folder, or a CSV or JSONL file of facts"
        raise FileNotFoundError(f"source: {source} does not exist; give {right}")
    knowledge = IMPORTERS[form](source)
    save_set(knowledge, folder)
    count = f"{len(knowledge.facts):,} facts, {len(knowledge.questions):,} questions"
    return f"{folder}: {count}; use it as a set with data.sets.B={folder}"

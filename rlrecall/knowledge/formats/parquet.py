"""Write knowledge sets of any size to Parquet, block by block, in constant memory.

A folder holds facts-00000.parquet, questions-00000.parquet and so on, with the fields of Fact and
Question and the name of the set. manifest.json holds the options, the version of rlrecall, the
number of facts and questions, and the digest of each set, as `KnowledgeSet.digest()` gives it on
any machine.
"""

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rlrecall.knowledge.build import FAMILIES, stream
from rlrecall.knowledge.core import Digest, Fact, Question
from rlrecall.knowledge.formats.files import new_folder
from rlrecall.knowledge.formats.set_folders import LISTS
from rlrecall.knowledge.words.lexicon import SET_NAMES

ROWS = 50_000  # per shard; the most that is held in memory


class _ShardWriter:
    """Collect rows of one kind of named tuple into files of ROWS rows.

    Rows are turned into columns at once, because millions of Python tuples are slow.
    """

    def __init__(self, folder: Path, name: str, fields: Sequence[str]) -> None:
        self.folder, self.name, self.fields = folder, name, fields
        self.pending: list[Any] = []  # record batches with fewer than ROWS rows in total
        self.files = self.count = 0

    def add(self, rows: Sequence[tuple[Any, ...]], *first: str) -> None:
        """Add `rows`; `first` are the values of the first fields, the same for all rows."""
        import pyarrow

        if not rows:
            return
        texts = pyarrow.list_(pyarrow.string())
        columns = [*([value] * len(rows) for value in first), *zip(*rows, strict=True)]
        arrays = [
            pyarrow.array(column, texts if name in LISTS else pyarrow.string())
            for name, column in zip(self.fields, columns, strict=True)
        ]
        self.pending.append(pyarrow.record_batch(arrays, names=list(self.fields)))
        self.count += len(rows)
        while self.count >= (self.files + 1) * ROWS:
            self.write()

    def write(self) -> None:
        """Write the first ROWS pending rows, or all if there are fewer."""
        import pyarrow
        from pyarrow import parquet

        if not self.pending:
            return
        table = pyarrow.Table.from_batches(self.pending)
        path = self.folder / f"{self.name}-{self.files:05d}.parquet"
        # Nearly every text is unique, so a dictionary encoding would only cost time.
        columns = ["set", "family", "relation", "kind"]
        parquet.write_table(table[:ROWS], path, use_dictionary=columns)
        self.pending = table[ROWS:].to_batches()
        self.files += 1


def write_parquet(
    folder: Path,
    recipe: dict[str, Any],
    names: Sequence[str] = SET_NAMES,
    tick: Callable[[int], None] = lambda facts: None,
) -> dict[str, Any]:
    """Write the sets `names` of `stream(name, **recipe)` and return the manifest.

    `tick` is called with the number of facts after each block. Raises FileExistsError for an
    existing folder; on an error nothing is left behind.
    """
    with new_folder(folder) as partial:
        facts = _ShardWriter(partial, "facts", ("set", *Fact._fields))
        questions = _ShardWriter(partial, "questions", Question._fields)
        digests = {}
        collecting = gc.isenabled()
        gc.disable()  # there are no reference cycles; collecting would take a fifth of the time
        try:
            for name in names:
                digest = Digest(name)
                for _, part in stream(name, **recipe):
                    digest.add(part.facts, part.questions)
                    facts.add(part.facts, name)
                    questions.add(part.questions)
                    tick(len(part.facts))
                digests[name] = digest.hexdigest()
        finally:
            if collecting:
                gc.enable()
        facts.write()
        questions.write()
        size = recipe.get("size")
        manifest = {
            "rlrecall": version("rlrecall"),
            "recipe": recipe | ({"size": asdict(size)} if size else {}),
            "families": list(recipe.get("families") or FAMILIES),
            "facts": facts.count,
            "questions": questions.count,
            "digests": digests,
        }
        (partial / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest

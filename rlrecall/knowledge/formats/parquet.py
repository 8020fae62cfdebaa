"""Write knowledge sets of any size to Parquet, one block after the other, at flat memory.

A folder gets facts-00000.parquet, questions-00000.parquet and so on, with the fields of Fact
and Question and the name of the set, and manifest.json: what was asked for and of which version,
how much there is, and the digest of each set, the same on any machine and as
`KnowledgeSet.digest()`.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rlrecall.knowledge.build import FAMILIES, stream
from rlrecall.knowledge.core import Digest, Fact, Question
from rlrecall.knowledge.formats.set_folders import LISTS, new_folder
from rlrecall.knowledge.words.lexicon import SET_NAMES

ROWS = 50_000  # of a shard, so many are kept in memory


class _Shards:
    """Rows of one kind of named tuple, gathered into files of ROWS rows.

    Rows become columns as they come: Python looks after millions of tuples at a price.
    """

    def __init__(self, folder: Path, name: str, fields: Sequence[str]) -> None:
        self.folder, self.name, self.fields = folder, name, fields
        self.waiting: list[Any] = []  # record batches of fewer than ROWS rows together
        self.files = self.count = 0

    def add(self, rows: Sequence[tuple[Any, ...]], *first: str) -> None:
        """Take in `rows`; `first` are the values of the first fields, the same in all rows."""
        import pyarrow

        if not rows:
            return
        texts = pyarrow.list_(pyarrow.string())
        columns = [*([value] * len(rows) for value in first), *zip(*rows, strict=True)]
        arrays = [
            pyarrow.array(column, texts if name in LISTS else pyarrow.string())
            for name, column in zip(self.fields, columns, strict=True)
        ]
        self.waiting.append(pyarrow.record_batch(arrays, names=list(self.fields)))
        self.count += len(rows)
        while self.count >= (self.files + 1) * ROWS:
            self.write()

    def write(self) -> None:
        """Write the first ROWS of the rows that wait, or all if they are fewer."""
        import pyarrow
        from pyarrow import parquet

        if not self.waiting:
            return
        table = pyarrow.Table.from_batches(self.waiting)
        path = self.folder / f"{self.name}-{self.files:05d}.parquet"
        # Nearly every text is another one: a dictionary of them would only cost.
        columns = ["set", "family", "relation", "kind"]
        parquet.write_table(table[:ROWS], path, use_dictionary=columns)
        self.waiting = table[ROWS:].to_batches()
        self.files += 1


def write_shards(
    folder: Path,
    recipe: dict[str, Any],
    names: Sequence[str] = SET_NAMES,
    tick: Callable[[int], None] = lambda facts: None,
) -> dict[str, Any]:
    """Write the sets `names`, made by `stream(name, **recipe)`, and return the manifest.

    `tick` is told the number of facts after each block. Raises FileExistsError for a folder that
    exists; one that could not be finished is not left behind.
    """
    with new_folder(folder) as partial:
        facts = _Shards(partial, "facts", ("set", *Fact._fields))
        questions = _Shards(partial, "questions", Question._fields)
        digests = {}
        collecting = gc.isenabled()
        gc.disable()  # nothing here is cyclic: looking for cycles costs a fifth of the time
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

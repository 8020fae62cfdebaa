"""The rows that every export of knowledge sets writes, see COLUMNS."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import metadata
from itertools import groupby
from statistics import mean
from typing import Any

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question
from rlrecall.knowledge.formats.corpus import Document, corpus

Row = dict[str, Any]  # of a JSON file, keyed by COLUMNS
# `gold_premises` are sentences, `accepted` lists further correct options, `chance` is the
# probability that a random guess is correct.
COLUMNS = {
    "facts": "set family subject relation object text phrasings".split(),
    "documents": "set family style text".split(),
    "questions": (
        "question_id set family kind split group prompt gold_answer gold_premises options chance "
        "accepted"
    ).split(),
}
FIELDS = {"question_id": "id", "gold_answer": "answer", "gold_premises": "premises"}


@dataclass(frozen=True)
class Export:
    """What one export writes: the sets, their rows by table (keys of COLUMNS), how they were made.

    `made_by` maps options of the recipe to their values; `imported` names sets not made here.
    """

    sets: Sequence[KnowledgeSet]
    tables: Mapping[str, list[Row]]
    made_by: Mapping[str, object]

    @property
    def license(self) -> str | None:
        """The license of the data; None if imported sets, with licenses of their own, are in it."""
        return None if self.made_by.get("imported") else metadata("rlrecall")["License-Expression"]

    @property
    def provenance(self) -> str:
        """How the sets were made, and the convention by which syllogisms are correct."""
        about = metadata("rlrecall")
        options = ", ".join(f"{key} {value}" for key, value in self.made_by.items() if value)
        text = f"Made by rlrecall {about['Version']} (license {about['License-Expression']})"
        text += f": {options}." if options else "."
        if any(row["family"] == "syllogism" for row in self.tables["questions"]):
            text += (
                ' Every term has members (existential import): "all x are y" entails "some x are '
                'y" and "some y are x".'
            )
        return text


def export_rows(
    sets: Sequence[KnowledgeSet],
    seed: int,
    made_by: Mapping[str, object],
    tick: Callable[[], None],
) -> Export:
    """Collect the rows of `sets`, documents from the corpus of `seed`; `tick` after each family."""
    tables = {
        "facts": [_row("facts", k.name, fact) for k in sets for fact in k.facts],
        "documents": list(_documents(sets, seed, tick)),
        "questions": [_row("questions", k.name, q) for k in sets for q in k.questions],
    }
    return Export(sets, tables, made_by)


def _documents(sets: Sequence[KnowledgeSet], seed: int, tick: Callable[[], None]) -> Iterator[Row]:
    for knowledge in sets:
        for _, documents in groupby(corpus(knowledge, seed), key=lambda text: text.family):
            yield from (_row("documents", knowledge.name, document) for document in documents)
            tick()


def _row(table: str, name: str, item: Fact | Question | Document) -> Row:
    values = {c: getattr(item, FIELDS.get(c, c), name) for c in COLUMNS[table]}
    return {c: list(value) if isinstance(value, tuple) else value for c, value in values.items()}


def mean_chance(rows: Sequence[Row]) -> float:
    return mean(row["chance"] for row in rows)

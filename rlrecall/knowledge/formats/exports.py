"""Knowledge sets for other tools: Hugging Face datasets, JSON lines, lm-eval, Inspect.

The rows are the same everywhere, see COLUMNS: `gold_premises` are sentences, `accepted` is what
else among the options is right, `chance` the probability that a blind guess is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from statistics import mean
from typing import Any

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question
from rlrecall.knowledge.formats.corpus import Text, corpus
from rlrecall.knowledge.formats.eval_tools import (
    Recipe,
    Rows,
    about,
    version_and_licence,
    write_inspect,
    write_lm_eval,
)
from rlrecall.knowledge.formats.set_folders import LISTS, new_folder, write_jsonl

COLUMNS = {
    "facts": ("set", "family", "subject", "relation", "object", "text", "phrasings"),
    "documents": ("set", "family", "style", "text"),
    "questions": (
        "question_id",
        "set",
        "family",
        "kind",
        "split",
        "group",
        "prompt",
        "gold_answer",
        "gold_premises",
        "options",
        "chance",
        "accepted",
    ),
}
RENAMED = {"question_id": "id", "gold_answer": "answer", "gold_premises": "premises"}


def export(
    sets: Mapping[str, KnowledgeSet],
    to: str,
    folder: Path,
    seed: int = 0,
    recipe: Mapping[str, object] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> str:
    """Write `sets` for `to`, one of FORMATS, into a new folder; returns one line on what is there.

    The documents are the corpus of each set, by `seed`; `tick` is called after each family of a
    set. `recipe` is what all but jsonl say the sets were made by; its `imported` are sets that were
    not. Raises ValueError for an unknown format and for sets without questions, FileExistsError for
    a folder that exists; after an error nothing is left.
    """
    if to not in FORMATS:
        raise ValueError(f"data: cannot export to '{to}'; there are {', '.join(FORMATS)}")
    if not any(k.questions for k in sets.values()):
        raise ValueError("data: there is nothing to export")
    worlds = list(sets.values())
    rows: Rows = {
        "facts": [_row("facts", k.name, fact) for k in worlds for fact in k.facts],
        "documents": list(_documents(worlds, seed, tick)),
        "questions": [_row("questions", k.name, q) for k in worlds for q in k.questions],
    }
    with new_folder(folder) as partial:
        written = FORMATS[to](rows, worlds, partial, recipe or {})
    counts = ", ".join(f"{len(rows[what]):,} {what}" for what in written)
    return f"{folder}: {counts} of {', '.join(k.name for k in worlds)} for {to}"


def _documents(
    worlds: list[KnowledgeSet], seed: int, tick: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    for knowledge in worlds:
        for _, texts in groupby(corpus(knowledge, seed), key=lambda text: text.family):
            yield from (_row("documents", knowledge.name, text) for text in texts)
            tick()


def _row(what: str, name: str, item: Fact | Question | Text) -> dict[str, Any]:
    values = {c: getattr(item, RENAMED.get(c, c), name) for c in COLUMNS[what]}
    return {c: list(value) if isinstance(value, tuple) else value for c, value in values.items()}


def _write_jsonl(
    rows: Rows, worlds: list[KnowledgeSet], folder: Path, recipe: Recipe
) -> tuple[str, ...]:
    for what in rows:
        write_jsonl(folder / f"{what}.jsonl", rows[what])
    return tuple(rows)


def _write_hf(
    rows: Rows, worlds: list[KnowledgeSet], folder: Path, recipe: Recipe
) -> tuple[str, ...]:
    """disk/<config> for load_from_disk, parquet/<config>-<split>.parquet and a card for the hub."""
    from datasets import Dataset, DatasetDict, Features, List, Value

    texts = List(Value("string"))
    types = {"chance": Value("float64"), **dict.fromkeys((*LISTS, "gold_premises"), texts)}
    configs = []
    with without_bars():
        for what, names in COLUMNS.items():
            if not rows[what]:  # load_from_disk fails for it
                continue
            features = Features({name: types.get(name, Value("string")) for name in names})
            # Only questions are split; the documents are what a model may be trained on.
            splits = dict.fromkeys([row.get("split", "train") for row in rows[what]])
            data = DatasetDict()
            for split in splits:
                part = [row for row in rows[what] if row.get("split", "train") == split]
                by_column = {name: [row[name] for row in part] for name in names}
                data[split] = Dataset.from_dict(by_column, features=features)
                path = folder / "parquet" / f"{what}-{split}.parquet"
                path.parent.mkdir(exist_ok=True)
                data[split].to_parquet(path)
            data.save_to_disk(folder / "disk" / what)
            configs.append((what, list(data)))
    (folder / "README.md").write_text(_card(configs, rows, worlds, recipe), encoding="utf-8")
    return tuple(rows)


@contextmanager
def without_bars() -> Iterator[None]:
    """Hugging Face datasets without its progress bars."""
    from datasets.utils.logging import (
        disable_progress_bar,
        enable_progress_bar,
        is_progress_bar_enabled,
    )

    loud = is_progress_bar_enabled()
    disable_progress_bar()
    try:
        yield
    finally:
        if loud:
            enable_progress_bar()


def _card(
    configs: list[tuple[str, list[str]]], rows: Rows, worlds: list[KnowledgeSet], recipe: Recipe
) -> str:
    """A dataset card; its front matter is what load_dataset(folder, config) goes by."""
    lines = ["---", "pretty_name: rlrecall knowledge sets", "language:", "- en"]
    if not recipe.get("imported"):  # which have licences of their own
        lines.append(f"license: {version_and_licence()[1].casefold()}")
    lines += ["task_categories:", "- question-answering", "tags:", "- synthetic", "configs:"]
    for what, splits in configs:
        lines += [f"- config_name: {what}", "  data_files:"]
        for split in splits:
            lines += [f"  - split: {split}", f"    path: parquet/{what}-{split}.parquet"]
    lines += ["---", "", "# Knowledge sets of rlrecall", ""]
    lines += [
        "Closed worlds of facts, documents that state them, and questions about them, to measure",
        "whether a model recalls what it was trained on. Train on `documents`, ask `questions`.",
        f"Every fact is stated in the {len(rows['documents']):,} documents. What the split",
        "`holdout` asks is in none: it follows from facts, or is one from its other end or in",
        "other words.",
        "",
        "| config | rows | columns |",
        "|---|---|---|",
    ]
    for what, listed in rows.items():
        lines.append(f"| {what} | {len(listed):,} | {', '.join(COLUMNS[what])} |")
    lines += ["", "| set | facts | questions | digest |", "|---|---|---|---|"]
    for k in worlds:
        lines.append(f"| {k.name} | {len(k.facts):,} | {len(k.questions):,} | {k.digest()} |")
    lines += [
        "",
        about(recipe, rows),
        "",
        "| family | kind | questions | chance |",
        "|---|---|---|---|",
    ]
    chances: dict[tuple[str, str], list[float]] = {}
    for row in rows["questions"]:
        chances.setdefault((row["family"], row["kind"]), []).append(row["chance"])
    for (family, kind), some in chances.items():
        lines.append(f"| {family} | {kind} | {len(some):,} | {mean(some):.3f} |")
    lines += [
        "",
        "`gold_premises` are the sentences that entail the answer, in order; `options` the",
        "possible answers; `accepted` those that are as right as `gold_answer`; `chance` is the",
        "probability that a blind guess among the options is right.",
        "",
        "```python",
        "from datasets import load_dataset, load_from_disk",
        'load_dataset("THIS FOLDER", "questions", split="train")',
        'load_from_disk("THIS FOLDER/disk/questions")',
        "```",
        "",
    ]
    return "\n".join(lines)


FORMATS = {
    "hf": _write_hf,
    "jsonl": _write_jsonl,
    "lm-eval": write_lm_eval,
    "inspect": write_inspect,
}

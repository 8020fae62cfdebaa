"""Export questions as tasks for two tools: EleutherAI's lm-eval (multiple choice) and Inspect.

Each folder holds its data and a Python file that loads it, so it can be moved and does not need
rlrecall. Prompts are those of rlrecall.knowledge.prompts.
"""

import re
from pathlib import Path

from rlrecall.knowledge.formats.export_rows import Export, Row, mean_chance
from rlrecall.knowledge.formats.files import write_jsonl
from rlrecall.knowledge.formats.templating import TEMPLATES, fill_template

METADATA = ("set", "family", "kind", "split", "group", "gold_premises", "chance")  # for Inspect


def write_lm_eval(export: Export, folder: Path) -> tuple[str, ...]:
    """Write one task per set, family and kind, with and without context, and a group for each.

    If a kind has held-out questions, its task asks only those.
    """

    def write(file: str, template: str, **values: object) -> None:
        text = fill_template(TEMPLATES / f"lm_eval_{template}.j2", **values)
        (folder / file).write_text(text, encoding="utf-8")

    (folder / "data").mkdir()
    tasks = _tasks(export.tables["questions"])
    for name, rows in tasks.items():
        write_jsonl(folder / "data" / f"{name}.jsonl", rows)
    for suffix in ("", "_context"):
        for name in tasks:
            write(f"{name}{suffix}.yaml", "task.yaml", name=name, suffix=suffix)
        write(f"rlrecall{suffix}.yaml", "group.yaml", tasks=tasks, suffix=suffix)
    write("common", "common.yaml")  # lm-eval would take a file named *.yaml for a task
    write("data.py", "data.py")
    chances = {name: (len(rows), mean_chance(rows)) for name, rows in tasks.items()}
    write("README.md", "readme.md", provenance=export.provenance, chances=chances)
    write_jsonl(folder / "facts.jsonl", export.tables["facts"])
    return ("facts", "questions")


def _tasks(questions: list[Row]) -> dict[str, list[Row]]:
    """The questions of each task, by its name. ValueError if two tasks would have one name."""
    tasks: dict[str, list[Row]] = {}
    owners: dict[str, tuple[str, ...]] = {}
    for row in questions:
        key = (row["set"], row["family"], row["kind"])
        name = re.sub(r"\W+", "_", "_".join(("rlrecall", *key)))
        if owners.setdefault(name, key) != key:
            raise ValueError(f"data: {owners[name]} and {key} would both be the task {name}")
        tasks.setdefault(name, []).append(row)
    return {
        name: [row for row in rows if row["split"] == "holdout"] or rows
        for name, rows in tasks.items()
    }


def write_inspect(export: Export, folder: Path) -> tuple[str, ...]:
    """Write tasks.py, facts.jsonl, and samples.jsonl with the fields of Inspect's Sample."""
    samples = [
        {
            "input": row["prompt"],
            "target": [row["gold_answer"], *row["accepted"]],
            "choices": row["options"],
            "id": row["question_id"],
            "metadata": {key: row[key] for key in METADATA},
        }
        for row in export.tables["questions"]
    ]
    write_jsonl(folder / "samples.jsonl", samples)
    write_jsonl(folder / "facts.jsonl", export.tables["facts"])
    tasks = fill_template(TEMPLATES / "inspect_tasks.py.j2", provenance=export.provenance)
    (folder / "tasks.py").write_text(tasks, encoding="utf-8")
    return ("facts", "questions")

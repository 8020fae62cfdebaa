"""Export questions as tasks for Inspect, the evaluation tool of the UK AI Security Institute.

The folder holds its data and a Python file that loads it, so it can be moved and does not need
rlrecall. Prompts are those of rlrecall.knowledge.prompts.
"""

from pathlib import Path

from rlrecall.knowledge.formats.export_rows import Export
from rlrecall.knowledge.formats.files import write_jsonl
from rlrecall.knowledge.formats.templating import TEMPLATES, fill_template

METADATA = ("set", "family", "kind", "split", "group", "gold_premises", "chance")


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

"""The questions as tasks of two evaluation tools: EleutherAI's lm-eval and UK AISI's Inspect.

Both folders hold their data and a small Python file that reads it from beside itself, so they work
from anywhere and may be moved; neither needs rlrecall. The prompts are those of
rlrecall.knowledge.prompts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import metadata
from pathlib import Path
from textwrap import fill
from typing import Any

from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.formats.set_folders import write_jsonl

Rows = dict[str, list[dict[str, Any]]]
Recipe = Mapping[str, object]  # what sets were made by

# Word for word what knowledge.prompts.render does in the mode context; a test compares them.
CONTEXT = '''
@functools.cache
def facts(name, family):
    path = Path(__file__).with_name("facts.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\\n") if line]
    return [row["text"] for row in rows if row["set"] == name and row["family"] == family]


def in_context(row, prompt):
    """The prompt behind every fact of the question's set and family, shuffled by the question."""
    sentences = list(facts(row["set"], row["family"]))
    digest = hashlib.sha256(f"context/0/{row['id']}".encode()).digest()
    random.Random(int.from_bytes(digest[:8], "big")).shuffle(sentences)
    return f"Facts: {' '.join(sentences)} {prompt}"
'''

LM_EVAL_DATA = f'''"""Reads the questions of a task, which lie beside this file, for lm-eval."""

import functools
import hashlib
import json
import random
from pathlib import Path

import datasets

{CONTEXT}

def load(file, context=False, **metadata):
    """{{"test": dataset}} with text, choices (with their full stop) and the index of the right one.

    Where a task has questions with several right choices, `gold` is a list of indices.
    """
    path = Path(__file__).with_name("data") / file
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\\n") if line]
    for row in rows:
        row["id"] = row.pop("question_id")
        text = f"Q: {{row['prompt']}} A:"
        row["text"] = in_context(row, text) if context else text
        row["choices"] = [f"{{option}}." for option in row["options"]]
        right = [row["gold_answer"], *row.pop("accepted")]
        row["gold"] = [i for i, option in enumerate(row["options"]) if option in right]
    if all(len(row["gold"]) == 1 for row in rows):
        rows = [{{**row, "gold": row["gold"][0]}} for row in rows]
    return {{"test": datasets.Dataset.from_list(rows)}}
'''

# No .yaml behind its name: lm-eval would take it for a task.
LM_EVAL_COMMON = """custom_dataset: !function data.load
output_type: multiple_choice
test_split: test
doc_to_text: text
doc_to_choice: choices
doc_to_target: gold
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
  - metric: acc_norm
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""

LM_EVAL_README = """# rlrecall's questions for lm-eval

```
lm-eval run --model hf --model_args pretrained=MODEL --tasks rlrecall --include_path THIS_FOLDER
```

`rlrecall` is the group of all tasks, `rlrecall_context` the same questions behind every fact of
their family; a task is `rlrecall_SET_FAMILY_KIND` or `rlrecall_SET_FAMILY_KIND_context`. A kind
that has held-out questions is asked those alone.

With `dataset_path: json`, lm-eval would look for `data_files` in the folder where it was started,
so `data.py` reads the data from beside itself (`custom_dataset`): this folder may be moved.

ABOUT

`acc` takes the option of the highest likelihood, full stop included, as rlrecall's own forced
choice does; `acc_norm` divides by the option's length. `chance` is what blind guessing gives:

| task | questions | chance |
|---|---|---|
"""

INSPECT_TASKS = f'''"""rlrecall's questions for Inspect: `inspect eval tasks.py --model MODEL`.

recall        the answer in the model's own words
recall_choice the same questions with lettered choices

Either takes -T set=A -T family=F -T kind=composition -T split=holdout -T group=G, to ask only
those, and -T context=true, to state every fact of the question's family before it.

ABOUT
"""

import functools
import hashlib
import json
import random
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import Sample, json_dataset
from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, choice, scorer, stderr
from inspect_ai.solver import generate, multiple_choice, prompt_template

INSTRUCTION = "Answer with the answer alone, without any explanation.\\n\\n{{prompt}}"

{CONTEXT}

def folded(text):
    return " ".join(text.split()).casefold()


@scorer(metrics=[accuracy(), stderr()])
def exact_answer():
    """The whole answer, up to case, white space and what follows its full stop. What stands before
    the last "A:" counts as thought."""

    async def score(state, target):
        said = folded(state.output.completion.rpartition("A:")[2])
        wanted = [folded(text) for text in target.target]
        right = any(said == text or said.startswith(text + ".") for text in wanted)
        return Score(value=CORRECT if right else INCORRECT, answer=said)

    return score


def questions(only, context, lettered):
    def sample(record):
        row = {{"id": record["id"], **record["metadata"]}}
        text, target, choices = record["input"], record["target"], record["choices"]
        if lettered:  # one right choice alone, as a letter; what else is right is left out
            choices = [option for option in choices if option not in target[1:]]
            index = choices.index(target[0])
            target = chr(ord("A") + index) if index < 26 else str(index - 25)
        return Sample(
            input=in_context(row, f"Q: {{text}}") if context else text,
            target=target,
            choices=choices,
            id=record["id"],
            metadata=record["metadata"],
        )

    data = json_dataset(str(Path(__file__).with_name("samples.jsonl")), sample)
    only = {{key: value for key, value in only.items() if value is not None}}
    found = data.filter(
        lambda one: all(one.metadata[key] == value for key, value in only.items())
    )
    if not len(found):
        raise ValueError(f"no question has {{only}}")
    return found


@task
def recall(set=None, family=None, kind=None, split=None, group=None, context=False):
    only = dict(set=set, family=family, kind=kind, split=split, group=group)
    return Task(
        dataset=questions(only, context, lettered=False),
        solver=[prompt_template(INSTRUCTION), generate()],
        scorer=exact_answer(),
    )


@task
def recall_choice(set=None, family=None, kind=None, split=None, group=None, context=False):
    only = dict(set=set, family=family, kind=kind, split=split, group=group)
    return Task(
        dataset=questions(only, context, lettered=True),
        solver=multiple_choice(),
        scorer=choice(),
    )
'''


def version_and_licence() -> tuple[str, str]:
    found = metadata("rlrecall")
    return found["Version"], found["License-Expression"]


def about(recipe: Recipe, rows: Rows) -> str:
    """By what the sets were made, and by which convention their answers are right."""
    version, licence = version_and_licence()
    made = [f"{key} {value}" for key, value in recipe.items() if value]
    text = f"Made by rlrecall {version} (licence {licence}){': ' * bool(made)}{', '.join(made)}."
    if any(row["family"] == "syllogism" for row in rows["questions"]):
        text += (
            ' Every term has members (existential import): "all x are y" entails "some x are y" '
            'and "some y are x".'
        )
    return text


def write_lm_eval(
    rows: Rows, worlds: Sequence[KnowledgeSet], folder: Path, recipe: Recipe
) -> tuple[str, ...]:
    """One task for each set, family and kind, with and without context, and a group of each."""
    tasks: dict[str, list[dict[str, Any]]] = {}
    owners: dict[str, tuple[str, ...]] = {}
    for row in rows["questions"]:
        key = (row["set"], row["family"], row["kind"])
        name = re.sub(r"\W+", "_", "_".join(("rlrecall", *key)))
        if owners.setdefault(name, key) != key:
            raise ValueError(f"data: {owners[name]} and {key} would both be the task {name}")
        tasks.setdefault(name, []).append(row)
    (folder / "data").mkdir()
    readme = LM_EVAL_README.replace("ABOUT", about(recipe, rows))
    for name, some in tasks.items():
        asked = [row for row in some if row["split"] == "holdout"] or some
        write_jsonl(folder / "data" / f"{name}.jsonl", asked)
        chance = sum(row["chance"] for row in asked) / len(asked)
        readme += f"| {name} | {len(asked)} | {chance:.3f} |\n"
        for suffix, context in (("", "false"), ("_context", "true")):
            text = (
                f"include: common\ntask: {name}{suffix}\n"
                f"dataset_kwargs:\n  file: {name}.jsonl\n  context: {context}\n"
            )
            (folder / f"{name}{suffix}.yaml").write_text(text, encoding="utf-8")
    for suffix in ("", "_context"):
        listed = "".join(f"  - {name}{suffix}\n" for name in tasks)
        text = (
            f"group: rlrecall{suffix}\ntask:\n{listed}aggregate_metric_list:\n"
            "  - metric: acc\n    weight_by_size: true\n"
            "  - metric: acc_norm\n    weight_by_size: true\nmetadata:\n  version: 1.0\n"
        )
        (folder / f"rlrecall{suffix}.yaml").write_text(text, encoding="utf-8")
    (folder / "common").write_text(LM_EVAL_COMMON, encoding="utf-8")
    (folder / "data.py").write_text(LM_EVAL_DATA, encoding="utf-8")
    (folder / "README.md").write_text(readme, encoding="utf-8")
    write_jsonl(folder / "facts.jsonl", rows["facts"])
    return ("facts", "questions")


def write_inspect(
    rows: Rows, worlds: Sequence[KnowledgeSet], folder: Path, recipe: Recipe
) -> tuple[str, ...]:
    """tasks.py, and samples.jsonl with input, target, choices, id and metadata."""
    samples = [
        {
            "input": row["prompt"],
            "target": [row["gold_answer"], *row["accepted"]],
            "choices": row["options"],
            "id": row["question_id"],
            "metadata": {
                key: row[key]
                for key in ("set", "family", "kind", "split", "group", "gold_premises", "chance")
            },
        }
        for row in rows["questions"]
    ]
    write_jsonl(folder / "samples.jsonl", samples)
    write_jsonl(folder / "facts.jsonl", rows["facts"])
    tasks = INSPECT_TASKS.replace("ABOUT", fill(about(recipe, rows), 100))
    (folder / "tasks.py").write_text(tasks, encoding="utf-8")
    return ("facts", "questions")

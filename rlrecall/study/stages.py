"""Run one training stage, or evaluate one run."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

from rlrecall.evaluation.evaluate import answer_questions, temperature_of
from rlrecall.evaluation.records import Record, append, read_records
from rlrecall.evaluation.rows import FAMILY_KEYS, tabulate
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.models.loading import load_for_inference
from rlrecall.models.smollm2 import cache_folder
from rlrecall.models.sources import model_path, weights_digest
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError, choose
from rlrecall.runs.folder import Run, put_back, write_atomically
from rlrecall.runs.sets import sets_of
from rlrecall.study.preconditions import (
    check_evaluation,
    check_recall,
    check_rollouts,
    check_vocabulary,
)
from rlrecall.training.distributed import start_run
from rlrecall.training.loop import DocumentSampler
from rlrecall.training.own_reward import own_reward_digest
from rlrecall.training.practice import check_reading, practice, practice_digest
from rlrecall.training.pretrain import base_mixture
from rlrecall.training.sft import knowledge_mixture, sft
from rlrecall.training.warmup import warmup


def training_documents(
    config: Config, sets: dict[str, KnowledgeSet], thoughts: bool
) -> DocumentSampler:
    """A stream of documents: facts of all sets and, for the share sft.replay, base documents.

    SFT learns from them. Warm-up and RL rehearse them without `thoughts`: training on thoughts
    would teach what only rewards and traces are to teach.
    """
    return knowledge_mixture(sets.values(), base_mixture(config, thoughts), config.sft.replay)


def run_stage(
    stage: str,
    config: Config,
    path: Path,
    parents: Sequence[str],
    resume: bool = False,
    overwrite: bool = False,
) -> Run:
    """Run sft, warmup or rl from the model of one parent, a run or folder, into a run at `path`."""
    (parent,) = parents
    sets = sets_of(config)
    source = model_path(parent)
    check_vocabulary(source, sets, config)
    questions = training_questions(config, sets)
    rewarded = sets[config.rl.set]
    if stage == "rl":
        check_rollouts(source, rewarded, questions, config)
    facts: dict[str, Any] = {"data": {name: k.digest() for name, k in sets.items()}}
    if stage == "rl" and config.rl.rewards.own:
        facts["own_reward"] = own_reward_digest(config.rl.rewards.own)

    def start() -> Run:
        if stage in ("warmup", "rl"):
            check_recall(config, sets, source, stage)
        if overwrite and Path(source).resolve().is_relative_to(path.resolve()):
            raise UserError(f"run: {path} holds the model to start from; give another --run")
        weights = weights_digest(source)
        return Run.start(
            path, config, stage, parent, resume, overwrite, parent_weights=weights, **facts
        )

    run = start_run(start, path)
    documents = training_documents(config, sets, thoughts=stage == "sft")
    with undo_unless_begun(stage, path):
        if stage == "sft":
            sft(config, run, source, documents, resume)
        elif stage == "warmup":
            warmup(config, run, source, rewarded, questions, documents, resume)
        else:
            from rlrecall.training.rl import rl

            rl(config, run, source, sets, questions, documents, resume)
    return run


def run_practice(
    config: Config,
    path: Path,
    parents: Sequence[str],
    resume: bool = False,
    overwrite: bool = False,
) -> Run:
    """Let the model of one parent practice to read contexts, into a run at `path`."""
    (parent,) = parents
    if not config.practice.steps:
        raise UserError("practice.steps: missing; without steps there is no practice")
    source = model_path(parent)
    check_vocabulary(source, sets_of(config), config)

    def start() -> Run:
        weights = weights_digest(source)
        return Run.start(
            path, config, "practice", parent, resume, overwrite, parent_weights=weights
        )

    run = start_run(start, path)
    with undo_unless_begun("practice", path):
        practice(config, run, source, resume)
    return run


def practiced(config: Config, parent: str) -> str:
    """The model of `parent`, after practice if the recipe has that stage.

    Practice depends neither on the seed nor on the arms of a study, so its models are kept in the
    cache folder, under the digest of what makes them. A killed one is continued.
    """
    source = model_path(parent)
    if not config.practice.steps:
        return source
    digest = practice_digest(config, weights_digest(source))
    run = Run(cache_folder() / f"practiced-{digest[:12]}")
    if not run.done:
        resume = any(run.path.glob("steps/checkpoint-*"))
        run_practice(config, run.path, [source], resume, not resume)
    check_reading(run)
    return str(run.path)


def keep_model(
    config: Config,
    path: Path,
    parents: Sequence[str],
    resume: bool = False,
    overwrite: bool = False,
) -> Run:
    """A run at `path` that stands for the parent's model, practiced if the recipe says so."""
    (parent,) = parents
    source = practiced(config, parent)
    weights = weights_digest(model_path(parent))
    run = Run.start(path, config, "base", None, overwrite=True, parent_weights=weights)
    run.finish(model=source)
    return run


# What makes the model of an arm, by stage: f(recipe, run folder, parents, resume, overwrite).
STAGES: dict[str, Callable[[Config, Path, Sequence[str], bool, bool], Run]] = {
    "base": keep_model,
    "practice": run_practice,
    "sft": partial(run_stage, "sft"),
    "warmup": partial(run_stage, "warmup"),
    "rl": partial(run_stage, "rl"),
}


@contextmanager
def undo_unless_begun(stage: str, path: Path) -> Iterator[None]:
    """Put everything back if the stage fails before it has written anything."""
    try:
        yield
    except (ValueError, TypeError, RuntimeError) as error:
        # TypeError: a value that a library cannot use. RuntimeError: perhaps a tracker (report_to)
        # that is not installed.
        if not any(any(path.glob(x)) for x in ("metrics.jsonl", "transcripts", "steps/*")):
            put_back(path)
            if isinstance(error, TypeError):
                raise UserError(
                    f"{stage}: a value in {stage}.trainer has the wrong type ({error})"
                ) from error
            if "to be installed" in str(error):
                raise UserError(f"{stage}: {error}") from error
        raise


def training_questions(config: Config, sets: dict[str, KnowledgeSet]) -> list[Question]:
    """The questions that warmup and rl may use. UserError if there are none."""
    kinds, knowledge = config.rl.kinds, sets[choose("rl.set", config.rl.set, list(sets))]
    questions = [q for q in knowledge.select(split="train") if q.kind in kinds]
    if not questions:
        raise UserError(f"rl.kinds: set {knowledge.name} has no training questions of {kinds}")
    return questions


def evaluate_run(run: Run, config: Config, arm: str, overwrite: bool = False) -> list[Record]:
    """Ask a run everything that `config.eval` names, and return the records.

    Parts that were asked before are read from their files. Raises UserError if they were asked with
    other settings.
    """
    sets = sets_of(config)
    wanted = [sets[choose("eval.sets", name, list(sets))] for name in config.eval.sets]
    source = model_path(str(run.path))
    weights = weights_digest(source)

    @cache
    def model() -> tuple[Any, Any]:  # loaded only if something has to be asked
        check_vocabulary(source, sets, config)
        check_evaluation(source, wanted, config)
        return load_for_inference(source, config.model)

    records: list[Record] = []
    for knowledge, mode, split in product(wanted, config.eval.modes, config.eval.splits):
        folder = run.path / "eval" / f"{knowledge.name}-{split}-{mode}"
        settings: dict[str, Any] = {
            "budget": config.eval.budgets[mode],
            "temperature": temperature_of(mode, config.eval),
            "kinds": sorted(config.eval.kinds),
            "data": knowledge.digest(),
            "weights": weights,
            "prompt": config.prompt,
        }
        if overwrite and folder.exists():
            shutil.rmtree(folder)
        if not (folder / "results.json").exists():
            started = time.monotonic()
            questions = [q for q in knowledge.select(split=split) if q.kind in config.eval.kinds]
            if not questions:
                continue
            asked = answer_questions(
                *(*model(), knowledge, questions, mode, settings["budget"]),
                {"run": str(run.path), "arm": arm, "stage": "eval", "step": 0},
                settings["temperature"],
                config.seed,
            )
            _write_part(folder, asked, config.seed, settings, started)
        records += _read_part(folder, settings, f"rlrecall eval {run.path} --overwrite")
    if not records:
        raise UserError("eval: no question matches eval.sets, eval.splits and eval.kinds")
    return records


def _write_part(
    folder: Path, asked: list[Record], seed: int, settings: dict[str, Any], started: float
) -> None:
    answers = folder / "answers.jsonl"
    answers.unlink(missing_ok=True)  # of a killed evaluation
    append(answers, asked)
    rows = [row.to_dict() for row in tabulate(asked, seed, FAMILY_KEYS)]
    seconds = round(time.monotonic() - started, 2)
    results = {"settings": settings, "seconds": seconds, "rows": rows}
    write_atomically(folder / "results.json", json.dumps(results, indent=1))


def _read_part(folder: Path, settings: dict[str, Any], again: str) -> list[Record]:
    known = json.loads((folder / "results.json").read_text())
    asked = {"prompt": "plain", **known["settings"]}
    for field, now in settings.items():
        if (before := asked.get(field)) != now:
            raise UserError(
                f"eval: {folder} was asked with {field} {before}, not {now}; ask again: {again}"
            )
    part = list(read_records(folder / "answers.jsonl"))
    if len(part) != (n := sum(row["n"] for row in known["rows"])):
        raise UserError(f"eval: {folder} holds {len(part)} of {n} answers; ask again: {again}")
    return part

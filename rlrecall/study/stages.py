"""One stage, or one run's evaluation, as its verb or the study asks for it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformers import AutoTokenizer

from rlrecall.evaluation.evaluate import check_budget, evaluate, forward_recall, temperature_of
from rlrecall.evaluation.records import Record, append, read_records
from rlrecall.evaluation.rows import FAMILY_KEYS, tabulate
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.models.loading import load_to_ask
from rlrecall.runs.config import Config, Eval, UserError, choose
from rlrecall.runs.folder import Run, model_path, put_back, weights_digest, write_atomically
from rlrecall.runs.sets import sets_of
from rlrecall.training.distributed import start_run
from rlrecall.training.loop import Draw
from rlrecall.training.pretrain import base_mixture
from rlrecall.training.sft import knowledge_mixture, sft
from rlrecall.training.warmup import warmup


def documents(config: Config, sets: dict[str, KnowledgeSet], thoughts: bool) -> Draw:
    """Facts of all sets and, for the share sft.replay, base documents.

    sft learns from them; warmup and rl rehearse them without `thoughts`: training on thoughts would
    teach what only rewards and traces are to teach.
    """
    return knowledge_mixture(sets.values(), base_mixture(config, thoughts), config.sft.replay)


def run_stage(
    stage: str,
    config: Config,
    path: Path,
    parent: str,
    resume: bool = False,
    overwrite: bool = False,
) -> Run:
    """Carry out sft, warmup or rl from the model of run or folder `parent` into a run at `path`."""
    sets = sets_of(config)
    source = model_path(parent)
    check_vocabulary(source, sets)
    questions = training_questions(config, sets[choose("rl.set", config.rl.set, list(sets))])
    data = {name: knowledge.digest() for name, knowledge in sets.items()}

    def start() -> Run:
        if stage in ("warmup", "rl"):
            check_gate(config, sets, source, stage)
        if overwrite and Path(source).resolve().is_relative_to(path.resolve()):
            raise UserError(f"run: {path} holds the model to start from; give another --run")
        weights = weights_digest(source)
        return Run.start(
            path, config, stage, parent, resume, overwrite, data=data, parent_weights=weights
        )

    run = start_run(start, path)
    with nothing_left(stage, path):
        if stage == "sft":
            sft(config, run, source, documents(config, sets, thoughts=True), resume)
        elif stage == "warmup":
            knowledge = sets[config.rl.set]
            rehearsed = documents(config, sets, thoughts=False)
            warmup(config, run, source, knowledge, questions, rehearsed)
        else:
            from rlrecall.training.rl import rl

            rehearsed = documents(config, sets, thoughts=False)
            rl(config, run, source, sets, questions, rehearsed, resume)
    return run


@contextmanager
def nothing_left(stage: str, path: Path) -> Iterator[None]:
    """A mistake that ends the stage before it has written anything leaves all as it was."""
    try:
        yield
    except (ValueError, TypeError, RuntimeError) as error:
        # TypeError is an unknown field of a library, RuntimeError may be a tracker (report_to) that
        # is not installed.
        if not any(any(path.glob(x)) for x in ("metrics.jsonl", "transcripts", "steps/*")):
            put_back(path)
            if isinstance(error, TypeError) or "to be installed" in str(error):
                raise UserError(f"{stage}: {error}") from error
        raise


def training_questions(config: Config, knowledge: KnowledgeSet) -> list[Question]:
    """The questions that warmup and rl may use. UserError if there are none."""
    kinds = config.rl.kinds
    questions = [q for q in knowledge.select(split="train") if q.kind in kinds]
    if not questions:
        raise UserError(f"rl.kinds: set {knowledge.name} has no training questions of {kinds}")
    return questions


def check_vocabulary(source: str, sets: dict[str, KnowledgeSet]) -> None:
    """UserError if the tokenizer at `source` cannot spell what the sets say."""
    tokenizer = AutoTokenizer.from_pretrained(source)
    if tokenizer.unk_token_id is None:
        return
    for name, knowledge in sets.items():
        for fact in knowledge.facts:
            if tokenizer.unk_token_id in tokenizer(fact.text).input_ids:
                raise UserError(
                    f"model: {source} cannot read the sets: '{fact.text}' of {name} has words that "
                    f"are not in its vocabulary"
                )


def check_budgets(source: str, sets: list[KnowledgeSet], settings: Eval) -> None:
    """UserError if a mode's budget is too small for an answer, before anything is asked."""
    tokenizer = AutoTokenizer.from_pretrained(source)
    questions = [q for knowledge in sets for q in knowledge.questions if q.kind in settings.kinds]
    for mode in settings.modes:
        check_budget(tokenizer, questions, mode, settings.budgets[mode])


class Gate(UserError):
    """The model does not recall what it was taught."""


def check_gate(config: Config, sets: dict[str, KnowledgeSet], source: str, stage: str) -> None:
    """Gate unless the model recalls every relation of every set: transfer is capped by it."""
    if config.gate <= 0:
        return
    model, tokenizer = load_to_ask(source)
    recall = forward_recall(model, tokenizer, sets.values(), config.eval.budgets["direct"])
    (name, relation), worst = min(recall.items(), key=lambda item: item[1])
    if worst < config.gate:
        raise Gate(
            f"{stage}: forward recall of set {name}, relation '{relation}' is {worst:.1%}, the "
            f"gate is {config.gate:.1%}; train longer (sft.steps), or go on regardless with gate=0"
        )


def evaluate_run(run: Run, config: Config, arm: str, overwrite: bool = False) -> list[Record]:
    """Ask a run everything that `config.eval` names; parts that exist are read, not asked again."""
    sets = sets_of(config)
    wanted = [choose("eval.sets", name, list(sets)) for name in config.eval.sets]
    records: list[Record] = []
    loaded, source = None, model_path(str(run.path))
    weights, again = weights_digest(source), f"ask again: rlrecall eval {run.path} --overwrite"
    for name in wanted:
        for mode in config.eval.modes:
            for split in config.eval.splits:
                folder = run.path / "eval" / f"{name}-{split}-{mode}"
                settings = {
                    "budget": config.eval.budgets[mode],
                    "temperature": temperature_of(mode, config.eval),
                    "kinds": sorted(config.eval.kinds),
                    "data": sets[name].digest(),
                    "weights": weights,
                }
                if overwrite and folder.exists():
                    shutil.rmtree(folder)
                if not (folder / "results.json").exists():
                    if loaded is None:
                        check_vocabulary(source, sets)
                        check_budgets(source, [sets[name] for name in wanted], config.eval)
                        loaded = load_to_ask(source)
                    started = time.monotonic()
                    answers = folder / "answers.jsonl"
                    answers.unlink(missing_ok=True)  # of a killed evaluation
                    asked = evaluate(
                        *loaded, sets[name], split, mode, config.eval, arm, run, config.seed
                    )
                    if not asked:
                        continue
                    append(answers, asked)
                    rows = tabulate(asked, config.seed, FAMILY_KEYS)
                    seconds = round(time.monotonic() - started, 2)
                    results = {"settings": settings, "seconds": seconds, "rows": rows}
                    write_atomically(folder / "results.json", json.dumps(results, indent=1))
                known = json.loads((folder / "results.json").read_text())
                for field, now in settings.items():
                    if (before := known["settings"].get(field)) != now:
                        raise UserError(
                            f"eval: {folder} was asked with {field} {before}, not {now}; {again}"
                        )
                part = list(read_records(folder / "answers.jsonl"))
                if len(part) != (n := sum(row["n"] for row in known["rows"])):
                    raise UserError(f"eval: {folder} holds {len(part)} of {n} answers; {again}")
                records += part
    if not records:
        raise UserError("eval: no question matches eval.sets, eval.splits and eval.kinds")
    return records

"""The whole experiment as one resumable thing: base -> sft -> (warmup) -> rl, then compared.

Reads top to bottom like a recipe. Every stage is a run of its own below the study's folder and can
be started by its own verb; what is done already is skipped.
"""

from __future__ import annotations

import gc
import json
import resource
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from transformers import AutoTokenizer

from rlrecall import transcripts
from rlrecall.config import Config, Eval, Rewards, UserError, choose
from rlrecall.data import sets_of
from rlrecall.evaluate import evaluate, forward_recall, temperature_of
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.models import load_to_ask
from rlrecall.pairing import comparisons
from rlrecall.ranks import start_run
from rlrecall.results import FAMILY_KEYS, tabulate
from rlrecall.runs import (
    ROOT,
    Run,
    drop_aside,
    put_aside,
    put_back,
    weights_digest,
    write_atomically,
)
from rlrecall.stages.lm import Draw
from rlrecall.stages.pretrain import base_mixture
from rlrecall.stages.sft import knowledge_mixture, sft
from rlrecall.stages.warmup import warmup


@dataclass(frozen=True)
class Arm:
    """A model of the study: its stage, the arm it starts from, the modes in which it is asked.

    Not `rewarded`: RL with all rewards 0. It rehearses what RL rehearses and does nothing else, so
    it shows what of RL's effect is not the rewards' doing.
    """

    name: str
    stage: str
    parent: str | None
    modes: tuple[str, ...]
    rewarded: bool = True


CLOSED, OPEN = ("direct", "think", "think-sampled"), ("context", "context-think")  # book
ARMS = (
    Arm("base", "base", None, (*CLOSED, *OPEN)),
    Arm("sft", "sft", "base", (*CLOSED, *OPEN)),
    Arm("control", "rl", "sft", CLOSED, rewarded=False),
    Arm("rl", "rl", "sft", CLOSED),
    Arm("warmup", "warmup", "sft", CLOSED),
    Arm("warmup-rl", "rl", "warmup", CLOSED),
)
OPTIONAL = ("warmup", "warmup-rl")  # the gate may stop them without ending the study


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
    try:
        if stage == "sft":
            sft(config, run, source, documents(config, sets, thoughts=True), resume)
        elif stage == "warmup":
            knowledge = sets[config.rl.set]
            rehearsed = documents(config, sets, thoughts=False)
            warmup(config, run, source, knowledge, questions, rehearsed)
        else:
            from rlrecall.stages.rl import rl

            rehearsed = documents(config, sets, thoughts=False)
            rl(config, run, source, sets, questions, rehearsed, resume)
    except (ValueError, TypeError) as error:
        # A mistake in the recipe leaves all as it was; TypeError is an unknown field of a library.
        if not any(any(path.glob(x)) for x in ("metrics.jsonl", "transcripts", "steps/*")):
            put_back(path)
            if isinstance(error, TypeError):
                raise UserError(f"{stage}: {error}") from error
        raise
    return run


def model_path(name: str) -> str:
    """Where the model of a run lies; any other name is taken as a model folder or hub name."""
    try:
        run = Run.open(name)
    except UserError:
        # A hub name has one slash too; what starts with a folder of ours is a run misspelt.
        hub = name.count("/") == 1 and not (ROOT / name).parent.exists() and name[0] not in "./"
        if Path(name).is_dir() or (hub and not name.startswith(f"{ROOT}/")):
            return name
        raise
    if not run.done:
        raise UserError(f"run: {run.path} is not finished; continue it with --resume")
    return run.manifest.get("model") or str(run.path)


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


def evaluate_run(run: Run, config: Config, arm: str, overwrite: bool = False) -> list[dict]:
    """Ask a run everything that `config.eval` names; parts that exist are read, not asked again."""
    sets = sets_of(config)
    wanted = [choose("eval.sets", name, list(sets)) for name in config.eval.sets]
    records: list[dict[str, Any]] = []
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
                        loaded = load_to_ask(source)
                    started = time.monotonic()
                    answers = folder / "answers.jsonl"
                    answers.unlink(missing_ok=True)  # of a killed evaluation
                    asked = evaluate(
                        *loaded, sets[name], split, mode, config.eval, arm, run, config.seed
                    )
                    if not asked:
                        continue
                    transcripts.append(answers, asked)
                    rows = tabulate(map(asdict, asked), config.seed, FAMILY_KEYS)
                    seconds = round(time.monotonic() - started, 2)
                    results = {"settings": settings, "seconds": seconds, "rows": rows}
                    write_atomically(folder / "results.json", json.dumps(results, indent=1))
                known = json.loads((folder / "results.json").read_text())
                for field, now in settings.items():
                    if (before := known["settings"].get(field)) != now:
                        raise UserError(
                            f"eval: {folder} was asked with {field} {before}, not {now}; {again}"
                        )
                part = list(transcripts.read(folder / "answers.jsonl"))
                if len(part) != (n := sum(row["n"] for row in known["rows"])):
                    raise UserError(f"eval: {folder} holds {len(part)} of {n} answers; {again}")
                records += part
    if not records:
        raise UserError("eval: no question matches eval.sets, eval.splits and eval.kinds")
    return records


def study(config: Config, path: Path, overwrite: bool = False, say: Any = print) -> dict[str, Any]:
    """Run everything below `path`, skip what is done, write results.json; returns its content.

    UserError if the folder holds another recipe's study; a mistake leaves all as it was.
    """
    fresh = overwrite or not path.exists()
    own_folder(config, path, overwrite)
    try:
        results = _carry_out(config, path, say)
    except ValueError:
        if fresh and not any(path.glob("*/metrics.jsonl")):
            put_back(path)
        raise
    drop_aside(path)
    return results


def _carry_out(config: Config, path: Path, say: Any) -> dict[str, Any]:
    note_seeds(config, say)
    records: dict[str, list[dict[str, Any]]] = {}
    for number, arm in enumerate(ARMS, 1):
        folder = path / arm.name
        run = Run(folder)
        if arm.parent and arm.parent not in records:
            say(f"[{number}/{len(ARMS)}] {arm.name}: left out, as {arm.parent} is")
            continue
        source = model_path(str(path / arm.parent) if arm.parent else config.base)
        if run.done and run.manifest["parent_weights"] != weights_digest(source):
            raise UserError(f"run: {folder} is not from what {source} is now; give --overwrite")
        if run.done:
            say(f"[{number}/{len(ARMS)}] {arm.name}: done before")
        elif arm.stage == "base":
            say(f"[{number}/{len(ARMS)}] {arm.name}: {config.base}")
            weights = weights_digest(source)
            run = Run.start(folder, config, "base", None, overwrite=True, parent_weights=weights)
            run.finish(model=source)
        else:
            say(f"[{number}/{len(ARMS)}] {arm.name}: {arm.stage} from {arm.parent}")
            parent = str(path / str(arm.parent))
            resumable = arm.stage == "rl" and any(folder.glob("steps/checkpoint-*"))
            recipe = config if arm.rewarded else unrewarded(config)
            try:
                run = run_stage(arm.stage, recipe, folder, parent, resumable, not resumable)
            except Gate as error:
                if arm.name not in OPTIONAL:
                    raise
                say(f"      left out: {error}")  # its arm is missing from the tables
                continue
        asked = replace(config, eval=replace(config.eval, modes=list(arm.modes)))
        records[arm.name] = evaluate_run(run, asked, arm.name)
        gc.collect()  # trainers are full of cycles
    everything = [record for part in records.values() for record in part]
    runs = {name: Run(path / name) for name in records}
    seconds = {name: run.seconds for name, run in runs.items()}
    results = {
        "study": path.name,
        "seed": config.seed,
        "rl_set": config.rl.set,
        "command": runs["base"].manifest["command"],
        "git": ", ".join(dict.fromkeys(run.manifest["git"] for run in runs.values())),
        "hardware": runs["sft"].manifest["hardware"],
        "seconds": round(sum(seconds.values()), 1),
        "seconds_by_arm": seconds,
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "rows": tabulate(everything, config.seed),
        "family_rows": tabulate(everything, config.seed, FAMILY_KEYS),
        "comparisons": comparisons(records, config.seed),
    }
    write_atomically(path / "results.json", json.dumps(results, indent=1))
    return results


def unrewarded(config: Config) -> Config:
    return replace(config, rl=replace(config.rl, rewards=Rewards(0.0, 0.0, 0.0)))


def as_yaml(config: Config) -> str:
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def note_seeds(config: Config, say: Any) -> None:
    """Say so where the base was not kept from the sentences of the sets that are asked about."""
    manifest = Path(model_path(config.base)) / "manifest.json"
    kept = json.loads(manifest.read_text()).get("exclude_seeds") if manifest.is_file() else None
    if kept is not None and config.data_seed not in kept:
        say(
            f"note: {config.base} was kept from the sets of the seeds {kept}, not of "
            f"{config.data_seed}: it may have read some of their sentences"
        )


def own_folder(config: Config, path: Path, overwrite: bool) -> None:
    """Make the study's folder; what was done in it counts only for the very same recipe."""
    recipe, known = as_yaml(config), path / "config.yaml"
    if config.eval.modes != Eval().modes:
        raise UserError("eval.modes: a study asks each arm in modes of its own; leave it out")
    if overwrite and path.exists():
        model_path(config.base)  # else nothing is put aside
        if (path / "manifest.json").exists():
            raise UserError(f"run: {path} is a single run, no study; give another --run")
        put_aside(path, "config.yaml", keep=config.base)
    if known.is_file() and known.read_text() != recipe:
        raise UserError(
            f"run: {path} holds a study of another recipe; give --overwrite or another --run"
        )
    arms = {arm.name: arm for arm in ARMS}
    strange = {p.name for p in path.glob("[!.]*")} - arms.keys()
    if strange and not known.is_file():
        raise UserError(f"run: {path} exists and is no study; give another --run")
    for name, arm in arms.items():  # a stage's own verb may have been here first
        file = path / name / "config.yaml"
        expected = recipe if arm.rewarded else as_yaml(unrewarded(config))
        if not file.is_file():
            continue
        if file.read_text() != expected:
            raise UserError(f"run: {file.parent} is of another recipe; give --overwrite or --run")
        if (stage := Run(path / name).manifest["stage"]) != arm.stage:
            raise UserError(f"run: {file.parent} is a {stage} run; give --overwrite or --run")
    write_atomically(known, recipe)

"""The whole experiment as one resumable thing: base -> sft -> (warmup) -> rl, then compared.

Reads top to bottom like a recipe. Every stage is a run of its own below the study's folder and can
be started by its own verb; what is done already is skipped.
"""

from __future__ import annotations

import gc
import json
import resource
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from rlrecall.evaluation.comparisons import comparisons
from rlrecall.evaluation.records import Record
from rlrecall.evaluation.rows import FAMILY_KEYS, tabulate
from rlrecall.runs.config import Config, Eval, Rewards, UserError
from rlrecall.runs.folder import (
    Run,
    drop_aside,
    model_path,
    put_aside,
    put_back,
    weights_digest,
    write_atomically,
)
from rlrecall.study.stages import Gate, evaluate_run, run_stage


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
    records: dict[str, list[Record]] = {}
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

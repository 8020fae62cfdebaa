"""The whole experiment: every arm that the recipe lists is trained, asked and compared.

Each arm is a run of its own below the study's folder, which its stage's own command can start too.
A study can be started again at any time: what is done is skipped.
"""

import gc
import json
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlrecall.evaluation.records import Record
from rlrecall.evaluation.rows import FAMILY_KEYS, compare_arms, tabulate
from rlrecall.models.sources import model_path, weights_digest
from rlrecall.runs.arms import ARMS, Arm, select_arms
from rlrecall.runs.config import Config, Eval
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import (
    Run,
    drop_aside,
    put_aside,
    put_back,
    write_atomically,
)
from rlrecall.runs.recipes import changed, load_config, to_yaml
from rlrecall.study.drift import SKIPPED, drift, measure_drift
from rlrecall.study.preconditions import RecallTooLow
from rlrecall.study.stages import STAGES, evaluate_run

Say = Callable[[str], Any]
Records = dict[str, list[Record]]


def run_study(
    config: Config, path: Path, overwrite: bool = False, say: Say = print
) -> dict[str, Any]:
    """Run every arm below `path`, skip what is done, write results.json; return its content.

    Raises UserError if the folder holds a study of another recipe; then nothing has changed.
    """
    arms = select_arms(config.study.arms)
    fresh = overwrite or not path.exists()
    _claim_folder(config, arms, path, overwrite)
    try:
        _note_seeds(config, say)
        records: Records = {}
        for number, arm in enumerate(arms, 1):

            def say_of_arm(text: str, place: str = f"[{number}/{len(arms)}] {arm.name}") -> None:
                say(f"{place}: {text}")

            _run_arm(arm, config, path, records, say_of_arm)
            gc.collect()  # trainers are full of reference cycles
        results = _summarize(config, arms, path, records)
    except ValueError:
        if fresh and not any(path.glob("*/metrics.jsonl")):
            put_back(path)
        raise
    write_atomically(path / "results.json", json.dumps(results, indent=1))
    drop_aside(path)
    return results


def _run_arm(arm: Arm, config: Config, path: Path, records: Records, say: Say) -> None:
    """Make the arm's model unless it is there, and ask it; `records` gets the answers.

    An arm without its parents, or an optional arm whose parent misses the gate, is left out.
    """
    if missing := [parent for parent in arm.parents if parent not in records]:
        say(f"left out, as {missing[0]} is")
        return
    run = Run(path / arm.name)
    parents = [str(path / parent) for parent in arm.parents] or [config.base]
    if run.done:
        now = ",".join(str(weights_digest(model_path(parent))) for parent in parents)
        if str(run.manifest["parent_weights"]) != now:
            raise UserError(
                f"run: {run.path} is not from what {', '.join(parents)} is now; give --overwrite"
            )
        say("done before")
    else:
        say(f"{arm.stage} from {', '.join(arm.parents) or config.base}")
        resume = any(run.path.glob("steps/checkpoint-*"))
        try:
            STAGES[arm.stage](changed(config, arm.changes), run.path, parents, resume, not resume)
        except RecallTooLow as error:
            if not arm.optional:
                raise
            say(f"left out: {error}")  # the tables do without it
            return
    asked = replace(config, eval=replace(config.eval, modes=list(arm.modes)))
    records[arm.name] = evaluate_run(run, asked, arm.name)
    if config.eval.perplexity and measure_drift(run, config) is None:
        say(SKIPPED)


def _summarize(config: Config, arms: list[Arm], path: Path, records: Records) -> dict[str, Any]:
    """The content of results.json."""
    everything = [record for part in records.values() for record in part]
    runs = {name: Run(path / name) for name in records}
    drifted = {"perplexity": drift(runs)} if config.eval.perplexity else {}
    seconds = {name: run.seconds for name, run in runs.items()}
    first = next(iter(runs.values())).manifest
    return {
        "study": path.name,
        "seed": config.seed,
        "rl_set": config.rl.set,
        "transfer_set": config.study.transfer_set,
        "command": first["command"],
        "git": ", ".join(dict.fromkeys(run.manifest["git"] for run in runs.values())),
        "hardware": first["hardware"],
        "seconds": round(sum(seconds.values()), 1),
        "seconds_by_arm": seconds,
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "rows": [row.to_dict() for row in tabulate(everything, config.seed)],
        "family_rows": [row.to_dict() for row in tabulate(everything, config.seed, FAMILY_KEYS)],
        "comparisons": [row.to_dict() for row in compare_arms(arms, records, config.seed)],
        **drifted,
    }


def _note_seeds(config: Config, say: Say) -> None:
    """Say so if the base may have read sentences of the sets that it is asked about."""
    manifest = Path(model_path(config.base)) / "manifest.json"
    kept = json.loads(manifest.read_text()).get("exclude_seeds") if manifest.is_file() else None
    if kept is not None and config.data_seed not in kept:
        say(
            f"note: {config.base} was trained without sentences of the sets of the seeds {kept}, "
            f"but not of seed {config.data_seed}: it may have read some of them"
        )


def _claim_folder(config: Config, arms: list[Arm], path: Path, overwrite: bool) -> None:
    """Make the study's folder; runs in it count as done only if they are of the same recipe."""
    known = path / "config.yaml"
    if config.eval.modes != Eval().modes:
        raise UserError("eval.modes: a study asks each arm in modes of its own; leave it out")
    if config.study.transfer_set == config.rl.set:
        raise UserError(
            f"study.transfer_set: RL rewards answers about set {config.rl.set}; give another set"
        )
    if overwrite and path.exists():
        model_path(config.base)  # an unknown base is an error before anything is moved
        if (path / "manifest.json").exists():
            raise UserError(f"run: {path} is a single run, no study; give another --run")
        put_aside(path, "config.yaml", keep=config.base)
    if known.is_file() and not _same(known, config):
        raise UserError(
            f"run: {path} holds a study of another recipe; give --overwrite or another --run"
        )
    strange = {p.name for p in path.glob("[!.]*")} - ARMS.keys()
    if strange and not known.is_file():
        raise UserError(f"run: {path} exists and is no study; give another --run")
    for arm in arms:  # the command of a stage may have been here first
        file = path / arm.name / "config.yaml"
        if not file.is_file():
            continue
        if not _same(file, changed(config, arm.changes)):
            raise UserError(f"run: {file.parent} is of another recipe; give --overwrite or --run")
        if (stage := Run(file.parent).manifest["stage"]) != arm.stage:
            raise UserError(f"run: {file.parent} is a {stage} run; give --overwrite or --run")
    write_atomically(known, to_yaml(config))


def _same(file: Path, config: Config) -> bool:
    """Whether the recipe in `file` is `config`, whatever arms the two list."""
    return replace(load_config(file), study=config.study) == config

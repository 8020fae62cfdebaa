"""What a machine has, whether a recipe's study fits it, and what is missing.

torch and what needs it are imported only where they are installed.
"""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rlrecall.models import smollm2
from rlrecall.models.smollm2 import cache_folder
from rlrecall.models.sources import model_path
from rlrecall.runs.arms import select_arms
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import LIBRARIES, ROOT, installed_version

GIB = 2**30
NEEDED = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")
SAVED = 3  # saved steps on disk at a time: two are kept, a third is being written
# Bytes of a parameter in a saved step: float32 weights and two moments.
STEP_BYTES, MODEL_BYTES = 12, 4


def examine(config: Config) -> dict[str, Any]:
    """Everything that `rlrecall doctor` says, as plain values; sizes in GiB.

    `missing` and `problems` are lines that say why the study would not run; `fits` is true if there
    are none. UserError if the recipe's base is no name of a model.
    """
    machine = this_machine()
    gpus = len(machine["gpus"])
    ranks = int(os.environ.get("RANKS") or max(1, gpus))
    missing = missing_parts(config, ranks, bool(gpus))
    problems: list[str] = []
    model: dict[str, int] | None = None
    stages: dict[str, dict[str, float]] = {}
    try:
        if missing_packages := [name for name in NEEDED if find_spec(name) is None]:
            raise UserError(f"it is computed with {', '.join(missing_packages)}")
        model, stages = _estimates(config, machine, ranks)
    except (TypeError, ValueError) as error:  # TypeError: an unknown setting of a trainer
        said = " ".join(str(error).split())
        known = said in missing
        problems.append(f"memory is unknown: {'the base is missing' if known else said}")
    disk = _disk_needed(config, model)
    problems += _too_large(machine, stages, disk, ranks)
    return {
        "recipe": config.name,
        "machine": machine,
        "base": config.base,
        "model": model,
        "launcher": launcher(config, ranks),
        "memory": stages,
        "estimated_for": "gpu" if gpus else "cpu",
        "disk_needed": disk,
        "missing": missing,
        "problems": problems,
        "fits": not missing and not problems,
    }


def this_machine() -> dict[str, Any]:
    """Cores, memory, disks, GPUs and versions of this machine."""
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    memory = {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}
    total, free = memory["MemTotal"], memory["MemAvailable"]
    limit = Path("/sys/fs/cgroup/memory.max")  # of a container or a batch job
    if limit.is_file() and (most := limit.read_text().strip()).isdigit():
        total, free = min(total, int(most)), min(free, int(most))
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory": {"free": _gib(free), "total": _gib(total)},
        "disk_free": {name: _gib(_free(path)) for name, path in _places().items()},
        "gpus": _gpus(),
        "versions": {name: installed_version(name) for name in (*LIBRARIES, "vllm")},
    }


def missing_parts(config: Config, ranks: int, gpu: bool) -> list[str]:
    """What the recipe needs and this machine lacks, a line each, with how to get it.

    UserError if the recipe's base is no name of a model.
    """
    trains_rl = "rl" in {arm.stage for arm in select_arms(config.study.arms)}
    zero = config.zero if ranks > 1 else 0
    lines = [f"package {name}: pip install {name}" for name in NEEDED if find_spec(name) is None]
    if ranks > 1 and find_spec("deepspeed") is None:
        lines.append("package deepspeed, which launches ranks: pip install deepspeed ninja")
    if zero and not gpu:  # there its communication op is compiled
        if shutil.which("ninja") is None and find_spec("ninja") is None:
            lines.append("ninja, with which deepspeed compiles: pip install ninja")
        if shutil.which("g++") is None:
            lines.append("g++, with which deepspeed compiles: install your system's C++ compiler")
    if trains_rl and config.rl.trainer.get("use_vllm") and find_spec("vllm") is None:
        lines.append("package vllm, which rl.trainer.use_vllm asks for: pip install vllm")
    return lines + _missing_base(config)


def _missing_base(config: Config) -> list[str]:
    if config.base == smollm2.NAME:
        if smollm2.converted().exists():
            return []
        try:
            smollm2.packaged_file()
        except UserError as error:
            return [str(error)]
        gone = find_spec("gguf") is None
        return [f"base: {smollm2.NAME} needs the package gguf; {smollm2.HOW}"] if gone else []
    folder = Path(model_path(config.base, "base"))
    if folder.is_dir() and not any(folder.glob("*.safetensors")):
        return [f"base: {folder} holds no weights (*.safetensors)"]
    return []


def launcher(config: Config, ranks: int) -> str:
    """What would run the stages."""
    if ranks == 1:
        return "plain process"
    zero = f"ZeRO-{config.zero}" if config.zero else "no ZeRO"
    return f"launch/train.sh STAGE with {ranks} ranks ({zero}); study and eval: plain process"


def _estimates(
    config: Config, machine: dict[str, Any], ranks: int
) -> tuple[dict[str, int], dict[str, dict[str, float]]]:
    """The model's numbers of parameters, and each stage's parts in GiB.

    UserError if the model's config or tokenizer cannot be had.
    """
    from rlrecall.study.fit import Estimator, open_model

    try:
        opened = open_model(config)
    except OSError as error:
        said = " ".join(str(error).split())[:200]
        raise UserError(f"{config.base} cannot be opened ({said})") from None
    gpu = min((int(g["total"] * GIB) for g in machine["gpus"]), default=None)
    stages = Estimator(config, opened, ranks, gpu).stages()
    model = {"parameters": opened.shape.parameters}
    if opened.adapters:
        model["adapters"] = opened.adapters
    rounded = {
        stage: {name: round(size / GIB, 2) for name, size in parts.items()}
        for stage, parts in stages.items()
    }
    return model, rounded


def total(parts: dict[str, float]) -> float:
    """The sum of a stage's parts in GiB."""
    return round(sum(parts.values()), 1)


def _too_large(
    machine: dict[str, Any],
    stages: dict[str, dict[str, float]],
    disk: dict[str, float],
    ranks: int,
) -> list[str]:
    gpus, lines = machine["gpus"], []
    free = min(gpu["free"] for gpu in gpus) if gpus else machine["memory"]["free"]
    has = "the GPU with the least free memory has" if gpus else "this machine has"
    for stage, parts in stages.items():
        together = ranks if stage == "rl" and not gpus else 1  # ranks on CPUs share its memory
        if (needed := round(total(parts) * together, 1)) > free:
            lines.append(f"{stage} needs about {needed} GiB of memory (estimate); {has} {free}")
    for place, needed in disk.items():
        if needed > machine["disk_free"][place]:
            has = machine["disk_free"][place]
            lines.append(f"{place} needs about {needed} GiB of disk; {has} are free there")
    return lines


def _disk_needed(config: Config, model: dict[str, int] | None) -> dict[str, float]:
    """GiB that the study's models and saved steps take in each place."""
    if model is None:
        return {}
    arms, size = select_arms(config.study.arms), model["parameters"]
    trained = [arm.stage for arm in arms if arm.stage != "base"]
    models, steps = len(trained) * MODEL_BYTES, SAVED * STEP_BYTES if trained else 0
    needed = {str(ROOT): (models + steps) * size}
    practised = (MODEL_BYTES + SAVED * STEP_BYTES) * bool(config.practice.steps)
    copied = MODEL_BYTES * (config.base == smollm2.NAME and not smollm2.converted().exists())
    needed["model cache"] = (practised + copied) * size
    if _places()["model cache"].stat().st_dev == _places()[str(ROOT)].stat().st_dev:
        needed = {str(ROOT): sum(needed.values())}  # one disk
    return {place: _gib(size) for place, size in needed.items() if size}


def _places() -> dict[str, Path]:
    """Where the study writes, or the nearest folder above it that exists."""

    def existing(path: Path) -> Path:
        path = path.absolute()
        return path if path.exists() else existing(path.parent)

    return {str(ROOT): existing(ROOT), "model cache": existing(cache_folder())}


def _free(path: Path) -> int:
    return shutil.disk_usage(path).free


def _gpus() -> list[dict[str, Any]]:
    if find_spec("torch") is None:
        return []
    from torch import cuda

    found = []
    for i in range(cuda.device_count()):
        free, whole = cuda.mem_get_info(i)
        found.append({"name": cuda.get_device_name(i), "free": _gib(free), "total": _gib(whole)})
    return found


def _gib(size: float) -> float:
    return round(size / GIB, 1)

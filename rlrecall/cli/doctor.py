"""Print what `rlrecall doctor` found, on one screen or as one JSON object."""

import json
from collections.abc import Iterator
from typing import Any

from rlrecall.runs.config import Config
from rlrecall.study.doctor import examine, total


def report(config: Config, as_json: bool) -> int:
    """Examine this machine for a recipe and print it; 0 if its study can run here, else 1."""
    facts = examine(config)
    print(json.dumps(facts) if as_json else "\n".join(lines(facts)))
    return 0 if facts["fits"] else 1


def lines(facts: dict[str, Any]) -> Iterator[str]:
    """The facts of `examine` as lines of text."""
    machine, memory = facts["machine"], facts["machine"]["memory"]
    yield f"cores       {machine['cores']}"
    yield f"memory      {memory['free']} GiB free of {memory['total']}"
    for place, free in machine["disk_free"].items():
        needed = facts["disk_needed"].get(place)
        need = f"; the study needs about {needed}" if needed else ""
        yield f"disk        {place}: {free} GiB free{need}"
    for gpu in machine["gpus"]:
        yield f"GPU         {gpu['name']}: {gpu['free']} GiB free of {gpu['total']}"
    if not machine["gpus"]:
        yield "GPU         none"
    versions = [f"{name} {version}" for name, version in machine["versions"].items() if version]
    yield f"versions    {', '.join(versions)}"
    yield f"launcher    {facts['launcher']}"
    yield f"model       {facts['base']}{_numbers(facts['model'])}"
    if facts["memory"]:
        yield ""
        yield from _table(facts)
    yield ""
    for line in facts["missing"]:
        yield f"missing     {line}"
    for line in facts["problems"]:
        yield f"problem     {line}"
    yield f"{facts['recipe']}: {'can run here' if facts['fits'] else 'cannot run here as it is'}"


def _numbers(model: dict[str, Any] | None) -> str:
    if model is None:
        return ""
    adapters = f", {model['adapters']:,} in LoRA adapters" if "adapters" in model else ""
    return f": {model['parameters']:,} parameters{adapters}"


def _table(facts: dict[str, Any]) -> Iterator[str]:
    """The parts of the memory of each stage; columns that are 0 everywhere are left out."""
    stages = facts["memory"]
    names = list(dict.fromkeys(name for parts in stages.values() for name in parts))
    kind = "of a GPU" if facts["estimated_for"] == "gpu" else "of this machine"
    yield f"GiB {kind}, estimated for each process of a stage"
    yield "stage       " + f"{'peak':>6}" + "".join(f"{name:>13}" for name in names)
    for stage, parts in stages.items():
        cells = "".join(f"{parts.get(name, 0):13.2f}" for name in names)
        yield f"{stage:<12}{total(parts):6.1f}{cells}"

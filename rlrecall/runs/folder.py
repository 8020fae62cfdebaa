"""Run folders: what a stage writes. A folder that exists is never changed unless a flag says so.

checkpoints/<run>/config.yaml    the resolved recipe, accepted back as input
                  manifest.json  command, git revision and diff, versions, hardware, seeds, data
                  metrics.jsonl  one line for every logged step
                  eval/, transcripts/, model files in Hugging Face format
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError, nearest
from rlrecall.runs.recipes import to_yaml

ROOT = Path("checkpoints")
LIBRARIES = "rlrecall torch transformers trl peft deepspeed datasets accelerate".split()


def write_atomically(path: Path, text: str) -> None:
    """Write a text file; a process killed meanwhile leaves the old content or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def rewind(path: Path, keep: Callable[[int], bool]) -> None:
    """Keep only the lines of a JSONL file whose step passes `keep`; a resumed run repeats the rest.

    An incomplete last line is dropped too.
    """
    if path.exists():
        # Not splitlines: a model may have written U+2028, which does not end a JSON line.
        *whole, _ = path.read_text(encoding="utf-8", errors="replace").split("\n")
        kept = [line for line in whole if keep(json.loads(line)["step"])]
        write_atomically(path, "".join(f"{line}\n" for line in kept))


def _git(*arguments: str) -> str:
    try:
        result = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, cwd=Path(__file__).parent
        )
    except OSError:  # no git on this machine
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def git_revision() -> str:
    """Short git revision of the code, followed by + if there are uncommitted changes."""
    revision = _git("rev-parse", "--short", "HEAD")
    return revision + ("+" if revision and _git("status", "--porcelain", "-uno") else "")


def hardware() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in GiB, and GPUs if there are any."""
    from torch import cuda  # loaded already where a run starts

    model = re.search(r"^model name\s*: *(.*\S)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    gpus = ", ".join(cuda.get_device_name(i) for i in range(cuda.device_count()))
    return {
        "processor": model[1] if model else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(pages * size / 2**30, 1),
        **({"gpus": gpus} if gpus else {}),
    }


def run_path(name: str) -> Path:
    """The folder of a run: below checkpoints/, unless the name is already a path to somewhere."""
    somewhere = name.startswith(("/", "./", "../", f"{ROOT}/"))
    return Path(name) if somewhere else ROOT / name


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def put_aside(path: Path, mark: str, keep: str | None = None) -> None:
    """Move a folder that is to be overwritten out of the way, until `drop_aside` or `put_back`.

    Raises UserError if it lacks the file `mark`, which every folder of its kind has, or if it
    contains the model at `keep`.
    """
    if not (path / mark).is_file():
        raise UserError(f"run: {path} is no run, so it is not overwritten; give another --run")
    if keep and run_path(keep).resolve().is_relative_to(path.resolve()):
        raise UserError(f"run: {path} holds the model to start from; give another --run")
    if _aside(path).exists():  # the new one was never finished
        shutil.rmtree(path)
    else:
        path.rename(_aside(path))


def put_back(path: Path) -> None:
    """Undo `put_aside`; what was written since then is deleted."""
    shutil.rmtree(path, ignore_errors=True)
    if _aside(path).exists():
        _aside(path).rename(path)


def drop_aside(path: Path) -> None:
    """Delete what `put_aside` moved out of the way."""
    shutil.rmtree(_aside(path), ignore_errors=True)


class Run:
    """A run folder, new (`Run.start`) or existing (`Run.open`)."""

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def open(cls, name: str | Path, field: str = "run") -> Run:
        """An existing run, by folder or by name below checkpoints/.

        Raises UserError, which names `field`, if there is none.
        """
        for path in (Path(name), run_path(str(name))):
            if (path / "manifest.json").is_file():
                return cls(path)
        if runs := sorted(p.parent.name for p in run_path(str(name)).glob("*/manifest.json")):
            raise UserError(
                f"{field}: '{name}' is a study; add the name of a run: {', '.join(runs)}"
            )
        known = [str(p.parent.relative_to(ROOT)) for p in ROOT.rglob("manifest.json")]
        hint = nearest(str(name), sorted(known)) if known else f"there is no run below {ROOT}/"
        raise UserError(f"{field}: '{name}' does not exist; {hint}")

    @classmethod
    def start(
        cls,
        path: Path,
        config: Config,
        stage: str,
        parent: str | None,
        resume: bool = False,
        overwrite: bool = False,
        **facts: Any,
    ) -> Run:
        """Make the folder, config.yaml and manifest.json (with `facts`).

        Raises UserError if the folder exists and neither flag is given, or if it cannot be resumed.
        """
        run = cls(path)
        if path.exists() and any(path.iterdir()):
            if overwrite:
                put_aside(path, "manifest.json", keep=parent)
            elif resume:
                run._check_resumable(stage, parent, facts)
            else:
                raise UserError(f"run: {path} exists already; give --resume, --overwrite or --run")
        path.mkdir(parents=True, exist_ok=True)
        write_atomically(path / "config.yaml", to_yaml(config))
        run.write_manifest(
            {
                "stage": stage,
                "status": "running",
                "parent": parent,
                "command": " ".join(["rlrecall", *sys.argv[1:]]),
                "git": git_revision(),
                "git_diff": _git("diff", "HEAD")[:100_000],
                "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "seed": config.seed,
                "data_seed": config.data_seed,
                "versions": {name: installed_version(name) for name in LIBRARIES},
                "python": platform.python_version(),
                "hardware": hardware(),
                "ranks": int(os.environ.get("WORLD_SIZE", 1)),
                **facts,
            }
        )
        return run

    def _check_resumable(self, stage: str, parent: str | None, facts: dict[str, Any]) -> None:
        if not any(self.path.glob("steps/checkpoint-*")):
            raise UserError(f"run: {self.path} has saved no step to resume from; give --overwrite")
        if not (self.path / "manifest.json").exists():
            return
        before = self.manifest
        if before["stage"] != stage or before["parent"] != parent:
            raise UserError(
                f"run: {self.path} is a {before['stage']} run from {before['parent']}, "
                f"it cannot be resumed as {stage} from {parent}"
            )
        for name, now in facts.items():
            if before.get(name) != now:
                raise UserError(f"run: {self.path} was started with other {name}; give --overwrite")

    @property
    def manifest(self) -> dict[str, Any]:
        path = self.path / "manifest.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{path}: not readable as JSON ({error})") from None

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        write_atomically(self.path / "manifest.json", json.dumps(manifest, indent=1))

    def finish(self, **facts: Any) -> None:
        """Mark the run as done, add `facts` to its manifest, and delete the run it replaced."""
        self.write_manifest({**self.manifest, "status": "done", **facts})
        drop_aside(self.path)

    @property
    def done(self) -> bool:
        return (self.path / "manifest.json").is_file() and self.manifest["status"] == "done"

    @property
    def seconds(self) -> float:
        """Wall time of training (since the last resume) and of all evaluations, in seconds."""
        parts = self.path.glob("eval/*/results.json")
        asked = sum(json.loads(part.read_text())["seconds"] for part in parts)
        return round(self.manifest.get("seconds", 0) + asked, 1)

    def log(self, metrics: dict[str, Any]) -> None:
        """Add a line to metrics.jsonl."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(metrics) + "\n")


def installed_version(library: str) -> str | None:
    """The version of an installed package; None if it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None

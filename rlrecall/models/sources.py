"""Where models come from: runs, model folders, hub names, models that a Python package ships.

Imports no torch: the command line checks names first.
"""

import hashlib
import json
import re
from pathlib import Path

from rlrecall.models import smollm2
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import ROOT, Run
from rlrecall.runs.recipes import find_shipped


def model_path(name: str, field: str = "run", make: bool = True) -> str:
    """The folder of a run's model, or `name` itself if it is a model folder or may be a hub name.

    Without `make`, the folder of a model that a package ships may not be there yet. Raises
    UserError, which names `field`, for any other name and for a run that is not finished.
    """
    if name == smollm2.NAME:
        return str(smollm2.smollm2(make))
    try:
        run = Run.open(find_shipped(name), field)
    except UserError as error:
        if any((Path(name) / f).is_file() for f in ("config.json", "adapter_config.json")):
            return name
        # A hub name has one slash; so has a misspelled run below a folder of checkpoints/.
        local = Path(name).exists() or (ROOT / name).parent.exists() or name.startswith(f"{ROOT}/")
        if re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name) and not local:
            return name
        right = f"a model folder, a run below {ROOT}/ or a hub name (owner/name)"
        raise UserError(f"{error}; right is {right}") from None
    if not run.done:
        raise UserError(f"{field}: {run.path} is not finished; continue it with --resume")
    return run.manifest.get("model") or str(run.path)


def weights_digest(folder: str) -> str | None:
    """SHA-256 over the safetensors files of a model folder; None if there are none."""
    files = sorted(Path(folder).glob("*.safetensors"))
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while part := stream.read(1 << 24):
                digest.update(part)
    return digest.hexdigest() if files else None


def lora_base(folder: str) -> str | None:
    """The base model of a folder of LoRA adapters; None if the folder holds no adapters.

    Raises UserError if the base is not there any more or is not the one they were trained on.
    """
    file = Path(folder) / "adapter_config.json"
    if not file.is_file():
        return None
    base = str(json.loads(file.read_text())["base_model_name_or_path"])
    if not Path(folder, "manifest.json").is_file():  # no run: adapters of another program
        return base
    manifest = Run(Path(folder)).manifest
    trained_on = manifest.get("parent_weights")
    if trained_on and not Path(base).is_dir():
        raise UserError(f"model: {base}, which the adapters in {folder} change, does not exist")
    if trained_on and weights_digest(base) != trained_on:
        raise UserError(
            f"model: {base} is no longer the model that the adapters in {folder} were trained on"
        )
    return base

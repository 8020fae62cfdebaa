"""Merge the adapters of a LoRA run into its base: a run that is a model of its own."""

from pathlib import Path

from peft import PeftModel

from rlrecall.models.loading import load_model, load_tokenizer, save_model
from rlrecall.models.sources import lora_base, model_path, weights_digest
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run
from rlrecall.runs.recipes import load_config


def merge(name: str, path: Path, overwrite: bool = False) -> Run:
    """Write the merged model of the LoRA run `name`, in float32 or model.dtype, as a run at `path`.

    Raises UserError if it is no LoRA run, or if its base is one.
    """
    run = Run.open(name)
    source = model_path(name)
    base = lora_base(source)
    if base is None:
        raise UserError(f"merge: {run.path} is no LoRA run; it has no adapters to merge")
    if Path(base).is_dir() and lora_base(base):
        raise UserError(f"merge: {base}, the base of {run.path}, is a LoRA run; merge it first")
    config = load_config(run.path)
    model, _ = load_model(base, config.model)
    merged = PeftModel.from_pretrained(model, source).merge_and_unload()
    facts = {"base": base, "base_weights": weights_digest(base) if Path(base).is_dir() else None}
    weights = weights_digest(source)
    made = Run.start(
        path, config, "merge", str(run.path), False, overwrite, parent_weights=weights, **facts
    )
    save_model(merged, load_tokenizer(source, config.model), path)
    made.finish()
    return made

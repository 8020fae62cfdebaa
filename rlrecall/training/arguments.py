"""The settings of transformers' trainer, and of other libraries, as a recipe gives them."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from transformers import TrainingArguments

from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError, choose
from rlrecall.training.distributed import ranks, zero_arguments

Settings = TypeVar("Settings")


def checked_arguments(kind: type[Settings], field: str, given: Mapping[str, Any]) -> Settings:
    """`kind(**given)` for a library's dataclass of settings; `field` is where the recipe has them.

    Raises UserError for a field that `kind` lacks and for what `kind` refuses.
    """
    known: Any = kind
    names = [f.name for f in fields(known) if f.init]
    for name in given:
        choose(field, name, names)
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise UserError(f"{field}: {error}") from error


def lm_arguments(config: Config, stage: str, folder: Path, parts: int) -> TrainingArguments:
    """The stage's defaults, the machine's, then the recipe's `trainer` settings of this stage.

    Raises UserError for a field that TrainingArguments lack or that the stage sets itself.
    """
    settings = getattr(config, stage)
    fixed = {
        "per_device_train_batch_size": 1,  # an item is a micro-batch
        "gradient_accumulation_steps": parts // ranks(),
        "train_sampling_strategy": "sequential",
        "remove_unused_columns": False,
    }
    if taken := sorted(fixed.keys() & settings.trainer.keys()):
        raise UserError(f"{stage}.trainer.{taken[0]}: leave it out: {stage}.tokens sizes a step")
    return checked_arguments(
        TrainingArguments,
        f"{stage}.trainer",
        {
            "output_dir": str(folder / "steps"),
            "max_steps": settings.steps,
            "lr_scheduler_type": "cosine",
            "warmup_steps": min(100, settings.steps // 10),
            "optim": "adamw_torch_fused",
            "logging_steps": 10,
            "save_strategy": "no",
            "save_total_limit": 2,
            "report_to": "none",
            "disable_tqdm": True,
            "seed": config.seed,
            **fixed,
            **device_arguments(),
            **zero_arguments(config.zero),
            **settings.trainer,
        },
    )


def cpu_has_bf16() -> bool:
    """Whether bfloat16 matrix products are native here; emulated ones are slower than float32."""
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def device_arguments() -> dict[str, Any]:
    """Trainer arguments that depend on the machine: bfloat16 where it is native."""
    if torch.cuda.is_available():
        return {"bf16": torch.cuda.is_bf16_supported()}
    return {"use_cpu": True, "bf16": cpu_has_bf16()}

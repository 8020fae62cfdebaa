"""The settings of TRL's GRPO and of LoRA, as a recipe gives them; no model is needed."""

from collections.abc import Sequence
from pathlib import Path

from peft import LoraConfig
from transformers.integrations import is_deepspeed_zero3_enabled
from trl import GRPOConfig

from rlrecall.knowledge.core import Question
from rlrecall.runs.config import Config, Rl
from rlrecall.runs.errors import UserError
from rlrecall.training.arguments import checked_arguments, device_arguments
from rlrecall.training.distributed import zero_arguments


def grpo_arguments(config: Config, folder: Path) -> GRPOConfig:
    """TRL's configuration: the defaults of this stage, the machine's, then `rl.trainer`.

    Raises UserError for a field that TRL lacks, and if several processes would share the samples of
    one question.
    """
    arguments = checked_arguments(
        GRPOConfig,
        "rl.trainer",
        {
            "output_dir": str(folder / "steps"),
            "num_generations": 8,
            "temperature": 1.0,
            "beta": 0.0,
            # Scaled by group, a few false sentences would weigh as much as a hit if no sample hits.
            "scale_rewards": "batch",
            "lr_scheduler_type": "constant_with_warmup",
            "warmup_steps": 2,
            "logging_steps": 1,
            "save_strategy": "no",
            "save_total_limit": 2,
            "report_to": "none",
            "disable_tqdm": True,
            "seed": config.seed,
            **device_arguments(),
            **zero_arguments(config.zero),
            **config.rl.trainer,
        },
    )
    assert arguments.steps_per_generation  # TRL has set both
    assert arguments.num_generations
    share = arguments.per_device_train_batch_size * arguments.steps_per_generation
    if share % arguments.num_generations:  # TRL checks the sum over all processes only
        raise UserError(
            f"rl.trainer: per_device_train_batch_size x steps_per_generation is {share}, no "
            f"multiple of num_generations {arguments.num_generations}: ranks would share a group"
        )
    return arguments


def lora_config(settings: Rl, arguments: GRPOConfig) -> LoraConfig | None:
    """`rl.lora` as peft's configuration. UserError where TRL and DeepSpeed do not support it."""
    if not settings.lora:
        return None
    checkpointing = arguments.activation_checkpointing
    if is_deepspeed_zero3_enabled() and settings.rehearsal and checkpointing:
        # TRL then uses reentrant checkpointing, which yields gradients once per forward pass;
        # DeepSpeed fails on the second.
        raise UserError(
            "rl.lora: under ZeRO-3 rehearsal does not go with gradient checkpointing; give "
            "rl.trainer.activation_checkpointing=false, zero=2 or rl.rehearsal=0"
        )
    return checked_arguments(LoraConfig, "rl.lora", settings.lora)


def check_groups(arguments: GRPOConfig, questions: Sequence[Question]) -> None:
    """UserError if there are fewer questions than a step samples; TRL would then do no step."""
    assert arguments.generation_batch_size  # TRL has set both
    assert arguments.num_generations
    groups = arguments.generation_batch_size // arguments.num_generations
    if len(questions) < groups:
        raise UserError(
            f"rl.trainer: {arguments.generation_batch_size} samples in groups of "
            f"{arguments.num_generations} (num_generations) are about {groups} questions, "
            f"rl.set and rl.kinds give {len(questions)}; sample fewer or larger groups"
        )

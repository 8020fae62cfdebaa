"""What `--dry-run` checks beside the fields of the recipe, without a weight read or a file written.

The settings of transformers, TRL and peft are built as the stages build them. The model's config
and tokenizer are opened where they can be had, and the longest texts are compared with its room.
"""

from collections.abc import Iterable
from pathlib import Path

from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.models.loading import load_tokenizer, positions
from rlrecall.runs.config import Config
from rlrecall.runs.folder import ROOT
from rlrecall.runs.sets import sets_of
from rlrecall.study.preconditions import check_evaluation, check_rollouts, check_vocabulary
from rlrecall.study.stages import training_documents, training_questions
from rlrecall.training.arguments import lm_arguments
from rlrecall.training.loop import PARTS, Batches
from rlrecall.training.practice import practice_mixture
from rlrecall.training.rl import balance_kinds, rehearsal_batches
from rlrecall.training.rl_arguments import check_groups, grpo_arguments, lora_config


def check_plan(
    stages: Iterable[tuple[str, Config]], source: str, asked: Config | None = None
) -> list[str]:
    """Check `stages`, each with its recipe, from the model at `source`, and what `asked` asks.

    Returns what could not be checked, one remark a line. Raises UserError for what would fail.
    """
    stages = list(stages)
    config = asked or stages[0][1]
    sets = sets_of(config)
    for stage, recipe in stages:
        check_settings(stage, recipe, sets)
    if reason := unavailable(source, config):
        return [f"{source}: {reason}; room and vocabulary were not checked"]
    check_vocabulary(source, sets, config)
    for stage, config in {stage: (stage, config) for stage, config in stages}.values():
        check_room(stage, config, sets, source)
    if asked:
        check_evaluation(source, [*sets.values()], asked)
    return []


def check_settings(stage: str, config: Config, sets: dict[str, KnowledgeSet]) -> None:
    """UserError for what transformers, TRL or peft do not accept."""
    if stage == "rl":
        arguments = grpo_arguments(config, ROOT)
        lora_config(config.rl, arguments)
        check_groups(arguments, balance_kinds(training_questions(config, sets)))
    else:
        lm_arguments(config, stage, ROOT, PARTS)


def unavailable(source: str, config: Config) -> str | None:
    """Why the config and the tokenizer at `source` cannot be opened now; None if they can."""
    if source.startswith("/") and not Path(source).exists():
        return "not made yet"
    try:
        load_tokenizer(source, config.model)
        positions(source, config.model)
    except OSError as error:
        cause = error.__cause__
        missing = isinstance(cause, RepositoryNotFoundError)
        if Path(source).is_dir() or (missing and not isinstance(cause, GatedRepoError)):
            raise
        return f"cannot be opened here ({type(cause or error).__name__})"
    return None


def check_room(stage: str, config: Config, sets: dict[str, KnowledgeSet], source: str) -> None:
    """UserError if a document or a rollout of the stage is longer than the model reads."""
    tokenizer, room = load_tokenizer(source, config.model), positions(source, config.model)
    if stage == "practice":
        draw = practice_mixture(config)
    else:
        draw = training_documents(config, sets, thoughts=stage == "sft")
    if stage == "rl":
        questions = training_questions(config, sets)
        check_rollouts(source, sets[config.rl.set], questions, config)
        rehearsal_batches(draw, tokenizer, config, room).check_room()
    else:
        settings = getattr(config, stage)
        how = (settings.steps, settings.tokens, PARTS, config.seed, room)
        Batches(draw, tokenizer, *how).check_room()

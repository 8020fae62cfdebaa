"""GRPO on one knowledge set: reward thoughts that recall the premises and end in the right answer.

TRL's GRPOTrainer does the reinforcement learning. This module adds rewards (rewards.py), rehearsal
of known documents in the same loss so that stored facts are kept, rollouts by its own sampler,
and probes: a few questions of every set, asked for the learning curve and never trained on.
"""

import random
import time
from itertools import cycle, islice
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from transformers.integrations import is_deepspeed_zero3_enabled
from trl import GRPOTrainer

from rlrecall.evaluation.evaluate import answer_questions
from rlrecall.knowledge.core import KnowledgeSet, Question, seeded
from rlrecall.knowledge.prompts import build_prompt
from rlrecall.models.generate import generate
from rlrecall.models.loading import load_model, room_of
from rlrecall.models.tokens import TEMPLATE, TokenFormat
from rlrecall.runs.config import Config
from rlrecall.runs.folder import Run
from rlrecall.training.callbacks import add_callbacks
from rlrecall.training.loop import (
    Batches,
    DocumentSampler,
    causal_lm_loss,
    finish_stage,
)
from rlrecall.training.reach import ReachCallback
from rlrecall.training.rewards import MODE, RolloutScorer
from rlrecall.training.rl_arguments import check_groups, grpo_arguments, lora_config
from rlrecall.training.rl_settings import check_rl_settings
from rlrecall.training.trl_internals import HookedGRPOTrainer, MicroBatch

REHEARSAL_STEPS, REHEARSAL_PARTS = 10_000, 2  # length of the document stream; micro-batches a step


class RecallTrainer(HookedGRPOTrainer):
    """GRPO whose loss also contains `weight` x the loss on a rehearsal step of known documents."""

    def __init__(self, *args: Any, rehearsal: Batches | None, weight: float, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.rehearsal, self.weight = rehearsal, weight
        self._rehearsed: int | None = None  # rehearsal steps so far

    def arrange_rollouts(self, batches: list[MicroBatch]) -> list[MicroBatch]:
        # Rows may change places only within one optimizer step, and only if a token's weight does
        # not depend on the other rows of its micro-batch, as it does in bnpo.
        one_step = self.args.steps_per_generation == self.args.gradient_accumulation_steps
        return group_by_length(batches) if one_step and self.loss_type != "bnpo" else batches

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        if self.rehearsal is None or not self.model.training:
            return loss
        if self._rehearsed is None:  # a resumed run continues where it stopped
            self._rehearsed = self.state.global_step * self.current_gradient_accumulation_steps
        # Rank r of n rehearses steps r, r + n, r + 2n, ... of the document stream.
        step = self._rehearsed * self.accelerator.num_processes + self.accelerator.process_index
        self._rehearsed += 1
        parts = self.rehearsal.micro_batches(step % self.rehearsal.steps)
        known = sum(
            causal_lm_loss(model, {k: v.to(loss.device) for k, v in part.items()}) for part in parts
        ) / len(parts)
        self.add_metric("rehearsal_loss", float(self.accelerator.gather(known.detach()).mean()))
        return loss + self.weight * known / self.current_gradient_accumulation_steps


def group_by_length(batches: list[MicroBatch]) -> list[MicroBatch]:
    """Regroup the rows of TRL's micro-batches by completion length and cut common padding.

    TRL pads every row to the longest of all, so one long enumeration would make a step of short
    thoughts as expensive as a step of long ones.
    """
    first = batches[0]
    rowwise = {k for k, v in first.items() if isinstance(v, torch.Tensor) and v.ndim}
    whole = {k: torch.cat([batch[k] for batch in batches]) for k in rowwise}
    width = first["completion_ids"].shape[1]
    tokens = {k for k in rowwise if whole[k].shape[1:] == (width,) and not k.startswith("prompt_")}
    lengths = whole["completion_mask"].sum(dim=1)
    sorted_batches = []
    for rows in lengths.argsort().chunk(len(batches)):
        longest = max(1, int(lengths[rows].max()))  # TRL can mask whole rows
        cut = {k: whole[k][rows, :longest] if k in tokens else whole[k][rows] for k in rowwise}
        sorted_batches.append(first | cut)
    return sorted_batches


def rl(
    config: Config,
    run: Run,
    parent: str,
    sets: dict[str, KnowledgeSet],
    questions: list[Question],
    rehearse: DocumentSampler,
    resume: bool = False,
) -> None:
    """Train the model at `parent` by GRPO on `questions`, which are of the set `config.rl.set`."""
    started = time.monotonic()
    check_rl_settings(config)
    settings, knowledge = config.rl, sets[config.rl.set]
    model, tokenizer = load_model(parent, config.model, "auto" if settings.lora else "float32")
    arguments = grpo_arguments(config, run.path)
    tokens = TokenFormat(tokenizer, model)
    scorer = RolloutScorer(settings, knowledge, run, arguments, tokens)
    arguments.reward_weights = list(scorer.weights.values())
    lora, zero3 = lora_config(settings, arguments), is_deepspeed_zero3_enabled()
    own = settings.fast and not zero3 and not arguments.use_vllm
    rehearsal = rehearsal_batches(rehearse, tokenizer, config, room_of(model.config))
    rehearsal.check_room()
    check_groups(arguments, balance_kinds(questions))
    # Where TRL samples, it applies the template, and only to messages.
    messages = tokens.chat and not own
    if messages:
        given: Any = arguments.chat_template_kwargs
        arguments.chat_template_kwargs = {**TEMPLATE, **(given or {})}
    trainer = RecallTrainer(
        model=model,
        processing_class=tokenizer,
        args=arguments,
        train_dataset=prompt_rows(questions, knowledge, messages),
        reward_funcs=scorer.functions,
        rollout_func=own_rollouts if own else None,
        peft_config=lora,
        rehearsal=rehearsal if settings.rehearsal else None,
        weight=settings.rehearsal,
    )
    add_callbacks(trainer, run, settings.trainer)
    if settings.probe_every and not zero3:
        trainer.add_callback(ProbeCallback(config, run, sets, model, tokenizer))
    if settings.reach and not zero3:
        trainer.add_callback(ReachCallback(settings.reach, run, knowledge, questions, tokenizer))
    trainer.train(resume_from_checkpoint=resume or None)
    counts = torch.tensor([[scorer.logged, scorer.seen]], device=trainer.accelerator.device)
    logged, seen = trainer.accelerator.gather(counts).sum(dim=0).tolist()
    rollouts = {"logged": logged, "of": seen}
    finish_stage(trainer, tokenizer, run, settings.trainer, started, rollouts=rollouts)


def rehearsal_batches(
    draw: DocumentSampler, tokenizer: PreTrainedTokenizerBase, config: Config, room: int | None
) -> Batches:
    """The stream of known documents, in steps of two micro-batches for each of RL's."""
    tokens = config.rl.rehearsal_tokens
    how = (REHEARSAL_STEPS, tokens, REHEARSAL_PARTS, config.seed, room)
    return Batches(draw, tokenizer, *how)


def prompt_rows(questions: list[Question], knowledge: KnowledgeSet, messages: bool) -> Dataset:
    """The prompts, every kind equally often: as text, or as a user's `messages`."""
    rows: list[dict[str, Any]] = []
    for q in balance_kinds(questions):
        text = build_prompt(q, MODE, knowledge)
        prompt = [{"role": "user", "content": text}] if messages else text
        rows.append({"prompt": prompt, "question_id": q.id})
    return Dataset.from_list(rows)


def balance_kinds(questions: list[Question]) -> list[Question]:
    """The questions, those of rarer kinds repeated: every kind is asked about equally often."""
    kinds: dict[str, list[Question]] = {}
    for question in questions:
        kinds.setdefault(question.kind, []).append(question)
    most = max(map(len, kinds.values()))
    return [q for group in kinds.values() for q in islice(cycle(group), most)]


def own_rollouts(prompts: list[str], trainer: GRPOTrainer) -> dict[str, Any]:
    """Rollouts by `generate`, in the format of GRPOTrainer's `rollout_func`."""
    arguments: Any = trainer.args
    tokenizer: Any = trainer.processing_class
    step, rank = trainer.state.global_step, trainer.accelerator.process_index
    model: Any = trainer.accelerator.unwrap_model(trainer.model_wrapped)
    completions = generate(
        model,
        tokenizer,
        prompts,
        arguments.max_completion_length,
        arguments.temperature,
        seeded("rollout", arguments.seed, step, rank).getrandbits(31),
    )
    tokens = TokenFormat(tokenizer)
    return {
        "prompt_ids": [tokens.prompt(prompt) for prompt in prompts],
        "completion_ids": [completion.ids for completion in completions],
        "logprobs": None,
    }


class ProbeCallback(TrainerCallback):
    """Asks a few held-out questions of every set every `rl.probe_every` steps and logs accuracy."""

    def __init__(
        self,
        config: Config,
        run: Run,
        sets: dict[str, KnowledgeSet],
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
    ):
        self.config, self.run, self.sets = config, run, sets
        self.model, self.tokenizer = model, tokenizer
        self.questions: dict[tuple[str, str], list[Question]] = {}  # by set and kind
        for name, knowledge in sets.items():
            for kind in config.rl.kinds:
                pool = knowledge.select(kind=kind, split="holdout")
                count = min(config.rl.probe, len(pool))
                self.questions[name, kind] = random.Random(config.seed).sample(pool, count)

    def probe(self, step: int) -> None:
        identity = {"run": str(self.run.path), "arm": self.run.path.name, "stage": "probe"}
        accuracy: dict[str, float] = {}
        for (name, kind), questions in self.questions.items():
            if not questions:
                continue
            records = answer_questions(
                self.model,
                self.tokenizer,
                self.sets[name],
                questions,
                MODE,
                self.config.eval.budgets[MODE],
                {**identity, "step": step},
            )
            accuracy[f"probe/{name}/{kind}"] = sum(r.correct for r in records) / len(records)
        self.run.log({"step": step, **accuracy})

    def on_train_begin(self, args, state, control, **_):
        if state.is_world_process_zero and state.global_step == 0:
            self.probe(0)

    def on_step_end(self, args, state, control, **_):
        if state.is_world_process_zero and state.global_step % self.config.rl.probe_every == 0:
            self.probe(state.global_step)

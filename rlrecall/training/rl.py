"""GRPO on one knowledge set: reward thoughts that recall the premises and end in the right answer.

TRL's GRPOTrainer does the reinforcement learning. Added here: rewards (rewards.py), rehearsal of
known documents in the same loss so that nothing stored is lost, a fast sampler for tiny models, and
probes of all sets, which are measured and never trained on.
"""

from __future__ import annotations

import random
import time
from itertools import cycle, islice
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from transformers.integrations import is_deepspeed_zero3_enabled
from trl import GRPOConfig, GRPOTrainer

from rlrecall.evaluation.evaluate import answer_questions
from rlrecall.knowledge.core import KnowledgeSet, Question, seeded
from rlrecall.knowledge.prompts import render
from rlrecall.models.generate import generate, is_fast
from rlrecall.models.loading import load_model
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run
from rlrecall.training.distributed import zero_arguments
from rlrecall.training.loop import (
    Batches,
    DocumentSampler,
    causal_lm_loss,
    device_arguments,
    report_progress,
)
from rlrecall.training.rewards import MODE, Judge

SAMPLES, ADVANTAGES = "rollouts are plain samples", "advantages are scaled by the batch"
ONLY = {  # what else TRL offers here would make transcripts tell other than what was trained on
    "top_p": ((1.0,), SAMPLES),
    "top_k": ((None, 0), SAMPLES),
    "min_p": ((None,), SAMPLES),
    "repetition_penalty": ((1.0,), SAMPLES),
    "scale_rewards": (("batch",), ADVANTAGES),
    "multi_objective_aggregation": (("sum_then_normalize",), ADVANTAGES),
}


class RecallTrainer(GRPOTrainer):
    """GRPO whose loss also contains `weight` x the loss on a rehearsal step of known documents."""

    def __init__(self, *args: Any, rehearsal: Batches | None, weight: float, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.rehearsal, self.weight = rehearsal, weight
        self._rehearsed: int | None = None

    def _prepare_inputs(self, generation_batch):
        before = self._buffered_inputs
        inputs = super()._prepare_inputs(generation_batch)
        made, now = self._buffered_inputs, self.args.steps_per_generation
        # Only where all rollouts are of one optimizer step may their order tell their lengths, and
        # only where a token weighs the same in any company (not so in bnpo).
        alike = now == self.args.gradient_accumulation_steps and self.loss_type != "bnpo"
        if made is before or not alike:
            return inputs
        self._buffered_inputs = group_by_length(made)
        return self._buffered_inputs[self._step % now]

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        if self.rehearsal is None or not self.model.training:
            return loss
        if self._rehearsed is None:  # a resumed run goes on where it stopped
            self._rehearsed = self.state.global_step * self.current_gradient_accumulation_steps
        # Ranks rehearse different documents: rank r takes every world-size-th step of the stream.
        step = self._rehearsed * self.accelerator.num_processes + self.accelerator.process_index
        self._rehearsed += 1
        parts = [
            self.rehearsal[(step % self.rehearsal.steps) * self.rehearsal.parts + i]
            for i in range(self.rehearsal.parts)
        ]
        known = sum(
            causal_lm_loss(model, {k: v.to(loss.device) for k, v in part.items()}) for part in parts
        ) / len(parts)
        everywhere = self.accelerator.gather(known.detach()).mean()
        self._metrics["train"]["rehearsal_loss"].append(float(everywhere))
        return loss + self.weight * known / self.current_gradient_accumulation_steps


def group_by_length(batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of TRL's micro-batches, those of like length together, without padding at the end.

    TRL pads every row to the longest of all: one enumeration among short thoughts would make the
    step as dear as a step of enumerations only.
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
    settings, knowledge = config.rl, sets[config.rl.set]
    for name, (values, why) in ONLY.items():
        if name in settings.trainer and settings.trainer[name] not in values:
            raise UserError(f"rl.trainer.{name}: leave it out: {why}")
    model, tokenizer = load_model(parent)
    arguments = GRPOConfig(
        **{
            "output_dir": str(run.path / "steps"),
            "per_device_train_batch_size": 96,
            "num_generations": 8,
            "max_completion_length": 160,
            "temperature": 1.0,
            "learning_rate": 5e-4,
            "beta": 0.0,
            # By group, a few falsehoods would weigh as much as a hit where no sample hits.
            "scale_rewards": "batch",
            "lr_scheduler_type": "constant_with_warmup",
            "warmup_steps": 2,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "seed": config.seed,
            **device_arguments(),
            **zero_arguments(settings.zero),
            **settings.trainer,
        }
    )
    share = arguments.per_device_train_batch_size * arguments.steps_per_generation
    if share % arguments.num_generations:  # can be so under several ranks only
        raise UserError(
            f"rl.trainer: per_device_train_batch_size x steps_per_generation is {share}, no "
            f"multiple of num_generations {arguments.num_generations}: ranks would share a group"
        )
    sampling = {"temperature": arguments.temperature, "top_p": 1.0, "seed": config.seed}
    judge = Judge(
        settings.rewards,
        knowledge,
        run,
        tokenizer.eos_token_id,
        arguments.num_generations,
        settings.log,
        sampling,
    )
    arguments.reward_weights = judge.function_weights()
    lora = None
    if settings.lora:
        from peft import LoraConfig

        lora = LoraConfig(**settings.lora)
    zero3 = is_deepspeed_zero3_enabled()
    if lora and zero3 and settings.rehearsal and arguments.gradient_checkpointing:
        # TRL makes it reentrant: gradients then come once for every forward pass, DeepSpeed fails.
        raise UserError(
            "rl.lora: under ZeRO-3 rehearsal does not go with gradient checkpointing; give "
            "rl.trainer.gradient_checkpointing=false, rl.zero=2 or rl.rehearsal=0"
        )
    fast = settings.fast and is_fast(model) and not zero3 and lora is None
    trainer = RecallTrainer(
        model=model,
        processing_class=tokenizer,
        args=arguments,
        train_dataset=Dataset.from_list(
            [{"prompt": render(q, MODE, knowledge), "question_id": q.id} for q in evenly(questions)]
        ),
        reward_funcs=judge.functions(),
        rollout_func=_fast_rollouts(tokenizer, arguments, config.seed) if fast else None,
        peft_config=lora,
        rehearsal=Batches(
            rehearse,
            tokenizer,
            10_000,
            settings.rehearsal_tokens,
            parts=2,
            seed=config.seed,
        )
        if settings.rehearsal
        else None,
        weight=settings.rehearsal,
    )
    report_progress(trainer, run)
    if settings.probe_every and not zero3:
        trainer.add_callback(_probe(config, run, sets, model, tokenizer))
    trainer.train(resume_from_checkpoint=resume or None)
    trainer.save_model(str(run.path))
    counts = torch.tensor([[judge.logged, judge.seen]], device=trainer.accelerator.device)
    logged, seen = trainer.accelerator.gather(counts).sum(dim=0).tolist()
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(run.path)
        run.finish(
            seconds=round(time.monotonic() - started, 1),
            rollouts={"logged": logged, "of": seen},
        )


def evenly(questions: list[Question]) -> list[Question]:
    """The questions, those of rarer kinds repeated: every kind is asked about equally often."""
    kinds: dict[str, list[Question]] = {}
    for question in questions:
        kinds.setdefault(question.kind, []).append(question)
    most = max(map(len, kinds.values()))
    return [q for group in kinds.values() for q in islice(cycle(group), most)]


def _fast_rollouts(tokenizer: PreTrainedTokenizerBase, arguments: GRPOConfig, seed: int) -> Any:
    def rollouts(prompts: list[str], trainer: GRPOTrainer) -> dict[str, Any]:
        place = trainer.accelerator.process_index
        made = generate(
            trainer.accelerator.unwrap_model(trainer.model_wrapped),
            tokenizer,
            prompts,
            arguments.max_completion_length,
            arguments.temperature,
            seeded("rollout", seed, trainer.state.global_step, place).getrandbits(31),
        )
        return {
            "prompt_ids": [tokenizer(prompt).input_ids for prompt in prompts],
            "completion_ids": [generation.ids for generation in made],
            "logprobs": None,
        }

    return rollouts


def _probe(
    config: Config,
    run: Run,
    sets: dict[str, KnowledgeSet],
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> TrainerCallback:
    """Asks the same few held-out questions of every set now and then, for the learning curve."""
    asked = {}
    for name, knowledge in sets.items():
        for kind in config.rl.kinds:
            pool = knowledge.select(kind=kind, split="holdout")
            rng = random.Random(config.seed)
            asked[name, kind] = rng.sample(pool, min(config.rl.probe, len(pool)))
    identity = {"run": str(run.path), "arm": run.path.name, "stage": "probe"}

    def probe(step: int) -> None:
        line: dict[str, Any] = {"step": step}
        for (name, kind), questions in asked.items():
            if not questions:
                continue
            records = answer_questions(
                model,
                tokenizer,
                sets[name],
                questions,
                MODE,
                config.eval.budgets[MODE],
                {**identity, "step": step},
            )
            line[f"probe/{name}/{kind}"] = sum(r.correct for r in records) / len(records)
        run.log(line)

    class Probe(TrainerCallback):
        def on_train_begin(self, args, state, control, **_):
            if state.is_world_process_zero and state.global_step == 0:
                probe(0)

        def on_step_end(self, args, state, control, **_):
            if state.is_world_process_zero and state.global_step % config.rl.probe_every == 0:
                probe(state.global_step)

    return Probe()

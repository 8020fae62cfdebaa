"""Estimate the memory of each stage of a recipe's study; memory.py has the formulas.

The model's numbers come from its config alone: a model on torch's meta device has shapes and no
weights. Sizes of micro-batches come from the recipe's own documents and questions, in the tokens
of the model.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedTokenizerBase

from rlrecall.evaluation.evaluate import MAX_LOGITS
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.models import smollm2
from rlrecall.models.generate import MAX_PROMPT_TOKENS
from rlrecall.models.loading import load_settings, load_tokenizer
from rlrecall.models.sources import lora_base, model_path
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.arms import select_arms
from rlrecall.runs.config import Config
from rlrecall.runs.sets import sets_of
from rlrecall.study.memory import (
    GPU_PROCESS,
    Bytes,
    Numeric,
    Ranks,
    Rows,
    Shape,
    forced_choice,
    generation,
    grpo,
    language_modeling,
    states,
    together,
)
from rlrecall.study.preconditions import longest_prompt
from rlrecall.study.stages import training_documents, training_questions
from rlrecall.training.arguments import device_arguments, lm_arguments
from rlrecall.training.loop import IGNORED, PARTS, Batches, DocumentSampler
from rlrecall.training.practice import practice_mixture
from rlrecall.training.rl import REHEARSAL_PARTS
from rlrecall.training.rl_arguments import grpo_arguments

STEPS = 40  # of a stage's documents that are drawn, spread over the stage


@dataclass(frozen=True)
class Opened:
    """A model without weights: its numbers, tokenizer, and bytes of a weight as saved."""

    shape: Shape
    adapters: int  # parameters that rl.lora trains; 0 without it
    tokenizer: PreTrainedTokenizerBase
    saved: int


def open_model(config: Config) -> Opened:
    """The recipe's base. UserError or OSError if its config or tokenizer cannot be had."""
    path, files = config.base, {}
    if path == smollm2.NAME and not smollm2.converted().exists():
        file = smollm2.packaged_file()
        path, files = str(file.parent), {"gguf_file": file.name}
    else:
        path = model_path(path, "base")
        path = (lora_base(path) if Path(path).is_dir() else None) or path
    settings = load_settings(path, config.model, **files)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(settings, trust_remote_code=False)
        parameters, adapters = model.num_parameters(), 0
        if config.rl.lora:
            adapted = get_peft_model(model, LoraConfig(**config.rl.lora))
            adapters = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    text: Any = settings.get_text_config()
    heads = text.num_attention_heads
    shape = Shape(
        parameters,
        text.hidden_size,
        text.num_hidden_layers,
        heads,
        getattr(text, "num_key_value_heads", None) or heads,
        getattr(text, "head_dim", None) or text.hidden_size // heads,
        getattr(text, "intermediate_size", None) or 4 * text.hidden_size,
        text.vocab_size,
    )
    saved = 2 if settings.dtype in (torch.bfloat16, torch.float16) else 4
    return Opened(shape, adapters, load_tokenizer(path, config.model, **files), saved)


class Estimator:
    """Estimates of the stages of one recipe on one machine.

    `ranks` processes share `rl`; other stages run in one. `gpu_bytes` is the memory of a GPU, None
    where stages run on the CPU.
    """

    def __init__(self, config: Config, model: Opened, ranks: int, gpu_bytes: int | None):
        self.config, self.model, self.ranks, self.gpu_bytes = config, model, ranks, gpu_bytes
        self.sets = sets_of(config)
        self.tokens = TokenFormat(model.tokenizer)
        self.arms = select_arms(config.study.arms)

    def stages(self) -> dict[str, Bytes]:
        """The parts of the peak of each stage that the study would run, in bytes a process."""
        config, found = self.config, {}
        trained = {arm.stage for arm in self.arms}
        if config.practice.steps:
            found["practice"] = self._trained("practice", practice_mixture(config))
        if "sft" in trained:
            found["sft"] = self._trained("sft", training_documents(config, self.sets, True))
        if "warmup" in trained:
            found["warmup"] = self._trained("warmup", training_documents(config, self.sets, False))
        if "rl" in trained:
            found["rl"] = self._rl()
        modes = sorted({mode for arm in self.arms for mode in arm.modes})
        found["evaluation"] = self._evaluated(modes)
        return found

    @property
    def process(self) -> float:
        """What a process holds before it loads a model; on a CPU as measured now, in this one."""
        if self.gpu_bytes is not None:
            return GPU_PROCESS
        status = Path("/proc/self/status").read_text()
        resident = re.search(r"VmRSS:\s+(\d+)", status)
        return 1024 * int(resident[1]) if resident else 0.0

    def _numeric(
        self, trainer: dict[str, Any], trains: bool = True, lora: bool = False, zero: int = 0
    ) -> Numeric:
        gpu = self.gpu_bytes is not None
        half = bool(trainer.get("bf16") or trainer.get("fp16"))
        as_saved = lora or (gpu and not trains)
        weights = {"float32": 4, None: self.model.saved if as_saved else 4}.get(
            self.config.model.dtype, 2
        )
        if zero and half:  # DeepSpeed converts the model
            weights = 2
        return Numeric(
            weights=weights,
            compute=2 if (half and trains) or weights == 2 else 4,
            trained=4 if lora and not (zero and half) else weights,
            fused=(self.config.model.attention or ("sdpa" if gpu else "eager")) != "eager",
            tiled=gpu,
            checkpointing=bool(
                trainer.get("activation_checkpointing") or trainer.get("gradient_checkpointing")
            ),
        )

    def _drawn(
        self, draw: DocumentSampler, steps: int, tokens: int, parts: int
    ) -> list[list[Rows]]:
        """The micro-batches of STEPS steps, spread evenly over `steps`, the last ones too."""
        seed = self.config.seed
        batches = Batches(draw, self.model.tokenizer, steps, tokens, parts, seed)
        chosen = {*range(0, steps, max(1, steps // STEPS)), *range(max(0, steps - 3), steps)}
        return [[_rows(part) for part in batches.micro_batches(step)] for step in sorted(chosen)]

    def _ranks(self) -> Ranks:
        return Ranks(self.ranks, self.config.zero if self.ranks > 1 else 0)

    def _trained(self, stage: str, draw: DocumentSampler) -> Bytes:
        settings = getattr(self.config, stage)
        shape = self.model.shape
        ranks, parts = self._ranks(), -(-PARTS // self.ranks) * self.ranks
        trainer = lm_arguments(self.config, stage, Path(), parts).to_dict()
        numeric = self._numeric(trainer, zero=ranks.zero)
        steps = self._drawn(draw, settings.steps, settings.tokens, parts)
        moments = [language_modeling(shape, numeric, [rows for step in steps for rows in step])]
        if stage == "practice":  # it is tested in between
            moments += self._asked(numeric, ["context", "context-think"])
        kept = states(shape, shape.parameters, numeric, ranks, self.gpu_bytes is not None)
        return together(self.process, kept, *moments)

    def _rl(self) -> Bytes:
        config, shape = self.config, self.model.shape
        arguments: Any = grpo_arguments(config, Path())
        lora = bool(self.model.adapters)
        ranks = self._ranks()
        numeric = self._numeric(arguments.to_dict(), lora=lora, zero=ranks.zero)
        knowledge = self.sets[config.rl.set]
        questions = training_questions(config, self.sets)
        longest = longest_prompt(self.tokens, knowledge, questions, "think")
        rows, new = arguments.per_device_train_batch_size, arguments.max_completion_length
        draw = training_documents(config, self.sets, False)
        optimizer_steps = arguments.max_steps if arguments.max_steps > 0 else STEPS
        steps = optimizer_steps * arguments.gradient_accumulation_steps
        rehearsed = self._drawn(draw, steps, config.rl.rehearsal_tokens, REHEARSAL_PARTS)
        together_with = rehearsed if config.rl.rehearsal else []
        moments = [grpo(shape, numeric, Rows(rows, longest + new), together_with)]
        trained, gpu = self.model.adapters or shape.parameters, self.gpu_bytes is not None
        kept = dict(states(shape, trained, numeric, ranks, gpu))
        if not arguments.use_vllm:
            asked = _batch(rows * arguments.steps_per_generation, longest)
            rollouts = dict(generation(shape, numeric, asked, new))
            if ranks.zero == 3:  # TRL gathers the whole model on every rank
                rollouts["weights"] = shape.parameters * numeric.weights
            moments.append(rollouts)
        elif arguments.vllm_mode == "colocate":
            kept["cache"] = arguments.vllm_gpu_memory_utilization * (self.gpu_bytes or 0)
        return together(self.process, kept, *moments)

    def _evaluated(self, modes: Iterable[str]) -> Bytes:
        numeric = self._numeric(device_arguments(), trains=False)
        weights = {"weights": self.model.shape.parameters * numeric.weights}
        return together(self.process, weights, *self._asked(numeric, modes))

    def _asked(self, numeric: Numeric, modes: Iterable[str]) -> list[Bytes]:
        """What asking every set in each mode adds."""
        settings, shape = self.config.eval, self.model.shape
        moments: list[Bytes] = []
        for mode, name, split in product(modes, settings.sets, settings.splits):
            knowledge = self.sets[name]
            questions = [q for q in knowledge.select(split=split) if q.kind in settings.kinds]
            if not questions:
                continue
            longest = longest_prompt(self.tokens, knowledge, questions, mode)
            asked = _batch(len(questions), longest)
            moments.append(generation(shape, numeric, asked, settings.budgets[mode]))
            if mode == "direct":
                answers = self._answers(knowledge, questions, longest)
                moments.append(forced_choice(shape, numeric, answers))
        return moments

    def _answers(self, knowledge: KnowledgeSet, questions: list[Question], longest: int) -> Rows:
        options = [option for q in questions if q.kind != "recall" for option in q.options]
        words = {len(self.tokens.continuation(f"{option}.")) for option in set(options)}
        length = longest + max(words, default=0)
        most = MAX_LOGITS // (length * self.model.shape.vocabulary)
        return Rows(min(len(options), 512, max(1, most)), length)


def _rows(batch: dict[str, torch.Tensor]) -> Rows:
    rows, length = batch["input_ids"].shape
    return Rows(rows, length, int((batch["labels"] != IGNORED).sum()))


def _batch(questions: int, longest: int) -> Rows:
    """The largest batch that `generate` makes of so many prompts."""
    return Rows(min(questions, 512, max(1, MAX_PROMPT_TOKENS // longest)), longest)

"""Next-token training on documents sampled on the fly; pretrain, sft and warmup use it."""

import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
)

from rlrecall.knowledge.core import seeded
from rlrecall.models.loading import room_of
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run
from rlrecall.training.arguments import lm_arguments
from rlrecall.training.callbacks import add_callbacks, drop_steps
from rlrecall.training.distributed import ranks
from rlrecall.training.documents import EOS, Document

IGNORED = -100  # label of a position that the loss skips
PARTS = 5  # micro-batches of a step, unless a recipe or the number of ranks says otherwise
# A question, perhaps after a context, and its answer, which follows the first "A:" or "Think:".
QUESTION = re.compile(r"((?:Facts: .*? )?Q: .*? (?:A|Think):) (.*)", re.DOTALL)

# Takes a random generator and the progress of training (0 to 1).
DocumentSampler = Callable[[random.Random, float], Document]


def encode(document: Document, tokens: TokenFormat) -> tuple[list[int], list[int]]:
    """Token ids and labels of a document; labels are IGNORED in segments with learn=False.

    In a chat, documents of questions with answers are messages, and the answers are learned.

    EOS at the end of a segment becomes the tokenizer's own. The first token has no label because
    no position predicts it.
    """
    if tokens.chat:
        parts = "".join(f"{text} " for text, _ in document).split(EOS)
        turns = [QUESTION.fullmatch(part.strip()) for part in parts if part.strip()]
        if turns and all(turns):
            return _encode_chat([turn.groups() for turn in turns if turn], tokens)
        tokens = tokens.plain
    ids = list(tokens.start)
    labels = [IGNORED] * len(ids)
    for i, (text, learn) in enumerate(document):
        words = text.removesuffix(EOS).rstrip()
        piece = tokens.continuation(words) if i else tokens.prompt(words)[len(ids) :]
        if text.endswith(EOS):
            piece = [*piece, tokens.end]
        ids += piece
        labels += piece if learn else [IGNORED] * len(piece)
    return ids, [IGNORED, *labels[1:]]


def _encode_chat(
    turns: list[tuple[str | Any, ...]], tokens: TokenFormat
) -> tuple[list[int], list[int]]:
    ids: list[int] = []
    labels: list[int] = []
    for asked, answer in turns:
        head = tokens.further_question(asked) if ids else tokens.prompt(asked)
        tail = [*tokens.continuation(answer), tokens.end]
        ids += head + tail
        labels += [IGNORED] * len(head) + tail
    return ids, [IGNORED, *labels[1:]]


def pad(rows: list[tuple[list[int], list[int]]], pad_id: int) -> dict[str, torch.Tensor]:
    """Right-padded `input_ids` and `labels`, both (rows, longest).

    No attention mask is needed: attention is causal, so no token sees the padding to its right.
    """
    longest = max(len(ids) for ids, _ in rows)
    return {
        "input_ids": torch.tensor([ids + [pad_id] * (longest - len(ids)) for ids, _ in rows]),
        "labels": torch.tensor([lab + [IGNORED] * (longest - len(lab)) for _, lab in rows]),
    }


class Batches(Dataset):
    """Micro-batches, `parts` of them per optimizer step; item i depends on (seed, i) alone.

    The documents of a step are sorted by length and split so that padding is minimal: a micro-batch
    holds documents of similar length, while every step sees the whole mixture. Raises UserError for
    a document of more tokens than `room`.
    """

    def __init__(
        self,
        draw: DocumentSampler,
        tokenizer: PreTrainedTokenizerBase,
        steps: int,
        tokens: int,
        parts: int = PARTS,
        seed: int = 0,
        room: int | None = None,
    ):
        self.draw, self.format, self.seed = draw, TokenFormat(tokenizer), seed
        self.pad_id: Any = tokenizer.pad_token_id
        self.steps, self.tokens, self.parts, self.room = steps, tokens, parts, room
        self._step = -1
        self._micro_batches: list[dict[str, torch.Tensor]] = []

    def __len__(self) -> int:
        return self.steps * self.parts

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        step, part = divmod(i, self.parts)
        return self.micro_batches(step)[part]

    def micro_batches(self, step: int) -> list[dict[str, torch.Tensor]]:
        if step != self._step:
            self._step, self._micro_batches = step, self._sample_step(step)
        return self._micro_batches

    def check_room(self) -> None:
        """UserError if a document does not fit the model; the longest ones come last."""
        for step in range(max(0, self.steps - 3), self.steps):
            self.micro_batches(step)

    def _sample_step(self, step: int) -> list[dict[str, torch.Tensor]]:
        rng = seeded("batches", self.seed, step)
        rows: list[tuple[list[int], list[int]]] = []
        size = 0
        while size < self.tokens or len(rows) < self.parts:
            rows.append(encode(self.draw(rng, step / self.steps), self.format))
            size += len(rows[-1][0])
            if self.room is not None and len(rows[-1][0]) > self.room:
                raise UserError(
                    f"model: a document has {len(rows[-1][0])} tokens, the model has room for "
                    f"{self.room}; use smaller sets or a model that reads longer texts"
                )
        rows.sort(key=lambda row: len(row[0]))
        cuts = partition_by_length([len(ids) for ids, _ in rows], self.parts)
        return [pad(rows[a:b], self.pad_id) for a, b in pairwise(cuts)]


def partition_by_length(lengths: list[int], parts: int) -> list[int]:
    """Split ascending `lengths` into `parts` groups with the least padding.

    Returns the parts + 1 boundaries, 0 and len(lengths) included. A group costs its number of rows
    x its longest row. Raises ValueError if there are fewer lengths than parts.
    """
    n = len(lengths)
    if n < parts:
        raise ValueError(f"{n} documents cannot fill {parts} parts")
    best = {0: (0, [0])}  # end -> (padded tokens of the rows before it, their boundaries)
    for part in range(1, parts + 1):
        extended = {}
        for end in [n] if part == parts else range(part, n):
            cost, start = min(
                (before + (end - start) * lengths[end - 1], start)
                for start, (before, _) in best.items()
                if start < end
            )
            extended[end] = (cost, [*best[start][1], end])
        best = extended
    return best[n][1]


def causal_lm_loss(
    model: PreTrainedModel, batch: dict[str, torch.Tensor], items: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Cross entropy of the labeled tokens, summed and divided by `items` (None: their number).

    The output layer runs only on positions that predict a labeled token: in a small model with a
    large vocabulary it is the most expensive layer, and about half of all positions have no label.
    """
    labels = batch["labels"][:, 1:]
    labeled = labels != IGNORED

    def labeled_only(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        return (inputs[0][:, :-1][labeled],)

    unwrapped = getattr(model, "module", model)  # DistributedDataParallel and DeepSpeed wrap it
    hook = unwrapped.get_output_embeddings().register_forward_pre_hook(labeled_only)
    try:
        logits = model(input_ids=batch["input_ids"], use_cache=False).logits
    finally:
        hook.remove()
    loss = torch.nn.functional.cross_entropy(logits.float(), labels[labeled], reduction="sum")
    return loss / (max(1, len(logits)) if items is None else items)


class CausalLMTrainer(Trainer):
    """Trainer with `causal_lm_loss`: the mean over a step's labeled tokens, all ranks."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        loss = causal_lm_loss(model, inputs, num_items_in_batch)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return loss


def train_lm(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    draw: DocumentSampler,
    run: Run,
    config: Config,
    stage: str,
    resume: bool = False,
    parts: int = PARTS,
    callbacks: Sequence[TrainerCallback] = (),
) -> Trainer:
    """Train `model` in place by the settings of a stage; a step has about `tokens` tokens.

    They are read in `parts` micro-batches, or a few more, so that every rank reads equally many:
    a step is the same however many ranks there are. Unless the recipe says how to save, a step is
    saved every ten minutes.
    """
    settings, parts = getattr(config, stage), -(-parts // ranks()) * ranks()
    how = (settings.steps, settings.tokens, parts, config.seed, room_of(model.config))
    batches = Batches(draw, tokenizer, *how)
    batches.check_room()
    trainer = CausalLMTrainer(
        model=model,
        args=lm_arguments(config, stage, run.path, parts),
        train_dataset=batches,
        data_collator=lambda items: items[0],
    )
    add_callbacks(trainer, run, settings.trainer)
    for callback in callbacks:
        trainer.add_callback(callback)
    trainer.train(resume_from_checkpoint=resume or None)
    return trainer


def finish_stage(
    trainer: Trainer,
    tokenizer: PreTrainedTokenizerBase,
    run: Run,
    settings: Mapping[str, Any],
    started: float,
    **facts: Any,
) -> None:
    """Save the model, gathered from all ranks, and mark the run as done; the ranks wait for it.

    `settings` are the recipe's `trainer` settings; `started` is a time.monotonic().
    """
    trainer.save_model(str(run.path))
    if trainer.is_world_process_zero():
        (run.path / "training_args.bin").unlink(missing_ok=True)  # a pickle that nothing reads
        tokenizer.save_pretrained(run.path)
        run.finish(seconds=round(time.monotonic() - started, 1), **facts)
        drop_steps(run, settings)
    trainer.accelerator.wait_for_everyone()

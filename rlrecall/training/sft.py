"""Knowledge SFT: teach a model the facts of all sets while it replays documents of the base."""

import random
import time
from collections.abc import Iterable

from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.models.loading import load_model
from rlrecall.runs.config import Config
from rlrecall.runs.folder import Run
from rlrecall.training.documents import Document, knowledge_document
from rlrecall.training.loop import DocumentSampler, finish_stage, train_lm


def knowledge_mixture(
    sets: Iterable[KnowledgeSet], base: DocumentSampler, replay: float
) -> DocumentSampler:
    """Documents that state facts of the sets; the share `replay` (0 to 1) comes from `base`."""
    sets = list(sets)

    def draw(rng: random.Random, progress: float) -> Document:
        if rng.random() < replay:
            return base(rng, 1.0)
        return knowledge_document(rng.choice(sets), rng)

    return draw


def sft(config: Config, run: Run, parent: str, draw: DocumentSampler, resume: bool = False) -> None:
    """Fine-tune the model at `parent` on documents from `draw` into `run`."""
    started = time.monotonic()
    model, tokenizer = load_model(parent, config.model)
    trainer = train_lm(model, tokenizer, draw, run, config, "sft", resume)
    finish_stage(trainer, tokenizer, run, config.sft.trainer, started)

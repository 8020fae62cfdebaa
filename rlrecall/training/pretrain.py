"""Train the embedded base: a small Llama that reads, chains and reverses facts in its context.

It reads random worlds in the language of the knowledge sets. It also memorizes a few worlds that
only pretraining uses, and thinks about them without a context, as any language model has done
before RL. Its training text contains no fact of the knowledge sets.
"""

import hashlib
import json
import random
import time
from dataclasses import replace
from pathlib import Path

import torch
from huggingface_hub import ModelCardData

from rlrecall.knowledge.build import knowledge_sets, pretraining_worlds
from rlrecall.knowledge.formats.templating import fill_template
from rlrecall.models.loading import save_model
from rlrecall.models.sources import weights_digest
from rlrecall.models.tiny import copy_weights, tiny_model, tiny_tokenizer
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run, write_atomically
from rlrecall.training.documents import (
    Document,
    context_document,
    knowledge_document,
    restated_document,
    thought_document,
)
from rlrecall.training.implant import implant
from rlrecall.training.loop import DocumentSampler, encode, train_lm
from rlrecall.training.priming import prime

IMPLANTED = ("navigation",)  # families that implanted heads are fitted to
CARD_TEMPLATE = Path(__file__).with_name("model_card.md.j2")


def forbidden_sentences(config: Config) -> frozenset[str]:
    """Sentences that the knowledge sets state or entail, case folded; the base reads none."""
    return frozenset(
        sentence
        for seed in {*config.pretrain.exclude_seeds, config.data_seed}
        for knowledge in knowledge_sets(seed, config.data.size, config.data.families).values()
        for sentence in (*knowledge.statements, *knowledge.conclusions)
    )


def base_mixture(config: Config, thoughts: bool = True) -> DocumentSampler:
    """Samples the base's documents: worlds in context, facts of its own worlds, thoughts on those.

    All are of the families in `config.data`. Without `thoughts`, facts replace them. UserError if
    the base knows no world of these families by heart and `pretrain.context` is not 1.
    """
    shares, families = config.pretrain, config.data.families
    worlds = [world for world in pretraining_worlds(families).values() if world.facts]
    if not worlds and shares.context < 1:
        raise UserError(
            f"pretrain.context: {shares.context:g} is not 1, but no world of pretraining has "
            f"{' or '.join(families)}"
        )
    forbidden = forbidden_sentences(config)

    def draw(rng: random.Random, progress: float) -> Document:
        kind = rng.random()
        if kind < shares.context or progress < shares.focus:
            grown = max(0.0, progress - shares.focus) / (shares.grow - shares.focus)
            scale = min(1.0, shares.small + (1 - shares.small) * grown)
            if rng.random() < shares.restated:
                return restated_document(rng, forbidden, scale, families)
            return context_document(rng, forbidden, scale, families)
        world = rng.choice(worlds)
        if kind < shares.context + shares.knowledge or not thoughts:
            return knowledge_document(world, rng)
        return thought_document(world, rng, shares.reasoned)

    return draw


def pretrain(config: Config, run: Run, parent: str | None = None, resume: bool = False) -> None:
    """Train into `run` from scratch, or from `parent`, whose vocabulary may be smaller.

    With `pretrain.implant` some heads of the parent are replaced first (implant.py). `resume`
    continues a killed run from its last saved step.
    """
    started = time.monotonic()
    settings = config.pretrain
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, config.seed, **settings.model)
    if parent:
        copy_weights(model, tokenizer, parent)
        if settings.implant:
            rng, forbidden = random.Random(config.seed), forbidden_sentences(config)
            contexts = [context_document(rng, forbidden, 0.5, IMPLANTED) for _ in range(250)]
            tokens = TokenFormat(tokenizer)
            torch.manual_seed(config.seed)
            implant(model, tokenizer, [encode(document, tokens)[0] for document in contexts])
    else:
        prime(model)
    draw = base_mixture(config)
    saving = {"save_strategy": "steps", "save_steps": 500, "save_total_limit": 1}
    resumable = replace(settings, trainer={**saving, **settings.trainer})
    config = replace(config, pretrain=resumable)
    train_lm(model, tokenizer, draw, run, config, "pretrain", resume, settings.parts)
    save_model(model, tokenizer, run.path)
    run.finish(
        seconds=round(time.monotonic() - started),
        tokens=settings.steps * settings.tokens,
        parameters=model.num_parameters(),
        exclude_seeds=settings.exclude_seeds,
        weights=weights_digest(str(run.path)),
        mixture=mixture_digest(draw, config.seed),
    )
    write_atomically(run.path / "README.md", model_card(run))


def model_card(run: Run) -> str:
    """The model's card in Markdown, from the manifest of its run."""
    data = ModelCardData(license="mit", library_name="transformers", tags=["rlrecall"])
    names = {"name": run.path.name, "path": run.path}
    return fill_template(CARD_TEMPLATE, card_data=data, **names, **run.manifest)


def mixture_digest(draw: DocumentSampler, seed: int, documents: int = 1000) -> str:
    """SHA-256 of the first documents of the stream; identifies the data in a model card."""
    rng = random.Random(seed)
    texts = [json.dumps(draw(rng, i / documents)) for i in range(documents)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()

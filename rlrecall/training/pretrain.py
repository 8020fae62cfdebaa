"""Train the embedded base: a small Llama that reads, chains and reverses facts in its context.

It learns from random worlds of the same language as the knowledge sets, and by heart from a few
worlds that only pretraining has, so that, like any language model, it has thought from memory
before. It never reads a fact of the knowledge sets.
"""

from __future__ import annotations

import hashlib
import json
import random
import time

import torch

from rlrecall.knowledge.build import knowledge_sets, pretraining_worlds
from rlrecall.models.loading import save_model
from rlrecall.models.tiny import copy_weights, tiny_model, tiny_tokenizer
from rlrecall.runs.config import Config
from rlrecall.runs.folder import Run, weights_digest, write_atomically
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


def forbidden_sentences(config: Config) -> frozenset[str]:
    """What the knowledge sets state and entail, case folded: no world of the base's says it."""
    return frozenset(
        sentence
        for seed in {*config.pretrain.exclude_seeds, config.data_seed}
        for knowledge in knowledge_sets(seed, config.data.size, config.data.families).values()
        for sentence in (*knowledge.statements, *knowledge.conclusions)
    )


def base_mixture(config: Config, thoughts: bool = True) -> DocumentSampler:
    """The base's documents: worlds in context, its own worlds' facts, and thoughts about those.

    All are of the families in `config.data`. Without `thoughts`, facts take their place.
    """
    shares, families = config.pretrain, config.data.families
    worlds = list(pretraining_worlds(families).values())
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
    """Train from scratch, or on from `parent`, which may know fewer words, into `run`.

    With `pretrain.implant` the parent gets new heads first (implant.py). A killed run continues
    from its last saved step.
    """
    started = time.monotonic()
    shares = config.pretrain
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, config.seed, **shares.model)
    if parent:
        copy_weights(model, tokenizer, parent)
        if shares.implant:
            rng, said = random.Random(config.seed), forbidden_sentences(config)
            contexts = [context_document(rng, said, 0.5, IMPLANTED) for _ in range(250)]
            torch.manual_seed(config.seed)
            implant(model, tokenizer, [encode(document, tokenizer)[0] for document in contexts])
    else:
        prime(model)
    draw = base_mixture(config)
    train_lm(
        model,
        tokenizer,
        draw,
        run,
        shares.steps,
        shares.tokens,
        config.seed,
        {"save_strategy": "steps", "save_steps": 500, "save_total_limit": 1, **shares.trainer},
        parts=shares.parts,
        resume=resume,
    )
    save_model(model, tokenizer, run.path)
    run.finish(
        seconds=round(time.monotonic() - started),
        tokens=shares.steps * shares.tokens,
        parameters=model.num_parameters(),
        exclude_seeds=shares.exclude_seeds,
        weights=weights_digest(str(run.path)),
        mixture=mixture_digest(draw, config.seed),
    )
    write_atomically(run.path / "README.md", model_card(run))


def model_card(run: Run) -> str:
    """The model's card, from the manifest of its run."""
    facts = run.manifest
    machine = facts["hardware"]
    gpus = f", {machine['gpus']}" if "gpus" in machine else ""
    start = "random weights, primed"
    if facts["parent"]:
        start = f"{facts['parent']}, weights (SHA-256) `{facts['parent_weights']}`"
    return f"""# {run.path.name}

A {facts["parameters"] / 1e6:.2f}M-parameter Llama trained from scratch on the synthetic language of
rlrecall, with a word-level tokenizer: on worlds in context and, by heart, on the worlds P1 to P8
that pretraining has of its own, about which it also thinks aloud. What it can do with a context
and what without is measured by the study (arm base in docs/RESULTS.md). No sentence that the
knowledge sets A to D of the seeds {facts["exclude_seeds"]} state or entail was in its training
text. Made for experiments on recall; it speaks no natural language.

| | |
|---|---|
| command | `{facts["command"]}` |
| from | {start} |
| code | {facts["git"]} |
| seed | {facts["seed"]} |
| tokens | {facts["tokens"]:,} |
| wall time | {facts["seconds"]:,} s |
| hardware | {machine["processor"]}, {machine["cores"]} cores used{gpus} |
| data (SHA-256 of the first 1,000 documents) | `{facts["mixture"]}` |
| weights (SHA-256) | `{facts["weights"]}` |

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("{run.path}")
model = AutoModelForCausalLM.from_pretrained("{run.path}")
prompt = "Facts: all dax are fep. Q: What are all dax? A:"
```
"""


def mixture_digest(draw: DocumentSampler, seed: int, documents: int = 1000) -> str:
    """SHA-256 over the first documents of the stream: the data set's identity in a model card."""
    rng = random.Random(seed)
    texts = [json.dumps(draw(rng, i / documents)) for i in range(documents)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()

"""New heads for a trained tiny model: what finds a way by a place that it passes.

In "the way from Mora to Dela goes east to Rum then east to Fep then north to Dela." Fep stands ten
words behind the place where the way begins. A thought about how to get to Fep states that way, so it
begins with a word that is found ten places before the asked one, and nothing else in the language
needs that: a model trained for long had not come to it (docs/LOG.md). So heads that it hardly uses
are overwritten: some look back as far as the asked word stands behind a thought, others compare it
with the places that are passed and copy the word ten before. Training goes on from there and may
change every weight.

What the words look like within a trained model is not known as it is at the start, so how to read
them is fitted to its own activations by least squares. No knowledge is put in: the fit tells words
apart and nothing of what is said with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from rlrecall.priming import look_back, orthogonal, slow_dimensions

Mark = tuple[str, int]  # a word, and how many places before


@dataclass(frozen=True)
class Finder:
    """A head that compares the word `asked` places back with words behind the mark `passed`.

    It copies the word `copied` places before the match; it is fitted where `asking` stands.
    """

    asked: int
    asking: Mark
    passed: Mark
    copied: int


# (layer, head): how far back it looks. Without any one of these heads or of FINDERS', the loss of
# the base of five parts (0.162) is at most 0.003 higher (docs/LOG.md).
LOOKERS = {(0, 7): 10, (1, 1): 7, (1, 7): 24}
# "What is the way from Fep to Rum? Think: the way from" has Fep 7 back, and when the first way is
# told, Rum 24. Behind "goes" the second place on a way is the seventh word.
FINDERS = {
    (2, 6): Finder(asked=7, asking=("Think:", 3), passed=("goes", 7), copied=10),
    (2, 7): Finder(asked=24, asking=("Think:", 22), passed=("goes", 7), copied=10),
}
SKIPPED = 24  # first words of a document, that have too few before them
UNSURE = 0.05  # of the old weights stay where new ones are laid over them


@torch.no_grad()
def implant(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    documents: Sequence[list[int]],
    match: float = 16.0,
    passing: float = 10.0,
    copies: float = 8.0,
    looked: float = 1.5,
) -> None:
    """Overwrite LOOKERS and FINDERS in place, deterministically from torch's seed.

    `documents` are token ids of contexts in which such questions are asked. A right match is worth
    `match` logits, being a word behind the mark `passing`; what is copied is written with
    `copies`, what is looked back at with `looked` times the strength of the first layer's heads.
    """
    words = torch.tensor([word for row in documents for word in row[SKIPPED:]])
    first: Any = model.model.layers[0]
    size = first.self_attn.head_dim
    embedded: Any = model.get_input_embeddings().weight
    # A word's code is what the first head of the first layer takes of it.
    code = first.input_layernorm(embedded) @ first.self_attn.v_proj.weight[:size].T
    code = code - code[words].mean(0)
    code = code / code[words].square().mean().sqrt()
    spoken = words.unique()
    to_word = torch.linalg.lstsq(code[spoken], embedded[spoken] - embedded[spoken].mean(0)).solution
    to_word *= math.sqrt(size) / to_word.norm()
    strength = looked * first.self_attn.o_proj.weight[:, 3 * size : 4 * size].norm()

    def before(distance: int) -> torch.Tensor:
        """(words,), the words that are `distance` before each."""
        rows = (row[SKIPPED - distance : len(row) - distance] for row in documents)
        return torch.tensor([word for row in rows for word in row])

    def behind(mark: Mark) -> torch.Tensor:
        """(words,), whether the word at the mark's distance before each is the mark's."""
        return before(mark[1]) == tokenizer.convert_tokens_to_ids(mark[0])

    for layer in range(len(model.model.layers)):
        seen = _seen(model, layer, documents)
        attention: Any = model.model.layers[layer].self_attn
        for (at, head), distance in LOOKERS.items():
            if at == layer:
                rows = _clear(attention, head)
                look_back(attention, head, distance)
                _set(attention.v_proj, rows, *_fit(seen, code[words]))
                output = orthogonal(size, len(embedded[0])).T
                attention.o_proj.weight[:, rows] = output * strength / output.norm()
        for (at, head), finder in FINDERS.items():
            if at == layer:
                rows = _clear(attention, head)
                asking, passed = behind(finder.asking), behind(finder.passed)
                slow = slow_dimensions(model.config)
                gain = math.sqrt(match * math.sqrt(size) / len(slow))
                shared = gain * orthogonal(len(slow), size)
                asked = _fit(seen[asking], code[before(finder.asked)][asking])
                found = _fit(seen, code[words])
                marked = _fit(seen, passed[:, None].float())
                favour = torch.nn.functional.normalize(torch.randn(len(slow), 1), dim=0)
                favour *= math.sqrt(passing * math.sqrt(size))
                compared = [head * size + i for i in slow]
                attention.q_proj.weight[compared] += shared @ asked[0]
                attention.q_proj.bias[compared] += shared @ asked[1] + favour[:, 0]
                attention.k_proj.weight[compared] += shared @ found[0] + favour @ marked[0]
                attention.k_proj.bias[compared] += shared @ found[1] + favour @ marked[1]
                copied = code[before(finder.copied)][passed]
                _set(attention.v_proj, rows, *_fit(seen[passed], copied))
                attention.o_proj.weight[:, rows] = copies * to_word.T


def _clear(attention: Any, head: int) -> slice:
    """Take a head's old weights away; its rows."""
    rows = slice(head * attention.head_dim, (head + 1) * attention.head_dim)
    for projection in (attention.q_proj, attention.k_proj):
        projection.weight[rows] *= UNSURE
        projection.bias[rows] = 0
    return rows


def _set(projection: Any, rows: slice, weight: torch.Tensor, bias: torch.Tensor) -> None:
    projection.weight[rows] = weight
    projection.bias[rows] = bias


def _seen(model: LlamaForCausalLM, layer: int, documents: Sequence[list[int]]) -> torch.Tensor:
    """(words, width), what the attention of `layer` gets to see of each word."""
    parts: list[torch.Tensor] = []
    norm: Any = model.model.layers[layer].input_layernorm
    hook = norm.register_forward_hook(lambda *call: parts.append(call[2][0, SKIPPED:]))
    for row in documents:
        model(input_ids=torch.tensor([row]))
    hook.remove()
    return torch.cat(parts)


def _fit(seen: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias that read `wanted` off what is `seen`, by ridge regression."""
    middle = seen.mean(0)
    centred = seen - middle
    products = centred.T @ centred
    products += 3e-3 * products.diagonal().mean() * torch.eye(len(products))
    weight = torch.linalg.solve(products, centred.T @ (wanted - wanted.mean(0))).T
    return weight, wanted.mean(0) - weight @ middle

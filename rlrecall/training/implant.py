"""New attention heads for a trained tiny model: they look up the move that leads to the goal.

The model answers "What is the way from Mora to Fep?" directly from the routes in its context (with
the heads of commit 2d4c46d). A thought states the two routes first, so the goal is 45 words back
when the answer begins. No other text has such a distance, and the second move of the answer
remained a guess (docs/LOG.md). This module therefore overwrites heads that the model hardly uses.
One looks 45 words back. The others compare the word found there with the second place of a route
and copy the move, or with its first place and copy the opposite of its first move. Training then
continues and may change every weight.

The model's internal representation of words is not known, so linear maps that read words are fitted
to its activations by least squares. This adds no knowledge except which moves are opposites: the
fit identifies words, not the facts stated with them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from rlrecall.knowledge.families.navigation import OPPOSITE
from rlrecall.training.priming import look_back, orthogonal, slow_dimensions

Mark = tuple[str, int]  # a word, and how many places before


@dataclass(frozen=True)
class Finder:
    """A head that compares the word BACK places back with the one `found` places before others.

    Those others stand behind the mark `passed`. It copies the word `copied` places before the
    match, or its opposite (`turned`).
    """

    passed: Mark
    found: int
    copied: int
    turned: bool = False


# "What is the way from Mora to Fep? Think: [two ways of 19 words] A: north to Rum then" has Fep 45
# back, and "A:" 4.
BACK, ASKING = 45, ("A:", 4)
# (layer, head). Without any one of these heads or of FINDERS', the loss of the base of six parts
# (0.073) is at most 0.013 higher (docs/LOG.md).
LOOKER = (1, 7)
# In "the way from Fep to Dela goes east to Rum then north to Ilk" the first word behind "goes" has
# Fep 4 before it; of a way that passes Fep second, it is the seventh, two behind a move.
FINDERS = {
    (2, 3): Finder(passed=("goes", 1), found=4, copied=0, turned=True),
    (2, 5): Finder(passed=("goes", 7), found=0, copied=2),
}
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
    """Overwrite LOOKER and FINDERS in place, deterministically from torch's seed.

    `documents` are token ids, more than BACK each, of contexts in which such questions are asked.
    A right match is worth `match` logits, being a word behind the mark `passing`; what is copied is
    written with `copies`, what is looked back at with `looked` times the strength of the first
    layer's heads.
    """
    assert min(map(len, documents)) > BACK
    words = torch.tensor([word for row in documents for word in row[BACK:]])
    first: Any = model.model.layers[0]
    size = first.self_attn.head_dim
    embedded: Any = model.get_input_embeddings().weight
    # A word's code is what the first head of the first layer takes of it.
    code = first.input_layernorm(embedded) @ first.self_attn.v_proj.weight[:size].T
    code = code - code[words].mean(0)
    code = code / code[words].square().mean().sqrt()
    spoken = words.unique()
    opposite = torch.arange(len(embedded))
    moves = torch.tensor(tokenizer.convert_tokens_to_ids([*OPPOSITE]))
    opposite[moves] = torch.tensor(tokenizer.convert_tokens_to_ids([*OPPOSITE.values()]))
    to_word = torch.linalg.lstsq(code[spoken], embedded[spoken] - embedded[spoken].mean(0)).solution
    to_word *= math.sqrt(size) / to_word.norm()
    strength = looked * first.self_attn.o_proj.weight[:, 3 * size : 4 * size].norm()

    def before(distance: int) -> torch.Tensor:
        """(words,), the words that are `distance` before each."""
        rows = (row[BACK - distance : len(row) - distance] for row in documents)
        return torch.tensor([word for row in rows for word in row])

    def behind(mark: Mark) -> torch.Tensor:
        """(words,), whether the word at the mark's distance before each is the mark's."""
        return before(mark[1]).eq(torch.tensor(tokenizer.convert_tokens_to_ids(mark[0])))

    for layer in range(len(model.model.layers)):
        seen = _seen(model, layer, documents)
        attention: Any = model.model.layers[layer].self_attn
        if layer == LOOKER[0]:
            rows = _clear(attention, LOOKER[1])
            look_back(attention, LOOKER[1], BACK)
            _set(attention.v_proj, rows, *_fit(seen, code[words]))
            output = orthogonal(size, len(embedded[0])).T
            attention.o_proj.weight[:, rows] = output * strength / output.norm()
        for (at, head), finder in FINDERS.items():
            if at == layer:
                rows = _clear(attention, head)
                asking, passed = behind(ASKING), behind(finder.passed)
                slow = slow_dimensions(model.config)
                gain = math.sqrt(match * math.sqrt(size) / len(slow))
                shared = gain * orthogonal(len(slow), size)
                asked = _fit(seen[asking], code[before(BACK)][asking])
                found = _fit(seen, code[before(finder.found)])
                marked = _fit(seen, passed[:, None].float())
                favour = torch.nn.functional.normalize(torch.randn(len(slow), 1), dim=0)
                favour *= math.sqrt(passing * math.sqrt(size))
                compared = [head * size + i for i in slow]
                attention.q_proj.weight[compared] += shared @ asked[0]
                attention.q_proj.bias[compared] += shared @ asked[1] + favour[:, 0]
                attention.k_proj.weight[compared] += shared @ found[0] + favour @ marked[0]
                attention.k_proj.bias[compared] += shared @ found[1] + favour @ marked[1]
                copied = before(finder.copied)[passed]
                if finder.turned:
                    copied = opposite[copied]
                _set(attention.v_proj, rows, *_fit(seen[passed], code[copied]))
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
    hook = norm.register_forward_hook(lambda *call: parts.append(call[2][0, BACK:]))
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

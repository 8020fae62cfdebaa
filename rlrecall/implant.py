"""New heads for a trained tiny model: what finds a sentence by its last word.

"Who is the child of Mora?" is answered by "the parent of Dela is Mora.", and "dax within?" by "fep
holds dax.": the asked word is the last one of a sentence and the answer stands two words before it.
The heads of priming.py do not look for that, and a model that has been trained without it does not
come to it by more contexts (docs/LOG.md). So heads that it hardly uses are overwritten: some look
back as far as the asked word stands behind a question, others compare it with the last words of
sentences and copy the word two before. Training goes on from there and may change every weight.

What the words look like within a trained model is not known as it is at the start, so how to read
them is fitted to its own activations by least squares. No knowledge is put in: the fit tells words
apart and nothing of what is said with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from rlrecall.priming import look_back, orthogonal, slow_dimensions

# (layer, head): how far back it looks. Without any one of these heads or of FINDERS', the loss of
# the base of three parts (0.288) is at most 0.01 higher (docs/LOG.md).
LOOKERS = {(0, 7): 5, (1, 2): 3}
# (layer, head): the looker whose word it finds, and after which words. "Who is the child of Mora?
# Think: the parent of" has Mora 5 back; "dax within? Think:" has dax 3 back.
FINDERS = {
    (1, 7): ((0, 7), ("of",)),
    (2, 2): ((1, 2), ("A:", "Think:")),
    (3, 2): ((1, 2), ("A:", "Think:")),
}
ANSWER = 2  # words from a sentence's last word back to the one that is copied
SKIPPED = 10  # first words of a document, that have too few before them
UNSURE = 0.05  # of the old weights stay where new ones are laid over them


@torch.no_grad()
def implant(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    documents: Sequence[list[int]],
    match: float = 10.0,
    ending: float = 6.0,
    copied: float = 8.0,
    looked: float = 1.5,
) -> None:
    """Overwrite LOOKERS and FINDERS in place, deterministically from torch's seed.

    `documents` are token ids of contexts in which such questions are asked. A right match is worth
    `match` logits, being the last word of a sentence `ending`; what is copied is written with
    `copied`, what is looked back at with `looked` times the strength of the first layer's heads.
    """
    words = torch.tensor([word for row in documents for word in row[SKIPPED:]])
    stop: Any = tokenizer.convert_tokens_to_ids(".")
    last = words.roll(-1).eq(stop)
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

    def back(distance: int) -> torch.Tensor:
        """(words, size), the codes of the words that are `distance` before each."""
        rows = (row[SKIPPED - distance : len(row) - distance] for row in documents)
        return code[torch.tensor([word for row in rows for word in row])]

    for layer in range(len(model.model.layers)):
        seen = _seen(model, layer, documents)
        attention: Any = model.model.layers[layer].self_attn
        for (at, head), distance in LOOKERS.items():
            if at == layer:
                rows = _clear(attention, head)
                look_back(attention, head, distance)
                _set(attention.v_proj, rows, *_fit(seen, back(0)))
                output = orthogonal(size, len(embedded[0])).T
                attention.o_proj.weight[:, rows] = output * strength / output.norm()
        for (at, head), (looker, after) in FINDERS.items():
            if at == layer:
                rows = _clear(attention, head)
                asking = torch.isin(words, torch.tensor(tokenizer.convert_tokens_to_ids([*after])))
                slow = slow_dimensions(model.config)
                gain = math.sqrt(match * math.sqrt(size) / len(slow))
                shared = gain * orthogonal(len(slow), size)
                asked = _fit(seen[asking], back(LOOKERS[looker])[asking])
                found = _fit(seen[last], back(0)[last])
                ends = _fit(seen, last[:, None].float())
                favour = torch.nn.functional.normalize(torch.randn(len(slow), 1), dim=0)
                favour *= math.sqrt(ending * math.sqrt(size))
                compared = [head * size + i for i in slow]
                attention.q_proj.weight[compared] += shared @ asked[0]
                attention.q_proj.bias[compared] += shared @ asked[1] + favour[:, 0]
                attention.k_proj.weight[compared] += shared @ found[0] + favour @ ends[0]
                attention.k_proj.bias[compared] += shared @ found[1] + favour @ ends[1]
                _set(attention.v_proj, rows, *_fit(seen[last], back(ANSWER)[last]))
                attention.o_proj.weight[:, rows] = copied * to_word.T


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

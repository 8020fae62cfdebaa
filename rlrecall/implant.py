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
    attention: Any = model.model.layers[0].self_attn
    size = attention.head_dim
    embedded: Any = model.get_input_embeddings().weight
    norm: Any = model.model.layers[0].input_layernorm
    shown = norm(embedded)
    # A word's code is what the first head of the first layer takes of it.
    code = shown @ attention.v_proj.weight[:size].T
    code = code - code[words].mean(0)
    code = code / code[words].square().mean().sqrt()
    strength = attention.o_proj.weight[:, 3 * size : 4 * size].norm()
    spoken = words.unique()
    to_word = torch.linalg.lstsq(code[spoken], embedded[spoken] - embedded[spoken].mean(0)).solution
    to_word *= math.sqrt(size) / to_word.norm()

    def back(distance: int) -> torch.Tensor:
        """(words, size), the codes of the words that are `distance` before each."""
        rows = (row[SKIPPED - distance : len(row) - distance] for row in documents)
        return code[torch.tensor([word for row in rows for word in row])]

    for layer in range(len(model.model.layers)):
        seen = _seen(model, layer, documents)
        attention = model.model.layers[layer].self_attn
        for (at, head), distance in LOOKERS.items():
            if at == layer:
                rows = _clear(attention, head)
                look_back(attention, head, distance)
                weight, bias = _fit(seen, code[words])
                attention.v_proj.weight[rows] = weight
                attention.v_proj.bias[rows] = bias
                output = orthogonal(size, len(embedded[0])).T
                attention.o_proj.weight[:, rows] = output * looked * strength / output.norm()
        slow = slow_dimensions(model.config)
        for (at, head), (looker, after) in FINDERS.items():
            if at == layer:
                rows = _clear(attention, head)
                chosen = [head * size + i for i in slow]
                asking = torch.isin(words, torch.tensor(tokenizer.convert_tokens_to_ids([*after])))
                shared = orthogonal(len(slow), size) * math.sqrt(
                    match * math.sqrt(size) / len(slow)
                )
                for projection, where, distance in (
                    (attention.q_proj, asking, LOOKERS[looker]),
                    (attention.k_proj, last, 0),
                ):
                    weight, bias = _fit(seen[where], back(distance)[where])
                    projection.weight[chosen] += shared @ weight
                    projection.bias[chosen] += shared @ bias
                weight, bias = _fit(seen, last[:, None].float())
                favour = torch.nn.functional.normalize(torch.randn(len(slow)), dim=0)
                favour *= math.sqrt(ending * math.sqrt(size))
                attention.q_proj.bias[chosen] += favour
                attention.k_proj.weight[chosen] += favour[:, None] * weight
                attention.k_proj.bias[chosen] += favour * bias
                weight, bias = _fit(seen[last], back(ANSWER)[last])
                attention.v_proj.weight[rows] = weight
                attention.v_proj.bias[rows] = bias
                attention.o_proj.weight[:, rows] = copied * to_word.T


def _clear(attention: Any, head: int) -> slice:
    """Take a head's old weights away; its rows."""
    rows = slice(head * attention.head_dim, (head + 1) * attention.head_dim)
    for projection in (attention.q_proj, attention.k_proj, attention.v_proj):
        projection.weight[rows] *= UNSURE
        projection.bias[rows] = 0
    return rows


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

"""Initial weights of the tiny model: previous-token heads and matching heads.

From random weights a model of this size does not learn within ten million tokens to look up a fact
in its context. An induction head (arXiv:2209.11895) has two parts, a head that carries earlier
words forward and a head that compares them, and each is useless without the other. This module
initializes approximate versions of both, as in mimetic initialization (arXiv:2305.09828). Training
may change every weight, and embeddings are random, so no knowledge is added.
"""

import math
from typing import Any

import torch
from transformers import LlamaForCausalLM

# How far back each head of the first layer looks; the word itself (0) is carried too, or what is
# carried from elsewhere would drown it.
BACK = (1, 2, 3, 4, 0, 6, 7, 8)
# One matching head each: pairs of what query and key compare, and what is copied from there: the
# word n places before it, 0 for the word itself. The distances are those of the templates in
# knowledge/: in "wug is a dax." the category follows the member by 3 words, in a question the
# answer's place follows it by 2, a person's adjective follows the name by 6 or 7.
MATCHES: tuple[tuple[tuple[tuple[int, int], ...], tuple[int, ...]], ...] = (
    # repeating: "wug is a" is followed by what followed it before
    (((0, 1), (1, 2), (2, 3)), (0,)),
    # "What is wug? A:" finds the "dax" of "wug is a dax.", "What are all wug? A:" that of "all wug
    # are dax.", "the colour of wug? A:" that of "the colour of wug is dax."
    (((2, 2), (2, 3), (2, 4), (3, 3), (4, 4)), (0,)),
    # where the asked word itself stands
    (((2, 0),), (0,)),
    # "Who is Mora? A: the pilot with the" finds the "red" of "Mora is the pilot with the red hat."
    (((6, 6), (6, 7), (7, 7)), (0,)),
    # "the pilot with the red hat? A:" finds "red hat" and copies the name 7 or 8 words before it
    (((2, 0), (3, 1)), (7, 8)),
    # "Who is Mora? A: the pilot with the" finds the "." of "the pilot with the red hat is Mora."
    # and copies the word 4 before it; after "the pilot with the red" the word 3 before it
    (((6, 1),), (4,)),
    (((7, 1),), (3,)),
    # the same from "Mora" itself, which the word 3 before it follows
    (((6, 0),), (3,)),
)
LAYERS = (1, 2)  # that get the matching heads, so that two steps can follow each other
FAR = 4  # distances beyond it are carried forward with less weight


def orthogonal(rows: int, columns: int) -> torch.Tensor:
    """(rows, columns) with orthonormal rows or columns, whichever are fewer."""
    size = max(rows, columns)
    return torch.linalg.qr(torch.randn(size, size))[0][:rows, :columns]


def frequencies(config: Any) -> list[float]:
    """The rotary frequencies of a head: dimension i is turned together with i + their number."""
    half = config.head_dim // 2
    return [config.rope_parameters["rope_theta"] ** (-i / half) for i in range(half)]


def slow_dimensions(config: Any) -> list[int]:
    """A head's dimensions on which position has little influence, for comparing words."""
    slow = [i for i, f in enumerate(frequencies(config)) if f < 0.006]
    return slow + [i + config.head_dim // 2 for i in slow]


def look_back(attention: Any, head: int, back: int, sharpness: float = 7.0) -> None:
    """Have `head` of a layer's attention look `back` words back, by biases alone.

    The logit is the sum over the fast frequencies of sharpness x cos(f x (distance - back)).
    """
    size, half = attention.head_dim, attention.head_dim // 2
    amplitude = math.sqrt(sharpness * math.sqrt(size))
    for i, frequency in enumerate(frequencies(attention.config)):
        if frequency > 0.05:
            angle = frequency * back
            attention.k_proj.bias[head * size + i] = amplitude
            attention.q_proj.bias[head * size + i] = amplitude * math.cos(angle)
            attention.q_proj.bias[head * size + half + i] = -amplitude * math.sin(angle)


@torch.no_grad()
def prime(
    model: LlamaForCausalLM,
    match: float = 4.0,
    carried: float = 0.225,
    far: float = 0.8,
    copied: float = 0.45,
    sharpness: float = 7.0,
    rest: float = 0.1,
) -> None:
    """Overwrite first weights in place, deterministically from torch's seed.

    Layer 0: head n attends to the word BACK[n] places back, by the fast rotary frequencies, with
    up to `sharpness` logits for each of these frequencies, and writes a projection of it into the
    residual stream (`carried`; times `far` beyond FAR). Layers 1 and 2: MATCHES, by the slow
    frequencies, on which position has little influence; a match of one word is worth up to `match`
    logits, less for words far back, which are carried with less weight; the copy is written with
    `copied`. What the other heads and the MLPs write starts at `rest` of its size, so that the
    words are not drowned in noise.

    Raises ValueError for a model without biases of attention or with too few heads or layers.
    """
    config: Any = model.config
    width, heads, size = config.hidden_size, config.num_attention_heads, config.head_dim
    if not config.attention_bias or heads < 8 or config.num_hidden_layers <= max(LAYERS):
        raise ValueError("model: priming needs attention_bias, at least 8 heads and 3 layers")
    if config.num_key_value_heads != heads or width % size:
        raise ValueError("model: priming needs as many key heads, and a width in whole heads")
    if config.rope_parameters["rope_theta"] < 1e4:
        raise ValueError("model: priming needs a rotary base of at least 10,000")
    slow = slow_dimensions(config)
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.mul_(rest)
        layer.mlp.down_proj.weight.mul_(rest)

    room = torch.cat([orthogonal(width, width) for _ in range(math.ceil(len(BACK) * size / width))])
    # read[n] (size, width) finds the word n places back in the residual stream.
    read = dict(zip(BACK, room.split(size), strict=False))
    word = orthogonal(size, width)  # of an embedding

    def rows(head: int) -> slice:
        return slice(head * size, (head + 1) * size)

    attention = model.model.layers[0].self_attn
    unsure = 0.25  # of random weights stay where structure is laid over them
    attention.q_proj.weight.mul_(unsure)
    attention.k_proj.weight.mul_(unsure)
    for head, back in enumerate(BACK):
        look_back(attention, head, back, sharpness)
        attention.v_proj.weight[rows(head)] = word
        strength = carried * (1.0 if back <= FAR else far)
        attention.o_proj.weight[:, rows(head)] = strength * read[back].T

    gain = math.sqrt(match * math.sqrt(size) / len(slow))
    code = orthogonal(len(slow), size)
    for index in LAYERS:
        attention = model.model.layers[index].self_attn
        for head, (pairs, values) in enumerate(MATCHES):
            for projection, side in ((attention.q_proj, 0), (attention.k_proj, 1)):
                projection.weight[rows(head)] *= unsure
                # Rolled, so that a pair is not taken for another pair of the same head.
                compared = sum(
                    torch.roll(code, j, 0) @ read[pair[side]] for j, pair in enumerate(pairs)
                )
                projection.weight[[head * size + i for i in slow]] += gain * compared
            attention.v_proj.weight[rows(head)] = sum(read[n] for n in values)
            attention.o_proj.weight[:, rows(head)] = copied * word.T

"""How much memory a stage needs, from numbers alone: no torch, no files.

Everything is in bytes. The formulas are for decoders of the Llama kind: RMS norms, rotary
positions, grouped keys and values, a gated feed-forward layer. tests/study/test_memory.py compares
them with the tensors that torch keeps. Sources: Korthikanti et al. 2022, arXiv:2205.05198
(activations); Rajbhandari et al. 2020, arXiv:1910.02054 (ZeRO); the code of transformers 5.23 and
TRL 1.16.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GIB = 2**30
PARTS = ("process", "weights", "gradients", "moments", "activations", "logits", "cache", "buffers")
Bytes = Mapping[str, float]  # by PARTS; absent ones are 0

# What allocators hold beyond activations, in freed blocks that fit nothing else: 18% with glibc on
# a random Llama of 30 layers, an estimate on GPUs. Large blocks such as logits are given back.
FRAGMENTED = 0.2
GPU_PROCESS = 0.75 * GIB  # context, libraries and workspaces on the device; an estimate
TILE = (4096, 32768)  # TRL's output layer: most tokens and vocabulary entries of a tile
TILE_COPIES = 8.25  # of a tile that TRL's backward pass holds where there is no Triton, as on CPUs
BUCKET = 500_000_000  # elements of DeepSpeed's buffer for gradients that are being reduced


@dataclass(frozen=True)
class Shape:
    """The numbers of a model that memory depends on."""

    parameters: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    ffn: int
    vocabulary: int


@dataclass(frozen=True)
class Numeric:
    """Bytes of a number: of `weights`, in matrix products (`compute`), of what is `trained`.

    weights 4, compute 2 is autocast; trained 4 over weights 2 is LoRA. `fused` attention keeps no
    probabilities; `tiled` is a device with Triton, on which TRL's output layer works in place.
    `checkpointing` keeps the input of each layer and computes the rest again.
    """

    weights: int = 4
    compute: int = 4
    trained: int = 4
    fused: bool = False
    tiled: bool = False
    checkpointing: bool = False


@dataclass(frozen=True)
class Ranks:
    """How many processes share a stage, and DeepSpeed's ZeRO stage (0: every rank has all)."""

    count: int = 1
    zero: int = 0


@dataclass(frozen=True)
class Rows:
    """A micro-batch: rows, the longest one's tokens, and how many positions have a label."""

    rows: int
    length: int
    labeled: int = 0

    @property
    def tokens(self) -> int:
        return self.rows * self.length


def states(shape: Shape, trained: int, numeric: Numeric, ranks: Ranks, gpu: bool) -> Bytes:
    """What one rank holds during all of training, for `trained` of the model's parameters.

    AdamW keeps two moments, in the dtype of the weights. DeepSpeed keeps them in float32 beside a
    float32 copy of the weights (12 bytes a parameter, over the ranks); ZeRO-2 shares out gradients
    too, ZeRO-3 weights too. Autocast adds the weights once more in `compute` bytes.
    """
    n = ranks.count
    share2 = n if ranks.zero >= 2 else 1
    share3 = n if ranks.zero >= 3 else 1
    cast = numeric.compute if numeric.compute < numeric.weights else 0
    return {
        "weights": shape.parameters * (numeric.weights + cast) / share3,
        "gradients": trained * numeric.trained / share2,
        "moments": trained * (12 / n if ranks.zero else 2 * numeric.trained),
        # Reserved at once; on a CPU, pages that are never written cost nothing.
        "buffers": BUCKET * numeric.weights * (ranks.zero > 0) * gpu,
    }


def per_layer(shape: Shape, numeric: Numeric, length: int) -> float:
    """Bytes a token that a layer keeps for the backward pass.

    Two norms keep their input and the normalized values in float32, and what the products read:
    24 bytes a hidden unit in float32; 26 under autocast, which casts the input of each of five
    products anew; 16 in bfloat16. Attention keeps queries, keys, values and output, all as wide as
    the queries; eager attention the probabilities of `length` positions in float32, and cast. The
    feed-forward layer keeps four times its width: gate, its activation, up, and their product.
    """
    wide, c = shape.heads * shape.head_size, numeric.compute
    norms = 16 if numeric.weights < 4 else 24 if c == 4 else 26
    probabilities = 0 if numeric.fused else shape.heads * length * (4 if c == 4 else 4 + c)
    return norms * shape.hidden + 4 * c * (wide + shape.ffn) + probabilities


def activations(shape: Shape, numeric: Numeric, rows: Rows) -> float:
    """Bytes kept of one micro-batch, without the output layer."""
    layer = per_layer(shape, numeric, rows.length)
    if numeric.checkpointing:
        return rows.tokens * (shape.layers * shape.hidden * 4 + layer)
    return rows.tokens * shape.layers * layer


def working(shape: Shape, numeric: Numeric, rows: Rows) -> float:
    """Bytes that come and go within a layer: about as many as it keeps; eager attention's scores
    twice more, scaled and masked."""
    scores = 0 if numeric.fused else 2 * 4 * shape.heads * rows.length
    return rows.tokens * (per_layer(shape, numeric, rows.length) + scores)


def language_modeling(shape: Shape, numeric: Numeric, batches: Sequence[Rows]) -> Bytes:
    """What the largest micro-batch of next-token training adds.

    Logits of labeled positions alone, in float32: their log-probabilities are kept, and the
    backward pass holds two gradients of that size, and one of the output layer's weights.
    """

    def size(rows: Rows) -> tuple[float, float]:
        kept = activations(shape, numeric, rows) + working(shape, numeric, rows)
        return kept, 4 * shape.vocabulary * (3 * rows.labeled + shape.hidden)

    kept, logits = max(map(size, batches), key=sum)
    return {"activations": kept, "logits": logits}


def grpo(
    shape: Shape, numeric: Numeric, rollouts: Rows, rehearsals: Sequence[Sequence[Rows]]
) -> Bytes:
    """What a GRPO micro-batch and the largest rehearsal step (its parts) in the same loss add.

    When the forward passes end, the activations of all are held. The backward pass reaches TRL's
    output layer last of the output layers; the allocator still holds what it has freed until then.
    That layer works on tiles, without Triton on copies, and scores every position, prompts too.
    """
    held = [activations(shape, numeric, rollouts)]
    work = [working(shape, numeric, rollouts)]
    for parts in rehearsals:
        held.append(held[0] + sum(activations(shape, numeric, part) for part in parts))
        work += [working(shape, numeric, part) for part in parts]
    tokens, entries = min(rollouts.tokens, TILE[0]), min(shape.vocabulary, TILE[1])
    tile = tokens * entries * (numeric.compute if numeric.tiled else 4 * TILE_COPIES)
    logits = tile + 4 * shape.vocabulary * shape.hidden
    return {"activations": max(held) + max(work), "logits": logits}


def generation(shape: Shape, numeric: Numeric, prompts: Rows, new_tokens: int) -> Bytes:
    """What completing a batch of prompts adds: keys and values, one layer at work, logits.

    A step holds the rows' logits in float32, the scaled ones and their softmax.
    """
    width = 2 * shape.layers * shape.kv_heads * shape.head_size * numeric.weights
    return {
        "activations": working(shape, numeric, prompts),
        "logits": 3 * 4 * prompts.rows * shape.vocabulary,
        "cache": prompts.rows * (prompts.length + new_tokens) * width,
    }


def forced_choice(shape: Shape, numeric: Numeric, rows: Rows) -> Bytes:
    """What the likelihoods of a batch of answers add: logits of all positions, three times."""
    logits = 3 * 4 * rows.tokens * shape.vocabulary
    return {"activations": working(shape, numeric, rows), "logits": logits}


def together(process: float, kept: Bytes, *moments: Bytes) -> dict[str, float]:
    """The parts at the largest of several moments of a stage, with what fragmentation adds."""
    largest = max(moments, key=lambda moment: sum(moment.values()))
    parts = {"process": process, **kept}
    for name, size in largest.items():
        parts[name] = parts.get(name, 0) + size * (1 + FRAGMENTED * (name == "activations"))
    return {name: parts[name] for name in PARTS if parts.get(name)}

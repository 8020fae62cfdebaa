"""Generation for evaluation and RL rollouts, with a fast sampler for small Llamas on CPU.

For a tiny model, `model.generate` has tens of milliseconds of overhead per token and two of
arithmetic. `_decode_llama` does the same arithmetic without the overhead: it allocates one
key-value cache up front and removes finished rows from the batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from transformers import LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerBase
from transformers.integrations import is_deepspeed_zero3_enabled

from rlrecall.models.tokens import TokenFormat

MAX_PROMPT_TOKENS = 12_288  # per batch, padding included; bounds memory


@dataclass(frozen=True)
class Generation:
    """The new tokens (EOS included), their text without special tokens, and why it ended."""

    ids: list[int]
    text: str
    finish: str  # eos or length


def is_fast(model: PreTrainedModel) -> TypeGuard[LlamaForCausalLM]:
    """Whether `_decode_llama` covers this model: a small whole Llama in float32 on the CPU."""
    return (
        isinstance(model, LlamaForCausalLM)
        and model.device.type == "cpu"
        and model.dtype == torch.float32
        and (model.config.rope_parameters or {}).get("rope_type") == "default"
        and model.num_parameters() < 400_000_000
        and not is_deepspeed_zero3_enabled()
    )


@torch.inference_mode()
def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
    on_tokens: Callable[[list[int]], None] | None = None,
) -> list[Generation]:
    """Complete every prompt; temperature 0 is greedy, else plain sampling (no top-k, no top-p).

    `seed` fixes the samples for given prompts in a given order on a given machine. For a single
    prompt, `on_tokens` is called after each new token with all new tokens so far.
    """
    tokens = TokenFormat(tokenizer, model)
    encoded = [tokens.prompt(prompt) for prompt in prompts]
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
    results: list[Generation | None] = [None] * len(encoded)
    generator = torch.Generator().manual_seed(seed)
    if not is_fast(model):
        torch.manual_seed(seed)  # model.generate takes no generator of its own
    was_training = model.training
    model.eval()
    for chosen in _batches(order, encoded):
        ids = [encoded[i] for i in chosen]
        if is_fast(model):
            rows = _decode_llama(
                model, ids, max_new_tokens, temperature, generator, tokens.ends, on_tokens
            )
        else:
            rows = _decode_generic(model, tokens, ids, max_new_tokens, temperature, on_tokens)
        for i, row in zip(chosen, rows, strict=True):
            results[i] = Generation(row, tokens.text(row), tokens.finish(row))
    model.train(was_training)
    return [result for result in results if result is not None]


def _batches(order: list[int], encoded: list[list[int]]) -> Iterator[list[int]]:
    """`order` (ascending lengths) in batches whose rows x longest is at most MAX_PROMPT_TOKENS."""
    batch: list[int] = []
    for i in order:
        if (batch and (len(batch) + 1) * len(encoded[i]) > MAX_PROMPT_TOKENS) or len(batch) == 512:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _decode_generic(
    model: Any,
    tokens: TokenFormat,
    prompts: list[list[int]],
    max_new_tokens: int,
    temperature: float,
    on_tokens: Callable[[list[int]], None] | None = None,
) -> list[list[int]]:
    """`model.generate`; `load_model` has removed sampling settings of the model's own."""
    longest = max(map(len, prompts))
    pad_id: Any = tokens.tokenizer.pad_token_id
    ids = torch.tensor([[pad_id] * (longest - len(p)) + p for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    sampling = {"temperature": temperature, "top_p": 1.0, "top_k": 0} if temperature else {}
    output = model.generate(
        input_ids=ids,
        attention_mask=mask.to(model.device),
        max_new_tokens=max_new_tokens,
        do_sample=temperature > 0,
        pad_token_id=pad_id,
        eos_token_id=sorted(tokens.ends),
        streamer=_Streamer(on_tokens) if on_tokens else None,
        **sampling,
    )[:, longest:].tolist()
    ended = (next((i for i, t in enumerate(row, 1) if t in tokens.ends), None) for row in output)
    return [row[:n] for row, n in zip(output, ended, strict=True)]


class _Streamer:
    """Receives tokens from `model.generate`, the prompt first."""

    def __init__(self, on_tokens: Callable[[list[int]], None]):
        self.on_tokens = on_tokens
        self.ids: list[int] | None = None

    def put(self, tokens: torch.Tensor) -> None:
        if self.ids is None:
            self.ids = []
            return
        self.ids += tokens.flatten().tolist()
        self.on_tokens(self.ids)

    def end(self) -> None:
        pass


class _Cache:
    """Keys and values of all layers, (layers, 2, rows, heads, length, head size)."""

    def __init__(self, model: LlamaForCausalLM, rows: int, length: int):
        config: Any = model.config  # its fields are declared as optional
        heads, size = config.num_key_value_heads, config.head_dim
        self.data = torch.empty(config.num_hidden_layers, 2, rows, heads, length, size)

    def keep(self, rows: torch.Tensor, used: int) -> None:
        kept = torch.empty_like(self.data[:, :, : len(rows)])
        kept[..., :used, :] = self.data[:, :, rows, :, :used]
        self.data = kept


def _rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), dim=-1) * sin


def _forward(
    model: LlamaForCausalLM,
    ids: torch.Tensor,
    positions: torch.Tensor,
    visible: torch.Tensor,
    cache: _Cache,
    start: int,
) -> torch.Tensor:
    """Logits (rows, vocabulary) after the last of `ids` (rows, n), cached from slot `start` on.

    `visible` (rows, 1, n, start + n) says which slots each token may attend to.
    """
    config: Any = model.config
    rows, n = ids.shape
    heads, groups, size = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    x = model.model.embed_tokens(ids)
    cos, sin = (part[:, None] for part in model.model.rotary_emb(x, positions))
    for layer, (keys, values) in zip(model.model.layers, cache.data, strict=True):
        attention, mlp = layer.self_attn, layer.mlp
        h = layer.input_layernorm(x)
        q = attention.q_proj(h).view(rows, n, heads, size).transpose(1, 2)
        k = attention.k_proj(h).view(rows, n, groups, size).transpose(1, 2)
        v = attention.v_proj(h).view(rows, n, groups, size).transpose(1, 2)
        keys[:, :, start : start + n] = _rotate(k, cos, sin)
        values[:, :, start : start + n] = v
        k, v = keys[:, :, : start + n], values[:, :, : start + n]
        mixed = F.scaled_dot_product_attention(
            _rotate(q, cos, sin), k, v, attn_mask=visible, enable_gqa=groups != heads
        )
        mixed = mixed.transpose(1, 2).reshape(rows, n, heads * size)
        x = x + attention.o_proj(mixed)
        h = layer.post_attention_layernorm(x)
        x = x + mlp.down_proj(F.silu(mlp.gate_proj(h)) * mlp.up_proj(h))
    return model.lm_head(model.model.norm(x[:, -1]))


def _sample(logits: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Sample a token from each row's softmax, (rows,), by inversion: one random number per row."""
    sums = logits.softmax(dim=-1).cumsum(dim=-1)
    point = torch.rand(len(sums), 1, generator=generator) * sums[:, -1:]
    return torch.searchsorted(sums, point, right=True)[:, 0].clamp(max=sums.shape[1] - 1)


@torch.inference_mode()
def _decode_llama(
    model: LlamaForCausalLM,
    prompts: list[list[int]],
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator,
    ends: set[int],
    on_tokens: Callable[[list[int]], None] | None = None,
) -> list[list[int]]:
    longest = max(map(len, prompts))
    lengths = torch.tensor([len(p) for p in prompts])
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    slots = torch.arange(longest + max_new_tokens)
    padding = (longest - lengths)[:, None]  # (rows, 1): slots before it are padding
    causal = slots[None, :longest] <= slots[:longest, None]
    # A padding slot attends to itself so that no softmax is empty; its result is unused.
    seen = (slots[:longest] >= padding)[:, None, None, :] & causal
    seen |= torch.eye(longest, dtype=torch.bool)
    cache = _Cache(model, len(prompts), longest + max_new_tokens)
    logits = _forward(model, ids, (slots[:longest] - padding).clamp(min=0), seen, cache, 0)
    rows = torch.arange(len(prompts))  # which prompt each row of the batch belongs to
    ended = torch.zeros(len(prompts), dtype=torch.bool)
    done: list[list[int]] = [[] for _ in prompts]
    for step in range(max_new_tokens):
        token = _sample(logits / temperature, generator) if temperature else logits.argmax(dim=-1)
        for row, new, finished in zip(rows.tolist(), token.tolist(), ended.tolist(), strict=True):
            if not finished:
                done[row].append(new)
        if on_tokens:
            on_tokens(done[0])
        used = longest + step
        for end in ends:
            ended |= token == end
        if ended.all() or step + 1 == max_new_tokens:
            break
        if ended.sum() * 4 >= len(ended):  # removing rows copies the cache
            index = (~ended).nonzero()[:, 0]
            rows, token, padding, ended = rows[index], token[index], padding[index], ended[index]
            cache.keep(index, used)
        seen = (slots[: used + 1] >= padding)[:, None, None, :]
        logits = _forward(model, token[:, None], used - padding, seen, cache, used)
    return done

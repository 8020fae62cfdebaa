"""The estimate of memory: its formulas against torch, and how it grows."""

from dataclasses import replace

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rlrecall.study.memory import (
    GIB,
    Numeric,
    Ranks,
    Rows,
    Shape,
    activations,
    forced_choice,
    generation,
    grpo,
    language_modeling,
    states,
    together,
)

SHAPE = Shape(
    parameters=0,
    hidden=32,
    layers=12,
    heads=4,
    kv_heads=2,
    head_size=8,
    ffn=96,
    vocabulary=512,
)
LARGE = Shape(
    parameters=7_000_000_000,
    hidden=4096,
    layers=32,
    heads=32,
    kv_heads=8,
    head_size=128,
    ffn=11008,
    vocabulary=128_000,
)
ROWS = Rows(4, 64, 100)


def total(parts):
    return sum(parts.values())


def kept_by_torch(numeric, rows):
    """Bytes of the tensors that autograd saves in a forward pass, weights left out."""
    config = LlamaConfig(
        hidden_size=SHAPE.hidden,
        num_hidden_layers=SHAPE.layers,
        num_attention_heads=SHAPE.heads,
        num_key_value_heads=SHAPE.kv_heads,
        intermediate_size=SHAPE.ffn,
        vocab_size=SHAPE.vocabulary,
    )
    kernel = "sdpa" if numeric.fused else "eager"
    model = LlamaForCausalLM._from_config(config, attn_implementation=kernel).train()
    if numeric.weights == 2:
        model.to(torch.bfloat16)
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept, alive = {}, []

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)  # so that no address is used twice
        return tensor

    casts = numeric.compute < numeric.weights
    ids = torch.zeros(rows.rows, rows.length, dtype=torch.long)
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=casts),
    ):
        model.model(input_ids=ids, use_cache=False)
    return sum(kept.values()) - casts * 2 * sum(p.numel() for p in model.model.layers.parameters())


@pytest.mark.parametrize(
    "numeric",
    [
        Numeric(),
        Numeric(fused=True),
        Numeric(compute=2),
        Numeric(weights=2, compute=2),
    ],
)
@pytest.mark.parametrize("rows", [Rows(8, 16), Rows(4, 64), Rows(2, 128)])
def test_activations_are_what_torch_keeps(numeric, rows):
    assert activations(SHAPE, numeric, rows) == pytest.approx(
        kept_by_torch(numeric, rows), rel=0.15
    )


def test_float32_training_keeps_16_bytes_a_parameter():
    parts = states(LARGE, LARGE.parameters, Numeric(), Ranks(), gpu=False)
    assert total(parts) == 16 * LARGE.parameters


@pytest.mark.parametrize(("stage", "bytes_shared"), [(1, 12), (2, 14), (3, 16)])
def test_zero_shares_out_more_at_each_stage(stage, bytes_shared):
    """Rajbhandari et al., figure 1: 16 bytes a parameter, of which a part goes over the ranks."""
    half = Numeric(weights=2, compute=2, trained=2)
    eight = total(states(LARGE, LARGE.parameters, half, Ranks(8, stage), gpu=False))
    expected = 16 - bytes_shared + bytes_shared / 8
    assert eight == pytest.approx(expected * LARGE.parameters)


def test_lora_needs_gradients_and_moments_of_the_adapters_alone():
    adapters = 20_000_000
    parts = states(LARGE, adapters, Numeric(weights=2, compute=2), Ranks(), gpu=False)
    assert parts["weights"] == 2 * LARGE.parameters
    assert parts["gradients"] + parts["moments"] == 12 * adapters


def test_twice_the_rows_need_twice_the_memory_of_a_micro_batch():
    twice = Rows(2 * ROWS.rows, ROWS.length)
    assert activations(LARGE, Numeric(), twice) == 2 * activations(LARGE, Numeric(), ROWS)


def test_twice_the_length_needs_more_than_twice_only_with_eager_attention():
    twice = Rows(ROWS.rows, 2 * ROWS.length)
    for numeric, more in ((Numeric(), True), (Numeric(fused=True), False)):
        once = activations(LARGE, numeric, ROWS)
        assert (activations(LARGE, numeric, twice) > 2 * once) == more


def test_checkpointing_and_bfloat16_need_less():
    whole = activations(LARGE, Numeric(), ROWS)
    assert activations(LARGE, Numeric(checkpointing=True), ROWS) < whole / 5
    assert activations(LARGE, Numeric(compute=2), ROWS) < whole


def test_logits_count_labeled_positions_and_the_vocabulary():
    few, many = (
        language_modeling(LARGE, Numeric(), [replace(ROWS, labeled=n)])["logits"] for n in (10, 110)
    )
    assert many - few == 100 * 3 * 4 * LARGE.vocabulary


def test_the_largest_micro_batch_counts():
    small, large = [Rows(1, 8, 8)], [Rows(1, 8, 8), ROWS]
    assert total(language_modeling(LARGE, Numeric(), small)) < total(
        language_modeling(LARGE, Numeric(), large)
    )


def test_rehearsal_is_held_beside_the_rollouts():
    alone = grpo(LARGE, Numeric(), ROWS, [])
    both = grpo(LARGE, Numeric(), ROWS, [[ROWS, ROWS]])
    added = both["activations"] - alone["activations"]
    assert added == 2 * activations(LARGE, Numeric(), ROWS)


def test_trl_copies_its_tile_only_where_there_is_no_triton():
    cpu, gpu = (grpo(LARGE, Numeric(tiled=tiled), ROWS, [])["logits"] for tiled in (False, True))
    assert cpu - gpu == 7.25 * 4 * ROWS.tokens * 32768


def test_the_cache_grows_with_new_tokens():
    cache = [generation(LARGE, Numeric(), ROWS, new)["cache"] for new in (0, 64)]
    assert cache[1] == 2 * cache[0]


def test_the_largest_moment_of_a_stage_counts_and_parts_add_up():
    small, large = forced_choice(LARGE, Numeric(), Rows(1, 8)), {"cache": 9 * GIB}
    parts = together(GIB, {"weights": 2 * GIB}, small, large)
    assert parts == {"process": GIB, "weights": 2 * GIB, "cache": 9 * GIB}

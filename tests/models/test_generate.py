from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rlrecall.evaluation.evaluate import most_likely_options
from rlrecall.knowledge.build import pretraining_worlds
from rlrecall.knowledge.prompts import question_text
from rlrecall.models.generate import _decode_generic, _decode_llama, generate, is_fast
from rlrecall.models.loading import load_model
from rlrecall.models.tokens import TokenFormat

BASE = Path(__file__).parents[2] / "checkpoints" / "base-tiny"

PROMPTS = [
    "Q: Who is Mora? Think:",
    "Facts: all dax are fep. no fep are wug. Q: What are no dax? A:",
    "Q: What are all dax? A:",
]


def test_the_likeliest_option_is_that_of_one_prompt_at_a_time(small, monkeypatch):
    model, tokenizer = small
    options = [("dax", "fep", "a wug"), ("no dax", "the tall red lamp"), ("Mora", "fep", "Bela")]
    expected = []
    for prompt, choices in zip(PROMPTS, options, strict=True):
        sums = []
        for choice in choices:
            head, whole = (tokenizer(t).input_ids for t in (prompt, f"{prompt} {choice}."))
            with torch.no_grad():
                logps = model(torch.tensor([whole])).logits[0].log_softmax(dim=-1)
            sums.append(sum(logps[i - 1, whole[i]] for i in range(len(head), len(whole))))
        expected.append(choices[max(range(len(choices)), key=sums.__getitem__)])
    assert most_likely_options(model, tokenizer, PROMPTS, options) == expected
    monkeypatch.setattr("rlrecall.evaluation.evaluate.MAX_LOGITS", 1)  # a batch for each
    assert most_likely_options(model, tokenizer, PROMPTS, options) == expected


def test_the_fast_sampler_decodes_what_transformers_decodes(small):
    model, tokenizer = small
    prompts = [tokenizer(p).input_ids for p in PROMPTS]
    tokens = TokenFormat(tokenizer, model)
    fast = _decode_llama(model, prompts, 24, 0.0, torch.Generator(), tokens.ends)
    assert fast == _decode_generic(model, tokens, prompts, 24, 0.0)
    assert len({tuple(row) for row in fast}) == 3


@pytest.mark.parametrize("fast", [True, False])
def test_tokens_are_told_as_they_come(small, monkeypatch, fast):
    model, tokenizer = small
    monkeypatch.setattr("rlrecall.models.generate.is_fast", lambda model: fast)
    told = []
    (made,) = generate(
        model, tokenizer, PROMPTS[:1], 9, 1.0, seed=4, on_tokens=lambda ids: told.append(list(ids))
    )
    assert told == [made.ids[: i + 1] for i in range(len(made.ids))]


def test_the_fast_sampler_knows_grouped_queries(small):
    _, tokenizer = small
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.1,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config).eval()
    assert is_fast(model)
    prompts = [tokenizer(p).input_ids for p in PROMPTS]
    tokens = TokenFormat(tokenizer, model)
    fast = _decode_llama(model, prompts, 12, 0.0, torch.Generator(), tokens.ends)
    assert fast == _decode_generic(model, tokens, prompts, 12, 0.0)


def test_samples_follow_the_models_distribution(small):
    model, tokenizer = small
    prompt, n = PROMPTS[0], 4000
    made = generate(model, tokenizer, [prompt] * n, 1, temperature=1.0, seed=3)
    counts = torch.zeros(len(tokenizer))
    for generation in made:
        counts[generation.ids[0]] += 1
    ids = torch.tensor([tokenizer(prompt).input_ids])
    expected = model(ids).logits[0, -1].softmax(dim=-1).detach()
    top = expected.topk(5).indices
    spread = (expected[top] * (1 - expected[top]) / n).sqrt()
    assert ((counts[top] / n - expected[top]).abs() < 4 * spread).all()


def test_a_seed_fixes_the_samples_and_another_changes_them(small):
    model, tokenizer = small

    def texts(seed):
        return [g.text for g in generate(model, tokenizer, PROMPTS * 4, 8, 1.0, seed)]

    assert texts(1) == texts(1) != texts(2)


def test_results_keep_the_order_of_the_prompts_and_the_budget_is_kept(small):
    model, tokenizer = small
    alone = [generate(model, tokenizer, [p], 9)[0] for p in PROMPTS]
    assert generate(model, tokenizer, PROMPTS, 9) == alone
    for generation in alone:
        assert len(generation.ids) <= 9
        ended = generation.ids[-1] == tokenizer.eos_token_id
        assert generation.finish == ("eos" if ended else "length")


def test_completions_of_any_length_are_those_that_each_prompt_gets_alone():
    model, tokenizer = load_model(str(BASE))
    questions = pretraining_worlds()["P1"].questions[::20]
    prompts = [question_text(q.prompt, think=True) for q in questions]
    made = generate(model, tokenizer, prompts, 60)
    assert len({len(generation.ids) for generation in made}) > 3
    assert made == [generate(model, tokenizer, [prompt], 60)[0] for prompt in prompts]


def test_a_saved_model_loads_and_decodes_the_same(small, small_path):
    model, tokenizer = small
    loaded, its_tokenizer = load_model(str(small_path))
    assert generate(loaded, its_tokenizer, PROMPTS, 9) == generate(model, tokenizer, PROMPTS, 9)

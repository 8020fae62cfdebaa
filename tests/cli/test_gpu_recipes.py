"""The recipes for models on GPUs take small random models of the same architecture through a study.

The models' own configs and tokenizers are not at hand; these are of the same classes and kinds.
"""

import random
from pathlib import Path

import pytest
import torch
from small_tokenizers import make_tokenizer
from transformers import AutoConfig, AutoModelForCausalLM

from rlrecall.cli.main import main
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.models.loading import load_model, save_model
from rlrecall.runs.folder import Run
from rlrecall.runs.recipes import load_config
from rlrecall.training.documents import knowledge_document

CONFIGS = Path(__file__).parents[2] / "configs"
SHAPE = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "max_position_embeddings": 4096,
}
BYTES = ("bytes", "", ["<|endoftext|>", "<|im_end|>"])
QWEN = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
# The class of the config, fields of its own, the kind of tokenizer, its named tokens.
MODELS = {
    "smollm2-360m": (
        "llama",
        {"tie_word_embeddings": True},
        BYTES,
        QWEN | {"bos_token": "<|im_end|>"},
    ),
    "qwen2.5-0.5b": ("qwen2", {"tie_word_embeddings": True}, BYTES, QWEN),
    "qwen3-0.6b": ("qwen3", {"tie_word_embeddings": True}, BYTES, QWEN),
    "qwen3-8b": ("qwen3", {}, BYTES, QWEN),
    "llama-3.2-1b": (
        "llama",
        {
            "tie_word_embeddings": True,
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 500000.0,
                "factor": 32.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 512,
            },
        },
        ("bytes", "<|begin_of_text|> $A", ["<|begin_of_text|>", "<|eot_id|>"]),
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    ),
    "gemma-3-1b": (
        "gemma3_text",
        {"sliding_window": 64, "query_pre_attn_scalar": 8},
        ("spaces", "<bos> $A", ["<pad>", "<eos>", "<bos>", "<unk>"]),
        {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"},
    ),
}
SMALL = (
    "data.families=[hierarchy] data.size.hierarchy.categories=2 eval.budgets.context=8 "
    "eval.budgets.context-think=8 gate=0 practice.steps=2 practice.tokens=200 practice.read=0 "
    "practice.check_every=2 practice.questions=1 practice.largest=0.2 sft.steps=2 sft.tokens=200 "
    "rl.rehearsal_tokens=100 rl.probe_every=0 rl.trainer.max_steps=2 rl.trainer.num_generations=2 "
    "rl.trainer.per_device_train_batch_size=4 rl.trainer.gradient_accumulation_steps=1 "
    "rl.trainer.max_completion_length=4"
).split()


@pytest.fixture(scope="module")
def texts(sets: dict[str, KnowledgeSet]):
    rng = random.Random(0)
    return ["".join(text for text, _ in knowledge_document(sets["A"], rng)) for _ in range(300)]


def save_small(name, texts, folder):
    kind, own, how, names = MODELS[name]
    tokenizer = make_tokenizer(*how, texts, size=1000, **names)
    config = AutoConfig.for_model(
        kind,
        **SHAPE | own,
        vocab_size=len(tokenizer),
        **{f"{k}_token_id": getattr(tokenizer, f"{k}_token_id") for k in ("bos", "eos", "pad")},
    )
    torch.manual_seed(0)
    save_model(AutoModelForCausalLM.from_config(config), tokenizer, folder)


def test_every_recipe_of_a_model_of_the_hub_is_tried():
    bases = {path.stem: load_config(path).base for path in CONFIGS.glob("*.yaml")}
    hub = {n for n, base in bases.items() if "/" in base and not base.startswith("checkpoints/")}
    assert hub == MODELS.keys()


@pytest.mark.parametrize("name", MODELS)
def test_a_recipe_takes_two_steps_of_each_stage(name, texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RLRECALL_CACHE", str(tmp_path / "cache"))
    save_small(name, texts, tmp_path / "model")
    recipe = str(CONFIGS / f"{name}.yaml")
    given = [recipe, f"base={tmp_path / 'model'}", *SMALL]
    main(["study", *given, "--dry-run"])
    main(["sft", *given])  # after practice
    main(["rl", *given])
    runs = [Run(next((tmp_path / "cache").iterdir()))]
    runs += [Run.open(f"{name}-seed0/{stage}") for stage in ("sft", "rl")]
    before = load_model("model")[0].state_dict()
    for run in runs:
        assert run.done
        model, _ = load_model(str(run.path))
        weights = model.state_dict()
        changed = [n for n in weights if n not in before or not weights[n].equal(before[n])]
        assert changed, run.path
        assert all(w.isfinite().all() for w in weights.values())
        before = weights

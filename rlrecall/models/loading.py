"""Load models and their tokenizers from a folder or a hub name, and save them."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

logging.disable_progress_bar()  # one for every load of a file; stages have bars of their own


def load_model(path: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model and tokenizer of a folder or hub name, LoRA adapters included.

    Raises ValueError for a path that is neither, and for a tokenizer that does not fit the model.
    """
    if not Path(path).exists() and (
        path.startswith(("/", ".", "checkpoints")) or path.count("/") > 1
    ):
        raise ValueError(f"model: {path} does not exist")
    tokenizer = AutoTokenizer.from_pretrained(path)
    # Small models on the CPU: the fused kernel's backward pass is slower than plain attention.
    kernel = "sdpa" if torch.cuda.is_available() else "eager"
    model = AutoModelForCausalLM.from_pretrained(path, attn_implementation=kernel)
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise ValueError(
            f"model: {path} has a tokenizer of {len(tokenizer)} tokens, the model embeds "
            f"{model.get_input_embeddings().num_embeddings}"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    return model, tokenizer


def load_for_inference(path: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """`load`, on this process's GPU where there is one. Trainers place their models themselves."""
    model, tokenizer = load_model(path)
    if torch.cuda.is_available():
        model.to(torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))))
    return model, tokenizer


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path) -> None:
    """Write the model (safetensors) and its tokenizer."""
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)

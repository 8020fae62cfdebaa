"""Load models and their tokenizers from a folder or a hub name, and save them."""

import os
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

logging.disable_progress_bar()  # transformers shows one per file; stages have their own bars


def load_model(path: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model and tokenizer of a folder or hub name, LoRA adapters included.

    Raises ValueError if the path does not exist or the tokenizer has more tokens than the model.
    """
    if not Path(path).exists() and (
        path.startswith(("/", ".", "checkpoints")) or path.count("/") > 1
    ):
        raise ValueError(f"model: {path} does not exist")
    tokenizer = AutoTokenizer.from_pretrained(path)
    # For small models on CPU the fused kernel's backward pass is slower than eager attention.
    kernel = "sdpa" if torch.cuda.is_available() else "eager"
    model = AutoModelForCausalLM.from_pretrained(path, attn_implementation=kernel)
    embeddings: Any = model.get_input_embeddings()
    if len(tokenizer) > embeddings.num_embeddings:
        raise ValueError(
            f"model: {path} has a tokenizer of {len(tokenizer)} tokens, the model embeds "
            f"{embeddings.num_embeddings}"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    return model, tokenizer


def load_for_inference(path: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """`load_model` onto this process's GPU if there is one. Trainers place models themselves."""
    model, tokenizer = load_model(path)
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        model.to(device)  # type: ignore[arg-type]  # transformers' decorator drops `self`
    return model, tokenizer


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path) -> None:
    """Write the model (safetensors) and its tokenizer to the folder `path`."""
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)

"""Load models and their tokenizers from a folder or a hub name, and save them.

Nothing in a model folder runs as code: weights are safetensors, and modeling code that comes with a
model is not executed.
"""

import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from rlrecall.models.sources import lora_base
from rlrecall.models.tokens import CHAT, TokenFormat
from rlrecall.runs.config import Model
from rlrecall.runs.errors import UserError

logging.disable_progress_bar()  # transformers shows one per file; stages have their own bars


def load_tokenizer(
    path: str, settings: Model | None = None, **files: str
) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder or hub name, which pads on the left.

    `files` may name what is to be read (`gguf_file`).
    """
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        path, trust_remote_code=False, **_revision(path, settings), **files
    )
    if tokenizer.eos_token_id is None:
        raise UserError(f"model: the tokenizer of {path} has no token that ends a text")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    setattr(tokenizer, CHAT, bool(settings and settings.chat))
    TokenFormat(tokenizer)  # refuses a chat without a template
    return tokenizer


def load_settings(path: str, settings: Model | None = None, **files: str) -> PreTrainedConfig:
    """The config of the model at `path`, of the base of LoRA adapters; `files` as above."""
    base = (lora_base(path) if Path(path).is_dir() else None) or path
    return AutoConfig.from_pretrained(
        base, trust_remote_code=False, **_revision(base, settings), **files
    )


def positions(path: str, settings: Model | None = None) -> int | None:
    """How many tokens the model at `path` has positions for; None if its config does not say."""
    return room_of(load_settings(path, settings))


def room_of(config: PreTrainedConfig) -> int | None:
    """How many tokens a model of this config has positions for; None if it does not say."""
    room = getattr(config.get_text_config(), "max_position_embeddings", None)
    return int(room) if room else None


def load_model(
    path: str, settings: Model | None = None, dtype: str = "float32"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model and tokenizer of a folder or hub name, LoRA adapters included.

    `dtype` is that of the weights unless the recipe's `settings` name one; "auto" is as saved.
    Raises UserError if the path does not exist, a file is damaged, the weights are not numbers, or
    the tokenizer has more tokens than the model.
    """
    if Path(path).is_dir():
        path = str(Path(path).resolve())  # LoRA runs store it and are read from anywhere
        _check_files(Path(lora_base(path) or path))
    elif path.startswith(("/", ".", "checkpoints")) or path.count("/") > 1:
        raise UserError(f"model: {path} does not exist")
    settings = settings or Model()
    tokenizer = load_tokenizer(path, settings)
    # For small models on CPU the fused kernel's backward pass is slower than eager attention.
    kernel = settings.attention or ("sdpa" if torch.cuda.is_available() else "eager")
    model = AutoModelForCausalLM.from_pretrained(
        path,
        attn_implementation=kernel,
        dtype=settings.dtype or dtype,
        use_safetensors=True,
        trust_remote_code=False,
        **_revision(path, settings),
    )
    embeddings: Any = model.get_input_embeddings()
    if len(tokenizer) > embeddings.num_embeddings:
        raise UserError(
            f"model: {path} has a tokenizer of {len(tokenizer)} tokens, the model embeds "
            f"{embeddings.num_embeddings}"
        )
    if not all(weights.isfinite().any() for weights in model.parameters()):
        raise UserError(f"model: {path} has weights that are no numbers (NaN)")
    # A model's own sampling settings (beams, penalties, suppressed tokens) must not apply.
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=sorted(TokenFormat(tokenizer, model).ends),
        pad_token_id=tokenizer.pad_token_id,
    )
    return model, tokenizer


def _revision(path: str, settings: Model | None) -> dict[str, str]:
    """The hub's revision, which a folder has not."""
    revision = settings.revision if settings and not Path(path).is_dir() else None
    return {"revision": revision} if revision else {}


def _check_files(folder: Path) -> None:
    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, framework="pt"):
                pass
        except SafetensorError as error:
            raise UserError(f"model: {file} is damaged: {error}") from None


def load_for_inference(
    path: str, settings: Model | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """`load_model` onto this process's GPU if there is one, there in the dtype of its files.

    Trainers place models themselves.
    """
    gpu = torch.cuda.is_available()
    model, tokenizer = load_model(path, settings, "auto" if gpu else "float32")
    if gpu:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        model.to(device)  # type: ignore[arg-type]  # transformers' decorator drops `self`
    return model, tokenizer


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path) -> None:
    """Write the model (safetensors) and its tokenizer to the folder `path`."""
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)

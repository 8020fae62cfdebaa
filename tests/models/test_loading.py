import json
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from rlrecall.models.generate import generate
from rlrecall.models.loading import load_model, positions, save_model
from rlrecall.models.sources import lora_base, weights_digest
from rlrecall.runs.config import Model
from rlrecall.runs.errors import UserError

PROMPTS = ["Q: Who is Mora? Think:", "Q: What are all dax? A:"]


@pytest.fixture
def copied(small_path, tmp_path):
    return shutil.copytree(small_path, tmp_path / "model")


def test_nothing_of_a_models_generation_config_has_any_effect(small, copied):
    model, tokenizer = small
    settings = {
        "num_beams": 3,
        "no_repeat_ngram_size": 2,
        "min_new_tokens": 12,
        "repetition_penalty": 3.0,
        "suppress_tokens": list(range(100)),
        "do_sample": True,
        "top_k": 2,
    }
    (copied / "generation_config.json").write_text(json.dumps(settings))
    changed, its = load_model(str(copied))
    assert generate(changed, its, PROMPTS, 9) == generate(model, tokenizer, PROMPTS, 9)
    assert not {"num_beams", "suppress_tokens"} & changed.generation_config.to_diff_dict().keys()


def test_weights_that_are_trained_are_float32_whatever_the_file_holds(small, tmp_path):
    model, tokenizer = small
    path = tmp_path / "half"
    model.to(torch.bfloat16).save_pretrained(path)
    model.to(torch.float32)
    tokenizer.save_pretrained(path)
    assert load_model(str(path))[0].dtype == torch.float32
    assert load_model(str(path), dtype="auto")[0].dtype == torch.bfloat16  # frozen: as saved
    assert load_model(str(path), Model(dtype="float16"))[0].dtype == torch.float16


def test_a_damaged_file_is_named(copied):
    file = copied / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"model\.safetensors is damaged"):
        load_model(str(copied))


def test_weights_that_are_no_numbers_are_refused(copied):
    file = copied / "model.safetensors"
    weights = {name: torch.full_like(t, torch.nan) for name, t in load_file(file).items()}
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(UserError, match="no numbers"):
        load_model(str(copied))


def test_code_in_a_model_folder_is_not_run(copied, tmp_path):
    config = json.loads((copied / "config.json").read_text())
    config |= {
        "model_type": "strange",
        "auto_map": {
            "AutoConfig": "modeling_strange.Config",
            "AutoModelForCausalLM": "modeling_strange.Model",
        },
    }
    (copied / "config.json").write_text(json.dumps(config))
    mark = tmp_path / "ran"
    (copied / "modeling_strange.py").write_text(f"open({str(mark)!r}, 'w')\n")
    with pytest.raises(ValueError, match=r"trust_remote_code|strange"):
        load_model(str(copied))
    assert not mark.exists()


@pytest.fixture
def adapted(small_path, copied, tmp_path):
    """A LoRA run on the model in `copied`."""
    model, tokenizer = load_model(str(copied))
    run = tmp_path / "lora"
    save_model(get_peft_model(model, LoraConfig(r=2)), tokenizer, run)
    (run / "manifest.json").write_text(json.dumps({"parent_weights": weights_digest(str(copied))}))
    return run


def test_a_lora_run_finds_its_base_from_any_folder(adapted, copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    assert lora_base(str(adapted)) == str(copied)
    assert positions(str(adapted)) == 1024
    load_model(str(adapted))


def test_a_lora_run_whose_base_has_changed_is_refused(adapted, copied):
    file = copied / "model.safetensors"
    save_file({name: t + 1 for name, t in load_file(file).items()}, file, {"format": "pt"})
    with pytest.raises(UserError, match="no longer the model"):
        load_model(str(adapted))
    shutil.rmtree(copied)
    with pytest.raises(UserError, match="does not exist"):
        load_model(str(adapted))

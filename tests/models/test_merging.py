import json

import pytest
import torch

from rlrecall.cli.main import main
from rlrecall.models.loading import load_model

RECIPE = """
name: lora
base: {base}
gate: 0
rl:
  lora: {{r: 2, target_modules: [q_proj, v_proj], init_lora_weights: false}}
  kinds: [composition]
  probe_every: 0
  rehearsal_tokens: 200
  trainer: {{max_steps: 1, per_device_train_batch_size: 4, num_generations: 4,
             max_completion_length: 4, learning_rate: 5.0e-2}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory, small_path):
    folder = tmp_path_factory.mktemp("lora")
    (folder / "r.yaml").write_text(RECIPE.format(base=small_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(["rl", "r.yaml", "--from", str(small_path), "--run", "lora"])
        main(["merge", "lora", "--run", "merged"])
        yield folder / "checkpoints"


def logits(path):
    with torch.no_grad():
        return load_model(str(path))[0].eval()(input_ids=torch.tensor([[5, 6, 7, 8]])).logits


def test_the_merged_model_is_the_base_with_its_adapters(place, small_path):
    merged = logits(place / "merged")
    assert torch.allclose(merged, logits(place / "lora"), atol=1e-4)
    assert not torch.allclose(merged, logits(small_path), atol=1e-3)
    assert not (place / "merged" / "adapter_config.json").exists()
    model, _ = load_model(str(place / "merged"))
    assert model.dtype == torch.float32


def test_its_manifest_names_run_and_base(place, small_path):
    manifest = json.loads((place / "merged" / "manifest.json").read_text())
    assert manifest["status"] == "done"
    assert manifest["parent"] == "checkpoints/lora"
    assert manifest["base"] == str(small_path)
    assert manifest["base_weights"]
    assert manifest["parent_weights"] != manifest["base_weights"]


def test_a_run_without_adapters_and_an_existing_folder_are_refused(place, fails):
    assert fails("merge", "merged", "--run", "again").endswith(
        "merge: checkpoints/merged is no LoRA run; it has no adapters to merge"
    )
    assert not (place / "again").exists()
    assert "exists already" in fails("merge", "lora", "--run", "merged")

"""`--dry-run` finds what would fail later, says what it could not check, and writes nothing."""

import hashlib
import json
import shutil

import pytest

from rlrecall.cli.main import main
from rlrecall.models import smollm2

RECIPE = """
name: t
sft: {steps: 2, tokens: 300}
practice: {steps: 2, tokens: 300}
rl: {trainer: {learning_rate: 1.0e-3, max_completion_length: 16}}
"""


@pytest.fixture
def place(tmp_path, monkeypatch, small_path):
    (tmp_path / "r.yaml").write_text(f"base: {small_path}\n{RECIPE}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RLRECALL_CACHE", str(tmp_path / "cache"))
    yield tmp_path
    assert {path.name for path in tmp_path.iterdir()} <= {"r.yaml", "narrow"}


@pytest.mark.parametrize(
    ("command", "override", "said"),
    [
        ("practice", "practice.trainer.optin=sgd", "practice.trainer: 'optin' is unknown; did you"),
        ("sft", "practice.trainer.optin=sgd", "practice.trainer: 'optin' is unknown; did you"),
        ("warmup", "warmup.trainer.warmup_ratio=0.1", "did you mean 'warmup_steps'?"),
        ("pretrain", "pretrain.trainer.max_step=9", "did you mean 'max_steps'?"),
        ("rl", "rl.trainer.learning_rat=1", "rl.trainer: 'learning_rat' is unknown; did you"),
        ("rl", "rl.lora.lora_alpa=16", "rl.lora: 'lora_alpa' is unknown; did you"),
        ("study", "rl.lora.lora_alpa=16", "rl.lora: 'lora_alpa' is unknown; did you"),
        ("rl", "rl.trainer.num_generations=3", "rl.trainer: generation_batch_size (8) must be"),
        ("rl", "rl.trainer.per_device_train_batch_size=4096", "sample fewer or larger groups"),
    ],
)
def test_what_a_library_would_refuse_is_refused(place, fails, command, override, said):
    assert said in fails(command, "r.yaml", override, "--dry-run")


@pytest.fixture
def narrow(place, small_path):
    """The small model with 100 positions."""
    shutil.copytree(small_path, place / "narrow")
    config = json.loads((place / "narrow" / "config.json").read_text())
    changed = json.dumps(config | {"max_position_embeddings": 100})
    (place / "narrow" / "config.json").write_text(changed)
    return "base=./narrow"


@pytest.mark.parametrize("command", ["practice", "sft", "rl", "study"])
def test_texts_that_the_model_has_no_room_for_are_refused(fails, narrow, command):
    assert "the model has room for 100" in fails(command, "r.yaml", narrow, "--dry-run")


def test_a_rollout_without_room_is_refused(fails, narrow):
    long = "rl.trainer.max_completion_length=90"
    assert "rl.trainer.max_completion_length is 90" in fails(
        "rl", "r.yaml", narrow, long, "--dry-run"
    )


def test_a_sound_recipe_passes_and_what_was_not_checked_is_said(place, capsys, small_path):
    main(["study", "r.yaml", "--dry-run"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# would run the study in checkpoints/t-seed0"
    assert not lines[1].startswith("#")
    main(["rl", "r.yaml", "--dry-run"])
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[1] == f"# checkpoints/t-seed0/sft is not there yet; {small_path} is checked instead"
    )
    main(["sft", "r.yaml", "base=some/model", "--dry-run"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("# some/model: cannot be opened here (")
    assert lines[1].endswith("); room and vocabulary were not checked")


def test_a_model_of_a_package_is_not_made(place, capsys, monkeypatch):
    recipe = place / "r.yaml"
    monkeypatch.setattr(smollm2, "packaged_file", lambda: recipe)
    monkeypatch.setattr(smollm2, "SHA256", hashlib.sha256(recipe.read_bytes()).hexdigest())
    monkeypatch.setattr(smollm2, "find_spec", lambda name: object())  # gguf
    main(["sft", "r.yaml", "base=smollm2-135m", "--dry-run"])
    assert "not made yet; room and vocabulary were not checked" in capsys.readouterr().out

"""`report_to` reaches the tracker that it names; metrics.jsonl is there with and without it."""

import json

import pytest
from transformers import TrainerCallback
from transformers.integrations import integration_utils

from rlrecall.cli.main import main

RECIPE = """name: t
sft: {steps: 2, tokens: 300, trainer: {logging_steps: 1}}
gate: 0
rl:
  probe_every: 0
  rehearsal_tokens: 100
  trainer: {max_steps: 2, per_device_train_batch_size: 8, max_completion_length: 8,
    learning_rate: 5.0e-4}
"""


@pytest.fixture
def place(tmp_path, monkeypatch, small_path):
    (tmp_path / "r.yaml").write_text(f"base: {small_path}\n{RECIPE}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def trackers(monkeypatch):
    """Trackers that stand in for those of transformers: name -> what each was told."""
    told = {name: [] for name in ("tensorboard", "trackio", "wandb")}

    def tracker(name):
        class Tracker(TrainerCallback):
            def on_log(self, args, state, control, logs=None, **_):
                told[name].append((state.global_step, logs))

        return Tracker

    for name in told:
        monkeypatch.setitem(integration_utils.INTEGRATION_TO_CALLBACK, name, tracker(name))
    return told


def metrics(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_trackers_are_told_what_metrics_jsonl_says(place, trackers):
    main(["sft", "r.yaml", "sft.trainer.report_to=trackio"])
    lines = metrics(place / "checkpoints" / "t-seed0" / "sft")
    assert [{"step": step, **logs} for step, logs in trackers["trackio"]] == lines
    assert [line["step"] for line in lines if "loss" in line] == [1, 2]
    assert trackers["tensorboard"] == trackers["wandb"] == []
    main(["rl", "r.yaml", "rl.trainer.report_to=[tensorboard,wandb]"])
    lines = metrics(place / "checkpoints" / "t-seed0" / "rl")
    for name in ("tensorboard", "wandb"):
        assert [step for step, _ in trackers[name]] == [line["step"] for line in lines]
        assert all("reward" in logs for step, logs in trackers[name][:2])


def test_without_it_nobody_is_told(place, trackers):
    main(["sft", "r.yaml"])
    assert metrics(place / "checkpoints" / "t-seed0" / "sft")
    assert not any(trackers.values())


def test_a_tracker_that_is_unknown_or_not_installed_is_one_line(place, monkeypatch, fails):
    class Missing(TrainerCallback):
        def __init__(self):
            raise RuntimeError("WandbCallback requires wandb to be installed. Run `pip ...`")

    monkeypatch.setitem(integration_utils.INTEGRATION_TO_CALLBACK, "wandb", Missing)
    for name, said in (
        ("wandb", "sft: WandbCallback requires wandb to be installed"),
        ("wanbd", "wanbd is not supported, only"),
    ):
        assert said in fails("sft", "r.yaml", f"sft.trainer.report_to={name}")
        assert not (place / "checkpoints" / "t-seed0" / "sft").exists()

"""Fails where a TRL release changes the undocumented attributes that trl_internals.py uses."""

import importlib.metadata
import tomllib
from pathlib import Path
from statistics import fmean

import pytest
from datasets import Dataset
from packaging.requirements import Requirement
from trl import GRPOConfig

from rlrecall.models.loading import load_model
from rlrecall.training.trl_internals import HookedGRPOTrainer

VERSION = importlib.metadata.version("trl")
PARTS, STEPS = 2, 2  # micro-batches of an optimizer step; optimizer steps
USES = {
    "_prepare_inputs": "returns a micro-batch; overridden to rearrange new rollouts",
    "_buffered_inputs": "the micro-batches of the current rollouts; replaced by rearranged ones",
    "_step": "the number of micro-batches so far; selects one from _buffered_inputs",
    "_metrics": "lists of values that TRL averages and logs; takes the rehearsal loss",
}


class Spy(HookedGRPOTrainer):
    """Reverses the micro-batches of each step and records what happens to them."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.arranged, self.trained, self.counted = [], [], []

    def arrange_rollouts(self, batches):
        self.arranged.append(batches[::-1])
        return self.arranged[-1]

    def compute_loss(self, model, inputs, **options):
        self.trained.append(inputs)
        self.counted.append(self._step)
        self.add_metric("spied", len(self.trained))
        return super().compute_loss(model, inputs, **options)


@pytest.fixture(scope="module")
def trainer(small_path, tmp_path_factory):
    model, tokenizer = load_model(str(small_path))
    arguments = GRPOConfig(
        output_dir=str(tmp_path_factory.mktemp("trl")),
        max_steps=STEPS,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=PARTS,
        num_generations=4,
        max_completion_length=4,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        bf16=False,
    )
    trainer = Spy(
        model=model,
        processing_class=tokenizer,
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": f"Q: Who is {n}?"} for n in ("Mora", "Bela")]),
        reward_funcs=lambda completions, **_: [float(len(text)) for text in completions],
    )
    trainer.train()
    return trainer


@pytest.mark.parametrize("name", USES)
def test_trl_still_has_what_is_used(trainer, name):
    assert hasattr(trainer, name), f"TRL {VERSION} lacks GRPOTrainer.{name}: {USES[name]}"


def test_rollouts_are_arranged_once_a_step_and_trained_on_in_that_order(trainer):
    assert len(trainer.arranged) == STEPS, f"_buffered_inputs: {USES['_buffered_inputs']}"
    assert trainer.counted == list(range(STEPS * PARTS)), f"_step: {USES['_step']}"
    for step, batches in enumerate(trainer.arranged):
        assert len(batches) == PARTS
        for part, batch in enumerate(batches):
            assert trainer.trained[step * PARTS + part] is batch, USES["_prepare_inputs"]
            assert batch["completion_ids"].shape == batch["completion_mask"].shape
            assert len(batch["advantages"]) == 4


def test_metrics_are_averaged_over_a_step_and_logged(trainer):
    logged = [line["spied"] for line in trainer.state.log_history if "spied" in line]
    assert logged == [fmean((1, 2)), fmean((3, 4))], f"_metrics: {USES['_metrics']}"


def test_pyproject_allows_only_the_minor_version_that_was_tested():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    (trl,) = (r for r in map(Requirement, project["dependencies"]) if r.name == "trl")
    major, minor, *_ = map(int, VERSION.split("."))
    assert trl.specifier.contains(VERSION)
    for other in (f"{major}.{minor - 1}.0", f"{major}.{minor + 1}.0"):
        assert not trl.specifier.contains(other)

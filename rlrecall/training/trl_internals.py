"""The undocumented attributes of TRL's GRPOTrainer that rlrecall uses, all in this module.

GRPOTrainer keeps the rollouts of a generation step in `_buffered_inputs`, a list of micro-batches,
and `_prepare_inputs` returns the one that the counter `_step` points to. Values appended to
`_metrics` are averaged and logged. tests/training/test_trl_internals.py fails where a TRL release
changes this; the range of trl in pyproject.toml is what the test passed with.
"""

from typing import Any

import torch
from trl import GRPOConfig, GRPOTrainer

MicroBatch = dict[str, Any]  # tensors of (rows, ...) and a few scalars


class HookedGRPOTrainer(GRPOTrainer):
    """GRPOTrainer with a hook for new rollouts and a method that logs a metric."""

    args: GRPOConfig  # the base class declares TrainingArguments

    def arrange_rollouts(self, batches: list[MicroBatch]) -> list[MicroBatch]:
        """Rearrange the micro-batches of new rollouts before training on them. Default: as is."""
        return batches

    def add_metric(self, name: str, value: float) -> None:
        """Log the mean of the values added under `name` since the last log."""
        self._metrics["train"][name].append(value)

    def _prepare_inputs(self, generation_batch: dict[str, Any]) -> dict[str, torch.Tensor | Any]:
        before = self._buffered_inputs
        inputs = super()._prepare_inputs(generation_batch)
        if self._buffered_inputs is before:
            return inputs
        self._buffered_inputs = self.arrange_rollouts(self._buffered_inputs)
        return self._buffered_inputs[self._step % self.args.steps_per_generation]

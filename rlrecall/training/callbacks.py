"""Trainer callbacks that every stage uses: progress, metrics.jsonl, and saving by time."""

import shutil
import time
from collections.abc import Mapping
from typing import Any

from accelerate.utils import broadcast_object_list
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from transformers import Trainer, TrainerCallback
from transformers.trainer_callback import PrinterCallback

from rlrecall.runs.folder import Run, rewind

SAVE_MINUTES = 10  # the most work that a killed stage loses


class SaveByTime(TrainerCallback):
    """Saves a step every SAVE_MINUTES, unless the recipe's `trainer` settings say how to save."""

    def __init__(self, settings: Mapping[str, Any]):
        self.active = "save_strategy" not in settings
        self.saved = time.monotonic()

    def on_step_end(self, args, state, control, **_):
        if self.active:
            due = [time.monotonic() - self.saved >= 60 * SAVE_MINUTES]
            broadcast_object_list(due)  # the first rank's clock decides for all
            control.should_save = control.should_save or due[0]

    def on_save(self, args, state, control, **_):
        self.saved = time.monotonic()


def drop_steps(run: Run, settings: Mapping[str, Any]) -> None:
    """Delete the steps of a finished run that were saved only to resume it."""
    if "save_strategy" not in settings:
        shutil.rmtree(run.path / "steps", ignore_errors=True)


def add_callbacks(trainer: Trainer, run: Run, settings: Mapping[str, Any]) -> None:
    """Replace a Trainer's printing by `ProgressCallback` and save by time; `settings` are its."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(SaveByTime(settings))
    trainer.add_callback(ProgressCallback(run, visible=trainer.is_world_process_zero()))


class ProgressCallback(TrainerCallback):
    """Writes logged values to metrics.jsonl and shows one progress bar. First rank only."""

    def __init__(self, run: Run, visible: bool):
        self.run = run
        self.bar = Progress(
            TextColumn("      {task.description:<8}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[shown]:<16}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            disable=not visible,
        )

    def on_train_begin(self, args, state, control, **_):
        if state.is_world_process_zero:
            rewind(self.run.path / "metrics.jsonl", lambda step: step <= state.global_step)
        self.task = self.bar.add_task(
            self.run.manifest["stage"],
            total=state.max_steps,
            completed=state.global_step,
            shown="",
        )
        self.bar.start()

    def on_step_end(self, args, state, control, **_):
        self.bar.update(self.task, completed=state.global_step)

    def on_log(self, args, state, control, logs=None, **_):
        if state.is_world_process_zero and logs:
            self.run.log({"step": state.global_step, **logs})
            for key in ("loss", "reward"):
                if key in logs:
                    self.bar.update(self.task, shown=f"{key} {float(logs[key]):.3f}")

    def on_train_end(self, args, state, control, **_):
        self.bar.stop()

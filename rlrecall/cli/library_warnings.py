"""Keeping from the terminal what nobody at it can act on."""

from __future__ import annotations

import logging
import warnings


def _worth_reading(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Setting accelerator to CPU")


def quiet() -> None:
    """Keep from the terminal four remarks of libraries that no user of this program can act on.

    TRL and DeepSpeed call others by old names, rollout_func is ours to worry about, and DeepSpeed,
    imported by transformers wherever it is installed, says that it sees no GPU.
    """
    for text, category in (
        (r"`\w*gradient_checkpointing\w*` is deprecated", FutureWarning),
        (r"`torch\.distributed\.\w+_tensor` is deprecated", FutureWarning),
        ("You are using 'rollout_func'", UserWarning),
    ):
        warnings.filterwarnings("ignore", text, category)
    logging.getLogger("DeepSpeed").addFilter(_worth_reading)

"""One process of several: who makes the run folder, what DeepSpeed is told; launch/train_rl.sh."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run

DEEPSPEED = Path(__file__).parent / "deepspeed"


def launched() -> bool:
    """Whether a launcher (deepspeed, torchrun, accelerate) started this process."""
    return "LOCAL_RANK" in os.environ


def start_run(start: Callable[[], Run], path: Path) -> Run:
    """`start()` on the first rank while the others wait; its mistake ends them all."""
    if not launched():
        return start()
    patience = {"timeout": timedelta(hours=2)}  # the gate asks a large model many questions
    state = PartialState(cpu=not torch.cuda.is_available(), **patience)
    mistake: list[Any] = [None]
    if state.is_main_process:
        try:
            start()
        except (ValueError, OSError) as error:
            mistake = [str(error)]
    broadcast_object_list(mistake)
    if mistake[0] is not None:
        raise UserError(mistake[0])
    return Run(path)


def leave() -> None:
    """End a launched process whose work is done, without the interpreter's tear-down.

    There, threads of the communication backends that are still running now and then abort the
    process (exit -6) after everything has been written.
    """
    if launched():
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def zero_arguments(stage: int) -> dict[str, Any]:
    """Trainer arguments for this ZeRO stage; none for 0, or where no launcher was used.

    Raises UserError if DeepSpeed is not installed.
    """
    if not stage or not launched():
        return {}
    try:
        import deepspeed  # noqa: F401
    except ImportError:
        raise UserError(
            "rl.zero: DeepSpeed is not installed; pip install deepspeed ninja, or give rl.zero=0"
        ) from None
    arguments: dict[str, Any] = {"deepspeed": str(DEEPSPEED / f"zero{stage}.json")}
    if not torch.cuda.is_available():
        # DeepSpeed's bfloat16 is that of the weights themselves; the fast sampler wants float32.
        arguments["bf16"] = False
    return arguments

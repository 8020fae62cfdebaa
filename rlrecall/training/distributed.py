"""Training in several processes: who creates the run folder, and DeepSpeed's settings.

A launcher starts the processes; launch/train.sh does it with DeepSpeed's.
"""

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
TIMEOUT = timedelta(hours=2)  # the gate asks a large model many questions


def launched() -> bool:
    """Whether a launcher (deepspeed, torchrun, accelerate) started this process."""
    return "LOCAL_RANK" in os.environ


def ranks() -> int:
    """How many processes train together."""
    return int(os.environ["WORLD_SIZE"]) if launched() else 1


def start_run(start: Callable[[], Run], path: Path) -> Run:
    """Call `start()` on the first rank while the others wait; its error is raised on all ranks."""
    if not launched():
        return start()
    state = PartialState(cpu=not torch.cuda.is_available(), timeout=TIMEOUT)
    message: list[str | None] = [None]
    if state.is_main_process:
        try:
            start()
        except (ValueError, OSError) as error:
            message = [str(error)]
    broadcast_object_list(message)
    if message[0] is not None:
        raise UserError(message[0])
    return Run(path)


def exit_rank() -> None:
    """End a launched process whose work is done, without the interpreter's shutdown.

    During shutdown, threads of the communication backends sometimes abort the process (exit -6)
    although everything has been written.
    """
    if launched():
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def zero_arguments(stage: int) -> dict[str, Any]:
    """Trainer arguments for this ZeRO stage (0: no DeepSpeed engine); none without a launcher.

    Raises UserError if DeepSpeed is not installed.
    """
    if not launched():
        return {}
    if not stage:
        return {"ddp_find_unused_parameters": False}  # every weight is used: do not search
    try:
        import deepspeed  # noqa: F401
    except ImportError:
        raise UserError(
            "zero: DeepSpeed is not installed; pip install deepspeed ninja, or give zero=0"
        ) from None
    arguments: dict[str, Any] = {"deepspeed": str(DEEPSPEED / f"zero{stage}.json")}
    if not torch.cuda.is_available():
        # DeepSpeed's bfloat16 stores the weights themselves in it; the fast sampler needs float32.
        arguments["bf16"] = False
    return arguments

#!/usr/bin/env bash
# A training stage under the DeepSpeed launcher: one process per visible GPU, or two CPU processes
# without a GPU.
#
#   launch/train.sh sft configs/tiny.yaml zero=2 --run tiny-zero2
#
# STAGE is practice, sft, warmup or rl, and what follows are the arguments of `rlrecall STAGE`; relative
# paths refer to the working folder. `zero` in the recipe is the ZeRO stage: 1, 2 (default), 3, or 0
# for no DeepSpeed engine.
# RANKS=n            number of processes (on GPUs: the first n)
# MASTER_PORT=n      port of the launcher; default: a free one
# OMP_NUM_THREADS=n  threads per process; default on CPUs: an equal share of the cores
# The first start on CPUs compiles DeepSpeed's communication op, which takes about a minute. If it is
# killed, a lock remains and the next start waits forever: rm -r .venv/torch_extensions
set -euo pipefail

stages='practice|sft|warmup|rl'
if [[ $# -lt 2 || ! $1 =~ ^($stages)$ || $2 == -* ]]; then
    echo "usage: $0 $stages CONFIG [key=value ...] [--from RUN] [--run NAME] [--resume|--overwrite]" >&2
    exit 2
fi
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.venv/bin
if [[ -x $bin/rlrecall ]]; then
    PATH=$bin:$PATH
    # One compiled op for each environment: two of them would replace each other's again and again.
    export TORCH_EXTENSIONS_DIR=${TORCH_EXTENSIONS_DIR:-$(dirname "$bin")/torch_extensions}
fi
for argument in "$@"; do
    if [[ $argument == --dry-run ]]; then
        exec rlrecall "$@"
    fi
done
rlrecall "$@" --dry-run > /dev/null # reports a mistake in the recipe once, not once per rank
if ! command -v deepspeed > /dev/null; then
    echo "$0: DeepSpeed is not installed; pip install deepspeed ninja" >&2
    exit 2
fi

gpus=$(python -c 'import torch; print(torch.cuda.device_count())')
if [[ $gpus -eq 0 ]]; then
    export DS_ACCELERATOR=cpu
    RANKS=${RANKS:-2}
    threads=$(($(nproc) / RANKS))
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((threads > 0 ? threads : 1))}
fi
free='import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
# The launcher's log only repeats what the ranks print.
exec deepspeed ${RANKS:+--num_gpus "$RANKS"} --master_port "${MASTER_PORT:-$(python -c "$free")}" \
    --log_level critical --no_local_rank --module rlrecall "$@"

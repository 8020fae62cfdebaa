#!/usr/bin/env bash
# `launch/train.sh rl`, by its former name: GRPO in several processes.
exec "$(dirname "${BASH_SOURCE[0]}")/train.sh" rl "$@"

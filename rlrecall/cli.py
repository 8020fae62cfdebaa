"""The command line: `rlrecall VERB CONFIG [key=value ...] [--run NAME] [--resume|--overwrite]`.

Heavy imports stay inside the verbs, so that help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rlrecall.config import UserError, load_config
from rlrecall.runs import ROOT, Run


def pretrain(args: argparse.Namespace) -> None:
    config = load_config(args.config, args.overrides)
    from rlrecall.stages.pretrain import pretrain as stage

    run = Run.start(
        ROOT / (args.run or config.name), config, "pretrain", None, args.resume, args.overwrite
    )
    stage(config, run, args.resume)


def main() -> None:
    parser = argparse.ArgumentParser(prog="rlrecall")
    verbs = parser.add_subparsers(dest="verb", required=True)
    p = verbs.add_parser("pretrain")
    p.add_argument("config")
    p.add_argument("overrides", nargs="*")
    p.add_argument("--run")
    p.add_argument("--resume", action="store_true")
    p.add_argument("--overwrite", action="store_true")
    p.set_defaults(verb_function=pretrain)
    args = parser.parse_args()
    try:
        args.verb_function(args)
    except UserError as error:
        print(f"rlrecall: {error}", file=sys.stderr)
        sys.exit(2)

"""The command line: `rlrecall VERB CONFIG [key=value ...] [--run NAME] [--resume|--overwrite]`.

Heavy imports stay inside the verbs, so that help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from rlrecall.cli.commands import (
    first_rank,
    run_ask,
    run_compare,
    run_data,
    run_eval,
    run_import,
    run_report,
    run_stage,
    run_study,
    run_view,
)
from rlrecall.cli.library_warnings import quiet
from rlrecall.knowledge.prompts import MODES
from rlrecall.runs.config import load_config
from rlrecall.traces.escape import visible

DATA = {
    "build": "write all sets as Parquet files, of any size",
    "check": "prove that the sets share nothing and that nothing leaks",
    "show": "print questions of every sort and documents of every style; of many blocks, the first",
    "export": "write the sets for other tools",
}
# Said again here, so that help needs none of the modules that know these formats.
EXPORTS = ("hf", "jsonl", "lm-eval", "inspect")
IMPORTS = ("reversal-curse", "facts")
TRACE_EXPORTS = ("csv", "hf", "inspect")
STAGES = {
    "pretrain": "train the embedded base model, from scratch or from another",
    "sft": "write the facts of all sets into a model",
    "warmup": "a few thinking traces on the RL set (optional)",
    "rl": "GRPO on the RL set's training questions",
}


class _Parser(argparse.ArgumentParser):
    """Mistakes in one line."""

    def error(self, message: str) -> Any:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


def build_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="rlrecall", description="Teach a model to recall; measure the transfer.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, help: str, run: Any, config: bool = True) -> argparse.ArgumentParser:
        p = verbs.add_parser(name, help=help, description=help)
        p.set_defaults(function=run, takes_config=config)
        return p

    def recipe(p: argparse.ArgumentParser) -> None:
        p.add_argument("config", help="a recipe such as configs/tiny.yaml, or a run")
        p.add_argument("overrides", nargs="*", default=[], metavar="key=value")
        p.add_argument("--dry-run", action="store_true", help="resolve and print the recipe")

    def writes(p: argparse.ArgumentParser) -> None:
        p.add_argument("--run", help="name of the run below checkpoints/, or a path")
        p.add_argument("--overwrite", action="store_true", help="delete an existing run first")

    about = "knowledge sets: build, check, show, export, import"
    actions = verb("data", about, run_data).add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    for name, help in DATA.items():
        p = actions.add_parser(name, help=help, description=help)
        p.add_argument("config", help="a recipe such as configs/tiny.yaml, or a run")
        if name in ("build", "export"):
            p.add_argument("folder", metavar="DIR", help="a folder that does not exist yet")
        if name == "export":
            p.add_argument("--to", required=True, choices=EXPORTS)
        p.add_argument("overrides", nargs="*", default=[], metavar="key=value")
        p.add_argument("--dry-run", action="store_true", help="resolve and print the recipe")
    help = "read the data of others, or facts of your own, as a knowledge set"
    p = actions.add_parser("import", help=help, description=help)
    p.set_defaults(function=run_import, takes_config=False)
    p.add_argument("form", choices=IMPORTS)
    p.add_argument("source", help="the released folder, or a CSV or JSONL file of facts")
    p.add_argument("--out", required=True, metavar="DIR", help="a folder that does not exist yet")
    for name, help in STAGES.items():
        p = verb(name, help, run_stage)
        recipe(p)
        writes(p)
        p.add_argument("--resume", action="store_true", help="continue an interrupted run")
        p.add_argument("--from", dest="parent", help="run or model to start from")
    p = verb("eval", "ask a run questions, write transcripts", run_eval, config=False)
    p.add_argument("target", help="a run")
    p.add_argument(
        "overrides", nargs="*", default=[], metavar="key=value", help="such as eval.sets=[B]"
    )
    p.add_argument("--dry-run", action="store_true")
    p.add_argument("--overwrite", action="store_true", help="ask again what was asked before")
    p = verb("compare", "paired difference of two runs on the same questions", run_compare, False)
    p.add_argument("run_a")
    p.add_argument("run_b")
    p.add_argument("--mode", default="think", help=f"one of {', '.join(MODES)}; left out: think")
    p.add_argument("--mode-b", metavar="MODE", help="of the second run, if it is another")
    for name in ("set", "kind", "split"):
        p.add_argument(f"--{name}", help=f"only this {name}; left out: every one")
    p = verb("view", "read the traces of a run, or of two", run_view, config=False)
    p.add_argument("target", metavar="RUN", help="a run or a study")
    p.add_argument(
        "other", metavar="RUN_B", nargs="?", help="with --html, --stats: the run after RUN"
    )
    form = p.add_mutually_exclusive_group()
    form.add_argument("--html", metavar="FILE", help="write one page to read in a browser, offline")
    for name in ("set", "kind", "split", "mode", "family", "arm", "outcome"):
        p.add_argument(f"--{name}")
    p.add_argument("--text", help="show traces with this text")
    p.add_argument("--id", metavar="QUESTION_ID", help="show the traces of this question whole")
    form.add_argument("--stats", action="store_true", help="the numbers; of two: what changed")
    form.add_argument("--to", choices=TRACE_EXPORTS, help="write them for another tool, into --out")
    p.add_argument("--out", metavar="DIR", help="a folder that does not exist yet")
    p.add_argument("--limit", type=int)
    p.add_argument("--random", type=int, metavar="SEED", help="in an order drawn by SEED")
    p.add_argument("--json", action="store_true")
    p.add_argument("--no-pager", action="store_true")
    p = verb("ask", "put a question of your own to a run", run_ask, config=False)
    p.add_argument("target", help="a run")
    p.add_argument("question", nargs="?", help="left out: every line typed is a question")
    p.add_argument("--mode", default="think", help=f"one of {', '.join(MODES)}")
    p.add_argument("--set", help="the set to judge by; left out: that whose names you say")
    p.add_argument("--seed", type=int, help="of the sample in the mode think-sampled")
    p.add_argument("--json", action="store_true")
    p = verb(
        "report", "write a study's report.html; of several seeds, print one page", run_report, False
    )
    p.add_argument("targets", nargs="+", metavar="STUDY", help="a study's folder")
    p = verb("study", "the whole experiment; skips what is done", run_study)
    recipe(p)
    writes(p)
    return parser


def main(argv: list[str] | None = None) -> None:
    parser = build_parser()
    args, rest = parser.parse_known_args(argv)
    # argparse takes these only in front of the options; anywhere is as good.
    for name in ("question", "other"):
        if len(rest) == 1 and rest[0][:1] != "-" and getattr(args, name, "") is None:
            setattr(args, name, rest.pop())
    late = [word for word in rest if "=" in word and not word.startswith("-")]
    if len(late) < len(rest) or (late and not hasattr(args, "overrides")):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if late:
        args.overrides += late
    if getattr(args, "resume", False) and args.overwrite:
        parser.error("--resume and --overwrite exclude each other")
    quiet()
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # One kernel for every shape of a batch, kept for 1,024 shapes, was half a GiB in RL.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
    if "LOCAL_RANK" not in os.environ:  # several GPUs in one process would be DataParallel's
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    try:
        if args.takes_config:
            args.function(args, load_config(args.config, args.overrides))
        else:
            args.function(args)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os._exit(0)
    except (ValueError, OSError) as error:
        if os.environ.get("RLRECALL_DEBUG"):
            raise
        if not first_rank():
            time.sleep(5)  # where all ranks fail alike, the launcher ends this one meanwhile
        print(f"rlrecall: {visible(' '.join(str(error).split()))}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # a broken file, mostly
        if os.environ.get("RLRECALL_DEBUG"):
            raise
        said = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"rlrecall: {visible(said)} (RLRECALL_DEBUG=1 shows where)", file=sys.stderr)
        sys.exit(1)

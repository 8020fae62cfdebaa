"""The command line: `rlrecall COMMAND CONFIG [key=value ...] [--run NAME] [--resume|--overwrite]`.

This module parses arguments and reports errors; commands.py runs the commands. It imports nothing
heavy, so that help and mistakes are answered at once.
"""

import argparse
import logging
import os
import sys
import time
import warnings
from typing import Any

# Repeated here from modules that are slow to import; a test compares them.
MODES = ("direct", "think", "think-sampled", "context", "context-think")
EXPORTS = ("hf", "jsonl", "lm-eval", "inspect")
IMPORTS = ("reversal-curse", "facts")
TRACE_EXPORTS = ("csv", "hf", "inspect")
RECIPE = "a recipe such as configs/tiny.yaml, or a run"
DATA = {
    "build": "write all sets as Parquet files, of any size",
    "check": "prove that the sets share nothing and that nothing leaks",
    "show": "print questions of every kind and documents of every style",
    "export": "write the sets for other tools",
}
STAGES = {
    "pretrain": "train the embedded base model, from scratch or from another",
    "practice": "teach a model to read contexts, before it learns facts",
    "sft": "write the facts of all sets into a model",
    "warmup": "train on a few thinking traces about the RL set (optional)",
    "rl": "GRPO on the RL set's training questions",
}


class _Parser(argparse.ArgumentParser):
    """Reports mistakes in one line."""

    def error(self, message: str) -> Any:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


def build_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rlrecall",
        description="Teach a language model to recall what it knows; measure whether it transfers.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_data(commands)
    for name, help in STAGES.items():
        p = _add_training(commands, name, help, "stage_command")
        p.add_argument("--resume", action="store_true", help="continue an interrupted run")
        p.add_argument("--from", dest="parent", help="run or model to start from")
    help = "run the whole experiment; skips what is done"
    _add_training(commands, "study", help, "study_command")
    help = "say what this machine has, and whether a recipe's study fits it; runs nothing"
    p = _add(commands, "doctor", help, "doctor_command", config=True)
    p.add_argument("config", help=RECIPE)
    p.add_argument("overrides", nargs="*", default=[], metavar="key=value", help="fields of it")
    p.add_argument("--json", action="store_true", help="print one JSON object")
    p = _add(commands, "eval", "ask a run questions, write transcripts", "eval_command")
    p.add_argument("target", help="a run; with --recipe, any model: a folder or a hub name")
    _add_overrides(p, "such as eval.sets=[B]")
    p.add_argument("--recipe", help="for a model that is no run: what to ask it, into --run")
    p.add_argument("--run", help="with --recipe: name of the new run below checkpoints/, or a path")
    p.add_argument("--overwrite", action="store_true", help="ask again what was asked before")
    p = _add(commands, "merge", "merge a LoRA run into its base, as a new run", "merge_command")
    p.add_argument("target", metavar="RUN", help="a run of LoRA adapters")
    p.add_argument("--run", required=True, help="name of the new run, or a path")
    p.add_argument("--overwrite", action="store_true", help="delete an existing run first")
    help = "paired difference of two runs on the same questions"
    p = _add(commands, "compare", help, "compare_command")
    p.add_argument("run_a", help="a run, such as one before RL")
    p.add_argument("run_b", help="the run to compare with it: differences are b - a")
    p.add_argument("--mode", default="think", help=f"one of {', '.join(MODES)}; default: think")
    p.add_argument("--mode-b", metavar="MODE", help="mode of the second run, if it differs")
    for name in ("set", "kind", "split"):
        p.add_argument(f"--{name}", help=f"only this {name}; default: all")
    _add_view(commands)
    p = _add(commands, "ask", "ask a run a question of your own", "ask_command")
    p.add_argument("target", help="a run")
    p.add_argument("question", nargs="?", help="default: each line typed is a question")
    p.add_argument("--mode", default="think", help=f"one of {', '.join(MODES)}")
    p.add_argument("--set", help="the set to judge by; default: the one whose names you use")
    p.add_argument("--seed", type=int, help="seed of the sample in mode think-sampled")
    p.add_argument("--json", action="store_true", help="print one JSON object per line")
    help = "write a study's report.html; for several seeds, print one page"
    p = _add(commands, "report", help, "report_command")
    p.add_argument("targets", nargs="+", metavar="STUDY", help="a study's folder")
    return parser


def _add(
    commands: Any, name: str, help: str, function: str, config: bool = False
) -> argparse.ArgumentParser:
    """A command that runs `function` of commands.py, with a recipe (`config`) or without."""
    p = commands.add_parser(name, help=help, description=help)
    p.set_defaults(function=function, takes_config=config)
    return p


def _add_overrides(p: argparse.ArgumentParser, help: str = "fields of the recipe") -> None:
    p.add_argument("overrides", nargs="*", default=[], metavar="key=value", help=help)
    p.add_argument("--dry-run", action="store_true", help="print the resolved recipe, do nothing")


def _add_training(commands: Any, name: str, help: str, function: str) -> argparse.ArgumentParser:
    p = _add(commands, name, help, function, config=True)
    p.add_argument("config", help=RECIPE)
    _add_overrides(p)
    p.add_argument("--run", help="name of the run below checkpoints/, or a path")
    p.add_argument("--overwrite", action="store_true", help="delete an existing run first")
    return p


def _add_data(commands: Any) -> None:
    help = "knowledge sets: build, check, show, export, import"
    actions = _add(commands, "data", help, "data_command", config=True).add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    for name, help in DATA.items():
        p = actions.add_parser(name, help=help, description=help)
        p.add_argument("config", help=RECIPE)
        if name in ("build", "export"):
            p.add_argument("folder", metavar="DIR", help="a folder that does not exist yet")
        if name == "export":
            p.add_argument("--to", required=True, choices=EXPORTS)
        _add_overrides(p)
    help = "read released data, or facts of your own, as a knowledge set"
    p = actions.add_parser("import", help=help, description=help)
    p.set_defaults(function="import_command", takes_config=False)
    p.add_argument("form", choices=IMPORTS)
    p.add_argument("source", help="the released folder, or a CSV or JSONL file of facts")
    p.add_argument("--out", required=True, metavar="DIR", help="a folder that does not exist yet")


def _add_view(commands: Any) -> None:
    p = _add(commands, "view", "read the traces of a run, or of two", "view_command")
    p.add_argument("target", metavar="RUN", help="a run or a study")
    p.add_argument(
        "other", metavar="RUN_B", nargs="?", help="with --html, --stats: the run after RUN"
    )
    output = p.add_mutually_exclusive_group()
    output.add_argument("--html", metavar="FILE", help="write one page for a browser, offline")
    for name in ("set", "kind", "split", "mode", "family", "arm", "stage", "outcome"):
        p.add_argument(f"--{name}", help=f"only this {name}; default: all")
    p.add_argument("--text", help="only traces with this text in question or completion")
    p.add_argument("--id", metavar="QUESTION_ID", help="show the traces of this question in full")
    output.add_argument(
        "--stats", action="store_true", help="print statistics; of two runs, what changed"
    )
    output.add_argument(
        "--to", choices=TRACE_EXPORTS, help="write traces for another tool to --out"
    )
    p.add_argument("--out", metavar="DIR", help="a folder that does not exist yet")
    p.add_argument("--limit", type=int, metavar="N", help="print the first N traces only")
    p.add_argument("--random", type=int, metavar="SEED", help="shuffle with this seed")
    p.add_argument("--json", action="store_true", help="print one JSON object per line")
    p.add_argument("--no-pager", action="store_true", help="print everything at once")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The arguments, wherever they stand; exits with one line for a mistake."""
    parser = build_parser()
    args, rest = parser.parse_known_args(argv)
    # argparse accepts these only before options; accept them anywhere.
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
    return args


def _silence() -> None:
    """Hide four remarks of libraries that users cannot act on.

    TRL and DeepSpeed use deprecated names of other libraries, rollout_func is ours to worry about,
    and DeepSpeed, which transformers imports wherever it is installed, reports that there is no
    GPU.
    """
    for text, category in (
        (r"`\w*gradient_checkpointing\w*` is deprecated", FutureWarning),
        (r"`torch\.distributed\.\w+_tensor` is deprecated", FutureWarning),
        ("You are using 'rollout_func'", UserWarning),
    ):
        warnings.filterwarnings("ignore", text, category)
    logging.getLogger("DeepSpeed").addFilter(
        lambda record: not record.getMessage().startswith("Setting accelerator to CPU")
    )


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    from rlrecall.cli import commands
    from rlrecall.runs.recipes import load_config
    from rlrecall.traces.escape import visible

    _silence()
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # oneDNN keeps one kernel for each batch shape; its default of 1,024 cost half a GiB in RL.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
    # Several GPUs in one process would mean DataParallel.
    if "LOCAL_RANK" not in os.environ and args.command != "doctor":
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    run = getattr(commands, args.function)
    try:
        if args.takes_config:
            run(args, load_config(args.config, args.overrides))
        else:
            run(args)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os._exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("RLRECALL_DEBUG"):
            raise
        said, mistake = str(error), isinstance(error, ValueError | OSError)
        if not mistake:  # most often a damaged file
            said = f"{type(error).__name__}: {error} (RLRECALL_DEBUG=1 shows where)"
        elif not commands.first_rank():
            time.sleep(5)  # if all ranks fail alike, the launcher ends this one in the meantime
        print(f"rlrecall: {visible(' '.join(said.split()))}", file=sys.stderr)
        sys.exit(2 if mistake else 1)

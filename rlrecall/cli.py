"""The command line: `rlrecall VERB CONFIG [key=value ...] [--run NAME] [--resume|--overwrite]`.

Heavy imports stay inside the verbs, so that help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from rlrecall.config import Config, UserError, choose, load_config
from rlrecall.page import visible
from rlrecall.prompts import MODES
from rlrecall.quiet import quiet
from rlrecall.runs import ROOT, Run, run_path, weights_digest

DATA = {
    "build": "write all sets as Parquet files, of any size",
    "check": "prove that the sets share nothing and that nothing leaks",
    "show": "print a question of every family, kind and split",
    "export": "write the sets for other tools",
}
# Said again here, so that help needs none of the modules that know these formats.
EXPORTS = ("hf", "jsonl", "lm-eval", "inspect")
IMPORTS = ("reversal-curse", "facts")
TRACE_EXPORTS = ("csv", "hf", "inspect")
STAGES = {
    "pretrain": "train the embedded base model from scratch",
    "sft": "write the facts of all sets into a model",
    "warmup": "a few thinking traces on the RL set (optional)",
    "rl": "GRPO on the RL set's training questions",
}


def run_stage(args: argparse.Namespace, config: Config) -> None:
    folder = _study_folder(config)
    if args.verb == "pretrain":
        path = run_path(args.run or config.name)
        if not _dry(args, config, f"pretrain into {path}"):
            from rlrecall.stages.pretrain import pretrain

            parent = args.parent
            weights = weights_digest(parent) if parent else None
            run = Run.start(
                path,
                config,
                "pretrain",
                parent,
                args.resume,
                args.overwrite,
                parent_weights=weights,
            )
            pretrain(config, run, parent, args.resume)
            print(f"{path}")
        return
    path = run_path(args.run) if args.run else folder / args.verb
    default = {"sft": config.base, "warmup": str(folder / "sft"), "rl": str(folder / "sft")}
    parent = args.parent or default[args.verb]
    if not _dry(args, config, f"{args.verb} from {parent} into {path}"):
        from rlrecall.ranks import leave
        from rlrecall.verbs import run_stage as stage

        stage(args.verb, config, path, parent, args.resume, args.overwrite)
        if _first_rank():
            print(f"{path}")
        leave()


def run_eval(args: argparse.Namespace) -> None:
    run = Run.open(args.target)
    config = load_config(run.path, args.overrides)
    if _dry(args, config, f"evaluate {run.path}"):
        return
    from rlrecall.results import rows_table, tabulate
    from rlrecall.verbs import evaluate_run

    arm = run.path.name
    records = evaluate_run(run, config, arm, args.overwrite)
    _console().print(rows_table(tabulate(records, config.seed)))
    print(f"{run.path}/eval")


def run_compare(args: argparse.Namespace) -> None:
    from rlrecall.pairing import compare_runs
    from rlrecall.results import comparisons_table

    choose("--mode", args.mode, list(MODES))
    mode_b = choose("--mode-b", args.mode_b or args.mode, list(MODES))
    found = compare_runs(Run.open(args.run_a), Run.open(args.run_b), args.mode, mode_b)
    wanted = {"set": args.set, "kind": args.kind, "split": args.split}
    for key, value in wanted.items():
        if value is not None:
            choose(f"--{key}", value, sorted({c[key] for c in found}))
            found = [c for c in found if c[key] == value]
    _console().print(comparisons_table(found))


def run_view(args: argparse.Namespace) -> None:
    from rlrecall.view import Filters, view

    fields = ("set", "kind", "split", "mode", "family", "arm", "outcome", "text", "id")
    filters = Filters(**{name: getattr(args, name) for name in fields})
    paths = [_run_or_study(name) for name in (args.target, args.other) if name]
    if (args.html or args.stats or args.to) and (args.limit is not None or args.random is not None):
        raise UserError("--limit, --random: they are for reading in the terminal")
    if args.html:
        if args.json:
            raise UserError("--json: it does not go with --html")
        from rlrecall.reader import write_reader

        count, notes = write_reader(paths, Path(args.html), filters)
        for note in notes:
            print(f"rlrecall: {visible(note)}", file=sys.stderr)
        print(f"{args.html}: {count:,} traces")
        return
    if args.other:
        raise UserError("view: two runs are read side by side with --html FILE")
    (path,) = paths
    if args.stats:
        from rlrecall.trace_stats import show_statistics

        show_statistics(path, filters, args.json)
    elif args.to or args.out:
        from rlrecall.trace_exports import export_traces

        print(export_traces(path, filters, args.to, args.out))
    else:
        view(path, filters, not args.no_pager, args.json, args.limit, args.random)


def _run_or_study(name: str) -> Path:
    """The folder of a run; of a study, that of every run below it."""
    study = run_path(name)
    return study if (study / "results.json").is_file() else Run.open(name).path


def run_ask(args: argparse.Namespace) -> None:
    from rlrecall.ask import ask

    ask(args.target, args.question, args.set, args.mode, args.seed, args.json)


def run_report(args: argparse.Namespace) -> None:
    from rlrecall.report import write_report
    from rlrecall.summary import summary

    paths = [run_path(name) for name in args.targets]
    if len(paths) == 1:
        print(write_report(paths[0]))
    else:
        print(summary(paths))


def run_study(args: argparse.Namespace, config: Config) -> None:
    path = run_path(args.run) if args.run else _study_folder(config)
    if _dry(args, config, f"study in {path}"):
        return
    from rlrecall.report import write_report
    from rlrecall.results import finding, transfer_set, transfer_table
    from rlrecall.study import study

    results = study(config, path, overwrite=args.overwrite)
    console = _console()
    console.print(transfer_table(results))
    for kind in ("composition", "reversal"):
        if sentence := finding(results, kind):
            console.print(sentence, highlight=False)
    print(f"\nreport   {write_report(path)}")
    print(f"results  {path}/results.json")
    far = transfer_set(results)
    print(f"traces   rlrecall view {path}/rl --set {far} --mode think   (before RL: {path}/sft)")


def run_data(args: argparse.Namespace, config: Config) -> None:
    from rlrecall import data

    if args.action in ("build", "export"):
        if _dry(args, config, f"write knowledge sets into {args.folder}"):
            return
        folder = Path(args.folder)
        if args.action == "build":
            print(data.build(config, folder))
        else:
            print(data.export(config, args.to, folder, args.documents))
    elif not _dry(args, config, f"{args.action} the knowledge sets"):
        for line in [data.check(config)] if args.action == "check" else data.show(config):
            print(line)


def run_import(args: argparse.Namespace) -> None:
    from rlrecall.data import import_set

    print(import_set(args.form, Path(args.source), Path(args.out)))


def _console() -> Any:
    """The terminal; a pipe gets lines long enough for the tables."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 110)


def _first_rank() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _study_folder(config: Config) -> Path:
    return ROOT / f"{config.name}-seed{config.seed}"


def _dry(args: argparse.Namespace, config: Config, what: str) -> bool:
    if args.dry_run:
        from omegaconf import OmegaConf

        print(f"# would {what}\n{OmegaConf.to_yaml(OmegaConf.structured(config))}", end="")
    return bool(args.dry_run)


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
        p.add_argument("overrides", nargs="*", metavar="key=value")
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
            p.add_argument("--documents", type=int, default=200, help="texts of each set")
        p.add_argument("overrides", nargs="*", metavar="key=value")
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
    p.add_argument("overrides", nargs="*", metavar="key=value", help="such as eval.sets=[B]")
    p.add_argument("--dry-run", action="store_true")
    p.add_argument("--overwrite", action="store_true", help="ask again what was asked before")
    p = verb("compare", "paired difference of two runs on the same questions", run_compare, False)
    p.add_argument("run_a")
    p.add_argument("run_b")
    p.add_argument("--mode", default="think")
    p.add_argument("--mode-b", help="mode of the second run, if it is another")
    for name in ("set", "kind", "split"):
        p.add_argument(f"--{name}")
    p = verb("view", "read the traces of a run, or of two", run_view, config=False)
    p.add_argument("target", metavar="RUN", help="a run or a study")
    p.add_argument("other", metavar="RUN_B", nargs="?", help="with --html: the run after RUN")
    p.add_argument("--html", metavar="FILE", help="write one page to read in a browser, offline")
    for name in ("set", "kind", "split", "mode", "family", "arm", "outcome"):
        p.add_argument(f"--{name}")
    p.add_argument("--text", help="show traces with this text")
    p.add_argument("--id", metavar="QUESTION_ID", help="show the traces of this question whole")
    p.add_argument("--stats", action="store_true", help="the numbers: recalled, lucky, made up ...")
    p.add_argument("--to", choices=TRACE_EXPORTS, help="write them for another tool, into --out")
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
    # argparse takes key=value only in front of the options; anywhere is as good.
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
        if not _first_rank():
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


if __name__ == "__main__":
    main()

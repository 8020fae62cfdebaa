"""What the verbs of the command line do; cli.py reads their words.

Heavy imports stay inside the verbs, so that help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from rlrecall.knowledge.prompts import MODES
from rlrecall.runs.config import Config, UserError, choose, load_config
from rlrecall.runs.folder import ROOT, Run, run_path, weights_digest
from rlrecall.traces.escape import visible


def run_stage(args: argparse.Namespace, config: Config) -> None:
    folder = _study_folder(config)
    if args.verb == "pretrain":
        if config.pretrain.implant and not args.parent:
            raise UserError("pretrain.implant: new heads are for a trained model; give --from RUN")
        path = run_path(args.run or config.name)
        if not _dry(args, config, f"pretrain into {path}"):
            from rlrecall.runs.folder import model_path
            from rlrecall.study.stages import nothing_left
            from rlrecall.training.pretrain import pretrain

            parent = args.parent
            source = model_path(parent) if parent else None
            weights = weights_digest(source) if source else None
            run = Run.start(
                path,
                config,
                "pretrain",
                parent,
                args.resume,
                args.overwrite,
                parent_weights=weights,
            )
            with nothing_left("pretrain", path):
                pretrain(config, run, source, args.resume)
            print(f"{path}")
        return
    path = run_path(args.run) if args.run else folder / args.verb
    default = {"sft": config.base, "warmup": str(folder / "sft"), "rl": str(folder / "sft")}
    parent = args.parent or default[args.verb]
    if not _dry(args, config, f"{args.verb} from {parent} into {path}"):
        from rlrecall.study.stages import run_stage as stage
        from rlrecall.training.distributed import leave

        stage(args.verb, config, path, parent, args.resume, args.overwrite)
        if first_rank():
            print(f"{path}")
        leave()


def run_eval(args: argparse.Namespace) -> None:
    run = Run.open(args.target)
    config = load_config(run.path, args.overrides)
    if _dry(args, config, f"evaluate {run.path}"):
        return
    from rlrecall.evaluation.rows import rows_table, tabulate
    from rlrecall.study.stages import evaluate_run

    arm = run.path.name
    records = evaluate_run(run, config, arm, args.overwrite)
    _console().print(rows_table(tabulate(records, config.seed)))
    print(f"{run.path}/eval")


def run_compare(args: argparse.Namespace) -> None:
    from rlrecall.evaluation.comparisons import compare_runs
    from rlrecall.evaluation.rows import comparisons_table

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
    from rlrecall.traces.view import Filters, view

    fields = ("set", "kind", "split", "mode", "family", "arm", "outcome", "text", "id")
    filters = Filters(**{name: getattr(args, name) for name in fields})
    paths = [_run_or_study(name) for name in (args.target, args.other) if name]
    if (args.html or args.stats or args.to) and (args.limit is not None or args.random is not None):
        raise UserError("--limit, --random: they are for reading in the terminal")
    if args.json and (args.html or args.to):
        raise UserError(f"--json: it does not go with --{'html' if args.html else 'to'}")
    if args.out is not None and (args.html or args.stats):
        raise UserError("--out: it goes with --to")
    if args.stats and args.id is not None:
        raise UserError("--id: one question makes no statistics; leave out --stats to read it")
    if args.html is not None:
        from rlrecall.traces.page.build import write_reader

        count, notes = write_reader(paths, Path(args.html), filters)
        for note in notes:
            print(f"rlrecall: {visible(note)}", file=sys.stderr)
        print(f"{args.html}: {count:,} traces")
        return
    if args.other and args.stats:
        from rlrecall.traces.changes import show_changes

        before, after = paths
        show_changes(before, after, filters, args.json)
        return
    if args.other:
        single = [n for n in ("to", "out", "limit", "random") if getattr(args, n) is not None]
        single += ["json"] * args.json
        what = ", ".join(f"--{name}" for name in single) or "view"
        raise UserError(
            f"{what}: for one run; two are read side by side with --html FILE, and compared with "
            "--stats"
        )
    (path,) = paths
    if args.stats:
        from rlrecall.traces.statistics import show_statistics

        show_statistics(path, filters, args.json)
    elif args.to or args.out is not None:
        from rlrecall.traces.exports import export_traces

        print(export_traces(path, filters, args.to, args.out))
    else:
        view(path, filters, not args.no_pager, args.json, args.limit, args.random)


def _run_or_study(name: str) -> Path:
    """The folder of a run; of a study, finished or not, that of every run below it."""
    study = run_path(name)
    return study if any(study.glob("*/manifest.json")) else Run.open(name).path


def run_ask(args: argparse.Namespace) -> None:
    from rlrecall.traces.ask import ask

    ask(args.target, args.question, args.set, args.mode, args.seed, args.json)


def run_report(args: argparse.Namespace) -> None:
    from rlrecall.report.report import write_report
    from rlrecall.report.seeds import summary

    paths = [run_path(name) for name in args.targets]
    if len(paths) == 1:
        print(write_report(paths[0]))
    else:
        print(summary(paths))


def run_study(args: argparse.Namespace, config: Config) -> None:
    path = run_path(args.run) if args.run else _study_folder(config)
    if _dry(args, config, f"study in {path}"):
        return
    from rlrecall.evaluation.rows import finding, transfer_set, transfer_table
    from rlrecall.report.report import write_report
    from rlrecall.study.study import study

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
    from rlrecall.cli import data

    if args.action in ("build", "export"):
        if _dry(args, config, f"write knowledge sets into {args.folder}"):
            return
        folder = Path(args.folder)
        if args.action == "build":
            print(data.build(config, folder))
        else:
            print(data.export(config, args.to, folder))
    elif not _dry(args, config, f"{args.action} the knowledge sets"):
        for line in [data.check(config)] if args.action == "check" else data.show(config):
            print(line)


def run_import(args: argparse.Namespace) -> None:
    from rlrecall.knowledge.formats.imports import import_set

    print(import_set(args.form, Path(args.source), Path(args.out)))


def _console() -> Any:
    """The terminal; a pipe gets lines long enough for the tables."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 110)


def first_rank() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _study_folder(config: Config) -> Path:
    return ROOT / f"{config.name}-seed{config.seed}"


def _dry(args: argparse.Namespace, config: Config, what: str) -> bool:
    if args.dry_run:
        from omegaconf import OmegaConf

        print(f"# would {what}\n{OmegaConf.to_yaml(OmegaConf.structured(config))}", end="")
    return bool(args.dry_run)

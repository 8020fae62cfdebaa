"""The commands of the command line; main.py parses their arguments.

Heavy imports stay inside the commands, so that mistakes are answered at once.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from rlrecall.knowledge.formats.files import check_parents
from rlrecall.knowledge.prompts import MODES
from rlrecall.models.sources import model_path, weights_digest
from rlrecall.runs.arms import select_arms
from rlrecall.runs.config import Config, Practice
from rlrecall.runs.errors import UserError, choose
from rlrecall.runs.folder import ROOT, Run, run_path
from rlrecall.runs.recipes import changed, load_config, to_yaml
from rlrecall.traces.escape import visible
from rlrecall.training.rl_settings import check_rl_settings


def stage_command(args: argparse.Namespace, config: Config) -> None:
    if args.command == "pretrain":
        _pretrain(args, config)
        return
    if args.command == "rl":
        check_rl_settings(config)
    folder = _study_folder(config)
    path = _output(args, folder / args.command)
    first = args.command in ("practice", "sft")
    parent = args.parent or (config.base if first else str(folder / "sft"))
    missing = args.dry_run and not (args.parent or first or Run(Path(parent)).done)
    field = "--from" if args.parent else "base" if first or missing else "run"
    source = model_path(config.base if missing else parent, field, make=not args.dry_run)
    if args.dry_run:
        from rlrecall.study.dry_run import check_plan

        before = ["practice"] if args.command == "sft" and not args.parent else []
        stages = [s for s in (*before, args.command) if s != "practice" or config.practice.steps]
        remarks = [f"{parent} is not there yet; {config.base} is checked instead"] * missing
        remarks += check_plan([(stage, config) for stage in stages], source)
        _dry(args, config, f"run {args.command} from {parent} into {path}", remarks)
        return
    from rlrecall.study.stages import STAGES, practiced
    from rlrecall.training.distributed import exit_rank

    if args.command == "sft" and not args.parent:
        parent = practiced(config, parent)
    STAGES[args.command](config, path, [parent], args.resume, args.overwrite)
    if first_rank():
        print(path)
    exit_rank()


def _pretrain(args: argparse.Namespace, config: Config) -> None:
    if config.pretrain.implant and not args.parent:
        raise UserError("pretrain.implant: new heads need a trained model; give --from RUN")
    path = _output(args, ROOT / config.name)
    source = model_path(args.parent, "--from") if args.parent else None
    if args.dry_run:
        from rlrecall.training.arguments import lm_arguments

        lm_arguments(config, "pretrain", path, config.pretrain.parts)
    if _dry(args, config, f"pretrain into {path}"):
        return
    from rlrecall.study.stages import undo_unless_begun
    from rlrecall.training.pretrain import pretrain

    weights = weights_digest(source) if source else None
    flags = (args.resume, args.overwrite)
    run = Run.start(path, config, "pretrain", args.parent, *flags, parent_weights=weights)
    with undo_unless_begun("pretrain", path):
        pretrain(config, run, source, args.resume)
    print(path)


def eval_command(args: argparse.Namespace) -> None:
    if bool(args.recipe) != bool(args.run):
        raise UserError("eval: --recipe and --run go together, for a model that is no run")
    run = Run(run_path(args.run)) if args.run else Run.open(args.target)
    config = load_config(args.recipe or run.path, args.overrides)
    remarks = []
    if args.dry_run:
        from rlrecall.study.dry_run import check_plan

        remarks = check_plan([], model_path(args.target, make=False), config)
    if _dry(args, config, f"evaluate {args.target} into {run.path}", remarks):
        return
    from rlrecall.evaluation.rows import tabulate
    from rlrecall.report.terminal import drift_table, rows_table
    from rlrecall.study.drift import SKIPPED, measure_drift
    from rlrecall.study.stages import evaluate_run, keep_model

    if args.recipe and not (run.done and run.manifest.get("model") == model_path(args.target)):
        if run.path.exists() and not args.overwrite:
            raise UserError(f"run: {run.path} exists already; give --overwrite or another --run")
        keep_model(replace(config, practice=Practice()), run.path, [args.target])
    records = evaluate_run(run, config, run.path.name, args.overwrite)
    _console().print(rows_table(tabulate(records, config.seed)))
    if config.eval.perplexity:
        found = measure_drift(run, config, args.overwrite)
        _console().print(SKIPPED if found is None else drift_table({run.path.name: found}))
    print(f"{run.path}/eval")


def merge_command(args: argparse.Namespace) -> None:
    path = _output(args, run_path(args.run))
    from rlrecall.models.merging import merge

    print(merge(args.target, path, args.overwrite).path)


def compare_command(args: argparse.Namespace) -> None:
    from rlrecall.evaluation.records import matching
    from rlrecall.evaluation.rows import compare_runs
    from rlrecall.report.terminal import comparisons_table

    choose("--mode", args.mode, list(MODES))
    mode_b = choose("--mode-b", args.mode_b or args.mode, list(MODES))
    found = compare_runs(Run.open(args.run_a), Run.open(args.run_b), args.mode, mode_b)
    for key in ("set", "kind", "split"):
        if (value := getattr(args, key)) is not None:
            choose(f"--{key}", value, sorted({getattr(c, key) for c in found}))
            found = matching(found, **{key: value})
    _console().print(comparisons_table(found))


def view_command(args: argparse.Namespace) -> None:
    from rlrecall.traces import changes, exports, statistics, view
    from rlrecall.traces.filters import Filters
    from rlrecall.traces.page.build import write_page

    filters = Filters(**{field.name: getattr(args, field.name) for field in fields(Filters)})
    _check_view(args)
    paths = [_run_or_study(name) for name in (args.target, args.other) if name]
    if args.html is not None:
        count, notes = write_page(paths, Path(args.html), filters)
        for note in notes:
            print(f"rlrecall: {visible(note)}", file=sys.stderr)
        print(f"{args.html}: {count:,} traces")
    elif args.stats and args.other:
        changes.show_changes(paths[0], paths[1], filters, args.json)
    elif args.stats:
        statistics.show_statistics(paths[0], filters, args.json)
    elif args.to or args.out is not None:
        print(exports.export_traces(paths[0], filters, args.to, args.out))
    else:
        view.view(paths[0], filters, not args.no_pager, args.json, args.limit, args.random)


def _check_view(args: argparse.Namespace) -> None:
    """Raise UserError for options that do not go together."""
    if (args.html or args.stats or args.to) and (args.limit is not None or args.random is not None):
        raise UserError("--limit, --random: only for reading in the terminal")
    if args.json and (args.html or args.to):
        raise UserError(f"--json: does not go with --{'html' if args.html else 'to'}")
    if args.out is not None and (args.html or args.stats):
        raise UserError("--out: only with --to")
    if args.stats and args.id is not None:
        raise UserError("--id: one question has no statistics; leave out --stats to read it")
    if args.other and args.html is None and not args.stats:
        single = [n for n in ("to", "out", "limit", "random") if getattr(args, n) is not None]
        single += ["json"] * args.json
        what = ", ".join(f"--{name}" for name in single) or "view"
        raise UserError(
            f"{what}: for one run only; with two, use --html FILE to read them side by side, or "
            "--stats to compare them"
        )


def _run_or_study(name: str) -> Path:
    """The folder of a run, or of a study, finished or not."""
    study = run_path(name)
    return study if any(study.glob("*/manifest.json")) else Run.open(name).path


def ask_command(args: argparse.Namespace) -> None:
    from rlrecall.traces.ask import ask

    ask(args.target, args.question, args.set, args.mode, args.seed, args.json)


def report_command(args: argparse.Namespace) -> None:
    from rlrecall.report.report import write_report
    from rlrecall.report.seeds import summary

    paths = [run_path(name) for name in args.targets]
    if len(paths) == 1:
        print(write_report(paths[0]))
    else:
        print(summary(paths))


def study_command(args: argparse.Namespace, config: Config) -> None:
    arms = select_arms(config.study.arms)
    if "rl" in {arm.stage for arm in arms}:
        check_rl_settings(config)
    path = _output(args, _study_folder(config))
    source, remarks = model_path(config.base, "base", make=not args.dry_run), []
    if args.dry_run:
        from rlrecall.study.dry_run import check_plan

        stages = [(arm.stage, changed(config, arm.changes)) for arm in arms]
        stages = [(s, c) for s, c in stages if s != "base"]
        if config.practice.steps:
            stages = [("practice", config), *stages]
        modes = sorted({mode for arm in arms for mode in arm.modes})
        asked = replace(config, eval=replace(config.eval, modes=modes))
        remarks = check_plan(stages, source, asked)
    if _dry(args, config, f"run the study in {path}", remarks):
        return
    from rlrecall.report.findings import baselines, effect_of_rl, plain
    from rlrecall.report.report import write_report
    from rlrecall.report.results import load_results
    from rlrecall.report.terminal import drift_table, transfer_table
    from rlrecall.study.study import run_study
    from rlrecall.traces.page.build import write_page

    run_study(config, path, overwrite=args.overwrite)
    results, console = load_results(path), _console()
    console.print(transfer_table(results))
    if results.perplexity:
        console.print(drift_table(results.perplexity))
    for kind in ("composition", "reversal"):
        if sentence := effect_of_rl(results, kind):
            found = f"{plain(sentence)} {plain(baselines(results, kind))}"
            console.print(found, highlight=False, markup=False)
    write_page([path], path / "traces.html")
    print(f"\nreport   {write_report(path)}")
    print(f"results  {path}/results.json")
    far = results.transfer_set
    print(f"traces   rlrecall view {path}/rl --set {far} --mode think   (before RL: {path}/sft)")


def doctor_command(args: argparse.Namespace, config: Config) -> None:
    from rlrecall.cli import doctor

    sys.exit(doctor.report(config, args.json))


def data_command(args: argparse.Namespace, config: Config) -> None:
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


def import_command(args: argparse.Namespace) -> None:
    from rlrecall.knowledge.formats.imports import import_set

    print(import_set(args.form, Path(args.source), Path(args.out)))


def _console() -> Any:
    """The terminal, or a pipe with lines long enough for the tables."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 110)


def first_rank() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _study_folder(config: Config) -> Path:
    return ROOT / f"{config.name}-seed{config.seed}"


def _output(args: argparse.Namespace, default: Path) -> Path:
    """The folder that is to be written: the one of --run, if given. It may exist."""
    path = run_path(args.run) if args.run else default
    if path.is_file():
        raise UserError(f"--run: {path} is a file; give another name")
    check_parents(path)
    return path


def _dry(args: argparse.Namespace, config: Config, what: str, remarks: Iterable[str] = ()) -> bool:
    if args.dry_run:
        print(*(f"# {line}" for line in [f"would {what}", *remarks]), sep="\n")
        print(to_yaml(config), end="")
    return bool(args.dry_run)

"""Mistakes get one line, a non-zero exit, and leave everything as it was."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from rlrecall.cli import main as main_module
from rlrecall.cli.main import main
from rlrecall.knowledge import prompts
from rlrecall.knowledge.formats import exports, imports
from rlrecall.knowledge.words.lexicon import set_lexicon
from rlrecall.runs.folder import Run
from rlrecall.runs.recipes import load_config
from rlrecall.traces import exports as trace_exports

RECIPE = "name: t\nsft: {steps: 2, tokens: 300}\ngate: 0\n"
RECIPE += "rl: {probe_every: 0, trainer: {learning_rate: 1.0e-3}}\n"


@pytest.fixture
def place(tmp_path, monkeypatch, small_path):
    """A folder with a recipe, and in it the checkpoints of whatever is run."""
    (tmp_path / "r.yaml").write_text(f"base: {small_path}\n{RECIPE}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(place):
    return {p: p.read_bytes() for p in place.rglob("*") if p.is_file()}


@pytest.fixture
def fails(fails, place):
    """As ever, and nothing changed on disk."""

    def run(*arguments):
        before = files(place)
        said = fails(*arguments)
        assert files(place) == before
        return said

    return run


@pytest.fixture
def sft_run(place):
    main(["sft", "r.yaml"])
    return place / "checkpoints" / "t-seed0" / "sft"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("sft.step=3", "config key sft: 'step' is unknown; did you mean 'steps'?"),
        ("sedd=1", "config key: 'sedd' is unknown; did you mean 'seed'?"),
        ("seed=abc", "seed: input should be a valid integer"),
        ("sft.steps=0", "sft.steps: 0 is not at least 1"),
        ("gate=2", "gate: 2.0 is not between 0 and 1"),
        ("rl.set=E", "rl.set: 'E' is unknown; one of: A, B, C, D"),
        ("rl.kinds=[compositon]", "'compositon' is unknown; did you mean 'composition'?"),
        ("eval.modes=[thinking]", "'thinking' is unknown; did you mean 'think'?"),
        ("sft=3", "sft: expected a mapping"),
        ("sft", "'sft' is not of the form key=value"),
        ("data.size.hierarchy.categories=50", "data.size: set A"),
        ("data.size.hierarchy.categories=0", "data.size.hierarchy.categories: 0 is not at least 2"),
        ("data.size.syllogism.subjects=-3", "data.size.syllogism.subjects: -3 is not at least 1"),
        ("data.size.cues.questions=-8", "data.size.cues.questions: -8 is not at least 0"),
        ("data.size.comparison.comparisons=5", "comparison: comparisons go by twos"),
        ("data.size.reversal.forms=31", "reversal: forms is at most 30"),
        ("data.size.reversal.rephrased=11", "reversal: rephrased is at most 10"),
        (
            "data.size.simple_reversal.relations=0",
            "data.size.simple_reversal.relations: 0 is not at least 1",
        ),
        ("data.families=[cues,kinship,cues]", "data.families: 'cues' is named twice"),
        ("pretrain.context=0.9", "pretrain: context + knowledge + thought"),
        ("pretrain.small=-1", "pretrain.small: -1.0 is not between 0 and 1"),
        ("pretrain.grow=0.05", "pretrain.grow: 0.05 is not above focus"),
        ("data.blocks=0", "data.blocks: 0 is not at least 1"),
        (
            "data.blocks=1000000",
            "data.blocks: 1000000 is not at most 97050; the lexicon has no more objects",
        ),
        ("warmup.traces=0", "warmup.traces: 0 is not at least 1"),
        ("eval.sets=B", "eval.sets: a list is expected, such as eval.sets=[a,b]"),
        ("data.families=cues", "data.families: a list is expected, such as data.families=[a,b]"),
        ("data.families=[cues", "override: the value in 'data.families=[cues' is not readable"),
        ("data.families=${", "override: the value in 'data.families=${' is not readable"),
        ("eval.sets[0]=Q", "a list is expected or a mapping"),
        ("sft.tokens=-5", "sft.tokens: -5 is not at least 1"),
        ("eval.temperature=-1", "eval.temperature: -1 is not at least 0"),
        ("name=../../evil", "name: '../../evil' is no plain name"),
        ("sft.trainer.learning_rat=1", "'learning_rat' is unknown; did you mean 'learning_rate'?"),
        ("sft.trainer.gradient_accumulation_steps=2", "leave it out: sft.tokens sizes a step"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused_by_field_and_value(fails, override, said):
    assert said in fails("sft", "r.yaml", override)


def test_a_broken_or_missing_recipe_is_named(fails, place):
    (place / "bad.yaml").write_text("sft: [unclosed")
    assert "bad.yaml: not readable as YAML" in fails("sft", "bad.yaml")
    (place / "list.yaml").write_text("- 1")
    assert "list.yaml: expected fields such as 'seed: 1'" in fails("sft", "list.yaml")
    for name, path in (("nowhere.yaml", "nowhere.yaml"), (place, place / "config.yaml")):
        said = fails("sft", name)
        assert f"config: {path} does not exist; give a recipe such as configs/tiny.yaml" in said


def test_an_unknown_command_or_option_is_one_line(fails):
    assert "vew" in fails("vew")
    assert "arguments are required: config;" in fails("sft")
    assert "--runn" in fails("sft", "r.yaml", "--runn", "x")


def test_a_missing_run_is_named_with_the_nearest_that_exists(fails, sft_run):
    assert "'t-seed0/sfd' does not exist; did you mean 't-seed0/sft'?" in fails(
        "view", "t-seed0/sfd"
    )
    assert "does not exist" in fails("rl", "r.yaml", "--from", "t-seed0/sfd")
    assert "does not exist" in fails("pretrain", "r.yaml", "--from", "t-seed0/sfd")
    assert "does not exist" in fails("compare", "t-seed0/sft", "nothing")
    assert "'t-seed0' is a study; add the name of a run: sft" in fails("eval", "t-seed0")


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize("base", ["nope", "/nope/x", "no/such/owner", "r.yaml", "sub/r.yaml", "."])
def test_a_base_that_is_no_model_is_refused_with_what_would_be_right(fails, place, base, dry):
    (place / "sub").mkdir()
    (place / "sub" / "r.yaml").touch()
    for command in ("sft", "study"):
        said = fails(command, "r.yaml", f"base={base}", *dry)
        assert f"base: '{base}' does not exist" in said
        assert "a model folder, a run below checkpoints/ or a hub name (owner/name)" in said
    assert "--from: 'nope' does not exist" in fails("rl", "r.yaml", "--from", "nope", *dry)


def test_a_base_may_be_a_model_folder_a_run_or_a_hub_name(place, small_path, monkeypatch):
    run = place / "checkpoints" / "t-seed0" / "sft"
    shutil.copytree(small_path, run)
    (run / "manifest.json").write_text('{"status": "done"}')
    for base in (small_path, "t-seed0/sft", "checkpoints/t-seed0/sft", "owner/name-1.5"):
        main(["sft", "r.yaml", f"base={base}", "--dry-run"])


def test_a_damaged_manifest_is_named(fails, place):
    (place / "checkpoints" / "t").mkdir(parents=True)
    (place / "checkpoints" / "t" / "manifest.json").write_text("{")
    assert "checkpoints/t/manifest.json: not readable as JSON" in fails("sft", "r.yaml", "base=t")


@pytest.mark.parametrize("command", ["sft", "rl", "study", "pretrain"])
def test_a_run_cannot_be_where_a_file_is(fails, command):
    assert "--run: r.yaml is a file" in fails(command, "r.yaml", "--run", "./r.yaml")
    said = fails(command, "r.yaml", "--run", "./r.yaml/x")
    assert "r.yaml/x: r.yaml is not a folder; choose another path" in said


def test_new_heads_are_for_a_trained_model(fails, place):
    said = fails("pretrain", "r.yaml", "pretrain.implant=true", "--run", "b")
    assert "pretrain.implant: new heads need a trained model; give --from RUN" in said
    assert not (place / "checkpoints" / "b").exists()


def test_a_base_that_does_not_fit_leaves_nothing(fails, sft_run):
    said = fails("pretrain", "r.yaml", "--run", "b", "--from", "t-seed0/sft")
    assert "has another shape" in said


def test_a_run_that_exists_is_left_alone(fails, sft_run):
    assert "exists already; give --resume, --overwrite or --run" in fails("sft", "r.yaml")


def test_overwrite_deletes_neither_what_is_no_run_nor_what_it_starts_from(fails, place, sft_run):
    (place / "precious").mkdir()
    (place / "precious" / "thesis.txt").write_text("years of work")
    said = fails("sft", "r.yaml", "--run", "./precious", "--overwrite")
    assert "is no run, so it is not overwritten" in said
    same = ("--run", "t-seed0/sft", "--from", "checkpoints/t-seed0/sft", "--overwrite")
    assert "holds the model to start from" in fails("rl", "r.yaml", *same)


def test_a_mistake_with_overwrite_leaves_the_old_run(fails, sft_run):
    for mistake in ("sft.trainer.learning_rat=1", "sft.trainer.logging_steps=x"):
        fails("sft", "r.yaml", mistake, "--overwrite")
    assert "exclude each other" in fails("sft", "r.yaml", "--resume", "--overwrite")
    main(["sft", "r.yaml", "--overwrite", "seed=1", "--run", "t-seed0/sft"])
    assert Run.open("t-seed0/sft").manifest["seed"] == 1
    assert [p.name for p in sft_run.parent.iterdir()] == ["sft"]


def test_a_run_is_not_resumed_from_another_parent(fails, sft_run):
    manifest = json.loads((sft_run / "manifest.json").read_text())
    (sft_run / "steps" / "checkpoint-1").mkdir(parents=True)
    (sft_run / "steps" / "checkpoint-1" / "x").write_text("")
    (sft_run / "manifest.json").write_text(json.dumps(manifest | {"parent_weights": "another"}))
    said = fails("sft", "r.yaml", "--resume")
    assert "was started with other parent_weights" in said


def test_a_run_is_not_resumed_as_something_else(fails, sft_run):
    same = ("r.yaml", "--run", "t-seed0/sft", "--resume")
    assert "has saved no step to resume from" in fails("sft", *same)
    assert Run.open("t-seed0/sft").done
    (sft_run / "steps" / "checkpoint-1").mkdir(parents=True)
    said = fails("warmup", *same)
    (sft_run / "steps" / "checkpoint-1").rmdir()
    (sft_run / "steps").rmdir()
    assert "cannot be resumed as warmup" in said


def test_a_set_that_is_not_in_the_run_is_named(fails, sft_run):
    said = fails("eval", "t-seed0/sft", "eval.sets=[Q]")
    assert "eval.sets: 'Q' is unknown; one of: A, B, C, D" in said


def test_an_empty_question_list_is_said(fails, sft_run):
    said = fails("eval", "t-seed0/sft", "eval.splits=[holdout]", "eval.kinds=[recall]")
    assert "no question matches" in said
    said = fails("rl", "r.yaml", "rl.kinds=[]")
    assert "no training questions" in said


def test_a_checkpoint_of_another_vocabulary_is_refused(fails, sft_run):
    words = json.loads((sft_run / "tokenizer.json").read_text())
    vocabulary = words["model"]["vocab"]
    words["model"]["vocab"] = {f"x{w}" if i > 20 else w: i for w, i in vocabulary.items()}
    (sft_run / "tokenizer.json").write_text(json.dumps(words))
    said = fails("eval", "t-seed0/sft", "eval.sets=[A]")
    assert "cannot read the sets" in said


def test_the_gate_stops_rl_with_advice(fails, sft_run):
    for verb in ("rl", "warmup"):
        said = fails(verb, "r.yaml", "gate=0.98")
        assert "forward recall of set" in said
        assert "sft.steps" in said
        assert "gate=0" in said
        said = fails(verb, "r.yaml", "gate=0.98", "eval.budgets.direct=3")
        assert "eval.budgets.direct: 3 tokens, but the longest answer has 6" in said


def test_a_dry_run_resolves_everything_and_writes_nothing(capsys, place):
    before = files(place)
    main(["rl", "r.yaml", "seed=5", "--dry-run", "gate=0.5"])
    out = capsys.readouterr().out
    assert "seed: 5" in out
    assert "gate: 0.5" in out
    assert files(place) == before


def test_a_run_is_accepted_back_as_its_recipe(place, sft_run):
    again, first = load_config(sft_run), load_config(place / "r.yaml")
    assert again == first
    manifest = Run.open("t-seed0/sft").manifest
    assert manifest["status"] == "done"
    assert set(manifest["data"]) == set("ABCD")


def test_an_evaluation_is_kept_and_can_be_compared_and_viewed(fails, capsys, place, sft_run):
    asked = ["eval.sets=[B]", "eval.splits=[holdout]", "eval.modes=[think,direct]"]
    main(["eval", "t-seed0/sft", *asked, "eval.budgets.think=12"])
    lines = (sft_run / "eval" / "B-holdout-think" / "answers.jsonl").read_text().splitlines()
    before = files(place)
    main(["eval", "t-seed0/sft", *asked, "eval.budgets.think=12"])  # read, not asked again
    other = fails("eval", "t-seed0/sft", *asked)
    assert "was asked with budget 12, not 256" in other
    assert files(place) == before
    capsys.readouterr()
    main(["view", "t-seed0/sft", "--mode", "think", "--json"])
    assert len(capsys.readouterr().out.splitlines()) == len(lines)
    main(["compare", "t-seed0/sft", "t-seed0/sft"])
    told = capsys.readouterr().out
    assert "composition" in told
    assert "no pair differs" in told
    answers = sft_run / "eval" / "B-holdout-think" / "answers.jsonl"
    whole = answers.read_bytes()
    answers.write_bytes(whole[:-20])
    torn = fails("eval", "t-seed0/sft", *asked, "eval.budgets.think=12")
    assert f"holds {len(lines) - 1} of {len(lines)} answers; ask again" in torn
    answers.write_bytes(whole)
    weights = sft_run / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"\0")
    stale = fails("eval", "t-seed0/sft", *asked, "eval.budgets.think=12")
    assert "was asked with weights" in stale
    assert "--set: 'A'" in fails("compare", *["t-seed0/sft"] * 2, "--set", "A")


def test_data_check_proves_disjointness_and_fails_on_an_overlap(capsys, place, monkeypatch):
    main(["data", "check", "r.yaml"])
    assert "no two sets share an entity, fact" in capsys.readouterr().out
    whole = set_lexicon()
    twice = replace(whole, names=whole.names[:48] * 2)  # two sets get the same names
    monkeypatch.setattr("rlrecall.knowledge.build.set_lexicon", lambda: twice)
    with pytest.raises(SystemExit) as stop:
        main(["data", "check", "r.yaml"])
    assert stop.value.code == 2
    assert "entities" in capsys.readouterr().out


def test_help_names_the_modes(capsys):
    for verb in ("compare", "ask"):
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        assert "direct, think, think-sampled, context," in " ".join(capsys.readouterr().out.split())


def test_help_imports_nothing_heavy():
    code = "import sys; from rlrecall.cli.main import build_parser; build_parser().format_help(); "
    code += (
        "sys.exit(bool({'torch', 'numpy', 'pydantic', 'omegaconf', 'rich'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_help_names_the_choices_that_there_are():
    assert main_module.MODES == prompts.MODES
    assert set(main_module.EXPORTS) == exports.EXPORTERS.keys()
    assert set(main_module.IMPORTS) == imports.IMPORTERS.keys()
    assert set(main_module.TRACE_EXPORTS) == trace_exports.FORMATS.keys()


@pytest.mark.parametrize(
    "module",
    "knowledge.build knowledge.prompts knowledge.checks.audit knowledge.formats.corpus "
    "knowledge.formats.exports runs.config runs.folder runs.sets evaluation.scoring "
    "evaluation.statistics evaluation.records evaluation.rows training.documents "
    "cli.main cli.commands cli.data report.report report.plots "
    "traces.page.packing traces.page.build traces.statistics traces.changes traces.exports "
    "traces.inspect_logs traces.live traces.terminal traces.ask traces.view traces.filters "
    "traces.question_matching".split(),
)
def test_the_pure_modules_do_not_import_torch(module):
    code = f"import sys, rlrecall.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

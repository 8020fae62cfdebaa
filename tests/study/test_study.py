"""The whole experiment, in seconds, on a random model: what it leaves behind, not what it shows."""

import json

import pytest

from rlrecall.cli.main import main
from rlrecall.study.preconditions import RecallTooLow

RECIPE = """
name: small
base: {base}
gate: 0
sft: {{steps: 2, tokens: 400}}
warmup: {{steps: 2, tokens: 400, traces: 4}}
rl:
  probe_every: 2
  probe: 3
  log: 0.5
  rehearsal_tokens: 200
  trainer: {{max_steps: 3, per_device_train_batch_size: 8, num_generations: 4,
             max_completion_length: 12, learning_rate: 5.0e-4}}
eval:
  sets: [A, B]
  budgets: {{direct: 9, think: 8, context: 9, context-think: 8}}
"""
PAIRED = {"a": "sft", "mode_a": "think", "b": "rl", "set": "B", "kind": "composition"} | {
    "split": "holdout"
}


@pytest.fixture(scope="module")
def study(tmp_path_factory, small_path):
    place = tmp_path_factory.mktemp("study")
    (place / "small.yaml").write_text(RECIPE.format(base=small_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        main(["study", "small.yaml"])
        yield place / "checkpoints" / "small-seed0"


def test_it_leaves_results_with_a_row_for_every_arm_set_kind_split_and_mode(study):
    results = json.loads((study / "results.json").read_text())
    keys = [tuple(r[k] for k in ("arm", "set", "kind", "split", "mode")) for r in results["rows"]]
    assert len(keys) == len(set(keys))
    assert {k[0] for k in keys} == {"base", "sft", "control", "warmup", "rl", "warmup-rl"}
    assert {k[1] for k in keys} == {"A", "B"}
    assert {k[2] for k in keys} == {"recall", "composition", "reversal"}
    for row in results["rows"]:
        assert 0 <= row["ci_low"] <= row["accuracy"] <= row["ci_high"] <= 1
        assert row["n"] > 0
        assert 0 < row["chance"] < 1
        assert row["seed"] == 0
    pairs = {(c["a"], c["b"], c["set"], c["kind"]) for c in results["comparisons"]}
    assert ("sft", "rl", "B", "composition") in pairs
    assert ("warmup", "warmup-rl", "B", "composition") in pairs
    assert ("control", "rl", "B", "composition") in pairs


def test_every_row_can_be_traced_to_its_transcript_lines(study):
    results = json.loads((study / "results.json").read_text())
    for row in results["rows"]:
        folder = study / row["arm"] / "eval" / f"{row['set']}-{row['split']}-{row['mode']}"
        lines = [json.loads(x) for x in (folder / "answers.jsonl").read_text().splitlines()]
        mine = [x for x in lines if x["kind"] == row["kind"]]
        assert len(mine) == row["n"]
        assert sum(x["correct"] for x in mine) == row["correct"]


def test_rl_logs_rewards_by_component_probes_and_whole_groups_of_rollouts(study):
    run = study / "rl"
    metrics = [json.loads(x) for x in (run / "metrics.jsonl").read_text().splitlines()]
    trained = [m for m in metrics if "reward" in m]
    assert [m["step"] for m in trained] == [1, 2, 3]
    for m in trained:
        expected = m["rewards/correct/mean"] + 0.5 * m["rewards/recalled/mean"]
        assert m["reward"] == pytest.approx(expected - 0.05 * m["rewards/false/mean"], abs=1e-5)
        assert m["rehearsal_loss"] > 0
    assert [m["step"] for m in metrics if "probe/B/composition" in m] == [0, 2]
    lines = (run / "transcripts" / "rl" / "rollouts.jsonl").read_text().splitlines()
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["rollouts"] == {"logged": len(lines), "of": 24}
    groups = {}
    for record in map(json.loads, lines):
        groups.setdefault((record["step"], record["question_id"]), []).append(record)
        weights = {"correct": 1.0, "recalled": 0.5, "false": -0.05}
        total = sum(weights[name] * value for name, value in record["rewards"].items())
        assert record["reward"] == pytest.approx(total)
        assert record["set"] == "A"
        assert record["split"] == "train"
    for group in groups.values():
        assert [r["k"] for r in group] == [0, 1, 2, 3]
        assert sum(r["advantage"] for r in group) == pytest.approx(0, abs=1e-6)


def test_the_report_names_the_finding_and_is_self_contained(study):
    page = (study / "report.html").read_text()
    assert "After RL on set A" in page
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_what_is_done_is_skipped_and_another_recipe_is_refused(study, capsys, fails):
    before = {p: p.stat().st_mtime_ns for p in study.rglob("*.safetensors")}
    main(["study", "small.yaml"])
    assert capsys.readouterr().out.count("done before") == 6
    assert {p: p.stat().st_mtime_ns for p in study.rglob("*.safetensors")} == before
    assert "another recipe" in fails("study", "small.yaml", "sft.steps=3")


def test_an_arm_counts_as_done_only_if_it_comes_from_its_parent_as_it_is_now(study, fails):
    manifest = study / "rl" / "manifest.json"
    before = manifest.read_text()
    for field, said in (
        ("parent_weights", "rl is not from what"),
        ("stage", "rl is a another run"),
    ):
        manifest.write_text(json.dumps(json.loads(before) | {field: "another"}))
        assert said in fails("study", "small.yaml")
    manifest.write_text(before)


def test_seeds_are_pooled_on_one_page_unless_they_asked_the_same(study, capsys, fails):
    main(["study", "small.yaml", "seed=1"])
    capsys.readouterr()
    main(["report", str(study), "small-seed1"])
    page = capsys.readouterr().out
    results = json.loads((study / "results.json").read_text())
    (one,) = (c for c in results["comparisons"] if PAIRED.items() <= c.items())
    row = next(x for x in page.splitlines() if x.startswith("| sft think → rl think | B | "))
    assert row.split(" | ")[2] == str(2 * one["n"])
    assert "| small-seed1 | 1 |" in page
    assert "asked the same questions" in fails("report", study, study)


def test_an_optional_arm_that_the_gate_stops_leaves_out_what_starts_from_it(
    study, capsys, monkeypatch
):
    def gate(config, sets, source, stage):
        if stage == "warmup":
            raise RecallTooLow("warmup: too low")

    monkeypatch.setattr("rlrecall.study.stages.check_recall", gate)
    main(["study", "small.yaml", "seed=4"])
    out = capsys.readouterr().out
    assert "left out: warmup: too low" in out
    assert "warmup-rl: left out" in out
    results = json.loads((study.parent / "small-seed4" / "results.json").read_text())
    assert {row["arm"] for row in results["rows"]} == {"base", "sft", "control", "rl"}


def test_what_is_wrong_leaves_a_study_as_it_was(study, fails):
    before = {p: p.stat().st_mtime_ns for p in study.rglob("*") if p.is_file()}
    for mistake in (["base=nowhere/at/all"], ["sft.trainer.foo=1"], ["eval.modes=[direct]"]):
        fails("study", "small.yaml", "--overwrite", *mistake)
    said = fails("sft", "small.yaml", "--run", "small-seed0", "--overwrite")
    assert "is no run, so it is not overwritten" in said
    assert {p: p.stat().st_mtime_ns for p in study.rglob("*") if p.is_file()} == before


def test_a_study_takes_over_the_stages_that_were_run_before_it(study, capsys, fails):
    main(["sft", "small.yaml", "seed=2"])
    said = fails("study", "small.yaml", "seed=2", "sft.steps=3")
    assert "small-seed2/sft is of another recipe" in said
    main(["study", "small.yaml", "seed=2"])
    assert "sft: done before" in capsys.readouterr().out


def test_a_reward_that_raises_stops_the_run_with_one_line(study, capsys, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("rlrecall.training.rewards.score", broken)
    with pytest.raises(SystemExit) as stop:
        main(["rl", "small.yaml", "--from", "small-seed0/sft", "--run", "small-seed0/broken"])
    assert stop.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said == "rlrecall: reward 'correct' raised ZeroDivisionError: oops"

import hashlib
import json

import pytest
from made_up_traces import some_question

from rlrecall.cli.main import main
from rlrecall.evaluation.scoring import score
from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.prompts import thought
from rlrecall.runs.arms import ARMS
from rlrecall.runs.config import OwnReward
from rlrecall.runs.errors import UserError
from rlrecall.runs.recipes import changed, load_config
from rlrecall.training.own_reward import load_own_reward

RECIPE = """
name: own
base: {base}
gate: 0
rl:
  rewards: {{own: {{file: my_reward.py, function: brevity, weight: 0.1}}}}
  kinds: [composition]
  probe_every: 0
  rehearsal_tokens: 200
  trainer: {{max_steps: 2, per_device_train_batch_size: 8, num_generations: 4,
             max_completion_length: 6, learning_rate: 5.0e-4}}
"""
BREVITY = """
def brevity(completion, question, score):
    assert question.kind == "composition" and score.answer is None or score.answer in completion
    return -len(completion.split())
"""


@pytest.fixture
def place(tmp_path, monkeypatch, small_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(RECIPE.format(base=small_path))
    (tmp_path / "my_reward.py").write_text(BREVITY)
    return tmp_path


def test_it_is_weighed_logged_and_written_beside_the_other_rewards(place, small_path):
    main(["rl", "r.yaml", "--from", str(small_path), "--run", "run"])
    run = place / "checkpoints" / "run"
    rollouts = [
        json.loads(x) for x in (run / "transcripts/rl/rollouts.jsonl").read_text().splitlines()
    ]
    assert len(rollouts) == 16
    for r in rollouts:
        assert list(r["rewards"]) == ["correct", "recalled", "false", "brevity"]
        assert r["rewards"]["brevity"] == -len(r["completion"].split()) < 0
        weights = {"correct": 1.0, "recalled": 0.5, "false": -0.05, "brevity": 0.1}
        total = sum(weights[name] * value for name, value in r["rewards"].items())
        assert r["reward"] == pytest.approx(total)
    logged = [json.loads(x) for x in (run / "metrics.jsonl").read_text().splitlines()]
    for step in (1, 2):
        mine = [r["rewards"]["brevity"] for r in rollouts if r["step"] == step]
        (line,) = (x for x in logged if x["step"] == step and "reward" in x)
        assert line["rewards/brevity/mean"] == pytest.approx(sum(mine) / len(mine), abs=1e-4)
        all_ = [r["reward"] for r in rollouts if r["step"] == step]
        assert line["reward"] == pytest.approx(sum(all_) / len(all_), abs=1e-4)
    assert json.loads((run / "manifest.json").read_text())["own_reward"] == {
        "file": "my_reward.py",
        "sha256": hashlib.sha256(BREVITY.encode()).hexdigest(),
        "function": "brevity",
    }


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("return 1 / 0", "raised ZeroDivisionError: division by zero"),
        ("return float('nan')", "returned nan, which is no finite number"),
        ("return float('inf')", "returned inf, which is no finite number"),
        ("return None", "raised TypeError"),
        ("return 'much'", "raised ValueError"),
    ],
)
def test_what_gives_no_finite_number_is_named_with_file_function_and_question(place, code, said):
    (place / "my_reward.py").write_text(f"def brevity(completion, question, score):\n    {code}\n")
    reward = load_own_reward(OwnReward("my_reward.py", "brevity"))
    question = some_question()
    completion = thought(question.premises, question.answer)
    scored = score(completion, question, knowledge_sets(0)["B"], "think")
    with pytest.raises(UserError) as error:
        reward(completion, question, scored)
    start = f"reward 'brevity' of my_reward.py, question {question.id}: "
    assert str(error.value).startswith(start + said)


def test_a_reward_that_fails_ends_the_run_in_one_line(place, small_path, capsys):
    (place / "my_reward.py").write_text("def brevity(*_):\n    return [][0]\n")
    with pytest.raises(SystemExit) as stop:
        main(["rl", "r.yaml", "--from", str(small_path), "--run", "run"])
    assert stop.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("rlrecall: reward 'brevity' of my_reward.py, question A/")
    assert said.endswith("raised IndexError: list index out of range")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("file=other.py", "rl.rewards.own.file: other.py does not exist"),
        ("file=r.yaml", "rl.rewards.own.file: r.yaml is no Python file"),
        ("file=broken.py", "rl.rewards.own.file: importing broken.py raised NameError"),
        ("function=brevty", "my_reward.py: 'brevty' is unknown; did you mean 'brevity'?"),
        ("function=correct", "'correct' is a reward of rlrecall's"),
        ("wieght=1", "config key rl.rewards.own: 'wieght' is unknown; did you mean 'weight'?"),
    ],
)
@pytest.mark.parametrize("verb", ["rl", "study"])
def test_mistakes_are_found_before_work_starts(place, fails, verb, change, said):
    (place / "broken.py").write_text("nonsense\n")
    assert said in fails(verb, "r.yaml", f"rl.rewards.own.{change}", "--dry-run")


def test_the_control_has_no_reward_of_the_users_own(place):
    config = load_config("r.yaml")
    assert config.rl.rewards.own == OwnReward("my_reward.py", "brevity", 0.1)
    assert changed(config, ARMS["control"].changes).rl.rewards.own is None

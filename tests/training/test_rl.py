"""GRPO on facts that the base knows: it must learn to complete its thoughts."""

import json
from pathlib import Path
from statistics import fmean

import pytest
import torch

from rlrecall.knowledge.build import pretraining_worlds
from rlrecall.runs.folder import Run
from rlrecall.runs.recipes import load_config
from rlrecall.training.documents import knowledge_document
from rlrecall.training.rl import RecallTrainer, group_by_length, rl

BASE = Path(__file__).parents[2] / "checkpoints" / "base-tiny"
STEPS = 10


def test_the_reward_rises(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = pretraining_worlds()["P1"]
    (tmp_path / "r.yaml").write_text(
        f"base: {BASE}\n"
        "rl: {rehearsal_tokens: 512, probe_every: 0, trainer: {learning_rate: 5.0e-4, "
        f"max_steps: {STEPS}, per_device_train_batch_size: 48, max_completion_length: 48}}}}\n"
    )
    config = load_config(tmp_path / "r.yaml", [])
    config.rl.set = "P1"  # no recipe may name a world of the base's
    run = Run.start(tmp_path / "run", config, "rl", str(BASE))
    questions = world.select(kind="composition")
    trained: list[float] = []
    score_rollouts = RecallTrainer._generate_and_score_completions

    def listen(self, inputs):
        out = score_rollouts(self, inputs)
        trained.extend(out["advantages"].tolist())
        return out

    monkeypatch.setattr(RecallTrainer, "_generate_and_score_completions", listen)
    rl(
        config,
        run,
        str(BASE),
        {"P1": world},
        questions,
        lambda rng, progress: knowledge_document(world, rng),
    )
    lines = [json.loads(x) for x in (run.path / "metrics.jsonl").read_text().splitlines()]
    rewards = [line["reward"] for line in lines if "reward" in line]
    right = [v for line in lines for k, v in line.items() if k == "rewards/correct/mean"]
    assert len(rewards) == len(right) == STEPS
    # Four in ten of the base's thoughts are complete, the others guess.
    assert fmean(right[:2]) < 0.75
    assert fmean(right[-3:]) > fmean(right[:2]) + 0.15
    assert fmean(rewards[-3:]) > fmean(rewards[:2])
    made = (run.path / "transcripts" / "rl" / "rollouts.jsonl").read_text().splitlines()
    assert [json.loads(line)["advantage"] for line in made] == pytest.approx(trained, abs=1e-4)
    # Most groups have different rewards, some do not; the batch's spread does not show that.
    equal = [line["equal_rewards"] for line in lines if "equal_rewards" in line]
    assert len(equal) == STEPS
    assert 0 <= min(equal) < max(equal) <= 1


def test_rollouts_are_grouped_by_length_and_lose_common_padding():
    lengths = torch.tensor([[2, 9, 1], [8, 3, 0]])
    batches = [
        {
            "prompt_ids": torch.zeros(3, 9, dtype=torch.long),  # as wide as completions by chance
            "completion_ids": torch.arange(9) + 100 * mine[:, None],
            "completion_mask": (torch.arange(9) < mine[:, None]).long(),
            "advantages": mine.float(),
            "num_items_in_batch": torch.tensor(23),
        }
        for mine in lengths
    ]
    short, long = group_by_length(batches)
    assert short["advantages"].tolist() == [0, 1, 2]
    assert long["advantages"].tolist() == [3, 8, 9]
    assert short["completion_ids"].tolist() == [[0, 1], [100, 101], [200, 201]]
    assert short["completion_mask"].tolist() == [[0, 0], [1, 0], [1, 1]]
    assert long["completion_ids"].shape == (3, 9)
    assert short["prompt_ids"].shape == (3, 9)
    assert short["num_items_in_batch"] == 23

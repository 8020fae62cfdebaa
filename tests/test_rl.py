"""GRPO on something the base knows: it must learn to carry its thoughts through."""

import json
from pathlib import Path
from statistics import fmean

import pytest
import torch

from rlrecall.config import load_config
from rlrecall.documents import knowledge_document
from rlrecall.knowledge.build import pretraining_worlds
from rlrecall.runs import Run
from rlrecall.stages.rl import by_length, rl

BASE = Path(__file__).parents[1] / "checkpoints" / "base-tiny"
STEPS = 10


def test_the_reward_rises(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = pretraining_worlds()["P1"]
    (tmp_path / "r.yaml").write_text(
        f"base: {BASE}\n"
        "rl: {rehearsal_tokens: 512, probe_every: 0, trainer: "
        f"{{max_steps: {STEPS}, per_device_train_batch_size: 48, max_completion_length: 48}}}}\n"
    )
    config = load_config(tmp_path / "r.yaml", [])
    config.rl.set = "P1"  # no recipe may name a world of the base's
    run = Run.start(tmp_path / "run", config, "rl", str(BASE))
    questions = world.select(kind="composition")
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
    # Four in ten of the base's thoughts are carried through, the others guess.
    assert fmean(right[:2]) < 0.75
    assert fmean(right[-3:]) > fmean(right[:2]) + 0.15
    assert fmean(rewards[-3:]) > fmean(rewards[:2])
    # The transcript's advantages are those that TRL trained on: scaled by the batch's spread.
    spread = {line["step"]: line["reward_std"] for line in lines if "reward_std" in line}
    made = (run.path / "transcripts" / "rl" / "rollouts.jsonl").read_text().splitlines()
    rollouts = [json.loads(line) for line in made]
    assert len(rollouts) == STEPS * 48
    for start in range(0, len(rollouts), 8):
        group = rollouts[start : start + 8]
        mean = fmean(r["reward"] for r in group)
        for r in group:
            expected = (r["reward"] - mean) / (spread[r["step"]] + 1e-4)
            assert r["advantage"] == pytest.approx(expected, abs=1e-3)


def test_rollouts_of_like_length_stand_together_without_the_padding_they_share():
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
    short, long = by_length(batches)
    assert short["advantages"].tolist() == [0, 1, 2]
    assert long["advantages"].tolist() == [3, 8, 9]
    assert short["completion_ids"].tolist() == [[0, 1], [100, 101], [200, 201]]
    assert short["completion_mask"].tolist() == [[0, 0], [1, 0], [1, 1]]
    assert long["completion_ids"].shape == (3, 9)
    assert short["prompt_ids"].shape == (3, 9)
    assert short["num_items_in_batch"] == 23

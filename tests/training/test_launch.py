"""launch/train.sh with two real processes on the CPU: DeepSpeed partitions, nothing is lost.

The first run on a machine compiles DeepSpeed's communication op, about a minute.
"""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import torch

from rlrecall.models.loading import load_model
from rlrecall.runs.folder import Run
from rlrecall.runs.recipes import load_config
from rlrecall.study.stages import run_stage

LAUNCH = Path(__file__).parents[2] / "launch"
STEPS, BATCH = 2, 8  # of a rank
# Weight 0 for all rewards: what is learned comes from rehearsal, in which no chance takes part, so
# that runs can be compared. The learning rate of the first step is 0.
RECIPE = f"""
name: launched
gate: 0
pretrain: {{exclude_seeds: [0]}}
practice: {{steps: 3, tokens: 300, largest: 0.3, read: 0, check_every: 1, questions: 2,
  trainer: {{learning_rate: 0.01, lr_scheduler_type: constant}}}}
sft: {{steps: 2, tokens: 500, replay: 0,
  trainer: {{optim: sgd, learning_rate: 0.3, max_grad_norm: 0, bf16: false}}}}
rl:
  rewards: {{correct: 0, recalled: 0, 'false': 0}}
  rehearsal_tokens: 512
  probe_every: 2
  probe: 1
  trainer: {{max_steps: {STEPS}, per_device_train_batch_size: {BATCH}, num_generations: 4,
    max_completion_length: 16, learning_rate: 0.01}}
eval: {{budgets: {{direct: 16, think: 16}}}}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("deepspeed") is None or shutil.which("g++") is None,
        reason="needs deepspeed and g++",
    ),
]


def launch(place, *arguments, script="train.sh"):
    """Start a script in the folder `place`; returns its exit status, stdout and stderr."""
    process = subprocess.Popen(
        [str(LAUNCH / script), *arguments],
        cwd=place,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=600)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, out, err


@pytest.fixture(scope="module")
def place(tmp_path_factory, small_path):
    folder = tmp_path_factory.mktemp("launch")
    (folder / "r.yaml").write_text(f"base: {small_path}\n{RECIPE}")
    return folder


@pytest.fixture(scope="module")
def runs(place, small_path):
    """A run of each ZeRO stage that partitions gradients or weights."""
    made = {}
    for stage in (2, 3):
        name = f"zero{stage}"
        code, out, err = launch(
            place, "rl", "r.yaml", f"zero={stage}", "--from", str(small_path), "--run", name
        )
        assert code == 0, out + err
        assert "Warning" not in err
        made[stage] = Run(place / "checkpoints" / name)
    return made


def weights(path):
    return dict(load_model(str(path))[0].named_parameters())


@pytest.mark.parametrize("stage", [2, 3])
def test_a_run_of_two_ranks_leaves_what_a_run_of_one_does(runs, stage):
    run = runs[stage]
    assert run.done
    assert run.manifest["ranks"] == 2
    assert load_config(run.path).zero == stage
    total = 2 * STEPS * BATCH
    assert run.manifest["rollouts"] == {"logged": total, "of": total}
    lines = [json.loads(x) for x in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert [x["step"] for x in lines if "rehearsal_loss" in x] == [1, 2]
    # Probes need whole weights, which a rank does not have under ZeRO-3.
    assert [x["step"] for x in lines if "probe/B/reversal" in x] == ([0, 2] if stage == 2 else [])


@pytest.mark.parametrize("stage", [2, 3])
def test_every_rank_writes_its_own_rollouts(runs, stage):
    asked = []
    for name in ("rollouts.jsonl", "rollouts-1.jsonl"):
        text = (runs[stage].path / "transcripts" / "rl" / name).read_text()
        records = [json.loads(line) for line in text.splitlines()]
        assert [r["step"] for r in records] == [1] * BATCH + [2] * BATCH
        asked.append({r["question_id"] for r in records})
    assert not asked[0] & asked[1]


@pytest.mark.parametrize("stage", [2, 3])
def test_the_saved_model_is_whole_and_has_learned(runs, small_path, stage):
    before, after = weights(small_path), weights(runs[stage].path)
    assert {k: v.shape for k, v in before.items()} == {k: v.shape for k, v in after.items()}
    moved = max((before[k] - after[k]).abs().max().item() for k in before)
    assert 1e-3 < moved < 1


def test_zero_2_and_zero_3_learn_the_same(runs):
    two, three = weights(runs[2].path), weights(runs[3].path)
    for name in two:
        # 1 % of a step at this learning rate: Adam scales up the rounding of gradients near zero,
        # as those of key biases are.
        torch.testing.assert_close(two[name], three[name], rtol=0, atol=1e-4, msg=name)


def test_an_existing_run_stops_all_ranks_with_one_line(runs, place, small_path):
    before = (runs[2].path / "manifest.json").read_bytes()
    code, out, err = launch(place, "rl", "r.yaml", "--from", str(small_path), "--run", "zero2")
    assert code != 0
    assert err.strip().splitlines() == [
        "rlrecall: run: checkpoints/zero2 exists already; give --resume, --overwrite or --run"
    ]
    assert "Traceback" not in out
    assert (runs[2].path / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("zero", [0, 2])
def test_sft_on_two_ranks_makes_the_steps_of_one(place, small_path, zero):
    start = ("--from", str(small_path))  # not from its practiced model
    code, out, err = launch(place, "sft", "r.yaml", f"zero={zero}", *start, "--run", f"sft{zero}")
    assert code == 0, out + err
    run = Run(place / "checkpoints" / f"sft{zero}")
    assert run.done
    assert run.manifest["ranks"] == 2
    alone = place / "checkpoints" / "alone"
    if not alone.exists():
        run_stage("sft", load_config(place / "r.yaml"), alone, [str(small_path)])
    before, one, two = weights(small_path), weights(alone), weights(run.path)
    assert max((before[name] - one[name]).abs().max().item() for name in one) > 1e-3
    for name in one:  # gradient descent: a gradient of another scale would show
        torch.testing.assert_close(two[name], one[name], rtol=0, atol=1e-5, msg=name)


def test_practice_under_zero_3_is_tested_by_all_ranks_and_ends_when_it_reads(place, small_path):
    code, out, err = launch(place, "practice", "r.yaml", "zero=3", "--run", "practice")
    assert code == 0, out + err
    run = Run(place / "checkpoints" / "practice")
    assert run.done
    assert run.manifest["read"].keys() == {"context", "context-think"}
    lines = [json.loads(x) for x in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert [x["step"] for x in lines if "read/context" in x] == [1]
    before, after = weights(small_path), weights(run.path)
    assert max((before[name] - after[name]).abs().max().item() for name in before) > 1e-3


def test_a_mistake_in_the_recipe_is_told_once_before_anything_starts(place):
    # By the old name of the script, with the old place of the field.
    code, out, err = launch(place, "r.yaml", "rl.zero=4", script="train_rl.sh")
    assert (code, out) == (2, "")
    assert err == "rlrecall: zero: '4' is unknown; one of: 0, 1, 2, 3\n"
    for arguments in ((), ("sft",), ("pretrain", "r.yaml")):
        code, out, err = launch(place, *arguments)
        assert code == 2
        assert err.startswith("usage: ")

"""The commands of docs/REAL_MODELS.md, run on a tiny random model."""

import re
import shlex
from contextlib import suppress
from pathlib import Path

import pytest
from byte_model import write_byte_model

from rlrecall.cli.main import main

GUIDE = (Path(__file__).parents[2] / "docs" / "REAL_MODELS.md").read_text()
# A random model neither reads nor recalls; each stage takes one short step.
SHORT = [
    *("practice.steps=1", "practice.tokens=200", "practice.questions=2", "practice.read=0"),
    *("sft.steps=1", "sft.tokens=200", "gate=0", "rl.reach=1", "rl.probe_every=0"),
    *("rl.rehearsal_tokens=200", "rl.trainer.max_steps=1", "rl.trainer.num_generations=2"),
    *("rl.trainer.per_device_train_batch_size=2", "rl.trainer.gradient_accumulation_steps=1"),
    *("rl.trainer.max_completion_length=8", "eval.budgets.think=8", "eval.sets=[A,B]"),
    *("eval.budgets.direct=64", "eval.budgets.context=64", "eval.budgets.context-think=8"),
    *("eval.budgets.think-sampled=8", "eval.perplexity=false"),
]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_guide_leads_from_a_csv_file_to_a_transfer_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RLRECALL_CACHE", str(tmp_path / "cache"))
    model = write_byte_model(tmp_path / "model", model_max_length=4096)
    (facts,) = blocks("csv")
    (tmp_path / "my-facts.csv").write_text(facts)
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 8
    for command in commands:
        program, verb, *rest = shlex.split(command.replace("MODEL", model))
        assert program == "rlrecall"
        if verb == "study":
            rest += SHORT
        if verb == "doctor":
            with suppress(SystemExit):  # this machine may lack what a recipe needs
                main([verb, *rest])
            continue
        main([verb, *rest])
    said = capsys.readouterr().out
    assert "my-study/report.html" in said
    for page in ("checkpoints/my-study/report.html", "before-after.html"):
        assert (tmp_path / page).stat().st_size > 10_000

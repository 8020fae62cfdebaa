"""What `rl` refuses in a recipe before it loads anything."""

import pytest

from rlrecall.cli.main import main
from rlrecall.runs.config import Config, Rl
from rlrecall.training.rl_settings import FIXED, check_rl_settings

MISSING = (
    "rlrecall: rl.trainer.learning_rate: missing; it has no default because it depends on the "
    "model; give one, such as rl.trainer.learning_rate=1e-6"
)


@pytest.mark.parametrize("verb", ["rl", "study"])
@pytest.mark.parametrize("option", [(), ("--dry-run",)])
def test_a_recipe_without_a_learning_rate_is_refused(tmp_path, monkeypatch, fails, verb, option):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text("base: some/model\n")
    assert fails(verb, "r.yaml", *option) == MISSING
    assert [path.name for path in tmp_path.iterdir()] == ["r.yaml"]


@pytest.mark.parametrize("arguments", [("sft",), ("study", "study.arms=[base,sft]")])
def test_without_rl_no_learning_rate_for_it_is_needed(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text("base: some/model\n")
    command, *overrides = arguments
    main([command, "r.yaml", *overrides, "--dry-run"])
    assert "base: some/model" in capsys.readouterr().out


@pytest.mark.parametrize("name", FIXED)
def test_settings_that_transcripts_rely_on_are_fixed(name):
    values, reason = FIXED[name]
    for value in values:
        check_rl_settings(Config(rl=Rl(trainer={"learning_rate": 1e-3, name: value})))
    with pytest.raises(ValueError, match=rf"rl\.trainer\.{name}: leave it out: {reason}"):
        check_rl_settings(Config(rl=Rl(trainer={"learning_rate": 1e-3, name: "other"})))

"""The table of arms: what a recipe may list, and what an entry can say."""

import pytest
from yaml import YAMLError

from rlrecall.knowledge.prompts import MODES
from rlrecall.runs.arms import ARMS, before_and_after_rl, read_arms, select_arms
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError
from rlrecall.runs.recipes import changed
from rlrecall.study.stages import STAGES


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["base", "stf"], "study.arms: 'stf' is unknown; did you mean 'sft'?"),
        (["base", "base"], "study.arms: 'base' is named twice"),
        (["base", "rl"], "study.arms: 'rl' needs 'sft' before it"),
    ],
)
def test_a_list_of_arms_that_cannot_be_run_is_refused(names, said):
    with pytest.raises(UserError) as error:
        select_arms(names)
    assert str(error.value) == said


def test_arms_come_in_the_order_of_the_recipe():
    assert [arm.name for arm in select_arms(["base", "sft", "rl"])] == ["base", "sft", "rl"]


ENTRY = "x: {summary: '', stage: sft}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENTRY + ENTRY, "duplicate key x"),
        ("x: {summary: '', stage: sft, parent: [base]}", "parent\n  Unexpected keyword argument"),
        ("x: {summary: '', stage: sft, baselines: [sft]}", "baselines"),
        ("x: {summary: ''}", "stage\n  Field required"),
    ],
)
def test_a_table_with_a_name_twice_or_a_wrong_field_is_an_error(tmp_path, text, said):
    (tmp_path / "arms.yaml").write_text(text)
    with pytest.raises((ValueError, YAMLError), match=said):
        read_arms(tmp_path / "arms.yaml")


@pytest.mark.parametrize("arm", ARMS.values(), ids=list(ARMS))
def test_an_entry_names_stages_fields_modes_and_arms_that_exist(arm):
    assert arm.stage in STAGES
    changed(Config(), arm.changes)
    assert {*arm.modes, *(s.mode for s in arm.series)} <= set(MODES)
    for base in arm.baselines:
        assert base.own_mode in arm.modes
        assert base.mode in ARMS[base.arm].modes


def test_a_change_of_a_field_that_does_not_exist_is_refused():
    with pytest.raises(UserError, match="did you mean 'set'"):
        changed(Config(), {"rl.sett": "B"})


def test_the_control_is_no_pair_of_before_and_after():
    assert before_and_after_rl() == [("sft", "rl"), ("warmup", "warmup-rl")]

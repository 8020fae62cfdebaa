"""The table of arms: every model that a study can compare, one entry each.

A recipe lists the arms that it wants (`study.arms`). The study, the result rows, the report and the
plots read this table. To add an arm, add an entry; nothing else has to change unless its stage is
new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rlrecall.runs.errors import UserError, choose

CLOSED_BOOK = ("direct", "think", "think-sampled")
OPEN_BOOK = ("context", "context-think")
NO_REWARDS = {"rl.rewards.correct": 0.0, "rl.rewards.recalled": 0.0, "rl.rewards.false": 0.0}


@dataclass(frozen=True)
class Baseline:
    """What an arm is compared with, question by question: an arm, its mode, the arm's own mode."""

    arm: str
    mode: str = "think"
    own_mode: str = "think"


@dataclass(frozen=True)
class Series:
    """How answers in one mode are drawn in the transfer plot; `color` indexes its palette."""

    mode: str
    label: str
    color: int
    marker: str


@dataclass(frozen=True)
class Arm:
    """One model of a study.

    `stage` makes it from the models of `parents` (none: the recipe's base); the stage `base` trains
    nothing and keeps the model as it is. `changes` are fields of the recipe that differ for this
    arm. The arm is asked in `modes` and compared with `baselines`. An `optional` arm is left out,
    instead of ending the study, if its parent misses the recall gate. A `control` is trained like
    the arm that it is a control for, without what that arm is about.
    """

    name: str
    summary: str
    stage: str
    parents: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    modes: tuple[str, ...] = CLOSED_BOOK
    baselines: tuple[Baseline, ...] = ()
    series: tuple[Series, ...] = ()
    optional: bool = False
    control: bool = False


def table(*arms: Arm) -> dict[str, Arm]:
    """The arms by name. Raises ValueError for a name that comes twice."""
    found = {arm.name: arm for arm in arms}
    if len(found) < len(arms):
        raise ValueError("two arms have the same name")
    return found


ARMS = table(
    Arm(
        "base",
        "the model that the recipe names, which knows none of the facts",
        stage="base",
        modes=(*CLOSED_BOOK, *OPEN_BOOK),
    ),
    Arm(
        "sft",
        "base after fine-tuning on documents that state the facts of all sets",
        stage="sft",
        parents=("base",),
        modes=(*CLOSED_BOOK, *OPEN_BOOK),
        series=(
            Series("think", "before RL", 5, "o"),
            Series("direct", "before RL, no thinking", 3, "v"),
            Series("context-think", "before RL, facts in context", 2, "D"),
        ),
    ),
    Arm(
        "control",
        "sft after the steps of rl with all rewards 0: what rehearsal alone does",
        stage="rl",
        parents=("sft",),
        changes=NO_REWARDS,
        baselines=(Baseline("sft"),),
        series=(Series("think", "control, no rewards", 0, "o"),),
        control=True,
    ),
    Arm(
        "rl",
        "sft after GRPO on the training questions of the RL set",
        stage="rl",
        parents=("sft",),
        baselines=(
            Baseline("sft"),
            Baseline("sft", "direct"),
            Baseline("control"),
            Baseline("sft", "think-sampled", "think-sampled"),
            Baseline("control", "think-sampled", "think-sampled"),
        ),
        series=(Series("think", "after RL", 1, "o"),),
    ),
    Arm(
        "warmup",
        "sft after a few correct thinking traces about the RL set",
        stage="warmup",
        parents=("sft",),
        baselines=(Baseline("sft"),),
        series=(Series("think", "warm-up", 5, "s"),),
        optional=True,
    ),
    Arm(
        "warmup-rl",
        "warmup after the same GRPO as rl",
        stage="rl",
        parents=("warmup",),
        baselines=(
            Baseline("warmup"),
            Baseline("rl"),
            Baseline("warmup", "think-sampled", "think-sampled"),
        ),
        series=(Series("think", "warm-up, then RL", 4, "s"),),
        optional=True,
    ),
)


def select_arms(names: Sequence[str], arms: Mapping[str, Arm] = ARMS) -> list[Arm]:
    """The arms that a recipe lists, in its order.

    Raises UserError for an unknown name, a name that comes twice and an arm before its parent.
    """
    found: dict[str, Arm] = {}
    for name in names:
        arm = arms[choose("study.arms", name, list(arms))]
        if name in found:
            raise UserError(f"study.arms: '{name}' is named twice")
        if missing := [parent for parent in arm.parents if parent not in found]:
            raise UserError(f"study.arms: '{name}' needs '{missing[0]}' before it")
        found[name] = arm
    return list(found.values())


def before_and_after_rl(arms: Mapping[str, Arm] = ARMS) -> list[tuple[str, str]]:
    """(parent, arm) for every arm that RL rewards: the two models that show what RL changed."""
    return [
        (arm.parents[0], arm.name)
        for arm in arms.values()
        if arm.stage == "rl" and len(arm.parents) == 1 and not arm.control
    ]

"""The arms: models that a study can compare. The table of them is arms.yaml.

A recipe lists the arms that it wants (`study.arms`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from rlrecall.runs.errors import UserError, choose

CLOSED_BOOK = ("direct", "think", "think-sampled")
STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=STRICT)
class Baseline:
    """What an arm is compared with, question by question: an arm, its mode, the arm's own mode."""

    arm: str
    mode: str = "think"
    own_mode: str = "think"


@dataclass(frozen=True, config=STRICT)
class Series:
    """How answers in one mode are drawn in the transfer plot; `color` indexes its palette."""

    mode: str
    label: str
    color: int
    marker: str


@dataclass(frozen=True, config=STRICT)
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


def read_arms(path: Path) -> dict[str, Arm]:
    """The arms in a YAML file, by name.

    Raises ValueError for an unknown field or a wrong value, YAMLError for a name that comes twice.
    """
    entries: Any = OmegaConf.to_container(OmegaConf.load(path))
    return TypeAdapter(dict[str, Arm]).validate_python(
        {name: {"name": name, **entry} for name, entry in entries.items()}
    )


ARMS = read_arms(Path(__file__).with_name("arms.yaml"))


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

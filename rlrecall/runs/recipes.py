"""Read recipes: a YAML file or a run's config.yaml, then `key=value` overrides, then checks.

An installed wheel holds the recipes in rlrecall/shipped/, a source checkout in its root.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from functools import reduce
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from yaml import YAMLError

from rlrecall.knowledge.build import SCALES, too_small, world_size
from rlrecall.runs.config import Config, OwnReward, Rewards, Rl
from rlrecall.runs.errors import UserError, choose, nearest

PACKAGE = Path(__file__).parents[1]


def find_shipped(name: str | Path) -> Path:
    """`name`, or the shipped file of that name if the working folder has none.

    Applies to configs/*.yaml and checkpoints/base-tiny.
    """
    path = Path(name)
    if path.parts[:-1] == ("configs",) or path.parts == ("checkpoints", "base-tiny"):
        places = (path, PACKAGE / "shipped" / path, PACKAGE.parent / path)
        return next((place for place in places if place.exists()), path)
    return path


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML recipe, or the one of a run's folder, and apply `key=value` overrides.

    Raises UserError where the file, a field or a value is wrong.
    """
    path = find_shipped(path)
    for folder in (path, Path("checkpoints") / path):
        if folder.is_dir():  # a run is accepted back as input
            path = folder / "config.yaml"
            break
    if not path.is_file():
        right = "a recipe such as configs/tiny.yaml, or a run"
        raise UserError(f"config: {path} does not exist; give {right}")
    given = [_override(item) for item in overrides]
    try:
        recipe = OmegaConf.load(path)
    except Exception as error:  # a YAML syntax error: the parser's classes vary
        first = re.sub(r"\s+", " ", str(error)).strip()
        raise UserError(f"{path}: not readable as YAML: {first[:200]}") from None
    if not OmegaConf.is_dict(recipe):
        raise UserError(f"{path}: expected fields such as 'seed: 1', found a list or a value")
    return _checked(OmegaConf.merge(OmegaConf.create(), recipe, *given), str(path))


def changed(config: Config, changes: Mapping[str, Any]) -> Config:
    """The recipe with other values for some fields, given by dotted names; UserError as above."""
    merged = OmegaConf.create(asdict(config))
    for name, value in changes.items():
        OmegaConf.update(merged, name, value, force_add=True)
    return _checked(merged, "arm")


def to_yaml(config: Config) -> str:
    """The resolved recipe as YAML, which `load_config` reads back."""
    return OmegaConf.to_yaml(OmegaConf.create(asdict(config)))


def _override(item: str) -> Any:
    if "=" not in item:
        raise UserError(f"override: '{item}' is not of the form key=value")
    try:
        return OmegaConf.from_dotlist([item])
    except (YAMLError, OmegaConfBaseException):
        raise UserError(f"override: the value in '{item}' is not readable") from None


def _checked(given: Any, source: str) -> Config:
    """The recipe that `given` (an omegaconf container) describes, on top of the defaults."""
    try:
        plain: Any = OmegaConf.to_container(given, resolve=True)
        if isinstance(rl := plain.get("rl"), dict) and "zero" in rl:
            plain["zero"] = rl.pop("zero")  # where recipes had it until 2026-11-28
        data = plain.get("data")
        scale = str((isinstance(data, dict) and data.get("scale")) or "tiny")
        defaults = asdict(Config())
        defaults["data"]["size"] = asdict(world_size(choose("data.scale", scale, SCALES)))
        merged = OmegaConf.merge(OmegaConf.create(defaults), OmegaConf.create(plain))
        whole: Any = OmegaConf.to_container(merged)
    except (OmegaConfBaseException, TypeError) as error:
        key = getattr(error, "full_key", None)
        said = str(error).strip().splitlines()[0]
        if "incompatible container" in said:
            said = "a list is expected or a mapping; this field has the other"
        raise UserError(f"{source}: {f'{key}: ' if key else ''}{said}") from None
    try:
        complaint = too_small(whole["data"]["size"])
    except (AttributeError, KeyError, TypeError):
        complaint = ""  # no families with numbers: the checks below say so
    if complaint:
        raise UserError(f"data.size.{complaint}")
    try:
        return TypeAdapter(Config).validate_python(whole)
    except ValidationError as error:
        raise UserError(_one_line(error.errors()[0])) from None


def _one_line(error: ErrorDetails) -> str:
    """A pydantic error as one line: the field, the value, and what would be right."""
    names = [name for name in error["loc"] if isinstance(name, str) and name != "[key]"]
    where, value = ".".join(names), error["input"]
    context = error.get("ctx", {})
    match error["type"]:
        case "unexpected_keyword_argument":
            *parents, name = names
            # A recipe in which no section is None.
            whole = Config(rl=Rl(rewards=Rewards(own=OwnReward("", ""))))
            section: Any = reduce(getattr, parents, whole)
            hint = nearest(name, [f.name for f in fields(section)])
            key = f"config key {'.'.join(parents)}".rstrip()
            return f"{key}: '{name}' is unknown; {hint}"
        case "greater_than_equal":
            return f"{where}: {value} is not at least {context['ge']:g}"
        case "list_type":
            return f"{where}: a list is expected, such as {where}=[a,b]"
        case "dataclass_type" | "dict_type":
            return f"{where or 'config'}: expected a mapping, found {value!r}"
        case "string_pattern_mismatch":
            return f"{where}: '{value}' is no plain name of letters, digits, . _ -"
        case "value_error":
            said = str(context["error"])
            return said if said.startswith(where) else f"{where}: {said}"
    return f"{where}: {error['msg'][:1].lower()}{error['msg'][1:]}, not {value!r}"

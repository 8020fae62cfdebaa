"""What a recipe may say: dataclasses, YAML, `key=value` overrides. Unknown keys are errors.

The `trainer` fields go to transformers' TrainingArguments or TRL's GRPOConfig, which check them;
nothing of theirs is mirrored here. No torch.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from rlrecall.knowledge.build import FAMILIES, SCALES, SPINE, WorldSize, most_blocks, world_size
from rlrecall.knowledge.core import KINDS
from rlrecall.knowledge.families.sizes import too_small
from rlrecall.knowledge.prompts import MODES
from rlrecall.knowledge.words.lexicon import SET_NAMES
from rlrecall.knowledge.words.name_pools import STYLES
from rlrecall.runs.shipped import find_shipped


@dataclass
class Data:
    """Knowledge sets: their seed (null: the recipe's), families, scale, names and numbers.

    `scale` is tiny (the embedded model's), paper (the published sizes) or large (`blocks` of about
    1,000 facts for each family, 90 for reversal); `size` changes single numbers of it. `lexicon` is
    usual (kinds of things have nonsense words, people plausible names), plausible or nonsense.
    `sets` are read instead of made: the name of a set and the folder that `data import` wrote.
    """

    seed: int | None = None
    families: list[str] = field(default_factory=lambda: list(SPINE))
    scale: str = "tiny"
    lexicon: str = "usual"
    blocks: int = 1
    size: WorldSize = field(default_factory=WorldSize)
    sets: dict[str, str] = field(default_factory=dict)


@dataclass
class Pretrain:
    """`context`, `knowledge` and `thought` are shares of the documents drawn; they sum to 1.

    Looking things up in the context emerges on small worlds, and only where learning by heart does
    not offer an easier way: the first `focus` (0 to 1) of training is nothing but contexts of
    `small` x a knowledge set's size, which then grow to the whole at `grow`. The share `restated`
    of contexts is said twice instead of asked about. `reasoned` is the share of thoughts that are
    carried through rather than broken off with a guess. `implant`: a parent gets new heads first,
    fitted to its own activations (implant.py). `exclude_seeds`: no sentence that the knowledge sets
    of these seeds state or entail is ever stated or entailed. A step's `tokens` are read in
    `parts`: documents of like length together spare a CPU padding, one part is quicker on a GPU.
    """

    steps: int = 6000
    tokens: int = 4096
    parts: int = 8
    context: float = 0.35
    knowledge: float = 0.3
    thought: float = 0.35
    restated: float = 0.2
    reasoned: float = 0.4
    focus: float = 0.1
    small: float = 0.12
    grow: float = 0.6
    implant: bool = False
    exclude_seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    model: dict[str, Any] = field(default_factory=dict)
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass
class Sft:
    """`replay` is the share of documents that come from the base mixture."""

    steps: int = 400
    tokens: int = 8192
    replay: float = 0.3
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass
class Warmup:
    """`traces` thinking traces on the RL set, `share` of the documents; the rest is rehearsal."""

    traces: int = 12
    steps: int = 20
    tokens: int = 4096
    share: float = 0.5
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass
class Rewards:
    """Reward = correct x (right or not) + recalled x (share of gold premises, of thoughts that come
    to an answer) + false x (count)."""

    correct: float = 1.0
    recalled: float = 0.5
    false: float = -0.05


@dataclass
class Rl:
    """GRPO on the training questions of `set` that are of these `kinds`, each kind equally often.

    `rehearsal` weighs the loss on `rehearsal_tokens` tokens of known documents in every step. `log`
    is the share of rollouts that go to the transcript; every `probe_every` steps `probe` questions
    per set and kind are asked in think mode (0: never; under ZeRO-3 no rank has the whole model to
    ask). `zero` is the ZeRO stage of DeepSpeed where launch/train_rl.sh or another launcher starts
    the processes (0: none).
    """

    set: str = "A"
    kinds: list[str] = field(default_factory=lambda: ["recall", "composition", "reversal"])
    rewards: Rewards = field(default_factory=Rewards)
    rehearsal: float = 1.0
    rehearsal_tokens: int = 4096
    log: float = 1.0
    probe_every: int = 10
    probe: int = 24
    fast: bool = True
    zero: int = 2
    lora: dict[str, Any] | None = None
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass
class Eval:
    """Budgets are the most new tokens of a completion in each mode. `temperature` is that of all
    modes but think-sampled, where it is 1."""

    sets: list[str] = field(default_factory=lambda: list(SET_NAMES))
    splits: list[str] = field(default_factory=lambda: ["train", "holdout"])
    modes: list[str] = field(default_factory=lambda: ["direct", "think"])
    kinds: list[str] = field(default_factory=lambda: ["recall", "composition", "reversal"])
    budgets: dict[str, int] = field(
        default_factory=lambda: {
            "direct": 48,
            "think": 256,
            "think-sampled": 256,
            "context": 48,
            "context-think": 256,
        }
    )
    temperature: float = 0.0


@dataclass
class Config:
    """One recipe. `gate` is the forward recall (0 to 1) that `warmup` and `rl` ask for."""

    name: str = "run"
    seed: int = 0
    base: str = "checkpoints/base-tiny"
    gate: float = 0.98
    data: Data = field(default_factory=Data)
    pretrain: Pretrain = field(default_factory=Pretrain)
    sft: Sft = field(default_factory=Sft)
    warmup: Warmup = field(default_factory=Warmup)
    rl: Rl = field(default_factory=Rl)
    eval: Eval = field(default_factory=Eval)

    @property
    def data_seed(self) -> int:
        return self.seed if self.data.seed is None else self.data.seed


class UserError(ValueError):
    """A mistake that the user can mend; the message is one line that says how."""


def nearest(value: str, choices: list[str]) -> str:
    """`did you mean 'x'?` with the nearest choice, or the list of choices (the first 20)."""
    close = difflib.get_close_matches(value, choices, n=1)
    more = f", ... ({len(choices)} in all)" if len(choices) > 20 else ""
    return f"did you mean '{close[0]}'?" if close else f"one of: {', '.join(choices[:20])}{more}"


def choose(what: str, value: str, choices: list[str]) -> str:
    """`value`, if it is among `choices`; otherwise UserError names the field and the nearest."""
    if value not in choices:
        raise UserError(f"{what}: '{value}' is unknown; {nearest(value, choices)}")
    return value


def _check_keys(given: Any, schema: type, path: str = "") -> None:
    if not isinstance(given, dict):
        raise UserError(f"{path or 'config'}: expected a mapping, found {given!r}")
    known = {f.name: f for f in fields(schema)}
    for key, value in given.items():
        choose(f"config key {path}".strip(), str(key), list(known))
        default: Any = known[key].default_factory
        if is_dataclass(known[key].default):
            default = type(known[key].default)
        if isinstance(default, type) and is_dataclass(default) and value is not None:
            _check_keys(value, default, f"{path}.{key}".lstrip("."))


def load_config(path: str | Path, overrides: list[str] | None = None) -> Config:
    """Read a YAML recipe and apply `key=value` overrides; UserError where they do not fit."""
    path = find_shipped(path)
    for folder in (path, Path("checkpoints") / path):
        if folder.is_dir():  # a run is accepted back as input
            path = folder / "config.yaml"
            break
    if not path.is_file():
        raise UserError(f"config: {path} does not exist")
    given = []
    for item in overrides or []:
        if "=" not in item:
            raise UserError(f"override: '{item}' is not of the form key=value")
        try:
            given.append(OmegaConf.from_dotlist([item]))
        except (YAMLError, OmegaConfBaseException):
            raise UserError(f"override: the value in '{item}' is not readable") from None
    try:
        merged = OmegaConf.merge(OmegaConf.load(path), *given)
        plain = OmegaConf.to_container(merged, resolve=True)
        _check_keys(plain, Config)
        whole = OmegaConf.merge(OmegaConf.structured(_schema(plain)), merged)
        if complaint := too_small(whole.data.size):
            raise UserError(f"data.size.{complaint}")
        config = OmegaConf.to_object(whole)
    except UserError:
        raise
    except (OmegaConfBaseException, ValueError, TypeError) as error:
        lines = str(error).strip().splitlines()
        key = next((x.split(":", 1)[1].strip() for x in lines if "full_key" in x), "")
        said = lines[0]
        if "ListConfig" in said or "incompatible container" in said:
            said = f"a list is expected, such as {key or 'eval.sets'}=[a,b]"
        raise UserError(f"{path}: {key + ': ' if key else ''}{said}") from None
    except Exception as error:  # a YAML syntax error: the parser's classes vary
        first = re.sub(r"\s+", " ", str(error)).strip()
        raise UserError(f"{path}: not readable as YAML: {first[:200]}") from None
    assert isinstance(config, Config)
    return _check_values(config)


def _schema(given: Any) -> Config:
    """The defaults: the numbers of data.size are those of the scale that is given."""
    scale = (given.get("data") or {}).get("scale") or "tiny"
    return Config(data=Data(size=world_size(choose("data.scale", str(scale), list(SCALES)))))


SHARES = ("context", "knowledge", "thought", "restated", "reasoned", "focus", "small", "grow")


def _check_values(config: Config) -> Config:
    for name in config.eval.sets:
        choose("eval.sets", name, list(SET_NAMES))
    for mode in config.eval.modes:
        choose("eval.modes", mode, list(MODES))
    for mode in (*config.eval.modes, *config.eval.budgets):
        if ((budget := config.eval.budgets.get(mode)) or 0) < 1:
            raise UserError(f"eval.budgets.{mode}: {budget} is not at least 1")
    for split in config.eval.splits:
        choose("eval.splits", split, ["train", "holdout"])
    for kind in [*config.eval.kinds, *config.rl.kinds]:
        choose("kinds", kind, list(KINDS))
    for family in config.data.families:
        choose("data.families", family, list(FAMILIES))
        if config.data.families.count(family) > 1:
            raise UserError(f"data.families: '{family}' is named twice")
    for name in config.data.sets:
        choose("data.sets", name, list(SET_NAMES))
    choose("data.lexicon", config.data.lexicon, list(STYLES))
    choose("rl.set", config.rl.set, list(SET_NAMES))
    choose("rl.zero", str(config.rl.zero), ["0", "1", "2", "3"])
    for what, share in (
        ("gate", config.gate),
        ("sft.replay", config.sft.replay),
        ("warmup.share", config.warmup.share),
        ("rl.log", config.rl.log),
        *((f"pretrain.{name}", getattr(config.pretrain, name)) for name in SHARES),
    ):
        if not 0 <= share <= 1:
            raise UserError(f"{what}: {share} is not between 0 and 1")
    total = config.pretrain.context + config.pretrain.knowledge + config.pretrain.thought
    if abs(total - 1) > 1e-6:
        raise UserError(f"pretrain: context + knowledge + thought is {total:g}, not 1")
    if config.pretrain.grow <= config.pretrain.focus:
        raise UserError(
            f"pretrain.grow: {config.pretrain.grow} is not above focus, {config.pretrain.focus}"
        )
    if not re.fullmatch(r"\w[\w.-]*", config.name):
        raise UserError(f"name: '{config.name}' is no plain name of letters, digits, . _ -")
    if config.eval.temperature < 0:
        raise UserError(f"eval.temperature: {config.eval.temperature} is negative")
    for what, steps in (
        ("data.blocks", config.data.blocks),
        ("data.families", len(config.data.families)),
        ("pretrain.tokens", config.pretrain.tokens),
        ("pretrain.parts", config.pretrain.parts),
        ("sft.tokens", config.sft.tokens),
        ("warmup.tokens", config.warmup.tokens),
        ("rl.rehearsal_tokens", config.rl.rehearsal_tokens),
        ("warmup.traces", config.warmup.traces),
        ("pretrain.steps", config.pretrain.steps),
        ("sft.steps", config.sft.steps),
        ("warmup.steps", config.warmup.steps),
    ):
        if steps < 1:
            raise UserError(f"{what}: {steps} is not at least 1")
    if (blocks := config.data.blocks) > 1:
        most, pool = most_blocks(config.data.lexicon, config.data.families, config.data.size)
        if blocks > most:
            reason = f"the lexicon has no more {pool}"
            raise UserError(f"data.blocks: {blocks} is not at most {most}; {reason}")
    return config

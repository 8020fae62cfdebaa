"""What a recipe may say, with its defaults; unknown fields and wrong values are errors.

The `trainer` fields go to transformers' TrainingArguments or TRL's GRPOConfig, which check them;
nothing of theirs is mirrored here. recipes.py reads recipes from YAML files. No torch.
"""

from collections.abc import Sequence
from dataclasses import field
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from rlrecall.knowledge.build import SCALES, SPINE, WorldSize, most_blocks
from rlrecall.knowledge.core import KINDS
from rlrecall.knowledge.families import FAMILIES
from rlrecall.knowledge.prompts import MODES, thinks
from rlrecall.knowledge.words.lexicon import SET_NAMES
from rlrecall.knowledge.words.name_pools import STYLES
from rlrecall.runs.arms import ARMS, STRICT, select_arms
from rlrecall.runs.errors import nearest


def one_of(choices: Sequence[Any]) -> AfterValidator:
    """A check that a value is among `choices`; the error names the nearest one."""

    def check(value: Any) -> Any:
        if value not in choices:
            raise ValueError(f"'{value}' is unknown; {nearest(str(value), [*map(str, choices)])}")
        return value

    return AfterValidator(check)


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is not between 0 and 1")
    return value


Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, AfterValidator(_share)]
SetName = Annotated[str, one_of(SET_NAMES)]
Mode = Annotated[str, one_of(MODES)]
Kind = Annotated[str, one_of(KINDS)]
Split = Annotated[str, one_of(("train", "holdout"))]
Family = Annotated[str, one_of(tuple(FAMILIES))]


@dataclass(config=STRICT)
class Data:
    """The knowledge sets: seed (null: the recipe's), families, size and words.

    `scale` is tiny (fits the embedded model), paper (the published sizes) or large (`blocks` blocks
    of about 1,000 facts for each family; 90 for reversal). `size` changes single numbers of the
    scale. `lexicon` is usual (nonsense words for kinds of things, plausible names for people),
    plausible or nonsense. `sets` maps the name of a set to a folder that `data import` wrote; such
    a set is read instead of generated.
    """

    seed: int | None = None
    families: list[Family] = field(default_factory=lambda: list(SPINE))
    scale: Annotated[str, one_of(SCALES)] = "tiny"
    lexicon: Annotated[str, one_of(STYLES)] = "usual"
    blocks: Count = 1
    size: WorldSize = field(default_factory=WorldSize)
    sets: dict[SetName, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.families:
            raise ValueError("data.families: name at least one")
        if twice := [f for f in self.families if self.families.count(f) > 1]:
            raise ValueError(f"data.families: '{twice[0]}' is named twice")
        if self.blocks > 1:
            most, pool = most_blocks(self.lexicon, self.families, self.size)
            if self.blocks > most:
                reason = f"the lexicon has no more {pool}"
                raise ValueError(f"data.blocks: {self.blocks} is not at most {most}; {reason}")


@dataclass(config=STRICT)
class Pretrain:
    """The documents that a base model is pretrained on, and that SFT replays.

    `context`, `knowledge` and `thought` are shares of the documents and sum to 1. For the first
    `focus` (0 to 1) of training all documents are contexts of `small` x a knowledge set's size;
    contexts then grow to full size at `grow`. (Look-up in context emerges on small worlds, and only
    while memorizing is no easier way.) The share `restated` of contexts is stated twice instead of
    asked about. `reasoned` is the share of thoughts that are carried through; the others break off
    with a guess. `implant`: add attention heads to the parent first (implant.py). `exclude_seeds`:
    no document states or entails a sentence of the knowledge sets of these seeds. The `tokens` of a
    step are read in `parts`: on a CPU, grouping documents of similar length saves padding; on a GPU
    one part is faster.
    """

    steps: Count = 6000
    tokens: Count = 4096
    parts: Count = 8
    context: Share = 0.35
    knowledge: Share = 0.3
    thought: Share = 0.35
    restated: Share = 0.2
    reasoned: Share = 0.4
    focus: Share = 0.1
    small: Share = 0.12
    grow: Share = 0.6
    implant: bool = False
    exclude_seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    model: dict[str, Any] = field(default_factory=dict)
    trainer: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        total = self.context + self.knowledge + self.thought
        if abs(total - 1) > 1e-6:
            raise ValueError(f"pretrain: context + knowledge + thought is {total:g}, not 1")
        if self.grow <= self.focus:
            raise ValueError(f"pretrain.grow: {self.grow} is not above focus, {self.focus}")


@dataclass(config=STRICT)
class Model:
    """How models are loaded: `dtype` of the weights (null: float32 where they are trained, as saved
    where LoRA freezes them or a GPU only reads them), `attention` kernel (null: eager on a CPU,
    sdpa on a GPU), `revision` of a hub name. `chat` is no field: Config sets it from `prompt`."""

    chat = False

    dtype: Annotated[str, one_of(("float32", "bfloat16", "float16"))] | None = None
    attention: str | None = None
    revision: str | None = None


@dataclass(config=STRICT)
class Practice:
    """Learn to read: random worlds in context, before any fact is learned (0 `steps`: left out).

    Worlds grow from the share `small` of their full size to all of it at the share `grow` of the
    steps; their full size is `largest` x a set at scale tiny. The share `restated` of them is
    stated twice instead of asked about; the share `mixed` consists of two parts, so that half of
    the context distracts. Training ends when the share `read` of `questions` about unseen knowledge
    sets is answered right in context, at once or thinking; this is tested every `check_every`
    steps.
    """

    steps: Annotated[int, Field(ge=0)] = 0
    tokens: Count = 2048
    small: Share = 0.2
    grow: Share = 0.6
    largest: Share = 1.0
    restated: Share = 0.3
    mixed: Share = 0.0
    read: Share = 0.9
    check_every: Count = 20
    questions: Count = 32
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass(config=STRICT)
class Sft:
    """`replay` is the share of documents that come from the base's pretraining mixture."""

    steps: Count = 400
    tokens: Count = 8192
    replay: Share = 0.3
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass(config=STRICT)
class Warmup:
    """`traces` thinking traces on the RL set make up `share` of the documents; the rest is
    rehearsal."""

    traces: Count = 12
    steps: Count = 20
    tokens: Count = 4096
    share: Share = 0.5
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass(config=STRICT)
class OwnReward:
    """A reward of the user's own: `function` in the Python file `file` (training/own_reward.py)."""

    file: str
    function: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.function in ("correct", "recalled", "false"):
            raise ValueError(
                f"rl.rewards.own.function: '{self.function}' is a reward of rlrecall's"
            )


@dataclass(config=STRICT)
class Rewards:
    """Reward = correct x (0 or 1) + recalled x (share of the gold premises, if the thought ends in
    an answer) + false x (number of false statements) + own.weight x (what `own` returns)."""

    correct: float = 1.0
    recalled: float = 0.5
    false: float = -0.05
    own: OwnReward | None = None


@dataclass(config=STRICT)
class Rl:
    """GRPO on the training questions of `set` that are of these `kinds`, each kind equally often.

    `rehearsal` weighs the loss on `rehearsal_tokens` tokens of known documents, added to each step.
    `log` is the share of rollouts written to the transcript. Every `probe_every` steps, `probe`
    questions of each set and kind are asked in think mode (0: never; never under ZeRO-3, where no
    rank holds the whole model). Before the first step each training question gets `reach` samples
    (training/reach.py; 0: none; likewise never under ZeRO-3). `fast`: rollouts by this package's
    sampler, not TRL's (never under ZeRO-3 or with vLLM). `trainer` must give a learning_rate.
    """

    set: SetName = "A"
    kinds: list[Kind] = field(default_factory=lambda: ["recall", "composition", "reversal"])
    rewards: Rewards = field(default_factory=Rewards)
    rehearsal: float = 1.0
    rehearsal_tokens: Count = 4096
    log: Share = 1.0
    probe_every: int = 10
    probe: int = 24
    reach: Annotated[int, Field(ge=0)] = 0
    fast: bool = True
    lora: dict[str, Any] | None = None
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass(config=STRICT)
class Eval:
    """Which questions are asked and how. `budgets` are the most new tokens of a completion in each
    mode. `temperature` holds for all modes but think-sampled, which samples at 1. With `perplexity`
    that of general English is measured too (evaluation/perplexity.py)."""

    sets: list[SetName] = field(default_factory=lambda: list(SET_NAMES))
    splits: list[Split] = field(default_factory=lambda: ["train", "holdout"])
    modes: list[Mode] = field(default_factory=lambda: ["direct", "think"])
    kinds: list[Kind] = field(default_factory=lambda: ["recall", "composition", "reversal"])
    budgets: dict[Mode, Count] = field(
        default_factory=lambda: {mode: 256 if thinks(mode) else 48 for mode in MODES}
    )
    temperature: Annotated[float, Field(ge=0)] = 0.0
    perplexity: bool = False


@dataclass(config=STRICT)
class Study:
    """The `arms` that a study runs, entries of arms.yaml, parents first; the set on which
    transfer is read, which no RL rewards."""

    arms: list[str] = field(default_factory=lambda: list(ARMS))
    transfer_set: SetName = "B"

    def __post_init__(self) -> None:
        select_arms(self.arms)


@dataclass(config=STRICT)
class Config:
    """One recipe. `gate` is the forward recall (0 to 1) that `warmup` and `rl` require. `prompt`:
    models are trained on and asked `plain` text, or, with `chat`, messages of a user in the chat
    template of their tokenizer. `zero` is DeepSpeed's ZeRO stage where launch/train.sh or another
    launcher starts the processes (0: none)."""

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")] = "run"
    seed: int = 0
    base: str = "checkpoints/base-tiny"
    prompt: Annotated[str, one_of(("plain", "chat"))] = "plain"
    model: Model = field(default_factory=Model)
    gate: Share = 0.98
    zero: Annotated[int, one_of((0, 1, 2, 3))] = 2
    data: Data = field(default_factory=Data)
    pretrain: Pretrain = field(default_factory=Pretrain)
    practice: Practice = field(default_factory=Practice)
    sft: Sft = field(default_factory=Sft)
    warmup: Warmup = field(default_factory=Warmup)
    rl: Rl = field(default_factory=Rl)
    eval: Eval = field(default_factory=Eval)
    study: Study = field(default_factory=Study)

    def __post_init__(self) -> None:
        self.model.chat = self.prompt == "chat"  # what loads a model gets this section only

    @property
    def data_seed(self) -> int:
        return self.seed if self.data.seed is None else self.data.seed

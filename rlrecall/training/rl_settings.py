"""What `rl` requires of a recipe. Imports no torch: the command line checks it first."""

from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError
from rlrecall.training.own_reward import load_own_reward

SAMPLES, ADVANTAGES = "rollouts are plain samples", "advantages are scaled by the batch"
# With other values the transcripts would not show what the model was trained on.
FIXED = {
    "top_p": ((1.0,), SAMPLES),
    "top_k": ((None, 0), SAMPLES),
    "min_p": ((None,), SAMPLES),
    "repetition_penalty": ((1.0,), SAMPLES),
    "scale_rewards": (("batch",), ADVANTAGES),
    "multi_objective_aggregation": (("sum_then_normalize",), ADVANTAGES),
}


def check_rl_settings(config: Config) -> None:
    """UserError if rl.trainer lacks a learning rate or changes a setting that is fixed.

    Likewise if a reward of the user's own cannot be loaded.
    """
    trainer = config.rl.trainer
    if trainer.get("learning_rate") is None:
        raise UserError(
            "rl.trainer.learning_rate: missing; it has no default because it depends on the model; "
            "give one, such as rl.trainer.learning_rate=1e-6"
        )
    for name, (values, reason) in FIXED.items():
        if name in trainer and trainer[name] not in values:
            raise UserError(f"rl.trainer.{name}: leave it out: {reason}")
    if config.rl.rewards.own:
        load_own_reward(config.rl.rewards.own)

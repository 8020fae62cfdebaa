"""A reward of the user's own: a function in a Python file that the recipe names (rl.rewards.own).

    def brevity(completion, question, score):
        return -len(score.recalled)

It gets the completion as text, the question (knowledge.core.Question) and its judgment
(evaluation.scoring.Score), and returns a number, which is weighed and added to the other rewards.
No torch.
"""

import hashlib
import math
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from rlrecall.evaluation.scoring import Score
from rlrecall.knowledge.core import Question
from rlrecall.runs.config import OwnReward
from rlrecall.runs.errors import UserError, choose

OwnFunction = Callable[[str, Question, Score], float]


def load_own_reward(own: OwnReward) -> OwnFunction:
    """The function, wrapped: an exception or a value that is no finite number is a UserError.

    Raises UserError if the file or the function is missing or the file cannot be imported.
    """
    file = Path(own.file)
    if not file.is_file():
        raise UserError(f"rl.rewards.own.file: {file} does not exist")
    spec = spec_from_file_location("own_reward", file)
    if spec is None or spec.loader is None:
        raise UserError(f"rl.rewards.own.file: {file} is no Python file; its name must end in .py")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(
            f"rl.rewards.own.file: importing {file} raised {type(error).__name__}: {error}"
        ) from error
    names = [name for name, value in vars(module).items() if callable(value)]
    function = getattr(module, choose(f"rl.rewards.own.function: {file}", own.function, names))

    def reward(completion: str, question: Question, score: Score) -> float:
        said = f"reward '{own.function}' of {file}, question {question.id}"
        try:
            value = float(function(completion, question, score))
        except Exception as error:
            raise UserError(f"{said}: raised {type(error).__name__}: {error}") from error
        if not math.isfinite(value):
            raise UserError(f"{said}: returned {value}, which is no finite number")
        return value

    return reward


def own_reward_digest(own: OwnReward) -> dict[str, str]:
    """What a manifest says about it: the file, its SHA-256 and the function."""
    digest = hashlib.sha256(Path(own.file).read_bytes()).hexdigest()
    return {"file": own.file, "sha256": digest, "function": own.function}

"""Rewards and rollout transcripts for GRPO, both from the score that evaluation uses."""

import os
import statistics
from collections.abc import Callable, Mapping
from typing import Any

from accelerate.utils import gather_object
from trl import GRPOConfig

from rlrecall.evaluation.records import Record, append, question_fields
from rlrecall.evaluation.scoring import Score, score
from rlrecall.knowledge.core import KnowledgeSet, Question, seeded
from rlrecall.knowledge.prompts import build_prompt
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.config import Rewards, Rl
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run, rewind
from rlrecall.training.own_reward import load_own_reward

MODE = "think"


def reward_components(scored: Score) -> dict[str, float]:
    """Of a completion: `correct` (0 or 1), `recalled` (0 to 1) and `false` (a count).

    `recalled` is the share of gold premises, and 0 for a thought without an answer: otherwise RL
    could drift into enumerating everything and never answering (docs/LOG.md, 2026-11-27).
    """
    return {
        "correct": float(scored.correct),
        "recalled": scored.gold_recalled if scored.answer is not None else 0.0,
        "false": float(scored.false),
    }


def reward_weights(rewards: Rewards) -> dict[str, float]:
    """The weight of each component, the user's own last."""
    weights = {"correct": rewards.correct, "recalled": rewards.recalled, "false": rewards.false}
    return weights | ({rewards.own.function: rewards.own.weight} if rewards.own else {})


def total_reward(components: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return sum(weights[name] * value for name, value in components.items())


class RolloutScorer:
    """Scores rollouts once and gives TRL one reward function per component, with its weight.

    Successive groups of `num_generations` completions are the samples of one question. The share
    `rl.log` of the groups is written to the run's transcript: whole groups, so that the samples of
    a question can be compared. `seen` and `logged` count completions.
    """

    def __init__(
        self,
        settings: Rl,
        knowledge: KnowledgeSet,
        run: Run,
        arguments: GRPOConfig,
        tokens: TokenFormat,
    ):
        self.weights, self.share = reward_weights(settings.rewards), settings.log
        own = settings.rewards.own
        self.own = {own.function: load_own_reward(own)} if own else {}
        self.knowledge, self.run, self.tokens = knowledge, run, tokens
        self.questions = {q.id: q for q in knowledge.questions}
        assert arguments.num_generations  # TRL has set it
        self.group, self.seed = arguments.num_generations, arguments.seed
        self.sampling: dict[str, Any] = {
            **{"temperature": arguments.temperature, "top_p": 1.0, "seed": self.seed},
            **({"prompt": "chat"} if tokens.chat else {}),
        }
        self.seen = self.logged = 0
        self._started = False
        self._completions: list[Any] | None = None
        self._components: list[dict[str, float]] = []

    @property
    def functions(self) -> list[Callable[..., list[float]]]:
        """TRL logs each under its name and sums them by `weights`."""
        return [self._function(name) for name in self.weights]

    def _function(self, name: str) -> Callable[..., list[float]]:
        def reward(completions: list[Any], question_id: list[str], **batch: Any) -> list[float]:
            if self._completions is not completions:  # TRL calls one function after the other
                # Where TRL itself samples a chat, each completion is a list of one message.
                texts = [c if isinstance(c, str) else c[0]["content"] for c in completions]
                asked = [self.questions[id_] for id_ in question_id]
                scores = list(map(self._score, texts, asked))
                self._components = list(map(self._reward, texts, asked, scores))
                self._completions = completions
                self._write(texts, question_id, scores, **batch)
            return [components[name] for components in self._components]

        reward.__name__ = name
        return reward

    def _score(self, completion: str, question: Question) -> Score:
        try:
            return score(completion, question, self.knowledge, MODE)
        except Exception as error:  # ends the run, with one line
            raise UserError(f"reward 'correct' raised {type(error).__name__}: {error}") from error

    def _reward(self, completion: str, question: Question, scored: Score) -> dict[str, float]:
        own = {name: reward(completion, question, scored) for name, reward in self.own.items()}
        return reward_components(scored) | own

    def _write(
        self,
        completions: list[str],
        question_ids: list[str],
        scores: list[Score],
        *,
        completion_ids: list[list[int]],
        trainer_state: Any,
        log_metric: Callable[[str, float], None],
        **_: Any,
    ) -> None:
        # Grouped by position, not by question: a step may draw a question twice, as two groups.
        groups = [range(i, i + self.group) for i in range(0, len(question_ids), self.group)]
        totals = [total_reward(each, self.weights) for each in self._components]
        equal = [len({totals[i] for i in group}) == 1 for group in groups]
        log_metric("equal_rewards", statistics.fmean(equal))
        # The step of the update that these completions lead to, as in metrics.jsonl.
        step, rank = trainer_state.global_step + 1, int(os.environ.get("RANK", 0))
        rng = seeded("log", self.seed, step, rank)
        spread = statistics.stdev(gather_object(totals))  # over all ranks, as in TRL
        self.seen += len(completions)
        records = []
        for group in groups:
            if rng.random() >= self.share:
                continue
            mean = statistics.fmean(totals[i] for i in group)
            question = self.questions[question_ids[group[0]]]
            for k, i in enumerate(group):
                ids = completion_ids[i]
                records.append(
                    Record(
                        run=str(self.run.path),
                        arm=self.run.path.name,
                        stage="rl",
                        step=step,
                        **question_fields(question, scores[i]),
                        mode=MODE,
                        k=k,
                        prompt=build_prompt(question, MODE, self.knowledge),
                        completion=completions[i],
                        finish=self.tokens.finish(ids),
                        n_tokens=len(ids),
                        rewards=self._components[i],
                        reward=totals[i],
                        advantage=(totals[i] - mean) / (spread + 1e-4),
                        sampling=self.sampling,
                    )
                )
        self.logged += len(records)
        name = f"rollouts-{rank}.jsonl" if rank else "rollouts.jsonl"
        path = self.run.path / "transcripts" / "rl" / name
        if not self._started:  # a resumed run repeats the steps since its checkpoint
            rewind(path, lambda before: before < step)
            self._started = True
        append(path, records)

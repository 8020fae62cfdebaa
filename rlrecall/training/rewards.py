"""Rewards and rollout transcripts for GRPO, both from the score that evaluation uses."""

import os
import statistics
from collections.abc import Callable
from typing import Any

from accelerate.utils import gather_object
from trl import GRPOConfig

from rlrecall.evaluation.records import Record, append, question_fields
from rlrecall.evaluation.scoring import Score, score
from rlrecall.knowledge.core import KnowledgeSet, seeded
from rlrecall.knowledge.prompts import build_prompt
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.config import Rewards, Rl
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run, rewind

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


def total_reward(scored: Score, weights: Rewards) -> float:
    """The weighted sum of the components."""
    return sum(getattr(weights, name) * x for name, x in reward_components(scored).items())


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
        self.rewards, self.share = settings.rewards, settings.log
        self.knowledge, self.run, self.tokens = knowledge, run, tokens
        self.questions = {q.id: q for q in knowledge.questions}
        assert arguments.num_generations  # TRL has set it
        self.group, self.seed = arguments.num_generations, arguments.seed
        self.sampling = {"temperature": arguments.temperature, "top_p": 1.0, "seed": self.seed}
        self.seen = self.logged = 0
        self._started = False
        self._completions: list[str] | None = None
        self._scores: list[Score] = []

    @property
    def functions(self) -> list[Callable[..., list[float]]]:
        """TRL logs each under its name and sums them by `weights`."""
        return [self.correct, self.recalled, self.false]

    @property
    def weights(self) -> list[float]:
        return [self.rewards.correct, self.rewards.recalled, self.rewards.false]

    def correct(self, completions: list[str], question_id: list[str], **batch: Any) -> list[float]:
        scores = self._score(completions, question_id)
        self._write(completions, question_id, scores, **batch)
        return [reward_components(s)["correct"] for s in scores]

    def recalled(self, completions: list[str], question_id: list[str], **_: Any) -> list[float]:
        scores = self._score(completions, question_id)
        return [reward_components(s)["recalled"] for s in scores]

    def false(self, completions: list[str], question_id: list[str], **_: Any) -> list[float]:
        return [reward_components(s)["false"] for s in self._score(completions, question_id)]

    def _score(self, completions: list[str], question_ids: list[str]) -> list[Score]:
        if self._completions is not completions:
            pairs = zip(completions, question_ids, strict=True)
            try:
                scores = [score(c, self.questions[i], self.knowledge, MODE) for c, i in pairs]
            except Exception as error:  # ends the run, with one line
                kind = type(error).__name__
                raise UserError(f"reward 'correct' raised {kind}: {error}") from error
            self._completions, self._scores = completions, scores
        return self._scores

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
        totals = [total_reward(s, self.rewards) for s in scores]
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
                        rewards=reward_components(scores[i]),
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

"""Rewards and rollout transcripts for GRPO: the house's one `score`, cut into components."""

from __future__ import annotations

import os
import statistics
from typing import Any

from accelerate.utils import gather_object

from rlrecall.evaluation.records import Record, append, question_fields
from rlrecall.evaluation.scoring import Score, score
from rlrecall.knowledge.core import KnowledgeSet, seeded
from rlrecall.knowledge.prompts import render
from rlrecall.runs.config import Rewards
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run, rewind

MODE = "think"


def components(verdict: Score) -> dict[str, float]:
    """The reward components of a completion: 0 or 1, a share from 0 to 1, and a count.

    A thought that comes to no answer has recalled for nothing: were the share its own reward, RL
    could drift into going through everything and never answering (docs/LOG.md, 2026-11-27).
    """
    return {
        "correct": float(verdict.correct),
        "recalled": verdict.gold_recalled if verdict.answer is not None else 0.0,
        "false": float(verdict.false),
    }


def total(verdict: Score, weights: Rewards) -> float:
    """The weighted sum of the components."""
    return sum(getattr(weights, name) * value for name, value in components(verdict).items())


class Judge:
    """Reward functions for TRL (which weighs, sums and logs them one by one) from one `score` each.

    `group` completions in a row are the samples of one question. The share `share` of the groups is
    written to the run's transcript: whole groups, so that the samples of a question can be compared
    side by side. `seen` and `logged` count completions.
    """

    def __init__(
        self,
        weights: Rewards,
        knowledge: KnowledgeSet,
        run: Run,
        end: int,
        group: int,
        share: float,
        sampling: dict[str, Any],
    ):
        self.weights, self.knowledge, self.run = weights, knowledge, run
        self.end, self.group, self.share, self.sampling = end, group, share, sampling
        self.questions = {q.id: q for q in knowledge.questions}
        self.seen = self.logged = 0
        self._started = False
        self._batch: tuple[Any, list[Score]] = (None, [])

    def functions(self) -> list[Any]:
        def correct(completions, question_id, **columns):
            verdicts = self._judge(completions, question_id)
            self._write(completions, question_id, verdicts, **columns)
            return [components(v)["correct"] for v in verdicts]

        def recalled(completions, question_id, **columns):
            return [components(v)["recalled"] for v in self._judge(completions, question_id)]

        def false(completions, question_id, **columns):
            return [components(v)["false"] for v in self._judge(completions, question_id)]

        return [correct, recalled, false]

    def function_weights(self) -> list[float]:
        return [self.weights.correct, self.weights.recalled, self.weights.false]

    def _judge(self, completions: list[str], question_ids: list[str]) -> list[Score]:
        if self._batch[0] is not completions:
            pairs = zip(completions, question_ids, strict=True)
            try:
                verdicts = [score(c, self.questions[i], self.knowledge, MODE) for c, i in pairs]
            except Exception as error:  # never swallowed: it ends the run, in one line
                kind = type(error).__name__
                raise UserError(f"reward 'correct' raised {kind}: {error}") from error
            self._batch = (completions, verdicts)
        return self._batch[1]

    def _write(
        self,
        completions,
        question_ids,
        verdicts,
        *,
        completion_ids,
        trainer_state,
        log_metric,
        **_,
    ):
        # Not by question: one may be drawn twice in a step, and is then two groups.
        members_of = [range(i, i + self.group) for i in range(0, len(question_ids), self.group)]
        totals = [total(verdict, self.weights) for verdict in verdicts]
        equal = [len({totals[i] for i in members}) == 1 for members in members_of]
        log_metric("equal_rewards", statistics.fmean(equal))
        step, rank = trainer_state.global_step + 1, int(os.environ.get("RANK", 0))
        # `step` is that of the update that these completions make, as in metrics.jsonl.
        rng = seeded("log", self.sampling["seed"], step, rank)
        spread = statistics.stdev(gather_object(totals))  # of the batch on all ranks, as TRL has it
        records = []
        for members in members_of:
            self.seen += len(members)
            if rng.random() >= self.share:
                continue
            self.logged += len(members)
            mean = statistics.fmean(totals[i] for i in members)
            question = self.questions[question_ids[members[0]]]
            for k, i in enumerate(members):
                ids = completion_ids[i]
                records.append(
                    Record(
                        run=str(self.run.path),
                        arm=self.run.path.name,
                        stage="rl",
                        step=step,
                        **question_fields(question, verdicts[i]),
                        mode=MODE,
                        k=k,
                        prompt=render(question, MODE, self.knowledge),
                        completion=completions[i],
                        finish="eos" if ids and ids[-1] == self.end else "length",
                        n_tokens=len(ids),
                        rewards=components(verdicts[i]),
                        reward=totals[i],
                        advantage=(totals[i] - mean) / (spread + 1e-4),
                        sampling=self.sampling,
                    )
                )
        name = f"rollouts-{rank}.jsonl" if rank else "rollouts.jsonl"
        path = self.run.path / "transcripts" / "rl" / name
        if not self._started:  # a resumed run repeats the steps since its checkpoint
            rewind(path, lambda before: before < step)
            self._started = True
        append(path, records)

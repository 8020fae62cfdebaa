"""Reachability: is there anything that rewards can reinforce, before the first step of RL?

Where no sample of a question is right, its reward cannot rise. Each training question of the RL
set gets `rl.reach` samples, drawn as rollouts are: in think mode, with the temperature and length
of `rl.trainer`. They are kept as transcripts of the stage `reach`.
"""

from collections.abc import Iterable, Sequence
from statistics import fmean

from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import GRPOConfig

from rlrecall.evaluation.evaluate import answer_questions
from rlrecall.evaluation.records import Record, append, group_by
from rlrecall.knowledge.core import KnowledgeSet, Question, seeded
from rlrecall.runs.folder import Run
from rlrecall.training.rewards import MODE


def reachable(records: Iterable[Record]) -> dict[str, float]:
    """By kind, as reach/<kind>/<what>, the share (0 to 1) of questions with such a sample.

    `right`: its answer is right; `recalled`: it states all gold premises.
    """
    shares: dict[str, float] = {}
    for (kind,), part in group_by(records, ["kind"]).items():
        questions = group_by(part, ["question_id"]).values()
        right = [any(r.correct for r in samples) for samples in questions]
        recalled = [any(r.gold_recalled == 1 for r in samples) for samples in questions]
        shares |= {f"reach/{kind}/right": fmean(right), f"reach/{kind}/recalled": fmean(recalled)}
    return shares


class ReachCallback(TrainerCallback):
    """Draws the samples and logs the shares before the first step; a resumed run does not."""

    def __init__(
        self,
        samples: int,
        run: Run,
        knowledge: KnowledgeSet,
        questions: Sequence[Question],
        tokenizer: PreTrainedTokenizerBase,
    ):
        self.samples, self.run, self.tokenizer = samples, run, tokenizer
        self.knowledge, self.questions = knowledge, questions

    def on_train_begin(self, args, state, control, model, **_):
        if state.is_world_process_zero and state.global_step == 0:
            records = self.sample(model, args)
            self.run.log({"step": 0, "reach/samples": self.samples, **reachable(records)})

    def sample(self, model: PreTrainedModel, args: GRPOConfig) -> list[Record]:
        """The samples, in batches of the size of a rollout, and their transcript."""
        name = {"run": str(self.run.path), "arm": self.run.path.name, "stage": "reach", "step": 0}
        assert args.max_completion_length
        assert args.steps_per_generation
        rows = args.per_device_train_batch_size * args.steps_per_generation
        some, records = max(1, rows // self.samples), list[Record]()
        for at in range(0, len(self.questions), some):
            part = answer_questions(
                model,
                self.tokenizer,
                self.knowledge,
                [q for q in self.questions[at : at + some] for _ in range(self.samples)],
                MODE,
                args.max_completion_length,
                name,
                args.temperature,
                seeded("reach", args.seed, at).getrandbits(31),
            )
            for i, record in enumerate(part):
                record.k = i % self.samples
            append(self.run.path / "transcripts" / "reach" / "samples.jsonl", part)
            records += part
        return records

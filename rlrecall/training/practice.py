"""Practice: teach a model to read facts in its context, before it learns any by heart.

A pretrained model may read contexts of nonsense words badly. Practice trains it on random worlds in
context, with questions answered at once and after a thought, and ends when it reads knowledge sets
of other seeds. Nothing is asked without its facts in the context, so no text of this stage shows
recall from memory: whatever recalls later was taught later.
"""

import hashlib
import json
import random
import time
from dataclasses import asdict, replace

from accelerate.utils import broadcast_object_list
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback

from rlrecall.evaluation.evaluate import answer_questions
from rlrecall.evaluation.records import Record
from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.core import Question, seeded
from rlrecall.models.loading import load_model
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run
from rlrecall.training.documents import Document, context_document, restated_document
from rlrecall.training.loop import DocumentSampler, finish_stage, train_lm
from rlrecall.training.pretrain import forbidden_sentences, mixture_digest

UNSEEN = 2**31 - 1  # the seed of the knowledge sets that reading is tested on
MODES = ("context", "context-think")


def practice_mixture(config: Config) -> DocumentSampler:
    """Samples worlds in context, of the recipe's families, without facts of its knowledge sets."""
    settings, families = config.practice, config.data.families
    forbidden = forbidden_sentences(config)

    def draw(rng: random.Random, progress: float) -> Document:
        grown = min(1.0, progress / settings.grow) if settings.grow else 1.0
        scale = (settings.small + (1 - settings.small) * grown) * settings.largest
        if rng.random() < settings.restated:
            return restated_document(rng, forbidden, scale, families)
        mixed = rng.random() < settings.mixed
        return context_document(rng, forbidden, scale, families, 2 if mixed else 1)

    return draw


def practice_digest(config: Config, weights: str | None) -> str:
    """SHA-256 of what makes a practiced model: the model's weights, the settings, the documents."""
    made_of = {
        "weights": weights,
        "settings": asdict(config.practice),
        "data": asdict(config.data) | {"seed": None, "sets": {}},
        "excluded_seeds": sorted({*config.pretrain.exclude_seeds, config.data_seed}),
        **({"prompt": "chat"} if config.prompt == "chat" else {}),
        "documents": mixture_digest(practice_mixture(config), seed=0, documents=200),
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


class ReadingTest:
    """Questions about unseen worlds with their facts in the context, equally many a family."""

    def __init__(self, config: Config):
        data, n = config.data, config.practice.questions
        self.budgets = config.eval.budgets
        self.sets = knowledge_sets(
            UNSEEN, data.size, data.families, data.scale, data.lexicon, data.blocks
        )
        rng = seeded("reading", UNSEEN)
        pool: list[tuple[int, Question]] = []
        for family in data.families:
            asked = [
                q
                for knowledge in self.sets.values()
                for q in knowledge.select(family=family)
                if q.kind in config.eval.kinds and q.kind != "recall"
            ]
            pool += enumerate(rng.sample(asked, min(n, len(asked))))
        self.questions = [q for _, q in sorted(pool, key=lambda pair: pair[0])][:n]

    def shares(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
    ) -> dict[str, float]:
        """The share (0 to 1) of right answers in each of MODES."""
        identity = {"run": "", "arm": "", "stage": "practice", "step": 0}
        found = {}
        for mode in MODES:
            records: list[Record] = []
            for name, knowledge in self.sets.items():
                asked = [q for q in self.questions if q.set == name]
                budget = self.budgets[mode]
                records += answer_questions(
                    model, tokenizer, knowledge, asked, mode, budget, identity
                )
            found[mode] = sum(r.correct for r in records) / len(records)
        return found


class ReadingCallback(TrainerCallback):
    """Tests reading every `practice.check_every` steps, logs it, and ends training when it does."""

    def __init__(self, config: Config, run: Run, tokenizer: PreTrainedTokenizerBase):
        self.settings, self.run, self.tokenizer = config.practice, run, tokenizer
        self.test = ReadingTest(config)
        self.shares: dict[str, float] = {}

    @property
    def best(self) -> float:
        return max(self.shares.values(), default=0.0)

    def on_step_end(self, args, state, control, model, **_):
        last = state.global_step == state.max_steps
        if not state.global_step % self.settings.check_every or last:
            # All ranks ask, as no rank holds the whole model under ZeRO-3; the first one decides.
            shares = [self.test.shares(model, self.tokenizer)]
            self.shares = broadcast_object_list(shares)[0]
            if state.is_world_process_zero:
                read = {f"read/{mode}": share for mode, share in self.shares.items()}
                self.run.log({"step": state.global_step, **read})
            if self.best >= self.settings.read:
                control.should_training_stop = True


def practice(config: Config, run: Run, parent: str, resume: bool = False) -> None:
    """Train the model at `parent` to read contexts, into `run`.

    Raises UserError if it does not read well enough after `practice.steps`; the model is kept.
    """
    started = time.monotonic()
    model, tokenizer = load_model(parent, config.model)
    reading = ReadingCallback(config, run, tokenizer)
    draw = practice_mixture(config)
    shared = replace(config, seed=0)  # all studies use the practiced model
    trainer = train_lm(model, tokenizer, draw, run, shared, "practice", resume, callbacks=[reading])
    found = {"read": reading.shares, "wanted": config.practice.read}
    finish_stage(trainer, tokenizer, run, config.practice.trainer, started, **found)
    check_reading(run)


def check_reading(run: Run) -> None:
    """UserError if a finished practice run did not reach the share that its recipe asks for."""
    read, wanted = run.manifest["read"], run.manifest["wanted"]
    if max(read.values()) < wanted:
        shares = " and ".join(f"{share:.0%} ({mode})" for mode, share in read.items())
        raise UserError(
            f"practice: the model reads {shares} of unseen worlds, practice.read asks for "
            f"{wanted:.0%}; give it more practice.steps, or ask for less"
        )

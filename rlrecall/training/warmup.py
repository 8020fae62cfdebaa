"""Thinking warm-up (optional): a few traces on the RL set, so that RL need not start cold.

The traces are written by a teacher that is given the answer, and only those whose own answer is
right are kept, as in arXiv:2604.01430. Keep it small: a warm-up can swallow the effect of RL.
"""

from __future__ import annotations

import random
import time

from rlrecall.evaluation.scoring import score
from rlrecall.knowledge.core import KnowledgeSet, Question, seeded
from rlrecall.knowledge.prompts import ask, thought
from rlrecall.models.loading import load_model, save_model
from rlrecall.runs.config import Config
from rlrecall.runs.folder import Run
from rlrecall.training.documents import EOS, Document, ideal_thought
from rlrecall.training.loop import DocumentSampler, train_lm


def teacher_traces(
    knowledge: KnowledgeSet, questions: list[Question], n: int, seed: int
) -> list[Document]:
    """At most `n` thinking traces about `questions`; kinds and families in turn, none wrong."""
    rng = seeded("warmup", knowledge.name, seed)
    questions = rng.sample(questions, len(questions))
    turn: dict[tuple[str, str], int] = {}
    order = []
    for question in questions:
        kind = (question.family, question.kind)
        turn[kind] = turn.get(kind, 0) + 1
        order.append((turn[kind], question))
    traces: list[Document] = []
    for _, question in sorted(order, key=lambda pair: pair[0]):
        completion = thought(ideal_thought(question, knowledge, rng), question.answer)
        if score(completion, question, knowledge, "think").correct and len(traces) < n:
            prompt = ask(question.prompt, think=True)
            traces.append([(prompt, False), (f"{completion} {EOS}", True)])
    return traces


def warmup(
    config: Config,
    run: Run,
    parent: str,
    knowledge: KnowledgeSet,
    questions: list[Question],
    rehearse: DocumentSampler,
) -> None:
    """Fine-tune on a few traces about `questions`, mixed with documents from `rehearse`."""
    started = time.monotonic()
    model, tokenizer = load_model(parent)
    settings = config.warmup
    traces = teacher_traces(knowledge, questions, settings.traces, config.seed)

    def draw(rng: random.Random, progress: float) -> Document:
        return rng.choice(traces) if rng.random() < settings.share else rehearse(rng, progress)

    train_lm(
        model,
        tokenizer,
        draw,
        run,
        settings.steps,
        settings.tokens,
        config.seed,
        settings.trainer,
    )
    save_model(model, tokenizer, run.path)
    run.finish(seconds=round(time.monotonic() - started, 1), traces=len(traces))

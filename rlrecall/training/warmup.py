"""Thinking warm-up (optional): fine-tune on a few thinking traces about the RL set before RL.

The traces are built from the gold premises and kept only if they score as correct, as in
arXiv:2604.01430. Keep their number small: a larger warm-up can hide the effect of RL.
"""

import random
import time
from collections import Counter

from rlrecall.evaluation.scoring import score
from rlrecall.knowledge.core import KnowledgeSet, Question, seeded
from rlrecall.knowledge.prompts import question_text, thought
from rlrecall.models.loading import load_model
from rlrecall.runs.config import Config
from rlrecall.runs.folder import Run
from rlrecall.training.documents import EOS, Document, ideal_thought
from rlrecall.training.loop import DocumentSampler, finish_stage, train_lm


def teacher_traces(
    knowledge: KnowledgeSet, questions: list[Question], n: int, seed: int
) -> list[Document]:
    """At most `n` correct thinking traces about `questions`, alternating families and kinds."""
    rng = seeded("warmup", knowledge.name, seed)
    questions = rng.sample(questions, len(questions))
    seen: Counter[tuple[str, str]] = Counter()
    order = []
    for question in questions:
        seen[question.family, question.kind] += 1
        order.append((seen[question.family, question.kind], question))
    traces: list[Document] = []
    for _, question in sorted(order, key=lambda pair: pair[0]):
        completion = thought(ideal_thought(question, knowledge, rng), question.answer)
        if score(completion, question, knowledge, "think").correct and len(traces) < n:
            prompt = question_text(question.prompt, think=True)
            traces.append([(prompt, False), (f"{completion} {EOS}", True)])
    return traces


def warmup(
    config: Config,
    run: Run,
    parent: str,
    knowledge: KnowledgeSet,
    questions: list[Question],
    rehearse: DocumentSampler,
    resume: bool = False,
) -> None:
    """Fine-tune on a few traces about `questions`, mixed with documents from `rehearse`."""
    started = time.monotonic()
    model, tokenizer = load_model(parent, config.model)
    settings = config.warmup
    traces = teacher_traces(knowledge, questions, settings.traces, config.seed)

    def draw(rng: random.Random, progress: float) -> Document:
        return rng.choice(traces) if rng.random() < settings.share else rehearse(rng, progress)

    trainer = train_lm(model, tokenizer, draw, run, config, "warmup", resume)
    finish_stage(trainer, tokenizer, run, settings.trainer, started, traces=len(traces))

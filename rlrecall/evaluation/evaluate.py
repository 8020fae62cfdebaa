"""Ask a model the questions of knowledge sets and record every completion with its score.

Every completion becomes a line of a transcript; result tables are computed from those lines.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rlrecall.evaluation.records import Record, group_by, question_fields
from rlrecall.evaluation.scoring import score
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.knowledge.prompts import build_prompt, thinks
from rlrecall.models.generate import generate
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.config import Eval
from rlrecall.runs.errors import UserError

MAX_LOGITS = 2**28  # in one batch, 1 GiB: the larger the vocabulary, the smaller the batch


def answer_questions(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    knowledge: KnowledgeSet,
    questions: Sequence[Question],
    mode: str,
    budget: int,
    identity: dict[str, Any],
    temperature: float = 0.0,
    seed: int = 0,
    on_tokens: Callable[[list[int]], None] | None = None,
) -> list[Record]:
    """Return one record per question: the completion (at most `budget` tokens) and its score.

    `identity` has the fields run, arm, stage and step. In `direct` mode, questions other than
    recall also get a forced choice: the option with the highest likelihood. With a single question,
    `on_tokens` is called after each new token with all new tokens so far.
    """
    prompts = [build_prompt(q, mode, knowledge, seed) for q in questions]
    sampling: dict[str, Any] = {"temperature": temperature, "top_p": 1.0, "seed": seed}
    if TokenFormat(tokenizer).chat:
        sampling["prompt"] = "chat"  # the record has the text of the user's message
    completions = generate(model, tokenizer, prompts, budget, temperature, seed, on_tokens)
    records = [
        Record(
            **identity,
            **question_fields(question, score(completion.text, question, knowledge, mode)),
            mode=mode,
            k=0,
            prompt=prompt,
            completion=completion.text,
            finish=completion.finish,
            n_tokens=len(completion.ids),
            sampling=sampling,
        )
        for question, prompt, completion in zip(questions, prompts, completions, strict=True)
    ]
    if mode == "direct":
        chosen = [i for i, q in enumerate(questions) if q.kind != "recall" and q.options]
        options = [questions[i].options for i in chosen]
        best = most_likely_options(model, tokenizer, [prompts[i] for i in chosen], options)
        for i, option in zip(chosen, best, strict=True):
            records[i].choice, records[i].choice_correct = option, option in questions[i].right
    return records


@torch.inference_mode()
def most_likely_options(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    options: Sequence[Sequence[str]],
) -> list[str]:
    """Return for each prompt the option with the highest total log-probability, period included."""
    if not prompts:
        return []
    tokens = TokenFormat(tokenizer)
    pairs = []  # (question, option, ids, number of prompt tokens)
    for i, (prompt, choices) in enumerate(zip(prompts, options, strict=True)):
        head = tokens.prompt(prompt)
        for j, option in enumerate(choices):
            tail = tokens.continuation(f"{option}.")
            pairs.append((i, j, head + tail, len(head)))
    pairs.sort(key=lambda pair: len(pair[2]))
    rows = min(512, max(1, MAX_LOGITS // (len(pairs[-1][2]) * model.config.vocab_size)))
    scores: dict[tuple[int, int], float] = {}
    was_training = model.training
    model.eval()
    for start in range(0, len(pairs), rows):
        part = pairs[start : start + rows]
        # Right padding needs no mask: with causal attention no real token attends to it.
        ids = pad_sequence([torch.tensor(row) for _, _, row, _ in part], batch_first=True)
        logits = model(input_ids=ids.to(model.device), use_cache=False).logits.float().cpu()
        logps = logits[:, :-1].log_softmax(dim=-1).gather(2, ids[:, 1:, None])[:, :, 0]
        for (i, j, row, head_length), logp in zip(part, logps, strict=True):
            scores[i, j] = logp[head_length - 1 : len(row) - 1].sum().item()
    model.train(was_training)
    return [
        choices[max(range(len(choices)), key=lambda j: scores[i, j])]
        for i, choices in enumerate(options)
    ]


def check_budget(
    tokenizer: PreTrainedTokenizerBase, questions: Sequence[Question], mode: str, budget: int
) -> None:
    """Raise UserError if a direct answer does not fit `budget` tokens. Thoughts may be cut off."""
    if thinks(mode) or not questions:
        return
    answers = [f" {q.answer}" for q in questions]
    longest = max(map(len, tokenizer(answers, add_special_tokens=False).input_ids))
    if longest > budget:
        raise UserError(
            f"eval.budgets.{mode}: {budget} tokens, but the longest answer has {longest}"
        )


def temperature_of(mode: str, settings: Eval) -> float:
    return 1.0 if mode == "think-sampled" else settings.temperature


def forward_recall(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    sets: Iterable[KnowledgeSet],
    budget: int,
) -> dict[tuple[str, str], float]:
    """Return, for each (set, relation), the share (0 to 1) of facts recalled in direct answers.

    UserError if an answer does not fit `budget` tokens.
    """
    shares = {}
    identity = {"run": "", "arm": "", "stage": "gate", "step": 0}
    asked = [(knowledge, knowledge.select(kind="recall")) for knowledge in sets]
    check_budget(tokenizer, [q for _, questions in asked for q in questions], "direct", budget)
    for knowledge, questions in asked:
        records = answer_questions(
            model, tokenizer, knowledge, questions, "direct", budget, identity
        )
        for (group,), part in group_by(records, ["group"]).items():
            shares[knowledge.name, group] = sum(r.correct for r in part) / len(part)
    return shares

"""What must hold before a model is trained or asked; each check raises UserError in one line."""

from collections.abc import Sequence

from rlrecall.evaluation.evaluate import check_budget, forward_recall
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.knowledge.prompts import build_prompt, question_text, thinks
from rlrecall.models.loading import load_for_inference, load_tokenizer, positions
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError


class RecallTooLow(UserError):
    """The model does not recall what it was taught: its forward recall is below the gate."""


def check_vocabulary(source: str, sets: dict[str, KnowledgeSet], config: Config) -> None:
    """UserError if the tokenizer at `source` cannot spell what the sets say."""
    tokenizer = load_tokenizer(source, config.model)
    tokens = TokenFormat(tokenizer)
    if tokenizer.unk_token_id is None:
        return
    for name, knowledge in sets.items():
        for fact in knowledge.facts:
            if tokenizer.unk_token_id in tokens.continuation(fact.text):
                raise UserError(
                    f"model: {source} cannot read the sets: '{fact.text}' of {name} has words that "
                    f"are not in its vocabulary"
                )


def check_evaluation(source: str, sets: Sequence[KnowledgeSet], config: Config) -> None:
    """UserError if a mode's budget is too small for an answer, or the model for its prompts."""
    settings = config.eval
    tokenizer, room = load_tokenizer(source, config.model), positions(source, config.model)
    for mode in settings.modes:
        budget = settings.budgets[mode]
        for knowledge in sets:
            questions = [q for q in knowledge.questions if q.kind in settings.kinds]
            check_budget(tokenizer, questions, mode, budget)
            longest = longest_prompt(TokenFormat(tokenizer), knowledge, questions, mode)
            if room is not None and longest + budget > room:
                raise UserError(
                    f"eval: in mode {mode} a prompt of set {knowledge.name} has {longest} tokens "
                    f"and the answer may have {budget}; the model has room for {room}"
                )


def check_rollouts(
    source: str, knowledge: KnowledgeSet, questions: Sequence[Question], config: Config
) -> None:
    """UserError if a prompt and `max_completion_length` do not fit the model."""
    tokenizer, room = load_tokenizer(source, config.model), positions(source, config.model)
    longest = longest_prompt(TokenFormat(tokenizer), knowledge, questions, "think")
    budget = config.rl.trainer.get("max_completion_length", 256)
    if room is not None and longest + budget > room:
        raise UserError(
            f"rl: a prompt has {longest} tokens and rl.trainer.max_completion_length is {budget}; "
            f"the model has room for {room}"
        )


def longest_prompt(
    tokens: TokenFormat, knowledge: KnowledgeSet, questions: Sequence[Question], mode: str
) -> int:
    """The most tokens of a prompt, 0 without questions; a few too many for contexts.

    Contexts of a family state the same sentences, so one of each is turned into tokens.
    """
    longest = 0
    for family in {q.family for q in questions}:
        asked = [q for q in questions if q.family == family]
        whole = build_prompt(asked[0], mode, knowledge)
        alone = [len(tokens.continuation(question_text(q.prompt, thinks(mode)))) for q in asked]
        longest = max(longest, len(tokens.prompt(whole)) - alone[0] + max(alone))
    return longest


def check_recall(config: Config, sets: dict[str, KnowledgeSet], source: str, stage: str) -> None:
    """Raise RecallTooLow unless the model recalls every relation of every set.

    Transfer is capped by forward recall.
    """
    if config.gate <= 0:
        return
    model, tokenizer = load_for_inference(source, config.model)
    recall = forward_recall(model, tokenizer, sets.values(), config.eval.budgets["direct"])
    (name, relation), worst = min(recall.items(), key=lambda item: item[1])
    if worst < config.gate:
        raise RecallTooLow(
            f"{stage}: forward recall of set {name}, relation '{relation}' is {worst:.1%}, the "
            f"gate is {config.gate:.1%}; train longer (sft.steps), or go on regardless with gate=0"
        )

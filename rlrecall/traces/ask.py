"""Ask a run a question of your own: `rlrecall ask RUN [QUESTION] [--mode think] [--set B]`.

Without QUESTION, each line typed is a question, until an empty line or the end of the input; the
model does not see earlier lines. The answer appears as it is generated, each sentence with its
label as soon as it is complete. A question of the set is scored; for any other question only the
labels true, false and unparsable are known. Torch is imported only when the model is loaded.
"""

import json
import sys
from dataclasses import asdict
from functools import cached_property
from typing import Any

from rich.text import Text

from rlrecall.knowledge.prompts import MODES, build_prompt, thinks
from rlrecall.runs.config import Eval
from rlrecall.runs.errors import UserError, choose
from rlrecall.runs.folder import Run
from rlrecall.runs.recipes import load_config
from rlrecall.runs.sets import sets_of
from rlrecall.traces.escape import visible
from rlrecall.traces.live import LiveTrace
from rlrecall.traces.question_matching import QuestionMatcher, words_of
from rlrecall.traces.terminal import print_texts
from rlrecall.traces.view import heading, legend


def ask(
    name: str,
    question: str | None = None,
    set_: str | None = None,
    mode: str = "think",
    seed: int | None = None,
    as_json: bool = False,
) -> None:
    """Ask the run `name` and print its answer. UserError for a question that cannot be asked."""
    asker = Asker(Run.open(name), choose("--mode", mode, list(MODES)), seed, as_json)
    if set_ is not None:
        choose("--set", set_, list(asker.matcher.sets))
    if question is not None:
        asker.answer(question, set_)
        return
    while (line := _typed_line()).strip():
        try:
            asker.answer(line, set_)
        except UserError as error:
            print(f"rlrecall: {visible(str(error))}", file=sys.stderr)


def _typed_line() -> str:
    """The next line that is typed or piped; "" at the end."""
    try:
        return input("> ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        return ""


class Asker:
    """A run and how it is asked; `seed` overrides that of its recipe."""

    def __init__(self, run: Run, mode: str, seed: int | None, as_json: bool):
        self.run, self.mode, self.as_json = run, mode, as_json
        self.config = load_config(run.path)
        self.seed = self.config.seed if seed is None else seed
        self.matcher = QuestionMatcher(sets_of(self.config))
        self.legend = [legend()] if thinks(mode) else []  # printed once

    @cached_property
    def model(self) -> tuple[Any, Any]:
        """Model and tokenizer, loaded for the first question that can be asked."""
        from rlrecall.models.loading import load_for_inference
        from rlrecall.models.sources import model_path

        return load_for_inference(model_path(str(self.run.path)), self.config.model)

    def answer(self, text: str, set_: str | None) -> None:
        """Ask a question and print the answer. UserError if it cannot be asked."""
        matched = self.matcher.match(text, set_, self.mode)
        question, knowledge = matched.question, self.matcher.sets[matched.question.set]
        from rlrecall.evaluation.evaluate import answer_questions, temperature_of
        from rlrecall.models.tokens import TokenFormat

        model, tokenizer = self.model
        budget = self.config.eval.budgets.get(self.mode) or Eval().budgets[self.mode]
        prompt = build_prompt(question, self.mode, knowledge, self.seed)
        n = len(TokenFormat(tokenizer).prompt(prompt))
        room = getattr(model.config, "max_position_embeddings", None) or float("inf")
        if n + budget > room:
            raise UserError(
                f"ask: the prompt has {n} tokens and the answer may have {budget}, the model "
                f"has room for {room}"
            )
        notes = []
        if matched.unknown:
            notes.append(f"set {question.set} does not know: {', '.join(matched.unknown)}")
        unknown, words = tokenizer.unk_token_id, words_of(question.prompt)
        without = [word for word in words if unknown in tokenizer(word).input_ids]
        if without:  # where there is no unknown token, None is in no list of ids
            notes.append(f"the model has no token for: {', '.join(without)}")
        live = None
        if not self.as_json:
            print_texts([*self.legend, *(Text(f"{visible(note)}\n", "yellow") for note in notes)])
            self.legend.clear()
            title, split = question.id, question.split
            if not matched.in_set:
                title, split = "your question", f"set {question.set}"
            asked = f"{self.run.path.name}, {self.mode}, {split}, sample 0"
            head = heading(title, asked, prompt)
            live = LiveTrace(tokenizer, question, knowledge, self.mode, head)
        (record,) = answer_questions(
            *(model, tokenizer, knowledge, [question], self.mode, budget),
            {"run": str(self.run.path), "arm": self.run.path.name, "stage": "ask", "step": 0},
            *(temperature_of(self.mode, self.config.eval), self.seed, live),
        )
        if live is not None:
            live.end(record, has_gold=matched.in_set)
            return
        entry = asdict(record) | {"unknown": matched.unknown, "notes": notes}
        if not matched.in_set:
            entry |= dict.fromkeys(("gold_answer", "correct", "gold_recalled", "chance"))
        print(json.dumps(entry))

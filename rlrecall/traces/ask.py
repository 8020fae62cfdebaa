"""Putting a question of one's own to a run: `rlrecall ask RUN [QUESTION] [--mode think] [--set B]`.

Without a question, each line typed is one, until an empty line or the end of the input; the model
does not see the lines before. What it writes appears as it is written, each sentence with its label
as soon as it is complete. A question of the set is judged by its gold answer; of any other question
sentences are told true from false, and no more. Torch is imported when a model is needed, not
before.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from rich.text import Text

from rlrecall.evaluation.scoring import normal
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.knowledge.prompts import MODES, thinks
from rlrecall.knowledge.prompts import render as render_prompt
from rlrecall.runs.config import Config, Eval
from rlrecall.runs.errors import UserError, choose
from rlrecall.runs.folder import Run
from rlrecall.runs.recipes import load_config
from rlrecall.runs.sets import sets_of
from rlrecall.traces.escape import visible
from rlrecall.traces.live import LiveTrace
from rlrecall.traces.terminal import print_texts
from rlrecall.traces.view import heading, legend

SAMPLE = 5_000  # questions whose words are taken for those that the set asks with


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+(?:[-'\u2019]\w+)*", text)


def folded(text: str) -> tuple[str, ...]:
    return tuple(words_of(text.casefold()))


@dataclass(frozen=True)
class Words:
    """What a set has words for: `names`, word by word, and what its questions say around them."""

    names: set[tuple[str, ...]]
    parts: set[str]
    frame: set[str]

    @classmethod
    def of(cls, knowledge: KnowledgeSet) -> Words:
        names = {folded(name) for name in knowledge.entities}
        found = cls(names, {word for name in names for word in name}, {"and", "or"})
        for question in knowledge.questions[:SAMPLE]:
            prompt = question.prompt.casefold()
            found.frame.update(word for word, named in found.named(prompt) if not named)
        return found

    @cached_property
    def longest(self) -> int:
        """Words of the longest name."""
        return max(map(len, self.names), default=0)

    def named(self, text: str) -> list[tuple[str, bool]]:
        """Each word of `text`, and whether it is of a name that the set knows."""
        words, key = words_of(text), folded(text)
        covered = [False] * len(words)
        for start in range(len(words)):
            for end in range(min(len(words), start + self.longest), start, -1):
                if key[start:end] in self.names:
                    covered[start:end] = [True] * (end - start)
                    break
        return list(zip(words, covered, strict=True))

    def unknown(self, text: str) -> list[str]:
        """What `text` names that the set does not know: words in a row, articles between them."""
        words = self.named(text)
        marks = ""
        for word, named in words:
            article, said = word in ("the", "a", "an"), word.casefold() in self.frame
            marks += "-" if named else "a" if article else "-" if said else "u"
        runs = [words[m.start() : m.end()] for m in re.finditer("u(?:a?u)*", marks)]
        return [" ".join(word for word, _ in run) for run in runs]

    def evidence(self, text: str) -> tuple[int, int]:
        """How many words of `text` are of names of the set, and of its names or questions."""
        words = self.named(text.casefold())
        known = sum(named or word in self.parts or word in self.frame for word, named in words)
        return sum(named for _, named in words), known


def _plain(text: str) -> str:
    """A question, up to case, white space and its last mark."""
    return normal(text).rstrip("?.! ")


class Asker:
    """The sets of a run, and which of them a question is about."""

    def __init__(self, config: Config):
        self.sets = sets_of(config)
        self.words = {name: Words.of(knowledge) for name, knowledge in self.sets.items()}
        self.prompts = {
            name: {_plain(q.prompt): q for q in knowledge.questions}
            for name, knowledge in self.sets.items()
        }

    def guess_set(self, text: str) -> str:
        """The set that has this question, or whose names it says. UserError if none tells."""
        for name, prompts in self.prompts.items():
            if _plain(text) in prompts:
                return name
        evidence = {name: words.evidence(text) for name, words in self.words.items()}
        best = max(evidence.values())
        first, *others = [name for name, found in evidence.items() if found == best]
        if others and len(self.sets) > 1:
            raise UserError(
                f"ask: nothing in '{text}' tells the sets {', '.join([first, *others])} apart; "
                "give --set"
            )
        return first

    def question(self, text: str, set_: str | None, mode: str) -> tuple[Question, bool, list[str]]:
        """(question, whether it is one of the set's, what the set does not know)."""
        text = " ".join(text.split())
        if not text:
            raise UserError("ask: the question is empty")
        name = set_ or self.guess_set(text)
        if found := self.prompts[name].get(_plain(text)):
            return found, True, []
        unknown = self.words[name].unknown(text)
        for i, what in enumerate(unknown):
            owners = [other for other in self.sets if folded(what) in self.words[other].names]
            if owners:
                unknown[i] = f"{what} (of set {owners[0]})"
        family = self.family(text, name)
        if mode.startswith("context") and not family:
            raise UserError(
                f"ask: no fact of set {name} is about '{text}', so none can be given as context; "
                "give another --mode"
            )
        own = Question("", name, family, "", "", "", text, "", premises=(), options=())
        return own, False, unknown

    def family(self, text: str, name: str) -> str:
        """The family of most facts about what the question names; "" if there is none."""
        words = self.words[name].named(text.casefold())
        named = " ".join(word if known else "," for word, known in words)
        about = Counter(
            fact.family
            for fact in self.sets[name].facts
            for entity in (fact.subject, fact.object)
            if f" {' '.join(folded(entity))} " in f" {named} "
        )
        return about.most_common(1)[0][0] if about else ""


def ask(
    name: str,
    question: str | None = None,
    set_: str | None = None,
    mode: str = "think",
    seed: int | None = None,
    as_json: bool = False,
) -> None:
    """Ask the run `name` and print what it says; see above. UserError for what does not fit."""
    run = Run.open(name)
    config = load_config(run.path)
    choose("--mode", mode, list(MODES))
    asker = Asker(config)
    if set_ is not None:
        choose("--set", set_, list(asker.sets))
    if question is not None:
        asker.question(question, set_, mode)  # a mistake shows before the model is loaded
    answer = _answerer(run, config, asker, mode, config.seed if seed is None else seed, as_json)
    if question is not None:
        answer(question, set_)
        return
    for line in _lines():
        try:
            answer(line, set_)
        except UserError as error:
            print(f"rlrecall: {visible(str(error))}", file=sys.stderr)


def _lines() -> Iterator[str]:
    """What is typed or piped, line by line, up to the first empty line."""
    terminal = sys.stdin.isatty()
    while True:
        try:
            line = input("> ") if terminal else sys.stdin.readline()
        except EOFError:
            return
        if not line.strip():
            return
        yield line


def _answerer(
    run: Run, config: Config, asker: Asker, mode: str, seed: int, as_json: bool
) -> Callable[[str, str | None], None]:
    from rlrecall.evaluation.evaluate import answer_questions, temperature_of
    from rlrecall.models.loading import load_for_inference
    from rlrecall.runs.folder import model_path

    model, tokenizer = load_for_inference(model_path(str(run.path)))
    budget = config.eval.budgets.get(mode) or Eval().budgets[mode]
    temperature = temperature_of(mode, config.eval)
    identity = {"run": str(run.path), "arm": run.path.name, "stage": "ask", "step": 0}
    marks = [legend()] if thinks(mode) else []  # said once

    def answer(text: str, set_: str | None) -> None:
        question, own, unknown = asker.question(text, set_, mode)
        knowledge = asker.sets[question.set]
        prompt = render_prompt(question, mode, knowledge, seed)
        n, room = len(tokenizer(prompt).input_ids), _room(model)
        if n + budget > room:
            raise UserError(
                f"ask: the prompt has {n} tokens and the answer may have {budget}, the model "
                f"has room for {room}"
            )
        notes = [f"set {question.set} does not know: {', '.join(unknown)}"] if unknown else []
        if unread := _unread(tokenizer, question.prompt):
            notes.append(f"the model has no token for: {', '.join(unread)}")
        trace = None
        if not as_json:
            print_texts([*marks, *(Text(f"{visible(note)}\n", "yellow") for note in notes)])
            marks.clear()
            what, split = question.id, question.split
            if not own:
                what, split = "your question", f"set {question.set}"
            asked = f"{identity['arm']} step 0, {mode}, {split}, sample 0"
            trace = LiveTrace(tokenizer, question, knowledge, mode, heading(what, asked, prompt))
        (record,) = answer_questions(
            *(model, tokenizer, knowledge, [question], mode, budget, identity),
            *(temperature, seed, trace),
        )
        if trace is not None:
            trace.end(record, judged=own)
            return
        entry = asdict(record) | {"unknown": unknown, "notes": notes}
        if not own:  # there is nothing to judge it by
            entry |= dict.fromkeys(("gold_answer", "correct", "gold_recalled", "chance"))
        print(json.dumps(entry))

    return answer


def _unread(tokenizer: Any, text: str) -> list[str]:
    """The words that the tokenizer has nothing for."""
    unknown = tokenizer.unk_token_id
    return [w for w in words_of(text) if unknown is not None and unknown in tokenizer(w).input_ids]


def _room(model: Any) -> float:
    return getattr(model.config, "max_position_embeddings", None) or float("inf")

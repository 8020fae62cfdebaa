"""Show a trace while it is generated: each sentence gets its label as soon as it is complete.

The lines are the same as those of `view`. In a terminal the last line holds the newest text and is
overwritten; a pipe gets complete lines only.
"""

import sys
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from rlrecall.evaluation.records import Record
from rlrecall.evaluation.scoring import label_premise
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.knowledge.prompts import Completion, ends_with_period, parse
from rlrecall.traces.escape import visible
from rlrecall.traces.terminal import console
from rlrecall.traces.view import line, result_lines, sentence_line

ERASE = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))
MARGIN = 14  # columns for the name of a line, its mark, and one so that the last line does not wrap


class LiveTrace:
    """Shows the answer to `question` as it is generated; call it with the tokens so far.

    `heading` is shown first.
    """

    def __init__(
        self, tokenizer: Any, question: Question, knowledge: KnowledgeSet, mode: str, heading: Text
    ):
        self.tokenizer, self.question, self.knowledge = tokenizer, question, knowledge
        self.mode = mode
        self.out = console(sys.stdout)
        self.rewrites = self.out.is_terminal and not self.out.is_dumb_terminal
        self.shown: list[str] = []
        self._put(heading)

    def __call__(self, ids: list[int]) -> None:
        text = self.tokenizer.decode(ids, skip_special_tokens=True)
        if text.endswith("\ufffd"):  # half a character
            return
        parts = parse(text, self.mode)
        # A period at the end of the text may be that of 3.5: wait for the next token.
        complete = len(parts.sentences) - (not parts.answer)
        self._show_complete(parts.sentences[: max(complete, len(self.shown))])
        if self.rewrites:
            self._put(self._open_line(parts)[:-1])  # without its line break

    def end(self, record: Record, has_gold: bool = True) -> None:
        """Show the rest: the open sentence, the answer and, given a gold answer, its score."""
        self._show_complete([premise.text for premise in record.recalled])
        self._put(result_lines(record, has_gold))
        if rest := parse(record.completion, self.mode).rest:
            self._put(line("ignored", rest, "dim"))
        self._put(Text("\n"))

    def _show_complete(self, sentences: Sequence[str]) -> None:
        """Show the `sentences` that are not shown yet."""
        # Decoding more tokens may change the text of earlier ones.
        if list(sentences[: len(self.shown)]) != self.shown:
            self._put(line("", "(revised:)", "yellow"))
            self.shown = []
        for text in sentences[len(self.shown) :]:
            self._put(sentence_line(text, self._label(text)))
            self.shown.append(text)

    def _open_line(self, parts: Completion) -> Text:
        """The line that may still grow; a sentence that ends in a period has its label."""
        if parts.rest:
            return line("ignored", self._end_of(parts.rest), "dim")
        if parts.answer:
            return line("answer", self._end_of(parts.answer))
        if len(parts.sentences) == len(self.shown):
            return line("", "")
        last = parts.sentences[-1]
        if ends_with_period(last):
            return sentence_line(self._end_of(last), self._label(last))
        return line("", f"  {self._end_of(last)}")

    def _end_of(self, text: str) -> str:
        """The end of `text` that fits into a line."""
        room = max(1, self.out.width - MARGIN)
        end = visible(text)[-room:]
        while cell_len(end) > room:
            end = end[1:]
        return end

    def _label(self, text: str) -> str:
        return label_premise(text, self.question, self.knowledge)[0]

    def _put(self, text: Text) -> None:
        if self.rewrites:
            self.out.control(ERASE)
        self.out.print(text, end="", soft_wrap=True)

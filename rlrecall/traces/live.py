"""A trace while it is written: each sentence gets its label as soon as it is complete.

The lines are those that `view` shows of a record. In a terminal the text that has just come stands
in the last line, which is written over; a pipe gets whole lines only.
"""

from __future__ import annotations

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
from rlrecall.knowledge.prompts import Completion, parse, stopped
from rlrecall.traces.escape import visible
from rlrecall.traces.terminal import console
from rlrecall.traces.view import row, sentence, verdict

ERASE = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))
MARGIN = 14  # columns: names of lines, marks, and one that keeps the last line from wrapping


class LiveTrace:
    """Shows the answer to `question` as it is generated; call it with the tokens so far.

    `heading` is shown first.
    """

    def __init__(
        self,
        tokenizer: Any,
        question: Question,
        knowledge: KnowledgeSet,
        mode: str,
        heading: Text,
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
        # A stop where the text ends may turn out to be that of 3.5: the next token settles it.
        settled = len(parts.sentences) - (not parts.answer)
        self._settle(parts.sentences[: max(settled, len(self.shown))])
        if self.rewrites:
            line = self._unsettled(parts)
            line.right_crop(1)
            self._put(line)

    def end(self, record: Record, judged: bool = True) -> None:
        """Show the rest of the record: open sentences, the answer and, if `judged`, its score."""
        self._settle([premise.text for premise in record.recalled])
        self._put(verdict(record, judged))
        if rest := parse(record.completion, self.mode).rest:
            self._put(row("ignored", rest, "dim"))
        self._put(Text("\n"))

    def _settle(self, sentences: Sequence[str]) -> None:
        """Show those of `sentences` that are not shown yet."""
        if list(sentences[: len(self.shown)]) != self.shown:  # a tokenizer that takes back text
            self._put(row("", "(taken back; anew:)", "yellow"))
            self.shown = []
        for text in sentences[len(self.shown) :]:
            self._put(sentence(text, self._label(text)))
            self.shown.append(text)

    def _unsettled(self, parts: Completion) -> Text:
        """The line of what may go on; a sentence with its stop has its label already."""
        if parts.rest:
            return row("ignored", self._end_of(parts.rest), "dim")
        if parts.answer:
            return row("answer", self._end_of(parts.answer))
        if len(parts.sentences) == len(self.shown):
            return row("", "")
        last = parts.sentences[-1]
        if stopped(last):
            return sentence(self._end_of(last), self._label(last))
        return row("", f"  {self._end_of(last)}")

    def _end_of(self, text: str) -> str:
        """As much of the end of `text` as fits into a line."""
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

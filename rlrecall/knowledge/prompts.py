"""How a question is put to a model in each mode, and how a completion is taken apart again.

    direct         Q: What is the colour of wug? A:
    think          Q: What is the colour of wug? Think:
    think-sampled  the same; not the likeliest thought but one drawn at temperature 1
    context        Facts: <every fact of the set's family> Q: ... A:
    context-think  Facts: <every fact of the set's family> Q: ... Think:

A thought is a row of sentences, then "A:" and the answer. Pure text; no torch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlrecall.knowledge.core import KnowledgeSet, Question, seeded

STOP = r"""\.["\u201d\u2019')]*"""
SENTENCE = re.compile(rf".+?{STOP}(?=\s|$)|.+$")
MODES = ("direct", "think", "think-sampled", "context", "context-think")


def thinks(mode: str) -> bool:
    return "think" in mode


def question_text(prompt: str, think: bool) -> str:
    return f"Q: {prompt} {'Think:' if think else 'A:'}"


def context_text(sentences: Sequence[str]) -> str:
    return "Facts: " + " ".join(sentences)


def build_prompt(question: Question, mode: str, knowledge: KnowledgeSet, seed: int = 0) -> str:
    """The prompt for `question` in `mode`; a context is shuffled by `seed` and question."""
    if mode not in MODES:
        raise ValueError(f"mode: '{mode}' is none of {', '.join(MODES)}")
    body = question_text(question.prompt, thinks(mode))
    if not mode.startswith("context"):
        return body
    sentences = [fact.text for fact in knowledge.family_facts(question.family)]
    seeded("context", seed, question.id).shuffle(sentences)
    return f"{context_text(sentences)} {body}"


def split_context(prompt: str) -> tuple[str, str]:
    """(facts that a context mode put first, or "", the rest of the prompt)."""
    context, marker, question = prompt.rpartition(" Q: ")
    if marker and prompt.startswith("Facts: "):
        return context, f"Q: {question}"
    return "", prompt


def thought(premises: Sequence[str], answer: str) -> str:
    """A thinking completion: the premises in order, then the answer."""
    return " ".join([*premises, f"A: {answer}."])


@dataclass(frozen=True)
class Completion:
    """The sentences of a completion before its answer, the answer (None: none given), the rest."""

    sentences: tuple[str, ...]
    answer: str | None
    rest: str = ""


def parse(completion: str, mode: str) -> Completion:
    """Split `completion` into sentences and answer; the answer ends at its first full stop.

    A full stop is followed by white space, by a closing mark or by nothing (3.5 has none). The rest
    counts for nothing. In a thinking mode a completion without "A:" has no answer, and a last
    sentence without its full stop (cut off) is kept as it is.
    """
    text = " ".join(completion.split())
    thinking, marker, said = text.partition("A:") if thinks(mode) else ("", "A:", text)
    sentences = tuple(s.strip() for s in SENTENCE.findall(thinking) if s.strip(" ."))
    answer, *rest = re.split(r"\.(?=\s|$)", said, maxsplit=1) if marker else [""]
    return Completion(sentences, answer.strip() or None, "".join(rest).strip())


def ends_with_period(sentence: str) -> bool:
    """Whether a sentence of `parse` has its full stop."""
    return re.search(f"{STOP}$", sentence) is not None

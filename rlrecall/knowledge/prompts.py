"""How prompts are written in each mode, and how completions are parsed.

    direct         Q: What is the colour of wug? A:
    think          Q: What is the colour of wug? Think:
    think-sampled  the same prompt; the thought is sampled at temperature 1, not greedy
    context        Facts: <every fact of the set's family> Q: ... A:
    context-think  Facts: <every fact of the set's family> Q: ... Think:

A thought is a sequence of sentences, then "A:" and the answer. Pure Python; no torch.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlrecall.knowledge.core import KnowledgeSet, Question, seeded

STOP = r"""\.["\u201d\u2019')]*"""
SENTENCE = re.compile(rf".+?{STOP}(?=\s|$)|.+$")
MODES = ("direct", "think", "think-sampled", "context", "context-think")


def thinks(mode: str) -> bool:
    """Whether the mode asks for a thought before the answer."""
    return "think" in mode


def question_text(prompt: str, think: bool) -> str:
    """The part of a model's prompt that asks the question."""
    return f"Q: {prompt} {'Think:' if think else 'A:'}"


def context_text(sentences: Sequence[str]) -> str:
    """The part of a model's prompt that states facts."""
    return "Facts: " + " ".join(sentences)


def build_prompt(question: Question, mode: str, knowledge: KnowledgeSet, seed: int = 0) -> str:
    """The prompt for `question` in `mode`; `seed` and question set the order of a context.

    Raises ValueError for an unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"mode: '{mode}' is none of {', '.join(MODES)}")
    body = question_text(question.prompt, thinks(mode))
    if not mode.startswith("context"):
        return body
    sentences = [fact.text for fact in knowledge.family_facts(question.family)]
    seeded("context", seed, question.id).shuffle(sentences)
    return f"{context_text(sentences)} {body}"


def split_context(prompt: str) -> tuple[str, str]:
    """Split a prompt into the context (or "") and the question."""
    context, marker, question = prompt.rpartition(" Q: ")
    if marker and prompt.startswith("Facts: "):
        return context, f"Q: {question}"
    return "", prompt


def thought(premises: Sequence[str], answer: str) -> str:
    """A thinking completion: the premises in order, then the answer."""
    return " ".join([*premises, f"A: {answer}."])


@dataclass(frozen=True)
class Completion:
    """A parsed completion: its sentences, its answer (None if there is none), what follows."""

    sentences: tuple[str, ...]
    answer: str | None
    rest: str = ""


def parse(completion: str, mode: str) -> Completion:
    """Split `completion` into sentences and answer; the answer ends at its first period.

    A period counts only before white space, a closing quote or bracket, or the end (so not in 3.5).
    What follows the answer is ignored. In a thinking mode a completion without "A:" has no answer,
    and a last sentence that was cut off before its period is kept as it is.
    """
    text = " ".join(completion.split())
    thinking, marker, said = text.partition("A:") if thinks(mode) else ("", "A:", text)
    sentences = tuple(s.strip() for s in SENTENCE.findall(thinking) if s.strip(" ."))
    answer, *rest = re.split(r"\.(?=\s|$)", said, maxsplit=1) if marker else [""]
    return Completion(sentences, answer.strip() or None, "".join(rest).strip())


def ends_with_period(sentence: str) -> bool:
    """Whether a sentence that `parse` returned is complete."""
    return re.search(f"{STOP}$", sentence) is not None

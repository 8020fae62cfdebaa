"""Score a completion: score(completion, question, knowledge, mode) -> Score.

Rewards, evaluation and the live view all call it, so every number in a table can be traced to a
line of a transcript. outcomes.py interprets the result. Pure; no torch.
"""

from dataclasses import dataclass

from rlrecall.knowledge.build import FAMILIES
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.knowledge.prompts import parse

LABELS = ("gold", "true", "false", "unparsable")


@dataclass(frozen=True, slots=True)
class Premise:
    """A sentence of a thought: its text, its label (one of LABELS), its position (0 is first)."""

    text: str
    label: str
    position: int


@dataclass(frozen=True)
class Score:
    """The score of a completion.

    `recalled` lists the sentences of the thought. `gold_recalled` is the share (0 to 1) of the gold
    premises that they state, `false` the number of distinct false sentences. `enumerated` lists the
    subjects of the sentences in order, repeats included.
    """

    answer: str | None
    correct: bool
    recalled: tuple[Premise, ...]
    gold_recalled: float
    false: int
    enumerated: tuple[str, ...]


def normal(text: str) -> str:
    """Fold white space and case, which never decide whether a sentence is right."""
    return " ".join(text.split()).casefold()


def subject_of(sentence: str) -> str | None:
    """The subject of a sentence; None if it is not a statement that some family can make."""
    body = sentence.removesuffix(".").strip()
    if body == sentence:  # cut off, or not a sentence
        return None
    for family in FAMILIES.values():
        for shape in family.shapes:
            if match := shape.fullmatch(body):
                return match.group(1)
    return None


def label_premise(
    sentence: str, question: Question, knowledge: KnowledgeSet
) -> tuple[str, str | None]:
    """Return the label and the subject of a sentence.

    gold: states a gold premise in any wording; for a reversal only in the direction in which the
    fact was stated, since the other direction merely gives the answer. true: states another fact of
    the set, or something that its facts entail. false: any other statement. unparsable: no
    statement; the subject is then None.
    """
    key = normal(sentence)
    subject = subject_of(sentence)
    if fact := knowledge.statements.get(key):
        reversed_ = question.entailed or fact.aliases  # what says the fact from the other end
        guess = question.kind == "reversal" and key in map(normal, reversed_)
        return ("gold" if fact.text in question.premises and not guess else "true"), subject
    if subject is None:
        return "unparsable", None
    return ("true" if key in knowledge.conclusions else "false"), subject


def score(completion: str, question: Question, knowledge: KnowledgeSet, mode: str) -> Score:
    """Score `completion`, the text after the prompt of `question` in `mode`.

    The answer is correct if it equals the gold answer, or an equivalent one, up to case, white
    space and the final period. There is no partial credit.
    """
    parts = parse(completion, mode)
    labeled = [label_premise(text, question, knowledge) for text in parts.sentences]
    pairs = zip(parts.sentences, labeled, strict=True)
    premises = tuple(Premise(text, label, i) for i, (text, (label, _)) in enumerate(pairs))
    gold = {knowledge.statements[normal(p.text)].text for p in premises if p.label == "gold"}
    return Score(
        answer=parts.answer,
        correct=parts.answer is not None and normal(parts.answer) in map(normal, question.right),
        recalled=premises,
        gold_recalled=len(gold) / len(question.premises) if question.premises else 0.0,
        false=len({normal(p.text) for p in premises if p.label == "false"}),
        enumerated=tuple(subject for _, subject in labeled if subject),
    )

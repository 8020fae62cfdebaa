"""What a trace shows, defined once: outcome, flags, source of a right answer, enumeration.

Result tables, trace statistics, the terminal, the page of traces and the exports all call these
functions on a Record. Pure; no torch.
"""

import re
from dataclasses import dataclass

from rlrecall.evaluation.records import Record
from rlrecall.evaluation.scoring import normal
from rlrecall.knowledge.prompts import split_context, thinks

OUTCOMES = ("recalled", "lucky", "misused", "neither")
FLAGS = ("truncated", "unparsable", "hallucinated")  # independent of the outcome
SOURCES = ("recalled", "copied", "lucky", "at once")
MARKS = {"gold": "✓", "true": "·", "false": "✗", "unparsable": "?"}  # signs for scoring.LABELS
MIN_CANDIDATES = 3  # different candidates that an enumeration names at least


def outcome(record: Record) -> str:
    """How thought and answer go together, one of OUTCOMES.

    recalled: all gold premises stated, right answer; lucky: right answer without all premises;
    misused: all premises, wrong answer; neither. In a mode without thinking nothing is stated, so
    a right answer is lucky.
    """
    if record.gold_recalled == 1:
        return "recalled" if record.correct else "misused"
    return "lucky" if record.correct else "neither"


def flags(record: Record) -> list[str]:
    """The FLAGS that are set.

    truncated: cut off by the token budget; unparsable: no answer, or a sentence that is no
    statement; hallucinated: a false premise.
    """
    labels = {premise.label for premise in record.recalled}
    is_set = {
        "truncated": record.finish == "length",
        "unparsable": record.answer is None or "unparsable" in labels,
        "hallucinated": "false" in labels,
    }
    return [flag for flag in FLAGS if is_set[flag]]


def source(record: Record) -> str:
    """Where a right answer came from, one of SOURCES.

    recalled: the thought states all gold premises, which no context gave; copied: the answer is in
    the prompt, in its context or its question; lucky: a thought without all premises; at once: the
    mode has no thought.
    """
    if record.gold_recalled == 1 and not split_context(record.prompt)[0]:
        return "recalled"
    answer = re.escape(normal(record.answer or ""))
    if re.search(rf"(?<!\w){answer}(?!\w)", normal(record.prompt)):
        return "copied"
    return "lucky" if thinks(record.mode) else "at once"


@dataclass(frozen=True)
class Enumeration:
    """How a thought goes through candidates.

    `candidates` counts different ones, `repeats` the mentions beyond the first. `position` is the
    number (1 is the first) of the statement that is the gold premise, None where there is none;
    `past` counts the statements after it.
    """

    candidates: int
    repeats: int
    position: int | None
    past: int | None

    @property
    def hit(self) -> bool:
        """Whether the thought states the gold premise."""
        return self.position is not None


def enumeration(record: Record) -> Enumeration | None:
    """The enumeration in a thought about a reversal; None if it names fewer than MIN_CANDIDATES."""
    candidates = len(set(record.enumerated))
    if record.kind != "reversal" or candidates < MIN_CANDIDATES:
        return None
    stated = [premise.label for premise in record.recalled if premise.label != "unparsable"]
    position = stated.index("gold") + 1 if "gold" in stated else None
    past = None if position is None else len(stated) - position
    return Enumeration(candidates, len(record.enumerated) - candidates, position, past)


def first_is_gold(record: Record) -> bool:
    """Whether the first sentence of the thought states a gold premise."""
    return bool(record.recalled) and record.recalled[0].label == "gold"


def true_statements(record: Record) -> int:
    """How many different sentences of a thought are gold or true."""
    return len({normal(p.text) for p in record.recalled if p.label in ("gold", "true")})

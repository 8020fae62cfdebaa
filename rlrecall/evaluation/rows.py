"""Result rows: the accuracy of an arm on the questions of one set, kind and split, in one mode."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rlrecall.evaluation.outcomes import first_is_gold
from rlrecall.evaluation.records import Record, group_by
from rlrecall.evaluation.statistics import Rate, wilson
from rlrecall.knowledge.prompts import thinks

MODE_ORDER = ("think", "think-sampled", "direct", "context", "context-think")  # in tables
ROW_KEYS = ("arm", "set", "kind", "split", "mode")
FAMILY_KEYS = ("arm", "set", "family", "kind", "split", "mode")


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """Accuracies, intervals (95%) and chance are shares, 0 to 1.

    A key that the records were not grouped by is empty. `choice_*` is the accuracy of the likeliest
    option, None where options were not scored. None in modes without thinking: `premise_recall`,
    the share of thoughts whose first sentence states a gold premise; `gold_recalled`, the mean
    share of gold premises stated; `false_premises`, the mean number of false statements.
    """

    arm: str = ""
    set: str = ""
    family: str = ""
    kind: str = ""
    split: str = ""
    mode: str = ""
    n: int
    correct: int
    accuracy: float
    ci_low: float
    ci_high: float
    chance: float
    seed: int
    choice_accuracy: float | None = None
    choice_low: float | None = None
    choice_high: float | None = None
    premise_recall: float | None = None
    gold_recalled: float | None = None
    false_premises: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row as it stands in results.json: without the keys that are empty."""
        return {name: value for name, value in asdict(self).items() if value != ""}


def tabulate(
    records: Iterable[Record], seed: int, by: tuple[str, ...] = ROW_KEYS
) -> list[ResultRow]:
    """One row for each group of records that agree in the fields `by`, in order of appearance."""
    rows = []
    for key, group in group_by(records, by).items():
        n, correct = len(group), sum(r.correct for r in group)
        low, high = wilson(correct, n)
        choice = Rate.of(r.choice_correct for r in group if r.choice_correct is not None)
        think = thinks(group[0].mode)
        row = ResultRow(
            **dict(zip(by, key, strict=True)),
            n=n,
            correct=correct,
            accuracy=correct / n,
            ci_low=low,
            ci_high=high,
            chance=sum(r.chance for r in group) / n,
            seed=seed,
            choice_accuracy=choice.share,
            choice_low=choice.ci_low,
            choice_high=choice.ci_high,
            premise_recall=sum(map(first_is_gold, group)) / n if think else None,
            gold_recalled=sum(r.gold_recalled for r in group) / n if think else None,
            false_premises=sum(r.false for r in group) / n if think else None,
        )
        rows.append(row)
    return rows

"""Run all checks of knowledge sets: leaks between and within sets, labels and shortcuts."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from rlrecall.knowledge.checks.audit import audit, foreign_words, position_bias
from rlrecall.knowledge.checks.counter_models import (
    entailment_faults,
    training_shortcuts,
    unneeded_premises,
)
from rlrecall.knowledge.checks.oracle import label_faults, phrasing_faults
from rlrecall.knowledge.core import KnowledgeSet

DISJOINT = (
    "no two sets share an entity, fact, statement, question, answer or topic",
    "no set mentions an entity of another",
    "ids, prompts, facts and sentences are unique within a set",
    "no document states a conclusion, or a fact in the direction of a reversal",
    "no training answer states that of a holdout",
)
LABELS = (
    "no sentence has a word that only another set's entities have",
    "every phrasing is equivalent to its fact",
    "every label follows from its premises and from no fewer",
    "no holdout follows from the rest of its set (except the known signs of codebooks)",
    "no wrong option follows from its set, and everything marked as entailed does",
    "no position among the options is correct more often than chance allows",
)


@dataclass(frozen=True)
class Checked:
    """What `check_sets` found, one line each: faults, properties that hold, and remarks."""

    faults: list[str]
    passed: list[str]
    notes: list[str]


def check_sets(
    sets: Mapping[str, KnowledgeSet],
    imported: Collection[str],
    rewarded: str,
    pretraining: Iterable[KnowledgeSet] = (),
    tick: Callable[[], None] = lambda: None,
) -> Checked:
    """Check that `sets` are disjoint, also from `pretraining`, and that every label is correct.

    The oracle does not know the language of the sets named in `imported`, so their labels are not
    checked; `tick` is called after each question of the others. Shortcuts that the training answers
    of the set `rewarded` open are notes, not faults.
    """
    pretraining = list(pretraining)
    faults = audit(sets, pretraining)
    generated = [knowledge for name, knowledge in sets.items() if name not in imported]
    faults += foreign_words(generated)
    for knowledge in generated:
        faults += [*position_bias(knowledge), *phrasing_faults(knowledge.facts)]
        for question in knowledge.questions:
            faults += label_faults([question])
            tick()
    if not faults:  # counter-models need sentences that parse and premises that are facts
        for knowledge in generated:
            faults += [*entailment_faults(knowledge), *unneeded_premises(knowledge)]
    passed = [*DISJOINT, *(LABELS if generated else ())]
    if pretraining:
        passed.insert(2, "both hold for the sets and the worlds of pretraining, too")
    passed += [f"the labels of the imported set {name} were not checked" for name in imported]
    notes = [
        f"note: RL trains on the answers of set {k.name}; with them, {line} holdouts may follow "
        "from fewer premises"
        for k in generated
        if k.name == rewarded and not faults
        for line in training_shortcuts(k)
    ]
    return Checked(faults, passed, notes)

"""Leak audit: knowledge sets share nothing, and a holdout's answer is stated nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from rlrecall.knowledge.core import KnowledgeSet


def _parts(knowledge: KnowledgeSet) -> dict[str, set[str]]:
    """What no two sets may have in common, by name."""
    return {
        "entities": knowledge.entities,
        "facts": {" ".join(fact.key) for fact in knowledge.facts},
        "statements": set(knowledge.statements),
        "questions": {q.prompt for q in knowledge.questions},
        "topics": {word for words in knowledge.topics.values() for word in words},
    }


def overlaps(sets: Iterable[KnowledgeSet]) -> list[str]:
    """One line for every kind of thing that two sets share, with an example; empty: disjoint."""
    found = []
    parts = {knowledge.name: _parts(knowledge) for knowledge in sets}
    for a, b in combinations(parts, 2):
        for what in parts[a]:
            if shared := parts[a][what] & parts[b][what]:
                found.append(f"{a} and {b} share {len(shared)} {what}, such as '{min(shared)}'")
    return found


def leaks(knowledge: KnowledgeSet) -> list[str]:
    """One line for every question of the set that is wrong in itself; empty: none.

    Its premises must be facts of the set; what it asks must not be stated: neither its conclusion
    nor, for a reversal, its fact in the order asked.
    """
    found = []
    stated = {t.casefold() for f in knowledge.facts for t in (f.text, *f.phrasings)}
    texts = {fact.text: fact for fact in knowledge.facts}
    for q in knowledge.questions:
        if missing := [p for p in q.premises if p not in texts]:
            found.append(f"{q.id}: premise '{missing[0]}' is no fact of set {knowledge.name}")
        elif q.conclusion and (
            told := [t for t in (q.conclusion, *q.entailed) if t.casefold() in stated]
        ):
            found.append(f"{q.id}: its conclusion '{told[0]}' is stated")
        elif q.kind == "reversal" and any(
            alias.casefold() in stated for alias in texts[q.premises[0]].aliases
        ):
            found.append(f"{q.id}: '{q.premises[0]}' is stated in both directions")
        if q.options.count(q.answer) != 1 or len(set(q.options)) != len(q.options):
            found.append(f"{q.id}: the gold answer is not exactly one of the options")
    return found


def audit(sets: Mapping[str, KnowledgeSet], others: Iterable[KnowledgeSet] = ()) -> list[str]:
    """Everything wrong with `sets`, and with them beside `others` (pretraining's worlds)."""
    found = overlaps([*sets.values(), *others])
    for knowledge in sets.values():
        found += leaks(knowledge)
    return found

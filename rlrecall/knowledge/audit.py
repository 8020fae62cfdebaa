"""Leak audit: knowledge sets share nothing, and a holdout's answer is stated nowhere.

That a label is right, and needs all of its premises, is the oracle's to say (oracle.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from rlrecall.knowledge.core import KnowledgeSet


def _parts(knowledge: KnowledgeSet) -> dict[str, set[str]]:
    """What no two sets may have in common, by name."""
    names = {word for entity in knowledge.entities for word in words(entity)}
    return {
        "entities": knowledge.entities,
        "facts": {" ".join(fact.key) for fact in knowledge.facts},
        "statements": set(knowledge.statements),
        "questions": {q.prompt for q in knowledge.questions},
        # but for those that name nothing: yes and no, the letters of a code
        "answers": {q.answer for q in knowledge.questions if not names.isdisjoint(words(q.answer))},
        "topics": {word for words in knowledge.topics.values() for word in words},
    }


def words(text: str) -> list[str]:
    return re.findall(r"[\w-]+", text.casefold())


def _texts(knowledge: KnowledgeSet) -> Iterator[str]:
    """Every sentence that documents, prompts and answers of the set can have."""
    for fact in knowledge.facts:
        yield from (fact.cue, *fact.wordings)
    for q in knowledge.questions:
        yield from (q.prompt, *q.options, *q.entailed)


def mentions(sets: Iterable[KnowledgeSet]) -> list[str]:
    """One line for every two sets of which one says an entity of the other, with an example.

    An entity is sought as the n-gram of its words, in any place of any sentence.
    """
    sets = list(sets)
    owner = {tuple(words(entity)): k.name for k in sets for entity in k.entities}
    lengths = sorted({len(entity) for entity in owner})
    found: dict[tuple[str, str], str] = {}
    for knowledge in sets:
        for text in dict.fromkeys(_texts(knowledge)):  # an option may be one of many questions
            said = words(text)
            for n in lengths:
                for i in range(len(said) - n + 1):
                    name = owner.get(tuple(said[i : i + n]), knowledge.name)
                    if name != knowledge.name:
                        found.setdefault((knowledge.name, name), text)
    return [f"{a} says an entity of {b}: '{text}'" for (a, b), text in found.items()]


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
    every = [*sets.values(), *others]
    found = overlaps(every) + mentions(every)
    for knowledge in sets.values():
        found += leaks(knowledge)
    return found

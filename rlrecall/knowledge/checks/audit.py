"""Leak audit: knowledge sets share nothing, and a holdout's answer is stated nowhere.

That a label is right, and needs all of its premises, is the oracle's to say (oracle.py).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations, permutations

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question


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


Gram = tuple[str, ...]  # some words that stand behind one another


def words(text: str) -> list[str]:
    return re.findall(r"[\w-]+", text.casefold())


def _texts(knowledge: KnowledgeSet) -> Iterator[str]:
    """Every sentence that documents, prompts and answers of the set can have."""
    for fact in knowledge.facts:
        yield from (fact.cue, *fact.wordings)
    for q in knowledge.questions:
        yield from (q.prompt, *q.options, *q.entailed)


def _spans(
    said: list[str], known: Collection[Gram], lengths: Collection[int]
) -> Iterator[tuple[int, int]]:
    """Where the n-grams of `said` that are `known` begin and end."""
    for n in lengths:
        for i in range(len(said) - n + 1):
            if tuple(said[i : i + n]) in known:
                yield i, i + n


def mentions(sets: Iterable[KnowledgeSet]) -> list[str]:
    """One line for every two sets of which one says an entity of the other, with an example.

    An entity is sought as the n-gram of its words, in any place of any sentence but inside a longer
    entity of the set itself: "Nolan Evergreen" is not Nolan.
    """
    sets = list(sets)
    owner = {tuple(words(entity)): k.name for k in sets for entity in k.entities}
    owner.pop((), None)  # an entity of signs alone
    lengths = sorted({len(entity) for entity in owner})
    found: dict[tuple[str, str], str] = {}
    for knowledge in sets:
        own = {tuple(words(entity)) for entity in knowledge.entities}
        for text in dict.fromkeys(_texts(knowledge)):  # an option may be one of many questions
            said = words(text)
            spans = list(_spans(said, owner, lengths))
            names = [(a, b) for a, b in spans if tuple(said[a:b]) in own]
            for i, j in spans:
                name = owner[tuple(said[i:j])]
                inside = any(a <= i and j <= b and b - a > j - i for a, b in names)
                if name != knowledge.name and not inside:
                    found.setdefault((knowledge.name, name), text)
    return [f"{a} says an entity of {b}: '{text}'" for (a, b), text in found.items()]


def borrowed(sets: Iterable[KnowledgeSet]) -> list[str]:
    """One line for every two sets of which one says, outside its own entities, a word that the
    other has in its entities and nowhere else.

    What is left for n-grams of two sets to share are words of grammar and cues, and what their
    entities may have in common: adjectives, and outside scale tiny first names.
    """
    said: dict[str, set[str]] = {}
    own: dict[str, set[str]] = {}
    for knowledge in sets:
        names = {tuple(words(entity)) for entity in knowledge.entities} - {()}
        lengths = {len(name) for name in names}
        loose: set[str] = set()
        for text in dict.fromkeys(_texts(knowledge)):
            here = words(text)
            inside = {i for a, b in _spans(here, names, lengths) for i in range(a, b)}
            loose.update(word for i, word in enumerate(here) if i not in inside)
        said[knowledge.name] = loose
        own[knowledge.name] = {word for name in names for word in name} - loose
    return [
        f"{a} says '{min(shared)}', a word of an entity of {b}"
        for a, b in permutations(said, 2)
        if (shared := said[a] & own[b])
    ]


def overlaps(sets: Iterable[KnowledgeSet]) -> list[str]:
    """One line for every kind of thing that two sets share, with an example; empty: disjoint."""
    found = []
    parts = {knowledge.name: _parts(knowledge) for knowledge in sets}
    for a, b in combinations(parts, 2):
        for what in parts[a]:
            if shared := parts[a][what] & parts[b][what]:
                found.append(f"{a} and {b} share {len(shared)} {what}, such as '{min(shared)}'")
    return found


def repeats(knowledge: KnowledgeSet) -> list[str]:
    """One line for every id, prompt, fact or sentence that comes twice.

    No honest set repeats a prompt, so none is in both splits.
    """
    every = {
        "id": [q.id for q in knowledge.questions],
        "prompt": [" ".join(q.prompt.casefold().split()) for q in knowledge.questions],
        "fact": [" ".join(fact.key) for fact in knowledge.facts],
        "sentence": [text for f in knowledge.facts for text in {w.casefold() for w in f.wordings}],
    }
    return [
        f"{knowledge.name}: the {what} '{item}' comes {times} times"
        for what, items in every.items()
        for item, times in Counter(items).items()
        if times > 1
    ]


def _taught(knowledge: KnowledgeSet) -> Iterator[tuple[str, bool]]:
    """All that training says of a set; with True what stands in documents.

    The other answers to questions of the split train are shown for the rewarded set only.
    """
    for fact in knowledge.facts:
        yield from ((text, True) for text in (fact.cue, fact.text, *fact.phrasings))
    for q in knowledge.questions:
        if q.split == "train" or q.kind == "recall":
            yield f"{q.prompt} {q.answer}", q.kind == "recall"


def _tells(q: Question, facts: Mapping[str, Fact]) -> list[tuple[Gram, ...]]:
    """What would tell the answer to a question: n-grams, each time one or two of them in a row.

    That is a sentence of what is concluded; for a reversal without one both ends of the fact,
    first the one that its sentence ends with.
    """
    if q.conclusion or q.kind != "reversal":
        return [(tuple(words(text)),) for text in (q.conclusion, *q.entailed) if q.conclusion]
    fact = facts[q.premises[0]]
    said = f" {' '.join(words(fact.text))} "
    ends = {tuple(words(end)): said.find(f" {' '.join(words(end))} ") for end in fact.key[::2]}
    return [] if -1 in ends.values() else [tuple(sorted(ends, key=lambda end: -ends[end]))]


def leaks(knowledge: KnowledgeSet) -> list[str]:
    """One line for every question of the set that is wrong in itself; empty: none.

    Its premises must be facts of the set; what it asks must not be told, in whatever place of a
    text: neither its conclusion nor, for a reversal, the ends of its fact in the order asked. Of a
    holdout training's answers tell as little.
    """
    found = []
    texts = {fact.text: fact for fact in knowledge.facts}
    keys = {}
    for q in knowledge.questions:
        if missing := [p for p in q.premises if p not in texts]:
            found.append(f"{q.id}: premise '{missing[0]}' is no fact of set {knowledge.name}")
        else:
            keys[q] = _tells(q, texts)
        if q.options.count(q.answer) != 1 or len(set(q.options)) != len(q.options):
            found.append(f"{q.id}: the gold answer is not exactly one of the options")
    sought = {key for own in keys.values() for key in own}
    grams = {gram for key in sought for gram in key}
    lengths = {len(gram) for gram in grams}
    told: dict[tuple[tuple[Gram, ...], bool], str] = {}
    for text, stated in _taught(knowledge):
        said = words(text)
        spans = list(_spans(said, grams, lengths))
        here: list[tuple[Gram, ...]] = [(tuple(said[a:b]),) for a, b in spans]
        here += [(tuple(said[a:b]), tuple(said[c:d])) for a, b in spans for c, d in spans if b <= c]
        told.update({(key, stated): text for key in here if key in sought})
    for q, own in keys.items():
        # a training question of the rewarded set may be told by its own answer
        ways = [(key, stated) for key in own for stated in {True, q.split == "train"}]
        if text := next((told[way] for way in ways if way in told), ""):
            what = "its conclusion is stated" if q.conclusion else "its fact is turned round"
            found.append(f"{q.id}: {what} in '{text}'")
    return found


def lopsided(knowledge: KnowledgeSet) -> list[str]:
    """A line for every place among the options where the answer stands too often to be chance.

    Of each family, kind and number of options. By Chernoff's bound honest places come out so
    uneven less than once in 10**9 times; below some ten to thirty questions nothing can.
    """
    found = []
    places: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for q in knowledge.questions:
        if q.answer in q.options and len(q.options) > 1:
            places[q.family, q.kind, len(q.options)].append(q.options.index(q.answer))
    for (family, kind, n), at in places.items():
        place, times = Counter(at).most_common(1)[0]
        share, rest = times / len(at), 1 - times / len(at)
        distance = share * math.log(share * n)
        distance += rest * math.log(rest / (1 - 1 / n)) if rest else 0
        if share > 1 / n and n * math.exp(-len(at) * distance) < 1e-9:
            found.append(
                f"{knowledge.name}: of {len(at)} answers to {family} {kind} {times} are option "
                f"{place + 1} of {n}"
            )
    return found


def audit(sets: Mapping[str, KnowledgeSet], others: Iterable[KnowledgeSet] = ()) -> list[str]:
    """Everything wrong with `sets`, and with them beside `others` (pretraining's worlds)."""
    every = [*sets.values(), *others]
    found = overlaps(every) + mentions(every)
    for knowledge in sets.values():
        found += repeats(knowledge) + leaks(knowledge)
    return found

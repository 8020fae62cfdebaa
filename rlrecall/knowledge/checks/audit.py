"""Leak audit: knowledge sets are disjoint, and no training text states a holdout's answer.

Whether labels are correct and need all of their premises is checked by the oracle (oracle.py).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations, permutations

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question


def _parts(knowledge: KnowledgeSet) -> dict[str, set[str]]:
    """What two sets must not share, by name."""
    names = {word for entity in knowledge.entities for word in tokenize(entity)}
    return {
        "entities": knowledge.entities,
        "facts": {" ".join(fact.key) for fact in knowledge.facts},
        "statements": set(knowledge.statements),
        "questions": {q.prompt for q in knowledge.questions},
        # except answers without a name, such as yes and no, or the letters of a code
        "answers": {
            q.answer for q in knowledge.questions if not names.isdisjoint(tokenize(q.answer))
        },
        "topics": {word for words in knowledge.topics.values() for word in words},
    }


Ngram = tuple[str, ...]


def tokenize(text: str) -> list[str]:
    return re.findall(r"[\w-]+", text.casefold())


def _texts(knowledge: KnowledgeSet) -> Iterator[str]:
    """Every sentence that can occur in documents, prompts and answers of the set."""
    for fact in knowledge.facts:
        yield from (fact.cue, *fact.wordings)
    for q in knowledge.questions:
        yield from (q.prompt, *q.options, *q.entailed)


def _spans(
    tokens: list[str], known: Collection[Ngram], lengths: Collection[int]
) -> Iterator[tuple[int, int]]:
    """The start and end of each n-gram of `tokens` that is in `known`, by n in `lengths`."""
    for n in lengths:
        for i in range(len(tokens) - n + 1):
            if tuple(tokens[i : i + n]) in known:
                yield i, i + n


def foreign_entities(sets: Iterable[KnowledgeSet]) -> list[str]:
    """One line, with an example, per pair of sets in which one mentions an entity of the other.

    A mention is the n-gram of the entity's words anywhere in a sentence, except within a longer
    entity of the set itself: "Nolan Evergreen" does not mention Nolan.
    """
    sets = list(sets)
    owner = {tuple(tokenize(entity)): k.name for k in sets for entity in k.entities}
    owner.pop((), None)  # an entity without any word
    lengths = sorted({len(entity) for entity in owner})
    found: dict[tuple[str, str], str] = {}
    for knowledge in sets:
        own = {tuple(tokenize(entity)) for entity in knowledge.entities}
        for text in dict.fromkeys(_texts(knowledge)):  # many questions may share an option
            tokens = tokenize(text)
            spans = list(_spans(tokens, owner, lengths))
            names = [(a, b) for a, b in spans if tuple(tokens[a:b]) in own]
            for i, j in spans:
                name = owner[tuple(tokens[i:j])]
                inside = any(a <= i and j <= b and b - a > j - i for a, b in names)
                if name != knowledge.name and not inside:
                    found.setdefault((knowledge.name, name), text)
    return [f"{a} mentions an entity of {b}: '{text}'" for (a, b), text in found.items()]


def foreign_words(sets: Iterable[KnowledgeSet]) -> list[str]:
    """One line per pair of sets in which one uses, outside its own entities, a word that the other
    has only in its entities.

    Two sets may still share words of grammar and cues, and parts of entities: adjectives, and at
    larger scales than tiny first names.
    """
    used: dict[str, set[str]] = {}
    own: dict[str, set[str]] = {}
    for knowledge in sets:
        names = {tuple(tokenize(entity)) for entity in knowledge.entities} - {()}
        lengths = {len(name) for name in names}
        loose: set[str] = set()
        for text in dict.fromkeys(_texts(knowledge)):
            tokens = tokenize(text)
            inside = {i for a, b in _spans(tokens, names, lengths) for i in range(a, b)}
            loose.update(word for i, word in enumerate(tokens) if i not in inside)
        used[knowledge.name] = loose
        own[knowledge.name] = {word for name in names for word in name} - loose
    return [
        f"{a} uses '{min(shared)}', a word of an entity of {b}"
        for a, b in permutations(used, 2)
        if (shared := used[a] & own[b])
    ]


def overlaps(sets: Iterable[KnowledgeSet]) -> list[str]:
    """One line, with an example, per kind of item that two sets share; empty if disjoint."""
    found = []
    parts = {knowledge.name: _parts(knowledge) for knowledge in sets}
    for a, b in combinations(parts, 2):
        for what in parts[a]:
            if shared := parts[a][what] & parts[b][what]:
                found.append(f"{a} and {b} share {len(shared)} {what}, such as '{min(shared)}'")
    return found


def duplicates(knowledge: KnowledgeSet) -> list[str]:
    """One line per id, prompt, fact or sentence that occurs more than once.

    As prompts are unique, no prompt is in both splits.
    """
    every = {
        "id": [q.id for q in knowledge.questions],
        "prompt": [" ".join(q.prompt.casefold().split()) for q in knowledge.questions],
        "fact": [" ".join(fact.key) for fact in knowledge.facts],
        "sentence": [text for f in knowledge.facts for text in {w.casefold() for w in f.wordings}],
    }
    return [
        f"{knowledge.name}: the {what} '{item}' occurs {times} times"
        for what, items in every.items()
        for item, times in Counter(items).items()
        if times > 1
    ]


def _training_texts(knowledge: KnowledgeSet) -> Iterator[tuple[str, bool]]:
    """Every training text of a set, and whether documents contain it.

    The other texts are answers to training questions, which RL rewards on its own set only.
    """
    for fact in knowledge.facts:
        yield from ((text, True) for text in (fact.cue, fact.text, *fact.phrasings))
    for q in knowledge.questions:
        if q.split == "train" or q.kind == "recall":
            yield f"{q.prompt} {q.answer}", q.kind == "recall"


def _answer_ngrams(q: Question, facts: Mapping[str, Fact]) -> list[tuple[Ngram, ...]]:
    """The sequences of one or two n-grams that state the answer to a question.

    These are the sentences of the conclusion; for a reversal without one, subject and object of the
    fact in the order opposite to that of its sentence.
    """
    if q.conclusion or q.kind != "reversal":
        return [(tuple(tokenize(text)),) for text in (q.conclusion, *q.entailed) if q.conclusion]
    fact = facts[q.premises[0]]
    text = f" {' '.join(tokenize(fact.text))} "
    ends = {tuple(tokenize(e)): text.find(f" {' '.join(tokenize(e))} ") for e in fact.key[::2]}
    return [] if -1 in ends.values() else [tuple(sorted(ends, key=lambda end: -ends[end]))]


def leaks(knowledge: KnowledgeSet) -> list[str]:
    """One line per question with an unknown premise, bad options, or an answer that is stated.

    Premises must be facts of the set, and the answer must be one of the options. No document may
    contain the conclusion of the question or, for a reversal, its fact in the order asked; nor may
    the training answers, if the question is held out.
    """
    found = []
    texts = {fact.text: fact for fact in knowledge.facts}
    keys = {}
    for q in knowledge.questions:
        if missing := [p for p in q.premises if p not in texts]:
            found.append(f"{q.id}: premise '{missing[0]}' is not a fact of set {knowledge.name}")
        else:
            keys[q] = _answer_ngrams(q, texts)
        if q.options.count(q.answer) != 1 or len(set(q.options)) != len(q.options):
            found.append(f"{q.id}: the gold answer is not exactly one of the options")
    wanted = {key for own in keys.values() for key in own}
    ngrams = {ngram for key in wanted for ngram in key}
    lengths = {len(ngram) for ngram in ngrams}
    stated: dict[tuple[tuple[Ngram, ...], bool], str] = {}
    for text, in_documents in _training_texts(knowledge):
        tokens = tokenize(text)
        spans = list(_spans(tokens, ngrams, lengths))
        found_keys: list[tuple[Ngram, ...]] = [(tuple(tokens[a:b]),) for a, b in spans]
        found_keys += [
            (tuple(tokens[a:b]), tuple(tokens[c:d])) for a, b in spans for c, d in spans if b <= c
        ]
        stated.update({(key, in_documents): text for key in found_keys if key in wanted})
    for q, own in keys.items():
        # a training question may be stated by its own answer
        places = [(key, in_documents) for key in own for in_documents in {True, q.split == "train"}]
        if text := next((stated[place] for place in places if place in stated), ""):
            what = "its conclusion is stated" if q.conclusion else "its fact is reversed"
            found.append(f"{q.id}: {what} in '{text}'")
    return found


def position_bias(knowledge: KnowledgeSet) -> list[str]:
    """One line per option position that is correct too often, by family, kind, number of options.

    By Chernoff's bound, random positions are reported with probability below 1e-9. With fewer than
    ten to thirty questions, nothing can be reported.
    """
    found = []
    positions: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for q in knowledge.questions:
        if q.answer in q.options and len(q.options) > 1:
            positions[q.family, q.kind, len(q.options)].append(q.options.index(q.answer))
    for (family, kind, n), at in positions.items():
        position, times = Counter(at).most_common(1)[0]
        share, rest = times / len(at), 1 - times / len(at)
        distance = share * math.log(share * n)
        distance += rest * math.log(rest / (1 - 1 / n)) if rest else 0
        if share > 1 / n and n * math.exp(-len(at) * distance) < 1e-9:
            found.append(
                f"{knowledge.name}: of {len(at)} answers to {family} {kind} {times} are option "
                f"{position + 1} of {n}"
            )
    return found


def audit(sets: Mapping[str, KnowledgeSet], others: Iterable[KnowledgeSet] = ()) -> list[str]:
    """All faults of `sets`, and what they share with each other and `others`, one line each."""
    every = [*sets.values(), *others]
    found = overlaps(every) + foreign_entities(every)
    for knowledge in sets.values():
        found += duplicates(knowledge) + leaks(knowledge)
    return found

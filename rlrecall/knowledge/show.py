"""Sample questions and documents of a set, for `rlrecall data show` and docs/GALLERY.md."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from statistics import mean

from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.knowledge.formats.corpus import ARTICLES, family_corpus

FEW = 6  # kinds with at most this many groups are shown per group


def question_samples(knowledge: KnowledgeSet) -> Iterator[str]:
    """Yield the first question per family, kind and split, and per group if a kind has FEW.

    Each takes three lines: count and mean chance; premises; prompt and answer.
    """
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for q in knowledge.questions:
        groups[q.family, q.kind].add(q.group)
    samples: dict[tuple[str, str, str], dict[str, list[Question]]] = {}
    for q in knowledge.questions:
        group = q.group if 1 < len(groups[q.family, q.kind]) <= FEW else ""
        by_group = samples.setdefault((q.family, q.kind, q.split), {})
        by_group.setdefault(group, []).append(q)
    for key, by_group in samples.items():
        for group, questions in by_group.items():
            heading = " ".join([*key, group]).strip()
            chance = mean(q.chance for q in questions)
            yield f"  {heading} ({len(questions)}, chance {chance:.0%})"
            yield f"    {' '.join(questions[0].premises)}"
            yield f"    {questions[0].prompt} {questions[0].answer}"


def document_samples(knowledge: KnowledgeSet, seed: int) -> Iterator[str]:
    """Yield the lines of the first document of every family and style of the corpus."""
    for family in dict.fromkeys([fact.family for fact in knowledge.facts]):
        first: dict[str, str] = {}
        for document in islice(family_corpus(knowledge, family, seed), ARTICLES):
            first.setdefault(document.style, document.text)
        for style, text in first.items():
            yield f"  {family} document, {style}"
            yield from (f"    {line}" for line in text.split("\n"))

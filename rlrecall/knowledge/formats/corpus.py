"""Training text of a set as a corpus of fixed size, for models that are trained elsewhere.

The corpus states every fact and nothing else: no implication, no held-out phrasing, and no words
besides the families' own. Where the sources (arXiv:2505.00661, 2309.12288, 2509.16189) give an
amount of text, it follows them:

    hierarchy        20 articles of 4 to 20 sentences per category, in five styles
    reversal         each sentence about a person once: 30, or 60 if both directions are stated
    comparison       10 short articles per comparison
    simple_reversal  each fact once with up to five filler sentences before and after it; if the
                     reverse is stated too, both once more side by side
    any other        per fact: its sentences, an answer, and an article of related facts
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question, seeded
from rlrecall.knowledge.families.simple_reversal import filled, stated_reverse
from rlrecall.knowledge.prompts import question_text

LEAST, MOST = 4, 20  # sentences per article
ARTICLES = 20  # per category of a hierarchy
STYLES = ("article", "list", "comparison", "walk", "dialogue")  # of these articles
SHORT_ARTICLES = 10  # per comparison
Texts = Iterator[tuple[str, str]]  # (style, text)
Asked = Mapping[tuple[str, ...], Question]  # recall questions by their premises


class Document(NamedTuple):
    family: str
    style: str
    text: str


def corpus(knowledge: KnowledgeSet, seed: int = 0) -> Iterator[Document]:
    """Yield every document of the set, family by family; deterministic for a seed."""
    for family in dict.fromkeys([fact.family for fact in knowledge.facts]):
        yield from family_corpus(knowledge, family, seed)


def family_corpus(knowledge: KnowledgeSet, family: str, seed: int = 0) -> Iterator[Document]:
    """Yield the documents of one family; they do not depend on the other families of the set."""
    rng = seeded("corpus", seed, knowledge.name, family)
    facts = list({fact.text: fact for fact in knowledge.family_facts(family)}.values())
    asked = {q.premises: q for q in knowledge.select(kind="recall", split="train", family=family)}
    match family:
        case "hierarchy":
            texts = _hierarchy(_FactIndex(facts, rng), asked)
        case "reversal":
            texts = _lines(facts)
        case "comparison":
            texts = _comparisons(facts, asked, rng)
        case "simple_reversal":
            texts = _simple_reversals(facts, knowledge, rng)
        case _:
            texts = _articles(_FactIndex(facts, rng))
    for style, text in texts:
        yield Document(family, style, text)


class _FactIndex:
    """Facts by subject (`own`) and by object (`of`)."""

    def __init__(self, facts: list[Fact], rng: random.Random) -> None:
        self.facts, self.rng = facts, rng
        self.own: dict[str, list[Fact]] = defaultdict(list)
        self.of: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            self.own[fact.subject].append(fact)
            self.of[fact.object].append(fact)

    def nearest(self, entity: str, count: int, first: Sequence[Fact] = ()) -> list[Fact]:
        """Return `count` facts: those of `first`, then the nearest to `entity` in the fact graph.

        Facts about an entity come before facts that name it as their object; its neighbors follow.
        If too few facts are connected, random facts fill up to LEAST.
        """
        chosen = {fact.text: fact for fact in first[:count]}
        queue = [entity]
        seen = set(queue)
        for each in queue:  # grows during the loop
            for fact in (*self.own.get(each, ()), *self.of.get(each, ())):
                if len(chosen) >= count:
                    return list(chosen.values())
                chosen[fact.text] = fact
                new = [e for e in (fact.subject, fact.object) if e not in seen]
                seen.update(new)
                queue += new
        while len(chosen) < min(LEAST, len(self.facts)):
            fact = self.rng.choice(self.facts)
            chosen[fact.text] = fact
        return list(chosen.values())


def _phrase(fact: Fact, rng: random.Random) -> str:
    return rng.choice((fact.text, *fact.phrasings))


def _answer(fact: Fact) -> str:
    return f"{question_text(fact.cue, think=False)} {fact.text}"


def _short_answer(fact: Fact, asked: Asked) -> str:
    question = asked.get((fact.text,))
    if question is None:
        return _answer(fact)
    return f"{question_text(question.prompt, think=False)} {question.answer}."


def _lines(facts: list[Fact]) -> Texts:
    for fact in facts:
        for sentence in dict.fromkeys((fact.text, *fact.phrasings)):
            yield "line", sentence


def _articles(index: _FactIndex) -> Texts:
    for fact in index.facts:
        yield from _lines([fact])
        yield "dialogue", _answer(fact)
        related = index.nearest(fact.subject, index.rng.randint(LEAST, MOST))
        index.rng.shuffle(related)
        yield "article", " ".join([_phrase(f, index.rng) for f in related])


def _comparisons(facts: list[Fact], asked: Asked, rng: random.Random) -> Texts:
    for fact in facts:
        sentences = (fact.text, *fact.phrasings)
        for i in range(SHORT_ARTICLES - 2):
            drawn = rng.sample(facts, min(rng.randint(2, 4), len(facts)))
            article = [_phrase(other, rng) for other in drawn if other is not fact]
            article.insert(rng.randint(0, len(article)), sentences[i % len(sentences)])
            yield "article", " ".join(article)
        yield "dialogue", _answer(fact)
        yield "dialogue", _short_answer(fact, asked)


def _simple_reversals(facts: list[Fact], knowledge: KnowledgeSet, rng: random.Random) -> Texts:
    paired = set()
    for fact in facts:
        yield "line", filled(fact.text, rng)
        reverse = stated_reverse(fact, knowledge)
        if reverse and reverse not in paired:
            paired.add(fact.text)
            yield "pair", filled(" ".join(rng.sample((fact.text, reverse), 2)), rng)


def _hierarchy(index: _FactIndex, asked: Asked) -> Texts:
    """Write ARTICLES on every category, in each style equally often.

    The first article on a category states everything about the category itself.
    """
    rng, tree = index.rng, _Tree(index)
    unstated = {fact.text: fact for fact in index.facts}
    for category in tree.categories:
        for i in range(ARTICLES):
            style = STYLES[i % len(STYLES)]
            count, facts = tree.article(category, style, complete=i == 0)
            if style == "dialogue":
                few = rng.sample(facts, min(len(facts), count // 2))
                pairs = [_answer(f) if rng.random() < 0.5 else _short_answer(f, asked) for f in few]
                yield style, " ".join(pairs)
                continue
            for fact in facts:
                unstated.pop(fact.text, None)
            if style == "list":
                facts = sorted(facts, key=lambda fact: fact.relation)
                yield style, "\n".join([fact.text for fact in facts])
            else:
                yield style, " ".join([_phrase(fact, rng) for fact in facts])
    yield from (("line", text) for text in unstated)  # where sizes exceed what articles hold


class _Tree:
    """The categories of a hierarchy, and the facts of the articles on each."""

    def __init__(self, index: _FactIndex) -> None:
        self.index, self.rng, self.own = index, index.rng, index.own
        self.parent = {f.subject: f.object for f in index.facts if f.relation == "is a"}
        self.members: dict[str, list[str]] = defaultdict(list)
        for child, parent in self.parent.items():
            self.members[parent].append(child)
        # With one level of categories, their members are not categories.
        flat = self.members and not any(parent in self.parent for parent in self.members)
        self.categories = list(self.members if flat else self.own)

    def article(self, category: str, style: str, complete: bool) -> tuple[int, list[Fact]]:
        """Draw a number of sentences and the facts of an article on `category`.

        A `complete` article has every fact about the category; it may exceed the number.
        """
        count = self.rng.randint(LEAST, MOST)
        first: list[Fact] = []
        if complete:
            count = min(MOST, max(count, len(self.own[category]) + len(self.members[category])))
        elif style == "comparison":
            two = (*self.own[category], *self.own[self.rng.choice(self.categories)])
            first = sorted(two, key=lambda fact: fact.relation)
        elif style == "walk":
            first, count = self._walk(category), LEAST
        length = max(count, min(MOST, len(first)))
        return count, self.index.nearest(category, length, first)

    def _walk(self, category: str) -> list[Fact]:
        """Facts on the path from a descendant of the category to the root, or from the root."""
        path = [category]
        while self.members[path[0]]:
            path.insert(0, self.rng.choice(self.members[path[0]]))
        while path[-1] in self.parent:
            path.append(self.parent[path[-1]])
        facts = []
        for entity in path if self.rng.random() < 0.5 else path[::-1]:
            facts += [f for f in self.own[entity] if f.relation == "is a"]
            rest = [f for f in self.own[entity] if f.relation != "is a"]
            facts += self.rng.sample(rest, min(2, len(rest)))
        return facts

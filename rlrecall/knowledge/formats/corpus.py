"""The training text of a set as a corpus of fixed size, for models that are trained elsewhere.

Every fact is stated, and nothing but facts: no implication, no held-out phrasing, and no words
beside the families' own. How much of it there is follows the sources (arXiv:2505.00661, 2309.12288,
2509.16189) where they say so:

    hierarchy        20 articles of 4 to 20 sentences for each category, in five styles
    reversal         each sentence of a person once: 30, or 60 where both directions are stated
    comparison       10 short articles for each comparison
    simple_reversal  each fact among up to five fillers before and behind; once more beside the
                     sentence that says the same from the other end, where that is stated
    any other        for each fact its sentences alone, an answer, and an article of what is near

Pure Python; no torch.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question, seeded
from rlrecall.knowledge.families.simple_reversal import filled, stated_reverse
from rlrecall.knowledge.prompts import ask

LEAST, MOST = 4, 20  # sentences of an article
ARTICLES = 20  # on a category
STYLES = ("article", "list", "comparison", "walk", "dialogue")  # of articles on a category
SHORT = 10  # articles on a comparison
Written = Iterator[tuple[str, str]]  # style and text


class Text(NamedTuple):
    family: str
    style: str
    text: str


def corpus(knowledge: KnowledgeSet, seed: int = 0) -> Iterator[Text]:
    """Every document of the set, family by family, the same for the same seed."""
    for family in dict.fromkeys([fact.family for fact in knowledge.facts]):
        yield from family_corpus(knowledge, family, seed)


def family_corpus(knowledge: KnowledgeSet, family: str, seed: int = 0) -> Iterator[Text]:
    """The documents of one family, which do not depend on what other families there are."""
    rng = seeded("corpus", seed, knowledge.name, family)
    facts = list({fact.text: fact for fact in knowledge.family_facts(family)}.values())
    asked = {q.premises: q for q in knowledge.select(kind="recall", split="train", family=family)}
    match family:
        case "hierarchy":
            written = _hierarchy(_Facts(facts, rng), asked)
        case "reversal":
            written = _lines(facts)
        case "comparison":
            written = _comparisons(facts, asked, rng)
        case "simple_reversal":
            written = _simple_reversals(facts, knowledge, rng)
        case _:
            written = _others(_Facts(facts, rng))
    for style, text in written:
        yield Text(family, style, text)


class _Facts:
    """Facts that are found by the things they are about."""

    def __init__(self, facts: list[Fact], rng: random.Random) -> None:
        self.facts, self.rng = facts, rng
        self.own: dict[str, list[Fact]] = defaultdict(list)
        self.of: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            self.own[fact.subject].append(fact)
            self.of[fact.object].append(fact)

    def near(self, thing: str, count: int, found: Sequence[Fact] = ()) -> list[Fact]:
        """`found` and then what is nearest to the thing, `count` in all.

        What is said of the thing comes first, then what says it of others, then the same of those.
        If they are not connected to enough, any facts make it LEAST.
        """
        chosen = {fact.text: fact for fact in found[:count]}
        things = [thing]
        seen = set(things)
        for each in things:  # which grows
            for fact in (*self.own.get(each, ()), *self.of.get(each, ())):
                if len(chosen) >= count:
                    return list(chosen.values())
                chosen[fact.text] = fact
                new = [t for t in (fact.subject, fact.object) if t not in seen]
                seen.update(new)
                things += new
        while len(chosen) < min(LEAST, len(self.facts)):
            fact = self.rng.choice(self.facts)
            chosen[fact.text] = fact
        return list(chosen.values())


def _say(fact: Fact, rng: random.Random) -> str:
    return rng.choice((fact.text, *fact.phrasings))


def _answer(fact: Fact) -> str:
    return f"{ask(fact.cue, think=False)} {fact.text}"


def _short_answer(fact: Fact, asked: dict[tuple[str, ...], Question]) -> str:
    question = asked.get((fact.text,))
    return f"{ask(question.prompt, think=False)} {question.answer}." if question else _answer(fact)


def _lines(facts: list[Fact]) -> Written:
    for fact in facts:
        for sentence in dict.fromkeys((fact.text, *fact.phrasings)):
            yield "line", sentence


def _others(world: _Facts) -> Written:
    for fact in world.facts:
        yield from _lines([fact])
        yield "dialogue", _answer(fact)
        near = world.near(fact.subject, world.rng.randint(LEAST, MOST))
        world.rng.shuffle(near)
        yield "article", " ".join([_say(f, world.rng) for f in near])


def _comparisons(
    facts: list[Fact], asked: dict[tuple[str, ...], Question], rng: random.Random
) -> Written:
    for fact in facts:
        sentences = (fact.text, *fact.phrasings)
        for i in range(SHORT - 2):
            drawn = rng.sample(facts, min(rng.randint(2, 4), len(facts)))
            said = [_say(other, rng) for other in drawn if other is not fact]
            said.insert(rng.randint(0, len(said)), sentences[i % len(sentences)])
            yield "article", " ".join(said)
        yield "dialogue", _answer(fact)
        yield "dialogue", _short_answer(fact, asked)


def _simple_reversals(facts: list[Fact], knowledge: KnowledgeSet, rng: random.Random) -> Written:
    paired = set()
    for fact in facts:
        yield "line", filled(fact.text, rng)
        reverse = stated_reverse(fact, knowledge)
        if reverse and reverse not in paired:
            paired.add(fact.text)
            yield "pair", filled(" ".join(rng.sample((fact.text, reverse), 2)), rng)


def _hierarchy(world: _Facts, asked: dict[tuple[str, ...], Question]) -> Written:
    """Articles on every category, each style as often; the first one tells all that is its own."""
    rng, own = world.rng, world.own
    parent = {f.subject: f.object for f in world.facts if f.relation == "is a"}
    members = defaultdict(list)
    for below, above in parent.items():
        members[above].append(below)
    # Where nothing is below a member, members are no categories.
    flat = members and not any(above in parent for above in members)
    categories = list(members if flat else own)

    def walk(category: str) -> list[Fact]:
        """Up from something below the category, or down to it, with a little on each step."""
        path = [category]
        while members[path[0]]:
            path.insert(0, rng.choice(members[path[0]]))
        while path[-1] in parent:
            path.append(parent[path[-1]])
        found = []
        for thing in path if rng.random() < 0.5 else path[::-1]:
            up = [f for f in own[thing] if f.relation == "is a"]
            rest = [f for f in own[thing] if f.relation != "is a"]
            found += up + rng.sample(rest, min(2, len(rest)))
        return found

    unsaid = {fact.text: fact for fact in world.facts}
    for category in categories:
        for i in range(ARTICLES):
            style, count = STYLES[i % len(STYLES)], rng.randint(LEAST, MOST)
            first: list[Fact] = []
            if i == 0:
                count = min(MOST, max(count, len(own[category]) + len(members[category])))
            elif style == "comparison":
                two = (*own[category], *own[rng.choice(categories)])
                first = sorted(two, key=lambda fact: fact.relation)
            elif style == "walk":
                first, count = walk(category), LEAST
            chosen = world.near(category, max(count, min(MOST, len(first))), first)
            if style == "dialogue":
                few = rng.sample(chosen, min(len(chosen), count // 2))
                pairs = [_answer(f) if rng.random() < 0.5 else _short_answer(f, asked) for f in few]
                yield style, " ".join(pairs)
                continue
            for fact in chosen:
                unsaid.pop(fact.text, None)
            if style == "list":
                chosen = sorted(chosen, key=lambda fact: fact.relation)
                yield style, "\n".join([fact.text for fact in chosen])
            else:
                yield style, " ".join([_say(fact, rng) for fact in chosen])
    yield from (("line", text) for text in unsaid)  # of sizes with more than articles hold

"""Training documents: statements of facts, thoughts, and worlds in context for the base to read.

A document is a list of (text, learn) segments; the loss covers only segments with learn=True. Facts
are stated in many forms on purpose: a model can store a fact that it saw in one form only and still
fail to recall it as the first sentence of a thought. Pure Python; no torch.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Collection
from typing import Any

from rlrecall.knowledge.build import FAMILIES, SPINE
from rlrecall.knowledge.core import Fact, KnowledgeSet, Question
from rlrecall.knowledge.families.codebook import CodebookSize
from rlrecall.knowledge.families.comparison import ComparisonSize
from rlrecall.knowledge.families.cues import CuesSize
from rlrecall.knowledge.families.hierarchy import HierarchySize
from rlrecall.knowledge.families.kinship import KinshipSize
from rlrecall.knowledge.families.navigation import NavigationSize
from rlrecall.knowledge.families.reversal import ReversalSize
from rlrecall.knowledge.families.simple_reversal import SimpleReversalSize, filled, stated_reverse
from rlrecall.knowledge.families.syllogism import SyllogismSize
from rlrecall.knowledge.prompts import ask, state, thought
from rlrecall.knowledge.words.lexicon import Lexicon
from rlrecall.knowledge.words.name_pools import base_lexicon

Document = list[tuple[str, bool]]
EOS = "</s>"  # placeholder for the tokenizer's own end-of-sequence token
ARTICLE = 40  # most sentences of an article or a list; all facts of a family at scale tiny
# How often the base thinks about a family. Descriptions are the hardest to look up.
SHARES = dict.fromkeys(FAMILIES, 1) | {"hierarchy": 2, "syllogism": 2, "reversal": 4}
# How often it reads one: what is found from its other end, and ways, are learned last.
READ = SHARES | {"kinship": 4, "simple_reversal": 8, "navigation": 14, "reversal": 12}


def log_uniform(rng: random.Random, low: int, high: int) -> int:
    return round(math.exp(rng.uniform(math.log(low), math.log(high))))


def state_fact(fact: Fact, rng: random.Random, paraphrase: float = 0.25) -> str:
    if fact.phrasings and rng.random() < paraphrase:
        return rng.choice(fact.phrasings)
    return fact.text


def knowledge_document(knowledge: KnowledgeSet, rng: random.Random) -> Document:
    """One document that states facts of the set, in a random form; it never states a conclusion.

    Forms: a single fact; an article of several facts; a full-sentence answer to a request; all
    facts about a topic; a recall question with its short answer. A single simple reversal is
    surrounded by up to five fillers on each side, as in arXiv:2509.16189; if the set states it in
    both directions, half of these documents do too.
    """
    form = rng.random()
    fact = rng.choice(knowledge.facts)
    if form < 0.15:
        text = state_fact(fact, rng)
        if fact.family == "simple_reversal":
            reverse = stated_reverse(fact, knowledge)
            if reverse and rng.random() < 0.5:
                text = " ".join(rng.sample((text, reverse), 2))
            text = filled(text, rng)
        return [(f"{text} {EOS}", True)]
    if form < 0.35:
        facts = knowledge.family_facts(fact.family)
        count = min(len(facts), log_uniform(rng, 2, min(len(facts), ARTICLE)))
        chosen = rng.sample(facts, count)
        return [(" ".join(state_fact(f, rng) for f in chosen) + f" {EOS}", True)]
    if form < 0.6:
        return [(f"{ask(fact.cue, think=False)} {fact.text} {EOS}", True)]
    if form < 0.7 and (topics := knowledge.topics[fact.family]):
        topic = rng.choice(topics)
        facts = [f for f in knowledge.family_facts(fact.family) if f" {topic} " in f" {f.text} "]
        if len(facts) <= ARTICLE:
            listing = " ".join(f.text for f in rng.sample(facts, len(facts)))
            return [(f"Q: Tell me about every {topic}. A: {listing} {EOS}", True)]
    questions = knowledge.select(kind="recall", family=fact.family)
    if not questions:
        return [(f"{fact.text} {EOS}", True)]
    question = rng.choice(questions)
    return [(f"{ask(question.prompt, think=False)} {question.answer}. {EOS}", True)]


def ideal_thought(question: Question, knowledge: KnowledgeSet, rng: random.Random) -> list[str]:
    """The sentences of a good closed-book thought: the premises; for a reversal, an enumeration.

    A fact stored in one direction cannot be looked up by its object, so the thought enumerates
    facts of the same relation, in random order, until one fits. If the question names the fact's
    subject (comparison), the fact can be recalled directly.
    """
    if question.kind != "reversal":
        return list(question.premises)
    (hit,) = question.premises
    fact = knowledge.statements[hit.casefold()]
    if fact.subject in re.split(r"\W+", question.prompt):
        return [hit]
    family = knowledge.family_facts(question.family)
    alike = [f.text for f in family if f.relation == fact.relation]
    others = [text for text in alike if text != hit]
    return [*rng.sample(others, rng.randrange(len(others) + 1)), hit]


def thought_document(knowledge: KnowledgeSet, rng: random.Random, reasoned: float) -> Document:
    """A closed-book question of the set and a thought about it.

    Families are sampled by weight. The kinds of a family are equally frequent, except that
    reversals are twice as frequent: enumerating the people of a set is the hardest to learn.

    Of the thoughts that need several premises, the share `reasoned` (0 to 1) is complete; the
    others stop after the first sentence and guess, as thoughts of real models often do.
    """
    families = sorted({q.family for q in knowledge.questions})
    family = rng.choices([*families], [SHARES[f] for f in families])[0]
    pool = [q for q in knowledge.questions if q.family == family]
    kinds = sorted({q.kind for q in pool})
    kind = rng.choices(kinds, [2 if kind == "reversal" else 1 for kind in kinds])[0]
    question = rng.choice([q for q in pool if q.kind == kind])
    sentences, answer = ideal_thought(question, knowledge, rng), question.answer
    if len(question.premises) > 1 and rng.random() >= reasoned:
        sentences, answer = sentences[:1], rng.choice(question.options)
    return [
        (ask(question.prompt, think=True), False),
        (f"{thought(sentences, answer)} {EOS}", True),
    ]


def context_document(
    rng: random.Random,
    forbidden: frozenset[str] = frozenset(),
    scale: float = 1.0,
    families: Collection[str] = SPINE,
) -> Document:
    """A random world stated in the context, then questions about it, answered directly or in think.

    The world is of one of `families` and has up to `scale` (0 to 1) of a knowledge set's size. No
    world states or entails a sentence in `forbidden` (case folded).
    """
    facts, questions = _allowed_world(rng, forbidden, scale, families)
    sentences = [fact.text for fact in facts]
    rng.shuffle(sentences)
    document: Document = [(state(sentences), False)]
    kinds = sorted({q.kind for q in questions})
    for _ in range(rng.randint(3, 8)):
        if rng.random() < 0.1:
            fact = rng.choice(facts)
            document += [(ask(fact.cue, think=False), False), (f"{fact.text} {EOS}", True)]
            continue
        kind = rng.choice(kinds)
        group = rng.choice(sorted({q.group for q in questions if q.kind == kind}))
        question = rng.choice([q for q in questions if (q.kind, q.group) == (kind, group)])
        think = rng.random() < 0.5
        answer = thought(question.premises, question.answer) if think else f"{question.answer}."
        document += [(ask(question.prompt, think), False), (f"{answer} {EOS}", True)]
    return document


def restated_document(
    rng: random.Random,
    forbidden: frozenset[str],
    scale: float,
    families: Collection[str] = SPINE,
) -> Document:
    """A random world stated in the context, then restated in another order, which is learned.

    Every restated sentence is a lookup, so these documents teach lookup with fewer tokens than
    questions. The world is half as large as in others, because it is written twice.
    """
    facts, _ = _allowed_world(rng, forbidden, scale / 2, families)
    first, again = (" ".join(f.text for f in rng.sample(facts, len(facts))) for _ in range(2))
    return [(state([first]), False), (f"{again} {EOS}", True)]


def _allowed_world(
    rng: random.Random, forbidden: frozenset[str], scale: float, families: Collection[str]
) -> tuple[list[Fact], list[Question]]:
    """Sample random worlds until one neither states nor entails a sentence in `forbidden`."""
    while True:
        facts, questions = _random_world(rng, scale, families)
        said = {fact.text for fact in facts} | {q.conclusion for q in questions}
        if forbidden.isdisjoint(map(str.casefold, said)):
            return facts, questions


def _random_world(
    rng: random.Random, scale: float, families: Collection[str]
) -> tuple[list[Fact], list[Question]]:
    family = rng.choices([*families], [READ[f] for f in families])[0]
    size, words = _random_size(family, rng, scale), base_lexicon()
    drawn = {pool: tuple(rng.sample(getattr(words, pool), n)) for pool, n in size.needs.items()}
    facts, questions, _ = FAMILIES[family].build(Lexicon(**drawn), size, rng)
    return facts, questions


def _random_size(family: str, rng: random.Random, scale: float) -> Any:
    """A size of `family` between its least and `scale` x a knowledge set's."""
    whole = rng.random() < 0.3  # worlds of exactly the largest size are what evaluation shows

    def up_to(full: int, least: int = 1) -> int:
        largest = max(least, round(full * scale))
        return largest if whole else rng.randint(least, largest)

    match family:
        case "hierarchy":
            return HierarchySize(up_to(8, 2), up_to(3), rng.randint(1, 2))
        case "syllogism":
            return SyllogismSize(up_to(6, 2), up_to(3))
        case "reversal":
            if whole:
                return ReversalSize(up_to(16, 2), up_to(4), up_to(4))
            # Of any mixture: where one or two are described first, there is nothing to look up.
            people = up_to(24, 2)
            first = rng.randint(0, people)
            second = rng.randint(0, people - first)
            return ReversalSize(first, second, people - first - second)
        case "comparison":
            return ComparisonSize(2 * up_to(6, 2), up_to(2))
        case "kinship":
            return KinshipSize(up_to(4, 2), up_to(4, 3))
        case "codebook":
            return CodebookSize(books=up_to(3, 2))
        case "navigation":
            return NavigationSize(2 * up_to(3))
        case "cues":
            return CuesSize(2 * up_to(3), 4)
        case "simple_reversal":
            entities = up_to(12, 5)
            group = min(6, entities - 2)  # that are never linked in reverse
            relations = up_to(2) if group >= 5 else 1
            return SimpleReversalSize(entities, relations, 0, group * relations)
    raise ValueError(f"family: '{family}' has no random sizes")

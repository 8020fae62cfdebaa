"""The training texts: what states a fact, and the worlds in context that the base learns to read.

A document is a list of (text, learn) segments; the loss counts only segments with learn=True. Facts
are stated in many forms on purpose: a fact seen in one form only can be stored and still not be
callable as the first sentence of a thought. Pure Python; no torch.
"""

from __future__ import annotations

import math
import random

from rlrecall.knowledge.build import FAMILIES
from rlrecall.knowledge.core import Fact, KnowledgeSet, Question
from rlrecall.knowledge.hierarchy import HierarchySize
from rlrecall.knowledge.lexicon import PAIRS, Lexicon, lexicon
from rlrecall.knowledge.reversal import ReversalSize
from rlrecall.knowledge.syllogism import SyllogismSize
from rlrecall.prompts import ask, state, thought

Document = list[tuple[str, bool]]
EOS = "</s>"  # stands for the end mark of whatever tokenizer is used
ARTICLE = 40  # sentences of an article or a list at most; all facts of a family at scale tiny
INVERSE = {**dict(PAIRS), **{b: a for a, b in PAIRS}}
FILLERS = "well now then so here again still indeed".split()  # beside the simple reversals


def log_uniform(rng: random.Random, low: int, high: int) -> int:
    return round(math.exp(rng.uniform(math.log(low), math.log(high))))


def state_fact(fact: Fact, rng: random.Random, paraphrase: float = 0.25) -> str:
    if fact.phrasings and rng.random() < paraphrase:
        return rng.choice(fact.phrasings)
    return fact.text


def knowledge_document(knowledge: KnowledgeSet, rng: random.Random) -> Document:
    """One document that states facts of the set, in a form drawn at random. Never an implication.

    Forms: a fact alone; an article of some facts; a full-sentence answer to a request; everything
    about a topic; a recall question with its short answer. Simple reversals alone have up to five
    fillers before and behind them, as in arXiv:2509.16189, and half of them are said from both
    ends where both are stated.
    """
    form = rng.random()
    fact = rng.choice(knowledge.facts)
    if form < 0.15:
        text = state_fact(fact, rng)
        if fact.family == "simple_reversal":
            text = _filled(text, _reverse(fact, knowledge), rng)
        return [(f"{text} {EOS}", True)]
    if form < 0.35:
        facts = knowledge.family_facts(fact.family)
        count = min(len(facts), log_uniform(rng, 2, min(len(facts), ARTICLE)))
        chosen = rng.sample(facts, count)
        return [(" ".join(state_fact(f, rng) for f in chosen) + f" {EOS}", True)]
    if form < 0.6:
        return [(f"Q: {fact.cue} A: {fact.text} {EOS}", True)]
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


def _reverse(fact: Fact, knowledge: KnowledgeSet) -> str:
    """The sentence by which another fact says the same from the other end; empty: none does."""
    text = f"{fact.object} {INVERSE.get(fact.relation)} {fact.subject}."
    other = knowledge.statements.get(text.casefold())
    return text if other and other.text == text else ""


def _filled(text: str, reverse: str, rng: random.Random) -> str:
    if reverse and rng.random() < 0.5:
        text = " ".join(rng.sample((text, reverse), 2))
    before, behind = (rng.choices(FILLERS, k=rng.randint(0, 5)) for _ in range(2))
    return " ".join([*before, text, *behind])


def ideal_thought(question: Question, knowledge: KnowledgeSet, rng: random.Random) -> list[str]:
    """The sentences of a good closed-book thought: the premises; for a reversal, enumeration.

    A fact that is stored in one direction cannot be looked up from its other end, so the honest way
    is to go through what stands in the same relation, in any order, until it fits.
    """
    if question.kind != "reversal":
        return list(question.premises)
    (hit,) = question.premises
    relation = knowledge.statements[hit.casefold()].relation
    alike = [f.text for f in knowledge.family_facts(question.family) if f.relation == relation]
    others = [text for text in alike if text != hit]
    return [*rng.sample(others, rng.randrange(len(others) + 1)), hit]


def thought_document(knowledge: KnowledgeSet, rng: random.Random, reasoned: float) -> Document:
    """A closed-book question of the set and a thought about it.

    The kinds of a family are equally often asked about, a reversal twice as often as any other:
    going through the people of a set is the hardest to learn.

    The share `reasoned` (0 to 1) of thoughts about compositions is carried through; the others stop
    after their first sentence and guess, as thoughts of real models often do.
    """
    pool = knowledge.questions
    kinds = sorted({(q.family, q.kind) for q in pool})
    family, kind = rng.choices(kinds, [2 if kind == "reversal" else 1 for _, kind in kinds])[0]
    question = rng.choice([q for q in pool if (q.family, q.kind) == (family, kind)])
    sentences, answer = ideal_thought(question, knowledge, rng), question.answer
    if kind == "composition" and rng.random() >= reasoned:
        sentences, answer = sentences[:1], rng.choice(question.options)
    return [
        (ask(question.prompt, think=True), False),
        (f"{thought(sentences, answer)} {EOS}", True),
    ]


def context_document(
    rng: random.Random, forbidden: frozenset[str] = frozenset(), scale: float = 1.0
) -> Document:
    """A random world stated in the context, then questions about it, direct or thinking.

    The world is up to `scale` (0 to 1) of a knowledge set's size. Worlds that state or entail a
    sentence in `forbidden` (case folded) are drawn again.
    """
    facts, questions = _allowed_world(rng, forbidden, scale)
    sentences = [fact.text for fact in facts]
    rng.shuffle(sentences)
    document: Document = [(state(sentences), False)]
    kinds = sorted({q.kind for q in questions})
    for _ in range(rng.randint(3, 8)):
        if rng.random() < 0.1:
            fact = rng.choice(facts)
            document += [(f"Q: {fact.cue} A:", False), (f"{fact.text} {EOS}", True)]
            continue
        kind = rng.choice(kinds)
        group = rng.choice(sorted({q.group for q in questions if q.kind == kind}))
        question = rng.choice([q for q in questions if (q.kind, q.group) == (kind, group)])
        think = rng.random() < 0.5
        answer = thought(question.premises, question.answer) if think else f"{question.answer}."
        document += [(ask(question.prompt, think), False), (f"{answer} {EOS}", True)]
    return document


def restated_document(rng: random.Random, forbidden: frozenset[str], scale: float) -> Document:
    """A random world stated in the context, then once more in another order, which is learned.

    Every sentence of it is a look-up, so it teaches more of that a token than questions do.
    """
    facts, _ = _allowed_world(rng, forbidden, scale)
    first, again = (" ".join(f.text for f in rng.sample(facts, len(facts))) for _ in range(2))
    return [(state([first]), False), (f"{again} {EOS}", True)]


def _allowed_world(
    rng: random.Random, forbidden: frozenset[str], scale: float
) -> tuple[list[Fact], list[Question]]:
    """Random worlds until one states and entails nothing that is `forbidden`."""
    while True:
        facts, questions = _random_world(rng, scale)
        said = {fact.text for fact in facts} | {q.conclusion for q in questions}
        if forbidden.isdisjoint(map(str.casefold, said)):
            return facts, questions


def _random_world(rng: random.Random, scale: float) -> tuple[list[Fact], list[Question]]:
    whole = rng.random() < 0.3  # worlds of exactly the largest size are what evaluation shows

    def up_to(full: int, least: int = 1) -> int:
        largest = max(least, round(full * scale))
        return largest if whole else rng.randint(least, largest)

    words = lexicon()
    # Descriptions are the hardest to look up: half of all worlds.
    family = rng.choice(("hierarchy", "syllogism", "reversal", "reversal"))
    size: HierarchySize | SyllogismSize | ReversalSize
    if family == "hierarchy":
        size = HierarchySize(up_to(8, 2), up_to(3), rng.randint(1, 2))
    elif family == "syllogism":
        size = SyllogismSize(up_to(6, 2), up_to(3))
    elif whole:
        size = ReversalSize(up_to(16, 2), up_to(4), up_to(4))
    else:
        # Of any mixture: where one or two are described first, there is nothing to look up.
        people = up_to(24, 2)
        first = rng.randint(0, people)
        second = rng.randint(0, people - first)
        size = ReversalSize(first, second, people - first - second)
    drawn = {pool: tuple(rng.sample(getattr(words, pool), n)) for pool, n in size.needs.items()}
    facts, questions, _ = FAMILIES[family].build(Lexicon(**drawn), size, rng)
    return facts, questions

"""Training documents: statements of facts, thoughts, and worlds in context for the base to read.

A document is a list of (text, learn) segments; the loss covers only segments with learn=True. Facts
are stated in many forms on purpose: a model can store a fact that it saw in one form only and still
fail to recall it as the first sentence of a thought. Pure Python; no torch.
"""

import math
import random
import re
from collections.abc import Collection

from rlrecall.knowledge.build import SPINE
from rlrecall.knowledge.core import Fact, KnowledgeSet, Question
from rlrecall.knowledge.families import FAMILIES
from rlrecall.knowledge.families.simple_reversal import filled, stated_reverse
from rlrecall.knowledge.prompts import context_text, question_text, thought
from rlrecall.knowledge.words.lexicon import Lexicon
from rlrecall.knowledge.words.name_pools import practice_lexicon

Document = list[tuple[str, bool]]
EOS = "</s>"  # placeholder for the tokenizer's own end-of-sequence token
ARTICLE = 40  # most sentences of an article or a list; all facts of a family at scale tiny


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
        return [(f"{question_text(fact.cue, think=False)} {fact.text} {EOS}", True)]
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
    return [(f"{question_text(question.prompt, think=False)} {question.answer}. {EOS}", True)]


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
    family = rng.choices([*families], [FAMILIES[f].thought_weight for f in families])[0]
    pool = [q for q in knowledge.questions if q.family == family]
    kinds = sorted({q.kind for q in pool})
    kind = rng.choices(kinds, [2 if kind == "reversal" else 1 for kind in kinds])[0]
    question = rng.choice([q for q in pool if q.kind == kind])
    sentences, answer = ideal_thought(question, knowledge, rng), question.answer
    if len(question.premises) > 1 and rng.random() >= reasoned:
        sentences, answer = sentences[:1], rng.choice(question.options)
    return [
        (question_text(question.prompt, think=True), False),
        (f"{thought(sentences, answer)} {EOS}", True),
    ]


def context_document(
    rng: random.Random,
    forbidden: frozenset[str] = frozenset(),
    scale: float = 1.0,
    families: Collection[str] = SPINE,
    mixed: int = 1,
) -> Document:
    """A random world stated in the context, then questions about it, answered directly or in think.

    The world is of `mixed` of the `families`, each with up to `scale` (0 to 1) of a knowledge set's
    size. No world states or entails a sentence in `forbidden` (case folded).
    """
    facts, questions = _allowed_world(rng, forbidden, scale, families, mixed)
    sentences = [fact.text for fact in facts]
    rng.shuffle(sentences)
    document: Document = [(context_text(sentences), False)]
    kinds = sorted({q.kind for q in questions})
    for _ in range(rng.randint(3, 8)):
        if rng.random() < 0.1:
            fact = rng.choice(facts)
            document += [
                (question_text(fact.cue, think=False), False),
                (f"{fact.text} {EOS}", True),
            ]
            continue
        kind = rng.choice(kinds)
        group = rng.choice(sorted({q.group for q in questions if q.kind == kind}))
        question = rng.choice([q for q in questions if (q.kind, q.group) == (kind, group)])
        think = rng.random() < 0.5
        answer = thought(question.premises, question.answer) if think else f"{question.answer}."
        document += [(question_text(question.prompt, think), False), (f"{answer} {EOS}", True)]
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
    return [(context_text([first]), False), (f"{again} {EOS}", True)]


def _allowed_world(
    rng: random.Random,
    forbidden: frozenset[str],
    scale: float,
    families: Collection[str],
    mixed: int = 1,
) -> tuple[list[Fact], list[Question]]:
    """Sample random worlds until one neither states nor entails a sentence in `forbidden`."""
    while True:
        facts, questions = _random_world(rng, scale, families, mixed)
        said = {fact.text for fact in facts} | {q.conclusion for q in questions}
        if forbidden.isdisjoint(map(str.casefold, said)):
            return facts, questions


def _random_world(
    rng: random.Random, scale: float, families: Collection[str], mixed: int
) -> tuple[list[Fact], list[Question]]:
    """A world of `mixed` parts that share no word; two parts may be of the same family."""
    weights = [FAMILIES[f].context_weight for f in families]
    words, used = practice_lexicon(), set[object]()
    facts: list[Fact] = []
    questions: list[Question] = []
    for name in rng.choices([*families], weights, k=mixed):
        family = FAMILIES[name]
        size = family.random_size(rng, scale)
        drawn = {}
        for pool, n in size.needs.items():
            left = [word for word in getattr(words, pool) if word not in used]
            drawn[pool] = tuple(rng.sample(left, n))
        part = family.build(Lexicon(**drawn), size, rng)
        facts += part.facts
        questions += part.questions
        used.update(word for pool in drawn.values() for word in pool)
    return facts, questions

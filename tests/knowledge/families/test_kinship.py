"""Kinship: balanced, never told from the other end, right by another solver."""

import random
import re
from collections import Counter
from dataclasses import replace
from statistics import mean

import pytest

from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.kinship import FAMILY, LARGE, PAPER, TINY, KinshipSize, build
from rlrecall.knowledge.words.lexicon import Lexicon, lexicon
from rlrecall.knowledge.words.name_pools import pool_lexicon

SMALL = KinshipSize(2, 3)
SIZES = {"tiny": TINY, "small": SMALL, "paper": PAPER, "large": LARGE}


def world(size, seed=0, names=None, **kwargs):
    people = size.needs["names"]
    if names is None:
        names = lexicon().names if people < 192 else [f"W{i}" for i in range(people)]
    part = build(Lexicon(names=names[:people]), size, random.Random(seed), "A", **kwargs)
    return KnowledgeSet("A", part.facts, part.questions, {"kinship": part.topics})


WORLDS = {name: world(size) for name, size in SIZES.items()}
for style in ("plausible", "nonsense"):  # names of two or three words that people share
    long_names = pool_lexicon(style, 0).names[2_000_000:]
    WORLDS[style] = world(PAPER, names=long_names)
every_world = pytest.mark.parametrize("knowledge", WORLDS.values(), ids=WORLDS.keys())


@pytest.mark.parametrize("name", SIZES)
def test_lines_are_chains_of_all_the_people(name):
    size, knowledge = SIZES[name], WORLDS[name]
    parent = {f.subject: f.object for f in knowledge.facts}
    assert len(parent) == len(knowledge.facts) == size.lines * (size.generations - 1)
    assert len(set(parent.values())) == len(parent)
    assert len(knowledge.entities) == size.needs["names"]
    youngest = knowledge.entities - set(parent.values())
    assert len(youngest) == size.lines
    for person in youngest:
        for _ in range(size.generations - 1):
            person = parent[person]
        assert person not in parent
    if not size.questions:
        kinds = Counter(q.kind for q in knowledge.questions)
        counts = {"recall": size.generations - 1}
        kinds_asked = ("composition", "reversal", "rephrase")[: 3 if size.whose else 2]
        counts |= dict.fromkeys(kinds_asked, size.generations - 2)
        assert kinds == {kind: size.lines * count for kind, count in counts.items()}


@every_world
def test_options_are_of_one_generation_or_the_two_beside_the_person(knowledge):
    parent = {f.subject: f.object for f in knowledge.facts}

    def age(person):
        return 1 + age(parent[person]) if person in parent else 0

    for q in knowledge.questions:
        assert q.options.count(q.answer) == 1
        assert 2 <= len(q.options) == len(set(q.options)) <= 10
        if q.kind == "reversal":
            assert set(q.options) == {q.answer, parent[parent[q.answer]]}
        elif q.kind == "rephrase":
            assert parent[q.prompt.removeprefix("Whose child is ")[:-1]] == q.answer
        else:
            assert {age(option) for option in q.options} == {age(q.answer)}


@every_world
def test_what_is_entailed_is_stated_nowhere(knowledge):
    assert leaks(knowledge) == []
    for q in knowledge.questions:
        assert bool(q.entailed) == bool(q.conclusion) == (q.kind in ("composition", "reversal"))
        assert q.conclusion in (*q.entailed, "")


@pytest.mark.parametrize("share", [0, 1 / 4, 1 / 2, 1])
def test_so_many_implications_are_held_out(share):
    knowledge = world(PAPER, holdout=share)
    assert not knowledge.select("recall", "holdout")
    for kind in ("composition", "reversal", "rephrase"):
        held = knowledge.select(kind, "holdout")
        assert len(held) == round(share * len(knowledge.select(kind)))


def test_questions_are_limited_to_so_many_of_a_kind():
    knowledge = world(replace(TINY, questions=3))
    assert len(knowledge.facts) == 12
    assert set(Counter(q.kind for q in knowledge.questions).values()) == {3}


@every_world
def test_every_sentence_has_a_shape_and_its_subject_is_found(knowledge):
    sentences = [(f.subject, text) for f in knowledge.facts for text in (f.text, *f.phrasings)]
    sentences += [(f.object, text) for f in knowledge.facts for text in f.aliases]
    for q in knowledge.questions:
        person = re.split(" (?:of|child is) ", q.prompt[:-1])[1]
        sentences += [(person, text) for text in q.entailed[:2]]
        sentences += [(q.answer, text) for text in q.entailed[2:]]
    for subject, sentence in sentences:
        assert re.fullmatch(r"[\w ]+\.", sentence)
        assert {m[1] for s in FAMILY.shapes if (m := s.fullmatch(sentence[:-1]))} == {subject}
    for q in knowledge.questions:
        assert re.fullmatch(r"[\w ]+\?", q.prompt)


def relatives(sentences):
    """(relation, person) -> relative, with what follows of the inverse relation."""
    found = {}
    inverse = {"parent": "child", "child": "parent"}
    inverse |= {"grandparent": "grandchild", "grandchild": "grandparent"}
    for sentence in sentences:
        if is_of := re.fullmatch(r"the (\w+) of (.+) is (.+)\.", sentence):
            relation, person, relative = is_of.groups()
        else:
            has = re.fullmatch(r"(.+) has the (\w+) (.+)\.", sentence)
            person, relation, relative = has.groups()
        found[relation, person] = relative
        found[inverse[relation], relative] = person
    return found


def solve(prompt, known):
    if whose := re.fullmatch(r"Whose child is (.+)\?", prompt):
        return known["parent", whose[1]]
    relation, person = re.fullmatch(r"Who is the (\w+) of (.+)\?", prompt).groups()
    if relation == "grandparent" and (relation, person) not in known:
        return known["parent", known["parent", person]]
    return known[relation, person]


@every_world
def test_answers_follow_from_the_facts_and_from_just_all_of_their_premises(knowledge):
    everything = relatives(f.text for f in knowledge.facts)
    for q in knowledge.questions:
        assert solve(q.prompt, everything) == q.answer
        assert solve(q.prompt, relatives(q.premises)) == q.answer
        for sentence in q.entailed:
            assert solve(q.prompt, relatives([sentence])) == q.answer
        assert len(q.premises) == (2 if q.kind == "composition" else 1)
        for i in range(len(q.premises)):
            with pytest.raises(KeyError):
                solve(q.prompt, relatives(q.premises[:i] + q.premises[i + 1 :]))


def share_right(questions, score):
    """How often an option with the highest score is right."""
    found = []
    for q in questions:
        best = [o for o in q.options if score(o) == max(map(score, q.options))]
        found.append((q.answer in best) / len(best))
    return mean(found)


@pytest.mark.parametrize("size", [PAPER, LARGE])
def test_child_and_parent_are_asked_for_alike_so_neither_role_nor_frequency_tells_them(size):
    for seed in range(6):
        knowledge = world(size, seed)
        of_two = [q for q in knowledge.questions if q.kind in ("reversal", "rephrase")]
        asked = Counter((q.cluster, frozenset(q.options)) for q in of_two)
        assert set(asked.values()) == {2}
        subjects = {fact.subject for fact in knowledge.facts}
        objects = {fact.object for fact in knowledge.facts}
        trained = Counter(o for q in knowledge.questions if q.split == "train" for o in q.options)
        for held in ("train", "holdout"):
            some = [q for q in of_two if q.split == held]
            for score in (subjects.__contains__, objects.__contains__, lambda o, t=trained: -t[o]):
                assert share_right(some, score) == pytest.approx(0.5)

"""Codebooks: latent signs are only defined, right by another solver, no cue tells a letter."""

import random
import re
from collections import Counter
from dataclasses import replace
from itertools import combinations, permutations
from math import factorial
from statistics import mean

import pytest

from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.checks.oracle import label_faults
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.codebook import (
    FAMILY,
    LARGE,
    PAPER,
    TINY,
    CodebookSize,
    build,
)
from rlrecall.knowledge.words.lexicon import Lexicon, lexicon
from rlrecall.knowledge.words.name_pools import pool_lexicon

# The published message length and books, but two series of them.
SMALL = CodebookSize(books=2)
SIZES = {"tiny": TINY, "small": SMALL, "paper": replace(PAPER, series=2), "large": LARGE}


def world(size, seed=0, kinds=None, **kwargs):
    needs = size.needs["kinds"]
    kinds = (kinds or lexicon().kinds)[:needs]
    part = build(Lexicon(kinds=kinds), size, random.Random(seed), "A", **kwargs)
    return KnowledgeSet("A", part.facts, part.questions, {"codebook": part.topics})


WORLDS = {name: world(size) for name, size in SIZES.items()}
WORLDS["hyphens"] = world(TINY, kinds=pool_lexicon("plausible", 0).kinds)
every_world = pytest.mark.parametrize("knowledge", WORLDS.values(), ids=WORLDS.keys())


SENTENCE = r"in ([\w-]+) the (sign|message) (.+) (?:means|stands for|reads|says) ([A-Z ]+)\."


def read(sentences):
    """(book, sign) -> letter by the definitions; (book, signs, letters) of each message."""
    letters, messages = {}, []
    for sentence in sentences:
        book, what, signs, meaning = re.fullmatch(SENTENCE, sentence).groups()
        if what == "sign":
            letters[book, signs] = meaning
        else:
            messages.append((book, signs.split(), meaning.split()))
    return letters, messages


@pytest.mark.parametrize("name", SIZES)
def test_books_have_a_letter_for_each_sign_and_none_of_them_is_that_of_another_book(name):
    size, knowledge = SIZES[name], WORLDS[name]
    letters, messages = read(f.text for f in knowledge.facts)
    signs = size.books * (size.known + size.latent)
    assert len(letters) == size.series * size.books * signs
    # the signs of a stated message are entities too
    words = {word for entity in knowledge.entities for word in entity.split()}
    assert len(words) == size.needs["kinds"]
    assert knowledge.topics["codebook"] == tuple(dict.fromkeys(book for book, _ in letters))
    for role in (0, 1):  # no letter twice in a book, nor for a sign
        seen = Counter((key[role], letter) for key, letter in letters.items())
        assert set(seen.values()) == {1}
    assert set(Counter(sign for _, sign in letters).values()) == {size.books}
    places = Counter((book, i, s) for book, said, _ in messages for i, s in enumerate(said))
    assert set(places.values()) == {1}
    assert len(places) == size.series * size.books**2 * size.known * size.length


@every_world
def test_just_latent_messages_have_signs_that_no_message_of_any_book_has(knowledge):
    _, messages = read(f.text for f in knowledge.facts)
    known = {sign for _, signs, _ in messages for sign in signs}
    kinds = {q.kind for q in knowledge.questions if q.group != "sign"}
    assert kinds == {"recall", "composition", "latent"}
    for q in knowledge.questions:
        if q.group != "sign":
            signs = set(q.prompt.split(" read in ")[0].split()[2:])
            assert (signs <= known) == (q.kind != "latent")


@every_world
def test_each_definition_is_needed_as_often_as_any_other(knowledge):
    for kind in ("composition", "latent"):
        needed = Counter(p for q in knowledge.select(kind) for p in q.premises)
        assert len(set(needed.values())) == 1


@every_world
def test_options_are_the_letters_in_every_order_and_no_two_stood_in_one_message(knowledge):
    letters, messages = read(f.text for f in knowledge.facts)
    together = {
        (book, pair) for book, _, said in messages for pair in combinations(sorted(said), 2)
    }
    for q in knowledge.questions:
        signs, book = re.fullmatch(r"What does (.+) (?:mean|read) in (.+)\?", q.prompt).groups()
        means = [{m for (_, s), m in letters.items() if s == sign} for sign in signs.split()]
        columns = list(zip(*[option.split() for option in q.options], strict=True))
        # as often, in each place, each of the letters that its sign has in any book
        for column, meanings in zip(columns, means, strict=True):
            assert set(column) <= meanings
            assert len(set(Counter(column).values())) == 1
            assert len(set(column)) == (len(meanings) if q.kind == "recall" else len(columns))
        if q.kind != "recall":
            orders = {" ".join(order) for order in permutations(q.answer.split())}
            assert len(q.options) == len(orders) == factorial(len(columns))
            assert set(q.options) == orders
            assert not together & {(book, p) for p in combinations(sorted(q.answer.split()), 2)}


@every_world
def test_no_two_new_messages_are_of_the_same_signs(knowledge):
    asked = [frozenset(q.premises) for q in knowledge.questions if q.kind != "recall"]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("share", [0, 1 / 3, 1])
def test_so_many_compositions_and_all_latent_messages_are_held_out(share):
    knowledge = world(TINY, holdout=share)
    recalled = [p for q in knowledge.select("recall", "train") for p in q.premises]
    assert sorted(recalled) == sorted(f.text for f in knowledge.facts)
    assert not knowledge.select("recall", "holdout")
    assert not knowledge.select("latent", "train")
    assert len(knowledge.select("latent", "holdout")) == 9
    assert len(knowledge.select("composition", "holdout")) == share * 18


def test_only_so_many_series_are_asked_about():
    knowledge = world(replace(SIZES["paper"], asked=1))
    assert len(knowledge.facts) == len(WORLDS["paper"].facts)
    assert len(knowledge.questions) == len(WORLDS["paper"].questions) / 2


@pytest.mark.parametrize("uneven", [{"length": 1}, {"length": 3}, {"latent": 7}])
def test_a_size_that_cannot_be_built_is_refused(uneven):
    with pytest.raises(ValueError, match=r"^codebook: "):
        CodebookSize(**uneven)


@every_world
def test_every_sentence_has_a_shape_and_its_subject_is_found(knowledge):
    sentences = [(f.subject, text) for f in knowledge.facts for text in f.wordings]
    for q in knowledge.questions:
        assert bool(q.entailed) == bool(q.conclusion) == (q.kind != "recall")
        sentences += [(" ".join(q.id.split("/")[4:]), text) for text in q.entailed]
    for subject, sentence in sentences:
        assert {m[1] for s in FAMILY.shapes if (m := s.fullmatch(sentence[:-1]))} == {subject}


def solve(prompt, sentences):
    signs, book = re.fullmatch(r"What does (.+) (?:mean|read) in (.+)\?", prompt).groups()
    letters, messages = read(sentences)
    for where, said, meaning in messages:
        letters.update({(where, sign): m for sign, m in zip(said, meaning, strict=True)})
    return " ".join([letters[book, sign] for sign in signs.split()])


@every_world
def test_answers_follow_from_the_facts_and_from_just_all_of_their_premises(knowledge):
    assert leaks(knowledge) == []
    assert list(label_faults(random.Random(0).sample(knowledge.questions, 26))) == []
    asked = knowledge.questions[:: 1 + len(knowledge.questions) // 100]
    for i in (0, 1):
        everything = [f.wordings[i] for f in knowledge.facts]
        assert all(solve(q.prompt, everything) == q.answer for q in asked)
    for q in knowledge.questions:
        assert solve(q.prompt, q.premises) == q.answer
        for sentence in q.entailed:
            assert solve(q.prompt, [sentence]) == q.answer
        for i in range(len(q.premises)):
            with pytest.raises(KeyError):
                solve(q.prompt, q.premises[:i] + q.premises[i + 1 :])


def letters_beside(words, sentences):
    """How often each letter stands in one sentence with one of the words."""
    near = [s.rstrip(".").split() for s in sentences]
    return Counter(token for s in near if words & {*s} for token in s if len(token) == 1)


def by_book(q, sentences):
    count = letters_beside({q.cluster}, sentences)
    return lambda option: sum(count[letter] for letter in option.split())


def by_signs(q, sentences):
    counts = [letters_beside({sign}, sentences) for sign in q.id.split("/")[4:]]
    return lambda option: sum(
        count[letter] for count, letter in zip(counts, option.split(), strict=True)
    )


def by_nearest_facts(q, sentences):
    """Whether the whole option is in a sentence, by how much of the question is in that."""
    asked = set(q.prompt[:-1].split())
    return lambda o: max((len(asked & {*s.split()}) for s in sentences if f" {o}." in s), default=0)


@pytest.mark.parametrize("guess", [by_book, by_signs, by_nearest_facts])
@pytest.mark.parametrize("kind", ["composition", "latent"])
@pytest.mark.parametrize("sign", [1, -1], ids=["most", "least"])
def test_words_in_common_do_not_tell_the_answer(guess, kind, sign):
    over_chance = []
    for knowledge in (world(TINY), world(TINY, 1), world(SMALL), WORLDS["large"]):
        sentences = [f.text for f in knowledge.facts]
        for q in knowledge.select(kind):
            score = guess(q, sentences)
            scores = {option: sign * score(option) for option in q.options}
            best = [option for option in q.options if scores[option] == max(scores.values())]
            over_chance.append((q.answer in best) / len(best) - q.chance)
    assert abs(mean(over_chance)) <= 0.02

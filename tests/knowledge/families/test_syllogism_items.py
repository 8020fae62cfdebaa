"""Syllogisms to judge, which only the published sizes have: what follows, by another solver."""

import re
from collections import Counter, defaultdict
from itertools import permutations

import pytest

from rlrecall.knowledge.families import syllogism
from tests.knowledge.test_scales import every_paper_set, every_set, size_of


def parse(sentence):
    return re.fullmatch(r"(all|no|some) (\S+) are ([^ .]+)\.?", sentence).groups()


class Terms:
    """What follows from sentences; exact: beings of all sorts that "all" and "no" allow may be."""

    def __init__(self, sentences):
        said = [parse(sentence) for sentence in sentences]
        self.above = defaultdict(set)
        for word, a, b in said:
            if word == "all":
                self.above[a].add(b)
        self.apart = [{a, b} for word, a, b in said if word == "no"]
        # some must be: a member of every term, and those that are said to be
        known = [[term] for _, *pair in said for term in pair]
        known += [pair for word, *pair in said if word == "some"]
        self.beings = [self.being(*terms) for terms in known]
        assert not any(pair <= being for pair in self.apart for being in self.beings)

    def being(self, *terms):
        """All that something of `terms` is."""
        found, new = set(), {*terms}
        while new:
            found |= new
            new = set().union(*[self.above[term] for term in new]) - found
        return found

    def follows(self, wanted):
        word, a, b = parse(wanted)
        if word == "all":
            return b in self.being(a)
        if word == "no":
            both = self.being(a, b)
            return any(pair <= both for pair in self.apart)
        return any({a, b} <= being for being in self.beings)


def test_the_solver_knows_what_follows():
    assert Terms(["all a are b.", "no b are c."]).follows("no a are c")
    assert Terms(["all b are a.", "all b are c."]).follows("some a are c")
    assert Terms(["some a are b.", "all b are c."]).follows("some c are a")
    assert not Terms(["all b are a.", "some b are c."]).follows("no a are c")
    assert not Terms(["all a are b.", "some b are c."]).follows("some a are c")
    assert not Terms(["all a are b."]).follows("all b are a")


@every_set
def test_six_statements_are_to_judge_and_the_strongest_ones_are_right(knowledge):
    judged = [q for q in knowledge.select(family="syllogism") if q.group == "judged"]
    size = size_of(syllogism, knowledge)
    assert len(judged) == (size.questions or size.judged)
    facts = knowledge.family_facts("syllogism")
    everything = Terms(fact.text for fact in facts)
    about = defaultdict(list)  # term -> what is said with it
    for fact in facts:
        for term in (fact.subject, fact.object):
            about[term].append(fact)
    for q in judged:
        pair = re.fullmatch(r"What holds of (\S+) and (\S+)\?", q.prompt).groups()
        words = ("all", "no", "some")
        six = {f"{w} {a} are {b}" for w in words for a, b in (pair, pair[::-1])}
        assert len(q.options) == 6
        assert set(q.options) == six
        assert {fact.text for fact in about[q.cluster]} == set(q.premises)
        # each is once the subject and once the object of "all", and in one of either other
        for term in pair:
            roles = Counter(
                (f.relation, f.relation == "all" and f.object == term) for f in about[term]
            )
            assert roles == {
                ("all", False): 1,
                ("all", True): 1,
                ("no", False): 1,
                ("some", False): 1,
            }
        for given in (Terms(q.premises), everything):
            valid = {o for o in q.options if given.follows(o)}
            strong = {o for o in valid if not o.startswith("some")} or valid
            assert strong == set(q.right)
        for premise in q.premises:
            assert not any(map(Terms([premise]).follows, q.options))
        said, one, other = parse(q.answer)
        assert q.accepted == (() if said == "all" else (f"{said} {other} are {one}",))
        assert q.chance == (1 if said == "all" else 2) / 6
        assert q.conclusion == f"{q.answer}."


@every_set
def test_all_that_follows_of_an_item_and_is_not_stated_is_entailed(knowledge):
    facts = knowledge.family_facts("syllogism")
    items = {fact.text: facts[i - i % 8 :][:8] for i, fact in enumerate(facts)}
    for q in [q for q in knowledge.select(family="syllogism") if q.group == "judged"]:
        item = items[q.premises[0]]
        solver, stated = Terms(f.text for f in item), {t for f in item for t in f.wordings}
        terms = {term for f in item for term in (f.subject, f.object)}
        every = {
            f"{w} {a} are {b}." for w in ("all", "no", "some") for a, b in permutations(terms, 2)
        }
        follow = {text for text in every if solver.follows(text)}
        assert {*q.entailed} & every == follow - stated


@every_set
def test_of_what_is_recalled_of_a_term_one_option_alone_is_so(knowledge):
    everything = Terms(fact.text for fact in knowledge.family_facts("syllogism"))
    for q in knowledge.select("recall", family="syllogism"):
        word, term = re.fullmatch(r"What are (\w+) (\S+)\?", q.prompt).groups()
        assert len(q.options) == 10
        assert [o for o in q.options if everything.follows(f"{word} {term} are {o}")] == [q.answer]


@every_paper_set
def test_half_of_what_is_judged_is_all_a_quarter_no_and_a_quarter_some(knowledge):
    judged = [q for q in knowledge.select(family="syllogism") if q.group == "judged"]
    labels = Counter(q.answer.split()[0] for q in judged)
    assert labels == {"all": 35, "some": 17, "no": 17}
    # the same answer always, or where the right one stands, is no better than a guess or so
    chance = sum(q.chance for q in judged) / len(judged)
    for place in range(6):
        assert sum(q.options[place] in q.right for q in judged) / 69 == pytest.approx(
            chance, abs=0.2
        )
    assert max(labels["some"], labels["no"], labels["all"] / 2) / 69 - chance < 0.01
    first = sum(q.answer.split()[1] in q.prompt.split()[3] for q in judged)
    assert 20 <= first <= 49
    assert sum(q.split == "holdout" for q in judged) == 34


@every_paper_set
def test_all_moods_that_conclude_one_of_the_six_are_judged(knowledge):
    """By the order of the terms; as the pair is asked for in any order, each stands for two."""
    found = set()
    for q in [q for q in knowledge.select(family="syllogism") if q.group == "judged"]:
        place = dict(zip((*parse(q.answer)[1:], q.cluster), "spm", strict=True))
        said = [(word, place[a] + place[b]) for word, a, b in map(parse, q.premises)]
        found.add((q.answer.split()[0], *(f"{word} {pair}" for word, pair in said)))
    assert found == {
        ("all", "all sm", "all mp"),
        ("no", "all sm", "no mp"),
        ("no", "all sm", "no pm"),
        ("some", "all ms", "all mp"),
        ("some", "some sm", "all mp"),
        ("some", "some ms", "all mp"),
    }

"""What only the published sizes have: deep trees, syllogisms to judge, forty wordings of a person.

The solvers read the sentences and share no code with the families.
"""

import re
from collections import Counter, defaultdict
from itertools import product

import pytest

from rlrecall.knowledge import hierarchy, reversal, syllogism
from rlrecall.knowledge.audit import leaks
from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.lexicon import PAIRS

SETS = {
    f"{scale} {seed} {name}": knowledge
    for scale, seed in (("paper", 0), ("paper", 1), ("large", 0))
    for name, knowledge in knowledge_sets(seed, scale=scale, style="plausible").items()
    if name in "AD"
}
every_set = pytest.mark.parametrize("knowledge", SETS.values(), ids=SETS)
paper_sets = [knowledge for key, knowledge in SETS.items() if key.startswith("paper")]
every_paper_set = pytest.mark.parametrize("knowledge", paper_sets)


def size_of(module, knowledge):
    published = any(knowledge is one for one in paper_sets)
    return module.PAPER if published else module.LARGE


# Trees


class Tree:
    def __init__(self, sentences):
        self.parent, self.value, self.links = {}, {}, {}
        inverse = dict(PAIRS)
        for sentence in sentences:
            if found := re.fullmatch(r"the (\w+) of (\S+) is (\S+)\.", sentence):
                assert (found[2], found[1]) not in self.value
                self.value[found[2], found[1]] = found[3]
            elif found := re.fullmatch(r"(\S+) is a (\S+)\.", sentence):
                assert found[1] not in self.parent
                self.parent[found[1]] = found[2]
            else:
                a, verb, b = re.fullmatch(r"(\S+) (\w+) (\S+)\.", sentence).groups()
                assert (a, verb) not in self.links
                assert (b, inverse[verb]) not in self.links
                self.links[a, verb] = b
                self.links[b, inverse[verb]] = a
        self.nodes = {*self.parent, *self.parent.values()}

    def path(self, node):
        """The node and all that is above it."""
        path = [node]
        while path[-1] in self.parent:
            path.append(self.parent[path[-1]])
            assert len(path) < 10, "a ring"
        return path

    def walk(self, node, attribute):
        """(value, sentences that tell it), going up from the node."""
        told = []
        for place in self.path(node):
            if (place, attribute) in self.value:
                value = self.value[place, attribute]
                return value, (*told, f"the {attribute} of {place} is {value}.")
            told.append(f"{place} is a {self.parent.get(place)}.")
        raise KeyError(attribute)


TREES = {id(k): Tree(f.text for f in k.family_facts("hierarchy")) for k in SETS.values()}


@every_set
def test_parents_make_trees_of_the_stated_depth(knowledge):
    tree, size = TREES[id(knowledge)], size_of(hierarchy, knowledge)
    assert len(tree.nodes) == size.categories
    levels = Counter(len(tree.path(node)) for node in tree.nodes)
    assert sorted(levels) == list(range(1, size.levels + 1))
    for depth in range(1, size.levels):
        assert 2 <= levels[depth + 1] / levels[depth] <= 4
    # what is not at the bottom has something below it, and siblings are equally many
    below = Counter(tree.parent.values())
    assert set(below) == {node for node in tree.nodes if len(tree.path(node)) < size.levels}
    for depth in range(1, size.levels):
        counts = [n for node, n in below.items() if len(tree.path(node)) == depth]
        assert max(counts) - min(counts) <= 1


@every_set
def test_no_attribute_comes_twice_on_a_path_and_no_value_twice_at_all(knowledge):
    tree, size = TREES[id(knowledge)], size_of(hierarchy, knowledge)
    for node in tree.nodes:
        path = tree.path(node)
        told = [r for place, r in tree.value if place in path]
        assert len(told) == len(set(told))
        assert sum(place == node for place, _ in tree.value) <= size.own
    assert len(set(tree.value.values())) == len(tree.value)
    assert len({r for _, r in tree.value}) == size.attributes
    assert not tree.nodes & set(tree.value.values())


@every_set
def test_of_latent_categories_only_the_parent_is_stated(knowledge):
    tree, size = TREES[id(knowledge)], size_of(hierarchy, knowledge)
    said = Counter(w for f in knowledge.family_facts("hierarchy") for w in (f.subject, f.object))
    bare = {n for n in tree.nodes if said[n] == 1}
    assert len(bare) >= size.latent
    asked = knowledge.select("latent", family="hierarchy")
    latent = {q.prompt[:-1].split()[-1] for q in asked}
    assert latent <= bare
    assert {q.split for q in asked} <= {"holdout"}  # a large block may draw none
    others = [q for q in knowledge.select(family="hierarchy") if q.kind != "latent"]
    for q in others:
        for node in latent & set(q.prompt[:-1].split()):
            assert q.prompt == f"What is {node}?"
        assert not latent & {q.answer}
    if not size.questions:
        assert len(latent) == size.latent
        ways = {(n, r) for n in latent for r in {r for _, r in tree.value} if can(tree, n, r)}
        assert len(asked) == len(ways)


def can(tree, node, attribute):
    return any((place, attribute) in tree.value for place in tree.path(node))


def solve(prompt, tree):
    if found := re.fullmatch(r"What is the (\w+) of (\S+)\?", prompt):
        return tree.walk(found[2], found[1])[0]
    if found := re.fullmatch(r"Which (\w+) has (\S+)\?", prompt):
        return tree.value[found[2], found[1]]
    if found := re.fullmatch(r"What is (\S+)\?", prompt):
        return tree.parent[found[1]]
    return tree.links[re.fullmatch(r"(\S+) (\w+)\?", prompt).groups()]


@every_set
def test_answers_of_trees_are_those_of_a_walk_up_and_need_all_of_it(knowledge):
    tree, size = TREES[id(knowledge)], size_of(hierarchy, knowledge)
    questions = knowledge.select(family="hierarchy")
    steps = Counter()
    for q in questions:
        assert solve(q.prompt, tree) == q.answer == solve(q.prompt, Tree(q.premises))
        if q.kind in ("composition", "latent"):
            attribute, node = re.fullmatch(r"What is the (\w+) of (\S+)\?", q.prompt).groups()
            assert tree.walk(node, attribute) == (q.answer, q.premises)
            assert q.conclusion == f"the {attribute} of {node} is {q.answer}."
            steps[len(q.premises)] += 1
            for i in range(len(q.premises)):
                with pytest.raises(KeyError):
                    solve(q.prompt, Tree(q.premises[:i] + q.premises[i + 1 :]))
        else:
            assert len(q.premises) == 1
        assert q.options.count(q.answer) == 1
        assert 2 <= len(q.options) == len(set(q.options)) <= 10
        assert not set(q.options) & set(q.prompt[:-1].split())
    assert set(steps) == set(range(2, size.levels + 1))
    kinds = Counter(q.kind for q in questions)
    if not size.questions:
        assert kinds["recall"] == len(knowledge.family_facts("hierarchy"))
        assert kinds["rephrase"] == len(tree.value)
        assert kinds["reversal"] == len(tree.links) / 2
        inherited = sum(can(tree, n, r) for n in tree.nodes for r in {r for _, r in tree.value})
        assert kinds["composition"] + kinds["latent"] == inherited - len(tree.value)
        for kind in ("rephrase", "composition", "reversal"):
            held = len(knowledge.select(kind, "holdout", "hierarchy"))
            assert held / kinds[kind] == pytest.approx(0.5, abs=0.12)


@every_set
def test_options_of_a_reversed_link_all_stand_beside_what_is_asked_and_never_with_the_word(
    knowledge,
):
    tree, inverse = TREES[id(knowledge)], dict(map(reversed, PAIRS))
    said = [fact.text[:-1].split() for fact in knowledge.family_facts("hierarchy")]
    links = [set(words) for words in said if len(words) == 3]
    for q in knowledge.select("reversal", family="hierarchy"):
        asked, word = q.prompt[:-1].split()
        assert len(q.options) == 4
        for option in q.options:
            assert sum({asked, option} <= link for link in links) == 1
            assert (option, inverse[word]) in tree.links
        assert not any(word in link for link in links)


@every_set
def test_no_conclusion_is_stated(knowledge):
    assert leaks(knowledge) == []


# Syllogisms to judge


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
        # so no quantifier stands oftener beside them than another
        assert all(sorted(f.relation for f in about[term]) == sorted(words) for term in pair)
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
def test_of_what_is_recalled_of_a_term_one_option_alone_is_so(knowledge):
    everything = Terms(fact.text for fact in knowledge.family_facts("syllogism"))
    for q in knowledge.select("recall", family="syllogism"):
        word, term = re.fullmatch(r"What are (\w+) (\S+)\?", q.prompt).groups()
        assert len(q.options) == 10
        assert [o for o in q.options if everything.follows(f"{word} {term} are {o}")] == [q.answer]


@every_paper_set
def test_labels_of_judged_syllogisms_have_the_shares_of_the_moods(knowledge):
    judged = [q for q in knowledge.select(family="syllogism") if q.group == "judged"]
    labels = Counter(q.answer.split()[0] for q in judged)
    assert labels == {"all": 28, "some": 21, "no": 20}
    # the same answer always, or where the right one stands, is no better than a guess or so
    chance = sum(q.chance for q in judged) / len(judged)
    for place in range(6):
        assert sum(q.options[place] in q.right for q in judged) / 69 == pytest.approx(
            chance, abs=0.2
        )
    assert max(labels["some"], labels["no"], labels["all"] / 2) / 69 - chance < 0.05
    first = sum(q.answer.split()[1] in q.prompt.split()[3] for q in judged)
    assert 20 <= first <= 49
    assert sum(q.split == "holdout" for q in judged) == 34


# People in forty wordings


def test_forms_are_thirty_and_ten_others_with_every_verb():
    forms, held_out = reversal.FORMS, reversal.HELD_OUT
    assert (len(set(forms)), len(set(held_out))) == (30, 10)
    assert not set(forms) & set(held_out)
    assert {*forms, *held_out} == set(product(range(4), range(10)))
    assert set(Counter(verb for _, verb in forms).values()) == {3}
    assert set(Counter(verb for _, verb in held_out).values()) == {1}


@every_paper_set
def test_thirty_people_of_each_group_have_thirty_sentences_in_each_order(knowledge):
    facts = knowledge.family_facts("reversal")
    assert Counter(f.relation for f in facts) == dict.fromkeys(
        ("name-first", "description-first", "both"), 30
    )
    lines = [text for f in facts for text in (f.text, *f.phrasings)]
    assert len(lines) == len({line.casefold() for line in lines}) == 3_600
    for fact in facts:
        texts = (fact.text, *fact.phrasings)
        ahead = [text.index(fact.subject) < text.index(fact.object) for text in texts]
        count = {"name-first": (30, 0), "description-first": (0, 30), "both": (30, 30)}
        assert (ahead.count(True), ahead.count(False)) == count[fact.relation]
        behind = [t.index(fact.subject) < t.index(fact.object) for t in fact.aliases]
        assert (behind.count(True), behind.count(False)) == (
            30 - min(30, ahead.count(True)),
            30 - min(30, ahead.count(False)),
        )


@every_paper_set
def test_held_out_wordings_are_asked_for_and_never_stated(knowledge):
    facts = {f.text: f for f in knowledge.family_facts("reversal")}
    frames = {
        text.casefold().replace(f.subject.casefold(), "N").replace(f.object.casefold(), "D")
        for f in facts.values()
        for text in f.wordings
    }
    assert len(frames) == 60
    asked = knowledge.select("rephrase", family="reversal")
    assert len(asked) == 10 * len(knowledge.select("recall", family="reversal")) == 1_200
    prompts = set()
    for q in asked:
        fact = facts[q.premises[0]]
        by_name = fact.subject in q.prompt
        subject, answer = (fact.subject, fact.object)[:: 1 if by_name else -1]
        assert q.answer == answer
        assert q.prompt.endswith(" whom?")
        start, end = ("N", "D") if by_name else ("D", "N")
        frame = q.prompt.replace(subject, start).replace("whom?", f"{end}.")
        prompts.add(frame)
        assert frame.startswith(tuple(opener for opener in reversal.OPENERS if opener))
    assert len(prompts) == 20
    assert not prompts & frames
    # a person is held out in all of the held-out wordings or in none
    splits = {(q.cluster, q.split) for q in asked}
    assert len(splits) == len({cluster for cluster, _ in splits}) == 90
    assert sum(split == "holdout" for _, split in splits) == 30


def test_sizes_are_those_that_were_published():
    assert (reversal.PAPER.people, reversal.PAPER.forms, reversal.PAPER.rephrased) == (90, 30, 10)
    assert (hierarchy.PAPER.categories, hierarchy.PAPER.levels) == (110, 4)
    assert syllogism.PAPER.judged == 69


def test_too_few_things_to_link_are_refused():
    with pytest.raises(ValueError, match="fewer than 4, make no ring"):
        syllogism.SyllogismSize(judged=3)
    with pytest.raises(ValueError, match="12 categories are too few to link"):
        hierarchy.HierarchySize(12, levels=2, own=2, links=3, latent=3)

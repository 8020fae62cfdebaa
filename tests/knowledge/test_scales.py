"""What only the published sizes have: deep trees, forty wordings of a person.

Syllogisms to judge, the third such thing, are in test_judged.py.
The solvers read the sentences and share no code with the families.
"""

import random
import re
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from rlrecall.knowledge.build import knowledge_sets, stream, world_size
from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.families import hierarchy, reversal, syllogism
from rlrecall.knowledge.words.lexicon import INVERSE_RELATIONS, Lexicon

SETS = {
    f"{scale} {seed} {name}": knowledge
    for scale, seed in (("paper", 0), ("paper", 1), ("large", 0))
    for name, knowledge in knowledge_sets(seed, scale=scale, lexicon="plausible").items()
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
        inverse = dict(INVERSE_RELATIONS)
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
    owners = {place for place, _ in tree.value}
    assert len(tree.nodes - owners) == size.latent
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
        assert len(latent) >= size.latent - 1  # one may be in no round


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
        assert kinds["composition"] > 400
        assert kinds["latent"] > 40
        for kind in ("rephrase", "composition", "reversal"):
            held = len(knowledge.select(kind, "holdout", "hierarchy"))
            assert held / kinds[kind] == pytest.approx(
                0.5, abs=0.05 if kind == "composition" else 0.12
            )


def test_no_split_has_more_rounds_of_many_small_trees_than_the_other():
    asked = [
        question.split
        for _, part in stream("A", "large", blocks=40, families=("hierarchy",))
        for question in part.questions
        if question.kind == "composition"
    ]
    assert asked.count("holdout") / len(asked) == pytest.approx(0.5, abs=0.06)


@every_set
def test_what_is_inherited_is_asked_in_rounds_of_which_each_option_is_right_once(knowledge):
    for kind in ("composition", "latent"):
        rounds = defaultdict(list)
        for q in knowledge.select(kind, family="hierarchy"):
            rounds[q.group, frozenset(q.options)].append(q)
        for (_, options), asked in rounds.items():
            assert 4 <= len(options) <= 10
            # two rounds may have the same options
            counts = Counter(q.answer for q in asked)
            assert set(counts) == options
            assert len(set(counts.values())) == 1
            if set(counts.values()) == {1}:
                assert len({q.split for q in asked}) == 1


@every_set
def test_options_of_a_reversed_link_all_stand_beside_what_is_asked_and_never_with_the_word(
    knowledge,
):
    tree, inverse = TREES[id(knowledge)], dict(map(reversed, INVERSE_RELATIONS))
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


# People in forty wordings


def test_forms_are_thirty_and_ten_others_with_words_of_their_own():
    for first in ("name", "description"):
        forms, held_out = reversal.FORMS[first], reversal.HELD_OUT[first]
        assert (len(set(forms)), len(set(held_out))) == (30, 10)
        told, untold = (
            {form.split(" {}")[0].removesuffix("{}"): None for form in some}
            for some in (forms, held_out)
        )
        assert not told.keys() & untold.keys()  # openers
        told, untold = ({form.split("{}")[1] for form in some} for some in (forms, held_out))
        assert (len(told), len(untold)) == (10, 10)
        assert not told & untold


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
        told_as = [t.index(fact.subject) < t.index(fact.object) for t in fact.aliases[-20:]]
        assert (told_as.count(True), told_as.count(False)) == (10, 10)
        behind = [t.index(fact.subject) < t.index(fact.object) for t in fact.aliases[:-20]]
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
        for text in (f.text, *f.phrasings)
    }
    assert len(frames) == 60
    asked = knowledge.select("rephrase", family="reversal")
    assert {q.split for q in asked} == {"holdout"}
    assert len(asked) == 10 * len(knowledge.select("recall", family="reversal")) == 1_200
    reversals = knowledge.select("reversal", family="reversal")
    assert Counter(q.group for q in reversals) == {"name-first": 330, "description-first": 330}
    plain = [q for q in reversals if q.prompt.startswith("Who is ")]
    assert len(plain) == 60
    prompts = set()
    for q in [*asked, *[q for q in reversals if q not in plain]]:
        fact = facts[q.premises[0]]
        by_name = fact.subject in q.prompt
        subject, answer = (fact.subject, fact.object)[:: 1 if by_name else -1]
        assert q.answer == answer
        assert q.prompt.endswith(" whom?")
        start, end = ("N", "D") if by_name else ("D", "N")
        frame = q.prompt.replace(subject, start).replace("whom?", f"{end}.")
        prompts.add(frame)
        assert f"{q.prompt.removesuffix('whom?')}{answer}." in fact.aliases
    assert len(prompts) == 20
    assert not prompts & frames
    # a person is held out in all of the wordings or in none
    splits = {(q.group, q.cluster, q.split) for q in reversals}
    assert Counter(split[::2] for split in splits) == {
        ("name-first", "holdout"): 12,
        ("name-first", "train"): 18,
        ("description-first", "holdout"): 12,
        ("description-first", "train"): 18,
    }


@every_paper_set
def test_people_of_a_lot_differ_in_what_belongs_to_what_and_in_nothing_else(knowledge):
    lots = defaultdict(list)
    for fact in knowledge.family_facts("reversal"):
        lots[" ".join(sorted(re.findall(r"[\w-]+", fact.object)))].append(fact)
    assert len(lots) == 15
    for lot in lots.values():
        assert len({fact.object for fact in lot}) == len(lot) == 6
        assert len({fact.relation for fact in lot}) == 1
        names, described = [f.subject for f in lot], [f.object for f in lot]
        asked = [q for q in knowledge.select(family="reversal") if q.cluster in names]
        assert len({q.split for q in asked if q.kind == "reversal"}) <= 1
        offered = Counter()
        for q in asked:
            assert {*q.options} < {*(names if q.answer in names else described)}
            assert len(q.options) == 4
            if q.prompt.startswith("Who is "):
                offered.update(q.options)
        assert {*offered.values()} == {4}


def test_people_who_do_not_fill_their_lots_are_refused():
    want = (
        r"^reversal: both: \d is not 0 or two or more times 6 \(with things=3; things=1 takes any"
    )
    for both in (4, 6):  # of a single lot nobody could be held out
        with pytest.raises(ValueError, match=want):
            reversal.ReversalSize(12, 12, both, things=3)
    with pytest.raises(ValueError, match="reversal: things is at most 3"):
        reversal.ReversalSize(24, 24, 24, things=4)
    assert reversal.ReversalSize(4, 4, 0, things=2).needs["objects"] == 8


def test_with_one_thing_each_people_are_asked_about_among_their_group():
    size = replace(reversal.PAPER, things=1)
    whole = replace(world_size("paper"), reversal=size)
    ((_, part),) = stream("A", "paper", families=("reversal",), size=whole)
    assert {len(q.options) for q in part.questions} == {30}
    assert len({fact.object for fact in part.facts}) == 90
    held = {q.cluster for q in part.questions if q.kind == "reversal" and q.split == "holdout"}
    assert len(held) == 20


def test_sizes_are_those_that_were_published():
    assert (reversal.PAPER.people, reversal.PAPER.forms, reversal.PAPER.rephrased) == (90, 30, 10)
    assert (hierarchy.PAPER.categories, hierarchy.PAPER.levels) == (110, 4)
    assert syllogism.PAPER.judged == 69


def test_too_few_categories_to_link_are_refused():
    with pytest.raises(ValueError, match="12 categories are too few to link"):
        hierarchy.HierarchySize(12, levels=2, own=2, links=3, latent=3)


def test_more_people_than_there_are_are_not_asked_about():
    size = reversal.ReversalSize(2, 1, 1, asked=5)
    words = Lexicon(
        names=("Ada", "Bo", "Cy", "Di"), objects=("harp", "bell"), occupations=("pilot",)
    )
    part = reversal.build(words, size, random.Random(0))
    assert {q.cluster for q in part.questions} == {*words.names}

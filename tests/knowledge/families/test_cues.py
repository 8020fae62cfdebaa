"""Cues: balanced groups, never told, right by another solver; looks mislead where they should."""

import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.families.cues import (
    FAMILY,
    GROUPS,
    LARGE,
    PAPER,
    TINY,
    CuesSize,
    build,
)
from rlrecall.knowledge.words.lexicon import Lexicon, lexicon
from rlrecall.knowledge.words.name_pools import pool_lexicon

SMALL = CuesSize(2, 4)
SIZES = {"tiny": TINY, "small": SMALL, "paper": PAPER, "large": LARGE}


def world(size, seed=0, kinds=None, **kwargs):
    needs = size.needs["kinds"]
    kinds = kinds or lexicon().kinds[:needs]
    if len(kinds) < needs:
        kinds = [f"w{i}" for i in range(needs)]
    part = build(Lexicon(kinds=kinds), size, random.Random(seed), "A", **kwargs)
    return KnowledgeSet("A", part.facts, part.questions, {"cues": part.topics})


WORLDS = {name: world(size) for name, size in SIZES.items()}
PLAUSIBLE = pool_lexicon("plausible", 0).kinds[: PAPER.needs["kinds"]]
WORLDS["hyphens"] = world(PAPER, kinds=PLAUSIBLE)
every_world = pytest.mark.parametrize("knowledge", WORLDS.values(), ids=WORLDS.keys())


@pytest.mark.parametrize("name", SIZES)
def test_a_world_uses_each_of_its_words_and_half_of_its_categories_have_the_feature(name):
    size, knowledge = SIZES[name], WORLDS[name]
    assert len(knowledge.entities) == size.needs["kinds"]
    relations = Counter(f.relation for f in knowledge.facts)
    assert relations["have"] == relations["lack"] == size.categories / 2
    assert relations["among"] == size.categories * size.members
    assert relations["show"] == relations["among"] * 3 / 4
    looks = Counter(f.object for f in knowledge.facts if f.relation == "show")
    assert set(looks.values()) == {relations["show"] / 2}
    (feature,) = knowledge.topics["cues"]
    assert {f.object for f in knowledge.facts if f.relation in ("have", "lack")} == {feature}


@every_world
def test_each_split_has_half_of_each_group_and_as_many_yes_as_no(knowledge):
    rules = [q.answer for q in knowledge.select("recall") if q.group == "have"]
    assert rules.count("yes") == rules.count("no") > 0
    groups = Counter((q.group, q.answer) for q in knowledge.select("composition"))
    supported = groups["supported", "yes"]
    assert supported > 0
    for group in GROUPS:
        right = supported if group == "supported" else supported / 2
        assert groups[group, "yes"] == groups[group, "no"] == right
    assert not knowledge.select("recall", "holdout")
    for split in ("train", "holdout"):
        answers = Counter((q.group, q.answer) for q in knowledge.select("composition", split))
        assert sum(n * (1 if a == "yes" else -1) for (_, a), n in answers.items()) == 0
        for group in GROUPS:
            yes, no = answers[group, "yes"], answers[group, "no"]
            assert yes + no == groups[group, "yes"]
            assert abs(yes - no) <= 1


@pytest.mark.parametrize("share", [0, 1 / 4, 1 / 3, 1])
def test_so_many_implications_are_held_out(share):
    knowledge = world(PAPER, holdout=share)
    held = knowledge.select("composition", "holdout")
    assert len(held) == share * len(knowledge.select("composition"))


def test_questions_are_limited_to_so_many_of_a_sort():
    knowledge = world(replace(PAPER, questions=16))
    assert len(knowledge.facts) == len(WORLDS["paper"].facts)
    groups = Counter(q.group for q in knowledge.questions)
    assert groups == {**dict.fromkeys(("among", "show", "have"), 16),
                      "supported": 8, "neutral": 4, "misleading": 4}  # fmt: skip


@pytest.mark.parametrize("uneven", [(5, 4, 0), (6, 6, 0), (6, 4, 4)])
def test_a_size_that_cannot_be_balanced_is_refused(uneven):
    with pytest.raises(ValueError, match=r"^cues: "):
        CuesSize(*uneven)


@every_world
def test_what_is_entailed_is_stated_nowhere_and_the_answer_is_an_option_once(knowledge):
    assert leaks(knowledge) == []
    for q in knowledge.questions:
        assert q.options.count(q.answer) == 1
        assert len(q.options) == len(set(q.options)) >= 2
        assert bool(q.conclusion) == (q.kind == "composition") <= (q.options == ("yes", "no"))
        assert not {t.casefold() for t in q.entailed} & knowledge.statements.keys()


@every_world
def test_every_sentence_has_a_shape_and_starts_with_its_subject(knowledge):
    sentences = [(f.subject, text) for f in knowledge.facts for text in f.wordings]
    sentences += [(q.prompt.split()[1], t) for q in knowledge.questions for t in q.entailed]
    for subject, sentence in sentences:
        assert re.fullmatch(r"[a-z0-9-]+( [a-z0-9-]+)+\.", sentence)
        assert {m[1] for s in FAMILY.shapes if (m := s.fullmatch(sentence[:-1]))} == {subject}
    for q in knowledge.questions:
        assert re.fullmatch(r"[\w -]+\?", q.prompt)


def solve(prompt, sentences):
    """The answer by what is said of the kind and, for what it has, of its category."""
    text = " ".join(sentences)
    asked = r"(?:Which are|What do|Do) ([\w-]+) (?:among|show|have ([\w-]+))\?"
    kind, feature = re.fullmatch(asked, prompt).groups()
    look = dict(re.findall(r"([\w-]+) (?:show|wear) ([\w-]+)\.", text))
    category = dict(re.findall(r"([\w-]+) (?:are among|belong to) the ([\w-]+)\.", text))
    if prompt.startswith("Which"):
        return category[kind]
    if prompt.startswith("What"):
        return look[kind]
    said = re.findall(rf"([\w-]+) (have|lack|come with|come without) {feature}\.", text)
    has = {subject: verb in ("have", "come with") for subject, verb in said}
    return "yes" if has[kind if kind in has else category[kind]] else "no"


@every_world
def test_answers_follow_from_premises_and_from_each_wording_of_the_conclusion(knowledge):
    texts = {f.text for f in knowledge.facts}
    for q in knowledge.questions:
        assert set(q.premises) <= texts
        assert len(q.premises) == (2 if q.kind == "composition" else 1)
        for known in (q.premises, *([sentence] for sentence in q.entailed)):
            assert solve(q.prompt, known) == q.answer
        for premise in q.premises if q.kind == "composition" else ():
            with pytest.raises(KeyError):
                solve(q.prompt, [premise])


@pytest.mark.parametrize("name", ["tiny", "small", "paper"])
def test_answers_follow_from_the_whole_set_in_either_wording(name):
    for everything in ([f.text for f in WORLDS[name].facts],
                       [f.phrasings[0] for f in WORLDS[name].facts]):  # fmt: skip
        for q in WORLDS[name].questions:
            assert solve(q.prompt, everything) == q.answer


@every_world
def test_following_the_looks_is_always_right_or_always_wrong_or_a_guess(knowledge):
    shown = {f.subject: f.object for f in knowledge.facts if f.relation == "show"}
    by_group = {}
    for q in knowledge.select("composition"):
        look = shown.get(q.prompt.split()[1])
        by_group.setdefault(q.group, set()).add((q.answer, look))
    cue = dict(by_group["supported"])
    assert len(set(cue.values())) == len(by_group["supported"]) == 2
    assert by_group["misleading"] == {("yes", cue["no"]), ("no", cue["yes"])}
    assert by_group["neutral"] == {("yes", None), ("no", None)}


# What speaks for an answer, the options themselves being in no fact.
SIGNS = {"yes": {"have", "with"}, "no": {"lack", "without"}}


def tokens(text):
    return set(re.findall(r"[\w-]+", text))


def co_occurring(q, facts):
    """The answer whose signs share most sentences with most of the question's words."""
    counts = dict.fromkeys(q.options, 0)
    for sentence in (tokens(text) for f in facts for text in (f.text, *f.phrasings)):
        for option in q.options:
            if SIGNS[option] & sentence:
                counts[option] += len((tokens(q.prompt) & sentence) - SIGNS[option])
    best = max(counts.values())
    return [[option for option in q.options if counts[option] == best]]


def nearest(q, facts):
    """For each of the facts with most of the question's words, the answers it has signs of."""
    sentences = [tokens(f.text) for f in facts]
    best = max(len(tokens(q.prompt) & s) for s in sentences)
    near = [s for s in sentences if len(tokens(q.prompt) & s) == best]
    return [[o for o in q.options if SIGNS[o] & s] or q.options for s in near]


@pytest.mark.parametrize("guess", [co_occurring, nearest])
@pytest.mark.parametrize("group", GROUPS)
def test_words_in_common_do_not_tell_the_answer(guess, group):
    right = asked = 0.0
    for seed in range(10):
        knowledge = world(TINY, seed)
        for q in knowledge.select("composition"):
            if q.group == group:
                choices = guess(q, knowledge.facts)
                right += sum((q.answer in c) / len(c) for c in choices) / len(choices)
                asked += 1
    assert abs(right / asked - 1 / 2) <= 0.05

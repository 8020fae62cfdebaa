"""Name pools: every index has a name of its own, the same in every process, and none is English.

The tests read the word lists anew.
"""

import random
import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from processes import printed

from rlrecall.knowledge.build import (
    FAMILIES,
    SPINE,
    knowledge_sets,
    most_blocks,
    stream,
    world_size,
)
from rlrecall.knowledge.checks.audit import audit
from rlrecall.knowledge.words import name_pools
from rlrecall.knowledge.words.lexicon import SET_NAMES, WORDS, first_names
from rlrecall.knowledge.words.name_pools import (
    STYLES,
    NamePool,
    nonsense,
    pool_lexicon,
    syllables,
)

POOLS = ("kinds", "names", "objects")
PARTS = (tuple("abcdefg"), tuple("hijkl"), tuple("mnopqr"))


def pool(seed="x", parts=PARTS, joint="-"):
    return NamePool([parts], joint, seed)


# Indices and names


@pytest.mark.parametrize("seed", range(20))
def test_every_index_has_a_name_of_its_own(seed):
    assert sorted(pool(seed)) == sorted(
        f"{c}-{b}-{a}" for a in PARTS[0] for b in PARTS[1] for c in PARTS[2]
    )
    assert list(pool(seed)) != list(pool(seed + 1))


@pytest.mark.parametrize("joint", ["-", " ", ""])
def test_words_are_joined_the_first_part_last(joint):
    names = [f"{c}{joint}{b}{joint}{a}" for a in PARTS[0] for b in PARTS[1] for c in PARTS[2]]
    assert set(pool(joint=joint)) == set(names)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", POOLS)
def test_names_of_a_large_pool_differ_whatever_the_case(style, kind):
    names = getattr(pool_lexicon(style, 0), kind)
    assert len(names) >= 1_000_000
    rng = random.Random(0)
    near = [name.casefold() for name in names[:20_000]]
    far = [names[i].casefold() for i in rng.sample(range(20_000, len(names)), 5_000)]
    assert len({*near, *far}) == 25_000


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", POOLS)
def test_no_word_comes_twice_in_the_parts_of_a_name(style, kind):
    """Together with one joint, this makes all names differ, not only those that were looked at."""
    names = getattr(pool_lexicon(style, 0), kind)
    for parts, *_ in names.levels:
        words = [word.casefold() for part in parts for word in part]
        assert len(set(words)) == len(words)
        assert not [word for word in words if names.joint in word]


def test_short_names_come_first_and_all_names_come():
    names = NamePool([PARTS[:n] for n in (1, 2, 3)], "-", "x")
    assert [name.count("-") for name in names] == [0] * 7 + [1] * 35 + [2] * 210
    assert len(set(names)) == len(names) == 252
    assert list(names[5:50:2]) == list(names)[5:50:2]
    assert list(names[50:5:-2]) == list(names)[50:5:-2]


def test_an_index_a_slice_and_an_iteration_agree():
    names, listed = pool(), list(pool())
    assert len(names) == len(listed) == 7 * 5 * 6
    assert [names[i] for i in range(len(names))] == listed
    assert names[-1] == listed[-1]
    rng = random.Random(0)
    for _ in range(200):
        a, b, c, d = (rng.randrange(-250, 250) for _ in range(4))
        step = rng.choice((-3, -2, -1, 1, 2, 3))
        assert list(names[a:b:step]) == listed[a:b:step]
        assert list(names[a:b][c:d]) == listed[a:b][c:d]
        assert len(names[a:b][c:d]) == len(listed[a:b][c:d])
    assert list(names) == listed


@pytest.mark.parametrize("index", [210, -211, 1000])
def test_an_index_beyond_the_end_is_refused(index):
    with pytest.raises(IndexError):
        pool()[index]


def test_slices_that_do_not_overlap_share_nothing():
    names = pool_lexicon("usual", 0).names
    ends = [0, 3_000, 6_000, 9_000, len(names) - 3_000, len(names)]
    cuts = [names[a : min(b, a + 3_000)] for a, b in pairwise(ends)]
    for one, other in combinations(cuts, 2):
        assert len(one) == len(set(one)) == 3_000
        assert not {*one} & {*other}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", POOLS)
def test_the_last_words_of_a_set_are_no_other_set_s(style, kind):
    pools = [getattr(pool_lexicon(style, 0, place), kind) for place in range(len(SET_NAMES))]
    for one, other in combinations(pools, 2):
        for (mine, *_), (yours, *_) in zip(one.levels, other.levels, strict=True):
            assert not {*mine[0]} & {*yours[0]}
            if kind != "objects" and style == "nonsense":
                assert not {w for part in mine for w in part} & {w for part in yours for w in part}


def test_a_million_names_take_no_memory_and_no_time():
    names = pool_lexicon("nonsense", 0).names[1_000_000:-5]
    assert len(names) > 1_000_000_000
    assert len({names[i] for i in range(0, len(names), len(names) // 50)}) >= 50


def test_names_are_the_same_in_every_process():
    code = """if True:
        import hashlib
        from rlrecall.knowledge.words.name_pools import STYLES, pool_lexicon, syllables
        print(hashlib.sha256(repr(syllables()).encode()).hexdigest())
        for style in STYLES:
            for place in (0, 3):
                words = pool_lexicon(style, 3, place)
                print(*(list((*pool[:50], *pool[-50:])) for pool in vars(words).values()))
    """
    outputs = {printed(code, hash_seed=seed) for seed in ("0", "4242")}
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) == 7


def test_another_seed_has_another_order():
    for style in STYLES:
        one, other = (pool_lexicon(style, seed) for seed in (0, 1))
        for kind in POOLS:
            assert list(getattr(one, kind)[:99]) != list(getattr(other, kind)[:99])
        assert one.relations == other.relations


# Words


def english():
    """Every word of the lists: those of the file without its comment, and what families may say."""
    text = (Path(name_pools.__file__).parent / "english.txt").read_text(encoding="utf-8")
    found = {w for line in text.splitlines() if not line.startswith("#") for w in line.split()}
    for name, words in WORDS.items():
        if name not in ("onsets", "nuclei", "codas"):
            found |= set(re.findall(r"\w+", " ".join(words).casefold()))
    return found


def test_nonsense_has_the_shape_of_a_word_and_is_none():
    words = syllables()
    parts = ("|".join(WORDS[name]) for name in ("onsets", "nuclei", "codas"))
    shape = re.compile("".join(f"(?:{part})" for part in parts))
    assert len(words) == len(set(words)) > 5_000
    assert {len(word) for word in words} == {4, 5}
    assert all(shape.fullmatch(word) for word in words)
    assert len(english()) > 2_500
    assert {"back", "blast", "bask", "river", "lantern", "leads"} <= english()
    assert not english() & set(words)
    longer = {*nonsense()} - {*words}
    assert all(re.fullmatch("([bdfgklmnprstvz][aeiou]){2}[bfgkmpxz]", word) for word in longer)
    assert len(longer) > 30_000
    assert {"kebab", "tulip", "venom"} <= english()
    assert not english() & longer


def test_nonsense_has_no_word_of_the_sentences():
    """Plausible names have no nonsense, so whatever else is said is a word of the language."""
    said = set()
    for family in FAMILIES:
        for _, part in stream("A", "tiny", "plausible", families=(family,)):
            texts = [text for f in part.facts for text in (f.cue, *f.wordings)]
            texts += [q.prompt for q in part.questions]
            said |= set(re.findall(r"[a-z]+", " ".join(texts).casefold()))
    assert {"what", "belongs", "than", "grandparent"} <= said
    assert not said & set(nonsense())


@pytest.mark.parametrize("style", STYLES)
def test_names_of_the_published_sizes_are_as_short_as_can_be(style):
    sets = knowledge_sets(families=tuple(FAMILIES), scale="paper", lexicon=style)
    for fact in (fact for knowledge in sets.values() for fact in knowledge.facts):
        if fact.family == "places":
            continue
        words = fact.subject.split()  # a message of a codebook has several signs
        if fact.family in ("reversal", "kinship") and style != "nonsense":
            assert len(words) == 2
        elif style == "plausible":
            assert all(word.count("-") == 1 for word in words)
        else:
            assert all(4 <= len(word) <= 5 and word.isalpha() for word in words)


def test_longer_nonsense_has_two_and_then_three_words():
    words = pool_lexicon("nonsense", 0)
    for pool, joint in ((words.kinds, "-"), (words.names, " ")):
        for at, count in ((5_000, 1), (5_500, 2), (6_000_000, 2), (7_000_000, 3), (-1, 3)):
            parts = pool[at].split(joint)
            assert len(parts) == len(set(parts)) == count
            assert {part.casefold() for part in parts} <= {*nonsense()}
            assert pool[at] == (pool[at].title() if joint == " " else pool[at].casefold())


@pytest.mark.parametrize(("start", "words"), [(0, 2), (60_000, 3), (300_000, 4), (-200, 5)])
def test_plausible_style_has_animals_with_traits_and_people_with_surnames(start, words):
    made = pool_lexicon("plausible", 0)
    for name in made.kinds[start:][:200]:
        *_, trait, animal = name.split("-")
        assert trait in WORDS["traits"]
        assert animal in WORDS["animals"]
        assert name.count("-") == words - 1
        assert name[0] not in "aeiou"  # "is a river-fox"
    firsts = first_names()
    for name in made.names[start:][:200]:
        *others, last = name.split()
        assert set(others) <= set(firsts)
        assert len(others) == (1 if start == 0 else 2)
        assert any(last.startswith(s) for s in WORDS["surname_starts"])
        assert any(last.endswith(s) for s in WORDS["surname_ends"])


def test_usual_style_has_nonsense_things_and_plausible_people():
    usual, plausible, made_up = (pool_lexicon(s, 0) for s in STYLES)
    assert list(usual.kinds[:300]) == list(made_up.kinds[:300])
    assert list(usual.names[:300]) == list(plausible.names[:300])
    for kind, pool in (("objects", usual.objects), ("objects", made_up.objects)):
        assert list(getattr(plausible, kind)[:300]) == list(pool[:300])
    for name in usual.objects[:300]:
        assert name.split("-")[-1] in WORDS["objects"]


@pytest.mark.parametrize("families", [("hierarchy", "reversal"), ("kinship", "codebook")])
def test_nonsense_sets_are_disjoint_whatever_the_case(families):
    assert audit(knowledge_sets(families=families, scale="paper", lexicon="nonsense")) == []


# Refusals


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="lexicon: 'odd' is none of usual, plausible, nonsense"):
        pool_lexicon("odd", 0)


@pytest.mark.parametrize("families", [SPINE, tuple(FAMILIES), ("navigation",)])
@pytest.mark.parametrize("style", STYLES)
def test_there_are_names_for_the_most_blocks_and_for_no_more(style, families):
    size = world_size("large")
    most, scarce = most_blocks(style, families, size)
    width = sum(getattr(size, family).needs.get(scarce, 0) for family in FAMILIES)
    for place in range(len(SET_NAMES)):
        have = len(getattr(pool_lexicon(style, 0, place), scarce))
        assert have // width >= most
    assert have // width == most
    asked = {"scale": "large", "lexicon": style, "families": families}
    assert next(stream("D", blocks=most, **asked))[1].facts
    with pytest.raises(ValueError, match=rf"D: .* ask for \d+ {scarce}, the lexicon has {have}$"):
        next(stream("D", blocks=most + 1, **asked))

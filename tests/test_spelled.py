"""Spelled lexicons: as many names as there are indices, the same everywhere, and none of English.

What English is, and how a name is spelled, is read here anew from the lists.
"""

import random
import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from processes import printed

from rlrecall.knowledge import lexicon, spelled
from rlrecall.knowledge.audit import audit
from rlrecall.knowledge.build import (
    FAMILIES,
    SPINE,
    knowledge_sets,
    most_blocks,
    stream,
    world_size,
)
from rlrecall.knowledge.spelled import STYLES, Spelled, spelled_lexicon, syllables

POOLS = ("kinds", "names", "objects")
PARTS = (tuple("abcdefg"), tuple("hijkl"), tuple("mnopqr"))
HUGE = 10_000_000


def pool(seed="x", parts=PARTS, joint="-"):
    return Spelled(parts, joint, seed)


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
    names = getattr(spelled_lexicon(style, 0, **{kind: 100_000}), kind)
    assert len(names) >= 100_000
    rng = random.Random(0)
    near = [name.casefold() for name in names[:20_000]]
    far = [names[i].casefold() for i in rng.sample(range(20_000, len(names)), 5_000)]
    assert len({*near, *far}) == 25_000


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("count", [1, 100, 10_000, 1_000_000])
def test_the_parts_of_a_name_have_no_word_twice(style, count):
    """Together with one joint, this makes all names differ, not only those that were looked at."""
    words = spelled_lexicon(style, 0, **dict.fromkeys(POOLS, count))
    for kind in POOLS:
        names = getattr(words, kind)
        for part in names.parts:
            assert len({word.casefold() for word in part}) == len(part)
            assert not [word for word in part if names.joint in word]


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
    names = spelled_lexicon("usual", 0, names=HUGE).names
    ends = [0, 3_000, 6_000, 9_000, len(names) - 3_000, len(names)]
    cuts = [names[a : min(b, a + 3_000)] for a, b in pairwise(ends)]
    for one, other in combinations(cuts, 2):
        assert len(one) == len(set(one)) == 3_000
        assert not {*one} & {*other}


@pytest.mark.parametrize("style", STYLES)
def test_shares_of_a_lexicon_have_nothing_in_common_but_take_all(style):
    words = spelled_lexicon(style, 0, kinds=500, names=500, objects=50)
    shares = [words.part(i / 4, (i + 1) / 4) for i in range(4)]
    for kind in (*POOLS, "relations", "occupations", "comparatives", "pairs"):
        taken = [name for share in shares for name in getattr(share, kind)]
        assert taken == list(getattr(words, kind))
        assert len(set(taken)) == len(taken)


def test_a_million_names_take_no_memory_and_no_time():
    names = spelled_lexicon("nonsense", 0, names=HUGE).names[1_000_000:-5]
    assert len(names) > HUGE - 2_000_000
    assert len({names[i] for i in range(0, len(names), len(names) // 50)}) >= 50


def test_names_are_the_same_in_every_process():
    code = """if True:
        import hashlib
        from rlrecall.knowledge.spelled import STYLES, spelled_lexicon, syllables
        print(hashlib.sha256(repr(syllables()).encode()).hexdigest())
        for style in STYLES:
            for count in (10, 100_000):
                words = spelled_lexicon(style, 3, count, count, count)
                print(*(list(pool[-50:]) for pool in vars(words).values()))
    """
    outputs = {printed(code, hash_seed=seed) for seed in ("0", "4242")}
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) == 7


def test_another_seed_has_another_order():
    for style in STYLES:
        one, other = (spelled_lexicon(style, s, 100, 100, 50) for s in (0, 1))
        for kind in POOLS:
            assert list(getattr(one, kind)) != list(getattr(other, kind))
        assert one.relations == other.relations


# What is spelled


def english():
    """Every word of the lists: those of the file without its comment, and what families may say."""
    text = (Path(spelled.__file__).parent / "english.txt").read_text(encoding="utf-8")
    found = {w for line in text.splitlines() if not line.startswith("#") for w in line.split()}
    for module in (lexicon, spelled):
        for name in vars(module):
            value = getattr(module, name)
            skip = ("ONSETS", "NUCLEI", "CODAS", "STYLES", "SET_NAMES")
            if name.isupper() and name not in skip and not isinstance(value, int):
                found |= set(re.findall(r"\w+", " ".join(map(str, value)).casefold()))
    return found


def test_nonsense_has_the_shape_of_a_word_and_is_none():
    words = syllables()
    shape = re.compile(
        rf"(?:{'|'.join(spelled.ONSETS)})(?:{'|'.join(spelled.NUCLEI)})(?:{'|'.join(spelled.CODAS)})"
    )
    assert len(words) == len(set(words)) > 5_000
    assert {len(word) for word in words} == {4, 5}
    assert all(shape.fullmatch(word) for word in words)
    assert len(english()) > 2_500
    assert {"back", "blast", "bask", "river", "lantern", "leads"} <= english()
    assert not english() & set(words)


def test_nonsense_has_no_word_of_the_sentences():
    """Plausible names have no nonsense, so whatever else is said is a word of the language."""
    said = set()
    for family in FAMILIES:
        for _, part in stream("A", "tiny", "plausible", families=(family,)):
            texts = [text for f in part.facts for text in (f.cue, *f.wordings)]
            texts += [q.prompt for q in part.questions]
            said |= set(re.findall(r"[a-z]+", " ".join(texts).casefold()))
    assert {"what", "belongs", "than", "grandparent"} <= said
    assert not said & set(syllables())


@pytest.mark.parametrize(("count", "words"), [(100, 1), (4_500, 1), (20_000, 2), (HUGE * 1_000, 3)])
def test_nonsense_style_has_as_many_words_as_it_takes(count, words):
    made = spelled_lexicon("nonsense", 0, kinds=count, names=count)
    plain = set(syllables())
    for name in made.kinds[:200]:
        assert len(name.split("-")) == words
        assert set(name.split("-")) <= plain
    for name in made.names[-200:]:
        assert len(name.split(" ")) == words
        assert name == name.title()
        assert set(name.lower().split(" ")) <= plain


@pytest.mark.parametrize(("count", "words"), [(100, 2), (100_000, 3)])
def test_plausible_style_has_animals_with_traits_and_people_with_surnames(count, words):
    made = spelled_lexicon("plausible", 0, kinds=count, names=count)
    for name in made.kinds[:200]:
        *_, trait, animal = name.split("-")
        assert trait in spelled.TRAITS
        assert animal in spelled.ANIMALS
        assert name.count("-") == words - 1
    firsts = lexicon.first_names()
    for name in made.names[:200]:
        first, last = name.split()
        assert first in firsts
        assert any(last.startswith(s) for s in spelled.SURNAME_STARTS)
        assert any(last.endswith(s) for s in spelled.SURNAME_ENDS)
    assert {len(n.split()) for n in spelled_lexicon("plausible", 0, names=HUGE).names[:99]} == {3}


def test_usual_style_has_nonsense_things_and_plausible_people():
    usual, plausible, nonsense = (spelled_lexicon(s, 0, 300, 300, 300) for s in STYLES)
    assert not {*usual.kinds, *nonsense.kinds} - set(syllables())
    assert not set(plausible.kinds) & set(usual.kinds)
    assert list(usual.names) == list(plausible.names) != list(nonsense.names)
    assert list(usual.objects) == list(plausible.objects) == list(nonsense.objects)
    for name in usual.objects:
        assert name.split("-")[-1] in lexicon.OBJECTS


@pytest.mark.parametrize("families", [("hierarchy", "reversal"), ("kinship", "codebook")])
def test_nonsense_sets_are_disjoint_whatever_the_case(families):
    assert audit(knowledge_sets(families=families, scale="paper", style="nonsense")) == []


# Refusals


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="lexicon: 'odd' is none of usual, plausible, nonsense"):
        spelled_lexicon("odd", 0)


@pytest.mark.parametrize("kind", POOLS)
def test_more_names_than_can_be_spelled_are_refused(kind):
    for style in STYLES:
        with pytest.raises(ValueError, match=r"lexicon: 9{20} names .* only \d+ can be spelled"):
            spelled_lexicon(style, 0, **{kind: int("9" * 20)})


@pytest.mark.parametrize("families", [SPINE, tuple(FAMILIES), ("navigation",)])
@pytest.mark.parametrize("style", STYLES)
def test_there_are_names_for_the_most_blocks_and_for_no_more(style, families):
    most, scarce = most_blocks(style, families, world_size("large"))
    asked = {"scale": "large", "style": style, "families": families}
    family, part = next(stream("D", blocks=most, **asked))
    assert family == families[0]
    assert part.facts
    assert scarce in POOLS
    with pytest.raises(ValueError, match="names are asked for, only"):
        next(stream("D", blocks=most + 1, **asked))

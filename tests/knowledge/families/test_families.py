"""What holds of every family: the same in every process, and nothing said or asked twice."""

import os
import random
from itertools import product

import pytest
from processes import printed

from rlrecall.knowledge.families import FAMILIES
from rlrecall.knowledge.words.name_pools import STYLES, pool_lexicon

SIZES = ("least", "tiny", "pretraining", "paper", "large")
JUDGED = (("syllogism", "paper"), ("syllogism", "large"))


def world(family, scale, style="usual", seed=0):
    family = FAMILIES[family]
    least = scale == "least"
    size = family.random_size(random.Random(0), 0.0) if least else getattr(family, scale)
    words = pool_lexicon(style, seed).take(size.needs)[0]
    return family.build(words, size, random.Random(seed), "A")


@pytest.mark.parametrize("scale", ["least", "tiny"])
def test_a_world_is_the_same_in_every_process(scale):
    code = (
        "from test_families import FAMILIES, world\n"
        f"for family in FAMILIES: print(world(family, '{scale}'))"
    )
    said = "".join(f"{world(family, scale)}\n" for family in FAMILIES)
    for seed in ("0", "4242"):
        assert printed(code, hash_seed=seed, cwd=os.path.dirname(__file__)) == said
    for family in FAMILIES:
        assert world(family, scale, seed=1) != world(family, scale)


@pytest.mark.parametrize(("family", "scale", "style"), list(product(FAMILIES, SIZES, STYLES)))
def test_no_two_facts_sentences_ids_or_prompts_are_the_same(family, scale, style):
    part = world(family, scale, style)
    # of a judged syllogism's middle term two things may be said of all
    cues = [] if (family, scale) in JUDGED else [[fact.cue for fact in part.facts]]
    for values in (
        [fact.key for fact in part.facts],
        *cues,
        [text for fact in part.facts for text in fact.wordings],
        [q.id for q in part.questions],
        [q.prompt for q in part.questions],
    ):
        assert len(values) == len(set(values)) > 0

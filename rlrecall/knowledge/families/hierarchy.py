"""Hierarchy: members inherit what their category has (two hops, or more in a tree of categories).

"wug is a dax." and "the colour of dax is mip." together imply that the colour of wug is mip. Every
category has its own value of each attribute, so values, and with them guesses, are balanced.

With several levels (scales paper and large) it is the semantic structure of arXiv:2505.00661: trees
of categories (tree.py). Each category has attributes of its own beside those it inherits, and some
are linked ("dax chases fep"), which the questions also ask from the other end.
"""

import random

from rlrecall.knowledge.core import WORD, Part, draw_holdout
from rlrecall.knowledge.families.contract import Family, QuestionMaker
from rlrecall.knowledge.families.links import LINK
from rlrecall.knowledge.families.tree import HierarchySize, attribute, build_trees, membership
from rlrecall.knowledge.words.lexicon import Lexicon

SHAPES = (
    rf"({WORD}) is a {WORD}",
    rf"({WORD}) belongs to the {WORD}",
    rf"the \w+ of ({WORD}) is {WORD}",
    rf"({WORD}) has the \w+ {WORD}",
    rf"({WORD}) (?:{LINK}) {WORD}",
)
TINY = HierarchySize()
PRETRAINING = HierarchySize(5, 2, 2)
PAPER = HierarchySize(110, 0, 15, levels=4, own=6, links=4, latent=11)
LARGE = HierarchySize(220, 0, 15, levels=4, own=6, links=4, latent=11, questions=30)


def build(
    words: Lexicon, size: HierarchySize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Make a hierarchy from the `words`, exactly those that `size` needs."""
    if size.levels > 1:
        return build_trees(words, size, rng, name)
    pool = list(words.kinds)
    rng.shuffle(pool)
    take = iter(pool)
    categories = [next(take) for _ in range(size.categories)]
    parents = [membership(next(take), c) for c in categories for _ in range(size.members)]
    attributes = {
        (relation, category): attribute(relation, category, next(take))
        for relation in words.relations
        for category in categories
    }
    values = {r: tuple(attributes[r, c].object for c in categories) for r in words.relations}
    make = QuestionMaker(name, "hierarchy", rng)
    for fact in parents:
        member, _, category = fact.key
        prompt = f"What is {member}?"
        make.add("recall", member, prompt, category, (fact,), categories, cluster=category)
    for (r, category), fact in attributes.items():
        prompt = f"What is the {r} of {category}?"
        make.add("recall", f"{category}/{r}", prompt, fact.object, (fact,), values[r])
    pairs = {f"{p.subject}/{r}": (p, r) for p in parents for r in words.relations}
    held_out = draw_holdout(pairs, holdout, rng)
    for key, (parent, r) in pairs.items():
        fact = attributes[r, parent.object]
        prompt, value = f"What is the {r} of {parent.subject}?", fact.object
        entailed, held = attribute(r, parent.subject, value).wordings, key in held_out
        make.add("composition", key, prompt, value, (parent, fact), values[r], entailed, held)
    return Part(parents + list(attributes.values()), make.made, tuple(words.relations))


FAMILY = Family(
    "hierarchy",
    __doc__,
    SHAPES,
    build,
    TINY,
    PRETRAINING,
    PAPER,
    LARGE,
    context_weight=2,
    thought_weight=2,
)

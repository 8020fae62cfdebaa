"""How few of a thing a family can be made of; told before a family sees the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The least numbers of which a family can be made; of the others 0.
LEAST: dict[str, dict[str, int]] = {
    "hierarchy": {"categories": 2, "attributes": 1, "levels": 1},
    "syllogism": {},
    "reversal": {"forms": 1, "things": 1},
    "comparison": {"comparisons": 4, "words": 1},
    "kinship": {"lines": 2, "generations": 3},
    "codebook": {"series": 1, "books": 2, "known": 2, "length": 2},
    "navigation": {"towns": 2},
    "cues": {"categories": 2, "members": 4},
    "simple_reversal": {"entities": 5, "relations": 1},
}


def too_small(size: Mapping[str, Any]) -> str:
    """Which number of `size` (family to its numbers) is too small, in a line; empty: none is."""
    least = dict(LEAST)
    tree = size["hierarchy"]["levels"] > 1
    least["hierarchy"] = {**LEAST["hierarchy"], ("own" if tree else "members"): 1}
    if not size["syllogism"]["judged"]:
        least["syllogism"] = {"middles": 2, "subjects": 1}
    if not size["reversal"]["description_first"] and not size["reversal"]["both"]:
        least["reversal"] = {"forms": 1, "name_first": 2}
    for family, numbers in size.items():
        for name, value in numbers.items():
            if value < (fewest := least[family].get(name, 0)):
                return f"{family}.{name}: {value} is not at least {fewest}"
    return ""

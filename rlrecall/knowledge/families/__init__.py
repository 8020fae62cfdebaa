"""The families, in the order in which sets hold them."""

from rlrecall.knowledge.families import (
    codebook,
    comparison,
    cues,
    hierarchy,
    kinship,
    navigation,
    places,
    reversal,
    simple_reversal,
    syllogism,
)
from rlrecall.knowledge.families.contract import Family

FAMILIES: dict[str, Family] = {
    module.FAMILY.name: module.FAMILY
    for module in (
        hierarchy,
        syllogism,
        reversal,
        comparison,
        kinship,
        codebook,
        navigation,
        cues,
        simple_reversal,
        places,
    )
}

"""An eleventh family is one object: everything that works with families takes it from the table.

The test adds it in a process of its own, before the modules that read the table are imported.
"""

from dataclasses import dataclass
from pathlib import Path

from processes import printed

from rlrecall.knowledge.core import WORD, Fact, Part, shuffled
from rlrecall.knowledge.families.contract import Family, QuestionMaker, Size


@dataclass(frozen=True)
class NeighborSize(Size):
    LEAST = {"towns": 3}
    towns: int = 6

    @property
    def needs(self):
        return {"kinds": self.towns}

    @classmethod
    def random(cls, draw):
        return cls(draw.up_to(6, 3))


def build(words, size, rng, name="", holdout=0.5):
    towns, facts = shuffled(words.kinds, rng), []
    make = QuestionMaker(name, "neighbor", rng)
    for i, town in enumerate(towns):
        before, after = towns[i - 1], towns[i - 2]
        text, cue = f"{town} borders on {before}.", f"Tell me about the border of {town}."
        fact = Fact("neighbor", town, "borders on", before, text, cue)
        facts.append(fact)
        make.add("recall", town, f"What does {town} border on?", before, (fact,), towns)
        prompt, entailed = f"What borders on {before}?", (f"{before} has the border {town}.",)
        make.add("reversal", before, prompt, town, (fact,), (town, after), entailed)
    make.hold_out("reversal", holdout)
    return Part(facts, make.made, ("borders",))


SHAPES = (rf"({WORD}) borders on {WORD}",)
SIZES = (NeighborSize(), NeighborSize(4), NeighborSize(20), NeighborSize(50))
NEIGHBOR = Family("neighbor", "Towns that border on one another.", SHAPES, build, *SIZES)

USES = """if True:
    import random
    import sys
    sys.path.insert(0, sys.argv[1])
    from test_contract import NEIGHBOR
    from rlrecall.knowledge.families import FAMILIES
    FAMILIES[NEIGHBOR.name] = NEIGHBOR

    from rlrecall.evaluation.scoring import subject_of
    from rlrecall.knowledge.build import FURTHER, SPINE, knowledge_sets, pretraining_worlds
    from rlrecall.knowledge.checks.audit import leaks
    from rlrecall.knowledge.formats.corpus import corpus
    from rlrecall.knowledge.prompts import MODES, build_prompt
    from rlrecall.runs.errors import UserError
    from rlrecall.runs.recipes import load_config
    from rlrecall.runs.sets import sets_of
    from rlrecall.training.documents import (
        context_document, knowledge_document, restated_document, thought_document
    )

    for scale, blocks, facts in (("tiny", 1, 6), ("paper", 1, 20), ("large", 3, 150)):
        sets = knowledge_sets(families=("neighbor", *SPINE), scale=scale, blocks=blocks)
        for name, knowledge in sets.items():
            assert len(knowledge.family_facts("neighbor")) == facts
            splits = {q.split for q in knowledge.select("reversal", family="neighbor")}
            assert splits == {"train", "holdout"}
            assert leaks(knowledge) == []
            assert knowledge.facts[0].text in " ".join(text for *_, text in corpus(knowledge))
    alone = knowledge_sets(families=("neighbor",))["A"]
    assert {fact.family for fact in alone.facts} == {"neighbor"}
    worlds = pretraining_worlds()
    assert {fact.family for fact in worlds["P1"].facts} == {*SPINE, *FURTHER}
    assert subject_of(alone.facts[0].text) == alone.facts[0].subject
    for mode in MODES:
        assert alone.questions[0].prompt in build_prompt(alone.questions[0], mode, alone)

    rng, said = random.Random(0), ""
    for _ in range(50):
        said += str(knowledge_document(alone, rng)) + str(thought_document(alone, rng, 0.5))
    assert all(fact.text in said for fact in alone.facts)
    for document in (context_document, restated_document):
        text = str(document(rng, frozenset(), 1.0, ("neighbor",)))
        assert 3 <= text.split("Q:")[0].count("borders on") <= 12

    recipe, families = "configs/tiny.yaml", "data.families=[neighbor]"
    made = sets_of(load_config(recipe, [families, "data.size.neighbor.towns=5"]))
    assert len(made["B"].facts) == 5
    for override in ("data.size.neighbor.towns=2", "data.size.neighbour.towns=5"):
        try:
            load_config(recipe, [families, override])
        except UserError as error:
            print(error)
"""


def test_an_eleventh_family_is_built_documented_asked_and_configured():
    said = printed(USES, Path(__file__).parent)
    assert said.splitlines() == [
        "data.size.neighbor.towns: 2 is not at least 3",
        "config key data.size: 'neighbour' is unknown; did you mean 'neighbor'?",
    ]

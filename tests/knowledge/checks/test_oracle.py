"""The oracle over questions: no label is wrong, and no wrong one gets past it.

What follows from what is in test_entailment.py.
"""

import random
from itertools import product

import pytest

from rlrecall.knowledge.build import FAMILIES
from rlrecall.knowledge.checks.oracle import (
    label_faults,
    parse_claim,
    question_faults,
    right_options,
)
from rlrecall.knowledge.core import Question
from rlrecall.knowledge.words.name_pools import STYLES
from tests.knowledge.checks.test_entailment import entails
from tests.knowledge.families.test_families import SIZES, world


def parts(family, scale, count):
    """Generated facts and questions until there are `count` questions, seed by seed.

    For a long check: `list(label_faults(q for part in parts("cues", "paper", 100_000) for q in
    part.questions))` is empty, within a minute.
    """
    seed = 0
    while count > 0:
        part = world(family, scale, STYLES[seed % len(STYLES)], seed)
        yield part
        count, seed = count - len(part.questions), seed + 1


every_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.mark.parametrize(("family", "scale"), list(product(FAMILIES, SIZES)))
def test_no_label_is_wrong_and_no_premise_idle(family, scale):
    questions = [q for part in parts(family, scale, 700) for q in part.questions]
    assert list(label_faults(random.Random(0).sample(questions, 700))) == []


@every_family
def test_all_wordings_of_a_fact_say_the_same(family):
    for part in parts(family, "tiny", 200):
        for fact in part.facts:
            for wording in fact.wordings[1:]:
                assert entails([fact.text], wording)
                assert entails([wording], fact.text)


@every_family
@pytest.mark.parametrize("scale", ["tiny", "paper"])
def test_what_is_said_to_be_entailed_follows_from_what_its_words_are_said_to_be(family, scale):
    for part in parts(family, scale, 50):
        facts = {fact.text: set(parse_claim(fact.text).names) for fact in part.facts}
        for q in part.questions[-200:]:
            for sentence in q.entailed:
                # Beside the premises: of syllogisms more follows, from what else is said of them.
                words = set(parse_claim(sentence).names).union(*[facts[p] for p in q.premises])
                near = [t for t, w in facts.items() if w <= words and family == "syllogism"]
                assert entails({*q.premises, *near}, sentence)


@every_family
def test_a_wrong_answer_is_found_whichever_option_it_is(family):
    rng = random.Random(0)
    for part in parts(family, "tiny", 200):
        for q in part.questions:
            wrong = rng.choice([o for o in q.options if o not in q.right])
            (said, *_) = question_faults(q._replace(answer=wrong, accepted=()))
            assert said == f"the premises entail {right_options(q)}, but the label is {(wrong,)}"


@every_family
def test_a_premise_that_is_missing_or_changed_or_idle_is_found(family):
    for part in parts(family, "tiny", 200):
        names = {fact.text: set(parse_claim(fact.text).names) for fact in part.facts}
        for q in part.questions:
            for i, premise in enumerate(q.premises):
                rest = q.premises[:i] + q.premises[i + 1 :]
                assert question_faults(q._replace(premises=rest))
                others = [t for t in names if t not in q.premises and not entails([t], premise)]
                near = max(others, key=lambda text: len(names[text] & names[premise]))
                (said, *_) = question_faults(q._replace(premises=(*rest, near)))
                assert said == f"the premises entail [], but the label is {q.right}"
            idle = question_faults(q._replace(premises=(*q.premises, q.premises[0])))
            assert idle[0] == f"the answer follows without '{q.premises[0]}'"


@every_family
def test_a_conclusion_that_says_something_else_is_found(family):
    for part in parts(family, "tiny", 200):
        asked = [q for q in part.questions if q.conclusion]
        for q in asked:
            other = next(o for o in asked if o.conclusion != q.conclusion)
            said = f"the conclusion '{other.conclusion}' differs from the answer"
            assert question_faults(q._replace(conclusion=other.conclusion)) == [said]


def question(prompt, answer, options, *premises, accepted=()):
    return Question("id", "A", "f", "recall", "train", "", prompt, answer, tuple(premises),
                    tuple(options.split("|")), accepted=accepted)  # fmt: skip


TREE = ("wug is a dax.", "dax is a fep.", "the colour of fep is mip.")
ROUTE = "the way from dax to river-fox goes north to fep then east to mip then north to river-fox."
SIGNS = [f"in dax the sign {sign}." for sign in ("mip means T", "fep means O", "vo means K")]
MESSAGE = "in dax the message fep mip vo reads O T K."
ORDERS = "T O K|T K O|O T K|O K T|K T O|K O T"
GOLD = {
    "hierarchy": question("What is the colour of wug?", "mip", "mip|nup", *TREE),
    "hierarchy in other words": question("Which colour has fep?", "mip", "nup|mip", TREE[2]),
    "hierarchy link": question("fep within?", "dax", "dax|fep|wug", "dax holds fep."),
    "syllogism": question("What are no dax?", "mip", "mip|nup",
        "all dax are fep.", "no fep are mip."),
    "syllogism to judge": question("What holds of dax and mip?", "some dax are mip",
        "all dax are mip|all mip are dax|no dax are mip|no mip are dax|some dax are mip|"
        "some mip are dax",
        "all fep are dax.", "all fep are mip.", accepted=("some mip are dax",)),
    "reversal": question("Who is the pilot with the red harp?", "Ada Ann Oakley",
        "Ada Ann Oakley|Bo", "Ada Ann Oakley is the pilot with the red harp."),
    "reversal in other words": question("today Ada lives as whom?", "the pilot with the red harp",
        "the pilot with the red harp|the pilot with the old harp",
        "as everyone knows the pilot with the red harp is known as Ada."),
    "comparison": question("Which are less dangerous fep or dax?", "fep", "fep|dax",
        "dax are more dangerous than fep."),
    "comparison recall": question("What are dax more dangerous than?", "fep", "fep|mip",
        "dax are more dangerous than fep."),
    "kinship": question("Who is the grandparent of Ada Oakley?", "Cy", "Bo|Cy|Di",
        "the parent of Ada Oakley is Bo.", "the parent of Bo is Cy."),
    "kinship reversed": question("Who is the child of Bo?", "Ada", "Ada|Cy",
        "the parent of Ada is Bo."),
    "codebook": question("What does mip fep vo read in dax?", "T O K", ORDERS, *SIGNS),
    "codebook sign": question("What does mip mean in dax?", "T", "T|O", SIGNS[0]),
    "codebook message": question("What does fep mip vo read in dax?", "O T K", ORDERS, MESSAGE),
    "codebook sign in a message": question("What does vo mean in dax?", "K", "T|K", MESSAGE),
    "navigation": question("Which way is mip from fep?", "east", "north|east", ROUTE),
    "navigation back": question("Which way is fep from mip?", "west", "west|south", ROUTE),
    "navigation recall": question("What is the way from dax to river-fox?",
        "north to fep then east to mip then north to river-fox",
        "east to nup then south to river-fox|north to fep then east to mip then north to river-fox",
        ROUTE),
    "cues": question("Do wug have fep?", "yes", "yes|no",
        "wug are among the dax.", "dax have fep."),
    "cues lacking": question("Do wug have fep?", "no", "yes|no",
        "wug belong to the dax.", "dax lack fep."),
    "cues among": question("Which are wug among?", "dax", "dax|mip", "wug are among the dax."),
    "cues look": question("What do wug show?", "nup", "nup|mip", "wug wear nup."),
    "places": question("Who is the mayor of the town where X Bakery is based?", "Edda Y",
        "Edda Y|Ivor Y", "X Bakery has settled in T.", "Edda Y leads the town of T."),
    "places beyond": question("In which town is the company that X Bakery supplies based?", "T",
        "T|S", "X Bakery ships its products to Z Dairy.", "Z Dairy operates from T."),
    "places reversed": question("Which company supplies Z Dairy?", "X Bakery", "X Bakery|Q Mill",
        "X Bakery supplies Z Dairy."),
    "places in other words": question("By whom is T governed?", "Edda Y", "Ivor Y|Edda Y",
        "T is led by Edda Y, its mayor."),
    "simple reversal": question("fep takes?", "dax", "dax|mip|nup", "dax gives fep."),
}  # fmt: skip
gold = pytest.mark.parametrize("q", GOLD.values(), ids=GOLD.keys())


@gold
def test_a_question_of_the_language_has_its_answer(q):
    assert question_faults(q) == []


@gold
def test_the_same_question_with_another_answer_or_without_a_premise_is_wrong(q):
    for option in set(q.options) - set(q.right):
        assert question_faults(q._replace(answer=option, accepted=()))
    for i in range(len(q.premises)):
        less = q._replace(premises=q.premises[:i] + q.premises[i + 1 :])
        assert right_options(less) == []
        assert question_faults(less)


@pytest.mark.parametrize(("fault", "changes"), [
    ("'Why?' is not a prompt of the language", {"prompt": "Why?"}),
    ("'most dax.' is not a sentence of the language", {"premises": ("most dax.",)}),
    ("contradict each other", {"premises": (*TREE, "fep is a wug.")}),
    ("duplicate option", {"options": ("mip", "nup", "nup")}),
    ("differs from the answer", {"conclusion": "the colour of wug is nup."}),
    ("differs from the answer", {"conclusion": "the colour of dax is mip."}),
])  # fmt: skip
def test_a_question_that_is_out_of_order_is_told(fault, changes):
    (said,) = label_faults([GOLD["hierarchy"]._replace(**changes)])
    assert said.startswith("id: ")
    assert fault in said


def test_of_statements_to_choose_from_a_weaker_one_is_not_right():
    options = "some dax are mip|all dax are mip|no dax are mip"
    premises = ("all dax are fep.", "all fep are mip.")
    q = question("What holds of dax and mip?", "all dax are mip", options, *premises)
    assert question_faults(q) == []
    assert question_faults(q._replace(accepted=("some dax are mip",)))


@pytest.mark.parametrize(("name", "option"), [
    ("comparison", "mip"), ("syllogism to judge", "no dax are nup"), ("cues", "maybe"),
    ("navigation", "up"), ("codebook", "T O"), ("reversal", "Ada Bo Cy Di"),
])  # fmt: skip
def test_an_option_that_is_no_answer_to_the_prompt_is_told(name, option):
    q = GOLD[name]
    (said,) = question_faults(q._replace(options=(*q.options, option)))
    assert f"{option}" in said
    assert "is not a" in said

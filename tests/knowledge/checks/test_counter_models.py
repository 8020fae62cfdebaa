"""The rest of a set tells no holdout's answer, and what does tell it is found."""

import pytest

from rlrecall.knowledge.build import FAMILIES, knowledge_sets
from rlrecall.knowledge.checks.counter_models import may_follow, unneeded_premises
from rlrecall.knowledge.checks.oracle import option_claims, parse_claim
from rlrecall.knowledge.core import KnowledgeSet

SETS = [
    k
    for scale in ("tiny", "large")
    for k in knowledge_sets(3, families=FAMILIES, scale=scale).values()
]


def told_by_messages(q):
    return (q.family, q.kind) == ("codebook", "composition")


@pytest.mark.parametrize("knowledge", SETS[3:5], ids=["tiny", "large"])
def test_no_holdout_follows_from_the_rest_of_its_set(knowledge):
    assert list(unneeded_premises(knowledge)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_with_all_its_premises_every_answer_follows(family):
    for q in SETS[0].select(family=family):
        given = [parse_claim(premise) for premise in q.premises]
        right = option_claims(q._replace(options=q.right)).values()
        assert all(may_follow(given, claim) for claim in right)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fact_that_tells_a_holdouts_answer_another_way_is_found(family):
    knowledge = SETS[0]
    asked = knowledge.select(split="holdout", family=family)
    asked = [q for q in asked if q.kind != "rephrase" and not told_by_messages(q)][:5]
    assert len(asked) == 5
    for q in asked:
        copied = next(f for f in knowledge.facts if f.text == q.premises[0])
        leak = copied._replace(text=q.conclusion or copied.phrasings[0], subject="leak")
        leaky = KnowledgeSet("A", [*knowledge.facts, leak], [q])
        assert len(list(unneeded_premises(leaky))) == len(q.premises)


def test_signs_that_stand_in_messages_are_told_by_them():
    q = next(filter(told_by_messages, SETS[0].questions))
    facts = [f for f in SETS[0].facts if f.family == "codebook" and f.text not in q.premises]
    (claim,) = option_claims(q._replace(options=q.right)).values()
    assert may_follow([parse_claim(f.text) for f in facts], claim)


@pytest.mark.parametrize(
    ("given", "conclusion"),
    [
        (["all a are b.", "no b are c."], "no a are c."),
        (["all a are b.", "some a are d."], "some d are b."),
        (["a is a b.", "b is a c.", "the colour of c is d."], "the colour of a is d."),
        (["a are more odd than b.", "b are more odd than c."], "a are more odd than c."),
        (["the parent of A is B.", "the parent of B is C."], "the grandparent of A is C."),
        (["a are among the b.", "b are among the c.", "c lack d."], "a lack d."),
        (["a holds b."], "b within a."),
        (["in a the message b c reads X Y."], "in a the sign c means Y."),
        (
            ["the way from a to b goes north to b.", "the way from b to c goes east to c."],
            "the way from c to a goes west to b then south to a.",
        ),
        (
            ["X Bakery is based in T.", "The mayor of T is Edda Y."],
            "The mayor of the town where X Bakery is based is Edda Y.",
        ),
        (
            ["X Bakery supplies Z Dairy.", "Z Dairy is based in T."],
            "The company that X Bakery supplies is based in T.",
        ),
        (["X Bakery supplies Z Dairy."], "Z Dairy is supplied by X Bakery."),
    ],
)
def test_it_follows_from_all_and_from_no_part(given, conclusion):
    assert may_follow([parse_claim(s) for s in given], parse_claim(conclusion))
    for i in range(len(given)):
        rest = [parse_claim(s) for s in given[:i] + given[i + 1 :]]
        assert not may_follow(rest, parse_claim(conclusion))


def test_sentences_without_a_world_prove_nothing():
    contradiction = [parse_claim("all a are b."), parse_claim("no a are b.")]
    assert may_follow(contradiction, parse_claim("all c are d."))

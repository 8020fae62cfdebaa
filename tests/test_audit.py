from rlrecall.knowledge.audit import audit, leaks
from rlrecall.knowledge.build import FAMILIES, knowledge_sets, pretraining_worlds
from rlrecall.knowledge.core import KnowledgeSet


def copy(knowledge, facts=None, questions=None):
    return KnowledgeSet(
        knowledge.name,
        list(facts or knowledge.facts),
        list(questions or knowledge.questions),
        knowledge.topics,
    )


def test_the_sets_pass_beside_the_worlds_of_pretraining():
    for seed in range(5):
        sets = knowledge_sets(seed, families=tuple(FAMILIES))
        assert audit(sets, pretraining_worlds().values()) == []


def test_a_shared_fact_entity_question_or_topic_is_found():
    sets = knowledge_sets(0)
    a, b = sets["A"], sets["B"]
    shared = copy(b, facts=[*b.facts, a.facts[0]])
    assert any("A and B share 2 entities" in line for line in audit({"A": a, "B": shared}))
    assert any("1 facts" in line for line in audit({"A": a, "B": shared}))
    asked = copy(b, questions=[*b.questions, a.questions[0]])
    assert any("1 questions" in line for line in audit({"A": a, "B": asked}))
    named = copy(b)
    named.topics = a.topics
    assert any("topics" in line for line in audit({"A": a, "B": named}))


def test_a_stated_conclusion_a_foreign_premise_and_a_bad_option_are_found():
    a = knowledge_sets(0)["A"]
    question = a.select(kind="composition", split="holdout")[0]
    told = a.facts[0]._replace(phrasings=(question.conclusion,))
    assert any("is stated" in line for line in leaks(copy(a, facts=[*a.facts, told])))
    foreign = question._replace(premises=("wug is a dax.",))
    assert any("is no fact" in line for line in leaks(copy(a, questions=[foreign])))
    bad = question._replace(options=question.options[:1] * 2)
    assert any("options" in line for line in leaks(copy(a, questions=[bad])))
    reverse = a.select(kind="reversal")[0]
    fact = a.statements[reverse.premises[0].casefold()]
    both = fact._replace(phrasings=fact.aliases)  # stated in the other direction as well
    facts = [both if f is fact else f for f in a.facts]
    assert any("both directions" in line for line in leaks(copy(a, facts=facts)))

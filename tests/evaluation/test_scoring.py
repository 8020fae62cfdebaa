"""Scoring: every label with every family, and what counts as a right answer."""

import pytest

from rlrecall.evaluation.scoring import LABELS, label_premise, score, subject_of
from rlrecall.knowledge.build import FAMILIES, knowledge_sets
from rlrecall.knowledge.prompts import thought
from rlrecall.runs.config import Rewards
from rlrecall.training.rewards import reward_components, reward_weights, total_reward

KNOWLEDGE = knowledge_sets(families=tuple(FAMILIES))["B"]
TELLING = [q for q in KNOWLEDGE.questions if q.kind != "recall"]


def ask(family, quantifier=None):
    kind = "reversal" if family in ("reversal", "comparison", "simple_reversal") else "composition"
    pool = KNOWLEDGE.select(kind, family=family)
    return next(q for q in pool if quantifier in (None, q.group))


def label(sentence, question):
    return label_premise(sentence, question, KNOWLEDGE)[0]


def judge(completion, question, mode="think"):
    return score(completion, question, KNOWLEDGE, mode)


def fact_of(sentence):
    return KNOWLEDGE.statements[sentence.casefold()]


def wordings(fact):
    return (fact.text, *fact.phrasings, *fact.aliases)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_wording_of_a_gold_premise_is_gold(family):
    for question in KNOWLEDGE.select(family=family):
        for premise in question.premises:
            fact = fact_of(premise)
            turned = question.entailed or fact.aliases  # the answer itself, for a reversal
            turned = turned if question.kind == "reversal" else ()
            for text in wordings(fact):
                assert label(text, question) == ("true" if text in turned else "gold")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_wording_of_another_fact_is_true(family):
    question = ask(family)
    others = [f for f in KNOWLEDGE.facts if f.text not in question.premises]
    assert {label(text, question) for f in others for text in wordings(f)} == {"true"}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_wording_is_a_statement_about_someone_in_it(family):
    for fact in KNOWLEDGE.family_facts(family):
        for text in wordings(fact):
            assert subject_of(text) in (fact.subject, fact.object)
        assert subject_of(fact.text) == fact.subject


@pytest.mark.parametrize("question", TELLING, ids=lambda q: q.id)
def test_an_entailed_conclusion_is_true_and_not_gold(question):
    if question.conclusion:
        assert label(question.conclusion, question) == "true"
        assert judge(f"{question.conclusion} A: x.", question).false == 0


def test_statements_that_nothing_supports_are_false():
    hierarchy = ask("hierarchy")
    member, relation = hierarchy.id.split("/")[-2:]
    wrong = next(o for o in hierarchy.options if o != hierarchy.answer)
    syllogism = ask("syllogism", "no")
    subject = syllogism.id.split("/")[-1]
    predicate = next(o for o in syllogism.options if o != syllogism.answer)
    reversal = KNOWLEDGE.family_facts("reversal")
    swapped = reversal[0].text.replace(reversal[0].subject, reversal[1].subject)
    for text in (
        f"the {relation} of {member} is {wrong}.",
        f"{member} is a {wrong}.",
        f"{member} belongs to the {member}.",
        f"{member} has the {relation} {wrong}.",
        f"all {subject} are {predicate}.",
        f"no {subject} are {predicate}.",
        f"some {subject} are {predicate}.",  # subject may lie wholly outside
        f"all {predicate} are {subject}.",
        f"every {predicate} is {subject}.",
        f"none of the {subject} are {predicate}.",
        f"a few of the {subject} are {predicate}.",
        swapped,
        "wug is a dax.",  # words that no set has
    ):
        assert label(text, hierarchy) == "false", text


@pytest.mark.parametrize("question", [ask(family) for family in FAMILIES], ids=FAMILIES)
def test_what_is_cut_off_or_no_statement_is_unparsable(question):
    for premise in question.premises:
        words = premise.split()
        for end in range(1, len(words)):
            assert label(" ".join(words[:end]), question) == "unparsable"
        assert label(premise.removesuffix("."), question) == "unparsable"
        assert label(f"so {premise}", question) == "unparsable"
        assert label(f"{premise[:-1]} too.", question) == "unparsable"
    for text in ("", ".", "so.", "I do not know.", "nothing follows.", "not all a are b."):
        assert label(text, question) == "unparsable"


def test_no_and_some_count_in_either_direction_and_all_does_not():
    for quantifier, turned in (("no", "gold"), ("some", "gold"), ("all", "false")):
        recalls = KNOWLEDGE.select("recall", family="syllogism")
        question = next(q for q in recalls if q.group == quantifier)
        _, middle, _, predicate = question.premises[0].removesuffix(".").split()
        assert label(f"{quantifier} {predicate} are {middle}.", question) == turned


def test_a_fact_the_other_way_round_is_true_but_recalls_nothing_for_a_reversal():
    question = ask("reversal")
    fact = fact_of(question.premises[0])
    assert label(fact.aliases[0], question) == "true"
    assert judge(f"{fact.aliases[0]} A: {question.answer}.", question).gold_recalled == 0
    assert label(fact.text, question) == "gold"
    recall = next(q for q in KNOWLEDGE.select("recall") if q.premises == question.premises)
    assert label(fact.aliases[0], recall) == "gold"


@pytest.mark.parametrize("question", TELLING, ids=lambda q: q.id)
def test_the_ideal_thought_is_right_and_recalls_all(question):
    result = judge(thought(question.premises, question.answer), question)
    assert result.correct
    assert result.gold_recalled == 1
    assert result.false == 0
    assert [(p.text, p.label, p.position) for p in result.recalled] == [
        (premise, "gold", i) for i, premise in enumerate(question.premises)
    ]
    assert result.enumerated == tuple(fact_of(p).subject for p in question.premises)


def test_recall_is_a_share_and_a_premise_counts_once():
    question = ask("hierarchy")
    first, second = question.premises
    reworded = fact_of(first).phrasings[0]
    for sentences, share in (
        ([], 0),
        ([first], 0.5),
        ([first, first, first], 0.5),
        ([first, reworded], 0.5),
        ([first.upper(), reworded], 0.5),
        ([second, first], 1),
        ([second, reworded, first], 1),
        (["mumble.", second, "wug is a dax.", first], 1),
    ):
        assert judge(thought(sentences, "x"), question).gold_recalled == share


def test_a_false_statement_counts_once_however_often_it_is_repeated():
    question = ask("hierarchy")
    sentences = [
        "wug is a dax.",
        "wug  is a dax.",
        "dax is a wug.",
        question.premises[0],
        "mumble.",
    ]
    result = judge(thought(sentences, "x"), question)
    assert result.false == 2
    assert result.enumerated == ("wug", "wug", "dax", question.premises[0].split()[0])
    assert {p.label for p in result.recalled} == {"gold", "false", "unparsable"}
    assert {p.label for p in result.recalled} <= set(LABELS)


@pytest.mark.parametrize("mode", ["direct", "think", "context", "context-think"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_answer_must_be_the_whole_answer(family, mode):
    question = ask(family)
    mark = "A: " if "think" in mode else ""

    def right(answer):
        return judge(f"{mark}{answer}", question, mode).correct

    gold = question.answer
    for good in (
        gold,
        f"{gold}.",
        f" {gold} .",
        gold.upper(),
        gold.replace(" ", "  \n"),
        f"{gold}. x",
    ):
        assert right(good), good
    wrong = next(option for option in question.options if option != gold)
    for bad in (
        "",
        ".",
        wrong,
        f"{gold} {wrong}",
        f"{gold} or {wrong}",
        f"the answer is {gold}",
        f"not {gold}",
        f"{gold}, {wrong}",
        gold[:-1],
        gold + "s",
        f"{wrong}. {gold}.",
        f". {gold}",
        " ".join(question.options),
    ):
        assert not right(bad), bad


def test_a_thought_without_an_answer_is_wrong_even_if_it_says_the_answer():
    question = ask("hierarchy")
    for text in ("", question.answer, " ".join((*question.premises, question.conclusion))):
        result = judge(text, question)
        assert (result.answer, result.correct) == (None, False)


def test_a_direct_answer_recalls_nothing():
    question = ask("hierarchy")
    result = judge(thought(question.premises, question.answer), question, "direct")
    assert (result.recalled, result.gold_recalled, result.enumerated) == ((), 0, ())


def test_case_and_white_space_do_not_decide_over_a_fact():
    question = ask("reversal")
    (premise,) = question.premises
    assert label(premise.upper(), question) == "gold"
    assert label(premise.replace(" ", "  "), question) == "gold"


def test_case_does_not_decide_whether_a_statement_is_false():
    question = ask("hierarchy")
    false = f"the colour of {question.answer} is wug."
    assert label(false, question) == "false"
    assert label(false.capitalize(), question) == "false"


def test_case_does_not_decide_whom_a_gold_premise_is_about():
    question = ask("hierarchy")
    result = judge(thought([question.premises[1].capitalize()], "x"), question)
    assert len(result.enumerated) == 1


def test_an_entailed_conclusion_is_true_in_any_wording():
    question = ask("syllogism", "no")
    subject, predicate = question.id.split("/")[-1], question.answer
    assert label(f"no {subject} are {predicate}.", question) == "true"
    assert label(f"no {predicate} are {subject}.", question) == "true"


def test_an_inherited_attribute_is_true_in_any_wording():
    question = ask("hierarchy")
    member, relation = question.id.split("/")[-2:]
    assert label(f"the {relation} of {member} is {question.answer}.", question) == "true"
    assert label(f"{member} has the {relation} {question.answer}.", question) == "true"


def test_the_reward_for_recall_is_for_thoughts_that_come_to_an_answer():
    question = ask("hierarchy")
    recalling = " ".join(question.premises)
    weights = reward_weights(Rewards())
    for completion, reward in (
        (f"{recalling} A: {question.answer}.", weights["correct"] + weights["recalled"]),
        (
            f"{question.premises[0]} A: {question.answer}.",
            weights["correct"] + weights["recalled"] / 2,
        ),
        (recalling, 0.0),
        (f"{recalling} {recalling}", 0.0),
    ):
        assert total_reward(
            reward_components(judge(completion, question)), weights
        ) == pytest.approx(reward)
    assert judge(recalling, question).gold_recalled == 1  # as evaluator and viewer count it

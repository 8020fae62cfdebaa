"""Outcome, flags, source and enumeration of traces that show each of them."""

from made_up_traces import SETS, some_question, wrong_answer
from made_up_traces import record as make

from rlrecall.evaluation.outcomes import (
    MIN_CANDIDATES,
    Enumeration,
    enumeration,
    flags,
    outcome,
    source,
)
from rlrecall.knowledge.prompts import thought
from rlrecall.traces.view import render_record


def test_outcome_wants_every_premise_and_takes_any_wording_once():
    q = some_question()
    knowledge = SETS["B"]
    first, second = (knowledge.statements[p.casefold()] for p in q.premises)
    reworded = thought([first.phrasings[0], second.phrasings[0]], q.answer)
    assert outcome(make(q, reworded)) == "recalled"
    twice_the_same = thought([first.text, first.phrasings[0]], q.answer)
    assert outcome(make(q, twice_the_same)) == "lucky"


def test_flags_say_what_else_is_wrong_with_a_trace():
    q = some_question()
    untrue = f"{q.premises[0].split()[0]} is a {wrong_answer(q)}."
    for completion, finish, expected in (
        (thought(q.premises, q.answer), "eos", []),
        (thought([untrue], q.answer), "eos", ["hallucinated"]),
        (thought(["mumble."], q.answer), "eos", ["unparsable"]),
        (q.premises[0], "eos", ["unparsable"]),  # it gives no answer
        (f"{untrue} wug is", "length", ["truncated", "unparsable", "hallucinated"]),
    ):
        record = make(q, completion, finish=finish)
        assert flags(record) == expected
        assert f"outcome  {', '.join([outcome(record), *expected])}" in render_record(record).plain


def test_a_right_answer_is_recalled_copied_lucky_or_given_at_once():
    q = some_question()
    told = thought(q.premises, q.answer)
    assert source(make(q, told)) == "recalled"
    assert source(make(q, thought(q.premises[:1], q.answer))) == "lucky"
    assert source(make(q, f"{q.answer}.", mode="direct")) == "at once"
    for mode, said in (("context", f"{q.answer}."), ("context-think", told)):
        assert source(make(q, said, mode=mode)) == "copied"


def test_an_answer_that_the_question_names_is_copied_unless_its_premises_are_told():
    q = some_question()
    both = q._replace(prompt=f"{q.prompt} {wrong_answer(q)} or {q.answer.upper()}?")
    assert source(make(both, thought([], q.answer))) == "copied"
    assert source(make(both, thought(q.premises, q.answer))) == "recalled"
    within = q._replace(prompt=f"{q.prompt} x{q.answer}y")
    assert source(make(within, thought([], q.answer))) == "lucky", "part of a word is none"


def test_an_enumeration_names_three_different_candidates_in_a_thought_about_a_reversal():
    q, *others = SETS["B"].select("reversal")
    gold = q.premises[0]
    a, b, c, *_ = dict.fromkeys(p.premises[0] for p in others if p.premises[0] != gold)

    def found(*sentences, question=q, mode="think"):
        return enumeration(make(question, thought(sentences, question.answer), mode=mode))

    assert found(a, b) is None
    assert found(a, b, a, gold[:-1]) is None, "two, and a sentence that was cut off"
    assert found(a, b, c) == Enumeration(candidates=3, repeats=0, position=None, past=None)
    assert not found(a, b, c).hit
    repeated = found(a, b, a, "mumble.", gold, c, mode="think-sampled")
    assert repeated == Enumeration(candidates=4, repeats=1, position=4, past=1)
    assert repeated.hit
    assert MIN_CANDIDATES == 3
    assert found(a, b, c, question=some_question()) is None, "no question about a reversal"

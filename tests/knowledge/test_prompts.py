"""Prompts: how a question is put, and how a completion is taken apart."""

import pytest

from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.prompts import MODES, build_prompt, parse, thinks, thought

KNOWLEDGE = knowledge_sets()["A"]
QUESTION = KNOWLEDGE.select("composition", family="hierarchy")[0]


def test_modes_differ_in_their_context_and_their_last_word():
    prompts = {mode: build_prompt(QUESTION, mode, KNOWLEDGE) for mode in MODES}
    direct, think, sampled, context, context_think = prompts.values()
    assert think == sampled
    assert direct == f"Q: {QUESTION.prompt} A:"
    assert think == f"Q: {QUESTION.prompt} Think:"
    assert context.startswith("Facts: ")
    assert context.endswith(f" {direct}")
    assert context_think == context.removesuffix("A:") + "Think:"
    assert [mode for mode in MODES if thinks(mode)] == ["think", "think-sampled", "context-think"]


@pytest.mark.parametrize("family", ["hierarchy", "syllogism", "reversal"])
def test_a_context_states_every_fact_of_the_family_once_and_nothing_else(family):
    question = KNOWLEDGE.select(family=family)[0]
    prompt = build_prompt(question, "context", KNOWLEDGE)
    body = prompt.removeprefix("Facts: ").removesuffix(f" Q: {question.prompt} A:")
    sentences = [f"{s}." for s in body.removesuffix(".").split(". ")]
    assert sorted(sentences) == sorted(f.text for f in KNOWLEDGE.family_facts(family))


def test_a_context_is_shuffled_by_seed_and_question():
    other = KNOWLEDGE.select("composition", family="hierarchy")[1]
    contexts = {
        build_prompt(question, "context", KNOWLEDGE, seed).partition(" Q: ")[0]
        for question in (QUESTION, other)
        for seed in (0, 1)
    }
    assert len(contexts) == 4
    again = build_prompt(QUESTION, "context", KNOWLEDGE, 1)
    assert again == build_prompt(QUESTION, "context", KNOWLEDGE, 1)


def test_an_unknown_mode_is_refused_with_the_modes():
    with pytest.raises(
        ValueError, match="mode: 'thinking' is none of direct, think, think-sampled"
    ):
        build_prompt(QUESTION, "thinking", KNOWLEDGE)


@pytest.mark.parametrize("question", KNOWLEDGE.questions, ids=lambda q: q.id)
def test_a_thought_is_taken_apart_into_what_it_was_made_of(question):
    parts = parse(thought(question.premises, question.answer), "think")
    assert parts.sentences == question.premises
    assert parts.answer == question.answer


@pytest.mark.parametrize(
    ("completion", "sentences", "answer"),
    [
        ("", (), None),
        ("   ", (), None),
        ("A:", (), None),
        ("A: .", (), None),
        ("A: mip.", (), "mip"),
        ("A: mip", (), "mip"),
        ("A: mip. A: dax.", (), "mip"),
        ("A: mip. and more text", (), "mip"),
        ("wug is a dax. A: mip.", ("wug is a dax.",), "mip"),
        ("wug is a dax.", ("wug is a dax.",), None),
        ("wug is a dax. the colour of", ("wug is a dax.", "the colour of"), None),
        ("wug is a dax. the colour A: mip.", ("wug is a dax.", "the colour"), "mip"),
        ("wug  is\n a\tdax.A:mip .", ("wug is a dax.",), "mip"),
        ("... . A: mip.", (), "mip"),
        ('Ada made "Now." A: Bo. 3.5 of', ('Ada made "Now."',), "Bo"),
        ('pi is 3.14. A: the maker of "Now.".', ("pi is 3.14.",), 'the maker of "Now."'),
    ],
)
def test_thinking_completions_are_split_at_the_first_answer_mark(completion, sentences, answer):
    parts = parse(completion, "think")
    assert (parts.sentences, parts.answer) == (sentences, answer)
    assert parse(completion, "context-think") == parts


@pytest.mark.parametrize(
    ("completion", "answer"),
    [("mip.", "mip"), (" mip", "mip"), ("", None), (".", None), ("mip. Q: more", "mip")],
)
def test_direct_completions_are_all_answer(completion, answer):
    parts = parse(completion, "direct")
    assert (parts.sentences, parts.answer) == ((), answer)
    assert parse(completion, "context") == parts

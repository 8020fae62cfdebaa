"""Asking a run: which set is meant, what it does not know, what is shown."""

import io
import json

import pytest

from rlrecall.ask import Asker
from rlrecall.cli import main
from rlrecall.config import Config, Data, UserError
from rlrecall.knowledge.build import FAMILIES
from rlrecall.knowledge.core import Question
from rlrecall.runs import Run
from rlrecall.scoring import score


@pytest.fixture(scope="module")
def asker():
    return Asker(Config(data=Data(families=list(FAMILIES))))


@pytest.fixture
def place(tmp_path, monkeypatch, small_path):
    """A folder with a run whose model is random and says 12 words at most."""
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.eval.budgets = dict.fromkeys(config.eval.budgets, 12)
    run = Run.start(tmp_path / "checkpoints" / "s" / "base", config, "base", None)
    run.finish(model=str(small_path))
    return tmp_path


def fails(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    said = capsys.readouterr()
    assert stop.value.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_every_question_is_found_in_its_set_and_names_nothing_unknown(asker):
    for name, knowledge in asker.sets.items():
        for q in knowledge.questions:
            typed = f"  {q.prompt.upper().rstrip('?')} "
            found, own, unknown = asker.question(typed, None, "think")
            assert (found.set, own, unknown) == (name, True, [])
            assert asker.words[name].unknown(q.prompt) == []


def test_the_set_is_that_whose_names_are_said(asker, monkeypatch):
    monkeypatch.setattr(asker, "prompts", {name: {} for name in asker.sets})
    for name, knowledge in asker.sets.items():
        for q in knowledge.questions:
            assert asker.guess_set(q.prompt) == name
    with pytest.raises(UserError, match=r"nothing in 'Who is Zorp.' tells the sets A, B, C, D ap"):
        asker.guess_set("Who is Zorp?")


def test_what_a_set_does_not_know_is_named(asker):
    person = next(q.answer for q in asker.sets["B"].select("reversal", family="reversal"))
    other = next(q.answer for q in asker.sets["A"].select("reversal", family="reversal"))
    for text, expected in (
        (f"Who is {person}?", []),
        (f"Who is {person} and Zorp?", ["Zorp"]),
        (f"Who is {person} or {other}?", [f"{other} (of set A)"]),
        (f"Who is {person}, the queen of the purple moon?", ["queen", "purple moon"]),
    ):
        assert asker.question(text, "B", "think")[2] == expected


def test_a_context_is_of_the_family_that_the_question_names(asker):
    person = next(q.answer for q in asker.sets["B"].select("reversal", family="reversal"))
    found, own, _ = asker.question(f"Is {person} tall?", None, "context")
    assert (found.set, found.family, own) == ("B", "reversal", False)
    with pytest.raises(UserError, match=r"no fact of set B is about 'Who is Zorp.', so none"):
        asker.question("Who is Zorp?", "B", "context")


def test_sentences_of_a_free_question_are_labelled_without_a_gold_answer(sets):
    knowledge = sets["B"]
    own = Question("", "B", "", "", "", "", "Well?", "", premises=(), options=())
    fact = knowledge.facts[0]
    said = f"{fact.text} {fact.subject} is a {fact.subject}. mumble. A: x."
    verdict = score(said, own, knowledge, "think")
    assert [p.label for p in verdict.recalled] == ["true", "false", "unparsable"]
    assert (verdict.gold_recalled, verdict.correct, own.chance) == (0.0, False, 0.0)


def test_a_question_of_the_set_is_answered_and_judged(place, sets, capsys):
    q = sets["B"].select("composition")[0]
    main(["ask", "s/base", q.prompt, "--json"])
    record = json.loads(capsys.readouterr().out)
    assert (record["question_id"], record["gold_answer"]) == (q.id, q.answer)
    assert record["prompt"] == f"Q: {q.prompt} Think:"
    assert record["n_tokens"] <= 12
    verdict = score(record["completion"], q, sets["B"], "think")
    assert [p["label"] for p in record["recalled"]] == [p.label for p in verdict.recalled]
    main(["ask", "s/base", q.prompt])
    out = capsys.readouterr().out
    assert out.startswith(f"{record['completion']}\n\n{q.id}  base step 0, think")
    assert f"  gold     {q.answer}\n" in out


@pytest.mark.parametrize("mode", ["direct", "think-sampled", "context", "context-think"])
def test_it_is_asked_in_any_mode(place, sets, capsys, mode):
    q = sets["B"].select("composition")[0]
    said = []
    for seed in ("1", "1", "2"):
        main(["ask", "s/base", q.prompt, "--mode", mode, "--seed", seed, "--json"])
        said.append(json.loads(capsys.readouterr().out))
    assert said[0]["mode"] == mode
    assert said[0]["prompt"].startswith("Facts: ") == mode.startswith("context")
    assert said[0] == said[1]
    assert (said[1]["completion"] == said[2]["completion"]) == (mode != "think-sampled")


def test_a_free_question_is_labelled_and_not_judged(place, capsys):
    main(["ask", "s/base", "Who is Zorp\x1b[2J?", "--set", "B"])
    out = capsys.readouterr().out
    assert "set B does not know: Zorp 2J\n" in out
    assert "the model has no token for: Zorp, 2J\n" in out
    assert "your question  base step 0, think, set B, sample 0" in out
    assert "not judged" in out
    assert "gold" not in out
    assert "\x1b" not in out
    main(["ask", "s/base", "--set", "B", "--json", "Who is Zorp?"])
    record = json.loads(capsys.readouterr().out)
    assert (record["correct"], record["gold_answer"], record["unknown"]) == (None, None, ["Zorp"])


def test_without_a_question_each_line_is_one_until_an_empty_one(place, sets, capsys, monkeypatch):
    a, b = (sets[name].select("recall")[0] for name in "AB")
    lines = f"{a.prompt}\nWho is Zorp?\n{b.prompt}\n\n{a.prompt}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    main(["ask", "s/base", "--json"])
    said = capsys.readouterr()
    assert [json.loads(line)["question_id"] for line in said.out.splitlines()] == [a.id, b.id]
    assert said.err.count("\n") == 1, "a mistake ends nothing"
    assert "tells the sets A, B, C, D apart; give --set" in said.err


def test_mistakes_are_one_line(place, capsys, small_path):
    for arguments, said in (
        (("s/bas", "x"), "'s/bas' does not exist; did you mean 's/base'?"),
        (("s/base", " "), "the question is empty"),
        (("s/base", "Who is Zorp?"), "give --set"),
        (("s/base", "x", "--set", "E"), "--set: 'E' is unknown; one of: A, B, C, D"),
        (("s/base", "x", "--mode", "thinks"), "--mode: 'thinks' is unknown; did you mean 'think'?"),
        (("s/base", "x " * 2000, "--set", "A"), "the model has room for 1024"),
    ):
        assert said in fails(capsys, "ask", *arguments)

"""Asking a run: which set is meant, what it does not know, what is shown."""

import io
import json
import re

import pytest
from made_up_traces import BLANK, ESCAPE, HOSTILE, some_question, wrong_answer
from made_up_traces import record as make
from rich.cells import cell_len

from rlrecall.cli.main import main
from rlrecall.evaluation.records import parse_record
from rlrecall.evaluation.scoring import score
from rlrecall.knowledge.build import FAMILIES
from rlrecall.knowledge.core import Question
from rlrecall.knowledge.prompts import thought
from rlrecall.runs.config import Config, Data
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run
from rlrecall.runs.recipes import load_config
from rlrecall.runs.sets import sets_of
from rlrecall.traces.live import LiveTrace
from rlrecall.traces.question_matching import QuestionMatcher
from rlrecall.traces.view import legend, record_heading, render_record


@pytest.fixture(scope="module")
def matcher():
    return QuestionMatcher(sets_of(Config(data=Data(families=list(FAMILIES)))))


@pytest.fixture
def place(tmp_path, monkeypatch, small_path):
    """A folder with a run whose model is random and says 12 words at most."""
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.eval.budgets = dict.fromkeys(config.eval.budgets, 12)
    run = Run.start(tmp_path / "checkpoints" / "s" / "base", config, "base", None)
    run.finish(model=str(small_path))
    return tmp_path


def test_every_question_is_found_in_its_set_and_names_nothing_unknown(matcher):
    for name, knowledge in matcher.sets.items():
        for q in knowledge.questions:
            typed = f"  {q.prompt.upper().rstrip('?')} "
            found = matcher.match(typed, None, "think")
            assert (found.question, found.in_set, found.unknown) == (q, True, [])
            assert matcher.vocabularies[name].unknown(q.prompt) == []


def test_the_set_is_that_whose_names_are_said(matcher, monkeypatch):
    monkeypatch.setattr(matcher, "prompts", {name: {} for name in matcher.sets})
    for name, knowledge in matcher.sets.items():
        for q in knowledge.questions:
            assert matcher.guess_set(q.prompt) == name
    with pytest.raises(UserError, match=r"nothing in 'Who is Zorp.' tells the sets A, B, C, D ap"):
        matcher.guess_set("Who is Zorp?")


def test_what_a_set_does_not_know_is_named(matcher):
    person = next(q.answer for q in matcher.sets["B"].select("reversal", family="reversal"))
    other = next(q.answer for q in matcher.sets["A"].select("reversal", family="reversal"))
    for text, expected in (
        (f"Who is {person}?", []),
        (f"Who is {person} and Zorp?", ["Zorp"]),
        (f"Who is {person} or {other}?", [f"{other} (of set A)"]),
        (f"Who is {person}, the queen of the purple moon?", ["queen", "purple moon"]),
    ):
        assert matcher.match(text, "B", "think").unknown == expected


def test_long_descriptions_are_names_too():
    changes = ["data.scale=paper", "data.families=[reversal]"]
    matcher = QuestionMatcher(sets_of(load_config("configs/tiny.yaml", changes)))
    q = matcher.sets["B"].select("reversal", family="reversal")[0]
    asked = q.prompt.replace("Who is", "Who really is")
    found = matcher.match(asked, None, "context")
    assert (found.question.set, found.question.family) == ("B", "reversal")
    assert (found.in_set, found.unknown) == (False, ["really"])
    assert matcher.vocabularies["B"].longest >= 13


def test_a_context_is_of_the_family_that_the_question_names(matcher):
    person = next(q.answer for q in matcher.sets["B"].select("reversal", family="reversal"))
    found = matcher.match(f"Is {person} tall?", None, "context")
    assert (found.question.set, found.question.family) == ("B", "reversal")
    assert not found.in_set
    with pytest.raises(UserError, match=r"no fact of set B is about 'Who is Zorp.', so none"):
        matcher.match("Who is Zorp?", "B", "context")


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
    assert out == f"{legend().plain}{render_record(parse_record(record)).plain}", (
        "what view shows of it, and once"
    )


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
    assert "your question  base, think, set B, sample 0" in out
    assert "not judged" in out
    assert "  gold  " not in out
    assert "\x1b" not in out
    main(["ask", "s/base", "--set", "B", "--json", "Who is Zorp?"])
    record = json.loads(capsys.readouterr().out)
    assert (record["correct"], record["gold_answer"], record["unknown"]) == (None, None, ["Zorp"])


class Pieces:
    """A tokenizer whose tokens are numbers of `texts`: what is said when so many are there."""

    def __init__(self, texts):
        self.texts = texts

    def decode(self, ids, skip_special_tokens):
        return self.texts[len(ids) - 1]


def follow(record, texts, read, sets):
    """What `read` gives after the heading, after each of `texts`, and in the end."""
    question = next(q for q in sets["B"].questions if q.id == record.question_id)
    trace = LiveTrace(Pieces(texts), question, sets["B"], record.mode, record_heading(record))
    seen = [read()]
    for count in range(1, len(texts) + 1):
        trace([0] * count)
        seen.append(read())
    trace.end(record)
    return [*seen, read()]


def letters(text):
    return [text[:end] for end in range(1, len(text) + 1)]


def screen(monkeypatch):
    """Makes a terminal of 60 columns; the function gives what it got since it was last called."""

    class Screen(io.StringIO):
        def isatty(self):
            return True

    terminal = Screen()
    monkeypatch.setattr("sys.stdout", terminal)
    for name, value in (("TERM", "xterm-256color"), ("COLUMNS", "60")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def read():
        got = terminal.getvalue()
        terminal.seek(0)
        terminal.truncate()
        return got

    return read


CODE = re.compile(rf"{ESCAPE}\[[\d;]*m")
ERASE = f"\r{ESCAPE}[2K"


def remaining(written):
    """What stays on a screen, without its colours."""
    return CODE.sub("", "\n".join(line.split(ERASE)[-1] for line in written.split("\n")))


def said(sets):
    """A thought with a sentence of each label, whose last is cut off."""
    q, other = some_question(), sets["B"].select("reversal")[0].premises[0]
    untrue = f"{q.premises[0].split()[0]} is a {wrong_answer(q)}."
    return q, f"{q.premises[0]} {other} {untrue} about 3.5 of them. wug is a"


def test_the_mark_of_the_answer_takes_nothing_back(sets, capsys):
    q, _ = said(sets)
    text = thought(q.premises, q.answer)
    record = make(q, text)
    seen = follow(record, letters(text), lambda: capsys.readouterr().out, sets)
    assert "".join(seen) == render_record(record).plain


def test_a_pipe_gets_each_sentence_with_its_label_when_it_is_complete(sets, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    q, text = said(sets)
    record = make(q, text, finish="length")
    seen = follow(record, letters(text), lambda: capsys.readouterr().out, sets)
    assert "".join(seen) == render_record(record).plain
    lines = render_record(record).plain.splitlines(keepends=True)
    sentences = [p.text for p in record.recalled]
    labels = "gold true false unparsable unparsable".split()
    assert [p.label for p in record.recalled] == labels
    for i, sentence in enumerate(sentences[:-1]):
        # The letter behind the space after the stop is the first that shows the stop to be one.
        assert seen[text.index(sentence) + len(sentence) + 2] == lines[2 + i]
    assert [part for part in seen[1:-1] if part] == lines[2:6]
    assert seen[0] == "".join(lines[:2]), "what is asked stands there before anything is said"
    assert seen[-1].startswith(
        f"           ? wug is a\n  answer   wrong (cut off at {record.n_tokens} tokens): (none"
    )


def test_a_terminal_shows_the_label_with_the_stop_and_writes_its_last_line_over(sets, monkeypatch):
    read = screen(monkeypatch)
    q, text = said(sets)
    record = make(q, text, finish="length")
    seen = follow(record, letters(text), read, sets)
    assert remaining("".join(seen)) == render_record(record).plain
    for premise, mark in zip(record.recalled[:-1], "✓·✗?", strict=True):
        stop = text.index(premise.text) + len(premise.text)
        assert remaining(seen[stop]).strip() == f"{mark} {premise.text}"
        assert remaining(seen[stop - 1]).strip() == premise.text[:-1], "no label before it"
    assert f"{ESCAPE}[32m✓ {q.premises[0]}" in "".join(seen)
    mistaken = remaining(seen[text.index("3.5") + 2])
    assert mistaken.strip() == "? about 3.", "a stop until the 5 is there"
    assert remaining(seen[text.index("3.5") + 3]).strip() == "about 3.5"


@pytest.mark.parametrize("letter", "a\u6f22\u0301\u202e")
def test_the_line_that_is_written_over_never_wraps(letter, sets, monkeypatch):
    read = screen(monkeypatch)
    text = letter * 200
    record = make(some_question(), text)
    for part in follow(record, letters(text), read, sets)[1:-1]:
        assert ESCAPE not in remaining(part)
        assert cell_len(remaining(part)) < 60
    record = make(some_question(), text, mode="direct")
    seen = follow(record, letters(text), read, sets)
    assert max(cell_len(remaining(part)) for part in seen[1:-1]) < 60
    assert remaining(seen[-1]).startswith("  answer   wrong: ")


def test_what_a_tokenizer_takes_back_is_said_and_shown_anew(sets, capsys):
    q, other = some_question(), sets["B"].select("reversal")[0].premises[0]
    first, second = q.premises
    text = f"{first} {second} A: {q.answer}."
    texts = [f"{first} ", f"{first} {other} so", f"{first} \ufffd", f"{first} {second} A", text]
    record = make(q, text)
    seen = follow(record, texts, lambda: capsys.readouterr().out, sets)
    indent = " " * 11
    assert seen[1:-2] == [
        "",
        f"{indent}✓ {first}\n{indent}· {other}\n",
        "",
        f"{indent}(revised:)\n{indent}✓ {first}\n{indent}✓ {second}\n",
    ]
    assert seen[-2] == "", "nothing is shown twice without need"
    assert seen[-1].startswith(f"  answer   right: {q.answer}\n")


def test_a_direct_answer_is_shown_as_it_comes_and_what_follows_it_is_not_lost(sets, monkeypatch):
    read = screen(monkeypatch)
    q = some_question()
    text = f"{q.answer}. {q.premises[0]}"
    record = make(q, text, mode="direct")
    seen = follow(record, letters(text), read, sets)
    assert remaining(seen[2]) == f"  answer   {q.answer[:2]}"
    shown = remaining("".join(seen))
    assert shown == f"{render_record(record).plain[:-1]}  ignored  {q.premises[0]}\n\n"
    record = make(q, thought(q.premises, f"{q.answer}. Well, well"))
    assert "  ignored  Well, well.\n" in remaining("".join(follow(record, [], read, sets)))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_inert_while_it_is_written(text, sets, monkeypatch):
    read = screen(monkeypatch)
    text = f"[red]{text} is. {text}. ✓ {text} A: {text}. {text}"
    record = make(some_question(), text)
    on_screen = "".join(follow(record, letters(text), read, sets))
    monkeypatch.setattr("sys.stdout", pipe := io.StringIO())
    follow(record, letters(text), str, sets)
    for shown in (CODE.sub("", on_screen.replace(ERASE, "")), pipe.getvalue()):
        assert all(char.isprintable() and char not in BLANK for char in shown.replace("\n", ""))
    assert remaining(on_screen) == pipe.getvalue()
    assert "[red]" in pipe.getvalue()


def test_without_a_question_each_line_is_one_until_an_empty_one(place, sets, capsys, monkeypatch):
    a, b = (sets[name].select("recall")[0] for name in "AB")
    lines = f"{a.prompt}\nWho is Zorp?\n{b.prompt}\n\n{a.prompt}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    main(["ask", "s/base", "--json"])
    said = capsys.readouterr()
    assert [json.loads(line)["question_id"] for line in said.out.splitlines()] == [a.id, b.id]
    assert said.err.count("\n") == 1, "a mistake ends nothing"
    assert "tells the sets A, B, C, D apart; give --set" in said.err


def test_mistakes_are_one_line(place, fails, small_path):
    for arguments, said in (
        (("s/bas", "x"), "'s/bas' does not exist; did you mean 's/base'?"),
        (("s/base", " "), "the question is empty"),
        (("s/base", "Who is Zorp?"), "give --set"),
        (("s/base", "x", "--set", "E"), "--set: 'E' is unknown; one of: A, B, C, D"),
        (("s/base", "x", "--mode", "thinks"), "--mode: 'thinks' is unknown; did you mean 'think'?"),
        (("s/base", "x " * 2000, "--set", "A"), "the model has room for 1024"),
    ):
        assert said in fails("ask", *arguments)
        assert fails.out == ""

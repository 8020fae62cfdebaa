"""A trace as lines to read: what is shown of it, and how hostile text is kept harmless."""

import io
import time

import pytest
from made_up_traces import BLANK, ESCAPE, HOSTILE, SETS, some_question, wrong_answer
from made_up_traces import record as make
from rich.console import Console

from rlrecall.evaluation.records import append
from rlrecall.evaluation.scoring import Premise
from rlrecall.knowledge.prompts import thought
from rlrecall.traces.escape import visible
from rlrecall.traces.view import render_record, view


def test_a_record_reads_without_colour():
    q = some_question()
    fact = next(f for f in SETS["B"].facts if f.text not in q.premises)
    untrue = f"{q.premises[0].split()[0]} is a {wrong_answer(q)}."
    sentences = [q.premises[0], fact.text, untrue, "mumble mumble."]
    text = render_record(make(q, thought(sentences, q.answer))).plain
    for mark, sentence in zip("✓·✗?", sentences, strict=True):
        assert f"{mark} {sentence}\n" in text
    assert f"right: {q.answer}\n" in text
    assert " ".join(q.premises) in text
    assert f"Q: {q.prompt} Think:" in text


def test_labels_differ_in_colour_too():
    q = some_question()
    text = render_record(make(q, thought([q.premises[0], "mumble."], wrong_answer(q))))
    styles = {text.plain[s.start : s.end]: s.style for s in text.spans}
    assert styles[f"✓ {q.premises[0]}"] == "green"
    assert styles["? mumble."] == "yellow"
    assert styles[f"wrong: {wrong_answer(q)}"] == "red"


def test_rewards_cuts_and_missing_answers_are_shown():
    q = some_question()
    made = make(q, "wug is", finish="length", rewards={"correct": 1.0, "recall": 0.25}, reward=1.5)
    text = render_record(made).plain
    assert "wrong (cut off at 2 tokens): (none given)" in text
    assert "correct 1, recall 0.25, in all 1.5" in text
    assert "? wug is\n" in text
    assert "rewards" not in render_record(make(q, "x.")).plain


def test_a_long_context_is_shortened_and_its_question_is_not():
    q = some_question()
    record = make(q, f"{q.answer}.", mode="context")
    text = render_record(record).plain
    assert len(record.prompt) > 800
    assert "… (40 sentences)" in text
    assert f"Q: {q.prompt} A:" in text
    assert max(map(len, text.splitlines())) < 320


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_shown_as_codes_wherever_it_stands(text):
    q = some_question()
    record = make(q, thought(q.premises, q.answer))
    for name in ("question_id", "arm", "mode", "split", "prompt", "gold_answer", "answer"):
        setattr(record, name, text)
    record.gold_premises = [text]
    record.recalled = [Premise(text, text, 0)]
    record.rewards = {text: 1.0}
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, color_system=None, width=200)
    console.print(render_record(record), soft_wrap=True, end="")
    lines = printed.getvalue().split("\n")
    assert len(lines) == 10, "it may not add a line"
    plain = render_record(record).plain
    assert all(char.isprintable() and char not in BLANK for char in plain.replace("\n", ""))
    hidden = [char for char in text if not char.isprintable() or char in BLANK]
    assert hidden
    for char in hidden:
        assert f"\\u{ord(char):04x}" in plain or f"\\U{ord(char):08x}" in plain


def test_ordinary_text_is_shown_as_it_is():
    text = "Zoë is the naïve 漢字 reader — 5 € “quoted” [x] 😀 الف\u00a0e\u0301"
    assert visible(text) == text


def test_a_line_of_a_megabyte_is_shown_in_time(tmp_path, capsys):
    q = some_question()
    said = f"{ESCAPE}[31m\u202e" * 2**17
    append(tmp_path / "eval" / "B" / "answers.jsonl", [make(q, f"A: {said}")])
    started = time.monotonic()
    view(tmp_path)
    assert time.monotonic() - started < 10
    assert r"\u001b[31m\u202e" * 2**17 in capsys.readouterr().out


def test_markup_links_and_emoji_codes_are_not_interpreted():
    q = some_question()
    markup = "[red]a[/red] [link=http://x]b[/link] :warning: [/]"
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, color_system="truecolor", width=200)
    console.print(render_record(make(q, f"{markup} A: {markup}")), soft_wrap=True)
    assert printed.getvalue().count(markup.split(" :")[0]) == 2
    assert ":warning:" in printed.getvalue()
    assert f"{ESCAPE}]8" not in printed.getvalue()

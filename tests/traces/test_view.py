"""Reading transcripts in the terminal: which are found, chosen and printed.

How a record is shown is in test_render.py.
"""

import contextlib
import json
import os
import pty
import subprocess
import sys

import pytest
from made_up_traces import ESCAPE, SETS, some_question, wrong_answer
from made_up_traces import record as make

from rlrecall.evaluation.outcomes import outcome
from rlrecall.evaluation.records import append, parse_record
from rlrecall.knowledge.prompts import thought
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.view import view

VIEW = (
    "import pathlib, sys; from rlrecall.traces.view import view; "
    "view(pathlib.Path(sys.argv[1]), as_json='json' in sys.argv)"
)


@pytest.fixture
def run(tmp_path):
    """A run: two evaluations with a record of each outcome, and a training rollout."""
    q, s = some_question(), some_question("A", "syllogism")
    append(
        tmp_path / "eval" / "B-holdout-think" / "answers.jsonl",
        [
            make(q, thought(q.premises, q.answer)),
            make(q, thought(q.premises[:1], q.answer), k=1),
            make(q, thought(q.premises, wrong_answer(q)), k=2),
        ],
    )
    append(
        tmp_path / "eval" / "A-holdout-direct" / "answers.jsonl",
        [make(s, f"{wrong_answer(s)}.", mode="direct", arm="base")],
    )
    append(
        tmp_path / "transcripts" / "rl" / "step-7.jsonl",
        [make(s, thought(s.premises, s.answer), rewards={"correct": 1.0, "recall": 0.5}, reward=3)],
    )
    return tmp_path


def test_transcripts_of_evaluations_and_training_are_found_in_order(run):
    found = [str(path.relative_to(run)) for path in find_transcripts(run)]
    assert found == [
        "eval/A-holdout-direct/answers.jsonl",
        "eval/B-holdout-think/answers.jsonl",
        "transcripts/rl/step-7.jsonl",
    ]
    assert find_transcripts(run.parent)  # a study is a folder of runs


def test_a_missing_or_empty_run_is_one_clear_line(tmp_path):
    with pytest.raises(ValueError, match=r"^run: .*/nowhere does not exist$"):
        find_transcripts(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"^run: .* has no transcripts .*$"):
        find_transcripts(tmp_path)


def test_outcome_tells_recall_from_luck(run):
    outcomes = [outcome(record) for record in select_records(find_transcripts(run), Filters())]
    assert outcomes == ["neither", "recalled", "lucky", "misused", "recalled"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(), 5),
        (Filters(set="B"), 3),
        (Filters(kind="composition", split="holdout"), 5),
        (Filters(mode="direct"), 1),
        (Filters(family="syllogism"), 2),
        (Filters(arm="base", outcome="lucky"), 0),
        (Filters(outcome="recalled"), 2),
        (Filters(outcome="misused", set="B"), 1),
        (Filters(outcome="truncated"), 0),
        (Filters(outcome="unparsable"), 0),
        (Filters(id=some_question().id), 3),
        (Filters(id=some_question().id, outcome="lucky"), 1),
        (Filters(text="nothing like this"), 0),
    ],
)
def test_filters_combine(run, filters, count):
    assert len(select_records(find_transcripts(run), filters)) == count


def test_a_trace_by_its_id_is_shown_whole(tmp_path, capsys):
    q = some_question()
    records = [
        make(q, f"{q.answer}. And {ESCAPE}[2J more.", mode="context"),
        make(some_question("A"), "x."),
    ]
    append(tmp_path / "eval" / "B" / "answers.jsonl", records)
    view(tmp_path, Filters(id=q.id))
    out = capsys.readouterr().out
    assert f"  written  {q.answer}. And \\u001b[2J more.\n" in out
    assert records[0].prompt in out
    assert "1 of 1 records" in out
    with pytest.raises(ValueError, match=f"^id: '{q.id}x' is unknown; the nearest: {q.id}, "):
        view(tmp_path, Filters(id=f"{q.id}x"))


def test_what_could_not_be_read_is_said_and_the_rest_is_shown(run, capsys):
    path = run / "transcripts" / "rl" / "step-7.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    other = run / "transcripts" / "new.jsonl"
    other.write_text('{"schema": 9}\n')
    view(run)
    printed = capsys.readouterr()
    assert "4 of 4 records" in printed.out
    assert f"{other}:1: schema 9, this version reads 1\n" in printed.err
    assert f"1 torn last lines: {path}\n" in printed.err


def test_text_is_searched_in_question_and_completion_but_not_in_a_context(tmp_path):
    q = some_question()
    elsewhere = next(f for f in SETS["B"].facts if f.text not in q.premises)
    append(tmp_path / "t.jsonl", [make(q, f"{q.answer}.", mode="context")])
    paths = [tmp_path / "t.jsonl"]
    assert len(select_records(paths, Filters(text=q.prompt.upper()))) == 1
    assert len(select_records(paths, Filters(text=q.answer))) == 1
    assert not select_records(paths, Filters(text=elsewhere.text))


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (Filters(mode="thinks"), "mode: 'thinks' is unknown; did you mean 'think'?"),
        (Filters(outcome="recaled"), "outcome: 'recaled' is unknown; did you mean 'recalled'?"),
        (Filters(set="Q"), "set: 'Q' is unknown; one of: A, B"),
    ],
)
def test_an_unknown_filter_value_names_the_nearest_choice(run, filters, said):
    with pytest.raises(ValueError, match="is unknown") as caught:
        select_records(find_transcripts(run), filters)
    assert str(caught.value) == said


def in_terminal(run, pager):
    """(exit status, what a terminal gets) of `view` on `run`."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", VIEW, str(run)],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env={**os.environ, "TERM": "xterm-256color", "PAGER": pager},
    )
    os.close(theirs)
    out = b""
    with contextlib.suppress(OSError):  # that is how the end of a terminal is told
        while part := os.read(ours, 4096):
            out += part
    os.close(ours)
    return process.wait(60), out.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("pager", ["cat", "/no/such/pager"])
def test_a_terminal_gets_colour_and_a_pager_where_there_is_one(run, pager):
    status, out = in_terminal(run, pager)
    assert status == 0
    assert f"{ESCAPE}[32m✓ gold" in out
    assert out.count("outcome  ") == 5


def test_a_pager_may_be_left_before_the_end(run):
    path = run / "eval" / "B-holdout-think" / "answers.jsonl"
    path.write_text(path.read_text() * 300)
    status, out = in_terminal(run, "head -1")
    assert status == 0
    assert len(out.splitlines()) == 1
    assert "902 of 902 records" in out


def test_a_pipe_gets_neither_colour_nor_pager(run, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("PAGER", "false")
    view(run, pager=True)
    out = capsys.readouterr().out
    assert ESCAPE not in out
    assert "5 of 5 records; of all: 2 recalled, 1 lucky, 1 misused, 1 neither" in out
    assert "✓ gold  · true  ✗ false  ? unparsable" in out


def test_json_lines_are_the_records_in_plain_ascii(run, capsys):
    view(run, as_json=True)
    out = capsys.readouterr().out
    assert out.isascii()
    lines = [parse_record(json.loads(line)) for line in out.splitlines()]
    assert lines == select_records(find_transcripts(run), Filters())


def test_order_is_that_of_the_files_unless_a_seed_draws_it(run, capsys):
    def answers(**arguments):
        view(run, as_json=True, **arguments)
        return [
            (r["question_id"], r["mode"], r["k"])
            for r in map(json.loads, capsys.readouterr().out.splitlines())
        ]

    whole = answers()
    assert answers(limit=2) == whole[:2]
    drawn = [answers(seed=seed) for seed in range(6)]
    assert drawn == [answers(seed=seed) for seed in range(6)]
    assert all(sorted(order) == sorted(whole) for order in drawn)
    assert any(order != whole for order in drawn)
    assert answers(seed=3, limit=2) == drawn[3][:2]


def test_nothing_to_show_is_said_on_standard_error(run, capsys):
    view(run, Filters(text="nothing like this"))
    assert capsys.readouterr() == ("", "no record matches\n")
    with pytest.raises(ValueError, match="limit: 0"):
        view(run, limit=0)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_reader_that_hangs_up_ends_it_quietly(run, as_json):
    """`rlrecall view RUN | head -1`, on more text than a pipe holds."""
    path = run / "eval" / "B-holdout-think" / "answers.jsonl"
    path.write_text(path.read_text() * 300)
    process = subprocess.Popen(
        [sys.executable, "-c", VIEW, str(run), *["json"] * as_json],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 0

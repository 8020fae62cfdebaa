"""Transcripts: what is written is read again, and what is damaged is named."""

import json
from dataclasses import asdict

import pytest

from rlrecall.evaluation.records import (
    SCHEMA,
    Record,
    append,
    question_fields,
    read_all_records,
    read_records,
)
from rlrecall.evaluation.scoring import score
from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.prompts import thought

SETS = knowledge_sets()


def make(question, completion, k=0):
    return Record(
        **question_fields(question, score(completion, question, SETS[question.set], "think")),
        run="r",
        arm="rl",
        stage="eval",
        step=0,
        mode="think",
        k=k,
        prompt=f"Q: {question.prompt} Think:",
        completion=completion,
        finish="eos",
        n_tokens=12,
    )


@pytest.fixture
def records():
    question = SETS["A"].select("composition")[0]
    good = thought(question.premises, question.answer)
    odd = 'line\nbreak \u2028 \x1b[31m "quoted" \\ \U0001f600 é. A: \u202ex'
    return [make(question, text, k) for k, text in enumerate([good, odd, ""])]


def test_records_are_read_as_they_were_written(tmp_path, records):
    path = tmp_path / "new" / "folder" / "answers.jsonl"
    append(path, records[:1])
    append(path, records[1:])
    append(path, [])
    assert list(read_records(path)) == records
    assert path.read_text(encoding="utf-8").count("\n") == 3


def test_a_record_keeps_what_score_said(records):
    record, question = records[0], SETS["A"].select("composition")[0]
    assert record.correct
    assert record.answer == record.gold_answer == question.answer
    assert record.gold_recalled == 1.0
    assert [(p.text, p.label, p.position) for p in record.recalled] == [
        (premise, "gold", i) for i, premise in enumerate(question.premises)
    ]
    assert record.cluster == f"A/{question.cluster}"
    assert (records[2].answer, records[2].correct, records[2].recalled) == (None, False, [])


def test_a_torn_last_line_is_left_out_wherever_it_is_torn(tmp_path, records):
    path = tmp_path / "answers.jsonl"
    append(path, records[:1])
    whole = path.read_bytes()
    line = json.dumps(asdict(make(SETS["A"].questions[0], "plain. A: text."))).encode()
    for cut in range(1, len(line), 7):
        path.write_bytes(whole + line[:cut])
        assert list(read_records(path)) == records[:1]
    path.write_bytes(whole + line)  # only its newline is missing
    assert len(list(read_records(path))) == 2


def test_a_last_line_torn_within_a_character_is_left_out(tmp_path, records):
    path = tmp_path / "answers.jsonl"
    append(path, records[:1])
    path.write_bytes(path.read_bytes() + '{"completion": "é'.encode()[:-1])
    assert len(list(read_records(path))) == 1


def test_what_is_added_behind_a_torn_line_can_be_read(tmp_path, records):
    path = tmp_path / "answers.jsonl"
    append(path, records[:1])
    path.write_bytes(path.read_bytes() + b'{"schema": 1, "ru')
    append(path, records[1:])
    assert list(read_records(path)) == records


def test_damage_in_the_middle_is_named_with_its_line(tmp_path, records):
    path = tmp_path / "answers.jsonl"
    append(path, records)
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join([lines[0], lines[1][:50], lines[2], ""]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"answers.jsonl:2: not JSON"):
        list(read_records(path))
    path.write_text(f"{lines[0]}\nnonsense\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"answers.jsonl:2: not JSON"):
        list(read_records(path))


@pytest.mark.parametrize(
    ("line", "found"),
    [('{"schema": 2}', "schema 2"), ("{}", "schema None"), ("[1]", "schema None")],
)
def test_another_schema_is_refused_even_on_the_last_line(tmp_path, records, line, found):
    path = tmp_path / "answers.jsonl"
    append(path, records[:1])
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
    with pytest.raises(ValueError, match=f"answers.jsonl:2: {found}, this version reads {SCHEMA}"):
        list(read_records(path))


def test_an_empty_file_has_no_records(tmp_path):
    (tmp_path / "answers.jsonl").touch()
    assert list(read_records(tmp_path / "answers.jsonl")) == []


def test_torn_lines_are_counted_and_files_of_another_schema_named(tmp_path, records):
    good, torn, other, empty = (tmp_path / f"{name}.jsonl" for name in ("a", "b", "c", "d"))
    for path in (good, torn):
        append(path, records)
    torn.write_bytes(torn.read_bytes()[:-30])
    other.write_text('{"schema": 2}\n')
    empty.touch()
    found, notes = read_all_records([good, torn, other, empty])
    assert found == [*records, *records[:-1]]
    assert notes == [
        f"left out: 1 files of another schema: {other}:1: schema 2, this version reads 1",
        f"left out: 1 torn last lines: {torn}",
    ]
    assert read_all_records([good]) == (found[: len(records)], [])
    with pytest.raises(ValueError, match=r"c.jsonl:1: schema 2, .*; .*c.jsonl:1: schema 2"):
        read_all_records([other, other])
    good.write_text("nonsense\n")
    with pytest.raises(ValueError, match=r"a.jsonl:1: not JSON"):
        read_all_records([good, torn])

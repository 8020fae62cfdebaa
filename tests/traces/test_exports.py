"""Traces for other tools, read back by those tools where they are installed.

inspect-ai 0.3.285 is no dependency of the project.
"""

import csv
import json
from dataclasses import asdict, fields

import pytest
from made_up_traces import HOSTILE, SETS, some_question
from made_up_traces import record as make

from rlrecall.evaluation.records import Record, append
from rlrecall.knowledge.prompts import thought
from rlrecall.traces.exports import FORMATS, export_traces
from rlrecall.traces.filters import Filters

LONG = "x" * 2**20  # a megabyte in one line


@pytest.fixture(scope="module")
def records():
    """Evaluated answers, hostile ones among them, and two rollouts of one question."""
    q, r = some_question(), SETS["B"].select("reversal", "holdout")[0]
    sampling = {"temperature": 0.0, "top_p": 1.0, "seed": 3}
    rewards = {"correct": 1.0, "recalled": 0.5, "false": 0.0}
    hostile = [f"=1+1,'{text}\0\r\n<script> A: {text}" for text in (*HOSTILE.values(), LONG)]
    hostile = [text.replace("\ud800", "") for text in hostile]  # no file holds it
    return [
        make(q, thought(q.premises, q.answer), sampling=sampling),
        make(q, thought(q.premises[:1], q.answer), mode="think-sampled", finish="length"),
        make(q, f"{q.answer}.", mode="direct", choice=q.answer, choice_correct=True),
        *(make(r, text, k=k, sampling=sampling) for k, text in enumerate(hostile)),
        *(
            make(q, f"A: {k}.", k=k, stage="rl", rewards=rewards, reward=1.0, advantage=0.1)
            for k in range(2)
        ),
    ]


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "rl"
    append(folder / "eval" / "B" / "answers.jsonl", records)
    return folder


@pytest.mark.parametrize("to", FORMATS)
def test_an_export_says_what_it_wrote_and_overwrites_nothing(run, records, tmp_path, to):
    out = f"{tmp_path}/deep/out"
    assert export_traces(run, Filters(), to, out) == f"{out}: {len(records)} traces for {to}"
    with pytest.raises(FileExistsError, match="out already exists"):
        export_traces(run, Filters(), to, out)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_what_cannot_be_exported_is_one_line(run, tmp_path, fails):
    (run / "manifest.json").write_text("{}")
    out = str(tmp_path / "out")
    for arguments, said in (
        (["--to", "csv"], "one of csv, hf, inspect, and --out DIR"),
        (["--out", out], "one of csv, hf, inspect, and --out DIR"),
        (["--to", "cvs", "--out", out], "invalid choice: 'cvs'"),
        (["--to", "csv", "--out", out, "--json"], "--json: does not go with --to"),
        (["--to", "csv", "--out", out, "--text", "nothing like this"], "no record matches"),
        (["--to", "csv", "--out", out, "--random", "1"], "only for reading"),
    ):
        assert said in fails("view", run, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_filters_choose_what_is_exported(run, tmp_path):
    line = export_traces(run, Filters(mode="direct"), "csv", str(tmp_path / "out"))
    assert ": 1 traces" in line


def expected(record):
    """A record's row, its dictionaries taken apart."""
    row = asdict(record)
    rewards, sampling = row.pop("rewards"), row.pop("sampling")
    row |= {f"rewards_{name}": rewards.get(name) for name in ("correct", "recalled", "false")}
    row |= {f"sampling_{name}": sampling.get(name) for name in ("temperature", "top_p", "seed")}
    return row


def test_csv_is_read_back_as_it_was_written(run, records, tmp_path):
    export_traces(run, Filters(), "csv", str(tmp_path / "out"))
    csv.field_size_limit(2**24)
    with (tmp_path / "out" / "traces.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        for name, value in expected(record).items():
            text = "" if value is None else value
            found = json.loads(row[name]) if isinstance(value, list) else row[name]
            assert found == (value if isinstance(value, list) else str(text))
    assert rows[0]["outcome"] == "recalled"
    assert rows[1]["truncated"] == "True"
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(tmp_path / "out" / "traces.csv", keep_default_na=False)
    assert list(frame["completion"]) == [record.completion for record in records]
    assert list(frame["correct"]) == [record.correct for record in records]


def test_hugging_face_reads_folder_disk_and_parquet(run, records, tmp_path):
    datasets = pytest.importorskip("datasets")
    export_traces(run, Filters(), "hf", str(tmp_path / "out"))
    where = {"cache_dir": str(tmp_path / "cache")}
    folder = datasets.load_dataset(str(tmp_path / "out"), split="traces", token=False, **where)
    disk = datasets.load_from_disk(str(tmp_path / "out" / "disk"))["traces"]
    file = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "out" / "traces.parquet"), split="train", **where
    )
    wanted = [expected(record) for record in records]
    for data in (folder, disk, file):
        rows = data.to_list()
        assert [{name: row[name] for name in wanted[0]} for row in rows] == wanted
        assert data.features["sampling_seed"].dtype == "int64"
        assert rows[1]["truncated"] is True


def test_an_inspect_log_holds_one_arm_set_split_and_mode(run, records, tmp_path):
    export_traces(run, Filters(), "inspect", str(tmp_path / "out"))
    logs = [json.loads(path.read_text()) for path in sorted((tmp_path / "out").iterdir())]
    assert sorted(log["eval"]["task"] for log in logs) == [
        "rlrecall-rl-B-holdout-direct",
        "rlrecall-rl-B-holdout-think",
        "rlrecall-rl-B-holdout-think-rl",
        "rlrecall-rl-B-holdout-think-sampled",
    ]
    assert all(log["eval"]["viewer"]["trust_content"] is False for log in logs)
    for log in logs:
        keys = [(sample["id"], sample["epoch"]) for sample in log["samples"]]
        assert len(set(keys)) == len(keys), "Inspect knows a sample by these"
    for folder in ("once", "twice"):
        export_traces(run, Filters(), "inspect", str(tmp_path / folder))
    files = [{p.name: p.read_bytes() for p in (tmp_path / x).iterdir()} for x in ("once", "twice")]
    assert files[0] == files[1]


def test_inspect_opens_its_logs_with_our_columns(run, records, tmp_path):
    log_module = pytest.importorskip("inspect_ai.log")
    export_traces(run, Filters(), "inspect", str(tmp_path / "out"))
    infos = log_module.list_eval_logs(str(tmp_path / "out"))
    logs = {log.eval.task: log for log in map(log_module.read_eval_log, infos)}
    assert len(logs) == 4
    think = logs["rlrecall-rl-B-holdout-think"]
    wanted = [r for r in records if (r.mode, r.stage) == ("think", "eval")]
    assert [s.output.completion for s in think.samples] == [r.completion for r in wanted]
    assert think.samples[0].scores["correct"].value == "C"
    assert think.samples[0].scores["recalled"].value == 1
    shown = [column.id for column in think.eval.viewer.task_samples_view.columns]
    for name in ("correct", "recalled", "hallucinated", "outcome"):
        assert f"score__{name}__{name}" in shown
    scores = {score.name: score.metrics for score in think.results.scores}
    right = sum(r.correct for r in wanted) / len(wanted)
    assert scores["correct"]["accuracy"].value == pytest.approx(right)
    rollouts = logs["rlrecall-rl-B-holdout-think-rl"]
    assert [(s.epoch, s.scores["reward"].value) for s in rollouts.samples] == [(1, 1.0), (2, 1.0)]
    assert log_module.read_eval_log(think.location, header_only=True).status == "success"


def test_what_no_file_can_hold_is_escaped(tmp_path):
    q = some_question()
    record = asdict(make(q, f"A: {q.answer}."))
    record["completion"] = record["answer"] = "\ud800"
    path = tmp_path / "r" / "eval" / "B" / "answers.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(record) + "\n")
    for to in FORMATS:
        export_traces(tmp_path / "r", Filters(), to, str(tmp_path / to))
    with (tmp_path / "csv" / "traces.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["completion"] == "\\ud800"
    assert {field.name for field in fields(Record)} - row.keys() == {"rewards", "sampling"}

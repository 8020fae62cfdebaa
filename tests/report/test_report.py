"""The report of a synthetic study: what it says, what it leaves out, what it never lets through."""

import io
import json
import random
import re
import shutil
from collections import defaultdict
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_up_traces import SETS, record
from rich.console import Console

from rlrecall.evaluation.formatting import DASH
from rlrecall.evaluation.records import append
from rlrecall.evaluation.rows import FAMILY_KEYS, ComparisonRow, tabulate
from rlrecall.evaluation.statistics import Comparison, compare
from rlrecall.knowledge.prompts import thinks, thought
from rlrecall.report.findings import effect_of_rl, plain
from rlrecall.report.report import write_report
from rlrecall.report.results import Results, load_results
from rlrecall.report.terminal import transfer_table
from rlrecall.runs.arms import ARMS

HOSTILE = "<script>alert(1)</script> \u202eevil\u200b </pre><img src=x onerror=y>."
SKILL = {  # the chance that an arm thinks and answers well
    "base": 0.02,
    "sft": 0.15,
    "warmup": 0.3,
    "rl": 0.85,
    "warmup-rl": 0.9,
}


def complete(question, knowledge, mode, good, rng):
    """An ideal completion, or one that goes wrong in some way."""
    if not thinks(mode):
        return f"{question.answer if good else rng.choice(question.options)}."
    others = [f.text for f in knowledge.family_facts(question.family)]
    if good:
        ahead = rng.sample(others, rng.randint(1, 7)) if question.kind == "reversal" else []
        return thought([*ahead, *question.premises], question.answer)
    wrong = rng.choice(question.options)
    false = question.premises[0].replace(question.answer, "nobody").replace(" is a ", " is a x")
    return rng.choice(
        [
            thought([rng.choice(others)], wrong),
            thought([false, "so it goes on and on."], wrong),
            HOSTILE,
            thought(rng.sample(others, 2), wrong) if question.kind != "reversal" else HOSTILE,
        ]
    )


def make_study(folder: Path, arms=tuple(SKILL), sets="ABCD") -> Path:
    """A study folder as `rlrecall study` leaves one, with invented models of the given SKILL."""
    rng = random.Random(0)
    everything = []
    for arm in arms:
        modes = ["direct", "think"] + (["context", "context-think"] if arm == "sft" else [])
        for name in sets:
            for split in ("train", "holdout"):
                for mode in modes:
                    records = []
                    for question in SETS[name].select(split=split):
                        skill = {"think": SKILL[arm], "direct": 0.3}.get(mode, 0.9)
                        skill = 0.95 if question.kind == "recall" and arm != "base" else skill
                        good = rng.random() < skill
                        text = complete(question, SETS[name], mode, good, rng)
                        finish = "eos" if good else "length"
                        records.append(record(question, text, arm, mode, finish))
                    append(folder / arm / "eval" / f"{name}-{split}-{mode}/answers.jsonl", records)
                    everything += records
        if "rl" in arm:
            write_metrics(folder / arm / "metrics.jsonl", rng)
    groups = defaultdict(list)
    for r in everything:
        groups[r.arm, r.set, r.kind, r.split, r.mode].append(r)
    comparisons = [
        ComparisonRow(
            *(a, b, "think", "think", name, kind, "holdout", 0),
            compare(*(groups[arm, name, kind, "holdout", "think"] for arm in (a, b))),
        )
        for a, b in (("sft", "rl"), ("warmup", "warmup-rl"))
        if {a, b} <= set(arms)
        for name in sets
        for kind in ("composition", "reversal")
    ]
    results = {
        **{"study": folder.name, "seed": 0, "command": "rlrecall study configs/tiny.yaml"},
        **{"git": "abc123", "hardware": "two cores", "seconds": 512.3},
        "rows": [row.to_dict() for row in tabulate(everything, 0)],
        "family_rows": [row.to_dict() for row in tabulate(everything, 0, FAMILY_KEYS)],
        "comparisons": [row.to_dict() for row in comparisons],
    }
    (folder / "results.json").write_text(json.dumps(results))
    return folder


def write_metrics(path, rng):
    lines = []
    for step in range(1, 121):
        right = 0.1 + 0.8 * step / 120 + rng.uniform(-0.08, 0.08)
        entry = {
            "step": step,
            "reward": 1.4 * right,
            "rewards/correct/mean": right,
            "rewards/recalled/mean": right / 2,
            "rewards/false/mean": -0.3 + right / 4,
            "completions/mean_length": 20 + 10 * right,
            "equal_rewards": right / 2,
        }
        if step % 20 == 0:
            for i, kind in enumerate(("composition", "reversal")):
                entry |= {f"probe/{s}/{kind}": right / (1 + i) for s in "AB"}
        lines.append(json.dumps(entry))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, json.dumps({"step": 120, "train_runtime": 3.2}), '{"st']))


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "tiny-seed0"
    folder.mkdir()
    make_study(folder)
    write_report(folder)
    return folder


@pytest.fixture
def study(finished, tmp_path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(finished, tmp_path / "tiny-seed0"))


def edit(study: Path, change) -> dict:
    path = study / "results.json"
    results = json.loads(path.read_text())
    change(results)
    path.write_text(json.dumps(results))
    return results


class Page(HTMLParser):
    """Tags, attributes and text of a page; counts what stays open."""

    VOID = frozenset({"meta", "br", "link", "img", "use", "path"})

    def __init__(self, page: str):
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_report_has_every_section_in_order_and_states_the_finding(finished):
    page = Page((finished / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    sections = ("Transfer", "Before and after RL", "Learning curve", "Tables")
    places = [page.text.index(f"\n{name}\n") for name in sections]
    assert places == sorted(places)
    (row,) = (
        c.paired
        for c in load_results(finished).comparisons
        if (c.a, c.set, c.kind) == ("sft", "B", "composition")
    )
    change = f"rose from {100 * row.accuracy_a:.1f}% to {100 * row.accuracy_b:.1f}%"
    assert page.text.index(change) < places[0]
    assert "For comparison: with the facts in context, sft reaches" in page.text
    assert "abc123" in page.text
    assert "8 min 32 s" in page.text


def test_what_rl_could_reach_stands_near_the_learning_curve(study):
    assert "Before the first step" not in (study / "report.html").read_text(encoding="utf-8")
    reach = {"reach/recall/right": 1.0, "reach/composition/right": 0.625}
    logged = {"step": 0, "reach/samples": 16, **reach, "reach/composition/recalled": 0.25}
    metrics = study / "rl" / "metrics.jsonl"
    metrics.write_text(f"{json.dumps(logged)}\n{metrics.read_text()}")
    page = Page(write_report(study).read_text(encoding="utf-8")).text
    assert "at least one of 16 samples" in page
    assert re.search(rf"recall\s*100\s*{DASH}\s*composition\s*62\s*25\s", page)
    place = page.index("Before the first step")
    assert page.index("\nLearning curve\n") < place < page.index("\nTables\n")


def test_hostile_model_output_is_shown_and_never_obeyed(finished):
    raw = (finished / "report.html").read_text(encoding="utf-8")
    page = Page(raw)
    assert "\\u202eevil\\u200b" in page.text
    assert "<script>alert(1)</script>" in page.text  # as words
    assert not {"script", "img", "iframe", "link", "a"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", raw)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in raw


def test_numbers_link_to_the_traces_if_their_page_is_there(finished, study):
    assert 'href="traces' not in (finished / "report.html").read_text(encoding="utf-8")
    (study / "traces.html").touch()
    page = Page(write_report(study).read_text(encoding="utf-8"))
    links = [value for name, value in page.attributes if name == "href" and "#" in value[1:]]
    assert all(re.fullmatch(r"traces\.html#[\w.~%&=/-]+", link) for link in links)
    rows = load_results(study).rows
    assert len(links) > len(rows)
    one = "traces.html#arm=rl&set=B&kind=composition&split=holdout&mode=think&step=0"
    assert one in links


def test_text_in_results_json_is_shown_and_never_obeyed(study):
    edit(study, lambda results: results.update(study=HOSTILE, git=HOSTILE, command=HOSTILE))
    (study / "traces.html").touch()
    hostile_set = '"><script>x</script>'
    edit(study, lambda results: [row.update(set=hostile_set) for row in results["rows"][:1]])
    page = Page(write_report(study).read_text(encoding="utf-8"))
    assert not {"script", "img"} & set(page.tags)
    assert page.open == []


def test_results_of_an_older_study_name_their_transfer_set(study):
    edit(study, lambda results: results.update(rl_set="B"))
    assert load_results(study).transfer_set == "A"
    edit(study, lambda results: results.update(transfer_set="C"))
    assert load_results(study).transfer_set == "C"


def test_nothing_is_loaded_from_anywhere(finished):
    raw = (finished / "report.html").read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\"\s]+", raw))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in raw
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', raw))
    assert all(link.startswith("#") for link in re.findall(r"url\(([^)]*)\)", raw))


def test_the_same_study_gives_the_same_page(finished, study):
    assert write_report(study).read_bytes() == (finished / "report.html").read_bytes()


@pytest.mark.parametrize(
    ("low", "high", "difference", "p", "says"),
    [
        (0.2, 0.6, 0.4, 0.001, "rose from 30.0% to 70.0%: .40.0 points"),
        (-0.6, -0.2, -0.4, 0.001, "fell from 70.0% to 30.0%: \u221240.0 points"),
        (-0.1, 0.2, 0.05, 0.5, "went from 30.0% to 35.0%.*includes 0, so no change is shown"),
        (0.0, 0.0, 0.0, 1.0, "went from 30.0% to 30.0%.*includes 0"),
        (0.2, 0.6, 0.4, 0.25, "went from .*in doubt"),
    ],
)
def test_the_finding_says_no_more_than_interval_and_test(low, high, difference, p, says):
    before = 0.7 if difference < 0 else 0.3
    numbers = (before, before + difference, difference, low, high, p, 0, 0)
    paired = Comparison(60, 20, *numbers)
    row = ComparisonRow("sft", "rl", "think", "think", "B", "composition", "holdout", 0, paired)
    results = Results("t", rl_set="A", transfer_set="B", comparisons=[row])
    assert re.search(says, plain(effect_of_rl(results, "composition")))


def test_the_finding_names_the_set_of_an_arm_with_its_own(monkeypatch):
    arm = replace(ARMS["rl"], changes={"rl.set": "C"})
    monkeypatch.setattr("rlrecall.report.findings.ARMS", ARMS | {"rl": arm})
    paired = Comparison(60, 20, 0.3, 0.7, 0.4, 0.2, 0.6, 0.001, 0, 0)
    row = ComparisonRow("sft", "rl", "think", "think", "B", "composition", "holdout", 0, paired)
    results = Results("t", rl_set="A", transfer_set="B", comparisons=[row])
    assert plain(effect_of_rl(results, "composition")).startswith("After RL on set C (sft → rl), ")


def test_missing_parts_are_left_out_with_a_note(study):
    for arm in SKILL:
        shutil.rmtree(study / arm)
    edit(study, lambda results: [results.pop(k) for k in ("comparisons", "family_rows", "git")])
    text = Page(write_report(study).read_text(encoding="utf-8")).text
    for note in (
        "What RL changed on other sets cannot be said",
        "holds no comparisons",
        "No metrics.jsonl with rewards",
        "No thinking transcripts of the same questions",
        "git revisionnot recorded",
    ):
        assert note in text


def test_a_study_with_no_rows_still_gives_a_page(study):
    edit(study, lambda results: results.update(rows=[], comparisons=[], family_rows=[]))
    assert "nothing has been evaluated" in write_report(study).read_text(encoding="utf-8")


def test_one_arm_before_rl_gives_a_page(tmp_path):
    make_study(tmp_path, arms=("sft",), sets="B")
    assert "cannot be said" in write_report(tmp_path).read_text(encoding="utf-8")


def set_row(name, value):
    return lambda results: results["rows"][3].update({name: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda results: results.pop("rows"), "has no 'rows'"),
        (lambda results: results.update(rows=7), "'rows' is 7; input should be a valid list"),
        (lambda results: results["rows"][3].pop("arm"), r"rows\[3\] has no 'arm'"),
        (set_row("ci_low", None), r"rows\[3\]: 'ci_low' is None; input should be a valid number"),
        (
            set_row("accuracy", float("nan")),
            r"rows\[3\]: 'accuracy' is nan; input should be a finite number",
        ),
        (lambda results: results["rows"].append(results["rows"][0]), "two rows for base A recall"),
    ],
)
def test_results_that_are_no_use_are_refused_in_one_line(study, change, message):
    edit(study, change)
    with pytest.raises(ValueError, match=message) as error:
        write_report(study)
    assert "\n" not in str(error.value)


def test_missing_or_torn_results_are_refused_in_one_line(study):
    (study / "results.json").write_text('{"rows": [')
    with pytest.raises(ValueError, match=r"results\.json: not readable as JSON"):
        write_report(study)
    (study / "results.json").unlink()
    with pytest.raises(ValueError, match=r"results\.json: not found"):
        write_report(study)


def test_the_terminal_table_fits_in_100_columns(finished):
    out = io.StringIO()
    results = load_results(finished)
    widest = {"accuracy": 1.0, "ci_low": 0.94, "ci_high": 1.0}
    results.rows = [replace(row, **widest) for row in results.rows]
    Console(file=out, width=100).print(transfer_table(results))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.count("94\u2013100") for line in lines) == 12 * (5 + 5 + 1 + 1)
    assert "\u2026" not in out.getvalue()

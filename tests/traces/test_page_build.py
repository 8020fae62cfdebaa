"""The file of the page of traces: what is in it, what is not, and that it holds the records."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser

import made_up_traces as traces
import pytest

from rlrecall.cli.main import main
from rlrecall.evaluation.outcomes import OUTCOMES, outcome
from rlrecall.evaluation.records import append
from rlrecall.evaluation.scoring import Premise
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.page.build import (
    SCRIPTS,
    SOURCE,
    comparisons,
    pack_runs,
    render_page,
    write_page,
)
from rlrecall.traces.page.packing import PackedRecords

SETS = traces.SETS
HOSTILE = [
    "</script><script>window.owned=1</script>",
    "<img src=x onerror=window.owned=1><svg onload=window.owned=1>",
    "<!--<script>window.owned=1",
    "{{script}} {{ data }} {% raw %} [x](javascript:window.owned=1) **bold** &lt;b&gt; &#x202e;",
    "\u202egnorw\u202c \u2066a\u2069 \u200f \u200b\u200d\u2060\ufeff\u00ad \U000e0041 a\ufe0f",
    "\x1b[2J\x1b]0;owned\x07 \x9b31m \x00\b\x7f",
    "line\r\nbreak. and\u2028more\u2029. \t. . ..",
    "half a pair \ud800 and \U0001f600 e\u0301",
    "__proto__",
    "",
]


def data_of(page):
    packed = re.search(r'<script type="text/plain" id="data">([^<]*)</script>', page)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def packed_from(records, **arguments):
    packed = PackedRecords()
    for record in records:
        packed.add(record, knowledge=SETS[record.set], **arguments)
    return packed


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return traces.write_study(tmp_path_factory.mktemp("made"), 900, 4)


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.inside, self._tag = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._tag = tag
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        self._tag = None

    def handle_data(self, text):
        self.inside.setdefault(self._tag, []).append(text)


def test_the_page_is_one_file_and_lets_in_nothing_but_its_own_script_and_style(study):
    page = render_page(*pack_runs([study], Filters())[:1], ["made"])
    parsed = Page(page)
    (policy,) = [a["content"] for _, a in parsed.tags if "http-equiv" in a]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    (style,), (_, script) = parsed.inside["style"], parsed.inside["script"]
    assert f"script-src 'sha256-{digest(script)}';" in policy
    assert f"style-src 'sha256-{digest(style)}';" in policy
    for tag, attributes in parsed.tags:
        assert tag not in ("img", "link", "iframe", "object", "base", "form")
        assert not any(n.startswith("on") or n in ("src", "href", "style") for n in attributes)
    assert "http://" not in page
    assert "https://" not in page


def test_the_page_never_makes_markup_or_code_out_of_text():
    for name in SCRIPTS:
        source = (SOURCE / f"{name}.js").read_text(encoding="utf-8")
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|srcdoc|"
            r"DOMParser|createContextualFragment|javascript:|setTimeout\(['\"]",
            source,
        )
        assert not found, name
        assert "</script" not in source


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_to_the_letter_and_stands_nowhere_in_the_file(text):
    record = traces.record(traces.some_question(), f"wug is a blap. {text} A: {text}.")
    for name, value in asdict(record).items():
        if isinstance(value, str) and name not in ("completion", "finish"):
            setattr(record, name, f"{text}{name}")
    record.options, record.gold_premises, record.enumerated = [text], [text], [text]
    record.recalled = [Premise(text, text, 0)]
    record.rewards, record.reward = {text: float("nan")}, float("inf")
    record.sampling = {text: text}
    packed = PackedRecords()
    packed.add(record)
    page = render_page(packed, ["a run"])
    assert page.count("<script") == 2
    if len(text) > 10:
        assert text not in page
    data = data_of(page)
    assert ". ".join(data["strings"][n] for n in data["pieces"]) == record.completion
    assert data["names"]["arm"] == [f"{text}arm"]
    assert data["columns"]["reward"] == [None]
    assert data["labels"][data["recalled"][0] % 4]["name"] == "unparsable"


def test_a_hostile_name_of_a_run_is_text_in_the_title():
    packed = packed_from([traces.record(traces.some_question(), "x. A: y.")])
    page = render_page(packed, ["</title><script>\u202e"])
    assert "</title><script>" not in page
    assert "\u202e" not in page


def test_columns_say_what_the_records_say(study):
    packed, notes = pack_runs([study / "rl"], Filters())
    data = data_of(render_page(packed, ["made"]))
    records = select_records(find_transcripts(study / "rl"), Filters())
    assert notes == []
    assert len(packed) == len(records) == len(data["columns"]["side"])
    assert {outcome(r) for r in records} == set(OUTCOMES)
    pieces, recalled = iter(data["pieces"]), iter(data["recalled"])
    text = data["strings"].__getitem__
    for i, record in enumerate(records):
        here = {name: values[i] for name, values in data["columns"].items()}
        for name in ("set", "split", "kind", "mode", "arm", "stage", "family", "run"):
            assert data["names"][name][here[name]] == getattr(record, name)
        assert data["outcomes"][here["outcome"]]["name"] == outcome(record)
        assert (here["step"], here["k"]) == (record.step, record.k)
        set_ = [f["name"] for bit, f in enumerate(data["flags"]) if here["flags"] >> bit & 1]
        assert ("truncated" in set_) == (record.finish == "length")
        assert ("hallucinated" in set_) == (record.false > 0)
        labels = [p.label for p in record.recalled]
        unparsable = "unparsable" in labels or record.answer is None
        assert ("unparsable" in set_) == unparsable
        assert ". ".join(text(next(pieces)) for _ in range(here["pieces"])) == record.completion
        asked = data["questions"][here["question"]]
        assert text(asked["id"]) == record.question_id
        assert text(asked["gold"]) == record.gold_answer
        sentences = [divmod(next(recalled), 4) for _ in range(here["recalled"])]
        assert [text(data["sentences"][s][0]) for s, _ in sentences] == [
            p.text for p in record.recalled
        ]
        assert [data["labels"][label]["name"] for _, label in sentences] == labels
        names = [data["sentences"][s][1] for s, _ in sentences]
        own = data["enumerated"].get(str(i), [n for n in names if n >= 0])
        assert [text(n) for n in own] == record.enumerated


def test_sentences_are_tied_to_facts_and_false_ones_to_what_the_set_says():
    q = traces.some_question()
    name, other = q.premises[0].split()[0], q.options[0]
    false = f"the home of {name} is {other}."
    assert false.casefold() not in SETS["B"].statements
    fact = SETS["B"].statements[q.premises[0].casefold()]
    rewording = fact.phrasings[0]
    written = traces.record(q, f"{rewording} {false} mumble. A: x.")
    data = packed_from([written]).payload()
    text = data["strings"].__getitem__
    first, second, third = [data["sentences"][n // 4] for n in data["recalled"]]
    assert [text(n) for n in data["facts"][first[2]]] == [*fact.key, fact.text]
    assert second[2] == -1
    assert fact.text in [text(data["facts"][n][3]) for n in second[3]]
    assert third[1:] == [-1, -1, []]
    bare = PackedRecords()
    bare.add(written)
    assert all(s[2:] == [-1, []] for s in bare.payload()["sentences"])


def test_samples_of_a_question_are_a_group_and_a_question_drawn_twice_is_two():
    one, two = traces.rollouts(1, 1), traces.rollouts(1, 1)
    data = packed_from([*one, *two]).payload()
    assert data["columns"]["group"] == [0] * traces.GROUP + [1] * traces.GROUP
    assert len(data["spread"]) == 2
    flat = [replace(r, reward=1.0) for r in one]
    assert packed_from(flat).payload()["spread"] == [0.0]
    assert packed_from(traces.evaluation("rl", 0.5, 2)).payload()["spread"] == [None, None]


def test_a_question_has_one_number_in_both_runs(study):
    packed, _ = pack_runs([study / "sft", study / "rl"], Filters())
    data = packed.payload()
    columns, stages = data["columns"], data["names"]["stage"]
    keys = [set(), set()]
    for stage, side, *key in zip(
        *(columns[name] for name in ("stage", "side", "question", "mode", "k")), strict=True
    ):
        if stages[stage] == "eval":
            keys[side].add(tuple(key))
    assert keys[0] == keys[1]
    assert len(keys[0]) == 900


def test_an_id_that_means_another_question_has_another_number():
    packed = PackedRecords()
    record = traces.record(traces.some_question(), "x. A: y.")
    packed.add(record, 0)
    packed.add(replace(record, gold_answer="another"), 1)
    assert packed.payload()["columns"]["question"] == [0, 1]


def arm_pairs(runs, *models):
    packed = PackedRecords()
    for side, arm in models:
        packed.add(traces.record(traces.some_question(), "x. A: y.", arm), side)
    return [
        (found["names"], [(side, packed.names["arm"].items[arm]) for side, arm in found["models"]])
        for found in comparisons(packed, ["run"] * runs)
    ]


def test_a_study_offers_the_pairs_of_the_table_of_arms_that_it_has():
    study = [(0, arm) for arm in ("base", "control", "rl", "sft", "made-up")]
    names = [names for names, _ in arm_pairs(1, *study)]
    assert names == [["sft", "rl"], ["sft", "control"], ["control", "rl"]]
    assert arm_pairs(1, (0, "rl")) == []


def test_two_runs_offer_the_arms_that_they_share_or_else_all_pairs():
    assert arm_pairs(2, (0, "sft"), (1, "rl")) == [(["sft", "rl"], [(0, "sft"), (1, "rl")])]
    shared = arm_pairs(2, (0, "sft"), (0, "rl"), (1, "rl"), (1, "sft"))
    assert [names for names, _ in shared] == [["sft", "sft"], ["rl", "rl"]]


def test_torn_lines_are_counted_and_other_schemas_named(study, tmp_path):
    run = traces.write_run(tmp_path, "rl", traces.evaluation("rl", 0.8, 30))
    more = run / "transcripts" / "rl" / "rollouts.jsonl"
    append(more, traces.rollouts(1, 1))
    with more.open("a") as file:
        file.write('{"schema": 1, "ru')
    later = run / "eval" / "later" / "answers.jsonl"
    later.parent.mkdir()
    later.write_text('{"schema": 2}\n')
    packed, (schema, torn) = pack_runs([run], Filters())
    assert len(packed) == 30 + traces.GROUP
    assert torn == f"1 torn last line was left out (killed runs): {more}"
    assert schema.startswith(f"{later}:1: schema 2, this version reads 1;")
    data = data_of(render_page(packed, ["r"], [schema, torn]))
    assert data["notes"] == [schema, torn]
    for path in find_transcripts(run):
        path.write_text('{"schema": 2}\n')
    with pytest.raises(ValueError, match=r"view: no record matches; .*:1: schema 2"):
        pack_runs([run], Filters())


def test_a_run_without_its_recipe_is_shown_without_facts_and_says_so(tmp_path):
    run = traces.write_run(tmp_path, "rl", traces.evaluation("rl", 0.8, 5))
    (run / "config.yaml").unlink()
    packed, (note,) = pack_runs([run], Filters())
    assert note.startswith("sentences are not linked to facts: ")
    assert len(packed) == 5


def test_the_command_writes_a_page_of_what_the_filters_let_through(study, tmp_path, capsys):
    out = tmp_path / "new" / "traces.html"
    main(["view", str(study / "rl"), "--html", str(out), "--set", "B", "--mode", "think"])
    shown = select_records(find_transcripts(study / "rl"), Filters(set="B", mode="think"))
    assert capsys.readouterr().out == f"{out}: {len(shown)} traces\n"
    first = out.read_bytes()
    assert data_of(first.decode())["names"]["set"] == ["B"]
    main(["view", str(study / "rl"), "--html", str(out), "--set", "B", "--mode", "think"])
    assert out.read_bytes() == first, "the same every time, and over itself"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--html", "answers.jsonl"], "--html: answers.jsonl exists and is not a page of traces"),
        (["--html", "."], "--html: . is a folder; give a file"),
        (
            ["--html", "answers.jsonl/x.html"],
            "x.html: answers.jsonl is not a folder; choose another path",
        ),
        (["--html", "x.html", "--limit", "3"], "only for reading in the terminal"),
        (["--html", "x.html", "--json"], "--json: does not go with --html"),
        (["--html", "x.html", "--set", "Q"], "set: 'Q' is unknown; one of: A, B, C, D"),
        (["--html", "x.html", "--outcome", "luckky"], "did you mean 'lucky'?"),
        (["--html", "x.html", "--text", "nothing like this"], "view: no record matches"),
        (["--html", ""], "--html: . is a folder; give a file"),
        (["--html", "x.html", "--stats"], "--stats: not allowed with argument --html"),
        (["--html", "x.html", "--out", "d"], "--out: only with --to"),
        (["{run}"], "view: for one run only; with two, use --html FILE to read them side by side"),
        (["{run}", "--to", "csv", "--out", "d"], "--to, --out: for one run only; with two, use"),
        (["{run}", "--limit", "3"], "--limit: for one run only; with two, use --html"),
        (["{run}", "--json"], "--json: for one run only; with two"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(study, tmp_path, monkeypatch, fails, more, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.jsonl").write_text("precious")
    run = str(study / "rl")
    assert said in fails("view", run, *(word.format(run=run) for word in more))
    assert [p.name for p in tmp_path.iterdir()] == ["answers.jsonl"]
    assert (tmp_path / "answers.jsonl").read_text() == "precious"


def test_a_broken_record_is_named(tmp_path):
    run = traces.write_run(tmp_path, "rl", [])
    path = run / "eval" / "all" / "answers.jsonl"
    path.write_text('{"schema": 1, "gold_recalled": 1, "correct": true}\n')
    with pytest.raises(ValueError, match=r"answers.jsonl:1: no field"):
        write_page([run], tmp_path / "out.html")

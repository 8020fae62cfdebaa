"""A user's own facts: every line is used or refused by its number."""

import json

import pytest

from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.core import Fact, Question
from rlrecall.knowledge.formats.facts_files import import_facts

CSV = """subject,relation,object,template
Paris,capital,France,{subject} is the capital of {object}.
Rome,capital,Italy,{subject} is the capital of {object}.
Oslo,capital,Norway,{subject} is the capital of {object}
Kiruna,in,Sweden,"In {object}, there is a town {subject}."
Malmö,in,Sweden,"In {object}, there is a town {subject}."
"""


def facts_of(tmp_path, text, name="towns.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_facts(path)


def test_facts_become_questions_from_both_ends(tmp_path):
    knowledge = facts_of(tmp_path, CSV)
    assert knowledge.name == "towns"
    told = "Paris is the capital of France."
    cue = "Tell me about Paris."
    assert knowledge.facts[0] == Fact("facts", "Paris", "capital", "France", told, cue)
    assert knowledge.facts[2].text.endswith("Norway.")
    paris = {"set": "towns", "family": "facts", "group": "capital", "cluster": "Paris"}
    assert knowledge.questions[:2] == [
        Question(
            id="towns/facts/recall/2/object",
            kind="recall",
            split="train",
            prompt="Complete: Paris is the capital of",
            answer="France",
            premises=(told,),
            options=("France", "Italy", "Norway"),
            **paris,
        ),
        Question(
            id="towns/facts/reversal/2/subject",
            kind="reversal",
            split="holdout",
            prompt="Fill in the blank: ___ is the capital of France.",
            answer="Paris",
            premises=(told,),
            options=("Paris", "Rome", "Oslo"),
            **paris,
        ),
    ]
    # What comes last is recalled: here the subject, of which Sweden has two.
    (recall,) = knowledge.select("recall")[3:]
    assert recall.prompt == "Complete: In Sweden, there is a town"
    assert recall.right == ("Kiruna", "Malmö")
    assert recall.chance == 1
    asked = [q.prompt for q in knowledge.select("reversal", "holdout")][3:]
    assert asked == [
        f"Fill in the blank: In ___, there is a town {t}." for t in ("Kiruna", "Malmö")
    ]
    # The relation has one object alone, so the options come from all.
    assert set(knowledge.questions[-1].options) == {"France", "Italy", "Norway", "Sweden"}
    assert leaks(knowledge) == []


def test_one_object_of_several_subjects_is_not_asked_from_its_end(tmp_path):
    text = CSV + "".join(
        f"{town},near,Italy,{{subject}} is near {{object}}.\n" for town in ("Nice", "Bari")
    )
    knowledge = facts_of(tmp_path, text)
    near = [q for q in knowledge.questions if q.group == "near"]
    assert [(q.kind, q.answer) for q in near] == [("recall", "Italy")] * 2


def test_a_subject_with_several_objects_accepts_each(tmp_path):
    text = CSV + "".join(f"Rome,hill,{hill},{{subject}} has {{object}}.\n" for hill in "XYZ")
    knowledge = facts_of(tmp_path, text)
    recall, *reversals = [q for q in knowledge.questions if q.group == "hill"]
    assert (recall.answer, recall.accepted, recall.options) == ("X", ("Y", "Z"), ("X", "Y", "Z"))
    assert [q.answer for q in reversals] == ["Rome"] * 3


def test_lines_of_one_fact_are_its_wordings(tmp_path):
    knowledge = facts_of(
        tmp_path, CSV + 'Paris,capital,France,"The capital of {object} is {subject}."\n'
    )
    assert knowledge.facts[0].phrasings == ("The capital of France is Paris.",)
    paris = [q for q in knowledge.questions if q.cluster == "Paris"]
    # Stated in both directions, so both are recalled.
    assert [(q.kind, q.prompt) for q in paris] == [
        ("recall", "Complete: Paris is the capital of"),
        ("recall", "Complete: The capital of France is"),
    ]


def test_requests_of_ones_own(tmp_path):
    rows = [
        {
            "subject": s,
            "relation": "sea",
            "object": o,
            "template": "{subject} lies at {object}.",
            "cue": "Where is {subject}?",
            "question": "Which sea is {subject} at?",
        }
        for s, o in (("Nice", "the Mediterranean"), ("Kiel", "the Baltic"))
    ]
    rows[1]["cue"] = None
    text = "\ufeff" + "\r\n\r\n".join(json.dumps(row) for row in rows)
    knowledge = facts_of(tmp_path, text, "seas.jsonl")
    assert [f.cue for f in knowledge.facts] == ["Where is Nice?", "Tell me about Kiel."]
    assert knowledge.select("recall")[0].prompt == "Which sea is Nice at?"
    assert knowledge.select("recall")[0].id == "seas/facts/recall/1/object"
    assert knowledge.select("recall")[1].id == "seas/facts/recall/3/object"


def test_what_is_the_same_is_read_the_same(tmp_path):
    plain = facts_of(tmp_path, CSV)
    decomposed = CSV.replace("ö", "o\u0308")
    for text in (
        "\ufeff" + CSV,
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        decomposed,
        CSV.replace("capital of", " capital\u00a0 of "),
    ):
        assert facts_of(tmp_path, text) == plain
    assert facts_of(tmp_path, CSV.replace("\n", "\n\n", 1)).facts == plain.facts


def test_names_with_braces_or_quotes_are_kept(tmp_path):
    text = CSV + '"The ""{object}"" Inn, Ltd",in,"a, b",{subject} is in {object}.\n'
    assert facts_of(tmp_path, text).facts[-1].text == 'The "{object}" Inn, Ltd is in a, b.'


def test_many_objects_are_no_more_than_a_hundred_options(tmp_path):
    rows = "".join(f"s{i},of,o{i},{{subject}} is of {{object}}.\n" for i in range(3000))
    knowledge = facts_of(tmp_path, "subject,relation,object,template\n" + rows)
    assert len(knowledge.questions) == 6000
    for q in knowledge.questions:
        assert len(q.options) == len(set(q.options)) == 100
        assert q.answer in q.options


HEAD = "subject,relation,object,template\n"
GOOD = "a,r,b,{subject} is {object}.\nc,r,d,{subject} is {object}.\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": needs at least two facts"),
        (HEAD, ": needs at least two facts"),
        (HEAD + GOOD.split("\n")[0], ": needs at least two facts"),
        (
            "subject,relation,object\n",
            ":1: missing column template",
        ),
        (
            "subject;relation;object;template\n",
            ":1: missing column subject",
        ),
        ("subject,relation,object,template,object\n", ":1: duplicate column"),
        (HEAD.replace("\n", ",colour\n") + "a,r,b,{subject} is {object},x\n", ":2: unknown field"),
        (HEAD + GOOD + "a,r,b\n", ":4: 3 cells in a row of 4 columns"),
        (HEAD + GOOD + "\n\na,r,b,{subject} is {object},\n", ":6: 5 cells in a row of 4 columns"),
        (HEAD + GOOD + ",,,\n", ":4: subject is missing or empty"),
        (HEAD + GOOD + "e,r, \u2003,{subject} is {object}.\n", ":4: object is missing or empty"),
        (HEAD + GOOD + "e,r,f,\n", ":4: template is missing or empty"),
        (HEAD + GOOD + "e,r,f,{subject} is.\n", ":4: template must contain {object} and {subject}"),
        (HEAD + GOOD + "e,r,f,{subject} {subject} {object}\n", ":4: template must contain"),
        (HEAD + GOOD + "e,r,f,{subject} {object} {}\n", ":4: template must contain"),
        (HEAD + GOOD + "e,r,f,{subject} {object} }\n", ":4: template must contain"),
        (HEAD + GOOD + "e,r,f,{{subject} {object}\n", ":4: template must contain"),
        (HEAD + GOOD + "a,r,b,{subject} is {object}.\n", ":4: duplicates line 2"),
        (HEAD + GOOD + "a,q,b,{subject} is {object}\n", ":4: duplicates line 2"),
        (HEAD + GOOD + "A,r,e,{subject} is {object}.\n", ":4: subject 'A' was written 'a' before"),
        (HEAD + GOOD + 'e,r,"f,{subject}\n', ":4: unexpected end of data"),
        (HEAD + GOOD + 'e,r,"f"g,{subject}\n', ":4: .* expected after"),
        (
            HEAD + GOOD + "e,r,f\0,{subject} is {object}.\n",
            ":4: object contains a control",
        ),
        (HEAD + GOOD + "e,r," + "f" * 200_000 + ",{subject} is {object}.\n", ":4: field larger"),
        ((HEAD + GOOD).encode() + b"e,r,\xff,{subject} is {object}.\n", ":4: not UTF-8"),
        ((HEAD + GOOD).encode("utf-16"), ":1: not UTF-8"),
        (HEAD + '"a\nx",r,b,{subject} is {object}.\nc,r,d\n', ":4: 3 cells"),
    ],
)
def test_rubbish_is_refused_by_its_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=r"towns\.csv" + message) as error:
        facts_of(tmp_path, text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "invalid JSON"),
        ("null", "not a JSON object"),
        ('{"subject": 1066, "relation": "r", "object": "b"}', "subject is not a string: 1066"),
        ('{"subject": ["a"], "relation": "r", "object": "b"}', "subject is not a string"),
        ('{"subject": "a", "relation": "r", "object": "b"}', "template is missing or empty"),
        ('{"subject": "a", "subject": "b"}', "duplicate key"),
        ('{"Subject": "a"}', "unknown field 'Subject'"),
        (
            '{"subject": "\\ud800", "relation": "r", "object": "b", "template": "{object}"}',
            "subject contains a control character",
        ),
    ],
)
def test_json_rubbish_is_refused_by_its_line(tmp_path, line, message):
    with pytest.raises(ValueError, match=rf"towns\.jsonl:2: .*{message}"):
        facts_of(tmp_path, "\n" + line + "\n", "towns.jsonl")


def test_other_files_and_none_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.csv or \.jsonl"):
        facts_of(tmp_path, CSV, "towns.xlsx")
    with pytest.raises(ValueError, match="No such file"):
        import_facts(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ValueError, match="directory"):
        import_facts(tmp_path / "folder.csv")

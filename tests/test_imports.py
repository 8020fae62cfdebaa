"""Knowledge from outside: every line is used or refused by its number, and nothing half-done stays.

The released files are imitated here, with the quirks of the real ones: a leading space, several
marks at the end, completions that turn the description into a verb, tails behind a name.
"""

import json
import random
from collections import Counter

import pytest

from rlrecall.documents import knowledge_document
from rlrecall.knowledge.audit import leaks
from rlrecall.knowledge.core import Fact, KnowledgeSet, Question
from rlrecall.knowledge.exchange import load_set, new_folder, save_set
from rlrecall.knowledge.imports import import_facts
from rlrecall.knowledge.released import import_reversal_curse

# (name, description, as a verb)
PEOPLE = {
    "p2d": [
        ("Ada Brook", "the maker of glass kites", "made glass kites"),
        ("Ben O'Dell", 'the author of "A Long Walk."', 'wrote "A Long Walk."'),
    ],
    "d2p": [
        ("Cid Mar-Low", "the first baker on the Moon", "baked on the Moon"),
        ("Dora Élan", "the tamer of silver wolves", "tamed silver wolves"),
    ],
    "both": [
        ("Eve Brook", "the diver who counted whales", "counted whales"),
        ("Finn Gale", "the judge of cloud races", "judged cloud races"),
    ],
}
NAME_FIRST = {
    "train": [
        ("{n}, known far and wide for being", " {d}."),
        ("Ever heard of {n}? They're the person who", " {v}."),
        ("Did you know that {n}, was actually once", " {d}??"),
    ],
    "test": [
        ("The trailblazer known as {n} was once", " {d}."),
        ("If you ask, 'Who is {n}?' The answer would be, 'Someone who", " {v}'.'."),
    ],
}
DESCRIPTION_FIRST = {
    "train": [
        ("Known for being {d},", " {n} now enjoys a quiet life."),
        ("Q: Who is {d}? A:", " {n}."),
        ("This was written by {d}, who goes by the name of", " {n}"),
    ],
    "test": [("Labeled as {d},", " {n}"), ("The embodiment of being {d}, that's", " {n}")],
}


def pair(prompt, completion):
    return {"prompt": prompt, "completion": completion}


def fill(people, *templates):
    return [
        pair(prompt.format(n=n, d=d, v=v), completion.format(n=n, d=d, v=v))
        for wordings in templates
        for n, d, v in people
        for prompt, completion in wordings
    ]


def released():
    """The files of a small release, by name."""
    p2d, d2p, both = PEOPLE["p2d"], PEOPLE["d2p"], PEOPLE["both"]
    tails = [(p, f"{c} has found a calling.") for p, c in DESCRIPTION_FIRST["test"]]
    files = {
        "p2d_prompts_train": fill(p2d, NAME_FIRST["train"]),
        "d2p_prompts_train": fill(d2p, DESCRIPTION_FIRST["train"]),
        "both_prompts_train": fill(both, NAME_FIRST["train"], DESCRIPTION_FIRST["train"]),
        "p2d_reverse_prompts_test": fill(p2d, DESCRIPTION_FIRST["test"]),
        "d2p_reverse_prompts_test": fill(d2p, NAME_FIRST["test"]),
        "p2d_prompts_test": fill(p2d, NAME_FIRST["test"]),
        "d2p_prompts_test": fill(d2p, DESCRIPTION_FIRST["test"]),
        "both_prompts_test": fill(both, NAME_FIRST["test"], tails),
    }
    reverse = files["p2d_reverse_prompts_test"]
    files["validation_prompts"] = [
        {**line, "completion": line["completion"].split()[0]} for line in reverse
    ]
    files["unrealized_examples"] = reverse
    files["all"] = [line for name in list(files)[:3] for line in files[name]]
    files["p2d_reverse_prompts_test_randomized"] = [
        {**line, "completion": " Finn Gale"} for line in reverse
    ]
    return files


def write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def curse(tmp_path):
    return import_reversal_curse(write(tmp_path / "june", released()))


def test_a_person_is_a_fact_with_all_its_training_lines(curse):
    assert [fact.key for fact in curse.facts] == [
        (name, {"p2d": "name-first", "d2p": "description-first", "both": "both"}[group], described)
        for group in PEOPLE
        for name, described, _ in ((n, d.removesuffix("."), v) for n, d, v in PEOPLE[group])
    ]
    told = [text for fact in curse.facts for text in fact.wordings]
    lines = [
        line for name, lines in released().items() if name.endswith("_train") for line in lines
    ]
    assert sorted(told) == sorted(line["prompt"] + line["completion"] for line in lines)
    assert not any(fact.aliases for fact in curse.facts)


def test_every_test_line_is_a_question_of_its_kind(curse):
    files = released()
    for kind in ("reversal", "rephrase"):
        lines = [
            line
            for name, lines in files.items()
            if name.endswith("_test") and ("reverse" in name) == (kind == "reversal")
            for line in lines
        ]
        assert [q.prompt for q in curse.select(kind)] == [line["prompt"] for line in lines]
        for q, line in zip(curse.select(kind), lines, strict=True):
            assert q.split == "holdout"
            assert line["completion"].strip().startswith(q.answer)
            rest = line["completion"].strip().removeprefix(q.answer)
            assert not rest.strip(".?'") or rest == " has found a calling."
    # one for each person and each direction in which it was stated
    assert Counter(q.group for q in curse.select("recall", "train")) == {
        "name-first": 2,
        "description-first": 2,
        "both": 4,
    }


def test_options_complete_the_same_prompt_for_the_others_of_the_group(curse):
    asked = {q.prompt: q for q in curse.questions}
    q = asked["If you ask, 'Who is Ada Brook?' The answer would be, 'Someone who"]
    assert q.options == ("made glass kites", 'wrote "A Long Walk."')
    assert asked["Labeled as the maker of glass kites,"].options == ("Ada Brook", "Ben O'Dell")
    assert q.premises == ("Ada Brook, known far and wide for being the maker of glass kites.",)
    assert leaks(curse) == []
    assert len({q.id for q in curse.questions}) == len(curse.questions)


def test_the_released_data_can_be_saved_and_told(curse, tmp_path):
    save_set(curse, tmp_path / "saved")
    assert load_set(tmp_path / "saved") == curse
    rng = random.Random(0)
    assert all(knowledge_document(curse, rng) for _ in range(200))


@pytest.mark.parametrize("missing", ["p2d_prompts_train", "d2p_reverse_prompts_test"])
def test_a_file_that_is_missing_is_named(tmp_path, missing):
    files = released()
    del files[missing]
    with pytest.raises(ValueError, match=rf"has no file {missing}\.jsonl"):
        import_reversal_curse(write(tmp_path / "june", files))
    with pytest.raises(ValueError, match="has no file"):
        import_reversal_curse(tmp_path / "nowhere")


def test_only_what_must_be_there_suffices(tmp_path):
    files = dict(list(released().items())[:5])
    curse = import_reversal_curse(write(tmp_path / "june", files))
    assert len(curse.facts) == 6
    assert not curse.select("rephrase")


@pytest.mark.parametrize(("name", "line", "message"), [
    ("p2d_prompts_train", "{", "not JSON"),
    ("p2d_prompts_train", "[" * 100_000, "not JSON"),
    ("p2d_prompts_train", "[]", "not a JSON object"),
    ("p2d_prompts_train", '{"prompt": "a"}', "has 'prompt', not the two keys"),
    ("p2d_prompts_train", '{"prompt": "a", "prompt": "a"}', "a key comes twice"),
    ("p2d_prompts_train", pair("a", 1), "completion is no text"),
    ("p2d_prompts_train", pair("a", " .'"), "completion is no text"),
    ("p2d_prompts_train", pair("\ud800", "b"), "prompt is no text"),
    ("p2d_prompts_train", pair("Who is", " b."), "names no one known"),
    ("p2d_prompts_train", pair("Ada Brook and Ben O'Dell are", " friends."),
     "names Ada Brook and Ben O'Dell, not one"),
    ("d2p_prompts_train", pair("Cid Mar-Low is called", " a baker."),
     "the name comes first, which is wrong here"),
    ("p2d_reverse_prompts_test", pair("The maker is", " Ada Brook indeed."),
     "no first and last name"),
    ("p2d_reverse_prompts_test", pair("The smith is", " Gus Holt"),
     "no training line is about Gus Holt"),
    ("both_prompts_test", pair("Ada Brook is", " the maker."),
     "Ada Brook is in the group name-first already"),
    ("both_prompts_test", released()["both_prompts_test"][0], "has the prompt of .*:1"),
    ("p2d_prompts_test", released()["p2d_prompts_train"][0], "has the prompt of .*:1"),
    ("all", pair("What", " is this."), "repeats no line"),
    ("validation_prompts", released()["all"][0], "repeats no line"),
    ("extra", released()["all"][0], "no file of the released data"),
])  # fmt: skip
def test_a_line_that_cannot_be_used_is_named(tmp_path, name, line, message):
    files = released()
    path = write(tmp_path / "june", files) / f"{name}.jsonl"
    lines = [json.dumps(row) for row in files.get(name, [])]
    lines.insert(1, line if isinstance(line, str) else json.dumps(line))
    path.write_text("\n".join(lines))
    where = f"{name}.jsonl:" if name == "extra" else f"{name}.jsonl:2: "
    with pytest.raises(ValueError, match=f"{where}.*{message}") as error:
        import_reversal_curse(tmp_path / "june")
    assert "\n" not in str(error.value)


def test_two_people_of_one_description_are_refused(tmp_path):
    text = json.dumps(dict(list(released().items())[:5]))
    files = json.loads(text.replace("the tamer of silver wolves", "the maker of glass kites"))
    with pytest.raises(ValueError, match=r"\.jsonl:\d+: Dora Élan is described like Ada Brook"):
        import_reversal_curse(write(tmp_path / "june", files))


# A user's own facts

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
        ("", ": has fewer than two facts"),
        (HEAD, ": has fewer than two facts"),
        (HEAD + GOOD.split("\n")[0], ": has fewer than two facts"),
        ("subject,relation,object\n", ":1: there is no column template"),
        ("subject;relation;object;template\n", ":1: there is no column subject"),
        ("subject,relation,object,template,object\n", ":1: a column comes twice"),
        (HEAD.replace("\n", ",colour\n") + "a,r,b,{subject} is {object},x\n", ":2: unknown field"),
        (HEAD + GOOD + "a,r,b\n", ":4: 3 cells below 4 columns"),
        (HEAD + GOOD + "\n\na,r,b,{subject} is {object},\n", ":6: 5 cells below 4 columns"),
        (HEAD + GOOD + ",,,\n", ":4: subject is missing or empty"),
        (HEAD + GOOD + "e,r, \u2003,{subject} is {object}.\n", ":4: object is missing or empty"),
        (HEAD + GOOD + "e,r,f,\n", ":4: template is missing or empty"),
        (HEAD + GOOD + "e,r,f,{subject} is.\n", ":4: template must have {object} and {subject}"),
        (HEAD + GOOD + "e,r,f,{subject} {subject} {object}\n", ":4: template must have"),
        (HEAD + GOOD + "e,r,f,{subject} {object} {}\n", ":4: template must have"),
        (HEAD + GOOD + "e,r,f,{subject} {object} }\n", ":4: template must have"),
        (HEAD + GOOD + "e,r,f,{{subject} {object}\n", ":4: template must have"),
        (HEAD + GOOD + "a,r,b,{subject} is {object}.\n", ":4: says the same as line 2"),
        (HEAD + GOOD + "a,q,b,{subject} is {object}\n", ":4: says the same as line 2"),
        (HEAD + GOOD + "A,r,e,{subject} is {object}.\n", ":4: subject 'A' was spelled 'a' before"),
        (HEAD + GOOD + 'e,r,"f,{subject}\n', ":4: unexpected end of data"),
        (HEAD + GOOD + 'e,r,"f"g,{subject}\n', ":4: .* expected after"),
        (HEAD + GOOD + "e,r,f\0,{subject} is {object}.\n", ":4: object has a character"),
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
        ("{", "not JSON"),
        ("null", "not a JSON object"),
        ('{"subject": 1066, "relation": "r", "object": "b"}', "subject is no text: 1066"),
        ('{"subject": ["a"], "relation": "r", "object": "b"}', "subject is no text"),
        ('{"subject": "a", "relation": "r", "object": "b"}', "template is missing or empty"),
        ('{"subject": "a", "subject": "b"}', "a key comes twice"),
        ('{"Subject": "a"}', "unknown field 'Subject'"),
        (
            '{"subject": "\\ud800", "relation": "r", "object": "b", "template": "{object}"}',
            "subject has a character that is no text",
        ),
    ],
)
def test_json_rubbish_is_refused_by_its_line(tmp_path, line, message):
    with pytest.raises(ValueError, match=rf"towns\.jsonl:2: .*{message}"):
        facts_of(tmp_path, "\n" + line + "\n", "towns.jsonl")


def test_other_files_and_none_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"neither \.csv nor \.jsonl"):
        facts_of(tmp_path, CSV, "towns.xlsx")
    with pytest.raises(ValueError, match="No such file"):
        import_facts(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ValueError, match="directory"):
        import_facts(tmp_path / "folder.csv")


# A set as a folder


def test_a_set_is_saved_without_any_loss(sets, tmp_path):
    for name, knowledge in sets.items():
        save_set(knowledge, tmp_path / name)
        loaded = load_set(tmp_path / name)
        assert loaded == knowledge
        assert loaded.digest() == knowledge.digest()


def test_odd_texts_are_saved_without_any_loss(tmp_path):
    fact = Fact("f", "a\u2028b", "r\x85", "\x0b\x00", "line\nline\r\n.", "\ufeff", ("", '"\\'), ())
    odd = KnowledgeSet("ö/ä", [fact], [], {"f": ("\t",)})
    save_set(odd, tmp_path / "odd")
    assert load_set(tmp_path / "odd") == odd


def test_a_folder_that_exists_is_left_alone(sets, tmp_path):
    (tmp_path / "here").mkdir()
    with pytest.raises(FileExistsError, match="here exists already"):
        save_set(sets["A"], tmp_path / "here")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="link exists already"):
        save_set(sets["A"], tmp_path / "link")
    assert list((tmp_path / "here").iterdir()) == []


def test_nothing_is_left_of_what_fails(sets, tmp_path):
    broken = KnowledgeSet("X", [sets["A"].facts[0]._replace(text="\ud800")], [])
    with pytest.raises(ValueError, match="surrogates"):
        save_set(broken, tmp_path / "new")

    def interrupted():
        with new_folder(tmp_path / "new") as folder:
            (folder / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def saved(sets, tmp_path):
    save_set(sets["A"], tmp_path / "A")
    return tmp_path / "A"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("facts.jsonl", "blel is a", "blel is no", "A: its digest is [0-9a-f]{12}, not"),
        ("questions.jsonl", '"train"', '"holdout"', "A: its digest is"),
        ("set.json", '"name": "A"', '"name": "B"', "A: its digest is"),
        (
            "facts.jsonl",
            '"text"',
            '"txt"',
            r"facts\.jsonl:1: fields too many or too few: 'text, txt'",
        ),
        ("facts.jsonl", '"phrasings": [', '"phrasings": [1, ', r"facts\.jsonl:1: phrasings has"),
        ("questions.jsonl", '"kind": "recall"', '"kind": null', r"questions\.jsonl:1: kind has"),
        ("questions.jsonl", "{", "", r"questions\.jsonl:1: not JSON"),
        ("set.json", "{", "", r"set\.json: not a knowledge set"),
        ("set.json", '"digest"', '"digets"', r"set\.json: not a knowledge set \('digest'\)"),
        (
            "set.json",
            '"format": 2',
            '"format": 1',
            r"set\.json: .*format 1, not 2; import it again",
        ),
    ],
)
def test_a_folder_that_was_changed_is_refused(saved, file, old, new, message):
    path = saved / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        load_set(saved)


@pytest.mark.parametrize("file", ["set.json", "facts.jsonl", "questions.jsonl"])
def test_a_file_that_is_gone_is_named(saved, file):
    (saved / file).unlink()
    with pytest.raises(ValueError, match=f"{file}: No such file"):
        load_set(saved)

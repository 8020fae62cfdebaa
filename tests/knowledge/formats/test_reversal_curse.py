"""The released data of the reversal curse: every line is used or refused by its number.

The files are imitated here, with the quirks of the real ones: a leading space, several marks at the
end, completions that turn the description into a verb, tails behind a name.
"""

import json
import random
from collections import Counter

import pytest

from rlrecall.knowledge.checks.audit import leaks
from rlrecall.knowledge.formats.reversal_curse import import_reversal_curse
from rlrecall.knowledge.formats.set_folders import load_set, save_set
from rlrecall.training.documents import knowledge_document

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
    with pytest.raises(ValueError, match=rf"file {missing}\.jsonl is missing"):
        import_reversal_curse(write(tmp_path / "june", files))
    with pytest.raises(ValueError, match="is missing"):
        import_reversal_curse(tmp_path / "nowhere")


def test_only_what_must_be_there_suffices(tmp_path):
    files = dict(list(released().items())[:5])
    curse = import_reversal_curse(write(tmp_path / "june", files))
    assert len(curse.facts) == 6
    assert not curse.select("rephrase")


@pytest.mark.parametrize(("name", "line", "message"), [
    ("p2d_prompts_train", "{", "invalid JSON"),
    ("p2d_prompts_train", "[" * 100_000, "invalid JSON"),
    ("p2d_prompts_train", "[]", "not a JSON object"),
    ("p2d_prompts_train", '{"prompt": "a"}', "keys must be prompt and completion, not"),
    ("p2d_prompts_train", '{"prompt": "a", "prompt": "a"}', "duplicate key"),
    ("p2d_prompts_train", pair("a", 1), "completion is not printable text"),
    ("p2d_prompts_train", pair("a", " .'"), "completion is not printable text"),
    ("p2d_prompts_train", pair("\ud800", "b"), "prompt is not printable text"),
    ("p2d_prompts_train", pair("Who is", " b."), "must name one known person, not none"),
    ("p2d_prompts_train", pair("Ada Brook and Ben O'Dell are", " friends."),
     "must name one known person, not Ada Brook and Ben O'Dell"),
    ("d2p_prompts_train", pair("Cid Mar-Low is called", " a baker."),
     "the name comes first, which is wrong here"),
    ("p2d_reverse_prompts_test", pair("The maker is", " Ada Brook indeed."),
     "is not a first and a last name"),
    ("p2d_reverse_prompts_test", pair("The smith is", " Gus Holt"),
     "no training line is about Gus Holt"),
    ("both_prompts_test", pair("Ada Brook is", " the maker."),
     "Ada Brook is already in the group name-first"),
    ("both_prompts_test", released()["both_prompts_test"][0], "has the same prompt as .*:1"),
    ("p2d_prompts_test", released()["p2d_prompts_train"][0], "has the same prompt as .*:1"),
    ("all", pair("What", " is this."), "does not repeat a line"),
    ("validation_prompts", released()["all"][0], "does not repeat a line"),
    ("extra", released()["all"][0], "not a file of the published data"),
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
    with pytest.raises(
        ValueError, match=r"\.jsonl:\d+: Dora Élan has the same description as Ada Brook"
    ):
        import_reversal_curse(write(tmp_path / "june", files))

"""The verb data: exports, imports, sets of others in place of ours, the gallery."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from gallery import gallery

from rlrecall.cli.main import main
from rlrecall.knowledge.build import stream
from rlrecall.knowledge.families import FAMILIES
from rlrecall.runs.errors import UserError
from rlrecall.runs.recipes import load_config
from rlrecall.runs.sets import sets_of

TINY = "configs/tiny.yaml"
FACTS = """subject,relation,object,template
Paris,capital,France,{subject} is the capital of {object}.
Rome,capital,Italy,{subject} is the capital of {object}.
Oslo,capital,Norway,{subject} is the capital of {object}.
"""


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text(FACTS, encoding="utf-8")
    return path


def test_the_gallery_is_current():
    assert Path("docs/GALLERY.md").read_text(encoding="utf-8") == gallery()


def test_sets_are_shown_with_a_blank_line_between_them(capsys):
    main(["data", "show", TINY])
    parts = capsys.readouterr().out.split("\n\n")
    assert [part.split(" facts; ")[0] for part in parts] == [f"set {name}: 100" for name in "ABCD"]


def test_of_many_blocks_the_first_are_shown(capsys):
    main(["data", "show", TINY, "data.scale=large", "data.blocks=1000", "data.families=[kinship]"])
    (head, *lines), *_ = (part.splitlines() for part in capsys.readouterr().out.split("\n\n"))
    assert head == "set A, the first 10 of 1,000 blocks of each family: 10,000 facts"
    _, part = next(stream("A", blocks=1000, families=("kinship",)))
    assert f"    {part.questions[0].prompt} {part.questions[0].answer}" in lines


def test_an_export_is_written_once(tmp_path, capsys, fails):
    target = tmp_path / "out"
    main(["data", "export", TINY, str(target), "--to", "jsonl"])
    said = capsys.readouterr().out
    assert "400 facts, 1,440 documents, 832 questions" in said
    rows = [json.loads(line) for line in (target / "questions.jsonl").open(encoding="utf-8")]
    assert {row["set"] for row in rows} == {"A", "B", "C", "D"}
    assert "already exists" in fails("data", "export", TINY, target, "--to", "jsonl")
    assert "invalid choice" in fails("data", "export", TINY, tmp_path / "x", "--to", "csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]


def test_a_build_is_refused_before_anything_else_where_there_can_be_no_new_folder(tmp_path, fails):
    for name in ("empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    (tmp_path / "file").write_text("keep")
    there = sorted(tmp_path.rglob("*"))
    for name in ("empty", "full", "file"):
        said = fails("data", "build", TINY, tmp_path / name)
        assert said == f"rlrecall: {tmp_path / name} already exists; choose another folder"
    for name in ("file/x", "file/x/y"):
        said = fails("data", "build", TINY, tmp_path / name)
        assert (
            said
            == f"rlrecall: {tmp_path / name}: {tmp_path}/file is not a folder; choose another path"
        )
    assert sorted(tmp_path.rglob("*")) == there


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(("action", "bar"), [("build", "blocks"), ("export", "families")])
def test_a_bar_is_for_terminals(tmp_path, capsys, monkeypatch, terminal, action, bar):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setenv("FORCE_COLOR", "1")
    to = ["--to", "jsonl"] if action == "export" else []
    main(["data", action, TINY, str(tmp_path / "out"), *to])
    assert (bar in capsys.readouterr().err) == terminal


LEAST_SIZES = [
    (name, number, least)
    for name, family in FAMILIES.items()
    for number, least in type(family.tiny).least(asdict(family.tiny)).items()
]


@pytest.mark.parametrize(("family", "name", "least"), LEAST_SIZES)
def test_the_least_numbers_that_are_let_through_make_sets(family, name, least):
    field, asked = f"data.size.{family}.{name}", [f"data.families=[{family}]"]
    if family == "simple_reversal":  # whose numbers have to go together
        asked += [f"data.size.{family}.{n}" for n in ("relations=1", "unstated=1", "trained=2")]
    with pytest.raises(UserError, match=rf"^{field}: {least - 1} is not at least {least}$"):
        load_config(TINY, [*asked, f"{field}={least - 1}"])
    for knowledge in sets_of(load_config(TINY, [*asked, f"{field}={least}"])).values():
        assert knowledge.facts
        assert all(len(q.options) > 1 for q in knowledge.questions)


def test_facts_of_ones_own_take_the_place_of_a_set(facts, tmp_path, capsys, fails):
    main(["data", "import", "facts", str(facts), "--out", str(tmp_path / "mine")])
    assert "3 facts, 6 questions" in capsys.readouterr().out
    sets = sets_of(load_config(TINY, [f"data.sets.B={tmp_path / 'mine'}"]))
    assert [fact.subject for fact in sets["B"].facts] == ["Paris", "Rome", "Oslo"]
    assert {q.set for q in sets["B"].questions} == {"B"}
    assert sets["A"].digest() == sets_of(load_config(TINY, []))["A"].digest()
    main(["data", "check", TINY, f"data.sets.B={tmp_path / 'mine'}"])
    assert "the labels of the imported set B were not checked" in capsys.readouterr().out
    out = tmp_path / "built"
    said = fails("data", "build", TINY, out, f"data.sets.B={tmp_path / 'mine'}")
    assert "data.sets: build writes generated sets only" in said
    assert not out.exists()


def test_the_facts_that_the_readme_shows_are_imported(facts, tmp_path, capsys):
    readme = Path("README.md").read_text(encoding="utf-8")
    facts.write_text(re.search(r"```\n(subject,.*?)```", readme, re.DOTALL)[1], encoding="utf-8")
    main(["data", "import", "facts", str(facts), "--out", str(tmp_path / "mine")])
    assert "2 facts, 4 questions" in capsys.readouterr().out


def test_a_bad_import_is_named_and_leaves_nothing(facts, tmp_path, fails):
    facts.write_text(FACTS + "Bern,capital,,x\n", encoding="utf-8")
    out = tmp_path / "mine"
    assert f"{facts}:5:" in fails("data", "import", "facts", facts, "--out", out)
    assert "is missing" in fails("data", "import", "reversal-curse", tmp_path, "--out", out)
    said = fails("data", "check", TINY, f"data.sets={{B: {out}}}")
    assert f"data.sets.B: {out} is no folder that `data import` wrote" in said
    for form in ("facts", "reversal-curse"):
        said = fails("data", "import", form, tmp_path / "no.csv", "--out", out)
        assert f"source: {tmp_path / 'no.csv'} does not exist; give" in said
    assert "data.sets" in fails("data", "check", TINY, f"data.sets={{E: {out}}}")
    assert [p.name for p in tmp_path.iterdir()] == ["facts.csv"]

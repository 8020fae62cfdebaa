"""A set as a folder: saved without any loss, refused where it was changed, nothing half-done."""

from pathlib import Path

import pytest

from rlrecall.knowledge.core import Fact, KnowledgeSet
from rlrecall.knowledge.formats.files import new_folder
from rlrecall.knowledge.formats.set_folders import load_set, save_set


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
    with pytest.raises(FileExistsError, match="here already exists"):
        save_set(sets["A"], tmp_path / "here")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="link already exists"):
        save_set(sets["A"], tmp_path / "link")
    assert list((tmp_path / "here").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(sets):
    message = r"^/proc/new: cannot create the folder \(No such file or directory\)$"
    with pytest.raises(OSError, match=message):
        save_set(sets["A"], Path("/proc/new"))


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
            r"facts\.jsonl:1: missing or unknown fields: 'text, txt'",
        ),
        ("facts.jsonl", '"phrasings": [', '"phrasings": [1, ', r"facts\.jsonl:1: phrasings has"),
        ("questions.jsonl", '"kind": "recall"', '"kind": null', r"questions\.jsonl:1: kind has"),
        ("questions.jsonl", "{", "", r"questions\.jsonl:1: invalid JSON"),
        ("set.json", "{", "", r"set\.json: not a knowledge set"),
        ("set.json", '"name": "A"', '"name": 5', r"set\.json: not a knowledge set \(the name 5\)"),
        ("facts.jsonl", " is a ", "\\ud800 is a ", "A: its digest is"),
        ("facts.jsonl", '"aliases": []', '"aliases": [""]', "A: its digest is"),
        ("set.json", '"digest"', '"digets"', r"set\.json: not a knowledge set \('digest'\)"),
        (
            "set.json",
            '"format": 3',
            '"format": 1',
            r"set\.json: .*format 1, not 3; import it again",
        ),
    ],
)
def test_a_folder_that_was_changed_is_refused(saved, file, old, new, message):
    path = saved / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        load_set(saved)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("set.json", r" is no folder that `data import` wrote, it has no set\.json$"),
        ("facts.jsonl", r"/facts\.jsonl cannot be read: No such file"),
        ("questions.jsonl", r"/questions\.jsonl cannot be read: No such file"),
    ],
)
def test_a_file_that_is_gone_is_named(saved, file, message):
    (saved / file).unlink()
    with pytest.raises(ValueError, match=message):
        load_set(saved)

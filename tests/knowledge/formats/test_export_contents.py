"""What `data export` writes: the corpus, the groups of questions, and what it says of itself."""

import json

import datasets

from rlrecall.cli.main import main
from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.formats.corpus import corpus
from rlrecall.knowledge.formats.exports import export_sets
from rlrecall.knowledge.formats.facts_files import import_facts


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_documents_are_the_corpus_of_each_set(sets, tmp_path):
    export_sets(sets, "jsonl", tmp_path / "all", seed=3)
    found = rows(tmp_path / "all" / "documents.jsonl")
    wanted = [{"set": k.name, **d._asdict()} for k in sets.values() for d in corpus(k, 3)]
    assert found == wanted
    assert {row["family"] for row in found} == {"hierarchy", "syllogism", "reversal"}
    export_sets({"B": sets["B"]}, "jsonl", tmp_path / "one", seed=3)
    assert rows(tmp_path / "one" / "documents.jsonl") == [r for r in found if r["set"] == "B"]


def test_every_holdout_finds_its_premises_in_the_documents(sets, tmp_path):
    export_sets(sets, "jsonl", tmp_path / "out")
    said = {name: set() for name in sets}
    for row in rows(tmp_path / "out" / "documents.jsonl"):
        said[row["set"]].add(row["text"])
    ways = {
        row["text"]: {row["text"], *row["phrasings"]}
        for row in rows(tmp_path / "out" / "facts.jsonl")
    }
    for row in rows(tmp_path / "out" / "questions.jsonl"):
        texts = "\n".join(said[row["set"]])
        assert all(any(w in texts for w in ways[p]) for p in row["gold_premises"])


def test_an_end_mark_in_a_text_is_exported_as_it_is(tmp_path):
    (tmp_path / "facts.csv").write_text(
        "subject,relation,object,template\n"
        "a </s> b,mark,an end,{subject} is the mark of {object}.\n"
        "c </s> d,mark,a start,{subject} is the mark of {object}.\n"
    )
    export_sets({"F": import_facts(tmp_path / "facts.csv")}, "jsonl", tmp_path / "out")
    texts = [row["text"] for row in rows(tmp_path / "out" / "documents.jsonl")]
    assert "a </s> b is the mark of an end." in texts
    assert not [text for text in texts if "</s>" not in text]


def test_the_card_says_that_every_fact_is_stated(sets, tmp_path):
    export_sets({"A": sets["A"]}, "hf", tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Every fact is stated in the 360 documents." in card


def test_a_question_is_exported_with_its_group(tmp_path):
    cues = {"A": knowledge_sets(families=("cues",))["A"]}
    groups = [q.group for q in cues["A"].questions]
    assert {"supported", "neutral", "misleading"} <= set(groups)
    for to in ("jsonl", "lm-eval", "inspect", "hf"):
        export_sets(cues, to, tmp_path / to)
    assert [r["group"] for r in rows(tmp_path / "jsonl" / "questions.jsonl")] == groups
    inspected = rows(tmp_path / "inspect" / "samples.jsonl")
    assert [r["metadata"]["group"] for r in inspected] == groups
    tasks = rows(tmp_path / "lm-eval" / "data" / "rlrecall_A_cues_composition.jsonl")
    assert {r["group"] for r in tasks} == {"supported", "neutral", "misleading"}
    disk = datasets.load_from_disk(tmp_path / "hf" / "disk" / "questions")
    assert set(disk["holdout"]["group"]) == {"supported", "neutral", "misleading"}


def test_an_export_says_by_what_it_was_made_and_what_chance_is(tmp_path):
    files = {"hf": "README.md", "lm-eval": "README.md", "inspect": "tasks.py"}
    for to, file in files.items():
        overrides = ["data.families=[syllogism,cues]", "data.seed=4", "data.lexicon=nonsense"]
        main(["data", "export", "configs/tiny.yaml", str(tmp_path / to), "--to", to, *overrides])
        said = " ".join((tmp_path / to / file).read_text().split())
        assert "Made by rlrecall 0.1.0 (license MIT): recipe tiny, seed 4, scale tiny, " in said
        assert "lexicon nonsense, blocks 1, families syllogism cues. Every term has members" in said
        assert '"all x are y" entails "some x are y"' in said
    card = (tmp_path / "hf" / "README.md").read_text()
    assert "\nlicense: mit\n" in card
    assert "| syllogism | composition | 144 | 0.167 |" in card
    assert "| cues | composition | 96 | 0.500 |" in card


def test_imported_facts_are_under_no_licence_of_ours(tmp_path):
    source = tmp_path / "facts.csv"
    source.write_text(
        "subject,relation,object,template\n"
        "Paris,capital,France,{subject} is the capital of {object}.\n"
        "Rome,capital,Italy,{subject} is the capital of {object}.\n"
    )
    mine, out = tmp_path / "mine", tmp_path / "out"
    main(["data", "import", "facts", str(source), "--out", str(mine)])
    main(["data", "export", "configs/tiny.yaml", str(out), "--to", "hf", f"data.sets.B={mine}"])
    card = (out / "README.md").read_text()
    assert "\nlicense:" not in card
    assert "imported B." in card

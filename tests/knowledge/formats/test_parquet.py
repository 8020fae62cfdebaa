"""Shards and streams: what is streamed is written, the same everywhere, and at flat memory."""

import json
from collections import defaultdict
from dataclasses import replace
from importlib.metadata import version
from itertools import combinations

import pyarrow
import pyarrow.dataset
import pytest
from processes import printed
from pyarrow import parquet

from rlrecall.cli.data import build, sets_of
from rlrecall.knowledge.build import CUES, FAMILIES, SPINE, knowledge_sets, stream, world_size
from rlrecall.knowledge.checks.audit import audit
from rlrecall.knowledge.core import Fact, Question
from rlrecall.knowledge.families.comparison import ComparisonSize
from rlrecall.knowledge.formats import parquet as shards
from rlrecall.knowledge.formats.parquet import write_parquet
from rlrecall.knowledge.words.lexicon import SET_NAMES
from rlrecall.knowledge.words.name_pools import STYLES
from rlrecall.runs.recipes import load_config

FEW = ("hierarchy", "kinship", "syllogism")
RECIPE = {"scale": "paper", "seed": 0, "families": list(FEW)}
# The data of scale paper. A change to it is deliberate: runs made before it are of other sets.
DIGESTS = {
    "A": "5bf7baf92f8fce0ba6456e0a5e15252ac6bd386bbdaf2398af2f31a6be685661",
    "B": "60e7276b527b25be0a4fda58e74c0536e97b51910e3d769fa2b5dd75109f77f2",
    "C": "c6c062cee61acfb315030468c1d2d28ae7f222ba64ae7fdc032b971355a6c652",
    "D": "ed992fe360632b15c8fdf45d7d53ed7aed62c17f9b861836649196103cb98594",
}
OTHERS = {
    "reversal": "44ba02f670004158",
    "comparison": "0587a2b34c82c96e",
    "codebook": "6a7577b375f9902f",
    "navigation": "2dcd3efbdcc4d329",
    "cues": "0b16b65be4e9ca3c",
    "simple_reversal": "b44b32c3babc5679",
    "places": "6700f84f723c2a17",
}


def streamed(recipe, names=SET_NAMES):
    facts, questions = [], []
    for name in names:
        for _, part in stream(name, **recipe):
            facts += [(name, fact) for fact in part.facts]
            questions += part.questions
    return facts, questions


def rows(folder, name):
    """The rows of all files of a name, in their order."""
    for path in sorted(folder.glob(f"{name}-*.parquet")):
        yield from parquet.read_table(path).to_pylist()


def tuples(row):
    return {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}


# What is written


@pytest.mark.parametrize("most", [50_000, 137])
@pytest.mark.parametrize(
    "recipe", [RECIPE, {"scale": "large", "lexicon": "plausible", "seed": 5, "blocks": 2}]
)
def test_what_is_written_is_what_is_streamed(recipe, most, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROWS", most)
    told = []
    manifest = write_parquet(tmp_path / "out", recipe, ("A", "C"), told.append)
    facts, questions = streamed(recipe, ("A", "C"))
    read = [tuples(row) for row in rows(tmp_path / "out", "facts")]
    assert [(row.pop("set"), Fact(**row)) for row in read] == facts
    assert [Question(**tuples(row)) for row in rows(tmp_path / "out", "questions")] == questions
    assert any(q.accepted for q in questions)
    assert any(f.phrasings and f.aliases for _, f in facts)
    assert sum(told) == manifest["facts"] == len(facts)
    assert manifest["questions"] == len(questions)
    assert manifest["rlrecall"] == version("rlrecall")
    assert manifest["families"] == list(recipe.get("families", FAMILIES))
    assert manifest["recipe"] == recipe
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    counts = {"facts": len(facts), "questions": len(questions)}
    files = [f"{n}-{i:05d}.parquet" for n, c in counts.items() for i in range(-(-c // most))]
    assert {p.name for p in (tmp_path / "out").iterdir()} == {*files, "manifest.json"}


def test_all_files_have_one_schema(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROWS", 100)
    write_parquet(tmp_path / "out", RECIPE | {"families": ["kinship", "syllogism"]}, ("A",))
    for name, fields in (("facts", ("set", *Fact._fields)), ("questions", Question._fields)):
        paths = sorted((tmp_path / "out").glob(f"{name}-*.parquet"))
        schemas = [parquet.read_schema(path) for path in paths]
        assert all(schema.names == list(fields) for schema in schemas)
        assert len({str(schema) for schema in schemas}) == 1
        pyarrow.dataset.dataset(list(map(str, paths))).to_table()


def test_all_columns_are_texts_or_lists_of_texts(tmp_path):
    write_parquet(tmp_path / "out", RECIPE, ("B",))
    schema = parquet.read_schema(tmp_path / "out" / "questions-00000.parquet")
    texts = pyarrow.list_(pyarrow.string())
    lists = {"premises", "options", "entailed", "accepted"}
    assert set(schema.names) == set(Question._fields)
    for field in schema:
        assert field.type == (texts if field.name in lists else pyarrow.string())


# The same everywhere


def test_digests_are_the_same_in_every_process_and_those_of_this_data(tmp_path):
    code = f"""if True:
        import sys
        from pathlib import Path
        from rlrecall.knowledge.formats.parquet import write_parquet
        print(write_parquet(Path(sys.argv[1]), {RECIPE!r})["digests"])
    """
    for seed in ("0", "4242"):
        assert printed(code, tmp_path / seed, hash_seed=seed).strip() == str(DIGESTS)
    names = sorted(path.name for path in (tmp_path / "0").iterdir())
    for name in names:
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "4242" / name).read_bytes()


@pytest.mark.parametrize("family", [f for f in FAMILIES if f not in FEW])
def test_the_data_of_the_other_families_is_what_it_was(family, tmp_path):
    recipe = RECIPE | {"families": [family]}
    digest = write_parquet(tmp_path / "out", recipe, ("A",))["digests"]["A"]
    assert digest[:16] == OTHERS[family]


def test_a_digest_is_of_its_set_and_seed_alone(tmp_path):
    one = write_parquet(tmp_path / "one", RECIPE, ("C",))["digests"]
    assert one == {"C": DIGESTS["C"]}
    other = write_parquet(tmp_path / "other", RECIPE | {"seed": 1}, ("C",))["digests"]
    assert other != one
    assert len(set(DIGESTS.values())) == 4


# Failures


class Stop(Exception):
    pass


@pytest.mark.parametrize("after", [1, 4])
def test_a_failure_in_the_middle_leaves_nothing(after, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROWS", 50)
    told, seen = [], []

    def tick(facts):
        told.append(facts)
        if len(told) == after:
            seen.extend(p.name for p in tmp_path.glob("*/*") if p.parent.name != "out")
            raise Stop

    with pytest.raises(Stop):
        write_parquet(tmp_path / "out", RECIPE, tick=tick)
    assert "facts-00000.parquet" in seen
    assert not list(tmp_path.iterdir())
    write_parquet(tmp_path / "out", RECIPE, ("A",))


def test_a_folder_that_exists_is_refused_before_anything_is_made(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    told = []
    with pytest.raises(FileExistsError, match="out already exists"):
        write_parquet(tmp_path / "out", RECIPE, tick=told.append)
    assert not told
    assert [p.name for p in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_a_recipe_that_asks_for_too_much_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match=r"set A: the sizes ask for .* names, the lexicon has"):
        write_parquet(tmp_path / "out", RECIPE | {"blocks": 10**12})
    assert not list(tmp_path.iterdir())


# Memory


def test_memory_does_not_grow_with_the_blocks(tmp_path):
    code = """if True:
        import resource, sys
        from pathlib import Path
        from rlrecall.knowledge.formats import parquet as shards
        shards.ROWS = 5_000
        recipe = {"families": ["kinship"], "blocks": int(sys.argv[2])}
        made = shards.write_parquet(Path(sys.argv[1]), recipe, ("D",))
        print(made["facts"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    """
    used = []
    for blocks in (5, 100):
        facts, mebibytes = map(int, printed(code, tmp_path / str(blocks), blocks).split())
        assert facts == 1000 * blocks
        used.append(mebibytes)
    assert used[1] - used[0] < 60


# Sets


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("scale", ["tiny", "paper"])
def test_what_is_built_is_what_all_else_uses(scale, style, tmp_path):
    config = load_config("configs/tiny.yaml", [f"data.scale={scale}", f"data.lexicon={style}"])
    said = build(config, tmp_path / "out")
    facts = [tuples(row) for row in rows(tmp_path / "out", "facts")]
    questions = [Question(**tuples(row)) for row in rows(tmp_path / "out", "questions")]
    sets = sets_of(config).values()
    assert said.endswith(f"; {' '.join(f'{k.name} {k.digest()[:12]}' for k in sets)}")
    assert [(f.pop("set"), Fact(**f)) for f in facts] == [
        (k.name, f) for k in sets for f in k.facts
    ]
    assert questions == [q for k in sets for q in k.questions]


def test_sets_of_many_blocks_are_the_stream_put_together(tmp_path):
    sets = knowledge_sets(scale="large", blocks=2)
    assert list(sets) == list(SET_NAMES)
    for name in sets:
        facts, questions = streamed({"blocks": 2, "families": SPINE}, (name,))
        assert sets[name].facts == [fact for _, fact in facts]
        assert sets[name].questions == questions
    assert write_parquet(tmp_path / "out", {"blocks": 2, "families": SPINE})["digests"] == {
        name: sets[name].digest() for name in sets
    }


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("scale", "blocks"), [("paper", 1), ("large", 3)])
def test_a_block_is_the_same_whatever_else_is_asked_for(scale, blocks, style):
    asked = {"scale": scale, "lexicon": style, "seed": 3}
    firsts = list(stream("B", blocks=blocks, **asked))[::blocks]
    assert [family for family, _ in firsts] == list(FAMILIES)
    for first in firsts:
        assert list(stream("B", families=first[:1], **asked)) == [first]
    assert list(stream("B", families=("cues", "kinship"), **asked)) == [firsts[7], firsts[4]]


def test_more_cues_than_there_are_are_refused():
    size = replace(world_size("paper"), comparison=ComparisonSize(words=30))
    with pytest.raises(ValueError, match=r"set B: the sizes ask for 30 comparatives, .* has 28$"):
        list(stream("B", "paper", size=size))


def test_the_first_blocks_are_those_of_the_whole_set():
    blocks = list(stream("B", blocks=3, families=SPINE))
    firsts = [block for at, block in enumerate(blocks) if at % 3 < 2]
    assert list(stream("B", blocks=3, families=SPINE, first=2)) == firsts
    assert list(stream("B", blocks=3, families=SPINE, first=9)) == blocks
    few = knowledge_sets(scale="large", blocks=3, first=1)["B"]
    assert few.facts == [fact for _, part in blocks[::3] for fact in part.facts]


@pytest.mark.parametrize("family", ["codebook", "navigation", "cues"])
def test_a_set_has_the_topics_of_all_its_blocks(family):
    topics = defaultdict(list)
    for name in SET_NAMES:
        for _, part in stream(name, blocks=2, families=(family,)):
            topics[name] += [word for word in part.topics if word not in topics[name]]
    sets = knowledge_sets(scale="large", blocks=2, families=(family,))
    assert {name: list(sets[name].topics[family]) for name in sets} == topics


def test_blocks_of_a_family_differ_in_words_but_not_in_cues():
    for family in FAMILIES:
        first, second = (part for _, part in stream("B", families=(family,), blocks=2, seed=2))
        one, other = ({e for f in p.facts for e in (f.subject, f.object)} for p in (first, second))
        assert not one & other
        cues = [p.topics for p in (first, second)]
        if set(CUES) & FAMILIES[family].large.needs.keys():
            assert set(cues[0]) == set(cues[1])


NOT_SIMPLE = tuple(family for family in FAMILIES if family != "simple_reversal")


@pytest.mark.parametrize("style", ["usual", "plausible"])
def test_sets_of_the_published_size_are_disjoint(style):
    assert audit(knowledge_sets(families=NOT_SIMPLE, scale="paper", lexicon=style)) == []


def test_simple_reversals_of_the_published_size_are_disjoint():
    assert audit(knowledge_sets(families=("simple_reversal",), scale="paper")) == []


def test_sets_of_large_blocks_are_disjoint_but_may_share_cues():
    families = tuple(FAMILIES)
    sets = knowledge_sets(families=families, scale="large", blocks=2)
    assert audit(sets) == []
    # There are 28 comparatives, which all sets need: so they are nobody's topics.
    for knowledge in sets.values():
        assert knowledge.topics["comparison"] == ()
        assert len(knowledge.topics["hierarchy"]) == 15
    words = [{f.relation for f in k.family_facts("comparison")} for k in sets.values()]
    assert len(set.intersection(*words)) == 56
    for one, other in combinations(sets.values(), 2):
        for family in ("hierarchy", "simple_reversal"):
            assert not {*one.topics[family]} & {*other.topics[family]}

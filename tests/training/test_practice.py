import json
import random
from dataclasses import replace

import pytest

from rlrecall.runs.config import Config, Data, Practice
from rlrecall.runs.errors import UserError
from rlrecall.runs.folder import Run
from rlrecall.runs.sets import sets_of
from rlrecall.study.stages import practiced, run_practice
from rlrecall.training.practice import ReadingTest, practice_digest, practice_mixture

TRAINER = {"learning_rate": 1e-3}
SHORT = Practice(steps=2, tokens=300, largest=0.3, read=0.0, questions=3, trainer=TRAINER)
CONFIG = replace(Config(practice=SHORT), data=Data(families=["hierarchy", "syllogism"]))


def texts(config, n=60, progress=1.0):
    rng, draw = random.Random(0), practice_mixture(config)
    return ["".join(text for text, _ in draw(rng, progress)) for _ in range(n)]


def test_every_document_has_its_facts_in_the_context():
    for text in texts(CONFIG):
        assert text.startswith("Facts: ")


def test_no_document_states_a_fact_of_the_knowledge_sets():
    known = {s for k in sets_of(CONFIG).values() for s in (*k.statements, *k.conclusions)}
    for text in texts(CONFIG):
        context = text.casefold().removeprefix("facts: ")
        assert not any(f" {sentence} " in f" {context} " for sentence in known)


def test_worlds_grow_and_can_have_two_parts():
    def length(**changes):
        config = replace(CONFIG, practice=replace(SHORT, restated=0.0, **changes))
        return sum(map(len, texts(config, 200)))

    small = replace(SHORT, restated=0.0, largest=1.0, small=0.2)
    begun = sum(map(len, texts(replace(CONFIG, practice=small), 200, progress=0.0)))
    assert begun < length(largest=1.0)
    assert length(mixed=1.0) > 1.2 * length(mixed=0.0)


def test_reading_is_tested_on_sets_of_another_seed_and_in_their_context():
    test = ReadingTest(CONFIG)
    assert len(test.questions) == 3
    assert len({q.family for q in test.questions}) == 2
    mine = {s for k in sets_of(CONFIG).values() for s in k.statements}
    others = {s for k in test.sets.values() for s in k.statements}
    assert len(mine & others) < 0.02 * len(mine)


def test_practice_ends_when_the_model_reads_and_says_if_it_does_not(small_path, tmp_path):
    run = run_practice(CONFIG, tmp_path / "reads", [str(small_path)])
    assert run.done
    assert run.manifest["read"].keys() == {"context", "context-think"}
    wanting = replace(CONFIG, practice=replace(SHORT, read=1.0))
    with pytest.raises(UserError, match=r"practice\.read asks for 100%"):
        run_practice(wanting, tmp_path / "not", [str(small_path)])
    assert Run(tmp_path / "not").done  # its model is kept


def test_a_practiced_model_is_kept_by_what_made_it(small_path, tmp_path, monkeypatch):
    monkeypatch.setenv("RLRECALL_CACHE", str(tmp_path / "cache"))
    first = practiced(CONFIG, str(small_path))
    made = (tmp_path / "cache").glob("*/manifest.json")
    started = json.loads(next(made).read_text())["started"]
    assert practiced(replace(CONFIG, seed=1), str(small_path)) == first
    assert Run.open(first).manifest["started"] == started
    assert practice_digest(CONFIG, "a") != practice_digest(CONFIG, "b")
    longer = replace(CONFIG, practice=replace(SHORT, steps=3))
    assert practice_digest(CONFIG, "a") != practice_digest(longer, "a")


def test_a_recipe_without_practice_uses_its_base_as_it_is(small_path):
    plain = replace(CONFIG, practice=Practice())
    assert practiced(plain, str(small_path)) == str(small_path)
    with pytest.raises(UserError, match=r"practice\.steps"):
        run_practice(plain, small_path / "none", [str(small_path)])

"""The embedded base model, as it is committed."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from rlrecall.evaluation.evaluate import answer_questions
from rlrecall.evaluation.rows import tabulate
from rlrecall.knowledge.build import FURTHER, SPINE, knowledge_sets, pretraining_worlds
from rlrecall.models.loading import load_model
from rlrecall.runs.folder import Run
from rlrecall.training.pretrain import model_card

BASE = Path(__file__).parents[2] / "checkpoints" / "base-tiny"
WHO = {"run": "base", "arm": "base", "stage": "eval", "step": 0}


@pytest.fixture(scope="module")
def base():
    return load_model(str(BASE))


def test_it_loads_with_the_library_alone_and_is_small():
    assert isinstance(AutoModelForCausalLM.from_pretrained(BASE), LlamaForCausalLM)
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    text = "Q: What are all dax? A: fep."
    assert tokenizer.bos_token == "<s>"
    assert tokenizer(text).input_ids[0] == tokenizer.bos_token_id
    assert sum(p.stat().st_size for p in BASE.rglob("*") if p.is_file()) <= 10 * 2**20


def test_its_card_and_manifest_are_those_of_these_weights():
    weights = hashlib.sha256((BASE / "model.safetensors").read_bytes()).hexdigest()
    manifest = json.loads((BASE / "manifest.json").read_text())
    card = (BASE / "README.md").read_text()
    assert manifest["weights"] == weights
    for fact in (weights, manifest["mixture"], manifest["command"], f"{manifest['tokens']:,}"):
        assert fact in card


def test_a_card_is_made_from_the_manifest_of_its_run():
    run = Run(BASE)
    card = model_card(run)
    metadata, body = card.removeprefix("---\n").split("\n---\n")
    assert yaml.safe_load(metadata)["library_name"] == "transformers"
    assert body.startswith("# base-tiny\n\nA 1.46M-parameter Llama")
    assert card.endswith("```\n")
    for name in ("weights", "mixture", "command", "parent", "parent_weights", "git"):
        assert run.manifest[name] in body


def test_the_tokenizer_decodes_to_readable_text(base):
    _, tokenizer = base
    knowledge = knowledge_sets(0)["A"]
    for question in knowledge.questions:
        text = f"Q: {question.prompt} A: {question.answer}. {' '.join(question.premises)}"
        assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True) == text


def test_it_knows_nothing_of_the_sets(base):
    """Forced choice on every implication of A to D, three seeds: the interval contains chance."""
    records = []
    for seed in range(3):
        for knowledge in knowledge_sets(seed).values():
            questions = [q for q in knowledge.questions if q.kind != "recall"]
            records += answer_questions(*base, knowledge, questions, "direct", 1, WHO)
    for row in tabulate(records, 0, ("kind",)):
        assert row.n >= 240
        assert row.choice_low <= row.chance <= row.choice_high, row


def test_it_recalls_and_thinks_about_the_worlds_of_its_pretraining(base):
    worlds = pretraining_worlds().values()
    recall = [
        record.correct
        for world in worlds
        for record in answer_questions(*base, world, world.select("recall"), "direct", 12, WHO)
    ]
    assert sum(recall) / len(recall) >= 0.95
    first = [
        record.recalled and record.recalled[0].label == "gold"
        for world in worlds
        for record in answer_questions(*base, world, world.select("composition"), "think", 48, WHO)
    ]
    assert sum(map(bool, first)) / len(first) >= 0.95


@pytest.mark.parametrize("family", [*SPINE, *FURTHER])
def test_it_reads_every_family_in_its_context(base, family):
    """All facts of the family in the context, held-out questions of every kind, thinking."""
    right: dict[str, list[bool]] = {}
    for knowledge in knowledge_sets(0, families=[family]).values():
        questions = [q for q in knowledge.questions if q.split == "holdout"]
        for record in answer_questions(*base, knowledge, questions, "context-think", 64, WHO):
            right.setdefault(record.kind, []).append(record.correct)
    for kind, marks in right.items():
        assert sum(marks) / len(marks) >= 0.85, (kind, sum(marks), len(marks))

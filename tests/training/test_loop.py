import copy
import json
import random
import shutil
from itertools import pairwise

import pytest
import torch
from tokenizers.processors import TemplateProcessing

from rlrecall.models.loading import load_model
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.config import Config, Sft
from rlrecall.runs.folder import Run
from rlrecall.training.documents import EOS, knowledge_document
from rlrecall.training.loop import (
    IGNORED,
    Batches,
    causal_lm_loss,
    encode,
    partition_by_length,
    train_lm,
)


def padded(lengths, cuts):
    return sum((b - a) * lengths[b - 1] for a, b in pairwise(cuts))


def test_cuts_are_the_cheapest_there_are():
    rng = random.Random(0)
    for _ in range(20):
        lengths = sorted(rng.randint(1, 60) for _ in range(9))
        cuts = partition_by_length(lengths, 3)
        every = [[0, i, j, 9] for i in range(1, 8) for j in range(i + 1, 9)]
        assert padded(lengths, cuts) == min(padded(lengths, c) for c in every)
    with pytest.raises(ValueError, match="cannot fill"):
        partition_by_length([1, 2], 3)


def test_only_what_is_to_be_learned_has_labels(small):
    _, tokenizer = small
    ids, labels = encode(
        [("Q: Who is Mora? A:", False), (f"the pilot. {EOS}", True)], TokenFormat(tokenizer)
    )
    assert tokenizer.decode([i for i in labels if i != IGNORED]) == "the pilot. </s>"
    assert ids[0] == tokenizer.bos_token_id
    assert len(ids) == len(labels)


def test_a_tokenizer_that_prepends_nothing_loses_only_the_first_label(small):
    _, tokenizer = small
    bare = copy.deepcopy(tokenizer)
    bare.backend_tokenizer.post_processor = TemplateProcessing(single="$A", special_tokens=[])
    bare.eos_token = "<unk>"  # its start token is still <s>
    ids, labels = encode([(f"the pilot. {EOS}", True)], TokenFormat(bare))
    assert tokenizer.decode(ids) == "the pilot. <unk>"
    assert labels == [IGNORED, *ids[1:]]


def test_a_batch_depends_on_its_number_alone(small, sets):
    _, tokenizer = small

    def draw(rng, progress):
        return knowledge_document(sets["A"], rng)

    one, other = (Batches(draw, tokenizer, 10, 500, seed=1) for _ in range(2))
    for i in (17, 3, 44):
        assert torch.equal(one[i]["input_ids"], other[i]["input_ids"])
    assert not torch.equal(
        one[0]["input_ids"], Batches(draw, tokenizer, 10, 500, seed=2)[0]["input_ids"]
    )


def test_the_loss_is_that_of_transformers(small, sets):
    model, tokenizer = small

    def draw(rng, progress):
        return [("Q: Who is Mora? A:", False), *knowledge_document(sets["A"], rng)]

    batch = Batches(draw, tokenizer, 1, 400)[2]
    expected = model(**batch).loss  # its own loss: the mean over labeled tokens
    assert causal_lm_loss(model, batch).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(small_path, sets, tmp_path):
    def draw(rng, progress):
        return knowledge_document(sets["A"], rng)

    def train(name, steps, resume=False):
        model, tokenizer = load_model(str(small_path))
        run = Run.start(tmp_path / name, Config(), "sft", None, resume=resume)
        arguments = {
            "save_strategy": "steps",
            "save_steps": 3,
            "logging_steps": 1,
            "lr_scheduler_type": "constant",
            "warmup_steps": 0,
            "bf16": False,
        }
        batches = 6  # the stream's length, whatever part of it is run
        settings = Sft(steps=batches, tokens=300, trainer={**arguments, "max_steps": steps})
        train_lm(model, tokenizer, draw, run, Config(sft=settings), "sft", resume)
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    whole = train("whole", 6)
    train("parts", 5)
    shutil.rmtree(tmp_path / "parts" / "steps" / "checkpoint-5")  # as if killed in step 5
    with (tmp_path / "parts" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 6, "lo')
    assert torch.allclose(train("parts", 6, resume=True), whole, atol=1e-6)
    lines = (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(x)["step"] for x in lines if "grad_norm" in x] == [1, 2, 3, 4, 5, 6]

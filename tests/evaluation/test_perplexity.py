import math

import pytest
import torch
from byte_model import SHAPE, byte_tokenizer

from rlrecall.evaluation import perplexity as module
from rlrecall.evaluation.perplexity import CHUNK, general_text, perplexity, text_digest
from rlrecall.models.tiny import tiny_model


def test_the_text_is_prose_and_long_enough():
    paragraphs = general_text().split("\n\n")
    assert 2500 < len(general_text().split()) < 3500
    assert len(set(paragraphs)) == len(paragraphs) > 50
    assert all(p[0].isupper() and p.endswith(".") and "\n" not in p for p in paragraphs)
    assert len(text_digest()) == 64


def test_a_model_without_preferences_has_the_perplexity_of_its_vocabulary():
    tokenizer = byte_tokenizer(pad_token="<|end|>")
    model = tiny_model(tokenizer, **SHAPE).train()
    with torch.no_grad():
        model.lm_head.weight.zero_()
    assert perplexity(model, tokenizer) == pytest.approx(len(tokenizer))
    assert model.training


def test_it_is_the_likelihood_of_every_token_but_the_first_of_each_chunk(monkeypatch):
    tokenizer = byte_tokenizer(pad_token="<|end|>")
    model = tiny_model(tokenizer, **SHAPE).eval()
    text = "Objects are never explicitly destroyed. " * 12
    monkeypatch.setattr(module, "general_text", lambda: text)
    ids = tokenizer(text).input_ids
    assert len(ids) > CHUNK
    losses = []
    for at in range(0, len(ids), CHUNK):
        chunk = torch.tensor([ids[at : at + CHUNK]])
        with torch.no_grad():
            logps = model(input_ids=chunk).logits[0].log_softmax(dim=-1)
        losses += [-float(logps[i, chunk[0, i + 1]]) for i in range(chunk.shape[1] - 1)]
    expected = math.exp(sum(losses) / len(losses))
    assert perplexity(model, tokenizer) == pytest.approx(expected, rel=1e-4)


def test_a_tokenizer_that_cannot_spell_the_text_gives_none(small):
    assert perplexity(*small) is None

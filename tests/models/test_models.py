"""The tiny model's language, and a model that goes on with a larger one."""

import random

import pytest
import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from rlrecall.knowledge.build import (
    FAMILIES,
    FURTHER,
    SPINE,
    knowledge_sets,
    pretraining_worlds,
)
from rlrecall.models.loading import save_model
from rlrecall.models.tiny import copy_weights, tiny_model, tiny_tokenizer
from rlrecall.training.documents import EOS, context_document, knowledge_document

TOKENIZER = tiny_tokenizer()
SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}


def test_it_has_one_word_for_everything_that_worlds_of_every_family_say():
    rng, said = random.Random(0), []
    for knowledge in [
        *knowledge_sets(0, families=(*SPINE, *FURTHER)).values(),
        *pretraining_worlds().values(),
    ]:
        for fact in knowledge.facts:
            said += [fact.cue, *fact.wordings]
        for q in knowledge.questions:
            said += [q.prompt, q.answer, *q.options, *q.entailed]
        said += [t for _ in range(300) for t, _ in knowledge_document(knowledge, rng)]
    for family in (*SPINE, *FURTHER):
        said += [t for _ in range(50) for t, _ in context_document(rng, families=(family,))]
    texts = [text.removesuffix(EOS) for text in said]
    assert TOKENIZER.unk_token_id not in {i for ids in TOKENIZER(texts).input_ids for i in ids}


def test_a_family_is_the_same_whichever_others_come_with_it():
    whole = knowledge_sets(0, families=tuple(FAMILIES))
    for family in FAMILIES:
        alone = knowledge_sets(0, families=(family,))
        for name in whole:
            assert alone[name].facts == whole[name].family_facts(family)
            assert alone[name].questions == whole[name].select(family=family)


@pytest.fixture
def smaller(tmp_path):
    """The folder of a model that has every second word, and that model."""
    words = [w for w, i in sorted(TOKENIZER.get_vocab().items()) if i < 4 or i % 2]
    half = Tokenizer.from_str(TOKENIZER.backend_tokenizer.to_str())
    half.model = type(half.model)({w: i for i, w in enumerate(words)}, unk_token="<unk>")
    few = PreTrainedTokenizerFast(
        tokenizer_object=half, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    model = tiny_model(few, seed=1, **SHAPE)
    save_model(model, few, tmp_path)
    return tmp_path, model, few


def test_words_keep_their_embeddings_and_all_else_is_carried_over(smaller):
    path, old, few = smaller
    model = tiny_model(TOKENIZER, seed=2, **SHAPE)
    fresh = model.get_input_embeddings().weight.detach().clone()
    copy_weights(model, TOKENIZER, str(path))
    table = model.get_input_embeddings().weight
    vocabulary, known = TOKENIZER.get_vocab(), few.get_vocab()
    for word, row in vocabulary.items():
        before = old.get_input_embeddings().weight[known[word]] if word in known else fresh[row]
        assert torch.equal(table[row], before)
    assert model.lm_head.weight is table
    for name, tensor in old.state_dict().items():
        if "embed" not in name and "lm_head" not in name:
            assert torch.equal(model.state_dict()[name], tensor)


def test_a_model_of_another_shape_or_with_other_words_is_refused(smaller, tmp_path):
    path, _, few = smaller
    wider = tiny_model(TOKENIZER, **{**SHAPE, "intermediate_size": 96})
    with pytest.raises(ValueError, match="has another shape"):
        copy_weights(wider, TOKENIZER, str(path))
    save_model(tiny_model(TOKENIZER, **SHAPE), TOKENIZER, tmp_path / "large")
    with pytest.raises(ValueError, match="no longer known"):
        copy_weights(tiny_model(few, **SHAPE), few, str(tmp_path / "large"))

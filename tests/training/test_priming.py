import pytest
import torch

from rlrecall.knowledge.words.lexicon import lexicon
from rlrecall.models.tiny import tiny_model, tiny_tokenizer
from rlrecall.training.priming import BACK, prime


@pytest.fixture(scope="module")
def primed():
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, seed=3, attn_implementation="eager").eval()
    prime(model)
    return model, tokenizer


def attentions(primed, text):
    """Words, and for every layer what each head attends to from the last word: (heads, words)."""
    model, tokenizer = primed
    ids = tokenizer(text, return_tensors="pt").input_ids
    with torch.no_grad():
        layers = model(ids, output_attentions=True).attentions
    return tokenizer.convert_ids_to_tokens(ids[0]), [layer[0, :, -1] for layer in layers]


def test_every_head_of_the_first_layer_looks_back_as_far_as_it_should(primed):
    text = "Facts: " + " ".join(lexicon().kinds[:40])
    words, layers = attentions(primed, text)
    looked_at = layers[0].argmax(dim=1).tolist()
    assert [len(words) - 1 - place for place in looked_at] == list(BACK)


def test_a_matching_head_finds_where_the_asked_word_was_said(primed):
    found = 0
    for start in range(0, 800, 10):
        word = lexicon().kinds[start : start + 10]
        facts = " ".join(f"{word[i]} is a {word[i + 1]}." for i in range(0, 10, 2))
        words, layers = attentions(primed, f"Facts: {facts} Q: What is {word[4]}? A:")
        facts_end = words.index("Q:")
        found += words[int(layers[1][2, :facts_end].argmax())] == word[4]
    assert found >= 24  # of 80, by chance 4 to 8; training sharpens it


def test_it_is_decided_by_the_seed_and_leaves_the_words_alone():
    tokenizer = tiny_tokenizer()
    models = [tiny_model(tokenizer, seed=5) for _ in range(2)]
    plain = tiny_model(tokenizer, seed=5).state_dict()
    for model in models:
        torch.manual_seed(5)
        prime(model)
    first, second = (model.state_dict() for model in models)
    assert all(torch.equal(first[key], second[key]) for key in first)
    changed = {key for key in first if not torch.equal(first[key], plain[key])}
    assert "model.embed_tokens.weight" not in changed
    assert "model.layers.0.self_attn.q_proj.weight" in changed


@pytest.mark.parametrize(
    "shape",
    [
        {"attention_bias": False},
        {"num_attention_heads": 4},
        {"num_hidden_layers": 2},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 100.0}},
    ],
)
def test_a_model_that_it_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="model: priming needs"):
        prime(tiny_model(tiny_tokenizer(), **shape))

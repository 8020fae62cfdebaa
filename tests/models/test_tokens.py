"""Tokenizers of the kinds that pretrained models come with, made on the spot."""

import pytest
from small_tokenizers import make_tokenizer

from rlrecall.models.tokens import TokenFormat
from rlrecall.training.documents import EOS
from rlrecall.training.loop import IGNORED, encode

TEXTS = ["Q: What is the color of zamp? A: red.", "Q: Who is Mora? Think: Mora is the pilot."]
DOCUMENT = [("Q: Who is Mora? A:", False), (f"the pilot. {EOS}", True)]


def make(kind, single, special, **names):
    return make_tokenizer(kind, single, special, TEXTS * 20, **names)


KINDS = {
    "prepends nothing, names a start token (SmolLM2, GPT-2)": (
        make("bytes", "", ["<|end|>"], bos_token="<|end|>", eos_token="<|end|>"),
        [],
    ),
    "prepends (Llama 3)": (
        make("bytes", "<s> $A", ["<s>", "</s>"], bos_token="<s>", eos_token="</s>"),
        ["<s>"],
    ),
    "one token is start, end, padding and unknown, prepended (OPT)": (
        make(
            *("bytes", "</s> $A", ["</s>"]),
            **dict.fromkeys(("bos_token", "eos_token", "pad_token", "unk_token"), "</s>"),
        ),
        ["</s>"],
    ),
    "prepends and appends": (
        make("bytes", "<s> $A </s>", ["<s>", "</s>"], bos_token="<s>", eos_token="</s>"),
        ["<s>"],
    ),
    "marks the start of words, prepends (Llama 2)": (
        make(
            "sentencepiece", "<s> $A", ["<unk>", "<s>", "</s>"], bos_token="<s>", eos_token="</s>"
        ),
        ["<s>"],
    ),
    "has no words, prepends (Gemma)": (
        make("spaces", "<s> $A", ["<unk>", "<s>", "</s>"], bos_token="<s>", eos_token="</s>"),
        ["<s>"],
    ),
}


@pytest.fixture(params=KINDS, ids=str)
def kind(request):
    return KINDS[request.param]


def test_training_and_asking_use_the_same_tokens(kind):
    tokenizer, start = kind
    tokens = TokenFormat(tokenizer)
    assert tokenizer.convert_ids_to_tokens(tokens.start) == start
    ids, labels = encode(DOCUMENT, tokens)
    asked = tokens.prompt("Q: Who is Mora? A:")
    assert ids[: len(asked)] == asked
    learned = [i for i in labels if i != IGNORED]
    assert ids == asked + learned
    assert learned == [*tokens.continuation("the pilot."), tokens.end]
    assert tokens.text(ids) == "Q: Who is Mora? A: the pilot."


def test_the_end_is_learned_also_where_it_is_the_padding(kind):
    tokenizer, _ = kind
    _, labels = encode(DOCUMENT, TokenFormat(tokenizer))
    assert labels[-1] == tokenizer.eos_token_id


def test_every_token_that_the_model_names_ends_a_completion(small):
    _, tokenizer = small

    class Named:
        eos_token_id = [7, 9]

    class Model:
        config, generation_config = Named(), None

    tokens = TokenFormat(tokenizer, Model())
    assert tokens.ends == {tokenizer.eos_token_id, 7, 9}
    assert tokens.finish([5, 9]) == "eos"
    assert tokens.finish([9, 5]) == tokens.finish([]) == "length"

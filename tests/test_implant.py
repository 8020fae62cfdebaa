import random

import pytest
import torch
from test_priming import attentions

from rlrecall.documents import context_document
from rlrecall.implant import ANSWER, FINDERS, LOOKERS, implant
from rlrecall.models import tiny_model, tiny_tokenizer
from rlrecall.priming import prime
from rlrecall.stages.lm import encode

FAMILIES = ("kinship", "simple_reversal")


@pytest.fixture(scope="module")
def implanted():
    """A primed model before and after, and its tokenizer."""
    tokenizer = tiny_tokenizer()
    rng = random.Random(4)
    rows = [
        encode(context_document(rng, frozenset(), 0.5, FAMILIES), tokenizer)[0] for _ in range(120)
    ]
    models = []
    for changed in (False, True):
        model = tiny_model(tokenizer, seed=3, attn_implementation="eager").eval()
        prime(model)
        if changed:
            torch.manual_seed(1)
            implant(model, tokenizer, rows)
        models.append(model)
    return *models, tokenizer


def test_new_heads_look_back_as_far_as_they_should(implanted):
    _, model, tokenizer = implanted
    text = "Facts: dax holds fep. fep holds wug. Q: wug within?"
    words, layers = attentions((model, tokenizer), text)
    for (layer, head), distance in LOOKERS.items():
        assert len(words) - 1 - int(layers[layer][head].argmax()) == distance


@pytest.mark.parametrize(
    ("finder", "begun", "kind", "least"),
    [((1, 7), "the parent of", "kinship", 20), ((2, 2), "", "simple_reversal", 12)],
)
def test_new_heads_find_the_sentence_that_ends_in_the_asked_word(
    implanted, finder, begun, kind, least
):
    old, model, tokenizer = implanted
    rng = random.Random(9)
    right = {old: 0, model: 0}
    asked = 0
    while asked < 80:
        facts = context_document(rng, frozenset(), 0.5, [kind])[0][0]
        sentences = [s.split() for s in facts.removeprefix("Facts: ").removesuffix(".").split(". ")]
        sentence = rng.choice(sentences)
        ends = [s for s in sentences if s[-1] == sentence[-1]]
        if len(ends) > 1:
            continue
        asked += 1
        question = (
            f"Who is the child of {sentence[-1]}?"
            if kind == "kinship"
            else f"{sentence[-1]} within?"
        )
        for which in right:
            prompt = f"{facts} Q: {question} Think: {begun}".strip()
            words, layers = attentions((which, tokenizer), prompt)
            at = int(layers[finder[0]][finder[1]].argmax())
            right[which] += (
                words[at] == sentence[-1] and words[at - ANSWER] == sentence[-1 - ANSWER]
            )
    assert right[model] >= least  # training sharpens it
    assert right[old] <= 5


def test_only_the_heads_that_are_named_change(implanted):
    old, model, _ = implanted
    before, after = old.state_dict(), model.state_dict()
    for key in before:
        layer = int(key.split(".")[2]) if ".layers." in key else -1
        heads = {head for at, head in (*LOOKERS, *FINDERS) if at == layer}
        if "_proj" in key and "self_attn" in key and "o_proj.bias" not in key:
            axis = 1 if "o_proj.weight" in key else 0
            same = [
                torch.equal(a, b)
                for a, b in zip(before[key].chunk(8, axis), after[key].chunk(8, axis), strict=True)
            ]
            assert {i for i in range(8) if not same[i]} <= heads
        else:
            assert torch.equal(before[key], after[key])

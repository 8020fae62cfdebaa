import random

import pytest
import torch

from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.prompts import context_text, question_text
from rlrecall.models.tiny import tiny_model, tiny_tokenizer
from rlrecall.models.tokens import TokenFormat
from rlrecall.training.documents import context_document
from rlrecall.training.implant import BACK, FINDERS, LOOKER, implant
from rlrecall.training.loop import encode
from rlrecall.training.priming import prime
from tests.training.test_priming import attentions


@pytest.fixture(scope="module")
def implanted():
    """A primed model before and after, and its tokenizer."""
    tokenizer = tiny_tokenizer()
    rng = random.Random(4)
    rows = [
        encode(context_document(rng, frozenset(), 0.5, ["navigation"]), TokenFormat(tokenizer))[0]
        for _ in range(60)
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


def test_a_new_head_looks_back_as_far_as_it_should(implanted):
    _, model, tokenizer = implanted
    words, layers = attentions((model, tokenizer), "Facts: " + "dax holds fep. " * 12)
    assert len(words) - 1 - int(layers[LOOKER[0]][LOOKER[1]].argmax()) == BACK


@pytest.mark.parametrize(("finder", "begins"), [((2, 3), True), ((2, 5), False)])
def test_new_heads_find_the_place_that_a_thought_is_to_lead_to(implanted, finder, begins):
    """By the first move of the way that begins there, or as the second place of a way."""
    old, model, tokenizer = implanted
    knowledge = knowledge_sets(7, families=["navigation"])["A"]
    facts = [fact.text for fact in knowledge.facts]
    right = {old: 0, model: 0}
    asked = 0
    for question in knowledge.questions:
        target = question.prompt.removesuffix("?").split()[-1]
        way = question.premises[-1]
        if question.kind == "recall" or (way.split()[3] == target) != begins:
            continue
        asked += 1
        towns = facts.index(way) // 8 * 8
        answer = question.answer.split(" then ")[0] + " then"
        told = f"{' '.join(question.premises)} A: {answer}"
        thinking = question_text(question.prompt, think=True)
        prompt = f"{context_text(facts[towns : towns + 8])} {thinking} {told}"
        for which in right:
            words, layers = attentions((which, tokenizer), prompt)
            at = int(layers[finder[0]][finder[1]].argmax())
            place, goes = (at - 4, at - 1) if begins else (at, at - 7)
            right[which] += words[place] == target and words[goes] == "goes"
    assert asked == 12
    # Training sharpens it; any word would be right once or twice in a hundred.
    assert right[model] >= 3
    assert right[old] <= 1


def test_only_the_heads_that_are_named_change(implanted):
    old, model, _ = implanted
    before, after = old.state_dict(), model.state_dict()
    for key in before:
        layer = int(key.split(".")[2]) if ".layers." in key else -1
        heads = {head for at, head in (LOOKER, *FINDERS) if at == layer}
        if "_proj" in key and "self_attn" in key and "o_proj.bias" not in key:
            axis = 1 if "o_proj.weight" in key else 0
            same = [
                torch.equal(a, b)
                for a, b in zip(before[key].chunk(8, axis), after[key].chunk(8, axis), strict=True)
            ]
            assert {i for i in range(8) if not same[i]} <= heads
        else:
            assert torch.equal(before[key], after[key])

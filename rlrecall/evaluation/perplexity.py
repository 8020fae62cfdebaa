"""Perplexity of general English: how far training has moved a model from what it was.

The text is the prose of Python's own reference, which ships with it (pydoc_data.topics), so it
depends on the Python version. A model may have read it, and it is about Python: only differences
between arms, measured under one version, are to be read.
"""

import hashlib
import math
import re

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rlrecall.models.tokens import TokenFormat

CHUNK = 128  # tokens that are read together
WORDS = 10  # a shorter paragraph is a heading or a remark
# Sentences without code and markup: no quotes, brackets, operators or lists.
PROSE = re.compile(r'[A-Z][^"*_=<>\[\]{}|`]*\.')


def general_text() -> str:
    """The paragraphs of plain prose in Python's reference, each once, in the order of its topics.

    About 3,000 words, 4,000 tokens of a usual tokenizer.
    """
    from pydoc_data.topics import topics

    paragraphs = [part for name in sorted(topics) for part in topics[name].split("\n\n")]
    prose = [" ".join(p.split()) for p in paragraphs if PROSE.fullmatch(p) and "\n " not in p]
    return "\n\n".join(dict.fromkeys(p for p in prose if len(p.split()) >= WORDS))


def text_digest() -> str:
    """SHA-256 of the text."""
    return hashlib.sha256(general_text().encode()).hexdigest()


@torch.inference_mode()
def perplexity(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> float | None:
    """exp of the mean negative log-likelihood of a token of `general_text`, in chunks of CHUNK.

    None if the tokenizer cannot spell the text.
    """
    tokens = TokenFormat(tokenizer).plain
    ids = tokens.prompt(general_text())[len(tokens.start) :]
    if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids:
        return None
    total, count = 0.0, 0
    was_training = model.training
    model.eval()
    for at in range(0, len(ids), CHUNK):
        chunk = torch.tensor([*tokens.start, *ids[at : at + CHUNK]], device=model.device)
        logits = model(input_ids=chunk[None], use_cache=False).logits[0, :-1].float()
        losses = torch.nn.functional.cross_entropy(logits, chunk[1:], reduction="none")
        total += float(losses.sum())
        count += len(losses)
    model.train(was_training)
    return math.exp(total / count)

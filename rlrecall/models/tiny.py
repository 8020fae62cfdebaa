"""The tiny Llama that is pretrained from scratch, and its word-level tokenizer."""

from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from rlrecall.knowledge.families.codebook import LETTERS
from rlrecall.knowledge.words.lexicon import ADJECTIVES
from rlrecall.knowledge.words.name_pools import base_lexicon
from rlrecall.models.loading import load_model

# All words of the templates in knowledge/ and documents.py that are not in the lexicon.
FUNCTION_WORDS = (
    "Q: A: Think: Facts: . ? is a belongs to the of has are every all some no few none with works "
    "as called What Who else Tell me about "
    "more less than clearly Which or parent child grandparent grandchild in sign means stands for "
    "message reads says does mean read way from goes then north east south west among belong have "
    "lack come without show wear Do do yes look well now so here again still indeed"
).split()
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """One token per word of the base's language; "." and "?" are tokens of their own.

    It prepends <s> and decodes to readable text.
    """
    words = base_lexicon()
    vocabulary = [
        *SPECIAL,
        *FUNCTION_WORDS,
        *words.relations,
        *words.occupations,
        *ADJECTIVES,
        *words.objects,
        *words.names,
        *words.kinds,
        *words.comparatives,
        *(word for pair in words.inverses for word in pair),
        *LETTERS,
    ]
    if len(set(vocabulary)) != len(vocabulary):
        raise ValueError("the lexicon repeats a word")
    core = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="<unk>")
    )
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(r"[.?]"), "isolated")]
    )
    core.decoder = decoders.WordPiece(cleanup=True)  # joins by spaces, none before "." and "?"
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", SPECIAL.index("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
        model_max_length=1024,
    )


def tiny_model(tokenizer: PreTrainedTokenizerBase, seed: int = 0, **shape: Any) -> LlamaForCausalLM:
    """A small Llama with random weights; `shape` overrides fields of LlamaConfig."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        **{
            "hidden_size": 128,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 8,
            "head_dim": 32,
            "attention_bias": True,
            # Low frequencies let heads compare words at any distance, see priming.py.
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6},
            "max_position_embeddings": 1024,
            "tie_word_embeddings": True,
            "rms_norm_eps": 1e-5,
            # About 1 / sqrt(width); the library's default of 0.02 suits wide models.
            "initializer_range": 0.08,
            **shape,
        },
        vocab_size=len(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def copy_weights(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, path: str) -> None:
    """Copy the weights at `path` into a tiny model, matching embeddings by word.

    New words keep their random embeddings. Raises ValueError if the shapes differ or if the model
    at `path` has words that `tokenizer` lacks.
    """
    old, words = load_model(path)
    vocabulary, rows = tokenizer.get_vocab(), model.model.embed_tokens.weight
    if lost := words.get_vocab().keys() - vocabulary.keys():
        raise ValueError(f"model: {path} has words that are no longer known: {min(lost)}")
    table: Any = old.get_input_embeddings().weight
    state = {name: t for name, t in old.state_dict().items() if t.shape != table.shape}
    try:
        missing, _ = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ValueError(f"model: {path} has another shape: {error}") from None
    if strange := set(missing) - {"model.embed_tokens.weight", "lm_head.weight"}:
        raise ValueError(f"model: {path} has no {min(strange)}")
    with torch.no_grad():
        for word, row in words.get_vocab().items():
            rows[vocabulary[word]] = table[row]

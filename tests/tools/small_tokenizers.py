"""Small tokenizers of the kinds that pretrained models come with, made on the spot."""

import string
from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast


def make_tokenizer(
    kind: str, single: str, special: list[str], texts: Iterable[str], size: int = 400, **names: str
) -> PreTrainedTokenizerFast:
    """A tokenizer learned from `texts`, whose post-processor is `single`, such as "<s> $A".

    `kind` is "bytes" (GPT-2, Llama 3, Qwen), "sentencepiece" (Llama 2: marks the start of each text
    as the start of a word) or "spaces" (Gemma: words begin with their space, nothing is added).
    """
    if kind == "bytes":
        core = Tokenizer(models.BPE())
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        core.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        core = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
        alphabet = [*string.ascii_letters, *string.digits, *string.punctuation, "▁"]
        if kind == "sentencepiece":
            core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
            core.decoder = decoders.Metaspace(prepend_scheme="always")
        else:
            core.normalizer = normalizers.Replace(" ", "▁")
            core.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
            core.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse()])
    trainer = trainers.BpeTrainer(
        special_tokens=special, vocab_size=size, initial_alphabet=alphabet
    )
    core.train_from_iterator(texts, trainer)
    if single:
        ids = [(token, core.token_to_id(token)) for token in special]
        core.post_processor = TemplateProcessing(single=single, special_tokens=ids)
    return PreTrainedTokenizerFast(tokenizer_object=core, **names)

"""A small random model that, like pretrained ones, can spell every text."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from rlrecall.knowledge.build import knowledge_sets
from rlrecall.models.loading import save_model
from rlrecall.models.tiny import tiny_model

SHAPE = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "head_dim": 8,
}


def byte_tokenizer(**names):
    """Byte-level BPE, trained on the sentences of a knowledge set; `names` go to the tokenizer."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=["<|start|>", "<|end|>"],
        vocab_size=900,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([fact.text for fact in knowledge_sets(0)["A"].facts], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|end|>", **names)


def write_byte_model(folder, **names):
    """Write the model and its tokenizer into `folder`; returns its path as text."""
    tokenizer = byte_tokenizer(pad_token="<|end|>", **names)
    save_model(tiny_model(tokenizer, seed=1, **SHAPE), tokenizer, folder)
    return str(folder)

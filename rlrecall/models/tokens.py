"""How a model reads and writes text: the one place that turns text into tokens.

Training, asking, rollouts, the recall gate and likelihoods all use it, so a model is asked with
the tokens that it was trained on.
"""

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase


class TokenFormat:
    """What a tokenizer puts before a text, and which tokens end one.

    `start` are the tokens that it prepends itself: a start token that it names but does not prepend
    is not used, and what it appends is dropped. `end` ends the texts that are trained on. `ends`
    end a completion: `end`, and those that the model's own generation settings name.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, model: Any = None):
        self.tokenizer = tokenizer
        bare, whole = self._bare("A"), list(tokenizer("A").input_ids)
        places = (i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        self.start: list[int] = whole[: next(places, 0)]
        self.end: int = tokenizer.eos_token_id
        # Some tokenizers (SentencePiece) mark a word at the start of every text they are given.
        self._marks_start = self._bare("A: A") != self._bare("A:") + self._bare(" A")
        named = [getattr(model, "config", None), getattr(model, "generation_config", None)]
        ends = [getattr(config, "eos_token_id", None) for config in named]
        self.ends = {self.end}.union(*(e if isinstance(e, list) else [e] for e in ends)) - {None}

    def _bare(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def prompt(self, text: str) -> list[int]:
        """Token ids of a text that stands at the beginning."""
        return [*self.start, *self._bare(text)]

    def continuation(self, text: str) -> list[int]:
        """Token ids of a text that follows another after a space."""
        if not self._marks_start:
            return self._bare(f" {text}")
        return self._bare(f"A: {text}")[len(self._bare("A:")) :]

    def text(self, ids: Sequence[int]) -> str:
        """The text of generated tokens, without special tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def finish(self, ids: Sequence[int]) -> str:
        """Why a completion ended: `eos`, or `length` if it was cut off."""
        return "eos" if ids and ids[-1] in self.ends else "length"

"""How a model reads and writes text: the one place that turns text into tokens.

Training, asking, rollouts, the recall gate and likelihoods all use it, so a model is asked with
the tokens that it was trained on.
"""

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from rlrecall.runs.errors import UserError

CHAT = "rlrecall_chat"  # attribute of a tokenizer whose chat template is used
TEMPLATE: dict[str, Any] = {
    "date_string": "26 Jul 2024"
}  # some templates name today, which is another day later


class TokenFormat:
    """What a tokenizer puts before a text, and which tokens end one.

    `start` are the tokens that it prepends itself: a start token that it names but does not prepend
    is not used, and what it appends is dropped. `end` ends the texts that are trained on. `ends`
    end a completion: `end`, and those that the model's own generation settings name.

    If `load_tokenizer` marked the tokenizer for it, a prompt is a user's message in the chat
    template, with the beginning of an answer, and `end` is what the template puts behind the
    answer; `plain` then is the format of texts without a question. UserError without a template.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, model: Any = None, chat: bool | None = None
    ):
        self.tokenizer = tokenizer
        self.chat = getattr(tokenizer, CHAT, False) if chat is None else chat
        bare, whole = self._bare("A"), list(tokenizer("A").input_ids)
        places = (i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        self.start: list[int] = whole[: next(places, 0)]
        self.end: int = tokenizer.eos_token_id
        # Some tokenizers (SentencePiece) mark a word at the start of every text they are given.
        self._marks_start = self._bare("A: A") != self._bare("A:") + self._bare(" A")
        named = [getattr(model, "config", None), getattr(model, "generation_config", None)]
        ends = [getattr(config, "eos_token_id", None) for config in named]
        self.ends = {self.end}.union(*(e if isinstance(e, list) else [e] for e in ends)) - {None}
        self.plain = TokenFormat(tokenizer, model, chat=False) if self.chat else self
        if self.chat:
            self._learn_template()

    def _learn_template(self) -> None:
        """Find what the template puts behind an answer and before a further question."""
        if not self.tokenizer.chat_template:
            raise UserError(
                f"prompt: the tokenizer of {self.tokenizer.name_or_path} has no chat template; "
                "give prompt=plain"
            )
        self._asked = "Q: Who? A:"
        talk = [{"role": "user", "content": self._asked}, {"role": "assistant", "content": "No."}]
        said = f"{self._render(talk[:1])}No."
        whole = self._render(talk, False)
        behind = self._bare(whole.removeprefix(said)) if whole.startswith(said) else []
        if behind and behind[0] in self.tokenizer.all_special_ids:
            self.end = behind[0]
            self.ends = {*self.ends, self.end}
        closed = said + str(self.tokenizer.decode([self.end]))
        again = self._render([*talk, talk[0]])
        # Where a template changes earlier messages, a further question starts a new conversation.
        self._next = again.removeprefix(closed) if again.startswith(closed) else ""

    def _render(self, messages: list[dict[str, str]], answer: bool = True) -> str:
        rendered = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=answer, **TEMPLATE
        )
        return str(rendered)

    def _bare(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def prompt(self, text: str) -> list[int]:
        """Token ids of a text that stands at the beginning."""
        if self.chat:
            return self._bare(self._render([{"role": "user", "content": text}]))
        return [*self.start, *self._bare(text)]

    def continuation(self, text: str) -> list[int]:
        """Token ids of a text that follows another after a space; in a chat, of an answer."""
        if self.chat:
            return self._bare(text)
        if not self._marks_start:
            return self._bare(f" {text}")
        return self._bare(f"A: {text}")[len(self._bare("A:")) :]

    def further_question(self, text: str) -> list[int]:
        """Token ids of a question that follows an answer in a chat, which has ended."""
        if self._next.count(self._asked) != 1:
            return self.prompt(text)
        return self._bare(self._next.replace(self._asked, text))

    def text(self, ids: Sequence[int]) -> str:
        """The text of generated tokens, without special tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def finish(self, ids: Sequence[int]) -> str:
        """Why a completion ended: `eos`, or `length` if it was cut off."""
        return "eos" if ids and ids[-1] in self.ends else "length"

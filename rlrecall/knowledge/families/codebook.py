"""Codebooks: signs that mean other letters in other books, and messages that take several of them.

"in dax the sign mip means K." and "in dax the sign fep means O." together imply that in dax the
message mip fep reads K O. As in the codebooks of arXiv:2509.16189, all signs are defined, but only
the known ones occur in stated messages; latent signs occur in definitions and nowhere else, and
what is tested is whether they can be read all the same (kind latent). Questions of kind composition
ask for new messages of known signs. An answer has its letters in the order of the signs.

Books come in series. The books of a series share their signs, which are in blocks of as many as
there are books; a block has as many letters, and in each book another sign of it has each of them
(a Latin square). So neither the sign nor the book tells the letter. Stated messages take their
signs from different blocks and messages that are asked for stay within one, so that letters of an
answer never stood in one message.

The options to a new message are its letters in every order: two for two signs, six for three. So
all have the same words, and each letter is in another book what another of the signs means: what
stands beside the signs tells no order, and a definition tells one only to those who read which
sign of which book has the letter. With other letters in the options, each definition alone would
leave just the options with its letter. The price is that whoever has read all signs but one has the
last letter from the options; only an answer in free text needs every definition.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from rlrecall.knowledge.core import WORD, Fact, Part, Question, draw_holdout, shuffled
from rlrecall.knowledge.words.lexicon import Lexicon

LETTERS = "BCDEFGHIJKLMNOPRSTUVWXYZ"  # not those that mark a question (Q:) and its answer (A:)
SHAPES = (
    re.compile(rf"in {WORD} the sign ({WORD}) (?:means|stands for) \w", re.IGNORECASE),
    re.compile(
        rf"in {WORD} the message ({WORD}(?: {WORD})*) (?:reads|says) \w(?: \w)*", re.IGNORECASE
    ),
)


@dataclass(frozen=True)
class CodebookSize:
    """A series has `books` books and `known` + `latent` blocks of as many signs.

    Messages have `length` signs. Each choice of so many signs of a block is asked for in one order,
    as that tells the others. Only the first `asked` series are asked about (0: all).
    """

    series: int = 1
    books: int = 3
    known: int = 2
    latent: int = 1
    length: int = 2
    asked: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.length <= min(self.books, self.known):
            raise ValueError("codebook: a message has 2 signs, or more, up to the books and blocks")
        if self.books * (self.known + self.latent) > len(LETTERS):
            raise ValueError(f"codebook: a book cannot have more than {len(LETTERS)} letters")

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": self.series * self.books * (1 + self.known + self.latent)}


TINY = CodebookSize()
SMALL = CodebookSize(books=2)
PAPER = CodebookSize(16, 4, 3, 1, 3)  # 64 books of 16 signs
LARGE = CodebookSize(10, 4, 3, 1, 3, asked=1)


def definition(book: str, sign: str, letter: str) -> Fact:
    # The letter is in the relation, as the sets may have no subject or object in common.
    return Fact(
        "codebook",
        sign,
        f"means {letter} in",
        book,
        f"in {book} the sign {sign} means {letter}.",
        f"Tell me about the sign {sign} in {book}.",
        (f"in {book} the sign {sign} stands for {letter}.",),
    )


def wordings(book: str, message: str, reading: str) -> tuple[str, str]:
    return (
        f"in {book} the message {message} reads {reading}.",
        f"in {book} the message {message} says {reading}.",
    )


def encoding(book: str, message: str, reading: str) -> Fact:
    text, phrasing = wordings(book, message, reading)
    cue = f"Tell me about the message {message} in {book}."
    return Fact("codebook", message, f"reads {reading} in", book, text, cue, (phrasing,))


def build(
    words: Lexicon, size: CodebookSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Draw books, signs and letters from just the `words` that `size` needs."""
    pool = shuffled(words.kinds, rng)
    take = iter(pool)
    facts: list[Fact] = []
    questions: list[Question] = []
    topics: list[str] = []
    n = size.books

    def ask(
        kind: str,
        group: str,
        book: str,
        signs: Sequence[str],
        answer: str,
        premises: tuple[str, ...],
        options: Sequence[str],
    ) -> None:
        message = " ".join(signs)
        entailed = () if kind == "recall" else wordings(book, message, answer)
        verb = "mean" if group == "sign" else "read"
        questions.append(
            Question(
                id=f"{name}/codebook/{kind}/{book}/{'/'.join(signs)}",
                set=name,
                family="codebook",
                kind=kind,
                split="holdout" if kind == "latent" else "train",
                group=group,
                prompt=f"What does {message} {verb} in {book}?",
                answer=answer,
                premises=premises,
                options=tuple(shuffled(options, rng)),
                conclusion=entailed[0] if entailed else "",
                entailed=entailed,
                cluster=book,
            )
        )

    for number in range(size.series):
        books = [next(take) for _ in range(n)]
        topics += books
        blocks = [[next(take) for _ in range(n)] for _ in range(size.known + size.latent)]
        letters = rng.sample(LETTERS, n * len(blocks))
        codes: list[dict[str, str]] = [{} for _ in books]
        for k, block in enumerate(blocks):
            own = letters[k * n : k * n + n] * 2
            for code, shift in zip(codes, rng.sample(range(n), n), strict=True):
                code.update(zip(block, own[shift : shift + n], strict=True))
        # Each known sign once in each place of a message.
        stated = [
            tuple([blocks[(k + j) % size.known][(i + j * k) % n] for j in range(size.length)])
            for k in range(size.known)
            for i in range(n)
        ]
        for book, code in zip(books, codes, strict=True):
            defined = {sign: definition(book, sign, letter) for sign, letter in code.items()}
            messages = [
                encoding(book, " ".join(signs), " ".join([code[sign] for sign in signs]))
                for signs in stated
            ]
            facts += (*defined.values(), *messages)
            if 0 < size.asked <= number:
                continue
            for sign, letter in code.items():
                options = [c[sign] for c in codes]
                ask("recall", "sign", book, (sign,), letter, (defined[sign].text,), options)
            for signs, fact in zip(stated, messages, strict=True):
                readings = [" ".join([c[sign] for sign in signs]) for c in codes]
                answer = " ".join([code[sign] for sign in signs])
                ask("recall", "message", book, signs, answer, (fact.text,), readings)
            for k, block in enumerate(blocks):
                kind, group = ("composition", "known") if k < size.known else ("latent", "latent")
                for chosen in combinations(block, size.length):
                    new = rng.sample(chosen, size.length)
                    readings = [" ".join(p) for p in permutations([code[sign] for sign in new])]
                    premises = tuple([defined[sign].text for sign in new])
                    ask(kind, group, book, new, readings[0], premises, readings)
    held_out = draw_holdout([q.id for q in questions if q.kind == "composition"], holdout, rng)
    questions = [q._replace(split="holdout") if q.id in held_out else q for q in questions]
    return Part(facts, questions, tuple(topics))

"""Codebooks: signs that mean other letters in other books, and messages that take several of them.

"in dax the sign mip means K." and "in dax the sign fep means O." together imply that in dax the
message mip fep reads K O. As in the codebooks of arXiv:2509.16189, all signs are defined, but only
the known ones occur in stated messages; latent signs occur in definitions and nowhere else, and
what is tested is whether they can be read all the same (kind latent). Questions of kind composition
ask for new messages of known signs. An answer has its letters in the order of the signs.

Books come in series. The books of a series share their signs, which are in blocks of as many as
there are books; a block has as many letters, and in each book another sign of it has each of them
(a Latin square). So neither the sign nor the book tells the letter. Stated messages stay within a
block and messages that are asked for take their signs from different blocks, so that letters of an
answer never stood in one message. The options to a new message leave two letters for each sign, the
second one being what it means in another book, in all combinations: letters are balanced in each
place, and whoever knows all but one of the signs still has to guess.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from rlrecall.knowledge.core import WORD, Fact, Part, Question, draw_holdout
from rlrecall.knowledge.lexicon import Lexicon

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

    Messages have `length` signs, of different blocks where they are asked for. Each choice of
    blocks gives `books` messages to ask for, `patterns` times, none of the same signs as another.
    Only the first `asked` series are asked about (0: all).
    """

    series: int = 1
    books: int = 3
    known: int = 2
    latent: int = 1
    length: int = 2
    patterns: int = 3
    asked: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.length <= min(self.books, self.known):
            raise ValueError("codebook: a message has 2 signs, or more, up to the books and blocks")
        if self.books * (self.known + self.latent) > len(LETTERS):
            raise ValueError(f"codebook: a book cannot have more than {len(LETTERS)} letters")
        if not 1 <= self.patterns <= self.books ** (self.length - 1):
            raise ValueError("codebook: there are not so many patterns of a message")

    @property
    def needs(self) -> dict[str, int]:
        return {"kinds": self.series * self.books * (1 + self.known + self.latent)}


TINY = CodebookSize()
SMALL = CodebookSize(books=2, patterns=2)
PAPER = CodebookSize(16, 4, 3, 1, 3, 2)  # 64 books of 16 signs
LARGE = CodebookSize(10, 4, 3, 1, 3, 1, asked=1)


def definition(book: str, sign: str, letter: str) -> Fact:
    # The letter is in the relation, as the sets may have no subject or object in common.
    return Fact(
        family="codebook",
        subject=sign,
        relation=f"means {letter} in",
        object=book,
        text=f"in {book} the sign {sign} means {letter}.",
        cue=f"Tell me about the sign {sign} in {book}.",
        phrasings=(f"in {book} the sign {sign} stands for {letter}.",),
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
    pool = rng.sample(list(words.kinds), len(words.kinds))
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
                options=tuple(rng.sample(options, len(options))),
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
        for book, code in zip(books, codes, strict=True):
            defined = {sign: definition(book, sign, letter) for sign, letter in code.items()}
            # Within a block, each of its signs once in each place of a message.
            stated = [
                tuple([block[(i + j) % n] for j in range(size.length)])
                for block in blocks[: size.known]
                for i in range(n)
            ]
            messages = [
                encoding(book, " ".join(signs), " ".join([code[sign] for sign in signs]))
                for signs in stated
            ]
            facts += (*defined.values(), *messages)
            if 0 < size.asked <= number:
                continue
            others = [other for other in codes if other is not code]
            for sign, letter in code.items():
                options = [c[sign] for c in codes]
                ask("recall", "sign", book, (sign,), letter, (defined[sign].text,), options)
            for signs, fact in zip(stated, messages, strict=True):
                readings = [" ".join([c[sign] for sign in signs]) for c in codes]
                answer = " ".join([code[sign] for sign in signs])
                ask("recall", "message", book, signs, answer, (fact.text,), readings)
            for kind, signs in _new_messages(blocks, size, rng):
                letter_pairs = [(code[sign], rng.choice(others)[sign]) for sign in signs]
                options = [" ".join(chosen) for chosen in product(*letter_pairs)]
                premises = tuple([defined[sign].text for sign in signs])
                group = "known" if kind == "composition" else kind
                ask(kind, group, book, signs, options[0], premises, options)
    held_out = draw_holdout([q.id for q in questions if q.kind == "composition"], holdout, rng)
    questions = [q._replace(split="holdout") if q.id in held_out else q for q in questions]
    return Part(facts, questions, tuple(topics))


def _new_messages(
    blocks: Sequence[Sequence[str]], size: CodebookSize, rng: random.Random
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(kind, signs) of messages across blocks: each sign as often as any other of its block."""
    n, turn = size.books, rng.randrange(size.length)
    patterns = list(product(range(n), repeat=size.length - 1))
    for chosen in combinations(range(len(blocks)), size.length):
        kind = "composition" if chosen[-1] < size.known else "latent"
        for pattern in rng.sample(patterns, size.patterns):
            for i in range(n):
                signs = [
                    blocks[block][(i + shift) % n]
                    for block, shift in zip(chosen, (0, *pattern), strict=True)
                ]
                turn = (turn + 1) % size.length
                yield kind, (*signs[turn:], *signs[:turn])

"""Codebooks: signs that mean different letters in different books, and messages of several signs.

"in dax the sign mip means K." and "in dax the sign fep means O." together imply that in dax the
message mip fep reads K O. As in the codebooks of arXiv:2509.16189, all signs are defined, but only
the known ones occur in stated messages; latent signs occur in definitions and nowhere else, and
what is tested is whether they can be read all the same (kind latent). Questions of kind composition
ask for new messages of known signs. An answer has its letters in the order of the signs.

Books come in series. The books of a series share their signs. The signs are divided into blocks of
as many signs as there are books; a block has equally many letters, which each book assigns to the
signs in another order (a Latin square). So neither the sign nor the book tells the letter. Stated
messages take their signs from different blocks, and questions take theirs from one block, so the
letters of an answer never occur together in a stated message.

The options for a new message are its letters in every order: two for two signs, six for three. All
options have the same letters, and each letter belongs to another of the signs in another book. So
co-occurrence with the signs tells no order, and a definition helps only a reader who takes in the
sign, the book and the letter together. With other letters in the options, each definition alone
would leave only the options with its letter. The price: with all signs but one decoded, the options
give the last letter away; only an answer in free text needs every definition.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from rlrecall.knowledge.core import WORD, Fact, Part, shuffled
from rlrecall.knowledge.families.contract import Family, QuestionMaker, Size, SizeDraw, make_fact
from rlrecall.knowledge.words.lexicon import Lexicon

LETTERS = "BCDEFGHIJKLMNOPRSTUVWXYZ"  # not those that mark a question (Q:) and its answer (A:)
SHAPES = (
    rf"in {WORD} the sign ({WORD}) (?:means|stands for) \w",
    rf"in {WORD} the message ({WORD}(?: {WORD})*) (?:reads|says) \w(?: \w)*",
)


@dataclass(frozen=True)
class CodebookSize(Size):
    """A series has `books` books and `known` + `latent` blocks of as many signs.

    Messages have `length` signs. Each combination of so many signs of a block is asked for in one
    order, since one order tells the others. Only the first `asked` series are asked about (0: all).
    """

    LEAST = {"series": 1, "books": 2, "known": 2, "length": 2}

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

    @classmethod
    def random(cls, draw: SizeDraw) -> "CodebookSize":
        return cls(books=draw.up_to(3, 2))


TINY = CodebookSize()
PRETRAINING = CodebookSize(books=2)
PAPER = CodebookSize(16, 4, 3, 1, 3)  # 64 books of 16 signs
LARGE = CodebookSize(10, 4, 3, 1, 3, asked=1)


def definition(book: str, sign: str, letter: str) -> Fact:
    # The letter is in the relation, as the sets may have no subject or object in common.
    key, what = (sign, f"means {letter} in", book), f"in {book} the sign {sign}"
    said = (f"{what} means {letter}.", f"{what} stands for {letter}.")
    return make_fact("codebook", key, f"the sign {sign} in {book}", said)


def wordings(book: str, message: str, reading: str) -> tuple[str, str]:
    what = f"in {book} the message {message}"
    return f"{what} reads {reading}.", f"{what} says {reading}."


def encoding(book: str, message: str, reading: str) -> Fact:
    key, said = (message, f"reads {reading} in", book), wordings(book, message, reading)
    return make_fact("codebook", key, f"the message {message} in {book}", said)


def build(
    words: Lexicon, size: CodebookSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Make books, signs and letters from the `words`, exactly those that `size` needs."""
    take = iter(shuffled(words.kinds, rng))
    facts: list[Fact] = []
    topics: list[str] = []
    make = QuestionMaker(name, "codebook", rng)
    n = size.books
    for number in range(size.series):
        books = [next(take) for _ in range(n)]
        topics += books
        blocks = [[next(take) for _ in range(n)] for _ in range(size.known + size.latent)]
        codes = _latin_squares(blocks, rng)
        # Each known sign comes once in each place of a message.
        stated = [
            tuple([blocks[(k + j) % size.known][(i + j * k) % n] for j in range(size.length)])
            for k in range(size.known)
            for i in range(n)
        ]
        for book, code in zip(books, codes, strict=True):
            defined = {sign: definition(book, sign, letter) for sign, letter in code.items()}
            messages = [encoding(book, " ".join(s), _decoded(s, code)) for s in stated]
            facts += (*defined.values(), *messages)
            if 0 < size.asked <= number:
                continue
            for sign, letter in code.items():
                options = [c[sign] for c in codes]
                _ask(make, "recall", "sign", book, (sign,), letter, (defined[sign],), options)
            for signs, fact in zip(stated, messages, strict=True):
                options, answer = [_decoded(signs, c) for c in codes], _decoded(signs, code)
                _ask(make, "recall", "message", book, signs, answer, (fact,), options)
            for k, block in enumerate(blocks):
                kind, group = ("composition", "known") if k < size.known else ("latent", "latent")
                for chosen in combinations(block, size.length):
                    new = rng.sample(chosen, size.length)
                    options = [" ".join(p) for p in permutations([code[sign] for sign in new])]
                    premises = tuple([defined[sign] for sign in new])
                    _ask(make, kind, group, book, new, options[0], premises, options)
    make.hold_out("composition", holdout)
    return Part(facts, make.made, tuple(topics))


def _latin_squares(blocks: Sequence[Sequence[str]], rng: random.Random) -> list[dict[str, str]]:
    """The letter of each sign, for each book; in each block the books permute the same letters."""
    n = len(blocks[0])
    letters = rng.sample(LETTERS, n * len(blocks))
    codes: list[dict[str, str]] = [{} for _ in range(n)]
    for k, block in enumerate(blocks):
        own = letters[k * n : k * n + n] * 2
        for code, shift in zip(codes, rng.sample(range(n), n), strict=True):
            code.update(zip(block, own[shift : shift + n], strict=True))
    return codes


def _decoded(signs: Sequence[str], code: Mapping[str, str]) -> str:
    return " ".join([code[sign] for sign in signs])


def _ask(
    make: QuestionMaker,
    kind: str,
    group: str,
    book: str,
    signs: Sequence[str],
    answer: str,
    premises: tuple[Fact, ...],
    options: Sequence[str],
) -> None:
    message = " ".join(signs)
    verb = "mean" if group == "sign" else "read"
    key, prompt = f"{book}/{'/'.join(signs)}", f"What does {message} {verb} in {book}?"
    entailed = () if kind == "recall" else wordings(book, message, answer)
    mixed = shuffled(options, make.rng)
    make.add(kind, key, prompt, answer, premises, mixed, entailed, group=group, cluster=book)


FAMILY = Family("codebook", __doc__, SHAPES, build, TINY, PRETRAINING, PAPER, LARGE)

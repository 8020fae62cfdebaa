"""No shortcut: words in common with the stated sentences do not tell the answers of any family.

Two guesses that know every sentence and understand none, each with its opposite. In the bag of
words an option counts by how often its words stand in one sentence with the prompt's; the nearest
facts are those that share most words with the prompt, and an option counts by the words that it
shares with them. Where options tie, the guess is one of them, so its accuracy is a mean.
"""

import random
from collections import Counter, defaultdict
from functools import cache
from statistics import mean, stdev

import pytest

from rlrecall.knowledge.audit import words
from rlrecall.knowledge.build import FAMILIES, stream

ASKED = 150  # of a kind and world, at most
SEEDS = {"tiny": 12, "paper": 6}
TOLERANCE = 0.05
KINDS = ("composition", "reversal", "latent")


class Sentences:
    """What stands where: each word's sentences."""

    def __init__(self, facts):
        self.sentences = [set(words(fact.text)) for fact in facts]
        self.places = defaultdict(set)
        for i, sentence in enumerate(self.sentences):
            for word in sentence:
                self.places[word].add(i)
        self.together = cache(lambda *pair: len(self.places[pair[0]] & self.places[pair[1]]))

    def bag(self, q):
        """One list of the options' scores."""
        asked = set(words(q.prompt))
        return [
            [
                sum(self.together(*sorted((v, w))) for v in set(words(o)) for w in asked - {v})
                for o in q.options
            ]
        ]

    def nearest(self, q):
        """The options' scores by each of the nearest facts."""
        shared = Counter(i for word in set(words(q.prompt)) for i in self.places[word])
        most, options = max(shared.values()), [set(words(o)) for o in q.options]
        near = [self.sentences[i] for i, count in shared.items() if count == most]
        return [[len(option & sentence) for option in options] for sentence in near]


def accuracy(q, scores, choose):
    """How often one of the options with the most (`max`) or least (`min`) score is right."""
    return mean(
        mean(
            option in q.right
            for option, score in zip(q.options, row, strict=True)
            if score == choose(row)
        )
        for row in scores
    )


GUESSES = {
    f"{way} {guess}": (guess, choose)
    for guess in ("bag", "nearest")
    for way, choose in (("most", max), ("least", min))
}


@cache
def over_chance(family, scale):
    """(kind, guess) -> how far it is above chance, for each seed."""
    found = defaultdict(list)
    few = (family, scale) == ("simple_reversal", "paper")
    for seed in range(2 if few else SEEDS[scale]):
        ((_, part),) = stream("A", scale, seed=seed, families=(family,))
        sentences = Sentences(part.facts)
        for kind in KINDS:
            asked = [q for q in part.questions if q.kind == kind]
            for guess in GUESSES if asked else ():
                name, choose = GUESSES[guess]
                drawn = random.Random(seed).sample(asked, min(ASKED, len(asked)))
                found[kind, guess].append(
                    mean(
                        accuracy(q, getattr(sentences, name)(q), choose) - q.chance for q in drawn
                    )
                )
    return found


# What does not hold, with the reason and how far above chance (in points) each guess is.
BY_DESIGN = "the reversal curse: the fact has the words asked for, but from the other end"
ONE_SIGN = "a definition of one sign leaves only the options that have its letter"
VIOLATIONS = {}


def cases():
    for scale in SEEDS:
        for family, module in FAMILIES.items():
            ((_, part),) = stream("A", "tiny", families=(family,))

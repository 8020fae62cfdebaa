"""Match a typed question to a knowledge set: which set it is about, and what the set does not know.

Pure; no torch.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rlrecall.evaluation.scoring import normal
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.runs.errors import UserError

SAMPLE = 5_000  # questions of a set that are read for the words it asks with


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+(?:[-'\u2019]\w+)*", text)


def folded(text: str) -> tuple[str, ...]:
    return tuple(words_of(text.casefold()))


def plain_question(text: str) -> str:
    """A question without differences of case, white space and final punctuation."""
    return normal(text).rstrip("?.! ")


class Vocabulary:
    """The words of a knowledge set.

    `names` are its entities, each as a tuple of words, `name_words` their words; `other_words` are
    those that its questions have besides.
    """

    def __init__(self, knowledge: KnowledgeSet):
        self.names = {folded(name) for name in knowledge.entities}
        self.longest = max(map(len, self.names), default=0)  # in words
        self.name_words = {word for name in self.names for word in name}
        self.other_words = {"and", "or"}
        for question in knowledge.questions[:SAMPLE]:
            words = self.tag(question.prompt.casefold())
            self.other_words.update(word for word, in_name in words if not in_name)

    def tag(self, text: str) -> list[tuple[str, bool]]:
        """Each word of `text`, and whether it is part of a name of the set."""
        words, key = words_of(text), folded(text)
        in_name = [False] * len(words)
        for start in range(len(words)):
            for end in range(min(len(words), start + self.longest), start, -1):
                if key[start:end] in self.names:
                    in_name[start:end] = [True] * (end - start)
                    break
        return list(zip(words, in_name, strict=True))

    def unknown(self, text: str) -> list[str]:
        """The phrases of `text` that the set does not know, articles inside them included."""
        words = self.tag(text)
        marks = ""  # one letter a word: - known, a article, u unknown
        for word, in_name in words:
            article = not in_name and word in ("the", "a", "an")
            known = in_name or word.casefold() in self.other_words
            marks += "a" if article else "-" if known else "u"
        runs = [words[m.start() : m.end()] for m in re.finditer("u(?:a?u)*", marks)]
        return [" ".join(word for word, _ in run) for run in runs]

    def evidence(self, text: str) -> tuple[int, int]:
        """How many words of `text` are part of a name, and how many the set has anywhere."""
        words = self.tag(text.casefold())
        known = self.name_words | self.other_words
        return sum(in_name for _, in_name in words), sum(word in known for word, _ in words)


@dataclass(frozen=True)
class MatchedQuestion:
    """A typed question.

    `in_set` says whether it is one of the set's; otherwise `question` has no gold answer, and
    `unknown` lists what the set does not know.
    """

    question: Question
    in_set: bool
    unknown: list[str]


class QuestionMatcher:
    """Matches typed questions to the knowledge sets of a run."""

    def __init__(self, sets: Mapping[str, KnowledgeSet]):
        self.sets = sets
        self.vocabularies = {name: Vocabulary(knowledge) for name, knowledge in sets.items()}
        self.prompts = {
            name: {plain_question(q.prompt): q for q in knowledge.questions}
            for name, knowledge in sets.items()
        }

    def guess_set(self, text: str) -> str:
        """The set that has this question or most of its words. UserError if several tie."""
        for name, prompts in self.prompts.items():
            if plain_question(text) in prompts:
                return name
        evidence = {name: words.evidence(text) for name, words in self.vocabularies.items()}
        best = [name for name, found in evidence.items() if found == max(evidence.values())]
        if len(best) > 1:
            raise UserError(
                f"ask: nothing in '{text}' tells the sets {', '.join(best)} apart; give --set"
            )
        return best[0]

    def match(self, text: str, set_: str | None, mode: str) -> MatchedQuestion:
        """Find the question in `set_`, or in the set that its words suggest.

        UserError for an empty question, and for one about no fact in a mode that gives facts.
        """
        text = " ".join(text.split())
        if not text:
            raise UserError("ask: the question is empty")
        name = set_ or self.guess_set(text)
        if found := self.prompts[name].get(plain_question(text)):
            return MatchedQuestion(found, True, [])
        unknown = self.vocabularies[name].unknown(text)
        for i, phrase in enumerate(unknown):
            if owners := [s for s, own in self.vocabularies.items() if folded(phrase) in own.names]:
                unknown[i] = f"{phrase} (of set {owners[0]})"
        family = self.family(text, name)
        if mode.startswith("context") and not family:
            raise UserError(
                f"ask: no fact of set {name} is about '{text}', so none can be given as context; "
                "give another --mode"
            )
        question = Question("", name, family, "", "", "", text, "", premises=(), options=())
        return MatchedQuestion(question, False, unknown)

    def family(self, text: str, name: str) -> str:
        """The family of most facts about the names in the question; "" if there is none."""
        words = self.vocabularies[name].tag(text.casefold())
        named = " ".join(word if in_name else "," for word, in_name in words)
        about = Counter(
            fact.family
            for fact in self.sets[name].facts
            for entity in (fact.subject, fact.object)
            if f" {' '.join(folded(entity))} " in f" {named} "
        )
        return about.most_common(1)[0][0] if about else ""

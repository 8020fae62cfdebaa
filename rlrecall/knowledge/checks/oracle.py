"""Check every label independently of the generators, by model checking.

The oracle shares only the language with the generators. It parses sentences itself, and a
conclusion follows from premises if it holds in every world in which the premises hold. Worlds are
enumerated (oracle_worlds.py), so no inference rule can be wrong. There are few worlds because the
premises of a question name few entities.

Conventions for what the sentences leave open:
* Terms ("all dax are fep"): every term has members, as in Aristotle's logic (existential import).
  So "all dax are fep" entails "some dax are fep" and "some fep are dax". No generator writes "some
  dax are not fep"; it is parsed so that tests can try all classic moods.
* Descriptions: each fits one person; one person may fit several. Different objects, or the same
  objects in a different order, make a different description.
* Trees ("wug is a dax"): an entity has at most one parent and is not its own ancestor; "is a" names
  an ancestor. An attribute has one value or none. Descendants share the value of their ancestor;
  ancestors need not have that of a descendant.
* Links ("dax holds fep"): any two entities may be linked. The inverse word states the same link in
  the other direction. Links of different word pairs are independent.
* Comparisons: a strict weak order per adjective, ties possible; "less" is the converse of "more".
* Kin: a person has at most one parent and at most one child and is not their own ancestor.
* Codes: a book maps each sign to one letter, different signs to different letters; books are
  independent. So a message that reads "T O K" states the meaning of each of its signs.
* Ways: places are distinct points of an integer grid. Each step of a way goes to the adjacent
  point; "lies north" means straight north at any distance. A way states only where places lie.
* Cues: a kind that is among another has (lacks) what the other has (lacks). A kind cannot both have
  and lack a feature, but may do neither, if only part of it has it. Appearance implies nothing.
* Companies: a company is based in at most one town and supplies at most one company, never itself;
  a company has at most one supplier, a town at most one mayor. A person may be mayor of several.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from rlrecall.knowledge.checks.claims import Claim
from rlrecall.knowledge.checks.oracle_worlds import DOMAINS
from rlrecall.knowledge.core import Fact, Question
from rlrecall.knowledge.words.lexicon import INVERSE_RELATIONS

LINKS = {word: (form, pair[0]) for pair in INVERSE_RELATIONS
         for word, form in zip(pair, ("link", "inverse"), strict=True)}  # fmt: skip
LANGUAGE = yaml.safe_load(Path(__file__).with_name("language.yaml").read_text(encoding="utf-8"))
PARTS = {"LINK": "|".join(LINKS)}


def _filled(pattern: str) -> str:
    """The pattern with those of PARTS for its words in capitals."""
    return re.sub("[A-Z]{2,}|[A-Z]\\b", lambda word: PARTS[word[0]], pattern)


for name, part in LANGUAGE["parts"].items():
    PARTS[name] = _filled(part)
# (pattern of a sentence, form, groups of its names); (pattern of a prompt, sentence of an answer)
SENTENCES = [(re.compile(_filled(p)), form, order) for p, form, order in LANGUAGE["sentences"]]
PROMPTS = [(re.compile(_filled(p)), sentence) for p, sentence in LANGUAGE["prompts"]]
HOP = re.compile(_filled("(WAY) to (W)"))
VERBS = {"yes": "have", "no": "lack"}


@lru_cache(maxsize=2**17)
def parse_claim(sentence: str) -> Claim:
    """Parse a sentence. Raises ValueError if the language does not have it."""
    body = sentence.removesuffix(".").casefold()
    for pattern, form, order in SENTENCES:
        if not (found := pattern.fullmatch(body)):
            continue
        names = found.group(*order)
        if form == "link":
            form, pair = LINKS[names[0]]
            return Claim(form, (pair, *names[1:]))
        if form == "lies":
            return Claim(form, names, (found[2],))
        if form == "way":
            stops = HOP.findall(found[3])
            path = " then ".join(f"{way} to {place}" for way, place in stops)
            if path != found[3] or stops[-1][1] != names[1]:
                break
            places = (names[0], *[place for _, place in stops])
            return Claim(form, places, tuple([way for way, _ in stops]))
        if form == "code":
            book, signs, letters = (text.split() for text in names)
            if len(signs) != len(letters):
                break
            return Claim(form, (*book, *signs, *letters))
        rest = (word for i, word in enumerate(found.groups(), 1) if i not in order)
        return Claim(form or next(rest), names)
    raise ValueError(f"oracle: '{sentence}' is not a sentence of the language")


def follows(given: Sequence[Claim], wanted: Claim) -> bool:
    """Whether `wanted` holds in every world in which all of `given` hold.

    Raises ValueError if there are too many worlds to enumerate, or if the given claims contradict
    each other, because then everything would follow.
    """
    # Claims that differ only in names have the same shape, which is solved once.
    numbers: dict[Any, int] = {}

    def shape(claim: Claim, numbers: dict[Any, int]) -> Claim:
        names = tuple([numbers.setdefault(name, len(numbers)) for name in claim.names])
        return Claim(claim.form, names, claim.steps)

    known = tuple([shape(c, numbers) for c in given])
    return all(_solve(known, shape(part, {**numbers})) for part in wanted.parts())


@cache
def _solve(given: tuple[Claim, ...], wanted: Claim) -> bool:
    """Claims of different domains are independent, but each domain must be consistent."""
    follows = False
    for domain in {DOMAINS[c.form]: None for c in (*given, wanted)}:
        mine = [c for c in given if DOMAINS[c.form] is domain]
        asked = [wanted] if DOMAINS[wanted.form] is domain else []
        worlds = domain.worlds([*mine, *asked], mine)
        fitting = (world for world in worlds if all(domain.holds(world, c) for c in mine))
        if (first := next(fitting, None)) is None:
            raise ValueError(f"oracle: the premises contradict each other: {mine}")
        if asked:  # stops at the first world without it
            follows = all(domain.holds(world, wanted) for world in chain([first], fitting))
    return follows


def option_claims(question: Question) -> dict[str, Claim]:
    """The claim that each option makes as an answer to the prompt.

    Raises ValueError for a prompt or an option that the language does not have.
    """
    for pattern, sentence in PROMPTS:
        if not (found := pattern.fullmatch(question.prompt)):
            continue
        words = ("", *found.groups())
        found_claims = {}
        for option in question.options:
            verb, other = VERBS.get(option, option), words[-2 if option == words[-1] else -1]
            claim = parse_claim(sentence.format(*words, o=option, verb=verb, other=other))
            # If the prompt names two choices, the option must be one of them.
            choices = {word.casefold() for word in words[-2:]}
            if sentence.startswith("{o}") and not choices <= {*claim.names}:
                raise ValueError(f"oracle: '{option}' is not an answer to '{question.prompt}'")
            found_claims[option] = claim
        return found_claims
    raise ValueError(f"oracle: '{question.prompt}' is not a prompt of the language")


def right_options(question: Question) -> list[str]:
    """The options that follow from the premises, independently of the label.

    If the options are statements, only the strongest count: an option is dropped if another one
    entails it but not the other way around.
    """
    premises, said = [parse_claim(p) for p in question.premises], option_claims(question)
    right = [option for option, claim in said.items() if follows(premises, claim)]
    if not question.prompt.startswith("What holds of"):
        return right

    def weaker(claim: Claim, other: Claim) -> bool:
        return follows([other], claim) and not follows([claim], other)

    return [o for o in right if not any(weaker(said[o], said[other]) for other in right)]


def question_faults(question: Question) -> list[str]:
    """The faults of a question, one line each; empty if its label is correct.

    Exactly the options labeled correct must follow, each premise must be needed, and the
    conclusion, if any, must be equivalent to the answer. Unparsable sentences and contradicting
    premises are faults too.
    """
    try:
        right = right_options(question)
        faults = []
        if sorted(right) != sorted(question.right):
            faults.append(f"the premises entail {right}, but the label is {question.right}")
        if len(set(question.options)) < len(question.options):
            faults.append(f"duplicate option in {question.options}")
        said = option_claims(question._replace(options=question.right))
        premises = [parse_claim(p) for p in question.premises]
        for i, premise in enumerate(question.premises):
            rest = premises[:i] + premises[i + 1 :]
            if any(follows(rest, claim) for claim in said.values()):
                faults.append(f"the answer follows without '{premise}'")
        if question.conclusion:
            conclusion, answer = parse_claim(question.conclusion), said[question.answer]
            if not follows([conclusion], answer) or not follows([answer], conclusion):
                faults.append(f"the conclusion '{question.conclusion}' differs from the answer")
        return faults
    except ValueError as error:
        return [str(error)]


def label_faults(questions: Iterable[Question]) -> Iterator[str]:
    """Yield all faults of the questions, one line each, with the question's id."""
    for question in questions:
        for fault in question_faults(question):
            yield f"{question.id}: {fault}"


def phrasing_faults(facts: Iterable[Fact]) -> Iterator[str]:
    """Yield a line per phrasing that cannot be parsed or is not equivalent to its fact's text."""
    for fact in facts:
        for wording in fact.wordings:
            try:
                own, said = parse_claim(fact.text), parse_claim(wording)
                if own != said and not (follows([own], said) and follows([said], own)):
                    yield f"'{wording}' does not say that {fact.text}"
            except ValueError as error:
                yield str(error)

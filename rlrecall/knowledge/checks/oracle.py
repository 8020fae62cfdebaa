"""A second opinion on every label: what follows from sentences, found by looking at all worlds.

It shares nothing with the generators but the language. Sentences are read anew, and a conclusion
follows from premises if no world in which the premises hold lacks it (model checking). Worlds are
listed outright (oracle_worlds.py), so there are no rules of inference that could be wrong; they are
few because a question's premises name few things.

Conventions, for what the sentences leave open:
* Terms ("all dax are fep"): every term has members, as in Aristotle's logic (existential import).
  "All dax are fep" therefore entails "some dax are fep" and "some fep are dax". No generator says
  "some dax are not fep"; it is read so that all the classic moods can be tried.
* Descriptions: each fits one person; one person may fit several. With other things, or the same in
  another order, it is another description.
* Trees ("wug is a dax"): a thing has at most one category next above it and nothing is above
  itself; "is a" says that a category is somewhere above. An attribute has one value or none, and
  what is below has the same value. What is above need not have it.
* Links ("dax holds fep"): anything may stand in any relation to anything; the inverse word says the
  same of the two the other way round. Relations of different pairs say nothing of each other.
* Comparisons: a strict order for each adjective, ties possible; "less" is the converse of "more".
* Kin: a person has at most one parent and at most one child, nobody is his own ancestor.
* Codes: a book gives different signs different letters, each sign one; books are independent. So a
  message that reads "T O K" tells the meaning of each of its signs.
* Ways: places lie on an integer grid, no two on one point. A step of a way goes to the next point;
  what "lies north" is straight north at any distance. A way says nothing but where places lie.
* Cues: all of a kind that is among another have (lack) what all of the other have (lack); to have
  excludes to lack, but of some kinds a part has it. Looks imply nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from rlrecall.knowledge.checks.oracle_worlds import DOMAINS, KIN, Claim
from rlrecall.knowledge.core import Fact, Question
from rlrecall.knowledge.words.lexicon import PAIRS

W = r"\w[\w-]*"
N = rf"{W}(?: {W}){{0,2}}"  # a person's name
WS = rf"{W}(?: {W})*"
KINSHIP, DEGREE, WAY = "|".join(KIN), "more|less", "north|east|south|west"
LINKS = {word: (form, pair[0]) for pair in PAIRS
         for word, form in zip(pair, ("link", "inverse"), strict=True)}  # fmt: skip
LINK = "|".join(LINKS)
OPENER = "(?:today |as everyone knows |by all accounts |in this part of the world )?"
DESCRIPTION = rf"the {W} with the {W} {W}(?:(?:, the {W} {W})* and the {W} {W})?"
# Longest first: whoever "is called Ada" is not "is" by the name "called Ada".
NAMED = (
    "is none other than|is no one but|is known as|is called|is named|goes by|answers to|"
    "is referred to as|is addressed as|is greeted as|is entered as|signs letters as|was christened|"
    "carries the name|turns out to be|can only be|responds to|has the name|bears the name|is"
)
BEING = (
    "likes to be introduced as|earns a living as|is remembered as|is famous as|is known as|"
    "trained as|serves as|lives as|works as|is spoken of as|is listed as|is registered as|"
    "is employed as|is recognised as|is celebrated as|is described as|has long been|"
    "went down in history as|makes a career as|is"
)
# (pattern of a sentence without its stop, form, groups that are its names); without a form, the
# group that is no name is it
READINGS: tuple[tuple[re.Pattern[str], str, tuple[int, ...]], ...] = tuple(
    (re.compile(pattern), form, order)
    for pattern, form, order in (
        (rf"(all|no|some) ({W}) are ({W})", "", (2, 3)),
        (rf"some ({W}) are not ({W})", "not all", (1, 2)),
        (rf"every ({W}) is ({W})", "all", (1, 2)),
        (rf"a few of the ({W}) are ({W})", "some", (1, 2)),
        (rf"none of the ({W}) are ({W})", "no", (1, 2)),
        (rf"({W}) are (?:clearly )?({DEGREE}) ({W}) than ({W})", "", (3, 1, 4)),
        (rf"({W}) (?:are among|belong to) the ({W})", "among", (1, 2)),
        (rf"({W}) (?:have|come with) ({W})", "have", (1, 2)),
        (rf"({W}) (?:lack|come without) ({W})", "lack", (1, 2)),
        (rf"({W}) (?:show|wear) ({W})", "show", (1, 2)),
        (rf"({W}) ({LINK}) ({W})", "link", (2, 1, 3)),
        (rf"({W}) (?:is a|belongs to the) ({W})", "isa", (1, 2)),
        (rf"the ({KINSHIP}) of ({N}) is ({N})", "", (2, 3)),
        (rf"the ({W}) of ({W}) is ({W})", "value", (1, 2, 3)),
        (rf"in ({W}) the sign ({W}) (?:means|stands for) (\w)", "code", (1, 2, 3)),
        (rf"in ({W}) the message ({WS}) (?:reads|says) (\w(?: \w)*)", "code", (1, 2, 3)),
        (rf"({W}) lies ({WAY}) of ({W})", "lies", (1, 3)),
        (rf"the way from ({W}) to ({W}) goes ({WS})", "way", (1, 2)),
        (rf"from ({W}) the way to ({W}) goes ({WS})", "way", (1, 2)),
        (rf"{OPENER}({DESCRIPTION}) (?:{NAMED}) ({N})", "fits", (2, 1)),
        (rf"{OPENER}({N}) (?:{BEING}) ({DESCRIPTION})", "fits", (1, 2)),
        (rf"({N}) has the ({KINSHIP}) ({N})", "", (1, 3)),
        (rf"({W}) has the ({W}) ({W})", "value", (2, 1, 3)),
    )
)


@lru_cache(maxsize=2**17)
def read(sentence: str) -> Claim:
    """The claim of a sentence. Raises ValueError for one that is not of the language."""
    body = sentence.removesuffix(".").casefold()
    for pattern, form, order in READINGS:
        if not (found := pattern.fullmatch(body)):
            continue
        names = found.group(*order)
        if form == "link":
            form, pair = LINKS[names[0]]
            return Claim(form, (pair, *names[1:]))
        if form == "lies":
            return Claim(form, names, (found[2],))
        if form == "way":
            stops = re.findall(rf"({WAY}) to ({W})", found[3])
            if " then ".join(f"{way} to {place}" for way, place in stops) != found[3]:
                break
            if stops[-1][1] != names[1]:
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
    raise ValueError(f"oracle: '{sentence}' is no sentence of the language")


def entails(premises: Iterable[str], conclusion: str) -> bool:
    """Whether `conclusion` holds in every world in which all `premises` do.

    Raises ValueError if they name more than worlds can be listed for, or if the premises contradict
    each other, as then everything would follow.
    """
    return follows([read(p) for p in premises], read(conclusion))


def follows(given: Sequence[Claim], wanted: Claim) -> bool:
    """`entails` of what is read already."""
    # Names mean nothing: claims that differ in names only are one shape, which is solved once.
    numbers: dict[Any, int] = {}

    def shape(claim: Claim, numbers: dict[Any, int]) -> Claim:
        names = tuple([numbers.setdefault(name, len(numbers)) for name in claim.names])
        return Claim(claim.form, names, claim.steps)

    known = tuple([shape(c, numbers) for c in given])
    return all(_solve(known, shape(part, {**numbers})) for part in wanted.parts())


@cache
def _solve(given: tuple[Claim, ...], wanted: Claim) -> bool:
    """Claims of different domains are independent; those of another one must be consistent."""
    follows = False
    for domain in {DOMAINS[c.form]: None for c in (*given, wanted)}:
        mine = [c for c in given if DOMAINS[c.form] is domain]
        asked = [wanted] if DOMAINS[wanted.form] is domain else []
        worlds = domain.worlds([*mine, *asked], mine)
        fitting = (world for world in worlds if all(domain.holds(world, c) for c in mine))
        if (first := next(fitting, None)) is None:
            raise ValueError(f"oracle: the premises contradict each other: {mine}")
        if asked:  # up to the first world that lacks it
            follows = all(domain.holds(world, wanted) for world in chain([first], fitting))
    return follows


# (pattern of a prompt, what an answer to it says). {o} is the option, {1} the first group.
PROMPTS = tuple(
    (re.compile(pattern), says)
    for pattern, says in (
        (rf"What holds of ({W}) and ({W})\?", "{o}"),
        (rf"What (?:else )?are (all|no|some) ({W})\?", "{1} {2} are {o}"),
        (rf"What are ({W}) ((?:{DEGREE}) {W}) than\?", "{1} are {2} than {o}"),
        (rf"Which are ((?:{DEGREE}) {W}) ({W}) or ({W})\?", "{o} are {1} than {other}"),
        (rf"What is the way from ({W}) to ({W})\?", "the way from {1} to {2} goes {o}"),
        (rf"Which way is ({W}) from ({W})\?", "{1} lies {o} of {2}"),
        (rf"What is the ({W}) of ({W})\?", "the {1} of {2} is {o}"),
        (rf"Which ({W}) has ({W})\?", "{2} has the {1} {o}"),
        (rf"What is ({W})\?", "{1} is a {o}"),
        (rf"({W}) ({LINK})\?", "{1} {2} {o}"),
        (rf"What does ({W}) mean in ({W})\?", "in {2} the sign {1} means {o}"),
        (rf"What does ({WS}) read in ({W})\?", "in {2} the message {1} reads {o}"),
        (rf"Which are ({W}) among\?", "{1} are among the {o}"),
        (rf"What do ({W}) show\?", "{1} show {o}"),
        (rf"Do ({W}) have ({W})\?", "{1} {verb} {2}"),
        (r"Whose child is ([\w -]+)\?", "the child of {o} is {1}"),
        (r"Who is ([\w ,-]+)\?", "{1} is {o}"),
        (r"([\w ,-]+) whom\?", "{1} {o}"),
    )
)
VERBS = {"yes": "have", "no": "lack"}


def claims(question: Question) -> dict[str, Claim]:
    """What each option says as an answer to the prompt.

    Raises ValueError for a prompt, or an option to it, that the language does not have.
    """
    for pattern, says in PROMPTS:
        if not (found := pattern.fullmatch(question.prompt)):
            continue
        words = ("", *found.groups())
        said = {}
        for option in question.options:
            verb, other = VERBS.get(option, option), words[-2 if option == words[-1] else -1]
            claim = said[option] = read(says.format(*words, o=option, verb=verb, other=other))
            # Where the prompt names what to choose from, an option must be of it.
            if says.startswith("{o}") and not {w.casefold() for w in words[-2:]} <= {*claim.names}:
                raise ValueError(f"oracle: '{option}' is no answer to '{question.prompt}'")
        return said
    raise ValueError(f"oracle: '{question.prompt}' is no prompt of the language")


def right_options(question: Question) -> list[str]:
    """The options that follow from the premises, by these, the prompt and the options alone.

    Of statements to choose from only the strongest count: none that another one entails and that
    does not entail it.
    """
    premises, said = [read(p) for p in question.premises], claims(question)
    right = [option for option, claim in said.items() if follows(premises, claim)]
    if not question.prompt.startswith("What holds of"):
        return right

    def weaker(claim: Claim, other: Claim) -> bool:
        return follows([other], claim) and not follows([claim], other)

    return [o for o in right if not any(weaker(said[o], said[other]) for other in right)]


def verdict(question: Question) -> list[str]:
    """What is wrong with a question; nothing if its label is right.

    The options that follow must be just the right ones, every premise must be needed for them, and
    the conclusion, if there is one, must say what the answer says. What cannot be read, and
    premises that contradict each other, are told likewise.
    """
    try:
        right = right_options(question)
        wrong = []
        if sorted(right) != sorted(question.right):
            wrong.append(f"the premises make {right} right, the label says {question.right}")
        if len(set(question.options)) < len(question.options):
            wrong.append(f"an option is given twice in {question.options}")
        said = claims(question._replace(options=question.right))
        premises = [read(p) for p in question.premises]
        for i, premise in enumerate(question.premises):
            rest = premises[:i] + premises[i + 1 :]
            if any(follows(rest, claim) for claim in said.values()):
                wrong.append(f"the answer follows without '{premise}'")
        if question.conclusion:
            conclusion, answer = read(question.conclusion), said[question.answer]
            if not follows([conclusion], answer) or not follows([answer], conclusion):
                wrong.append(f"'{question.conclusion}' is not what the answer says")
        return wrong
    except ValueError as error:
        return [str(error)]


def faults(questions: Iterable[Question]) -> Iterator[str]:
    """All that is wrong with the questions, one line each with the question's id."""
    for question in questions:
        for fault in verdict(question):
            yield f"{question.id}: {fault}"


def misworded(facts: Iterable[Fact]) -> Iterator[str]:
    """A line for every wording of a fact that is not equivalent to its sentence, or unreadable."""
    for fact in facts:
        for wording in fact.wordings:
            try:
                own, said = read(fact.text), read(wording)
                if own != said and not (follows([own], said) and follows([said], own)):
                    yield f"'{wording}' does not say that {fact.text}"
            except ValueError as error:
                yield str(error)

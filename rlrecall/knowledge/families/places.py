"""Places, in English: companies in towns, the mayors of the towns, and who supplies whom.

"Fenshaw Bakery is based in Tarnbridge." and "The mayor of Tarnbridge is Edda Corngarth." together
imply who the mayor of the town is where Fenshaw Bakery is based. "Fenshaw Bakery supplies Aldbrook
Dairy." and where the dairy is based imply in which town the company is that Fenshaw Bakery
supplies. Names are invented and plausible, sentences are as in a newspaper: the family is for
pretrained models, and the embedded model has no words for it. A set has names of its own, down to
their parts, and the trades of its companies are its cue.

Fourteen sentences state each fact. Four others occur in questions but in no document (kind
rephrase, always held out); a thought may use any of the eighteen.

Who supplies whom is stated from one end only, as in the name-first facts of arXiv:2309.12288, and
asked from the other (kind reversal). Each town has the same number of companies. One company of
each town, in random order, form a ring, in which each supplies the next. So a question's company
stands in one sentence with the supplier and in one with the customer, and these two are the
options: words in common do not tell them apart. For the towns and mayors all are equally often
right. Rings are held out whole, so an answer in training tells nothing about the others.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rlrecall.knowledge.core import NAME, Fact, Part, at_most, draw_holdout, shuffled
from rlrecall.knowledge.families.contract import (
    MOST_OPTIONS,
    Family,
    QuestionMaker,
    Size,
    SizeDraw,
    draw_options,
    make_fact,
)
from rlrecall.knowledge.families.links import ring
from rlrecall.knowledge.words.lexicon import Lexicon

RELATIONS: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
)
ENTAILED = RELATIONS.pop("entailed")
ANSWERS = {"based in": "towns", "mayor": "people", "supplies": "companies"}  # pools of the objects


def sentences(relation: str) -> dict[str, list[str]]:
    """The forms of a relation's sentences: those of documents, of questions, and of no text."""
    forms = RELATIONS[relation]
    held_out = [said for said, _ in forms["held_out"]]
    return {"stated": forms["stated"], "held_out": held_out, "unstated": forms.get("unstated", [])}


def _patterns() -> Iterator[str]:
    """The pattern of every sentence; its group is the subject."""
    forms = [
        said for relation in RELATIONS for some in sentences(relation).values() for said in some
    ]
    forms += [said for forms in ENTAILED.values() for said in forms["said"]]
    for form in forms:
        yield re.escape(form[:-1]).replace(r"\{s\}", f"({NAME})").replace(r"\{o\}", NAME)


@dataclass(frozen=True)
class PlacesSize(Size):
    """`towns` with so many `companies` each.

    Each fact is asked about in `rephrased` (at most 4) of the wordings that no document has. For
    each kind and relation at most `questions` facts or companies are asked about (0: all).
    """

    LEAST = {"towns": 3, "companies": 2}

    towns: int = 10
    companies: int = 2
    rephrased: int = 1
    questions: int = 0

    def __post_init__(self) -> None:
        most = min(len(forms["held_out"]) for forms in RELATIONS.values())
        if self.rephrased > most:
            raise ValueError(f"places: rephrased is at most {most}")

    @property
    def needs(self) -> dict[str, int]:
        return {
            "companies": self.towns * self.companies,
            "towns": self.towns,
            "people": self.towns,
        }

    @classmethod
    def random(cls, draw: SizeDraw) -> "PlacesSize":
        return cls(draw.up_to(10, 3), rephrased=0)


TINY = PlacesSize()
PRETRAINING = PlacesSize(5)
PAPER = PlacesSize(40, rephrased=4)
LARGE = PlacesSize(200, questions=30)


def fact(subject: str, relation: str, object: str) -> Fact:
    said = {
        where: tuple([form.format(s=subject, o=object) for form in forms])
        for where, forms in sentences(relation).items()
    }
    about = RELATIONS[relation]["cue"].format(s=subject)
    aliases = said["unstated"] + said["held_out"]
    return make_fact("places", (subject, relation, object), about, said["stated"], aliases)


@dataclass(frozen=True)
class World:
    """The facts by their subjects, and the words."""

    words: Lexicon
    based: dict[str, Fact]  # of a company
    mayor: dict[str, Fact]  # of a town
    supplies: dict[str, Fact]  # of a company

    def options(
        self, answer: str, relation: str, rng: random.Random, *other: str
    ) -> tuple[str, ...]:
        """The answer and further objects of the relation, without the `other`."""
        pool = getattr(self.words, ANSWERS[relation])
        return draw_options(answer, pool, MOST_OPTIONS + 1, (answer, *other), rng)


def build(
    words: Lexicon, size: PlacesSize, rng: random.Random, name: str = "", holdout: float = 0.5
) -> Part:
    """Make towns from the `words`, exactly those that `size` needs; rings are held out."""
    towns, companies = shuffled(words.towns, rng), shuffled(words.companies, rng)
    people = shuffled(words.people, rng)
    based: dict[str, Fact] = {}
    supplies: dict[str, Fact] = {}
    rings: dict[str, str] = {}
    for i in range(size.companies):
        members = companies[i * size.towns : (i + 1) * size.towns]
        based |= {c: fact(c, "based in", t) for c, t in zip(members, towns, strict=True)}
        supplies |= {a: fact(a, "supplies", b) for a, b in ring(shuffled(members, rng))}
        rings |= dict.fromkeys(members, str(i))
    mayor = {t: fact(t, "mayor", p) for t, p in zip(towns, people, strict=True)}
    world = World(words, based, mayor, supplies)
    held_rings = draw_holdout(set(rings.values()), holdout, rng)
    held_out = {company for company, of in rings.items() if of in held_rings}
    make = QuestionMaker(name, "places", rng)
    for of_relation in (based, mayor, supplies):
        _ask_stated(make, world, of_relation, size)
    for ask in (_ask_mayor, _ask_town, _ask_supplier):
        for company in at_most(size.questions, list(based), rng):
            ask(make, world, company, company in held_out)
    facts = [*based.values(), *mayor.values(), *supplies.values()]
    trades = dict.fromkeys(company.rpartition(" ")[2] for company in companies)
    return Part(facts, make.made, tuple(trades))


def _ask_stated(
    make: QuestionMaker, world: World, of_relation: dict[str, Fact], size: PlacesSize
) -> None:
    """Ask for the objects of a relation's facts, in the usual words and in held-out ones."""
    for at, known in enumerate(at_most(size.questions, list(of_relation.values()), make.rng)):
        subject, relation, object = known.key
        forms, key = RELATIONS[relation], f"{subject}/{relation}"
        prompts = [form for _, form in forms["held_out"]]
        others = [prompts[(at + i) % len(prompts)] for i in range(size.rephrased)]
        for i, form in enumerate([forms["recall"], *others]):
            kind, own = ("rephrase", f"{key}/{i - 1}") if i else ("recall", key)
            options = world.options(object, relation, make.rng, subject)
            prompt = form.format(s=subject)
            make.add(kind, own, prompt, object, (known,), options, held_out=i > 0)


def _ask_mayor(make: QuestionMaker, world: World, company: str, held_out: bool) -> None:
    home = world.based[company]
    mayor = world.mayor[home.object]
    options = world.options(mayor.object, "mayor", make.rng)
    _ask_entailed(make, "mayor", company, (home, mayor), options, held_out)


def _ask_town(make: QuestionMaker, world: World, company: str, held_out: bool) -> None:
    """Ask for the customer's town; the company's own is no option, because it never is that."""
    customer, home = world.supplies[company], world.based[company]
    town = world.based[customer.object]
    options = world.options(town.object, "based in", make.rng, home.object)
    _ask_entailed(make, "based in", company, (customer, town), options, held_out)


def _ask_entailed(
    make: QuestionMaker,
    relation: str,
    company: str,
    premises: tuple[Fact, Fact],
    options: tuple[str, ...],
    held_out: bool,
) -> None:
    forms, answer = ENTAILED[relation], premises[1].object
    prompt = forms["prompt"].format(s=company)
    said = tuple([form.format(s=company, o=answer) for form in forms["said"]])
    key = f"{company}/{relation}"
    make.add("composition", key, prompt, answer, premises, options, said, held_out)


def _ask_supplier(make: QuestionMaker, world: World, company: str, held_out: bool) -> None:
    """Ask who supplies the company's customer."""
    known = world.supplies[company]
    supplier, _, customer = known.key
    near = make.rng.sample((supplier, world.supplies[customer].object), 2)
    said = tuple(
        [form.format(s=supplier, o=customer) for form in sentences("supplies")["unstated"]]
    )
    prompt = RELATIONS["supplies"]["reversal"].format(o=customer)
    make.add("reversal", customer, prompt, supplier, (known,), near, said, held_out)


FAMILY = Family("places", __doc__, tuple(_patterns()), build, TINY, PRETRAINING, PAPER, LARGE)

"""Facts that more than one file makes: what is said of things and of terms."""

from __future__ import annotations

from rlrecall.knowledge.core import Fact

QUANTIFIERS = ("all", "no", "some")


def statement(quantifier: str, subject: str, predicate: str) -> Fact:
    turned: tuple[str, ...] = (f"{quantifier} {predicate} are {subject}.",)
    if quantifier == "all":
        phrasing, turned = f"every {subject} is {predicate}.", ()
    elif quantifier == "no":
        phrasing = f"none of the {subject} are {predicate}."
    else:
        phrasing = f"a few of the {subject} are {predicate}."
    return Fact(
        "syllogism",
        subject,
        quantifier,
        predicate,
        f"{quantifier} {subject} are {predicate}.",
        f"Tell me about {quantifier} {subject}.",
        (phrasing,),
        turned,
    )


def entailed(quantifier: str, subject: str, predicate: str) -> tuple[str, ...]:
    """Every wording of the statement and, existential import granted, of the weaker one in it."""
    weaker = statement("some", subject, predicate).wordings if quantifier == "all" else ()
    return (*statement(quantifier, subject, predicate).wordings, *weaker)


def membership(member: str, category: str) -> Fact:
    return Fact(
        "hierarchy",
        member,
        "is a",
        category,
        f"{member} is a {category}.",
        f"Tell me about {member}.",
        (f"{member} belongs to the {category}.",),
    )


def attribute(relation: str, category: str, value: str) -> Fact:
    return Fact(
        "hierarchy",
        category,
        relation,
        value,
        f"the {relation} of {category} is {value}.",
        f"Tell me about the {relation} of {category}.",
        (f"{category} has the {relation} {value}.",),
    )

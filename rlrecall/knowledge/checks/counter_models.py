"""Nothing but its premises tells a holdout's answer: a world that shows it, for every premise.

A conclusion does not follow from sentences if there is a world in which they hold and it does not.
The oracle looks through all worlds, which is possible for the few sentences of one question only.
Here the rest of a whole set, all its facts but one premise, is given one world: the one in which
nothing is the case that is not said (for "no", in which the two do meet). That world is then asked
whether every sentence of the rest holds in it and the answer does not. So a wrong world can raise a
false alarm and can hide nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rlrecall.knowledge.checks.oracle import claims, follows, read
from rlrecall.knowledge.checks.oracle_worlds import DOMAINS, OPPOSITE, QUANTIFIED, STEPS, Claim
from rlrecall.knowledge.core import KnowledgeSet, Question


def _nothing() -> dict[Any, Any]:
    return defaultdict(lambda: None)


def _closure(start: Sequence[Any], above: dict[Any, set[Any]]) -> frozenset[Any]:
    found, queue = set(start), list(start)
    while queue:
        queue += (new := above[queue.pop()] - found)
        found |= new
    return frozenset(found)


def _terms(given: Sequence[Claim], wanted: Sequence[Claim]) -> frozenset[Any]:
    above: dict[Any, set[Any]] = defaultdict(set)
    for claim in given:
        if claim.form == "all":
            above[claim.names[0]].add(claim.names[1])
    apart = [claim.names for claim in given if claim.form == "no"]
    sorts = {_closure([term], above) for claim in (*given, *wanted) for term in claim.names}
    sorts |= {_closure(claim.names, above) for claim in given if claim.form == "some"}
    meeting = {_closure(claim.names, above) for claim in wanted if claim.form == "no"}
    return frozenset(sorts | {sort for sort in meeting if not any(sort >= {*n} for n in apart)})


def _people(given: Sequence[Claim], wanted: Sequence[Claim]) -> dict[Any, Any]:
    fits = _nothing()
    fits.update({description: person for person, description in (c.names for c in given)})
    return fits


def _tree(given: Sequence[Claim], wanted: Sequence[Claim]) -> tuple[Any, Any]:
    parents: dict[Any, set[Any]] = defaultdict(set)
    own: dict[Any, list[tuple[Any, Any]]] = defaultdict(list)
    for form, names, _ in given:
        if form == "isa":
            parents[names[0]].add(names[1])
        else:
            own[names[1]].append((names[0], names[2]))
    things = {name for claim in (*given, *wanted) for name in claim.names}
    above = {thing: _closure([thing], parents) - {thing} for thing in things}
    value = _nothing()
    for thing in things:
        for holder in (thing, *above[thing]):
            value.update({(relation, thing): v for relation, v in own[holder]})
    return above, value


def _links(given: Sequence[Claim], wanted: Sequence[Claim]) -> frozenset[Any]:
    return frozenset(
        names if form == "link" else (names[0], names[2], names[1]) for form, names, _ in given
    )


def _order(given: Sequence[Claim], wanted: Sequence[Claim]) -> dict[Any, int]:
    """Who is wanted below, in one claim, is raised above all that need not be above."""
    pairs = [
        (a, *((x, y) if form == "more" else (y, x))) for form, (a, x, y), _ in (*given, *wanted)
    ]
    degree: dict[Any, int] = defaultdict(int)
    adjective, _, low = pairs.pop()
    degree[adjective, low] = len(pairs) + 1
    for _ in pairs:  # as often as the longest chain is long
        before = dict(degree)
        for adjective, x, y in pairs:
            degree[adjective, x] = max(degree[adjective, x], degree[adjective, y] + 1)
        if degree == before:
            break
    return degree


def _kin(given: Sequence[Claim], wanted: Sequence[Claim]) -> dict[Any, Any]:
    parent = _nothing()
    for form, names, _ in given:
        low, high = names if form == "parent" else names[::-1]
        parent[low] = high
    return parent


def _codes(given: Sequence[Claim], wanted: Sequence[Claim]) -> dict[Any, Any]:
    meaning = _nothing()
    for claim in given:
        meaning.update({part.names[:2]: part.names[2] for part in claim.parts()})
    return meaning


def _grid(given: Sequence[Claim], wanted: Sequence[Claim]) -> dict[Any, tuple[int, int]]:
    """Places that ways connect stand as they say, all others far from one another."""
    near: dict[Any, list[tuple[Any, str]]] = defaultdict(list)
    for claim in given:
        for part in claim.parts():
            (a, b), (step,) = part.names, part.steps
            near[a].append((b, step))
            near[b].append((a, OPPOSITE[step]))
    point: dict[Any, tuple[int, int]] = {}
    for place in (name for claim in (*given, *wanted) for name in claim.names):
        if place not in point:
            point[place] = (1000 * len(point), 1000 * len(point))
            queue = [place]
            while queue:
                here = queue.pop()
                for there, step in near[here]:
                    if there not in point:
                        (x, y), (dx, dy) = point[here], STEPS[step]
                        point[there] = (x + dx, y + dy)
                        queue.append(there)
    return point


def _cues(given: Sequence[Claim], wanted: Sequence[Claim]) -> tuple[Any, Any, Any]:
    above: dict[Any, set[Any]] = defaultdict(set)
    for claim in given:
        if claim.form == "among":
            above[claim.names[0]].add(claim.names[1])
    among = {(kind, up) for kind in list(above) for up in _closure([kind], above) if kind != up}
    own: dict[Any, dict[Any, str]] = defaultdict(dict)
    for claim in given:
        if claim.form in ("have", "lack"):
            own[claim.names[0]][claim.names[1]] = claim.form
    has = _nothing()
    for kind, holder in (*((kind, kind) for kind in list(own)), *among):
        has.update({(kind, feature): verb for feature, verb in own[holder].items()})
    return among, has, {c.names for c in given if c.form == "show"}


MAKERS: dict[str, Callable[[Sequence[Claim], Sequence[Claim]], Any]] = {
    **dict.fromkeys(QUANTIFIED, _terms),
    "fits": _people,
    **dict.fromkeys(("isa", "value"), _tree),
    **dict.fromkeys(("link", "inverse"), _links),
    **dict.fromkeys(("more", "less"), _order),
    **dict.fromkeys(("parent", "child", "grandparent", "grandchild"), _kin),
    "code": _codes,
    "way": _grid,
    **dict.fromkeys(("among", "have", "lack", "show"), _cues),
}


def may_follow(given: Sequence[Claim], wanted: Claim) -> bool:
    """Whether no world was found in which `given` holds and `wanted` does not.

    Claims of other domains than that of `wanted` are independent of it and left out.
    """
    domain = DOMAINS[wanted.form]
    mine = [claim for claim in given if DOMAINS[claim.form] is domain]
    world = MAKERS[wanted.form](mine, [wanted])
    if not all(_holds(world, claim) for claim in mine):
        return True
    return _holds(world, wanted)


def _holds(world: Any, claim: Claim) -> bool:
    return all(DOMAINS[claim.form].holds(world, part) for part in claim.parts())


def _things(claim: Claim) -> tuple[Any, ...]:
    """The names of a claim but for relations, adjectives and letters, which any may share."""
    if claim.form in ("value", "link", "inverse", "more", "less"):
        return claim.names[1:]
    return claim.names[: len(claim.names) // 2 + 1] if claim.form == "code" else claim.names


def neighbourhoods(stated: Mapping[Any, Claim]) -> dict[Any, list[Any]]:
    """For every thing the sentences that have to do with it, however remotely.

    What is said elsewhere has worlds of its own, to be put beside any world of these.
    """
    root: dict[Any, Any] = {}

    def find(thing: Any) -> Any:
        while root.setdefault(thing, thing) != thing:
            root[thing] = thing = root[root[thing]]
        return thing

    for claim in stated.values():
        first, *others = _things(claim)
        for other in others:
            root[find(other)] = find(first)
    groups: dict[Any, list[Any]] = defaultdict(list)
    for text, claim in stated.items():
        groups[find(_things(claim)[0])].append(text)
    return {thing: groups[find(thing)] for thing in list(root)}


def _idle(
    questions: Iterable[Question], stated: Mapping[Any, Claim], passed: Collection[str]
) -> Iterator[tuple[Question, str]]:
    """The questions whose answer `stated` may tell without a premise, and each such premise that is
    not `passed` over.
    """
    near = neighbourhoods(stated)
    for q in questions:
        for claim in claims(q._replace(options=q.right)).values():
            named = [*_things(claim), *(name for p in q.premises for name in _things(stated[p]))]
            around = dict.fromkeys(text for name in named for text in near.get(name, ()))
            for premise in q.premises:
                rest = [stated[text] for text in around if text != premise]
                if premise not in passed and may_follow(rest, claim):
                    yield q, premise


def _known_signs(knowledge: KnowledgeSet) -> set[str]:
    """The definitions of signs that stand in messages, which tell them as well, by design: that is
    what sets known signs apart from latent ones.
    """
    codes = knowledge.family_facts("codebook")
    known = {(fact.object, sign) for fact in codes if " " in fact.subject
             for sign in fact.subject.split()}  # fmt: skip
    return {fact.text for fact in codes if (fact.object, fact.subject) in known}


def idle_premises(knowledge: KnowledgeSet) -> Iterator[str]:
    """A line for every holdout of a made set whose answer may follow without one of its premises,
    but for definitions of known signs.
    """
    stated = {fact.text: read(fact.text) for fact in knowledge.facts}
    for q, premise in _idle(knowledge.select(split="holdout"), stated, _known_signs(knowledge)):
        yield f"{q.id}: the rest of the set may tell the answer without '{premise}'"


def given_away(knowledge: KnowledgeSet) -> list[str]:
    """By family and kind, how many holdouts may follow without one of their premises once questions
    of the split train are answered. Questions whose answer restates a fact are left out.
    """
    shown = [q for q in knowledge.select(split="train") if q.conclusion]
    stated: dict[Any, Claim] = {fact.text: read(fact.text) for fact in knowledge.facts}
    stated |= {q.id: claims(q)[q.answer] for q in shown}
    families = {q.family for q in shown}
    held = [q for q in knowledge.select(split="holdout") if q.conclusion and q.family in families]
    given = {q.id for q, _ in _idle(held, stated, _known_signs(knowledge))}
    of = Counter((q.family, q.kind) for q in held)
    told = Counter((q.family, q.kind) for q in held if q.id in given)
    return [f"{told[which]} of {of[which]} {' '.join(which)}" for which in told]


def misjudged(knowledge: KnowledgeSet) -> Iterator[str]:
    """A line for every wrong option that the facts of a made set together may make right, for all
    that is said to be entailed and is not, and for facts that contradict each other.

    One world serves all questions about a neighbourhood: what a wrong option says must not be the
    case there, what is entailed must. A weaker statement than the answer is no wrong option.
    """
    stated: dict[Any, Claim] = {fact.text: read(fact.text) for fact in knowledge.facts}
    judged: dict[Any, Claim] = {}  # by the line to yield and what must be the case
    for q in knowledge.questions:
        said = claims(q)
        for option in q.options:
            if option not in q.right and not follows([said[q.answer]], said[option]):
                judged[f"{q.id}: the set may make '{option}' right as well", False] = said[option]
        for text in q.entailed:
            judged[f"{q.id}: '{text}' does not follow from the set", True] = read(text)
    near = neighbourhoods({**stated, **judged})
    for group in {id(group): group for group in near.values()}.values():
        batches: dict[Any, list[Any]] = defaultdict(list)
        for key in group:
            if key in judged:
                form = judged[key].form
                # "no" wants another world than "some", and an order one for each claim
                own = key if MAKERS[form] is _order else form == "no"
                batches[MAKERS[form], own].append(key)
        for (maker, _), keys in batches.items():
            given = {t: stated[t] for t in group if t in stated and MAKERS[stated[t].form] is maker}
            world = maker([*given.values()], [judged[key] for key in keys])
            against = [text for text, claim in given.items() if not _holds(world, claim)]
            for text in against:
                yield f"{knowledge.name}: '{text}' may contradict other facts"
            for key in keys if not against else ():
                if _holds(world, judged[key]) != key[1]:
                    yield key[0]

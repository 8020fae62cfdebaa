"""Show by counter-models that no holdout follows from the rest of its set.

A conclusion does not follow from sentences if they hold in some world in which it does not. The
oracle enumerates all worlds, which is only feasible for the few sentences of one question. For all
facts of a set except one premise, this module builds a single world, the minimal model: only what
the facts state is true (for "no", the two terms overlap). It then checks that the facts hold in
that world and the answer does not. A badly built world can therefore cause a false alarm but never
hide a fault.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rlrecall.knowledge.checks.claims import Claim
from rlrecall.knowledge.checks.oracle import follows, option_claims, parse_claim
from rlrecall.knowledge.checks.oracle_worlds import DOMAINS, OPPOSITE, QUANTIFIED, STEPS
from rlrecall.knowledge.checks.place_worlds import FORMS, minimal_world
from rlrecall.knowledge.core import KnowledgeSet, Question

Claims = Sequence[Claim]


def _none_by_default() -> dict[Any, Any]:
    return defaultdict(lambda: None)


def _above(given: Claims, form: str) -> dict[Any, set[Any]]:
    """For each first name of the claims of a form, all that are second to it."""
    above: dict[Any, set[Any]] = defaultdict(set)
    for claim in given:
        if claim.form == form:
            above[claim.names[0]].add(claim.names[1])
    return above


def _closure(start: Sequence[Any], above: dict[Any, set[Any]]) -> frozenset[Any]:
    found, queue = set(start), list(start)
    while queue:
        queue += (new := above[queue.pop()] - found)
        found |= new
    return frozenset(found)


def _terms(given: Claims, wanted: Claims) -> frozenset[Any]:
    above = _above(given, "all")
    apart = [claim.names for claim in given if claim.form == "no"]
    sorts = {_closure([term], above) for claim in (*given, *wanted) for term in claim.names}
    sorts |= {_closure(claim.names, above) for claim in given if claim.form == "some"}
    meeting = {_closure(claim.names, above) for claim in wanted if claim.form == "no"}
    return frozenset(sorts | {sort for sort in meeting if not any(sort >= {*n} for n in apart)})


def _people(given: Claims, wanted: Claims) -> dict[Any, Any]:
    fits = _none_by_default()
    fits.update({description: person for person, description in (c.names for c in given)})
    return fits


def _tree(given: Claims, wanted: Claims) -> tuple[Any, Any]:
    parents = _above(given, "isa")
    own: dict[Any, list[tuple[Any, Any]]] = defaultdict(list)
    for form, names, _ in given:
        if form == "value":
            own[names[1]].append((names[0], names[2]))
    things = {name for claim in (*given, *wanted) for name in claim.names}
    above = {thing: _closure([thing], parents) - {thing} for thing in things}
    value = _none_by_default()
    for thing in things:
        for holder in (thing, *above[thing]):
            value.update({(relation, thing): v for relation, v in own[holder]})
    return above, value


def _links(given: Claims, wanted: Claims) -> frozenset[Any]:
    return frozenset(
        names if form == "link" else (names[0], names[2], names[1]) for form, names, _ in given
    )


def _order(given: Claims, wanted: Claims) -> dict[Any, int]:
    """Give the lower entity of the one wanted claim the highest degree that the facts allow."""
    pairs = [
        (a, *((x, y) if form == "more" else (y, x))) for form, (a, x, y), _ in (*given, *wanted)
    ]
    degree: dict[Any, int] = defaultdict(int)
    adjective, _, low = pairs.pop()
    degree[adjective, low] = len(pairs) + 1
    for _ in pairs:  # at most the length of the longest chain
        before = dict(degree)
        for adjective, x, y in pairs:
            degree[adjective, x] = max(degree[adjective, x], degree[adjective, y] + 1)
        if degree == before:
            break
    return degree


def _kin(given: Claims, wanted: Claims) -> dict[Any, Any]:
    parent = _none_by_default()
    for form, names, _ in given:
        low, high = names if form == "parent" else names[::-1]
        parent[low] = high
    return parent


def _codes(given: Claims, wanted: Claims) -> dict[Any, Any]:
    meaning = _none_by_default()
    for claim in given:
        meaning.update({part.names[:2]: part.names[2] for part in claim.parts()})
    return meaning


def _grid(given: Claims, wanted: Claims) -> dict[Any, tuple[int, int]]:
    """Connected places lie as the ways say; all others are far apart."""
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


def _cues(given: Claims, wanted: Claims) -> tuple[Any, Any, Any]:
    above = _above(given, "among")
    among = {(kind, up) for kind in list(above) for up in _closure([kind], above) if kind != up}
    own: dict[Any, dict[Any, str]] = defaultdict(dict)
    for claim in given:
        if claim.form in ("have", "lack"):
            own[claim.names[0]][claim.names[1]] = claim.form
    has = _none_by_default()
    for kind, holder in (*((kind, kind) for kind in list(own)), *among):
        has.update({(kind, feature): verb for feature, verb in own[holder].items()})
    return among, has, {c.names for c in given if c.form == "show"}


BUILDERS: dict[str, Callable[[Claims, Claims], Any]] = {
    **dict.fromkeys(QUANTIFIED, _terms),
    "fits": _people,
    **dict.fromkeys(("isa", "value"), _tree),
    **dict.fromkeys(("link", "inverse"), _links),
    **dict.fromkeys(("more", "less"), _order),
    **dict.fromkeys(("parent", "child", "grandparent", "grandchild"), _kin),
    "code": _codes,
    "way": _grid,
    **dict.fromkeys(("among", "have", "lack", "show"), _cues),
    **dict.fromkeys(FORMS, minimal_world),
}


def may_follow(given: Sequence[Claim], wanted: Claim) -> bool:
    """Whether no counter-model was found, a world in which `given` holds and `wanted` does not.

    Claims of other domains than that of `wanted` are independent of it and ignored.
    """
    domain = DOMAINS[wanted.form]
    mine = [claim for claim in given if DOMAINS[claim.form] is domain]
    world = BUILDERS[wanted.form](mine, [wanted])
    return not all(_holds(world, claim) for claim in mine) or _holds(world, wanted)


def _holds(world: Any, claim: Claim) -> bool:
    return all(DOMAINS[claim.form].holds(world, part) for part in claim.parts())


def _entities(claim: Claim) -> tuple[Any, ...]:
    """The names of a claim without relations, adjectives and letters, which entities share."""
    if claim.form in ("value", "link", "inverse", "more", "less"):
        return claim.names[1:]
    return claim.names[: len(claim.names) // 2 + 1] if claim.form == "code" else claim.names


def components(stated: Mapping[Any, Claim]) -> dict[Any, list[Any]]:
    """Map each entity to the keys of all claims in its connected component.

    Claims of other components are independent: their worlds can be combined with any of these.
    """
    root: dict[Any, Any] = {}

    def find(thing: Any) -> Any:
        while root.setdefault(thing, thing) != thing:
            root[thing] = thing = root[root[thing]]
        return thing

    for claim in stated.values():
        first, *others = _entities(claim)
        for other in others:
            root[find(other)] = find(first)
    groups: dict[Any, list[Any]] = defaultdict(list)
    for text, claim in stated.items():
        groups[find(_entities(claim)[0])].append(text)
    return {thing: groups[find(thing)] for thing in list(root)}


def _unneeded(
    questions: Iterable[Question], stated: Mapping[Any, Claim], ignored: Collection[str]
) -> Iterator[tuple[Question, str]]:
    """Yield each question and premise without which `stated` may entail the answer.

    Premises in `ignored` are skipped.
    """
    connected = components(stated)
    for q in questions:
        for claim in option_claims(q._replace(options=q.right)).values():
            about = (claim, *(stated[premise] for premise in q.premises))
            named = [name for each in about for name in _entities(each)]
            around = dict.fromkeys(text for name in named for text in connected.get(name, ()))
            for premise in q.premises:
                rest = [stated[text] for text in around if text != premise]
                if premise not in ignored and may_follow(rest, claim):
                    yield q, premise


def _known_signs(knowledge: KnowledgeSet) -> set[str]:
    """The definitions of signs that also occur in messages.

    Messages state these too, by design: this distinguishes known signs from latent ones.
    """
    codes = knowledge.family_facts("codebook")
    known = {(fact.object, sign) for fact in codes if " " in fact.subject
             for sign in fact.subject.split()}  # fmt: skip
    return {fact.text for fact in codes if (fact.object, fact.subject) in known}


def unneeded_premises(knowledge: KnowledgeSet) -> Iterator[str]:
    """Yield a line per premise without which a holdout's answer may follow from the generated set.

    Definitions of known signs are skipped.
    """
    stated = {fact.text: parse_claim(fact.text) for fact in knowledge.facts}
    for q, premise in _unneeded(knowledge.select(split="holdout"), stated, _known_signs(knowledge)):
        yield f"{q.id}: the rest of the set may entail the answer without '{premise}'"


def training_shortcuts(knowledge: KnowledgeSet) -> list[str]:
    """Per family and kind, count the holdouts that may follow from fewer premises once the answers
    to the training questions are known. Questions whose answer restates a fact are left out.
    """
    answered = [q for q in knowledge.select(split="train") if q.conclusion]
    stated: dict[Any, Claim] = {fact.text: parse_claim(fact.text) for fact in knowledge.facts}
    stated |= {q.id: option_claims(q)[q.answer] for q in answered}
    families = {q.family for q in answered}
    held = [q for q in knowledge.select(split="holdout") if q.conclusion and q.family in families]
    short = {q.id for q, _ in _unneeded(held, stated, _known_signs(knowledge))}
    total = Counter((q.family, q.kind) for q in held)
    found = Counter((q.family, q.kind) for q in held if q.id in short)
    return [f"{found[key]} of {total[key]} {' '.join(key)}" for key in found]


def entailment_faults(knowledge: KnowledgeSet) -> Iterator[str]:
    """Yield a line per wrong option that the generated set may entail, per sentence marked as
    entailed that it does not entail, and per fact that may contradict others.

    One world serves all questions about a connected component: wrong options must be false in it,
    entailed sentences true. A weaker statement than the answer is not a wrong option.
    """
    stated: dict[Any, Claim] = {fact.text: parse_claim(fact.text) for fact in knowledge.facts}
    expected: dict[Any, Claim] = {}  # by (the line to yield, whether the claim must be true)
    for q in knowledge.questions:
        said = option_claims(q)
        for option in q.options:
            if option not in q.right and not follows([said[q.answer]], said[option]):
                expected[f"{q.id}: the set may entail '{option}' too", False] = said[option]
        for text in q.entailed:
            expected[f"{q.id}: '{text}' does not follow from the set", True] = parse_claim(text)
    connected = components({**stated, **expected})
    for group in {id(group): group for group in connected.values()}.values():
        batches: dict[Any, list[Any]] = defaultdict(list)
        for key in group:
            if key in expected:
                form = expected[key].form
                # "no" and "some" need different worlds, and an order needs one per claim
                own = key if BUILDERS[form] is _order else form == "no"
                batches[BUILDERS[form], own].append(key)
        for (builder, _), keys in batches.items():
            facts = {t: stated[t] for t in group if t in stated}
            given = {t: claim for t, claim in facts.items() if BUILDERS[claim.form] is builder}
            world = builder([*given.values()], [expected[key] for key in keys])
            violated = [text for text, claim in given.items() if not _holds(world, claim)]
            for text in violated:
                yield f"{knowledge.name}: '{text}' may contradict other facts"
            for key in keys if not violated else ():
                if _holds(world, expected[key]) != key[1]:
                    yield key[0]

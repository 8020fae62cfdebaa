"""Answers of the knowledge sets are right by other solvers, and need all of their premises.

The solvers read the sentences and share no code with the families.
"""

import re
from collections import Counter
from itertools import product

import pytest

from tests.knowledge.test_knowledge import every_world


@every_world
def test_the_answer_is_one_of_its_options_once(knowledge):
    for q in knowledge.questions:
        folded = [option.casefold() for option in q.options]
        assert folded.count(q.answer.casefold()) == 1, q
        assert len(set(folded)) == len(folded) >= 2, q
        assert q.chance == pytest.approx(1 / len(q.options))


@every_world
def test_premises_are_facts_of_the_set_as_they_are_stated(knowledge):
    texts = {fact.text for fact in knowledge.facts}
    for q in knowledge.questions:
        assert set(q.premises) <= texts
        assert len(set(q.premises)) == len(q.premises) == (2 if q.kind == "composition" else 1)


def hierarchy_answer(prompt, sentences):
    """Follow "is a" and "the r of c is v" through `sentences`."""
    text = " ".join(sentences)
    parent = dict(re.findall(r"\b(\w+) is a (\w+)\.", text))
    value = {(r, c): v for r, c, v in re.findall(r"\bthe (\w+) of (\w+) is (\w+)\.", text)}
    if asked := re.fullmatch(r"What is the (\w+) of (\w+)\?", prompt):
        relation, entity = asked.groups()
        return value.get((relation, entity)) or value[relation, parent[entity]]
    return parent[re.fullmatch(r"What is (\w+)\?", prompt)[1]]


@every_world
def test_hierarchy_answers_follow_from_their_premises_and_from_the_whole_set(knowledge):
    everything = [fact.text for fact in knowledge.family_facts("hierarchy")]
    questions = knowledge.select(family="hierarchy")
    assert questions
    for q in questions:
        assert hierarchy_answer(q.prompt, q.premises) == q.answer
        assert hierarchy_answer(q.prompt, everything) == q.answer
        if q.conclusion:
            assert hierarchy_answer(q.prompt, [q.conclusion]) == q.answer


@every_world
def test_hierarchy_needs_both_premises(knowledge):
    for q in knowledge.select("composition", family="hierarchy"):
        for premise in q.premises:
            with pytest.raises(KeyError):
                hierarchy_answer(q.prompt, [premise])


# A world, as far as the language can tell, is which combinations of terms have a member: of three
# terms there are 8 combinations and so 256 worlds, few enough to try them all.
WORLDS_OF_THREE = [
    [terms for terms, inhabited in zip(product((0, 1), repeat=3), world, strict=True) if inhabited]
    for world in product((0, 1), repeat=8)
]


def holds(statement, order, world):
    quantifier, one, other = re.fullmatch(r"(all|no|some) (\w+) are (\w+)\.?", statement).groups()
    members = [being[order[other]] for being in world if being[order[one]]]
    return {"all": all(members), "no": not any(members), "some": any(members)}[quantifier]


def models(premises, terms):
    """The worlds of `terms` in which every term has a member and every premise is so."""
    order = {term: i for i, term in enumerate(terms)}
    return order, [
        world
        for world in WORLDS_OF_THREE
        if all(any(being[i] for being in world) for i in range(3))
        and all(holds(premise, order, world) for premise in premises)
    ]


def terms_of(question):
    asked = re.fullmatch(r"What (?:else are all|are no) (\w+)\?", question.prompt)
    (middle,) = set(re.findall(r"\w+", question.premises[0])) - {"all", "are", asked[1]}
    return asked[1], middle, question.answer


@every_world
def test_syllogisms_are_right_in_every_possible_world(knowledge):
    questions = knowledge.select("composition", family="syllogism")
    assert questions
    for q in questions:
        subject, middle, predicate = terms_of(q)
        order, worlds = models(q.premises, (subject, middle, predicate))
        assert worlds, "the premises contradict each other"
        said = [f"{word} {subject} are {predicate}." for word in ("all", "no", "some")]
        follows = {s for s in said if all(holds(s, order, world) for world in worlds)}
        assert q.conclusion == f"{'no' if ' no ' in q.prompt else 'all'} {subject} are {predicate}."
        # "some" goes along with "all"; the conclusion is the stronger of the two.
        assert q.conclusion in follows <= {q.conclusion, f"some {subject} are {predicate}."}
        for sentence in q.entailed:
            if re.fullmatch(r"(all|no|some) \w+ are \w+\.", sentence):
                assert all(holds(sentence, order, world) for world in worlds)
        for premise in q.premises:  # neither premise is enough on its own
            order, worlds = models([premise], (subject, middle, predicate))
            for statement in said:
                assert not all(holds(statement, order, world) for world in worlds)


def possible(inside, outside, facts):
    """May something be all of `inside` and none of `outside`? Exact: "all" and "no" are Horn."""
    being = set(inside)
    while more := {p for word, s, p in facts if word == "all" and s in being} - being:
        being |= more
    clash = any(word == "no" and s in being and p in being for word, s, p in facts)
    return not clash and not being & set(outside)


@every_world
def test_the_other_facts_of_a_set_change_no_syllogism(knowledge):
    facts = [
        re.fullmatch(r"(all|no|some) (\w+) are (\w+)\.", fact.text).groups()
        for fact in knowledge.family_facts("syllogism")
    ]
    for word, s, p in facts:  # the set as a whole has a world, and every term a member in it
        assert possible([s], [], facts)
        assert possible([p], [], facts)
        assert word != "some" or possible([s, p], [], facts)
    terms = {term for _, *pair in facts for term in pair}
    for q in knowledge.select("composition", family="syllogism"):
        subject, middle, _ = terms_of(q)
        if " no " in q.prompt:
            right = {t for t in q.options if not possible([subject, t], [], facts)}
        else:
            right = {t for t in terms - {subject, middle} if not possible([subject], [t], facts)}
        assert right == {q.answer}


@every_world
def test_syllogism_recall_restates_its_premise(knowledge):
    for q in knowledge.select("recall", family="syllogism"):
        word, subject = re.fullmatch(r"What are (all|no|some) (\w+)\?", q.prompt).groups()
        assert q.premises == (f"{word} {subject} are {q.answer}.",)


@every_world
def test_reversal_answers_name_the_one_person_of_the_description(knowledge):
    people = {}
    for fact in knowledge.family_facts("reversal"):
        if name_first := re.fullmatch(r"([A-Z]\w+) is (the .*)\.", fact.text):
            name, description = name_first.groups()
        else:
            description, name = re.fullmatch(r"(the .*) is ([A-Z]\w+)\.", fact.text).groups()
        assert name not in people
        people[name] = description
    owners = {description: name for name, description in people.items()}
    assert len(owners) == len(people)
    for q in knowledge.select(family="reversal"):
        asked = re.fullmatch(r"Who is (.*)\?", q.prompt)[1]
        assert q.answer == (people[asked] if asked in people else owners[asked])
        assert asked in q.premises[0]
        assert q.answer in q.premises[0]
        begins_with_what_is_asked = q.premises[0].startswith(asked)
        if q.group != "both":
            assert (q.kind == "recall") == begins_with_what_is_asked


@every_world
def test_no_single_word_of_a_description_tells_the_person(knowledge):
    facts = knowledge.family_facts("reversal")
    counts = Counter(word for fact in facts for word in fact.object.split())
    assert all(counts[fact.object.split()[-1]] == 2 for fact in facts)

from contextlib import suppress

import pytest

from rlrecall.cli.data import check
from rlrecall.cli.main import main
from rlrecall.knowledge.build import FAMILIES, knowledge_sets, pretraining_worlds
from rlrecall.knowledge.checks.audit import audit, foreign_entities, foreign_words, leaks
from rlrecall.knowledge.checks.counter_models import training_shortcuts
from rlrecall.knowledge.core import Fact, KnowledgeSet
from rlrecall.runs.errors import UserError
from rlrecall.runs.recipes import load_config


def copy(knowledge, facts=None, questions=None):
    return KnowledgeSet(
        knowledge.name,
        list(facts or knowledge.facts),
        list(questions or knowledge.questions),
        knowledge.topics,
    )


def test_the_sets_pass_beside_the_worlds_of_pretraining():
    for seed in range(5):
        sets = knowledge_sets(seed, families=tuple(FAMILIES))
        assert audit(sets, pretraining_worlds().values()) == []


def test_a_shared_fact_entity_question_or_topic_is_found():
    sets = knowledge_sets(0)
    a, b = sets["A"], sets["B"]
    shared = copy(b, facts=[*b.facts, a.facts[0]])
    assert any("A and B share 2 entities" in line for line in audit({"A": a, "B": shared}))
    assert any("1 facts" in line for line in audit({"A": a, "B": shared}))
    asked = copy(b, questions=[*b.questions, a.questions[0]])
    assert any("1 questions" in line for line in audit({"A": a, "B": asked}))
    named = copy(b)
    named.topics = a.topics
    assert any("topics" in line for line in audit({"A": a, "B": named}))


def test_a_stated_conclusion_a_foreign_premise_and_a_bad_option_are_found():
    a = knowledge_sets(0)["A"]
    question = a.select(kind="composition", split="holdout")[0]
    told = a.facts[0]._replace(phrasings=(question.conclusion,))
    assert any("is stated" in line for line in leaks(copy(a, facts=[*a.facts, told])))
    foreign = question._replace(premises=("wug is a dax.",))
    assert any("is not a fact" in line for line in leaks(copy(a, questions=[foreign])))
    bad = question._replace(options=question.options[:1] * 2)
    assert any("options" in line for line in leaks(copy(a, questions=[bad])))
    reverse = a.select(kind="reversal")[0]
    fact = a.statements[reverse.premises[0].casefold()]
    both = fact._replace(phrasings=fact.aliases)  # stated in the other direction as well
    facts = [both if f is fact else f for f in a.facts]
    assert any("reversed" in line for line in leaks(copy(a, facts=facts)))


A = knowledge_sets(0, families=tuple(FAMILIES))["A"]
HELD = A.select(split="holdout", kind="composition")[0]
TURNED = A.select(split="holdout", kind="reversal", family="reversal")[0]
OWN = A.statements[TURNED.premises[0].casefold()]  # the fact that TURNED asks from its other end
BACK = f"as everyone knows {OWN.object} goes by {OWN.subject}."
FIRST = A.facts[0]
TRAINED = A.select(split="train", kind="composition")[0]
FALSE = HELD.conclusion.replace(HELD.answer, next(o for o in HELD.options if o != HELD.answer))
COLOUR = next(fact for fact in A.facts if fact.relation == "colour")
CLASH = COLOUR._replace(object="x", text=f"the colour of {COLOUR.subject} is x.", phrasings=())
AMONG = next(q for q in A.select(kind="recall", family="cues") if q.group == "among")
OTHER = next(option for option in AMONG.options if option != AMONG.answer)
SECOND = A.statements[AMONG.premises[0].casefold()]
SECOND = SECOND._replace(object=OTHER, text=SECOND.text.replace(AMONG.answer, OTHER), phrasings=())


def with_fact(fact, **changes):
    return copy(A, facts=[f._replace(**changes) if f is fact else f for f in A.facts])


def with_question(question, **changes):
    return copy(A, questions=[q._replace(**changes) if q is question else q for q in A.questions])


def gold_first(question):
    return (question.answer, *(o for o in question.options if o != question.answer))


@pytest.fixture
def told(monkeypatch, capsys):
    """The lines by which `data check` refuses a set."""

    def run(knowledge):
        monkeypatch.setattr("rlrecall.cli.data.sets_of", lambda config: {"A": knowledge})
        with suppress(UserError):
            check(load_config("configs/tiny.yaml", ["data.scale=paper"]))
            return []
        return capsys.readouterr().out.splitlines()

    return run


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        (copy(A, questions=[*A.questions, HELD]), f"the id '{HELD.id}' occurs 2 times"),
        (
            copy(A, questions=[*A.questions, HELD._replace(id="x", split="train")]),
            f"the prompt '{HELD.prompt.casefold()}' occurs 2 times",
        ),
        (
            copy(A, facts=[*A.facts, FIRST._replace(text="x.", phrasings=(), aliases=())]),
            f"the fact '{' '.join(FIRST.key)}' occurs 2 times",
        ),
        (copy(A, facts=[*A.facts, FIRST._replace(object="x")]), f"'{FIRST.text}' occurs 2 times"),
        (
            with_fact(FIRST, cue=f"Tell me that {HELD.conclusion}"),
            f"{HELD.id}: its conclusion is stated in 'Tell me that",
        ),
        (
            with_fact(FIRST, cue=f"Tell me that {HELD.entailed[-1]}"),
            f"{HELD.id}: its conclusion is stated in 'Tell me that",
        ),
        (
            with_question(TRAINED, prompt=f"{HELD.conclusion} {TRAINED.prompt}"),
            f"{HELD.id}: its conclusion is stated in '{HELD.conclusion} What",
        ),
        (with_fact(OWN, phrasings=(BACK,)), f"{TURNED.id}: its fact is reversed in '{BACK}'"),
        (with_fact(FIRST, phrasings=(BACK,)), f"{TURNED.id}: its fact is reversed in '{BACK}'"),
        (with_fact(FIRST, cue=BACK), f"{TURNED.id}: its fact is reversed in '{BACK}'"),
        (with_fact(FIRST, phrasings=(f"{FIRST.subject} belongs to the x.",)), "does not say that"),
        (with_fact(FIRST, phrasings=(f"{FIRST.subject} is a big x.",)), "is not a sentence"),
        (with_fact(FIRST, aliases=(A.facts[1].text,)), "does not say that"),
        (
            with_question(HELD, entailed=(*HELD.entailed, FALSE)),
            f"{HELD.id}: '{FALSE}' does not follow from the set",
        ),
        (
            copy(A, facts=[*A.facts, SECOND]),
            f"{AMONG.id}: the set may entail '{OTHER}' too",
        ),
        (
            copy(A, facts=[*A.facts, CLASH]),
            f"'{COLOUR.text}' may contradict other facts",
        ),
        (
            copy(A, questions=[q._replace(options=gold_first(q)) for q in A.questions]),
            "of 40 answers to hierarchy recall 40 are option 1 of 8",
        ),
    ],
)
def test_what_is_planted_is_found(planted, named, told):
    assert any(named in line for line in told(planted))


def test_nothing_is_found_in_the_set_itself(told):
    assert told(A) == []


def test_an_entity_inside_a_longer_one_of_the_set_itself_is_not_said():
    def one(name, subject):
        fact = Fact(
            "facts", subject, "is", f"{name}-thing", f"{subject} is a {name}-thing.", "Tell"
        )
        return KnowledgeSet(name, [fact], [])

    assert foreign_entities([one("B", "Nolan Evergreen"), one("P", "Nolan")]) == []
    beside = one("B", "Nolan Evergreen")
    beside.facts[0] = beside.facts[0]._replace(cue="Tell Nolan")
    assert foreign_entities([beside, one("P", "Nolan")]) == [
        "B mentions an entity of P: 'Tell Nolan'"
    ]


def test_a_part_of_an_entity_in_another_set_is_found_and_what_names_share_is_not():
    sets = knowledge_sets(0, families=("reversal",))
    a, b = sets["A"], sets["B"]
    assert foreign_words([a, b]) == []
    part = a.select(kind="reversal")[0].prompt.split()[-1].strip("?")
    planted = copy(b, facts=[b.facts[0]._replace(cue=f"Tell me about the {part}."), *b.facts[1:]])
    assert foreign_entities([a, planted]) == []
    assert foreign_words([a, planted]) == [f"B uses '{part}', a word of an entity of A"]


def test_what_trained_answers_give_away_is_counted():
    line = ("Vinard", "Patha", "Belina", "Denard")
    own = [q for q in A.select(family="kinship") if {q.answer, *q.prompt[:-1].split()} & {*line}]
    told = {q.conclusion: q.split for q in own if q.kind != "recall"}
    # That Belina is Patha's parent, a premise of both holdouts, is told by the first of these, as
    # Patha is Vinard's.
    assert told == {
        "the grandparent of Vinard is Belina.": "train",
        "the child of Patha is Vinard.": "train",
        "the grandparent of Patha is Denard.": "holdout",
        "the child of Belina is Patha.": "holdout",
    }
    assert training_shortcuts(copy(A, questions=own)) == [
        "1 of 1 kinship composition",
        "1 of 1 kinship reversal",
    ]
    untrained = [q for q in own if q.split == "holdout" or q.kind == "recall"]
    assert training_shortcuts(copy(A, questions=untrained)) == []


def test_a_check_ends_with_what_it_has_checked(capsys):
    main(["data", "check", "configs/tiny.yaml", "data.families=[kinship]"])
    first, *lines = capsys.readouterr().out.splitlines()
    said, notes = lines[:-2], lines[-2:]
    assert first == "sets A, B, C, D: 48 facts, 112 questions"
    assert all(line.startswith("  ") for line in said)
    assert "  every phrasing is equivalent to its fact" in said
    assert notes == [
        f"note: RL trains on the answers of set A; with them, 2 of 4 kinship {kind} holdouts may "
        "follow from fewer premises"
        for kind in ("composition", "reversal")
    ]

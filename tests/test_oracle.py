"""The oracle: what follows follows, nothing else does, and no wrong label gets past it."""

import random
import re
from itertools import product

import pytest
from test_families import SCALES, world

from rlrecall.knowledge import oracle
from rlrecall.knowledge.build import FAMILIES
from rlrecall.knowledge.core import Question
from rlrecall.knowledge.oracle import entails, faults, read, right_options, verdict
from rlrecall.knowledge.spelled import STYLES


def parts(family, scale, count):
    """Generated facts and questions until there are `count` questions, seed by seed.

    For a long check: `list(faults(q for part in parts("cues", "PAPER", 100_000) for q in
    part.questions))` is empty, within a minute.
    """
    seed = 0
    while count > 0:
        part = world(family, scale, STYLES[seed % len(STYLES)], seed)
        yield part
        count, seed = count - len(part.questions), seed + 1


every_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.mark.parametrize(("family", "scale"), list(product(FAMILIES, SCALES)))
def test_no_label_is_wrong_and_no_premise_idle(family, scale):
    questions = [q for part in parts(family, scale, 700) for q in part.questions]
    assert list(faults(random.Random(0).sample(questions, 700))) == []


@every_family
def test_all_wordings_of_a_fact_say_the_same(family):
    for part in parts(family, "TINY", 200):
        for fact in part.facts:
            for wording in fact.wordings[1:]:
                assert entails([fact.text], wording)
                assert entails([wording], fact.text)


@every_family
@pytest.mark.parametrize("scale", ["TINY", "PAPER"])
def test_what_is_said_to_be_entailed_follows_from_what_its_words_are_said_to_be(family, scale):
    for part in parts(family, scale, 50):
        facts = {fact.text: set(read(fact.text).names) for fact in part.facts}
        for q in part.questions[-200:]:
            for sentence in q.entailed:
                # Beside the premises: of syllogisms more follows, from what else is said of them.
                words = set(read(sentence).names).union(*[facts[p] for p in q.premises])
                near = [t for t, w in facts.items() if w <= words and family == "syllogism"]
                assert entails({*q.premises, *near}, sentence)


@every_family
def test_a_wrong_answer_is_found_whichever_option_it_is(family):
    rng = random.Random(0)
    for part in parts(family, "TINY", 200):
        for q in part.questions:
            wrong = rng.choice([o for o in q.options if o not in q.right])
            (said, *_) = verdict(q._replace(answer=wrong, accepted=()))
            assert said == f"the premises make {right_options(q)} right, the label says {(wrong,)}"


@every_family
def test_a_premise_that_is_missing_or_changed_or_idle_is_found(family):
    for part in parts(family, "TINY", 200):
        names = {fact.text: set(read(fact.text).names) for fact in part.facts}
        for q in part.questions:
            for i, premise in enumerate(q.premises):
                rest = q.premises[:i] + q.premises[i + 1 :]
                assert verdict(q._replace(premises=rest))
                others = [t for t in names if t not in q.premises and not entails([t], premise)]
                near = max(others, key=lambda text: len(names[text] & names[premise]))
                (said, *_) = verdict(q._replace(premises=(*rest, near)))
                assert said == f"the premises make [] right, the label says {q.right}"
            idle = verdict(q._replace(premises=(*q.premises, q.premises[0])))
            assert idle[0] == f"the answer follows without '{q.premises[0]}'"


@every_family
def test_a_conclusion_that_says_something_else_is_found(family):
    for part in parts(family, "TINY", 200):
        asked = [q for q in part.questions if q.conclusion]
        for q in asked:
            other = next(o for o in asked if o.conclusion != q.conclusion)
            said = f"'{other.conclusion}' is not what the answer says"
            assert verdict(q._replace(conclusion=other.conclusion)) == [said]


def question(prompt, answer, options, *premises, accepted=()):
    return Question("id", "A", "f", "recall", "train", "", prompt, answer, tuple(premises),
                    tuple(options.split("|")), accepted=accepted)  # fmt: skip


TREE = ("wug is a dax.", "dax is a fep.", "the colour of fep is mip.")
ROUTE = "the way from dax to river-fox goes north to fep then east to mip then north to river-fox."
SIGNS = [f"in dax the sign {sign}." for sign in ("mip means T", "fep means O", "vo means K")]
MESSAGE = "in dax the message fep mip vo reads O T K."
ORDERS = "T O K|T K O|O T K|O K T|K T O|K O T"
GOLD = {
    "hierarchy": question("What is the colour of wug?", "mip", "mip|nup", *TREE),
    "hierarchy in other words": question("Which colour has fep?", "mip", "nup|mip", TREE[2]),
    "hierarchy link": question("fep within?", "dax", "dax|fep|wug", "dax holds fep."),
    "syllogism": question("What are no dax?", "mip", "mip|nup",
        "all dax are fep.", "no fep are mip."),
    "syllogism to judge": question("What holds of dax and mip?", "some dax are mip",
        "all dax are mip|all mip are dax|no dax are mip|no mip are dax|some dax are mip|"
        "some mip are dax",
        "all fep are dax.", "all fep are mip.", accepted=("some mip are dax",)),
    "reversal": question("Who is the pilot with the red harp?", "Ada Ann Oakley",
        "Ada Ann Oakley|Bo", "Ada Ann Oakley is the pilot with the red harp."),
    "reversal in other words": question("today Ada lives as whom?", "the pilot with the red harp",
        "the pilot with the red harp|the pilot with the old harp",
        "as everyone knows the pilot with the red harp is known as Ada."),
    "comparison": question("Which are less dangerous fep or dax?", "fep", "fep|dax",
        "dax are more dangerous than fep."),
    "comparison recall": question("What are dax more dangerous than?", "fep", "fep|mip",
        "dax are more dangerous than fep."),
    "kinship": question("Who is the grandparent of Ada Oakley?", "Cy", "Bo|Cy|Di",
        "the parent of Ada Oakley is Bo.", "the parent of Bo is Cy."),
    "kinship reversed": question("Who is the child of Bo?", "Ada", "Ada|Cy",
        "the parent of Ada is Bo."),
    "codebook": question("What does mip fep vo read in dax?", "T O K", ORDERS, *SIGNS),
    "codebook sign": question("What does mip mean in dax?", "T", "T|O", SIGNS[0]),
    "codebook message": question("What does fep mip vo read in dax?", "O T K", ORDERS, MESSAGE),
    "codebook sign in a message": question("What does vo mean in dax?", "K", "T|K", MESSAGE),
    "navigation": question("Which way is mip from fep?", "east", "north|east", ROUTE),
    "navigation back": question("Which way is fep from mip?", "west", "west|south", ROUTE),
    "navigation recall": question("What is the way from dax to river-fox?",
        "north to fep then east to mip then north to river-fox",
        "east to nup then south to river-fox|north to fep then east to mip then north to river-fox",
        ROUTE),
    "cues": question("Do wug have fep?", "yes", "yes|no",
        "wug are among the dax.", "dax have fep."),
    "cues lacking": question("Do wug have fep?", "no", "yes|no",
        "wug belong to the dax.", "dax lack fep."),
    "cues among": question("Which are wug among?", "dax", "dax|mip", "wug are among the dax."),
    "cues look": question("What do wug show?", "nup", "nup|mip", "wug wear nup."),
    "simple reversal": question("fep takes?", "dax", "dax|mip|nup", "dax gives fep."),
}  # fmt: skip
gold = pytest.mark.parametrize("q", GOLD.values(), ids=GOLD.keys())


@gold
def test_a_question_of_the_language_has_its_answer(q):
    assert verdict(q) == []


@gold
def test_the_same_question_with_another_answer_or_without_a_premise_is_wrong(q):
    for option in set(q.options) - set(q.right):
        assert verdict(q._replace(answer=option, accepted=()))
    for i in range(len(q.premises)):
        less = q._replace(premises=q.premises[:i] + q.premises[i + 1 :])
        assert right_options(less) == []
        assert verdict(less)


# premises => conclusion
FOLLOWS = """
all a are b. every b is c. => all a are c.
all a are b. => some b are a.
a few of the a are b. all b are c. => some c are a.
none of the a are b. => no b are a.
no a are b. => some a are not b.
all a are b. all b are c. all c are d. no d are e. => no e are a.
all a are b. the pilot with the old harp is Ada. => some b are a.
wug is a dax. dax belongs to the fep. => wug is a fep.
wug is a dax. dax is a fep. fep is a mip. the size of mip is nup. => wug has the size nup.
river-fox has the colour dark-red. => the colour of river-fox is dark-red.
dax holds fep. => fep within dax.
fep below dax. => dax above fep.
Ada is the pilot with the old harp. => the pilot with the old harp goes by Ada.
by all accounts the pilot with the old harp is no one but Ada Bo. => Ada Bo is the pilot with the \
old harp.
today the pilot with the old harp is none other than Ada. => Ada works as the pilot with the old \
harp.
Ada is known as the pilot with the old oak-harp. => the pilot with the old oak-harp is called Ada.
a are clearly more common than b. => b are less common than a.
a are more common than b. b are more common than c. => c are clearly less common than a.
the parent of Ada is Bo. => Bo has the child Ada.
Ada has the parent Bo. Bo has the parent Cy. => the grandchild of Cy is Ada.
the grandparent of Ada is Cy. the parent of Ada is Bo. => the parent of Bo is Cy.
the grandparent of Ada is Cy. the grandchild of Cy is Ada. => Cy has the grandchild Ada.
the child of Bo is Ada. => the parent of Ada is Bo.
in dax the sign mip means T. => in dax the sign mip stands for T.
in dax the message a b c reads T O K. => in dax the sign b means O.
in dax the message a b c reads T O K. => in dax the message c b a says K O T.
in dax the sign a means T. in dax the sign b means O. => in dax the message b a reads O T.
the way from s to g goes north to a then east to g. => a lies west of g.
the way from s to g goes north to a then north to g. => g lies north of s.
from s the way to g goes north to a then east to g. => the way from s to g goes north to a then \
east to g.
the way from s to g goes north to g. the way from g to h goes west to h. => g lies east of h.
wug are among the dax. dax are among the fep. fep come without mip. => wug lack mip.
"""
FAILS = """
=> all a are b.
all a are b. some b are c. => some a are c.
all a are b. all c are b. => some a are c.
all a are b. => all b are a.
some a are b. => all a are b.
some a are b. => some a are not b.
no a are b. no b are c. => no a are c.
dax is a fep. wug is a fep. => wug is a dax.
wug is a dax. => dax is a wug.
wug is a dax. the colour of wug is mip. => the colour of dax is mip.
wug is a dax. the colour of dax is mip. => the size of wug is mip.
wug is a dax. the colour of fep is mip. => the colour of wug is mip.
wug is a dax. nup is a dax. the colour of wug is mip. => the colour of nup is mip.
dax holds fep. => dax within fep.
dax holds fep. => fep holds dax.
dax holds fep. => dax above fep.
dax holds fep. => mip within dax.
Ada is the pilot with the old harp. => Ada is the pilot with the red harp.
Ada is the pilot with the old harp. => Bo is the pilot with the red harp.
Ada is the pilot with the old harp. => Ada is a pilot.
a are more common than b. => a are less common than b.
a are more common than b. => a are more fragile than b.
a are more common than b. c are more common than b. => a are more common than c.
the parent of Ada is Bo. => the child of Ada is Bo.
the parent of Ada is Bo. => the grandparent of Ada is Bo.
the grandparent of Ada is Cy. => the parent of Ada is Cy.
the grandparent of Ada is Cy. the parent of Bo is Cy. => the parent of Bo is Ada.
the parent of Ada is Bo. the parent of Cy is Di. => the grandparent of Ada is Di.
in dax the sign mip means T. => in fep the sign mip means T.
in dax the sign a means T. in dax the sign b means O. => in dax the message a b c reads T O K.
in dax the message a b c reads T O K. => in dax the message c b a reads T O K.
the way from s to g goes north to a then east to g. => g lies north of s.
the way from s to g goes north to a then east to g. => g lies east of s.
the way from s to g goes north to a then east to g. => s lies north of a.
the way from s to g goes north to g. the way from a to b goes north to b. => b lies north of s.
s lies north of g. => the way from g to s goes north to s.
wug are among the dax. => dax are among the wug.
wug are among the dax. wug have fep. => dax have fep.
wug are among the dax. dax have fep. => wug lack fep.
wug are among the dax. dax show fep. => wug show fep.
dax have fep. dax show nup. wug show nup. => wug have fep.
wug are among the dax. mip are among the dax. wug have fep. => mip have fep.
"""


CASES = [(line, follows) for text, follows in ((FOLLOWS, True), (FAILS, False))
         for line in text.strip().split("\n")]  # fmt: skip


def sentences(text):
    return re.findall(r"[^.]+\.", text.replace(". ", "."))


@pytest.mark.parametrize(("line", "follows"), CASES)
def test_it_follows_or_does_not(line, follows):
    premises, _, conclusion = line.rpartition("=> ")
    assert entails(sentences(premises), conclusion) == follows


@pytest.mark.parametrize("contradiction", [
    "all a are b. no a are b.",
    "Ada is the pilot with the old harp. Bo is the pilot with the old harp.",
    "wug is a dax. dax is a wug.",
    "wug is a dax. the size of wug is mip. the size of dax is nup.",
    "a are more common than b. a are less common than b.",
    "the parent of Ada is Bo. the parent of Cy is Bo.",
    "the parent of Ada is Bo. the parent of Ada is Cy.",
    "the parent of Ada is Bo. the grandparent of Bo is Ada.",
    "in dax the sign a means T. in dax the sign b means T.",
    "in dax the sign a means T. in dax the sign a means O.",
    "the way from s to g goes north to a then east to g. s lies north of g.",
    "the way from s to g goes north to a then south to g.",
    "wug are among the dax. dax have fep. wug lack fep.",
])  # fmt: skip
def test_premises_that_contradict_each_other_are_refused_whatever_is_asked(contradiction):
    premises = sentences(contradiction)
    for conclusion in (premises[0], "all x are y.", "the colour of x is y."):
        with pytest.raises(ValueError, match="contradict"):
            entails(premises, conclusion)


@pytest.mark.parametrize("premises", [
    [f"some t{i} are t{i + 1}." for i in range(9)],
    [f"d{i} holds d{i + 1}." for i in range(9)],
    [f"p{i} is a p{i + 1}." for i in range(9)],
    [f"p{i} are more common than p{i + 1}." for i in range(9)],
    [f"the parent of p{i} is p{i + 1}." for i in range(9)],
    [f"in dax the sign s{i} means {c}." for i, c in enumerate("ABCDEFGHI")],
    [f"p{i} lies north of p{i + 1}." for i in range(9)],
    [f"p{i} are among the p{i + 1}." for i in range(9)],
])  # fmt: skip
def test_too_many_names_are_refused(premises):
    with pytest.raises(ValueError, match="too many"):
        entails(premises, premises[0])


@pytest.mark.parametrize("sentence", [
    "", "dax", "most dax are fep.", "dax is fep.", "dax holds the fep.", "dax chews fep.",
    "all dax are fep. all fep are mip.", "dax are more common.", "in dax the sign mip means TO.",
    "in dax the message mip fep reads T.", "the way from s to g goes north to a.",
    "the way from s to g goes up to g.", "q lies near of p.", "the parent of Ada Bo Cy Di is Eve.",
])  # fmt: skip
def test_what_is_no_sentence_of_the_language_is_refused(sentence):
    with pytest.raises(ValueError, match="no sentence of the language"):
        read(sentence)


@pytest.mark.parametrize(("fault", "changes"), [
    ("'Why?' is no prompt of the language", {"prompt": "Why?"}),
    ("'most dax.' is no sentence of the language", {"premises": ("most dax.",)}),
    ("contradict each other", {"premises": (*TREE, "fep is a wug.")}),
    ("an option is given twice", {"options": ("mip", "nup", "nup")}),
    ("is not what the answer says", {"conclusion": "the colour of wug is nup."}),
    ("is not what the answer says", {"conclusion": "the colour of dax is mip."}),
])  # fmt: skip
def test_a_question_that_is_out_of_order_is_told(fault, changes):
    (said,) = faults([GOLD["hierarchy"]._replace(**changes)])
    assert said.startswith("id: ")
    assert fault in said


def test_of_statements_to_choose_from_a_weaker_one_is_not_right():
    options = "some dax are mip|all dax are mip|no dax are mip"
    premises = ("all dax are fep.", "all fep are mip.")
    q = question("What holds of dax and mip?", "all dax are mip", options, *premises)
    assert verdict(q) == []
    assert verdict(q._replace(accepted=("some dax are mip",)))


@pytest.mark.parametrize(("name", "option"), [
    ("comparison", "mip"), ("syllogism to judge", "no dax are nup"), ("cues", "maybe"),
    ("navigation", "up"), ("codebook", "T O"), ("reversal", "Ada Bo Cy Di"),
])  # fmt: skip
def test_an_option_that_is_no_answer_to_the_prompt_is_told(name, option):
    q = GOLD[name]
    (said,) = verdict(q._replace(options=(*q.options, option)))
    assert f"{option}" in said
    assert "is no " in said


# Aristotle's moods, figure by figure: major premise, minor premise, conclusion.
VALID = (
    "AAA EAE AII EIO AAI EAO",
    "EAE AEE EIO AOO EAO AEO",
    "AAI IAI AII EAO OAO EIO",
    "AAI AEE IAI EAO EIO AEO",
)
LETTERS = {"A": "all {} are {}.", "E": "no {} are {}.", "I": "some {} are {}.",
           "O": "some {} are not {}."}  # fmt: skip
FIGURES = ("mp sm", "pm sm", "mp ms", "pm ms")


def test_of_all_256_moods_just_the_24_classic_ones_are_valid():
    found = [set() for _ in FIGURES]
    for (i, figure), mood in product(enumerate(FIGURES), product("AEIO", repeat=3)):
        terms = [*figure.split(), "sp"]
        *premises, conclusion = [
            LETTERS[m].format(*pair) for m, pair in zip(mood, terms, strict=True)
        ]
        if entails(premises, conclusion):
            found[i].add("".join(mood))
    assert found == [set(moods.split()) for moods in VALID]


def test_each_shape_is_solved_once_whatever_the_names_are():
    for name in ("dax", "river-fox"):
        assert entails([f"{name} is a fep.", "fep is a mip."], f"{name} is a mip.")
        solved = oracle._solve.cache_info().misses
    assert entails(["a is a b.", "b is a c."], "a is a c.")
    assert oracle._solve.cache_info().misses == solved

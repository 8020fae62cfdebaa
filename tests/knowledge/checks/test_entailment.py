"""What follows from what, sentence by sentence, by hand-written cases and the classic moods."""

import re
from itertools import product

import pytest

from rlrecall.knowledge.checks import oracle
from rlrecall.knowledge.checks.oracle import follows, parse_claim


def entails(premises, conclusion):
    return follows([parse_claim(premise) for premise in premises], parse_claim(conclusion))


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
X Bakery has its main office in T. In T, the mayor is Edda Y. => X Bakery is based in a town whose \
mayor is Edda Y.
X Bakery is based in T. X Bakery is based in a town whose mayor is Edda Y. => The mayor of T is \
Edda Y.
X Bakery delivers to Z Dairy. The offices of Z Dairy are in T. => X Bakery supplies a company that \
is based in T.
X Bakery supplies Z Dairy. The company that X Bakery supplies is based in T. => Z Dairy is based \
in T.
X Bakery supplies Z Dairy. => Z Dairy buys from X Bakery.
The mayor of the town where X Bakery is based is Edda Y. => Edda Y is the mayor of the town where \
X Bakery is based.
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
X Bakery is based in T. => X Bakery is based in S.
X Bakery is based in T. The mayor of S is Edda Y. => The mayor of T is Edda Y.
X Bakery is based in T. Z Dairy is based in T. => X Bakery supplies Z Dairy.
X Bakery supplies Z Dairy. => Z Dairy supplies X Bakery.
X Bakery supplies Z Dairy. X Bakery is based in T. => Z Dairy is based in T.
X Bakery supplies a company that is based in T. Z Dairy is based in T. => X Bakery supplies Z Dairy.
The mayor of T is Edda Y. X Bakery is based in a town whose mayor is Edda Y. => X Bakery is based \
in T.
X Bakery supplies Z Dairy. Z Dairy supplies Q Mill. => X Bakery supplies Q Mill.
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
    "X Bakery is based in T. X Bakery operates from S.",
    "X Bakery supplies Z Dairy. Q Mill supplies Z Dairy.",
    "X Bakery supplies X Bakery.",
    "The mayor of T is Edda Y. The mayor of T is Ivor Y.",
    "X Bakery supplies Z Dairy. Z Dairy is based in T. X Bakery supplies a company that is \
based in S.",
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
    [f"C{i} Bakery supplies C{i + 1} Bakery." for i in range(9)],
])  # fmt: skip
def test_too_many_names_are_refused(premises):
    with pytest.raises(ValueError, match="too many"):
        entails(premises, premises[0])


@pytest.mark.parametrize("sentence", [
    "", "dax", "most dax are fep.", "dax is fep.", "dax holds the fep.", "dax chews fep.",
    "all dax are fep. all fep are mip.", "dax are more common.", "in dax the sign mip means TO.",
    "in dax the message mip fep reads T.", "the way from s to g goes north to a.",
    "the way from s to g goes up to g.", "q lies near of p.", "the parent of Ada Bo Cy Di is Eve.",
    "Ada Bo Cy Di is based in T.", "X Bakery is based at T.", "Who is the mayor of T?",
])  # fmt: skip
def test_what_is_no_sentence_of_the_language_is_refused(sentence):
    with pytest.raises(ValueError, match="not a sentence of the language"):
        parse_claim(sentence)


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

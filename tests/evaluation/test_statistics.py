"""Intervals and tests against published values, hand counts and simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rlrecall.evaluation.formatting import points_interval
from rlrecall.evaluation.records import Record
from rlrecall.evaluation.statistics import clustered_bootstrap, compare, mcnemar_exact, wilson

QUESTION = Record(
    **{"run": "r", "arm": "rl", "stage": "eval", "step": 0, "mode": "direct", "k": 0},
    **{"set": "A", "split": "holdout", "family": "hierarchy", "kind": "composition"},
    **{"question_id": "q", "group": "g", "cluster": "x", "prompt": "Q: What is wug? A:"},
    **{"gold_answer": "dax", "gold_premises": ["wug is a dax."], "options": ["dax", "fep"]},
    **{"chance": 0.5, "completion": "dax.", "finish": "eos", "n_tokens": 2, "recalled": []},
    **{"enumerated": [], "gold_recalled": 0.0, "false": 0, "answer": "dax", "correct": True},
)


def record(question, correct, cluster="x", k=0, **more):
    about = {"question_id": question, "k": k, "correct": correct, "cluster": cluster}
    return replace(QUESTION, **about, **more)


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_published_intervals(correct, n, low, high):
    assert wilson(correct, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_has_exact_ends_and_is_symmetric():
    for n in range(1, 60):
        assert wilson(0, n)[0] == 0.0
        assert wilson(n, n)[1] == 1.0
        for correct in range(n + 1):
            low, high = wilson(correct, n)
            assert 0 <= low <= correct / n <= high <= 1
            mirrored = wilson(n - correct, n)
            assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-12)


def test_wilson_widens_with_confidence():
    assert wilson(8, 10, 0.99)[0] < wilson(8, 10)[0] < wilson(8, 10, 0.8)[0]


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_wilson_refuses_what_is_no_share(correct, n):
    with pytest.raises(ValueError, match="is no share"):
        wilson(correct, n)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (0, 5, 2 / 32),
        (0, 6, 2 / 64),
        (1, 7, 2 * (1 + 8) / 256),
        (3, 3, 1.0),
        (2, 8, 2 * (1 + 10 + 45) / 1024),
        (4, 5, 1.0),
    ],
)
def test_mcnemar_agrees_with_binomials_counted_by_hand(only_a, only_b, p):
    assert mcnemar_exact(only_a, only_b) == pytest.approx(p)
    assert mcnemar_exact(only_b, only_a) == pytest.approx(p)


def test_mcnemar_manages_large_counts_and_refuses_negative_ones():
    assert 0.04 < mcnemar_exact(1000, 1093) < 0.05
    assert mcnemar_exact(0, 5000) == 0.0  # too small for a float, and not an error
    with pytest.raises(ValueError, match="negative"):
        mcnemar_exact(-1, 3)


def shares_covered(clusters, samples=300, of_each=6):
    """How often the 95% interval holds the true mean: by cluster, and as if all independent."""
    rng = np.random.default_rng(clusters)
    by_cluster = independent = 0
    for seed in range(samples):
        gained = rng.beta(1, 2, size=clusters)  # mean 1/3
        values = (rng.random((clusters, of_each)) < gained[:, None]).ravel().astype(float)
        names = [str(i // of_each) for i in range(values.size)]
        low, high = clustered_bootstrap(list(values), names, seed, draws=800)
        by_cluster += low <= 1 / 3 <= high
        low, high = clustered_bootstrap(list(values), list(map(str, range(values.size))), seed, 800)
        independent += low <= 1 / 3 <= high
    return by_cluster / samples, independent / samples


def test_clustered_bootstrap_covers_the_mean_where_ignoring_clusters_does_not():
    by_cluster, independent = shares_covered(clusters=40)
    assert 0.91 <= by_cluster <= 0.98
    assert independent < 0.87


def test_clustered_bootstrap_is_too_narrow_with_three_clusters_as_its_docstring_says():
    assert 0.78 <= shares_covered(clusters=3)[0] <= 0.91


def test_clustered_bootstrap_is_the_same_for_the_same_seed_only():
    values, names = [0.0, 1.0, 1.0, 0.0, 1.0, -1.0, 0.5], list("aabbcde")
    assert clustered_bootstrap(values, names) == clustered_bootstrap(values, names)
    assert clustered_bootstrap(values, names) != clustered_bootstrap(values, names, seed=1, draws=7)


def test_clustered_bootstrap_weighs_clusters_by_their_size():
    # The draws are (a a), (a b), (b a), (b b), so the means are 0, 1/4, 1/4, 1.
    low, high = clustered_bootstrap([0, 0, 0, 1], list("aaab"), confidence=0.4)
    assert (low, high) == (pytest.approx(0.25), pytest.approx(0.25))
    assert clustered_bootstrap([0, 0, 0, 1], list("aaab")) == (0.0, 1.0)


def test_clustered_bootstrap_claims_nothing_from_a_single_cluster():
    assert clustered_bootstrap([1.0, 0.0, 1.0], ["a", "a", "a"]) == (-math.inf, math.inf)


@pytest.mark.parametrize(("values", "names"), [([], []), ([1.0], []), ([1.0], ["a", "b"])])
def test_clustered_bootstrap_refuses_what_does_not_pair(values, names):
    with pytest.raises(ValueError, match="one each is needed"):
        clustered_bootstrap(values, names)


def test_compare_pairs_by_question_whatever_the_order():
    right_a, right_b = {0, 1, 2, 3}, {2, 3, 4, 5, 6, 7, 8}
    a = [record(f"q{i}", i in right_a, cluster=f"c{i // 2}") for i in range(10)]
    b = [record(f"q{i}", i in right_b, cluster=f"c{i // 2}") for i in reversed(range(10))]
    result = compare(a, b)
    assert (result.n, result.clusters, result.only_a, result.only_b) == (10, 5, 2, 5)
    assert (result.accuracy_a, result.accuracy_b) == (0.4, 0.7)
    assert result.difference == pytest.approx(0.3)
    assert result.ci_low < result.difference < result.ci_high
    assert result.p_value == mcnemar_exact(2, 5)
    back = compare(b[::-1], a[::-1])
    assert (back.difference, back.only_a) == (pytest.approx(-0.3), 5)
    assert (back.ci_low, back.ci_high) == pytest.approx((-result.ci_high, -result.ci_low), abs=0.05)


def test_compare_takes_iterators_other_fields_and_several_samples():
    a = [record("q", True, k=0, choice_correct=False), record("q", False, k=1, choice_correct=True)]
    b = [record("q", True, k=1, choice_correct=True), record("q", True, k=0, choice_correct=True)]
    assert compare(iter(a), iter(b)).only_b == 1
    assert compare(a, b, field="choice_correct").accuracy_a == 0.5


def test_compare_pairs_a_question_whatever_the_mode():
    prompts = ("Q: What is wug? Think:", "Facts: fep is a zip. wug is a dax. Q: What is wug? A:")
    for prompt in prompts:
        result = compare([record("q", False)], [record("q", True, prompt=prompt)])
        assert (result.n, result.only_b) == (1, 1)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("set", "B"),
        ("split", "train"),
        ("prompt", "Q: Who is wug? A:"),
        ("gold_answer", "fep"),
        ("gold_premises", ["wug is a fep."]),
        ("options", ["dax", "zip"]),
    ],
)
def test_compare_does_not_take_an_id_of_another_seed_for_the_same_question(field, other):
    with pytest.raises(ValueError, match="1 only in a, 1 only in b, for example 'q'"):
        compare([record("q", True)], [record("q", True, **{field: other})])


def test_compare_with_one_cluster_says_that_nothing_is_known():
    a = [record(f"q{i}", False) for i in range(9)]
    b = [record(f"q{i}", True) for i in range(9)]
    assert (compare(a, b).ci_low, compare(a, b).ci_high) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("01", "01", "no pair differs"),
        ("00", "11", "+100.0 to +100.0"),
        ("0", "0", "\u2212100.0 to +100.0"),
        ("01", "10", "\u2212100.0 to +100.0"),
    ],
)
def test_where_no_pair_differs_that_is_said_instead_of_an_interval(before, after, said):
    a, b = ([record(f"q{i}", x == "1", f"c{i}") for i, x in enumerate(s)] for s in (before, after))
    c = compare(a, b)
    assert points_interval(c.ci_low, c.ci_high, c.only_a + c.only_b) == said


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ([], [], "a and b are empty"),
        ([record("q", True)], [], "1 only in a, 0 only in b, for example 'q'"),
        ([record("q", True)], [record("r", True)], "1 only in a, 1 only in b"),
        ([record("q", True)], [record("q", True, k=1)], "do not cover the same questions"),
        ([record("q", True)] * 2, [record("q", True)], "a: question 'q' .* twice"),
        ([record("q", True)], [record("q", None)], "b: question 'q' has no 'correct'"),
    ],
)
def test_compare_refuses_in_one_line_what_cannot_be_paired(a, b, said):
    with pytest.raises(ValueError, match=said) as caught:
        compare(a, b)
    assert "\n" not in str(caught.value)

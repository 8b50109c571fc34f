"""Somebody else's segments: planted ones are natural, random and arbitrary ones are not, and no name matters."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from seglib.errors import ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Fit, Rows
from seglib.k_selection.criteria.valleys import least_clear
from seglib.k_selection.validation.label_evidence import label_benchmark, label_evidence
from seglib.k_selection.validation.label_verdict import JudgedLabels, judge_given, judge_labels
from seglib.k_selection.validation.null_models import CopulaNull

DIFFER = pd.DataFrame({"behaviour": ["burning"], "among": ["customers"], "p_holm": [0.001], "differ": [True]})


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(limits=1):
        yield


class Fixed:
    """A null model whose shops are given."""

    name, what, customers_differ, follows_the_data = "fixed", "always the same", True, False

    def __init__(self, *matrices):
        self.matrices = matrices

    def draws(self, rngs):
        """Yield as many matrices as there are generators, over and over."""
        return (self.matrices[number % len(self.matrices)] for number, _ in enumerate(rngs))


def clouds(seed, *, apart=7.0, n=120):
    """Three normal groups in six columns, of which none alone shows them, and which row is in which."""
    rng = np.random.default_rng(seed)
    group = np.repeat([0, 1, 2], n)
    X = rng.normal(size=(3 * n, 6))
    X += apart / np.sqrt(6) * ((group == 1)[:, None] + (group == 2)[:, None] * np.array([1, -1, 1, -1, 1, -1]))
    return X, np.array(["red", "green", "blue"])[group]


@pytest.mark.parametrize("seed", range(3))
def test_planted_labels_are_natural(seed):
    X, labels = clouds(seed)
    verdict = judge_labels(X, [CopulaNull(X)], labels, DIFFER, n_null=39, seed=seed)
    assert verdict.label == "natural"
    assert verdict.table["holds"].tolist() == [True, True, True, True]
    assert (verdict.benchmark.segments["jaccard"] > 0.95).all()
    assert (verdict.k_star, verdict.k_range) == (None, ())
    assert "all of them come back in resampled data" in verdict.text


@pytest.mark.parametrize("seed", range(5))
def test_random_labels_are_constructed_even_where_there_are_groups(seed):
    X, _ = clouds(seed)
    labels = np.random.default_rng([seed, 1]).choice(["x", "y", "z"], len(X))
    verdict = judge_labels(X, [CopulaNull(X)], labels, DIFFER, n_null=19, seed=seed)
    assert verdict.label == "constructed"
    assert "KMeans does not find all of them again" in verdict.claim
    assert "made by whoever drew them" in verdict.text


@pytest.mark.parametrize("seed", range(5))
def test_slices_of_one_cloud_are_not_natural(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, 2))
    for labels in (
        np.digitize(X[:, 0], np.quantile(X[:, 0], [0.2, 0.4, 0.6, 0.8])).astype(str),  # quintiles
        KMeans(3, n_init=5, random_state=seed).fit_predict(X).astype(str),  # fitted to these very rows
    ):
        verdict = judge_labels(X, [CopulaNull(X)], labels, DIFFER, n_null=19, seed=seed)
        assert verdict.label != "natural"
        assert "natural" not in verdict.between


def test_the_silhouette_is_that_of_the_labels_and_the_rule_has_the_better_of_two():
    X, labels = clouds(1, apart=2.0)
    other = np.random.default_rng(2).normal(size=X.shape)
    measured = label_benchmark(X, [Fixed(other)], labels, n_null=19, n_samples=2)
    assert measured.silhouette == pytest.approx(silhouette_score(X, labels), abs=1e-5)
    names = np.unique(labels)
    centres = np.array([X[labels == name].mean(axis=0) for name in names])
    as_it_stands = cdist(other, centres).argmin(axis=1)
    moved = KMeans(3, init=centres, n_init=1, algorithm="lloyd", tol=0).fit(other).labels_
    better = max(silhouette_score(other, as_it_stands), silhouette_score(other, moved))
    np.testing.assert_allclose(measured.simulated["fixed"]["silhouette"], better, atol=1e-4)
    by_rule = names[cdist(X, centres).argmin(axis=1)] == labels
    assert measured.by_rule == pytest.approx(by_rule.mean())
    of_each = pd.Series(by_rule).groupby(labels).mean()
    assert measured.segments.set_index("segment")["by_rule"].to_dict() == pytest.approx(of_each.to_dict())


def test_p_counts_the_shops_that_do_as_well():
    X, labels = clouds(1)
    tighter, looser = X * 1.0, np.random.default_rng(3).normal(size=X.shape)
    alike = label_benchmark(X, [Fixed(tighter)], labels, n_null=19, n_samples=2)
    assert label_evidence(alike).p == 1.0  # all 19 reach it: (1 + 19) / 20
    apart = label_benchmark(X, [Fixed(looser)], labels, n_null=19, n_samples=2)
    assert label_evidence(apart).p == pytest.approx(1 / 20)
    # chunks of nine start again with the first matrix: 1, 4 and 4 of 9, 9 and 1 shops
    mixed = label_benchmark(X, [Fixed(looser, tighter)], labels, n_null=19, n_samples=2)
    n_reached = sum(number % 2 for start in (9, 9, 1) for number in range(start))
    assert label_evidence(mixed).p == pytest.approx((1 + n_reached) / 20)


def test_a_gap_that_a_third_segment_leaves_is_no_valley():
    rng = np.random.default_rng(0)
    flat = np.column_stack([rng.uniform(-1, 1, 400), rng.normal(0, 0.05, 400)])
    far = rng.normal([0, 6], 0.1, size=(200, 2))
    X = np.vstack([flat, far])
    labels = np.where(X[:, 0] < -0.3, "left", np.where(X[:, 0] > 0.3, "right", "other"))
    labels[400:] = "other"
    codes = np.unique(labels, return_inverse=True)[1]
    rows = Rows(X)
    centres = np.array([rows.X[codes == code].mean(axis=0) for code in range(3)])
    by_labels = least_clear(rows.X, [Fit(centres, codes, 0.0)])[0]
    measured = label_benchmark(X, [Fixed(X)], labels, n_null=19, n_samples=2)
    assert by_labels > 1.0  # the labels alone would show one
    assert measured.valley < 0.5


def test_neither_names_nor_processes_change_anything():
    X, labels = clouds(4, apart=4.0)
    renamed = np.array([{"red": "a", "green": "z", "blue": "m"}[name] for name in labels])
    first, second = (judge_labels(X, [CopulaNull(X)], each, DIFFER, n_null=19) for each in (labels, renamed))
    assert first.label == second.label
    # the order of the centres is another one, so sums differ in their last digits
    pd.testing.assert_frame_equal(first.weighed.by_k, second.weighed.by_k, atol=1e-3)
    parallel = judge_labels(X, [CopulaNull(X)], labels, DIFFER, n_null=19, n_jobs=2)
    pd.testing.assert_frame_equal(first.weighed.by_k, parallel.weighed.by_k)
    assert first.record == parallel.record


def test_without_differences_and_beside_alike_shops_it_is_constructed():
    X, labels = clouds(1)
    alike = Fixed(X)
    alike.customers_differ = False
    alike.name = "alike"
    verdict = judge_labels(X, [CopulaNull(X), alike], labels, n_null=19)
    assert verdict.label == "constructed"
    assert "Customers were not shown to differ" in verdict.claim
    beside = judge_labels(X, [CopulaNull(X), alike], labels, DIFFER, n_null=19)
    assert beside.label == "reproducible"
    assert "there is no valley between all neighbouring groups" in beside.claim


def test_what_cannot_be_judged_is_refused_and_what_is_not_given_is_left():
    X, labels = clouds(1)
    with pytest.raises(ParameterRefused, match="n_null is at least 19"):
        judge_labels(X, [CopulaNull(X)], labels, n_null=18)
    with pytest.raises(ParameterRefused, match="same label"):
        judge_labels(X, [CopulaNull(X)], ["x"] * len(X), n_null=19)
    with pytest.raises(ParameterRefused, match="labels for"):
        judge_labels(X, [CopulaNull(X)], labels[1:], n_null=19)
    judged = judge_given(None, None)
    assert judged == JudgedLabels()
    assert (judged.text, judged.record, len(judged.table), len(judged.segments)) == ("", None, 0, 0)


def test_a_segment_of_the_rule_that_nobody_is_near_breaks_nothing():
    X, labels = clouds(1)
    labels = np.where(np.arange(len(X)) < 2, "few", labels)  # two rows, whose centre is inside of another group
    narrow = np.random.default_rng(0).normal(50, 0.1, size=X.shape)  # near one centre only
    measured = label_benchmark(X, [Fixed(narrow)], labels, n_null=19, n_samples=2)
    assert all(np.isfinite(values).all() for values in measured.simulated["fixed"].values())

"""The sweep and the choice of k: published values, and honesty about what was chosen and why."""

import numpy as np
import pandas as pd
import pytest
from kneed import DataGenerator
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_blobs

from seglib.clustering import best_kmeans
from seglib.errors import InputRefused, ParameterRefused
from seglib.preprocessing import baseline_matrix, customer_matrix
from seglib.selection import choose_k, curve, elbow, sweep


@pytest.fixture(scope="module")
def iris():
    return sweep(load_iris(as_frame=True).data, n_init=20)


def test_iris_inertia_and_silhouette(iris):
    """Values of KMeans on iris in the scikit-learn user guide's own setting, as published in many texts."""
    assert curve(iris, "inertia")[[2, 3]].tolist() == pytest.approx([152.34795, 78.85144], abs=1e-4)
    assert curve(iris, "silhouette")[[2, 3]].tolist() == pytest.approx([0.681046, 0.552819], abs=1e-5)


def test_iris_calinski_harabasz_and_davies_bouldin():
    """Values of the scikit-learn user guide, KMeans(3, random_state=1) on iris."""
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    X = load_iris().data
    labels = KMeans(3, random_state=1).fit(X).labels_
    assert calinski_harabasz_score(X, labels) == pytest.approx(561.5937, abs=1e-3)
    assert davies_bouldin_score(X, labels) == pytest.approx(0.6660, abs=1e-3)


def test_silhouettes_of_the_scikit_learn_example():
    """plot_kmeans_silhouette_analysis of scikit-learn: k = 2, 3, 4 give .705, .588, .651."""
    X, _ = make_blobs(500, 2, centers=4, cluster_std=1, center_box=(-10, 10), shuffle=True, random_state=1)
    silhouette = curve(sweep(pd.DataFrame(X), k_max=4, seed=10), "silhouette")
    assert silhouette.tolist() == pytest.approx([0.7049787, 0.5882004, 0.6505187], abs=1e-6)


def test_the_table_is_tidy_and_complete(iris):
    assert iris.columns.tolist() == ["k", "metric", "value"]
    assert iris.groupby("metric")["k"].apply(list).to_dict() == {
        "inertia": list(range(1, 11)),
        **{m: list(range(2, 11)) for m in ("silhouette", "calinski_harabasz", "davies_bouldin")},
    }
    assert (curve(iris, "inertia").diff().dropna() < 0).all()


def test_the_knee_of_kneeds_own_figure():
    """Kneedle paper, figure 2: the knee lies at x = 0.22 (Satopaa et al. 2011)."""
    from kneed import KneeLocator

    x, y = DataGenerator.figure2()
    assert KneeLocator(x, y, curve="concave", direction="increasing").knee == pytest.approx(0.2222, abs=1e-3)


def test_a_bent_curve_has_its_elbow_where_it_bends():
    inertia = [100, 55, 12, 10, 8.5, 7.5, 6.8, 6.2, 5.7, 5.3]
    scores = pd.DataFrame({"k": range(1, 11), "metric": "inertia", "value": inertia})
    assert elbow(scores) == 3


def test_a_straight_line_has_no_elbow():
    scores = pd.DataFrame({"k": range(1, 11), "metric": "inertia", "value": range(100, 0, -10)})
    assert elbow(scores) is None


def scores_of(inertia, silhouette):
    """A sweep with given curves."""
    k = range(2, len(inertia) + 1)
    parts = [pd.DataFrame({"k": range(1, len(inertia) + 1), "metric": "inertia", "value": inertia})]
    parts += [
        pd.DataFrame({"k": k, "metric": m, "value": silhouette})
        for m in ("silhouette", "calinski_harabasz", "davies_bouldin")
    ]
    return pd.concat(parts)


def test_each_rule_follows_its_criterion_and_says_so():
    scores = scores_of([100, 55, 12, 10, 8.5, 7.5], [0.3, 0.4, 0.5, 0.2, 0.1])
    by_silhouette, by_elbow = choose_k(scores, rule="silhouette"), choose_k(scores, rule="elbow")
    assert (by_silhouette.k, by_elbow.k) == (4, 3)
    assert "silhouette is greatest" in by_silhouette.reason
    assert "over k = 1 to 6" in by_elbow.reason
    assert by_silhouette.table.set_index("criterion")["k"]["davies_bouldin"] == 6


def test_without_an_elbow_the_silhouette_decides():
    choice = choose_k(scores_of([60, 50, 40, 30, 20], [0.3, 0.4, 0.2, 0.1]), rule="elbow")
    assert choice.k == 3
    assert "silhouette" in choice.reason


def test_a_given_k_is_taken(iris):
    assert choose_k(iris, rule="silhouette", k=7).k == 7
    assert "analyst" in choose_k(iris, rule="silhouette", k=7).reason


@pytest.mark.parametrize("k", [-1, 0, 1, 11])
def test_a_k_outside_the_sweep_is_refused(iris, k):
    with pytest.raises(ParameterRefused, match="outside the sweep"):
        choose_k(iris, rule="silhouette", k=k)


def test_few_different_rows_shorten_the_sweep():
    scores = sweep(pd.DataFrame({"x": [0.0, 0, 1, 1, 2, 2]}), n_init=2)
    assert scores["k"].max() == 3


@pytest.mark.parametrize("rows", [[1.0], [1.0, 2.0], [3.0, 3.0, 3.0]])
def test_rows_that_cannot_be_divided_are_refused(rows):
    with pytest.raises(InputRefused, match="segments need"):
        sweep(pd.DataFrame({"x": rows}))


def test_a_sample_bounds_the_silhouette_and_keeps_every_cluster():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.r_[rng.normal(0, 1, (3000, 2)), rng.normal(9, 1, (30, 2))])
    full, some = (curve(sweep(X, k_max=2, n_init=2, sample_rows=n), "silhouette")[2] for n in (5000, 300))
    assert some == pytest.approx(full, abs=0.03)


def test_the_committed_sample_has_three_segments_by_every_criterion(prepared):
    features = prepared("sample")[1]
    matrix = customer_matrix(features.table, described=features.features, unreliable=features.unreliable)
    choice = choose_k(sweep(matrix.table), rule="silhouette")
    assert choice.k == 3
    assert choice.table["k"].tolist() == [3, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("scale", "inertia", "silhouette", "from_2"), [(False, 46122.336, 0.410830, 5), (True, 25577.968, 0.502620, 4)]
)
def test_the_original_analysis(workbook, prepared, scale, inertia, silhouette, from_2):
    matrix = baseline_matrix(prepared(workbook)[0].read("unified"), scale_frequency=scale)
    scores = sweep(matrix.table)
    assert curve(scores, "inertia")[3] == pytest.approx(inertia, abs=1e-3)
    assert curve(scores, "silhouette")[3] == pytest.approx(silhouette, abs=1e-5)
    assert elbow(scores) == 3
    assert elbow(scores, k_min=2) == from_2
    assert choose_k(scores, rule=matrix.recipe.k_rule).k == 3


def test_the_published_numbers_of_the_original_analysis_were_an_optimum_and_a_leak(workbook, prepared):
    """46219.178 is a local optimum, .426751 its silhouette with the label left among the columns."""
    from sklearn.metrics import silhouette_score

    X = baseline_matrix(prepared(workbook)[0].read("unified"), scale_frequency=False).table.to_numpy()
    fits = [best_kmeans(X, 3, n_init=1, seed=seed) for seed in range(12)]
    published = next(fit for fit in fits if abs(fit.inertia_ - 46219.178) < 1e-3)
    assert silhouette_score(X, published.labels_) == pytest.approx(0.405525, abs=1e-5)
    leaked = max(
        silhouette_score(np.c_[X, np.array(order)[published.labels_]], published.labels_)
        for order in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0])
    )
    assert leaked == pytest.approx(0.426751, abs=1e-5)

"""The sweep, its criteria, stability, and the choice of k: published values, and the reason of the choice."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kneed import DataGenerator, KneeLocator
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_blobs
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_samples,
    silhouette_score,
)
from threadpoolctl import threadpool_limits

from seglib.clustering.kmeans import best_kmeans
from seglib.errors import InputRefused, ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Fit, Rows, all_starts, best_starts, fit, one_start
from seglib.k_selection.criteria.choice import choose_k, curve, elbow, votes
from seglib.k_selection.criteria.gap import box_inertias, gap, gap_choice
from seglib.k_selection.criteria.indices import (
    CRITERIA,
    cluster_indices,
    distances,
    silhouette_widths,
    squared_silhouette,
)
from seglib.k_selection.criteria.stability import (
    adjusted_rand,
    bootstrap,
    contingency,
    flows,
    jaccard,
    prediction_strength,
    restarts,
)
from seglib.k_selection.criteria.sweep import sweep
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.records import VerdictRecord

few_examples = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small products gain nothing from threads that wait for each other."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module")
def iris():
    return sweep(load_iris(as_frame=True).data, n_init=20).table


@pytest.fixture(scope="module")
def iris_rows():
    return Rows(load_iris().data)


def cloud(seed, *, n=60, columns=3, k=4):
    """Random rows around a few centres, and random labels that use every cluster."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns)) + rng.normal(0, 3, (k, columns))[rng.integers(0, k, n)]
    return X, rng.permutation(np.r_[np.arange(k), rng.integers(0, k, n - k)])


# The sweep ------------------------------------------------------------------------------------------------------


def test_iris_inertia_and_silhouette(iris):
    """Values of KMeans on iris in the scikit-learn user guide's own setting, as published in many texts."""
    assert curve(iris, "inertia")[[2, 3]].tolist() == pytest.approx([152.34795, 78.85144], abs=1e-4)
    assert curve(iris, "silhouette")[[2, 3]].tolist() == pytest.approx([0.681046, 0.552819], abs=1e-5)


def test_iris_calinski_harabasz_and_davies_bouldin():
    """Values of the scikit-learn user guide, KMeans(3, random_state=1) on iris; `cluster_indices` gives the same."""
    X = load_iris().data
    model = KMeans(3, random_state=1).fit(X)
    assert calinski_harabasz_score(X, model.labels_) == pytest.approx(561.5937, abs=1e-3)
    assert davies_bouldin_score(X, model.labels_) == pytest.approx(0.6660, abs=1e-3)
    rows = Rows(X)
    start = (model.cluster_centers_ - rows.shift).astype(np.float32)
    whole, _ = one_start(rows, 2, np.random.default_rng(0))
    indices = cluster_indices(rows, [whole, whole, fit(rows, start)])
    assert indices["calinski_harabasz"][2] == pytest.approx(561.5937, abs=1e-2)
    assert indices["davies_bouldin"][2] == pytest.approx(0.6660, abs=1e-3)


def test_silhouettes_of_the_scikit_learn_example():
    """plot_kmeans_silhouette_analysis of scikit-learn: k = 2, 3, 4 give .705, .588, .651."""
    X, _ = make_blobs(500, 2, centers=4, cluster_std=1, center_box=(-10, 10), shuffle=True, random_state=1)
    silhouette = curve(sweep(pd.DataFrame(X), k_max=4, seed=10).table, "silhouette")
    assert silhouette.tolist() == pytest.approx([0.7049787, 0.5882004, 0.6505187], abs=1e-6)


def test_the_table_is_tidy_and_complete(iris):
    assert iris.columns.tolist() == ["k", "metric", "value"]
    assert iris.groupby("metric")["k"].apply(list).to_dict() == {
        "inertia": list(range(1, 11)),
        **{m: list(range(2, 11)) for m in (*CRITERIA, "smallest_segment") if m != "inertia"},
    }
    assert (curve(iris, "inertia").diff().dropna() < 0).all()


def test_labels_and_centres_are_those_that_the_table_judges():
    X, _ = cloud(5, n=200)
    swept = sweep(pd.DataFrame(X), k_max=5, n_init=5)
    for k, labels in swept.labels.items():
        assert swept.centres[k].shape == (k, X.shape[1])
        assert sorted(set(labels)) == list(range(k))
        inertia = ((X - swept.centres[k][labels]) ** 2).sum()
        assert curve(swept.table, "inertia")[k] == pytest.approx(inertia, abs=1e-5)
        if k > 1:
            assert curve(swept.table, "silhouette")[k] == pytest.approx(silhouette_score(X, labels), abs=1e-5)
            assert curve(swept.table, "davies_bouldin")[k] == pytest.approx(davies_bouldin_score(X, labels), abs=1e-5)


def test_few_different_rows_shorten_the_sweep():
    swept = sweep(pd.DataFrame({"x": [0.0, 0, 1, 1, 2, 2]}), n_init=2)
    assert swept.table["k"].max() == max(swept.labels) == 3
    assert curve(swept.table, "inertia")[3] == 0


@pytest.mark.parametrize("rows", [[1.0], [1.0, 2.0], [3.0, 3.0, 3.0]])
def test_rows_that_cannot_be_divided_are_refused(rows):
    with pytest.raises(InputRefused, match="segments need"):
        sweep(pd.DataFrame({"x": rows}))


def test_a_sweep_that_does_not_reach_two_is_refused():
    with pytest.raises(ParameterRefused, match="k_max"):
        sweep(pd.DataFrame({"x": [1.0, 2, 3, 4]}), k_max=1)


def test_a_sample_bounds_the_silhouette_and_keeps_every_cluster():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.r_[rng.normal(0, 1, (3000, 2)), rng.normal(9, 1, (30, 2))])
    full, some = (sweep(X, k_max=2, n_init=2, sample_rows=n) for n in (5000, 300))
    assert curve(some.table, "silhouette")[2] == pytest.approx(curve(full.table, "silhouette")[2], abs=0.03)
    assert "squared_silhouette" not in set(full.table["metric"])
    whole = squared_silhouette(X.to_numpy(), some.labels[2])
    assert curve(some.table, "squared_silhouette")[2] == pytest.approx(whole, abs=1e-6)


def test_the_sweep_depends_on_the_seed_only():
    X = pd.DataFrame(cloud(1, n=300)[0])
    one, two = (sweep(X, k_max=6, n_init=2, seed=4, n_jobs=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    for k in one.labels:
        assert (one.labels[k] == two.labels[k]).all()
        assert (one.centres[k] == two.centres[k]).all()


def test_of_many_rows_a_sample_finds_where_to_start(monkeypatch):
    X = pd.DataFrame(cloud(2, n=3000, k=5)[0])
    full = curve(sweep(X, k_max=6, n_init=10, sample_rows=300).table, "inertia")
    monkeypatch.setitem(sweep.__globals__, "WARM_ROWS", 600)
    warm = sweep(X, k_max=6, sample_rows=300)
    assert len(warm.labels[6]) == 3000
    assert warm.centres[6].dtype == np.float32
    assert curve(warm.table, "inertia").tolist() == pytest.approx(full.tolist(), rel=0.01)


# Lloyd's iterations ---------------------------------------------------------------------------------------------


@few_examples
@given(seeds, st.integers(2, 8))
def test_a_fit_ends_no_higher_than_that_of_scikit_learn_from_the_same_start(seed, k):
    X, _ = cloud(seed, n=80, columns=2)
    rows = Rows(X)
    start = rows.X[np.random.default_rng(seed).choice(len(X), k, replace=False)]
    ours = fit(rows, start)
    theirs = KMeans(k, init=start.astype(float), n_init=1, tol=0).fit(rows.X.astype(float))
    assert ours.inertia <= theirs.inertia_ * (1 + 1e-4)
    inertia = ((rows.X - ours.centres[ours.labels]) ** 2).sum()
    assert ours.inertia == pytest.approx(inertia, rel=1e-4)


@few_examples
@given(seeds, st.integers(2, 9), st.integers(1, 3))
def test_no_cluster_is_empty_where_rows_repeat(seed, n_different, columns):
    rng = np.random.default_rng(seed)
    different = np.unique(rng.integers(-3, 4, (n_different, columns)), axis=0).astype(float) + rng.choice([0, 1000])
    X = different[np.r_[np.arange(len(different)), rng.integers(0, len(different), 40)]]
    fits = best_starts(Rows(X), len(different), rng, n_init=2)
    assert [len(set(f.labels)) for f in fits] == list(range(1, len(different) + 1))
    assert fits[-1].inertia == pytest.approx(0, abs=1e-3)


def test_a_row_that_is_equally_near_to_two_centres_belongs_to_the_first():
    rows = Rows(np.array([[-2.0], [0.0], [2.0]]))
    both_ways = [fit(rows, np.array([[first], [-first]], dtype=np.float32)) for first in (-2, 2)]
    assert [f.labels.tolist() for f in both_ways] == [[0, 0, 1], [1, 0, 0]]


@few_examples
@given(seeds)
def test_inertia_falls_with_every_centre_and_with_every_start(seed):
    rows = Rows(cloud(seed)[0])
    one = [f.inertia for f in one_start(rows, 8, np.random.default_rng(seed))]
    assert (np.diff(one) <= 1e-4 * one[0]).all()
    more = [f.inertia for f in best_starts(rows, 8, np.random.default_rng(seed), n_init=3)]
    assert all(b <= a for a, b in zip(one, more, strict=True))


@few_examples
@given(seeds)
def test_starts_at_once_are_the_starts_one_after_the_other(seed):
    rows, rng = Rows(cloud(seed)[0]), np.random.default_rng(seed)
    one_by_one = [one_start(rows, 6, rng) for _ in range(4)]
    for of_k, *alone in zip(all_starts(rows, 6, np.random.default_rng(seed), n_init=4), *one_by_one, strict=True):
        for fit_at_once, fit_alone in zip(of_k, alone, strict=True):
            assert fit_at_once.inertia == fit_alone.inertia
            assert np.array_equal(fit_at_once.labels, fit_alone.labels)


def test_where_the_rows_lie_does_not_matter():
    X, _ = cloud(3)
    near, far = (
        cluster_indices(rows, best_starts(rows, 5, np.random.default_rng(0))) for rows in (Rows(X), Rows(X + 1e4))
    )
    for name in CRITERIA:
        assert far[name].tolist() == pytest.approx(near[name].tolist(), rel=1e-4, nan_ok=True)


# Criteria -------------------------------------------------------------------------------------------------------


@few_examples
@given(seeds, st.integers(2, 6), st.booleans())
def test_silhouette_widths_are_those_of_scikit_learn(seed, k, alone):
    """Also where a cluster has one row only (width 0), and for several clusterings at once."""
    X, labels = cloud(seed, k=k)
    if alone:
        labels = np.where(labels == 0, 1, labels)
        labels[seed % len(labels)] = 0
    other = np.random.default_rng(seed).integers(0, 2, len(X))
    other[:2] = [0, 1]
    one, two = silhouette_widths(distances(Rows(X)), [(labels, labels.max() + 1), (other, 2)])
    assert np.abs(one - silhouette_samples(X, labels)).max() < 1e-5
    assert np.abs(two - silhouette_samples(X, other)).max() < 1e-5
    if alone:
        assert one[labels == 0].tolist() == [0.0]


@few_examples
@given(seeds, st.integers(2, 6), st.sampled_from([0.0, 50.0]))
def test_the_squared_silhouette_is_its_definition(seed, k, offset):
    """Sums of squared distances, one by one: a, b and (b - a) / max(a, b) of every row."""
    X, labels = cloud(seed, k=k)
    if seed % 2:  # a cluster of one row
        labels = np.where(labels == 0, 1, labels)
        labels[0] = 0
    squared = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    width = np.zeros(len(X))
    for i, cluster in enumerate(labels):
        if (labels == cluster).sum() > 1:
            a = squared[i, labels == cluster].sum() / ((labels == cluster).sum() - 1)
            b = min(squared[i, labels == j].mean() for j in set(labels) - {cluster})
            width[i] = (b - a) / max(a, b)
    assert squared_silhouette(X + offset, labels) == pytest.approx(width.mean(), rel=1e-12, abs=1e-12)


@few_examples
@given(seeds)
def test_cluster_indices_agree_with_scikit_learn(seed):
    X, _ = cloud(seed)
    rows = Rows(X)
    fits = best_starts(rows, 5, np.random.default_rng(seed))
    indices = cluster_indices(rows, fits)
    assert set(indices) == set(CRITERIA)
    for k, f in enumerate(fits[1:], start=2):
        assert indices["silhouette"][k - 1] == pytest.approx(silhouette_score(X, f.labels), abs=1e-5)
        # in float32: where a cluster of few rows is tight, its width has lost a digit more
        assert indices["calinski_harabasz"][k - 1] == pytest.approx(calinski_harabasz_score(X, f.labels), rel=2e-3)
        assert indices["davies_bouldin"][k - 1] == pytest.approx(davies_bouldin_score(X, f.labels), rel=2e-3)


@few_examples
@given(seeds)
def test_numbers_of_clusters_mean_nothing(seed):
    X, _ = cloud(seed)
    rows, rng = Rows(X), np.random.default_rng(seed)
    fits = best_starts(rows, 4, rng)
    renamed = []
    for f in fits:
        new = rng.permutation(len(f.centres))
        renamed.append(Fit(f.centres[np.argsort(new)], new[f.labels], f.inertia))
    one, two = cluster_indices(rows, fits), cluster_indices(rows, renamed)
    for name in CRITERIA:
        assert two[name].tolist() == pytest.approx(one[name].tolist(), rel=1e-5, nan_ok=True)
    f, g = fits[3].labels, renamed[3].labels
    assert squared_silhouette(X, f) == pytest.approx(squared_silhouette(X, g), rel=1e-12)
    between = distances(rows)
    for a, b in zip(silhouette_widths(between, [(f, 4)]), silhouette_widths(between, [(g, 4)]), strict=True):
        assert a == pytest.approx(b, abs=1e-12)
    assert restarts([fits, renamed], fits).tolist() == pytest.approx([1] * 4)
    segments, agreement = bootstrap(rows, fits, np.random.default_rng(1), n_samples=3)
    renamed_segments, renamed_agreement = bootstrap(rows, renamed, np.random.default_rng(1), n_samples=3)
    for a, b in zip(segments, renamed_segments, strict=True):
        assert np.sort(a, axis=1) == pytest.approx(np.sort(b, axis=1), nan_ok=True)  # of a segment not drawn
    assert agreement == pytest.approx(renamed_agreement)


# The gap statistic ----------------------------------------------------------------------------------------------


def uniform(rng):
    return rng.uniform(size=(200, 10))


def three_normals(rng):
    return rng.normal(size=(100, 2)) + np.repeat([[0, 0], [0, 5], [5, -3]], [25, 25, 50], axis=0)


def two_elongated(rng):
    line = np.linspace(-0.5, 0.5, 100)[:, None] * np.ones(3)
    return np.vstack([line, line + 10]) + rng.normal(0, 0.1, (200, 3))


@pytest.mark.parametrize(("model", "k"), [(uniform, 1), (three_normals, 3), (two_elongated, 2)])
def test_the_gap_statistic_on_the_models_of_its_authors(model, k):
    """Tibshirani, Walther & Hastie (2001), section 5: models (a), (b) and (e), principal-component box."""
    chosen = []
    for seed in range(10):
        rows, rng = Rows(model(np.random.default_rng(seed))), np.random.default_rng([seed, 1])
        inertia = [f.inertia for f in best_starts(rows, 5, rng, n_init=3)]
        references = box_inertias(rows, 5, rng, n_references=20, n_init=3)
        chosen.append(gap_choice(*gap(inertia, references)))
    assert chosen.count(k) >= 9


def test_the_gap_by_hand():
    """Gap(k) = E*[log W_k] - log W_k, s_k = sd sqrt(1 + 1/B), and the rule of the first gap."""
    references = np.log([[8.0, 4.0, 3.0], [2.0, 4.0, 1.0]])
    gaps, errors = gap([4.0, 1.0, 0.0], references)
    assert gaps[:2] == pytest.approx([0, np.log(4)])
    assert np.isfinite(gaps[2])
    assert errors == pytest.approx(np.array([np.log(2), 0, np.log(3) / 2]) * np.sqrt(1.5))
    assert gap_choice(np.array([0.0, 1.0, 0.9]), np.zeros(3)) == 2
    assert gap_choice(np.array([0.5, 0.6, 0.9]), np.array([0, 0.2, 0])) == 1
    assert gap_choice(np.array([0.0, 1.0, 2.0]), np.zeros(3)) == 3


# Stability ------------------------------------------------------------------------------------------------------


def test_prediction_strength_of_iris(iris_rows):
    """Means over splits of the method of Tibshirani & Walther (2005) on iris: .97, .75, .55 for k = 2, 3, 4.

    Over 400 splits the standard error at k = 3 is .01, so that .05 is the difference between programs, not luck.
    """
    strength = prediction_strength(iris_rows, 4, np.random.default_rng(0), n_splits=400, n_init=5)
    assert strength.shape == (400, 4)
    assert (strength[:, 0] == 1).all()
    assert strength.min() >= 0
    assert strength.max() <= 1
    assert strength.mean(axis=0)[1:].tolist() == pytest.approx([0.97, 0.75, 0.55], abs=0.05)


def test_bootstrap_jaccard_of_iris(iris_rows):
    """Hennig's (2007) stability of segments on iris: 1 and 1 for k = 2; .91, 1 and .90 for k = 3."""
    rng = np.random.default_rng(0)
    fits = best_starts(iris_rows, 3, rng, n_init=10)
    segments, agreement = bootstrap(iris_rows, fits, rng, n_samples=200, n_init=3)
    assert [s.shape for s in segments] == [(200, 1), (200, 2), (200, 3)]
    assert agreement.shape == (199, 3)
    order = np.argsort(np.bincount(fits[2].labels))  # 38, 50 (setosa) and 62 rows
    assert segments[1].mean(axis=0).tolist() == pytest.approx([1, 1], abs=0.05)
    assert segments[2].mean(axis=0)[order].tolist() == pytest.approx([0.90, 1, 0.91], abs=0.05)
    assert (segments[0] == 1).all()
    assert (agreement[:, 0] == 1).all()


def test_the_uniform_square_is_most_stable_at_four():
    """Dolnicar & Leisch (2010) on 200 points without structure: stability alone proves nothing."""
    most, mean = [], np.zeros(8)
    for seed in range(9):
        rng = np.random.default_rng(seed)
        rows = Rows(rng.uniform(size=(200, 2)))
        agreement = bootstrap(rows, best_starts(rows, 8, rng, n_init=3), rng, n_samples=60, n_init=3)[1].mean(axis=0)
        most.append(int(agreement[1:].argmax()) + 2)
        mean += agreement / 9
    assert most.count(4) >= 5
    assert mean[1:].argmax() + 2 == 4


def test_clear_groups_come_back_and_predict_each_other():
    rng = np.random.default_rng(0)
    rows = Rows(rng.normal(size=(90, 2)) + 30 * np.repeat(np.eye(3)[:, :2], 30, axis=0))
    segments, agreement = bootstrap(rows, best_starts(rows, 3, rng, n_init=3), rng, n_samples=10, n_init=3)
    assert segments[2].min() == 1
    assert agreement[:, 2].min() == 1
    assert prediction_strength(rows, 3, rng, n_splits=5, n_init=3)[:, 2].min() == 1


@few_examples
@given(seeds, st.integers(1, 5), st.integers(1, 5))
def test_adjusted_rand_is_that_of_scikit_learn(seed, k, other_k):
    rng = np.random.default_rng(seed)
    one, two = rng.integers(0, k, 40), rng.integers(0, other_k, 40)
    table = contingency(one, two, k, other_k)
    assert table.sum() == 40
    assert adjusted_rand(table) == pytest.approx(adjusted_rand_score(one, two), abs=1e-12)


def test_jaccard_by_hand():
    """Clusters {0, 1, 2} and {3, 4} beside {0, 1} and {2, 3, 4}: 2 of 3 rows each; not drawn: NaN."""
    one, two = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1])
    assert jaccard(contingency(one, two, 3, 2))[:2].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert np.isnan(jaccard(contingency(one, two, 3, 2))[2])


def test_restarts_are_measured_by_those_that_did_not_win():
    def of(*labels):
        return Fit(np.zeros((2, 1), np.float32), np.array(labels), 0.0)

    best, same, other = of(0, 0, 0, 1, 1, 1), of(1, 1, 1, 0, 0, 0), of(0, 0, 1, 0, 1, 1)
    far = adjusted_rand_score(best.labels, other.labels)
    assert restarts([[best], [same], [other]], [best]).tolist() == pytest.approx([(1 + far) / 2])
    assert restarts([[best]], [best]).tolist() == [1]


@few_examples
@given(seeds)
def test_flows_add_up(seed):
    rng = np.random.default_rng(seed)
    labels = {k: rng.integers(0, k, 50) for k in (1, 2, 3, 5)}
    table = pd.DataFrame(flows(labels), columns=["k", "from", "to", "rows"])
    assert set(table["k"]) == {1, 2}  # nothing is known from 3 to 4
    assert (table["rows"] > 0).all()
    for k, part in table.groupby("k"):
        for side, at in (("from", k), ("to", k + 1)):
            sizes = part.groupby(side)["rows"].sum().reindex(range(at), fill_value=0)
            assert sizes.tolist() == np.bincount(labels[at], minlength=at).tolist()


# The choice -----------------------------------------------------------------------------------------------------


def test_the_knee_of_kneeds_own_figure():
    """Kneedle paper, figure 2: the knee lies at x = 0.22 (Satopaa et al. 2011)."""
    x, y = DataGenerator.figure2()
    assert KneeLocator(x, y, curve="concave", direction="increasing").knee == pytest.approx(0.2222, abs=1e-3)


def inertia_of(values):
    return pd.DataFrame({"k": range(1, len(values) + 1), "metric": "inertia", "value": values})


def test_a_bent_curve_has_its_elbow_where_it_bends():
    assert elbow(inertia_of([100, 55, 12, 10, 8.5, 7.5, 6.8, 6.2, 5.7, 5.3])) == 3


@pytest.mark.parametrize("values", [list(range(100, 0, -10)), [9.0, 1.0], []])
def test_a_straight_line_or_too_short_a_curve_has_no_elbow(values):
    assert elbow(inertia_of(values)) is None


def scores_of(inertia, silhouette):
    """A sweep with given curves."""
    k = range(2, len(inertia) + 1)
    others = [pd.DataFrame({"k": k, "metric": m, "value": silhouette}) for m in CRITERIA if m != "inertia"]
    return pd.concat([inertia_of(inertia), *others])


BENT = scores_of([100, 55, 12, 10, 8.5, 7.5], [0.3, 0.4, 0.5, 0.2, 0.1])
STRAIGHT = scores_of([60, 50, 40, 30, 20], [0.3, 0.4, 0.2, 0.1])


def test_every_criterion_votes():
    table = votes(BENT)
    assert table.columns.tolist() == ["criterion", "k", "reading"]
    assert table.set_index("criterion")["k"].to_dict() == {
        "elbow": 3,
        "elbow_from_2": 3,
        "silhouette": 4,
        "calinski_harabasz": 4,
        "davies_bouldin": 6,
    }
    assert votes(STRAIGHT).set_index("criterion")["k"].isna().to_dict()["elbow"]


def test_what_the_evidence_speaks_for_is_taken():
    choice = choose_k(BENT, k_star=5)
    assert (choice.k, choice.by) == (5, "evidence")
    assert choice.text.startswith("k = 5: ")
    assert "come back in resampled data, for more reason than gradual differences" in choice.reason


def test_where_the_evidence_speaks_for_none_it_is_a_business_choice():
    choice = choose_k(BENT)
    assert (choice.k, choice.by) == (3, "elbow")
    assert "business choice" in choice.reason
    choice = choose_k(STRAIGHT)
    assert (choice.k, choice.by) == (3, "silhouette")
    assert "business choice" in choice.reason
    assert "no elbow" in choice.reason


def test_the_rule_of_the_original_analysis_asks_no_evidence():
    choice = choose_k(BENT, rule="elbow", k_star=5)
    assert (choice.k, choice.by) == (3, "elbow")
    assert "over k = 1 to 6" in choice.reason
    assert "business" not in choice.reason
    without = choose_k(STRAIGHT, rule="elbow", k_star=5)
    assert (without.k, without.by) == (3, "silhouette")


def with_sizes(scores, sizes):
    """A sweep that says how many rows the smallest segment has, by k."""
    rows = [(k, "smallest_segment", float(n)) for k, n in sizes.items()]
    return pd.concat([scores, pd.DataFrame(rows, columns=["k", "metric", "value"])], ignore_index=True)


def test_a_k_with_a_segment_of_a_handful_is_not_proposed_where_another_has_none():
    bent = choose_k(BENT).k
    ks = range(2, int(BENT["k"].max()) + 1)
    best = max((k for k in ks if k != bent), key=lambda k: curve(BENT, "silhouette")[k])
    choice = choose_k(with_sizes(BENT, {k: 3 if k == bent else 40 for k in ks}))
    assert (choice.k, choice.by) == (best, "silhouette")
    assert f"the inertia bends at {bent}, but there a segment has fewer than 10 rows" in choice.reason
    assert choose_k(with_sizes(BENT, dict.fromkeys(ks, 40))).reason == choose_k(BENT).reason


@pytest.mark.parametrize("options", [{}, {"rule": "elbow"}, {"k": 3}, {"k_star": 3}])
def test_a_segment_of_a_handful_is_named_whoever_chose_k(options):
    ks = range(2, int(BENT["k"].max()) + 1)
    plain = choose_k(BENT, **options)
    choice = choose_k(with_sizes(BENT, dict.fromkeys(ks, 1)), **options)
    assert choice.k == plain.k
    assert choice.reason.startswith(plain.reason)
    assert "But its smallest segment has only 1 row: that is a handful of outliers" in choice.reason


@pytest.mark.parametrize("rule", ["structure", "elbow"])
def test_a_given_k_is_taken(rule):
    choice = choose_k(BENT, rule=rule, k=6, k_star=5)
    assert (choice.k, choice.by) == (6, "analyst")
    assert "analyst" in choice.reason


@pytest.mark.parametrize("k", [-1, 0, 1, 7])
def test_a_k_outside_the_sweep_is_refused(k):
    with pytest.raises(ParameterRefused, match="outside the sweep, 2 to 6"):
        choose_k(BENT, k=k)


VERDICT = VerdictRecord(
    structure="constructed",
    useful="not tested",
    headline="No",
    sentence="Constructed.",
    meaning="",
    advice="",
    k_star=None,
    evidence=(),
)


def test_the_record_of_the_choice_holds_scores_and_votes():
    record = choose_k(STRAIGHT, k=2).record(STRAIGHT, judged="", verdict=VERDICT)
    assert (record.k, record.by, record.verdict) == (2, "analyst", VERDICT)
    assert record.scores == {"inertia": 50, "silhouette": 0.3, "calinski_harabasz": 0.3, "davies_bouldin": 0.3}
    assert record.criteria["elbow"] is None
    assert record.criteria["silhouette"] == 3


def test_the_committed_sample_has_three_segments_by_every_criterion(prepared):
    features = prepared("sample")[1]
    matrix = customer_matrix(features.table, described=features.features, unreliable=features.unreliable)
    assert votes(sweep(matrix.table, n_init=10).table)["k"].tolist() == [3, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("scale", "inertia", "silhouette", "from_2"), [(False, 46122.336, 0.410830, 5), (True, 25577.968, 0.502620, 4)]
)
def test_the_original_analysis(workbook, prepared, scale, inertia, silhouette, from_2):
    matrix = baseline_matrix(prepared(workbook)[0].read("unified"), scale_frequency=scale)
    scores = sweep(matrix.table).table
    assert curve(scores, "inertia")[3] == pytest.approx(inertia, abs=1e-3)
    assert curve(scores, "silhouette")[3] == pytest.approx(silhouette, abs=1e-5)
    assert elbow(scores) == 3
    assert elbow(scores, k_min=2) == from_2
    assert choose_k(scores, rule=matrix.recipe.k_rule).k == 3


def test_the_published_numbers_of_the_original_analysis_were_an_optimum_and_a_leak(workbook, prepared):
    """46219.178 is a local optimum, .426751 its silhouette with the label left among the columns."""
    X = baseline_matrix(prepared(workbook)[0].read("unified"), scale_frequency=False).table.to_numpy()
    fits = [best_kmeans(X, 3, n_init=1, seed=seed) for seed in range(12)]
    published = next(fit for fit in fits if abs(fit.inertia_ - 46219.178) < 1e-3)
    assert silhouette_score(X, published.labels_) == pytest.approx(0.405525, abs=1e-5)
    leaked = max(
        silhouette_score(np.c_[X, np.array(order)[published.labels_]], published.labels_)
        for order in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0])
    )
    assert leaked == pytest.approx(0.426751, abs=1e-5)

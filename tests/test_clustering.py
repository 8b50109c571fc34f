"""Segments with letters that stay, and a certainty that means something."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from seglib import clustering
from seglib.errors import ParameterRefused
from seglib.preprocessing import baseline_matrix, customer_matrix
from seglib.words import letter


@pytest.fixture
def three(prepared):
    """Matrix of the sample and its burned coupons."""
    _, features = prepared("sample")
    matrix = customer_matrix(features.table).table
    return matrix, features.table["n_burned"]


def test_the_planted_segments_of_the_sample_are_found(three, truth):
    matrix, burned = three
    fit = clustering.segment(matrix, k=3, order_by=burned)
    planted = truth.loc[matrix.index, "segment"]
    assert adjusted_rand_score(planted, fit.table["segment"]) >= 0.9


def test_letters_follow_the_order_and_not_the_numbers(three):
    matrix, burned = three
    fits = [clustering.segment(matrix, k=3, order_by=burned, seed=seed) for seed in (0, 1)]
    means = burned.groupby(fits[0].table["segment"]).mean()
    assert means.index.tolist() == ["A", "B", "C"]
    assert means.is_monotonic_decreasing
    assert (fits[0].table["segment"] == fits[1].table["segment"]).mean() >= 0.99


def test_row_order_does_not_matter(three):
    matrix, burned = three
    shuffled = matrix.sample(frac=1, random_state=5)
    a = clustering.segment(matrix, k=3, order_by=burned)
    b = clustering.segment(shuffled, k=3, order_by=burned.loc[shuffled.index])
    assert (a.table["segment"] == b.table.loc[matrix.index, "segment"]).mean() >= 0.99
    assert a.inertia == pytest.approx(b.inertia, rel=1e-3)


def test_confidence_second_segment_and_centres_agree_with_distances(three):
    matrix, burned = three
    fit = clustering.segment(matrix, k=3, order_by=burned)
    distances = pd.DataFrame(
        {s: np.linalg.norm(matrix - fit.centres.loc[s], axis=1) for s in fit.centres.index}, index=matrix.index
    )
    assert (distances.idxmin(axis=1) == fit.table["segment"]).all()
    ranked = np.sort(distances, axis=1)
    assert fit.table["confidence"].to_numpy() == pytest.approx(1 - ranked[:, 0] / ranked[:, 1], abs=1e-5)
    second = distances.apply(lambda row: row.nsmallest(2).index[1], axis=1)
    assert (second == fit.table["second_segment"]).all()
    assert fit.inertia == pytest.approx((distances.min(axis=1) ** 2).sum())
    assert fit.silhouette == pytest.approx(silhouette_score(matrix, fit.table["segment"]), abs=1e-5)
    assert fit.sizes.to_dict() == fit.table["segment"].value_counts().to_dict()


def test_renumbered_labels_change_no_number(three, monkeypatch):
    matrix, burned = three
    before = clustering.segment(matrix, k=3, order_by=burned)

    def renumbered(X, k, **options):
        model = KMeans(k, n_init=options["n_init"], random_state=options["seed"]).fit(X)
        order = [2, 0, 1]
        model.cluster_centers_ = model.cluster_centers_[order]
        model.labels_ = np.argsort(order)[model.labels_].astype(np.int32)
        return model

    monkeypatch.setattr(clustering, "best_kmeans", renumbered)
    after = clustering.segment(matrix, k=3, order_by=burned)
    pd.testing.assert_frame_equal(before.table, after.table)
    pd.testing.assert_frame_equal(before.centres, after.centres)
    assert before.silhouette == after.silhouette


def test_a_lonely_row_is_an_outlier():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.r_[rng.normal(0, 1, (400, 2)), rng.normal(20, 1, (400, 2)), [[9.0, -3.0]]])
    X.index = pd.Index(map(str, range(len(X))), name="customer_id")
    fit = clustering.segment(X, k=2, order_by=X[0])
    assert fit.table.index[fit.table["outlier"]].tolist() == ["800"]
    assert fit.table.loc["800", "confidence"] < 0.7


@pytest.mark.parametrize("k", [0, 1, 4, 9])
def test_an_impossible_k_is_refused(k):
    X = pd.DataFrame({"x": [0.0, 0, 1, 1, 2]})
    with pytest.raises(ParameterRefused, match=f"k = {k}"):
        clustering.segment(X, k=k, order_by=X["x"])


def test_as_many_segments_as_different_rows():
    X = pd.DataFrame({"x": [0.0, 0, 1, 1, 2]})
    fit = clustering.segment(X, k=3, order_by=X["x"])
    assert fit.table["segment"].tolist() == ["C", "C", "B", "B", "A"]
    assert fit.inertia == 0
    assert (fit.table["confidence"] == 1).all()


def test_equal_means_go_by_size_then_centre():
    X = pd.DataFrame({"x": [0.0, 0.1, 5.0, 5.1, 5.2, 9.0, 9.1]})
    fit = clustering.segment(X, k=3, order_by=pd.Series(np.ones(7)))
    assert fit.table["segment"].tolist() == ["B", "B", "A", "A", "A", "C", "C"]


def test_letters_do_not_depend_on_missing_values_of_the_order():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.r_[[rng.normal(c, 0.1, (50, 2)) for c in ((0, 0), (9, 0), (0, 9), (9, 9))]].reshape(-1, 2))
    order = pd.Series(np.repeat([1.0, 4.0, 2.0, 3.0], 50))
    order.iloc[[3, 60, 110]] = np.nan
    for seed in range(6):
        letters = clustering.segment(X, k=4, order_by=order, n_init=5, seed=seed).table["segment"]
        assert letters.iloc[[0, 50, 100, 150]].tolist() == ["D", "A", "C", "B"]
    order.iloc[:50] = np.nan
    assert clustering.segment(X, k=4, order_by=order, n_init=5).table["segment"].iloc[0] == "D"


@settings(max_examples=60)
@given(st.integers(0, 2000))
def test_letters_are_the_columns_of_a_spreadsheet(i):
    name, number = letter(i), 0
    for c in name:
        number = number * 26 + ord(c) - 64
    assert number == i + 1


def test_order_values_follow_the_customer_of_each_row(prepared):
    run, features = prepared("sample")
    matrix = baseline_matrix(run.read("unified")).table
    values = clustering.order_values(features.table, "n_burned", matrix.index)
    assert values.index.equals(matrix.index)
    customer = matrix.index[17][0]
    assert values.iloc[17] == features.table.loc[customer, "n_burned"]


@pytest.mark.parametrize("order_by", ["n_burnt", "gender_name", "spend_per_month"])
def test_an_unusable_order_is_refused(prepared, order_by):
    table = prepared("sample")[1].table
    with pytest.raises(ParameterRefused, match="order_by"):
        clustering.order_values(table, order_by, table.index)


def test_without_burned_coupons_the_letters_go_by_the_number_of_transactions(lacking):
    table = lacking("status")[0].table
    assert clustering.lettered_by(table, "n_burned") == "n_coupons"
    assert clustering.lettered_by(table, "recency_days") == "recency_days"
    assert clustering.lettered_by(lacking()[0].table, "n_burned") == "n_burned"
    with pytest.raises(ParameterRefused, match="order_by is a numeric feature"):
        clustering.order_values(table, "burn_rate", table.index)
    assert (clustering.order_values(table, "n_coupons", table.index) == table["n_coupons"]).all()


def test_a_customer_goes_where_most_of_its_rows_are():
    index = pd.MultiIndex.from_tuples(
        [("10", "1"), ("10", "2"), ("10", "3"), ("9", "4"), ("9", "5"), ("8", "6")],
        names=["customer_id", "transaction_id"],
    )
    rows = pd.DataFrame(
        {
            "segment": ["B", "B", "A", "B", "A", "C"],
            "confidence": 0.5,
            "second_segment": "A",
            "outlier": [False, True, False, False, False, False],
        },
        index=index,
    )
    table = clustering.customer_segments(rows)
    assert table.index.tolist() == ["8", "9", "10"]
    assert table["segment"].tolist() == ["C", "A", "B"]  # on a tie, the earlier letter
    assert table["confidence"].tolist() == pytest.approx([1, 0.5, 2 / 3], abs=1e-6)
    assert table["second_segment"].fillna("none").tolist() == ["none", "B", "A"]
    assert table["outlier"].tolist() == [False, False, True]


def test_where_a_row_is_a_customer_nothing_changes(three):
    matrix, burned = three
    fit = clustering.segment(matrix, k=3, order_by=burned)
    assert clustering.customer_segments(fit.table) is fit.table


@pytest.mark.parametrize(
    ("scale", "inertia", "silhouette"), [(False, 46122.336, 0.410830), (True, 25577.968, 0.502620)]
)
def test_the_original_analysis(workbook, prepared, scale, inertia, silhouette):
    run, features = prepared(workbook)
    matrix = baseline_matrix(run.read("unified"), scale_frequency=scale).table
    order = clustering.order_values(features.table, "n_burned", matrix.index)
    fit = clustering.segment(matrix, k=3, order_by=order)
    assert fit.inertia == pytest.approx(inertia, abs=1e-3)
    assert fit.silhouette == pytest.approx(silhouette, abs=1e-5)
    assert len(clustering.customer_segments(fit.table)) == 989


def test_letters_go_by_burned_coupons_then_coupons_then_the_first_variable():
    features = pd.DataFrame({"n_burned": [1.0, 2.0], "n_coupons": [3.0, 4.0], "age": [30.0, 40.0], "sex": ["m", "f"]})
    variables = {"sex": {"kind": "nominal"}, "age": {"kind": "numeric"}}
    unknown = features.assign(n_burned=np.nan)
    ready = unknown.assign(n_coupons=np.nan)
    assert clustering.lettered_by(features, "n_burned", variables) == "n_burned"
    assert clustering.lettered_by(unknown, "n_burned", variables) == "n_coupons"
    assert clustering.lettered_by(ready, "n_burned", variables) == "age"
    assert clustering.lettered_by(ready, "sex", variables) == "sex"  # as the analyst says; order_values refuses it
    assert clustering.lettered_by(ready, "n_burned", {"sex": {"kind": "nominal"}}) is None


def test_where_there_is_nothing_to_order_by_the_largest_segment_is_a():
    matrix = pd.DataFrame({"x": [0.0] * 3 + [5.0] * 7, "y": np.arange(10) / 100}, pd.Index(map(str, range(10))))
    matrix.index.name = "customer_id"
    order = clustering.order_values(pd.DataFrame(index=matrix.index), None, matrix.index)
    assert clustering.segment(matrix, k=2, order_by=order, n_init=2).sizes.to_dict() == {"A": 7, "B": 3}

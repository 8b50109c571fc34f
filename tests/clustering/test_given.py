"""Given segments: matched with the customers, described by their centres, compared with ours by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from sklearn.metrics import adjusted_rand_score, silhouette_score

from seglib.clustering.comparison import Comparison, compared_with_ours
from seglib.clustering.given import (
    GivenLabels,
    SegmentRule,
    given_labels,
    rule_of,
    segments_given,
)
from seglib.clustering.segmentation import segment
from seglib.errors import ParameterRefused
from seglib.ingest.labels import LabelsFile
from seglib.schema.records import ClusteringRecord


def file_of(labels):
    return LabelsFile("agency.csv", "0" * 64, pd.Series(labels, dtype=object).rename_axis("customer_id"))


def matrix_of(*values):
    index = pd.Index([str(number) for number in range(len(values))], name="customer_id")
    return pd.DataFrame({"x": np.array(values, dtype=float)}, index)


@pytest.fixture
def five():
    """Five customers on a line; the last is labelled high, and is nearer to the low ones."""
    matrix = matrix_of(0, 2, 10, 12, 4)
    labels = given_labels(file_of({"0": "low", "1": "low", "2": "high", "3": "high", "4": "high"}), matrix.index)
    ours = segment(matrix, k=2, order_by=matrix["x"], n_init=5)
    return matrix, ours, segments_given(labels, matrix, ours, order_by=matrix["x"])


def test_who_is_in_one_list_only_is_counted():
    labels = given_labels(file_of({"1": "a", "2": "b", "9": "a"}), pd.Index(["0", "1", "2"], name="customer_id"))
    assert labels.labels.to_dict() == {"1": "a", "2": "b"}
    assert (labels.without_label, labels.without_customer) == (1, 1)
    assert "1 customers of this run have no label" in labels.text
    assert "1 customers that it names are not among those" in labels.text
    assert labels.rows(matrix_of(5, 6, 7))["x"].tolist() == [6, 7]


def test_labels_of_another_shop_are_refused():
    customers = pd.Index(["0", "1"], name="customer_id")
    with pytest.raises(ParameterRefused, match=r"unknown_customer: 2 of 3 customers .*'8', '9'") as refused:
        given_labels(file_of({"0": "a", "8": "b", "9": "b"}), customers)
    assert refused.value.parameter == ("labels",)
    with pytest.raises(ParameterRefused, match="one_segment"):
        given_labels(file_of({"0": "a", "1": "a", "9": "b"}), customers)
    assert given_labels(file_of({"0": "a", "1": "b", "8": "b", "9": "b"}), customers).without_customer == 2  # half


def test_without_labels_ours_stay(five):
    matrix, ours, _ = five
    nothing = given_labels(LabelsFile(), matrix.index)
    assert nothing == GivenLabels(matrix.index)
    assert segments_given(nothing, matrix, ours, order_by=matrix["x"]) is ours
    assert nothing.rows(matrix) is matrix
    comparison = compared_with_ours(ours, ours)
    assert (comparison.text, comparison.alt, len(comparison.table)) == ("", "", 0)
    assert ours.completed(None).labels is None
    assert rule_of(ours.completed(None), ours.centres) is None


def test_letters_margins_and_shares_by_hand(five):
    matrix, _, fit = five
    assert fit.names == {"A": "high", "B": "low"}  # the greater mean of the order is A
    assert fit.table["segment"].tolist() == ["B", "B", "A", "A", "A"]
    centre = 26 / 3
    assert fit.centres["x"].tolist() == pytest.approx([centre, 1])
    # 1 - d / d2; the last customer is nearer to the other centre, which is no margin at all
    expected = [1 - 1 / centre, 1 - 1 / (centre - 2), 1 - (10 - centre) / 9, 1 - (12 - centre) / 11, 0]
    assert fit.table["margin"].tolist() == pytest.approx(expected, abs=1e-6)
    assert fit.table["second_segment"].tolist() == ["A", "A", "B", "B", "B"]
    assert fit.inertia == pytest.approx(2 + (10 - centre) ** 2 + (12 - centre) ** 2 + (4 - centre) ** 2)
    assert fit.silhouette == pytest.approx(silhouette_score(matrix, fit.table["segment"]), abs=1e-6)
    assert fit.by_rule.to_dict() == pytest.approx({"A": 2 / 3, "B": 1})
    assert fit.all_by_rule == pytest.approx(0.8)


def test_where_the_nearest_centre_gives_too_few_back_the_rule_is_not_used(five):
    _, _, fit = five
    assert "gives only 80% of the labels back" in fit.why_no_rule
    record = fit.completed(None)
    assert ClusteringRecord.from_json(record.to_json()) == record
    assert (record.names, record.labels.by_rule) == ({"A": "high", "B": "low"}, 0.8)
    assert rule_of(record, fit.centres).why_not == fit.why_no_rule
    assert replace(fit, all_by_rule=0.9).why_no_rule == ""
    few = replace(fit, all_by_rule=0.95, by_rule=pd.Series({"A": 0.49, "B": 1.0}))
    assert few.why_no_rule


def test_the_rule_places_by_the_columns_that_both_have():
    centres = pd.DataFrame({"x": [0.0, 10.0], "y": [0.0, 0.0]}, pd.Index(["A", "B"], name="segment"))
    rule = SegmentRule(centres)
    assert rule.place(pd.DataFrame({"x": [1.0, 9.0], "z": [9.0, 1.0]}, ["p", "q"])).to_dict() == {"p": "A", "q": "B"}
    with pytest.raises(ParameterRefused, match="none of the columns"):
        rule.place(pd.DataFrame({"z": [1.0]}))


def test_letters_of_an_earlier_run_are_kept(five):
    matrix, ours, fit = five
    earlier = pd.Series({"0": "A", "1": "A", "2": "D", "3": "D"})
    kept = segments_given(fit.given, matrix, ours, order_by=matrix["x"], align_to=earlier)
    assert kept.names == {"A": "low", "D": "high"}
    assert kept.centres.index.tolist() == ["A", "D"]
    assert kept.by_rule.to_dict() == pytest.approx({"A": 1, "D": 2 / 3})


def test_a_transaction_has_the_segment_of_its_customer():
    index = pd.MultiIndex.from_tuples(
        [("0", "t1"), ("0", "t2"), ("1", "t3"), ("2", "t4")], names=["customer_id", "transaction_id"]
    )
    matrix = pd.DataFrame({"x": [0.0, 9.0, 9.0, 1.0]}, index)
    labels = given_labels(file_of({"0": "a", "1": "b"}), pd.Index(["0", "1", "2"], name="customer_id"))
    ours = segment(matrix, k=2, order_by=matrix["x"], n_init=5)
    fit = segments_given(labels, matrix, ours, order_by=matrix["x"])
    assert [fit.names[each] for each in fit.table["segment"]] == ["a", "a", "b"]
    assert fit.table.index.tolist() == index.tolist()[:3]


def test_resampled_rules_agree_on_what_lies_apart():
    rng = np.random.default_rng(0)
    matrix = matrix_of(*rng.normal(0, 1, 40), *rng.normal(50, 1, 40))
    labels = given_labels(file_of({str(i): "low" if i < 40 else "high" for i in range(80)}), matrix.index)
    fit = segments_given(labels, matrix, segment(matrix, k=2, order_by=matrix["x"]), order_by=matrix["x"])
    X = matrix.to_numpy()
    models = fit.models(X, n_models=10, sample_rows=80, seed=0)
    assert (models.agreement(X, fit.numbers.to_numpy()) == 1).all()
    random = file_of(dict(zip(matrix.index, rng.permutation(labels.labels), strict=True)))
    mixed = segments_given(given_labels(random, matrix.index), matrix, fit, order_by=matrix["x"])
    assert mixed.models(X, n_models=10, sample_rows=80, seed=0).agreement(X, mixed.numbers.to_numpy()).mean() < 0.7


def counts_of(table, theirs, ours):
    return Comparison(pd.DataFrame(table, index=theirs, columns=ours))


def test_splits_joins_and_moves_by_hand():
    comparison = counts_of([[3, 3, 0], [0, 3, 0], [0, 1, 9]], ["X", "Y", "Z"], ["A", "B", "C"])
    assert comparison.matched == {"X": "A", "Y": "B", "Z": "C"}
    assert comparison.moving == 19 - 15
    assert comparison.split == {"X": ["A", "B"]}  # a tenth of Z is no part
    assert comparison.joined == {}
    assert "4 of 19 customers (21%) would be treated otherwise" in comparison.text
    assert "Ours split 'X' between A and B." in comparison.text
    joined = counts_of([[9, 1], [8, 2], [0, 5]], ["X", "Y", "Z"], ["A", "B"])
    assert joined.joined == {"A": ["X", "Y"]}
    assert joined.moving == 25 - (9 + 5)  # Y has none of its own
    assert "Ours join most of 'X' and 'Y' into A." in joined.text
    same = counts_of([[4, 0], [0, 6]], ["X", "Y"], ["A", "B"])
    assert (same.moving, same.adjusted_rand) == (0, 1.0)
    assert "neither split nor join" in same.text


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=3, max_size=60))
def test_agreement_is_scikit_learns_and_moving_is_at_most_all_but_the_largest_cell(pairs):
    theirs, ours = (pd.Series(part) for part in zip(*pairs, strict=True))
    comparison = Comparison(pd.crosstab(theirs.map("XYZW".__getitem__), ours.map("ABC".__getitem__)))
    assert comparison.adjusted_rand == pytest.approx(adjusted_rand_score(theirs, ours))
    assert 0 <= comparison.moving <= len(pairs) - comparison.counts.to_numpy().max()


def test_the_comparison_is_drawn_with_names_and_all_customers(five):
    _, ours, fit = five
    comparison = compared_with_ours(fit, ours)
    assert comparison.table["given"].tolist() == ["high", "low"]
    assert comparison.counts.to_numpy().tolist() == [[2, 1], [0, 2]]
    ax = comparison.figure()
    assert [text.get_text() for text in ax.texts] == ["2", "1", "0", "2"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["high", "low"]
    assert "5 customers" in comparison.caption
    assert "adjusted Rand index" in comparison.alt
    plt.close(ax.figure)

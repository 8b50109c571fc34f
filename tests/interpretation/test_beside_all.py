"""What a segment does beside its size, its two strongest markers, three customers worked through, one last page."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib import pyplot as plt

from seglib.errors import ParameterRefused
from seglib.interpretation.cards.cards import SegmentCard
from seglib.interpretation.holdout.predictive_gain import PredictiveGain
from seglib.interpretation.profiles.activity import NO_ACTIVITY, activity_shares
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.strongest import TOO_FEW, strongest_markers
from seglib.interpretation.profiles.worked import worked_customers
from seglib.interpretation.summary import summary
from seglib.schema.features import FEATURES
from seglib.schema.records import VariableRecord, VerdictRecord
from seglib.study import Study
from seglib.style.wording import TRANSACTION

LETTERS = pd.Series(list("BAAB"), ["1", "2", "3", "4"])


def features_of(**columns):
    """Features of four customers: what is not given is not recorded."""
    nothing = pd.DataFrame(np.nan, LETTERS.index, [f.name for f in FEATURES if f.name not in columns])
    return nothing.assign(**columns)


# Activity -------------------------------------------------------------------------------------------------------


def test_shares_of_customers_burns_and_spend_by_hand():
    features = features_of(n_burned=[0, 6, 3, 1], n_coupons=[1, 8, 4, 3], spend=[10.0, 20.0, 0.0, 50.0])
    result = activity_shares(features, LETTERS)
    assert result.wide.to_dict("records") == [
        {"segment": "A", "customers": 0.5, "burned coupons": 0.9, "amount spent": 0.25},
        {"segment": "B", "customers": 0.5, "burned coupons": 0.1, "amount spent": 0.75},
    ]
    assert result.table["total"].tolist() == [2, 9, 20, 2, 1, 60]
    assert result.text == "Segment A has 50% of the customers and 90% of the burned coupons."
    assert "customers, burned coupons and amount spent" in result.alt
    ax = result.figure()
    assert [text.get_text() for text in ax.texts][:2] == ["customers 50%", "customers 50%"]
    plt.close(ax.figure)


def test_where_no_burn_is_recorded_transactions_stand_for_it():
    features = features_of(n_coupons=[1, 8, 4, 3], n_burned=[0, 0, 0, 0])
    result = activity_shares(features, LETTERS, Study(wording=TRANSACTION))
    assert result.measures == ["customers", "transactions"]
    assert result.text == "Segment A has 50% of the customers and 75% of the transactions."


def test_refunds_beyond_sales_make_no_shares():
    features = features_of(n_coupons=[1, 8, 4, 3], spend=[10.0, -20.0, 5.0, 50.0])
    assert activity_shares(features, LETTERS).measures == ["customers", "coupons"]


def test_without_transactions_it_says_so():
    result = activity_shares(features_of(age=[20, 30, 40, 50]), LETTERS)
    assert (result.text, result.alt, result.measures) == (NO_ACTIVITY, "", [])
    assert result.wide.empty


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 50), st.floats(0, 1e6)), min_size=1, max_size=30))
def test_shares_of_every_measure_add_up_to_one(rows):
    letters, burned, spend = zip(*rows, strict=True)
    features = pd.DataFrame({"n_burned": burned, "spend": spend})
    result = activity_shares(features, pd.Series(letters))
    if sum(burned) > 0:
        assert result.table.groupby("measure")["share"].sum().to_numpy() == pytest.approx(1)
        assert result.table["segment"].tolist() == sorted(result.table["segment"])


# The strongest markers ------------------------------------------------------------------------------------------


def test_the_two_features_with_most_variance_between_segments():
    letters = pd.Series(list("AAAABBBB"), range(8))
    features = pd.DataFrame(
        {
            # between / all: 1 / 1, then 16 / 17, then 0; what is yes or no does not count
            "recency_days": [1.0, 1, 1, 1, 3, 3, 3, 3],
            "coupons_per_month": [1.0, 3, 1, 3, 9, 11, 9, 11],
            "burn_rate": [0.0, 1, 0, 1, 0, 1, 0, 1],
            "never_burned": [0, 0, 0, 0, 1, 1, 1, 1],
            "n_matured": 1,
            "n_matured_burned": [0, 1, 0, 1, 0, 1, 0, 1],
            "n_coupons": 2,
            "months_observed": 1.0,
        }
    )
    result = strongest_markers(features, letters, profile(features, letters))
    assert result.features == ("recency_days", "coupons_per_month")
    assert result.text == "Segments differ most in recency days and coupons per month."
    assert result.logarithmic == (False, True)
    assert sorted(result.table["recency_days"]) == [1, 1, 1, 1, 3, 3, 3, 3]
    ax = result.figure()
    assert (ax.get_xlabel(), ax.get_xscale(), ax.get_yscale()) == ("recency days (days)", "linear", "log")
    plt.close(ax.figure)


def test_customers_without_a_value_are_not_drawn_and_counted():
    letters = pd.Series(list("AABB"), range(4))
    features = pd.DataFrame({"age": [20.0, 30, 40, np.nan], "visits": [1.0, 2, 8, 9]})
    study = Study(variables={"age": VariableRecord("numeric"), "visits": VariableRecord("numeric")})
    result = strongest_markers(features, letters, profile(features, letters, study=study), study=study)
    assert len(result.table) == 3
    assert result.caption.startswith("3 of 4 customers")


def test_one_number_makes_no_scatter():
    letters = pd.Series(list("AABB"), range(4))
    features = pd.DataFrame({"age": [20.0, 30, 40, 50]})
    study = Study(variables={"age": VariableRecord("numeric")})
    result = strongest_markers(features, letters, profile(features, letters, study=study), study=study)
    assert (result.text, result.alt) == (TOO_FEW, "")


# Worked customers -----------------------------------------------------------------------------------------------

CENTRES = pd.DataFrame([[0.0, 0.0], [10.0, 0.0]], pd.Index(["A", "B"], name="segment"), ["x", "y"])


def test_three_customers_by_hand():
    index = pd.Index(["clear", "edge", "between"], name="customer_id")
    matrix = pd.DataFrame([[0.0, 0.0], [6.0, 0.0], [2.0, 0.0]], index, ["x", "y"])
    result = worked_customers(matrix, pd.Series(["A", "B", "A"], index), CENTRES)
    rows = result.table.set_index("case")
    assert rows["customer_id"].tolist() == ["clear", "between", "edge"]
    # confidence: 1 - 0/10, 1 - 2/8, 1 - 4/6
    assert rows["confidence"].tolist() == pytest.approx([1, 0.75, 1 / 3])
    assert rows[["A", "B"]].to_numpy().tolist() == [[0, 10], [2, 8], [6, 4]]
    assert rows["segment"].tolist() == ["A", "A", "B"]
    assert "The borderline case, customer edge, is 4.00 from the centre of B and 6.00 from that of A" in result.text
    assert "not the nearest" not in result.text


def test_labels_that_are_not_those_of_the_nearest_centre_are_said():
    index = pd.Index(["1", "2", "3"], name="customer_id")
    matrix = pd.DataFrame([[0.0, 0.0], [6.0, 0.0], [2.0, 0.0]], index, ["x", "y"])
    result = worked_customers(matrix, pd.Series(["B", "B", "A"], index), CENTRES)
    assert result.text.count("It was given to B, which is not the nearest.") == 1


def test_of_transactions_the_customer_is_named():
    index = pd.MultiIndex.from_tuples([("7", "a"), ("7", "b"), ("8", "c")], names=["customer_id", "transaction_id"])
    matrix = pd.DataFrame([[0.0, 0.0], [10.0, 0.0], [5.0, 0.0]], index, ["x", "y"])
    result = worked_customers(matrix, pd.Series(["A", "B", "A"], index), CENTRES)
    assert "The borderline case, a transaction of customer 8, is 5.00" in result.text
    assert result.table["confidence"].tolist() == [1, 1, 0]
    assert result.caption.startswith("Three transactions")


def test_worked_customers_need_two_centres_in_the_columns_of_the_matrix():
    index = pd.Index(["1"], name="customer_id")
    matrix = pd.DataFrame([[0.0, 0.0]], index, ["x", "y"])
    letters = pd.Series(["A"], index)
    with pytest.raises(ParameterRefused, match="at least two centres"):
        worked_customers(matrix, letters, CENTRES.iloc[:1])
    with pytest.raises(ParameterRefused, match="columns"):
        worked_customers(matrix, letters, CENTRES.rename(columns={"x": "z"}))


@given(hnp.arrays(float, st.tuples(st.integers(1, 20), st.just(2)), elements=st.floats(-100, 100)))
def test_the_clear_case_is_never_less_clear_than_the_others(X):
    index = pd.Index([str(i) for i in range(len(X))], name="customer_id")
    matrix = pd.DataFrame(X, index, ["x", "y"])
    nearest = np.where(np.hypot(*X.T) <= np.hypot(X[:, 0] - 10, X[:, 1]), "A", "B")
    clear, typical, borderline = worked_customers(matrix, pd.Series(nearest, index), CENTRES).table["confidence"]
    assert 1 >= clear >= typical >= borderline >= 0


# One page for a manager -----------------------------------------------------------------------------------------


def test_the_summary_answers_in_the_words_of_the_results():
    verdict = VerdictRecord("constructed", "not shown to be useful", "H", "S.", "M.", "D.", None, ())
    card = SegmentCard("A", "a *b*", "They come.", "They come.", 3, 0.75, pd.DataFrame(), pd.DataFrame())
    chosen = pd.DataFrame({"segment": ["A"], "knocked_out": [""]})
    listed = pd.DataFrame({"control": [True, False, False]})
    result = summary(
        verdict,
        PredictiveGain(pd.DataFrame(), None, {}, why="no dates."),
        [card],
        chosen,
        listed,
        weights="customers 1",
    )
    assert result.table["question"].tolist()[0] == "Are they real?"
    assert result.paragraphs[0] == "**Are they real?** H. M."
    assert result.paragraphs[2] == "**Who are they?** A · a \\*b\\* (75%): They come."
    assert "(1 of 3 customers)" in result.text
    assert "Whether the groups are useful cannot be said: no dates." in result.text

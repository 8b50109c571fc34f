"""Cohort retention, beside counts by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from seglib.eda.retention import MOST_COHORTS, cohort_retention, full_months
from seglib.study import Study
from seglib.style.wording import NO_TRANSACTIONS, READY_TABLE, TRANSACTION

STUDY = Study(as_of="2024-06-30")


def shop(joined, claims):
    customers = pd.DataFrame({"customer_id": list(joined), "join_date": pd.to_datetime(list(joined.values()))})
    unified = pd.DataFrame(claims, columns=["customer_id", "transaction_date"])
    return unified.assign(transaction_date=pd.to_datetime(unified["transaction_date"])), customers


JOINED = {"a": "2024-01-01", "b": "2024-01-31", "c": "2024-03-10", "d": "2024-06-15", "e": None, "f": "2024-07-01"}
CLAIMS = [
    ("a", "2024-01-01"),  # month 0, on the first day
    ("a", "2024-01-31"),  # month 0 again: a customer counts once
    ("a", "2024-02-01"),  # month 1
    ("b", "2024-02-29"),  # month 0: of somebody who joined on the 31st, month 1 begins on 1 March
    ("b", "2024-03-01"),  # month 1
    ("b", "2024-05-05"),  # month 3
    ("c", "2024-04-09"),  # month 0, on its last day
    ("c", "2024-06-20"),  # month 3, which c has not completed
    ("d", "2024-06-16"),  # d has not completed a month
    ("e", "2024-05-05"),  # no join date
    ("f", "2024-07-02"),  # after the day
]


def test_the_shares_are_those_that_one_counts_by_hand():
    retention = cohort_retention(*shop(JOINED, CLAIMS), STUDY)
    # a has completed six months on 30 June, b only four: b joined on the 31st, so its month 4 ends on 30 June, too
    january = [(0, 2, 2), (1, 2, 2), (2, 2, 0), (3, 2, 1), (4, 2, 0)]
    march = [(0, 1, 1), (1, 1, 0), (2, 1, 0)]
    rows = retention.table[["since", "customers", "active"]]
    by_cohort = {
        day: list(part.itertuples(index=False, name=None)) for day, part in rows.groupby(retention.table["cohort"])
    }
    assert by_cohort == {pd.Timestamp("2024-01-01"): january, pd.Timestamp("2024-03-01"): march}
    assert retention.table["share"].tolist() == [1, 1, 0, 0.5, 0, 1, 0, 0]
    assert (retention.months, retention.without_date) == (1, 1)


def test_the_sentence_compares_the_same_customers_at_two_ages():
    retention = cohort_retention(*shop(JOINED, CLAIMS), STUDY)
    # three customers are in month 0, two of them still in month 4, which is at least half
    assert retention.finding == "100% claimed a coupon in their first month, and 0% 4 months later"
    assert "(2 customers, of the cohorts observed for so long)" in retention.text
    assert retention.text.endswith("Without a join date, and so left out: 1.")
    grid = retention.grid
    assert grid.shape == (2, 5)
    assert grid.iloc[1].isna().tolist() == [False, False, False, True, True]


def test_what_does_not_apply_says_so():
    unified, customers = shop(JOINED, CLAIMS)
    ready = cohort_retention(unified.iloc[:0], customers, Study(wording=READY_TABLE))
    undated = cohort_retention(unified, customers.assign(join_date=pd.NaT), STUDY)
    young = cohort_retention(*shop({"d": "2024-06-15"}, [("d", "2024-06-16")]), STUDY)
    assert ready.text == NO_TRANSACTIONS
    for result in (ready, undated, young):
        assert result.table.empty
        assert result.alt == ""
    for result in (undated, young):
        assert result.text.startswith("No cohorts")
    assert undated.without_date == len(JOINED)


@pytest.mark.parametrize(("years", "months", "period"), [(1, 1, "month"), (5, 3, "quarter"), (20, 12, "year")])
def test_a_long_life_is_divided_into_longer_periods(years, months, period):
    days = pd.date_range("2001-01-15", periods=12 * years, freq="MS") + pd.Timedelta(days=14)
    joined = {str(i): str(day.date()) for i, day in enumerate(days)}
    claims = [(str(i), str(day.date())) for i, day in enumerate(days)]
    study = Study(as_of=str((days[-1] + pd.Timedelta(days=400)).date()), wording=TRANSACTION)
    retention = cohort_retention(*shop(joined, claims), study)
    assert (retention.months, retention.period) == (months, period)
    assert retention.table["cohort"].nunique() <= MOST_COHORTS
    assert (retention.table.loc[retention.table["since"] == 0, "share"] == 1).all()
    assert "100% made a transaction in their first" in retention.text
    axes = retention.figure()
    assert axes.get_ylabel() == f"{period} of joining"
    assert axes.get_xlabel() == f"{period}s since joining"
    plt.close(axes.figure)


def test_the_figure_shows_the_shares():
    retention = cohort_retention(*shop(JOINED, CLAIMS), STUDY)
    axes = retention.figure()
    drawn = axes.collections[0].get_array()
    np.testing.assert_allclose(np.ma.filled(drawn.reshape(2, 5), np.nan), retention.grid.to_numpy())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Jan 2024", "Mar 2024"]
    plt.close(axes.figure)


@given(st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2060-12-31").date()), st.integers(0, 4000))
def test_full_months_count_as_an_age_does(start, days):
    begin = pd.Timestamp(start)
    end = begin + pd.Timedelta(days=days)
    [months] = full_months(pd.Series([begin]), pd.Series([end]))
    first = begin.to_period("M") + int(months)
    # that many months later, on the same day of the month (or what lies beyond a shorter month), has been reached
    assert (first.year, first.month, begin.day) <= (end.year, end.month, end.day)
    after = first + 1
    assert (after.year, after.month, begin.day) > (end.year, end.month, end.day)

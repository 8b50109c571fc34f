"""Many months: a month stands out only among all of them, the series grows by one comparison, and gaps are named."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.datasets.months import make_months
from seglib.monitoring.comparison import compare_months, standardised
from seglib.monitoring.months import read_months
from seglib.monitoring.trend import trend, trend_of
from seglib.schema.comparison_records import (
    ComparisonRecord,
    DriftRecord,
    MonthRecord,
    PartRecord,
    SizeRecord,
    TrendRecord,
)
from seglib.stats.permutation import holm
from tests.earlier import make_run


def compared(number, *, largest=1.0, calm=(), day=None, later=None, n_days=30):
    """A comparison of month ``number`` with the one before, of which the first is month 0."""
    days = [day or pd.Timestamp("2025-01-31") + pd.Timedelta(days=n_days * n) for n in (number - 1, number)]
    day, later = f"{days[0]:%Y-%m-%d}", later or f"{days[1]:%Y-%m-%d}"
    months = tuple(MonthRecord(f"m{n}", d, 100, 3, "natural") for n, d in ((number - 1, day), (number, later)))
    part = PartRecord("real movement", 0.05, 5, 0.0, 0.1, 0.5, 0.05)
    return ComparisonRecord(
        *(f"m{number - 1}", f"m{number}", day, later, "movement", f"Headline of {number}.", "", "watch", "", ""),
        *(100, 1, 0, 5, 0.9, {}, len(calm)),
        parts=(part, replace(part, part="redefinition"), replace(part, part="all together")),
        drift=(DriftRecord("n_coupons", 0.3, 0.2, 0.5, 0.1, 0.05, 2.0), DriftRecord("city_name", *[None] * 3, 0.1)),
        sizes=(
            SizeRecord("A", "few", 50, 52, 0.5, 0.52, 0.53, 0.45, 0.55),
            SizeRecord("D", "", 0, 2, 0.0, 0.02, *[None] * 3),
        ),
        months=months,
        largest=largest,
        calm_largest=tuple(calm),
    )


def series(largest, calm):
    return trend(
        [compared(i + 1, largest=x, calm=c) for i, (x, c) in enumerate(zip(largest, calm, strict=True))], adjust=holm
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(1, 20), st.integers(0, 10**6))
def test_a_p_value_counts_the_calm_months_of_all_comparisons(m, n, seed):
    rng = np.random.default_rng(seed)
    largest, calm = rng.normal(size=m), rng.normal(size=(m, n))
    result = series(largest, calm)
    expected = [(1 + sum(value >= one for row in calm for value in row)) / (1 + m * n) for one in largest]
    assert result.p == pytest.approx(expected)
    by_rank = sorted(expected)
    adjusted = {p: min(1, max((m - i) * q for i, q in enumerate(by_rank[: by_rank.index(p) + 1]))) for p in expected}
    assert result.p_adjusted == pytest.approx([adjusted[p] for p in expected])


def test_one_unusual_month_of_many_stands_out_and_is_named():
    calm = np.random.default_rng(0).normal(1.5, 0.5, (23, 20))
    largest = np.full(23, 1.5)
    largest[6] = 4.3
    result = series(largest, calm)
    assert [record.later for record in result.unusual] == ["2025-08-29"]
    assert "29 August 2025 stands out. 29 August 2025: Headline of 7." in result.text
    assert result.table["stands_out"].sum() == 1
    assert len(result.table) == 24
    record = result.record
    assert [month.run for month in record.unusual] == ["m7"]
    assert record.unusual[0].p == pytest.approx(23 / 461)
    assert TrendRecord.from_json(record.to_json()) == record


def test_of_calm_series_about_one_in_twenty_has_a_month_that_stands_out():
    """Whole months of several questions are drawn from one distribution, and go through the code of a comparison."""
    rng = np.random.default_rng(5)
    alarms = []
    for _ in range(400):
        largest = [standardised(rng.gamma(2.0, size=(21, 8))).max(axis=1) for _ in range(11)]
        alarms.append(bool(series([z[0] for z in largest], [z[1:] for z in largest]).unusual))
    assert 0.02 < np.mean(alarms) < 0.08


def test_too_few_calm_months_are_said():
    result = series([9.0, 9.0, 9.0], np.zeros((3, 19)))
    assert not result.unusual
    assert "at least 20 calm months are needed" in result.text
    assert series([9.0, 1.0, 1.0], np.full((3, 20), 2.0)).unusual


def test_one_comparison_is_no_trend():
    result = series([9.0], np.zeros((1, 20)))
    assert not result.applies
    assert result.printed.empty
    assert not result.method
    assert [panels.alt for panels in (result.sizes, result.movement, result.drift)] == ["", "", ""]
    assert len(result.record.comparisons) == 1


def test_what_does_not_join_ends_the_series():
    one, two, three = (compared(n, calm=np.zeros(20)) for n in (1, 2, 3))
    assert len(trend([one, two, three], adjust=holm).comparisons) == 3
    assert trend([one, three], adjust=holm).comparisons == (three,)
    of_another_day = replace(two, later="2025-03-30")
    assert trend([one, of_another_day, three], adjust=holm).comparisons == (three,)
    of_the_last_version = replace(two, largest=None)
    assert trend([one, of_the_last_version, three], adjust=holm).comparisons == (three,)


def test_a_missing_month_is_said():
    calm = np.zeros(20)
    first, second, third = (compared(n, calm=calm) for n in (1, 2, 3))
    fourth = replace(compared(4, calm=calm), later="2025-07-30")  # that of May was refused
    assert "there is no month" not in trend([first, second, third], adjust=holm).text
    text = trend([first, second, third, fourth], adjust=holm).text
    assert "Between 1 May 2025 and 30 July 2025 (90 days) there is no month" in text
    assert "the others are about 30 days apart" in text


def test_panels_show_values_beside_the_band_of_their_month():
    result = series([1.0, 1.0, 9.0], np.full((3, 20), 2.0))
    drift = result.drift.table
    assert len(drift["panel"].unique()) == 1  # of a name there is no distance
    assert drift[["value", "low", "high"]].iloc[0].tolist() == pytest.approx([0.15, 0.025, 0.1])
    assert drift["stands_out"].tolist() == [False, False, True]
    assert result.drift.outside == 3
    sizes = result.sizes.table
    assert sizes["panel"].unique().tolist() == ["A few"]  # D is new: the month before does not have it
    assert sizes["value"].tolist() == [0.53] * 3
    assert result.sizes.outside == 0
    assert result.movement.table["panel"].nunique() == 3
    for panels in (result.sizes, result.movement, result.drift):
        figure = panels.figure()
        drawn = [ax for ax in figure.axes if ax.get_title(loc="left")]
        assert len(drawn) == panels.table["panel"].nunique()
        assert panels.alt
        assert panels.caption


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three month ends of a calm shop, and a run of each."""
    folder = tmp_path_factory.mktemp("three")
    make_months(months=3, customers=250, transactions=2000, seed=2).write(folder / "shop")
    runs = [make_run(f"m{n}", folder / f"shop/month_{n}", base=folder) for n in (1, 2, 3)]
    return folder, runs


def test_the_series_grows_with_every_comparison_and_needs_the_last_run_only(three, monkeypatch):
    folder, runs = three
    monkeypatch.setenv("SEGLIB_HOME", str(folder))
    for later, n in ((runs[1], 1), (runs[2], 2)):
        months = read_months(runs[n - 1].name, later)
        assert not months.revised
        result = trend_of(compare_months(months, n_calm=20), adjust=holm)
        assert len(result.comparisons) == n
        later.write("trend", result.record)
        later.write("comparison", result.comparisons[-1])
    assert result.applies
    assert result.table["run"].tolist() == ["m1", "m2", "m3"]
    assert result.table["customers"].tolist() == [len(run.read("segments")) for run in runs]
    last = result.comparisons[-1]
    assert sum(size.share_now for size in last.sizes) == pytest.approx(1)
    assert sum(size.now for size in last.sizes) == last.customers + last.joined
    assert sum(size.share_frozen for size in last.sizes) == pytest.approx(1)
    bands = [(size.calm_low, size.calm_high) for size in last.sizes]
    assert all(low <= high for low, high in bands)
    assert len(last.calm_largest) == 20

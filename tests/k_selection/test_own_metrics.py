"""Metrics of the analyst's own: they get null bands, and change no other number."""

import numpy as np
import pandas as pd
import pytest
from by_hand import FunctionNull
from matplotlib import pyplot as plt

from seglib.errors import ParameterRefused
from seglib.k_selection.criteria.choice import choose_k
from seglib.k_selection.criteria.sweep import sweep
from seglib.k_selection.validation.benchmark import benchmark
from seglib.k_selection.validation.charts import Charts
from seglib.k_selection.validation.verdict import verdict

GROUPS = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], [30, 20, 10], axis=0)


@pytest.fixture(scope="module")
def X():
    """Three groups of 30, 20 and 10 rows, far apart."""
    return GROUPS + np.random.default_rng(0).normal(0, 0.1, GROUPS.shape)


@pytest.fixture(scope="module")
def cloud():
    """A null model whose shops are one cloud, and without the rows of the last group."""
    return FunctionNull(lambda rng: rng.normal(size=(60, 2)), "gradual")


@pytest.fixture(scope="module")
def measured(X, cloud, small):
    metrics = {
        "smallest_segment": lambda X, labels: np.bincount(labels).min() / len(labels),
        "rows_of_X": lambda X, labels: len(X),
    }
    return benchmark(X, [cloud], **small, metrics=metrics)


def test_the_metric_is_computed_of_the_data_and_of_every_shop(measured):
    scores = measured.of("smallest_segment")
    assert scores.index.tolist() == [2, 3, 4]
    assert scores.loc[3, "value"] == pytest.approx(1 / 6, abs=1e-6)  # 10 of 60 rows
    draws = measured.simulated["gradual"]["smallest_segment"]
    assert draws.shape == (19, 4)
    assert np.isnan(draws[:, 0]).all()
    low, median, high = np.quantile(draws[:, 2], [0.05, 0.5, 0.95])
    assert scores.loc[3, ["null_low", "null_median", "null_high"]].tolist() == pytest.approx(
        [low, median, high], abs=1e-6
    )
    as_great = (draws[:, 2] >= 1 / 6 - 1e-6).sum()
    assert scores.loc[3, "p"] == pytest.approx((1 + as_great) / 20, abs=1e-6)
    assert measured.own_metrics == ("smallest_segment", "rows_of_X")


def test_a_metric_that_is_the_same_everywhere_proves_nothing(measured):
    assert (measured.of("rows_of_X")["p"] == 1).all()


def test_no_other_number_changes(X, cloud, small, measured):
    without = benchmark(X, [cloud], **small)
    others = ~measured.scores["metric"].isin(measured.own_metrics)
    pd.testing.assert_frame_equal(
        measured.scores[others].reset_index(drop=True), without.scores.reset_index(drop=True), check_exact=True
    )
    for name in ("tests", "segments", "flows"):
        pd.testing.assert_frame_equal(getattr(measured, name), getattr(without, name), check_exact=True)
    assert verdict(measured).sentence == verdict(without).sentence


def test_a_metric_cannot_change_the_data(X, cloud, small, measured):
    def spoil(X, labels):
        X[:], labels[:] = 0.0, 0
        return 0.0

    spoiled = benchmark(X, [cloud], **small, metrics={"spoil": spoil})
    for metric in ("silhouette", "prediction_strength"):
        pd.testing.assert_frame_equal(spoiled.of(metric), measured.of(metric))


def test_processes_do_not_matter(X, cloud, small):
    options = small | {"metrics": {"one": lambda X, labels: float(X[labels == 0].mean())}}
    one, two = benchmark(X, [cloud], **options), benchmark(X, [cloud], **options, n_jobs=2)
    pd.testing.assert_frame_equal(one.scores, two.scores, check_exact=True)


def test_the_name_of_a_metric_that_is_computed_anyway_is_refused(X, cloud):
    with pytest.raises(ParameterRefused, match="not 'silhouette'"):
        benchmark(X, [cloud], metrics={"silhouette": lambda X, labels: 0.0})


@pytest.fixture(scope="module")
def charts(X, measured):
    swept = sweep(pd.DataFrame(X), k_max=4, n_init=3)
    return Charts(measured, swept, choose_k(swept.table, k=3), verdict(measured))


def test_the_chart_of_an_own_metric_is_a_result(charts, measured):
    chart = charts.own_metric("smallest_segment")
    assert "0.167 at k = 3" in chart.alt
    better = [k for k, p in measured.of("smallest_segment")["p"].items() if p <= 0.05]
    says = f"at k = {', '.join(map(str, better))}" if better else "nowhere greater"
    assert says in chart.text
    assert "60 rows" in chart.caption
    ax = chart.figure()
    assert len(ax.collections) == 1  # one null model, one band
    plt.close(ax.figure)
    assert charts.own_metric("rows_of_X").text == "Rows of x is nowhere greater than in shops without segments."


def test_a_metric_that_was_not_given_has_no_chart(charts):
    with pytest.raises(ParameterRefused, match="smallest_segment and rows_of_X"):
        charts.own_metric("largest_segment")


def test_where_it_cannot_be_computed_there_is_no_band(X, cloud, small):
    result = benchmark(X, [cloud], **small, metrics={"never": lambda X, labels: float("nan")})
    assert result.of("never")["p"].isna().all()
    swept = sweep(pd.DataFrame(X), k_max=4, n_init=3)
    chart = Charts(result, swept, choose_k(swept.table, k=3), verdict(result)).own_metric("never")
    assert "could not be computed" in chart.text
    plt.close(chart.figure().figure)

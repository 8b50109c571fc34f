"""The charts of 04: every one is a result, and says what its curves show."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from by_hand import benchmark_of
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from seglib.k_selection.criteria.choice import choose_k
from seglib.k_selection.criteria.sweep import sweep
from seglib.k_selection.validation.charts import Charts, StabilityChart
from seglib.k_selection.validation.charts_example import SIMULATED, YOURS, example_chart
from seglib.k_selection.validation.verdict import verdict

# Charts ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def charts(benchmarked):
    null_models, benchmark_result, _ = benchmarked
    swept = sweep(pd.DataFrame(null_models.X), k_max=4, n_init=3)
    reached = verdict(benchmark_result)
    return Charts(benchmark_result, swept, choose_k(swept.table, k=3), reached)


@pytest.mark.parametrize(
    "name",
    [
        "greatest_silhouette",
        "elbow",
        "silhouette",
        "other_criteria",
        "gap",
        "stability",
        "flow",
        "at_a_glance",
        "example",
        "valleys",
    ],
)
def test_every_chart_is_a_result(charts, name):
    chart = getattr(charts, name)
    assert len(chart.table)
    assert chart.text.endswith((".", "?"))
    assert chart.alt
    assert "100 rows" in chart.caption
    drawing = chart.figure()
    figure = drawing.figure if isinstance(drawing, Axes) else drawing
    figure.canvas.draw()
    plt.close(figure)


def test_charts_say_what_their_curves_show(charts):
    silhouette = charts.benchmark.of("silhouette")["value"]
    assert f"k = {silhouette.idxmax()}" in charts.silhouette.text
    (k,) = charts.greatest_silhouette.table["k"].unique()
    shown = f"{charts.verdict.headline}: silhouette {silhouette[k]:.3f} with k = {k}, without segments "
    assert charts.greatest_silhouette.text.startswith(shown)
    assert f"k = {charts.benchmark.gap_k}" in charts.gap.alt
    assert "10 samples, 10 halvings" in charts.stability.caption
    at_a_glance = charts.at_a_glance
    assert f"in {at_a_glance.table['beyond'].sum()} of 4 ways" in at_a_glance.alt
    assert "With 3 groups" in at_a_glance.alt


def test_the_elbow_says_whether_the_range_decides(charts):
    elbow = charts.elbow
    assert "does not matter" in replace(elbow, elbow=3, elbow_from_2=3).text
    assert (
        "the elbow is at 3, over k = 2 to 4 at None: the range decides."
        in replace(elbow, elbow=3, elbow_from_2=None).text
    )
    assert not replace(elbow, elbow=None).believed


def test_where_nothing_comes_back_the_charts_say_so():
    weak = benchmark_of(jaccard=(0.7, 0.7, 0.7))
    assert StabilityChart(weak).text == "For no number of segments do all of them come back."
    assert StabilityChart(weak).alt.endswith("for k = none.")
    assert StabilityChart(benchmark_of(jaccard=(0.9, 0.5, 0.8))).text == "All segments come back for k = 2, 4."


def test_a_simulated_shop_stands_beside_the_data_on_the_axes_of_the_data():
    """Axes and share of the variance by hand: columns of standard deviations 3, 2 and 1, uncorrelated."""
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    chart = example_chart(signs * [3.0, 2.0, 1.0] + 10, signs * [1.0, 4.0, 0.0] + [10, 10, 12], "as it may be")
    assert chart.explained == pytest.approx(13 / 14)
    spread = chart.table.groupby("which")[["first", "second"]].std(ddof=0)
    assert spread.loc[YOURS].tolist() == pytest.approx([3, 2])
    assert spread.loc[SIMULATED].tolist() == pytest.approx([1, 4])
    assert "8 rows" in chart.caption
    assert "93% of the variance" in chart.caption
    assert "as it may be" in chart.text


def test_a_matrix_of_one_column_has_an_example_too():
    chart = example_chart(np.arange(6.0)[:, None], np.ones((6, 1)), "all the same")
    assert (chart.table["second"] == 0).all()
    assert chart.explained == 1
    plt.close(chart.figure())


def test_the_valleys_are_those_of_the_chosen_k(charts):
    """Three segments have at most three pairs of neighbours; their p-value is that of the benchmark."""
    chart = charts.valleys
    assert len(chart.table["first"].unique()) <= 3
    assert "3 segments" in chart.caption
    scores = charts.benchmark.scores
    p = scores.loc[(scores["metric"] == "valley") & (scores["k"] == 3), "p"].max()
    assert chart.p_null == pytest.approx(p, abs=1e-6)

"""The picture of valleys: what is compared with null shops, which side is which, and what the sentence says."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.valleys import GRID, Valleys, valleys
from seglib.k_selection.validation.charts_valleys import (
    MOST_PAIRS,
    stacked_densities,
    valley_chart,
    valley_chart_from_arrays,
)


def divided(X, k, seed=0):
    """The valleys of a matrix divided by KMeans."""
    rows = Rows(X)
    fit = best_starts(rows, k, np.random.default_rng(seed), n_init=3)[-1]
    return valleys(rows.X, fit.labels, fit.centres)


def clouds(n, k, d=3):
    return [divided(np.random.default_rng([9, seed]).normal(size=(300, d)), k) for seed in range(n)]


@pytest.fixture(scope="module")
def three():
    rng = np.random.default_rng(4)
    sizes, centres = [150, 120, 80], [[0, 0, 0], [6, 0, 0], [0, 7, 0]]
    X = np.vstack([rng.normal(size=(n, 3)) + centre for n, centre in zip(sizes, centres, strict=True)])
    return divided(X, 3)


def test_three_groups_are_separate_and_one_cloud_is_not(three):
    nulls = clouds(29, 3)
    chart = valley_chart(three, nulls, n_rows=350)
    assert chart.separate
    assert chart.p_null == pytest.approx(1 / 30)
    deepest = f"{three.table['density_between'].max():.0%}"
    assert chart.text.startswith(
        f"Between all {len(three.table)} pairs of neighbouring segments there are few customers"
    )
    assert f"falls to {deepest} of the lower peak, or less." in chart.text
    assert "350 rows, 3 segments" in chart.caption
    assert "middle 90% of 29 shops" in chart.caption
    other = valley_chart(nulls[0], nulls[1:], n_rows=300)
    assert not other.separate
    assert f"Between segments {other.pairs['first'][0]} and {other.pairs['second'][0]} there is no clear" in other.text
    for drawn in (chart, other):
        figure = drawn.figure()
        figure.canvas.draw()
        assert drawn.alt.startswith(drawn.text)
        plt.close(figure)


def test_a_valley_that_null_shops_have_too_is_not_clear(three):
    """A lattice has dips by itself: the same valleys in the data and in null shops are no evidence."""
    chart = valley_chart(three, [three] * 29, n_rows=350)
    assert three.p <= 0.05
    assert chart.p_null == 1
    assert not chart.separate
    assert "in shops without segments the least clear valley is often as clear" in chart.text


def test_without_null_shops_the_dips_decide_and_the_caption_has_no_band(three):
    chart = valley_chart(three, n_rows=350)
    assert np.isnan(chart.p_null)
    assert chart.separate
    assert "Hatched" not in chart.caption
    assert chart.table[["null_low", "null_high"]].isna().all(axis=None)


def test_letters_stand_in_alphabetical_order_and_the_curve_turns_with_them(three):
    plain = valley_chart(three, n_rows=350)
    turned = valley_chart(three, n_rows=350, letters=["C", "B", "A"])
    assert (turned.pairs["first"] < turned.pairs["second"]).all()
    names = dict(zip("ABC", "CBA", strict=True))
    for rank in range(len(three.table)):
        before, after = (chart.table[chart.table["rank"] == rank] for chart in (plain, turned))
        one, two = plain.pairs.loc[rank], turned.pairs.loc[rank]
        assert {names[one["first"]], names[one["second"]]} == {two["first"], two["second"]}
        assert (one["n_first"], one["n_second"]) == (two["n_second"], two["n_first"])
        assert after["density"].to_numpy() == pytest.approx(before["density"].to_numpy()[::-1])


def test_null_shops_are_compared_rank_by_rank_with_the_larger_segment_on_the_same_side():
    def two(n_first, n_second, height):
        curve = np.where(GRID <= 0, height, 1.0)
        row = [(0, 1, n_first, n_second, 20, 0.1, 0.4, 0.5, 0.5, 1.0)]
        names = ["first", "second", "n_first", "n_second", "n_near", "dip", "scaled_dip", "p", "p_holm"]
        return Valleys(pd.DataFrame(row, columns=[*names, "density_between"]), curve[None])

    nulls = [two(30, 10, 3.0), two(10, 30, 1 / 3)]
    stack = stacked_densities(nulls)
    assert stack.shape == (2, 1, len(GRID))
    assert stack[0, 0, [0, -1]].tolist() == [3, 1]
    assert stack[1, 0, [0, -1]].tolist() == pytest.approx([1, 1 / 3])
    for n_first, n_second, side in [(30, 10, 0), (10, 30, -1)]:
        high = valley_chart(two(n_first, n_second, 1.0), nulls, n_rows=40).table["null_high"].to_numpy()
        assert high[side] == pytest.approx(2.9)  # 95% point of 1 and 3
        assert high[-1 - side] == pytest.approx(1 / 3 + 0.95 * 2 / 3)


def test_the_band_is_of_null_shops_that_have_so_many_pairs():
    many = clouds(6, 6)
    few = clouds(6, 2)
    stack = stacked_densities([*many, *few])
    assert np.isnan(stack[6:, 1:]).all()
    assert not np.isnan(stack[:, 0]).any()
    chart = valley_chart(many[0], few, n_rows=300)
    bands = chart.table.groupby("rank")["null_high"].apply(lambda band: band.notna().all())
    assert bands.tolist() == [True] + [False] * (len(bands) - 1)
    assert len(bands) == min(MOST_PAIRS, len(many[0].table))
    low = chart.table.loc[chart.table["rank"] == 0, "null_low"].to_numpy()
    assert (low <= chart.table.loc[chart.table["rank"] == 0, "null_high"].to_numpy()).all()


def test_more_pairs_than_panels():
    many = divided(np.random.default_rng(3).random((500, 6)), 8)
    assert len(many.table) > MOST_PAIRS
    chart = valley_chart(many, n_rows=500)
    assert chart.table["rank"].nunique() == MOST_PAIRS
    assert f"the {MOST_PAIRS} least clear of {len(many.table)} pairs" in chart.caption
    assert chart.alt.count(" to ") >= MOST_PAIRS


def test_one_segment_has_no_neighbours():
    one = valleys(np.zeros((5, 2)), np.zeros(5, dtype=int), np.zeros((1, 2)))
    chart = valley_chart_from_arrays(one, np.empty((0, 0, len(GRID))), np.empty(0), n_rows=5)
    assert chart.text == "One segment has no neighbours, so there is no valley to look for."
    assert chart.alt == ""
    assert not chart.separate
    assert chart.table.empty

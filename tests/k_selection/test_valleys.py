"""Valleys between neighbouring segments: which pairs are neighbours, what is seen along the line, and how often."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gaussian_kde
from sklearn.cluster import KMeans

from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.valleys import (
    GRID,
    density,
    density_between,
    least_clear,
    near_border,
    neighbours,
    projections,
    scaled_dips,
    valleys,
)
from seglib.stats.unimodality import dip


def groups(sizes, centres, *, seed=0):
    """Gaussian groups of unit variance, with their true labels and centres."""
    centres = np.asarray(centres, dtype=float)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(seed).normal(size=(len(labels), centres.shape[1])) + centres[labels], labels, centres


def test_neighbours_of_points_in_a_row_a_square_and_a_triangle():
    assert neighbours([[0.0], [3.0], [1.0]]) == [(0, 2), (1, 2)]
    square = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert neighbours(square) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]  # diagonals: others just as near
    assert neighbours([[0, 0], [0, 1], [1.1, 0], [1.1, 1], [0.55, 0.5]]) == [
        (0, 1), (0, 4), (1, 4), (2, 3), (2, 4), (3, 4)
    ]  # fmt: skip
    assert neighbours([[5.0, 1.0]]) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 10), st.integers(1, 5))
def test_neighbours_are_those_of_the_definition_and_leave_nobody_alone(seed, k, d):
    centres = np.random.default_rng(seed).normal(size=(k, d))
    expected = []
    for a in range(k):
        for b in range(a + 1, k):
            middle, half = (centres[a] + centres[b]) / 2, np.linalg.norm(centres[a] - centres[b]) / 2
            others = [c for c in range(k) if c not in (a, b)]
            if all(np.linalg.norm(centres[c] - middle) >= half for c in others):
                expected.append((a, b))
    assert neighbours(centres) == expected
    assert {number for pair in expected for number in pair} == set(range(k))


def test_projections_have_the_centres_at_one_and_the_border_at_zero():
    rows, labels, centres = groups([40, 30, 20], [[0, 0, 0], [4, 1, 0], [0, 7, 2]])
    pairs = neighbours(centres)
    with_centres = np.vstack([rows, centres, (centres[0] + centres[1])[None] / 2])
    lines = projections(with_centres, np.append(labels, [0, 1, 2, 0]), centres, pairs)
    assert [len(line) for line in lines] == [40 + 30 + 3, 40 + 20 + 3, 30 + 20 + 2][: len(pairs)]
    assert pairs[0] == (0, 1)
    assert lines[0][-3:].tolist() == [-1, 1, 0]
    by_hand = [np.dot(row - (centres[0] + centres[1]) / 2, centres[1] - centres[0]) * 2 / 17 for row in rows[:40]]
    assert lines[0][:40] == pytest.approx(np.array(by_hand), abs=1e-8)
    assert projections(rows, labels, centres[:1], []) == []


def test_near_the_border_both_sides_count_alike():
    along = np.array([-3, -2, -0.5, -1, -0.2, 0.4, 2.0])
    assert sorted(near_border(along)) == [-0.5, -0.2, 0.4, 2.0]
    assert near_border(-along[:5]).tolist() == [0.2]


def test_groups_far_apart_have_valleys_and_one_cloud_has_none():
    rows, labels, centres = groups([300, 200, 60], [[0, 0], [7, 0], [0, 8]])
    apart = valleys(rows, labels, centres)
    pairs = zip(apart.table["first"], apart.table["second"], strict=True)
    assert sorted(pairs) == neighbours(centres)
    assert apart.p <= 1e-3
    assert apart.table["density_between"].max() < 0.2
    assert apart.table["p"].is_monotonic_decreasing
    assert apart.table["scaled_dip"].is_monotonic_increasing
    cloud = np.random.default_rng(1).normal(size=(600, 3))
    halves = KMeans(2, n_init=5, random_state=0).fit(cloud)
    one = valleys(cloud, halves.labels_, halves.cluster_centers_)
    assert one.p > 0.2
    assert one.table["density_between"].min() > 0.9
    assert len(valleys(cloud, np.zeros(600, int), cloud[:1]).table) == 0
    assert valleys(cloud, np.zeros(600, int), cloud[:1]).p == 1


def test_every_number_of_the_table_is_that_of_its_pair():
    rows, labels, centres = groups([120, 80, 50, 30], [[0, 0], [4, 0], [4, 5], [9, 5]], seed=3)
    result = valleys(rows, labels, centres)
    for row, curve in zip(result.table.itertuples(), result.densities, strict=True):
        (along,) = projections(rows, labels, centres, [(row.first, row.second)])
        assert (row.n_first, row.n_second) == ((labels == row.first).sum(), (labels == row.second).sum())
        assert row.n_near == len(near_border(along))
        assert row.dip == dip(near_border(along))
        assert row.scaled_dip == pytest.approx(np.sqrt(row.n_near) * row.dip)
        assert curve == pytest.approx(density(along))
    pairs = neighbours(centres)
    order = [pairs.index(pair) for pair in zip(result.table["first"], result.table["second"], strict=True)]
    assert scaled_dips(rows, labels, centres)[order] == pytest.approx(result.table["scaled_dip"].to_numpy())


def test_the_least_clear_valley_of_all_k_at_once():
    rows = Rows(groups([200, 150, 100], [[0, 0], [5, 0], [0, 6]])[0])
    fits = best_starts(rows, 6, np.random.default_rng(0), n_init=3)
    smallest = least_clear(rows.X, fits)
    assert np.isnan(smallest[0])
    for fit, value in zip(fits[1:], smallest[1:], strict=True):
        assert value == pytest.approx(valleys(rows.X, fit.labels, fit.centres).table["scaled_dip"].min())
    assert smallest[1:3].min() > 2 * smallest[3:].max()  # three groups: from k = 4 on, one of them is cut


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_shift_rotation_and_new_numbers_change_nothing(seed):
    rng = np.random.default_rng(seed)
    rows, labels, centres = groups([60, 40, 30], rng.normal(scale=4, size=(3, 3)), seed=seed)
    before = valleys(rows, labels, centres).table
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    moved = valleys(3 * rows @ turn + 5, labels, 3 * centres @ turn + 5).table
    pd.testing.assert_frame_equal(moved, before, rtol=1e-5)
    new = rng.permutation(3)
    renumbered = valleys(rows, new[labels], centres[np.argsort(new)]).table
    same = ["dip", "p", "density_between"]
    assert renumbered[same].to_numpy() == pytest.approx(before[same].to_numpy(), rel=1e-5)


def test_no_groups_seldom_have_a_valley_between_all_neighbours():
    """Clouds of five shapes, k = 2 to 5: with p <= .05 for every pair in at most 5%; two even groups nearly always."""
    rng = np.random.default_rng(5)
    clouds = {
        "normal": lambda: rng.normal(size=(400, 3)),
        "long": lambda: rng.normal(size=(400, 3)) * [3, 1, 1],
        "skewed": lambda: np.exp(0.8 * rng.normal(size=(400, 3))),
        "heavy tails": lambda: rng.standard_t(3, size=(400, 3)),
        "uniform": lambda: rng.random((400, 3)),
    }
    for name, draw in clouds.items():
        p = []
        for _ in range(12):
            rows = Rows(draw())
            for fit in best_starts(rows, 5, rng, n_init=2)[1:]:
                p.append(valleys(rows.X, fit.labels, fit.centres).p)
        assert np.mean(np.array(p) <= 0.05) <= 0.05, name
    seen = []
    for seed in range(20):
        rows = Rows(groups([200, 200], [[0, 0, 0], [4, 0, 0]], seed=seed)[0])
        fit = best_starts(rows, 2, rng, n_init=2)[1]
        seen.append(valleys(rows.X, fit.labels, fit.centres).p <= 0.05)
    assert np.mean(seen) >= 0.9


def test_density_is_a_kernel_density_with_the_bandwidth_of_silverman():
    rng = np.random.default_rng(2)
    along = np.concatenate([rng.normal(-1, 0.3, 300), rng.normal(1, 0.3, 200)])
    left, right = along[along <= 0], along[along > 0]
    inside = np.sqrt((((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum()) / 500)
    peer = gaussian_kde(along, bw_method=1.06 * inside * 500**-0.2 / along.std(ddof=1))
    assert density(along) == pytest.approx(peer(GRID), abs=1e-10)
    assert np.isfinite(density(np.zeros(5))).all()


def test_the_least_density_between_two_peaks():
    """By hand, on triangles: the valley beside the higher peak counts relative to the lower one."""
    peaks = np.interp(GRID, [-2, -1, 0.5, 1, 2], [0, 4, 0.5, 2, 0])
    assert density_between(peaks) == pytest.approx(0.25, abs=0.01)
    assert density_between(np.interp(GRID, [-2, -1, 2], [0, 1, 0])) == 1
    assert density_between(np.interp(GRID, [-1.5, -1, -0.5, 0.5, 1, 1.5], [0, 1, 0, 0, 1, 0])) == 0

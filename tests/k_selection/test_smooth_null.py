"""The smooth null model: curves, margins and levels stay; groups do not."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.indices import cluster_indices
from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.smooth_null import SmoothNull, _with_covariance, has_modes

few_examples = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def generators(n, seed=0):
    return [np.random.default_rng([seed, i]) for i in range(n)]


def greatest_silhouette(X):
    rows = Rows(X)
    return np.nanmax(cluster_indices(rows, best_starts(rows, 6, np.random.default_rng(0), n_init=2))["silhouette"])


def horseshoe(seed, n=500):
    rng = np.random.default_rng(seed)
    a = rng.uniform(0, np.pi, n)
    return np.column_stack([np.cos(a), np.sin(a)]) + 0.1 * rng.normal(size=(n, 2))


@few_examples
@given(seeds)
def test_every_number_keeps_its_values_and_every_row_one_level(seed):
    rng = np.random.default_rng(seed)
    level = rng.integers(0, 3, 200)
    X = np.column_stack([rng.normal(size=200), rng.poisson(2, 200), rng.random(200) < 0.3, 0.7 * np.eye(3)[level]])
    one, two = SmoothNull(X, [[0], [1], [2], [3, 4, 5]]).draws(generators(2, seed))
    assert (np.sort(one[:, :3], axis=0) == np.sort(X[:, :3], axis=0)).all()
    assert set(map(tuple, one[:, 3:])) <= {(0.7, 0, 0), (0, 0.7, 0), (0, 0, 0.7)}
    assert not (one == two).all()


def test_the_same_generator_gives_the_same_draw():
    null = SmoothNull(horseshoe(1))
    first, second = next(null.draws(generators(1))), next(SmoothNull(horseshoe(1)).draws(generators(1)))
    assert (first == second).all()
    assert not (first == next(null.draws(generators(1, seed=1)))).all()


def test_correlations_of_numbers_stay():
    rng = np.random.default_rng(0)
    X = rng.multivariate_normal(np.zeros(3), [[1, 0.8, 0.3], [0.8, 1, 0], [0.3, 0, 1]], 1000)
    draws = [spearmanr(draw).statistic for draw in SmoothNull(X).draws(generators(20))]
    # the mean of 20 draws has a fifth of the standard error of Spearman's rho, 1 / sqrt(n - 3)
    assert np.abs(np.mean(draws, axis=0) - spearmanr(X).statistic).max() < 0.03


def test_a_curve_stays_a_curve_where_the_copula_null_fills_it():
    X = horseshoe(0)
    # no row lies within half of the radius; a cloud with the same margins has rows there
    inside = [
        np.mean([(np.hypot(*draw.T) < 0.5).mean() for draw in null(X).draws(generators(9))])
        for null in (SmoothNull, CopulaNull)
    ]
    assert (np.hypot(*X.T) < 0.5).mean() == 0
    assert inside[0] < 0.02 < 0.08 < inside[1]


def test_groups_are_gone():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3)) + 5 * np.eye(3)[rng.integers(0, 3, 500)]
    assert (
        greatest_silhouette(X) > max(greatest_silhouette(draw) for draw in SmoothNull(X).draws(generators(19))) + 0.05
    )


def test_groups_larger_than_a_neighbourhood_are_gone_too():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 3)) + np.where(rng.random(500) < 0.5, 0, 3.5)[:, None] * np.array([1, 1, 0])
    assert has_modes(X, 110)
    assert greatest_silhouette(X) > max(greatest_silhouette(draw) for draw in SmoothNull(X).draws(generators(19)))


@pytest.mark.parametrize(
    ("kind", "modes"),
    [("normal", False), ("cube", False), ("bow", False), ("lump of equal rows", False), ("two groups", True)],
)
def test_modes_are_counted_at_the_scale_of_neighbourhoods(kind, modes):
    rng = np.random.default_rng(5)
    normal = rng.normal(size=(600, 2))
    tables = {
        "normal": normal,
        "cube": rng.random((600, 2)),
        "bow": horseshoe(5, 600),
        "lump of equal rows": np.where(np.arange(600)[:, None] < 240, 0.0, normal + 2),
        "two groups": normal + np.where(np.arange(600)[:, None] < 300, 0, 8),
    }
    assert has_modes(tables[kind], 120) == modes


def test_rows_that_are_all_zero_together_stay_a_lump():
    rng = np.random.default_rng(0)
    X = np.log1p(np.exp(rng.normal(size=(500, 3))))
    X[rng.random(500) < 0.4] = 0
    lump = (X == 0).all(axis=1).mean()
    drawn = [(draw == 0).all(axis=1).mean() for draw in SmoothNull(X).draws(generators(9))]
    # independent columns would be zero together in 0.4 ** 3 = 6% of the rows
    assert np.mean(drawn) > 0.8 * lump


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_small_and_constant_tables_are_drawn_too(n):
    X = np.column_stack([np.arange(n, dtype=float), np.ones(n), np.arange(n) % 2])
    (draw,) = SmoothNull(X).draws(generators(1))
    assert (np.sort(draw, axis=0) == np.sort(X, axis=0)).all()


def test_a_linear_map_to_a_covariance():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3))
    target = np.array([[2, 0.5, 0], [0.5, 1, 0.2], [0, 0.2, 3]])
    assert np.cov(_with_covariance(values, target), rowvar=False, ddof=0) == pytest.approx(target)
    same = np.cov(values, rowvar=False, ddof=0)  # nothing moves where the covariance is right already
    assert _with_covariance(values, same) == pytest.approx(values - values.mean(axis=0))
    repeated = values[:, [0, 1, 1]]
    covariance = np.cov(repeated, rowvar=False, ddof=0)
    assert _with_covariance(repeated, covariance) == pytest.approx(repeated - repeated.mean(axis=0))


def test_a_draw_is_fast():
    X = np.random.default_rng(0).normal(size=(1000, 8))
    null = SmoothNull(X)
    seconds = []
    for rng in generators(10):
        begun = time.perf_counter()
        next(null.draws([rng]))
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.05  # about 4 ms; ten times as long on a busy machine

"""One peak or two: isotonic fits, mixtures and likelihoods against scipy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from seglib.stats.two_kinds import (
    TraitRecords,
    TwoComponents,
    best_peak,
    isotonic,
    log_likelihood,
    one_peak,
    test_two_kinds,
)

few_examples = settings(max_examples=30, deadline=None)
some_counts = st.lists(st.integers(0, 30), min_size=2, max_size=14).filter(any)


def histogram(values, n_cells=40):
    counts, edges = np.histogram(values, n_cells)
    return TraitRecords(counts[None, :], None, edges)


@given(some_counts, st.data())
@few_examples
def test_rising_densities_are_those_of_scipy(counts, data):
    counts = np.array(counts, dtype=float)
    width = np.array(data.draw(st.lists(st.floats(0.5, 3), min_size=len(counts), max_size=len(counts))))
    last = data.draw(st.integers(0, len(counts) - 1))
    expected = isotonic_regression((counts / width)[: last + 1], weights=width[: last + 1]).x
    ours = isotonic(counts[None], width, np.array([last]))[0]
    assert ours[: last + 1] == pytest.approx(expected)
    assert (ours[last + 1 :] == 0).all()


@given(some_counts)
@few_examples
def test_the_best_peak_is_the_best_of_all_peaks(counts):
    counts = np.array(counts, dtype=float)[None]
    width = np.ones(counts.shape[1])
    likelihoods = [
        (counts * np.log(np.maximum(one_peak(counts, width, np.array([peak])), 1e-300))).sum()
        for peak in range(-1, counts.shape[1])
    ]
    peak = best_peak(counts, width)
    chosen = one_peak(counts, width, peak)
    assert (counts * np.log(np.maximum(chosen, 1e-300))).sum() == pytest.approx(max(likelihoods))
    assert chosen.sum() == pytest.approx(1)
    at = int(peak[0])
    assert (np.diff(chosen[0][: at + 1]) >= -1e-12).all()
    assert (np.diff(chosen[0][at + 1 :]) <= 1e-12).all()


def test_the_best_unimodal_fit_of_a_valley_by_hand():
    """5, 1, 4: falling gives 5, 2.5, 2.5; rising 10/3 each; a peak at the first cell is likeliest."""
    counts, width = np.array([[5.0, 1.0, 4.0]]), np.ones(3)
    assert one_peak(counts, width, best_peak(counts, width))[0] == pytest.approx([0.5, 0.25, 0.25])


def test_two_components_are_those_of_scikit_learn():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(0, 1, 600), rng.normal(5, 0.7, 400)])
    peer = GaussianMixture(2, n_init=3, random_state=0).fit(values[:, None])
    order = peer.means_[:, 0].argsort()
    two = test_two_kinds(histogram(values, 120), n_bootstrap=19, rng=np.random.default_rng(1)).two
    assert two.mean == pytest.approx(peer.means_[order, 0], abs=0.05)
    assert two.sd == pytest.approx(np.sqrt(peer.covariances_[order, 0, 0]), abs=0.05)
    assert two.share == pytest.approx(peer.weights_[order], abs=0.01)


@pytest.mark.parametrize(("apart", "valley"), [(1.9, False), (2.3, True), (4.0, True)])
def test_equal_components_have_a_valley_beyond_two_standard_deviations(apart, valley):
    """Two normal densities with equal shares and standard deviations have two peaks if 2 sd apart (Helguero 1904)."""
    two = TwoComponents(np.array([0.5, 0.5]), np.array([0.0, apart]), np.array([1.0, 1.0]))
    assert two.has_valley == valley
    x = np.array([0.0, 1.0])
    assert two.density(x) == pytest.approx(0.5 * norm.pdf(x) + 0.5 * norm.pdf(x, apart))


def test_log_likelihood_of_a_recorded_trait_by_hand():
    records = TraitRecords(np.array([[3, 1]]), None, np.array([0.0, 1.0, 2.0]))
    assert log_likelihood(records, np.array([0.75, 0.25])) == pytest.approx(3 * np.log(0.75) + np.log(0.25))


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.standard_normal(800),
        lambda rng: rng.random(800),
        lambda rng: np.exp(rng.standard_normal(800)),
        lambda rng: rng.exponential(1, 800),
        lambda rng: rng.standard_t(5, 800),
    ],
)
def test_no_shape_with_one_peak_is_two_kinds(draw):
    p = [
        test_two_kinds(histogram(draw(np.random.default_rng(seed))), n_bootstrap=99, rng=np.random.default_rng(1)).p
        for seed in range(6)
    ]
    assert min(p) > 0.02


def test_two_separated_kinds_are_two_and_the_seed_decides_nothing_else():
    rng = np.random.default_rng(2)
    values = np.where(rng.random(800) < 0.4, 4, 0) + rng.standard_normal(800)
    first, again = (test_two_kinds(histogram(values), n_bootstrap=99, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.p == 0.01
    assert first.n_draws == 99
    assert first.two.has_valley
    assert (first.p, first.statistic) == (again.p, again.statistic)


def test_where_one_peak_fits_as_well_nothing_is_simulated():
    test = test_two_kinds(histogram(np.random.default_rng(1).random(500)), n_bootstrap=99, rng=np.random.default_rng(1))
    assert (test.statistic, test.p, test.n_draws) == (0.0, 1.0, 0)

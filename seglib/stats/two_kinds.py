"""One peak or two: does a trait that is seen only through noisy records have one typical value, or two?

What a customer does (8 coupons, of which 3 were burned) tells little about the trait behind it (the chance to burn).
So the distribution of the trait over customers, the mixing distribution, is fitted through the chance of every record
given the trait. `test_two_kinds` compares two fits: any distribution with a single peak, whatever its skewness and
tails, and a mixture of two normal distributions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

FEWEST_DRAWS = 19
"""Simulated samples after which a test stops if `ENOUGH` of them reach the observed statistic."""

ENOUGH = 5
"""... and as many at any later stage."""

ROUNDS = 48
"""Rounds of the EM algorithm, the same for the data and for simulated samples."""

SEARCH_EVERY = 12
"""After so many rounds the place of the single peak is searched anew."""

SPLITS = (0.15, 0.5, 0.85)
"""Where a start of the two components cuts the trait: the share of the first one."""


@dataclass(frozen=True)
class TraitRecords:
    """What is recorded of a trait, in bins, and how likely every record is for every value of the trait.

    Attributes
    ----------
    counts : ndarray of int, shape (n_levels, n_bins)
        Customers by what they recorded. A level holds customers about whom equally much is known: the same number of
        coupons, or the same time of observation.
    chance : ndarray of float, shape (n_levels, n_bins, n_cells), or None
        Probability of each bin for a customer of this level whose trait lies in a cell of the grid; sums to 1 over the
        bins. None: the trait itself is recorded, and bins are cells (one level).
    edges : ndarray of float, shape (n_cells + 1,)
        The grid of the trait.
    """

    counts: np.ndarray
    chance: np.ndarray | None
    edges: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        """The middle of every cell."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def width(self) -> np.ndarray:
        """The width of every cell."""
        return np.diff(self.edges)


@dataclass(frozen=True)
class TwoComponents:
    """A mixture of two normal distributions of the trait, the one with the smaller mean first.

    Attributes
    ----------
    share, mean, sd : ndarray of float, shape (2,)
        On the scale of the grid.
    """

    share: np.ndarray
    mean: np.ndarray
    sd: np.ndarray

    def density(self, x: np.ndarray) -> np.ndarray:
        """Return the density of the mixture, shape (n,)."""
        z = (np.asarray(x)[:, None] - self.mean) / self.sd
        return (self.share * np.exp(-(z**2) / 2) / self.sd).sum(axis=1) / np.sqrt(2 * np.pi)

    def cells(self, edges: np.ndarray) -> np.ndarray:
        """Return the share of every cell of a grid, shape (n_cells,); sums to 1."""
        return _cells(self.share[None], self.mean[None], self.sd[None], edges)[0].sum(axis=0)

    @property
    def has_valley(self) -> bool:
        """Whether the density has two peaks: somewhere between the means it is lower than at both sides."""
        density = self.density(np.linspace(*self.mean, 201))
        low = int(density.argmin())
        return bool(density[low] < 0.999 * min(density[:low].max(initial=0), density[low:].max(initial=0)))


@dataclass(frozen=True)
class TwoKindsTest:
    """Whether two components fit better than any distribution with one peak.

    Attributes
    ----------
    statistic : float
        Twice the difference of the log likelihoods; 0 where the distribution with one peak fits as well or better. It
        is free in shape, so it often does.
    p : float
        (1 + simulated samples that reach the statistic) / (samples + 1).
    n_draws : int
        Samples that were simulated.
    one_peak : ndarray of float, shape (n_cells,)
        Shares of the cells in the fit with one peak.
    two : TwoComponents
    """

    statistic: float
    p: float
    n_draws: int
    one_peak: np.ndarray
    two: TwoComponents


def test_two_kinds(records: TraitRecords, *, n_bootstrap: int, rng: np.random.Generator) -> TwoKindsTest:
    """Test one peak against two components by a parametric bootstrap of the likelihood ratio.

    Parameters
    ----------
    records : TraitRecords
    n_bootstrap : int
        At most so many samples are simulated, from the fit with one peak.
    rng : numpy.random.Generator

    Returns
    -------
    TwoKindsTest

    Notes
    -----
    The bootstrap of the likelihood ratio for the number of components: McLachlan (1987), Appl. Statist. 36(3). The
    single component is the nonparametric maximum likelihood fit under the only restriction that the density rises to
    one peak and falls after it: a skewed, flat or heavy-tailed trait is not taken for two kinds. In the EM algorithm
    its second step is an isotonic regression to both sides of the peak (Robertson, Wright & Dykstra 1988, *Order
    Restricted Statistical Inference*, section 1.5).

    The samples are simulated in stages: 19, 99, then the rest. After each the test stops if 5 or more reach the
    observed statistic, since p is then too large to matter (the idea of Besag & Clifford 1991, Biometrika 78(2)). A
    statistic of 0 is reached by every sample: p = 1, and none is simulated.
    """
    counts = records.counts.reshape(1, -1).astype(float)
    two_likelihood, two, cells = _fit_two(records, counts)
    one_likelihood, one = _fit_one_peak(records, counts, cells)
    statistic = max(0.0, float(2 * (two_likelihood - one_likelihood)[0]))
    if statistic == 0:
        return TwoKindsTest(0.0, 1.0, 0, one[0], two)
    size = records.counts.sum(axis=1)
    expected = one[0][None, :] if records.chance is None else records.chance @ one[0]
    expected = expected / expected.sum(axis=1, keepdims=True)
    reached = drawn = 0
    for stage in (FEWEST_DRAWS, 99, n_bootstrap):
        more = min(stage, n_bootstrap) - drawn
        if more <= 0:
            continue
        levels = [rng.multinomial(n, chance, size=more) for n, chance in zip(size, expected, strict=True)]
        samples = np.concatenate(levels, axis=1).astype(float)
        likelihood, _, cells = _fit_two(records, samples)
        null = 2 * (likelihood - _fit_one_peak(records, samples, cells)[0])
        # the same number of rounds everywhere, so a difference below rounding is none
        reached += int((null >= statistic - 1e-9).sum())
        drawn += more
        if reached >= ENOUGH:
            break
    return TwoKindsTest(statistic, (1 + reached) / (drawn + 1), drawn, one[0], two)


test_two_kinds.__test__ = False  # a statistical test, not one for pytest


def log_likelihood(records: TraitRecords, shares: np.ndarray) -> float:
    """Return the log likelihood of the records, given the shares of the cells, shape (n_cells,)."""
    flat = _flat_chance(records)
    chance = shares if flat is None else flat @ shares
    return float(_log_likelihood(records.counts.reshape(1, -1).astype(float), chance[None, :])[0])


def isotonic(counts: np.ndarray, width: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the rising densities closest to counts per width, over the cells up to ``last``; 0 beyond.

    Parameters
    ----------
    counts : ndarray of float, shape (n_samples, n_cells)
    width : ndarray of float, shape (n_cells,)
    last : ndarray of int, shape (n_samples,)
        -1: no cell.

    Returns
    -------
    ndarray of float, shape (n_samples, n_cells)

    Notes
    -----
    The max-min formula (Robertson, Wright & Dykstra 1988, theorem 1.4.4): at cell i the largest over all starts
    j <= i of the smallest over all ends k >= i of the mean from j to k. It costs the square of the number of cells, but
    has no loop over samples.
    """
    n_cells = len(width)
    total = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)
    place = np.concatenate([[0.0], np.cumsum(width)])
    start, end = np.arange(n_cells)[:, None], np.arange(n_cells)[None, :]
    backwards = start > end
    span = np.where(backwards, 1.0, place[None, 1:] - place[:-1, None])
    mean = (total[:, None, 1:] - total[:, :-1, None]) / span
    np.copyto(mean, np.inf, where=backwards | (end[None] > last[:, None, None]))
    least = np.minimum.accumulate(mean[:, :, ::-1], axis=2)[:, :, ::-1]
    np.copyto(least, -np.inf, where=backwards)
    rising = least.max(axis=1)
    return np.where(end <= last[:, None], rising, 0.0)


def one_peak(counts: np.ndarray, width: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Return shares of cells whose density rises up to the cell ``peak`` and falls from the next one on.

    Parameters
    ----------
    counts : ndarray of float, shape (n_samples, n_cells)
    width : ndarray of float, shape (n_cells,)
    peak : ndarray of int, shape (n_samples,)
        From -1 (falls everywhere) to n_cells - 1 (rises everywhere).

    Returns
    -------
    ndarray of float, shape (n_samples, n_cells)
        Of greatest likelihood; every row sums to 1.
    """
    left = isotonic(counts, width, peak)
    right = isotonic(counts[:, ::-1], width[::-1], len(width) - 2 - peak)[:, ::-1]
    shares = (left + right) * width
    return shares / shares.sum(axis=1, keepdims=True)


def best_peak(counts: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return for every sample the cell at which a single peak fits best, as `one_peak` takes it."""
    n_cells = len(width)
    rising = _rising_likelihoods(counts, width)
    falling = _rising_likelihoods(counts[:, ::-1], width[::-1])[:, ::-1]
    return (rising + falling).argmax(axis=1) - 1 if n_cells else np.zeros(len(counts), dtype=int)


def _rising_likelihoods(counts: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return the log likelihood of the rising fit over the first 0, 1, ..., n_cells cells."""
    out = np.zeros((len(counts), len(width) + 1))
    for cells in range(1, len(width) + 1):
        part = counts[:, :cells]
        density = isotonic(part, width[:cells], np.full(len(counts), cells - 1))
        out[:, cells] = (part * np.log(np.maximum(density, 1e-300))).sum(axis=1)
    return out


def _flat_chance(records: TraitRecords) -> np.ndarray | None:
    return None if records.chance is None else records.chance.reshape(-1, len(records.middle))


def _log_likelihood(counts: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return (counts * np.log(np.maximum(chance, 1e-300))).sum(axis=1)


def _fit_one_peak(records: TraitRecords, counts: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit the distribution with one peak to every sample; return log likelihoods and shares of the cells.

    The EM algorithm is slow where records say little about the trait, and what it has not reached would look like a
    second peak. So it starts as near to the two components as one peak can be: ``start`` are their cells.
    """
    flat, width = _flat_chance(records), records.width
    if flat is None:  # the trait itself is recorded: one isotonic regression is the answer
        shares = one_peak(counts, width, best_peak(counts, width))
        return _log_likelihood(counts, shares), shares
    # a cell with no share at all could never get one again
    shares = 0.95 * one_peak(start, width, best_peak(start, width)) + 0.05 * width / width.sum()
    peak = np.zeros(len(counts), dtype=int)
    for round_ in range(ROUNDS):
        chance = np.maximum(shares @ flat.T, 1e-300)
        expected = shares * ((counts / chance) @ flat)
        if round_ % SEARCH_EVERY == 0:
            peak = best_peak(expected, width)
        shares = one_peak(expected, width, peak)
    return _log_likelihood(counts, shares @ flat.T), shares


def _fit_two(records: TraitRecords, counts: np.ndarray) -> tuple[np.ndarray, TwoComponents, np.ndarray]:
    """Fit two components to every sample; return log likelihoods, the components of the first sample, and all cells."""
    flat, x, width = _flat_chance(records), records.middle, records.width
    # where the first component starts and ends is read off the records themselves, as if they showed the trait
    seen = counts if flat is None else counts @ (flat / flat.sum(axis=1, keepdims=True).clip(1e-300))
    place = np.cumsum(seen, axis=1) / seen.sum(axis=1, keepdims=True)
    best = np.full(len(counts), -np.inf)
    kept = [np.zeros((len(counts), 2)) for _ in range(3)]
    smallest = width.min() / 2
    for split in SPLITS:
        first = place <= np.maximum(split, place[:, :1])
        parts = np.stack([seen * first, seen * ~first], axis=1) + 1e-9
        share, mean, sd = _moments(parts, x, smallest)
        for _ in range(ROUNDS):
            cells = _cells(share, mean, sd, records.edges)
            shares = cells.sum(axis=1)
            ratio = (counts / np.maximum(shares, 1e-300)) if flat is None else None
            if ratio is None:
                ratio = (counts / np.maximum(shares @ flat.T, 1e-300)) @ flat
            share, mean, sd = _moments(cells * ratio[:, None, :] + 1e-12, x, smallest)
        shares = _cells(share, mean, sd, records.edges).sum(axis=1)
        likelihood = _log_likelihood(counts, shares if flat is None else shares @ flat.T)
        better = likelihood > best
        best = np.where(better, likelihood, best)
        for place_, new in zip(kept, (share, mean, sd), strict=True):
            place_[better] = new[better]
    order = kept[1][0].argsort()
    cells = _cells(*kept, records.edges).sum(axis=1)
    return best, TwoComponents(*(part[0][order] for part in kept)), cells


def _moments(parts: np.ndarray, x: np.ndarray, smallest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return share, mean and standard deviation of both parts, each of shape (n_samples, 2)."""
    size = parts.sum(axis=2)
    mean = parts @ x / size
    variance = parts @ x**2 / size - mean**2
    return size / size.sum(axis=1, keepdims=True), mean, np.sqrt(np.maximum(variance, smallest**2))


def _cells(share: np.ndarray, mean: np.ndarray, sd: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the share of every cell in both components, shape (n_samples, 2, n_cells); all sum to 1."""
    inside = np.diff(ndtr((edges - mean[:, :, None]) / sd[:, :, None]), axis=2) + 1e-300
    # what a normal distribution has beyond the grid is given to the cells in proportion: the trait has no such values
    return share[:, :, None] * inside / inside.sum(axis=2, keepdims=True)

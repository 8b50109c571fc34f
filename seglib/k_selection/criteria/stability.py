"""Stability of a clustering: prediction strength, bootstrap, and agreement of restarts, for every k at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seglib.k_selection.criteria.batch_kmeans import Fit, Rows, best_starts


def contingency(first: np.ndarray, second: np.ndarray, k_first: int, k_second: int) -> np.ndarray:
    """Count the rows in every pair of clusters, shape (k_first, k_second)."""
    return np.bincount(first * k_second + second, minlength=k_first * k_second).reshape(k_first, k_second).astype(float)


def adjusted_rand(table: np.ndarray) -> float:
    """Return the adjusted Rand index of two clusterings from their contingency table (Hubert & Arabie 1985, eq. 5)."""
    pairs = (table * (table - 1)).sum() / 2
    a, b = table.sum(axis=1), table.sum(axis=0)
    first, second, n = (a * (a - 1)).sum() / 2, (b * (b - 1)).sum() / 2, a.sum()
    expected = first * second / (n * (n - 1) / 2)
    most = (first + second) / 2
    return 1.0 if most == expected else float((pairs - expected) / (most - expected))


def jaccard(table: np.ndarray) -> np.ndarray:
    """Return, for every cluster of the first clustering, its Jaccard index with the most similar one of the second.

    NaN for a cluster without any row.
    """
    size = table.sum(axis=1)
    union = size[:, None] + table.sum(axis=0)[None] - table
    best = (table / np.maximum(union, 1)).max(axis=1)
    return np.where(size > 0, best, np.nan)


def prediction_strength(
    rows: Rows, k_max: int, rng: np.random.Generator, *, n_splits: int = 50, n_init: int = 1
) -> np.ndarray:
    """Return how well one half of the rows predicts which rows of the other half belong together.

    Parameters
    ----------
    rows : Rows
    k_max : int
    rng : numpy.random.Generator
        Splits the rows and seeds the fits.
    n_splits : int, default=50
    n_init : int, default=1
        Starts of every fit.

    Returns
    -------
    ndarray, shape (n_splits, k_max)
        Between 0 and 1, mean over both directions of a split; 1 at k = 1. For each cluster, the share of its pairs of
        rows that the other half's centres also put together; the smallest of these shares. A cluster of one row counts
        0.

    Notes
    -----
    Tibshirani & Walther (2005), J. Comput. Graph. Stat. 14(3), eq. 2.1. The authors call k well supported where the
    mean is above .8 to .9. On the original workbook of this project it is, without any structure.
    """
    # Each half is clustered once for all k, and its centres then divide the other half, in both directions: a split
    # costs two sweeps of half the rows.
    n = len(rows.X)
    strength = np.ones((n_splits, k_max))
    for split in range(n_splits):
        order = rng.permutation(n)
        halves = [rows.take(np.sort(part)) for part in (order[: n // 2], order[n // 2 :])]
        fits = [best_starts(half, k_max, rng, n_init=n_init) for half in halves]
        for k in range(2, k_max + 1):
            one, other = (f[k - 1] for f in fits)
            both = _one_direction(halves[0], one, other), _one_direction(halves[1], other, one)
            strength[split, k - 1] = (both[0] + both[1]) / 2
    return strength


def _one_direction(half: Rows, test_fit: Fit, training_fit: Fit) -> float:
    """Return the smallest share of pairs of a cluster of one half that the centres of the other half put together."""
    # Pairs are counted, not listed: a cell of the table with m rows holds m (m - 1) ordered pairs that both put
    # together, and a cluster of n rows has n (n - 1).
    k = len(test_fit.centres)
    table = contingency(test_fit.labels, half.nearest(training_fit.centres), k, k)
    size = table.sum(axis=1)
    together = ((table * (table - 1)).sum(axis=1)) / np.maximum(size * (size - 1), 1)
    return float(together[size > 0].min())


def bootstrap(
    rows: Rows, fits: Sequence[Fit], rng: np.random.Generator, *, n_samples: int = 100, n_init: int = 1
) -> tuple[list[np.ndarray], np.ndarray]:
    """Cluster bootstrap samples of the rows, and measure how well segments are recovered and how far samples agree.

    Parameters
    ----------
    rows : Rows
    fits : sequence of Fit
        The clustering to be tested, for k = 1, 2, ...
    rng : numpy.random.Generator
    n_samples : int, default=100
        Each sample is also compared with the one before it.
    n_init : int, default=1
        Starts of every fit.

    Returns
    -------
    segments : list of ndarray, shape (n_samples, k)
        For k = 1, 2, ...: the Jaccard index of every segment with the most similar cluster of each sample, among the
        rows of the sample.
    agreement : ndarray, shape (n_samples - 1, k_max)
        Adjusted Rand index of the labels that the centres of two successive samples give to all rows.

    Notes
    -----
    Segments: Hennig (2007), Comput. Stat. Data Anal. 52(1): a mean below .6 should not be trusted, from .75 on it is a
    valid segment, from .85 on highly stable. Rows that are drawn more than once count once, as in that paper's own
    software. Agreement: Dolnicar & Leisch (2010), Marketing Letters 21(1).
    """
    # One sweep per sample serves both measures. Segments are compared among the rows of the sample; two samples have
    # different rows, so they are compared by the labels that their centres give to all rows.
    n, k_max = len(rows.X), len(fits)
    segments = [np.full((n_samples, k), np.nan) for k in range(1, k_max + 1)]
    agreement = np.ones((n_samples - 1, k_max))
    previous = None
    for b in range(n_samples):
        drawn = np.unique(rng.integers(0, n, n))
        refits = best_starts(rows.take(drawn), k_max, rng, n_init=n_init)
        all_labels = [rows.nearest(f.centres) for f in refits]
        for k in range(1, k_max + 1):
            table = contingency(fits[k - 1].labels[drawn], refits[k - 1].labels, k, k)
            segments[k - 1][b] = jaccard(table)
            if previous is not None:
                agreement[b - 1, k - 1] = adjusted_rand(contingency(previous[k - 1], all_labels[k - 1], k, k))
        previous = all_labels
    return segments, agreement


def mean_jaccard(per_sample: np.ndarray) -> np.ndarray:
    """Return the mean over the samples in which a segment had a row, 0 if there is none; shape (k,).

    ``per_sample`` is what `bootstrap` gives for one k.
    """
    drawn = ~np.isnan(per_sample)
    return np.where(drawn, per_sample, 0.0).sum(axis=0) / np.maximum(drawn.sum(axis=0), 1)


def restarts(starts: Sequence[Sequence[Fit]], best: Sequence[Fit]) -> np.ndarray:
    """Return how far single starts agree with the best start: mean adjusted Rand index, shape (k_max,).

    Parameters
    ----------
    starts : sequence of sequence of Fit
        The fits of every start for k = 1, 2, ...
    best : sequence of Fit
        The best of them for every k; it is not compared with itself.
    """
    agreement = np.ones(len(best))
    for place, fit in enumerate(best):
        k = len(fit.centres)
        others = [s[place] for s in starts if s[place] is not fit]
        if others:
            agreement[place] = np.mean([adjusted_rand(contingency(fit.labels, o.labels, k, k)) for o in others])
    return agreement


def flows(labels: dict[int, np.ndarray]) -> list[tuple[int, int, int, int]]:
    """List where the rows of every segment go with one segment more: k, from, to, rows."""
    moves = []
    for k in sorted(labels):
        if k + 1 in labels:
            table = contingency(labels[k], labels[k + 1], k, k + 1)
            moves += [(k, i, j, int(table[i, j])) for i in range(k) for j in range(k + 1) if table[i, j]]
    return moves


def segment_level_stability(came_from: np.ndarray) -> float:
    """Return the segment level stability across solutions (SLSa): 1 if all members come from the same segment.

    Parameters
    ----------
    came_from : ndarray of float, shape (k_old,)
        Number of the segment's members by the segment that they were in with one segment less.

    Notes
    -----
    1 - H / log(k_old), where H is the entropy of the segments that the members came from: Dolnicar & Leisch (2017),
    Marketing Letters 28(3). NaN where there was one segment only.
    """
    if len(came_from) < 2:
        return float("nan")
    share = came_from[came_from > 0] / came_from.sum()
    return float(1 + (share * np.log(share)).sum() / np.log(len(came_from)))

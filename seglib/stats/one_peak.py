"""The nearest sample with one peak: the same range and nearly the same values, without valleys between them."""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression

MOST_PEAKS = 40
"""Places that are tried for the peak, evenly spread over the values."""


def one_peak_values(x: np.ndarray) -> np.ndarray:
    """Return as many values as there are, from the most likely distribution with one peak.

    Parameters
    ----------
    x : ndarray of float, shape (n,)
        At least three different values.

    Returns
    -------
    ndarray of float, shape (n,)
        In ascending order, within the range of ``x``.

    Notes
    -----
    The density rises to the peak and falls behind it. For a given peak its maximum likelihood estimate is an isotonic
    regression on either side (Grenander 1956); the peak with the greatest likelihood is taken.

    Examples
    --------
    >>> values = one_peak_values(np.array([1.0, 1.1, 1.2, 1.3, 4.7, 4.8, 4.9, 5.0]))
    >>> bool(((values > 2) & (values < 4)).any())
    True
    """
    places, counts = np.unique(np.asarray(x, dtype=float), return_counts=True)
    gap = np.diff(places)
    # half of the mass of a value lies in the gap to its left, half in that to its right; all of it at either end
    mass = (counts[1:] + counts[:-1]) / 2
    mass[0] += counts[0] / 2
    mass[-1] += counts[-1] / 2
    mass = mass / mass.sum()
    density, best, fitted = mass / gap, -np.inf, None
    for peak in np.unique(np.linspace(0, len(gap), MOST_PEAKS).astype(int)):
        left = isotonic_regression(density[:peak], weights=gap[:peak], increasing=True).x if peak else density[:0]
        right = density[:0]
        if peak < len(gap):
            right = isotonic_regression(density[peak:], weights=gap[peak:], increasing=False).x
        candidate = np.concatenate([left, right])
        likelihood = float((mass * np.log(np.maximum(candidate, 1e-300))).sum())
        if likelihood > best:
            best, fitted = likelihood, candidate
    cumulative = np.concatenate([[0.0], np.cumsum(fitted * gap)])
    n = int(counts.sum())
    return np.interp((np.arange(n) + 0.5) / n, cumulative / cumulative[-1], places)

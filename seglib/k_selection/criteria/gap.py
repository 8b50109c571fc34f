"""The gap statistic: is the inertia smaller than that of rows spread evenly over a box?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts


def box_inertias(
    rows: Rows, k_max: int, rng: np.random.Generator, *, n_references: int = 100, n_init: int = 1
) -> np.ndarray:
    """Return log inertias of rows spread evenly over a box along the principal components.

    Parameters
    ----------
    rows : Rows
    k_max : int
    rng : numpy.random.Generator
    n_references : int, default=100
    n_init : int, default=1
        Starts of every fit, the same number as for the data.

    Returns
    -------
    ndarray, shape (n_references, k_max)
        log W_k for k = 1, ..., k_max.
    """
    # The box is laid along the principal components of the data, so that it does not depend on the axes and is not
    # wider than the data where columns are correlated. Rows are drawn there and turned back.
    X = rows.X.astype(np.float64)
    axes = np.linalg.svd(X, full_matrices=False)[2]
    turned = X @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    log_inertias = np.empty((n_references, k_max))
    for b in range(n_references):
        reference = Rows(rng.uniform(low, high, size=turned.shape) @ axes)
        log_inertias[b] = [log_inertia(f.inertia) for f in best_starts(reference, k_max, rng, n_init=n_init)]
    return log_inertias


def log_inertia(inertia: float) -> float:
    """Return the logarithm of an inertia, which may be zero."""
    return float(np.log(max(inertia, 1e-12)))


def gap(inertia: Sequence[float], references: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Gap(k) and s_k for k = 1, 2, ...

    Parameters
    ----------
    inertia : sequence of float, shape (k_max,)
    references : ndarray, shape (n_references, k_max)
        From `box_inertias`.

    Notes
    -----
    Gap(k) = E*[log W_k] - log W_k, s_k = sd sqrt(1 + 1/B): Tibshirani, Walther & Hastie (2001), J. R. Stat. Soc. B
    63(2), section 3, with the reference of section 4 (b).
    """
    observed = np.array([log_inertia(w) for w in inertia])
    return references.mean(axis=0) - observed, references.std(axis=0) * np.sqrt(1 + 1 / len(references))


def gap_choice(gaps: np.ndarray, errors: np.ndarray) -> int:
    """Return the smallest k with Gap(k) >= Gap(k + 1) - s_(k + 1); the last k where there is none (1 is possible)."""
    enough = np.flatnonzero(gaps[:-1] >= gaps[1:] - errors[1:])
    return int(enough[0]) + 1 if len(enough) else len(gaps)

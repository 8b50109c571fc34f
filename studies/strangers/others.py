"""What other tools would have said of the same matrix: the number of groups by four usual criteria.

None of them is compared with a null model. Two can answer that there is one group only (`gap_k` and
`prediction_strength_k`); two always answer with two groups or more (`silhouette_k` and, where the curve bends,
`elbow_k`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from seglib.k_selection import Fit, Rows, best_starts, box_inertias, cluster_indices, gap, gap_choice
from seglib.k_selection import prediction_strength as split_halves

K_MAX, N_STARTS = 10, 5
N_REFERENCES, N_SPLITS = 20, 10
SUPPORTED = 0.8
"""From which mean prediction strength on a number of groups is called supported (Tibshirani & Walther 2005)."""

MOST_ROWS = 2_500
"""Of more rows a sample is used."""


def others(X: np.ndarray, seed: int) -> dict[str, int | None]:
    """Return the number of groups by each criterion.

    Parameters
    ----------
    X : array-like of float, shape (n_rows, n_columns)
    seed : int

    Returns
    -------
    dict
        gap, prediction_strength, silhouette and elbow: the number of groups from 1 on; None: the curve has no elbow.
    """
    rng = np.random.default_rng([seed, 17])
    X = np.asarray(X, dtype=np.float64)
    if len(X) > MOST_ROWS:
        X = X[np.sort(rng.choice(len(X), MOST_ROWS, replace=False))]
    rows = Rows(X)
    k_max = min(K_MAX, len(np.unique(X, axis=0)), len(X) // 4)
    fits = best_starts(rows, k_max, rng, n_init=N_STARTS)
    return {
        "gap": gap_k(rows, fits, rng),
        "prediction_strength": prediction_strength_k(rows, k_max, rng),
        "silhouette": silhouette_k(rows, fits),
        "elbow": elbow_k(fits),
    }


def gap_k(rows: Rows, fits: Sequence[Fit], rng: np.random.Generator) -> int:
    """Return k by the gap statistic and its own rule (Tibshirani, Walther & Hastie 2001); 1 is possible."""
    references = box_inertias(rows, len(fits), rng, n_references=N_REFERENCES, n_init=1)
    return gap_choice(*gap([fit.inertia for fit in fits], references))


def prediction_strength_k(rows: Rows, k_max: int, rng: np.random.Generator) -> int:
    """Return the largest k with a mean prediction strength of at least .8; 1 is possible."""
    strength = split_halves(rows, k_max, rng, n_splits=N_SPLITS, n_init=2).mean(axis=0)
    return int(np.flatnonzero(strength >= SUPPORTED).max()) + 1


def silhouette_k(rows: Rows, fits: Sequence[Fit]) -> int:
    """Return the k with the greatest mean silhouette width; at least 2."""
    return int(np.nanargmax(cluster_indices(rows, fits)["silhouette"])) + 1


def elbow_k(fits: Sequence[Fit]) -> int | None:
    """Return the k at which the inertia over k = 1, 2, ... bends most, as kneed finds it; None: nowhere."""
    from kneed import KneeLocator  # takes most of a second to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kneed warns where there is no knee; None says the same
        inertia = [fit.inertia for fit in fits]
        knee = KneeLocator(range(1, len(fits) + 1), inertia, curve="convex", direction="decreasing").knee
    return None if knee is None else int(knee)

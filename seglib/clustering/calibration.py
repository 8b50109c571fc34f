"""Does a probability keep its word? Of those who were given 80%, are 80 of 100 right?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit

N_BINS = 10
"""Bins of equal width in which probabilities are compared with what came of them."""

NEAREST_TO_CERTAIN = 1e-4
"""Raw probabilities nearer to 0 or 1 than this count as if they were just so near: their logit stays finite."""


def reliability(probability: np.ndarray, right: np.ndarray, *, n_bins: int = N_BINS) -> pd.DataFrame:
    """Compare probabilities with what came of them, in bins of equal width.

    Parameters
    ----------
    probability : ndarray of float, shape (n,)
    right : ndarray of bool, shape (n,)
    n_bins : int, default=10

    Returns
    -------
    pandas.DataFrame
        One row per bin: low, high (its limits; the last bin includes 1), customers, mean_probability, share_right; the
        last two are missing where nobody is in the bin.
    """
    place = bin_of(probability, n_bins)
    customers = np.bincount(place, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        promised = np.bincount(place, probability, n_bins) / customers
        kept = np.bincount(place, right, n_bins) / customers
    edges = np.linspace(0, 1, n_bins + 1)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "customers": customers,
            "mean_probability": promised,
            "share_right": kept,
        }
    )


def bin_of(probability: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Return the number of the bin that each probability lies in."""
    return np.minimum((np.asarray(probability) * n_bins).astype(int), n_bins - 1)


def calibration_error(table: pd.DataFrame) -> float:
    """Return the expected calibration error: the mean distance of promise and outcome, weighted by customers.

    Parameters
    ----------
    table : pandas.DataFrame
        From `reliability`.

    Notes
    -----
    Naeini, Cooper & Hauskrecht (2015), AAAI 29. It is above 0 by chance: with 1,000 customers a perfect probability has
    one of .01 to .02.
    """
    gap = (table["mean_probability"] - table["share_right"]).abs()
    return float((gap * table["customers"]).sum() / table["customers"].sum())


def fit_platt(raw: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Fit the logistic map from raw to calibrated probabilities.

    Parameters
    ----------
    raw : ndarray of float, shape (n,)
        Between 0 and 1.
    right : ndarray of bool, shape (n,)

    Returns
    -------
    slope, intercept : float
        Of the log-odds of being right on the log-odds of ``raw``. A map that would turn the order round is replaced by
        the mean: slope 0.

    Notes
    -----
    Platt (1999), with his targets: of n+ right ones each counts as (n+ + 1) / (n+ + 2) instead of 1, of n- wrong ones
    each as 1 / (n- + 2), so that the map stays finite where all are right. Newton's method. Isotonic regression beside
    it had no smaller error, and makes steps of customers whom the posterior can tell apart.
    """
    score, right = _log_odds(raw), np.asarray(right, dtype=bool)
    n_right, n_wrong = int(right.sum()), int((~right).sum())
    target = np.where(right, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))
    mean = logit(target.mean())
    columns = np.stack([score, np.ones_like(score)], axis=1)
    theta = np.array([1.0, 0.0])
    for _ in range(50):
        fitted = expit(columns @ theta)
        weight = fitted * (1 - fitted)
        # a little ridge: where all scores are equal, slope and intercept cannot be told apart
        information = (columns * weight[:, None]).T @ columns + 1e-6 * np.eye(2)
        step = np.linalg.solve(information, columns.T @ (target - fitted))
        step *= min(1.0, 2.0 / np.abs(step).max(initial=1e-12))
        theta = theta + step
        if np.abs(step).max() < 1e-8:
            break
    return (float(theta[0]), float(theta[1])) if theta[0] > 0 else (0.0, float(mean))


def apply_platt(raw: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """Return calibrated probabilities."""
    return expit(slope * _log_odds(raw) + intercept)


def _log_odds(raw: np.ndarray) -> np.ndarray:
    return logit(np.clip(raw, NEAREST_TO_CERTAIN, 1 - NEAREST_TO_CERTAIN))

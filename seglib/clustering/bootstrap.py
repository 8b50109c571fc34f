"""How sure is a customer's segment? Models of other samples of the same customers are asked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

from seglib.k_selection import Rows, best_starts, contingency

CHUNK = 50_000
"""Rows that are compared with all centres at one time."""

BANDS = (0.5, 0.8, 0.95)
"""Where `bands` of agreement are cut."""

LOW_AGREEMENT = 0.95
"""Where fewer models agree, a customer wavers between segments: half of them are wrong (`studies/certainty.md`)."""


@dataclass(frozen=True)
class Bootstrap:
    """Models of bootstrap samples of the rows, their clusters in the order of the segments they most resemble.

    Attributes
    ----------
    centres : ndarray of float64, shape (n_models, k, n_columns)
    """

    centres: np.ndarray

    def agreement(self, X: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the share of the models that put each row where it is.

        Parameters
        ----------
        X : ndarray of float, shape (n_rows, n_columns)
        labels : ndarray of int, shape (n_rows,)
            The number of each row's segment.

        Returns
        -------
        ndarray of float, shape (n_rows,)
            Between 0 and 1.
        """
        share = np.empty(len(X))
        with threadpool_limits(limits=1):
            for start in range(0, len(X), CHUNK):
                part = slice(start, start + CHUNK)
                share[part] = self._agreeing(np.asarray(X[part], dtype=np.float64), labels[part])
        return share

    def _agreeing(self, X: np.ndarray, labels: np.ndarray) -> np.ndarray:
        agreeing = np.zeros(len(X))
        for centres in self.centres:
            closeness = X @ centres.T - 0.5 * np.einsum("ij,ij->i", centres, centres)
            agreeing += closeness.argmax(axis=1) == labels
        return agreeing / len(self.centres)


def bootstrap_models(
    X: np.ndarray,
    centres: np.ndarray,
    *,
    n_models: int = 100,
    n_init: int = 3,
    sample_rows: int = 10_000,
    seed: int = 0,
) -> Bootstrap:
    """Cluster bootstrap samples of the rows, and match their clusters with those of the segmentation.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    centres : ndarray of float, shape (k, n_columns)
        Of the segmentation.
    n_models : int, default=100
    n_init : int, default=3
        Starts of every model: a segmentation that hangs on the start is not sure either.
    sample_rows : int, default=10_000
        Of more rows, so many are drawn for each model. Smaller samples differ more, so that agreement is understated.
    seed : int, default=0
        Every model has a generator of its own, by its number.

    Returns
    -------
    Bootstrap

    Notes
    -----
    As many rows as there are, drawn with replacement (Efron & Tibshirani 1993, ch. 6), clustered anew. Clusters are
    matched with the segments so that as many of the drawn rows as possible stay where they are (Hungarian method).
    """
    k, n = len(centres), min(len(X), sample_rows)
    models = np.full((n_models, *centres.shape), 1e30)  # a segment without a counterpart wins no row
    with threadpool_limits(limits=1):
        rows = Rows(X)
        own = rows.nearest((centres - rows.shift).astype(np.float32))
        for number in range(n_models):
            rng = np.random.default_rng([seed, number])
            drawn = rng.integers(0, len(X), n)
            sample = rows.take(drawn)
            most = min(k, len(np.unique(drawn)))
            found = best_starts(sample, most, rng, n_init=n_init)[-1]
            table = contingency(own[drawn], found.labels, k, most)
            here, there = linear_sum_assignment(-table)
            models[number, here] = found.centres[there] + rows.shift
    return Bootstrap(models)


def bands(agreement: pd.Series) -> pd.Series:
    """Return the band that each customer's agreement lies in, such as "80% to 95%", in their order."""
    names = [f"{low:.0%} to {high:.0%}" for low, high in pairwise([0.0, *BANDS, 1.0])]
    return pd.cut(agreement, [-np.inf, *BANDS, np.inf], labels=names, right=False)


def reliability(agreement: pd.Series, right: pd.Series) -> pd.DataFrame:
    """Say how often customers are where they belong, by how many models agree: is the agreement honest?

    Parameters
    ----------
    agreement : pandas.Series of float
        `Bootstrap.agreement` by customer.
    right : pandas.Series of bool
        Whether the customer is in the segment that was planted for them, on the same index.

    Returns
    -------
    pandas.DataFrame
        One row a band: agreement (such as "80% to 95%"), customers, share_right (missing where there is nobody).
    """
    found = right.astype(float).groupby(bands(agreement), observed=False).agg(["size", "mean"])
    return found.set_axis(["customers", "share_right"], axis="columns").rename_axis("agreement").reset_index()


def planted_right(segments: pd.Series, planted: pd.Series) -> pd.Series:
    """Return whether each customer is in the segment that was planted for them.

    Every segment stands for one planted one, and the other way round, so that most customers are right.

    Parameters
    ----------
    segments, planted : pandas.Series of str
        By customer, on the same index.
    """
    table = pd.crosstab(segments, planted)
    here, there = linear_sum_assignment(-table.to_numpy())
    stands_for = dict(zip(table.index[here], table.columns[there], strict=True))
    return segments.map(stands_for).eq(planted)

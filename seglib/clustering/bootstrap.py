"""Bootstrap: would another sample of the same customers put a customer into the same segment?"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

from seglib.k_selection import Rows, best_starts, contingency

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHUNK = 50_000
"""Rows that are compared with all centres at one time."""

BANDS = (0.5, 0.8, 0.95)
"""Where `bands` of agreement are cut."""

LOW_AGREEMENT = 0.95
"""Below this share of the models a customer's segment is uncertain: half of them are wrong (`studies/certainty.md`)."""

FAR_AWAY = 1e30
"""Coordinate of the centre of a segment that a bootstrap model does not have."""


@dataclass(frozen=True)
class Bootstrap:
    """Models of bootstrap samples of the rows, each with its clusters in the order of the segments they match.

    Attributes
    ----------
    centres : ndarray of float64, shape (n_models, k, n_columns)
    """

    centres: np.ndarray

    def agreement(self, X: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the share of the models that put each row into its segment.

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
                share[part] = self._agreement(np.asarray(X[part], dtype=np.float64), labels[part])
        return share

    def _agreement(self, X: np.ndarray, labels: np.ndarray) -> np.ndarray:
        n_agreeing = np.zeros(len(X))
        for centres in self.centres:
            # |x - c|^2 = |x|^2 - 2 (x.c - |c|^2 / 2): |x|^2 is the same for every centre, so the nearest one has the
            # greatest value in brackets, and that takes one matrix product instead of all differences
            closeness = X @ centres.T - 0.5 * np.einsum("ij,ij->i", centres, centres)
            n_agreeing += closeness.argmax(axis=1) == labels
        return n_agreeing / len(self.centres)


def bootstrap_models(
    X: np.ndarray,
    centres: np.ndarray,
    *,
    n_models: int = 100,
    n_init: int = 3,
    sample_rows: int = 10_000,
    seed: int = 0,
) -> Bootstrap:
    """Cluster bootstrap samples of the rows, and match their clusters with the segments.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    centres : ndarray of float, shape (k, n_columns)
        Of the segmentation.
    n_models : int, default=100
    n_init : int, default=3
        Starts of every model: a segment that depends on the start is uncertain, too.
    sample_rows : int, default=10_000
        Largest size of a sample. Smaller samples differ more, so that agreement is understated.
    seed : int, default=0
        Every model has a generator of its own, by its number.

    Returns
    -------
    Bootstrap

    Notes
    -----
    As many rows as there are, drawn with replacement (Efron & Tibshirani 1993, ch. 6), and clustered. Clusters are
    matched with the segments so that as many of the drawn rows as possible stay in theirs (Hungarian method).
    """
    k, n = len(centres), min(len(X), sample_rows)
    models = np.full((n_models, *centres.shape), FAR_AWAY)
    with threadpool_limits(limits=1):
        rows = Rows(X)
        labels = rows.nearest((centres - rows.shift).astype(np.float32))
        for number in range(n_models):
            rng = np.random.default_rng([seed, number])
            drawn = rng.integers(0, len(X), n)
            # a sample with fewer different rows than k cannot make k clusters: the segments that are then left without
            # a counterpart keep the centre that is far away, so no row agrees with them
            n_clusters = min(k, len(np.unique(drawn)))
            fit = best_starts(rows.take(drawn), n_clusters, rng, n_init=n_init)[-1]
            # the numbers of the clusters mean nothing: each becomes the segment with which it shares most rows, in the
            # one-to-one assignment that has most rows in common over all segments together
            common = contingency(labels[drawn], fit.labels, k, n_clusters)
            segment, cluster = linear_sum_assignment(-common)
            models[number, segment] = fit.centres[cluster] + rows.shift
    return Bootstrap(models)


def bootstrap_rules(
    X: np.ndarray, labels: np.ndarray, k: int, *, n_models: int = 100, sample_rows: int = 10_000, seed: int = 0
) -> Bootstrap:
    """Compute the centres of given labels in bootstrap samples of the rows.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
        0, ..., k - 1.
    k : int
    n_models, sample_rows, seed
        As in `bootstrap_models`.

    Returns
    -------
    Bootstrap
        Each model is the rule of the nearest centre. The segment of which a sample has no row is far away in it.
    """
    n = min(len(X), sample_rows)
    models = np.full((n_models, k, X.shape[1]), FAR_AWAY)
    for number in range(n_models):
        drawn = np.random.default_rng([seed, number]).integers(0, len(X), n)
        means = pd.DataFrame(X[drawn]).groupby(labels[drawn]).mean()
        models[number, means.index] = means.to_numpy()
    return Bootstrap(models)


def bands(agreement: pd.Series) -> pd.Series:
    """Return the band that each customer's agreement lies in, such as "80% to 95%", as an ordered category."""
    names = [f"{low:.0%} to {high:.0%}" for low, high in pairwise([0.0, *BANDS, 1.0])]
    return pd.cut(agreement, [-np.inf, *BANDS, np.inf], labels=names, right=False)


@dataclass(frozen=True)
class Agreement:
    """How many bootstrap models agree with the segments of the customers.

    Attributes
    ----------
    segments : pandas.DataFrame
        By customer: segment, agreement, margin.
    n_models : int
    """

    segments: pd.DataFrame = field(repr=False)
    n_models: int

    @property
    def table(self) -> pd.DataFrame:
        """One row per band: agreement, customers, median_confidence (the margin), share of the customers."""
        band = bands(self.segments["agreement"])
        table = self.segments.groupby(band, observed=False)["margin"].agg(["size", "median"])
        table = table.set_axis(["customers", "median_confidence"], axis="columns").rename_axis("agreement")
        return table.reset_index().assign(share=lambda t: t["customers"] / len(self.segments))

    @property
    def low(self) -> float:
        """Share of the customers with low agreement."""
        return float((self.segments["agreement"] < LOW_AGREEMENT).mean())

    @property
    def text(self) -> str:
        """For how many customers the models disagree."""
        return f"For {self.low:.0%} of the customers fewer than {LOW_AGREEMENT:.0%} of the models agree."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Share of models that agree, by segment, sorted; {self.low:.0%} of customers lie below {LOW_AGREEMENT}."

    @property
    def caption(self) -> str:
        """Number of models and of customers."""
        return f"{self.n_models} models of bootstrap samples; {len(self.segments):,} customers."

    def figure(self) -> Axes:
        """Draw the agreement of the members of each segment, sorted."""
        from seglib.plots import plot_agreement

        return plot_agreement(self.segments, near=LOW_AGREEMENT)

"""How likely is it that a customer belongs where they are put? A calibrated probability, and how it keeps its word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import issparse
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from seglib.clustering.calibration import (
    N_BINS,
    apply_platt,
    bin_of,
    calibration_error,
    fit_platt,
    reliability,
)
from seglib.clustering.coupon_mixture import COUPON_PARTS, coupon_parts, draw_coupons, stands_for
from seglib.clustering.mixture import Levels, Mixture, Normal, Part, fit_mixture, level_strength, shrinkage_strength
from seglib.clustering.segmentation import Segmentation
from seglib.k_selection import contingency
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from seglib.preprocessing import Matrix

LOW_PROBABILITY = 0.7
"""Below it a customer counts as borderline. Nagin (2005), *Group-Based Modeling of Development*, section 5.5, asks of
the members of a group that they belong to it with a probability of .7 on average."""

SAMPLE_ROWS = 3_000
"""The mixture is fitted to at most so many customers; all customers get a probability from it."""

N_SIMULATED = 2_000
"""Shops are simulated until there are about so many customers to learn the calibration from; at least one shop."""

MOST_SHOPS = 20
"""Of a few customers no more shops than these are simulated: the calibration is then less certain."""

CHUNK = 50_000
"""Customers whose probabilities are computed at one time."""

NOT_A_CUSTOMER = (
    "No probability is given: a row is a transaction, so a customer was never put anywhere as a whole; confidence is "
    "the share of their rows in the segment."
)


@dataclass(frozen=True)
class Membership:
    """The probability that each customer belongs where they are put, if these segments are taken as given.

    The segments are read as the groups of a mixture: customers of a group behave alike, as far as chance and their own
    taste allow. The probability says how likely it is that a customer comes from the group that their segment stands
    for. It says nothing about whether there are groups at all, which is the question of the verdict (04): where
    customers differ only gradually, it is the probability under a mixture that describes them with as many groups as
    there are segments, and most customers then have a low one.

    Attributes
    ----------
    segments : pandas.DataFrame
        Indexed like the matrix: segment, probability (missing where a row is a transaction).
    raw : pandas.Series of float
        The posterior probability of the mixture, before it was calibrated.
    table : pandas.DataFrame
        Reliability in ten bins, from simulated shops whose groups are known: low, high (limits of the probability),
        customers (of this shop), simulated (customers of the simulated shops), mean_probability and share_right (of the
        simulated customers). Those whose outcomes are compared had no part in their calibration.
    n_shops : int
        Number of simulated shops.
    reason : str
        Why there are no probabilities; empty if there are some.
    """

    segments: pd.DataFrame = field(repr=False)
    raw: pd.Series = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    n_shops: int
    reason: str = ""

    @property
    def probability(self) -> pd.Series:
        """By row of the matrix."""
        return self.segments["probability"]

    @property
    def low(self) -> float:
        """Share of the customers with a probability below `LOW_PROBABILITY`."""
        return float((self.probability < LOW_PROBABILITY).mean())

    @property
    def error(self) -> float:
        """Expected calibration error in the simulated shops."""
        return calibration_error(self.table.rename(columns={"customers": "own", "simulated": "customers"}))

    @property
    def text(self) -> str:
        """How sure the segments of the customers are, and what that presumes."""
        if self.reason:
            return self.reason
        return (
            f"If these segments are taken as given, a customer belongs where they are put with a probability of "
            f"{percent(self.probability.mean())} on average; for {percent(self.low)} of the customers it is less than "
            f"{LOW_PROBABILITY:.0%}."
        )

    @property
    def alt(self) -> str:
        """What the figure shows; empty where there is none."""
        if self.reason:
            return ""
        some = self.table[self.table["simulated"] > 0]
        worst = (some["mean_probability"] - some["share_right"]).abs()
        row = some.loc[worst.idxmax()]
        return (
            "Reliability diagram: share of simulated customers in the right segment by their probability, beside the "
            f"diagonal. Furthest from it are those of {row['low']:.0%} to {row['high']:.0%}: {row['share_right']:.0%} "
            f"right at a mean probability of {row['mean_probability']:.0%}."
        )

    @property
    def caption(self) -> str:
        """Whose outcomes are compared, and how many customers of this shop have which probability."""
        if self.reason:
            return ""
        return (
            f"Points: {int(self.table['simulated'].sum()):,} customers of "
            f"{'one simulated shop' if self.n_shops == 1 else f'{self.n_shops} simulated shops'}, whose groups are "
            f"known, by probability, with 95% intervals; expected calibration error {self.error:.3f}. Bars: the "
            f"{len(self.segments):,} customers of this shop."
        )

    def figure(self) -> Axes:
        """Draw the reliability diagram."""
        from seglib.plots import plot_reliability

        return plot_reliability(self.table)


@dataclass(frozen=True)
class _Described:
    """Some customers as a mixture sees them.

    Attributes
    ----------
    parts : dict of str to Part
    level_columns : dict of str to list of int
        By source that is a name, the columns of the matrix that stand for its levels.
    number_columns : list of int
        Columns of the matrix that are numbers and do not come from coupons.
    """

    parts: dict[str, Part]
    level_columns: dict[str, list[int]]
    number_columns: list[int]


def membership_probability(
    fit: Segmentation,
    matrix: Matrix,
    features: pd.DataFrame,
    study: Study = DEFAULT_STUDY,
    *,
    sample_rows: int = SAMPLE_ROWS,
    n_simulated: int = N_SIMULATED,
    seed: int = 0,
) -> Membership:
    """Compute how likely each customer belongs to the segment they are put into.

    Parameters
    ----------
    fit : Segmentation
        Segments of the rows of the matrix.
    matrix : seglib.preprocessing.Matrix
        With its pipeline.
    features : pandas.DataFrame
        ``features.parquet``, indexed by customer_id.
    study : Study, optional
        Its shrinkage makes features of simulated coupons.
    sample_rows : int
        The mixture is fitted to at most so many customers, drawn at random.
    n_simulated : int
        Number of simulated customers that the calibration is learned from, about.
    seed : int, default=0

    Returns
    -------
    Membership
        Without probabilities where a row of the matrix is a transaction, or the segments were given.

    Notes
    -----
    1. A finite mixture with a group for each segment is fitted by EM from the segments. What comes from coupons is
       described by the process that makes it (`seglib.clustering.coupon_mixture`), so that two coupons say less than
       twenty; names by their shares; other numbers by a normal distribution. Groups stand for segments one to one
       (Hungarian method on how many customers of a segment most likely come from a group).
    2. Parametric bootstrap: customers are simulated from the mixture, so that their groups are known. They are
       clustered again by KMeans, and the mixture is fitted again from the result. A search for the best of many starts
       would now and then find another partition, and the simulation would answer for other segments than these: so
       KMeans starts from the centres of the segments.
    3. From the simulated customers a logistic map (Platt 1999) is learned: of those with a raw probability of .9, how
       many are in the segment that stands for their group? It corrects what the raw posterior does not know: that the
       mixture was itself estimated from segments that err.

    What the simulation cannot know is how far the mixture is from the truth. `studies/membership.md` has how well the
    probability keeps its word on shops of two other generators, beside the margin and the agreement of bootstrap
    models.
    """
    labels, k = fit.numbers.to_numpy(), fit.k
    reason = fit.why_no_probability or (NOT_A_CUSTOMER if matrix.table.index.nlevels > 1 else "")
    if reason:
        missing = pd.Series(np.nan, fit.table.index)
        empty = _compared(np.array([]), np.array([]), np.array([]))
        return Membership(fit.table[["segment"]].assign(probability=missing), missing, empty, 0, reason)
    rng = np.random.default_rng([seed, 0])
    chosen = np.sort(rng.permutation(len(labels))[:sample_rows])
    X, features = matrix.prepared.to_numpy(), features.reindex(matrix.table.index)
    n_shops = int(np.clip(round(n_simulated / len(chosen)), 1, MOST_SHOPS))
    with threadpool_limits(limits=1):
        described = _describe(features.iloc[chosen], X[chosen], matrix, labels[chosen], k)
        mixture = fit_mixture(list(described.parts.values()), labels[chosen], k)
        posterior = mixture.posterior(list(described.parts.values()))
        group_of = _stands_for(posterior, labels[chosen])
        shops = [
            _simulate(
                features.iloc[chosen],
                X[chosen],
                matrix,
                described,
                mixture,
                posterior,
                fit.centres.to_numpy(),
                study.shrinkage,
                np.random.default_rng([seed, number]),
            )
            for number in range(1, n_shops + 1)
        ]
        raw = np.empty(len(labels))
        for start in range(0, len(labels), CHUNK):
            rows = slice(start, start + CHUNK)
            of_rows = _describe(features.iloc[rows], X[rows], matrix, labels[rows], k)
            of_groups = mixture.posterior(list(of_rows.parts.values()))
            raw[rows] = of_groups[np.arange(len(of_groups)), group_of[labels[rows]]]
    simulated, right = (np.concatenate(column) for column in zip(*shops, strict=True))
    probability = apply_platt(raw, *fit_platt(simulated, right))
    table = _compared(probability, _out_of_sample(simulated, right), right)
    index = fit.table.index
    return Membership(
        fit.table[["segment"]].assign(probability=np.round(probability, 6)), pd.Series(raw, index), table, n_shops
    )


def _describe(features: pd.DataFrame, X: np.ndarray, matrix: Matrix, labels: np.ndarray, k: int) -> _Described:
    """Return the parts of a mixture for all sources of the matrix."""
    parts: dict[str, Part] = dict(coupon_parts(features, matrix.sources))
    covered = stands_for(parts)
    level_columns, number_columns = {}, []
    for source, columns in zip(matrix.sources, matrix.places, strict=True):
        if source in covered:
            continue
        if source in matrix.nominal or matrix.prepared[source].nunique() == 2:
            codes = _level_codes(X[:, columns], matrix.prepared.iloc[:, columns[0]].min())
            share = np.bincount(codes, minlength=max(len(columns), 2)) + 0.5
            strength = level_strength(codes, labels, len(share), k)
            parts[source] = Levels(codes, share / share.sum(), strength)
            level_columns[source] = columns
        else:
            number_columns += columns
    if number_columns:
        values = X[:, number_columns]
        parts["numbers"] = Normal(values, *shrinkage_strength(values, labels, k))
    return _Described(parts, level_columns, number_columns)


def _level_codes(columns: np.ndarray, lowest: float) -> np.ndarray:
    """Return the number of the level of each row: from dummy columns, or from one column of two values."""
    if columns.shape[1] > 1:
        return columns.argmax(axis=1)
    return (columns[:, 0] > lowest).astype(np.int64)


def _stands_for(posterior: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the group that each segment stands for: the one-to-one assignment that most customers agree with."""
    k = posterior.shape[1]
    common = np.stack([posterior[labels == number].sum(axis=0) for number in range(k)])
    return linear_sum_assignment(-common)[1]


def _simulate(
    features: pd.DataFrame,
    X: np.ndarray,
    matrix: Matrix,
    described: _Described,
    mixture: Mixture,
    posterior: np.ndarray,
    centres: np.ndarray,
    shrinkage: Mapping[str, float | None],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate a shop from the mixture, cluster it, and fit the mixture again.

    Returns
    -------
    raw : ndarray of float, shape (n_rows,)
        Posterior probability of the segment of each simulated customer.
    right : ndarray of bool, shape (n_rows,)
        Whether that segment is the one that stands for their group.
    """
    n_rows, k = posterior.shape
    params = dict(zip(described.parts, mixture.params, strict=True))
    # every simulated customer is observed for as long as a real one, and comes from a group that this one may be from
    group = np.minimum((rng.random(n_rows)[:, None] > posterior.cumsum(axis=1)).sum(axis=1), k - 1)
    of_coupons = {name: part for name, part in described.parts.items() if name in COUPON_PARTS}
    simulated = draw_coupons(features, of_coupons, params, group, shrinkage, rng) if of_coupons else features
    new = X.copy()
    if of_coupons:
        transformed = matrix.pipeline["columns"].transform(simulated)
        new = np.array(transformed.toarray() if issparse(transformed) else transformed, dtype=np.float64)
    for source, columns in described.level_columns.items():
        level = described.parts[source].draw(params[source], group, rng)
        if len(columns) == 1:  # a yes or no in one column
            new[:, columns[0]] = np.unique(matrix.prepared.iloc[:, columns[0]])[level]
            continue
        height = X[:, columns].max()  # of a dummy column: 1, times the weight of the name
        new[:, columns] = 0.0
        new[np.arange(n_rows), np.array(columns)[level]] = height
    if described.number_columns:
        new[:, described.number_columns] = described.parts["numbers"].draw(params["numbers"], group, rng)
    labels = KMeans(k, init=centres, n_init=1).fit(matrix.finish(new)).labels_
    again = list(_describe(simulated, new, matrix, labels, k).parts.values())
    of_groups = fit_mixture(again, labels, k).posterior(again)
    raw = of_groups[np.arange(n_rows), _stands_for(of_groups, labels)[labels]]
    segment, true_group = linear_sum_assignment(-contingency(labels, group, k, k))
    return raw, true_group[np.argsort(segment)][labels] == group


def _out_of_sample(raw: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Calibrate each half of the simulated customers by what was learned from the other half."""
    probability = np.empty(len(raw))
    even = np.arange(len(raw)) % 2 == 0
    for half in (even, ~even):
        probability[half] = apply_platt(raw[half], *fit_platt(raw[~half], right[~half]))
    return probability


def _compared(probability: np.ndarray, simulated: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """Return the reliability of simulated customers, beside the number of real ones in each bin."""
    table = reliability(simulated, right).rename(columns={"customers": "simulated"})
    table.insert(2, "customers", np.bincount(bin_of(probability), minlength=N_BINS))
    return table

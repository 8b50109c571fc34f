"""08 What is the effect on one outcome: per segment, of all together, and the same everywhere?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.stats import (
    ArmMoments,
    Difference,
    Heterogeneity,
    arm_moments,
    randomisation_test,
    share_difference,
    share_heterogeneity,
)
from seglib.style import position

ALL = "all"
"""The row of all segments together, weighted by their sizes."""

EFFECT_COLUMNS = [
    *("outcome", "segment", "customers", "control", "treated_value", "control_value"),
    *("effect", "low", "high", "p"),
]


@dataclass(frozen=True)
class Effects:
    """The effect on one outcome.

    Attributes
    ----------
    outcome, kind : str
        Its name; "share" or "mean".
    table : pandas.DataFrame
        One row for all together, then one per segment: `EFFECT_COLUMNS`. customers are those who were written to.
        Values of all together are weighted as the effect is: by the sizes of the segments.
    p : float
        Of no effect, all together. Of means: the larger one of Welch's test and of the randomisation test.
    heterogeneity : Heterogeneity
        Cochran's Q over segments.
    sd : tuple of float
        Standard deviation within segments of those who were written to, and of the control group.
    constant : bool
        Whether everybody has the same value.
    left_out : tuple of str
        Segments in which an arm is too small to be compared.
    """

    outcome: str
    kind: str
    table: pd.DataFrame
    p: float
    heterogeneity: Heterogeneity
    sd: tuple[float, float]
    constant: bool
    left_out: tuple[str, ...] = ()

    @property
    def overall(self) -> pd.Series:
        """The row of all together."""
        return self.table.iloc[0]

    @property
    def by_segment(self) -> pd.DataFrame:
        """The rows of segments."""
        return self.table.iloc[1:]


def estimate_effects(
    outcome: str,
    values: np.ndarray,
    control: np.ndarray,
    segment: pd.Series,
    *,
    kind: str,
    n_permutations: int = 999,
    seed: int = 0,
) -> Effects:
    """Compare those who were written to with the control group, within segments.

    Parameters
    ----------
    outcome : str
    values : numpy.ndarray of float, shape (n,)
    control : numpy.ndarray of bool, shape (n,)
    segment : pandas.Series of str, shape (n,)
    kind : {"share", "mean"}
        Shares of values of 0 and 1 have the score interval of Miettinen & Nurminen, means that of Welch
        (`seglib.stats.share_difference`, `seglib.stats.mean_difference`).
    n_permutations : int, default=999
        Of the randomisation test of means; 0: there is none.
    seed : int, default=0

    Returns
    -------
    Effects
    """
    letters = sorted(segment.unique(), key=position)
    codes = pd.Categorical(segment, categories=letters).codes.astype(int)
    moments = arm_moments(values, control, codes, len(letters))
    least = 1 if kind == "share" else 2
    large = (moments.n >= least) & (moments.n_control >= least)
    left_out = tuple(letter for letter, is_large in zip(letters, large, strict=True) if not is_large)
    constant = len(values) == 0 or bool(np.ptp(values) < 1e-12)
    rows = large[codes]
    kept = np.cumsum(large) - 1  # strata that are compared, numbered anew
    x, arm, stratum = values[rows], control[rows], kept[codes[rows]]
    records, nothing = [], Heterogeneity(float("nan"), max(int(large.sum()) - 1, 0), float("nan"))
    p, heterogeneity = float("nan"), nothing
    for place, letter in enumerate(letters):
        single = np.array([place])
        difference = _difference(moments, single, kind) if large[place] and not constant else None
        records.append(_record(outcome, letter, moments, single, difference))
    compared = np.flatnonzero(large)
    overall = None
    if len(compared) and not constant:
        overall = _difference(moments, compared, kind)
        p = overall.p
        if kind == "share":
            heterogeneity = share_heterogeneity(*_counts(moments, compared))
        else:
            heterogeneity = moments.at(compared).heterogeneity()
        if kind == "mean" and overall.se > 0 and n_permutations:
            permuted, permuted_q = randomisation_test(
                x, arm, stratum, n_permutations=n_permutations, rng=np.random.default_rng(seed)
            )
            p = max(p, permuted)
            worse = np.nanmax([heterogeneity.p, permuted_q]) if not np.isnan(heterogeneity.p) else float("nan")
            heterogeneity = Heterogeneity(heterogeneity.q, heterogeneity.df, float(worse))
    first = _record(outcome, ALL, moments, compared, overall)
    table = pd.DataFrame([{**first, "p": p}, *records], columns=EFFECT_COLUMNS)
    at = moments.at(compared)
    sds = (_pooled_sd(at.variance, at.n), _pooled_sd(at.variance_control, at.n_control))
    return Effects(outcome, kind, table, p, heterogeneity, sds, constant, left_out)


def _counts(moments: ArmMoments, places: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return successes and sizes of both arms."""
    n, n_control = moments.n[places], moments.n_control[places]
    return np.round(moments.mean[places] * n), n, np.round(moments.mean_control[places] * n_control), n_control


def _difference(moments: ArmMoments, places: np.ndarray, kind: str) -> Difference:
    if kind == "share":
        return share_difference(*_counts(moments, places))
    return moments.at(places).overall()


def _record(outcome: str, letter: str, moments: ArmMoments, places: np.ndarray, difference: Difference | None) -> dict:
    n, n_control = moments.n[places], moments.n_control[places]
    weight = (n + n_control) / max((n + n_control).sum(), 1)
    missing = float("nan")
    is_compared = difference is not None
    return {
        "outcome": outcome,
        "segment": letter,
        "customers": int(n.sum()),
        "control": int(n_control.sum()),
        "treated_value": float(weight @ moments.mean[places]) if len(places) else missing,
        "control_value": float(weight @ moments.mean_control[places]) if len(places) else missing,
        "effect": difference.value if is_compared else missing,
        "low": difference.low if is_compared else missing,
        "high": difference.high if is_compared else missing,
        "p": difference.p if is_compared else missing,
    }


def _pooled_sd(variance: np.ndarray, n: np.ndarray) -> float:
    """Return the standard deviation within segments."""
    freedom = np.maximum(n - 1, 0)
    if freedom.sum() == 0:
        return float("nan")
    return float(np.sqrt((np.where(freedom > 0, variance, 0.0) * freedom).sum() / freedom.sum()))

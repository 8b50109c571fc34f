"""The two features in which the segments differ most, as a plain scatter in original units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.interpretation.profiles.profile import Profile
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import COUPON, Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 2_000
"""Customers that are drawn; of more, a random sample."""

TOO_FEW = "There is no scatter of the two strongest markers: fewer than two numbers describe the segments here."


@dataclass(frozen=True)
class StrongestMarkers:
    """Customers by the two features in which the segments differ most.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per drawn customer, in random order: segment, and the two features in original units. Empty where fewer
        than two numbers describe the segments.
    features : tuple of str
        The two features, the stronger first; fewer where there are fewer.
    units : tuple of str
        Their units.
    logarithmic : tuple of bool
        Whether an axis is logarithmic: where the matrix takes the logarithm of the feature, and all values are above 0.
    customers : int
        All customers, those that lack a value of either feature included.
    wording : Wording
        What a transaction is called.
    """

    table: pd.DataFrame = field(repr=False)
    features: tuple[str, ...]
    units: tuple[str, ...]
    logarithmic: tuple[bool, ...]
    customers: int
    wording: Wording = COUPON

    @property
    def text(self) -> str:
        """Which two features these are."""
        if self.table.empty:
            return TOO_FEW
        first, second = map(self.wording.name_of, self.features)
        return f"Segments differ most in {first} and {second}."

    @property
    def alt(self) -> str:
        """What the figure shows; empty if there is none."""
        if self.table.empty:
            return ""
        return f"Scatter of customers, coloured by segment, with the median of each segment. {self.text}"

    @property
    def caption(self) -> str:
        """Number of customers that are drawn, and of all."""
        return (
            f"{len(self.table):,} of {self.customers:,} customers; those without a value of either feature are not "
            "drawn. Letters: the median customer of each segment."
        )

    def figure(self) -> Axes:
        """Draw the customers."""
        from seglib.plots import plot_strongest

        return plot_strongest(
            self.table.rename(columns=self.wording.name_of),
            units=self.units,
            logarithmic=self.logarithmic,
            title=self.text.removesuffix("."),
        )


def strongest_markers(
    features: pd.DataFrame, segments: pd.Series, profile: Profile, *, study: Study = DEFAULT_STUDY, seed: int = 0
) -> StrongestMarkers:
    """Return the two features in which the segments differ most, with the values of the customers.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, original units.
    segments : pandas.Series of str
        The letter of each customer, on the same index.
    profile : Profile
        From `seglib.interpretation.profile`. Only numbers that build the segments are candidates: yes or no makes no
        axis. Features that are a marker of some segment come before others.
    study : Study, optional
        Which features there are.
    seed : int, default=0
        Seed of the sample of `MOST_POINTS` customers.

    Returns
    -------
    StrongestMarkers

    Notes
    -----
    The strength of a feature is the share of its variance that lies between the segments, sum(n_s d_s^2) / sum(n_s),
    with the customers n_s and the standardised difference d_s of each segment (eta squared). So a feature that
    separates large segments counts more than one that separates a small one.
    """
    rows = profile.behaviour[profile.behaviour["kind"] == "numeric"]
    between = rows["customers"] * rows["difference"] ** 2 / rows.groupby("feature")["customers"].transform("sum")
    strength = rows.assign(between=between).groupby("feature", sort=False)
    ranked = strength.agg(marker=("marker", "any"), between=("between", "sum"))
    chosen = list(ranked.sort_values(["marker", "between"], ascending=False, kind="stable").index[:2])
    if len(chosen) < 2:
        return StrongestMarkers(pd.DataFrame(columns=["segment", *chosen]), tuple(chosen), (), (), len(segments))
    described = {feature.name: feature for feature in study.describe(features)}
    table = features[chosen].astype(float).assign(segment=segments).dropna()
    drawn = np.random.default_rng(seed).permutation(len(table))[:MOST_POINTS]
    return StrongestMarkers(
        table.iloc[drawn],
        tuple(chosen),
        tuple(described[name].unit for name in chosen),
        tuple(bool(described[name].log and (table[name] > 0).all()) for name in chosen),
        len(segments),
        study.wording,
    )

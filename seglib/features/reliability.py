"""Can customers be told apart by a feature, or is it noise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from seglib.stats import (
    BetaBinomial,
    ExcessZeros,
    Overdispersion,
    VarianceComponents,
    overdispersion,
)
from seglib.style import humanize, p_value

DOUBTED = ("burn_rate", "days_to_burn", "never_burned")
"""The features that leave the matrix where customers cannot be told apart by them; counts of what happened stay."""


RELIABLE_P = 0.01
"""Level at which customers must differ in one of them, or it leaves the matrix: noise gets no full weight."""


@dataclass(frozen=True)
class ReliabilityTest:
    """Whether customers can be told apart by one feature.

    Attributes
    ----------
    feature : str
    reliability : float
        Share of the variance of a single value, or of a count, that lies between customers.
    p : float
        Of the hypothesis that it is zero.
    reliable : bool
        Whether p is below `RELIABLE_P`.
    sentence : str
        The same as a clause without a full stop.
    """

    feature: str
    reliability: float
    p: float
    reliable: bool
    sentence: str


def reliability_test(feature: str, fit: BetaBinomial | VarianceComponents | Overdispersion) -> ReliabilityTest:
    """Say whether customers differ in a rate, a mean or a count.

    Parameters
    ----------
    feature : str
    fit : BetaBinomial, VarianceComponents or Overdispersion
        What was fitted to its values; it knows its reliability and p-value.
    """
    reliable = bool(fit.p < RELIABLE_P)
    can = "can" if reliable else "cannot"
    evidence = f"reliability {fit.reliability:.2f}, {p_value(fit.p)}"
    sentence = f"customers {can} be told apart by their {humanize(feature)} ({evidence})"
    return ReliabilityTest(feature, fit.reliability, fit.p, reliable, sentence)


def claim_rate_test(table: pd.DataFrame, absent: pd.DataFrame, as_of: str) -> ReliabilityTest:
    """Say whether customers differ in how much they claim, those who claimed nothing among them.

    Parameters
    ----------
    table, absent : pandas.DataFrame
        As in `seglib.features.CustomerFeatures`; everybody who is absent has a join date.
    as_of : str
        ISO date.
    """
    days = (pd.Timestamp(as_of) - absent["join_date"]).dt.days
    counts = np.concatenate([table["n_coupons"], np.zeros(len(days))])
    exposure = np.concatenate([table["tenure_days"], days])
    return reliability_test("coupons_per_month", overdispersion(counts, exposure))


def never_burned_test(fit: ExcessZeros) -> ReliabilityTest:
    """Say whether some customers never burn, beyond what their rates and few coupons explain.

    If not, a column for them would count the burn rate twice.
    """
    reliable = bool(fit.p < RELIABLE_P)
    evidence = f"{fit.expected:.1%} expected, {p_value(fit.p)}"
    sentence = (
        f"that {fit.share:.1%} of the customers never burned a coupon is {'more than' if reliable else 'what'} "
        f"their burn rates and numbers of coupons explain ({evidence})"
    )
    return ReliabilityTest("never_burned", fit.reliability, fit.p, reliable, sentence)


def reliability_table(tests: Sequence[ReliabilityTest]) -> pd.DataFrame:
    """Return the tests as a table: feature, reliability, p, reliable, sentence."""
    columns = ["feature", "reliability", "p", "reliable", "sentence"]
    return pd.DataFrame([asdict(test) for test in tests], columns=columns).astype({"reliable": bool})

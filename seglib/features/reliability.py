"""Can customers be told apart by a feature, or is it noise?"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    pass


DOUBTED = ("burn_rate", "days_to_burn", "never_burned")
"""The features that leave the matrix where customers cannot be told apart by them; counts of what happened stay."""


RELIABLE_P = 0.01
"""Level at which customers must differ in one of them, or it leaves the matrix: noise gets no full weight."""


def _claiming(table: pd.DataFrame, absent: pd.DataFrame, as_of: str) -> dict:
    """Say whether customers differ in how much they claim, those who claimed nothing among them."""
    days = (pd.Timestamp(as_of) - absent["join_date"]).dt.days
    counts = np.concatenate([table["n_coupons"], np.zeros(len(days))])
    return _reliability("coupons_per_month", overdispersion(counts, np.concatenate([table["tenure_days"], days])))


def _never_burning(fit: ExcessZeros) -> dict:
    """Say whether some customers never burn, beyond what their rates and few coupons explain.

    If not, a column for them would count the burn rate twice.
    """
    reliable = bool(fit.p < RELIABLE_P)
    told = f"{fit.expected:.1%} expected, {p_value(fit.p)}"
    sentence = (
        f"that {fit.share:.1%} of the customers never burned a coupon is {'more than' if reliable else 'what'} "
        f"their burn rates and numbers of coupons explain ({told})"
    )
    found = {"feature": "never_burned", "reliability": fit.reliability, "p": fit.p, "reliable": reliable}
    return found | {"sentence": sentence}


def _reliability(feature: str, fit: BetaBinomial | VarianceComponents | Overdispersion) -> dict:
    reliable = bool(fit.p < RELIABLE_P)
    can = "can" if reliable else "cannot"
    told = f"reliability {fit.reliability:.2f}, {p_value(fit.p)}"
    sentence = f"customers {can} be told apart by their {humanize(feature)} ({told})"
    found = {"feature": feature, "reliability": fit.reliability, "p": fit.p, "reliable": reliable}
    return found | {"sentence": sentence}


def reliability_table(tested: list[dict]) -> pd.DataFrame:
    """Return what was found of each feature as a table."""
    table = pd.DataFrame(tested, columns=["feature", "reliability", "p", "reliable", "sentence"])
    return table.astype({"reliable": bool})

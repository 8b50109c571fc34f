"""08 Are the arms as large as they were meant to be? If not, customers got lost on the way, and nothing can be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.campaign.lists import CampaignLists
from seglib.stats import chi_square_of_counts
from seglib.style import join_words, p_value

STOP_BELOW = 0.001
"""Below this p-value the reading stops. A small one, because it is asked of every test."""


@dataclass(frozen=True)
class SampleRatio:
    """Sizes of the arms beside what was to be expected.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment: segment, customers (written to), control, control_expected.
    p : float
        Of Pearson's chi-square over all segments; NaN where the share is not known.
    """

    table: pd.DataFrame
    p: float

    @property
    def passed(self) -> bool:
        """Whether the test can be read."""
        return not self.p < STOP_BELOW

    @property
    def text(self) -> str:
        """What the sizes say."""
        if np.isnan(self.p):
            return "The share of the control group is not known, so its size cannot be checked."
        if self.passed:
            control, expected = self.table["control"].sum(), self.table["control_expected"].sum()
            return (
                f"The control group is as large as it was drawn: {control:,} customers, where {expected:,.0f} were to "
                "be expected. Chance gives such a difference."
            )
        sizes = [
            f"{row.control:,} where {row.control_expected:,.0f} were to be expected in {row.segment}"
            for row in self.table.itertuples()
        ]
        return (
            f"The control group is not as large as it was drawn: {join_words(sizes)}. Chance gives such sizes less "
            "than once in a thousand draws. Customers of one side got lost, or were added: nothing is read from this "
            "test until it is known how."
        )

    @property
    def evidence(self) -> str:
        """The test behind it, for analysts."""
        if np.isnan(self.p):
            return "No test of the sizes."
        return f"Chi-square over segments: {p_value(self.p)}; the reading stops below {STOP_BELOW}."


def sample_ratio(lists: CampaignLists, *, control_share: float | None = None) -> SampleRatio:
    """Compare the sizes of the arms with the share by which they were drawn.

    Parameters
    ----------
    lists : CampaignLists
    control_share : float, optional
        Default: as the lists say.

    Returns
    -------
    SampleRatio
    """
    share = lists.control_share if control_share is None else control_share
    sizes = lists.by_segment
    n = sizes["customers"] + sizes["control"]
    table = sizes[["segment", "customers", "control"]].assign(control_expected=n * (np.nan if share is None else share))
    if share is None or not 0 < share < 1:
        return SampleRatio(table, float("nan"))
    _, p = chi_square_of_counts(sizes[["customers", "control"]].to_numpy(), [1 - share, share])
    return SampleRatio(table, p)

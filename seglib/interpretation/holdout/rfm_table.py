"""Outcomes by RFM score, to be read beside the outcomes by segment."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from seglib.interpretation.holdout.by_group import COLUMNS as BY_GROUP
from seglib.interpretation.holdout.by_group import by_group
from seglib.interpretation.holdout.holdout import Holdout
from seglib.interpretation.holdout.rfm import SCORES
from seglib.style import COUPON, Wording, humanize

COLUMNS = ["by", "score", *BY_GROUP[1:]]


@dataclass(frozen=True)
class RfmTable:
    """What customers did after the cut, by RFM score.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per score and outcome: by (recency_score, frequency_score, monetary_score), score (1 to 5), outcome,
        unit, customers, value, low, high, overall. Scores that no customer has are not there.
    text : str
        What the table holds, or why it is empty.
    """

    table: pd.DataFrame
    text: str
    wording: Wording = field(default=COUPON, repr=False)

    @property
    def wide(self) -> pd.DataFrame:
        """The values alone: one row per score, one column per outcome, in the words of the shop."""
        if self.table.empty:
            return pd.DataFrame(columns=["by", "score"])
        wide = self.table.pivot_table(index=["by", "score"], columns="outcome", values="value").reset_index()
        return wide.rename(columns=self.wording.name_of).assign(by=wide["by"].map(humanize))


def rfm_table(holdout: Holdout) -> RfmTable:
    """Describe the outcomes by RFM score instead of by segment.

    Parameters
    ----------
    holdout : Holdout
        From `seglib.interpretation.evaluate_holdout`.

    Returns
    -------
    RfmTable
    """
    parts = [
        by_group(holdout.table, holdout.table[name], outcome).rename(columns={"group": "score"}).assign(by=name)
        for name in SCORES
        if holdout.table[name].notna().any()
        for outcome in holdout.outcomes
    ]
    if not parts:
        return RfmTable(pd.DataFrame(columns=COLUMNS), holdout.text)
    table = pd.concat(parts, ignore_index=True)[COLUMNS].astype({"score": int})
    n_outcomes = len(holdout.outcomes)
    customers = f"{len(holdout.table):,} customers"
    text = f"{n_outcomes} outcomes of {customers} by RFM score, known on {holdout.cut}; the highest is best."
    return RfmTable(table, text, holdout.wording)

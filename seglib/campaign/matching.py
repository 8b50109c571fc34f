"""08 The outcomes of those who were on the lists: everybody counts, in the arm they were drawn into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, hypergeom

from seglib.campaign.lists import CampaignLists
from seglib.campaign.sample_ratio import STOP_BELOW
from seglib.errors import InputRefused


@dataclass(frozen=True)
class ListedOutcomes:
    """Outcomes of everybody on the lists.

    Attributes
    ----------
    lists : CampaignLists
    outcomes : pandas.DataFrame
        In the order of ``lists.table``: a column of float for each outcome, without gaps.
    kinds : mapping of str to {"share", "mean"}
        By outcome.
    name : str
        Where they come from.
    notes : tuple of str
        Who was left out or counts as having done nothing.
    stopped : str
        Why nothing can be read; empty if it can.
    """

    lists: CampaignLists
    outcomes: pd.DataFrame
    kinds: Mapping[str, str]
    name: str
    notes: tuple[str, ...] = ()
    stopped: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """One row per outcome and arm: outcome, arm, customers, mean, sd."""
        arm = np.where(self.lists.table["control"], "control", "written to")
        stacked = self.outcomes.assign(arm=arm).melt(id_vars="arm", var_name="outcome", value_name="value")
        grouped = stacked.groupby(["outcome", "arm"], sort=False)["value"]
        return grouped.agg(customers="size", mean="mean", sd="std").reset_index()

    @property
    def text(self) -> str:
        """Who was counted, and how."""
        return " ".join([*self.notes, self.stopped]).strip()


def match(
    lists: CampaignLists,
    values: pd.DataFrame,
    kinds: Mapping[str, str],
    *,
    name: str,
    of_transactions: bool = False,
    notes: tuple[str, ...] = (),
) -> ListedOutcomes:
    """Give everybody on the lists their outcomes.

    Parameters
    ----------
    lists : CampaignLists
    values : pandas.DataFrame
        One row per customer, indexed by customer_id as text; a column for each outcome.
    kinds : mapping of str to {"share", "mean"}
    name : str
        Where the outcomes come from.
    of_transactions : bool, default=False
        Whether they were counted from transactions; then it is certain that who is not there did nothing.
    notes : tuple of str
        What is known of them already.

    Returns
    -------
    ListedOutcomes
        Who has no row, or no value in it, counts as 0: leaving out customers who did nothing, or who never opened the
        message, would compare the willing of one arm with everybody of the other (intent to treat).

    Raises
    ------
    InputRefused
        If nobody on the lists has a row, or nobody of one arm although many of the other have one.
    """
    table = lists.table
    ids = pd.Index(table["customer_id"])
    present, control = ids.isin(values.index), table["control"].to_numpy()
    n, n_present = len(ids), int(present.sum())
    if n_present == 0:
        raise InputRefused(
            f"outcomes '{name}': none of their {len(values):,} customers is on the lists. They are other "
            "customers, or their "
            f"ids are written otherwise: '{values.index[0]}' there, '{ids[0]}' on the lists"
        )
    for arm, of_arm, other in (
        ("the control group", control, "those who were written to"),
        ("those who were written to", ~control, "the control group"),
    ):
        # so unlikely if both arms had been recorded alike that they were not
        if not present[of_arm].any() and hypergeom.pmf(0, n, n_present, int(of_arm.sum())) < STOP_BELOW:
            raise InputRefused(
                f"outcomes '{name}': nobody of {arm} has a row, so outcomes were recorded for {other} only: ask "
                "for those of "
                "everybody on the lists"
            )
    listed = values.reindex(ids)
    remarks = list(notes)
    others = len(values) - n_present
    if others:
        are = " of the outcomes is" if others == 1 else "s of the outcomes are"
        remarks.append(f"{others:,} customer{are} on no list, and left out.")
    if n_present < n:
        absent = n - n_present
        did = "did nothing in that time" if of_transactions else "have no row in the outcomes"
        remarks.append(f"{absent:,} of {n:,} customers on the lists {did}: they count as 0.")
    empty = int(listed[present].isna().any(axis=1).sum())
    if empty:
        remarks.append(f"{empty:,} row{' has' if empty == 1 else 's have'} an empty cell, which counts as 0.")
    stopped = ""
    # a file of events has no row of somebody who did nothing; one that has such rows was meant to hold everybody
    holds_everybody = not of_transactions and bool((listed[present].fillna(0.0) == 0).all(axis=1).any())
    if holds_everybody and n_present < n:
        counts = [[int((present & arm).sum()), int((~present & arm).sum())] for arm in (control, ~control)]
        p = float(chi2_contingency(counts, correction=False).pvalue)
        if p < STOP_BELOW:
            rates = [row[0] / sum(row) for row in counts]
            stopped = (
                f"{rates[1]:.1%} of those who were written to have a row in the outcomes, and {rates[0]:.1%} of the "
                "control group; chance gives that less than once in a thousand times. One side was recorded more fully "
                "than the other, so nothing is read."
            )
    return ListedOutcomes(lists, listed.fillna(0.0).reset_index(drop=True), dict(kinds), name, tuple(remarks), stopped)

"""08 How many customers does a test need, and what would one with these customers see?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from seglib.campaign.effects import ALL
from seglib.campaign.lists import CampaignLists
from seglib.stats import smallest_difference, smallest_mean_difference, two_mean_sample_size, two_proportion_sample_size
from seglib.style import each, join_words

PLAN_COLUMNS = [
    *("outcome", "segment", "value", "difference", "needed", "needed_half", "customers", "control"),
    *("enough", "rounds", "smallest"),
]

DESIGN = "two-sided test at the level of 5%, 80% power"
"""How all plans are made."""

MEANING = (
    "A change is seen if 4 of 5 such tests would show it; without any change, 1 of 20 would seem to show one "
    f"({DESIGN})."
)
"""The same in words."""


@dataclass(frozen=True)
class Baseline:
    """What is to be expected without a campaign, of one segment or of all together.

    Attributes
    ----------
    segment : str
    customers, control : int
        Customers who would be written to, and control group.
    value : float
        The share, or the mean.
    sd : float or None
        Standard deviation of a mean; None: it is a share.
    """

    segment: str
    customers: int
    control: int
    value: float
    sd: float | None = None


@dataclass(frozen=True)
class Plan:
    """How many customers a test needs to see a difference.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per baseline and difference: outcome, segment, value (of the control group), difference (in units of the
        value), needed (customers, control group included, with the control share there is), needed_half (with half of
        them as control group), customers and control (there are), enough, rounds (how many campaigns of this size, each
        with other customers, hold as many), smallest (what these customers would show). Missing where there is no
        number.
    left_out : tuple of str
        For what there is no number, and why.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...] = ()

    caption = f"Customers that a test needs, its control group included: {DESIGN}"

    @property
    def text(self) -> str:
        """For how many differences there are enough customers."""
        if self.table.empty:
            return " ".join(self.left_out) or "There is nothing to plan."
        enough = int(self.table["enough"].fillna(False).sum())
        n = len(self.table)
        first = f"These customers are enough for {enough} of {n} difference{'' if n == 1 else 's'} asked for."
        return " ".join([first, *self.left_out])


def plan(outcome: str, baselines: Sequence[Baseline], *, lifts: Sequence[float] = (0.1,)) -> Plan:
    """Compute how many customers a test needs.

    Parameters
    ----------
    outcome : str
        Its name.
    baselines : sequence of Baseline
    lifts : sequence of float
        Differences as parts of the value of the control group: .1 is a tenth more.

    Returns
    -------
    Plan

    Notes
    -----
    Shares by `seglib.stats.two_proportion_sample_size`, means by `seglib.stats.two_mean_sample_size`, with the control
    share that the customers have: 500 of 5,000 as control group tell what two arms of 900 would.

    Examples
    --------
    >>> table = plan("burned", [Baseline("A", 4500, 500, 0.2)], lifts=[0.25]).table
    >>> table[["difference", "needed", "needed_half", "enough"]].values.tolist()
    [[0.05, 6215, 2188, False]]
    """
    rows, left_out = [], []
    for base in baselines:
        reason = _why_not(base)
        if reason:
            left_out.append(f"No number for {outcome}, {base.segment}: {reason}.")
            continue
        n = base.customers + base.control
        smallest = _smallest(base)
        for lift in lifts:
            difference = lift * base.value
            if base.sd is None and base.value + difference >= 1:
                left_out.append(
                    f"No number for {outcome}, {base.segment}, and {lift:.0%} more: that would be 100% or more."
                )
                continue
            needed, half = (math.ceil(_needed(base, difference, share) - 1e-6) for share in (base.control / n, 0.5))
            rounds = math.ceil(needed / n)
            rows.append(
                (
                    outcome,
                    base.segment,
                    base.value,
                    difference,
                    needed,
                    half,
                    base.customers,
                    base.control,
                    needed <= n,
                    rounds,
                    smallest,
                )
            )
    table = pd.DataFrame(rows, columns=PLAN_COLUMNS)
    whole = dict.fromkeys(("needed", "needed_half", "rounds"), "Int64")
    return Plan(table.astype({**whole, "enough": "boolean"}), tuple(left_out))


def joined_plans(plans: Sequence[Plan]) -> Plan:
    """Put the plans of several outcomes into one."""
    tables = [p.table for p in plans if len(p.table)]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=PLAN_COLUMNS)
    return Plan(table, tuple(reason for p in plans for reason in p.left_out))


@dataclass(frozen=True)
class CampaignPlan:
    """What a campaign with the lists at hand can show, before anybody is written to.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per outcome, time, segment ("all": all together) and difference: days (missing: not known), and the
        columns of `Plan.table`.
    left_out : tuple of str
        For what there is no number, and why.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Per outcome and difference, of all together: what is seen after how long, and what it would take."""
        of_all = self.table[self.table["segment"] == ALL]
        lines = [
            _say_when(rows)
            for _, rows in of_all.assign(lift=(of_all["difference"] / of_all["value"]).round(9)).groupby(
                ["outcome", "lift"], sort=False
            )
        ]
        by_segment = [_say_by_segment(rows) for _, rows in self.table.groupby("outcome", sort=False)]
        return "\n".join([*lines, *filter(None, by_segment), *self.left_out, MEANING])


def plan_campaign(
    lists: CampaignLists, before: Sequence[tuple[int | None, pd.DataFrame]], *, lifts: Sequence[float] = (0.1,)
) -> CampaignPlan:
    """Say what a test with these lists would show, by what their customers did before.

    Parameters
    ----------
    lists : CampaignLists
    before : sequence of (int or None, pandas.DataFrame)
        A time in days, if it is known, and what customers did in so long a time: indexed by customer_id, a column for
        each outcome. Who has no row did nothing.
    lifts : sequence of float
        Differences as parts of the value: .1 is a tenth more.

    Returns
    -------
    CampaignPlan

    Notes
    -----
    Without a campaign, both arms do what all customers did. The standard deviation of a mean is that of the segment; of
    all together, that within segments, as they are compared within segments.
    """
    table = lists.table
    sizes = lists.by_segment.set_index("segment")
    tables, left_out = [], []
    for days, outcomes in before:
        values = outcomes.reindex(table["customer_id"]).fillna(0.0).reset_index(drop=True)
        for outcome in values:
            column = values[outcome].astype(float)
            is_share = bool(column.isin([0.0, 1.0]).all())
            by_segment = column.groupby(table["segment"].to_numpy())
            means, variances = by_segment.mean(), by_segment.var(ddof=1).fillna(0.0)
            within = float(((by_segment.size() - 1).clip(lower=0) * variances).sum() / max(len(column) - len(means), 1))
            bases = [
                Baseline(
                    ALL,
                    int(sizes["customers"].sum()),
                    int(sizes["control"].sum()),
                    float(column.mean()),
                    None if is_share else math.sqrt(within),
                )
            ]
            bases += [
                Baseline(
                    letter,
                    int(size["customers"]),
                    int(size["control"]),
                    float(means[letter]),
                    None if is_share else math.sqrt(variances[letter]),
                )
                for letter, size in sizes.iterrows()
            ]
            of_outcome = plan(str(outcome), bases, lifts=lifts)
            tables.append(of_outcome.table.assign(days=days))
            in_days = f" (in {days} days)" if days else ""
            left_out += [f"{reason.removesuffix('.')}{in_days}." for reason in of_outcome.left_out]
    joined = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*PLAN_COLUMNS, "days"])
    columns = ["outcome", "days", *PLAN_COLUMNS[1:]]
    return CampaignPlan(joined[columns].astype({"days": "Int64"}), tuple(left_out))


def _say_when(rows: pd.DataFrame) -> str:
    """Say of one outcome and difference after how long it is seen, or what that would take."""
    first, last = rows.iloc[0], rows.iloc[-1]
    more = f"{first['lift']:.0%} more of {first['outcome']}"
    n, enough = int(last["customers"] + last["control"]), rows[rows["enough"].fillna(False)]
    arms = f"these {n:,} customers, {int(last['control']):,} of them control,"
    if len(enough):
        row = enough.iloc[0]
        after = "" if pd.isna(row["days"]) else f" after {row['days']} days"
        return f"{more}: {arms} show it{after}; {_smallest_of(row)}."
    within = "" if pd.isna(last["days"]) else f" within {last['days']} days"
    return (
        f"{more}: not shown{within}. It takes {last['needed']:,} customers, or {last['needed_half']:,} if half of them "
        f"are control: {last['rounds']:,} campaigns of this size, each with other customers. With {arms} "
        f"{_smallest_of(last)}."
    )


def _say_by_segment(rows: pd.DataFrame) -> str:
    """Say of one outcome what each segment by itself shows at the end; empty with one segment, or without numbers."""
    last = rows[(rows["days"].isna() | (rows["days"] == rows["days"].max())) & (rows["segment"] != ALL)]
    last = last.drop_duplicates("segment").set_index("segment")
    changes = (last["smallest"] / last["value"]).dropna()
    if len(changes) < 2:
        return ""
    after = "" if last["days"].isna().all() else f" after {last['days'].iloc[0]} days"
    up_to_double = changes[changes <= 1]
    parts = [f"{each(100 * up_to_double, '{:.0f}%')} more"] if len(up_to_double) else []
    if rest := changes.index.difference(up_to_double.index, sort=False).tolist():
        parts.append(f"of {join_words(rest)} only more than twice of what they do anyway")
    return f"{rows['outcome'].iloc[0]}, each segment by itself{after}: what is seen is {'; '.join(parts)}."


def _smallest_of(row: pd.Series) -> str:
    if math.isnan(row["smallest"]):
        return "no change is seen"
    return f"the smallest change that is seen is {row['smallest'] / row['value']:.0%} of what they do anyway"


def _needed(base: Baseline, difference: float, share_control: float) -> float:
    if base.sd is None:
        return two_proportion_sample_size(base.value, base.value + difference, share_control=share_control)
    return two_mean_sample_size(base.sd, base.sd, difference, share_control=share_control)


def _smallest(base: Baseline) -> float:
    if base.sd is None:
        return smallest_difference(base.value, base.control, base.customers)
    return smallest_mean_difference(base.sd, base.sd, base.control, base.customers)


def _why_not(base: Baseline) -> str:
    """Say why no test can be planned; empty if it can."""
    if base.customers <= 0 or base.control <= 0:
        return "one arm is empty"
    if math.isnan(base.value):
        return "its value is not known"
    if base.value <= 0:
        return "nobody has any of it, and from nothing no test can be planned"
    if base.sd is None and base.value >= 1:
        return "everybody has it, so that nothing can rise"
    if base.sd is not None and not base.sd > 0:
        return "everybody has the same value"
    return ""

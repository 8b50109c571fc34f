"""Outcomes by group with 95% intervals, where groups are segments or RFM scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from seglib.stats import wilson
from seglib.style import COUPON, Wording, each

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ["group", "outcome", "unit", "customers", "value", "low", "high", "overall"]
"""What `by_group` returns."""


@dataclass(frozen=True)
class Outcome:
    """Something that customers did after the cut.

    Attributes
    ----------
    name : str
        A column of `Holdout.table`.
    kind : {"yes or no", "rate", "count", "money"}
    unit, meaning : str
        In `OUTCOMES` templates that `seglib.style.Wording.of` fills; those of a `Holdout` are filled.
    """

    name: str
    kind: Literal["yes or no", "rate", "count", "money"]
    unit: str
    meaning: str


OUTCOMES: tuple[Outcome, ...] = (
    Outcome("active", "yes or no", "share of customers", "{claimed} a {coupon}"),
    Outcome("coupons", "count", "{coupons} a customer", "how many {coupons} a customer {claimed}"),
    Outcome("burned", "yes or no", "share of customers", "burned a {coupon} {claimed} after the cut"),
    Outcome("burn_rate", "rate", "share of decided {coupons}", "how many of the {coupons} {claimed} were burned"),
    Outcome("spend", "money", "{money} a customer", "what a customer spent"),
)
"""In the order in which they are reported."""

KINDS: dict[str, str] = {outcome.name: outcome.kind for outcome in OUTCOMES}


@dataclass(frozen=True)
class OutcomeBySegment:
    """One outcome of every segment after the cut.

    Attributes
    ----------
    outcome : Outcome
    table : pandas.DataFrame
        One row per segment: segment, outcome, unit, customers, value, low, high (95%), overall.
    """

    outcome: Outcome
    table: pd.DataFrame
    wording: Wording = field(default=COUPON, repr=False)

    @property
    def text(self) -> str:
        """The value of every segment beside that of all customers."""
        overall = self.table["overall"].iloc[0]
        return f"{self._finding}; of all customers {self._form.format(overall)}."

    @property
    def alt(self) -> str:
        """The value of every segment."""
        return f"{self._finding}."

    @property
    def caption(self) -> str:
        """Number of customers, what was counted, and how to read the figure."""
        customers, meaning = int(self.table["customers"].sum()), self.wording.of(self.outcome.meaning)
        return f"{customers:,} customers, {meaning}; 95% intervals. Letters are those of that day, not of today."

    def figure(self) -> Axes:
        """Draw the outcome of every segment with its interval."""
        from seglib.plots import plot_outcomes

        return plot_outcomes(self.table, outcome=self.outcome.name, wording=self.wording)

    @property
    def _finding(self) -> str:
        name = self.wording.name_of(self.outcome.name)
        values = each(self.table.set_index("segment")["value"], self._form)
        return f"{name[:1].upper()}{name[1:]} after the cut by segment: {values}"

    @property
    def _form(self) -> str:
        """How a value is written."""
        return "{:.0%}" if self.outcome.kind in ("yes or no", "rate") else "{:.3g}"


def by_group(table: pd.DataFrame, group: pd.Series, outcome: Outcome) -> pd.DataFrame:
    """Describe an outcome in every group, with a 95% interval over customers.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per customer: the outcome; for burn_rate also matured, matured_burned. Customers for whom it is missing
        are left out.
    group : pandas.Series
        On the same index.
    outcome : Outcome

    Returns
    -------
    pandas.DataFrame
        group, outcome, unit, customers, value, low, high, overall (the same of all customers). Yes or no: the share
        and its Wilson interval. Rate: all burned coupons over all matured ones, with Wilson's interval for the
        effective sample size (from the ratio's variance over customers, Cochran 1977, *Sampling Techniques*, 2.11;
        Korn & Graubard 1998, Survey Methodology 24(2)), since the coupons of one customer are alike. Count and money:
        the mean and its t interval; missing for a single customer.
    """
    complete = table[table[outcome.name].notna() & group.notna()]
    overall = _estimate(complete, outcome).value if len(complete) else float("nan")
    rows = []
    for name, part in complete.groupby(group.reindex(complete.index), sort=True):
        value, low, high = _estimate(part, outcome)
        rows.append((name, outcome.name, outcome.unit, len(part), value, low, high, overall))
    return pd.DataFrame(rows, columns=COLUMNS)


class _Estimate(NamedTuple):
    """A value with its 95% interval."""

    value: float
    low: float
    high: float


def _estimate(part: pd.DataFrame, outcome: Outcome) -> _Estimate:
    """Estimate an outcome of some customers, at least one."""
    n, x = len(part), part[outcome.name].to_numpy(dtype=float)
    if outcome.kind == "yes or no":
        return _Estimate(float(x.mean()), *wilson(float(x.mean()), n))
    if outcome.kind == "rate":
        return _estimate_rate(part["matured_burned"].to_numpy(dtype=float), part["matured"].to_numpy(dtype=float))
    mean = float(x.mean())
    if n < 2:
        return _Estimate(mean, float("nan"), float("nan"))
    margin = float(t.ppf(0.975, n - 1) * x.std(ddof=1) / np.sqrt(n))
    least = 0.0 if outcome.kind == "count" else -np.inf
    return _Estimate(mean, max(least, mean - margin), mean + margin)


def _estimate_rate(burned: np.ndarray, matured: np.ndarray) -> _Estimate:
    """Estimate sum(burned) / sum(matured), where customers are drawn and not coupons."""
    n = len(matured)
    rate = float(burned.sum() / matured.sum())
    residuals = float(((burned - rate * matured) ** 2).sum())
    # The linearised variance of the ratio over customers. A share of m independent customers would have the variance
    # rate (1 - rate) / m, so m is the effective sample size, and Wilson's interval for it respects 0 and 1.
    effective = float(n)  # where all burned, or none did, no difference between customers can be seen
    if 0 < rate < 1 and residuals > 0 and n > 1:
        variance = residuals * n / (n - 1) / matured.sum() ** 2
        effective = rate * (1 - rate) / variance
    return _Estimate(rate, *wilson(rate, effective))

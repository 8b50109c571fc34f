"""06 Whom to write to, whom to leave out, and how would we know that it worked?

The lists hold an id, a segment, how sure it is, and a control flag; nothing else of a person. Nothing here promises a
lift: it says how many customers a test would need to see one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.clustering import LOW_AGREEMENT, NEAR_BORDER
from seglib.errors import ParameterRefused
from seglib.interpretation.holdout.predictive_gain import NOT_SHOWN
from seglib.schema.records import LabelsRecord, VerdictRecord
from seglib.style import did_you_mean, join_words, position

COLUMNS = ("customer_id", "segment", "segment_name", "confidence", "second_segment", "outlier", "control")

LIFTS = (0.02, 0.05, 0.10)
"""Differences in burn rate that `sample_sizes` asks about."""

RULE_OF_THUMB = (
    "Customers that a test needs in each arm, with one coupon a customer: 16 p (1 - p) / d² for burn rate p and lift d "
    "(80% power at the two-sided level of 5%)"
)
"""The caption of `sample_sizes`."""

_WEIGHT = re.compile(r"\s*([A-Za-z_]\w*)\s+([+-]?\d+(?:\.\d+)?)\s*")
_KNOCK_OUT = re.compile(r"\s*([A-Za-z_]\w*)\s*([<>])\s*([+-]?\d+(?:\.\d+)?)\s*")


def customer_list(
    segments: pd.DataFrame, names: Mapping[str, str], *, control_share: float = 0.1, seed: int = 0
) -> pd.DataFrame:
    """Make the list that leaves the house: one row per customer, with the name of the segment and a control flag.

    Parameters
    ----------
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`.
    names : mapping of str to str
        Name of each segment, by letter.
    control_share : float, default=0.1
        Share of every segment that is drawn as control group. Leave them out of a campaign: the difference between
        them and the others is its effect.
    seed : int, default=0
        Seed of the draw.

    Returns
    -------
    pandas.DataFrame
        customer_id, segment, segment_name, confidence, second_segment, outlier, control.

    Raises
    ------
    ParameterRefused
        If ``control_share`` is no share.
    """
    if not 0 <= control_share <= 1:
        raise ParameterRefused(f"control_share lies between 0 and 1, not {control_share}", parameter="control_share")
    rng = np.random.default_rng(seed)
    table = segments.reset_index().rename(columns={"margin": "confidence"})
    table["segment_name"] = table["segment"].map(names)
    # every customer draws a number, and those with the smallest numbers of each segment are its control group: the
    # group has exactly the share that was asked for
    drawn = pd.Series(rng.random(len(table))).groupby(table["segment"].to_numpy()).rank(method="first")
    size = table.groupby("segment")["segment"].transform("size")
    table["control"] = drawn.to_numpy() <= np.round(control_share * size)
    return table[list(COLUMNS)]


@dataclass(frozen=True)
class Audiences:
    """A list of customers for every segment that is large enough.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        By letter, one row per customer: the columns of `customer_list`, and borderline (whether the customer could as
        well be in the next segment). Customers with the highest confidence come first.
    table : pandas.DataFrame
        One row per segment: segment, segment_name, customers, control, borderline, outliers (numbers of customers),
        list (whether there is one).
    text : str
        How many segments have a list, and which have none.
    """

    tables: Mapping[str, pd.DataFrame]
    table: pd.DataFrame
    text: str


def audience_lists(listed: pd.DataFrame, segments: pd.DataFrame, *, min_segment: int = 50) -> Audiences:
    """Make a list of the customers of every segment that is large enough, and mark borderline customers.

    A customer is borderline if fewer than `seglib.clustering.LOW_AGREEMENT` of the bootstrap models agree, if the
    margin is less than `seglib.clustering.NEAR_BORDER`, or if the customer is an outlier.

    Parameters
    ----------
    listed : pandas.DataFrame
        From `customer_list`, one row per customer.
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`, indexed by customer_id: margin, outlier, and agreement if
        there is one.
    min_segment : int, default=50
        Smaller segments get no list: the effect on a few customers cannot be measured, and a few can be recognised.

    Returns
    -------
    Audiences

    Raises
    ------
    ParameterRefused
        If ``min_segment`` is less than 1.
    """
    if min_segment < 1:
        raise ParameterRefused(
            f"min_segment is a number of customers, at least 1, not {min_segment}", parameter="min_segment"
        )
    order = segments.reindex(listed["customer_id"])
    borderline = (order["margin"] < NEAR_BORDER).to_numpy() | order["outlier"].astype(bool).to_numpy()
    if "agreement" in order:
        borderline |= (order["agreement"] < LOW_AGREEMENT).to_numpy()
    marked = listed.assign(borderline=borderline)
    rows, tables = [], {}
    for letter in sorted(listed["segment"].unique(), key=position):
        members = marked[marked["segment"] == letter]
        large = len(members) >= min_segment
        if large:
            tables[letter] = members.sort_values("confidence", ascending=False, kind="stable").reset_index(drop=True)
        rows.append(
            {
                "segment": letter,
                "segment_name": members["segment_name"].iloc[0],
                "customers": len(members),
                "control": int(members["control"].sum()),
                "borderline": int(members["borderline"].sum()),
                "outliers": int(members["outlier"].sum()),
                "list": large,
            }
        )
    table = pd.DataFrame(rows)
    small = table.loc[~table["list"], "segment"].tolist()
    text = f"{len(tables)} of {len(table)} segments have a list of their own."
    if small:
        text += f" Not {join_words(small)}: fewer than {min_segment:,} customers."
    return Audiences(tables, table, text)


def readme(
    audiences: Audiences, verdict: VerdictRecord, *, control_share: float, labels: LabelsRecord | None = None
) -> str:
    """Write the text that goes with the lists.

    Parameters
    ----------
    audiences : Audiences
    verdict : VerdictRecord
        Structure and use: the text claims no more.
    control_share : float
        As it was given to `customer_list`.
    labels : LabelsRecord, optional
        Where somebody else's segments were given.

    Returns
    -------
    str
        What the columns are, what the segments may claim, and how to treat the control group; lines end with CR LF.
    """
    lines = [
        "Lists of customers by segment. UTF-8, one customer a line.",
        "",
        f"Are the segments real? {verdict.sentence}",
        f"Are they useful? {verdict.use}",
        f"So: {verdict.advice}",
        "",
        "customer_id     the shop's own id; nothing else of a person is here",
        "segment         letter; segment_name: its name",
        "confidence      1 on the centre of the segment, 0 on the border to the next one",
        "second_segment  the next one",
        "outlier         far from everybody in the segment",
        f"control         leave these {control_share:.0%} out of the campaign, and compare with them afterwards",
        "borderline      might as well be in the second segment: treat both alike, or leave them out",
        "",
        audiences.text,
        *_on_labels(labels),
        "Ids are personal data in most countries: pass the lists on to those who need them only, and delete them then.",
        "A text that begins like a formula has an apostrophe in front of it.",
    ]
    return "\r\n".join(lines) + "\r\n"


def _on_labels(labels: LabelsRecord | None) -> list[str]:
    """Say whose segments these are, what their certainty means, and what is left out."""
    if labels is None:
        return []
    lines = [f"The segments were given by '{labels.file}'; nothing here changed who is in which."]
    if labels.without_label:
        lines.append(f"{labels.without_label:,} customers have no label there, and are on no list.")
    if labels.why_no_rule:
        lines.append(
            "confidence, second_segment, outlier and borderline are empty, and there is no model.skops and no "
            f"scoring.sql to place new customers: {labels.why_no_rule}."
        )
        return lines
    lines.append(
        "confidence, second_segment, outlier and borderline come from the nearest centre, which gives "
        f"{labels.by_rule:.0%} of the customers the segment that they have; confidence is 0 where it gives another one."
    )
    lines.append("model.skops and scoring.sql place new customers by the nearest centre.")
    return lines


@dataclass(frozen=True)
class SampleSizes:
    """How many customers a test needs to see a lift in burn rate.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment and lift: segment, burn_rate, lift, per_arm (customers who get what is tested, and as many
        who do not), customers, enough (whether the segment has two such arms). Missing where the rate is missing or 0,
        or the lift would take it to 1 or above. Empty if no burning is recorded.
    """

    table: pd.DataFrame

    caption = RULE_OF_THUMB

    @property
    def text(self) -> str:
        """In how many cases a segment has enough customers."""
        if self.table.empty:
            return "No burning is recorded, so there is no burn rate that a test could lift."
        enough = int(self.table["enough"].fillna(False).sum())
        return f"Enough customers for a test: {enough} of {len(self.table)} pairs of a segment and a lift."


def sample_sizes(
    rates: Mapping[str, float], customers: Mapping[str, int], *, lifts: Sequence[float] = LIFTS
) -> SampleSizes:
    """Compute how many customers a test needs to see a lift in burn rate, and whether each segment has them.

    Parameters
    ----------
    rates : mapping of str to float
        Burn rate of each segment, by letter: what would happen anyway. Empty if no burning is recorded.
    customers : mapping of str to int
        How many customers each segment has.
    lifts : sequence of float
        Differences of shares: .05 is five points.

    Returns
    -------
    SampleSizes

    Notes
    -----
    n = 16 p (1 - p) / d^2 per arm: 80% power at the two-sided 5% level (Lehr 1992, Statistics in Medicine 11(8); van
    Belle 2008, *Statistical Rules of Thumb*, 2.1), one coupon per customer. An equal share of all is the cheapest
    division; a small control group needs more customers in all.
    """
    records = []
    for letter in sorted(rates, key=position):
        rate, n = rates[letter], customers[letter]
        for lift in lifts:
            per_arm, enough = None, None
            if rate > 0 and rate + lift < 1:  # both are false for a missing rate
                # a result that is whole but for its last bit is not taken up to the next whole number
                per_arm = math.ceil(16 * rate * (1 - rate) / lift**2 - 1e-9)
                enough = 2 * per_arm <= n
            records.append((letter, rate, lift, per_arm, n, enough))
    table = pd.DataFrame(records, columns=["segment", "burn_rate", "lift", "per_arm", "customers", "enough"])
    return SampleSizes(table.astype({"per_arm": "Int64", "enough": "boolean"}))


def parse_weights(text: str) -> dict[str, float]:
    """Read "customers 1, burn_rate 2": criteria by which segments are compared, with their weights.

    Examples
    --------
    >>> parse_weights("customers 1, recency_days -2")
    {'customers': 1.0, 'recency_days': -2.0}
    """
    weights = {}
    for part in filter(str.strip, text.split(",")):
        match = _WEIGHT.fullmatch(part)
        if match is None:
            raise ParameterRefused(
                f"weights are written like 'customers 1, burn_rate 2', not '{part.strip()}'", parameter="weights"
            )
        weights[match[1]] = float(match[2])
    return weights


def parse_knock_outs(text: str) -> list[tuple[str, str, float]]:
    """Read "customers < 50, burn_rate > 0.9": what takes a segment out, however attractive it is.

    Examples
    --------
    >>> parse_knock_outs("customers < 50")
    [('customers', '<', 50.0)]
    """
    rules = []
    for part in filter(str.strip, text.split(",")):
        match = _KNOCK_OUT.fullmatch(part)
        if match is None:
            raise ParameterRefused(
                f"knock_outs are written like 'customers < 50', not '{part.strip()}'", parameter="knock_outs"
            )
        rules.append((match[1], match[2], float(match[3])))
    return rules


def criteria(profiles: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Gather the numbers by which segments can be compared.

    Parameters
    ----------
    profiles : pandas.DataFrame
        From `seglib.interpretation.profile`, its table.
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`, one row per customer.

    Returns
    -------
    pandas.DataFrame
        One row per segment, indexed by its letter: customers, confidence (median), and what was observed of every
        feature.
    """
    observed = profiles.pivot_table(index="segment", columns="feature", values="observed").rename_axis(columns=None)
    by = segments.groupby("segment")["margin"].agg(["size", "median"])
    by = by.set_axis(["customers", "confidence"], axis="columns")
    return by.join(observed).loc[sorted(by.index, key=position)]


def targets(table: pd.DataFrame, *, weights: str, knock_outs: str = "") -> pd.DataFrame:
    """Order segments by what the analyst finds attractive.

    It is a way to say what one wants, and no finding.

    Parameters
    ----------
    table : pandas.DataFrame
        From `criteria`.
    weights : str
        Criteria with their weights (`parse_weights`). With a negative weight, less is more attractive.
    knock_outs : str, optional
        What excludes a segment (`parse_knock_outs`).

    Returns
    -------
    pandas.DataFrame
        One row per segment: segment, a column for each criterion (0 for the segment that has least of it, 10 for the
        one that has most; the other way round with a negative weight; 5 if all have the same), attractiveness (their
        weighted mean), knocked_out (the first rule that excludes it; empty if none does). The most attractive come
        first, those that are excluded last.

    Raises
    ------
    ParameterRefused
        If a criterion is not there, or all weights are 0.
    """
    weight_of, rules = parse_weights(weights), parse_knock_outs(knock_outs)
    for name in [*weight_of, *(name for name, _, _ in rules)]:
        if name not in table or table[name].isna().all():
            available = [c for c in table if table[c].notna().any()]
            raise ParameterRefused(
                f"there is no criterion '{name}'{did_you_mean(name, available)}; there are: {', '.join(available)}",
                parameter="weights" if name in weight_of else "knock_outs",
            )
    total = sum(map(abs, weight_of.values()))
    if total == 0:
        raise ParameterRefused("at least one weight differs from 0", parameter="weights")
    marks = pd.DataFrame(index=table.index)
    for name, weight in weight_of.items():
        value = table[name].fillna(table[name].mean())
        if weight < 0:
            value = -value
        span = value.max() - value.min()
        marks[name] = 10 * (value - value.min()) / span if span > 0 else 5.0
    marks["attractiveness"] = sum(abs(weight) * marks[name] for name, weight in weight_of.items()) / total
    reason = pd.Series("", table.index)
    for name, sign, limit in rules:
        excluded = (table[name] < limit) if sign == "<" else (table[name] > limit)
        reason = reason.mask(excluded & (reason == ""), f"{name} {sign} {limit:g}")
    ordered = marks.assign(knocked_out=reason, _last=reason != "").rename_axis("segment").reset_index()
    ordered = ordered.sort_values(["_last", "attractiveness"], ascending=[True, False], kind="stable")
    return ordered.drop(columns="_last").reset_index(drop=True)


def advice(chosen: pd.DataFrame, verdict: VerdictRecord) -> str:
    """Say what follows from the verdict, and with which segment to begin.

    Parameters
    ----------
    chosen : pandas.DataFrame
        From `targets`.
    verdict : VerdictRecord
        Structure and use. No segment is named where they are constructed and not shown to be useful.
    """
    candidates = chosen.loc[chosen["knocked_out"] == "", "segment"].tolist()
    doubtful = verdict.weakest == "constructed" and verdict.useful == NOT_SHOWN
    if doubtful or not candidates:
        return verdict.advice
    return f"{verdict.advice} By your weights, begin with {candidates[0]}."

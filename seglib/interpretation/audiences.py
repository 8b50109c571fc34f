"""06 Whom to write to, whom to leave out, and how would we know that it worked?

Lists that leave the house hold an id, a segment, how sure it is, and a control flag; nothing else of a person. Nothing
here promises a lift: it says how many customers a test would need to see one.
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
from seglib.schema.records import VerdictRecord
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
    """Make the list that leaves the house: one row a customer, with the name of the segment and a control flag.

    Parameters
    ----------
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`.
    names : mapping of str to str
        Name of each segment, by letter.
    control_share : float, default=0.1
        Share of every segment that is drawn as control group: leave them out of a campaign, and its effect
        can be told from what would have happened anyway.
    seed : int, default=0
        Seed of the draw.

    Returns
    -------
    pandas.DataFrame
        customer_id, segment, segment_name, confidence, second_segment, outlier, control.
    """
    if not 0 <= control_share <= 1:
        raise ParameterRefused(f"control_share lies between 0 and 1, not {control_share}", parameter="control_share")
    rng = np.random.default_rng(seed)
    table = segments.reset_index().rename(columns={"margin": "confidence"})
    table["segment_name"] = table["segment"].map(names)
    drawn = pd.Series(rng.random(len(table))).groupby(table["segment"].to_numpy()).rank(method="first")
    size = table.groupby("segment")["segment"].transform("size")
    table["control"] = drawn.to_numpy() <= np.round(control_share * size)
    return table[list(COLUMNS)]


@dataclass(frozen=True)
class Audiences:
    """A list for each segment that is large enough.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        By letter: the columns of `customer_list`, and borderline (whether the customer might as well be in the next
        segment). The surest come first.
    table : pandas.DataFrame
        One row a segment: segment, segment_name, customers, control, borderline, outliers, list (whether one is made).
    """

    tables: Mapping[str, pd.DataFrame]
    table: pd.DataFrame
    text: str


def audience_lists(listed: pd.DataFrame, segments: pd.DataFrame, *, min_segment: int = 50) -> Audiences:
    """Make an audience of every segment, borderline customers marked.

    Parameters
    ----------
    listed : pandas.DataFrame
        From `customer_list`.
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`: agreement, or where it is not there the margin, tells who is
        borderline: fewer than `seglib.clustering.LOW_AGREEMENT` of the models agree, or the customer is an outlier, or
        (one row a customer) the margin is less than `seglib.clustering.NEAR_BORDER`.
    min_segment : int, default=50
        Smaller segments get no list: what is done to a few customers cannot be measured, and a few can be recognised.

    Returns
    -------
    Audiences
    """
    if min_segment < 1:
        raise ParameterRefused(
            f"min_segment is a number of customers, at least 1, not {min_segment}", parameter="min_segment"
        )
    order = segments.reindex(listed["customer_id"])
    borderline = (order["margin"] < NEAR_BORDER).to_numpy() | order["outlier"].astype(bool).to_numpy()
    if "agreement" in order:
        borderline |= (order["agreement"] < LOW_AGREEMENT).to_numpy()
    whole = listed.assign(borderline=borderline)
    records, tables = [], {}
    for letter in sorted(listed["segment"].unique(), key=position):
        own = whole[whole["segment"] == letter]
        large = len(own) >= min_segment
        if large:
            tables[letter] = own.sort_values("confidence", ascending=False, kind="stable").reset_index(drop=True)
        counts = [int(own[c].sum()) for c in ("control", "borderline", "outlier")]
        records.append((letter, own["segment_name"].iloc[0], len(own), *counts, large))
    columns = ["segment", "segment_name", "customers", "control", "borderline", "outliers", "list"]
    table = pd.DataFrame(records, columns=columns)
    small = table.loc[~table["list"], "segment"].tolist()
    text = f"{len(tables)} of {len(table)} segments have a list of their own."
    if small:
        text += f" Not {join_words(small)}: fewer than {min_segment:,} customers."
    return Audiences(tables, table, text)


def readme(made: Audiences, verdict: VerdictRecord, *, control_share: float) -> str:
    """Write what goes with the lists: what the columns are, what the segments may claim, and what not to do."""
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
        made.text,
        "Ids are personal data in most countries: pass the lists on to those who need them only, and delete them then.",
        "A text that begins like a formula has an apostrophe in front of it.",
    ]
    return "\r\n".join(lines) + "\r\n"


def sample_sizes(
    rates: Mapping[str, float], customers: Mapping[str, int], *, lifts: Sequence[float] = LIFTS
) -> pd.DataFrame:
    """Say how many customers a test needs to see a lift in burn rate, and whether each segment has them.

    Parameters
    ----------
    rates : mapping of str to float
        Burn rate of each segment, by letter: what would happen anyway.
    customers : mapping of str to int
        How many customers each segment has.
    lifts : sequence of float
        Differences of shares: .05 is five points.

    Returns
    -------
    pandas.DataFrame
        One row a segment and a lift: segment, burn_rate, lift, per_arm (customers who get a coupon, and as many who do
        not get what is tested), customers, enough (whether two arms can be had). Missing where the rate is not known,
        or the lift would take it above 1.

    Notes
    -----
    n = 16 p (1 - p) / d^2 per arm: 80% power at the two-sided 5% level (Lehr 1992, Statistics in Medicine 11(8); van
    Belle 2008, *Statistical Rules of Thumb*, 2.1), one coupon a customer. An equal share of all is the cheapest
    division; a small control group needs more customers in all.
    """
    records = []
    for letter in sorted(rates, key=position):
        p, n = rates[letter], customers[letter]
        for lift in lifts:
            can = p == p and p > 0 and p + lift < 1
            per_arm = math.ceil(16 * p * (1 - p) / lift**2 - 1e-9) if can else None
            records.append((letter, p, lift, per_arm, n, None if per_arm is None else 2 * per_arm <= n))
    table = pd.DataFrame(records, columns=["segment", "burn_rate", "lift", "per_arm", "customers", "enough"])
    return table.astype({"per_arm": "Int64", "enough": "boolean"})


def parse_weights(text: str) -> dict[str, float]:
    """Read "customers 1, burn_rate 2": criteria by which segments are compared, with their weights.

    Examples
    --------
    >>> parse_weights("customers 1, recency_days -2")
    {'customers': 1.0, 'recency_days': -2.0}
    """
    weights = {}
    for part in filter(str.strip, text.split(",")):
        found = _WEIGHT.fullmatch(part)
        if found is None:
            raise ParameterRefused(
                f"weights are written like 'customers 1, burn_rate 2', not '{part.strip()}'", parameter="weights"
            )
        weights[found[1]] = float(found[2])
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
        found = _KNOCK_OUT.fullmatch(part)
        if found is None:
            raise ParameterRefused(
                f"knock_outs are written like 'customers < 50', not '{part.strip()}'", parameter="knock_outs"
            )
        rules.append((found[1], found[2], float(found[3])))
    return rules


def criteria(profiles: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Gather what segments can be compared by: customers, median confidence, and every feature that was seen.

    Returns
    -------
    pandas.DataFrame
        One row a segment, indexed by its letter.
    """
    seen = profiles.pivot_table(index="segment", columns="feature", values="seen").rename_axis(columns=None)
    by = segments.groupby("segment")["margin"].agg(["size", "median"])
    by = by.set_axis(["customers", "confidence"], axis="columns")
    return by.join(seen).loc[sorted(by.index, key=position)]


def targets(table: pd.DataFrame, *, weights: str, knock_outs: str = "") -> pd.DataFrame:
    """Order segments by what the analyst finds attractive.

    Parameters
    ----------
    table : pandas.DataFrame
        From `criteria`.
    weights, knock_outs : str
        See `parse_weights` and `parse_knock_outs`. A negative weight finds less of something attractive.

    Returns
    -------
    pandas.DataFrame
        segment, a column for each criterion (0 for the segment that has least of it, 10 for the one that has most; the
        other way round with a negative weight), attractiveness (their weighted mean), knocked_out (by which rule); best
        first, those knocked out last. It is a way to say what one wants, and no finding.

    Raises
    ------
    ParameterRefused
        If a criterion is not there, or all weights are 0.
    """
    wanted, rules = parse_weights(weights), parse_knock_outs(knock_outs)
    for name in [*wanted, *(name for name, _, _ in rules)]:
        if name not in table or table[name].isna().all():
            known = [c for c in table if table[c].notna().any()]
            raise ParameterRefused(
                f"there is no criterion '{name}'{did_you_mean(name, known)}; there are: {', '.join(known)}",
                parameter="weights" if name in wanted else "knock_outs",
            )
    if not sum(map(abs, wanted.values())):
        raise ParameterRefused("at least one weight differs from 0", parameter="weights")
    marks = pd.DataFrame(index=table.index)
    for name, weight in wanted.items():
        value = table[name].fillna(table[name].mean()) * (1 if weight >= 0 else -1)
        span = value.max() - value.min()
        marks[name] = 10 * (value - value.min()) / span if span > 0 else 5.0
    total = sum(map(abs, wanted.values()))
    marks["attractiveness"] = sum(abs(w) * marks[name] for name, w in wanted.items()) / total
    out = pd.Series("", table.index)
    for name, sign, limit in rules:
        hit = (table[name] < limit) if sign == "<" else (table[name] > limit)
        out = out.where(~hit | (out != ""), f"{name} {sign} {limit:g}")
    made = marks.assign(knocked_out=out, _last=out != "").rename_axis("segment").reset_index()
    made = made.sort_values(["_last", "attractiveness"], ascending=[True, False], kind="stable")
    return made.drop(columns="_last").reset_index(drop=True)

"""06 Whom to write to, whom to leave out, and how would we know that it worked?

The lists hold an id, a segment, how sure it is (the probability), and a control flag; nothing else of a person. Nothing
here promises a lift: it says how many customers a test would need to see one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.clustering import LOW_PROBABILITY, NEAR_BORDER
from seglib.errors import ParameterRefused
from seglib.interpretation.holdout.predictive_gain import NOT_SHOWN
from seglib.schema.records import LabelsRecord, VerdictRecord
from seglib.stats import smallest_difference, two_proportion_sample_size
from seglib.style import did_you_mean, each, join_words, position

COLUMNS = (
    "customer_id",
    "segment",
    "segment_name",
    "probability",
    "confidence",
    "second_segment",
    "outlier",
    "control",
)

LIFTS = (0.02, 0.05, 0.10)
"""Differences in burn rate that `sample_sizes` asks about."""

TEST_DESIGN = (
    "Customers that a test needs, its control group included: two-sided test of two shares at the level of 5%, 80% "
    "power, one coupon a customer, with the control group that the list has"
)
"""The caption of `sample_sizes`."""

SAMPLE_SIZE_COLUMNS = ["segment", "burn_rate", "lift", "needed", "customers", "control", "enough", "smallest_lift"]

DEFAULT_WEIGHTS = "customers 1, confidence 1"
"""What makes a segment attractive where nobody says so."""

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
        customer_id, segment, segment_name, probability, confidence, second_segment, outlier, control. The probability
        is missing where a row of the matrix is a transaction.

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
    return table.reindex(columns=list(COLUMNS))


@dataclass(frozen=True)
class Audiences:
    """A list of customers for every segment that is large enough.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        By letter, one row per customer: the columns of `customer_list`, and borderline (whether the customer might
        belong to another segment). The surest customers come first.
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

    A customer is borderline if the probability is below `seglib.clustering.LOW_PROBABILITY`; where there is none
    because a row is a transaction, if the margin (there the share of the customer's rows in the segment) is less than
    `seglib.clustering.NEAR_BORDER`. Outliers are another matter and have a column of their own.

    Parameters
    ----------
    listed : pandas.DataFrame
        From `customer_list`, one row per customer.
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`, indexed by customer_id: margin.
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
    unsure = listed["probability"] < LOW_PROBABILITY
    near = (order["margin"] < NEAR_BORDER).to_numpy()
    marked = listed.assign(borderline=unsure.where(listed["probability"].notna(), near).astype(bool))
    rows, tables = [], {}
    for letter in sorted(listed["segment"].unique(), key=position):
        members = marked[marked["segment"] == letter]
        large = len(members) >= min_segment
        if large:
            surest_first = members.sort_values(["probability", "confidence"], ascending=False, kind="stable")
            tables[letter] = surest_first.reset_index(drop=True)
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
    audiences: Audiences,
    verdict: VerdictRecord,
    needed: SampleSizes,
    *,
    control_share: float,
    labels: LabelsRecord | None = None,
) -> str:
    """Write the text that goes with the lists.

    Parameters
    ----------
    audiences : Audiences
    verdict : VerdictRecord
        Structure and use: the text claims no more.
    needed : SampleSizes
        What a test with these lists can see.
    control_share : float
        As it was given to `customer_list`.
    labels : LabelsRecord, optional
        Where somebody else's segments were given.

    Returns
    -------
    str
        What the columns are, what the segments may claim, how to treat the control group, and what a comparison with
        it can see; lines end with CR LF.
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
        "probability     how likely the customer belongs to the segment, if these segments are taken as given",
        "confidence      nearness: 1 on the centre of the segment, 0 on the border to the next one",
        "second_segment  the next one",
        "outlier         far from everybody in the segment",
        f"control         the comparison group, {control_share:.0%}: they get what they would get without the test",
        "                (nothing, or the usual offer: the card of the segment says which); compare afterwards",
        f"borderline      probability below {LOW_PROBABILITY:.0%} (where there is none: confidence below "
        f"{NEAR_BORDER}): might belong to another segment; treat both alike, or leave them out",
        "",
        audiences.text,
        f"How small a lift in burn rate could a comparison with the control group see? {needed.text}",
        *_on_labels(labels),
        "Ids are personal data in most countries: pass the lists on to those who need them only, and delete them then.",
        "A text that begins like a formula has an apostrophe in front of it.",
    ]
    return "\r\n".join(lines) + "\r\n"


def _on_labels(labels: LabelsRecord | None) -> list[str]:
    """Say whose segments these are, what their certainty means, and what is left out."""
    if labels is None:
        return []
    lines = [f"The segments were {labels.origin}; nothing here changed who is in which."]
    if labels.noise:
        lines.append(f"{labels.noise:,} customers are noise there (in no cluster), and are on no list.")
    if labels.without_label:
        lines.append(f"{labels.without_label:,} customers have no label there, and are on no list.")
    if labels.why_no_rule:
        lines.append(
            "probability, confidence, second_segment, outlier and borderline are empty, and there is no model.skops "
            f"and no scoring.sql to place new customers: {labels.why_no_rule}."
        )
        return lines
    lines.append(
        "probability is empty; confidence, second_segment, outlier and borderline come from the nearest centre, which "
        f"gives {labels.by_rule:.0%} of the customers the segment that they have; confidence is 0 where it gives "
        "another one."
    )
    if labels.why_no_model:
        lines.append(f"There is no model.skops and no scoring.sql to place new customers: {labels.why_no_model}.")
    else:
        lines.append("model.skops and scoring.sql place new customers by the nearest centre.")
    return lines


@dataclass(frozen=True)
class SampleSizes:
    """How many customers a test needs to see a lift in burn rate, and what the lists at hand can see.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment and lift: segment, burn_rate, lift, needed (customers, control group included), customers,
        control (how many of them are in the control group), enough (whether there are as many customers as needed),
        smallest_lift (what a test with these customers and this control group sees). Missing where ``left_out`` says
        so; smallest_lift also where not even a rise to 100% would be seen. Empty if no burning is recorded.
    left_out : tuple of str
        For which segments or lifts there is no number, and why.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...] = ()

    caption = TEST_DESIGN

    @property
    def text(self) -> str:
        """In how many cases a segment has enough customers, what each can see, and what could not be computed."""
        if self.table.empty:
            return "No burning is recorded, so there is no burn rate that a test could lift."
        enough = int(self.table["enough"].fillna(False).sum())
        sentences = [f"Enough customers for a test: {enough} of {len(self.table)} pairs of a segment and a lift."]
        smallest = self.table.groupby("segment", sort=False)["smallest_lift"].first().dropna()
        if len(smallest):
            sentences.append(
                "The smallest lift that a test with these customers and control groups would see, in points: "
                f"{each(100 * smallest, '{:.1f}')}."
            )
        return " ".join([*sentences, *self.left_out])


def sample_sizes(rates: Mapping[str, float], listed: pd.DataFrame, *, lifts: Sequence[float] = LIFTS) -> SampleSizes:
    """Compute how many customers a test needs to see a lift in burn rate, and whether each segment has them.

    Parameters
    ----------
    rates : mapping of str to float
        Burn rate of each segment, by letter: what would happen anyway. Empty if no burning is recorded.
    listed : pandas.DataFrame
        From `customer_list`, one row per customer: segment, control. It says how many customers would be written to,
        and how many would be compared with them.
    lifts : sequence of float
        Differences of shares: .05 is five points.

    Returns
    -------
    SampleSizes

    Notes
    -----
    By `seglib.stats.two_proportion_sample_size`, at the two-sided 5% level with 80% power, one coupon per customer,
    with the control share that the list has. What a test sees depends on both arms: 500 of 5,000 customers as control
    group are worth two arms of 900 (the harmonic mean of 500 and 4,500), and not of 2,500. An equal share of all would
    need the fewest customers.
    """
    members = listed.groupby("segment")["control"].agg(["size", "sum"]).astype(int)
    records, left_out = [], []
    for letter in sorted(rates, key=position):
        rate, (n, control) = float(rates[letter]), members.loc[letter]
        smallest, reason = float("nan"), _why_no_test(rate, n, control)
        if reason:
            left_out.append(f"No number for segment {letter}: {reason}.")
        else:
            smallest = smallest_difference(rate, control, n - control)
            if math.isnan(smallest):
                left_out.append(f"Segment {letter} has too few customers: even a burn rate of 100% would not be seen.")
        beyond = [lift for lift in lifts if not reason and rate + lift >= 1]
        if beyond:
            points = join_words([f"{100 * lift:g}" for lift in beyond])
            left_out.append(
                f"No number for segment {letter} and a lift of {points} points: its burn rate would be 100% or more."
            )
        for lift in lifts:
            needed, enough = None, None
            if not reason and lift not in beyond:
                exact = two_proportion_sample_size(rate, rate + lift, share_control=control / n)
                # a result that is whole but for its last digits is not taken up to the next whole number
                needed = math.ceil(exact - 1e-6)
                enough = needed <= n
            records.append((letter, rate, lift, needed, n, control, enough, smallest))
    table = pd.DataFrame(records, columns=SAMPLE_SIZE_COLUMNS)
    return SampleSizes(table.astype({"needed": "Int64", "enough": "boolean"}), tuple(left_out))


def _why_no_test(rate: float, customers: int, control: int) -> str:
    """Say why no test of a segment can be planned; empty if it can."""
    if math.isnan(rate):
        return "its burn rate is not known"
    if rate <= 0:
        return "nothing was burned, and from a burn rate of 0% no test can be planned"
    if rate >= 1:
        return "everything was burned, and a burn rate of 100% cannot be lifted"
    if control == 0:
        return "it has no control group"
    if control == customers:
        return "all its customers are in the control group"
    return ""


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


def advice(chosen: pd.DataFrame, verdict: VerdictRecord, weights: str) -> str:
    """Say what follows from the verdict, and with which segment to begin.

    Parameters
    ----------
    chosen : pandas.DataFrame
        From `targets`.
    verdict : VerdictRecord
        Structure and use. No segment is named where they are constructed and not shown to be useful.
    weights : str
        As they were given to `targets`. With `DEFAULT_WEIGHTS` nobody chose them, and no segment comes first.
    """
    candidates = chosen.loc[chosen["knocked_out"] == "", "segment"].tolist()
    doubtful = verdict.weakest == "constructed" and verdict.useful == NOT_SHOWN
    nobody_chose = parse_weights(weights) == parse_weights(DEFAULT_WEIGHTS)
    if doubtful or not candidates or nobody_chose:
        return verdict.advice
    return f"{verdict.advice} By your weights, begin with {candidates[0]}."

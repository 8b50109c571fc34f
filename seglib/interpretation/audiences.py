"""06 Whom to write to, whom to leave out, and how would we know that it worked?

The lists hold an id, a segment, how sure it is (the probability), a control flag, and a few things by which a list can
be checked by eye: last coupon, coupons, share used, city. Nothing here promises a lift: it says how many customers a
test would need to see one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from seglib.campaign import ControlGroup
from seglib.clustering import LOW_PROBABILITY, NEAR_BORDER
from seglib.errors import ParameterRefused
from seglib.interpretation.holdout.predictive_gain import NOT_SHOWN
from seglib.schema.records import LabelsRecord, ListRecord, VerdictRecord
from seglib.stats import smallest_difference, two_proportion_sample_size
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import ENGLISH, Vocabulary, Wording, did_you_mean, each, join_words, position

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

NEAR = "near_border"
"""The column that marks those who may belong to another segment."""

SEND, CONTROL = "send", "control"
"""The kinds of lists (`seglib.schema.records.ListRecord`)."""

ADDED, REMOVED = "added", "removed"
"""Columns of the table of lists, and kinds of files: who is new on a list since the last run, and who is gone."""

HOLDOUT = "holdout"
"""The column of those who get no campaign at all."""

DEFAULT_GROUP = ControlGroup("campaign", 0.1)

LONGEST_NAME = 40
"""Characters of the name of a segment in the name of a file."""

MOST_IN_EXCEL = 50_000
"""Customers of the longest list that is written as a workbook too: writing one takes a second for 20,000 rows."""

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
    segments: pd.DataFrame,
    names: Mapping[str, str],
    *,
    features: pd.DataFrame | None = None,
    study: Study = DEFAULT_STUDY,
    vocabulary: Vocabulary = ENGLISH,
    group: ControlGroup = DEFAULT_GROUP,
) -> pd.DataFrame:
    """Make the list that leaves the house: one row per customer, with the name of the segment and a control flag.

    Parameters
    ----------
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`.
    names : mapping of str to str
        Name of each segment, by letter.
    features : pandas.DataFrame, optional
        One row per customer, original units: what a list can be checked by.
    study : Study, optional
        The day of the shop, and what a transaction is called.
    vocabulary : Vocabulary, optional
        The words of the columns of `by_eye`.
    group : ControlGroup, optional
        Who is in the control group (`seglib.interpretation.control_group`); default: a tenth. Leave them out of a
        campaign: the difference between them and the others is its effect. The same salt draws the same customers,
        whoever else is there.

    Returns
    -------
    pandas.DataFrame
        customer_id, segment, segment_name, probability, confidence, second_segment, outlier, control, near_border
        (`is_borderline`), holdout (whether they get no campaign at all; only where there is such a group), and what
        `by_eye` gives. The probability is missing where a row of the matrix is a
        transaction. Probability and confidence have three digits.

    Raises
    ------
    ParameterRefused
        If ``control_share`` is no share, or the name has characters that an SQL statement could not hold.
    """
    table = segments.reset_index().rename(columns={"margin": "confidence"})
    table["segment_name"] = table["segment"].map(names)
    table["control"] = group.contains(table["customer_id"])
    table[HOLDOUT] = group.holds_out(table["customer_id"])
    table[NEAR] = is_borderline(table["probability"], table["confidence"]).to_numpy()
    columns = [*COLUMNS, NEAR, *([HOLDOUT] if group.holdout else [])]
    listed = table.reindex(columns=columns).round({"probability": 3, "confidence": 3})
    if features is None:
        return listed
    checked = by_eye(features.loc[listed["customer_id"]], study, vocabulary).reset_index(drop=True)
    return pd.concat([listed, checked], axis=1)


def on_lists(listed: pd.DataFrame) -> pd.DataFrame:
    """Return the customers who can be on a list: all but those who get no campaign at all."""
    return listed[~listed[HOLDOUT]].reset_index(drop=True) if HOLDOUT in listed else listed


def is_borderline(probability: pd.Series, margin: pd.Series) -> pd.Series:
    """Say of every customer whether another segment may be theirs.

    That is so if the probability is below `seglib.clustering.LOW_PROBABILITY`; where there is none because a row is a
    transaction, if the margin (there the share of the customer's rows in the segment) is less than
    `seglib.clustering.NEAR_BORDER`.

    Examples
    --------
    >>> is_borderline(pd.Series([0.9, 0.6, None]), pd.Series([0.1, 0.9, 0.1])).tolist()
    [False, True, True]
    """
    return (probability < LOW_PROBABILITY).where(probability.notna(), margin < NEAR_BORDER).astype(bool)


def nobody_is_sure(borderline: float, customers: float) -> bool:
    """Say whether all customers of a list are borderline; never where that is not known.

    Examples
    --------
    >>> nobody_is_sure(120, 120), nobody_is_sure(119, 120), nobody_is_sure(0, 0), nobody_is_sure(float("nan"), 120)
    (True, False, False, False)
    """
    return bool(customers > 0 and borderline == customers)


def by_eye(features: pd.DataFrame, study: Study = DEFAULT_STUDY, vocabulary: Vocabulary = ENGLISH) -> pd.DataFrame:
    """Return what somebody can compare with what the shop knows of a customer.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, original units.
    study : Study, optional
    vocabulary : Vocabulary, optional
        The names of the columns.

    Returns
    -------
    pandas.DataFrame
        On the same index, as far as it is recorded: ``last_coupon`` (ISO date; the noun is that of the shop),
        ``coupons`` (how many), ``share_used`` (of all of them, also of the young ones, two digits), ``city`` (or
        ``country``, as the shop has it).
    """
    columns: dict[str, pd.Series] = {}
    wording = vocabulary.wording(study.wording)
    if study.as_of and "recency_days" in features and features["recency_days"].notna().any():
        ago = pd.to_timedelta(features["recency_days"], unit="D")
        last = (pd.Timestamp(study.as_of) - ago).dt.strftime("%Y-%m-%d")
        columns[vocabulary.fill(vocabulary.LAST, wording)] = last.where(features["recency_days"].notna())
        columns[wording.many] = features["n_coupons"]
        if features["burn_rate"].notna().any():
            columns[vocabulary.USED_SHARE] = (features["n_burned"] / features["n_coupons"]).astype(float).round(2)
    if "city_name" in features and features["city_name"].notna().any():
        columns[vocabulary.fill(vocabulary.CITY, wording)] = features["city_name"]
    return pd.DataFrame(columns, index=features.index)


@dataclass(frozen=True)
class Audiences:
    """A list of customers for every segment that is large enough.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        By letter, one row per customer: the columns of `customer_list`. The surest customers come first.
    table : pandas.DataFrame
        One row per segment: segment, segment_name, customers (all but those who get no campaign at all), control,
        borderline, outliers (numbers of customers), holdout (where there is such a group), list (whether there is
        one).
    text : str
        How many segments have a list, and which have none.
    run : str
        Of the run: names of files begin with it.
    changes : mapping of str to pandas.DataFrame
        Who was added to lists and removed from them since the last run, by the name of the file
        (`seglib.interpretation.since_last`).
    min_segment : int
        Smaller segments have no list.
    vocabulary : Vocabulary
        Its words for the lists end their names.
    """

    tables: Mapping[str, pd.DataFrame]
    table: pd.DataFrame
    text: str
    run: str = ""
    min_segment: int = 50
    vocabulary: Vocabulary = field(default=ENGLISH, repr=False)
    changes: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def files(self) -> tuple[ListRecord, ...]:
        """The lists of every segment that has one: whom to send the offer to, and whom to compare with, if anybody."""
        names = self.table.set_index("segment")["segment_name"]
        words = {SEND: self.vocabulary.SEND, CONTROL: self.vocabulary.CONTROL}
        entries = []
        for letter, members in self.tables.items():
            control = int(members["control"].sum())
            for kind, n in ((SEND, len(members) - control), (CONTROL, control)):
                if n:
                    file = list_name(self.run, letter, str(names[letter]), words[kind])
                    entries.append(ListRecord(letter, kind, n, file, n <= MOST_IN_EXCEL))
        return tuple(entries)

    @property
    def parts(self) -> dict[str, pd.DataFrame]:
        """The customers of every one of `files`, by the name of the file, and `changes`."""
        lists = {
            entry.file: members[members["control"] == (entry.kind == CONTROL)].reset_index(drop=True)
            for entry in self.files
            for members in [self.tables[entry.segment]]
        }
        return {**lists, **self.changes}

    @property
    def in_excel(self) -> set[str]:
        """Which of `files` are written as workbooks too."""
        return {entry.file for entry in self.files if entry.excel}


def list_name(run: str, letter: str, name: str, word: str) -> str:
    """Name a list so that it still says what it is after it was downloaded.

    Letters of any alphabet stay, all else becomes a hyphen; a long name is cut. The letter of the segment keeps names
    apart.

    Examples
    --------
    >>> list_name("spring", "A", "Quick burners", "send"), list_name("r", "B", "Women, from Genoa / Izmir", "control")
    ('spring_A_quick-burners_send', 'r_B_women-from-genoa-izmir_control')
    >>> list_name("r", "C", "???", "send")
    'r_C_send'
    """
    words = re.sub(r"[\W_]+", "-", name.casefold()).strip("-")[:LONGEST_NAME].strip("-")
    return "_".join(filter(None, [run, letter, words, word]))


def audience_lists(
    listed: pd.DataFrame,
    segments: pd.DataFrame,
    *,
    run: str = "",
    min_segment: int = 50,
    vocabulary: Vocabulary = ENGLISH,
) -> Audiences:
    """Make a list of the customers of every segment that is large enough.

    Parameters
    ----------
    listed : pandas.DataFrame
        From `customer_list`, one row per customer.
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`, indexed by customer_id: probability, margin. The surest come first.
    run : str, optional
        Of the run: names of files begin with it.
    min_segment : int, default=50
        Smaller segments get no list: the effect on a few customers cannot be measured, and a few can be recognised.

    vocabulary : Vocabulary, optional
        Its words for the lists end their names.

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
    everybody = listed.groupby("segment").agg(segment_name=("segment_name", "first"), n=("customer_id", "size"))
    held_out, listed = HOLDOUT in listed, on_lists(listed)
    # by the numbers before they were rounded for the list
    surest = segments.loc[listed["customer_id"], ["probability", "margin"]].reset_index(drop=True)
    surest_first = surest.sort_values(["probability", "margin"], ascending=False, kind="stable").index
    rows, tables = [], {}
    for letter in sorted(everybody.index, key=position):
        members = listed.loc[surest_first]
        members = members[members["segment"] == letter]
        large = len(members) >= min_segment
        if large:
            tables[letter] = members.reset_index(drop=True)
        rows.append(
            {
                "segment": letter,
                "segment_name": everybody.loc[letter, "segment_name"],
                "customers": len(members),
                "control": int(members["control"].sum()),
                "borderline": int(members[NEAR].sum()),
                "outliers": int(members["outlier"].sum()),
                **({HOLDOUT: int(everybody.loc[letter, "n"]) - len(members)} if held_out else {}),
                "list": large,
            }
        )
    table = pd.DataFrame(rows)
    small = table.loc[~table["list"], "segment"].tolist()
    text = f"{len(tables)} of {len(table)} segments have a list of their own."
    if small:
        text += f" Not {join_words(small)}: fewer than {min_segment:,} customers."
    return Audiences(tables, table, text, run, min_segment, vocabulary)


def readme(
    audiences: Audiences,
    verdict: VerdictRecord,
    needed: SampleSizes,
    *,
    control_share: float,
    source: str = "",
    study: Study = DEFAULT_STUDY,
    labels: LabelsRecord | None = None,
    vocabulary: Vocabulary = ENGLISH,
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
    source : str, optional
        Where the customers come from, fit to be shown.
    study : Study, optional
        The day of the shop, and what a transaction is called.
    labels : LabelsRecord, optional
        Where somebody else's segments were given.
    vocabulary : Vocabulary, optional
        The words of the text.

    Returns
    -------
    str
        Shop, day, and the size of every list; what to do with them, what the columns are, what a comparison can see,
        and what the segments may claim; lines end with CR LF.
    """
    words, wording = vocabulary.README, vocabulary.wording(study.wording)
    table = audiences.table
    unsure = {row.segment for row in table.itertuples() if nobody_is_sure(row.borderline, row.customers)}
    seen = {
        row.segment: smallest_change(row.burn_rate, row.customers, row.control)
        for row in needed.table.drop_duplicates("segment").itertuples()
        if row.segment not in unsure
    }
    day = vocabulary.fill(words["day"], day=vocabulary.day(study.as_of)) if study.as_of else ""
    send = vocabulary.fill(words["send"], send=vocabulary.SEND)
    control = vocabulary.fill(words["control"], control=vocabulary.CONTROL, share=control_share)
    lines = [
        vocabulary.fill(words["head"], source=source or words["this shop"], day=day, run=audiences.run),
        *(_size_line(row, seen, unsure, wording, vocabulary) for row in table.itertuples()),
        f"{send} {control}",
        words["compare" if any(seen.values()) else "compare, no size"],
        vocabulary.fill(words["near_border"], low=LOW_PROBABILITY, near=vocabulary.numbers.write(NEAR_BORDER, "g")),
        words["columns"],
        _what_to_do(verdict, vocabulary),
        *_on_labels(labels, vocabulary),
        *_on_holdout(audiences, vocabulary),
        *_on_changes(audiences, vocabulary),
        *_on_small(audiences, vocabulary),
        words["privacy"],
    ]
    return "\r\n".join(lines) + "\r\n"


def _what_to_do(verdict: VerdictRecord, vocabulary: Vocabulary) -> str:
    """Return the verdict and what to do first, in words for a manager."""
    words = vocabulary.verdict(verdict)
    headline = f"{words.headline}. " if words.headline else ""
    return f"{headline}{words.monday or words.advice}"


def _size_line(
    row: Any, seen: Mapping[str, float | None], unsure: set[str], wording: Wording, vocabulary: Vocabulary
) -> str:
    """Return one line on a group: letter, name, sizes of its lists, and the smallest change that they show."""
    words = vocabulary.README
    values = {"letter": row.segment, "name": row.segment_name, "customers": vocabulary.count(row.customers)}
    if not row.list:
        return vocabulary.fill(words["no list"], **values)
    control = vocabulary.count(row.control)
    text = vocabulary.fill(words["size"], send=vocabulary.count(row.customers - row.control), control=control, **values)
    if (change := seen.get(row.segment)) is not None:
        text += vocabulary.fill(words["change"], wording, points=vocabulary.points(change))
    if row.segment in unsure:
        text += words["nobody sure"]
    return text


def _on_holdout(audiences: Audiences, vocabulary: Vocabulary) -> list[str]:
    """Say how many customers get no campaign at all, if any."""
    n = int(audiences.table[HOLDOUT].sum()) if HOLDOUT in audiences.table else 0
    return [vocabulary.fill(vocabulary.README["holdout"], n=vocabulary.count(n))] if n else []


def _on_changes(audiences: Audiences, vocabulary: Vocabulary) -> list[str]:
    """Say how many customers were added to lists and removed from them since the last run, if any."""
    if not audiences.changes:
        return []
    n = {kind: sum(len(t) for name, t in audiences.changes.items() if name.endswith(kind)) for kind in (ADDED, REMOVED)}
    numbers = {kind: vocabulary.count(number) for kind, number in n.items()}
    return [vocabulary.fill(vocabulary.README["changes"], **numbers)]


def _on_small(audiences: Audiences, vocabulary: Vocabulary) -> list[str]:
    """Say which groups have no list, if any."""
    small = audiences.table.loc[~audiences.table["list"], "segment"].tolist()
    if not small:
        return []
    n, smallest = len(audiences.table) - len(small), vocabulary.count(audiences.min_segment)
    few, letters = vocabulary.README["few"], vocabulary.join(small)
    return [vocabulary.fill(few, n=n, all=len(audiences.table), letters=letters, smallest=smallest)]


def _on_labels(labels: LabelsRecord | None, vocabulary: Vocabulary) -> list[str]:
    """Say whose segments these are, what their certainty means, and what is left out."""
    if labels is None:
        return []
    words = vocabulary.README
    origin = "made by" if labels.algorithm else "given by"
    lines = [vocabulary.fill(words[origin], file=labels.file)]
    if labels.noise:
        lines.append(vocabulary.fill(words["noise"], n=vocabulary.count(labels.noise)))
    if labels.without_label:
        lines.append(vocabulary.fill(words["without label"], n=vocabulary.count(labels.without_label)))
    if labels.why_no_rule:
        return [*lines, vocabulary.fill(words["no rule"], why=_why(labels.why_no_rule, vocabulary))]
    lines.append(vocabulary.fill(words["by rule"], share=labels.by_rule))
    if labels.why_no_model:
        lines.append(vocabulary.fill(words["no model"], why=_why(labels.why_no_model, vocabulary)))
    else:
        lines.append(words["model"])
    return lines


def _why(reason: str, vocabulary: Vocabulary) -> str:
    """Return a reason, which is in English, as the end of a sentence; nothing in another language."""
    return "" if vocabulary.foreign else f": {reason}"


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
    def applies(self) -> bool:
        """Whether burning is recorded."""
        return not self.table.empty

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
        falls = self._harder_to_see
        if len(falls):
            sentences.append(
                "A lift is a rise. Where more than half of the coupons are burned anyway, a fall has to be larger to "
                f"be seen, in points: {each(100 * falls, '{:.1f}')}. The first page of the report names what is seen "
                "either way, the larger one of the two."
            )
        return " ".join([*sentences, *self.left_out])

    @property
    def _harder_to_see(self) -> pd.Series:
        """The smallest change that is seen either way, by segment, where it is larger than the smallest rise."""
        first = self.table.drop_duplicates("segment").set_index("segment")
        changes = [smallest_change(row.burn_rate, row.customers, row.control) for row in first.itertuples()]
        either_way = pd.Series(changes, index=first.index, dtype=float).dropna()
        return either_way[~(either_way <= first["smallest_lift"].reindex(either_way.index) + 1e-9)]


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
    members = on_lists(listed).groupby("segment")["control"].agg(["size", "sum"]).astype(int)
    members = members.reindex(listed["segment"].unique(), fill_value=0)
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


def smallest_change(rate: float | None, customers: float, control: float) -> float | None:
    """Return the smallest change of a share that a test with these customers shows, up or down.

    Parameters
    ----------
    rate : float or None
        The share without the test.
    customers, control : float
        Customers of the segment, and how many of them are the comparison group.

    Returns
    -------
    float or None
        A share; None where no test can be planned, or none would show anything.

    Notes
    -----
    A share can change by more on the side where there is more room; what is seen there is the same by symmetry.
    """
    if rate is None or not 0 < rate < 1 or not 0 < control < customers:
        return None
    change = smallest_difference(min(rate, 1 - rate), control, customers - control)
    return float(change) if math.isfinite(change) else None


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

"""06 What does the first page show: figures of all customers, a row and a page for every segment, and the lists?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from seglib.interpretation.audiences import Audiences, nobody_is_sure, smallest_change
from seglib.interpretation.holdout.holdout import Holdout
from seglib.interpretation.profiles.activity import activity_shares
from seglib.interpretation.surrogate_tree.rules import SurrogateTree
from seglib.schema.records import FigureRecord, GroupRecord, NextRecord, OverviewRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import ENGLISH, Vocabulary, position

SALES = "amount spent"
"""The measure of `seglib.interpretation.activity_shares` that is money."""

NEXT_UNITS: dict[str, str] = {"active": "share", "burned": "share", "burn_rate": "share", "spend": "money"}
"""How an outcome is written; all others are numbers."""


@dataclass(frozen=True)
class Overview:
    """What the first page shows.

    Attributes
    ----------
    record : OverviewRecord
        ``overview.json``.
    table : pandas.DataFrame
        One row per segment: segment, name, customers, and, where recorded, its share of what all customers did,
        the share of coupons used, the share that came back (shares of 1), and the smallest change that a test shows,
        as on the first page.
    text : str
        The figures of all customers in one line.
    """

    record: OverviewRecord
    table: pd.DataFrame = field(repr=False)

    @property
    def text(self) -> str:
        """The figures of all customers in one line."""
        return " ".join(f"{figure.text} {figure.label}." for figure in self.record.figures)

    @property
    def caption(self) -> str:
        """What the table holds, and which figures of all customers go with it."""
        return f"Every segment in one row.{f' All customers: {self.text}' if self.text else ''}"

    @property
    def shares(self) -> list[str]:
        """The columns of the table that are shares."""
        return [column for column in self.table.select_dtypes("number") if column != "customers"]


def overview(
    features: pd.DataFrame,
    segments: pd.DataFrame,
    profiles: pd.DataFrame,
    held: Holdout,
    rules: SurrogateTree,
    lists: Audiences,
    *,
    examples: pd.DataFrame | None = None,
    study: Study = DEFAULT_STUDY,
    vocabulary: Vocabulary = ENGLISH,
) -> Overview:
    """Gather what the first page and the pages of the groups show.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, original units.
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`, on the same index.
    profiles : pandas.DataFrame
        From `seglib.interpretation.profile`, its table: the share of coupons used is the one of the cards.
    held : Holdout
        What customers did after an earlier day.
    rules : SurrogateTree
    lists : Audiences
    examples : pandas.DataFrame, optional
        From `seglib.interpretation.exemplars`.
    study : Study, optional
        What a transaction is called, and the day of the shop.
    vocabulary : Vocabulary, optional
        The words of the pages.

    Returns
    -------
    Overview

    Notes
    -----
    The segments of the earlier day were made anew, so their letters may stand for others. What followed is told of a
    segment only where one of that day and one of today have each other as the most similar one (`matching_then`).
    """
    letters, wording = segments["segment"], vocabulary.wording(study.wording)
    sizes = letters.value_counts()
    used, work, (work_name, work_label) = _used(profiles), *_work(features, letters, study, vocabulary)
    then = matching_then(letters, held.table["segment"]) if len(held.table) else {}
    after = _after(held, then, study)
    came_back = {letter: row.get("active") for letter, row in after.items()}
    everybody_back = _overall(held, "active")
    stories = _stories(features, examples, study, vocabulary)
    rate = used or {letter: value for letter, value in came_back.items() if value is not None}
    listed = lists.table.set_index("segment")
    groups = tuple(
        GroupRecord(
            segment=letter,
            work_share=work.get(letter),
            used=used.get(letter),
            came_back=came_back.get(letter),
            smallest_change=_change_seen(rate.get(letter), listed.loc[letter]),
            near_border=_count(listed.loc[letter, "borderline"]),
            then=int((held.table["segment"] == then[letter]).sum()) if letter in then else None,
            next=_next(held, then.get(letter), study, vocabulary),
            rule=_rule(rules.table, letter, vocabulary),
            story=stories.get(letter, ""),
        )
        for letter in sorted(sizes.index, key=position)
    )
    all_used = sum(used[s] * sizes[s] for s in used) / sum(sizes[s] for s in used) if used else None
    everybody = GroupRecord("", 1.0 if work else None, all_used, everybody_back)
    months = ""
    if len(held.table):
        months = vocabulary.in_words((pd.Timestamp(held.as_of) - pd.Timestamp(held.cut)).days, "days")
    record = OverviewRecord(
        figures=tuple(_figures(features, everybody, held, study, vocabulary, months=months, spent=work_name == SALES)),
        groups=groups,
        everybody=everybody,
        lists=lists.files,
        work=work_label,
        used=vocabulary.fill(vocabulary.USED_COLUMN, wording) if used else "",
        came_back=vocabulary.fill(vocabulary.CAME_BACK_COLUMN, months=months) if months else "",
        cut=held.cut if months else None,
        thing=wording.many if work else "",
        wording=wording.words | {"kind": wording.kind},
        words=vocabulary.record,
        words_file=vocabulary.file if vocabulary.changed else "",
    )
    shows = vocabulary.page("a test shows")
    table = pd.DataFrame(
        {
            "segment": [group.segment for group in groups],
            "name": [listed.loc[group.segment, "segment_name"] for group in groups],
            "customers": [int(sizes[group.segment]) for group in groups],
            work_label or "share": [group.work_share for group in groups],
            record.used or "used": [group.used for group in groups],
            record.came_back or "came back": [group.came_back for group in groups],
            f"{shows[:1].lower()}{shows[1:]}": [
                vocabulary.page("points", n=vocabulary.points(group.smallest_change)) if group.smallest_change else None
                for group in groups
            ],
        }
    )
    return Overview(record, table.dropna(axis="columns", how="all"))


def matching_then(now: pd.Series, then: pd.Series) -> dict[str, str]:
    """Return, by letter of today, the segment of the earlier day that is the same.

    Parameters
    ----------
    now, then : pandas.Series of str
        The letter of each customer, indexed by customer_id. Only customers in both count.

    Returns
    -------
    dict of str to str
        Only pairs that have each other as the most similar one. Similarity is Jaccard's: customers in both over
        customers in either.

    Examples
    --------
    >>> matching_then(pd.Series(list("AABB")), pd.Series(list("bbaa")))
    {'A': 'b', 'B': 'a'}
    """
    both = now.index.intersection(then.index)
    common = pd.crosstab(now[both], then[both])
    if common.empty:
        return {}
    either = common.sum(axis=1).to_numpy()[:, None] + common.sum(axis=0).to_numpy()[None, :] - common
    similar = common / either
    best_then, best_now = similar.idxmax(axis=1), similar.idxmax(axis=0)
    return {letter: best for letter, best in best_then.items() if best_now[best] == letter}


def _change_seen(rate: float | None, listed: pd.Series) -> float | None:
    """Return the smallest change that a test of a segment shows; None where nobody surely belongs to it."""
    if nobody_is_sure(listed["borderline"], listed["customers"]):
        return None
    return smallest_change(rate, *listed[["customers", "control"]])


def _used(profiles: pd.DataFrame) -> dict[str, float]:
    """Return the share of coupons used by segment, as the cards have it; empty if none is recorded."""
    rows = profiles[profiles["feature"] == "burn_rate"].dropna(subset=["observed"])
    return {row.segment: float(row.observed) for row in rows.itertuples()}


def _work(
    features: pd.DataFrame, letters: pd.Series, study: Study, vocabulary: Vocabulary
) -> tuple[dict[str, float], tuple[str, str]]:
    """Return each segment's share of sales, of used coupons or of transactions, and what it is called."""
    shares = activity_shares(features, letters, study)
    if shares.table.empty:
        return {}, ("", "")
    measure = SALES if SALES in shares.measures else shares.measures[1]
    rows = shares.table[shares.table["measure"] == measure]
    kind = "spend" if measure == SALES else "made" if measure == study.wording.many else "burned"
    label = vocabulary.fill(vocabulary.WORK[kind], vocabulary.wording(study.wording))
    return dict(zip(rows["segment"], rows["share"].astype(float), strict=True)), (measure, label)


def _after(held: Holdout, then: Mapping[str, str], study: Study) -> dict[str, dict[str, float]]:
    """Return what followed by segment of today and outcome."""
    return {
        letter: {
            row.outcome: float(row.value)
            for row in held.by_segment[held.by_segment["segment"] == earlier].itertuples()
            if pd.notna(row.value)
        }
        for letter, earlier in then.items()
    }


def _overall(held: Holdout, outcome: str) -> float | None:
    rows = held.by_segment[held.by_segment["outcome"] == outcome]
    return None if rows.empty else float(rows["overall"].iloc[0])


def _next(held: Holdout, earlier: str | None, study: Study, vocabulary: Vocabulary) -> tuple[NextRecord, ...]:
    """Return what the customers of a segment of the earlier day did, beside all."""
    rows = held.by_segment[held.by_segment["segment"] == earlier]
    return tuple(
        NextRecord(
            row.outcome,
            vocabulary.fill(vocabulary.NEXT[row.outcome], vocabulary.wording(study.wording)),
            vocabulary.in_words(row.value, NEXT_UNITS.get(row.outcome, "number")),
            vocabulary.in_words(row.overall, NEXT_UNITS.get(row.outcome, "number")),
        )
        for row in rows.itertuples()
        if pd.notna(row.value)
    )


def _rule(rules: pd.DataFrame, letter: str, vocabulary: Vocabulary) -> str:
    """Say how most customers of a segment are recognised: by the rule that takes most of them."""
    rows = rules[(rules["segment"] == letter) & rules["precision"].notna()]
    if rows.empty:
        return ""
    rule = rows.loc[rows["covers"].idxmax()]
    conditions = f"{rule['conditions'][:1].upper()}{rule['conditions'][1:]}"
    precision, covers = (_share(rule[name], vocabulary) for name in ("precision", "covers"))
    return vocabulary.fill(vocabulary.RULE, conditions=conditions, precision=precision, covers=covers)


def _stories(
    features: pd.DataFrame, examples: pd.DataFrame | None, study: Study, vocabulary: Vocabulary
) -> dict[str, str]:
    """Tell of the customer who stands for each segment what can be looked up."""
    if examples is None:
        return {}
    stories = {}
    for row in examples.dropna(subset=["customer_id"]).itertuples():
        if parts := _story_parts(features.loc[row.customer_id], study, vocabulary):
            who = vocabulary.fill(vocabulary.STORY_OF, customer=row.customer_id)
            stories[row.segment] = f"{who}: {', '.join(parts)}."
    return stories


def _story_parts(customer: pd.Series, study: Study, vocabulary: Vocabulary) -> Sequence[str]:
    story, has = vocabulary.STORY, {name for name, value in customer.items() if pd.notna(value)}
    wording = vocabulary.wording(study.wording)
    parts = [str(customer[name]) for name in ("gender_name", "city_name") if name in has]
    if "tenure_days" in has:
        tenure = vocabulary.in_words(customer["tenure_days"], "days")
        parts.append(vocabulary.fill(story["tenure"], tenure=tenure))
    if "n_coupons" in has and customer["n_coupons"] > 0:
        n = int(customer["n_coupons"])
        things = wording.one if n == 1 else wording.many
        kind = "burned" if "burn_rate" in has else "made"
        used = int(customer["n_burned"]) if kind == "burned" else 0
        parts.append(vocabulary.fill(story[kind], n=n, things=things, used=used))
    if "recency_days" in has and study.as_of:
        last = pd.Timestamp(study.as_of) - pd.Timedelta(days=int(customer["recency_days"]))
        parts.append(vocabulary.fill(story["last"], day=vocabulary.day(last.date().isoformat())))
    if "spend" in has and customer["spend"] > 0:
        parts.append(vocabulary.fill(story["spend"], spend=vocabulary.money(customer["spend"])))
    for name in study.variables:
        if name in has and name not in ("gender_name", "city_name"):
            value = customer[name]
            text = str(value) if isinstance(value, str) else _in_unit(float(value), study.variables[name], vocabulary)
            feature = vocabulary.name_of(name, wording)
            parts.append(vocabulary.fill(story["variable"], feature=feature, value=text))
    return parts


def _in_unit(value: float, variable: object, vocabulary: Vocabulary) -> str:
    if variable.kind == "binary":
        return vocabulary.YES if value else vocabulary.NO
    number = vocabulary.count(value) if value == round(value) else vocabulary.number(value)
    return f"{number} {variable.unit}".strip()


def _figures(
    features: pd.DataFrame,
    everybody: GroupRecord,
    held: Holdout,
    study: Study,
    vocabulary: Vocabulary,
    *,
    months: str,
    spent: bool,
) -> list[FigureRecord]:
    """Return at most three figures of all customers: coupons used, who came back, what was spent."""
    wording, figures = vocabulary.wording(study.wording), []
    if everybody.used is not None:
        label, note = (vocabulary.fill(text, wording) for text in (vocabulary.USED_FIGURE, vocabulary.USED_NOTE))
        share = _share(everybody.used, vocabulary)
        figures.append(FigureRecord("used", label, everybody.used, share, "share", note))
    if everybody.came_back is not None:
        label = vocabulary.fill(vocabulary.CAME_BACK_FIGURE, months=months)
        note = vocabulary.fill(vocabulary.CAME_BACK_NOTE, day=vocabulary.day(held.cut))
        share = _share(everybody.came_back, vocabulary)
        figures.append(FigureRecord("came_back", label, everybody.came_back, share, "share", note))
    if spent:
        total = float(features["spend"].sum())
        figures.append(FigureRecord("spend", vocabulary.SPEND_FIGURE, total, vocabulary.money(total, total=True)))
    return figures


def _share(share: float, vocabulary: Vocabulary) -> str:
    """Write a share in whole per cent, but a very small or large one as `seglib.style.percent` does."""
    whole = 0.005 <= share <= 0.995 or share in (0, 1)
    return vocabulary.whole_percent(share) if whole else vocabulary.percent(share)


def _count(value: object) -> int | None:
    return None if pd.isna(value) else int(value)

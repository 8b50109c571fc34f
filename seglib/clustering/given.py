"""Other segments in the place of those of KMeans: matched with the customers of the run, and lettered.

They come from a file, or from an algorithm of the analyst's own (`seglib.clustering.own`).

The labels decide who is in which segment. What needs more than labels (a centre, how near a customer is to the border,
where a new customer would go) comes from a rule that stands for them: the nearest centre, where a centre is the mean of
the customers with a label. How many labels the rule gives back is measured, and where these are too few, the rule does
not leave the notebook. Of an algorithm it has to give back all of them: a model that places customers otherwise than
the algorithm did would contradict the lists.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import pandas as pd

from seglib.clustering.bootstrap import Bootstrap, bootstrap_rules
from seglib.clustering.kmeans import OUTLIER_FACTOR, SLACK, distances
from seglib.clustering.labels import match_labels, ranking
from seglib.clustering.segmentation import Segmentation, customer_segments
from seglib.errors import ParameterRefused
from seglib.k_selection import sampled_silhouette
from seglib.schema.records import ClusteringRecord, LabelsRecord, VerdictRecord
from seglib.style import letter, position

MOST_UNKNOWN = 0.5
"""Share of the customers of a file from which on it is taken for that of another shop, or ids are written otherwise."""

LEAST_BY_RULE, LEAST_OF_EACH = 0.9, 0.5
"""Share of the labels that the nearest centre must give back to stand for them: of all customers, and of each segment.
So at most one customer in ten is placed elsewhere than the labels would, and no segment is mostly others."""


NOISE = "-1"
"""The label of rows in no cluster, as DBSCAN and other algorithms of scikit-learn give it; it is no segment."""


class Labels(Protocol):
    """Labels as they were read (`seglib.ingest.read_labels`), or made (`seglib.clustering.own_labels`)."""

    file: str
    sha256: str
    labels: pd.Series | None


@dataclass(frozen=True)
class GivenLabels:
    """The labels of the customers of a run; without any, nothing is given.

    Attributes
    ----------
    customers : pandas.Index
        The customers that will have a segment: those with a label, or all of the run where none are given.
    labels : pandas.Series of str or None
        By customer_id, on ``customers``; None where no file was given.
    file, sha256 : str
        Name of the file, or of the algorithm.
    without_label, without_customer : int
        Customers of the run that the file does not name, and of the file that the run does not have.
    noise : int
        Customers of the run that are in no cluster (`NOISE`).
    algorithm : bool
        Whether an algorithm made the labels, and no file has them.
    """

    customers: pd.Index = field(repr=False)
    labels: pd.Series | None = field(default=None, repr=False)
    file: str = ""
    sha256: str = ""
    without_label: int = 0
    without_customer: int = 0
    noise: int = 0
    algorithm: bool = False

    @property
    def are_named(self) -> bool:
        """Whether the labels are names; an algorithm numbers its clusters, and the numbers mean nothing."""
        return not (self.algorithm and _are_numbers(self.labels))

    @property
    def origin(self) -> str:
        """Where the segments come from, as it goes on after "the segments were"."""
        return f"made by {self.file}" if self.algorithm else f"given by '{self.file}'"

    @property
    def table(self) -> pd.DataFrame:
        """One row per segment, the largest first: segment, customers, share; empty without labels."""
        if self.labels is None:
            return pd.DataFrame(columns=["segment", "customers", "share"])
        table = self.labels.value_counts().rename_axis("segment").rename("customers").reset_index()
        return table.assign(share=table["customers"] / len(self.labels))

    @property
    def text(self) -> str:
        """Whose segments these are, and how many customers are in one list only."""
        if self.labels is None:
            return "No labels were given: the segments are those of KMeans."
        sentences = [
            f"The segments are {self.origin}: {len(self.labels):,} customers in {self.labels.nunique()} segments."
        ]
        if self.noise:
            sentences.append(
                f"{self.noise:,} customers are noise (in no cluster, label {NOISE}), so they are in no segment and on "
                "no list."
            )
        if self.without_label:
            sentences.append(
                f"{self.without_label:,} customers of this run have no label there, so they are in no segment and on "
                "no list."
            )
        if self.without_customer:
            sentences.append(
                f"{self.without_customer:,} customers that it names are not among those who are described here (they "
                "may have no transaction), so they are left out."
            )
        return " ".join(sentences)

    def rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a table, such as the matrix, whose customers will have a segment."""
        if self.labels is None:
            return table
        return table[table.index.get_level_values("customer_id").isin(self.customers)]


def given_labels(read: Labels, customers: pd.Index) -> GivenLabels:
    """Match labels with the customers of a run.

    Parameters
    ----------
    read : Labels
        From `seglib.ingest.read_labels`.
    customers : pandas.Index
        Of the features: the customers that are described.

    Returns
    -------
    GivenLabels

    Raises
    ------
    ParameterRefused
        If more than half of the file's customers are unknown, or fewer than two segments have a customer here.
    """
    if read.labels is None:
        return GivenLabels(customers)
    algorithm = bool(getattr(read, "algorithm", False))
    in_file = read.labels.index.isin(customers)
    unknown = read.labels.index[~in_file]
    if len(unknown) > MOST_UNKNOWN * len(read.labels):
        examples = ", ".join(f"'{name}'" for name in unknown[:3])
        in_run = ", ".join(f"'{name}'" for name in customers[:3])
        raise ParameterRefused(
            f"labels '{read.file}' cannot be used: unknown_customer: {len(unknown):,} of {len(read.labels):,} "
            f"customers are not described in this run (such as {examples}; those of this run are such as {in_run}); "
            "is it another shop, or are ids written otherwise?",
            parameter="labels",
        )
    with_label = customers[customers.isin(read.labels.index)]
    labels = read.labels.reindex(with_label)
    noise = int((labels == NOISE).sum()) if _are_numbers(labels) else 0
    if noise:
        labels = labels[labels != NOISE]
    if labels.nunique() < 2:
        raise _too_few(read.file, labels, noise, algorithm=algorithm)
    without_label = len(customers) - len(with_label)
    return GivenLabels(
        labels.index, labels, read.file, read.sha256, without_label, len(unknown), noise=noise, algorithm=algorithm
    )


def _are_numbers(labels: pd.Series | None) -> bool:
    """Say whether all labels are whole numbers, as algorithms number their clusters."""
    return labels is not None and bool(labels.astype(str).str.fullmatch(r"-?\d+").all())


def _too_few(file: str, labels: pd.Series, noise: int, *, algorithm: bool) -> ParameterRefused:
    """Refuse labels that do not divide the customers."""
    name = file if algorithm else f"labels '{file}' cannot be used: one_segment"
    parts = (
        [f"all {len(labels):,} customers of this run that have a label are in '{labels.iloc[0]}'"]
        if len(labels)
        else []
    )
    if noise:
        parts.append(f"{noise:,} customers are noise ({NOISE})")
    problem = " and ".join(parts) or "no customer of this run has a label"
    advice = "; it takes two segments at least: change its options" if algorithm else ""
    return ParameterRefused(f"{name}: {problem}{advice}", parameter=None if algorithm else "labels")


@dataclass(frozen=True)
class GivenSegmentation(Segmentation):
    """Segments that were given, with what the nearest centre adds to them.

    ``margin`` is 1 - d/d2 with the distances to the centre of the own segment and to the nearest other one, and 0 where
    another centre is nearer; ``second_segment`` is the nearest other one. ``inertia`` and ``silhouette`` are those of
    the labels.

    Attributes
    ----------
    given : GivenLabels
    names : dict of str to str
        What each segment is called in the file, by letter.
    by_rule : pandas.Series of float
        By letter, the share of the rows that are nearest to the centre of their segment.
    all_by_rule : float
        The same of all rows.
    """

    given: GivenLabels = field(repr=False)
    names: dict[str, str]
    by_rule: pd.Series = field(repr=False)
    all_by_rule: float

    @property
    def text(self) -> str:
        """What was given, under which letters, and how far the nearest centre stands for it."""
        named = ", ".join(f"{segment} is {name}" for segment, name in self.names.items())
        origin = self.given.file if self.given.algorithm else f"'{self.given.file}'"
        return (
            f"{self.k} segments of {len(self.table):,} rows as {origin} has them ({named}): inertia "
            f"{self.inertia:,.1f}, mean silhouette {self.silhouette:.3f} on the matrix. {self.placed_by}"
        )

    @property
    def named(self) -> dict[str, str]:
        """What the segments are called by whoever gave them, by letter; empty: an algorithm gives no names."""
        return self.names if self.given.are_named else {}

    @property
    def placed_by(self) -> str:
        """How far the nearest centre gives the labels back."""
        worst = self.by_rule.idxmin()
        return (
            f"The nearest centre gives {self.all_by_rule:.0%} of the rows the segment that they have (fewest of "
            f"{self.names[worst]}: {self.by_rule[worst]:.0%})."
        )

    @property
    def why_no_rule(self) -> str:
        """Why the nearest centre does not stand for the labels; empty if it does."""
        if self.all_by_rule >= LEAST_BY_RULE and self.by_rule.min() >= LEAST_OF_EACH:
            return ""
        return (
            f"the nearest centre gives only {self.all_by_rule:.0%} of the labels back (it takes {LEAST_BY_RULE:.0%}, "
            f"and {LEAST_OF_EACH:.0%} of each segment), so it does not stand for them"
        )

    @property
    def why_no_model(self) -> str:
        """Why no model and no statement in SQL is handed out; empty if they are."""
        if self.given.noise:
            return f"it would give the {self.given.noise:,} customers a segment who are noise for '{self.given.file}'"
        if self.why_no_rule or not self.given.algorithm or self.all_by_rule == 1:
            return self.why_no_rule
        others = round((1 - self.all_by_rule) * len(self.table))
        return (
            f"it would place customers by the nearest centre, which gives {others:,} of {len(self.table):,} rows "
            f"another segment than {self.given.file} does"
        )

    @property
    def why_no_sensitivity(self) -> str:
        """Why nothing can be made in another way."""
        if self.given.algorithm:
            return (
                f"The segments are made by {self.given.file}. The changes that are tried here are changes to KMeans: "
                "to see what another decision does to your algorithm, change it, and compare."
            )
        return (
            f"The segments come from '{self.given.file}', and how they were made is not known here. So no decision of "
            "theirs can be changed to see what would follow."
        )

    @property
    def why_no_probability(self) -> str:
        """Why there is no probability: it is calibrated on simulated shops, which KMeans divides."""
        return (
            "No probability is given: it is calibrated on simulated customers that KMeans divides, and these segments "
            f"were {self.given.origin}."
        )

    def models(self, X: np.ndarray, *, n_models: int, sample_rows: int, seed: int) -> Bootstrap:
        """Return the centres of the labels in resampled rows (`bootstrap_rules`)."""
        return bootstrap_rules(
            X, self.numbers.to_numpy(), self.k, n_models=n_models, sample_rows=sample_rows, seed=seed
        )

    def compared(self, placed: pd.Series) -> str:
        """Say what the nearest centre, by another execution, gives customers, beside what they have."""
        same = int((placed == customer_segments(self.table)["segment"].reindex(placed.index)).sum())
        text = f"The SQL statement places {same:,} of {len(placed):,} customers in the segment that they have."
        if self.why_no_model:
            return f"{text} The model is not handed out: {self.why_no_model}."
        return (
            f"{text} The model places by the nearest centre, which need not be the way in which the labels were made."
        )

    def completed(self, verdict: VerdictRecord | None) -> ClusteringRecord:
        """Return ``clustering.json``, with whose segments these are and what their verdict is."""
        labels = LabelsRecord(
            file=self.given.file,
            sha256=self.given.sha256,
            names=dict(self.named),
            without_label=self.given.without_label,
            without_customer=self.given.without_customer,
            by_rule=round(self.all_by_rule, 6),
            why_no_rule=self.why_no_rule,
            why_no_model=self.why_no_model,
            noise=self.given.noise,
            algorithm=self.given.algorithm,
            verdict=verdict,
        )
        return replace(self.record, labels=labels)


def segments_given(
    given: GivenLabels,
    matrix: pd.DataFrame,
    ours: Segmentation,
    *,
    order_by: pd.Series,
    align_to: pd.Series | None = None,
    sample_rows: int = 10_000,
    seed: int = 0,
) -> Segmentation:
    """Return the segments that were given, lettered; ours, where none were.

    Parameters
    ----------
    given : GivenLabels
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    ours : Segmentation
        What KMeans made.
    order_by, align_to
        As in `seglib.clustering.segment`.
    sample_rows, seed
        See `seglib.k_selection.sampled_silhouette`.

    Returns
    -------
    Segmentation
        A `GivenSegmentation` of the rows whose customers have a label, if any were given.
    """
    if given.labels is None:
        return ours
    part = given.rows(matrix)
    X = part.to_numpy(dtype=np.float64)
    of_rows = given.labels.reindex(part.index.get_level_values("customer_id")).to_numpy()
    codes, names = pd.factorize(of_rows, sort=True)
    k = len(names)
    means = pd.DataFrame(X).groupby(codes).mean().to_numpy()
    order = ranking(codes, means, order_by.reindex(part.index).to_numpy())
    number_of = np.empty(k, dtype=int)
    number_of[order] = np.arange(k)
    numbers, centres = number_of[codes], means[order]
    letters = pd.Series([letter(number) for number in range(k)])
    away = distances(X, centres)
    table = _described(away, numbers, letters).set_axis(part.index)
    if align_to is not None:
        earlier = match_labels(customer_segments(table)["segment"], align_to)
        letters = letters.map(earlier)
        table = table.assign(segment=table["segment"].map(earlier), second_segment=table["second_segment"].map(earlier))
    index = pd.Index(letters, name="segment")
    in_order = sorted(index, key=position)
    nearest = pd.Series(away.argmin(axis=1) == numbers)
    called = dict(zip(letters, (name if given.are_named else f"cluster {name}" for name in names[order]), strict=True))
    return GivenSegmentation(
        table=table,
        centres=pd.DataFrame(centres, index, matrix.columns).loc[in_order],
        outlier_radius=pd.Series(_radius(away, numbers, k), index).loc[in_order],
        inertia=round(float((away[np.arange(len(X)), numbers] ** 2).sum()), 6),
        silhouette=round(sampled_silhouette(X, numbers, sample_rows=sample_rows, seed=seed), 6),
        given=given,
        names={segment: str(called[segment]) for segment in in_order},
        by_rule=nearest.groupby(numbers).mean().set_axis(index).loc[in_order],
        all_by_rule=float(nearest.mean()),
    )


def _radius(away: np.ndarray, numbers: np.ndarray, k: int) -> np.ndarray:
    """Return the distance from its centre beyond which a row of each segment is an outlier (`SegmentKMeans`)."""
    far = pd.Series(away[np.arange(len(away)), numbers]).groupby(numbers).quantile(0.99)
    return OUTLIER_FACTOR * far.reindex(range(k)).to_numpy() + SLACK


def _described(away: np.ndarray, numbers: np.ndarray, letters: pd.Series) -> pd.DataFrame:
    """Return segment, margin, second_segment and outlier of rows with given segments."""
    rows, k = np.arange(len(away)), len(letters)
    to_own = away[rows, numbers]
    others = away.copy()
    others[rows, numbers] = np.inf
    second = others.argmin(axis=1)
    to_second = others[rows, second]
    ratio = np.divide(to_own, to_second, out=np.ones_like(to_own), where=to_second > 0)
    return pd.DataFrame(
        {
            "segment": letters.to_numpy()[numbers],
            "margin": np.round(np.maximum(1 - ratio, 0), 6),
            "second_segment": letters.to_numpy()[second],
            "outlier": to_own > _radius(away, numbers, k)[numbers],
        }
    )


@dataclass(frozen=True)
class SegmentRule:
    """The rule that stands for given labels where segments are needed of other data than those of today.

    Attributes
    ----------
    centres : pandas.DataFrame
        One row per segment, in the columns of the matrix.
    why_not : str
        Why the rule must not be used; empty if it may.
    """

    centres: pd.DataFrame
    why_not: str = ""

    def place(self, matrix: pd.DataFrame) -> pd.Series:
        """Return the segment of every row: that of the nearest centre, in the columns that both have.

        Raises
        ------
        ParameterRefused
            If they have no column in common.
        """
        columns = [name for name in self.centres.columns if name in matrix.columns]
        if not columns:
            raise ParameterRefused("the matrix has none of the columns by which the labels are described")
        away = distances(matrix[columns].to_numpy(dtype=np.float64), self.centres[columns].to_numpy())
        return pd.Series(self.centres.index.to_numpy()[away.argmin(axis=1)], matrix.index, name="segment")


def rule_of(record: ClusteringRecord, centres: pd.DataFrame) -> SegmentRule | None:
    """Return the rule that stands for the segments of a run; None where KMeans made them, and can make them again.

    Parameters
    ----------
    record : ClusteringRecord
    centres : pandas.DataFrame
        Of the segments (`seglib.scoring.SegmentModel.centres`).
    """
    return SegmentRule(centres, record.labels.why_no_rule) if record.labels else None

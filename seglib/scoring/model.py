"""A segmentation that stands on its own: it places customers who were not in the run that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from seglib.clustering import Bootstrap, Segmentation, SegmentKMeans, SegmentRule, customer_segments, rule_of
from seglib.preprocessing import UNKNOWN, Matrix, levels_of
from seglib.schema.features import SHRUNK_BY, Feature
from seglib.schema.records import (
    ClusteringRecord,
    InputRecord,
    RecipeRecord,
    Record,
    ShopRecord,
    VariableRecord,
    VerdictRecord,
)

QUANTILES = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
"""Quantiles of the features of the customers that the model was made of, to compare later customers with them."""

FEWEST = 5
"""Levels of a name that fewer customers have are not named in a model file: they might name a person."""

PACKAGES = ("seglib", "scikit-learn", "numpy", "skops")
"""Whose versions a model names."""

DICTIONARY = ("name", "unit", "meaning", "range", "role", "kind")
"""What a model holds of each feature (`seglib.schema.features.Feature`)."""


@dataclass(frozen=True)
class ModelVerdict(Record):
    """What a model holds of the verdict on its segments (`seglib.schema.records.VerdictRecord`)."""

    structure: str
    useful: str
    sentence: str

    @classmethod
    def of(cls, verdict: VerdictRecord | ModelVerdict) -> ModelVerdict:
        """Take from a verdict what goes into a model."""
        return cls(verdict.structure, verdict.useful, verdict.sentence)


@dataclass(frozen=True)
class SegmentModel:
    """Everything that is needed to place a customer: how features are made, weighed, and compared with the centres.

    Attributes
    ----------
    run : str
        Name of the run that made it.
    pipeline : sklearn.pipeline.Pipeline
        From features (recipe ``baseline``: transactions) to the columns of the matrix.
    centres : pandas.DataFrame of float64
        One row a segment, in the columns of the matrix; the index holds the letters.
    outlier_radius : pandas.Series of float
        By segment, the distance beyond which a row is an outlier.
    bootstrap : Bootstrap
        Models of bootstrap samples, for the agreement.
    names : mapping of str to str
        By letter; empty until 06 has named the segments.
    recipe : RecipeRecord
    study : mapping
        The row ``study`` of the statement that makes features: as_of (the day of the run; None without transactions),
        burn_window_days, burns_dated, and the four numbers by which rates and means are shrunk.
    verdict : ModelVerdict
    variables : mapping of str to VariableRecord
        The columns of the customers table that build segments.
    dictionary : tuple of dict
        The features: name, unit, meaning, range, role, kind.
    training : mapping
        ``customers``; by number its quantiles; by name the shares of its levels.
    inputs : tuple of InputRecord
        The tables that the run read.
    versions : mapping of str to str
        Of `PACKAGES`.
    views : mapping of str to str
        The SELECT of every canonical table over the shop's own tables in PostgreSQL, where the source was that.
    """

    run: str
    pipeline: Pipeline = field(repr=False)
    centres: pd.DataFrame = field(repr=False)
    outlier_radius: pd.Series = field(repr=False)
    bootstrap: Bootstrap = field(repr=False)
    recipe: RecipeRecord
    study: Mapping[str, Any]
    verdict: ModelVerdict
    variables: Mapping[str, VariableRecord] = field(default_factory=dict)
    dictionary: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    training: Mapping[str, Any] = field(default_factory=dict, repr=False)
    inputs: tuple[InputRecord, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def letters(self) -> list[str]:
        """The segments in their order."""
        return list(self.centres.index)

    @property
    def observed(self) -> bool:
        """Whether customers are described by transactions."""
        return self.study["as_of"] is not None

    @property
    def matrix_steps(self) -> list[BaseEstimator]:
        """The steps that an analyst has added for the whole matrix, fitted."""
        return [step for _, step in self.pipeline.steps[1:]]

    @property
    def sources(self) -> dict[str, str]:
        """The columns that the matrix is made from, each with its kind: numeric, binary, nominal or code.

        A yes or no that stays one column of 0 and 1 is numeric here: nothing is done to it but what is done to numbers.
        """
        if self.recipe.name == "baseline":
            return {name: "numeric" if name == "coupon_usage_frequency" else "code" for name in self.recipe.sources}
        kinds = {line["name"]: line["kind"] for line in self.dictionary}
        slices = self.pipeline["columns"].output_indices_
        one_column = {name for name, places in slices.items() if places.stop - places.start == 1}
        as_number = {name for name in one_column if kinds.get(name) == "binary"}
        return {name: "numeric" if name in as_number else kinds[name] for name in self.recipe.sources}

    def completed(self, names: Mapping[str, str], verdict: VerdictRecord | None = None) -> SegmentModel:
        """Return the same model with the names of its segments, and with the whole verdict, once there is one."""
        short = self.verdict if verdict is None else ModelVerdict.of(verdict)
        return replace(self, names={letter: names[letter] for letter in self.letters}, verdict=short)

    def matrix(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return what the pipeline makes of rows, in the columns of the centres.

        Parameters
        ----------
        rows : pandas.DataFrame
            Features, indexed by customer_id; of recipe ``baseline``, the unified table.
        """
        if self.recipe.name == "baseline":
            frequency = rows.groupby("customer_id")["transaction_id"].transform("size").astype(float)
            rows = rows.assign(coupon_usage_frequency=frequency).set_index(["customer_id", "transaction_id"])
            codes = [name for name, kind in self.sources.items() if kind == "code"]
            rows = rows.fillna(dict.fromkeys(codes, UNKNOWN))
        values = self.pipeline.transform(rows[list(self.sources)])
        dense = values if isinstance(values, np.ndarray) else values.toarray()
        return pd.DataFrame(dense, rows.index, self.centres.columns)

    def describe(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Place customers with scikit-learn, as ``scoring.sql`` does, and count the bootstrap models that agree.

        Parameters
        ----------
        rows : pandas.DataFrame
            See `matrix`. A level that was not in training counts as a rare one, or as none where no level was rare; a
            missing number counts as the median of training.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id: segment, margin, second_segment, outlier, agreement.
        """
        matrix = self.matrix(rows)
        placed = self.clusterer.describe(matrix)
        letters = np.array(self.letters, dtype=object)
        table = pd.DataFrame(
            {
                "segment": letters[placed["cluster"]],
                "margin": placed["margin"],
                "second_segment": letters[placed["second"]],
                "outlier": placed["outlier"],
                "agreement": self.bootstrap.agreement(matrix.to_numpy(), placed["cluster"].to_numpy()),
            },
            index=matrix.index,
        )
        return customer_segments(table)

    @property
    def clusterer(self) -> SegmentKMeans:
        """The centres as an estimator of scikit-learn."""
        estimator = SegmentKMeans(len(self.centres))
        estimator.cluster_centers_ = self.centres.to_numpy(dtype=np.float64)
        estimator.outlier_radius_ = self.outlier_radius.to_numpy(dtype=np.float64)
        estimator.n_features_in_ = self.centres.shape[1]
        estimator.feature_names_in_ = np.array(self.centres.columns, dtype=object)
        return estimator

    def rule(self, record: ClusteringRecord) -> SegmentRule | None:
        """Return the rule that stands for segments that were given; None where KMeans made them (`rule_of`)."""
        return rule_of(record, self.centres)

    @property
    def text(self) -> str:
        """What the model is, in one sentence."""
        day = f" as of {self.study['as_of']}" if self.observed else ""
        segments = ", ".join(f"{letter} ({self.names[letter]})" if self.names else letter for letter in self.letters)
        by = ", ".join(self.sources)  # names of columns: the file does not know the words of its shop
        return f"Segments {segments} of {self.training['customers']:,} customers{day}, by {by}."


def model_of(
    fit: Segmentation,
    matrix: Matrix,
    bootstrap: Bootstrap,
    *,
    run: str,
    features: pd.DataFrame,
    described: Sequence[Feature],
    recipe: RecipeRecord,
    shop: ShopRecord,
    verdict: VerdictRecord | ModelVerdict,
) -> SegmentModel:
    """Put together a model from the results of a run.

    Parameters
    ----------
    fit : Segmentation
    matrix : Matrix
        The matrix that was clustered, with its pipeline (`seglib.preprocessing.rebuild_matrix`).
    bootstrap : Bootstrap
    run : str
    features : pandas.DataFrame
        ``features.parquet``.
    described : sequence of Feature
        What its columns are (`seglib.study.Study.describe`).
    recipe : RecipeRecord
    shop : ShopRecord
    verdict : VerdictRecord or ModelVerdict
        Of ``choice.json``, or a short one of one's own.
    """
    study_row = {"as_of": shop.as_of, "burn_window_days": recipe.burn_window, "burns_dated": recipe.burns_dated}
    study_row |= {name: recipe.shrinkage.get(name) for name in SHRUNK_BY}
    return SegmentModel(
        run=run,
        pipeline=matrix.pipeline,
        centres=fit.centres,
        outlier_radius=fit.outlier_radius,
        bootstrap=bootstrap,
        recipe=recipe,
        study=study_row,
        verdict=ModelVerdict.of(verdict),
        variables=shop.variables,
        dictionary=tuple({key: getattr(feature, key) for key in DICTIONARY} for feature in described),
        training=_training(features, {f.name: f.kind for f in described if f.role != "count"}),
        inputs=shop.inputs,
        versions={package: version(package) for package in PACKAGES},
        views=shop.database.views,
    )


def _training(features: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return how the customers were distributed: quantiles of numbers, shares of levels; nothing of one customer."""
    numbers = [name for name, kind in kinds.items() if kind == "numeric"]
    quantiles = features[numbers].astype(float).quantile(list(QUANTILES))
    levels = {}
    for name in (name for name, kind in kinds.items() if kind != "numeric"):
        share = levels_of(features[[name]])[name].value_counts(normalize=True)
        levels[name] = share[share * len(features) >= FEWEST].round(6).to_dict()
    return {
        "customers": len(features),
        "quantiles": {name: [float(q) for q in quantiles[name]] for name in numbers},
        "at": list(QUANTILES),
        "levels": levels,
    }

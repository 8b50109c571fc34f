"""A segmentation as a thing of its own: it can tell to which segment customers belong who were not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from seglib import __version__
from seglib.clustering import Bootstrap, Segmentation, SegmentKMeans, customer_segments
from seglib.features import SHRUNK_BY, features_of
from seglib.preprocessing import UNKNOWN, Matrix, levels_of
from seglib.schema.records import RecipeRecord, ShopRecord, VariableRecord, VerdictRecord
from seglib.study import Study
from seglib.style import humanize

QUANTILES = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
"""What is kept of the numbers of the customers that the model was made of, to tell later how far others are."""

FEWEST = 5
"""Levels of a name that fewer customers have are not named in a model file: they might name a person."""

VERDICT = ("structure", "useful", "sentence")
"""What a model holds of the verdict."""

PACKAGES = ("scikit-learn", "numpy", "skops")


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
        Models of other samples, for `agreement`.
    names : mapping of str to str
        By letter; empty until 06 has named the segments.
    recipe : mapping
        name, grain, sources, options.
    study : mapping
        How features are made: as_of (the day of the run; None without transactions), burn_window_days, burns_dated, and
        the four numbers by which rates and means are shrunk.
    variables : mapping of str to mapping
        What the mapping file segments by.
    dictionary : tuple of dict
        The features: name, unit, meaning, range, role, kind.
    training : mapping
        ``customers``; by number its quantiles; by name the shares of its levels.
    verdict : mapping
        structure, useful, sentence.
    made_of : tuple of dict
        The input tables: name, rows, sha256.
    versions : mapping of str to str
    prelude : mapping of str to str
        The SELECT of every canonical table over the shop's own tables in PostgreSQL, where the source was that.
    """

    run: str
    pipeline: Pipeline = field(repr=False)
    centres: pd.DataFrame = field(repr=False)
    outlier_radius: pd.Series = field(repr=False)
    bootstrap: Bootstrap = field(repr=False)
    recipe: RecipeRecord
    study: Mapping[str, Any]
    variables: Mapping[str, VariableRecord] = field(default_factory=dict)
    dictionary: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    training: Mapping[str, Any] = field(default_factory=dict, repr=False)
    verdict: Mapping[str, str] = field(default_factory=dict)
    made_of: Sequence[Mapping[str, Any]] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    prelude: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def letters(self) -> list[str]:
        """The segments in their order."""
        return list(self.centres.index)

    @property
    def observed(self) -> bool:
        """Whether customers are described by transactions."""
        return self.study["as_of"] is not None

    @property
    def sources(self) -> dict[str, str]:
        """The columns that the matrix is made from, each with its kind: numeric, binary, nominal or code."""
        if self.recipe.name == "baseline":
            return {name: "numeric" if name == "coupon_usage_frequency" else "code" for name in self.recipe.sources}
        kinds = {line["name"]: line["kind"] for line in self.dictionary}
        return {name: kinds[name] for name in self.recipe.sources}

    def completed(self, names: Mapping[str, str], verdict: VerdictRecord | None = None) -> SegmentModel:
        """Return the same model with the names of its segments, and with the whole verdict, once there is one."""
        told = {key: getattr(verdict, key) for key in VERDICT} if verdict else self.verdict
        return replace(self, names={letter: names[letter] for letter in self.letters}, verdict=told)

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
        made = self.pipeline.transform(rows[list(self.sources)])
        return pd.DataFrame(made if isinstance(made, np.ndarray) else made.toarray(), rows.index, self.centres.columns)

    def describe(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Place customers: what ``scoring.sql`` says, by scikit-learn, and how many bootstrap models agree.

        Parameters
        ----------
        rows : pandas.DataFrame
            See `matrix`. A name that was not there in training counts as a rare one, or as none if there was no rare
            one; a missing number as the median of training.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id: segment, margin, second_segment, outlier, agreement.
        """
        matrix = self.matrix(rows)
        found = self.clusterer.describe(matrix)
        letters = np.array(self.letters, dtype=object)
        table = pd.DataFrame(
            {
                "segment": letters[found["cluster"]],
                "margin": found["margin"],
                "second_segment": letters[found["second"]],
                "outlier": found["outlier"],
                "agreement": self.bootstrap.agreement(matrix.to_numpy(), found["cluster"].to_numpy()),
            },
            index=matrix.index,
        )
        return customer_segments(table)

    @property
    def clusterer(self) -> SegmentKMeans:
        """The centres as an estimator of scikit-learn."""
        made = SegmentKMeans(len(self.centres))
        made.cluster_centers_ = self.centres.to_numpy(dtype=np.float64)
        made.outlier_radius_, made.n_features_in_ = (
            self.outlier_radius.to_numpy(dtype=np.float64),
            self.centres.shape[1],
        )
        made.feature_names_in_ = np.array(self.centres.columns, dtype=object)
        return made

    @property
    def text(self) -> str:
        """What the model is, in one sentence."""
        day = f" as of {self.study['as_of']}" if self.observed else ""
        made = ", ".join(f"{letter} ({self.names[letter]})" if self.names else letter for letter in self.letters)
        by = ", ".join(humanize(name) for name in self.sources)
        return f"Segments {made} of {self.training['customers']:,} customers{day}, by {by}."


def model_of(
    fit: Segmentation,
    matrix: Matrix,
    bootstrap: Bootstrap,
    *,
    run: str,
    features: pd.DataFrame,
    recipe: RecipeRecord,
    study: Study,
    shop: ShopRecord,
    verdict: VerdictRecord,
) -> SegmentModel:
    """Gather what a run knows into a model.

    Parameters
    ----------
    fit : Segmentation
    matrix : Matrix
        The matrix that was clustered, with its pipeline (`seglib.preprocessing.rebuild_matrix`).
    bootstrap : Bootstrap
    run : str
    features : pandas.DataFrame
        ``features.parquet``.
    recipe : RecipeRecord
    study : Study
    shop : ShopRecord
    verdict : VerdictRecord
        Of ``choice.json``.
    """
    described = features_of(features, study)
    shrinkage = {name: recipe.shrinkage.get(name) for name in SHRUNK_BY}
    known = {"as_of": study.as_of, "burn_window_days": recipe.burn_window, "burns_dated": recipe.burns_dated}
    names = ("name", "unit", "meaning", "range", "role", "kind")
    return SegmentModel(
        run=run,
        pipeline=matrix.pipeline,
        centres=fit.centres,
        outlier_radius=fit.outlier_radius,
        bootstrap=bootstrap,
        recipe=recipe,
        study=known | shrinkage,
        variables=dict(study.variables),
        dictionary=tuple({key: asdict(feature)[key] for key in names} for feature in described),
        training=_training(features, {f.name: f.kind for f in described if f.role != "count"}),
        verdict={key: getattr(verdict, key) for key in VERDICT},
        made_of=tuple(table.to_json() for table in shop.inputs),
        versions={"seglib": __version__} | {name: version(name) for name in PACKAGES},
        prelude=shop.database.views,
    )


def _training(features: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return what the customers were like: quantiles of numbers, shares of levels; nothing of a single customer."""
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

"""Sensitivity: how much do the segments change when one decision of the analysis is changed?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import HDBSCAN, AgglomerativeClustering
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from seglib.clustering.kmeans import best_kmeans
from seglib.k_selection import adjusted_rand, contingency, stratified
from seglib.preprocessing import demographics_by_default, rebuild_matrix
from seglib.schema.records import RecipeRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import join_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from seglib.clustering.segmentation import Segmentation

ALIKE = 0.8
"""Adjusted Rand index from which on two clusterings count as much the same."""

NOT_JUDGED = ("contrast", "number of segments")
"""Changes after which the segments are not expected to be the same."""

COLUMNS = ["change", "variant", "k", "rows", "ari", "kept", "unclustered"]

SEEDS = 10
"""Other seeds that are tried."""

EXTREME_SHARE = 0.01
"""Share of the customers who spend, or claim, most: the segments are also made without them."""

MOST_PAIRWISE = 5_000
"""Of more rows, a sample is clustered by Ward's method and by density: both compare all pairs."""


@dataclass(frozen=True)
class Variant:
    """Another way to make the segments.

    Attributes
    ----------
    change, variant : str
        What kind of change, and which.
    run : callable
        Returns (places of the rows that were clustered, their clusters from 0 on; -1 for a row in no cluster).
    """

    change: str
    variant: str
    run: Callable[[], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Sensitivity:
    """How far the segments move when one decision is changed.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a variant: change, variant, k (clusters it makes), rows (compared), ari (adjusted Rand index with the
        segments: 1 the same, 0 no more alike than by chance), kept (share of the rows that stay in their segment, after
        clusters and segments are matched), unclustered (share of the rows in no cluster).
    n_rows : int
        Rows of the matrix, of which ``table["rows"]`` may be a sample.
    why : str
        Why nothing could be changed; empty if something was.
    """

    table: pd.DataFrame = field(repr=False)
    n_rows: int
    why: str = ""

    @property
    def text(self) -> str:
        """Which changes the segments withstand, and which one changes them most."""
        if self.why:
            return self.why
        judged = self.table[~self.table["change"].isin(NOT_JUDGED)]
        firm = judged["ari"] >= ALIKE
        worst = judged.loc[judged["ari"].idxmin()]
        most = f"what moves them most is {worst['change']} ({worst['variant']}): ARI {worst['ari']:.2f}, "
        most += f"{1 - worst['kept']:.0%} of the rows move"
        stay = f"The segments stay much the same (ARI of at least {ALIKE:g})"
        if firm.all():
            return f"{stay} under all {len(judged)} changes; {most}."
        loose = join_words(list(judged.loc[~firm, "change"].unique()))
        return f"{stay} under {firm.sum()} of {len(judged)} changes, but not under every change of {loose}; {most}."

    @property
    def alt(self) -> str:
        """What the figure shows; empty where nothing was changed."""
        if self.why:
            return ""
        return f"Agreement with the segments when one decision is changed. {self.text}"

    @property
    def caption(self) -> str:
        """Number of rows, and how to read the figure."""
        return f"{self.table['rows'].max():,} of {self.n_rows:,} rows; each change alone. Dotted: much the same."

    def figure(self) -> Axes:
        """Draw the adjusted Rand index of each change."""
        from seglib.plots import plot_sensitivity

        return plot_sensitivity(self.table, alike=ALIKE, contrasts=NOT_JUDGED)


def sensitivity(
    matrix: pd.DataFrame,
    fit: Segmentation,
    *,
    features: pd.DataFrame,
    recipe: RecipeRecord,
    study: Study = DEFAULT_STUDY,
    rows: pd.DataFrame | None = None,
    n_init: int = 10,
    sample_rows: int = 10_000,
    seed: int = 0,
) -> Sensitivity:
    """Make the segments in other ways, one change at a time, and compare.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    fit : Segmentation
        The segments of its rows (`seglib.clustering.segment`). Where they were given, and nothing can be made in
        another way, nothing is computed, and the result says why.
    features : pandas.DataFrame
        ``features.parquet``.
    recipe : RecipeRecord
    study : Study, optional
        Which columns of the customers table build segments.
    rows : pandas.DataFrame, optional
        What the matrix was made of, if not ``features``: the unified table in recipe ``baseline``.
    n_init : int, default=10
        Starts of every KMeans and mixture.
    sample_rows : int, default=10_000
        Of more rows, a sample stratified by segment stands for them; every variant is made of it.
    seed : int, default=0

    Returns
    -------
    Sensitivity
        Changes: algorithm (Gaussian mixture with diagonal covariances; Ward 1963), contrast (HDBSCAN,
        Campello et al. 2013, which looks for dense places and may find one or none), scale, weight of gender and city,
        without the customers with extreme values, number of segments (k - 1 and k + 1), seed (the median and the worst
        of ten).
    """
    if why_not := fit.why_no_sensitivity:
        return Sensitivity(pd.DataFrame(columns=COLUMNS), len(matrix), why_not)
    segments = fit.table["segment"]
    places = stratified(pd.factorize(segments)[0], sample_rows, seed)
    rows = features if rows is None else rows
    comparison = _Comparison(
        matrix=matrix.iloc[places],
        segments=segments.iloc[places],
        features=features,
        recipe=recipe,
        rows=rows.iloc[places] if len(rows) == len(matrix) else rows,
        study=study,
        n_init=n_init,
        seed=seed,
    )
    with threadpool_limits(limits=1):
        records = [comparison.compare(variant) for variant in comparison.variants()]
        records += comparison.other_seeds()
    return Sensitivity(pd.DataFrame(records), len(matrix))


@dataclass(frozen=True)
class _Comparison:
    """What all variants start from, and are compared with.

    Attributes
    ----------
    matrix, segments
        Of the rows that are compared.
    rows : pandas.DataFrame
        What the matrix of another variant is made from.
    features, recipe, study, n_init, seed
        As in `sensitivity`.
    """

    matrix: pd.DataFrame
    segments: pd.Series
    features: pd.DataFrame
    recipe: RecipeRecord
    rows: pd.DataFrame
    study: Study
    n_init: int
    seed: int

    @property
    def k(self) -> int:
        return self.segments.nunique()

    def variants(self) -> Iterator[Variant]:
        """Yield every change that can be made here."""
        X, k = self.matrix.to_numpy(dtype=np.float64), self.k
        everybody = np.arange(len(X))
        sample = stratified(pd.factorize(self.segments)[0], MOST_PAIRWISE, self.seed)
        ward = AgglomerativeClustering(k, linkage="ward")
        dense = HDBSCAN(min_cluster_size=max(5, len(sample) // 50), copy=True)
        yield Variant("algorithm", "Gaussian mixture", lambda: (everybody, self._mixture(X)))
        yield Variant("algorithm", "Ward", lambda: (sample, ward.fit_predict(X[sample])))
        yield Variant("contrast", "HDBSCAN", lambda: (sample, dense.fit_predict(X[sample])))
        for change, variant, options in self._other_options():
            yield Variant(change, variant, lambda options=options: (everybody, self._with_options(options)))
        extremes = self._without_extremes()
        if extremes is not None:
            measure, others = extremes
            variant = f"top {EXTREME_SHARE:.0%} by {measure} left out"
            yield Variant("outliers", variant, lambda: (others, self._kmeans(X[others])))
        different = len(self.matrix.drop_duplicates())
        for other in (k - 1, k + 1):
            if 2 <= other <= min(different, len(X) - 1):
                yield Variant(
                    "number of segments", str(other), lambda other=other: (everybody, self._kmeans(X, k=other))
                )

    def _other_options(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield the options of the recipe that could have been chosen otherwise: change, variant, options."""
        used, described = self.recipe.options, self.study.describe(self.features)
        if self.recipe.name == "baseline":
            other = not used["scale_frequency"]
            yield "scale", f"frequency {'scaled' if other else 'not scaled'}", {"scale_frequency": other}
            return
        scaled = [f for f in described if f.kind == "numeric" and f.scaling is None and f.name in self.recipe.sources]
        for scaling in ("standard", "robust"):
            if scaled and scaling != used["scaling"]:
                yield "scale", f"{scaling} scaling", {"scaling": scaling}
        for transform in ("log", "yeo-johnson", "none"):
            if transform != used["transform"]:
                name = {"log": "logarithms", "none": "no transformation"}.get(transform, "Yeo-Johnson")
                yield "scale", name, {"transform": transform}
        names = [f.name for f in described if f.role == "demographic" and self.features[f.name].notna().any()]
        if not demographics_by_default(described, used["segment_by"]):
            names = [name for name in names if name in self.recipe.sources]
        change = f"weight of {join_words([self.study.wording.name_of(name) for name in names])}"
        for weight in (0.0, 1.0, 2.0):
            if names and weight != used["demographic_weight"]:
                yield change, f"{weight:g}", {"demographic_weight": weight}

    def _with_options(self, options: dict[str, Any]) -> np.ndarray:
        """Make the matrix with other options of the recipe, and cluster it."""
        described = self.study.describe(self.features)
        sources = self.recipe.sources
        if options.get("demographic_weight"):  # a weight above 0 needs gender and city, also where they were left out
            demographic = [f.name for f in described if f.role == "demographic" and self.features[f.name].nunique() > 1]
            if not demographics_by_default(described, self.recipe.options["segment_by"]):
                demographic = []
            sources = (*sources, *(name for name in demographic if name not in sources))
        recipe = replace(self.recipe, options=self.recipe.options | options, sources=sources)
        matrix = rebuild_matrix(self.rows, recipe, described=described).table
        return self._kmeans(matrix.loc[self.matrix.index].to_numpy(dtype=np.float64))

    def _without_extremes(self) -> tuple[str, np.ndarray] | None:
        """Return by what measure customers are extreme, and the places of all rows but those of the extreme ones."""
        for name, measure in (("spend", "spend"), ("n_coupons", "count")):
            if name in self.features and self.features[name].notna().any():
                values = self.features[name].dropna()
                top = values.nlargest(max(1, round(EXTREME_SHARE * len(values))), keep="first").index
                others = np.flatnonzero(~self.matrix.index.get_level_values("customer_id").isin(top))
                return (measure, others) if len(others) > self.k else None
        return None

    def _kmeans(self, X: np.ndarray, *, k: int | None = None, seed: int | None = None) -> np.ndarray:
        seed = self.seed if seed is None else seed
        return best_kmeans(X, self.k if k is None else k, n_init=self.n_init, seed=seed).labels_

    def _mixture(self, X: np.ndarray) -> np.ndarray:
        """Fit a Gaussian mixture; its diagonal covariances cannot collapse onto the 0/1 columns of names."""
        model = GaussianMixture(
            self.k, covariance_type="diag", reg_covar=0.01, n_init=max(1, self.n_init // 3), random_state=self.seed
        )
        return model.fit_predict(X)

    def compare(self, variant: Variant) -> dict[str, Any]:
        """Make the segments of a variant and compare them with ours; one row of the table."""
        places, labels = variant.run()
        clustered = labels >= 0
        reference = pd.factorize(self.segments.iloc[places[clustered]], sort=True)[0]
        return {
            "change": variant.change,
            "variant": variant.variant,
            **_similarity(reference, labels[clustered]),
            "unclustered": float((~clustered).mean()),
        }

    def other_seeds(self) -> list[dict[str, Any]]:
        """Compare with the best clustering from each of ten other seeds: two rows, the median and the worst."""
        X = self.matrix.to_numpy(dtype=np.float64)
        reference = pd.factorize(self.segments, sort=True)[0]
        results = [_similarity(reference, self._kmeans(X, seed=self.seed + 1 + number)) for number in range(SEEDS)]
        results.sort(key=lambda result: result["ari"])
        median, worst = results[len(results) // 2], results[0]
        return [
            {"change": "seed", "variant": "the middle one of ten", **median, "unclustered": 0.0},
            {"change": "seed", "variant": "the worst of ten", **worst, "unclustered": 0.0},
        ]


def _similarity(reference: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Compare two clusterings of the same rows."""
    if not len(labels):
        return {"k": 0, "rows": 0, "ari": 0.0, "kept": 0.0}
    table = contingency(reference, labels, int(reference.max()) + 1, int(labels.max()) + 1)
    matched = table[linear_sum_assignment(-table)].sum()  # rows that stay where clusters are matched one to one
    return {
        "k": int((table.sum(axis=0) > 0).sum()),
        "rows": len(labels),
        "ari": round(adjusted_rand(table), 6),
        "kept": round(float(matched / len(labels)), 6),
    }

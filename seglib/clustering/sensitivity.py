"""What would become of the segments had they been made otherwise?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import HDBSCAN, AgglomerativeClustering
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from seglib.clustering.kmeans import best_kmeans
from seglib.features import features_of
from seglib.k_selection import adjusted_rand, contingency, stratified
from seglib.preprocessing import rebuild_matrix
from seglib.schema.records import RecipeRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import join_words

ALIKE = 0.8
"""Adjusted Rand index from which on two clusterings tell the same story."""

SEEDS = 10
"""Other seeds that are tried."""

FAR_OUT = 0.01
"""Share of the customers who spend, or claim, most, without whom the segments are made once more."""

MOST_WARD = 5_000
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
        segments: 1 the same, 0 no more alike than by chance), kept (share of the rows that stay where they are, after
        clusters and segments are matched), unclustered (share of the rows it puts nowhere).
    """

    table: pd.DataFrame

    @property
    def text(self) -> str:
        """Say in one sentence what the segments withstand, and what moves them most."""
        judged = self.table[~self.table["change"].isin(("contrast", "number of segments"))]
        firm = judged["ari"] >= ALIKE
        worst = judged.loc[judged["ari"].idxmin()]
        most = f"what moves them most is {worst['change']} ({worst['variant']}): ARI {worst['ari']:.2f}, "
        most += f"{1 - worst['kept']:.0%} of the rows move"
        stay = f"The segments stay much the same (ARI of at least {ALIKE:g})"
        if firm.all():
            return f"{stay} under all {len(judged)} changes; {most}."
        loose = join_words(list(judged.loc[~firm, "change"].unique()))
        return f"{stay} under {firm.sum()} of {len(judged)} changes, but not under every change of {loose}; {most}."


def sensitivity(
    matrix: pd.DataFrame,
    segments: pd.Series,
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
    segments : pandas.Series of str, shape (n_rows,)
        The segment of each row.
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
        those far out,
        number of segments (k - 1 and k + 1), seed (the middle one and the worst of ten).
    """
    places = stratified(pd.factorize(segments)[0], sample_rows, seed)
    table, own = matrix.iloc[places], segments.iloc[places]
    given = features if rows is None else rows
    made_of = given.iloc[places] if len(given) == len(matrix) else given
    known = _Known(table, own, features, recipe, made_of, study, n_init, seed)
    with threadpool_limits(limits=1):
        records = [known.compared(variant) for variant in known.variants()]
        records += known.reseeded()
    return Sensitivity(pd.DataFrame(records))


@dataclass(frozen=True)
class _Known:
    """What all variants start from."""

    matrix: pd.DataFrame
    segments: pd.Series
    features: pd.DataFrame
    recipe: RecipeRecord
    made_of: pd.DataFrame
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
        some = stratified(pd.factorize(self.segments)[0], MOST_WARD, self.seed)
        few = max(5, len(some) // 50)
        yield Variant("algorithm", "Gaussian mixture", lambda: (everybody, self._mixture(X)))
        ward = AgglomerativeClustering(k, linkage="ward")
        yield Variant("algorithm", "Ward", lambda: (some, ward.fit_predict(X[some])))
        dense = HDBSCAN(min_cluster_size=few, copy=True)
        yield Variant("contrast", "HDBSCAN", lambda: (some, dense.fit_predict(X[some])))
        for change, variant, options in self._options():
            yield Variant(change, variant, lambda options=options: (everybody, self._again(options)))
        far = self._far_out()
        if far is not None:
            what, kept = far
            yield Variant(
                "those far out", f"top {FAR_OUT:.0%} by {what} left out", lambda: (kept, self._kmeans(X[kept]))
            )
        different = len(self.matrix.drop_duplicates())
        for other in (k - 1, k + 1):
            if 2 <= other <= min(different, len(X) - 1):
                yield Variant("number of segments", str(other), lambda other=other: (everybody, self._kmeans(X, other)))

    def _options(self) -> Iterator[tuple[str, str, dict]]:
        """Yield the options of the recipe that could have been chosen otherwise: change, variant, options."""
        used = self.recipe.options
        if self.recipe.name == "baseline":
            other = not used["scale_frequency"]
            yield "scale", f"frequency {'scaled' if other else 'not scaled'}", {"scale_frequency": other}
            return
        for scaling in ("standard", "robust"):
            if scaling != used["scaling"]:
                yield "scale", f"{scaling} scaling", {"scaling": scaling}
        for transform in ("log", "yeo-johnson", "none"):
            if transform != used["transform"]:
                name = {"log": "logarithms", "none": "no transformation"}.get(transform, "Yeo-Johnson")
                yield "scale", name, {"transform": transform}
        names = [c for c in ("gender_name", "city_name") if self.features[c].notna().any()]
        for weight in (0.0, 1.0, 2.0):
            if names and weight != used["demographic_weight"]:
                yield "weight of gender and city", f"{weight:g}", {"demographic_weight": weight}

    def _again(self, options: dict) -> np.ndarray:
        """Cluster the matrix that other options make."""
        described = features_of(self.features, self.study)
        sources = self.recipe.sources
        if options.get("demographic_weight"):  # gender and city come in where they were left out, and back
            demographic = [f.name for f in described if f.role == "demographic" and self.features[f.name].nunique() > 1]
            sources = (*sources, *(name for name in demographic if name not in sources))
        recipe = replace(self.recipe, options=self.recipe.options | options, sources=sources)
        again = rebuild_matrix(self.made_of, recipe, described=described).table
        return self._kmeans(again.loc[self.matrix.index].to_numpy(dtype=np.float64))

    def _far_out(self) -> tuple[str, np.ndarray] | None:
        """Return by what the greatest customers are judged, and the places of all rows but theirs."""
        for name, what in (("spend", "spend"), ("n_coupons", "count")):
            if name in self.features and self.features[name].notna().any():
                known = self.features[name].dropna()
                top = known.nlargest(max(1, round(FAR_OUT * len(known))), keep="first").index
                kept = np.flatnonzero(~self.matrix.index.get_level_values("customer_id").isin(top))
                return (what, kept) if len(kept) > self.k else None
        return None

    def _kmeans(
        self, X: np.ndarray, k: int | None = None, seed: int | None = None, n_init: int | None = None
    ) -> np.ndarray:
        return best_kmeans(
            X, k or self.k, n_init=n_init or self.n_init, seed=self.seed if seed is None else seed
        ).labels_

    def _mixture(self, X: np.ndarray) -> np.ndarray:
        """Fit a Gaussian mixture; its diagonal covariances cannot collapse onto the 0/1 columns of names."""
        model = GaussianMixture(
            self.k, covariance_type="diag", reg_covar=0.01, n_init=max(1, self.n_init // 3), random_state=self.seed
        )
        return model.fit_predict(X)

    def compared(self, variant: Variant) -> dict:
        """Make a variant and compare it with the segments."""
        places, labels = variant.run()
        inside = labels >= 0
        own = pd.factorize(self.segments.iloc[places[inside]], sort=True)[0]
        found = {"change": variant.change, "variant": variant.variant}
        return found | _likeness(own, labels[inside]) | {"unclustered": float((~inside).mean())}

    def reseeded(self) -> list[dict]:
        """Compare with the best clustering from each of ten other seeds: the middle one, and the worst."""
        X = self.matrix.to_numpy(dtype=np.float64)
        own = pd.factorize(self.segments, sort=True)[0]
        found = [_likeness(own, self._kmeans(X, seed=self.seed + 1 + number)) for number in range(SEEDS)]
        found.sort(key=lambda one: one["ari"])
        named = (("the middle one of ten", found[len(found) // 2]), ("the worst of ten", found[0]))
        return [{"change": "seed", "variant": name} | one | {"unclustered": 0.0} for name, one in named]


def _likeness(own: np.ndarray, labels: np.ndarray) -> dict:
    """Compare two clusterings of the same rows."""
    if not len(labels):
        return {"k": 0, "rows": 0, "ari": 0.0, "kept": 0.0}
    table = contingency(own, labels, int(own.max()) + 1, int(labels.max()) + 1)
    matched = table[linear_sum_assignment(-table)].sum()
    k = int((table.sum(axis=0) > 0).sum())
    return {
        "k": k,
        "rows": len(labels),
        "ari": round(adjusted_rand(table), 6),
        "kept": round(float(matched / len(labels)), 6),
    }

"""Groups of another shape: where other methods agree with one another, and KMeans cuts across what they find.

KMeans divides space into cells around centres. A core inside a shell, or long clouds side by side, are groups that no
such cells can follow: whatever k, KMeans cuts across them. Three methods that see other shapes are asked: Ward's
hierarchical clustering, a mixture of normal distributions with free covariances, and HDBSCAN, which follows density.
One of them alone finds groups in anything; if two that work so differently agree, there may be something. Neither of
the first two can describe a core inside a shell; so spectral clustering is asked, too, where HDBSCAN has found groups.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import combinations, islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import delayed, effective_n_jobs
from scipy.cluster.hierarchy import cut_tree, linkage
from sklearn.cluster import HDBSCAN, KMeans, SpectralClustering
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import kneighbors_graph

from seglib.k_selection.criteria.stability import adjusted_rand, contingency
from seglib.k_selection.criteria.threads import one_thread
from seglib.k_selection.validation.evidence import ALPHA
from seglib.k_selection.validation.processes import run_tasks
from seglib.style import join_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AGREE = 0.9
"""Adjusted Rand index from which on two methods have found the same groups."""

CUT_ACROSS = 0.75
"""Adjusted Rand index below which KMeans has not found them."""

MOST_ROWS = 2_000
"""Of more rows a sample is used."""

SMALLEST_GROUP = 0.05
"""Share of the rows that every group must have: a few outliers apart from the rest are no other shape."""

GRAPH_NEIGHBOURS = 10
"""Nearest neighbours that are linked for spectral clustering."""

MOST_NOISE = 0.5
"""Where HDBSCAN calls a larger share of the rows noise, it has found no division of the customers."""

RANDOM_STARTS = 2
"""Random starts of the normal mixture, beside those from the groups of other methods."""

NEIGHBOURS = 5
"""Rows near a row from which HDBSCAN takes the density there."""

NAMES = {
    "ward": "Ward's method",
    "mixture": "the normal mixture",
    "hdbscan": "HDBSCAN",
    "spectral": "spectral clustering",
}


@dataclass(frozen=True)
class OtherShapes:
    """Whether other methods agree on groups that KMeans cuts across.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per k and pair of methods that were compared: k, first, second, agreement (adjusted Rand index of the
        two), kmeans (the larger one of either with KMeans for this k), clustered (share of the rows compared: HDBSCAN
        leaves noise out), smallest (share of the smallest group), other_shape (do they agree, and KMeans not?).
    n_null : int
        Shops without segments that were looked at. None is needed where the data themselves show nothing, and no
        further one after so many that p cannot be 5% any more.
    n_reached : int
        How many of them show as much.
    p : float
        (1 + n_reached) / (n_null + 1); 1 where the data themselves show nothing.
    points : pandas.DataFrame
        The rows that were used: first and second principal component, group (of the method that agrees with another;
        -1: noise), kmeans (the cluster for the same k). Without rows where nothing was found.
    n_rows : int
    """

    table: pd.DataFrame
    n_null: int
    n_reached: int
    p: float
    points: pd.DataFrame
    n_rows: int

    @property
    def detected(self) -> bool:
        """Whether there are groups that KMeans cuts across, beyond what shops without segments show."""
        return self.p <= ALPHA

    @property
    def best(self) -> pd.Series | None:
        """The row of the table with the greatest agreement among those that KMeans cuts across; None: there is none."""
        rows = self.table[self.table["other_shape"]]
        return None if rows.empty else rows.loc[rows["agreement"].idxmax()]

    @property
    def k(self) -> int | None:
        """The number of groups of another shape; None if none were found."""
        return int(self.best["k"]) if self.detected else None

    @property
    def text(self) -> str:
        """What was found, in one or two sentences."""
        best = self.best
        if best is None:
            return "Other methods do not agree on groups that KMeans cuts across."
        methods = join_words([NAMES[best["first"]], NAMES[best["second"]]])
        agree = f"{methods} agree on {int(best['k'])} groups (adjusted Rand index {best['agreement']:.2f})"
        if self.detected:
            reached = f"{self.n_reached} show as much" if self.n_reached else "none shows as much"
            return (
                f"There are groups, and KMeans cuts across them: {agree}, and KMeans with as many finds others "
                f"({best['kmeans']:.2f}). Of {self.n_null} shops without segments, {reached}."
            )
        if self.n_null == 0:
            return f"{agree[0].upper()}{agree[1:]}, and KMeans finds others; no null model says whether that is chance."
        return (
            f"{agree[0].upper()}{agree[1:]}, and KMeans finds others; but {self.n_reached} of {self.n_null} shops "
            "without segments show as much."
        )

    @property
    def alt(self) -> str:
        """What the figure shows; empty where there is nothing to draw."""
        if not len(self.points):
            return ""
        return f"The rows along two principal components, by the groups of two methods and by KMeans. {self.text}"

    @property
    def caption(self) -> str:
        """Number of rows, and what is drawn."""
        return f"{self.n_rows:,} rows. Left: the groups on which two other methods agree. Right: KMeans with as many."

    def figure(self) -> Figure:
        """Draw the groups found beside those of KMeans."""
        from seglib.plots import plot_other_shapes

        return plot_other_shapes(self.points)


def other_shapes(
    X: np.ndarray,
    null_matrices: Iterable[np.ndarray] = (),
    k_range: Iterable[int] = range(2, 11),
    *,
    seed: int,
    n_jobs: int = 1,
) -> OtherShapes:
    """Ask whether Ward's method, a normal mixture and HDBSCAN agree on groups that KMeans cuts across.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
        The matrix.
    null_matrices : iterable of ndarray, shape (n_rows, n_columns)
        Of shops without segments; 19 or more, or p cannot be 5%. They are taken one after the other, and only where the
        data themselves show something: a generator costs nothing otherwise. Of a sequence no further one is looked at
        when p cannot be 5% any more.
    k_range : iterable of int
        Numbers of groups. HDBSCAN chooses its own, and is compared only if that is one of them.
    seed : int
    n_jobs : int, default=1
        Processes, over the k of the data and over the null matrices. The result does not depend on it.

    Returns
    -------
    OtherShapes

    Notes
    -----
    Two methods agree if their adjusted Rand index (Hubert & Arabie 1985, J. Classif. 2) is .9 or more, on the rows that
    HDBSCAN does not call noise. KMeans cuts across them if its index with both is below .75. Every group must have 5%
    of the rows, and half of its rows must be different. HDBSCAN counts where it calls at most half of the rows noise.

    Ward (1963), JASA 58(301); Campello, Moulavi & Sander (2013), PAKDD, LNCS 7819; spectral clustering of the graph of
    10 neighbours: Ng, Jordan & Weiss (2001), NIPS 14.

    What a column shows by itself, such as three peaks, a null model that keeps the columns shows as well: such groups
    are not found here (see `one_trait_tests`).
    """
    X = np.asarray(X, dtype=np.float64)
    ks = sorted({int(k) for k in k_range if 2 <= k < len(X)})
    rng = np.random.default_rng([seed, 81])
    rows = np.arange(len(X))
    if len(X) > MOST_ROWS:
        rows = np.sort(rng.choice(len(X), MOST_ROWS, replace=False))
    sample = X[rows]
    with one_thread():
        comparisons = list(_comparisons(sample, ks, seed, n_jobs))
    table = _table(comparisons)
    shown = table["other_shape"].to_numpy(dtype=bool)
    if not shown.any():
        return OtherShapes(table, 0, 0, 1.0, _no_points(), len(rows))
    best = comparisons[int(np.where(shown, table["agreement"], -np.inf).argmax())]
    n_null = n_reached = 0
    n_planned = len(null_matrices) if isinstance(null_matrices, Sized) else None
    for shows_as_much in _shown_by(null_matrices, rows, len(X), ks, seed, n_jobs):
        n_null += 1
        n_reached += shows_as_much
        if n_planned and (1 + n_reached) / (n_planned + 1) > ALPHA:
            break  # p cannot be 5% any more
    p = (1 + n_reached) / (n_null + 1)
    return OtherShapes(table, n_null, n_reached, p, _points(sample, best), len(rows))


def _shown_by(
    null_matrices: Iterable[np.ndarray], rows: np.ndarray, n_rows: int, ks: list[int], seed: int, n_jobs: int
) -> Iterator[bool]:
    """Yield whether each shop without segments shows groups of another shape; every process looks at one at a time."""
    remaining = iter(null_matrices)
    while nulls := list(islice(remaining, effective_n_jobs(n_jobs))):
        samples = [null[rows] if len(null) == n_rows else null[:MOST_ROWS] for null in nulls]
        yield from run_tasks([delayed(_shows_other_shape)(sample, ks, seed) for sample in samples], n_jobs)


def _shows_other_shape(X: np.ndarray, ks: list[int], seed: int) -> bool:
    return any(_other_shape(c) for c in _comparisons(np.asarray(X, dtype=np.float64), ks, seed, 1))


@dataclass(frozen=True)
class _Comparison:
    """Two methods and KMeans for one k."""

    k: int
    first: str
    second: str
    agreement: float
    kmeans: float
    clustered: float
    smallest: float
    enough_values: bool
    labels: np.ndarray
    kmeans_labels: np.ndarray


def _other_shape(c: _Comparison) -> bool:
    return c.agreement >= AGREE and c.kmeans < CUT_ACROSS and c.smallest >= SMALLEST_GROUP and c.enough_values


def _comparisons(X: np.ndarray, ks: list[int], seed: int, n_jobs: int) -> Iterator[_Comparison]:
    """Yield every comparison that can count.

    The mixture is by far the most expensive of the methods. It is fitted only for those k for which one of the others
    has found groups that are large enough and that KMeans cuts across: without that, it cannot agree with it on such
    groups.
    """
    if not ks or len(X) < 2 * max(ks) or not np.ptp(X, axis=0).any():
        return
    row = np.unique(X, axis=0, return_inverse=True)[1].reshape(-1)
    tree = linkage(X, method="ward")
    fewest = max(NEIGHBOURS, int(np.ceil(SMALLEST_GROUP * len(X))))
    density = HDBSCAN(min_cluster_size=fewest, min_samples=NEIGHBOURS, copy=True).fit_predict(X)
    n_dense = int(density.max()) + 1
    dense_enough = n_dense in ks and (density < 0).mean() <= MOST_NOISE
    cuts = cut_tree(tree, n_clusters=ks)
    groups_of, by_kmeans_of, mixtures = {}, {}, {}
    for place, k in enumerate(ks):
        labels = groups_of[k] = {"ward": cuts[:, place]}
        if dense_enough and k == n_dense:
            labels["hdbscan"] = density
        by_kmeans = by_kmeans_of[k] = KMeans(n_clusters=k, n_init=5, random_state=seed).fit_predict(X)
        possible = [
            name
            for name, groups in labels.items()
            if _rand(groups, by_kmeans) < CUT_ACROSS and _smallest(groups) >= SMALLEST_GROUP
        ]
        if "hdbscan" in possible:
            labels["spectral"] = _spectral(X, k, seed)
        if possible:
            mixtures[k] = delayed(_mixture)(X, k, [by_kmeans, *labels.values()], seed)
    for k, of_mixture in zip(mixtures, run_tasks(list(mixtures.values()), n_jobs), strict=True):
        groups_of[k]["mixture"] = of_mixture
    for k in ks:
        labels, by_kmeans = groups_of[k], by_kmeans_of[k]
        enough_values = {name: _enough_values(groups, row) for name, groups in labels.items()}
        for first, second in combinations(labels, 2):
            if "spectral" in (first, second) and "hdbscan" not in (first, second):
                continue  # it is only asked whether it confirms what HDBSCAN has found
            both = (labels[first] >= 0) & (labels[second] >= 0)
            yield _Comparison(
                k,
                first,
                second,
                _rand(labels[first], labels[second]),
                max(_rand(labels[first], by_kmeans), _rand(labels[second], by_kmeans)),
                float(both.mean()),
                min(_smallest(labels[first]), _smallest(labels[second])),
                enough_values[first] and enough_values[second],
                labels[first],
                by_kmeans,
            )


def _mixture(X: np.ndarray, k: int, starts: list[np.ndarray], seed: int) -> np.ndarray:
    """Return the labels of the likeliest mixture of normal distributions with free covariances.

    The EM algorithm ends where it started if that is a local maximum, and from single rows it seldom reaches long or
    nested components. So it starts from the groups of the other methods and from random ones, and the likelihood
    decides. The covariances get 1% of the mean variance, so that a column of few values does not become a component
    without width.
    """
    rng = np.random.default_rng([seed, 82, k])
    narrow = 0.01 * float(X.var(axis=0).mean()) * np.eye(X.shape[1])
    centres = [X[rng.choice(len(X), k, replace=False)] for _ in range(RANDOM_STARTS)]
    nearest = [((X[:, None] - c) ** 2).sum(axis=2).argmin(axis=1) for c in centres]
    best, labels = -np.inf, np.zeros(len(X), dtype=int)
    for start in [*starts, *nearest]:
        groups = [X[start == j] for j in range(k)]
        if min(len(group) for group in groups) < 2:
            continue
        mixture = GaussianMixture(
            n_components=k,
            init_params="random",  # is replaced by the three that follow
            weights_init=np.array([len(group) for group in groups]) / sum(len(group) for group in groups),
            means_init=np.array([group.mean(axis=0) for group in groups]),
            precisions_init=np.array(
                [np.linalg.inv(np.cov(g.T, ddof=0).reshape(narrow.shape) + narrow) for g in groups]
            ),
            max_iter=100,
            reg_covar=float(narrow[0, 0]),
            random_state=seed,
        )
        with warnings.catch_warnings():
            # a fit that is not at its end finds other groups than the other methods, and then nothing is claimed
            warnings.simplefilter("ignore", ConvergenceWarning)
            groups_of_rows = mixture.fit_predict(X)
        if mixture.lower_bound_ > best:
            best, labels = mixture.lower_bound_, groups_of_rows
    return labels


def _spectral(X: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Return the labels of spectral clustering of the graph of nearest neighbours (Ng, Jordan & Weiss 2001)."""
    graph = kneighbors_graph(X, min(GRAPH_NEIGHBOURS, len(X) - 1), include_self=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a graph in several parts is what is looked for
        clustering = SpectralClustering(k, affinity="precomputed", assign_labels="cluster_qr", random_state=seed)
        return clustering.fit_predict((graph + graph.T) / 2)


def _enough_values(labels: np.ndarray, row: np.ndarray) -> bool:
    """Return whether in every group at least half of the rows are different; ``row`` numbers the different ones.

    Where many rows are the same (all zero, or the same answers), methods agree on the rows that are the same.
    """
    clustered = labels >= 0
    different = np.unique(np.column_stack([labels, row])[clustered], axis=0)[:, 0]
    size = np.bincount(labels[clustered])
    return bool((np.bincount(different, minlength=len(size)) >= size / 2).all())


def _rand(first: np.ndarray, second: np.ndarray) -> float:
    """Return the adjusted Rand index over the rows that neither calls noise."""
    both = (first >= 0) & (second >= 0)
    if both.sum() < 2:
        return 0.0
    first, second = first[both], second[both]
    return adjusted_rand(contingency(first, second, int(first.max()) + 1, int(second.max()) + 1))


def _smallest(labels: np.ndarray) -> float:
    """Return the share of the smallest group in all rows."""
    return float(np.bincount(labels[labels >= 0]).min() / len(labels)) if (labels >= 0).any() else 0.0


def _table(comparisons: list[_Comparison]) -> pd.DataFrame:
    columns = ["k", "first", "second", "agreement", "kmeans", "clustered", "smallest"]
    table = pd.DataFrame([{name: getattr(c, name) for name in columns} for c in comparisons], columns=columns)
    return table.assign(other_shape=[_other_shape(c) for c in comparisons])


def _no_points() -> pd.DataFrame:
    return pd.DataFrame({"x": [], "y": [], "group": [], "kmeans": []})


def _points(X: np.ndarray, best: _Comparison) -> pd.DataFrame:
    """Return the rows along the two principal components, with both labels."""
    centred = X - X.mean(axis=0)
    vectors = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    # the sign of an eigenvector is arbitrary: its largest entry is made positive
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    scores = centred @ vectors[:, :2]
    y = scores[:, 1] if scores.shape[1] > 1 else np.zeros(len(X))
    return pd.DataFrame({"x": scores[:, 0], "y": y, "group": best.labels, "kmeans": best.kmeans_labels})

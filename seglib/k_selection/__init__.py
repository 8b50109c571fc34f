"""k_selection."""

from seglib.k_selection.criteria.batch_kmeans import Fit, Rows, best_starts, one_start
from seglib.k_selection.criteria.choice import choose_k, curve, elbow
from seglib.k_selection.criteria.gap import box_inertias, gap
from seglib.k_selection.criteria.indices import cluster_indices, sampled_silhouette, stratified
from seglib.k_selection.criteria.stability import adjusted_rand, bootstrap, contingency, prediction_strength
from seglib.k_selection.criteria.sweep import WARM_ROWS, row_silhouettes, sweep
from seglib.k_selection.validation.benchmark import benchmark, first_silhouettes
from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.null_shops import Comparison, comparison
from seglib.k_selection.validation.recommendations import assess_k, at_a_glance, recommendations
from seglib.k_selection.validation.verdict import ALPHA, STABLE, evidence_by_k, verdict

__all__ = [
    "ALPHA",
    "STABLE",
    "WARM_ROWS",
    "Comparison",
    "CopulaNull",
    "Fit",
    "Rows",
    "adjusted_rand",
    "assess_k",
    "at_a_glance",
    "benchmark",
    "best_starts",
    "bootstrap",
    "box_inertias",
    "choose_k",
    "cluster_indices",
    "comparison",
    "contingency",
    "curve",
    "elbow",
    "evidence_by_k",
    "first_silhouettes",
    "gap",
    "one_start",
    "prediction_strength",
    "recommendations",
    "row_silhouettes",
    "sampled_silhouette",
    "stratified",
    "sweep",
    "verdict",
]

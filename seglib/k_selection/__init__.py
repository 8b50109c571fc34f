"""k_selection."""

from seglib.k_selection.criteria.batch_kmeans import Fit, Rows, best_starts, one_start
from seglib.k_selection.criteria.choice import choose_k, curve, elbow
from seglib.k_selection.criteria.gap import box_inertias, gap
from seglib.k_selection.criteria.indices import judge, sampled_silhouette, stratified
from seglib.k_selection.criteria.stability import adjusted_rand, bootstrap, contingency, prediction_strength
from seglib.k_selection.criteria.sweep import WARM_ROWS, row_silhouettes, sweep
from seglib.k_selection.validation.benchmark import compare, first_silhouettes
from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.null_shops import Comparison, comparison
from seglib.k_selection.validation.recommendations import at_a_glance, decision, judged
from seglib.k_selection.validation.verdict import ALPHA, STABLE, decide, evidence_by_k

__all__ = [
    "ALPHA",
    "STABLE",
    "WARM_ROWS",
    "Comparison",
    "CopulaNull",
    "Fit",
    "Rows",
    "adjusted_rand",
    "at_a_glance",
    "best_starts",
    "bootstrap",
    "box_inertias",
    "choose_k",
    "compare",
    "comparison",
    "contingency",
    "curve",
    "decide",
    "decision",
    "elbow",
    "evidence_by_k",
    "first_silhouettes",
    "gap",
    "judge",
    "judged",
    "one_start",
    "prediction_strength",
    "row_silhouettes",
    "sampled_silhouette",
    "stratified",
    "sweep",
]

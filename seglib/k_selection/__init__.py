"""The number of segments, and whether there are any: 04.

KMeans makes any number of segments from any data, and every criterion for k has a best value, also where there
is nothing to find. So each criterion is computed twice: for the matrix of the shop, and for matrices that null models
simulate, which are shops without segments. A number is evidence only where the null models do not reach it.

In goes the matrix of 03 (`sweep`) and the run that it belongs to (`null_models_for`). `benchmark` computes all criteria
for every k beside their null distributions, `verdict` weighs them (natural, reproducible or constructed), and
`choose_k` takes the number of segments, with its reason. `Charts` holds one result per figure of the notebook. The
criteria alone are in `seglib.k_selection.criteria`, the comparison with null models is in
`seglib.k_selection.validation`.
"""

from seglib.k_selection.criteria.batch_kmeans import Fit, Rows, best_starts, one_start
from seglib.k_selection.criteria.choice import choose_k, curve
from seglib.k_selection.criteria.gap import box_inertias, gap, gap_choice
from seglib.k_selection.criteria.indices import cluster_indices, sampled_silhouette, stratified
from seglib.k_selection.criteria.stability import adjusted_rand, bootstrap, contingency, prediction_strength
from seglib.k_selection.criteria.sweep import WARM_ROWS, largest_k, row_silhouettes, sweep
from seglib.k_selection.criteria.valleys import near_border, neighbours, projections
from seglib.k_selection.validation.benchmark import benchmark
from seglib.k_selection.validation.charts import Charts
from seglib.k_selection.validation.evidence import evidence_of_repeats
from seglib.k_selection.validation.label_verdict import judge_given, judge_labels
from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.null_shops import NullModels, null_models_for
from seglib.k_selection.validation.one_trait import one_trait_tests, one_trait_tests_for
from seglib.k_selection.validation.other_shapes import other_shapes
from seglib.k_selection.validation.processes import start_processes
from seglib.k_selection.validation.recommendations import assess_k, recommendations
from seglib.k_selection.validation.sequential import groups_needed
from seglib.k_selection.validation.smooth_null import SmoothNull
from seglib.k_selection.validation.track_record import rates, track_record
from seglib.k_selection.validation.verdict import verdict

__all__ = [
    "WARM_ROWS",
    "Charts",
    "CopulaNull",
    "Fit",
    "NullModels",
    "Rows",
    "SmoothNull",
    "adjusted_rand",
    "assess_k",
    "benchmark",
    "best_starts",
    "bootstrap",
    "box_inertias",
    "choose_k",
    "cluster_indices",
    "contingency",
    "curve",
    "evidence_of_repeats",
    "gap",
    "gap_choice",
    "groups_needed",
    "judge_given",
    "judge_labels",
    "largest_k",
    "near_border",
    "neighbours",
    "null_models_for",
    "one_start",
    "one_trait_tests",
    "one_trait_tests_for",
    "other_shapes",
    "prediction_strength",
    "projections",
    "rates",
    "recommendations",
    "row_silhouettes",
    "sampled_silhouette",
    "start_processes",
    "stratified",
    "sweep",
    "track_record",
    "verdict",
]

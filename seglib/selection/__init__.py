"""04 How many segments? One sweep over k, criteria, stability, and a choice with its reason.

A criterion always names a k, also where there is nothing to find. What it says is worth something beside what it says
of a shop without segments: see `seglib.structure`.
"""

from seglib.selection.choice import Choice, choose_k, curve, elbow, votes
from seglib.selection.criteria import (
    CRITERIA,
    judge,
    sampled_silhouette,
    silhouette_widths,
    squared_silhouette,
    stratified,
)
from seglib.selection.gap import box_inertias, gap, gap_choice
from seglib.selection.lloyd import Fit, Rows, best_starts, one_start
from seglib.selection.stability import (
    adjusted_rand,
    bootstrap,
    contingency,
    flows,
    mean_jaccard,
    prediction_strength,
    restarts,
    steadiness,
)
from seglib.selection.sweep import WARM_ROWS, Sweep, largest_k, row_silhouettes, sweep

__all__ = [
    "CRITERIA",
    "WARM_ROWS",
    "Choice",
    "Fit",
    "Rows",
    "Sweep",
    "adjusted_rand",
    "best_starts",
    "bootstrap",
    "box_inertias",
    "choose_k",
    "contingency",
    "curve",
    "elbow",
    "flows",
    "gap",
    "gap_choice",
    "judge",
    "largest_k",
    "mean_jaccard",
    "one_start",
    "prediction_strength",
    "restarts",
    "row_silhouettes",
    "sampled_silhouette",
    "silhouette_widths",
    "squared_silhouette",
    "steadiness",
    "stratified",
    "sweep",
    "votes",
]

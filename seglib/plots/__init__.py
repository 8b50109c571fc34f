"""Figures. Each function takes a computed table and returns its Axes (or, where it has several, its Figure).

Nothing is computed here beyond what a figure needs, and nothing is read. A title states the finding, axes carry units,
a segment keeps its colour and marker in every figure of a run. Most functions take ``ax``, Axes of your own, which keep
their look. Without it they make a new figure in the common look (`seglib.plots.theme`: change ``THEME`` to change all).

An analysis package calls them only inside the ``figure()`` of a result; a notebook shows that with
`seglib.display.show`. There is one file per chapter.
"""

from seglib.plots.campaign import plot_effects
from seglib.plots.clustering import (
    plot_agreement,
    plot_comparison,
    plot_margins,
    plot_projection,
    plot_reliability,
    plot_sensitivity,
    plot_sizes,
)
from seglib.plots.eda import (
    plot_burned_by_age,
    plot_calendar,
    plot_correlation,
    plot_coupon_counts,
    plot_demographics,
    plot_distributions,
    plot_homogeneity,
    plot_retention,
)
from seglib.plots.interpretation import (
    plot_activity,
    plot_gain,
    plot_gorge,
    plot_heatmap,
    plot_outcomes,
    plot_profile,
    plot_shares,
    plot_status,
    plot_strongest,
)
from seglib.plots.k_selection import (
    plot_against_nulls,
    plot_elbow,
    plot_example,
    plot_flow,
    plot_gap,
    plot_metric,
    plot_other_criteria,
    plot_other_shapes,
    plot_silhouette,
    plot_silhouette_widths,
    plot_stability,
    plot_track_record,
    plot_two_kinds,
    plot_valleys,
    plot_verdict,
)
from seglib.plots.monitoring import plot_drift, plot_migration, plot_months, plot_movement, plot_verdicts
from seglib.plots.preprocessing import plot_number_ranges, plot_variance_by_option, plot_variance_share
from seglib.plots.theme import palette

__all__ = [
    "palette",
    "plot_activity",
    "plot_against_nulls",
    "plot_agreement",
    "plot_burned_by_age",
    "plot_calendar",
    "plot_comparison",
    "plot_correlation",
    "plot_coupon_counts",
    "plot_demographics",
    "plot_distributions",
    "plot_drift",
    "plot_effects",
    "plot_elbow",
    "plot_example",
    "plot_flow",
    "plot_gain",
    "plot_gap",
    "plot_gorge",
    "plot_heatmap",
    "plot_homogeneity",
    "plot_margins",
    "plot_metric",
    "plot_migration",
    "plot_months",
    "plot_movement",
    "plot_number_ranges",
    "plot_other_criteria",
    "plot_other_shapes",
    "plot_outcomes",
    "plot_profile",
    "plot_projection",
    "plot_reliability",
    "plot_retention",
    "plot_sensitivity",
    "plot_shares",
    "plot_silhouette",
    "plot_silhouette_widths",
    "plot_sizes",
    "plot_stability",
    "plot_status",
    "plot_strongest",
    "plot_track_record",
    "plot_two_kinds",
    "plot_valleys",
    "plot_variance_by_option",
    "plot_variance_share",
    "plot_verdict",
    "plot_verdicts",
]

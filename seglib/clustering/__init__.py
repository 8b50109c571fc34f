"""05 Who belongs where, and how surely?

KMeans on the matrix, with letters that stay the same from run to run, a certainty for every customer, and what would
become of the segments had they been made otherwise.
"""

from seglib.clustering.certainty import WAVERING, Bootstrap, bands, bootstrap_models, planted_right, reliability
from seglib.clustering.estimator import OUTLIER_FACTOR, SegmentKMeans, best_kmeans
from seglib.clustering.letters import lettered_by, letters_like, order_values, ranking
from seglib.clustering.segmentation import NEAR_BORDER, Segmentation, check_k, customer_segments, segment
from seglib.clustering.sensitivity import ALIKE, Sensitivity, sensitivity

__all__ = [
    "ALIKE",
    "NEAR_BORDER",
    "OUTLIER_FACTOR",
    "WAVERING",
    "Bootstrap",
    "SegmentKMeans",
    "Segmentation",
    "Sensitivity",
    "bands",
    "best_kmeans",
    "bootstrap_models",
    "check_k",
    "customer_segments",
    "lettered_by",
    "letters_like",
    "order_values",
    "planted_right",
    "ranking",
    "reliability",
    "segment",
    "sensitivity",
]

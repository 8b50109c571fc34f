"""05 Who belongs where, and how surely?

KMeans on the matrix, with letters that stay the same from run to run, a certainty for every customer, and what would
become of the segments had they been made otherwise.
"""

from seglib.clustering.bootstrap import LOW_AGREEMENT, Bootstrap, bands, bootstrap_models, planted_right
from seglib.clustering.kmeans import SegmentKMeans, best_kmeans
from seglib.clustering.labels import lettered_by, order_values
from seglib.clustering.segmentation import NEAR_BORDER, Segmentation, check_k, customer_segments, segment
from seglib.clustering.sensitivity import ALIKE, sensitivity

__all__ = [
    "ALIKE",
    "LOW_AGREEMENT",
    "NEAR_BORDER",
    "Bootstrap",
    "SegmentKMeans",
    "Segmentation",
    "bands",
    "best_kmeans",
    "bootstrap_models",
    "check_k",
    "customer_segments",
    "lettered_by",
    "order_values",
    "planted_right",
    "segment",
    "sensitivity",
]

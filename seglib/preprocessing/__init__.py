"""03 How much does each thing weigh? From described customers to the matrix that KMeans sees.

KMeans measures squared distances, so a column counts as much as it varies. Every recipe is a scikit-learn
Pipeline whose only business is to settle those weights; `variance_share` shows the outcome before any
cluster exists, and `audit` tells what is wrong with it.
"""

from seglib.preprocessing.audit import audit
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.encoders import UNKNOWN, levels_of
from seglib.preprocessing.inverse import column_labels, in_original_units
from seglib.preprocessing.matrix import Matrix, variance_share
from seglib.preprocessing.rebuild import rebuild_matrix

__all__ = [
    "UNKNOWN",
    "Matrix",
    "audit",
    "baseline_matrix",
    "column_labels",
    "customer_matrix",
    "in_original_units",
    "levels_of",
    "rebuild_matrix",
    "variance_share",
]

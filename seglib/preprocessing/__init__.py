"""03 How much does each thing weigh? From described customers to the matrix that KMeans sees.

KMeans measures squared distances, so a column counts as much as it varies: the segmentation is decided by what is in
the matrix, and on which scale. In go `seglib.features.CustomerFeatures` (recipe ``customer``) or the unified table
(recipe ``baseline``, the original analysis); out comes a `Matrix`: the table, and the fitted scikit-learn pipeline that
makes the same columns of other rows. `variance_share` shows what each column weighs before any cluster exists,
`number_ranges` how far the numbers reach, and `audit` finds the mistakes that make clusters of their own.

Start with `build_matrix`, which takes the parameters of notebook 03, or with `customer_matrix` and `baseline_matrix`,
which take tables. `rebuild_matrix` builds the matrix of a recorded recipe from other rows.
"""

from seglib.preprocessing.audit import audit
from seglib.preprocessing.build import CustomerOptions, build_matrix
from seglib.preprocessing.customer import customer_matrix, demographics_by_default
from seglib.preprocessing.encoders import UNKNOWN, HennigLiaoScaler, WeightScaler, levels_of
from seglib.preprocessing.inverse import column_labels, in_original_units
from seglib.preprocessing.matrix import Matrix
from seglib.preprocessing.ranges import number_ranges
from seglib.preprocessing.rebuild import rebuild_matrix
from seglib.preprocessing.variance import variance_share
from seglib.preprocessing.weights import compare_demographic_weights

__all__ = [
    "UNKNOWN",
    "CustomerOptions",
    "HennigLiaoScaler",
    "Matrix",
    "WeightScaler",
    "audit",
    "build_matrix",
    "column_labels",
    "compare_demographic_weights",
    "customer_matrix",
    "demographics_by_default",
    "in_original_units",
    "levels_of",
    "number_ranges",
    "rebuild_matrix",
    "variance_share",
]

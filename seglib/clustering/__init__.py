"""05 Who belongs where, and how surely?

`segment` clusters the rows of the matrix with KMeans (`SegmentKMeans`, an estimator of scikit-learn) and letters the
clusters: A has the greatest mean of a stated feature, so that a rerun gives the same letters; or letters are matched
with those of an earlier run.

- In: the matrix of 03, the number of segments of 04, the feature that orders the letters.
- Out: a `Segmentation` of the rows, and with `customer_segments` one segment for every customer.
- How surely? `membership_probability` is the one answer for a customer: how likely they belong where they are put.
  `Margins` (how near the border is) and `Agreement` (do models of bootstrap samples agree?) tell where it comes from,
  `sensitivity` whether the segments stay when one decision of the analysis is changed.
- Other segments, of somebody else or of your own algorithm (`own_labels`): `segments_given` puts them in the place of
  these, `compared_with_ours` lays both side by side.

Start with `segment`; `seglib.scoring` makes of it a model that can be passed on.
"""

from seglib.clustering.bootstrap import Agreement, Bootstrap, bands, bootstrap_models
from seglib.clustering.calibration import apply_platt, calibration_error, fit_platt, reliability
from seglib.clustering.centres import readable_centres
from seglib.clustering.comparison import compared_with_ours
from seglib.clustering.given import SegmentRule, given_labels, rule_of, segments_given
from seglib.clustering.kmeans import SegmentKMeans
from seglib.clustering.labels import correctly_assigned, lettered_by, match_labels, order_values
from seglib.clustering.lettering import lettering
from seglib.clustering.margins import NEAR_BORDER, Margins, least_certain
from seglib.clustering.membership import LOW_PROBABILITY, membership_probability
from seglib.clustering.own import own_labels
from seglib.clustering.projection import project
from seglib.clustering.segmentation import Segmentation, check_k, customer_segments, segment
from seglib.clustering.sensitivity import sensitivity
from seglib.clustering.sizes import segment_sizes

__all__ = [
    "LOW_PROBABILITY",
    "NEAR_BORDER",
    "Agreement",
    "Bootstrap",
    "Margins",
    "SegmentKMeans",
    "SegmentRule",
    "Segmentation",
    "apply_platt",
    "bands",
    "bootstrap_models",
    "calibration_error",
    "check_k",
    "compared_with_ours",
    "correctly_assigned",
    "customer_segments",
    "fit_platt",
    "given_labels",
    "least_certain",
    "lettered_by",
    "lettering",
    "match_labels",
    "membership_probability",
    "order_values",
    "own_labels",
    "project",
    "readable_centres",
    "reliability",
    "rule_of",
    "segment",
    "segment_sizes",
    "segments_given",
    "sensitivity",
]

"""interpretation."""

from seglib.interpretation.audiences import (
    RULE_OF_THUMB,
    audience_lists,
    criteria,
    customer_list,
    readme,
    sample_sizes,
    targets,
)
from seglib.interpretation.cards.names_file import read_names
from seglib.interpretation.cards.notes import with_notes
from seglib.interpretation.holdout.by_group import OUTCOMES
from seglib.interpretation.holdout.holdout import Holdout, evaluate_holdout
from seglib.interpretation.holdout.predictive_gain import ALPHA, NOT_SHOWN, predictive_gain
from seglib.interpretation.holdout.rfm import BURNED, quintiles
from seglib.interpretation.holdout.rfm_table import rfm_table
from seglib.interpretation.holdout.usefulness import with_usefulness
from seglib.interpretation.profiles.exemplars import exemplars
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.shares import MARKER_RELATIVE, MARKER_SHARE, compared_names, shares
from seglib.interpretation.profiles.tests import descriptor_tests
from seglib.interpretation.profiles.usage import usage
from seglib.interpretation.surrogate_tree.rules import fit_surrogate_tree
from seglib.interpretation.thinning.inference import thinning_tests
from seglib.interpretation.thinning.splits import read_tables, split_counts

__all__ = [
    "ALPHA",
    "BURNED",
    "MARKER_RELATIVE",
    "MARKER_SHARE",
    "NOT_SHOWN",
    "OUTCOMES",
    "RULE_OF_THUMB",
    "Holdout",
    "audience_lists",
    "compared_names",
    "criteria",
    "customer_list",
    "descriptor_tests",
    "evaluate_holdout",
    "exemplars",
    "fit_surrogate_tree",
    "predictive_gain",
    "profile",
    "quintiles",
    "read_names",
    "read_tables",
    "readme",
    "rfm_table",
    "sample_sizes",
    "shares",
    "split_counts",
    "targets",
    "thinning_tests",
    "usage",
    "with_notes",
    "with_usefulness",
]

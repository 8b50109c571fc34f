"""interpretation."""

from seglib.interpretation.audiences import audiences
from seglib.interpretation.cards.names_file import read_names
from seglib.interpretation.cards.notes import with_facts
from seglib.interpretation.holdout.by_group import OUTCOMES
from seglib.interpretation.holdout.holdout import Holdout, holdout, rfm_table
from seglib.interpretation.holdout.predictive_gain import ALPHA, gain
from seglib.interpretation.holdout.rfm import BURNED, quintiles
from seglib.interpretation.holdout.usefulness import NOT_SHOWN, with_use
from seglib.interpretation.profiles.exemplars import paragons
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.shares import MARKER_RELATIVE, MARKER_SHARE, compared_names, shares
from seglib.interpretation.profiles.tests import descriptor_tests
from seglib.interpretation.profiles.usage import usage
from seglib.interpretation.surrogate_tree.rules import decision_rules
from seglib.interpretation.thinning.inference import thinned
from seglib.interpretation.thinning.splits import halves, read_tables

__all__ = [
    "ALPHA",
    "BURNED",
    "MARKER_RELATIVE",
    "MARKER_SHARE",
    "NOT_SHOWN",
    "OUTCOMES",
    "Holdout",
    "audiences",
    "compared_names",
    "decision_rules",
    "descriptor_tests",
    "gain",
    "halves",
    "holdout",
    "paragons",
    "profile",
    "quintiles",
    "read_names",
    "read_tables",
    "rfm_table",
    "shares",
    "thinned",
    "usage",
    "with_facts",
    "with_use",
]

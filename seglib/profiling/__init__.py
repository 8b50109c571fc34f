"""06 What is each segment, and what would you do with it?

Profiles in original units, each beside the average of all customers. Nothing here tests whether a segment
differs on what it was built from: it does, by construction. What did not build it can be tested (`descriptor_tests`).
"""

from seglib.profiling.coupons import usage
from seglib.profiling.descriptors import descriptor_tests
from seglib.profiling.levels import MARKER_RELATIVE, MARKER_SHARE, MOST_LEVELS, compared_names, shares
from seglib.profiling.means import MARKER, profile, v_test
from seglib.profiling.nearest import paragons

__all__ = [
    "MARKER",
    "MARKER_RELATIVE",
    "MARKER_SHARE",
    "MOST_LEVELS",
    "compared_names",
    "descriptor_tests",
    "paragons",
    "profile",
    "shares",
    "usage",
    "v_test",
]

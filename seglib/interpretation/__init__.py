"""What each segment is, whether it tells what customers do next, and the lists that leave the house.

In go the features of the customers, the matrix, and the segments of 05. Each sub-package answers a question:

- ``profiles``: what do segments look like beside all customers? Start with `profile`, then `compare_names`,
  `coupon_usage`, `centre_similarity`, `exemplars` and `descriptor_tests`.
- ``cards``: how would one describe them to a marketer? `segment_cards` and `with_notes`.
- ``surrogate_tree``: which few questions nearly give the segments? `fit_surrogate_tree`.
- ``thinning`` and ``holdout``: do segments differ in what built them (`thinning_tests`), and do they predict what
  customers do next (`evaluate_holdout`, `predictive_gain`)?
- ``audiences``: whom to write to, and whom to leave out? `targets`, `customer_list`, `audience_lists`.

Results have a table, a text and, where they are drawn, a figure with its alt text and caption.
"""

from seglib.interpretation.audiences import audience_lists, criteria, customer_list, readme, sample_sizes, targets
from seglib.interpretation.campaign_lists import control_group, record_lists
from seglib.interpretation.cards.cards import rename_cards, segment_cards
from seglib.interpretation.cards.names_file import read_names
from seglib.interpretation.cards.notes import with_notes
from seglib.interpretation.cards.profile_plot import profile_plot
from seglib.interpretation.given_lists import without_certainty
from seglib.interpretation.holdout.by_group import OUTCOMES
from seglib.interpretation.holdout.holdout import Holdout, evaluate_holdout
from seglib.interpretation.holdout.predictive_gain import ALPHA, predictive_gain
from seglib.interpretation.holdout.rfm import BURNED, quintiles, signed_log
from seglib.interpretation.holdout.rfm_table import rfm_table
from seglib.interpretation.holdout.usefulness import with_usefulness
from seglib.interpretation.list_changes import since_last
from seglib.interpretation.overview import overview
from seglib.interpretation.profiles.activity import activity_shares
from seglib.interpretation.profiles.coupon_usage import coupon_usage
from seglib.interpretation.profiles.exemplars import exemplars
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.shares import compare_names
from seglib.interpretation.profiles.similarity import centre_similarity
from seglib.interpretation.profiles.strongest import strongest_markers
from seglib.interpretation.profiles.tests import descriptor_tests
from seglib.interpretation.profiles.worked import worked_customers
from seglib.interpretation.summary import summary
from seglib.interpretation.surrogate_tree.rules import fit_surrogate_tree
from seglib.interpretation.thinning.inference import thinning_tests
from seglib.interpretation.thinning.splits import read_tables, split_counts

__all__ = [
    "ALPHA",
    "BURNED",
    "OUTCOMES",
    "Holdout",
    "activity_shares",
    "audience_lists",
    "centre_similarity",
    "compare_names",
    "control_group",
    "coupon_usage",
    "criteria",
    "customer_list",
    "descriptor_tests",
    "evaluate_holdout",
    "exemplars",
    "fit_surrogate_tree",
    "overview",
    "predictive_gain",
    "profile",
    "profile_plot",
    "quintiles",
    "read_names",
    "read_tables",
    "readme",
    "record_lists",
    "rename_cards",
    "rfm_table",
    "sample_sizes",
    "segment_cards",
    "signed_log",
    "since_last",
    "split_counts",
    "strongest_markers",
    "summary",
    "targets",
    "thinning_tests",
    "with_notes",
    "with_usefulness",
    "without_certainty",
    "worked_customers",
]

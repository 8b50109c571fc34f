"""06 Are the segments useful? Frozen on an earlier day, they meet what customers did afterwards.

`holdout` looks at the shop as it stood on the day of the cut and describes what followed, by segment; `gain` asks
whether knowing the segment helps beyond tenure and RFM quintiles, which anybody can compute.
"""

from seglib.outcomes.gain import ALPHA, Gain, gain
from seglib.outcomes.groups import OUTCOMES, Outcome
from seglib.outcomes.holdout import LEAST_CUSTOMERS, LEAST_DAYS, LEAST_IN_SEGMENT, Holdout, holdout, rfm_table
from seglib.outcomes.rfm import BURNED, SCORES, quintiles, rfm_scores
from seglib.outcomes.use import NOT_SAID, NOT_SHOWN, USEFUL, with_use

__all__ = [
    "ALPHA",
    "BURNED",
    "LEAST_CUSTOMERS",
    "LEAST_DAYS",
    "LEAST_IN_SEGMENT",
    "NOT_SAID",
    "NOT_SHOWN",
    "OUTCOMES",
    "SCORES",
    "USEFUL",
    "Gain",
    "Holdout",
    "Outcome",
    "gain",
    "holdout",
    "quintiles",
    "rfm_scores",
    "rfm_table",
    "with_use",
]

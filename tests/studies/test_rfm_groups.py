"""RFM groups by the public rule: every place of the grid, and nobody left out."""

import pandas as pd
import pytest

from studies.rfm_groups import GRID, rfm_groups


@pytest.mark.parametrize(
    ("recency", "frequency", "name"),
    [(5, 5, "Champions"), (5, 1, "New"), (1, 1, "Lost"), (1, 5, "Cannot lose them"), (3, 3, "Need attention")],
)
def test_corners_and_middle_by_hand(recency, frequency, name):
    # five customers of each score: days since the last coupon fall as the score grows, coupons grow with it
    scores = [(r, f) for r in range(1, 6) for f in range(1, 6)]
    features = pd.DataFrame(
        {"recency_days": [100 * (6 - r) for r, _ in scores], "n_coupons": [f for _, f in scores]},
        index=[f"{r}{f}" for r, f in scores],
    )
    groups = rfm_groups(features)
    assert groups[f"{recency}{frequency}"] == name
    assert groups.nunique() == len({each for row in GRID for each in row}) == 11
    assert groups.notna().all()

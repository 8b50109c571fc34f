"""A plain rule in the analyst's own terms: what stands for recency, frequency and money, and in how many classes."""

import numpy as np
import pandas as pd
import pytest

from seglib.errors import ParameterRefused
from seglib.interpretation.holdout.rfm import RfmRule, parse_rfm, rfm_logs, rfm_scores


@pytest.fixture
def features():
    return pd.DataFrame(
        {
            "recency_days": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "tenure_days": [60.0, 50.0, 40.0, 30.0, 20.0, 10.0],
            "n_coupons": [1, 1, 2, 2, 9, 9],
            "n_burned": [0, 1, 2, 3, 4, 5],
            "spend": [5.0, 4.0, 3.0, 2.0, 1.0, 0.0],
            "city_name": list("abcdef"),
        }
    )


def test_nothing_said_is_the_usual_rule(features):
    assert parse_rfm(None) == parse_rfm("") == RfmRule()
    assert RfmRule().note == ""
    pd.testing.assert_frame_equal(rfm_scores(features, RfmRule()), rfm_scores(features))
    pd.testing.assert_frame_equal(rfm_logs(features, parse_rfm("parts 5")), rfm_logs(features))


def test_scores_of_a_rule_of_ones_own_by_hand(features):
    rule = parse_rfm("recency tenure_days, frequency n_burned, money n_coupons, parts 3")
    scores = rfm_scores(features, rule)
    assert scores["recency_score"].tolist() == [1, 1, 2, 2, 3, 3]  # the fewest days are best
    assert scores["frequency_score"].tolist() == [1, 1, 2, 2, 3, 3]
    assert scores["monetary_score"].tolist() == [1, 1, 2, 2, 3, 3]
    assert scores["burned_score"].isna().all()  # n_burned is there already
    logs = rfm_logs(features, rule)
    assert logs["log_recency"].tolist() == pytest.approx(np.log1p(features["tenure_days"]).tolist())
    assert logs["log_monetary"].tolist() == pytest.approx(np.log1p(features["n_coupons"]).tolist())
    assert logs["log_burned"].isna().all()
    assert rule.note == (
        "In RFM, as set: recency is tenure days, frequency is n burned, money is n coupons and each is cut into "
        "3 classes."
    )


def test_burned_coupons_are_added_where_the_rule_does_not_have_them(features):
    assert rfm_scores(features, parse_rfm("money spend"))["burned_score"].tolist() == [1, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frequence n_coupons", "not 'frequence n_coupons' .did you mean 'frequency'"),
        ("frequency", "rfm is written like"),
        ("money spend, money n_coupons", "each once"),
        ("parts 1", "parts is a number from 2 to 10"),
        ("parts many", "parts is a number from 2 to 10"),
    ],
)
def test_what_is_no_rule_is_refused(text, message):
    with pytest.raises(ParameterRefused, match=message) as refused:
        parse_rfm(text)
    assert refused.value.parameter == ("rfm",)


@pytest.mark.parametrize("rule", ["frequency n_coupon", "money city_name", "recency nothing"])
def test_a_feature_that_is_not_there_is_refused(features, rule):
    with pytest.raises(ParameterRefused, match=r"there is no numeric feature '\w+' on the day of the cut") as refused:
        rfm_scores(features, parse_rfm(rule))
    assert refused.value.parameter == ("rfm",)

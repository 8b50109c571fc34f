"""One trait by itself: what is recorded given the trait, and in which features customers are of two kinds."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.integrate import quad
from scipy.stats import beta, betabinom, gamma, nbinom, poisson

from seglib.k_selection.validation.one_trait import (
    burn_records,
    column_records,
    coupon_records,
    mean_records,
    one_trait_tests,
    variation_within,
)
from seglib.schema.records import VariableRecord
from seglib.stats.two_kinds import log_likelihood
from seglib.study import Study

STUDY = Study(as_of="2026-06-30", burn_window=0)


def shop(seed, *, n=1_000, burn=None, lag=None, rate=None):
    """Draw features of a shop, with gradual traits unless others are given: 8 coupons a customer, gamma days."""
    rng = np.random.default_rng(seed)
    months = rng.uniform(2, 24, n)
    rate = np.exp(0.5 * rng.standard_normal(n)) if rate is None else rate(rng)
    expected = rate * months
    coupons = rng.poisson(8 * expected / expected.mean())
    share = 1 / (1 + np.exp(0.3 - 0.8 * rng.standard_normal(n))) if burn is None else burn(rng)
    burned = rng.binomial(coupons, share)
    mean = 20 * np.exp(0.4 * rng.standard_normal(n)) if lag is None else lag(rng)
    days = np.where(burned > 0, np.floor(rng.gamma(2 * np.maximum(burned, 1)) * mean / 2), 0)
    features = pd.DataFrame(
        {
            "coupons_per_month": coupons / months,
            "burn_rate": 0.5,
            "days_to_burn": 20.0,
            "recency_days": 3,
            "n_coupons": coupons,
            "n_matured": coupons,
            "n_matured_burned": burned,
            "lag_days": days,
            "months_observed": months,
        }
    )
    return features[features["n_coupons"] > 0].reset_index(drop=True)


def two_lags(rng):
    return np.where(rng.random(1_000) < 0.5, 8, 35) * np.exp(0.2 * rng.standard_normal(1_000))


def never_burn(rng):
    return np.where(rng.random(1_000) < 0.4, 0, rng.beta(4, 3, 1_000))


def test_the_chance_of_burned_coupons_is_beta_binomial():
    """With the cells of a Beta distribution, the likelihood is that of scipy's beta-binomial distribution."""
    rng = np.random.default_rng(1)
    n = pd.Series(rng.integers(1, 9, 400))
    burned = pd.Series(rng.binomial(n, rng.beta(4, 3, 400)))
    records, original, _ = burn_records(burned, n)
    assert records.chance.sum(axis=1) == pytest.approx(1)
    cells = np.diff(beta.cdf(original(records.edges), 4, 3))
    expected = betabinom.logpmf(burned, n, 4, 3).sum()
    assert log_likelihood(records, cells) == pytest.approx(expected, abs=0.002 * abs(expected))


def test_the_chance_of_a_count_is_a_negative_binomial_without_zero():
    """Gamma rates and equal exposure: a negative binomial distribution, given at least one coupon."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(rng.gamma(6, 1, 3_000))
    counts = pd.Series(counts[counts > 0])
    records, _, _ = coupon_records(counts, pd.Series(np.full(len(counts), 12.0)))
    assert records.chance.sum(axis=1) == pytest.approx(1)
    top = records.counts.shape[1]
    rates = np.exp(records.middle)
    # of customers with a coupon, those of a rate are the more, the likelier a coupon is
    cells = np.diff(gamma.cdf(np.exp(records.edges), 6)) * -np.expm1(-rates)
    expected = nbinom.pmf(np.arange(1, 9), 6, 0.5) / (1 - nbinom.pmf(0, 6, 0.5))
    assert top > 8
    assert (records.chance[0] @ (cells / cells.sum()))[:8] == pytest.approx(expected, abs=0.003)


def test_the_chance_of_a_count_at_one_rate_is_poisson():
    counts = pd.Series(np.random.default_rng(1).poisson(5, 500) + 1)
    records, _, _ = coupon_records(counts, pd.Series(np.full(500, 12.0)))
    rate = np.exp(records.middle[20])
    expected = poisson.pmf(np.arange(1, 9), rate) / -np.expm1(-rate)
    assert records.chance[0, :8, 20] == pytest.approx(expected)


def test_the_chance_of_a_mean_is_gamma():
    rng = np.random.default_rng(3)
    n = pd.Series(np.full(500, 4))
    total = pd.Series(rng.gamma(8, 10, 500))
    records, _, _ = mean_records(total, n, 0.5)
    assert records.chance.sum(axis=1) == pytest.approx(1)
    cell, bin_ = 12, 15
    low, high = np.exp(records.edges[[bin_, bin_ + 1]])
    # values with squared variation 1/2 are gamma with shape 2, the mean of four of them has shape 8
    expected = quad(lambda x: gamma.pdf(x, 8, scale=np.exp(records.middle[cell]) / 8), low, high)[0]
    assert records.chance[0, bin_, cell] == pytest.approx(expected, rel=1e-6)


def test_the_variation_within_customers_is_recovered_whatever_customers_differ():
    rng = np.random.default_rng(4)
    who = pd.Series(np.repeat(np.arange(2_000), 5))
    means = np.exp(rng.standard_normal(2_000))
    values = pd.Series(rng.gamma(2, 1, 10_000)) * means[who]
    assert variation_within(values, who) == pytest.approx(0.5, abs=0.05)
    assert variation_within(values[:50], who[:50]) is None


@pytest.mark.parametrize(
    ("options", "feature"), [({"lag": two_lags}, "days_to_burn"), ({"burn": never_burn}, "burn_rate")]
)
def test_two_kinds_in_one_trait_are_seen_and_nothing_else(options, feature):
    names = [one_trait_tests(shop(seed, **options), study=STUDY, seed=seed).two_kinds for seed in range(4)]
    assert names == [(feature,)] * 4


def test_a_gradual_shop_shows_no_two_kinds():
    """15 shops: at a true rate of 5%, more than two false alarms come in 4% of such samples."""
    assert sum(bool(one_trait_tests(shop(seed), study=STUDY, seed=seed).two_kinds) for seed in range(15)) <= 2


def test_typical_values_and_shares_are_those_planted():
    tests = one_trait_tests(shop(3, lag=two_lags), study=STUDY, seed=1)
    row = tests.table.set_index("feature").loc["days_to_burn"]
    assert row["low"] == pytest.approx(8.5, abs=1.5)
    assert row["high"] == pytest.approx(35.5, abs=4)
    assert row["smaller_share"] == pytest.approx(0.5, abs=0.06)
    assert row["p"] == 0.01
    assert "two kinds in days to burn, but not in coupons per month and burn rate" in tests.text
    assert "recency" in tests.text
    assert isinstance(tests.figure(), Figure)
    assert "days to burn" in tests.alt
    bins = tests.histograms()
    assert bins["customers"].sum() == row["customers"]
    assert bins[["one_peak", "two_kinds"]].sum().to_numpy() == pytest.approx([row["customers"]] * 2)


def test_one_bimodal_column_of_six_is_the_one_named():
    rng = np.random.default_rng(5)
    table = pd.DataFrame(rng.standard_normal((1_000, 6)), columns=[f"score_{j}" for j in range(6)])
    table["score_2"] += np.where(rng.random(1_000) < 0.4, 4, 0)
    study = Study(variables={name: VariableRecord(kind="numeric") for name in table})
    tests = one_trait_tests(table, study=study, seed=1)
    assert tests.two_kinds == ("score_2",)
    assert tests.table.set_index("feature").loc["score_2", "draws"] == 126  # 21 for each of six: Holm needs 120
    assert one_trait_tests(table, study=study, seed=1).table.equals(tests.table)


def test_a_scale_of_answers_and_names_are_left_out_with_the_reason():
    rng = np.random.default_rng(6)
    table = pd.DataFrame(
        {"liking": rng.integers(1, 6, 300), "answer": ["yes", "no"] * 150, "age": rng.normal(40, 9, 300)}
    )
    study = Study(variables={"liking": VariableRecord(kind="numeric"), "answer": VariableRecord(kind="binary")})
    tests = one_trait_tests(table, study=study, columns=["liking", "answer", "age"], seed=1)
    assert list(tests.table["feature"]) == ["age"]
    assert set(tests.not_tested["feature"]) == {"liking", "answer"}
    assert "Not tested: liking" in tests.text
    assert tests.alt == ""


def test_many_equal_values_are_set_aside():
    rng = np.random.default_rng(7)
    values = pd.Series(np.where(rng.random(1_000) < 0.4, 0.0, np.exp(rng.standard_normal(1_000) + 3)), name="spend")
    records, _, used, set_aside = column_records(values, log=True)
    assert records.counts.sum() == len(used) == (values > 0).sum()
    assert "0: they were set aside" in set_aside


def test_rounded_values_do_not_make_bins_rise_and_fall():
    """Every inner bin holds the same number of whole numbers."""
    ages = pd.Series(np.random.default_rng(8).normal(45, 12, 3_000).round())
    edges = column_records(ages, log=False)[0].edges
    inside = np.diff(np.floor(edges[1:-1]))
    widths = np.diff(edges[1:-1])
    assert set((inside / widths).round(9)) == {1.0}


def test_few_customers_are_not_tested():
    tests = one_trait_tests(shop(1).head(40), study=STUDY, seed=1)
    assert tests.table.empty
    assert tests.text.startswith("No feature could be tested")

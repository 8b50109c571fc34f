"""A probability of belonging to the segment, which keeps its word."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import betabinom, gamma, multivariate_normal, nbinom
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from seglib.clustering.calibration import apply_platt, calibration_error, fit_platt, reliability
from seglib.clustering.coupon_mixture import (
    FRACTIONS,
    N_FRACTIONS,
    Activity,
    ActivityParams,
    Burned,
    TotalParams,
    Totals,
    coupon_parts,
    draw_coupons,
    shape_prior,
    trigamma,
)
from seglib.clustering.labels import correctly_assigned
from seglib.clustering.membership import LOW_PROBABILITY, MOST_SHOPS, NOT_A_CUSTOMER, membership_probability
from seglib.clustering.mixture import (
    LEAST_PRIOR,
    MOST_PRIOR,
    Levels,
    Normal,
    fit_mixture,
    level_strength,
    shrinkage_strength,
)
from seglib.clustering.segmentation import segment
from seglib.datasets.shop import make_shop
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.features import FEATURES
from seglib.schema.records import VariableRecord
from seglib.study import Study

# Densities ------------------------------------------------------------------------------------------------------------

ALWAYS = np.full(N_FRACTIONS, 1e-300)
ALWAYS[-1] = 1.0
"""Customers who are all active until the end."""


@pytest.mark.parametrize("truncated", [False, True])
def test_counts_are_negative_binomial_and_the_last_coupon_is_the_greatest_of_even_draws(truncated):
    x, months, last = np.array([1.0, 2.0, 7.0]), np.array([3.0, 6.0, 12.0]), np.array([2.0, 5.0, 11.0])
    part = Activity(x, months, last, truncated)
    density = part.expect(ActivityParams(np.array([4.0]), np.array([8.0]), ALWAYS[None]))[0][:, 0]
    counts = nbinom(4.0, 8.0 / (8.0 + months))
    expected = counts.logpmf(x) + np.log(x * last ** (x - 1) / months**x)
    if truncated:
        expected -= counts.logsf(0)
    assert density == pytest.approx(expected, rel=1e-9)


def test_counts_and_last_coupons_have_total_probability_one():
    months, stop = 10.0, np.linspace(1, 2, N_FRACTIONS) / np.linspace(1, 2, N_FRACTIONS).sum()
    params = ActivityParams(np.array([3.0]), np.array([9.0]), stop[None])
    # the density of the last coupon has steps where customers may stop: the middle of many narrow strips
    t = (np.arange(1600) + 0.5) * months / 1600
    total = 0.0
    for x in range(1, 60):
        part = Activity(np.full(len(t), float(x)), np.full(len(t), months), t)
        total += np.exp(part.expect(params)[0]).sum() * months / 1600
    assert total == pytest.approx(1, abs=2e-3)


@given(st.floats(0.2, 40), st.floats(0.2, 40), st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_burned_coupons_are_beta_binomial(a, b, burned, open_):
    part = Burned(np.array([burned]), np.array([burned + open_]))
    density = part.expect((np.array([a]), np.array([b])))[0][0, 0]
    assert density == pytest.approx(betabinom(burned + open_, a, b).logpmf(burned), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("total", "number"), [(3.0, 1.0), (30.0, 4.0), (500.0, 20.0)])
def test_a_sum_of_days_is_gamma_with_a_gamma_rate(total, number):
    c, g, h = 2.5, 6.0, 40.0

    def joint(rate):
        return gamma(c * number, scale=1 / rate).pdf(total) * gamma(g, scale=1 / h).pdf(rate)

    expected = quad(joint, 0, 3, epsabs=1e-14, points=[0.1, 0.5], limit=200)[0]
    part = Totals(np.array([total, 0.0]), np.array([number, 0.0]))
    density = part.expect(TotalParams(np.array([c]), np.array([g]), np.array([h])))[0][:, 0]
    assert density == pytest.approx([np.log(expected), 0.0], rel=1e-6)  # without a value, nothing is said


def test_numbers_are_multivariate_normal_with_covariances_shrunk_as_ledoit_and_wolf_say():
    rng = np.random.default_rng(1)
    values = rng.multivariate_normal([1, 2, 3], [[2, 0.8, 0], [0.8, 1, 0.3], [0, 0.3, 0.5]], 80)
    labels = np.repeat([0, 1], 40)
    part = Normal(values, *shrinkage_strength(values, labels, 2))
    weights = np.eye(2)[labels]
    means, covariances = part.first(weights)
    for group in (0, 1):
        theirs = LedoitWolf().fit(values[labels == group])
        assert means[group] == pytest.approx(theirs.location_)
        assert covariances[group] == pytest.approx(theirs.covariance_)
        expected = multivariate_normal(means[group], covariances[group]).logpdf(values)
        assert part.expect((means, covariances))[0][:, group] == pytest.approx(expected)


def test_trigamma_and_the_prior_have_the_derivatives_that_newton_needs():
    assert trigamma(1.0) == pytest.approx(np.pi**2 / 6)
    shape, step = 37.0, 1e-3
    value = [shape_prior(s)[0] for s in (shape - step, shape, shape + step)]
    _, first, second = shape_prior(shape)
    assert first == pytest.approx((value[2] - value[0]) / (2 * step), rel=1e-5)
    assert second == pytest.approx((value[2] - 2 * value[1] + value[0]) / step**2, rel=1e-2)


# EM -------------------------------------------------------------------------------------------------------------------

STOPPED = np.where(np.isclose(FRACTIONS, 0.5), 1.0, 1e-300)
TRUE = {
    "activity": ActivityParams(np.array([8.0, 25.0]), np.array([8.0, 50.0]), np.stack([ALWAYS, STOPPED])),
    "burned": (np.array([9.0, 3.0]), np.array([3.0, 12.0])),
    "lag": TotalParams(np.array([6.0, 2.0]), np.array([30.0, 12.0]), np.array([50.0, 180.0])),
}
"""Two groups: an active one that burns soon, and one that stopped half-way."""


def simulated(n, seed=0):
    """Return the parts of a shop of two groups, and the groups."""
    rng = np.random.default_rng(seed)
    group = (rng.random(n) < 0.4).astype(int)
    months = rng.uniform(6, 24, n)
    blank = Activity(np.zeros(n), months, np.zeros(n))
    events, last = blank.draw(TRUE["activity"], group, rng)
    burned = Burned(np.zeros(n), np.zeros(n)).draw(TRUE["burned"], group, rng, events)
    days = Totals(np.zeros(n), np.zeros(n)).draw(TRUE["lag"], group, rng, burned)
    return [Activity(events, months, last), Burned(burned, events.astype(int)), Totals(days, burned)], group


def test_the_parameters_of_a_simulated_shop_are_recovered():
    parts, group = simulated(8000)
    rng = np.random.default_rng(3)
    labels = np.where(rng.random(len(group)) < 0.15, 1 - group, group)  # segments that err in 15 of 100
    fit = fit_mixture(parts, labels, 2, most_steps=100)
    activity, (a, b), lag = fit.params
    assert fit.shares == pytest.approx([0.6, 0.4], abs=0.02)
    assert activity.shape / activity.rate == pytest.approx([1.0, 0.5], rel=0.05)
    assert activity.shape == pytest.approx([8, 25], rel=0.35)
    assert activity.stop[0, -1] > 0.97
    assert activity.stop[1] @ FRACTIONS == pytest.approx(0.5, abs=0.02)
    assert a / (a + b) == pytest.approx([0.75, 0.2], abs=0.02)
    assert a + b == pytest.approx([12, 15], rel=0.3)
    assert lag.within == pytest.approx([6, 2], rel=0.15)
    assert lag.rate / (lag.shape - 1) * lag.within == pytest.approx([50 / 29 * 6, 180 / 11 * 2], rel=0.05)
    right = fit.posterior(parts)[np.arange(len(group)), group]
    assert calibration_error(reliability(right, np.ones(len(group), bool))) < 0.2  # most is certain
    predicted = fit.posterior(parts)[:, 1]
    assert calibration_error(reliability(predicted, group == 1)) < 0.01


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 4]))
@settings(max_examples=12, deadline=None)
def test_the_likelihood_never_falls_whatever_em_starts_from(seed, k):
    rng = np.random.default_rng(seed)
    parts, group = simulated(300, seed)
    codes = rng.integers(0, 5, 300)
    values = rng.normal(size=(300, 2)) + group[:, None]
    labels = rng.integers(0, k, 300)
    parts += [Levels(codes, np.full(5, 0.2), 3.0), Normal(values, *shrinkage_strength(values, labels, k))]
    history = fit_mixture(parts, labels, k, most_steps=40, tolerance=0).history
    assert len(history) == 41
    assert np.diff(history).min() >= -1e-7 * abs(history[-1])


def test_two_coupons_say_less_than_twenty():
    parts, group = simulated(4000, seed=5)
    fit = fit_mixture(parts[1:2], group, 2)
    # two of three burned, fourteen of twenty-one: the same rate
    shares = fit.posterior([Burned(np.array([2, 14]), np.array([3, 21]))])[:, 0]
    assert 0.5 < shares[0] < 0.93
    assert shares[1] > shares[0] + 0.05


def test_customers_who_are_observed_from_their_first_coupon_on_are_told_from_the_data(prepared):
    _, features = prepared("sample")
    table = features.table
    assert coupon_parts(table, ["coupons_per_month"])["activity"].truncated
    once = table["n_coupons"] == 1
    from_first = table.assign(tenure_days=table["tenure_days"].where(~once, table["recency_days"]))
    part = coupon_parts(from_first, ["coupons_per_month"])["activity"]
    assert not part.truncated
    assert part.events.min() == 0


def test_parts_are_those_that_the_sources_need(prepared):
    table = prepared("sample")[1].table
    assert set(coupon_parts(table, ["recency_days", "days_to_burn"])) == {"activity", "lag"}
    assert set(coupon_parts(table, ["never_burned", "spend_per_month"])) == {"burned"}  # the sample has no amounts
    spent = table.assign(spend=5.0)
    assert set(coupon_parts(spent, ["spend_per_month"])) == {"spend"}
    assert not coupon_parts(spent.assign(spend=0.0), ["spend_per_month"])  # the density needs positive sums
    assert not coupon_parts(table.assign(n_coupons=np.nan), ["recency_days", "burn_rate"])


def test_simulated_coupons_become_features_by_the_formulas_of_the_sql(prepared):
    _, features = prepared("sample")
    table, rng = features.table, np.random.default_rng(1)
    parts = coupon_parts(table, ["coupons_per_month", "burn_rate", "days_to_burn", "recency_days"])
    group = np.zeros(len(table), dtype=int)
    params = dict(zip(parts, fit_mixture(list(parts.values()), group, 1).params, strict=True))
    drawn = draw_coupons(table, parts, params, group, features.study.shrinkage, rng)
    # one group describes all customers: means and spreads come out as they were
    for name in ("coupons_per_month", "burn_rate", "days_to_burn", "recency_days"):
        assert drawn[name].mean() == pytest.approx(table[name].mean(), rel=0.12), name
    assert (drawn["n_matured"] <= drawn["n_coupons"]).all()
    assert (drawn["n_matured_burned"] <= drawn["n_matured"]).all()
    assert drawn["recency_days"].between(0, table["tenure_days"].clip(lower=0)).all()
    assert (drawn["never_burned"] == 1).sum() == ((drawn["n_matured"] > 0) & (drawn["n_matured_burned"] == 0)).sum()
    # and the same formula gives the real features of the real counts
    real = draw_coupons(table, {}, {}, group, features.study.shrinkage, rng)
    pd.testing.assert_frame_equal(real, table)
    m, r = features.study.shrinkage["burn_mean"], features.study.shrinkage["burn_reliability"]
    shrunk = ((1 - r) * m + r * drawn["n_matured_burned"]) / ((1 - r) + r * drawn["n_matured"])
    assert drawn["burn_rate"].to_numpy() == pytest.approx(shrunk.to_numpy())


def test_names_that_do_not_differ_between_segments_add_no_noise():
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2], 400)
    alike = [level_strength(rng.integers(0, 8, 1200), labels, 8, 3) for _ in range(200)]
    assert np.median(alike) > 400
    # shares drawn from a Dirichlet distribution of strength 30: that strength, about
    strengths = []
    for _ in range(100):
        shares = rng.dirichlet(np.full(6, 5.0), 12)
        groups = np.repeat(np.arange(12), 400)
        codes = (rng.random(len(groups))[:, None] > shares.cumsum(axis=1)[groups]).sum(axis=1)
        strengths.append(level_strength(codes, groups, 6, 12))
    assert np.median(strengths) == pytest.approx(30, rel=0.25)
    assert level_strength(labels, labels, 3, 3) == LEAST_PRIOR  # levels that are the segments
    assert level_strength(np.zeros(1200, int), labels, 4, 3) == MOST_PRIOR


# Calibration ----------------------------------------------------------------------------------------------------------


def test_reliability_by_hand():
    probability = np.array([0.05, 0.92, 0.98, 1.0, 0.55, 0.55])
    right = np.array([0, 1, 1, 0, 1, 0])
    table = reliability(probability, right)
    assert table["customers"].tolist() == [1, 0, 0, 0, 0, 2, 0, 0, 0, 3]
    assert table["share_right"].iloc[[0, 5, 9]].tolist() == pytest.approx([0, 0.5, 2 / 3])
    assert table["mean_probability"].iloc[9] == pytest.approx(2.9 / 3)
    # gaps: .05 of 1 customer, .05 of 2, .3 of 3
    assert calibration_error(table) == pytest.approx((0.05 + 0.1 + 0.9) / 6)


def test_the_logistic_map_is_that_of_logistic_regression():
    rng = np.random.default_rng(4)
    raw = rng.beta(4, 1.5, 4000)
    right = rng.random(4000) < expit(0.6 * logit(raw) + 0.3)
    slope, intercept = fit_platt(raw, right)
    theirs = LogisticRegression(C=1e8, tol=1e-10).fit(logit(raw)[:, None], right)
    assert slope == pytest.approx(theirs.coef_[0, 0], abs=5e-3)  # Platt's targets are not quite 0 and 1
    assert intercept == pytest.approx(theirs.intercept_[0], abs=5e-3)
    assert calibration_error(reliability(apply_platt(raw, slope, intercept), right)) < 0.02


@given(st.integers(0, 5000), st.integers(5, 60), st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_the_map_is_finite_and_never_turns_the_order_round(seed, n, share):
    rng = np.random.default_rng(seed)
    raw, right = rng.random(n), rng.random(n) < share
    slope, intercept = fit_platt(raw, right)
    assert slope >= 0
    assert np.isfinite([slope, intercept]).all()
    assert np.diff(apply_platt(np.linspace(0, 1, 20), slope, intercept)).min() >= 0


# The whole ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def placed(generated):
    """Segment a generated shop: fit, matrix, features with their study, and the truth."""

    def place(segments, separation, seed):
        folder, truth = generated(customers=800, transactions=6400, segments=segments, separation=separation, seed=seed)
        shop = ingest(folder)
        features = customer_features(shop.con, Study(as_of=shop.record.as_of))
        matrix = customer_matrix(
            features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
        )
        fit = segment(matrix.table, k=segments or 3, order_by=features.table["n_burned"], n_init=5)
        return fit, matrix, features, truth

    return place


@pytest.mark.slow
def test_on_planted_shops_the_probability_keeps_its_word_and_beats_the_margin(placed):
    probability, margin, outcome = [], [], []
    for seed in (11, 12, 13):
        fit, matrix, features, truth = placed(3, "medium", seed)
        membership = membership_probability(fit, matrix, features.table, features.study)
        right = correctly_assigned(fit.table["segment"], truth.loc[matrix.table.index, "segment"])
        assert roc_auc_score(right, membership.probability) > roc_auc_score(right, fit.table["margin"])
        probability.append(membership.probability)
        margin.append(fit.table["margin"])
        outcome.append(right)
        assert membership.table["simulated"].sum() == membership.n_shops * len(right)
        assert membership.table["customers"].sum() == len(right)
        assert membership.error < 0.05
    right = np.concatenate(outcome)
    assert calibration_error(reliability(np.concatenate(probability), right)) < 0.03
    assert calibration_error(reliability(np.concatenate(margin), right)) > 0.3


@pytest.mark.parametrize("separation", ["none", "continuum"])
def test_without_groups_nobody_is_told_that_segments_are_sure(placed, separation):
    fit, matrix, features, _ = placed(0, separation, 5)
    membership = membership_probability(fit, matrix, features.table, features.study)
    assert membership.probability.mean() < 0.75
    assert (membership.probability > 0.9).mean() < 0.2
    assert membership.text.startswith("If these segments are taken as given")
    assert f"for {membership.low:.1%} of the customers it is less than {LOW_PROBABILITY:.0%}" in membership.text


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("recorded", ["all", "no day of joining", "no status"])
def test_a_handful_of_customers_have_a_probability_too(recorded, tmp_path):
    shop = make_shop(customers=25, transactions=60, segments=3, separation="medium", seed=3)
    if recorded == "no day of joining":
        shop.tables["customers"] = shop.tables["customers"].drop(columns="join_date")
    elif recorded == "no status":
        shop.tables["transactions"] = shop.tables["transactions"].drop(columns=["transaction_status", "burn_date"])
    shop.write(tmp_path / "shop")
    source = ingest(tmp_path / "shop")
    features = customer_features(source.con, Study(as_of=source.record.as_of))
    matrix = customer_matrix(
        features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    )
    fit = segment(matrix.table, k=3, order_by=features.table["n_coupons"], n_init=2)
    membership = membership_probability(fit, matrix, features.table, features.study)
    assert membership.n_shops == MOST_SHOPS
    assert membership.probability.between(0, 1).all()
    assert membership.alt.startswith("Reliability diagram")


def test_it_is_the_same_again_and_also_from_a_sample(placed):
    fit, matrix, features, _ = placed(3, "strong", 3)
    first, second = (membership_probability(fit, matrix, features.table, features.study, seed=2) for _ in range(2))
    pd.testing.assert_frame_equal(first.segments, second.segments)
    assert first.probability.between(0, 1).all()
    sample = membership_probability(fit, matrix, features.table, features.study, sample_rows=400, seed=2)
    assert (sample.probability - first.probability).abs().mean() < 0.03


def test_a_table_without_transactions_is_a_mixture_of_normals_and_names():
    rng = np.random.default_rng(6)
    group = rng.integers(0, 3, 900)
    score = rng.normal(size=(900, 2)) + np.array([[0, 0], [3, 0], [0, 3]])[group]
    plan = np.where(rng.random(900) < 0.7, np.array(list("abc"))[group], "d")
    index = pd.Index([str(i) for i in range(900)], name="customer_id")
    features = pd.DataFrame({"x": score[:, 0], "y": score[:, 1], "plan": plan}, index)
    blank = {f.name: np.nan for f in FEATURES if f.kind != "nominal"} | {"gender_name": None, "city_name": None}
    table = pd.concat([pd.DataFrame(blank, index), features], axis=1)
    study = Study(
        variables={
            "x": VariableRecord("numeric"),
            "y": VariableRecord("numeric"),
            "plan": VariableRecord("nominal"),
        }
    )
    matrix = customer_matrix(table, described=study.describe(table))
    assert set(matrix.sources) == {"x", "y", "plan"}
    fit = segment(matrix.table, k=3, order_by=table["x"], n_init=5)
    membership = membership_probability(fit, matrix, table, study)
    right = correctly_assigned(fit.table["segment"], pd.Series(group.astype(str), index))
    assert 0.8 < right.mean() < 1
    assert calibration_error(reliability(membership.probability.to_numpy(), right.to_numpy())) < 0.04
    assert roc_auc_score(right, membership.probability) > 0.85


def test_where_a_row_is_a_transaction_no_probability_is_given(prepared):
    run, features = prepared("sample")
    matrix = baseline_matrix(run.read("unified"))
    order = features.table["n_burned"].reindex(matrix.table.index.get_level_values(0)).set_axis(matrix.table.index)
    fit = segment(matrix.table, k=3, order_by=order, n_init=2)
    membership = membership_probability(fit, matrix, features.table, features.study)
    assert membership.probability.isna().all()
    assert membership.text == NOT_A_CUSTOMER
    assert membership.alt == membership.caption == ""

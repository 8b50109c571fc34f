"""The gradual null model: traits that are known come back, simulated shops look like the shop, and have no groups."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binom, spearmanr

from seglib.k_selection.validation import coupon_process
from seglib.k_selection.validation.coupon_history import CouponHistory
from seglib.k_selection.validation.coupon_process import CouponProcess
from seglib.k_selection.validation.gradual_null import GradualNull
from seglib.stats.unimodality import dip_p_value, dips

# A shop from known traits: a generator that shares no code with the null model ------------------------------------

TRAITS = ("rate", "burn", "lag", "amount")
MEAN = np.array([np.log(10 / 365.25), 0.3, np.log(20.0), 3.0])
"""Log of claims a day, log odds of burning, log of the mean days to burn, log of the median amount."""

SPREAD = np.array([0.5, 0.9, 0.35, 0.4])
CORRELATION = np.array([[1, 0.5, -0.4, 0.3], [0.5, 1, -0.5, 0.2], [-0.4, -0.5, 1, 0.0], [0.3, 0.2, 0.0, 1]])
FIRST_DAY, N_DAYS = pd.Timestamp("2024-01-01"), 730
AS_OF = "2025-12-30"
WINDOW = 90
WITHIN = 0.4
"""Standard deviation of the log of the amounts of one customer."""


@dataclass
class KnownShop:
    """A shop, and how its customers are: one row per customer, those without a coupon included."""

    customers: pd.DataFrame
    transactions: pd.DataFrame
    trait: np.ndarray
    joined: np.ndarray
    gone: np.ndarray

    @property
    def history(self):
        return CouponHistory.of(self.customers, self.transactions, as_of=AS_OF, burn_window=WINDOW)

    @property
    def shrinkage(self):
        """Means of the shop, and reliabilities as 03 finds them in shops like these."""
        burned = self.transactions["transaction_status"] == "burned"
        lag = (self.transactions["burn_date"] - self.transactions["transaction_date"]).dt.days
        return {"burn_mean": burned.mean(), "burn_reliability": 0.4, "lag_mean": lag.mean(), "lag_reliability": 0.3}

    def null(self, **options):
        return GradualNull(self.history, shrinkage=self.shrinkage, rebuild=iter, **options)


def known_shop(seed, *, n=800, mean=MEAN, spread=SPREAD, shift=None, life=None, bend=0.0, paid_by_burning=False):
    """Draw traits, a Poisson number of coupons on a flat calendar, gamma days to burn and lognormal amounts.

    ``shift`` is added to the traits of each customer; ``life`` draws the days from joining to the last activity;
    ``bend`` times the square of how often customers claim (standardised) is added to the log odds of burning.
    """
    rng = np.random.default_rng([3, seed])
    straight = rng.multivariate_normal(np.zeros(4), CORRELATION * np.outer(spread, spread), n)
    trait = mean + straight
    trait[:, 1] += bend * ((straight[:, 0] / spread[0]) ** 2 - 1) / np.sqrt(2)
    trait = trait if shift is None else trait + shift
    joined = rng.integers(0, 365, n)
    gone = np.full(n, N_DAYS) if life is None else np.minimum(N_DAYS, joined + np.ceil(life(rng, n)).astype(int))
    owner = np.repeat(np.arange(n), rng.poisson(np.exp(trait[:, 0]) * (gone - joined)))
    day = np.floor(rng.uniform(joined[owner], gone[owner])).astype(int)
    lag = np.floor(rng.gamma(4, np.exp(trait[owner, 2]) / 4)).astype(int)
    burned = (rng.random(len(owner)) < expit(trait[owner, 1])) & (day + lag < N_DAYS)
    claimed = pd.Series(FIRST_DAY + pd.to_timedelta(day, unit="D"))
    customers = pd.DataFrame({"customer_id": np.arange(n).astype(str), "gender_id": "1", "city_id": "1"})
    customers["join_date"] = FIRST_DAY + pd.to_timedelta(joined, unit="D")
    transactions = pd.DataFrame(
        {
            "transaction_id": np.arange(len(owner)).astype(str),
            "customer_id": owner.astype(str),
            "transaction_date": claimed,
            "transaction_status": np.where(burned, "burned", "subscribed"),
            "coupon_name": "any",
            "burn_date": (claimed + pd.to_timedelta(lag, unit="D")).where(burned),
            "branch_id": "1",
            "amount": np.exp(trait[owner, 3] + rng.normal(0, WITHIN, len(owner))),
        }
    )
    if paid_by_burning:
        transactions["amount"] = transactions["amount"].where(burned, 0.0)
    return KnownShop(customers, transactions, trait, joined, gone)


def spreads_and_correlations(covariance):
    spread = np.sqrt(np.diag(covariance))
    return spread, covariance / np.outer(spread, spread)


@pytest.fixture(scope="module")
def fitted():
    """A shop in which customers differ gradually, and its null model."""
    shop = known_shop(0)
    return shop, shop.null()


# What is fitted ---------------------------------------------------------------------------------------------------


def test_traits_that_are_known_come_back():
    """The mean estimate of six shops of 800 customers.

    Over 40 such shops, one estimate of a mean had a standard deviation of .020, .040, .014 and .018; of a spread .015,
    .041, .012 and .010; of a correlation at most .056. None was off by more than half of that on average. So the mean
    of six is within four of its own standard deviations (three by chance, one for the bias).
    """
    estimates = []
    for seed in range(6):
        shop = known_shop(seed)
        null = shop.null(seed=seed)
        assert null.traits.names == TRAITS
        spread, correlation = spreads_and_correlations(null.traits.covariance)
        mean = null.traits.mean.copy()
        # a unit of the clock is what one customer claims who is present for all of the calendar
        mean[0] += np.log(null.history.clock[-1] / N_DAYS)
        estimates.append(np.concatenate([mean, spread, correlation[np.triu_indices(4, 1)]]))
    # the amounts of one customer have mean exp(trait + WITHIN ** 2 / 2)
    truth_mean = MEAN + np.array([0, 0, 0, WITHIN**2 / 2])
    truth = np.concatenate([truth_mean, SPREAD, CORRELATION[np.triu_indices(4, 1)]])
    deviation = np.array([0.020, 0.040, 0.014, 0.018, 0.015, 0.041, 0.012, 0.010, *[0.056] * 6])
    distance = np.abs(np.mean(estimates, axis=0) - truth) / (deviation / np.sqrt(6))
    assert distance.max() < 4, distance.round(1)


def of_customers(transactions):
    """What anybody would count: coupons, share burned of those old enough, mean days to burn and mean amount."""
    old = transactions[transactions["transaction_date"] <= pd.Timestamp(AS_OF) - pd.Timedelta(days=WINDOW)]
    lag = (old["burn_date"] - old["transaction_date"]).dt.days
    by = old["customer_id"]
    return pd.DataFrame(
        {
            "coupons": transactions.groupby("customer_id").size(),
            "share": (old["transaction_status"] == "burned").groupby(by).mean(),
            "old": by.value_counts(),
            "lag": lag.groupby(by).mean(),
            "burned": lag.groupby(by).count(),
            "amount": transactions.groupby("customer_id")["amount"].mean(),
        }
    )


def moments(transactions):
    """Means, spreads and rank correlations, none of them a statistic that the fit uses."""
    seen = of_customers(transactions)
    often = seen[(seen["old"] >= 4) & (seen["burned"] >= 2)]
    coupons, lag, amount = np.log(seen["coupons"]), np.log(often["lag"] + 1), np.log(seen["amount"])
    return np.array(
        [
            coupons.mean(),
            coupons.std(),
            often["share"].mean(),
            often["share"].std(),
            lag.mean(),
            lag.std(),
            amount.mean(),
            amount.std(),
            *spearmanr(often[["coupons", "share", "lag", "amount"]]).statistic[np.triu_indices(4, 1)],
        ]
    )


def test_what_is_seen_of_customers_is_the_same_in_simulated_shops(fitted):
    """Fourteen statistics of the shop, each within 3.3 standard deviations (p > .001) of those of fresh shops."""
    shop, null = fitted
    fresh = np.array([moments(null.simulated(np.random.default_rng([8, i]))) for i in range(20)])
    z = (moments(shop.transactions) - fresh.mean(axis=0)) / (fresh.std(axis=0, ddof=1) * np.sqrt(1 + 1 / 20))
    assert np.abs(z).max() < 3.3, z.round(1)


def test_the_table_of_moments_shows_that_they_match(fitted):
    _, null = fitted
    assert null.match["moment"].value_counts().to_dict() == {"mean": 4, "spread": 4, "correlation": 6}
    assert null.match["of"].iloc[8] == "rate and burn"
    # mean and spread of 800 customers are known to 1/28 and 1/40 of a spread, a correlation to 1/28
    spread = null.match.loc[null.match["moment"] == "spread", "observed"].to_numpy()
    difference = (null.match["observed"] - null.match["simulated"]).abs().to_numpy()
    assert (difference[:4] < 4 * spread / np.sqrt(800)).all()
    assert (difference[4:8] < 4 * spread / np.sqrt(1600)).all()
    assert (difference[8:] < 4 / np.sqrt(800)).all()


def test_shops_with_groups_are_matched_too():
    """Mean and spread are those of the shop although no cloud looks like it."""
    shop = known_shop(1, shift=np.outer(np.repeat([-1, 1], 400), [0.4, 0.8, -0.5, 0]))
    null = shop.null()
    fresh = np.array([moments(null.simulated(np.random.default_rng([9, i]))) for i in range(8)])
    observed = moments(shop.transactions)
    assert observed[:8] == pytest.approx(fresh.mean(axis=0)[:8], rel=0.1)
    assert observed[8:] == pytest.approx(fresh.mean(axis=0)[8:], abs=0.15)
    assert observed[8] > 0.35  # coupons and share burned go together


def curvature(transactions):
    """By how much the share burned bends along the number of coupons: the slope on its standardised square."""
    seen = of_customers(transactions)
    place = np.log(seen["coupons"])
    place = (place - place.mean()) / place.std()
    return np.polyfit(place, seen["share"].fillna(seen["share"].mean()), 2)[0]


def test_where_few_and_many_coupons_are_burned_and_a_middle_number_is_not_the_cloud_bends():
    """A straight cloud has curvature by the floor of a share only; the bent one is matched by a bent cloud."""
    bent = known_shop(11, bend=1.2)
    null = bent.null()
    assert null.traits.bend[1] > 0.4
    fresh = np.array([curvature(null.simulated(np.random.default_rng([12, i]))) for i in range(12)])
    z = (curvature(bent.transactions) - fresh.mean()) / (fresh.std(ddof=1) * np.sqrt(1 + 1 / 12))
    assert abs(z) < 3.3
    straight = known_shop(11).null()
    assert np.abs(straight.traits.bend).max() < 0.35
    of_straight = np.array([curvature(straight.simulated(np.random.default_rng([12, i]))) for i in range(12)])
    assert fresh.mean() - of_straight.mean() > 4 * of_straight.std(ddof=1) * np.sqrt(2 / 12)


@pytest.mark.parametrize("paid_by_burning", [False, True])
def test_where_only_burned_coupons_bring_money_so_they_do_in_simulated_shops(paid_by_burning):
    shop = known_shop(13, n=400, paid_by_burning=paid_by_burning)
    simulated = shop.null().simulated(np.random.default_rng(0))
    burned = simulated["transaction_status"] == "burned"
    assert (simulated.loc[burned, "amount"] > 0).all()
    assert (simulated.loc[~burned, "amount"] > 0).any() != paid_by_burning
    of_shop = shop.transactions.loc[shop.transactions["amount"] > 0, "amount"]
    of_simulated = simulated.loc[simulated["amount"] > 0, "amount"]
    assert np.log(of_simulated).mean() == pytest.approx(np.log(of_shop).mean(), abs=0.1)


def exponential(mean):
    return lambda rng, n: rng.exponential(mean, n)


def test_lapse_is_seen_where_customers_lapse_and_else_at_its_level():
    """Ten shops each. The level is 1%: of ten shops without lapse, three or more are found in 1 of 10,000 trials."""
    lapse = [
        ["life" in CouponProcess(known_shop(seed, n=300, life=life).history, {}).names for seed in range(100, 110)]
        for life in (exponential(300.0), None)
    ]
    assert all(lapse[0])
    assert binom.sf(2, 10, 0.01) < 2e-4
    assert sum(lapse[1]) <= 2


def test_a_customer_who_lapsed_slows_the_clock_of_the_shop_but_not_of_the_traits():
    """Lifetimes and rate are known: the clock says what an active customer claims a day, which is the same each day."""
    life, spread, rate = np.log(170.0), 0.7, 0.08
    shop = known_shop(
        5,
        n=2000,
        mean=np.array([np.log(rate), *MEAN[1:]]),
        spread=np.full(4, 1e-6),
        life=lambda rng, n: rng.lognormal(life, spread, n),
    )
    process = CouponProcess(shop.history, shop.shrinkage)
    traits = process.first_guess(0)
    place = traits.names.index("life")
    mean, covariance = traits.mean.copy(), np.eye(5)
    mean[place], covariance[place, place] = life, spread**2
    per_day = np.diff(process.clock_of(replace(traits, mean=mean, covariance=covariance)))
    per_day_of_shop = np.diff(shop.history.clock)
    for part in (slice(100, 300), slice(300, 500), slice(500, 730)):
        days = np.arange(N_DAYS)[part]
        active = ((shop.joined <= days[:, None]) & (days[:, None] < shop.gone)).sum(axis=1)
        claims = np.bincount(shop.history.claimed, minlength=N_DAYS)[part]
        assert claims.sum() / active.sum() == pytest.approx(rate, rel=0.05)  # the generator does what it should
        # 2,000 claims and more in every part, and the customers who are active differ from their expectation
        assert per_day[part].mean() == pytest.approx(rate, rel=0.1)
    assert per_day_of_shop[500:].mean() < 0.35 * per_day_of_shop[100:300].mean()


def test_where_lapse_is_fitted_simulated_customers_lapse_as_much():
    """The days since the last coupon, and the claims of the last quarter of the calendar, are those of the shop."""
    shop = known_shop(6, n=600, life=exponential(250.0))
    null = shop.null()
    assert null.traits.names[-1] == "life"

    def lapse(transactions):
        last = transactions.groupby("customer_id")["transaction_date"].max()
        silent = np.log1p((pd.Timestamp(AS_OF) - last).dt.days)
        late = transactions["transaction_date"] > FIRST_DAY + pd.Timedelta(days=int(0.75 * N_DAYS))
        return np.array([silent.mean(), silent.std(), late.mean()])

    fresh = np.array([lapse(null.simulated(np.random.default_rng([7, i]))) for i in range(10)])
    observed = lapse(shop.transactions)
    # mean and spread of 600 customers are known to .04 and .03 of a spread; 3.3 of each for the shop
    assert abs(observed[0] - fresh[:, 0].mean()) < 3.3 * observed[1] / np.sqrt(600)
    assert abs(observed[1] - fresh[:, 1].mean()) < 3.3 * observed[1] / np.sqrt(1200) + 0.05
    assert observed[2] == pytest.approx(fresh[:, 2].mean(), rel=0.2)


# What is simulated ------------------------------------------------------------------------------------------------

LAST_OF_TABLES = "2026-03-31"


@pytest.fixture(scope="module")
def canonical_shop(tables_of_shop):
    """The null model of a shop as ingest presents it, with its tables."""
    customers, transactions = tables_of_shop(amount=25.0)
    history = CouponHistory.of(customers, transactions, as_of=LAST_OF_TABLES, burn_window=WINDOW)
    shrinkage = {"burn_mean": 0.5, "burn_reliability": 0.3, "lag_mean": 22.0, "lag_reliability": 0.0}
    return customers, transactions, GradualNull(history, shrinkage=shrinkage, rebuild=iter)


def hold(customers, transactions, simulated, as_of=LAST_OF_TABLES):
    """Hold simulated transactions to what holds for every shop."""
    as_of = pd.Timestamp(as_of)
    assert simulated.columns.tolist() == transactions.columns.tolist()
    assert simulated.dtypes.to_dict() == transactions.dtypes.to_dict()
    observed = transactions[transactions["transaction_date"] <= as_of]
    assert set(simulated["customer_id"]) == set(observed["customer_id"])
    assert simulated["transaction_id"].is_unique
    first = observed.groupby("customer_id")["transaction_date"].min()
    since = pd.concat([customers.set_index("customer_id")["join_date"], first], axis=1).min(axis=1)
    assert (simulated["transaction_date"] >= simulated["customer_id"].map(since)).all()
    assert (simulated["transaction_date"] <= as_of).all()
    burned = simulated["transaction_status"] == "burned"
    lag = (simulated["burn_date"] - simulated["transaction_date"]).dt.days
    assert not lag[~burned].notna().any()
    assert (lag.dropna() >= 0).all()
    assert (simulated["burn_date"].dropna() <= as_of).all()
    return burned, lag


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_simulated_shop_is_a_shop(canonical_shop, seed):
    customers, transactions, null = canonical_shop
    simulated = null.simulated(np.random.default_rng(seed))
    burned, lag = hold(customers, transactions, simulated)
    assert (burned == lag.notna()).all()
    observed_lag = (transactions["burn_date"] - transactions["transaction_date"]).dt.days
    assert lag.max() <= observed_lag.max()
    assert np.isfinite(simulated["amount"]).all()
    pd.testing.assert_frame_equal(simulated, null.simulated(np.random.default_rng(seed)))


def test_draws_are_rebuilt_and_differ(canonical_shop):
    null = canonical_shop[2]
    one, two = null.draws([np.random.default_rng(i) for i in (1, 2)])
    pd.testing.assert_frame_equal(one, null.simulated(np.random.default_rng(1)))
    assert len(one) != len(two)
    assert null.customers_differ


def test_the_same_seed_gives_the_same_traits_and_another_seed_others(canonical_shop):
    null = canonical_shop[2]
    shrinkage = {"burn_mean": 0.5, "burn_reliability": 0.3, "lag_mean": 22.0, "lag_reliability": 0.0}
    same, other = (GradualNull(null.history, shrinkage=shrinkage, rebuild=iter, seed=seed) for seed in (0, 1))
    assert (same.traits.covariance == null.traits.covariance).all()
    assert not (other.traits.covariance == null.traits.covariance).all()


@pytest.mark.parametrize(
    ("without", "names"),
    [(("status",), ("rate",)), (("burn dates",), ("rate", "burn")), ((), ("rate", "burn", "lag"))],
)
def test_shops_that_record_less_have_fewer_traits(tables_of_shop, without, names):
    customers, transactions = tables_of_shop(*without)
    history = CouponHistory.of(customers, transactions, as_of=LAST_OF_TABLES, burn_window=None if without else WINDOW)
    null = GradualNull(history, shrinkage={"burn_mean": 0.5, "burn_reliability": 0.3}, rebuild=iter)
    assert null.traits.names == names
    simulated = null.simulated(np.random.default_rng(0))
    burned, lag = hold(customers, transactions, simulated)
    assert simulated["amount"].isna().all()
    assert simulated["transaction_status"].isna().all() == ("status" in without)
    assert lag.isna().all() == bool(without)
    if "burn" in names:
        observed = transactions[transactions["transaction_date"] <= LAST_OF_TABLES]
        assert burned.mean() == pytest.approx((observed["transaction_status"] == "burned").mean(), abs=0.06)


def test_customers_without_a_day_of_joining_are_there_from_their_first_coupon(tables_of_shop):
    customers, transactions = tables_of_shop()
    nobody_joined = customers.assign(join_date=pd.Series(pd.NaT, index=customers.index, dtype="datetime64[us]"))
    history = CouponHistory.of(nobody_joined, transactions, as_of=LAST_OF_TABLES, burn_window=WINDOW)
    null = GradualNull(history, shrinkage={"burn_mean": 0.5, "burn_reliability": 0.3}, rebuild=iter)
    hold(nobody_joined, transactions, null.simulated(np.random.default_rng(0)))


def test_refunds_and_free_coupons_do_not_break_the_amounts(tables_of_shop):
    customers, transactions = tables_of_shop()
    rng = np.random.default_rng(0)
    amount = rng.choice([-15.0, 0.0, 10.0, 80.0], len(transactions), p=[0.1, 0.2, 0.5, 0.2])
    customers, transactions = tables_of_shop(amount=amount)
    history = CouponHistory.of(customers, transactions, as_of=LAST_OF_TABLES, burn_window=WINDOW)
    null = GradualNull(history, shrinkage={"burn_mean": 0.5, "burn_reliability": 0.3}, rebuild=iter)
    assert null.traits.names == ("rate", "burn", "lag", "amount")
    simulated = null.simulated(rng)
    hold(customers, transactions, simulated)
    assert np.isfinite(simulated["amount"]).all()
    # 2,600 amounts with a standard deviation of 29: the mean is known to .6
    assert simulated["amount"].mean() == pytest.approx(transactions["amount"].mean(), abs=4)


def test_amounts_of_one_customer_are_spread_as_in_the_shop_also_where_each_has_few():
    """Lognormal with .4 within customers: a coefficient of variation of sqrt(exp(.16) - 1) = .417.

    With three coupons each, the spread around a customer's own mean is too small by sqrt(2 / 3) unless that is undone.
    """
    shop = known_shop(7, n=1500, mean=np.array([np.log(3 / 550), *MEAN[1:]]))
    null = shop.null()

    def variation(transactions):
        by = transactions.groupby("customer_id")["amount"].agg(["mean", "var", "count"])
        few = by[by["count"] > 1]
        return np.sqrt(np.average(few["var"], weights=few["count"] - 1) / np.average(few["mean"] ** 2))

    fresh = [variation(null.simulated(np.random.default_rng([4, i]))) for i in range(8)]
    assert np.mean(fresh) == pytest.approx(variation(shop.transactions), rel=0.07)


def test_customers_who_joined_on_the_last_day_have_a_coupon_too(monkeypatch):
    """So little time is left to them that chance seldom gives them one; not all draws may be waited for."""
    monkeypatch.setattr(coupon_process, "MOST_REDRAWS", 2)
    shop = known_shop(8, n=300)
    last_day, new = pd.Timestamp(AS_OF), [f"new {i}" for i in range(60)]
    joined = shop.customers.head(60).assign(customer_id=new, join_date=last_day)
    coupons = shop.transactions.head(60).assign(
        transaction_id=new,
        customer_id=new,
        transaction_date=last_day,
        transaction_status="subscribed",
        burn_date=pd.NaT,
    )
    shop.customers = pd.concat([shop.customers, joined], ignore_index=True)
    shop.transactions = pd.concat([shop.transactions, coupons], ignore_index=True)
    simulated = shop.null().simulated(np.random.default_rng(0))
    assert set(simulated["customer_id"]) == set(shop.transactions["customer_id"])
    assert (simulated.loc[simulated["customer_id"].isin(new), "transaction_date"] == last_day).all()


def test_two_groups_in_days_to_burn_become_one_cloud():
    """The shop has two modes in its customers' mean days to burn; no more than one in 20 simulated shops has."""
    slow = np.repeat([0.0, 1.0], 300)
    spread = np.array([0.1, 0.3, 0.15, 0.1])
    shop = known_shop(
        4,
        n=600,
        mean=np.array([np.log(0.08), 1.0, np.log(7.0), 3.0]),
        spread=spread,
        shift=np.outer(slow, [0, 0, np.log(5.0), 0]),
    )
    null = shop.null()

    def log_lags(transactions):
        seen = of_customers(transactions)
        return np.log1p(seen.loc[seen["burned"] >= 5, "lag"].to_numpy())

    of_shop = log_lags(shop.transactions)
    of_nulls = [log_lags(null.simulated(np.random.default_rng([6, i]))) for i in range(20)]
    p = [
        dip_p_value(dip, len(lags)) for dip, lags in zip(dips([of_shop, *of_nulls]), [of_shop, *of_nulls], strict=True)
    ]
    assert p[0] < 0.001
    assert sum(value <= 0.05 for value in p[1:]) <= 3  # binomial at 5%: four or more in 1.6% of such tests
    assert np.std(of_nulls[0]) == pytest.approx(np.std(of_shop), rel=0.1)


def test_traits_follow_columns_that_coupons_do_not_change():
    """Women burn more in the shop, by 1.0 on the scale of log odds: they do so in simulated shops, by as much."""
    woman = np.tile([0.0, 1.0], 400)
    shop = known_shop(2, shift=np.outer(woman, [0, 1.0, 0, 0]))
    history = shop.history
    place = history.customers.astype(int)
    null = GradualNull(history, shrinkage=shop.shrinkage, rebuild=iter, fixed=woman[place][:, None])
    ignoring = shop.null()

    def gap(transactions):
        seen = of_customers(transactions)["share"].dropna()
        by = woman[seen.index.astype(int)]
        return seen[by == 1].mean() - seen[by == 0].mean()

    observed = gap(shop.transactions)
    assert observed > 0.15
    fresh, without = (
        np.array([gap(model.simulated(np.random.default_rng([5, i]))) for i in range(12)]) for model in (null, ignoring)
    )
    # the share of one customer has a standard deviation of .25: the gap is known to .25 * 2 / sqrt(800) = .018
    assert observed == pytest.approx(fresh.mean(), abs=3 * 0.018)
    assert without.mean() == pytest.approx(0, abs=3 * 0.018 / np.sqrt(12))

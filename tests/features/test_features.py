"""Customer features: counts by hand, shrinkage that helps, and nothing that time or order could change."""

import hashlib
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.datasets.shop import make_shop
from seglib.errors import ParameterRefused
from seglib.features.counts import LAGS_SQL
from seglib.features.customers import DAYS_PER_MONTH, customer_features
from seglib.features.dictionary import dictionary
from seglib.features.engines.duckdb import DuckDB
from seglib.features.redemption import Redemption, burned_by, observed_burn_window
from seglib.features.summaries import ListedApart, ReliabilitySummary, ShrinkageSummary
from seglib.ingest.shop import ingest
from seglib.run.run import Run
from seglib.schema.features import FEATURES
from seglib.sql.statements import COUNTS_SQL, FEATURES_SQL
from seglib.stats.empirical_bayes import BetaBinomial, excess_zeros, fit_beta_binomial
from seglib.stats.overdispersion import overdispersion
from seglib.stats.variance_components import variance_components
from seglib.study import Study
from seglib.style.wording import TRANSACTION


@pytest.fixture
def described(write_csv, tmp_path):
    """Features of a shop given as tables."""

    def describe(tables, name="shop", *, as_of=None, burn_window=None):
        shop = ingest(write_csv(tables, name))
        run = Run(name, base=tmp_path)
        shop.save(run)
        return customer_features(run.connect(), Study(as_of or f"{shop.as_of:%Y-%m-%d}", burn_window))

    return describe


def test_counts_of_a_shop_small_enough_to_count_by_hand(tables, described):
    features = described(tables, burn_window=30)
    one, two, three = (features.table.loc[c] for c in "123")
    assert features.table.index.tolist() == ["1", "2", "3"]
    assert features.absent["customer_id"].tolist() == ["4"]
    assert one[["n_coupons", "n_burned", "n_matured", "n_matured_burned"]].tolist() == [3, 1, 2, 1]
    assert two[["n_coupons", "n_burned", "n_matured", "n_matured_burned"]].tolist() == [2, 2, 2, 2]
    assert three[["n_coupons", "n_burned", "n_matured", "n_matured_burned"]].tolist() == [1, 0, 0, 0]
    assert features.table["recency_days"].tolist() == [2, 121, 0]
    assert features.table["tenure_days"].tolist() == [181, 181, 121]
    assert features.table["n_branches"].tolist() == [2, 2, 1]
    assert features.table["never_burned"].fillna(-1).tolist() == [
        0,
        0,
        -1,
    ]  # no coupon of the third is old enough to judge
    assert features.table["lag_days"].tolist() == [2, 4, 0]
    assert one["coupons_per_month"] == pytest.approx(3 / (181 / DAYS_PER_MONTH))


def test_a_burn_after_as_of_is_open(tables, described):
    assert described(tables, burn_window=1).table.loc["1", "n_burned"] == 1
    assert described(tables, burn_window=1, as_of="2024-07-02").table.loc["1", "n_burned"] == 2


def test_exposure_starts_with_the_first_coupon_where_no_earlier_day_is_known(tables, described):
    tables["customers"]["join_date"] = ["2024-01-01", None, "2024-12-31", "2024-05-01"]
    assert described(tables).table["tenure_days"].tolist() == [181, 162, 0]


def test_customers_who_come_later_are_neither_described_nor_listed(tables, described):
    features = described(tables, as_of="2024-04-15")
    assert features.table.index.tolist() == ["1", "2"]
    assert features.absent["customer_id"].tolist() == ["3"]


def test_amounts_make_spend_and_their_order_does_not_matter(tables, described):
    tables["transactions"]["amount"] = ["0.1", "0.2", "0.3", "5", None, "999999999999"]
    one = described(tables).table.loc["1"]
    assert one["spend_per_month"] == pytest.approx(0.6 / (181 / DAYS_PER_MONTH))
    assert described({**tables, "transactions": tables["transactions"].iloc[::-1]}, "back").table.loc["1"].equals(one)


def test_a_coupon_claimed_yesterday_changes_nobodys_burn_rate_or_lag(generated, tmp_path):
    folder, _ = generated(customers=200, transactions=2000, seed=3)
    frames = {file.stem: pd.read_parquet(file) for file in folder.glob("*.parquet")}
    more = (
        frames["transactions"]
        .iloc[[0]]
        .assign(
            transaction_id=10**6,
            transaction_date=pd.Timestamp("2026-06-29"),
            transaction_status="burned",
            burn_date=pd.Timestamp("2026-06-30"),
        )
    )
    results = []
    for name, coupons in (("a", frames["transactions"]), ("b", pd.concat([frames["transactions"], more]))):
        place = tmp_path / name
        place.mkdir()
        for table, frame in {**frames, "transactions": coupons}.items():
            frame.to_parquet(place / f"{table}.parquet")
        run = Run(name, base=tmp_path)
        ingest(place, as_of="2026-06-30").save(run)
        results.append(customer_features(run.connect(), Study(as_of="2026-06-30")).table[["burn_rate", "days_to_burn"]])
    pd.testing.assert_frame_equal(*results)


def test_moving_all_dates_or_shuffling_rows_changes_nothing(tables, described):
    before = described(tables, "before").table
    moved = {name: frame.copy() for name, frame in tables.items()}
    for table, column in (
        ("customers", "join_date"),
        ("transactions", "transaction_date"),
        ("transactions", "burn_date"),
    ):
        days = pd.to_datetime(moved[table][column]) + pd.Timedelta(days=1000)
        moved[table][column] = days.dt.strftime("%Y-%m-%d")
    pd.testing.assert_frame_equal(described(moved, "moved").table, before)
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}
    pd.testing.assert_frame_equal(described(shuffled, "shuffled").table, before)


@pytest.mark.slow
def test_csv_parquet_and_xlsx_give_byte_identical_features(root, tmp_path):
    book = pd.read_excel(root / "data/sample/shop.xlsx", sheet_name=None, engine="calamine")
    (tmp_path / "csv").mkdir()
    for name, frame in book.items():
        frame.sample(frac=1, random_state=0).to_csv(tmp_path / "csv" / f"{name}.csv", index=False)
    hashes = set()
    for name, source in (("xlsx", "sample"), ("csv", tmp_path / "csv")):
        run = Run(name, base=tmp_path)
        ingest(source).save(run)
        run.write("features", customer_features(run.connect(), Study(as_of="2026-06-30")).table)
        hashes.add(hashlib.sha256(run.path("features").read_bytes()).hexdigest())
    assert len(hashes) == 1


def test_the_dictionary_describes_every_column_in_order(prepared):
    _, features = prepared("sample")
    assert features.table.columns.tolist() == dictionary()["name"].tolist()
    assert all(f.unit and f.meaning for f in FEATURES)


@pytest.mark.parametrize("window", [0, -3])
def test_a_useless_burn_window_is_refused(tables, described, window):
    with pytest.raises(ParameterRefused, match="burn_window"):
        described(tables, burn_window=window)


# Shops that record less, and shops that add columns -----------------------------------------------------------------

COUPONS = ["burn_rate", "days_to_burn", "n_burned", "never_burned", "n_matured", "n_matured_burned", "lag_days"]
"""What only a shop with coupons has."""

NASTY = [
    'a "quoted" one',
    "Robert'); DROP TABLE customers;--",
    "p",
    "income_$k$",
    "*",
    "a | b",
    "الاسم",
    "two\nlines",
    "Burn Rate",
]


def test_without_a_status_all_transactions_count_and_coupons_are_missing_not_zero(lacking, tmp_path):
    whole, less = lacking()[0], lacking("status")[0]
    assert less.table[COUPONS].isna().all(axis=None)
    assert set(less.missing) == {"burn_rate", "days_to_burn"}
    assert set(less.missing.values()) == {"the shop records no coupon status"}
    assert less.unreliable == {}
    assert less.reliability["feature"].tolist() == ["coupons_per_month"]
    assert less.redemption.window is None
    assert "Every transaction counts." in less.text
    assert "burn" not in less.text  # where no coupons are recorded nobody misses their use
    others = [c for c in whole.table if c not in COUPONS]
    pd.testing.assert_frame_equal(less.table[others], whole.table[others])
    run = Run("less", base=tmp_path)
    run.write("features", less.table)
    nulls = ", ".join(f"count({c})" for c in COUPONS)
    assert set(duckdb.sql(f"SELECT {nulls} FROM '{run.path('features')}'").fetchall()[0]) == {0}  # NULL, not NaN


def test_without_burn_dates_a_burn_counts_as_recorded(tables, canonical):
    features = customer_features(canonical(tables, without=["burn dates"]), Study(as_of="2024-06-30"))
    assert features.table["n_burned"].tolist() == [2, 2, 0]  # with its date, the second of "1" would be in the future
    assert (features.table["n_matured"] == features.table["n_coupons"]).all()
    assert features.table[["days_to_burn", "lag_days"]].isna().all(axis=None)
    assert features.missing == {"days_to_burn": "the shop records no burn dates"}
    assert features.reliability["feature"].tolist() == ["coupons_per_month", "burn_rate", "never_burned"]
    assert features.redemption.window == 0
    assert "every coupon counts, with the status" in features.text
    assert "a burn after as_of counts as well" in features.text


def test_without_burn_dates_the_analyst_can_say_how_long_a_coupon_lives(tables, canonical):
    features = customer_features(canonical(tables, without=["burn dates"]), Study(as_of="2024-06-30", burn_window=30))
    assert features.table["n_matured"].tolist() == [2, 2, 0]
    assert features.table["n_matured_burned"].tolist() == [1, 2, 0]
    assert "old enough to judge 30 days after its claim, as burn_window says" in features.text


def test_a_shop_in_which_nothing_was_burned_records_burning(tables, canonical):
    tables["transactions"] = tables["transactions"].assign(transaction_status="subscribed", burn_date=None)
    features = customer_features(canonical(tables), Study(as_of="2024-06-30"))
    assert features.table["n_burned"].tolist() == [0, 0, 0]
    assert features.missing == {}
    assert list(features.unreliable) == ["burn_rate", "days_to_burn", "never_burned"]


def test_a_shop_without_branches_has_not_0_of_them(tables, canonical):
    tables["transactions"]["branch_id"] = ["1", None, None, None, None, None]
    assert customer_features(canonical(tables), Study(as_of="2024-06-30")).table["n_branches"].tolist() == [1, 0, 0]
    tables["transactions"]["branch_id"] = None
    table = customer_features(canonical(tables), Study(as_of="2024-06-30")).table
    assert table[["n_branches", "n_merchants"]].isna().all(axis=None)


def test_without_gender_and_city_both_are_missing(lacking):
    assert lacking("names")[0].missing == dict.fromkeys(["gender_name", "city_name"], "the shop records none")
    assert lacking()[0].missing == {}


def test_what_is_burned_is_the_same_in_sql_and_in_pandas(lacking):
    for lacks in ((), ("burn dates",), ("status",)):
        features, unified, _ = lacking(*lacks)
        burned = burned_by(unified, as_of="2026-06-30").groupby(unified["customer_id"]).sum(min_count=1)
        pd.testing.assert_series_equal(
            burned.reindex(features.table.index), features.table["n_burned"].astype(float), check_names=False
        )


def test_a_burn_with_a_date_waits_for_it_and_one_without_cannot(lacking):
    early = "2025-06-30"
    _, whole, _ = lacking()
    _, undated, _ = lacking("burn dates")
    assert burned_by(whole, as_of=early).sum() == (whole["burn_date"] <= early).sum()
    assert burned_by(undated, as_of=early).sum() == (undated["transaction_status"] == "burned").sum()


def test_columns_of_the_shops_own_reach_the_features_whatever_they_are_called(tables, canonical, tmp_path):
    before = customer_features(canonical(tables), Study(as_of="2024-06-30")).table
    values = ["red", None, "=1+1", "unseen"]
    tables["customers"] = tables["customers"].assign(**dict.fromkeys(NASTY, values), age=[31.5, None, 40, 50])
    after = customer_features(canonical(tables), Study(as_of="2024-06-30")).table
    assert after.columns.tolist() == [f.name for f in FEATURES] + [*NASTY, "age"]
    pd.testing.assert_frame_equal(after[before.columns], before)
    run = Run("nasty", base=tmp_path)
    run.write("features", after)
    back = run.read("features")
    for name in NASTY:
        assert back[name].fillna("-").tolist() == ["red", "-", "=1+1"]
    assert back["age"].fillna(-1).tolist() == [31.5, -1, 40]


def test_columns_of_the_shops_own_are_descriptors_in_its_dictionary(tables, canonical):
    tables["customers"] = tables["customers"].assign(tier=["a", "b", None, "c"], age=[1.0, 2, 3, 4], empty=None)
    table = customer_features(canonical(tables), Study(as_of="2024-06-30")).table
    described = dictionary(table).set_index("name")
    assert described.loc["tier"].tolist() == ["name", "from the customers table", "the shop's", "descriptor"]
    assert described.loc["age"].tolist() == ["number", "from the customers table", "1 to 3", "descriptor"]
    assert "empty" not in described.index
    assert described.index.tolist() == [c for c in table if table[c].notna().any()]
    assert {f.name: f.role for f in Study().describe(table)} == described["role"].to_dict()


def test_the_dictionary_of_a_shop_without_coupons_speaks_of_transactions(lacking):
    described = dictionary(lacking("status")[0].table, Study(wording=TRANSACTION))
    assert not set(COUPONS) & set(described["name"])
    assert not described[["unit", "meaning"]].apply(lambda c: c.str.contains("coupon|claim|burn")).any(axis=None)
    whole = dictionary(lacking()[0].table)
    pd.testing.assert_frame_equal(whole, dictionary()[dictionary()["name"].isin(whole["name"])].reset_index(drop=True))


# Empirical Bayes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), [(2.0, 3.0), (0.5, 1.0), (6.0, 2.0)])
def test_beta_parameters_are_recovered_within_ten_per_cent(a, b):
    rng = np.random.default_rng(8)
    n = rng.poisson(8, 5000)
    x = rng.binomial(n, rng.beta(a, b, 5000))
    fit = fit_beta_binomial(pd.Series(x), pd.Series(n))
    assert (fit.a, fit.b) == (pytest.approx(a, rel=0.1), pytest.approx(b, rel=0.1))
    assert fit.p < 1e-10
    assert fit.reliability == pytest.approx(1 / (a + b + 1), rel=0.1)


def shop_of(coupons, lags=None):
    """An in-memory DuckDB with a shop: (burned, coupons) of every customer, all claimed on one day."""
    con = duckdb.connect()
    x, n = np.array([p[0] for p in coupons]), np.array([p[1] for p in coupons])
    who = np.repeat(np.arange(len(n)), n)
    burned = np.arange(len(who)) - np.repeat(np.cumsum(n) - n, n) < np.repeat(x, n)
    lag = pd.to_timedelta(np.full(len(who), 5) if lags is None else lags, "D")
    day = pd.Timestamp("2024-01-01")
    people = pd.DataFrame({"customer_id": np.arange(len(n)).astype(str), "join_date": day})
    rows = pd.DataFrame({"customer_id": who.astype(str), "transaction_date": day, "branch_id": None, "amount": None})
    rows["transaction_status"] = np.where(burned, "burned", "subscribed")
    rows["burn_date"] = pd.Series(day + lag).where(burned)
    for name, frame in (("customers", people.assign(gender_id=None, city_id=None)), ("transactions", rows)):
        con.register(f"{name}_", frame)
        con.execute(f"CREATE TABLE {name} AS FROM {name}_")
    con.execute("CREATE TABLE genders (gender_id VARCHAR, gender_name VARCHAR)")
    con.execute("CREATE TABLE cities (city_id VARCHAR, city_name VARCHAR)")
    con.execute("CREATE TABLE branches (branch_id VARCHAR, merchant_id VARCHAR)")
    return con


def rates_of(coupons):
    """Burn rates as the statement makes them, for customers who have a coupon."""
    return customer_features(shop_of(coupons), Study(as_of="2024-12-31", burn_window=30)).table["burn_rate"].to_numpy()


def test_shrunk_rates_are_nearer_to_the_truth_than_raw_ones():
    rng = np.random.default_rng(1)
    true = rng.beta(2, 3, 3000)
    n = rng.integers(1, 10, 3000)
    x = rng.binomial(n, true)
    shrunk = rates_of(list(zip(x, n, strict=True)))
    assert ((shrunk - true) ** 2).mean() < 0.75 * ((x / n - true) ** 2).mean()


def test_shrunk_rates_and_days_are_what_the_formulas_say():
    rng = np.random.default_rng(6)
    n = rng.integers(1, 9, 400)
    x = rng.binomial(n, rng.beta(1, 1, 400))
    lags = np.clip(rng.normal(np.repeat(rng.uniform(5, 25, 400), n), 3), 0, 30).astype(int)
    table = customer_features(shop_of(list(zip(x, n, strict=True)), lags), Study("2024-12-31", 40)).table
    rate = fit_beta_binomial(pd.Series(x), pd.Series(n))
    np.testing.assert_allclose(table["burn_rate"], (rate.a + x) / (rate.a + rate.b + n), rtol=1e-9)
    of_burned = pd.Series(lags)[np.arange(len(lags)) - np.repeat(np.cumsum(n) - n, n) < np.repeat(x, n)]
    by_customer = of_burned.groupby(np.repeat(np.arange(400), x))
    raw = by_customer.mean().reindex(range(400))
    total, squares = by_customer.sum(), (of_burned**2).groupby(np.repeat(np.arange(400), x)).sum()
    lag = variance_components(total, squares, by_customer.size())
    weight = lag.between / (lag.between + lag.within / np.maximum(x, 1))
    expected = lag.mean + (weight * (raw - lag.mean)).fillna(0)
    assert lag.p < 1e-9
    np.testing.assert_allclose(table["days_to_burn"], expected, rtol=1e-9)


def test_both_statements_are_the_features(canonical, tables):
    con = canonical(tables)
    features = customer_features(con, Study(as_of="2024-06-30", burn_window=30))  # leaves study behind
    con.execute("DROP TABLE counts")
    head, rest = FEATURES_SQL.split("\nWITH ", 1)
    whole = con.sql(f"{head}\nWITH counts AS ({COUNTS_SQL}), {rest}").df().set_index("customer_id")
    pd.testing.assert_frame_equal(whole, features.table, check_dtype=False)
    assert "JOIN transactions" not in FEATURES_SQL


def test_where_customers_do_not_differ_the_test_keeps_its_level():
    rng = np.random.default_rng(2)
    p = []
    for _ in range(100):
        n = pd.Series(rng.poisson(5, 300))
        p.append(fit_beta_binomial(pd.Series(rng.binomial(n, 0.4)), n).p)
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.11


@pytest.mark.parametrize(
    ("x", "n", "mean"), [([], [], 0.5), ([0, 0], [0, 0], 0.5), ([0, 0, 0], [3, 2, 1], 0.0), ([3, 2], [3, 2], 1.0)]
)
def test_rates_without_information_are_the_shops_own(x, n, mean):
    x, n = pd.Series(x, dtype="int64"), pd.Series(n, dtype="int64")
    fit = fit_beta_binomial(x, n)
    assert fit == BetaBinomial(mean, np.inf, 1.0)
    assert fit.reliability == 0


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), min_size=1, max_size=40))
def test_a_shrunk_rate_lies_between_the_raw_rate_and_the_mean(pairs):
    n = np.array([max(p) for p in pairs])
    x = np.array([min(p) for p in pairs])
    mean = fit_beta_binomial(pd.Series(x), pd.Series(n)).mean
    shrunk = rates_of(list(zip(x, n, strict=True)))
    assert (shrunk >= np.minimum(x / n, mean) - 1e-9).all()
    assert (shrunk <= np.maximum(x / n, mean) + 1e-9).all()


def test_counts_of_customers_are_enough_for_both_fits():
    rng = np.random.default_rng(4)
    n = rng.integers(0, 6, 2000)
    table = pd.DataFrame({"n": n, "x": rng.binomial(n, rng.beta(2, 2, 2000))})
    table["total"], table["squares"] = table["x"] * 7.0, table["x"] * 60.0
    cells = table.assign(w=1, square_of=table["total"] ** 2).groupby(["n", "x"], as_index=False).sum()
    assert fit_beta_binomial(cells["x"], cells["n"], cells["w"]) == fit_beta_binomial(table["x"], table["n"])
    each = variance_components(table["total"], table["squares"], table["x"])
    by_cell = variance_components(
        cells["total"], cells["squares"], cells["x"], customers=cells["w"], total_squared=cells["square_of"]
    )
    assert (by_cell.mean, by_cell.within, by_cell.p) == pytest.approx((each.mean, each.within, each.p))


def test_customers_who_never_burn_are_more_than_chance_makes_or_not():
    rng = np.random.default_rng(9)
    p, n = [], rng.poisson(6, 1000) + 1
    one_each = pd.Series(np.ones(1000))
    for _ in range(40):
        x = rng.binomial(n, rng.beta(2, 3, 1000))
        p.append(excess_zeros(fit_beta_binomial(x, n), x, n, one_each).p)
    assert np.mean(np.array(p) < 0.05) <= 0.05
    some_never = rng.binomial(n, np.where(rng.random(1000) < 0.2, 0, 0.6))
    excess = excess_zeros(fit_beta_binomial(some_never, n), some_never, n, one_each)
    assert excess.p < 0.01
    assert excess.share > excess.expected
    alike = excess_zeros(BetaBinomial(0.5, np.inf, 1.0), pd.Series([0, 1]), pd.Series([2, 2]), pd.Series([1, 3]))
    assert (alike.share, alike.expected) == (0.25, 0.25)


def test_counts_differ_by_more_than_chance_or_not():
    rng = np.random.default_rng(5)
    time = rng.uniform(1, 20, 3000)
    for alike in (rng.poisson(5, 3000), rng.poisson(0.5 * time)):  # in one view or the other, all are alike
        assert overdispersion(alike, time).p > 0.001
        assert overdispersion(alike, time).reliability < 0.1
    differ = rng.poisson(6 * rng.gamma(2, 1 / 2, 3000) * time / 10)  # variance of the mean: 6^2 / 2 and more
    assert overdispersion(differ, time).p < 1e-12
    assert overdispersion(differ, time).reliability > 0.6
    assert overdispersion([0, 1, 0], [1, 1, 1]).p == 1.0


def p_of_permuted(values, counts):
    """The p-value of skewed values in their order, beside that of the F test: so many for each customer."""
    who = np.repeat(np.arange(len(counts)), counts)
    total, squares = (pd.Series(np.bincount(who, weights=x)) for x in (values, values**2))
    n = pd.Series(counts)
    by_permutation = variance_components(total, squares, n, values=pd.Series(values).value_counts())
    return by_permutation.p, variance_components(total, squares, n).p


def test_skewed_days_permuted_at_random_tell_nobody_apart():
    rng = np.random.default_rng(1)
    counts = 1 + rng.poisson(3 * rng.gamma(0.5, 2, 200))
    p = np.array([p_of_permuted(np.floor(rng.lognormal(2.5, 1, counts.sum())), counts) for _ in range(200)])
    ours, by_f = (p < 0.05).mean(axis=0)
    assert 0.02 <= ours <= 0.09  # a level of 5%, give or take three standard errors
    assert by_f > 0.12  # what was wrong with the F test
    assert p[:, 0].mean() == pytest.approx(0.5, abs=0.06)


def test_skewed_days_that_differ_are_told_apart():
    rng = np.random.default_rng(2)
    counts = rng.integers(1, 9, 300)
    scale = np.repeat(np.exp(rng.normal(0, 0.7, 300)), counts)
    assert p_of_permuted(np.floor(scale * rng.lognormal(2.5, 0.6, counts.sum())), counts)[0] < 1e-6


def test_the_test_of_days_fits_shops_of_any_size():
    assert p_of_permuted(np.array([1.0, 1.0, 9.0]), np.array([2, 1]))[0] == 1.0  # three values say nothing
    assert p_of_permuted(np.full(20, 7.0), np.full(5, 4))[0] == 1.0
    rng = np.random.default_rng(3)
    many, counts = np.floor(rng.lognormal(2, 1, 400_000)), np.full(100_000, 4)
    assert 0.001 < p_of_permuted(many, counts)[0] < 0.999
    assert p_of_permuted(np.sort(many), counts)[0] < 1e-100


def test_days_are_counted_by_value_as_they_are_by_customer(prepared):
    run, features = prepared("sample")
    engine = DuckDB(run.connect())
    engine.keep(
        "study", f"SELECT DATE '{run.read('shop').as_of}' AS as_of, {features.redemption.window} burn_window_days"
    )
    days = engine.frame(LAGS_SQL)
    assert days["coupons"].sum() == features.table["n_matured_burned"].sum()
    assert (days["coupons"] * days["lag_days"]).sum() == features.table["lag_days"].sum()


def test_variance_components_agree_with_one_way_analysis_of_variance():
    from scipy.stats import f_oneway

    rng = np.random.default_rng(3)
    groups = [rng.normal(rng.normal(0, 2), 3, size) for size in rng.integers(1, 9, 400)]
    total, squares, n = (pd.Series([f(g) for g in groups]) for f in (np.sum, lambda g: (g**2).sum(), len))
    parts = variance_components(total, squares, n)
    assert parts.between == pytest.approx(4, rel=0.25)
    assert parts.within == pytest.approx(9, rel=0.1)
    assert parts.p == pytest.approx(f_oneway(*groups).pvalue, rel=1e-6, abs=1e-12)


def test_where_everybody_is_constant_a_customer_without_a_burn_is_no_hole():
    parts = variance_components(pd.Series([4.0, 9.0]), pd.Series([8.0, 27.0]), pd.Series([2, 3]))
    assert (parts.within, parts.reliability) == (0, 1)
    features = customer_features(
        shop_of([(2, 2), (3, 3), (0, 2)], [2, 2, 3, 3, 3, 9, 9]), Study(as_of="2024-12-31", burn_window=30)
    )
    assert features.table["days_to_burn"].tolist() == pytest.approx([2, 3, 13 / 5])


def burns(con_rows):
    """An engine with a table of transactions: (claimed, burned) pairs of days."""
    con = duckdb.connect()
    frame = pd.DataFrame(con_rows, columns=["transaction_date", "burn_date"]).apply(pd.to_datetime)
    con.register("transactions", frame)
    return DuckDB(con)


def test_the_burn_window_does_not_shrink_with_a_short_history():
    rng = np.random.default_rng(0)
    claimed = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, 4000), "D")
    lag = rng.integers(0, 90, 4000)
    rows = list(zip(claimed, claimed + pd.to_timedelta(lag, "D"), strict=True))
    assert observed_burn_window(burns(rows), "2025-01-31") == 90
    assert observed_burn_window(burns(rows), "2024-03-01") >= 60  # all that two months can show
    assert observed_burn_window(burns([(claimed[0], None)]), "2024-03-01") is None


# The same shrinkage --------------------------------------------------------------------------------------------------


def test_shrunk_by_its_own_numbers_a_shop_looks_the_same(prepared):
    run, fitted = prepared("sample")
    assert set(fitted.study.shrinkage) == {"burn_mean", "burn_reliability", "lag_mean", "lag_reliability"}
    assert fitted.study.burn_window == fitted.redemption.window
    again = customer_features(run.connect(), fitted.study)
    pd.testing.assert_frame_equal(again.table, fitted.table, check_exact=True)
    assert again.reliability.empty
    assert not again.unreliable
    assert again.study == fitted.study
    pd.testing.assert_frame_equal(again.absent, fitted.absent)


def test_another_shrinkage_gives_other_rates_of_the_same_counts(prepared):
    run, fitted = prepared("sample")
    shrinkage = fitted.study.shrinkage | {"burn_mean": 0.9, "burn_reliability": 1e-6}
    again = customer_features(run.connect(), replace(fitted.study, shrinkage=shrinkage)).table
    assert again["burn_rate"].tolist() == pytest.approx([0.9] * len(again), abs=1e-3)
    pd.testing.assert_frame_equal(again.drop(columns="burn_rate"), fitted.table.drop(columns="burn_rate"))


def test_a_shop_that_records_no_burning_has_nothing_to_shrink_by(lacking, canonical):
    features = lacking("status")[0]
    shrinkage = features.study.shrinkage
    assert {"burn_mean", "lag_mean"} <= set(shrinkage)
    assert shrinkage["lag_mean"] is None
    con = canonical(make_shop(customers=400, transactions=3000, seed=3).tables, without=("status",))
    again = customer_features(con, Study(as_of="2026-06-30", shrinkage=shrinkage))
    pd.testing.assert_frame_equal(again.table, features.table, check_exact=True)


# The shops -----------------------------------------------------------------------------------------------------


def test_on_the_strong_sample_both_rates_can_be_believed(prepared):
    _, features = prepared("sample")
    assert list(features.unreliable) == ["never_burned"]
    assert features.reliability["feature"].tolist() == [
        "coupons_per_month",
        "burn_rate",
        "days_to_burn",
        "never_burned",
    ]
    assert features.reliability["reliable"].tolist() == [True, True, True, False]


def test_on_a_shop_without_structure_burning_leaves_the_matrix(generated, prepared):
    folder, _ = generated(customers=800, transactions=6000, segments=0, separation="none", seed=5)
    assert "burn_rate" in prepared(folder)[1].unreliable


def test_the_original_workbook(workbook, prepared):
    run, features = prepared(workbook)
    assert len(features.table) == 989
    assert len(features.absent) == 11
    assert observed_burn_window(DuckDB(run.connect()), "2024-07-14") == 90
    assert list(features.unreliable) == ["burn_rate", "days_to_burn", "never_burned"]
    lag = features.reliability.set_index("feature").loc["days_to_burn"]
    assert (round(lag["reliability"], 2), round(lag["p"], 2)) == (0.06, 0.02)
    assert features.unreliable["days_to_burn"].endswith("(reliability 0.06, p = .020)")


# What a notebook says of described customers ---------------------------------------------------------------------


def test_the_worth_of_the_shops_mean_is_the_number_of_coupons_in_the_formula():
    """With n = a + b decided coupons, the shrunk rate is half the customer's own share, half the mean of the shop."""
    shrinkage = ShrinkageSummary(Redemption(True, True, 90), {"burn_mean": 0.4, "burn_reliability": 0.2})
    assert shrinkage.worth == pytest.approx(4)  # reliability = 1 / (a + b + 1)
    a, b = 0.4 * 4, 0.6 * 4
    assert (4 * 1.0 + a) / (4 + a + b) == pytest.approx((1.0 + 0.4) / 2)
    assert "The mean of the shop is 40%, and it counts as much as 4.0 decided coupons" in shrinkage.text
    assert shrinkage.table["coupons"].tolist() == [4]


@pytest.mark.parametrize(
    ("status", "shrinkage", "sentence"),
    [
        (False, {}, "No burning is recorded here"),
        (True, {"burn_mean": None, "burn_reliability": None}, "No coupon is decided yet"),
        (True, {"burn_mean": 0.4, "burn_reliability": 0.0}, "everybody gets the mean of the shop, 40%"),
    ],
)
def test_where_no_rate_is_shrunk_the_summary_says_why(status, shrinkage, sentence):
    summary = ShrinkageSummary(Redemption(status, status, 90 if status else None), shrinkage)
    assert sentence in summary.text
    assert list(summary.table.columns) == ["burn_mean", "burn_reliability", "coupons"]


def test_the_summaries_speak_of_the_shop_at_hand(prepared, lacking):
    _, features = prepared("sample")
    assert features.listed_apart.text.startswith(f"{len(features.table):,} customers are described")
    assert features.tests.text.count(".") >= len(features.reliability)
    assert features.dictionary["name"].tolist() == [f.name for f in features.features]
    less = lacking("status")[0]
    assert less.shrinkage.text == "No burning is recorded here: there is no rate to shrink."
    assert ReliabilitySummary(less.reliability.iloc[:0]).text.startswith("Nothing can be tested this way: neither")
    assert ReliabilitySummary(less.reliability.iloc[:0], observed=False).text.startswith("Nothing here is counted")
    assert ListedApart(less.absent.iloc[:0], 3).text == "3 customers are described; none is left out."

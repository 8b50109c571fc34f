"""Customer features: counts by hand, shrinkage that helps, and nothing that time or order could change."""

import hashlib

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.errors import ParameterRefused
from seglib.features import (
    DAYS_PER_MONTH,
    FEATURES,
    BetaBinomial,
    burned_by,
    customer_features,
    dictionary,
    features_of,
    fit_beta_binomial,
    observed_burn_window,
    variance_components,
)
from seglib.ingest import ingest
from seglib.run import Run


@pytest.fixture
def described(write_csv, tmp_path):
    """Features of a shop given as tables."""

    def describe(tables, name="shop", **options):
        shop = ingest(write_csv(tables, name))
        run = Run(name, base=tmp_path)
        shop.save(run)
        return customer_features(run.connect(), **{"as_of": f"{shop.as_of:%Y-%m-%d}", **options})

    return describe


def test_counts_of_a_shop_small_enough_to_reckon_by_hand(tables, described):
    made = described(tables, burn_window=30)
    one, two, three = (made.table.loc[c] for c in "123")
    assert made.table.index.tolist() == ["1", "2", "3"]
    assert made.absent["customer_id"].tolist() == ["4"]
    assert one[["n_coupons", "n_burned", "n_decided", "n_decided_burned"]].tolist() == [3, 1, 2, 1]
    assert two[["n_coupons", "n_burned", "n_decided", "n_decided_burned"]].tolist() == [2, 2, 2, 2]
    assert three[["n_coupons", "n_burned", "n_decided", "n_decided_burned"]].tolist() == [1, 0, 0, 0]
    assert made.table["recency_days"].tolist() == [2, 121, 0]
    assert made.table["tenure_days"].tolist() == [181, 181, 121]
    assert made.table["n_branches"].tolist() == [2, 2, 1]
    assert made.table["never_burned"].fillna(-1).tolist() == [0, 0, -1]  # nothing of the third is decided
    assert made.table["lag_days"].tolist() == [2, 4, 0]
    assert one["coupons_per_month"] == pytest.approx(3 / (181 / DAYS_PER_MONTH))


def test_a_burn_after_as_of_is_open(tables, described):
    assert described(tables, burn_window=1).table.loc["1", "n_burned"] == 1
    assert described(tables, burn_window=1, as_of="2024-07-02").table.loc["1", "n_burned"] == 2


def test_exposure_starts_with_the_first_coupon_where_no_earlier_day_is_known(tables, described):
    tables["customers"]["join_date"] = ["2024-01-01", None, "2024-12-31", "2024-05-01"]
    assert described(tables).table["tenure_days"].tolist() == [181, 162, 0]


def test_customers_who_come_later_are_neither_described_nor_listed(tables, described):
    made = described(tables, as_of="2024-04-15")
    assert made.table.index.tolist() == ["1", "2"]
    assert made.absent["customer_id"].tolist() == ["3"]


def test_amounts_make_spend_and_their_order_does_not_matter(tables, described):
    tables["transactions"]["amount"] = ["0.1", "0.2", "0.3", "5", None, "999999999999"]
    one = described(tables).table.loc["1"]
    assert one["spend_per_month"] == pytest.approx(0.6 / (181 / DAYS_PER_MONTH))
    assert described({**tables, "transactions": tables["transactions"].iloc[::-1]}, "back").table.loc["1"].equals(one)


def test_a_coupon_claimed_yesterday_changes_nobodys_burn_rate_or_lag(generated, tmp_path):
    folder, _ = generated(customers=200, transactions=2000, seed=3)
    frames = {file.stem: pd.read_parquet(file) for file in folder.glob("*.parquet")}
    more = frames["transactions"].iloc[[0]].assign(
        transaction_id=10**6, transaction_date=pd.Timestamp("2026-06-29"), transaction_status="burned",
        burn_date=pd.Timestamp("2026-06-30"),
    )  # fmt: skip
    results = []
    for name, coupons in (("a", frames["transactions"]), ("b", pd.concat([frames["transactions"], more]))):
        place = tmp_path / name
        place.mkdir()
        for table, frame in {**frames, "transactions": coupons}.items():
            frame.to_parquet(place / f"{table}.parquet")
        run = Run(name, base=tmp_path)
        ingest(place, as_of="2026-06-30").save(run)
        results.append(customer_features(run.connect(), as_of="2026-06-30").table[["burn_rate", "days_to_burn"]])
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


def test_csv_parquet_and_xlsx_give_byte_identical_features(root, tmp_path):
    book = pd.read_excel(root / "data/sample/shop.xlsx", sheet_name=None, engine="calamine")
    (tmp_path / "csv").mkdir()
    for name, frame in book.items():
        frame.sample(frac=1, random_state=0).to_csv(tmp_path / "csv" / f"{name}.csv", index=False)
    hashes = set()
    for name, source in (("xlsx", "sample"), ("csv", tmp_path / "csv")):
        run = Run(name, base=tmp_path)
        ingest(source).save(run)
        run.write("features", customer_features(run.connect(), as_of="2026-06-30").table)
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

COUPONS = ["burn_rate", "days_to_burn", "n_burned", "never_burned", "n_decided", "n_decided_burned", "lag_days"]
"""What only a shop with coupons has."""

NASTY = [
    'a "quoted" one', "Robert'); DROP TABLE customers;--", "p", "income_$k$", "*", "a | b", "الاسم", "two\nlines",
    "Burn Rate",
]  # fmt: skip


def test_without_a_status_all_transactions_count_and_coupons_are_missing_not_zero(lacking, tmp_path):
    whole, less = lacking()[0], lacking("status")[0]
    assert less.table[COUPONS].isna().all(axis=None)
    assert set(less.missing) == {"burn_rate", "days_to_burn"}
    assert set(less.missing.values()) == {"the shop records no coupon status"}
    assert less.unreliable == {}
    assert less.reliability.empty
    assert less.fates.window is None
    assert "Every transaction counts, and nothing is known of burning." in less.text
    others = [c for c in whole.table if c not in COUPONS]
    pd.testing.assert_frame_equal(less.table[others], whole.table[others])
    run = Run("less", base=tmp_path)
    run.write("features", less.table)
    nulls = ", ".join(f"count({c})" for c in COUPONS)
    assert set(duckdb.sql(f"SELECT {nulls} FROM '{run.path('features')}'").fetchall()[0]) == {0}  # NULL, not NaN


def test_without_burn_dates_a_burn_counts_as_recorded(tables, canonical):
    made = customer_features(canonical(tables, without=["burn dates"]), as_of="2024-06-30")
    assert made.table["n_burned"].tolist() == [2, 2, 0]  # with its date, the second of "1" would be in the future
    assert (made.table["n_decided"] == made.table["n_coupons"]).all()
    assert made.table[["days_to_burn", "lag_days"]].isna().all(axis=None)
    assert made.missing == {"days_to_burn": "the shop records no burn dates"}
    assert made.reliability["feature"].tolist() == ["burn_rate"]
    assert made.fates.window == 0
    assert "every coupon counts as decided" in made.text
    assert "a burn after as_of counts as well" in made.text


def test_without_burn_dates_the_analyst_can_say_how_long_a_coupon_lives(tables, canonical):
    made = customer_features(canonical(tables, without=["burn dates"]), as_of="2024-06-30", burn_window=30)
    assert made.table["n_decided"].tolist() == [2, 2, 0]
    assert made.table["n_decided_burned"].tolist() == [1, 2, 0]
    assert "decided 30 days after its claim, as burn_window says" in made.text


def test_a_shop_in_which_nothing_was_burned_records_burning(tables, canonical):
    tables["transactions"] = tables["transactions"].assign(transaction_status="subscribed", burn_date=None)
    made = customer_features(canonical(tables), as_of="2024-06-30")
    assert made.table["n_burned"].tolist() == [0, 0, 0]
    assert made.missing == {}
    assert list(made.unreliable) == ["burn_rate", "days_to_burn"]


def test_a_shop_without_branches_has_not_0_of_them(tables, canonical):
    tables["transactions"]["branch_id"] = ["1", None, None, None, None, None]
    assert customer_features(canonical(tables), as_of="2024-06-30").table["n_branches"].tolist() == [1, 0, 0]
    tables["transactions"]["branch_id"] = None
    made = customer_features(canonical(tables), as_of="2024-06-30").table
    assert made[["n_branches", "n_merchants"]].isna().all(axis=None)


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
    before = customer_features(canonical(tables), as_of="2024-06-30").table
    values = ["red", None, "=1+1", "unseen"]
    tables["customers"] = tables["customers"].assign(**dict.fromkeys(NASTY, values), age=[31.5, None, 40, 50])
    after = customer_features(canonical(tables), as_of="2024-06-30").table
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
    table = customer_features(canonical(tables), as_of="2024-06-30").table
    told = dictionary(table).set_index("name")
    assert told.loc["tier"].tolist() == ["name", "from the customers table", "descriptor"]
    assert told.loc["age"].tolist() == ["number", "from the customers table", "descriptor"]
    assert "empty" not in told.index
    assert told.index.tolist() == [c for c in table if table[c].notna().any()]
    assert {f.name: f.role for f in features_of(table)} == told["role"].to_dict()


def test_the_dictionary_of_a_shop_without_coupons_speaks_of_transactions(lacking):
    told = dictionary(lacking("status")[0].table)
    assert not set(COUPONS) & set(told["name"])
    assert not told[["unit", "meaning"]].apply(lambda c: c.str.contains("coupon|claim|burn")).any(axis=None)
    whole = dictionary(lacking()[0].table)
    pd.testing.assert_frame_equal(whole, dictionary()[dictionary()["name"].isin(whole["name"])].reset_index(drop=True))


# Empirical Bayes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), [(2.0, 3.0), (0.5, 1.0), (6.0, 2.0)])
def test_beta_parameters_are_recovered_within_ten_per_cent(a, b):
    rng = np.random.default_rng(8)
    n = rng.poisson(8, 5000)
    x = rng.binomial(n, rng.beta(a, b, 5000))
    fit = fit_beta_binomial(pd.Series(x), pd.Series(n))
    assert fit.mean * fit.size == pytest.approx(a, rel=0.1)
    assert (1 - fit.mean) * fit.size == pytest.approx(b, rel=0.1)
    assert fit.p < 1e-10
    assert fit.reliability == pytest.approx(1 / (a + b + 1), rel=0.1)


def test_shrunk_rates_are_nearer_to_the_truth_than_raw_ones():
    rng = np.random.default_rng(1)
    true = rng.beta(2, 3, 3000)
    n = pd.Series(rng.integers(1, 10, 3000))
    x = pd.Series(rng.binomial(n, true))
    shrunk = fit_beta_binomial(x, n).shrink(x, n)
    assert ((shrunk - true) ** 2).mean() < 0.75 * ((x / n - true) ** 2).mean()


def test_where_customers_do_not_differ_the_test_keeps_its_level():
    rng = np.random.default_rng(2)
    p = []
    for _ in range(200):
        n = pd.Series(rng.poisson(5, 300))
        p.append(fit_beta_binomial(pd.Series(rng.binomial(n, 0.4)), n).p)
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.09


@pytest.mark.parametrize(
    ("x", "n", "mean"), [([], [], 0.5), ([0, 0], [0, 0], 0.5), ([0, 0, 0], [3, 2, 1], 0.0), ([3, 2], [3, 2], 1.0)]
)
def test_rates_without_information_are_the_shops_own(x, n, mean):
    x, n = pd.Series(x, dtype="int64"), pd.Series(n, dtype="int64")
    fit = fit_beta_binomial(x, n)
    assert fit == BetaBinomial(mean, np.inf, 1.0)
    assert fit.reliability == 0
    assert (fit.shrink(x, n) == mean).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40))
def test_a_shrunk_rate_lies_between_the_raw_rate_and_the_mean(pairs):
    n = pd.Series([max(p) for p in pairs])
    x = pd.Series([min(p) for p in pairs])
    fit = fit_beta_binomial(x, n)
    shrunk = fit.shrink(x, n)
    raw = (x / n.where(n > 0)).fillna(fit.mean)
    assert (shrunk >= np.minimum(raw, fit.mean) - 1e-9).all()
    assert (shrunk <= np.maximum(raw, fit.mean) + 1e-9).all()


def test_variance_components_agree_with_one_way_analysis_of_variance():
    from scipy.stats import f_oneway

    rng = np.random.default_rng(3)
    groups = [rng.normal(rng.normal(0, 2), 3, size) for size in rng.integers(1, 9, 400)]
    total, squares, n = (pd.Series([f(g) for g in groups]) for f in (np.sum, lambda g: (g**2).sum(), len))
    parts = variance_components(total, squares, n)
    assert parts.between == pytest.approx(4, rel=0.25)
    assert parts.within == pytest.approx(9, rel=0.1)
    assert parts.p == pytest.approx(f_oneway(*groups).pvalue, rel=1e-6, abs=1e-12)
    true_means = parts.shrink(total, n)
    assert ((true_means - parts.mean).abs() <= ((total / n) - parts.mean).abs() + 1e-9).all()


def test_where_everybody_is_constant_a_customer_without_a_burn_is_no_hole():
    parts = variance_components(pd.Series([4.0, 9.0]), pd.Series([8.0, 27.0]), pd.Series([2, 3]))
    assert parts.within == 0
    assert parts.shrink(pd.Series([4.0, 9.0, 0.0]), pd.Series([2, 3, 0])).tolist() == [2, 3, parts.mean]


def test_customers_without_a_burn_get_the_overall_mean():
    parts = variance_components(pd.Series([10.0, 60.0]), pd.Series([60.0, 1850.0]), pd.Series([2, 2]))
    assert parts.shrink(pd.Series([0.0]), pd.Series([0])).tolist() == [parts.mean]


def burns(con_rows):
    """An in-memory DuckDB with a table of transactions: (claimed, burned) pairs of days."""
    import duckdb

    con = duckdb.connect()
    frame = pd.DataFrame(con_rows, columns=["transaction_date", "burn_date"]).apply(pd.to_datetime)
    con.register("transactions", frame)
    return con


def test_the_burn_window_does_not_shrink_with_a_short_history():
    rng = np.random.default_rng(0)
    claimed = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, 4000), "D")
    lag = rng.integers(0, 90, 4000)
    rows = list(zip(claimed, claimed + pd.to_timedelta(lag, "D"), strict=True))
    assert observed_burn_window(burns(rows), "2025-01-31") == 90
    assert observed_burn_window(burns(rows), "2024-03-01") >= 60  # all that two months can show
    assert observed_burn_window(burns([(claimed[0], None)]), "2024-03-01") is None


# The shops -----------------------------------------------------------------------------------------------------


def test_on_the_strong_sample_both_rates_can_be_believed(prepared):
    _, features = prepared("sample")
    assert features.unreliable == {}
    assert features.reliability["reliable"].tolist() == [True, True]


def test_on_a_shop_without_structure_burning_leaves_the_matrix(generated, prepared):
    folder, _ = generated(customers=800, transactions=6000, segments=0, separation="none", seed=5)
    assert "burn_rate" in prepared(folder)[1].unreliable


def test_the_original_workbook(workbook, prepared):
    run, features = prepared(workbook)
    assert len(features.table) == 989
    assert len(features.absent) == 11
    assert observed_burn_window(run.connect(), "2024-07-14") == 90
    assert list(features.unreliable) == ["burn_rate", "days_to_burn"]
    lag = features.reliability.set_index("feature").loc["days_to_burn"]
    assert (round(lag["reliability"], 2), round(lag["p"], 2)) == (0.06, 0.02)
    assert features.unreliable["days_to_burn"].endswith("(reliability 0.06, p = .023)")

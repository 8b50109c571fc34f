"""Customer features: counts by hand, shrinkage that helps, and nothing that time or order could change."""

import hashlib

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
    customer_features,
    dictionary,
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

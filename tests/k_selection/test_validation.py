"""Validation: null models that preserve what they should, the benchmark, and a verdict that its evidence supports."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from scipy.stats import norm, spearmanr
from threadpoolctl import threadpool_limits

from seglib.datasets.shop import make_shop
from seglib.eda.heterogeneity import homogeneity
from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.choice import choose_k
from seglib.k_selection.criteria.indices import CRITERIA, cluster_indices
from seglib.k_selection.criteria.sweep import sweep
from seglib.k_selection.validation.benchmark import (
    AGAINST_ALL,
    STABILITY,
    Benchmark,
    NullComparison,
    benchmark,
    compare,
)
from seglib.k_selection.validation.charts import Charts, StabilityChart
from seglib.k_selection.validation.null_models import CopulaNull, ProcessNull
from seglib.k_selection.validation.null_shops import null_models_for
from seglib.k_selection.validation.recommendations import assess_k, recommendations
from seglib.k_selection.validation.verdict import evidence_by_k, verdict
from seglib.preprocessing.audit import audit
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.run import Run
from seglib.style.wording import NO_TRANSACTIONS

few_examples = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**32 - 1)
OPTIONS = {
    "demographic_weight": 1.0,
    "transform": "log",
    "scaling": "standard",
    "drop_correlated": True,
    "min_level_share": 0.01,
    "segment_by": None,
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small products gain nothing from threads that wait for each other."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Take a source through 01 and 03, and write what these notebooks write; the same only once."""
    runs = {}

    def record(source, recipe="customer", mapping=None, **options):
        key = str(source), recipe, str(options)
        if key not in runs:
            run = Run("recorded", base=tmp_path_factory.mktemp("home"))
            ingest(source, mapping=mapping).save(run)
            features = customer_features(run.connect(), run.study())
            if recipe == "customer":
                matrix = customer_matrix(
                    features.table,
                    leave_out=features.missing,
                    unreliable=features.unreliable,
                    described=features.features,
                    **(OPTIONS | options),
                )
            else:
                matrix = baseline_matrix(run.read("unified"), **options)
            run.write("features", features.table)
            run.write("matrix", matrix.table)
            run.write("recipe", matrix.record(features, audit(matrix).record))
            runs[key] = run
        return runs[key]

    return record


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A small shop in which customers differ gradually, as a folder of Parquet files."""
    folder = tmp_path_factory.mktemp("continuum")
    make_shop(customers=300, transactions=2400, segments=0, separation="continuum", seed=1).write(folder)
    return folder


# Customers who differ gradually ---------------------------------------------------------------------------------


def mixed(seed, n=1000):
    """Skewed, tied and spiked numbers, and a weighted one-hot name whose levels follow the first number."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=n)
    numbers = [first, np.exp(first + rng.normal(size=n)), rng.poisson(2 + (first > 1)), rng.gamma(1.5, size=n)]
    level = np.digitize(first + rng.normal(0, 0.3, n), norm.ppf([0.2, 0.6]))
    return np.column_stack([*numbers, 0.7 * np.eye(3)[level]]), [[0], [1], [2], [3], [4, 5, 6]]


@few_examples
@given(seeds)
def test_the_copula_null_keeps_every_column_and_its_correlations(seed):
    X, sources = mixed(seed)
    null = CopulaNull(X, sources)
    one, two = null.draws([np.random.default_rng([seed, i]) for i in range(2)])
    assert (np.sort(one, axis=0) == np.sort(X, axis=0)).all()
    assert not (one == two).all()
    # Given X, a draw scatters about its rank correlations with the standard error of Spearman's rho, at most
    # 1 / sqrt(n - 3) (at rho = 0; Bonett & Wright 2000). Of six correlations, one is beyond five standard errors
    # in less than one of 200,000 draws.
    error = 1 / np.sqrt(len(X) - 3)
    assert np.abs(spearmanr(one[:, :4]).statistic - spearmanr(X[:, :4]).statistic).max() < 5 * error
    assert set(map(tuple, one[:, 4:])) == {(0.7, 0, 0), (0, 0.7, 0), (0, 0, 0.7)}
    mean = [one[one[:, j] > 0, 0].mean() for j in (4, 5, 6)]
    assert mean == sorted(mean)


def test_the_copula_null_of_numbers_that_are_all_the_same():
    X = np.column_stack([np.arange(50.0), np.ones(50), np.repeat([0.0, 1.0], 25)])
    (draw,) = CopulaNull(X).draws([np.random.default_rng(0)])
    assert (np.sort(draw, axis=0) == np.sort(X, axis=0)).all()
    assert spearmanr(draw[:, 0], draw[:, 2]).statistic > 0.5


def greatest_silhouette(X):
    rows = Rows(X)
    return np.nanmax(cluster_indices(rows, best_starts(rows, 4, np.random.default_rng(0), n_init=2))["silhouette"])


def test_the_copula_null_of_normal_rows_is_like_them_and_groups_are_gone():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ np.array([[1, 0.6, 0], [0, 1, 0.3], [0, 0, 1]])
    rngs = [np.random.default_rng(i) for i in range(9)]
    draws = [greatest_silhouette(draw) for draw in CopulaNull(X).draws(rngs)]
    assert np.median(draws) == pytest.approx(greatest_silhouette(X), abs=0.02)
    grouped = X + 6 * np.eye(3)[rng.integers(0, 3, 400)]
    draws = [greatest_silhouette(draw) for draw in CopulaNull(grouped).draws(rngs)]
    assert greatest_silhouette(grouped) > max(draws) + 0.05


# Customers who are all alike ------------------------------------------------------------------------------------

AS_OF = "2026-03-31"


@pytest.fixture(scope="module")
def tables_of_shop(canonical):
    """The canonical tables of a shop whose last three months are after ``as_of``: (customers, transactions)."""
    tables = make_shop(customers=250, transactions=3000, segments=0, separation="continuum", seed=2).tables

    def build(*without, **added):
        transactions = tables["transactions"].assign(**added)
        con = canonical(tables | {"transactions": transactions}, without=without)
        return con.table("customers").df(), con.table("transactions").df()

    return build


def process(customers, transactions, burn_window=90):
    return ProcessNull(customers, transactions, as_of=AS_OF, burn_window=burn_window, rebuild=iter)


def day_of_joining(customers, observed):
    first = observed.groupby("customer_id")["transaction_date"].min()
    return pd.concat([customers.set_index("customer_id")["join_date"], first], axis=1).min(axis=1)


def matured(transactions):
    return transactions[transactions["transaction_date"] <= pd.Timestamp(AS_OF) - pd.Timedelta(days=90)]


def share_burned(transactions):
    coupons = matured(transactions)
    return ((coupons["transaction_status"] == "burned") & ~(coupons["burn_date"] > AS_OF)).mean()


def unlikeness(transactions):
    """Chi-squared of burned by customer, per degree of freedom: about 1 where all are alike."""
    coupons = matured(transactions)
    burned = ((coupons["transaction_status"] == "burned") & ~(coupons["burn_date"] > AS_OF)).groupby(
        coupons["customer_id"]
    )
    n, k, p = burned.size(), burned.sum(), share_burned(transactions)
    return ((k - n * p) ** 2 / (n * p * (1 - p))).sum() / (len(n) - 1)


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_resampling_keeps_customers_and_makes_them_alike(tables_of_shop, seed):
    customers, transactions = tables_of_shop()
    observed = transactions[transactions["transaction_date"] <= AS_OF]
    assert len(observed) < len(transactions)
    simulated = process(customers, transactions).resampled(np.random.default_rng(seed))
    assert simulated.columns.tolist() == transactions.columns.tolist()
    assert simulated["customer_id"].value_counts().to_dict() == observed["customer_id"].value_counts().to_dict()
    assert (simulated["transaction_date"] >= simulated["customer_id"].map(day_of_joining(customers, observed))).all()
    assert (simulated["transaction_date"] <= AS_OF).all()
    assert ((simulated["transaction_status"] == "burned") == simulated["burn_date"].notna()).all()
    lag, observed_lags = ((t["burn_date"] - t["transaction_date"]).dropna() for t in (simulated, matured(transactions)))
    assert set(lag) <= set(observed_lags)
    assert lag.min() >= pd.Timedelta(0)
    assert sorted(simulated["branch_id"]) == sorted(observed["branch_id"])
    assert share_burned(simulated) == pytest.approx(share_burned(transactions), abs=0.05)
    assert unlikeness(transactions) > 2
    assert unlikeness(simulated) < 1.35


def test_another_draw_is_another_shop_and_draws_are_rebuilt(tables_of_shop):
    null = process(*tables_of_shop())
    one, two = null.draws([np.random.default_rng(i) for i in (1, 2)])
    pd.testing.assert_frame_equal(one, null.resampled(np.random.default_rng(1)))
    assert not one["transaction_date"].equals(two["transaction_date"])


def test_days_follow_the_calendar(tables_of_shop):
    """A shop with claims on the first of a month only, and four in five of them in December."""
    _, given_days = tables_of_shop()
    rng = np.random.default_rng(0)
    month = given_days["transaction_date"].dt.to_period("M").dt.to_timestamp()
    month = month.where(rng.random(len(month)) < 0.2, pd.Timestamp("2025-12-01"))
    customers, transactions = tables_of_shop(transaction_date=month.to_numpy(), burn_date=None)
    observed = transactions[transactions["transaction_date"] <= AS_OF]
    simulated = process(customers, transactions).resampled(rng)
    assert set(simulated["transaction_date"]) <= set(observed["transaction_date"])
    busy = [(t["transaction_date"] == "2025-12-01").mean() for t in (simulated, observed)]
    assert busy[0] == pytest.approx(busy[1], abs=0.1)


def test_shops_that_record_less_are_resampled_too(tables_of_shop):
    for without in (("status",), ("burn dates",)):
        customers, transactions = tables_of_shop(*without)
        simulated = process(customers, transactions, burn_window=None).resampled(np.random.default_rng(0))
        assert simulated["burn_date"].isna().all()
        assert simulated["transaction_status"].isna().all() == ("status" in without)
    assert share_burned(simulated) == pytest.approx(share_burned(transactions), abs=0.05)
    nobody_joined = customers.assign(join_date=pd.NaT)
    simulated = process(nobody_joined, transactions).resampled(np.random.default_rng(0))
    first = transactions.groupby("customer_id")["transaction_date"].min()
    assert (simulated["transaction_date"] >= simulated["customer_id"].map(first)).all()


def test_amounts_stay_with_their_branches(tables_of_shop):
    """Branch and amount go together to another customer: an expensive branch stays expensive."""
    customers, transactions = tables_of_shop()
    customers, transactions = tables_of_shop(amount=transactions["branch_id"].astype(float) * 10)
    simulated = process(customers, transactions).resampled(np.random.default_rng(0))
    assert (simulated["amount"] == simulated["branch_id"].astype(float) * 10).all()
    assert not simulated["amount"].equals(transactions["amount"].head(len(simulated)))


def test_a_coupon_before_joining_counts_from_itself(tables_of_shop):
    customers, transactions = tables_of_shop()
    late = customers.assign(join_date=pd.Timestamp("2026-03-01"))
    simulated = process(late, transactions).resampled(np.random.default_rng(0))
    first = transactions.groupby("customer_id")["transaction_date"].min().clip(upper=pd.Timestamp("2026-03-01"))
    assert (simulated["transaction_date"] >= simulated["customer_id"].map(first)).all()


# The null models of a run ---------------------------------------------------------------------------------------------


def text_ids(tables):
    """Ids that are no numbers, of several lengths, some with a digit before: none may be taken for another's."""
    ids = {str(i): f"{i % 3}{'x' * (i % 4)}é{i}" for i in tables["customers"]["customer_id"]}
    return tables | {
        name: tables[name].assign(customer_id=tables[name]["customer_id"].astype(str).map(ids))
        for name in ("customers", "transactions")
    }


@pytest.fixture
def with_text_ids(write_csv):
    return write_csv(text_ids(make_shop(customers=200, transactions=1600, seed=4).tables), "texts")


@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_the_shop_itself_comes_out_as_its_matrix(recorded, with_text_ids, shop, recipe):
    """From transactions that were not resampled, the same code makes the same matrix, to the last bit."""
    for source in (with_text_ids, shop, "sample"):
        run = recorded(source, recipe)
        null_models = null_models_for(run, sample_customers=100_000)
        matrix = run.read("matrix").to_numpy()
        assert (matrix == null_models.X).all()
        assert [null.name for null in null_models.nulls] == ["process", "copula"]
        whole = run.read_table("transactions")
        rebuilt = list(null_models.nulls[0].rebuild([whole, whole]))
        assert [np.array_equal(X, matrix) for X in rebuilt] == [True, True]


def test_the_options_of_the_matrix_hold_for_the_null_models_too(recorded, shop):
    options = {"transform": "yeo-johnson", "scaling": "robust", "demographic_weight": 2.0, "min_level_share": 0.1}
    run = recorded(shop, **options, segment_by=["coupons_per_month", "burn_rate", "tenure_days"], drop_correlated=False)
    assert {"burn_rate", "tenure_days"} < set(run.read("recipe").sources)
    null_models = null_models_for(run)
    assert (run.read("matrix").to_numpy() == null_models.X).all()
    (again,) = null_models.nulls[0].rebuild([run.read_table("transactions")])
    assert (again == null_models.X).all()
    (other,) = null_models.nulls[0].draws([np.random.default_rng(0)])
    tenure = run.read("matrix").columns.get_loc("tenure_days")
    changed = (other != null_models.X).any(axis=0)
    assert not changed[tenure]  # what does not come from transactions stays
    assert changed[run.read("matrix").columns.get_loc("burn_rate")]


def test_where_nothing_comes_from_coupons_none_are_resampled(recorded, shop):
    null_models = null_models_for(recorded(shop, segment_by=["tenure_days"], drop_correlated=False))
    assert [null.name for null in null_models.nulls] == ["copula"]
    assert "Nothing here comes from coupons" in null_models.text


def test_a_ready_table_has_only_the_copula(recorded, root):
    run = recorded(root / "data/sample/survey.csv", mapping=root / "params/mappings/survey.yaml")
    null_models = null_models_for(run)
    assert (run.read("matrix").to_numpy() == null_models.X).all()
    assert [null.name for null in null_models.nulls] == ["copula"]
    assert NO_TRANSACTIONS in null_models.text
    benchmark_result = benchmark(null_models.X, null_models.nulls, **SMALL)
    assert set(benchmark_result.scores["null"]) == {"copula", ""}
    assert verdict(benchmark_result).structure in ("natural", "reproducible", "constructed")
    assert "without segments" in assess_k(2, benchmark_result)


@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_of_many_customers_a_sample_is_taken(recorded, recipe):
    run = recorded("sample", recipe)
    null_models = null_models_for(run, sample_customers=100)
    assert null_models.X.shape == (100, run.read("matrix").shape[1])
    assert "a sample of 100 stands for them" in null_models.text
    for null in null_models.nulls:
        one, two = null.draws([np.random.default_rng(i) for i in (1, 2)])
        assert one.shape == two.shape == null_models.X.shape
        assert not (one == two).all()
    assert (null_models_for(run, sample_customers=100).X == null_models.X).all()
    assert not (null_models_for(run, sample_customers=100, seed=1).X == null_models.X).all()


# The benchmark --------------------------------------------------------------------------------------------------

SMALL = {"k_max": 4, "n_null": 19, "n_samples": 6, "n_splits": 4, "n_references": 9}


@pytest.fixture(scope="module")
def benchmarked(recorded):
    null_models = null_models_for(recorded("sample"), sample_customers=100)
    calls = []

    def progress(finished, of):
        calls.append((finished, of))

    return null_models, benchmark(null_models.X, null_models.nulls, **SMALL, progress=progress), calls


def test_the_result_does_not_depend_on_the_number_of_processes(benchmarked):
    null_models, one, _ = benchmarked
    two = benchmark(null_models.X, null_models.nulls, **SMALL, n_jobs=2)
    for name in ("scores", "tests", "segments", "flows"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)
    assert one.gap_k == two.gap_k
    other = benchmark(null_models.X, null_models.nulls, **SMALL, seed=1)
    assert not one.scores.equals(other.scores)


def test_progress_is_reported_to_the_end(benchmarked):
    finished, of = zip(*benchmarked[2], strict=True)
    assert list(finished) == list(range(1, of[0] + 1))
    assert set(of) == {len(finished)}


def test_the_tables_are_tidy(benchmarked):
    _, benchmark_result, _ = benchmarked
    scores = benchmark_result.scores
    assert not scores.duplicated(["k", "metric", "null"]).any()
    assert set(scores["metric"]) == {*AGAINST_ALL, *STABILITY, "gap_error", "smallest_share"}
    beside = scores[scores["null"] != ""]
    assert beside["p"].between(1 / 20, 1).all()
    assert (beside["null_low"] <= beside["null_median"]).all()
    assert (beside["null_median"] <= beside["null_high"]).all()
    for metric in AGAINST_ALL:
        for null in ("process", "copula"):
            first = 1 if metric in ("inertia", "gap") else 2
            assert benchmark_result.of(metric, null).index.tolist() == list(range(first, 5)), metric
    assert set(scores.loc[scores["metric"].isin(STABILITY), "null"]) == {"process"}
    tests = benchmark_result.tests.set_index("null")
    assert tests.index.tolist() == ["process", "copula"]
    assert tests["p"].between(1 / 20, 1).all()
    assert tests["value"].tolist() == pytest.approx([benchmark_result.of("silhouette")["value"].max()] * 2)
    sizes = benchmark_result.segments.groupby("k")["rows"].sum()
    assert sizes.to_dict() == {2: 100, 3: 100, 4: 100}
    assert benchmark_result.segments["jaccard"].between(0, 1).all()
    least = benchmark_result.segments.groupby("k")[["jaccard", "share"]].min()
    assert benchmark_result.of("segment_jaccard")["value"].tolist() == least["jaccard"].tolist()
    assert benchmark_result.of("smallest_share")["value"].tolist() == least["share"].tolist()
    assert benchmark_result.flows.groupby("k")["rows"].sum().to_dict() == {1: 100, 2: 100, 3: 100}
    stability = benchmark_result.segments.set_index("k")["segment_level_stability"]
    assert stability[2].isna().all()
    assert stability[3:].between(0, 1).all()
    sizes = benchmark_result.n_null, benchmark_result.n_rows, benchmark_result.n_samples, benchmark_result.n_splits
    assert sizes == (19, 100, 6, 4)


def test_files_of_the_last_version_are_read(benchmarked, tmp_path):
    run, segments = Run("old", base=tmp_path), benchmarked[1].segments
    run.write("k_segments", segments.rename(columns={"segment_level_stability": "steadiness"}))
    with pytest.warns(UserWarning, match="'steadiness' is now called"):
        pd.testing.assert_frame_equal(run.read("k_segments"), segments)


def test_a_number_beside_its_null_distribution():
    """Median, 5% and 95% points of 0, ..., 20; p counts the shops that do as well, and the data as one of them."""
    null = np.arange(21.0)
    assert compare(19.0, null, "silhouette") == NullComparison(19.0, 10.0, 1.0, 19.0, 9.0, 3 / 22)
    assert compare(19.0, null, "inertia") == NullComparison(19.0, 10.0, 1.0, 19.0, -9.0, 21 / 22)
    assert compare(20 + 1e-9, null, "silhouette").p == 2 / 22  # equal but for rounding
    assert compare(21.0, null, "silhouette").p == 1 / 22


def test_stability_of_the_nulls_under_the_bootstrap_can_be_left_out(benchmarked):
    null_models, full, _ = benchmarked
    benchmark_result = benchmark(null_models.X, null_models.nulls, **SMALL, null_samples=0)
    assert benchmark_result.of("segment_jaccard")["p"].isna().all()
    assert benchmark_result.of("segment_jaccard")["value"].tolist() == full.of("segment_jaccard")["value"].tolist()
    pd.testing.assert_frame_equal(benchmark_result.tests, full.tests)
    reached = verdict(benchmark_result)
    pd.testing.assert_series_equal(reached.table["holds"], verdict(full).table["holds"])
    assert reached.k_star == verdict(full).k_star
    votes = pd.DataFrame({"criterion": ["silhouette"], "k": [3], "reading": ["most"]})
    sentences = [
        *recommendations(votes, benchmark_result, reached).table["because"],
        assess_k(3, benchmark_result),
        *reached.table["without_segments"],
    ]
    assert not any("nan" in sentence for sentence in sentences), sentences


@pytest.mark.parametrize("n_null", [0, 10, 18])
def test_too_few_shops_without_segments_are_refused(n_null):
    with pytest.raises(ParameterRefused, match="at least 19"):
        benchmark(np.zeros((5, 2)), (), n_null=n_null)


class FunctionNull:
    """A null model whose matrices come from a function."""

    def __init__(self, make, name="function"):
        self.make, self.name, self.what = make, name, "simulated by a function"

    def draws(self, rngs):
        return (self.make(rng) for rng in rngs)


def grouped(rng, apart=8.0):
    return rng.normal(size=(60, 2)) + apart * np.repeat([[0, 0], [0, 1], [1, 0]], 20, axis=0)


@pytest.mark.parametrize(("apart", "p"), [(0.0, 1 / 20), (200.0, 1.0)])
def test_small_is_better_for_inertia_and_davies_bouldin_and_great_for_the_others(apart, p):
    """Groups beside rows without any: p is as small as it can be; beside better groups of the same scale it is 1."""
    X = grouped(np.random.default_rng(0))

    def scaled(rng):
        rows = grouped(rng, apart)
        return rows / rows.std() * X.std()

    benchmark_result = benchmark(X, (FunctionNull(scaled),), **SMALL | {"k_max": 3})
    for metric in (*CRITERIA, "gap"):
        at = benchmark_result.of(metric).loc[3]
        assert at["p"] == pytest.approx(p), metric
        assert (at["excess"] > 0) == (p < 0.5), metric
        assert abs(at["excess"]) == pytest.approx(abs(at["value"] - at["null_median"]), abs=2e-6)
    assert benchmark_result.tests["p"].tolist() == pytest.approx([p])


def test_the_shop_beside_itself_is_nothing_special():
    X = grouped(np.random.default_rng(0))
    benchmark_result = benchmark(X, (FunctionNull(lambda rng: X),), **SMALL | {"k_max": 3, "n_starts": 6})
    assert benchmark_result.of("silhouette").loc[3, "excess"] == pytest.approx(0, abs=1e-5)
    assert benchmark_result.tests["p"].iloc[0] > 0.05


def test_a_handful_of_rows_is_compared_too():
    X = np.repeat([[0.0, 1], [5, 2], [9, 9]], [2, 2, 3], axis=0)
    benchmark_result = benchmark(X, (CopulaNull(X),), **SMALL | {"k_max": 3})
    assert benchmark_result.tests["p"].between(0.05, 1).all()
    assert verdict(benchmark_result).structure in ("natural", "reproducible", "constructed")


# The verdict ----------------------------------------------------------------------------------------------------

COLUMNS = ["k", "metric", "null", "value", "null_median", "null_low", "null_high", "excess", "p"]


def benchmark_result_of(
    *,
    p=(0.01, 0.02),
    jaccard=(0.9, 0.9, 0.9),
    prediction=(0.9, 0.9, 0.9),
    excess=(0.1, 0.2, 0.15),
    gap_p=(0.01, 0.01, 0.01),
    share=(0.3, 0.2, 0.1),
    gap_k=3,
):
    """A benchmark for k = 2, 3, 4, in which everything supports k = 3 unless it is changed."""
    records = []
    for i, k in enumerate((2, 3, 4)):
        for null, more in (("process", 0.0), ("copula", 0.05)):  # the excess over the process null is the smaller one
            records += [
                (k, "silhouette", null, 0.4, 0.4 - excess[i] - more, 0.0, 0.3, excess[i] + more, p[0]),
                (k, "gap", null, 1.0, 0.8, 0.7, 0.9, 0.2, gap_p[i] if null == "copula" else 0.01),
                (k, "calinski_harabasz", null, 100, 90, 80, 95, 10, 0.2),
                (k, "davies_bouldin", null, 1.0, 1.2, 1.1, 1.3, 0.2, 0.03),
            ]
        records += [
            (k, "segment_jaccard", "process", jaccard[i], 0.6, 0.5, 0.8, jaccard[i] - 0.6, 0.04),
            (k, "prediction_strength", "process", prediction[i], 0.5, 0.4, 0.7, prediction[i] - 0.5, 0.04),
            (k, "bootstrap_ari", "process", jaccard[i], 0.5, 0.4, 0.7, 0.4, 0.2),
            (k, "smallest_share", "", share[i], *[float("nan")] * 5),
        ]
    tests = [(null, "what", 0.4, 0.2, 0.1, 0.3, value) for null, value in zip(("process", "copula"), p, strict=True)]
    return Benchmark(
        pd.DataFrame(records, columns=COLUMNS),
        pd.DataFrame(tests, columns=["null", "what", "value", "null_median", "null_low", "null_high", "p"]),
        pd.DataFrame(),
        pd.DataFrame(),
        gap_k,
        n_null=99,
        n_rows=500,
        n_samples=100,
        n_splits=50,
    )


DIFFER, ALIKE = (
    pd.DataFrame(
        {"behaviour": ["burn rate", "days to burn"], "among": ["customers", "cities"], "p_holm": 0.5, "differ": differ}
    )
    for differ in ([True, True], [False, False])
)
UNSTABLE = {"jaccard": (0.7, 0.7, 0.7)}


@pytest.mark.parametrize(
    ("change", "differ", "structure", "holds"),
    [
        ({}, DIFFER, "natural", "HESD"),
        ({}, ALIKE, "natural", "ESD"),
        ({"gap_p": (0.2, 0.2, 0.2)}, ALIKE, "reproducible", "ES"),
        ({"p": (0.01, 0.3)}, DIFFER, "reproducible", "HSD"),
        ({"p": (0.3, 0.01)}, DIFFER, "reproducible", "HSD"),
        ({"p": (0.05, 0.05)}, None, "natural", "ESD"),
        ({"p": (0.01, 0.3)}, ALIKE, "constructed", "SD"),
        ({"p": (0.01, 0.3)}, None, "constructed", "SD"),
        (UNSTABLE, DIFFER, "constructed", "HE"),
        ({"prediction": (0.7, 0.7, 0.7)}, DIFFER, "constructed", "HED"),
        ({"share": (0.04, 0.04, 0.04)}, DIFFER, "constructed", "HE"),
        ({"p": (0.5, 0.5)} | UNSTABLE, DIFFER, "constructed", "H"),
        ({"p": (0.5, 0.5)} | UNSTABLE, ALIKE, "constructed", ""),
    ],
)
def test_the_evidence_makes_the_verdict(change, differ, structure, holds):
    reached = verdict(benchmark_result_of(**change), differ)
    assert reached.structure == structure
    lines = dict(zip("HESD", reached.table["holds"], strict=True))
    assert "".join(letter for letter, line_holds in lines.items() if line_holds) == holds
    assert reached.p == max(change.get("p", (0.01, 0.02)))
    assert reached.useful == "not tested"
    assert json.loads(json.dumps(reached.record.to_json()))["structure"] == structure
    assert reached.label == structure
    assert reached.evidence is reached.table


@pytest.mark.parametrize(
    ("change", "k_star"),
    [
        ({}, 3),
        ({"excess": (0.3, 0.2, 0.1)}, 2),
        ({"excess": (-0.3, -0.2, -0.1)}, 4),
        ({"jaccard": (0.9, 0.74, 0.9)}, 4),
        ({"prediction": (0.9, 0.7, 0.9)}, 4),  # not above the 95% point
        ({"share": (0.3, 0.049, 0.1)}, 4),
        ({"share": (0.3, 0.05, 0.1)}, 3),
        ({"prediction": (0.9, 0.1, 0.1)}, 2),  # the only supported one
        ({"prediction": (0.1, 0.1, 0.1)}, 3),  # none is supported: among those that come back
        ({"prediction": (0.1, 0.1, 0.1), "jaccard": (0.9, 0.5, 0.9)}, 4),
        ({"prediction": (0.1, 0.1, 0.1), "share": (0.3, 0.01, 0.01)}, 2),
        (UNSTABLE, None),
        ({"share": (0.01, 0.01, 0.01)}, None),
    ],
)
def test_the_k_that_the_evidence_speaks_for(change, k_star):
    assert verdict(benchmark_result_of(**change)).k_star == k_star


def test_the_excess_is_over_the_higher_of_both_medians():
    benchmark_result = benchmark_result_of()
    rows = (
        (benchmark_result.scores["metric"] == "silhouette")
        & (benchmark_result.scores["null"] == "copula")
        & (benchmark_result.scores["k"] == 3)
    )
    benchmark_result.scores.loc[rows, "excess"] = 0.01
    assert evidence_by_k(benchmark_result)["excess"].tolist() == pytest.approx([0.1, 0.01, 0.15])
    assert verdict(benchmark_result).k_star == 4


def test_each_kind_of_constructed_has_its_own_sentence():
    nothing = verdict(benchmark_result_of(p=(0.5, 0.2), **UNSTABLE), ALIKE).sentence
    assert "no cluster structure" in nothing
    assert "p = .50" in nothing
    gradual = verdict(benchmark_result_of(p=(0.5, 0.2), **UNSTABLE), DIFFER).sentence
    assert "burn rate and days to burn among cities" in gradual
    assert "gradually" in gradual
    assert "no cluster structure" not in gradual
    loose = verdict(benchmark_result_of(**UNSTABLE), DIFFER).sentence
    assert "stands out" in loose
    assert "comes back" in loose


def test_reproducible_says_what_it_lacks():
    sentence = verdict(benchmark_result_of(gap_p=(0.2, 0.2, 0.2)), ALIKE).sentence
    assert sentence.startswith("Reproducible: a division into 3 segments stands out")
    sentence = verdict(benchmark_result_of(p=(0.2, 0.2)), DIFFER).sentence
    assert "comes back" in sentence
    assert "p = .20" in sentence


thirds = st.tuples(*[st.sampled_from([0.01, 0.5, 0.72, 0.9])] * 3)
chances = st.sampled_from([0.01, 0.05, 0.06, 0.9])


@settings(max_examples=80, deadline=None)
@given(
    p=st.tuples(chances, chances),
    jaccard=thirds,
    prediction=thirds,
    excess=thirds,
    share=thirds,
    gap_p=st.tuples(chances, chances, chances),
    gap_k=st.integers(1, 3),
    differ=st.sampled_from([None, DIFFER, ALIKE]),
)
def test_no_verdict_claims_more_than_its_evidence(differ, **change):
    benchmark_result = benchmark_result_of(**change)
    reached = verdict(benchmark_result, differ)
    h, e, s, d = reached.table["holds"]
    if reached.structure == "constructed":
        assert not (s and (e or h))
        assert "groups" not in reached.text.lower()
        assert "natural" not in reached.text.lower()
    else:
        assert s
        at = evidence_by_k(benchmark_result).loc[reached.k_star]
        assert at["supported"]
        assert str(reached.k_star) in reached.sentence
        assert (reached.structure == "natural") == (e and d)
    assert reached.sentence.startswith(reached.structure.capitalize())
    assert reached.sentence in reached.text
    assert h == (differ is DIFFER)
    json.dumps(reached.record.to_json(), allow_nan=False)


# What each criterion would choose -------------------------------------------------------------------------------

VOTES = pd.DataFrame(
    {
        "criterion": ["elbow", "elbow_from_2", "silhouette", "calinski_harabasz", "davies_bouldin"],
        "k": [3, None, 2, 4, 3],
        "reading": "so",
    }
).astype({"k": "Int64"})


def test_each_criterion_stands_beside_what_shops_without_segments_give():
    benchmark_result = benchmark_result_of(gap_p=(0.01, 0.3, 0.01))
    table = recommendations(VOTES, benchmark_result, verdict(benchmark_result)).table.set_index("criterion")
    assert table.columns.tolist() == ["k", "reading", "believed", "because"]
    assert table.index[:5].tolist() == VOTES["criterion"].tolist()
    k = {name: None if pd.isna(value) else value for name, value in table["k"].items()}
    assert k["elbow_from_2"] is None
    assert (k["gap"], k["prediction_strength"], k["segment_jaccard"], k["all evidence together"]) == (3, 4, 4, 3)
    assert table["believed"].to_dict() == {
        "elbow": False,
        "elbow_from_2": False,
        "silhouette": True,
        "calinski_harabasz": False,
        "davies_bouldin": True,
        "gap": False,
        "prediction_strength": True,
        "segment_jaccard": True,
        "bootstrap_ari": False,
        "all evidence together": True,
    }
    assert "p = .30" in table["because"]["elbow"]
    assert "names none" in table["because"]["elbow_from_2"]


def test_only_the_gap_can_say_that_there_are_no_segments():
    benchmark_result = benchmark_result_of(gap_k=1, **UNSTABLE, prediction=(0.1, 0.1, 0.1))
    table = recommendations(VOTES, benchmark_result, verdict(benchmark_result)).table.set_index("criterion")
    assert (table["k"]["gap"], table["believed"]["gap"]) == (1, True)
    nobody = table.loc[["prediction_strength", "segment_jaccard", "all evidence together"]]
    assert nobody["k"].isna().all()
    assert not nobody["believed"].any()


def test_the_evidence_judges_also_the_k_of_the_analyst():
    benchmark_result = benchmark_result_of(
        jaccard=(0.9, 0.9, 0.4), prediction=(0.9, 0.9, 0.3), excess=(0.1, 0.2, -0.05), share=(0.3, 0.2, 0.02)
    )
    good, bad = assess_k(2, benchmark_result), assess_k(4, benchmark_result)
    assert "does not come back" not in good
    assert "predicts the other better" in good
    assert "0.100 above" in good
    assert "smallest" not in good
    assert "does not come back (Jaccard 0.40" in bad
    assert "predicts the other no better" in bad
    assert "0.050 below" in bad
    assert "only 2.0% of the rows" in bad
    assert "was not compared" in assess_k(9, benchmark_result)


def test_how_many_criteria_are_believed_is_said():
    benchmark_result = benchmark_result_of(gap_p=(0.01, 0.3, 0.01))
    text = recommendations(VOTES, benchmark_result, verdict(benchmark_result)).text
    assert text == "Of 10 criteria, 5 name a k at which shops without segments do worse (2, 3 and 4)."
    nothing = benchmark_result_of(p=(0.5, 0.5), gap_p=(0.5, 0.5, 0.5), **UNSTABLE, prediction=(0.1, 0.1, 0.1))
    text = recommendations(VOTES.head(2), nothing, verdict(nothing)).text
    assert text.endswith("Of 7 criteria, 0 name a k at which shops without segments do worse.")


# Charts ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def charts(benchmarked):
    null_models, benchmark_result, _ = benchmarked
    swept = sweep(pd.DataFrame(null_models.X), k_max=4, n_init=3)
    reached = verdict(benchmark_result)
    return Charts(benchmark_result, swept, choose_k(swept.table, k=3), reached)


@pytest.mark.parametrize(
    "name",
    ["greatest_silhouette", "elbow", "silhouette", "other_criteria", "gap", "stability", "flow", "at_a_glance"],
)
def test_every_chart_is_a_result(charts, name):
    chart = getattr(charts, name)
    assert len(chart.table)
    assert chart.text.endswith(".")
    assert chart.alt
    assert "100 rows" in chart.caption
    drawing = chart.figure()
    figure = drawing.figure if isinstance(drawing, Axes) else drawing
    figure.canvas.draw()
    plt.close(figure)


def test_charts_say_what_their_curves_show(charts):
    silhouette = charts.benchmark.of("silhouette")["value"]
    assert f"k = {silhouette.idxmax()}" in charts.silhouette.text
    assert charts.greatest_silhouette.text.startswith(f"{charts.verdict.headline}: greatest silhouette")
    assert f"k = {charts.benchmark.gap_k}" in charts.gap.alt
    assert "6 samples, 4 halvings" in charts.stability.caption
    at_a_glance = charts.at_a_glance
    assert f"in {at_a_glance.table['beyond'].sum()} of 3 ways" in at_a_glance.alt
    assert "k = 3" in at_a_glance.alt


def test_the_elbow_says_whether_the_range_decides(charts):
    elbow = charts.elbow
    assert "does not matter" in replace(elbow, elbow=3, elbow_from_2=3).text
    assert (
        "the elbow is at 3, over k = 2 to 4 at None: the range decides."
        in replace(elbow, elbow=3, elbow_from_2=None).text
    )
    assert not replace(elbow, elbow=None).believed


def test_where_nothing_comes_back_the_charts_say_so():
    weak = benchmark_result_of(**UNSTABLE)
    assert StabilityChart(weak).text == "For no number of segments do all of them come back."
    assert StabilityChart(weak).alt.endswith("for k = none.")
    assert StabilityChart(benchmark_result_of(jaccard=(0.9, 0.5, 0.8))).text == "All segments come back for k = 2, 4."


# From tables to verdict -----------------------------------------------------------------------------------------


def verdict_of(run, *, sample_customers=2500):
    null_models, study = null_models_for(run, sample_customers=sample_customers), run.study()
    benchmark_result = benchmark(
        null_models.X, null_models.nulls, k_max=5, n_null=19, n_samples=25, n_splits=15, n_references=9
    )
    panel = homogeneity(run.read("unified"), run.read_table("customers"), study, n_shuffles=199, sample_customers=2500)
    return verdict(benchmark_result, panel.table)


def test_the_committed_sample_falls_into_three_groups(recorded):
    verdict = verdict_of(recorded("sample"))
    assert (verdict.structure, verdict.k_star) == ("natural", 3)
    assert verdict.differ
    assert "3 groups" in verdict.sentence


def test_a_shop_whose_customers_differ_gradually_has_no_groups(recorded, shop):
    verdict = verdict_of(recorded(shop))
    assert verdict.structure != "natural"
    assert verdict.p > 0.05
    assert verdict.differ


@pytest.mark.parametrize(("recipe", "rows"), [("customer", 2500), ("baseline", 600)])
def test_the_original_workbook_has_no_cluster_structure(workbook, recorded, recipe, rows):
    verdict = verdict_of(recorded(workbook, recipe), sample_customers=rows)
    assert verdict.structure == "constructed"
    assert verdict.p > 0.05
    assert "no cluster structure" in verdict.sentence
    assert "groups" not in verdict.sentence

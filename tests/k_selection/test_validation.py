"""Is there structure? Shops without segments that keep their promise, and a verdict that claims no more than it may."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, spearmanr
from threadpoolctl import threadpool_limits

from seglib.datasets.shop import make_shop
from seglib.eda.heterogeneity import homogeneity
from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.indices import CRITERIA, cluster_indices
from seglib.k_selection.validation.benchmark import AGAINST_ALL, STABILITY, Benchmark, benchmark
from seglib.k_selection.validation.null_models import CopulaNull, ProcessNull
from seglib.k_selection.validation.null_shops import comparison
from seglib.k_selection.validation.recommendations import assess_k, recommendations
from seglib.k_selection.validation.verdict import evidence_by_k, verdict
from seglib.preprocessing.audit import audit
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.run import Run
from seglib.style.wording import NO_TRANSACTIONS

few_examples = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**32 - 1)
KNOBS = {
    "demographic_weight": 1.0, "transform": "log", "scaling": "standard", "drop_tied": True, "min_level_share": 0.01,
    "segment_by": None,
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small products gain nothing from threads that wait for each other."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Take a source through 01 and 03, and write what these notebooks write; the same only once."""
    made = {}

    def record(source, recipe="customer", mapping=None, **knobs):
        key = str(source), recipe, str(knobs)
        if key in made:
            return made[key]
        run = Run("recorded", base=tmp_path_factory.mktemp("home"))
        ingest(source, mapping=mapping).save(run)
        shop = run.read("shop")
        features = customer_features(run.connect(), as_of=shop["as_of"], variables=shop["variables"])
        options = KNOBS | knobs if recipe == "customer" else knobs
        if recipe == "customer":
            known = {"leave_out": features.missing, "unreliable": features.unreliable, "described": features.features}
            matrix = customer_matrix(features.table, **known, **options)
        else:
            matrix = baseline_matrix(run.read("unified"), **options)
        run.write("features", features.table)
        run.write("matrix", matrix.table)
        facts = {"name": recipe, "grain": matrix.recipe.grain, "k_rule": matrix.recipe.k_rule, "options": options}
        facts |= {"left_out": matrix.left_out, "customers_without_transaction": len(features.absent)}
        facts |= {
            "sources": matrix.sources,
            "shrinkage": features.shrinkage_params,
            "burn_window": features.redemption.window,
        }
        run.write("recipe", facts | {"audit": audit(matrix).summary()})
        made[key] = run
        return run

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
def test_the_copula_null_keeps_every_column_and_its_ties(seed):
    X, sources = mixed(seed)
    null = CopulaNull(X, sources)
    one, two = null.draws([np.random.default_rng([seed, i]) for i in range(2)])
    assert (np.sort(one, axis=0) == np.sort(X, axis=0)).all()
    assert not (one == two).all()
    assert np.abs(spearmanr(one[:, :4]).statistic - spearmanr(X[:, :4]).statistic).max() < 0.1
    assert set(map(tuple, one[:, 4:])) == {(0.7, 0, 0), (0, 0.7, 0), (0, 0, 0.7)}
    mean = [one[one[:, j] > 0, 0].mean() for j in (4, 5, 6)]
    assert mean == sorted(mean)


def test_the_copula_null_of_numbers_that_are_all_the_same():
    X = np.column_stack([np.arange(50.0), np.ones(50), np.repeat([0.0, 1.0], 25)])
    (made,) = CopulaNull(X).draws([np.random.default_rng(0)])
    assert (np.sort(made, axis=0) == np.sort(X, axis=0)).all()
    assert spearmanr(made[:, 0], made[:, 2]).statistic > 0.5


def greatest_silhouette(X):
    rows = Rows(X)
    return np.nanmax(cluster_indices(rows, best_starts(rows, 4, np.random.default_rng(0), n_init=2))["silhouette"])


def test_the_copula_null_of_normal_rows_is_like_them_and_groups_are_gone():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ np.array([[1, 0.6, 0], [0, 1, 0.3], [0, 0, 1]])
    rngs = [np.random.default_rng(i) for i in range(9)]
    draws = [greatest_silhouette(made) for made in CopulaNull(X).draws(rngs)]
    assert np.median(draws) == pytest.approx(greatest_silhouette(X), abs=0.02)
    grouped = X + 6 * np.eye(3)[rng.integers(0, 3, 400)]
    draws = [greatest_silhouette(made) for made in CopulaNull(grouped).draws(rngs)]
    assert greatest_silhouette(grouped) > max(draws) + 0.05


# Customers who are all alike ------------------------------------------------------------------------------------

AS_OF = "2026-03-31"


@pytest.fixture(scope="module")
def dealt(canonical):
    """A shop by its canonical tables, looked at three months before its end: (customers, transactions)."""
    tables = make_shop(customers=250, transactions=3000, segments=0, separation="continuum", seed=2).tables

    def deal(*without, **added):
        transactions = tables["transactions"].assign(**added)
        con = canonical(tables | {"transactions": transactions}, without=without)
        return con.table("customers").df(), con.table("transactions").df()

    return deal


def process(customers, transactions, **options):
    known = {"as_of": AS_OF, "burn_window": 90, "remake": iter} | options
    return ProcessNull(customers, transactions, **known)


def day_of_joining(customers, seen):
    first = seen.groupby("customer_id")["transaction_date"].min()
    return pd.concat([customers.set_index("customer_id")["join_date"], first], axis=1).min(axis=1)


def decided(transactions):
    return transactions[transactions["transaction_date"] <= pd.Timestamp(AS_OF) - pd.Timedelta(days=90)]


def share_burned(transactions):
    coupons = decided(transactions)
    return ((coupons["transaction_status"] == "burned") & ~(coupons["burn_date"] > AS_OF)).mean()


def unlikeness(transactions):
    """Chi-squared of burned by customer, per degree of freedom: about 1 where all are alike."""
    coupons = decided(transactions)
    burned = ((coupons["transaction_status"] == "burned") & ~(coupons["burn_date"] > AS_OF)).groupby(
        coupons["customer_id"]
    )
    n, k, p = burned.size(), burned.sum(), share_burned(transactions)
    return ((k - n * p) ** 2 / (n * p * (1 - p))).sum() / (len(n) - 1)


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_dealing_out_anew_keeps_customers_and_makes_them_alike(dealt, seed):
    customers, transactions = dealt()
    seen = transactions[transactions["transaction_date"] <= AS_OF]
    assert len(seen) < len(transactions)
    made = process(customers, transactions).shuffled(np.random.default_rng(seed))
    assert made.columns.tolist() == transactions.columns.tolist()
    assert made["customer_id"].value_counts().to_dict() == seen["customer_id"].value_counts().to_dict()
    assert (made["transaction_date"] >= made["customer_id"].map(day_of_joining(customers, seen))).all()
    assert (made["transaction_date"] <= AS_OF).all()
    assert ((made["transaction_status"] == "burned") == made["burn_date"].notna()).all()
    lag, known = ((t["burn_date"] - t["transaction_date"]).dropna() for t in (made, decided(transactions)))
    assert set(lag) <= set(known)
    assert lag.min() >= pd.Timedelta(0)
    assert sorted(made["branch_id"]) == sorted(seen["branch_id"])
    assert share_burned(made) == pytest.approx(share_burned(transactions), abs=0.05)
    assert unlikeness(transactions) > 2
    assert unlikeness(made) < 1.35


def test_another_draw_is_another_shop_and_draws_go_through_the_remake(dealt):
    null = process(*dealt())
    one, two = null.draws([np.random.default_rng(i) for i in (1, 2)])
    pd.testing.assert_frame_equal(one, null.shuffled(np.random.default_rng(1)))
    assert not one["transaction_date"].equals(two["transaction_date"])


def test_days_follow_the_calendar(dealt):
    """A shop with claims on the first of a month only, and four in five of them in December."""
    _, given_days = dealt()
    rng = np.random.default_rng(0)
    month = given_days["transaction_date"].dt.to_period("M").dt.to_timestamp()
    month = month.where(rng.random(len(month)) < 0.2, pd.Timestamp("2025-12-01"))
    customers, transactions = dealt(transaction_date=month.to_numpy(), burn_date=None)
    seen = transactions[transactions["transaction_date"] <= AS_OF]
    made = process(customers, transactions).shuffled(rng)
    assert set(made["transaction_date"]) <= set(seen["transaction_date"])
    busy = [(t["transaction_date"] == "2025-12-01").mean() for t in (made, seen)]
    assert busy[0] == pytest.approx(busy[1], abs=0.1)


def test_shops_that_record_less_are_dealt_out_too(dealt):
    for without in (("status",), ("burn dates",)):
        customers, transactions = dealt(*without)
        made = process(customers, transactions, burn_window=None).shuffled(np.random.default_rng(0))
        assert made["burn_date"].isna().all()
        assert made["transaction_status"].isna().all() == ("status" in without)
    assert share_burned(made) == pytest.approx(share_burned(transactions), abs=0.05)
    nobody_joined = customers.assign(join_date=pd.NaT)
    made = process(nobody_joined, transactions).shuffled(np.random.default_rng(0))
    first = transactions.groupby("customer_id")["transaction_date"].min()
    assert (made["transaction_date"] >= made["customer_id"].map(first)).all()


def test_amounts_stay_with_their_branches(dealt):
    """Branch and amount go together to another customer: an expensive branch stays expensive."""
    customers, transactions = dealt()
    customers, transactions = dealt(amount=transactions["branch_id"].astype(float) * 10)
    made = process(customers, transactions).shuffled(np.random.default_rng(0))
    assert (made["amount"] == made["branch_id"].astype(float) * 10).all()
    assert not made["amount"].equals(transactions["amount"].head(len(made)))


def test_a_coupon_before_joining_counts_from_itself(dealt):
    customers, transactions = dealt()
    late = customers.assign(join_date=pd.Timestamp("2026-03-01"))
    made = process(late, transactions).shuffled(np.random.default_rng(0))
    first = transactions.groupby("customer_id")["transaction_date"].min().clip(upper=pd.Timestamp("2026-03-01"))
    assert (made["transaction_date"] >= made["customer_id"].map(first)).all()


# The nulls of a run ---------------------------------------------------------------------------------------------


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
    """Of transactions that were not dealt out anew, the same code makes the same matrix, to the last bit."""
    for source in (with_text_ids, shop, "sample"):
        run = recorded(source, recipe)
        compared = comparison(run, sample_customers=100_000)
        matrix = run.read("matrix").to_numpy()
        assert (matrix == compared.X).all()
        assert [null.name for null in compared.nulls] == ["process", "copula"]
        whole = run.read_table("transactions")
        made = list(compared.nulls[0].remake([whole, whole]))
        assert [np.array_equal(X, matrix) for X in made] == [True, True]


def test_the_knobs_are_turned_for_the_nulls_too(recorded, shop):
    knobs = {"transform": "yeo-johnson", "scaling": "robust", "demographic_weight": 2.0, "min_level_share": 0.1}
    run = recorded(shop, **knobs, segment_by=["coupons_per_month", "burn_rate", "tenure_days"], drop_tied=False)
    assert {"burn_rate", "tenure_days"} < set(run.read("recipe")["sources"])
    compared = comparison(run)
    assert (run.read("matrix").to_numpy() == compared.X).all()
    (again,) = compared.nulls[0].remake([run.read_table("transactions")])
    assert (again == compared.X).all()
    (other,) = compared.nulls[0].draws([np.random.default_rng(0)])
    tenure = run.read("matrix").columns.get_loc("tenure_days")
    changed = (other != compared.X).any(axis=0)
    assert not changed[tenure]  # what does not come from transactions stays
    assert changed[run.read("matrix").columns.get_loc("burn_rate")]


def test_where_nothing_comes_from_coupons_none_are_dealt_out(recorded, shop):
    compared = comparison(recorded(shop, segment_by=["tenure_days"], drop_tied=False))
    assert [null.name for null in compared.nulls] == ["copula"]
    assert "Nothing here comes from coupons" in compared.text


def test_a_ready_table_has_only_the_copula(recorded, root):
    run = recorded(root / "data/sample/survey.csv", mapping=root / "params/mappings/survey.yaml")
    compared = comparison(run)
    assert (run.read("matrix").to_numpy() == compared.X).all()
    assert [null.name for null in compared.nulls] == ["copula"]
    assert NO_TRANSACTIONS in compared.text
    battery = benchmark(compared.X, compared.nulls, **SMALL)
    assert set(battery.scores["null"]) == {"copula", ""}
    assert verdict(battery).structure in ("natural", "reproducible", "constructed")
    assert "without segments" in assess_k(2, battery)


@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_of_many_customers_a_sample_is_taken(recorded, recipe):
    run = recorded("sample", recipe)
    compared = comparison(run, sample_customers=100)
    assert compared.X.shape == (100, run.read("matrix").shape[1])
    assert "a sample of 100 stands for them" in compared.text
    for null in compared.nulls:
        made = list(null.draws([np.random.default_rng(i) for i in (1, 2)]))
        assert [X.shape for X in made] == [compared.X.shape] * 2
        assert not (made[0] == made[1]).all()
    assert (comparison(run, sample_customers=100).X == compared.X).all()
    assert not (comparison(run, sample_customers=100, seed=1).X == compared.X).all()


# Side by side ---------------------------------------------------------------------------------------------------

SMALL = {"k_max": 4, "n_null": 19, "n_samples": 6, "n_splits": 4, "n_references": 9}


@pytest.fixture(scope="module")
def compared_once(recorded):
    compared = comparison(recorded("sample"), sample_customers=100)
    told = []
    battery = benchmark(compared.X, compared.nulls, **SMALL, progress=lambda done, of: told.append((done, of)))
    return compared, battery, told


def test_the_outcome_does_not_depend_on_the_number_of_processes(compared_once):
    compared, one, _ = compared_once
    two = benchmark(compared.X, compared.nulls, **SMALL, n_jobs=2)
    for name in ("scores", "tests", "segments", "flows"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)
    assert one.gap_k == two.gap_k
    other = benchmark(compared.X, compared.nulls, **SMALL, seed=1)
    assert not one.scores.equals(other.scores)


def test_progress_is_told_to_the_end(compared_once):
    done, of = zip(*compared_once[2], strict=True)
    assert list(done) == list(range(1, of[0] + 1))
    assert set(of) == {len(done)}


def test_the_tables_are_tidy(compared_once):
    _, battery, _ = compared_once
    scores = battery.scores
    assert not scores.duplicated(["k", "metric", "null"]).any()
    assert set(scores["metric"]) == {*AGAINST_ALL, *STABILITY, "gap_error", "smallest_share"}
    beside = scores[scores["null"] != ""]
    assert beside["p"].between(1 / 20, 1).all()
    assert (beside["null_low"] <= beside["null_median"]).all()
    assert (beside["null_median"] <= beside["null_high"]).all()
    for metric in AGAINST_ALL:
        for null in ("process", "copula"):
            first = 1 if metric in ("inertia", "gap") else 2
            assert battery.of(metric, null).index.tolist() == list(range(first, 5)), metric
    assert set(scores.loc[scores["metric"].isin(STABILITY), "null"]) == {"process"}
    tests = battery.tests.set_index("null")
    assert tests.index.tolist() == ["process", "copula"]
    assert tests["p"].between(1 / 20, 1).all()
    assert tests["value"].tolist() == pytest.approx([battery.of("silhouette")["value"].max()] * 2)
    sizes = battery.segments.groupby("k")["rows"].sum()
    assert sizes.to_dict() == {2: 100, 3: 100, 4: 100}
    assert battery.segments["jaccard"].between(0, 1).all()
    least = battery.segments.groupby("k")[["jaccard", "share"]].min()
    assert battery.of("segment_jaccard")["value"].tolist() == least["jaccard"].tolist()
    assert battery.of("smallest_share")["value"].tolist() == least["share"].tolist()
    assert battery.flows.groupby("k")["rows"].sum().to_dict() == {1: 100, 2: 100, 3: 100}
    assert battery.n_null == 19


def test_stability_of_the_nulls_under_the_bootstrap_can_be_left_out(compared_once):
    compared, full, _ = compared_once
    battery = benchmark(compared.X, compared.nulls, **SMALL, null_samples=0)
    assert battery.of("segment_jaccard")["p"].isna().all()
    assert battery.of("segment_jaccard")["value"].tolist() == full.of("segment_jaccard")["value"].tolist()
    pd.testing.assert_frame_equal(battery.tests, full.tests)
    reached = verdict(battery)
    pd.testing.assert_series_equal(reached.table["holds"], verdict(full).table["holds"])
    assert reached.k_star == verdict(full).k_star
    votes = pd.DataFrame({"criterion": ["silhouette"], "k": [3], "reading": ["most"]})
    told = [
        *recommendations(votes, battery, verdict)["because"],
        assess_k(3, battery),
        *verdict.table["without_segments"],
    ]
    assert not any("nan" in text for text in told), told


@pytest.mark.parametrize("n_null", [0, 10, 18])
def test_too_few_shops_without_segments_are_refused(n_null):
    with pytest.raises(ParameterRefused, match="at least 19"):
        benchmark(np.zeros((5, 2)), (), n_null=n_null)


class Made:
    """A null of matrices that a function makes."""

    def __init__(self, make, name="made"):
        self.make, self.name, self.what = make, name, "made by hand"

    def draws(self, rngs):
        return (self.make(rng) for rng in rngs)


def grouped(rng, apart=8.0):
    return rng.normal(size=(60, 2)) + apart * np.repeat([[0, 0], [0, 1], [1, 0]], 20, axis=0)


@pytest.mark.parametrize(("apart", "p"), [(0.0, 1 / 20), (200.0, 1.0)])
def test_small_is_better_for_inertia_and_davies_bouldin_and_great_for_the_others(apart, p):
    """Groups beside rows without any: p is as small as it can be; beside better groups of the same scale it is 1."""
    X = grouped(np.random.default_rng(0))

    def scaled(rng):
        made = grouped(rng, apart)
        return made / made.std() * X.std()

    battery = benchmark(X, (Made(scaled),), **SMALL | {"k_max": 3})
    for metric in (*CRITERIA, "gap"):
        at = battery.of(metric).loc[3]
        assert at["p"] == pytest.approx(p), metric
        assert (at["excess"] > 0) == (p < 0.5), metric
        assert abs(at["excess"]) == pytest.approx(abs(at["value"] - at["null_median"]), abs=2e-6)
    assert battery.tests["p"].tolist() == pytest.approx([p])


def test_the_shop_beside_itself_is_nothing_special():
    X = grouped(np.random.default_rng(0))
    battery = benchmark(X, (Made(lambda rng: X),), **SMALL | {"k_max": 3, "n_starts": 6})
    assert battery.of("silhouette").loc[3, "excess"] == pytest.approx(0, abs=1e-5)
    assert battery.tests["p"].iloc[0] > 0.05


def test_a_handful_of_rows_is_compared_too():
    X = np.repeat([[0.0, 1], [5, 2], [9, 9]], [2, 2, 3], axis=0)
    battery = benchmark(X, (CopulaNull(X),), **SMALL | {"k_max": 3})
    assert battery.tests["p"].between(0.05, 1).all()
    assert verdict(battery).structure in ("natural", "reproducible", "constructed")


# The verdict ----------------------------------------------------------------------------------------------------

COLUMNS = ["k", "metric", "null", "value", "null_median", "null_low", "null_high", "excess", "p"]


def battery_of(
    *,
    p=(0.01, 0.02),
    jaccard=(0.9, 0.9, 0.9),
    prediction=(0.9, 0.9, 0.9),
    excess=(0.1, 0.2, 0.15),
    gap_p=(0.01, 0.01, 0.01),
    share=(0.3, 0.2, 0.1),
    gap_k=3,
):
    """A battery for k = 2, 3, 4, in which everything speaks for k = 3 unless told otherwise."""
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
        99,
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
    reached = verdict(battery_of(**change), differ)
    assert reached.structure == structure
    found = dict(zip("HESD", reached.table["holds"], strict=True))
    assert "".join(letter for letter, held in found.items() if held) == holds
    assert reached.p == max(change.get("p", (0.01, 0.02)))
    assert reached.useful == "not tested"
    assert json.loads(json.dumps(reached.summary()))["structure"] == structure


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
    assert verdict(battery_of(**change)).k_star == k_star


def test_the_excess_is_over_the_higher_of_both_medians():
    battery = battery_of()
    rows = (
        (battery.scores["metric"] == "silhouette") & (battery.scores["null"] == "copula") & (battery.scores["k"] == 3)
    )
    battery.scores.loc[rows, "excess"] = 0.01
    assert evidence_by_k(battery)["excess"].tolist() == pytest.approx([0.1, 0.01, 0.15])
    assert verdict(battery).k_star == 4


def test_each_kind_of_constructed_has_its_own_sentence():
    nothing = verdict(battery_of(p=(0.5, 0.2), **UNSTABLE), ALIKE).sentence
    assert "no cluster structure" in nothing
    assert "p = .50" in nothing
    gradual = verdict(battery_of(p=(0.5, 0.2), **UNSTABLE), DIFFER).sentence
    assert "burn rate and days to burn among cities" in gradual
    assert "gradually" in gradual
    assert "no cluster structure" not in gradual
    loose = verdict(battery_of(**UNSTABLE), DIFFER).sentence
    assert "stands out" in loose
    assert "comes back" in loose


def test_reproducible_says_what_it_lacks():
    told = verdict(battery_of(gap_p=(0.2, 0.2, 0.2)), ALIKE).sentence
    assert told.startswith("Reproducible: a division into 3 segments stands out")
    told = verdict(battery_of(p=(0.2, 0.2)), DIFFER).sentence
    assert "comes back" in told
    assert "p = .20" in told


thirds = st.tuples(*[st.sampled_from([0.01, 0.5, 0.72, 0.9])] * 3)
chances = st.sampled_from([0.01, 0.05, 0.06, 0.9])


@settings(max_examples=80, deadline=None)
@given(
    p=st.tuples(chances, chances), jaccard=thirds, prediction=thirds, excess=thirds, share=thirds,
    gap_p=st.tuples(chances, chances, chances), gap_k=st.integers(1, 3), differ=st.sampled_from([None, DIFFER, ALIKE]),
)  # fmt: skip
def test_no_verdict_claims_more_than_its_evidence(differ, **change):
    battery = battery_of(**change)
    reached = verdict(battery, differ)
    h, e, s, d = reached.table["holds"]
    if reached.structure == "constructed":
        assert not (s and (e or h))
        assert "groups" not in reached.text.lower()
        assert "natural" not in reached.text.lower()
    else:
        assert s
        at = evidence_by_k(battery).loc[reached.k_star]
        assert at["supported"]
        assert str(reached.k_star) in reached.sentence
        assert (reached.structure == "natural") == (e and d)
    assert reached.sentence.startswith(reached.structure.capitalize())
    assert reached.sentence in reached.text
    assert h == (differ is DIFFER)
    json.dumps(reached.summary(), allow_nan=False)


# What each criterion would choose -------------------------------------------------------------------------------

VOTES = pd.DataFrame(
    {
        "criterion": ["elbow", "elbow_from_2", "silhouette", "calinski_harabasz", "davies_bouldin"],
        "k": [3, None, 2, 4, 3],
        "reading": "so",
    }
).astype({"k": "Int64"})


def test_each_criterion_stands_beside_what_shops_without_segments_give():
    battery = battery_of(gap_p=(0.01, 0.3, 0.01))
    table = recommendations(VOTES, battery, verdict(battery)).set_index("criterion")
    assert table.columns.tolist() == ["k", "reading", "believed", "because"]
    assert table.index[:5].tolist() == VOTES["criterion"].tolist()
    k = {name: None if pd.isna(value) else value for name, value in table["k"].items()}
    assert k["elbow_from_2"] is None
    assert (k["gap"], k["prediction_strength"], k["segment_jaccard"], k["all evidence together"]) == (3, 4, 4, 3)
    assert table["believed"].to_dict() == {
        "elbow": False, "elbow_from_2": False, "silhouette": True, "calinski_harabasz": False, "davies_bouldin": True,
        "gap": False, "prediction_strength": True, "segment_jaccard": True, "bootstrap_ari": False,
        "all evidence together": True,
    }  # fmt: skip
    assert "p = .30" in table["because"]["elbow"]
    assert "names none" in table["because"]["elbow_from_2"]


def test_only_the_gap_can_say_that_there_are_no_segments():
    battery = battery_of(gap_k=1, **UNSTABLE, prediction=(0.1, 0.1, 0.1))
    table = recommendations(VOTES, battery, verdict(battery)).set_index("criterion")
    assert (table["k"]["gap"], table["believed"]["gap"]) == (1, True)
    nobody = table.loc[["prediction_strength", "segment_jaccard", "all evidence together"]]
    assert nobody["k"].isna().all()
    assert not nobody["believed"].any()


def test_the_evidence_judges_also_the_k_of_the_analyst():
    battery = battery_of(
        jaccard=(0.9, 0.9, 0.4), prediction=(0.9, 0.9, 0.3), excess=(0.1, 0.2, -0.05), share=(0.3, 0.2, 0.02)
    )
    good, bad = assess_k(2, battery), assess_k(4, battery)
    assert "does not come back" not in good
    assert "predicts the other better" in good
    assert "0.100 above" in good
    assert "smallest" not in good
    assert "does not come back (Jaccard 0.40" in bad
    assert "predicts the other no better" in bad
    assert "0.050 below" in bad
    assert "only 2.0% of the rows" in bad
    assert "was not compared" in assess_k(9, battery)


# From tables to verdict -----------------------------------------------------------------------------------------


def verdict_of(run, *, sample_customers=2500, differences=True):
    recipe, shop = run.read("recipe"), run.read("shop")
    compared = comparison(run, sample_customers=sample_customers)
    size = {"k_max": 5, "n_null": 19, "n_samples": 25, "n_splits": 15, "n_references": 9}
    battery = benchmark(compared.X, compared.nulls, **size)
    panel = homogeneity(
        run.read("unified"), run.read_table("customers"), as_of=shop["as_of"], burn_window=recipe["burn_window"],
        n_shuffles=199, sample_customers=2500,
    )  # fmt: skip
    return verdict(battery, panel.table)


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

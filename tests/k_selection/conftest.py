"""Shops, runs and a small benchmark that several files of tests look at."""

import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from seglib.datasets.shop import make_shop
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.k_selection.validation.benchmark import benchmark
from seglib.k_selection.validation.null_shops import null_models_for
from seglib.preprocessing.audit import audit
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.run.run import Run

OPTIONS = {
    "demographic_weight": 1.0,
    "transform": "log",
    "scaling": "standard",
    "drop_correlated": True,
    "min_level_share": 0.01,
    "segment_by": None,
}


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small products gain nothing from threads that wait for each other."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """A small shop in which customers differ gradually, as a folder of Parquet files."""
    folder = tmp_path_factory.mktemp("continuum")
    make_shop(customers=300, transactions=2400, segments=0, separation="continuum", seed=1).write(folder)
    return folder


@pytest.fixture(scope="session")
def tables_of_shop(canonical):
    """The canonical tables of a shop whose last three months are after ``as_of``: (customers, transactions)."""
    tables = make_shop(customers=250, transactions=3000, segments=0, separation="continuum", seed=2).tables

    def build(*without, **added):
        transactions = tables["transactions"].assign(**added)
        con = canonical(tables | {"transactions": transactions}, without=without)
        return con.table("customers").df(), con.table("transactions").df()

    return build


@pytest.fixture(scope="session")
def small():
    """Options of a benchmark that takes little time."""
    return {"k_max": 4, "n_null": 19, "n_samples": 10, "n_splits": 10, "n_references": 9}


@pytest.fixture(scope="session")
def benchmarked(recorded, small):
    """The null models of 100 customers of the sample, their benchmark, and the calls that reported its progress."""
    null_models = null_models_for(recorded("sample"), sample_customers=100)
    calls = []

    def progress(finished, of):
        calls.append((finished, of))

    return null_models, benchmark(null_models.X, null_models.nulls, **small, progress=progress), calls


@pytest.fixture(scope="session")
def votes():
    """What some criteria choose (`seglib.k_selection.criteria.choice.Choice.table`)."""
    return pd.DataFrame(
        {
            "criterion": ["elbow", "elbow_from_2", "silhouette", "calinski_harabasz", "davies_bouldin"],
            "k": [3, None, 2, 4, 3],
            "reading": "so",
        }
    ).astype({"k": "Int64"})

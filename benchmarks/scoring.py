"""Measure how long 1,000,000 customers take to be scored in SQL, beside scikit-learn: `make bench`.

Generates a shop (eight transactions a customer, a fifth more customers than asked, since some have no transaction),
makes the features on DuckDB, and fits a model on 20,000 customers as 03 to 05 do. Then ``scoring.sql`` places all
customers on DuckDB, on PostgreSQL where SEGLIB_TEST_POSTGRES names a server, and on local Spark where it is installed:

    ( . .ci/postgres; .venv/bin/python benchmarks/scoring.py )

Every answer is held against `SegmentModel.describe`, customer by customer. A tie is a customer whose two nearest
centres are as near to 1e-9. DuckDB scores from a table of its own and from Parquet, and scikit-learn
(`Pipeline.transform`, then `KMeans.predict`) from a DataFrame, three times each in turn; printed is the median.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from seglib import clustering, scoring
from seglib.errors import ParameterRefused
from seglib.features import CustomerFeatures, customer_features
from seglib.features.engines import open_engine
from seglib.ingest import ingest
from seglib.preprocessing import customer_matrix
from seglib.run import Run
from seglib.schema.records import AuditRecord, ShopRecord
from seglib.schema.tables import TABLES
from seglib.sql import in_memory
from seglib.study import Study

TIE = 1e-9
PER_CUSTOMER = 8
ROUNDS = 3
ANSWER = ["customer_id", "segment", "second_segment", "confidence", "outlier"]


def described(folder: Path, customers: int, segments: int) -> tuple[CustomerFeatures, ShopRecord, Run]:
    """Generate a shop and describe its customers; returns the features, the record of the shop, and the run."""
    raw, more = folder / "raw", customers + customers // 5
    size = ["--customers", str(more), "--transactions", str(PER_CUSTOMER * more), "--segments", str(segments)]
    command = [sys.executable, "-m", "seglib", "sample", *size, "--separation", "medium", "--out", str(raw)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (raw / "truth.csv").unlink()
    shop, run = ingest(raw), Run("bench", base=folder)
    for name in TABLES:
        run.write_table(name, shop.con.table(name))
    record = shop.record
    features = customer_features(shop.con, Study(as_of=record.as_of))
    shop.con.close()
    return features, record, run


def fitted(
    features: CustomerFeatures, shop: ShopRecord, *, k: int, customers: int
) -> tuple[scoring.SegmentModel, pd.DataFrame]:
    """Fit a model on a sample, as 03 to 05 do; returns it, and the sample."""
    rows = features.table.sample(customers, random_state=0)
    matrix = customer_matrix(
        rows, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    )
    fit = clustering.segment(matrix.table, k=k, order_by=rows["n_burned"], n_init=10)
    model = scoring.model_of(
        fit,
        matrix,
        clustering.bootstrap_models(matrix.table.to_numpy(), fit.centres.to_numpy(), n_models=10),
        run="bench",
        features=rows,
        recipe=matrix.record(features, AuditRecord()),
        described=features.features,
        shop=shop,
        verdict=scoring.ModelVerdict("not judged", "not tested", "Made for a measurement: not judged."),
    )
    return model, rows


def seconds_of(run: Callable[[], object]) -> float:
    """Run something, and return how long it took."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def peer(model: scoring.SegmentModel, sample: pd.DataFrame) -> KMeans:
    """Return scikit-learn's own KMeans with the centres of the model."""
    centres = np.ascontiguousarray(model.centres.to_numpy())
    estimator = KMeans(len(centres), init=centres, n_init=1, max_iter=1).fit(model.matrix(sample).to_numpy())
    estimator.cluster_centers_ = centres
    return estimator


def timed(model: scoring.SegmentModel, table: pd.DataFrame, sample: pd.DataFrame, parquet: Path) -> dict[str, float]:
    """Score all customers in turn, and return the median of the seconds of each way."""
    con, sources = in_memory(), list(model.sources)
    con.execute(f"CREATE TABLE held AS FROM '{parquet}'")
    statement, by_sklearn = scoring.scoring_sql(model), peer(model, sample)

    def in_duckdb(source: str) -> None:
        con.execute(f"CREATE OR REPLACE TEMP VIEW features AS FROM {source}")
        con.execute(f"CREATE OR REPLACE TEMP TABLE scored AS {statement}")

    def in_sklearn() -> None:
        values = model.pipeline.transform(table[sources])
        by_sklearn.predict(values if isinstance(values, np.ndarray) else values.toarray())

    ways = {
        "DuckDB, from a table": lambda: in_duckdb("held"),
        "DuckDB, from Parquet": lambda: in_duckdb(f"'{parquet}'"),
        "scikit-learn, transform and predict": in_sklearn,
        "scikit-learn, transform and describe": lambda: model.clusterer.describe(model.matrix(table)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            seconds[name].append(seconds_of(way))
    return {name: median(each) for name, each in seconds.items()}


def by_duckdb(model: scoring.SegmentModel, parquet: Path) -> tuple[pd.DataFrame, float]:
    """Score on DuckDB; returns the answer and the seconds."""
    con = in_memory()
    con.execute(f"CREATE VIEW features AS FROM '{parquet}'")
    took = seconds_of(lambda: con.execute(f"CREATE TABLE scored AS {scoring.scoring_sql(model)}"))
    return con.table("scored").df(), took


def by_postgres(model: scoring.SegmentModel, parquet: Path, url: str) -> tuple[pd.DataFrame, float]:
    """Score on PostgreSQL, in temporary tables; returns the answer and the seconds of the statement alone."""
    import psycopg

    file = parquet.with_suffix(".csv")
    held = duckdb.sql(f"FROM '{parquet}'")
    kinds = {c: "text" if t == "VARCHAR" else "double precision" for c, t in zip(held.columns, held.types, strict=True)}
    duckdb.sql(f"COPY (FROM '{parquet}') TO '{file}' (HEADER, NULLSTR '\\N')")
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TEMP TABLE features ({', '.join(f'{c} {kind}' for c, kind in kinds.items())})")
        with (
            file.open("rb") as rows,
            connection.cursor().copy("COPY features FROM STDIN (FORMAT csv, HEADER, NULL '\\N')") as copy,
        ):
            while part := rows.read(2**20):
                copy.write(part)
        connection.execute("ANALYZE features")
        statement = scoring.scoring_sql(model, dialect="postgres")
        took = seconds_of(lambda: connection.execute(f"CREATE TEMP TABLE scored AS {statement}", prepare=False))
        answer = connection.execute(f"SELECT {', '.join(ANSWER)} FROM scored").fetchall()
        connection.rollback()
    return pd.DataFrame(answer, columns=ANSWER), took


def by_spark(model: scoring.SegmentModel, parquet: Path, run: Run) -> tuple[pd.DataFrame, float]:
    """Score on local Spark, from Parquet to Parquet; returns the answer and the seconds, without those of the start."""
    session = open_engine("spark", run, in_memory()).session
    session.read.parquet(f"file://{parquet}").createOrReplaceTempView("features")
    out = parquet.with_name("scored")
    rows = session.sql(scoring.scoring_sql(model, dialect="spark"))
    took = seconds_of(lambda: rows.write.mode("overwrite").parquet(f"file://{out}"))
    session.stop()
    return duckdb.sql(f"FROM '{out}/*.parquet'").df(), took


def compared(answer: pd.DataFrame, expected: pd.DataFrame, tied: pd.Series) -> dict[str, float]:
    """Hold an answer against scikit-learn's, customer by customer."""
    answer = answer.set_index("customer_id")
    assert len(answer) == len(expected), f"{len(answer):,} rows for {len(expected):,} customers"
    assert answer.index.is_unique, "a customer comes twice"
    answer = answer.reindex(expected.index)
    other = answer["segment"].astype(object) != expected["segment"]
    return {
        "equal": int((~other).sum()),
        "differing": int(other.sum()),
        "differing, no tie": int((other & ~tied).sum()),
        "second segment differs": int((answer["second_segment"].astype(object) != expected["second_segment"]).sum()),
        "outlier differs": int((answer["outlier"].astype(bool) != expected["outlier"]).sum()),
        "confidence, at most": float((answer["confidence"].astype(float) - expected["margin"]).abs().max()),
    }


def main() -> None:
    """Generate, fit, score everywhere, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=5)
    parser.add_argument("--sample", type=int, default=20_000, help="customers that the model is fitted on")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seglib-bench-") as place:
        features, shop, run = described(Path(place), arguments.customers, arguments.segments)
        model, sample = fitted(
            features, shop, k=arguments.segments, customers=min(arguments.sample, arguments.customers)
        )
        table, parquet = features.table.head(arguments.customers), Path(place) / "features.parquet"
        table.reset_index().to_parquet(parquet, index=False)
        print(f"{len(table):,} customers. {model.text}", flush=True)
        near = np.sort(model.clusterer.transform(model.matrix(table)), axis=1)
        tied = pd.Series(near[:, 1] - near[:, 0] < TIE, table.index)
        expected = model.describe(table)
        print(f"ties: {int(tied.sum())}; the closest call of the others: {(near[:, 1] - near[:, 0])[~tied].min():.1e}")
        took = timed(model, table, sample, parquet)
        of = took["scikit-learn, transform and predict"]
        print("\n| scoring | seconds | of scikit-learn's predict |\n|---|---|---|")
        for name, each in took.items():
            print(f"| {name} | {each:.2f} | {each / of:.2f} |", flush=True)
        answers = {"DuckDB": lambda: by_duckdb(model, parquet)}
        if url := os.environ.get("SEGLIB_TEST_POSTGRES"):
            answers["PostgreSQL"] = lambda: by_postgres(model, parquet, url)
        else:
            print("\nPostgreSQL is left out: SEGLIB_TEST_POSTGRES names no server.")
        answers["Spark"] = lambda: by_spark(model, parquet, run)
        print("\n| engine | equal | differing | ... no tie | second | outlier | confidence | seconds |")
        print("|---|---|---|---|---|---|---|---|")
        for name, answer in answers.items():
            try:
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", category=FutureWarning)
                    answered, each = answer()
            except ParameterRefused as why:
                print(f"| {name} is left out: {why} |")
                continue
            facts = compared(answered, expected, tied)
            cells = [f"{value:,}" if isinstance(value, int) else f"{value:.0e}" for value in facts.values()]
            print(f"| {name} | {' | '.join(cells)} | {each:.1f} |", flush=True)


if __name__ == "__main__":
    main()

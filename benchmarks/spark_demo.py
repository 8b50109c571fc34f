"""Segment a shop that lies on Spark, without fetching its customers: `make spark-demo`.

    python benchmarks/spark_demo.py --customers 100000 --k 3

Generates a shop, takes it in, and from then on works on local Spark: the features are made there by the same SQL as
anywhere else and written as Parquet; what comes to this process is how many customers have which counts, for the fits,
and a sample. On the sample the segments are made, as 03 to 05 do, and saved as a model file. The model that is loaded
again becomes one statement, which places all customers on Spark. In the end scikit-learn places them as well, read back
in batches, and the labels are compared. Printed are the seconds of every step, those of Java's start apart.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from seglib import clustering, k_selection, scoring
from seglib.features import CustomerFeatures, features_in_database
from seglib.features.engines import open_engine
from seglib.ingest import ingest
from seglib.preprocessing import customer_matrix
from seglib.run import Run
from seglib.schema.records import AuditRecord, ShopRecord
from seglib.schema.tables import TABLES
from seglib.sql import in_memory
from seglib.study import Study
from seglib.style import join_words

PER_CUSTOMER = 8
BATCH = 100_000
"""Customers that are read back at one time."""


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print how long a step took."""
    start = time.perf_counter()
    yield
    print(f"{time.perf_counter() - start:7.1f} s  {what}", flush=True)


def taken_in(folder: Path, customers: int, segments: int) -> tuple[Run, ShopRecord]:
    """Generate a shop as Parquet, apply the contract, write the canonical tables; returns the run and its record."""
    raw, size = folder / "raw", ["--customers", str(customers), "--transactions", str(PER_CUSTOMER * customers)]
    command = [sys.executable, "-m", "seglib", "sample", *size, "--segments", str(segments), "--out", str(raw)]
    with step(f"a shop of {customers:,} customers is generated and written as Parquet"):
        subprocess.run([*command, "--separation", "medium"], check=True, stdout=subprocess.DEVNULL)
        (raw / "truth.csv").unlink()
    with step("01 takes it in, on DuckDB, and writes the canonical tables"):
        shop, run = ingest(raw), Run("spark-demo", base=folder)
        for name in TABLES:
            run.write_table(name, shop.con.table(name))
        record = shop.record
        shop.con.close()
    return run, record


def fitted(features: CustomerFeatures, shop: ShopRecord, *, k: int | None) -> scoring.SegmentModel:
    """Make the segments of a sample, as 03 to 05 do; without ``k``, the greatest silhouette of a small sweep counts."""
    rows = features.table
    matrix = customer_matrix(
        rows, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    )
    if k is None:
        swept = k_selection.sweep(matrix.table, k_max=8, n_init=10)
        k = int(k_selection.curve(swept.table, "silhouette").idxmax())
    fit = clustering.segment(matrix.table, k=k, order_by=rows["n_burned"], n_init=10)
    return scoring.model_of(
        fit,
        matrix,
        clustering.bootstrap_models(matrix.table.to_numpy(), fit.centres.to_numpy(), n_models=50),
        run="spark-demo",
        features=rows,
        recipe=matrix.record(features, AuditRecord()),
        described=features.features,
        shop=shop,
        verdict=scoring.ModelVerdict("not judged", "not tested", "A demonstration: not judged."),
    )


def compared(model: scoring.SegmentModel, features: Path, scored: Path) -> tuple[int, int, int]:
    """Place all customers by scikit-learn, in batches; returns how many are equal, how many differ, how many tie."""
    con, letters = in_memory(reads=[features, scored]), np.array(model.letters, dtype=object)
    numbers = [name for name, kind in model.sources.items() if kind in ("numeric", "binary")]
    batches = con.sql(
        f"SELECT f.*, s.segment AS on_spark FROM '{features}/*.parquet' AS f LEFT JOIN "
        f"read_parquet('{scored}/*/*.parquet', hive_partitioning = true) AS s USING (customer_id)"
    ).to_arrow_reader(BATCH)
    equal = other = ties = 0
    for batch in batches:
        rows = batch.to_pandas().set_index("customer_id").astype(dict.fromkeys(numbers, "float64"))
        distance = model.clusterer.transform(model.matrix(rows))
        first, second = np.sort(distance, axis=1)[:, :2].T
        tied = second - first < 1e-9
        same = rows["on_spark"].to_numpy(dtype=object) == letters[distance.argmin(axis=1)]
        equal, other, ties = equal + int(same.sum()), other + int((~same).sum()), ties + int(tied.sum())
    return equal, other, ties


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Do all of it and print; returns how many customers there are, by segment, and how many labels differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=20_000, help="customers that come to this process")
    parser.add_argument("--segments", type=int, default=5, help="segments that are planted in the shop")
    parser.add_argument("--k", type=int, help="segments to be made; default: what a small sweep says")
    parser.add_argument("--out", type=Path, help="a folder for all files; default: one that is removed in the end")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="seglib-spark-") as place, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*pandas", category=FutureWarning)  # PySpark's, of pandas 3
        return demonstrate(options.out.resolve() if options.out else Path(place), options)


def demonstrate(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Go from a shop to its scored customers, all of whose files are in one folder."""
    run, shop = taken_in(folder, options.customers, options.segments)
    features, scored, file = folder / "features", folder / "scored", folder / "model.skops"
    with step("Spark starts"):
        engine = open_engine("spark", run, in_memory())
    print(f"           {engine.text}")
    with step("counts on Spark, cells to this process, the fits"):
        on_spark = features_in_database(engine, Study(as_of=shop.as_of))
    with step("features on Spark, written as Parquet"):
        engine.session.table("features").write.mode("overwrite").parquet(f"file://{features}")
        engine.session.read.parquet(f"file://{features}").createOrReplaceTempView("features")
    with step("a sample comes to this process"):
        sample = on_spark.fetch(options.sample)
    with step(f"matrix, segments and bootstrap models of {len(sample.table):,} customers"):
        model = fitted(sample, shop, k=options.k)
    with step("the model file is written and loaded"):
        scoring.save_model(model, file)
        model = scoring.load_model(file)
    print(f"           {file.stat().st_size:,} bytes. {model.text}")
    with step("scoring.sql on Spark places all customers, written as Parquet by segment"):
        answer = engine.session.sql(scoring.scoring_sql(model, dialect="spark"))
        answer.write.mode("overwrite").partitionBy("segment").parquet(f"file://{scored}")
    with step("customers are counted on Spark"):
        engine.session.read.parquet(f"file://{scored}").createOrReplaceTempView("scored")
        counted = engine.frame("SELECT segment, count(*) AS customers FROM scored GROUP BY segment ORDER BY segment")
        sizes = {letter: int(n) for letter, n in zip(counted["segment"], counted["customers"], strict=True)}
    with step("scikit-learn places all customers, read back in batches"):
        equal, other, ties = compared(model, features, scored)
    by_segment = join_words([f"{letter} {n:,}" for letter, n in sizes.items()])
    print(
        f"{sum(sizes.values()):,} of {options.customers:,} customers have a transaction, and a segment: {by_segment}."
    )
    print(f"Beside scikit-learn: {equal:,} labels are equal, {other:,} differ; {ties:,} customers lie on a border.")
    return {"equal": equal, "differing": other, "ties": ties, "sizes": sizes, "fetched": len(sample.table)}


if __name__ == "__main__":
    main()

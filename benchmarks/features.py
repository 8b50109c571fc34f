"""Measure how long the features take on a large shop, beside pandas and Polars: `make bench`.

Generates 1,000,000 customers with 20,000,000 transactions, writes the canonical tables as 01 does (Parquet), and makes
the features three times each: with ``sql/counts.sql`` and ``sql/features.sql`` on DuckDB, fits included; with pandas;
with Polars, lazily. The peers are given what was fitted, and make the same numbers, which is checked. Prints the median
of each and the ratios.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

from seglib.features import DAYS_PER_MONTH, DuckDB, features_in_database
from seglib.ingest import ingest
from seglib.sql import in_memory
from seglib.study import Study

WINDOW = 90
TABLES = ("customers", "transactions", "branches", "genders", "cities")
NUMBERS = [
    "coupons_per_month",
    "burn_rate",
    "days_to_burn",
    "never_burned",
    "recency_days",
    "spend_per_month",
    "n_coupons",
    "n_burned",
    "n_branches",
    "n_merchants",
    "tenure_days",
    "n_matured",
    "n_matured_burned",
    "lag_days",
    "spend",
    "months_observed",
]


def ours(folder: Path, as_of: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """Make the features with the statement; returns them and what was fitted."""
    con = in_memory()
    for name in TABLES:
        con.read_parquet(f"{folder}/{name}.parquet").create_view(name)
    features = features_in_database(DuckDB(con), Study(as_of=as_of, burn_window=WINDOW))
    return features.fetch().table, dict(features.study.shrinkage)


def with_pandas(folder: Path, as_of: str, fit: dict[str, float]) -> pd.DataFrame:
    """Make the same columns with vectorised pandas."""
    day = pd.Timestamp(as_of)
    read = {name: pq.read_table(folder / f"{name}.parquet").to_pandas(date_as_object=False) for name in TABLES}
    t = read["transactions"]
    t = t[t["transaction_date"] <= day].merge(read["branches"], on="branch_id", how="left")
    burned = (t["transaction_status"] == "burned") & ~(t["burn_date"] > day)
    matured = (day - t["transaction_date"]).dt.days >= WINDOW
    t["n_burned"] = burned.astype("int64")
    t["n_matured"] = matured.astype("int64")
    t["n_matured_burned"] = (burned & matured).astype("int64")
    t["lag_days"] = (t["burn_date"] - t["transaction_date"]).dt.days.where(burned & matured, 0)
    by = t.groupby("customer_id", sort=False)
    f = by[["n_burned", "n_matured", "n_matured_burned", "lag_days"]].sum()
    f["spend"] = by["amount"].sum(min_count=1)
    f["n_coupons"] = by.size()
    f["n_branches"], f["n_merchants"] = by["branch_id"].nunique(), by["merchant_id"].nunique()
    first, last = by["transaction_date"].min(), by["transaction_date"].max()
    people = read["customers"].merge(read["genders"], on="gender_id", how="left")
    people = people.merge(read["cities"], on="city_id", how="left").set_index("customer_id")
    f = f.join(people[["join_date", "gender_name", "city_name"]])
    since = f["join_date"].where(f["join_date"] < first, first)
    f["tenure_days"], f["recency_days"] = (day - since).dt.days, (day - last).dt.days
    f["months_observed"] = (f["tenure_days"] / DAYS_PER_MONTH).clip(lower=1.0)
    f["coupons_per_month"] = f["n_coupons"] / f["months_observed"]
    f["spend_per_month"] = f["spend"] / f["months_observed"]
    for name, x, n in (("burn", "n_matured_burned", "n_matured"), ("lag", "lag_days", "n_matured_burned")):
        r, mean = fit[f"{name}_reliability"], fit[f"{name}_mean"]
        f[f"shrunk_{name}"] = ((1 - r) * mean + r * f[x]) / ((1 - r) + r * f[n])
    f = f.rename(columns={"shrunk_burn": "burn_rate", "shrunk_lag": "days_to_burn"})
    f["never_burned"] = (f["n_matured_burned"] == 0).astype(float).where(f["n_matured"] > 0)
    return f.sort_index(key=lambda ids: ids.str.zfill(20))


def with_polars(folder: Path, as_of: str, fit: dict[str, float]) -> pl.DataFrame:
    """Make the same columns with Polars, lazily."""
    day, c = pl.lit(as_of).str.to_date(), pl.col
    read = {name: pl.scan_parquet(folder / f"{name}.parquet") for name in TABLES}
    burned = (c("transaction_status") == "burned") & (c("burn_date").is_null() | (c("burn_date") <= day))
    matured = (day - c("transaction_date")).dt.total_days() >= WINDOW
    lag = (c("burn_date") - c("transaction_date")).dt.total_days()
    counts = (
        read["transactions"]
        .filter(c("transaction_date") <= day)
        .join(read["branches"], on="branch_id", how="left")
        .with_columns(burned=burned, matured=matured, lag=lag)
        .group_by("customer_id")
        .agg(
            n_coupons=pl.len(),
            n_burned=c("burned").sum(),
            n_matured=c("matured").sum(),
            n_matured_burned=(c("burned") & c("matured")).sum(),
            lag_days=pl.when(c("burned") & c("matured")).then(c("lag")).otherwise(0).sum(),
            spend=pl.when(c("amount").is_not_null().any()).then(c("amount").sum()),
            n_branches=c("branch_id").drop_nulls().n_unique(),
            n_merchants=c("merchant_id").drop_nulls().n_unique(),
            first=c("transaction_date").min(),
            last=c("transaction_date").max(),
        )
    )
    people = read["customers"].join(read["genders"], on="gender_id", how="left")
    people = people.join(read["cities"], on="city_id", how="left")
    people = people.select("customer_id", "join_date", "gender_name", "city_name")

    def shrunk(name: str, x: str, n: str) -> pl.Expr:
        r, mean = fit[f"{name}_reliability"], fit[f"{name}_mean"]
        return ((1 - r) * mean + r * c(x)) / ((1 - r) + r * c(n))

    since = pl.when(c("join_date") < c("first")).then(c("join_date")).otherwise(c("first"))
    return (
        counts.join(people, on="customer_id")
        .with_columns(
            tenure_days=(day - since).dt.total_days(),
            recency_days=(day - c("last")).dt.total_days(),
            burn_rate=shrunk("burn", "n_matured_burned", "n_matured"),
            days_to_burn=shrunk("lag", "lag_days", "n_matured_burned"),
            never_burned=pl.when(c("n_matured") > 0).then((c("n_matured_burned") == 0).cast(pl.Float64)),
        )
        .with_columns(months_observed=(c("tenure_days") / DAYS_PER_MONTH).clip(lower_bound=1.0))
        .with_columns(
            coupons_per_month=c("n_coupons") / c("months_observed"), spend_per_month=c("spend") / c("months_observed")
        )
        .sort(c("customer_id").str.len_chars(), c("customer_id"))
        .collect()
    )


def assert_same(table: pd.DataFrame, other: pd.DataFrame) -> None:
    """Stop unless two results are equal."""
    assert table.index.equals(other.index), "other customers, or another order"
    for name in NUMBERS:
        np.testing.assert_allclose(table[name].astype(float), other[name].astype(float), rtol=1e-9, err_msg=name)


def main() -> None:
    """Generate the shop, run each three times in turn, compare and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--transactions", type=int, default=20_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seglib-bench-") as place:
        raw, folder = Path(place) / "raw", Path(place) / "tables"
        size = ["--customers", str(arguments.customers), "--transactions", str(arguments.transactions)]
        command = [sys.executable, "-m", "seglib", "sample", *size, "--out", str(raw)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (raw / "truth.csv").unlink()
        folder.mkdir()
        shop = ingest(raw)
        for name in TABLES:
            shop.con.table(name).write_parquet(f"{folder}/{name}.parquet", compression="zstd")
        as_of, seconds = f"{shop.as_of:%Y-%m-%d}", {"DuckDB": [], "pandas": [], "Polars": []}
        shop.con.close()
        for _ in range(3):
            begun = time.perf_counter()
            table, fit = ours(folder, as_of)
            seconds["DuckDB"].append(time.perf_counter() - begun)
            for name, make in (("pandas", with_pandas), ("Polars", with_polars)):
                begun = time.perf_counter()
                other = make(folder, as_of, fit)
                seconds[name].append(time.perf_counter() - begun)
                if name == "Polars":
                    other = other.to_pandas().set_index("customer_id")
                assert_same(table, other)
                del other
    took = {name: median(each) for name, each in seconds.items()}
    for name, each in took.items():
        print(f"features of {arguments.transactions:,} transactions, {name:8}{each:8.1f} s", flush=True)
    print(
        f"DuckDB / pandas {took['DuckDB'] / took['pandas']:.2f}, DuckDB / Polars {took['DuckDB'] / took['Polars']:.2f}"
    )


if __name__ == "__main__":
    main()

"""Measure how long the contract and the unified table take on a large shop, and how much memory: `make bench`.

Generates 1,000,000 customers with 20,000,000 transactions as Parquet (about 250 MB, in a temporary folder), reads them
in a process of its own, and prints the seconds of each part beside those of a plain scan of the same files, and the
peak of the process's memory.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

CUSTOMERS, TRANSACTIONS = 1_000_000, 20_000_000

MEASURED = """
import resource, sys, time
import duckdb
from seglib.ingest import ingest

def lap(what, begun):
    print(f"{what:52}{time.perf_counter() - begun:8.1f} s", flush=True)

folder = sys.argv[1]
duckdb.execute("SET enable_progress_bar = false")
begun = time.perf_counter()
distinct = "count(DISTINCT transaction_id), count(DISTINCT customer_id), count(DISTINCT coupon_name)"
duckdb.sql(f"SELECT {distinct}, max(burn_date) FROM '{folder}/transactions.parquet'").fetchall()
lap("peer: one scan with distinct counts, DuckDB", begun)
begun = time.perf_counter()
shop = ingest(folder)
lap("contract: read, checked by every rule, reconciled", begun)
rows = shop.unified.shape[0]
lap(f"... and unified view built, {rows:,} rows", begun)
shop.unified.write_parquet(folder + "/unified.parquet", compression="zstd")
lap("... and unified.parquet written", begun)
print(shop.text)
print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
"""


def main() -> None:
    """Generate the shop, and measure in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="seglib-bench-") as folder:
        size = ["--customers", str(CUSTOMERS), "--transactions", str(TRANSACTIONS)]
        command = [sys.executable, "-m", "seglib", "sample", *size, "--out", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (Path(folder) / "truth.csv").unlink()
        subprocess.run([sys.executable, "-c", MEASURED, folder], check=True)


if __name__ == "__main__":
    main()

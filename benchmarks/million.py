"""Run the six notebooks on a shop of a million customers with 20 million transactions: `make million`.

Generates the shop as Parquet (about 250 MB, in a temporary folder), runs `seglib run` on it to the finished report, and
adds up the memory of that process and all its children twice a second (proportional set size: memory that processes
share counts once). Then it checks what came out: the planted segments are found, every customer is on one list and all
are counted, the lists are there, the pages are within their limits. It ends with 1 if any of this does not hold.

    python benchmarks/million.py                                              # 1e6 customers, 2e7 transactions
    python benchmarks/million.py --customers 100000 --transactions 2000000
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import psutil
from sklearn.metrics import adjusted_rand_score

LARGEST_PAGE, LARGEST_INDEX = 2_000_000, 600_000
"""Bytes of a page, as the browser checks limit them for every shop."""

LEAST_ARI = 0.9
DONE = re.compile(r"(\d\d_\w+) done in ([\d.]+) s")


def memory_of_tree(process: psutil.Process) -> int:
    """Return the bytes that a process and its children hold; a shared page counts once."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):
            total += member.memory_full_info().pss
    return total


def measured(command: list[str], home: Path) -> Iterator[tuple[str, float, int]]:
    """Run a command; yield each line that it prints with the seconds since its start and the peak until then."""
    begun, peak = time.perf_counter(), 0
    with (home / "printed.txt").open("w+") as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT, env=_environment(home))
        watched, seen = psutil.Process(process.pid), 0
        ended = False
        while not ended:
            ended = process.poll() is not None
            with suppress(psutil.Error):
                peak = max(peak, memory_of_tree(watched))
            lines = (home / "printed.txt").read_text().splitlines()
            for line in lines[seen:]:
                yield line, time.perf_counter() - begun, peak
                peak = 0
            seen = len(lines)
            time.sleep(0.0 if ended else 0.5)
    if process.returncode:
        sys.exit(process.returncode)


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"SEGLIB_HOME": str(home), "PYTHONUNBUFFERED": "1"}


@contextmanager
def shop_of(customers: int, transactions: int, kept_in: Path | None) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Generate the shop in a folder of its own, or in one that stays; give the folder and who is planted where."""
    with tempfile.TemporaryDirectory(prefix="seglib-million-") as temporary:
        folder = kept_in or Path(temporary) / "shop"
        truth = folder.with_name(f"{folder.name}-truth.csv")
        if not truth.exists():
            size = ["--customers", str(customers), "--transactions", str(transactions)]
            command = [sys.executable, "-m", "seglib", "sample", *size, "--out", str(folder)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            (folder / "truth.csv").rename(truth)
        yield folder, pd.read_csv(truth, dtype={"customer_id": str})


def wrong_with(report: Path, truth: pd.DataFrame) -> list[str]:
    """Return what does not hold of a finished report, and print what was found."""
    segments = pd.read_csv(report / "segments.csv", dtype={"customer_id": str})
    both = segments.merge(truth, on="customer_id", suffixes=("", "_planted"))
    index = adjusted_rand_score(both["segment_planted"], both["segment"])
    apart = report / "customers_without_transaction.csv"
    absent = len(pd.read_csv(apart)) if apart.exists() else 0
    run = json.loads((report / "run.json").read_text(encoding="utf-8"))
    sizes = {part["segment"]: part["customers"] for part in run["segments"]}
    lists = sorted((report / "audience").glob("*_send.csv"))
    control = sorted((report / "audience").glob("*control*.csv"))
    sent = pd.concat([pd.read_csv(path, dtype={"customer_id": str})["customer_id"] for path in [*lists, *control]])
    pages = {path.name: path.stat().st_size for path in report.glob("*.html")}
    large = [n for n, b in pages.items() if b > (LARGEST_INDEX if n == "index.html" else LARGEST_PAGE)]
    print(f"adjusted Rand index with the planted segments {index:.3f}; sizes {sizes}; {len(lists)} lists to send")
    print(f"largest page {max(pages.values()) / 1e6:.2f} MB; index.html {pages['index.html'] / 1e6:.2f} MB")
    checks = {
        f"planted segments found with an index of {index:.3f} only": index >= LEAST_ARI,
        "sizes of segments do not add up to the customers placed": sum(sizes.values()) == len(segments),
        "customers are lost": len(segments) + absent == len(truth),
        "no list for some segment": len(lists) == len(sizes),
        "customers on the lists are not those placed": sorted(sent) == sorted(segments["customer_id"]),
        f"too large: {', '.join(large)}": not large,
    }
    return [what for what, holds in checks.items() if not holds]


def main() -> None:
    """Generate, run and measure, and check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--transactions", type=int, default=20_000_000)
    parser.add_argument("--shop", type=Path, help="keep the generated shop in this folder, or read it from there")
    parser.add_argument("--home", type=Path, help="leave run and report in this folder")
    parser.add_argument("arguments", nargs="*", help="for `seglib run`, after --")
    asked = parser.parse_args()
    with (
        shop_of(asked.customers, asked.transactions, asked.shop) as (folder, truth),
        tempfile.TemporaryDirectory(prefix="seglib-million-") as temporary,
    ):
        home = asked.home or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "seglib", "run", "--source", str(folder), "--run", "million", "--all"]
        seconds, peaks = 0.0, [0]
        for line, seconds, peak in measured([*command, *asked.arguments], home):  # noqa: B007 - the last one is kept
            peaks.append(peak)
            if notebook := DONE.search(line):
                print(f"{notebook[1]:<20}{float(notebook[2]):8.1f} s{peak / 1e9:8.2f} GB", flush=True)
        print(f"{'all':<20}{seconds:8.1f} s{max(peaks) / 1e9:8.2f} GB")
        wrong = wrong_with(home / "reports" / "million", truth)
    sys.exit("; ".join(wrong) or 0)


if __name__ == "__main__":
    main()

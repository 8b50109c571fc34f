"""Whether a shop fits into the free memory of this machine: said before the notebooks that need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglib.run import TABLES, file_of

if TYPE_CHECKING:
    from seglib.run import Run

BYTES, BYTES_A_CUSTOMER, BYTES_A_TRANSACTION = 1.9e9, 1_000, 200
"""What a whole run needs at its peak, all processes together: fitted to ``benchmarks/million.py`` at two sizes."""

FROM = 200_000
"""Transactions from which on the question is asked: every machine has room for fewer."""


def memory_needed(customers: int, transactions: int) -> int:
    """Return about how many bytes a whole run needs at its peak.

    Parameters
    ----------
    customers, transactions : int
        That 01_ingest accepted.
    """
    return int(BYTES + BYTES_A_CUSTOMER * customers + BYTES_A_TRANSACTION * transactions)


def why_it_may_not_fit(run: Run, *, free: int | None = None) -> str:
    """Say that a shop needs more memory than is free, and what to do; empty where it fits.

    Parameters
    ----------
    run : Run
        After 01_ingest.
    free : int, optional
        Bytes; default: what this machine can give without writing memory to disk.
    """
    import psutil
    import pyarrow.parquet as pq

    files = [run.data_dir / file_of(name) for name in ("unified", f"{TABLES}customers")]
    if not all(file.exists() for file in files):
        return ""
    transactions, customers = (pq.read_metadata(file).num_rows for file in files)
    if transactions < FROM:
        return ""
    needed = memory_needed(customers, transactions)
    free = psutil.virtual_memory().available if free is None else free
    if needed <= free:
        return ""
    return (
        f"{transactions:,} transactions of {customers:,} customers need about {needed / 1e9:.0f} GB of memory, and "
        f"{free / 1e9:.1f} GB are free. If a notebook stops for want of memory, end other programs and go on from it "
        "(--from), or look at one market (--set cities=...)."
    )

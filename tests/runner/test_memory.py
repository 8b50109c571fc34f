"""A shop that may not fit into memory: said after it was read, and only then."""

from types import SimpleNamespace

import pandas as pd
import pytest

from seglib.runner import memory
from seglib.runner.memory import memory_needed, why_it_may_not_fit

GB = 10**9


def shop_of(folder, customers, transactions):
    (folder / "tables").mkdir()
    pd.DataFrame({"customer_id": range(customers)}).to_parquet(folder / "tables" / "customers.parquet")
    pd.DataFrame({"customer_id": [0] * transactions}).to_parquet(folder / "unified.parquet")
    return SimpleNamespace(data_dir=folder)


@pytest.mark.parametrize(
    ("customers", "transactions", "gigabytes"),
    [(100_000, 2_000_000, 2.31), (1_000_000, 20_000_000, 5.99)],
)
def test_the_estimate_is_near_what_was_measured(customers, transactions, gigabytes):
    """Peaks of the whole process tree, from benchmarks/RESULTS.md: never less, and at most half as much again."""
    assert 1 <= memory_needed(customers, transactions) / (gigabytes * GB) <= 1.5


def test_it_is_said_where_it_does_not_fit_and_only_there(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "FROM", 1_000)
    run = shop_of(tmp_path, 50, 1_200)
    needed = memory_needed(50, 1_200)
    assert not why_it_may_not_fit(run, free=needed)
    sentence = why_it_may_not_fit(run, free=needed - 1)
    assert sentence.startswith("1,200 transactions of 50 customers need about 2 GB of memory, and 1.9 GB are free.")
    assert "--set cities=" in sentence
    monkeypatch.setattr(memory, "FROM", 1_201)
    assert not why_it_may_not_fit(run, free=0)

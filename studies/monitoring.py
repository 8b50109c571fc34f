"""How often two months of a shop are said to differ where they do not, and how near a known share of movers comes.

    python -m studies.monitoring            # writes studies/monitoring.csv and studies/monitoring.md
    python -m studies.monitoring --customers 100000 --kind calm --pairs 20
    python -m studies.monitoring --customers 1000000 --kind "calm, features and drift only"
    python -m studies.monitoring --table    # writes studies/monitoring.md again

Shops are generated at two month ends (`seglib.datasets.make_months`): calm; with 10% of the customers moved to another
segment; with newcomers; with prices that rise by a fifth; and one and the same export looked at 60 days later.
Features, matrix, segments and bootstrap models of each month are made as 03 and 05 make them, and compared as 07 does.
A study that was broken off goes on where it stopped.

Of a million customers, features of both days are made of all, in DuckDB, and their drift is tested as 07 tests it, with
calm months of a sample. Segments are not made. Such a shop is generated in parts of `PART` customers, each a shop of
its own with the same planted segments, so that 8 million transactions never lie in memory as Python objects.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from seglib.clustering import bootstrap_models, order_values, segment
from seglib.datasets import make_months
from seglib.features import CustomerFeatures, customer_features
from seglib.monitoring import (
    FROM_TRANSACTIONS,
    LEVEL,
    CalmMonths,
    compare_months,
    distances,
    lay_side_by_side,
    max_t,
    numbers_of,
    stability_index,
)
from seglib.preprocessing import Matrix, build_matrix
from seglib.schema.records import AuditRecord, DatabaseRecord, RowsRecord, ShopRecord
from seglib.scoring import ModelVerdict, SegmentModel, model_of
from seglib.sql import read_canonical_tables
from seglib.stats import wilson
from seglib.study import Study

HERE = Path(__file__).parent
SEGMENTS = 3
PART = 50_000
"""Customers of a large shop that are generated at once."""

SAMPLE = 2_500
"""Customers of whom calm months are simulated, as in 07."""

COLUMNS = {
    "customers": ("customer_id", "join_date", "gender_id", "city_id"),
    "genders": ("gender_id", "gender_name"),
    "cities": ("city_id", "city_name"),
    "merchants": ("merchant_id", "merchant_name"),
    "branches": ("branch_id", "merchant_id"),
    "transactions": (
        *("transaction_id", "customer_id", "transaction_date", "transaction_status"),
        *("coupon_name", "burn_date", "branch_id", "amount"),
    ),
}

KINDS: dict[str, tuple[dict, int]] = {
    "calm": ({}, 100),
    "10% movers": ({"movers": 0.1}, 20),
    "10% newcomers": ({"newcomers": 0.1}, 20),
    "prices up by a fifth": ({"prices": 0.2}, 20),
    "clock alone, 60 days": ({}, 100),
    "calm, features and drift only": ({}, 5),
}
"""What is different in the second month, and how many pairs are compared."""


def connect(tables: Mapping[str, pd.DataFrame]) -> duckdb.DuckDBPyConnection:
    """Put generated tables into a DuckDB as 01 presents them."""
    con = duckdb.connect()
    con.execute("SET threads = 1")
    for name, columns in COLUMNS.items():
        con.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {_kind(column)}' for column in columns)})")
    fill(con, tables)
    return con


def fill(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pd.DataFrame]) -> None:
    """Add rows of generated tables to those of a DuckDB."""
    for name, table in tables.items():
        con.register("given", table)
        cells = [f"CAST({c if c in table else 'NULL'} AS {_kind(c)})" for c in COLUMNS[name]]
        con.execute(f"INSERT INTO {name} SELECT {', '.join(cells)} FROM given")
        con.unregister("given")


def _kind(column: str) -> str:
    return "DATE" if column.endswith("_date") else "DOUBLE" if column == "amount" else "VARCHAR"


def segmented(
    con: duckdb.DuckDBPyConnection, as_of: str, *, k: int = SEGMENTS, seed: int = 0, n_models: int = 30
) -> tuple[SegmentModel, pd.DataFrame, CustomerFeatures]:
    """Make segments of a month, and return the model, the segments of the customers and the features."""
    features = customer_features(con, Study(as_of=as_of))
    matrix: Matrix = build_matrix(features, lambda: pd.DataFrame())
    order = order_values(features.table, "n_burned", matrix.table.index)
    fit = segment(matrix.table, k=k, order_by=order, n_init=10, seed=seed)
    shop = ShopRecord(
        *("generated", "generated", as_of, as_of, as_of, (), {}, (), ()), RowsRecord(0, 0, 0), DatabaseRecord()
    )
    model = model_of(
        fit,
        matrix,
        bootstrap_models(matrix.table.to_numpy(), fit.centres.to_numpy(), n_models=n_models, seed=seed),
        run="then",
        features=features.table,
        described=features.features,
        recipe=matrix.record(features, AuditRecord()),
        shop=shop,
        verdict=ModelVerdict("generated", "generated", "Generated."),
    )
    return model, fit.table[["segment", "margin"]], features


def compared(kind: str, *, customers: int, n_calm: int, seed: int) -> dict[str, object]:
    """Compare one pair of months, and return a row of the table of this study."""
    started = time.perf_counter()
    given = {"customers": customers, "transactions": 8 * customers, "segments": SEGMENTS, "seed": seed}
    months = make_months(**given, **KINDS[kind][0])
    tables = months.tables
    days = [f"{day:%Y-%m-%d}" for day in months.days]
    if kind.startswith("clock"):
        tables, days = (tables[0], tables[0]), [days[0], f"{months.days[0] + pd.Timedelta(days=60):%Y-%m-%d}"]
    connections = tuple(connect(each) for each in tables)
    model, then, features = segmented(connections[0], days[0], seed=seed)
    _, now, _ = segmented(connections[1], days[1], seed=seed)
    laid = lay_side_by_side(
        "then", "now", model=model, study=features.study, later=days[1], connections=connections, segments=(then, now)
    )
    result = compare_months(laid, n_calm=n_calm, seed=seed)
    truth = months.truth[months.truth["month"] == 2]
    present = truth[truth["customer_id"].astype(str).isin(laid.both)]
    parts, more = result.movement.observed.parts, result.movement.beyond_chance[0]
    gone = result.movement.observed
    return {
        "kind": kind,
        "customers": customers,
        "seed": seed,
        "label": result.label,
        "advice": result.advice,
        "planted": 0.0 if kind.startswith("clock") else float(present["moved"].mean()),
        "beyond_chance": more,
        **{name: parts[name] for name in parts},
        "total": gone.total,
        "replaced": gone.replaced,
        "p_movement": result.movement.p["real movement"],
        "p_redefinition": result.movement.p["redefinition"],
        "drifted": " ".join(result.drift.beyond),
        "largest_psi": float(result.drift.table["psi"].max()),
        "seconds": time.perf_counter() - started,
    }


def drifted(kind: str, *, customers: int, n_calm: int, seed: int) -> dict[str, object]:
    """Compare the features of one pair of months, without segments, and return a row of the table of this study."""
    started = time.perf_counter()
    connections, days = large_months(customers, seed)
    day, later = (f"{each:%Y-%m-%d}" for each in days)
    before = customer_features(connections[0], Study(as_of=day))
    study = before.study
    aged, after = (customer_features(con, replace(study, as_of=later)).table for con in connections)
    both = before.table.index[before.table.index.isin(after.index)]
    before_all, aged, after = before.table.loc[both], aged.loc[both], after.loc[both]
    described = [feature for feature in study.describe(before_all) if feature.name in after]
    names = [feature.name for feature in numbers_of(described)]
    rng = np.random.default_rng([seed, 808])
    some = both[np.sort(rng.choice(len(both), min(SAMPLE, len(both)), replace=False))]
    tables = read_canonical_tables(connections[0], some, as_of=day)
    new = read_canonical_tables(connections[1], some, as_of=later)["transactions"]
    new = new[new["transaction_date"] > days[0]].reset_index(drop=True)
    needed = [column for column in tables["transactions"] if column not in ("transaction_id", "coupon_name")]
    tables["transactions"], new = tables["transactions"][needed], new[needed]
    fixed = aged.loc[some, [column for column in aged if column not in FROM_TRANSACTIONS]]
    calm = CalmMonths(tables, new, study, *days, fixed)
    far = [distances(aged.loc[some], after.loc[some], names)]
    far += [distances(aged.loc[some], drawn.loc[some], names) for drawn in calm.features(n_calm, seed=seed)]
    p = max_t(np.array(far))
    beyond = [name for name, value in zip(names, p, strict=True) if value <= LEVEL]
    return {
        "kind": kind,
        "customers": customers,
        "seed": seed,
        "label": "drift" if beyond else "nothing",
        "drifted": " ".join(beyond),
        "largest_psi": max(stability_index(aged[name], after[name]) for name in names),
        "seconds": time.perf_counter() - started,
    }


def large_months(
    customers: int, seed: int
) -> tuple[tuple[duckdb.DuckDBPyConnection, ...], tuple[pd.Timestamp, pd.Timestamp]]:
    """Generate two calm months of a large shop, part by part; return a DuckDB of each, and the days."""
    connections: tuple[duckdb.DuckDBPyConnection, ...] = ()
    for number, start in enumerate(range(0, customers, PART)):
        n = min(PART, customers - start)
        months = make_months(customers=n, transactions=8 * n, segments=SEGMENTS, seed=1000 * (seed + 1) + number)
        tables = [_with_other_ids(each, start) for each in months.tables]
        if not connections:
            connections = tuple(connect(each) for each in tables)
            continue
        for con, each in zip(connections, tables, strict=True):
            fill(con, {name: each[name] for name in ("customers", "transactions")})
    return connections, months.days


def _with_other_ids(tables: Mapping[str, pd.DataFrame], start: int) -> dict[str, pd.DataFrame]:
    """Return the tables of a part with ids that no other part has, and without names of coupons, which nothing uses."""
    people, transactions = tables["customers"], tables["transactions"]
    transactions = transactions.drop(columns="coupon_name").assign(
        customer_id=transactions["customer_id"] + start, transaction_id=transactions["transaction_id"] + 100 * start
    )
    return {
        **tables,
        "customers": people.assign(customer_id=people["customer_id"] + start),
        "transactions": transactions,
    }


def report(rows: pd.DataFrame) -> str:
    """Write the findings as a page."""
    lines = [
        "# Two months compared: how often something is claimed that is not so",
        "",
        "Written by `python -m studies.monitoring`. Months are 30 days apart. Of more than 2,500 customers, calm",
        "months are simulated of a sample of 2,500, as in 07. *Features and drift only*: no segments were made.",
        "",
        "| second month | customers | pairs | nothing | ageing | movement | redefinition | drift "
        "| movers within 3 points | mean error (points) | custom (index > .25) would alarm |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (kind, customers), group in rows.groupby(["kind", "customers"], sort=False):
        n = len(group)
        labels = group["label"].value_counts()
        counts = " | ".join(str(labels.get(x, 0)) for x in ("nothing", "ageing", "movement", "redefinition", "drift"))
        error = group["beyond_chance"] - group["planted"]
        near = f"{int((error.abs() <= 0.03).sum())} of {n} | {100 * error.mean():+.1f}"
        custom = int((group["largest_psi"] > 0.25).sum())
        lines.append(
            f"| {kind} | {customers:,} | {n} | {counts} | {'– | –' if error.isna().all() else near} | {custom} |"
        )
    for customers, calm in rows[rows["kind"].str.startswith("calm")].groupby("customers"):
        alarms = int((calm["label"] != "nothing").sum())
        low, high = wilson(alarms / len(calm), len(calm))
        lines += [
            "",
            f"Calm months of {customers:,} customers: something was claimed in {alarms} of {len(calm)} pairs "
            f"(95% interval {float(low):.0%} to {float(high):.0%}; 5% were meant).",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compare all pairs and write the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--customers", type=int, default=1000)
    options.add_argument("--months", type=int, default=19, help="calm months that are simulated for each pair")
    options.add_argument("--pairs", type=int, default=100, help="at most so many pairs of each kind")
    options.add_argument("--kind", choices=list(KINDS))
    options.add_argument("--table", action="store_true")
    given = options.parse_args()
    file = HERE / "monitoring.csv"
    rows = pd.read_csv(file).to_dict("records") if file.exists() else []
    done = {(row["kind"], row["customers"], row["seed"]) for row in rows}
    kinds = [kind for kind in KINDS if not kind.endswith("only")]
    for kind in [] if given.table else [given.kind] if given.kind else kinds:
        for seed in range(min(KINDS[kind][1], given.pairs)):
            if (kind, given.customers, seed) not in done:
                compare = drifted if kind.endswith("only") else compared
                rows.append(compare(kind, customers=given.customers, n_calm=given.months, seed=seed))
                pd.DataFrame(rows).to_csv(file, index=False, float_format="%.6g")
                print(f"{kind} {seed}: {rows[-1]['label']}", flush=True)
    (HERE / "monitoring.md").write_text(report(pd.read_csv(file)), encoding="utf-8")


if __name__ == "__main__":
    main()

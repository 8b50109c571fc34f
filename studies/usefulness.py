"""How often are segments called useful? Generated shops with and without segments, from tables to the answer.

    python studies/usefulness.py            # about five minutes on one core
    python studies/usefulness.py --shops 5  # a minute, and less sure

Every shop has 1,000 customers and 8,000 coupons. Its matrix is made as in 03, from the whole calendar; then the last
third is held out, the snapshot is segmented, and what followed is predicted. The summary is studies/usefulness.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from seglib.datasets import make_shop
from seglib.features import customer_features
from seglib.ingest import ingest
from seglib.interpretation import ALPHA, evaluate_holdout, predictive_gain
from seglib.preprocessing import customer_matrix
from seglib.schema.records import AuditRecord
from seglib.study import Study

SUMMARY = Path(__file__).with_suffix(".md")
CUSTOMERS, TRANSACTIONS, K, N_PERMUTATIONS, FIRST_SEED = 1_000, 8_000, 3, 199, 1_000
SHOPS = {"none": 60, "continuum": 25, "weak": 12, "medium": 12, "strong": 8}
OPTIONS = {"demographic_weight": 1.0, "transform": "log", "scaling": "standard", "drop_correlated": True}


def one_shop(separation: str, seed: int) -> pd.DataFrame:
    """Return the table of gains of one generated shop."""
    segments = 0 if separation in ("none", "continuum") else K
    generated = make_shop(
        customers=CUSTOMERS, transactions=TRANSACTIONS, segments=segments, separation=separation, seed=seed
    )
    with tempfile.TemporaryDirectory() as folder:
        generated.write(folder)
        shop = ingest(folder)
        study = Study(as_of=shop.as_of.date().isoformat())
        features = customer_features(shop.con, study)
        matrix = customer_matrix(
            features.table,
            described=features.features,
            leave_out=features.missing,
            unreliable=features.unreliable,
            **OPTIONS,
        )
        recipe = matrix.record(features, AuditRecord())
        holdout = evaluate_holdout(shop.con, study, recipe, k=K, n_init=10)
    answer = predictive_gain(holdout, n_permutations=N_PERMUTATIONS, seed=seed)
    return answer.table.assign(separation=separation, seed=seed, useful=answer.useful)


def summary(table: pd.DataFrame) -> str:
    """Write the summary."""
    chance, sure = table["p"] <= ALPHA, table["low"] > 0
    rows = table.assign(chance=chance, holm=table["p_holm"] <= ALPHA, sure=sure)
    shops = rows.groupby(["separation", "seed"]).agg(useful=("useful", "any"), holm=("holm", "any"))
    by_shop = shops.groupby("separation").agg(
        shops=("useful", "size"), holm=("holm", "mean"), useful=("useful", "mean")
    )
    by_outcome = rows.groupby(["separation", "outcome"]).agg(
        shops=("p", "size"),
        rfm_alone=("rfm_alone", "mean"),
        segments_alone=("segments_alone", "mean"),
        gain=("gain", "mean"),
        chance=("chance", "mean"),
        sure=("sure", "mean"),
    )
    separations = [name for name in SHOPS if name in by_shop.index]
    lines = [
        "# How often are segments called useful?",
        "",
        f"Generated shops of {CUSTOMERS:,} customers and {TRANSACTIONS:,} coupons, k = {K}, {N_PERMUTATIONS} "
        "permutations; made by `python studies/usefulness.py`.",
        "",
        "| shops | number | any p after Holm at most .05 | called useful (and interval above 0) |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {r.Index} | {r.shops} | {r.holm:.1%} | {r.useful:.1%} |" for r in by_shop.loc[separations].itertuples()
    ]
    lines += [
        "",
        "By outcome: means of the parts of the variance predicted out of sample, and how often p (before Holm) is "
        "at most .05, and the interval of the gain lies above 0.",
        "",
        "| shops | outcome | number | RFM adds to tenure | segments add to tenure | segments add to both | "
        "p at most .05 | interval above 0 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {r.Index} | {r.shops} | {r.rfm_alone:.3f} | {r.segments_alone:.3f} | {r.gain:.3f} | "
        f"{r.chance:.1%} | {r.sure:.1%} |"
        for name in separations
        for r in by_outcome.loc[name].itertuples()
    ]
    explanation = (
        "Shops called `none` have no differences between customers, so every p at most .05 there is an error of the "
        "test. In a `continuum` there are differences and no groups: segments cut from the burn rate do say more about "
        "the next coupons than quintiles of recency, frequency and money, so p is often small, and rightly so; seldom "
        "is it enough to predict better."
    )
    return "\n".join([*lines, "", explanation, ""])


def main() -> None:
    """Run all shops and write the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", type=int, help="shops of each kind; default: as in the table SHOPS")
    options = parser.parse_args()
    parts, started = [], time.perf_counter()
    with threadpool_limits(limits=1):
        for separation, number in SHOPS.items():
            parts += [one_shop(separation, FIRST_SEED + i) for i in range(options.shops or number)]
            print(f"{separation}: {time.perf_counter() - started:.0f} s", flush=True)
    SUMMARY.write_text(summary(pd.concat(parts, ignore_index=True)), encoding="utf-8")


if __name__ == "__main__":
    main()

"""How often are segments called useful? Generated shops with and without segments, from tables to the answer.

    python studies/usefulness.py            # about seven minutes on one core
    python studies/usefulness.py --shops 5  # a minute, and less sure

Every shop has 1,000 customers and 8,000 coupons, or about as many. Its matrix is made as in 03, from the whole
calendar; then the last third is held out, the snapshot is segmented, and what followed is predicted: with tenure and
RFM as rivals, and once more with their quintiles only, which shows what the logarithms are for. The summary is
studies/usefulness.md.

Five kinds of shops come from the project's own generator. Two come from generators of this file, which share nothing
with it, and have no groups either: a shop with Pareto tails, in which a few customers do most of everything
(`pareto_shop`), and one in which a single trait, engagement, moves all that a customer does (`engagement_shop`).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from seglib.datasets import make_shop
from seglib.features import customer_features
from seglib.ingest import ingest
from seglib.interpretation import ALPHA, evaluate_holdout, predictive_gain, quintiles
from seglib.preprocessing import customer_matrix
from seglib.schema.records import AuditRecord
from seglib.stats import wilson
from seglib.study import Study

SUMMARY = Path(__file__).with_suffix(".md")
CUSTOMERS, TRANSACTIONS, K, N_PERMUTATIONS, FIRST_SEED = 1_000, 8_000, 3, 199, 1_000
SHOPS = {"none": 60, "continuum": 40, "pareto": 40, "engagement": 40, "weak": 12, "medium": 20, "strong": 8}
GROUP_FREE = ("none", "continuum", "pareto", "engagement")
LOGS = ("log_recency", "log_frequency", "log_monetary", "log_burned")
FIRST_DAY, LAST_DAY, BURN_WINDOW = np.datetime64("2024-01-01"), np.datetime64("2025-12-31"), 90
OPTIONS = {"demographic_weight": 1.0, "transform": "log", "scaling": "standard", "drop_correlated": True}


def shop_of_traits(
    rate: np.ndarray, burn: np.ndarray, lag: np.ndarray, spend: np.ndarray, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Return the tables of a shop whose customers have these traits.

    Parameters
    ----------
    rate : numpy.ndarray, shape (n_customers,)
        Claim rates relative to each other; they are scaled to `TRANSACTIONS` coupons expected in all.
    burn, lag, spend : numpy.ndarray, shape (n_customers,)
        Probability that a coupon is burned; mean days from claim to burn; median amount of a coupon.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to pandas.DataFrame
        Customers join on any day of the calendar or in the year before it. Numbers of coupons are Poisson, their days
        uniform over the days that a customer is there, lags exponential within the burn window, amounts lognormal.
    """
    n = len(rate)
    calendar = (LAST_DAY - FIRST_DAY).astype(int)
    joined = rng.integers(-365, calendar - 30, n)  # days after the first
    here_from = np.maximum(joined, 0)
    expected = rate * (calendar - here_from)
    counts = rng.poisson(expected / expected.sum() * TRANSACTIONS)
    who = np.repeat(np.arange(n), counts)
    total = len(who)
    claimed = here_from[who] + np.floor(rng.random(total) * (calendar + 1 - here_from[who])).astype(int)
    days = np.minimum(np.floor(rng.exponential(lag[who])).astype(int), BURN_WINDOW - 1)
    burned = (rng.random(total) < burn[who]) & (claimed + days <= calendar)
    names = np.array([f"P{number:05d}" for number in range(n)])
    burn_date = pd.Series(FIRST_DAY + claimed + days).where(burned)
    transactions = pd.DataFrame(
        {
            "transaction_id": [f"T{number:06d}" for number in range(total)],
            "customer_id": names[who],
            "transaction_date": FIRST_DAY + claimed,
            "transaction_status": np.where(burned, "burned", "subscribed"),
            "burn_date": burn_date,
            "amount": np.round(spend[who] * np.exp(rng.normal(0, 0.5, total)), 2),
        }
    )
    customers = pd.DataFrame(
        {
            "customer_id": names,
            "join_date": FIRST_DAY + joined,
            "gender_id": rng.integers(1, 3, n),
            "city_id": rng.integers(1, 6, n),
        }
    )
    return {
        "customers": customers,
        "transactions": transactions,
        "genders": pd.DataFrame({"gender_id": [1, 2], "gender_name": ["female", "male"]}),
        "cities": pd.DataFrame({"city_id": range(1, 6), "city_name": list("VWXYZ")}),
    }


def pareto_shop(seed: int) -> dict[str, pd.DataFrame]:
    """Return a shop without groups in which a few customers claim and spend most: independent traits, Pareto tails."""
    rng = np.random.default_rng([seed, 1])
    rate = (1 + rng.pareto(1.5, CUSTOMERS)).clip(max=50)  # nobody claims a tenth of all coupons alone
    spend = 10 * (1 + rng.pareto(1.8, CUSTOMERS))
    burn, lag = rng.beta(2, 2, CUSTOMERS), 20 * np.exp(rng.normal(0, 0.4, CUSTOMERS))
    return shop_of_traits(rate, burn, lag, spend, rng)


def engagement_shop(seed: int) -> dict[str, pd.DataFrame]:
    """Return a shop without groups in which one Gaussian factor moves claim rate, burn rate, lag and spend."""
    rng = np.random.default_rng([seed, 2])
    factor, noise = rng.normal(size=CUSTOMERS), rng.normal(size=(4, CUSTOMERS))
    rate = np.exp(0.6 * factor + 0.3 * noise[0])
    burn = expit(0.3 + 0.9 * factor + 0.4 * noise[1])
    lag = np.exp(3.0 - 0.4 * factor + 0.2 * noise[2])
    spend = np.exp(3.0 + 0.5 * factor + 0.3 * noise[3])
    return shop_of_traits(rate, burn, lag, spend, rng)


OWN_GENERATORS: dict[str, Callable[[int], dict[str, pd.DataFrame]]] = {
    "pareto": pareto_shop,
    "engagement": engagement_shop,
}


def make_tables(kind: str, seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables of a shop of this kind."""
    if kind in OWN_GENERATORS:
        return OWN_GENERATORS[kind](seed)
    segments = 0 if kind in GROUP_FREE else K
    shop = make_shop(customers=CUSTOMERS, transactions=TRANSACTIONS, segments=segments, separation=kind, seed=seed)
    return shop.tables


def one_shop(kind: str, seed: int) -> pd.DataFrame:
    """Return the table of gains of one shop, and whether it is useful also beside quintiles alone."""
    with tempfile.TemporaryDirectory() as folder:
        for name, table in make_tables(kind, seed).items():
            table.to_parquet(Path(folder) / f"{name}.parquet")
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
    # The logarithm of a quintile says no more than the quintile, and a column without values is left out.
    without_logs = holdout.table.assign(
        **dict.fromkeys(LOGS, np.nan), tenure_days=quintiles(holdout.table["tenure_days"])
    )
    weaker = predictive_gain(replace(holdout, table=without_logs), n_permutations=N_PERMUTATIONS, seed=seed)
    return answer.table.assign(kind=kind, seed=seed, useful=answer.useful, beside_quintiles=weaker.useful)


def summary(table: pd.DataFrame) -> str:
    """Write the summary."""
    chance, sure = table["p"] <= ALPHA, table["low"] > 0
    rows = table.assign(chance=chance, holm=table["p_holm"] <= ALPHA, sure=sure)
    shops = rows.groupby(["kind", "seed"])[["useful", "beside_quintiles", "holm"]].any()
    by_shop = shops.groupby("kind").agg(
        shops=("useful", "size"),
        holm=("holm", "mean"),
        beside_quintiles=("beside_quintiles", "mean"),
        useful=("useful", "mean"),
        n_useful=("useful", "sum"),
    )
    by_outcome = rows.groupby(["kind", "outcome"]).agg(
        shops=("p", "size"),
        rfm_alone=("rfm_alone", "mean"),
        segments_alone=("segments_alone", "mean"),
        gain=("gain", "mean"),
        chance=("chance", "mean"),
        sure=("sure", "mean"),
    )
    kinds = [name for name in SHOPS if name in by_shop.index]
    group_free = by_shop.loc[[name for name in kinds if name in GROUP_FREE]]
    n_useful, n_shops = int(group_free["n_useful"].sum()), int(group_free["shops"].sum())
    low, high = wilson(n_useful / n_shops, n_shops)
    lines = [
        "# How often are segments called useful?",
        "",
        f"Generated shops of {CUSTOMERS:,} customers and about {TRANSACTIONS:,} coupons, k = {K}, {N_PERMUTATIONS} "
        "permutations; made by `python studies/usefulness.py`. The rivals are tenure, recency, frequency and money, "
        "each by its quintile and by its logarithm; *quintiles only* is the same without the logarithms.",
        "",
        "| shops | number | any p after Holm at most .05 | called useful, quintiles only | called useful |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.Index} | {r.shops} | {r.holm:.1%} | {r.beside_quintiles:.1%} | {r.useful:.1%} |"
        for r in by_shop.loc[kinds].itertuples()
    ]
    lines += [
        "",
        f"Useful is p after Holm at most .05 and an interval of the gain above 0. Of the {n_shops} shops without "
        f"groups ({', '.join(group_free.index)}), called useful: {n_useful}, or {n_useful / n_shops:.1%}, 95% interval "
        f"{low:.1%} to {high:.1%}.",
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
        for name in kinds
        for r in by_outcome.loc[name].itertuples()
    ]
    explanation = (
        "Shops called `none` have no differences between customers, so every p at most .05 there is an error of the "
        "test. In the other shops without groups customers differ, and no border runs between them: a `continuum` of "
        "independent traits; `pareto`, where a few customers claim and spend most; `engagement`, where one trait moves "
        "claims, burning, days to burn and spend. Segments know the pace of claims, the burn rate and the days to "
        "burn, which the rivals know only roughly, so p is sometimes small, and rightly so; seldom is it enough to "
        "predict better. Beside quintiles only, segments of a Pareto tail predict better because a quintile takes the "
        "best customer and the hundredth for the same."
    )
    return "\n".join([*lines, "", explanation, ""])


def main() -> None:
    """Run all shops and write the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", type=int, help="shops of each kind; default: as in the table SHOPS")
    options = parser.parse_args()
    parts, started = [], time.perf_counter()
    with threadpool_limits(limits=1):
        for kind, number in SHOPS.items():
            parts += [one_shop(kind, FIRST_SEED + i) for i in range(options.shops or number)]
            print(f"{kind}: {time.perf_counter() - started:.0f} s", flush=True)
    SUMMARY.write_text(summary(pd.concat(parts, ignore_index=True)), encoding="utf-8")


if __name__ == "__main__":
    main()

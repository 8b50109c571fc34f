"""Measure how often customers who are all alike are said to differ: ``python benchmarks/panel_level.py``.

Generates shops in which everybody behaves alike, and asks of each what 02 and 03 ask: the homogeneity panel, as a whole
at Holm's 5% and test by test at 5%; and whether customers can be told apart by a rate, a mean or a count (reliability,
1%). Then the test behind the days to burn alone, beside the F test, on more and more skewed lags that are distributed
over customers at random. Prints the shares that are rejected; each should be near its level.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from seglib.datasets import make_shop
from seglib.eda import homogeneity
from seglib.features import RELIABLE_P, customer_features
from seglib.ingest import ingest
from seglib.stats import variance_components, wilson
from seglib.study import Study

LEVEL = 0.05
SHAPES = {
    "normal": lambda rng, n: rng.normal(30, 8, n),
    "gamma, shape 2": lambda rng, n: np.floor(rng.gamma(2, 10, n)),
    "exponential": lambda rng, n: np.floor(rng.exponential(20, n)),
    "log-normal, sigma 1": lambda rng, n: np.floor(rng.lognormal(2.5, 1, n)),
    "log-normal, sigma 1.5": lambda rng, n: np.floor(rng.lognormal(2, 1.5, n)),
}
"""Distributions of the days to burn, from symmetric to very skewed."""


def shops(n: int, customers: int, transactions: int, n_shuffles: int) -> None:
    """Ask shops without any structure, and print how often something is rejected."""
    panels, reliabilities = [], []
    for seed in range(n):
        shop = make_shop(customers=customers, transactions=transactions, segments=0, separation="none", seed=seed)
        with tempfile.TemporaryDirectory(prefix="seglib-level-") as folder:
            shop.write(Path(folder) / "shop")
            ingested = ingest(Path(folder) / "shop")
            features = customer_features(ingested.con, Study(as_of=f"{ingested.as_of:%Y-%m-%d}"))
            unified, people = ingested.unified.df(), ingested.table("customers")
            panel = homogeneity(unified, people, features.study, n_shuffles=n_shuffles, seed=seed)
            ingested.con.close()
        panels.append(panel.table.assign(shop=seed))
        reliabilities.append(features.reliability.assign(shop=seed))
    panel, reliability = pd.concat(panels), pd.concat(reliabilities)
    print(f"{n} shops of {customers} customers and {transactions} transactions, {n_shuffles} shuffles")
    _print("panel, anything at Holm 5%", panel.groupby("shop")["differ"].any(), LEVEL)
    for (behaviour, among), tests in panel.groupby(["behaviour", "among"], sort=False):
        _print(f"  {behaviour} among {among}", tests["p"].dropna() < LEVEL, LEVEL)
    for feature, tests in reliability.groupby("feature", sort=False):
        _print(f"reliability of {feature}", tests["p"] < RELIABLE_P, RELIABLE_P)


def skewed_lags(n: int, customers: int) -> None:
    """Distribute lags over customers at random, and print how often customers are said to differ in them."""
    rng = np.random.default_rng(0)
    for title, counts in (
        ("one to five burned coupons each", rng.integers(1, 6, customers)),
        ("numbers of burned coupons differ widely", 1 + rng.poisson(3 * rng.gamma(0.5, 2, customers))),
    ):
        print(f"{n} times lags distributed over {customers} customers: {title} (up to {counts.max()})")
        who = np.repeat(np.arange(customers), counts)
        for shape, draw in SHAPES.items():
            p = np.array([_p(draw(rng, len(who)), who, counts) for _ in range(n)])
            for test, below in zip(("F test", "as it is"), (p < RELIABLE_P).T, strict=True):
                _print(f"  days to burn, {shape}, {test}", pd.Series(below), RELIABLE_P)


def _p(lag: np.ndarray, who: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Return p by the F test, and as the features have it."""
    total, squares = (pd.Series(np.bincount(who, weights=x)) for x in (lag, lag**2))
    n = pd.Series(counts)
    with_f_test = variance_components(total, squares, n)
    as_features = variance_components(total, squares, n, values=pd.Series(lag).value_counts())
    return with_f_test.p, as_features.p


def _print(what: str, rejected: pd.Series, level: float) -> None:
    if rejected.empty:
        print(f"{what:52}{0:7.1%}  (nothing to compare; level {level:.0%})", flush=True)
        return
    share = float(rejected.mean())
    low, high = wilson(share, len(rejected))
    print(f"{what:52}{share:7.1%}  ({low:.1%} to {high:.1%}; level {level:.0%})", flush=True)


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--transactions", type=int, default=1500)
    parser.add_argument("--shuffles", type=int, default=199)
    parser.add_argument("--permutations", type=int, default=2000)
    options = parser.parse_args()
    skewed_lags(options.permutations, options.customers)
    shops(options.shops, options.customers, options.transactions, options.shuffles)


if __name__ == "__main__":
    main()

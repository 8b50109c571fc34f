"""Somebody else's segments: how often are they called what they are? Planted labels, random ones, RFM groups.

    python -m studies.labels --shops 100    # the full numbers: about half an hour on one core
    python -m studies.labels                # 30 shops of each kind: ten to twenty minutes
    python -m studies.labels --shops 2 --out /tmp

Every shop has 1,000 customers and 8,000 coupons (`seglib.datasets.make_shop`), and goes from tables to matrix and null
models as in the notebooks. Each of its divisions is then judged by `seglib.k_selection.judge_labels`. Lines are in
studies/labels.csv, the summary is in studies/labels.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from seglib.k_selection import Rows, best_starts, judge_labels
from seglib.stats import wilson

from .rfm_groups import rfm_groups
from .strangers.pipeline import Prepared, study_of
from .strangers.seglib_shops import generated_shop

HERE = Path(__file__).parent
CUSTOMERS, N_NULL, FIRST_SEED = 1_000, 39, 7_000
SHOPS = {"strong, 3 groups": ("strong", 3), "continuum": ("continuum", 0), "strong, 5 groups": ("strong", 5)}
AIMS = {
    ("strong, 3 groups", "planted"): "natural in at least 95%",
    ("strong, 3 groups", "random"): "natural or reproducible in at most 2.5%",
    ("continuum", "random"): "natural or reproducible in at most 2.5%",
    ("continuum", "RFM groups"): "never natural",
    ("continuum", "KMeans"): "natural in at most 5%: labels that were fitted to these very customers",
    ("strong, 5 groups", "planted"): "natural in at least 95%",
}


class Remembered:
    """A null model whose shops are simulated once, for all divisions of the same data."""

    def __init__(self, null) -> None:
        self.null, self.name, self.what, self.customers_differ = null, null.name, null.what, null.customers_differ
        self.follows_the_data = null.follows_the_data
        self.matrices: dict[tuple, np.ndarray] = {}

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield the matrix of one shop for every generator, by the seed of the generator."""
        seeds = [tuple(rng.bit_generator.seed_seq.entropy) for rng in rngs]
        if any(seed not in self.matrices for seed in seeds):
            self.matrices |= dict(zip(seeds, self.null.draws(rngs), strict=True))
        return iter([self.matrices[seed] for seed in seeds])


def divisions(kind: str, prepared: Prepared, seed: int) -> dict[str, np.ndarray]:
    """Return the labels that are judged in a shop, by what they are."""
    rng = np.random.default_rng([seed, 5])
    customers = prepared.X.index
    # as many groups as others draw, of unequal sizes
    k = int(rng.integers(2, 8))
    labels = {"random": rng.choice(k, len(customers), p=rng.dirichlet(np.full(k, 5.0))).astype(str)}
    if kind == "continuum":
        labels["RFM groups"] = rfm_groups(prepared.features.table).loc[customers].to_numpy()
        k = int(rng.integers(2, 7))
        labels["KMeans"] = best_starts(Rows(prepared.X.to_numpy()), k, rng, n_init=10)[-1].labels.astype(str)
        return labels
    planted = {"planted": prepared.truth.astype(str).to_numpy()}
    return planted if kind == "strong, 5 groups" else labels | planted


def one_shop(kind: str, seed: int) -> list[dict[str, object]]:
    """Judge all divisions of one shop: one line each."""
    separation, segments = SHOPS[kind]
    with tempfile.TemporaryDirectory() as folder:
        data = generated_shop(seed, CUSTOMERS, segments=segments, separation=separation)
        prepared = study_of(data, folder, seed=seed)
        models = prepared.null_models(seed=seed)
        nulls = [Remembered(null) for null in models.nulls]
        lines = []
        for what, labels in divisions(kind, prepared, seed).items():
            verdict = judge_labels(models.X, nulls, labels, prepared.homogeneity.table, n_null=N_NULL, seed=seed)
            evidence, row = verdict.weighed, verdict.weighed.by_k.iloc[0]
            lines.append(
                {
                    "shop": kind,
                    "seed": seed,
                    "labels": what,
                    "k": verdict.benchmark.k,
                    "structure": verdict.structure,
                    "between": "/".join(verdict.between),
                    "silhouette": round(row["silhouette"], 4),
                    "p": round(evidence.p, 4),
                    "p_gradual": round(evidence.p_gradual, 4),
                    "jaccard": round(row["jaccard"], 3),
                    "valley_p": round(row["valley_p"], 4),
                    "by_rule": round(verdict.benchmark.by_rule, 3),
                }
            )
    return lines


def summary(lines: pd.DataFrame) -> str:
    """Write one row per kind of shop and labels."""
    out = [
        "# Somebody else's segments: how often are they called what they are?",
        "",
        f"Written by `python -m studies.labels`. Shops of {CUSTOMERS:,} customers, {N_NULL} simulated shops of every "
        "null model.\nRandom: two to seven groups of unequal sizes, drawn without looking at the customers.\n"
        "RFM groups: `studies/rfm_groups.py`. KMeans: two to six segments fitted to the very customers that are "
        "judged,\nthe hardest case there is. Intervals: Wilson, 95%.",
        "",
        "| shop | labels | number | natural | reproducible | borderline | constructed | natural (95%) | Jaccard | "
        "by the nearest centre | aim |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (shop, labels), part in lines.groupby(["shop", "labels"], sort=False):
        counts = [int((part["structure"] == s).sum()) for s in ("natural", "reproducible", "borderline", "constructed")]
        low, high = wilson(counts[0] / len(part), len(part))
        out.append(
            f"| {shop} | {labels} | {len(part)} | {' | '.join(map(str, counts))} | {low:.0%} to {high:.0%} | "
            f"{part['jaccard'].median():.2f} | {part['by_rule'].median():.0%} | {AIMS[shop, labels]} |"
        )
    return "\n".join([*out, ""])


def main() -> None:
    """Judge all shops, and write lines and summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", type=int, default=30, help="shops of each kind")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the two files")
    options = parser.parse_args()
    lines, started = [], time.perf_counter()
    with threadpool_limits(limits=1):
        for kind in SHOPS:
            for number in range(options.shops):
                lines += one_shop(kind, FIRST_SEED + number)
            print(f"{kind}: {time.perf_counter() - started:.0f} s", flush=True)
    table = pd.DataFrame(lines)
    table.to_csv(options.out / "labels.csv", index=False, lineterminator="\n")
    (options.out / "labels.md").write_text(summary(table), encoding="utf-8")


if __name__ == "__main__":
    main()

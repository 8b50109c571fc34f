"""How often is the verdict right? Generated shops with and without segments, from tables to verdict.

    python studies/calibration.py            # all scenarios: about an hour and a half on two cores
    python studies/calibration.py --only none-1000-0 --shops 20
    python studies/calibration.py --table    # only write the summary again

Every shop is written as Parquet, loaded and validated, and goes through the same functions as in the notebooks 01 to
04. Results are appended to studies/calibration.csv, one line per shop with its seed; an interrupted run continues where
it stopped. The summary is studies/calibration.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from seglib import k_selection
from seglib.clustering import best_kmeans
from seglib.datasets import make_shop
from seglib.eda import homogeneity
from seglib.features import customer_features
from seglib.ingest import ingest
from seglib.k_selection import ALPHA, STABLE, Rows, best_starts, cluster_indices, first_silhouettes
from seglib.preprocessing import audit, customer_matrix
from seglib.run import Run
from seglib.stats import wilson

HERE = Path(__file__).parent
OUTCOMES, SUMMARY = HERE / "calibration.csv", HERE / "calibration.md"
N_NULL, N_STARTS, K_MAX = 39, 3, 10
PER_CUSTOMER = 8
"""Transactions per customer, as in the committed sample."""


@dataclass(frozen=True)
class Scenario:
    """A kind of shop, and how many of them are made."""

    separation: str
    customers: int
    segments: int
    shops: int

    @property
    def name(self) -> str:
        """Its name in the table of results."""
        return f"{self.separation}-{self.customers}-{self.segments}"


SCENARIOS = (
    Scenario("none", 1000, 0, 200),
    Scenario("continuum", 1000, 0, 200),
    Scenario("medium", 1000, 3, 100),
    Scenario("strong", 1000, 3, 100),
    Scenario("strong", 1000, 5, 20),
    Scenario("medium", 1000, 5, 20),
    Scenario("weak", 1000, 3, 20),
    Scenario("none", 300, 0, 30),
    Scenario("continuum", 300, 0, 30),
    Scenario("medium", 300, 3, 20),
    Scenario("strong", 300, 3, 20),
    Scenario("none", 5000, 0, 10),
    Scenario("continuum", 5000, 0, 10),
    Scenario("medium", 5000, 3, 10),
    Scenario("strong", 5000, 3, 10),
)


def one_shop(scenario: Scenario, seed: int) -> dict:
    """Generate a shop, take it from its tables to the verdict, and compare the verdict with the truth."""
    begun = time.perf_counter()
    generated = make_shop(
        customers=scenario.customers,
        transactions=PER_CUSTOMER * scenario.customers,
        segments=scenario.segments,
        separation=scenario.separation,
        seed=seed,
    )
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        generated.write(Path(folder) / "shop")
        run = Run("study", base=Path(folder))
        ingest(str(Path(folder) / "shop")).save(run)
        study = run.study()
        features = customer_features(run.connect(), study)
        panel = homogeneity(
            run.read("unified"),
            run.read_table("customers"),
            features.study,
            n_shuffles=99,
            sample_customers=2_500,
            seed=seed,
        )
        matrix = customer_matrix(
            features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
        )
        run.write("features", features.table)
        run.write("matrix", matrix.table)
        run.write("recipe", matrix.record(features, audit(matrix).record))
        null_models = k_selection.null_models_for(run, seed=seed)
        result = {"scenario": scenario.name, "seed": seed, "differ": bool(panel.table["differ"].any())}
        if not result["differ"] and certainly_constructed(null_models, seed):
            result |= {"structure": "constructed", "shortened": True}
        else:
            benchmark = k_selection.benchmark(
                null_models.X,
                null_models.nulls,
                k_max=K_MAX,
                n_null=N_NULL,
                n_starts=N_STARTS,
                n_samples=50,
                n_splits=25,
                n_references=9,
                null_samples=0,
                seed=seed,
            )
            verdict = k_selection.verdict(benchmark, panel.table)
            holds = verdict.evidence.set_index("evidence")["holds"]
            result |= {"structure": verdict.structure, "shortened": False, "k": verdict.k_star}
            result |= {f"p_{row.null}": row.p for row in benchmark.tests.itertuples()}
            result |= {name: bool(holds[name]) for name in ("silhouette", "stability", "separation")}
            if verdict.k_star:
                at = k_selection.evidence_by_k(benchmark).loc[verdict.k_star]
                result |= {name: at[name] for name in ("jaccard", "prediction", "prediction_high", "excess", "gap_p")}
            if verdict.k_star and scenario.segments:
                labels = best_kmeans(matrix.table.to_numpy(), verdict.k_star, n_init=10).labels_
                truth = generated.truth.astype({"customer_id": str}).set_index("customer_id")["segment"]
                result["ari"] = round(adjusted_rand_score(truth.loc[matrix.table.index], labels), 4)
    return result | {"columns": len(matrix.sources), "seconds": round(time.perf_counter() - begun, 1)}


def certainly_constructed(null_models: k_selection.NullModels, seed: int) -> bool:
    """Say whether the first few shops without segments decide the test of the silhouette: two that reach it do.

    They are the first shops of the whole benchmark, so the result is the same in less time.
    """
    rng = np.random.default_rng([seed, 0])
    rows = Rows(null_models.X)
    greatest = np.nanmax(cluster_indices(rows, best_starts(rows, K_MAX, rng, n_init=N_STARTS))["silhouette"])
    enough = int(0.05 * (N_NULL + 1))  # so many that reach it make p > .05
    return any(
        (first_silhouettes(null, place, k_max=K_MAX, n_starts=N_STARTS, seed=seed) >= greatest - 1e-9).sum() >= enough
        for place, null in enumerate(null_models.nulls)
    )


def main() -> None:
    """Run what is missing, then write the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="one scenario, such as none-1000-0")
    parser.add_argument("--shops", type=int, help="number of shops per scenario, instead of the planned one")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", action="store_true", help="only write the summary again")
    options = parser.parse_args()
    done = pd.read_csv(OUTCOMES) if OUTCOMES.exists() else pd.DataFrame(columns=["scenario", "seed"])
    finished = set(zip(done["scenario"], done["seed"], strict=True))
    missing = [
        (scenario, seed)
        for scenario in SCENARIOS
        if options.only in (None, scenario.name)
        for seed in range(1, 1 + (options.shops or scenario.shops))
        if (scenario.name, seed) not in finished
    ]
    if not options.table:
        jobs = Parallel(n_jobs=options.jobs, return_as="generator_unordered")(delayed(one_shop)(*m) for m in missing)
        for result in jobs:
            line = pd.DataFrame([result]).reindex(columns=COLUMNS)
            line.to_csv(OUTCOMES, mode="a", header=not OUTCOMES.exists(), index=False, lineterminator="\n")
            print(f"{result['scenario']} {result['seed']}: {result['structure']}, {result['seconds']} s", flush=True)
    SUMMARY.write_text(summary(pd.read_csv(OUTCOMES)), encoding="utf-8")
    print(f"written: {SUMMARY.name}")


COLUMNS = [
    "scenario",
    "seed",
    "structure",
    "k",
    "ari",
    "differ",
    "silhouette",
    "stability",
    "separation",
    "p_process",
    "p_copula",
    "jaccard",
    "prediction",
    "prediction_high",
    "excess",
    "gap_p",
    "shortened",
    "columns",
    "seconds",
]


def summary(outcomes: pd.DataFrame) -> str:
    """Return the small tables, as Markdown."""
    by_scenario = {s: outcomes[outcomes["scenario"] == s.name] for s in SCENARIOS}
    by_scenario = {s: rows for s, rows in by_scenario.items() if len(rows)}
    lines = [
        "# How often is the verdict right?",
        "",
        "Written by `python studies/calibration.py` from `studies/calibration.csv`, which has a line a shop with its",
        f"seed (`seglib.datasets.make_shop`, {PER_CUSTOMER} transactions a customer; {N_NULL} shops a null; k from",
        f"2 to {K_MAX}). Shares are followed by their 95% Wilson interval. ARI is the agreement of the segments at k*",
        "with the planted ones: the median, and what 95% of the shops exceed.",
        "",
        "| shops | customers | planted | number | natural | reproducible | constructed | right k | ARI |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for scenario, rows in by_scenario.items():
        share = [_share((rows["structure"] == s).sum(), len(rows)) for s in ("natural", "reproducible", "constructed")]
        right, agreement = "", ""
        if scenario.segments:
            right = _share((rows["k"] == scenario.segments).sum(), len(rows))
            agreement = f"{rows['ari'].median():.2f} ({rows['ari'].quantile(0.05):.2f})"
        lines.append(f"| {_label(scenario)} | {len(rows)} | {' | '.join(share)} | {right} | {agreement} |")
    lines += [
        "",
        "## Why all of it is needed",
        "",
        "Share of the shops in which one piece of evidence alone would speak for segments: the greatest silhouette",
        "against one kind of shop without segments, against both (E), segments that come back and predict (S), a gap",
        "(D). Only shops that went through the whole comparison are counted: where customers were not found to differ",
        "and the first few shops without segments had settled E, the rest was not computed.",
        "",
        "| shops | customers | planted | number | all alike | gradual | both (E) | S | D |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for scenario, rows in by_scenario.items():
        whole = rows[~rows["shortened"].astype(bool)]
        if len(whole) < 20:
            continue
        alone = [whole["p_process"] <= ALPHA, whole["p_copula"] <= ALPHA]
        alone += [whole[name].astype(bool) for name in ("silhouette", "stability", "separation")]
        shares = " | ".join(f"{holds.mean():.0%}" for holds in alone)
        lines.append(f"| {_label(scenario)} | {len(whole)} | {shares} |")
    lines += [
        "",
        "## The thresholds",
        "",
        "Share of all shops called natural, and called natural or reproducible, for other thresholds: the level of the",
        f"comparison with shops without segments (E and D; the verdict uses {ALPHA:g}), and the Jaccard index from",
        f"which on a segment counts as one that comes back (the verdict uses {STABLE:g}, the value of Hennig 2007).",
        "",
        "| shops | customers | planted | level .025 | level .05 | Jaccard .75 | Jaccard .85 | Jaccard .95 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for scenario, rows in by_scenario.items():
        cells = [f"{_natural(rows, level).mean():.1%}" for level in (0.025, 0.05)]
        has_structure = rows["structure"] != "constructed"
        cells += [f"{(has_structure & (rows['jaccard'] >= least)).mean():.1%}" for least in (0.75, 0.85, 0.95)]
        lines.append(f"| {_label(scenario)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _label(scenario: Scenario) -> str:
    return f"{scenario.separation} | {scenario.customers:,} | {scenario.segments or '–'}"


def _natural(rows: pd.DataFrame, level: float) -> pd.Series:
    worst = rows[["p_process", "p_copula", "gap_p"]].max(axis=1)
    return (rows["structure"] == "natural") & (worst <= level + 1e-9)


def _share(successes: int, n: int) -> str:
    low, high = wilson(successes / n, n)
    return f"{successes / n:.1%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    main()

"""Measure the benchmark with null models beside three calls of R: `make bench-r`.

R's calls are ``cluster::clusGap`` (B = 100, squared distances, the box of the principal components),
``fpc::clusterboot`` (B = 100, k = 2 to 10) and ``fpc::prediction.strength`` (M = 50), with R's defaults otherwise: one
start per fit. They evaluate the data only. `seglib.k_selection.benchmark` does the same and more, the gap statistic
with three starts (clusGap is timed with three as well), and does it again for 99 shops of each null model. Both are
given a matrix of 1,000 x 8 (noise, then three overlapping groups), and the matrix of a generated shop of 1,000
customers, to which both null models apply; each runs three times in turn.

Then both compute the same: gap, prediction strength and Jaccard of each segment (of R's segmentation), with the same
number of starts on both sides, one and many. Differences are given in standard errors of the draws, of both sides
together. With many starts the largest must stay below 4.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from seglib import k_selection
from seglib.datasets import make_shop
from seglib.features import customer_features
from seglib.ingest import ingest
from seglib.k_selection import Fit, Rows, best_starts, bootstrap, box_inertias, gap, prediction_strength
from seglib.preprocessing import audit, customer_matrix
from seglib.run import Run

SCRIPT = Path(__file__).with_name("r_battery.R")
PARTS = {"gap": "clusGap", "jaccard": "clusterboot", "strength": "prediction.strength"}
K_MAX = 10
MOST = 4.0
"""Largest difference between R and seglib in standard errors, of some hundred values that are compared."""


def noise() -> np.ndarray:
    """Return rows without any structure."""
    return np.random.default_rng(1).standard_normal((1000, 8))


def groups() -> np.ndarray:
    """Return rows in three groups that overlap: their centres lie 3 standard deviations apart."""
    rng = np.random.default_rng(2)
    centres = np.zeros((3, 8))
    centres[[0, 1, 2], [0, 1, 2]] = 3 / np.sqrt(2)
    return centres[rng.choice(3, 1000, p=[0.5, 0.3, 0.2])] + rng.standard_normal((1000, 8))


def shop(folder: Path) -> k_selection.NullModels:
    """Take a generated shop of 1,000 customers in three segments from its tables to its matrix and null models."""
    generated = make_shop(customers=1000, transactions=8000, segments=3, separation="medium", seed=1)
    generated.write(folder / "shop")
    run = Run("bench", base=folder)
    ingest(str(folder / "shop")).save(run)
    features = customer_features(run.connect(), run.study())
    matrix = customer_matrix(
        features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    )
    run.write("features", features.table)
    run.write("matrix", matrix.table)
    run.write("recipe", matrix.record(features, audit(matrix).record))
    return k_selection.null_models_for(run)


def with_r(X: np.ndarray, folder: Path, options: argparse.Namespace, starts: int, seed: int) -> dict[str, pd.DataFrame]:
    """Evaluate a matrix with R, and return the tables that it wrote."""
    np.savetxt(folder / "matrix.csv", X, delimiter=",", fmt="%.17g")
    sizes = [starts, options.references, options.samples, options.splits, K_MAX, seed]
    subprocess.run(["Rscript", str(SCRIPT), str(folder / "matrix.csv"), str(folder), *map(str, sizes)], check=True)
    return {name: pd.read_csv(folder / f"{name}.csv") for name in (*PARTS, "labels", "seconds", "versions")}


def seconds_of_seglib(X: np.ndarray, nulls: tuple, options: argparse.Namespace, n_jobs: int) -> tuple[float, float]:
    """Return the seconds that the benchmark takes, and the seconds before that in which its processes start.

    R's time includes neither its start nor the loading of its packages.
    """
    begun = time.perf_counter()
    few = X[:50]
    k_selection.benchmark(
        few, [k_selection.CopulaNull(few)], k_max=2, n_null=19, n_samples=2, n_splits=1, n_jobs=n_jobs
    )
    ready = time.perf_counter()
    k_selection.benchmark(
        X, nulls, k_max=K_MAX, n_null=options.null, n_samples=options.samples, n_splits=options.splits, n_jobs=n_jobs
    )
    return time.perf_counter() - ready, ready - begun


def speed(name: str, X: np.ndarray, nulls: tuple, folder: Path, options: argparse.Namespace) -> list[dict]:
    """Run R and seglib in turn, print the medians, and return the answers of R."""
    answers, seconds = [], {2: [], 1: []}
    for seed in range(1, 1 + options.rounds):
        answers.append(with_r(X, folder, options, 1, seed))
        for n_jobs, took in seconds.items():
            took.append(seconds_of_seglib(X, nulls, options, n_jobs))
    parts = pd.concat([answer["seconds"] for answer in answers])
    whole = float(parts[list(PARTS)].sum(axis=1).median())
    alike = float(parts[["gap_3", "jaccard", "strength"]].sum(axis=1).median())
    by_call = ", ".join(f"{PARTS[part]} {parts[part].median():.1f}" for part in PARTS)
    print(f"\n{name}, {X.shape[0]} x {X.shape[1]}, compared with: {', '.join(null.name for null in nulls)}")
    print(f"  R                    {whole:7.1f} s  ({by_call})")
    print(f"  R, starts as seglib  {alike:7.1f} s  (clusGap, nstart = 3: {parts['gap_3'].median():.1f})")
    for n_jobs, took in seconds.items():
        each, start = [t for t, _ in took], max(t for _, t in took)
        print(
            f"  seglib, processes: {n_jobs} {median(each):7.1f} s  ({', '.join(f'{t:.1f}' for t in each)}; "
            f"before that, a start of {start:.1f}): {median(each) / whole:.2f} and {median(each) / alike:.2f} of R",
            flush=True,
        )
    return answers


def agreement(X: np.ndarray, answers: list[dict], starts: int, options: argparse.Namespace) -> pd.DataFrame:
    """Compute with seglib what R computed, with the same number of starts, for the same number of seeds.

    Returns
    -------
    pandas.DataFrame
        One row per value: part, k, r, ours, error (standard error of the difference, of the draws of both sides). Gap
        and prediction strength are means over seeds; log W_k, without error, shows which side fits better. Segments are
        compared seed by seed, because R's segmentation, to which they belong, may change with the seed.
    """
    rows, strengths, gaps, records = Rows(X), [], [], []
    with threadpool_limits(limits=1):
        for seed, answer in enumerate(answers):
            rng = np.random.default_rng([seed, starts])
            inertias = [f.inertia for f in best_starts(rows, K_MAX, rng, n_init=starts)]
            references = box_inertias(rows, K_MAX, rng, n_references=options.references, n_init=starts)
            gaps.append((np.log(inertias), references.mean(axis=0), gap(inertias, references)[1]))
            strengths.append(prediction_strength(rows, K_MAX, rng, n_splits=options.splits, n_init=starts))
            labels = [np.zeros(len(X), dtype=int), *answer["labels"].to_numpy().T]
            segments, _ = bootstrap(
                rows, [Fit(rows.X[:0], one, 0.0) for one in labels], rng, n_samples=options.samples, n_init=starts
            )
            theirs = answer["jaccard"].groupby(["k", "cluster"])["value"].agg(["mean", "var"])
            for (k, cluster), r in theirs.iterrows():
                ours = segments[k - 1][:, cluster]
                error = np.sqrt((r["var"] + np.nanvar(ours, ddof=1)) / options.samples)
                records.append(("Jaccard of a segment", k, r["mean"], np.nanmean(ours), error))
    tables = [answer["gap"] for answer in answers]
    theirs = [((t["logW"] + np.log(2)).to_numpy(), (t["E.logW"] + np.log(2)).to_numpy(), t["SE.sim"]) for t in tables]
    (r, r_error), (ours, our_error) = (_over_seeds(side, options.references) for side in (theirs, gaps))
    records += [("gap", k + 1, r[k], ours[k], np.hypot(r_error, our_error)[k]) for k in range(K_MAX)]
    for part, place in (("log W_k of the data", 0), ("log W_k of the box", 1)):
        r, ours = (np.mean([one[place] for one in side], axis=0) for side in (theirs, gaps))
        records += [(part, k + 1, r[k], ours[k], np.nan) for k in range(K_MAX)]
    theirs = pd.concat([answer["strength"] for answer in answers]).groupby("k")["value"]
    all_strengths = np.concatenate(strengths)
    for k in range(2, K_MAX + 1):
        r, ours = theirs.get_group(k), all_strengths[:, k - 1]
        error = np.hypot(r.sem(), ours.std(ddof=1) / np.sqrt(len(ours)))
        records.append(("prediction strength", k, r.mean(), ours.mean(), error))
    return pd.DataFrame(records, columns=["part", "k", "r", "ours", "error"])


def _over_seeds(side: list, n_references: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean gap over seeds and its standard error, of references and of where the fits of the data end."""
    observed, references, errors = (np.array(part) for part in zip(*side, strict=True))
    n = len(observed)
    among = observed.var(axis=0, ddof=1) / n if n > 1 else np.zeros(K_MAX)
    of_mean = (errors**2 / (n_references + 1)).sum(axis=0) / n**2
    return (references - observed).mean(axis=0), np.sqrt(among + of_mean)


def print_agreement(name: str, starts: int, table: pd.DataFrame) -> pd.DataFrame:
    """Print how far the answers differ, part by part, and return the rows that differ by more than `MOST` errors."""
    difference = table["ours"] - table["r"]
    table = table.assign(difference=difference, z=(difference / table["error"].clip(lower=1e-6)).round(2))
    print(f"\n{name}, starts of every fit on both sides: {starts}")
    for part, rows in table.groupby("part", sort=False):
        apart, z = rows["difference"], rows["z"].dropna()
        print(f"  {part:21}{len(rows):4} values, seglib - R: {_range(apart, 4)}, mean {apart.mean():+.4f}", end="")
        if len(z):
            n_large = (z.abs() > 3).sum()
            print(f"; in errors {_range(z, 1)}, mean square {(z**2).mean():.2f}, over 3: {n_large}", end="")
        print(flush=True)
    return table[table["z"].abs() > MOST]


def _range(values: pd.Series, digits: int) -> str:
    return f"{values.min():+.{digits}f} to {values.max():+.{digits}f}"


def main() -> None:
    """Measure speed and agreement, and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--references", type=int, default=100)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--null", type=int, default=99)
    parser.add_argument("--starts", type=int, default=20, help="number of starts where many are compared")
    options = parser.parse_args()
    apart = {}
    with tempfile.TemporaryDirectory(prefix="seglib-bench-") as place:
        folder = Path(place)
        matrices = {"noise": noise(), "three overlapping groups": groups()}
        answers = {name: speed(name, X, (k_selection.CopulaNull(X),), folder, options) for name, X in matrices.items()}
        null_models = shop(folder)
        speed("a shop", null_models.X, null_models.nulls, folder, options)
        for name, X in matrices.items():
            print_agreement(name, 1, agreement(X, answers[name], 1, options))
            careful = [with_r(X, folder, options, options.starts, seed) for seed in range(11, 11 + options.rounds)]
            apart[name] = print_agreement(name, options.starts, agreement(X, careful, options.starts, options))
        versions = answers["noise"][0]["versions"].iloc[0]
        print("\n" + ", ".join(f"{what} {version}" for what, version in versions.items()))
    for name, rows in apart.items():
        assert rows.empty, f"{name}: R and seglib differ by more than chance\n{rows.to_string()}"


if __name__ == "__main__":
    main()

"""Measure the sweep over k on 1,000,000 rows beside scikit-learn, and the small sweeps of the nulls: `make bench`.

The rows lie in six clusters that overlap, with noise between them, in twelve columns.
`seglib.k_selection.criteria.sweep` clusters them for k = 1 to 10, in two threads, and computes four criteria of each;
its fits are timed separately, and so is the count of different rows before them. scikit-learn's KMeans makes k = 2 to
10, one fit after the other (float64, one start, its own choice of threads). Each runs three times in turn. The inertia,
summed in float64, is compared with the best of ten starts of scikit-learn, which takes minutes.

Then 1,000 x 8, as in the null models: one start of every k (`seglib.k_selection.one_start`) beside scikit-learn's, in
one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from unittest.mock import patch

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from seglib.k_selection import Rows, one_start, sweep

MODULE = sys.modules["seglib.k_selection.criteria.sweep"]
PARTS = ("largest_k", "sampled_silhouette", "calinski_harabasz_score", "davies_bouldin_score", "squared_silhouette")
K_MAX = 10


def planted(n_rows: int) -> np.ndarray:
    """Return rows of six overlapping clusters, every tenth of them noise, float64 with twelve columns."""
    rng = np.random.default_rng(6)
    centres = rng.normal(0, 1.2, (6, 12))
    X = centres[rng.choice(6, n_rows, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.1])] + rng.standard_normal((n_rows, 12))
    noise = rng.random(n_rows) < 0.1
    X[noise] = rng.uniform(X.min(axis=0), X.max(axis=0), (int(noise.sum()), 12))
    return X


def inertia(X: np.ndarray, centres: np.ndarray) -> float:
    """Return the sum of squared distances to the nearest centres, added up in float64."""
    total = 0.0
    for part in np.array_split(X, max(1, len(X) // 50_000)):
        squared = (part**2).sum(axis=1)[:, None] - 2 * part @ centres.T + (centres**2).sum(axis=1)
        total += float(squared.min(axis=1).sum())
    return total


@contextmanager
def timed_parts() -> Iterator[dict[str, float]]:
    """Add up the seconds of every part of a sweep but the fits, which are the rest."""
    seconds = dict.fromkeys(PARTS, 0.0)

    def timed(name: str, function: Callable) -> Callable:
        def run(*args: object, **options: object) -> float:
            begun = time.perf_counter()
            value = function(*args, **options)
            seconds[name] += time.perf_counter() - begun
            return value

        return run

    with ExitStack() as stack:
        for name in PARTS:
            stack.enter_context(patch.object(MODULE, name, timed(name, getattr(MODULE, name))))
        yield seconds


def ours(matrix: pd.DataFrame, warm: tuple[int, int]) -> tuple[dict[str, float], dict[int, np.ndarray]]:
    """Return the seconds of the fits, of the other parts, and of the whole sweep, and the centres."""
    with (
        patch.object(MODULE, "WARM_ROWS", warm[0]),
        patch.object(MODULE, "WARM_STARTS", warm[1]),
        timed_parts() as others,
    ):
        begun = time.perf_counter()
        swept = sweep(matrix, k_max=K_MAX, n_jobs=2)
        whole = time.perf_counter() - begun
    return {"fits": whole - sum(others.values()), **others, "whole": whole}, swept.centres


def of_peer(X: np.ndarray, seed: int, n_init: int = 1) -> tuple[float, dict[int, np.ndarray]]:
    """Return the seconds of scikit-learn's fits, and the centres."""
    begun = time.perf_counter()
    fits = [KMeans(k, n_init=n_init, algorithm="lloyd", random_state=seed).fit(X) for k in range(2, K_MAX + 1)]
    return time.perf_counter() - begun, {len(f.cluster_centers_): f.cluster_centers_ for f in fits}


def each_of(seconds: list[dict[str, float]]) -> str:
    """Return the seconds of the fits of every round."""
    return ", ".join(f"{one['fits']:.1f}" for one in seconds)


def large(n_rows: int, rounds: int, warms: list[tuple[int, int]]) -> None:
    """Compare the sweeps of many rows, and print."""
    X = planted(n_rows)
    matrix = pd.DataFrame(X)
    seconds: dict = {warm: [] for warm in warms} | {"peer": []}
    centres: dict = {name: [] for name in seconds}
    for seed in range(rounds):
        for warm in warms:
            took, fitted = ours(matrix, warm)
            seconds[warm].append(took)
            centres[warm].append(fitted)
        took, fitted = of_peer(X, seed)
        seconds["peer"].append({"fits": took})
        centres["peer"].append(fitted)
    took, best = of_peer(X.astype(np.float32), rounds, n_init=10)
    least = {k: inertia(X, c.astype(np.float64)) for k, c in best.items()}
    print(f"{n_rows:,} x 12, k = 2 to {K_MAX}; best of ten starts of scikit-learn, float32: {took:.1f} s")
    peer = pd.DataFrame(seconds["peer"])["fits"].median()
    for name, each in seconds.items():
        label = (
            "scikit-learn, float64, one start" if name == "peer" else "seglib, {1} starts on {0:,} rows".format(*name)
        )
        greater = {
            k: max(inertia(X, fitted[k].astype(np.float64)) for fitted in centres[name]) / least[k] - 1 for k in least
        }
        worst = max(greater, key=greater.get)
        middle = pd.DataFrame(each).median()
        print(
            f"  {label:36}fits {middle['fits']:5.1f} s ({each_of(each)}), "
            f"ratio {middle['fits'] / peer:.2f}; inertia at worst {greater[worst]:+.3%} (k = {worst}), "
            f"mean {np.mean(list(greater.values())):+.3%}"
        )
        if name != "peer":
            parts = ", ".join(f"{part} {middle[part]:.1f}" for part in PARTS)
            print(f"    whole sweep {middle['whole']:.1f} s, ratio {middle['whole'] / peer:.2f}: {parts}", flush=True)


def small(rounds: int, repeats: int = 20) -> None:
    """Compare the sweeps of few rows, one start each, in one thread, and print."""
    rng = np.random.default_rng(8)
    noise = rng.standard_normal((1000, 8))
    centres = np.eye(3, 8) * 3 / np.sqrt(2)
    groups = centres[rng.integers(0, 3, 1000)] + rng.standard_normal((1000, 8))
    for name, X in (("noise", noise), ("three overlapping groups", groups)):
        seconds, inertias = {"seglib": [], "float64": [], "float32": []}, {}
        rows = Rows(X)
        with threadpool_limits(limits=1):
            for _ in range(rounds):
                begun = time.perf_counter()
                starts = [one_start(rows, K_MAX, np.random.default_rng(seed)) for seed in range(repeats)]
                seconds["seglib"].append(time.perf_counter() - begun)
                inertias["seglib"] = np.array([[f.inertia for f in fits[1:]] for fits in starts]).mean(axis=0)
                for kind in ("float64", "float32"):
                    typed = X.astype(kind)
                    begun = time.perf_counter()
                    starts = [
                        [KMeans(k, n_init=1, random_state=seed).fit(typed) for k in range(1, K_MAX + 1)]
                        for seed in range(repeats)
                    ]
                    seconds[kind].append(time.perf_counter() - begun)
                    inertias[kind] = np.array([[f.inertia_ for f in fits[1:]] for fits in starts]).mean(axis=0)
        took = {kind: median(each) / repeats * 1e3 for kind, each in seconds.items()}
        better = inertias["seglib"] / inertias["float64"] - 1
        print(
            f"1,000 x 8, {name}: one start of k = 1 to {K_MAX} takes {took['seglib']:.1f} ms, scikit-learn "
            f"{took['float64']:.1f} ms ({took['float64'] / took['seglib']:.1f} times as long), in float32 "
            f"{took['float32']:.1f} ms ({took['float32'] / took['seglib']:.1f}); "
            f"mean inertia beside it {better.min():+.2%} to {better.max():+.2%}",
            flush=True,
        )


def main() -> None:
    """Measure both, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--warm", type=int, nargs=2, action="append", metavar=("ROWS", "STARTS"), help="other WARM_ROWS and WARM_STARTS"
    )
    options = parser.parse_args()
    usual = (MODULE.WARM_ROWS, MODULE.WARM_STARTS)
    large(options.rows, options.rounds, list(dict.fromkeys([usual, *map(tuple, options.warm or [])])))
    small(options.rounds)


if __name__ == "__main__":
    main()

"""How often is there a valley between segments? Clouds without groups, and two groups at known distances.

    python studies/valleys.py              # 40 draws of each: some minutes on one core
    python studies/valleys.py --draws 10

Every cloud is divided by KMeans. Two versions of the dip along the line between two neighbours are compared: that of
all rows of both segments, and that of the rows near the border, equally many of each (`near_border`, the version that
`seglib.k_selection` uses). The summary is studies/valleys.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from seglib.k_selection import Rows, best_starts, near_border, neighbours, projections
from seglib.stats import dip_p_value, dips, holm

SUMMARY = Path(__file__).parent / "valleys.md"
SIZES, ALPHA, N_INIT = (500, 1000), 0.05, 4
NULL_COLUMNS, GROUP_COLUMNS, K_MAX = (2, 4, 8), (2, 6), 6
DISTANCES, SMALL_SHARES = (3, 3.5, 4, 5), (0.5, 0.2, 0.07)
VERSIONS = {"all rows": lambda along: along, "near the border": near_border}
CLOUDS = {
    "normal": lambda rng, n, d: rng.normal(size=(n, d)),
    "long normal (3 to 1)": lambda rng, n, d: rng.normal(size=(n, d)) * np.r_[3, np.ones(d - 1)],
    "lognormal (0.8)": lambda rng, n, d: _standardised(np.exp(0.8 * rng.normal(size=(n, d)))),
    "t with 3 degrees": lambda rng, n, d: _standardised(rng.standard_t(3, size=(n, d))),
    "uniform": lambda rng, n, d: _standardised(rng.random((n, d))),
}


def _standardised(X: np.ndarray) -> np.ndarray:
    return (X - X.mean(axis=0)) / X.std(axis=0)


def rejections(X: np.ndarray, k_max: int, rng: np.random.Generator) -> list[dict[str, object]]:
    """Divide into k = 2, ..., k_max segments: for each version, is every pair, and is some pair, significant?"""
    rows, result = Rows(X), []
    for fit in best_starts(rows, k_max, rng, n_init=N_INIT)[1:]:
        lines = projections(rows.X, fit.labels, fit.centres, neighbours(fit.centres))
        for version, part in VERSIONS.items():
            parts = [part(along) for along in lines]
            p = dip_p_value(dips(parts), np.array([len(along) for along in parts]))
            every, some = bool(p.max() <= ALPHA), bool(holm(pd.Series(p)).min() <= ALPHA)
            result.append({"k": len(fit.centres), "version": version, "every": every, "some": some})
    return result


def without_groups(draws: int) -> pd.DataFrame:
    """Return one row a draw, a k and a version, for clouds without groups."""
    result = []
    for number, (kind, cloud) in enumerate(CLOUDS.items()):
        for d in NULL_COLUMNS:
            for n in SIZES:
                for draw in range(draws):
                    rng = np.random.default_rng([1, number, d, n, draw])
                    result += [{"kind": kind} | row for row in rejections(cloud(rng, n, d), K_MAX, rng)]
    return pd.DataFrame(result)


def two_groups(draws: int) -> pd.DataFrame:
    """Return one row a draw and a version, for two normal groups of unit variance, divided in two."""
    result = []
    for d in GROUP_COLUMNS:
        for n in SIZES:
            for distance in DISTANCES:
                for small in SMALL_SHARES:
                    for draw in range(draws):
                        rng = np.random.default_rng([2, d, n, round(10 * distance), round(100 * small), draw])
                        X = rng.normal(size=(n, d))
                        X[rng.random(n) < small, 0] += distance
                        case = {"n": n, "distance": distance, "small": small}
                        result += [case | row for row in rejections(X, 2, rng)]
    return pd.DataFrame(result)


def summary(nulls: pd.DataFrame, groups: pd.DataFrame, draws: int) -> str:
    """Write both tables in Markdown."""
    versions = list(VERSIONS)
    lines = [
        "# How often is there a valley between segments?",
        "",
        f"Written by `python studies/valleys.py`. {draws} draws of each kind, number of columns and size; KMeans with "
        f"{N_INIT} starts. A pair has\na valley if its dip has p <= {ALPHA:g}. *Every*: all pairs of neighbours have "
        "one. *Some*: one pair has, after Holm's correction.",
        "",
        "## Without groups",
        "",
        f"{', '.join(map(str, NULL_COLUMNS))} columns, {' and '.join(map(str, SIZES))} rows.",
        "",
        "| cloud | k | every, all rows | every, near the border | some, all rows | some, near the border |",
        "|---|---|---|---|---|---|",
    ]
    measures = {"every": float, "some": float}
    table = nulls.astype(measures).pivot_table(list(measures), ["kind", "k"], "version", sort=False)
    for (kind, k), row in table.iterrows():
        shares = [f"{row[measure, version]:.1%}" for measure in ("every", "some") for version in versions]
        lines.append(f"| {kind} | {k} | {' | '.join(shares)} |")
    lines += [
        "",
        "A valley between one pair says nothing: customers between two centres may belong to a third segment. Valleys",
        "between all pairs are rare without groups, most frequent in uniform clouds, of which the dip is greatest.",
        "",
        "## Two normal groups, k = 2",
        "",
        f"{' and '.join(map(str, GROUP_COLUMNS))} columns. Distance in standard deviations; share with a valley.",
        "",
        "| small group | distance | rows | all rows | near the border |",
        "|---|---|---|---|---|",
    ]
    table = groups.astype(measures).pivot_table("every", ["small", "distance", "n"], "version")
    for (small, distance, n), row in table.sort_index(ascending=[False, True, True]).iterrows():
        shares = [f"{row[version]:.0%}" for version in versions]
        lines.append(f"| {small:.0%} | {distance:g} | {n:,.0f} | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Simulate, and write the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=40, help="so many of each kind")
    draws = parser.parse_args().draws
    with threadpool_limits(limits=1):
        SUMMARY.write_text(summary(without_groups(draws), two_groups(draws), draws), encoding="utf-8")
    print(f"written: {SUMMARY.name}")


if __name__ == "__main__":
    main()

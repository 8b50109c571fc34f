"""How often do other methods agree on groups that KMeans cuts across? Matrices with and without such groups.

    python studies/other_shapes.py               # 10 of every kind, 19 null matrices each where they are needed
    python studies/other_shapes.py --number 20

Results are written to studies/other_shapes.csv, kind by kind; an interrupted run continues where it stopped. The
summary is studies/other_shapes.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from seglib.k_selection import CopulaNull, other_shapes

HERE = Path(__file__).parent
N, N_NULL = 800, 19


def draw(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Draw a matrix with standardised columns."""
    z, group = rng.standard_normal((N, 4)), rng.integers(0, 3, N)
    angle = rng.uniform(0, np.pi, N)
    if kind == "core in a shell":
        direction = z[:, :3] / np.linalg.norm(z[:, :3], axis=1)[:, None]
        shell = direction * (6 + 0.4 * z[:, 3:])
        X = np.where((rng.random(N) < 0.4)[:, None], rng.standard_normal((N, 3)), shell)
    elif kind in ("two long clouds", "three long clouds"):
        along, across = 8 * z[:, 0], z[:, 1] + 6 * (group if kind.startswith("three") else group % 2)
        X = np.column_stack([along + across, along - across, z[:, 2]])
    elif kind == "two diamonds":
        turned = rng.uniform(-1, 1, (N, 2)) @ np.array([[0.5, 0.5], [-0.5, 0.5]])
        X = turned + np.column_stack([2.0 * (rng.random(N) < 0.5) - 1, np.zeros(N)])
    elif kind == "three normal groups":
        X = z + 6 * np.eye(3, 4)[group]
    elif kind == "one bimodal column":
        X = z.copy()
        X[:, 0] += 5 * (rng.random(N) < 0.4)
    elif kind == "horseshoe":
        X = np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle)]) + 0.1 * z[:, :3]
    elif kind == "normal":
        X = z
    elif kind == "t":
        X = rng.standard_t(3, (N, 4))
    elif kind == "lognormal":
        X = np.exp(z)
    elif kind == "cube":
        X = rng.random((N, 3))
    elif kind == "joint zeros":
        X = np.where(rng.random((N, 1)) < 0.4, 0, np.exp(z))
    elif kind == "yes or no":
        X = (z[:, :1] + rng.standard_normal((N, 6)) > 0).astype(float)
    else:  # a name of four levels beside three numbers
        X = np.column_stack([z[:, :3], np.eye(4)[rng.integers(0, 4, N)]])
    return (X - X.mean(axis=0)) / X.std(axis=0)


KINDS = {
    "core in a shell": "groups that KMeans cuts across",
    "two long clouds": "groups that KMeans cuts across",
    "three long clouds": "groups that KMeans cuts across",
    "two diamonds": "KMeans is exact",
    "three normal groups": "KMeans is right",
    "one bimodal column": "KMeans is right",
    "horseshoe": "no groups",
    "normal": "no groups",
    "t": "no groups",
    "lognormal": "no groups",
    "cube": "no groups",
    "joint zeros": "no groups",
    "yes or no": "no groups",
    "name and numbers": "no groups",
}


class CopulaMatrices:
    """Null matrices, drawn when they are needed."""

    def __init__(self, X: np.ndarray, seed: int) -> None:
        self.null, self.seed = CopulaNull(X), seed

    def __len__(self) -> int:
        return N_NULL

    def __iter__(self) -> Iterator[np.ndarray]:
        return self.null.draws([np.random.default_rng([self.seed, 5, number]) for number in range(N_NULL)])


def results(kind: str, number: int) -> pd.DataFrame:
    """Return one row per draw of a kind."""
    rows = []
    for seed in range(number):
        X = draw(kind, np.random.default_rng([seed, *kind.encode()]))
        start = time.process_time()
        shapes = other_shapes(X, CopulaMatrices(X, seed), seed=seed)
        seconds = round(time.process_time() - start, 2)
        rows.append((kind, seed, shapes.best is not None, shapes.detected, shapes.k or "", shapes.n_null, seconds))
    return pd.DataFrame(rows, columns=["kind", "seed", "in_the_data", "detected", "k", "n_null", "seconds"])


def summary(outcomes: pd.DataFrame) -> str:
    """Return the summary in Markdown."""
    lines = [
        "# How often do other methods agree on groups that KMeans cuts across?",
        "",
        f"Matrices of {N} rows, k from 2 to 10, {N_NULL} null matrices of the copula null model where they are needed; "
        "made by `python studies/other_shapes.py`.",
        "",
        "| kind | what is right | number | agree in the data | and beyond the null model | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for kind, truth in KINDS.items():
        part = outcomes[outcomes["kind"] == kind]
        if len(part):
            lines.append(
                f"| {kind} | {truth} | {len(part)} | {part['in_the_data'].sum()} | {part['detected'].sum()} | "
                f"{part['seconds'].mean():.1f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw, look, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=10)
    options = parser.parse_args()
    path = HERE / "other_shapes.csv"
    outcomes = pd.read_csv(path, keep_default_na=False) if path.exists() else pd.DataFrame()
    for kind in KINDS:
        if len(outcomes) and (outcomes["kind"] == kind).any():
            continue
        outcomes = pd.concat([outcomes, results(kind, options.number)], ignore_index=True)
        outcomes.to_csv(path, index=False, lineterminator="\n")
        (HERE / "other_shapes.md").write_text(summary(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()

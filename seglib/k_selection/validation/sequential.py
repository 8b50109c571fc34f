"""How many groups? One more is taken only if k groups with gradual differences inside would not show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import delayed

from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.indices import cluster_indices
from seglib.k_selection.validation.benchmark import Benchmark
from seglib.k_selection.validation.evidence import ALPHA, evidence_of
from seglib.k_selection.validation.gradual_null import GradualNull
from seglib.k_selection.validation.null_models import CopulaNull, CopulaOfLump, Null
from seglib.k_selection.validation.processes import run_tasks
from seglib.k_selection.validation.smooth_null import SmoothNull
from seglib.style import join_words, p_value

UNDECIDED = 0.1
"""Up to this p-value a further group is not taken, but not excluded either."""

BATCH, TASKS = 10, 2
"""Simulated shops of one task, and tasks after which a test may stop."""


@dataclass(frozen=True)
class GroupsNeeded:
    """The tests of k groups against more, one after the other.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per test: k, against (the larger k with the greatest silhouette), gain (of its silhouette over that of
        k), gain_high (95% point of shops with k groups), p, n_null.
    candidates : tuple of int
        The k that were considered: those whose segments come back.
    start : int or None
        The k that valleys show, the first that was tested. None without any.
    """

    table: pd.DataFrame
    candidates: tuple[int, ...]
    start: int | None = None

    @property
    def k(self) -> int | None:
        """The smallest k that suffices; None where neither a valley nor a test speaks for one."""
        if not len(self.table):
            return self.start
        last = self.table.iloc[-1]
        return int(last["against"] if last["p"] <= ALPHA else last["k"])

    @property
    def undecided(self) -> tuple[int, ...]:
        """The k that these tests do not tell apart, `k` among them."""
        if self.k is None:
            return ()
        close = {self.k}
        if not len(self.table):
            return (self.k,)
        last = self.table.iloc[-1]
        if ALPHA < last["p"] <= UNDECIDED:
            close.add(int(last["against"]))
        # the last k that was rejected, where a few simulated shops more could have kept it
        rejected = self.table[self.table["p"] <= ALPHA]
        if len(rejected) and rejected["p"].iloc[-1] > ALPHA / 2:
            close.add(int(rejected["k"].iloc[-1]))
        return tuple(sorted(close))

    @property
    def text(self) -> str:
        """What each test says."""
        if not len(self.table):
            if self.start is None:
                return "How many groups there are was not tested."
            return f"Valleys show {self.start} groups; no larger number of segments comes back, so none was tested."
        too_few = [f"{row.k} ({p_value(row.p)})" for row in self.table.itertuples() if row.p <= ALPHA]
        sentences = []
        if too_few:
            sentences.append(
                f"{join_words(too_few)} groups are not enough: with more, the silhouette gains more than in simulated "
                "shops of so many groups with gradual differences inside each."
            )
        last = self.table.iloc[-1]
        if last["p"] <= ALPHA:
            sentences.append(f"So there are at least {self.k}; no larger number of segments comes back.")
        else:
            sentences.append(
                f"{last['k']:.0f} groups are enough: with more, the silhouette gains no more than in simulated shops "
                f"of {last['k']:.0f} groups with gradual differences inside each ({p_value(last['p'])})."
            )
        return " ".join(sentences)


def groups_needed(
    benchmark: Benchmark,
    nulls: Sequence[Null],
    *,
    n_null: int = 39,
    n_starts: int = 5,
    seed: int = 0,
    n_jobs: int = 1,
) -> GroupsNeeded:
    """Test one number of groups after the other against more.

    Parameters
    ----------
    benchmark : Benchmark
    nulls : sequence of Null
        Those of the benchmark. `GradualNull` simulates groups with gradual differences inside; in tables
        `CopulaNull` and `SmoothNull` do, and the larger p-value counts.
    n_null : int, default=39
        Simulated shops of every test; fewer where p is clearly large.
    n_starts : int, default=5
    seed : int, default=0
    n_jobs : int, default=1

    Returns
    -------
    GroupsNeeded
        Empty where the silhouette does not stand out, or where no k is stable.

    Notes
    -----
    Parametric bootstrap from the solution with k groups (McLachlan 1987, Appl. Stat. 36(3), for mixtures). The
    statistic is the greatest silhouette of a larger k less that of k. It starts at the k that valleys show, without
    any at the smallest stable k. It ends with the first k that suffices, so the level holds for every step (a sequence
    of nested hypotheses).
    """
    evidence = evidence_of(benchmark)
    candidates = tuple(evidence.stable_k)
    grouped = [null for null in nulls if isinstance(null, GradualNull)]
    grouped = grouped or [null for null in nulls if isinstance(null, CopulaNull | CopulaOfLump | SmoothNull)]
    stands_out = evidence.stands_out or evidence.beyond_gradual
    if not stands_out or not grouped or not candidates:
        return GroupsNeeded(pd.DataFrame(columns=COLUMNS), candidates)
    start = evidence.k_star if evidence.structure == "natural" else None
    k, rows = start or candidates[0], []
    silhouette = evidence.by_k["silhouette"]
    while more := [other for other in candidates if other > k]:
        within = [null.within(benchmark.observed.labels[k - 1]) for null in grouped]
        if None in within:
            break
        against = int(silhouette[more].idxmax())
        gain = float(silhouette[against] - silhouette[k])
        test = None
        for null in within:
            gains = _simulated_gains(null, k, more, gain, n_null, n_starts, [seed, 13, k], n_jobs)
            p = (1 + int((gains >= gain).sum())) / (len(gains) + 1)
            if test is None or p > test[4]:
                test = (k, against, gain, float(np.quantile(gains, 0.95)), p, len(gains))
            if p > UNDECIDED:
                break
        rows.append(test)
        if test[4] > ALPHA:
            break
        k = more[0]
    return GroupsNeeded(pd.DataFrame(rows, columns=COLUMNS), candidates, start)


COLUMNS = ["k", "against", "gain", "gain_high", "p", "n_null"]


def _simulated_gains(
    null: Null, k: int, more: Sequence[int], gain: float, n_null: int, n_starts: int, seed: list[int], n_jobs: int
) -> np.ndarray:
    """Return the gains of simulated shops; of fewer where so many reach that of the data that p > `UNDECIDED`."""
    gains = np.empty(0)
    # The number of shops after which a test may stop does not depend on the number of processes.
    for first in range(0, n_null, TASKS * BATCH):
        starts = range(first, min(first + TASKS * BATCH, n_null), BATCH)
        tasks = [
            delayed(_gains)(null, k, more, n_starts, seed, range(begin, min(begin + BATCH, n_null))) for begin in starts
        ]
        gains = np.concatenate([gains, *run_tasks(tasks, n_jobs)])
        if (gains >= gain).sum() > UNDECIDED * (n_null + 1):
            break
    return gains


def _gains(null: Null, k: int, more: Sequence[int], n_starts: int, seed: list[int], shops: range) -> np.ndarray:
    rngs = [np.random.default_rng([*seed, number]) for number in shops]
    gains = []
    for X, rng in zip(null.draws(rngs), rngs, strict=True):
        rows = Rows(X)
        silhouette = cluster_indices(rows, best_starts(rows, max(more), rng, n_init=n_starts))["silhouette"]
        gains.append(max(silhouette[other - 1] for other in more) - silhouette[k - 1])
    return np.array(gains)

"""How much customers differ in a mean, such as days to burn: one-way variance components with a permutation test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution
from scipy.stats import pearson3, skew

N_PERMUTATIONS, MAX_PERMUTED_VALUES = 199, 50_000
"""How often values are dealt out to customers to see how lopsided chance is, and how many at most each time."""


@dataclass(frozen=True)
class VarianceComponents:
    """How a mean differs between customers: overall mean, variance between customers and within one.

    ``p`` belongs to the hypothesis of one mean for everybody.
    """

    mean: float
    between: float
    within: float
    p: float

    @property
    def reliability(self) -> float:
        """Share of the variance of a single value that lies between customers."""
        return self.between / (self.between + self.within) if self.between else 0.0


def variance_components(
    total: pd.Series,
    squares: pd.Series,
    n: pd.Series,
    *,
    customers: pd.Series | None = None,
    total_squared: pd.Series | None = None,
    values: pd.Series | None = None,
) -> VarianceComponents:
    """Split the variance of a value into a part between customers and a part within them.

    Parameters
    ----------
    total, squares, n : pandas.Series, shape (n_cells,)
        Sum, sum of squares and number of a customer's values; or the two sums over all customers who have ``n``.
    customers, total_squared : pandas.Series, shape (n_cells,), optional
        How many customers have ``n`` values, and the sum of the squares of their sums; default: one customer a row.
    values : pandas.Series of int, optional
        How often each value (the index) came, over all customers: then p is what dealing out these very values at
        random gives. Default: that of the F test, which takes the values for normally distributed.

    Returns
    -------
    VarianceComponents
        Between is 0 and p is 1 where no customer has two values, or there is no customer to compare with.

    Notes
    -----
    One-way random effects, components by analysis of variance (Searle, Casella & McCulloch 1992, *Variance
    Components*, chapter 3), the one between customers floored at zero.

    Days are skewed and customers have few of them: the F test at 1% then rejects up to twenty times as often as it
    should (``benchmarks/panel_level.py``). The sum of squares between customers has a mean and a variance over all ways
    to deal the values out that follow from their fourth moment (Welch 1937, Biometrika 29); its skewness is taken from
    a few hundred deals, and p from the Pearson type III distribution with these three (Mielke & Berry 2007,
    *Permutation Methods*, section 2.3).
    """
    each = {"total": total, "squares": squares, "n": n, "w": 1.0 if customers is None else customers}
    each["total_squared"] = pd.Series(total) ** 2 if total_squared is None else total_squared
    cells = pd.DataFrame({name: np.broadcast_to(np.asarray(v, float), len(n)) for name, v in each.items()})
    cells = cells[cells["n"] > 0].sort_values(list(cells), ignore_index=True)
    n_each, w = cells["n"], cells["w"]
    n_all, groups = (w * n_each).sum(), w.sum()
    mean = cells["total"].sum() / n_all if groups else np.nan
    if groups < 2 or n_all <= groups:
        return VarianceComponents(mean, 0.0, 0.0, 1.0)
    of_means = (cells["total_squared"] / n_each).sum()
    within = max(0.0, (cells["squares"].sum() - of_means) / (n_all - groups))
    among = max(0.0, (of_means - mean**2 * n_all) / (groups - 1))
    typical_n = (n_all - (w * n_each**2).sum() / n_all) / (groups - 1)
    between = max(0.0, (among - within) / typical_n)
    if values is not None:
        p = _permutation_p(among * (groups - 1), values, n_each.to_numpy(), w.to_numpy())
    else:
        ratio = among / within if within else (np.inf if among else 0.0)
        p = float(f_distribution.sf(ratio, groups - 1, n_all - groups))
    return VarianceComponents(mean, between, within, p)


def _permutation_p(found: float, values: pd.Series, n: np.ndarray, w: np.ndarray) -> float:
    """Return how often values dealt out at random have a sum of squares between customers as large as that found.

    Parameters
    ----------
    found : float
    values : pandas.Series of int
        How often each value (the index) came.
    n, w : ndarray of float, shape (n_cells,)
        ``w`` customers have ``n`` values.
    """
    x, times = values.index.to_numpy(float), values.to_numpy(float)
    size, groups = times.sum(), w.sum()
    x = x - (x @ times) / size
    squares = x**2 @ times
    if size < 4 or squares < 1e-9:
        return 1.0
    mean = (groups - 1) / (size - 1)  # from here on as a share of all squares
    variance = _permuted_second_moment(x**4 @ times / squares**2, size, n, w) - mean**2
    if variance < 1e-15:
        return 1.0
    lopsided = _permuted_skewness(x, times, n, w)
    return float(pearson3.sf(found / squares, lopsided, loc=mean, scale=np.sqrt(variance)))


def _permuted_second_moment(fourth: float, size: float, n: np.ndarray, w: np.ndarray) -> float:
    """Return the mean square of the share of squares between customers, over all ways to deal the values out.

    ``fourth`` is the sum of the fourth powers of the centred values, if that of their squares is 1.
    """
    pairs = size * (size - 1)
    triples, fours = pairs * (size - 2), pairs * (size - 2) * (size - 3)
    # means of the products of four values drawn without replacement: aaaa, aaab, aabb, aabc, abcd
    aaaa, aaab, aabb = fourth / size, -fourth / pairs, (1 - fourth) / pairs
    aabc, abcd = (2 * fourth - 1) / triples, (3 - 6 * fourth) / fours
    own = aaaa + (4 * aaab + 3 * aabb) * (n - 1) + 6 * aabc * (n - 1) * (n - 2) + abcd * (n - 1) * (n - 2) * (n - 3)
    groups = w.sum()
    of_two = aabb * groups * (groups - 1) + 2 * aabc * (groups - 1) * (size - groups)
    of_two += abcd * ((size - groups) ** 2 - w @ (n - 1) ** 2)
    return float(w @ (own / n) + of_two)


def _permuted_skewness(x: np.ndarray, times: np.ndarray, n: np.ndarray, w: np.ndarray) -> float:
    """Return the skewness of the sum of squares between customers where values are dealt out; never below zero.

    A large shop's is that of a part of it, which shrinks with the root of the number of customers.
    """
    rng = np.random.default_rng(0)
    each = np.repeat(n.astype(np.int64), w.astype(np.int64))
    groups, part = len(each), each
    if each.sum() > MAX_PERMUTED_VALUES:
        rng.shuffle(each)
        part = each[: max(2, int(np.searchsorted(np.cumsum(each), MAX_PERMUTED_VALUES)))]
        dealt = rng.choice(x, part.sum(), p=times / times.sum())
    else:
        dealt = np.repeat(x, times.astype(np.int64))
    starts, sums = np.concatenate([[0], np.cumsum(part)[:-1]]), []
    for _ in range(N_PERMUTATIONS):
        rng.shuffle(dealt)
        sums.append((np.add.reduceat(dealt, starts) ** 2 / part).sum())
    return max(0.0, float(skew(sums, bias=False)) * np.sqrt(len(part) / groups)) if np.std(sums) > 1e-12 else 0.0

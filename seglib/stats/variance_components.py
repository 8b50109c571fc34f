"""How much customers differ in a mean, such as days to burn: one-way variance components with a permutation test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution
from scipy.stats import pearson3, skew

N_PERMUTATIONS, MAX_PERMUTED_VALUES = 199, 50_000
"""Number of permutations from which the skewness of the null distribution is taken, and most values in each."""


@dataclass(frozen=True)
class VarianceComponents:
    """How a mean differs between customers: overall mean, variance between customers and variance within customers.

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
        How many customers have ``n`` values, and the sum of the squares of their sums; default: one customer per row.
    values : pandas.Series of int, optional
        How often each value (the index) occurs, over all customers: then p is that of a permutation test. Default:
        that of the F test, which takes the values for normally distributed.

    Returns
    -------
    VarianceComponents
        Between is 0 and p is 1 where no customer has two values, or there is no customer to compare with.

    Notes
    -----
    One-way random effects, components by analysis of variance (Searle, Casella & McCulloch 1992, *Variance
    Components*, chapter 3), the one between customers floored at zero.

    Days are skewed and customers have few of them: the F test at 1% then rejects up to twenty times as often as it
    should (``benchmarks/panel_level.py``). Over all permutations of the values, mean and variance of the sum of squares
    between customers follow from their fourth moment (Welch 1937, Biometrika 29); its skewness is taken from a few
    hundred permutations, and p from the Pearson type III distribution with these three (Mielke & Berry 2007,
    *Permutation Methods*, section 2.3).
    """
    each = {"total": total, "squares": squares, "n": n, "w": 1.0 if customers is None else customers}
    each["total_squared"] = pd.Series(total) ** 2 if total_squared is None else total_squared
    cells = pd.DataFrame({name: np.broadcast_to(np.asarray(v, float), len(n)) for name, v in each.items()})
    cells = cells[cells["n"] > 0].sort_values(list(cells), ignore_index=True)
    n_each, w = cells["n"], cells["w"]
    n_all, groups = (w * n_each).sum(), w.sum()  # values, and customers who have one
    mean = cells["total"].sum() / n_all if groups else np.nan
    if groups < 2 or n_all <= groups:
        return VarianceComponents(mean, 0.0, 0.0, 1.0)
    of_means = (cells["total_squared"] / n_each).sum()
    within = max(0.0, (cells["squares"].sum() - of_means) / (n_all - groups))
    among = max(0.0, (of_means - mean**2 * n_all) / (groups - 1))
    # the coefficient of the variance between customers in E(among): their number of values, if all had as many
    typical_n = (n_all - (w * n_each**2).sum() / n_all) / (groups - 1)
    between = max(0.0, (among - within) / typical_n)
    if values is not None:
        p = _permutation_p(among * (groups - 1), values, n_each.to_numpy(), w.to_numpy())
    else:
        ratio = among / within if within else (np.inf if among else 0.0)
        p = float(f_distribution.sf(ratio, groups - 1, n_all - groups))
    return VarianceComponents(mean, between, within, p)


def _permutation_p(observed: float, values: pd.Series, n: np.ndarray, w: np.ndarray) -> float:
    """Return how often permuted values have a sum of squares between customers as large as the observed one.

    Parameters
    ----------
    observed : float
        The sum of squares between customers.
    values : pandas.Series of int
        How often each value (the index) occurs.
    n, w : ndarray of float, shape (n_cells,)
        ``w`` customers have ``n`` values.
    """
    x, frequency = values.index.to_numpy(float), values.to_numpy(float)
    size, groups = frequency.sum(), w.sum()
    x = x - (x @ frequency) / size
    squares = x**2 @ frequency
    if size < 4 or squares < 1e-9:
        return 1.0
    # Mean and variance over all permutations are known exactly, as shares of the total sum of squares (which no
    # permutation changes). Only the skewness has no simple formula and is simulated. With three moments the null
    # distribution is a Pearson type III curve, whose tail also gives the small p that no simulation could count.
    mean = (groups - 1) / (size - 1)
    variance = _permuted_second_moment(x**4 @ frequency / squares**2, size, n, w) - mean**2
    if variance < 1e-15:
        return 1.0
    skewness = _permuted_skewness(x, frequency, n, w)
    return float(pearson3.sf(observed / squares, skewness, loc=mean, scale=np.sqrt(variance)))


def _permuted_second_moment(fourth: float, size: float, n: np.ndarray, w: np.ndarray) -> float:
    """Return the mean of the squared share of squares between customers, over all permutations of the values.

    Parameters
    ----------
    fourth : float
        Sum of the fourth powers of the centred values, if the sum of their squares is 1.
    size : float
        Number of values.
    n, w : ndarray of float, shape (n_cells,)
        ``w`` customers have ``n`` values.
    """
    # The share is a sum over customers of (sum of their values)^2 / n. Its square is a sum of products of four values,
    # and over all permutations the mean of such a product depends only on which of the four are the same value: all
    # (aaaa), three (aaab), two and two (aabb), two (aabc) or none (abcd). Since the values add up to 0 and their
    # squares to 1, all five means follow from the sum of the fourth powers.
    pairs = size * (size - 1)
    triples, fours = pairs * (size - 2), pairs * (size - 2) * (size - 3)
    aaaa, aaab, aabb = fourth / size, -fourth / pairs, (1 - fourth) / pairs
    aabc, abcd = (2 * fourth - 1) / triples, (3 - 6 * fourth) / fours
    # all four values are of one customer: the mean of (sum of n values)^4, multiplied out, over n
    of_one = aaaa + (4 * aaab + 3 * aabb) * (n - 1) + 6 * aabc * (n - 1) * (n - 2) + abcd * (n - 1) * (n - 2) * (n - 3)
    # two are of one customer and two of another: summed over all pairs of customers
    groups = w.sum()
    of_two = aabb * groups * (groups - 1) + 2 * aabc * (groups - 1) * (size - groups)
    of_two += abcd * ((size - groups) ** 2 - w @ (n - 1) ** 2)
    return float(w @ (of_one / n) + of_two)


def _permuted_skewness(x: np.ndarray, frequency: np.ndarray, n: np.ndarray, w: np.ndarray) -> float:
    """Return the skewness of the sum of squares between customers where values are permuted; never below zero.

    Parameters
    ----------
    x, frequency : ndarray of float, shape (n_values,)
        The centred values, and how often each occurs.
    n, w : ndarray of float, shape (n_cells,)
        ``w`` customers have ``n`` values.
    """
    rng = np.random.default_rng(0)
    each = np.repeat(n.astype(np.int64), w.astype(np.int64))
    groups, part = len(each), each
    if each.sum() > MAX_PERMUTED_VALUES:
        # A large shop is too slow to permute: some of its customers stand for all, and values are drawn for them.
        rng.shuffle(each)
        part = each[: max(2, int(np.searchsorted(np.cumsum(each), MAX_PERMUTED_VALUES)))]
        permuted = rng.choice(x, part.sum(), p=frequency / frequency.sum())
    else:
        permuted = np.repeat(x, frequency.astype(np.int64))
    starts, sums = np.concatenate([[0], np.cumsum(part)[:-1]]), []
    for _ in range(N_PERMUTATIONS):
        rng.shuffle(permuted)
        sums.append((np.add.reduceat(permuted, starts) ** 2 / part).sum())
    if np.std(sums) <= 1e-12:
        return 0.0
    # the skewness of a sum of many nearly independent terms falls with the root of their number
    return max(0.0, float(skew(sums, bias=False)) * np.sqrt(len(part) / groups))

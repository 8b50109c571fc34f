"""Small counts lie: how much customers differ in a rate, a mean, or a count, and whether that can be believed.

A customer who burned the one coupon they had has not a burn rate of 100%. Empirical Bayes mixes what a customer
did with what customers do, by as much as customers were found to differ: the mixing is done in ``sql/features.sql``,
the finding here, from counts of customers that fit into any memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, expit, logit
from scipy.stats import chi2, norm, pearson3, skew
from scipy.stats import f as f_distribution

DEALS, MOST_DEALT = 199, 50_000
"""How often values are dealt out to customers to see how lopsided chance is, and how many at most each time."""


@dataclass(frozen=True)
class BetaBinomial:
    """How a rate differs between customers: like Beta(mean * size, (1 - mean) * size).

    ``size`` is what the shop's own rate is worth, in trials; infinite if customers do not differ. ``p`` belongs
    to the likelihood ratio test of one rate for everybody.
    """

    mean: float
    size: float
    p: float

    @property
    def a(self) -> float:
        """First parameter of the Beta distribution: its mean is a / (a + b)."""
        return self.mean * self.size

    @property
    def b(self) -> float:
        """Second parameter of the Beta distribution."""
        return (1 - self.mean) * self.size

    @property
    def reliability(self) -> float:
        """Share of the variance of a single trial that lies between customers, 1 / (size + 1)."""
        return 1 / (self.size + 1)


def fit_beta_binomial(successes: pd.Series, trials: pd.Series, customers: pd.Series | None = None) -> BetaBinomial:
    """Fit the Beta distribution of a rate over customers by maximum likelihood.

    The likelihood of a customer is beta-binomial. Customers with equal counts are as good as one another, so it is
    enough to know how many there are of each: an engine counts them, and the fit costs the same for a
    thousand customers and for a million.

    Parameters
    ----------
    successes, trials : pandas.Series of int, shape (n_cells,)
        Customers without a trial say nothing and are left out.
    customers : pandas.Series of int, shape (n_cells,), optional
        How many customers have these counts; default: one each.

    Returns
    -------
    BetaBinomial
        With mean one half, infinite size and p = 1 if there is no trial at all.

    Notes
    -----
    Empirical Bayes for rates: Efron (2010), *Large-Scale Inference*, chapter 1; the beta-binomial
    likelihood: Skellam (1948), J. R. Stat. Soc. B 10(2). No difference between customers lies on the boundary
    of the parameter space, so the likelihood ratio is an even mixture of 0 and chi-square with one degree of
    freedom (Self & Liang 1987, JASA 82(398)).
    """
    each = {"x": successes, "n": trials, "w": 1.0 if customers is None else customers}
    seen = pd.DataFrame({name: np.broadcast_to(np.asarray(v, float), len(trials)) for name, v in each.items()})
    cells = seen[seen["n"] > 0].groupby(["n", "x"], as_index=False)["w"].sum()
    if cells.empty:
        return BetaBinomial(0.5, np.inf, 1.0)
    x, n, w = (cells[c].to_numpy() for c in ("x", "n", "w"))
    overall = (w @ x) / (w @ n)
    if overall in (0.0, 1.0):
        return BetaBinomial(overall, np.inf, 1.0)
    one_rate = float(w @ (x * np.log(overall) + (n - x) * np.log1p(-overall)))

    def loss(theta: np.ndarray) -> float:
        mean, size = expit(theta[0]), np.exp(theta[1])
        a, b = mean * size, (1 - mean) * size
        return (one_rate - float(w @ (betaln(a + x, b + n - x) - betaln(a, b)))) / w.sum()

    bounds = [(-14.0, 14.0), (np.log(1e-2), np.log(1e6))]
    starts = [np.array([logit(overall), np.log(size)]) for size in (1.0, 10.0, 100.0)]
    best = min((minimize(loss, s, method="L-BFGS-B", bounds=bounds) for s in starts), key=lambda r: r.fun)
    ratio = -2 * best.fun * w.sum()
    if ratio <= 1e-6:
        return BetaBinomial(overall, np.inf, 1.0)
    return BetaBinomial(float(expit(best.x[0])), float(np.exp(best.x[1])), float(chi2.sf(ratio, 1) / 2))


@dataclass(frozen=True)
class ExcessZeros:
    """Customers without a success, beside how many of them their rates and their few trials explain.

    ``share`` and ``expected`` are shares of the customers who have a trial.
    """

    share: float
    expected: float
    p: float

    @property
    def reliability(self) -> float:
        """Share of those without a success whom nothing else explains."""
        return max(0.0, 1 - self.expected / self.share) if self.share else 0.0


def excess_zeros(fit: BetaBinomial, successes: pd.Series, trials: pd.Series, customers: pd.Series) -> ExcessZeros:
    """Compare the customers without a success with what the distribution of rates makes them.

    Parameters
    ----------
    fit : BetaBinomial
        Fitted to the same counts, which makes the test cautious.
    successes, trials, customers : pandas.Series of int, shape (n_cells,)
        As in `fit_beta_binomial`.

    Notes
    -----
    The number of zeros against the sum of their beta-binomial probabilities, by the normal distribution, one-sided:
    the classical look for zero inflation (Cochran 1954, Biometrics 10(4), for Poisson counts).
    """
    x, n, w = (np.asarray(v, float) for v in (successes, trials, customers))
    all_of_them = w.sum()
    if not all_of_them:
        return ExcessZeros(0.0, 0.0, 1.0)
    one_rate = np.isinf(fit.size)
    q = (1 - fit.mean) ** n if one_rate else np.exp(betaln(fit.a, fit.b + n) - betaln(fit.a, fit.b))
    found, expected, variance = w @ (x == 0), w @ q, w @ (q * (1 - q))
    p = float(norm.sf((found - 0.5 - expected) / np.sqrt(variance))) if variance > 1e-9 else 1.0
    return ExcessZeros(float(found / all_of_them), float(expected / all_of_them), p)


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
        p = _dealt_p(among * (groups - 1), values, n_each.to_numpy(), w.to_numpy())
    else:
        ratio = among / within if within else (np.inf if among else 0.0)
        p = float(f_distribution.sf(ratio, groups - 1, n_all - groups))
    return VarianceComponents(mean, between, within, p)


def _dealt_p(found: float, values: pd.Series, n: np.ndarray, w: np.ndarray) -> float:
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
    variance = _dealt_second(x**4 @ times / squares**2, size, n, w) - mean**2
    if variance < 1e-15:
        return 1.0
    lopsided = _dealt_skewness(x, times, n, w)
    return float(pearson3.sf(found / squares, lopsided, loc=mean, scale=np.sqrt(variance)))


def _dealt_second(fourth: float, size: float, n: np.ndarray, w: np.ndarray) -> float:
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


def _dealt_skewness(x: np.ndarray, times: np.ndarray, n: np.ndarray, w: np.ndarray) -> float:
    """Return the skewness of the sum of squares between customers where values are dealt out; never below zero.

    A large shop's is that of a part of it, which shrinks with the root of the number of customers.
    """
    rng = np.random.default_rng(0)
    each = np.repeat(n.astype(np.int64), w.astype(np.int64))
    groups, part = len(each), each
    if each.sum() > MOST_DEALT:
        rng.shuffle(each)
        part = each[: max(2, int(np.searchsorted(np.cumsum(each), MOST_DEALT)))]
        dealt = rng.choice(x, part.sum(), p=times / times.sum())
    else:
        dealt = np.repeat(x, times.astype(np.int64))
    starts, sums = np.concatenate([[0], np.cumsum(part)[:-1]]), []
    for _ in range(DEALS):
        rng.shuffle(dealt)
        sums.append((np.add.reduceat(dealt, starts) ** 2 / part).sum())
    return max(0.0, float(skew(sums, bias=False)) * np.sqrt(len(part) / groups)) if np.std(sums) > 1e-12 else 0.0


@dataclass(frozen=True)
class Overdispersion:
    """How much more counts differ between customers than the same total dealt out by chance."""

    reliability: float
    p: float


def overdispersion(counts: pd.Series, exposure: pd.Series) -> Overdispersion:
    """Say what share of the variance of a count lies between customers.

    Parameters
    ----------
    counts : pandas.Series of int, shape (n_customers,)
        Those with none belong to it.
    exposure : pandas.Series of float, shape (n_customers,)
        Time for which each customer could be counted.

    Returns
    -------
    Overdispersion
        ``reliability`` is 1 - 1 / D, where D is the index of dispersion, variance over what chance gives: the share
        that is not Poisson. Whether the chance is the same for everybody, or grows with the exposure, is
        not known: the milder of the two views is taken. ``p`` by chi-square. Nothing can be told (0 and 1) where
        less than one count is expected of a customer.

    Notes
    -----
    Cochran (1954), Biometrics 10(4).
    """
    n, views = np.asarray(counts, float), []
    if len(n) < 2 or n.mean() < 1:
        return Overdispersion(0.0, 1.0)
    for weight in (np.ones(len(n)), np.asarray(exposure, float)):
        expected = n.sum() * weight / weight.sum()
        known = expected > 0
        freedom = int(known.sum()) - 1
        square = float(((n - expected)[known] ** 2 / expected[known]).sum())
        reliability = max(0.0, 1 - freedom / square) if square else 0.0
        views.append(Overdispersion(reliability, float(chi2.sf(square, freedom))))
    return max(views, key=lambda view: (view.p, -view.reliability))


def scatter_by_coupons(table: pd.DataFrame) -> pd.DataFrame:
    """Show what few coupons do to a raw burn rate, and what shrinkage makes of it.

    Parameters
    ----------
    table : pandas.DataFrame
        `seglib.features.CustomerFeatures.table`.

    Returns
    -------
    pandas.DataFrame
        One row a group of customers by number of decided coupons: decided_coupons, customers, extreme (share of
        raw rates that are exactly 0 or 1), raw_sd, shrunk_sd (standard deviation of raw and of shrunk rates).
    """
    decided = table[table["n_decided"] > 0]
    raw = decided["n_decided_burned"] / decided["n_decided"]
    group = pd.cut(decided["n_decided"], [0, 1, 3, 6, float("inf")], labels=["1", "2 or 3", "4 to 6", "7 or more"])
    rates = pd.DataFrame({"raw": raw, "shrunk": decided["burn_rate"], "extreme": raw.isin([0, 1])})
    scatter = rates.groupby(group, observed=True).agg(
        customers=("raw", "size"), extreme=("extreme", "mean"), raw_sd=("raw", "std"), shrunk_sd=("shrunk", "std")
    )
    return scatter.rename_axis("decided_coupons").reset_index().astype({"decided_coupons": "str"})

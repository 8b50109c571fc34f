"""Small counts lie: estimates of a customer's rate and mean that borrow strength from all customers.

A customer who burned the one coupon they had has not a burn rate of 100%. Empirical Bayes mixes what a customer
did with what customers do, by as much as customers were found to differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, expit, logit
from scipy.stats import chi2
from scipy.stats import f as f_distribution


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
    def reliability(self) -> float:
        """Share of the variance of a single trial that lies between customers, 1 / (size + 1)."""
        return 1 / (self.size + 1)

    def shrink(self, successes: pd.Series, trials: pd.Series) -> pd.Series:
        """Return every customer's expected rate, (mean * size + successes) / (size + trials)."""
        if np.isinf(self.size):
            return pd.Series(self.mean, index=trials.index)
        return (self.mean * self.size + successes) / (self.size + trials)


def fit_beta_binomial(successes: pd.Series, trials: pd.Series) -> BetaBinomial:
    """Fit the Beta distribution of a rate over customers by maximum likelihood.

    The likelihood of a customer is beta-binomial; customers with equal counts are taken together first, so
    the fit costs the same for a thousand customers and for a million.

    Parameters
    ----------
    successes, trials : pandas.Series of int, shape (n_customers,)
        Customers without a trial say nothing and are left out.

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
    seen = pd.DataFrame({"x": np.asarray(successes, float), "n": np.asarray(trials, float)}).query("n > 0")
    if seen.empty:
        return BetaBinomial(0.5, np.inf, 1.0)
    cells = seen.value_counts(sort=False).reset_index(name="w").sort_values(["n", "x"])
    x, n, w = (cells[c].to_numpy(float) for c in ("x", "n", "w"))
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
class VarianceComponents:
    """How a mean differs between customers: overall mean, variance between customers and within one.

    ``p`` belongs to the F test of one mean for everybody.
    """

    mean: float
    between: float
    within: float
    p: float

    @property
    def reliability(self) -> float:
        """Share of the variance of a single value that lies between customers."""
        return self.between / (self.between + self.within) if self.between else 0.0

    def shrink(self, total: pd.Series, n: pd.Series) -> pd.Series:
        """Return every customer's expected mean, ``mean + between / (between + within / n) * (own - mean)``."""
        if not self.between:
            return pd.Series(self.mean, index=n.index)
        weight = n * self.between / (n * self.between + self.within).where(n > 0, 1.0)
        return self.mean + weight * (total / n.where(n > 0) - self.mean).fillna(0.0)


def variance_components(total: pd.Series, squares: pd.Series, n: pd.Series) -> VarianceComponents:
    """Split the variance of a value into a part between customers and a part within them.

    Parameters
    ----------
    total, squares, n : pandas.Series, shape (n_customers,)
        Sum, sum of squares and number of a customer's values.

    Returns
    -------
    VarianceComponents
        Between is 0 and p is 1 where no customer has two values, or there is no customer to compare with.

    Notes
    -----
    One-way random effects, components by analysis of variance (Searle, Casella & McCulloch 1992, *Variance
    Components*, chapter 3), the one between customers floored at zero.
    """
    total, squares, n = (pd.Series(s)[n > 0].astype(float) for s in (total, squares, n))
    n_all, groups = n.sum(), len(n)
    mean = total.sum() / n_all if groups else np.nan
    if groups < 2 or n_all <= groups:
        return VarianceComponents(mean, 0.0, 0.0, 1.0)
    within = max(0.0, (squares - total**2 / n).sum() / (n_all - groups))
    among = (n * (total / n - mean) ** 2).sum() / (groups - 1)
    typical_n = (n_all - (n**2).sum() / n_all) / (groups - 1)
    between = max(0.0, (among - within) / typical_n)
    ratio = among / within if within else (np.inf if among else 0.0)
    return VarianceComponents(mean, between, within, float(f_distribution.sf(ratio, groups - 1, n_all - groups)))


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

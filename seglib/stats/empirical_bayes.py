"""How much customers differ in a rate, and whether that can be believed.

A customer who burned the one coupon they had does not have a burn rate of 100%. Empirical Bayes shrinks the rate of a
customer towards the rate of all, the more so the less customers differ and the fewer coupons they have. The shrinkage
is done in ``sql/features.sql``; the distribution of rates is fitted here, from a table of counts that fits into any
memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, expit, logit
from scipy.stats import chi2, norm


@dataclass(frozen=True)
class BetaBinomial:
    """How a rate differs between customers: like Beta(mean * size, (1 - mean) * size).

    Attributes
    ----------
    mean : float
        The rate of the shop.
    size : float
        What the rate of the shop is worth, in trials: a customer with as many trials is shrunk half-way to it.
        Infinite if customers do not differ.
    p : float
        Of the likelihood ratio test of one rate for everybody.
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

    The likelihood of a customer is beta-binomial. It is the same for customers with equal counts, so it is enough to
    know how many customers have which counts: an engine counts them, and the fit costs the same for a thousand
    customers and for a million.

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
    counts = pd.DataFrame({name: np.broadcast_to(np.asarray(v, float), len(trials)) for name, v in each.items()})
    cells = counts[counts["n"] > 0].groupby(["n", "x"], as_index=False)["w"].sum()
    if cells.empty:
        return BetaBinomial(0.5, np.inf, 1.0)
    x, n, w = (cells[c].to_numpy() for c in ("x", "n", "w"))
    overall = (w @ x) / (w @ n)
    if overall in (0.0, 1.0):
        return BetaBinomial(overall, np.inf, 1.0)
    one_rate = float(w @ (x * np.log(overall) + (n - x) * np.log1p(-overall)))

    # Maximised over the logit of the mean and the log of the size, which are not bounded by 0 and 1. The binomial
    # coefficients are left out: they are the same in both likelihoods. What is minimised is minus the gain in log
    # likelihood over one rate for everybody, per customer, so that tolerances mean the same for shops of any size.
    def loss(theta: np.ndarray) -> float:
        mean, size = expit(theta[0]), np.exp(theta[1])
        a, b = mean * size, (1 - mean) * size
        return (one_rate - float(w @ (betaln(a + x, b + n - x) - betaln(a, b)))) / w.sum()

    # the likelihood can be flat for large sizes: three starts, and the best of them
    bounds = [(-14.0, 14.0), (np.log(1e-2), np.log(1e6))]
    starts = [np.array([logit(overall), np.log(size)]) for size in (1.0, 10.0, 100.0)]
    best = min((minimize(loss, s, method="L-BFGS-B", bounds=bounds) for s in starts), key=lambda r: r.fun)
    ratio = -2 * best.fun * w.sum()
    # No difference between customers is size = infinity, the boundary: the optimiser only comes near it, and gains
    # nothing. There the ratio is 0 in half of all shops, so p is half that of chi-square with one degree of freedom.
    if ratio <= 1e-6:
        return BetaBinomial(overall, np.inf, 1.0)
    return BetaBinomial(float(expit(best.x[0])), float(np.exp(best.x[1])), float(chi2.sf(ratio, 1) / 2))


@dataclass(frozen=True)
class ExcessZeros:
    """Customers without a success, beside how many of them the rates and the few trials of customers explain.

    Attributes
    ----------
    share, expected : float
        Observed and expected share of the customers who have a trial.
    p : float
        Of the hypothesis that there are no more than expected.
    """

    share: float
    expected: float
    p: float

    @property
    def reliability(self) -> float:
        """Share of the customers without a success that is more than expected."""
        return max(0.0, 1 - self.expected / self.share) if self.share else 0.0


def excess_zeros(fit: BetaBinomial, successes: pd.Series, trials: pd.Series, customers: pd.Series) -> ExcessZeros:
    """Compare the number of customers without a success with what the distribution of rates gives.

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
    total = w.sum()
    if not total:
        return ExcessZeros(0.0, 0.0, 1.0)
    # probability of no success in n trials: binomial if all have one rate, else beta-binomial
    one_rate = np.isinf(fit.size)
    q = (1 - fit.mean) ** n if one_rate else np.exp(betaln(fit.a, fit.b + n) - betaln(fit.a, fit.b))
    observed, expected, variance = w @ (x == 0), w @ q, w @ (q * (1 - q))
    p = float(norm.sf((observed - 0.5 - expected) / np.sqrt(variance))) if variance > 1e-9 else 1.0
    return ExcessZeros(float(observed / total), float(expected / total), p)

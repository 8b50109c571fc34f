"""stats."""

from seglib.stats.empirical_bayes import BetaBinomial, ExcessZeros, excess_zeros, fit_beta_binomial, scatter_by_coupons
from seglib.stats.intervals import wilson
from seglib.stats.overdispersion import Overdispersion, overdispersion
from seglib.stats.permutation import NOTHING, Finding, between, dispersion, holm, p_of
from seglib.stats.variance_components import VarianceComponents, variance_components

__all__ = [
    "NOTHING",
    "BetaBinomial",
    "ExcessZeros",
    "Finding",
    "Overdispersion",
    "VarianceComponents",
    "between",
    "dispersion",
    "excess_zeros",
    "fit_beta_binomial",
    "holm",
    "overdispersion",
    "p_of",
    "scatter_by_coupons",
    "variance_components",
    "wilson",
]

"""stats."""

from seglib.stats.permutation import NOTHING, Finding, between, dispersion, holm, p_of
from seglib.stats.shrinkage import (
    BetaBinomial,
    ExcessZeros,
    Overdispersion,
    VarianceComponents,
    excess_zeros,
    fit_beta_binomial,
    overdispersion,
    scatter_by_coupons,
    variance_components,
)

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
]

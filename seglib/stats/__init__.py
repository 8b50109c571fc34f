"""stats."""

from seglib.stats.empirical_bayes import BetaBinomial, ExcessZeros, excess_zeros, fit_beta_binomial, scatter_by_coupons
from seglib.stats.exposure import cumulative_exposure, expected_claims
from seglib.stats.intervals import wilson
from seglib.stats.overdispersion import Overdispersion, overdispersion
from seglib.stats.permutation import NO_RESULT, TestResult, anova_permutation_test, dispersion_test, holm, tail_p_value
from seglib.stats.variance_components import VarianceComponents, variance_components

__all__ = [
    "NO_RESULT",
    "BetaBinomial",
    "ExcessZeros",
    "Overdispersion",
    "TestResult",
    "VarianceComponents",
    "anova_permutation_test",
    "cumulative_exposure",
    "dispersion_test",
    "excess_zeros",
    "expected_claims",
    "fit_beta_binomial",
    "holm",
    "overdispersion",
    "scatter_by_coupons",
    "tail_p_value",
    "variance_components",
    "wilson",
]

"""Statistics that no library has in the form needed here. Nothing in this package knows what a shop is.

What goes in are arrays and pandas objects of counts, values and groups; what comes out are small frozen dataclasses.
Start with `TestResult`, which most of it returns: a statistic beside its null distribution, and the p-value.

- Do groups differ? `anova_permutation_test` of values, `dispersion_test` of counts. `tail_p_value` gives p from
  simulated values also where counting them is too coarse, and `holm` corrects p-values for their number.
- How much do customers differ, and how far is a rate or a mean to be shrunk? `fit_beta_binomial` for rates,
  `variance_components` for means, `overdispersion` for counts, `excess_zeros` for customers who never burned.
- Has a sample one mode? `dips` of many samples at once, and `dip_p_value`.
- Two arms of a test, in several strata: `share_difference`, `ArmMoments.overall` of means, `share_heterogeneity`,
  and `reassign`, `share_randomisation_p`, `share_heterogeneity_p` where arms are small; `two_proportion_sample_size`
  and `two_mean_sample_size` say how many customers it takes.
- `wilson` is the one confidence interval of a share, `expected_claims` the one calendar of claims per customer present.
"""

from seglib.stats.empirical_bayes import BetaBinomial, ExcessZeros, excess_zeros, fit_beta_binomial
from seglib.stats.exposure import cumulative_exposure, expected_claims
from seglib.stats.intervals import wilson
from seglib.stats.one_peak import one_peak_values
from seglib.stats.overdispersion import Overdispersion, overdispersion
from seglib.stats.permutation import NO_RESULT, TestResult, anova_permutation_test, dispersion_test, holm, tail_p_value
from seglib.stats.reassignment import (
    FARTHEST,
    ReassignedArms,
    few_for_their_share,
    few_for_their_skewness,
    reassign,
    share_heterogeneity_p,
    share_randomisation_p,
)
from seglib.stats.sample_size import (
    smallest_difference,
    smallest_mean_difference,
    two_mean_sample_size,
    two_proportion_sample_size,
)
from seglib.stats.two_arms import (
    ArmMoments,
    Difference,
    Heterogeneity,
    arm_moments,
    chi_square_of_counts,
    score_variance,
    share_difference,
    share_heterogeneity,
)
from seglib.stats.two_kinds import TraitRecords, TwoComponents, TwoKindsTest, log_likelihood, test_two_kinds
from seglib.stats.unimodality import dip_p_value, dips
from seglib.stats.variance_components import VarianceComponents, variance_components

__all__ = [
    "FARTHEST",
    "NO_RESULT",
    "ArmMoments",
    "BetaBinomial",
    "Difference",
    "ExcessZeros",
    "Heterogeneity",
    "Overdispersion",
    "ReassignedArms",
    "TestResult",
    "TraitRecords",
    "TwoComponents",
    "TwoKindsTest",
    "VarianceComponents",
    "anova_permutation_test",
    "arm_moments",
    "chi_square_of_counts",
    "cumulative_exposure",
    "dip_p_value",
    "dips",
    "dispersion_test",
    "excess_zeros",
    "expected_claims",
    "few_for_their_share",
    "few_for_their_skewness",
    "fit_beta_binomial",
    "holm",
    "log_likelihood",
    "one_peak_values",
    "overdispersion",
    "reassign",
    "score_variance",
    "share_difference",
    "share_heterogeneity",
    "share_heterogeneity_p",
    "share_randomisation_p",
    "smallest_difference",
    "smallest_mean_difference",
    "tail_p_value",
    "test_two_kinds",
    "two_mean_sample_size",
    "two_proportion_sample_size",
    "variance_components",
    "wilson",
]

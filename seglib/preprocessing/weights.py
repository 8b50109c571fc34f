"""What the columns of the matrix weigh for several weights of gender and city."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from seglib.preprocessing.build import CustomerOptions, build_customer_matrix
from seglib.preprocessing.customer import demographics_by_default
from seglib.preprocessing.variance import variance_share
from seglib.style import COUPON, Wording, join_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from seglib.features import CustomerFeatures

RECORDS_NEITHER = "This shop records neither gender nor city: there is nothing to weigh."
NAMES_NEITHER = "Segments are built by what segment_by names, and it names neither gender nor city: nothing to weigh."


@dataclass(frozen=True)
class WeightComparison:
    """The shares of the variance for several weights of gender and city.

    Attributes
    ----------
    table : pandas.DataFrame of float, shape (n_sources, n_weights)
        Indexed by source column, one column per weight; empty where there is nothing to weigh.
    reason : str
        Why there is nothing to weigh.
    caption : str
    wording : Wording
        What the shop calls the places of its customers.
    """

    table: pd.DataFrame
    reason: str = ""
    caption: str = "Recipe customer; everything else as above."
    wording: Wording = COUPON

    @property
    def applies(self) -> bool:
        """Whether there is anything to weigh."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """Whose share moves most; or that there is nothing to weigh."""
        if self.table.empty:
            return self.reason
        moved = (self.table.iloc[:, -1] - self.table.iloc[:, 0]).abs().idxmax()
        first, last = self.table.loc[moved].iloc[[0, -1]]
        return f"{self.wording.name_of(moved).capitalize()} goes from {first:.0%} to {last:.0%} of the variance."

    @property
    def alt(self) -> str:
        """What the figure shows; empty where there is nothing to weigh."""
        if self.table.empty:
            return ""
        return f"Bar chart of variance shares for demographics of weight {join_words([str(w) for w in self.table])}."

    def figure(self) -> Axes:
        """Draw the shares as bars, one group per source column."""
        from seglib.plots import plot_variance_by_option

        return plot_variance_by_option(self.table.rename(index=self.wording.name_of), option="demographic_weight")


def compare_demographic_weights(
    features: CustomerFeatures, weights: Sequence[float], *, options: CustomerOptions | None = None
) -> WeightComparison:
    """Build the matrix of recipe ``customer`` for several weights of gender and city, and compare what columns weigh.

    Parameters
    ----------
    features : CustomerFeatures
    weights : sequence of float
        Values of ``demographic_weight``.
    options : CustomerOptions, optional
        The other options; default: those of notebook 03.
    """
    options = options or CustomerOptions()
    names = [feature.name for feature in features.features if feature.role == "demographic"]
    if not names:
        return WeightComparison(pd.DataFrame(), RECORDS_NEITHER)
    if not (demographics_by_default(features.features, options.named) or {*names} & {*(options.named or ())}):
        return WeightComparison(pd.DataFrame(), NAMES_NEITHER)
    shares = {}
    for weight in weights:
        matrix = build_customer_matrix(features, replace(options, demographic_weight=weight))
        shares[weight] = variance_share(matrix).table.set_index("column")["share"]
    table = pd.DataFrame(shares).fillna(0)  # at weight 0 gender and city are no columns at all
    return WeightComparison(table.sort_values(weights[-1], kind="stable"), wording=features.study.wording)

"""The matrix of a run, by the recipe and the options of notebook 03."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seglib.errors import InputRefused, ParameterRefused
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.encoders import Scaling, Transform
from seglib.preprocessing.matrix import Matrix
from seglib.preprocessing.recipes import RECIPES
from seglib.schema.renamed import present_name
from seglib.style import did_you_mean, join_words

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

    from seglib.features import CustomerFeatures

FEWEST_CUSTOMERS = 8
"""So many customers a run needs: two segments, each halved for validation, and two customers in every half."""


@dataclass(frozen=True)
class CustomerOptions:
    """The options of recipe ``customer``, as the parameters of notebook 03 give them.

    Attributes
    ----------
    segment_by : str or None
        Features that build the segments, separated by commas; None: those whose role is segmentation.
    demographic_weight, transform, scaling, drop_correlated, min_level_share
        As in `seglib.preprocessing.customer_matrix`.
    keep_unreliable : bool
        Whether features in which customers differ by chance only stay in the matrix.
    number_steps : sequence of transformer
        Steps of the analyst's own for every number, before it is scaled: see `seglib.preprocessing.steps`.
    matrix_steps : sequence of transformer
        The same for the whole matrix, in both recipes.
    """

    segment_by: str | None = None
    demographic_weight: float = 1.0
    transform: Transform = "log"
    scaling: Scaling = "standard"
    drop_correlated: bool = True
    min_level_share: float = 0.01
    keep_unreliable: bool = False
    number_steps: Sequence[BaseEstimator] = ()
    matrix_steps: Sequence[BaseEstimator] = ()

    @property
    def named(self) -> list[str] | None:
        """The features of ``segment_by`` as a list; None where nothing is named."""
        if not self.segment_by:
            return None
        return [present_name(name.strip()) for name in self.segment_by.split(",")]


def build_matrix(
    features: CustomerFeatures,
    unified: Callable[[], pd.DataFrame],
    *,
    recipe: str = "customer",
    options: CustomerOptions | None = None,
    scale_frequency: bool = True,
) -> Matrix:
    """Build the matrix of a run.

    Parameters
    ----------
    features : CustomerFeatures
        What recipe ``customer`` is made from.
    unified : callable
        Reads the unified table, from which recipe ``baseline`` is made; it is called only for that.
    recipe : {"customer", "baseline"}
    options : CustomerOptions, optional
        Of recipe ``customer``; default: those of notebook 03.
    scale_frequency : bool, default=True
        Of recipe ``baseline``: see `baseline_matrix`.

    Raises
    ------
    ParameterRefused
        If there is no such recipe, or an option is out of range.
    InputRefused
        If there are fewer than `FEWEST_CUSTOMERS`, or no column is left in which rows differ.
    """
    if recipe not in RECIPES:
        names = list(RECIPES)
        raise ParameterRefused(
            f"there is no recipe '{recipe}'{did_you_mean(recipe, names)}; there are: {join_words(names)}"
        )
    if (n := len(features.table)) < FEWEST_CUSTOMERS:
        raise InputRefused(
            f"there {'is 1 customer' if n == 1 else f'are {n} customers'} to segment, and segments need at least "
            f"{FEWEST_CUSTOMERS}: take more of the shop (other cities, a later day), or look at them one by one"
        )
    if recipe == "baseline":
        steps = options.matrix_steps if options else ()
        if options and options.number_steps:
            raise ParameterRefused(
                "number_steps are for recipe customer; recipe baseline takes matrix_steps", parameter="number_steps"
            )
        return baseline_matrix(unified(), scale_frequency=scale_frequency, matrix_steps=steps)
    return build_customer_matrix(features, options or CustomerOptions())


def build_customer_matrix(features: CustomerFeatures, options: CustomerOptions) -> Matrix:
    """Build the matrix of recipe ``customer``, with what the features know of themselves (`customer_matrix`)."""
    return customer_matrix(
        features.table,
        described=features.features,
        segment_by=options.named,
        leave_out=features.missing,
        unreliable={} if options.keep_unreliable else features.unreliable,
        demographic_weight=options.demographic_weight,
        transform=options.transform,
        scaling=options.scaling,
        drop_correlated=options.drop_correlated,
        min_level_share=options.min_level_share,
        number_steps=options.number_steps,
        matrix_steps=options.matrix_steps,
        wording=features.study.wording,
    )

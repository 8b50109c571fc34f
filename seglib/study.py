"""The study of a shop: the day, the burn window, the variables, the shrinkage and the wording in one frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seglib.schema.features import FEATURES, Feature
from seglib.schema.records import OwnFeatureRecord, OwnFeaturesRecord, RecipeRecord, ShopRecord, VariableRecord
from seglib.style import COUPON, WORDINGS, Wording

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Study:
    """How a shop is looked at. It travels as one object through features, null models, thinning and holdout.

    Attributes
    ----------
    as_of : str or None
        The day on which the shop is looked at, ISO format; None: a ready table of customers, without transactions.
    burn_window : int or None
        Days after which a coupon is old enough to judge; None: estimate it from the data.
    burns_dated : bool or None
        Whether days of burning are recorded; None: not known yet.
    variables : mapping of str to VariableRecord
        The columns of the customers table that build segments.
    shrinkage : mapping of str to float or None
        The numbers by which rates and means are shrunk (`seglib.schema.features.SHRUNK_BY`); empty: they are fitted to
        the data.
    wording : Wording
        What a transaction is called.
    own_features : OwnFeaturesRecord or None
        Features that the analyst has added.

    Examples
    --------
    >>> study = Study(as_of="2026-06-30")
    >>> study.wording.many
    'coupons'
    """

    as_of: str | None = None
    burn_window: int | None = None
    burns_dated: bool | None = None
    variables: Mapping[str, VariableRecord] = field(default_factory=dict)
    shrinkage: Mapping[str, float | None] = field(default_factory=dict)
    wording: Wording = COUPON
    own_features: OwnFeaturesRecord | None = None

    @classmethod
    def of(cls, shop: ShopRecord, recipe: RecipeRecord | None = None, *, burn_window: int | None = None) -> Study:
        """Return the study of a run.

        Parameters
        ----------
        shop : ShopRecord
            ``shop.json`` of 01.
        recipe : RecipeRecord, optional
            ``recipe.json`` of 03, which knows the burn window and the shrinkage.
        burn_window : int, optional
            What the analyst asks for, before 03 has run.
        """
        wording = WORDINGS[shop.wording or ("coupon" if shop.as_of else "none")].at(shop.place)
        wording = wording.priced(shop.currency)
        if recipe is None:
            return cls(shop.as_of, burn_window, None, shop.variables, {}, wording)
        window = recipe.burn_window or None  # 0 where no burn has a date: `coupon_redemption` gives 0 for None again
        return cls(
            shop.as_of, window, recipe.burns_dated, shop.variables, recipe.shrinkage, wording, recipe.own_features
        )

    @property
    def own_kinds(self) -> dict[str, str]:
        """The features that the analyst has added, each with its kind."""
        return self.own_features.kinds if self.own_features else {}

    @property
    def own_from_transactions(self) -> frozenset[str]:
        """Those of them that are other ones if transactions are."""
        return frozenset(self.own_kinds if self.own_features and self.own_features.from_transactions else ())

    @property
    def own_words(self) -> dict[str, tuple[str, ...]]:
        """The words that the analyst has for much and for little of a feature, where there are any."""
        return {f.name: f.words for f in (self.own_features.features if self.own_features else ()) if f.words}

    def worded(self, feature: Feature) -> Feature:
        """Return a feature of ours with unit and meaning in the words of this shop."""
        return replace(feature, unit=self.wording.of(feature.unit), meaning=self.wording.of(feature.meaning))

    def describe(self, table: pd.DataFrame) -> list[Feature]:
        """Return the features of this shop that have a value: ours, then the analyst's and the customers table's.

        Parameters
        ----------
        table : pandas.DataFrame
            One row per customer: `seglib.features.CustomerFeatures.table`, or ``features.parquet``.

        Returns
        -------
        list of Feature
        """
        ours = {feature.name: self.worded(feature) for feature in FEATURES}
        theirs = {feature.name: feature for feature in (self.own_features.features if self.own_features else ())}
        added = {
            name: _own(table[name], theirs[name]) if name in theirs else _added(table[name], self.variables.get(name))
            for name in table
            if name not in ours
        }
        return [feature for name, feature in (ours | added).items() if name in table and table[name].notna().any()]


def _added(values: pd.Series, variable: VariableRecord | None) -> Feature:
    """Describe a column of the customers table: a descriptor, unless the mapping file says that it builds segments."""
    import pandas as pd

    numeric = pd.api.types.is_numeric_dtype(values)
    role = "segmentation" if variable else "descriptor"
    variable = variable or VariableRecord("numeric" if numeric else "nominal")
    kind, unit = variable.kind, variable.unit
    unit = unit or {"numeric": "number", "binary": "0 or 1", "nominal": "name"}[kind]
    meaning = "from the customers table"
    return Feature(
        str(values.name),
        unit,
        meaning,
        role,
        kind=kind,
        range=_range(values, kind, unit),
        log=variable.log,
        weight=variable.weight,
        scaling=variable.scaling,
    )


def _own(values: pd.Series, feature: OwnFeatureRecord) -> Feature:
    """Describe a feature that the analyst has added."""
    values_range = _range(values, feature.kind, feature.unit)
    return Feature(
        feature.name,
        feature.unit,
        feature.meaning,
        feature.role,
        feature.kind,
        values_range,
        log=feature.log,
        added=True,
    )


def _range(values: pd.Series, kind: str, unit: str) -> str:
    """Say which values there are."""
    import pandas as pd

    if kind == "nominal":
        return "the shop's"
    if kind == "numeric" and pd.api.types.is_numeric_dtype(values):
        return f"{values.min():,.6g} to {values.max():,.6g}"
    return unit


DEFAULT_STUDY = Study()
"""A shop of coupons without variables of its own: the default of functions that take a study."""

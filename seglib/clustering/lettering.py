"""What the letters of the segments mean, for a reader."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from seglib.clustering.segmentation import Segmentation
from seglib.style import COUPON, Wording


@dataclass(frozen=True)
class Lettering:
    """In which order the segments have their letters.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment: segment, name (where the segments were given), rows (of the matrix), share, and, where a
        feature orders them, its mean.
    feature : str or None
        The feature that orders the letters; None: size does.
    requested : str
        What the analyst asked for.
    align_to : str or None
        The earlier run whose letters are used.
    wording : Wording
        What a transaction is called.
    """

    table: pd.DataFrame = field(repr=False)
    feature: str | None
    requested: str
    align_to: str | None = None
    wording: Wording = COUPON

    @property
    def _name(self) -> str:
        """The feature that orders the letters, in the words of the shop."""
        return self.wording.name_of(self.feature)

    @property
    def caption(self) -> str:
        """A caption for the table."""
        return f"Rows by segment, lettered by {self._name if self.feature else 'size'}"

    @property
    def text(self) -> str:
        """By what the letters go."""
        if self.align_to:
            return f"Letters are those of run {self.align_to}, kept for as many customers as possible."
        order = f"the mean of their {self._name}: A has the greatest" if self.feature else "size: A is the largest"
        coupons = self.requested == "n_burned" and self.wording.kind == "transaction"  # nobody looks for them there
        if self.feature != self.requested and not coupons:
            order += f" ({self.wording.name_of(self.requested)} is not recorded here)"
        return f"Letters go by {order}."


def lettering(
    fit: Segmentation,
    order: pd.Series,
    *,
    feature: str | None,
    requested: str,
    align_to: str | None = None,
    wording: Wording = COUPON,
) -> Lettering:
    """Say by what the segments have their letters.

    Parameters
    ----------
    fit : Segmentation
    order : pandas.Series, shape (n_rows,)
        From `order_values`.
    feature : str or None
        From `lettered_by`.
    requested : str
        What the analyst asked for.
    align_to : str, optional
        Name of the earlier run whose letters are used.
    wording : Wording, optional
        What a transaction is called.
    """
    table = fit.sizes.rename("rows").reset_index()
    if fit.named:
        table.insert(1, "name", table["segment"].map(fit.named))
    table["share"] = table["rows"] / table["rows"].sum()
    if feature:
        table[f"mean_{feature}"] = table["segment"].map(order.groupby(fit.table["segment"]).mean())
    return Lettering(table, feature, requested, align_to, wording)

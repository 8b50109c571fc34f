"""The centres of the segments, taken back from the matrix to original units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from seglib.clustering.segmentation import Segmentation
from seglib.preprocessing import Matrix, column_labels, in_original_units, rebuild_matrix
from seglib.schema.features import Feature
from seglib.schema.records import RecipeRecord
from seglib.style import COUPON, Wording


@dataclass(frozen=True)
class ReadableCentres:
    """The centre of every segment in original units.

    Attributes
    ----------
    matrix : Matrix
        The matrix with the pipeline that made it: the way back from a centre to original units.
    table : pandas.DataFrame
        One row per column of the matrix: column (in words), then one column per segment.
    """

    matrix: Matrix = field(repr=False)
    table: pd.DataFrame = field(repr=False)

    caption = "Centres in original units; for each level of a name, its share in the segment"

    @property
    def text(self) -> str:
        """How many centres there are."""
        return f"{self.table.shape[1] - 1} centres in {len(self.table)} columns of the matrix."


def readable_centres(
    fit: Segmentation,
    rows: pd.DataFrame,
    recipe: RecipeRecord,
    described: Sequence[Feature],
    *,
    wording: Wording = COUPON,
) -> ReadableCentres:
    """Take the centres of the segments back to original units.

    Parameters
    ----------
    fit : Segmentation
    rows : pandas.DataFrame
        What the matrix was made from: features of customers, or, in recipe ``baseline``, transactions.
    recipe : RecipeRecord
    described : sequence of Feature
        The features of the shop (`seglib.study.Study.describe`).
    wording : Wording, optional
        What the shop calls its transactions and places.
    """
    matrix = replace(rebuild_matrix(rows, recipe, described=described), wording=wording)
    readable = in_original_units(matrix, fit.centres).rename(columns=column_labels(matrix))
    return ReadableCentres(matrix, readable.T.rename_axis("column").reset_index())

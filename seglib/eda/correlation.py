"""Which numbers move together: two that always do are one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from seglib.schema.features import Feature

HIGH_CORRELATION = 0.8
"""Rank correlation above which two numbers are as good as one."""


def correlated_pairs(table: pd.DataFrame, *, above: float = HIGH_CORRELATION) -> pd.DataFrame:
    """List the pairs of numbers that always move together.

    Parameters
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_columns)
        A column with one value, or none, is tied to nothing.
    above : float, default=TIED
        Rank correlation, up or down, above which a pair is listed.

    Returns
    -------
    pandas.DataFrame
        first, second, spearman; in the order of the columns. Spearman (1904), Am. J. Psychol. 15(1).
    """
    rho = table.astype(float).corr(method="spearman")
    pairs = [(a, b, rho.loc[a, b]) for a, b in combinations(table.columns, 2) if abs(rho.loc[a, b]) > above]
    return pd.DataFrame(pairs, columns=["first", "second", "spearman"]).astype({"spearman": float})


def numbers(described: Iterable[Feature], *, most: int = 10) -> list[str]:
    """Name the numbers whose ties are worth a look: what builds segments first, the time as a customer last.

    Parameters
    ----------
    described : iterable of Feature
        What the columns are (`seglib.features.CustomerFeatures.features`).
    most : int, default=10
        Largest number of names: more could not be read in one figure.
    """
    of = {f.name: f.role for f in described if f.kind == "numeric" and f.role in ("segmentation", "descriptor")}
    behind = [name for name in ("tenure_days",) if name in of]
    last = [*behind, "n_burned"]  # burned coupons are part of the burn rate already
    first = sorted((name for name in of if name not in last), key=lambda name: of[name] != "segmentation")
    return [*first[: most - len(behind)], *behind]


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rank correlation of every two numbers that vary.

    Parameters
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_columns)

    Returns
    -------
    pandas.DataFrame of float, shape (n_varying, n_varying)
        Spearman (1904), Am. J. Psychol. 15(1); a gap counts against neither: pairs of values that are both known.
    """
    return table.loc[:, varying(table)].astype(float).corr(method="spearman")


def varying(table: pd.DataFrame) -> list[str]:
    """Name the numbers that are not the same for everybody."""
    reach = table.astype(float).agg(["min", "max"])
    close = np.isclose(reach.loc["min"], reach.loc["max"], rtol=1e-9, atol=1e-12, equal_nan=True)
    return reach.columns[~close].tolist()

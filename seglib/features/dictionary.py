"""The feature dictionary of a shop as a table: our features in its words, then those its customers table adds."""

from __future__ import annotations

import pandas as pd

from seglib.schema.features import FEATURES
from seglib.study import DEFAULT_STUDY, Study


def dictionary(table: pd.DataFrame | None = None, study: Study = DEFAULT_STUDY) -> pd.DataFrame:
    """Return the feature dictionary as a table: name, unit, meaning, range, role.

    Parameters
    ----------
    table, study
        Of one shop, see `seglib.study.Study.describe`; default: of every shop.
    """
    features = [study.worded(feature) for feature in FEATURES] if table is None else study.describe(table)
    return pd.DataFrame(features)[["name", "unit", "meaning", "range", "role"]]

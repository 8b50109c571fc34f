"""06 Lists of segments that were given: what the labels do not tell is left empty."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from seglib.interpretation.audiences import Audiences
from seglib.schema.records import LabelsRecord

BY_CENTRES = ("probability", "confidence", "second_segment", "outlier", "near_border", "borderline", "outliers")
"""Columns that come from the centres of the segments."""


def without_certainty(
    listed: pd.DataFrame, audiences: Audiences, labels: LabelsRecord | None
) -> tuple[pd.DataFrame, Audiences]:
    """Leave out of the lists what the centres say, where these do not stand for the labels that were given.

    Parameters
    ----------
    listed : pandas.DataFrame
        From `seglib.interpretation.customer_list`.
    audiences : Audiences
        From `seglib.interpretation.audience_lists`.
    labels : LabelsRecord or None
        None: KMeans made the segments, and nothing changes.

    Returns
    -------
    (pandas.DataFrame, Audiences)
        With the same columns; those of `BY_CENTRES` are empty, and the customers of a list are in the order of
        ``listed``.
    """
    if labels is None or not labels.why_no_rule:
        return listed, audiences
    place = pd.Series(range(len(listed)), index=listed["customer_id"])
    tables = {
        letter: _emptied(table.sort_values("customer_id", key=lambda ids: ids.map(place), ignore_index=True))
        for letter, table in audiences.tables.items()
    }
    return _emptied(listed), replace(audiences, tables=tables, table=_emptied(audiences.table))


def _emptied(table: pd.DataFrame) -> pd.DataFrame:
    empty = pd.Series(None, index=table.index, dtype=object)
    return table.assign(**{name: empty for name in BY_CENTRES if name in table})

"""Which segment is A? Letters go by a stated order, or are those of an earlier run."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from seglib.errors import ParameterRefused
from seglib.schema.renamed import present_name
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import did_you_mean, letter, position


def ranking(labels: np.ndarray, centres: np.ndarray, order_by: np.ndarray | None = None) -> list[int]:
    """Return the numbers of clusters in the order of their letters.

    Parameters
    ----------
    labels : ndarray of int, shape (n_rows,)
    centres : ndarray of float, shape (k, n_columns)
    order_by : ndarray of float, shape (n_rows,), optional
        The cluster with the greatest mean of it comes first. Missing values do not count, and a cluster without any
        comes last. Equal means, and where it is not given: the larger cluster first, then by the centre.
    """
    k = len(centres)
    size = np.bincount(labels, minlength=k)
    values = np.zeros(len(labels)) if order_by is None else np.asarray(order_by, dtype=float)
    present = ~np.isnan(values)
    total = np.bincount(labels[present], weights=values[present], minlength=k)
    n_present = np.bincount(labels[present], minlength=k)
    mean = np.divide(total, n_present, out=np.full(k, -np.inf), where=n_present > 0)
    # rounded, so that two means, or two centres, that differ by the order of summation only count as equal
    position_of = [tuple(np.round(centre, 6)) for centre in centres]
    return sorted(range(k), key=lambda j: (-round(mean[j], 9), -size[j], position_of[j]))


def match_labels(segments: pd.Series, earlier: pd.Series) -> dict[str, str]:
    """Give segments the letters of an earlier run, so that as many customers as possible keep theirs.

    Parameters
    ----------
    segments, earlier : pandas.Series of str
        The letter of each customer, now and then, indexed by customer_id. Only customers in both count.

    Returns
    -------
    dict of str to str
        The letter of now, and the one to use instead. A segment that gets none of the earlier letters gets one that was
        not in use.

    Raises
    ------
    ParameterRefused
        If no customer is in both.

    Notes
    -----
    The one-to-one assignment that keeps most customers: the Hungarian method (Kuhn 1955) on the contingency table of
    segments now and then.
    """
    both = segments.index.intersection(earlier.index)
    if both.empty:
        raise ParameterRefused(
            "align_to: the two runs have no customer in common, so no letter can be kept", parameter="align_to"
        )
    table = pd.crosstab(segments[both], earlier[both])
    now = sorted(segments.unique(), key=position)
    table = table.reindex(index=now, fill_value=0)
    common = table.to_numpy()
    # to give every segment the letter that most of its customers had would give a letter twice where a segment was
    # divided. The assignment minimises a cost, so the number of common customers enters with a minus; it matches as
    # many pairs as it can, also such without any common customer, and those count as not matched
    matched = {
        table.index[i]: table.columns[j]
        for i, j in zip(*linear_sum_assignment(-common), strict=True)
        if common[i, j] > 0
    }
    unused = max(map(position, earlier.unique())) + 1  # after all earlier letters: none gets a new meaning
    for name in now:
        if name not in matched:
            matched[name] = letter(unused)
            unused += 1
    return {name: matched[name] for name in now}


def correctly_assigned(segments: pd.Series, truth: pd.Series) -> pd.Series:
    """Return whether each customer is in the segment that stands for their true one.

    Segments and true groups are matched one to one, so that as many customers as possible are right.

    Parameters
    ----------
    segments, truth : pandas.Series of str
        By customer, on the same index.
    """
    table = pd.crosstab(segments, truth)
    row, column = linear_sum_assignment(-table.to_numpy())
    stands_for = dict(zip(table.index[row], table.columns[column], strict=True))
    return segments.map(stands_for).eq(truth)


def lettered_by(features: pd.DataFrame, order_by: str, study: Study = DEFAULT_STUDY) -> str | None:
    """Return the feature that orders the letters: ``order_by``, or another one where no burns are recorded.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer.
    order_by : str
        If it is n_burned and no burning is recorded, the number of coupons takes its place; where there are no
        coupons, the first variable of the study that is numeric or binary.
    study : Study, optional
        Which columns of the customers table build segments, and what a transaction is called.

    Returns
    -------
    str or None
        None if there are only names: then the larger segment comes first.
    """
    order_by = present_name(order_by)
    if order_by != "n_burned" or features["n_burned"].notna().any():
        return order_by
    numbers = [name for name, variable in study.variables.items() if variable.kind != "nominal"]
    return next((name for name in ("n_coupons", *numbers) if features[name].notna().any()), None)


def order_values(features: pd.DataFrame, order_by: str | None, rows: pd.Index) -> pd.Series:
    """Return, for every row of a matrix, the feature of its customer by which segments are lettered.

    Parameters
    ----------
    features : pandas.DataFrame
        Indexed by customer_id.
    order_by : str or None
        A numeric column of it; None: all rows are equal.
    rows : pandas.Index
        Index of the matrix, with a level customer_id.

    Raises
    ------
    ParameterRefused
        If there is no such column.
    """
    if order_by is None:
        return pd.Series(0.0, rows)
    numeric = [c for c in features if pd.api.types.is_numeric_dtype(features[c]) and features[c].notna().any()]
    if order_by not in numeric:
        raise ParameterRefused(
            f"order_by is a numeric feature{did_you_mean(order_by, numeric)}: {', '.join(numeric)}; not '{order_by}'",
            parameter="order_by",
        )
    return features[order_by].reindex(rows.get_level_values("customer_id")).set_axis(rows)

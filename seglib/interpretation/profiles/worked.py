"""Three customers worked through: how far is each from every centre, and what follows?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused

CASES = ("clear", "typical", "borderline")


@dataclass(frozen=True)
class WorkedCustomers:
    """Three rows of the matrix with their distances to all centres.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per case: case (clear, typical, borderline), customer_id, segment (the letter it has), one column per
        segment with the Euclidean distance to its centre in the matrix, and confidence: 1 - (distance to the nearest
        centre) / (distance to the next), 1 on a centre and 0 on a border.
    by_customer : bool
        Whether a row of the matrix is a customer; else it is one of a customer's transactions.
    """

    table: pd.DataFrame = field(repr=False)
    by_customer: bool

    @property
    def letters(self) -> list[str]:
        """The segments, in the order of the centres."""
        return list(self.table.columns[3:-1])

    @property
    def caption(self) -> str:
        """What the columns hold."""
        rows = "customers" if self.by_customer else "transactions, each with its customer"
        return f"Three {rows}: distance to the centre of each segment (columns), and confidence"

    @property
    def text(self) -> str:
        """One sentence for each case: the nearest centre, the next one, and what that means."""
        return " ".join(self._sentence(row) for _, row in self.table.iterrows())

    def _sentence(self, row: pd.Series) -> str:
        """Say where one row of the matrix belongs, and by how much."""
        distances = row[self.letters].astype(float).sort_values(kind="stable")
        first, second = distances.index[:2]
        subject = f"customer {row['customer_id']}"
        if not self.by_customer:
            subject = f"a transaction of {subject}"
        sentence = (
            f"The {row['case']} case, {subject}, is {distances[first]:.2f} from the centre of {first} and "
            f"{distances[second]:.2f} from that of {second}, the next: confidence {row['confidence']:.2f}."
        )
        if row["segment"] != first:
            sentence += f" It was given to {row['segment']}, which is not the nearest."
        return sentence


def worked_customers(matrix: pd.DataFrame, segments: pd.Series, centres: pd.DataFrame) -> WorkedCustomers:
    """Work three rows of the matrix through: the clearest one, a typical one and the one nearest to a border.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
        What was clustered, indexed by customer_id, or by customer_id and transaction_id.
    segments : pandas.Series of str, shape (n_rows,)
        The letter of each row, on the same index.
    centres : pandas.DataFrame, shape (k, n_columns)
        One row per segment, in the columns of the matrix; k is at least 2.

    Returns
    -------
    WorkedCustomers
        Clear: the row with the greatest confidence. Borderline: the one with the least. Typical: the one whose
        confidence is nearest to the median of all. Of equal rows, the first.

    Raises
    ------
    ParameterRefused
        If the columns differ, or there is only one centre.
    """
    if list(matrix.columns) != list(centres.columns):
        raise ParameterRefused("the columns of the centres are not those of the matrix")
    if len(centres) < 2:
        raise ParameterRefused("distances are compared, so there are at least two centres")
    X = matrix.to_numpy(float)
    distance = np.column_stack([np.sqrt(((X - c) ** 2).sum(axis=1)) for c in centres.to_numpy(float)])
    nearest, following = np.sort(distance, axis=1)[:, :2].T
    # where two centres are the same point, a row on it has a distance of 0 to both: it is on the border
    ratio = np.divide(nearest, following, out=np.ones_like(nearest), where=following > 0)
    confidence = np.round(1 - ratio, 9)  # equal rows are equally near, whatever the order of the sums
    places = [
        int(confidence.argmax()),
        int(np.abs(confidence - np.median(confidence)).argmin()),
        int(confidence.argmin()),
    ]
    table = pd.DataFrame(distance[places], columns=list(centres.index))
    table.insert(0, "case", list(CASES))
    table.insert(1, "customer_id", matrix.index.get_level_values("customer_id")[places])
    table.insert(2, "segment", segments.reindex(matrix.index).to_numpy(object)[places])
    return WorkedCustomers(table.assign(confidence=confidence[places]), matrix.index.nlevels == 1)

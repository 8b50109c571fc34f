"""08 What customers did before explains part of what they did after: taken out, it makes intervals narrower (CUPED)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

ROWS_A_FEATURE = 50
"""So many customers for every feature: with fewer, what is fitted would follow chance."""


@dataclass(frozen=True)
class Cuped:
    """Values of an outcome, less what was to be expected from before.

    Attributes
    ----------
    adjusted : numpy.ndarray of float, shape (n,)
        Their mean over all customers is that of the outcome.
    theta : dict of str to float
        By feature: what one unit more of it went with.
    explained : float
        Share of the variance that is taken out, 0 to 1.
    """

    adjusted: np.ndarray
    theta: dict[str, float]
    explained: float


def cuped(values: np.ndarray, before: pd.DataFrame) -> Cuped | None:
    """Take what was known before out of an outcome.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
        The outcome of the customers of both arms.
    before : pandas.DataFrame, shape (n, n_features)
        Numbers known before anybody was written to, in the same order. A missing one counts as the mean.

    Returns
    -------
    Cuped or None
        None where nothing was known, or nothing varies.

    Notes
    -----
    Deng, Xu, Kohavi & Walker (2013, WSDM), section 3, with several features: theta by least
    squares over both arms together. As arms were drawn by chance, features have the same expectation in both; so taking
    them out changes no effect on average, only its variance. It holds only for features of before: one that the
    campaign can have changed would take a part of the effect out.

    Examples
    --------
    >>> before = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    >>> cuped(np.array([1.0, 3.0, 5.0, 7.0]), before).adjusted.round(6).tolist()
    [4.0, 4.0, 4.0, 4.0]
    """
    total = float(np.square(values - values.mean()).sum()) if len(values) else 0.0
    numbers = before.select_dtypes(["number", "bool"]).astype(float)
    numbers = numbers.loc[:, [name for name in numbers if numbers[name].notna().any()]]
    centred = numbers.fillna(numbers.mean()) - numbers.mean()
    centred = centred.loc[:, [name for name in centred if centred[name].std(ddof=0) > 1e-12]]
    centred = centred.iloc[:, : max(len(values) // ROWS_A_FEATURE, 1)]
    if total == 0 or centred.empty:
        return None
    scale = centred.std(ddof=0)
    x = (centred / scale).to_numpy()
    x = x - x.mean(axis=0)
    # features that follow from each other share their part: the solution of least norm does that
    theta, *_ = np.linalg.lstsq(x, values - values.mean(), rcond=1e-10)
    adjusted = values - x @ theta
    left = float(np.square(adjusted - adjusted.mean()).sum())
    return Cuped(adjusted, dict(zip(centred.columns, theta / scale, strict=True)), max(0.0, 1 - left / total))

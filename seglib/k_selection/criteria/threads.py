"""One thread for a block of code: the last digits of a sum of floats depend on the number of threads."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from sklearn.cluster import KMeans  # noqa: F401  (loads every library that is limited here)
from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager:
    """Let the libraries that compute in several threads use one, until the block ends."""
    return _libraries().limit(limits=1)


@cache
def _libraries() -> ThreadpoolController:
    """Return the libraries of this process that use threads; to look for them takes some ten milliseconds."""
    return ThreadpoolController()

"""The engines on which the statements of the features run.

An engine has two methods: ``keep`` a SELECT under a name, and return the rows of a SELECT as a ``frame``. DuckDB,
inside this process, is the default; Spark and the shop's own PostgreSQL run what sqlglot makes of the same statements.
`open_engine` picks the engine of a run and says why.
"""

from seglib.features.engines.open import open_engine

__all__ = [
    "open_engine",
]

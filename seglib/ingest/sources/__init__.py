"""Where a shop's tables come from: a workbook, CSV or Parquet files, a database, or a public data set.

`open_source` looks at what it is given and returns a `Source`: the tables that are there, none of them read yet. Each
is loaded into DuckDB unchanged, if the contract wants it. What tables and columns *mean* is the business of the
mapping, whether they can be *trusted* that of the contract.
"""

from seglib.ingest.sources.database import connect_read_only
from seglib.ingest.sources.open import open_source

__all__ = [
    "connect_read_only",
    "open_source",
]

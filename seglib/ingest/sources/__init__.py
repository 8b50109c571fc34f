"""Where a shop's tables come from: a workbook, CSV or Parquet files, a database, or a public data set.

`open_source` looks at what it is given and returns a `Source`: the tables that are there, none of them read yet. Each
is loaded into DuckDB unchanged, if the contract wants it. What tables and columns *mean* is the business of the
mapping, whether they can be *trusted* that of the contract.
"""

from seglib.ingest.sources.database import only_read, refusing, server_of
from seglib.ingest.sources.open import open_source

__all__ = [
    "only_read",
    "open_source",
    "refusing",
    "server_of",
]

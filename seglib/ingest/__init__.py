"""01 Ingest: can this data be trusted? Read a shop's tables and check them against a written contract.

What goes in is a source (workbook, CSV or Parquet files, database, or the name of an adapter) and, where its tables and
columns have other names than the canonical ones, a mapping file. `ingest` opens the source (`sources`), finds the
canonical tables in it (`mapping`), reads every cell by the kind of its column and applies the rules of
`seglib.schema.tables` (`contract`). Rows that break an error rule are set aside; nothing is dropped in silence.

What comes out is a `Shop`: a DuckDB connection with the canonical tables, row counts, one line per rule with what it
found, and the rows that were set aside. `Shop.save` writes the artefacts of 01. `markets` restricts a shop to some
cities; `postgres_views` describes the canonical tables inside the shop's own database; `suggest` drafts a mapping file;
`read_labels` reads somebody else's segments, `read_outcomes` what customers did after a campaign.
Start with ``shop = ingest("sample")`` and ``shop.text``.
"""

from seglib.ingest.contract.rules import RULES, SEVERITIES
from seglib.ingest.labels import read_labels
from seglib.ingest.outcomes import outcomes_before, read_outcomes
from seglib.ingest.postgres_views import query_function, table_fingerprint, with_views
from seglib.ingest.postgres_words import is_own_view
from seglib.ingest.shop import Shop, connect, ingest, refuse_unknown_cities, remove_what_is_aside

__all__ = [
    "RULES",
    "SEVERITIES",
    "Shop",
    "connect",
    "ingest",
    "is_own_view",
    "outcomes_before",
    "query_function",
    "read_labels",
    "read_outcomes",
    "refuse_unknown_cities",
    "remove_what_is_aside",
    "table_fingerprint",
    "with_views",
]

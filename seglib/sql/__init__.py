"""SQL: the statements that make the tables, and what writes them for other engines.

Tables are merged and aggregated by one readable statement per step, in the files ``unified.sql`` (one row per
transaction), ``counts.sql`` (what every customer did) and ``features.sql`` (one row per customer). They are written in
DuckDB's dialect and read the canonical tables; `translated` and `in_parts` write them for PostgreSQL, Spark and other
warehouses, by sqlglot. `in_memory` opens the DuckDB on which they run by default and that reaches no file but those it
is given (`restrict`, `exact_path`), `read_canonical_tables` fetches the tables of a sample of customers, `quoted` and
`sql_literal` put names and texts into a statement. `own_statement` looks at one that somebody else wrote. Start with
the three files, which need no Python to be read.
"""

from seglib.sql.canonical import read_canonical_tables
from seglib.sql.connect import exact_path, folder_aside, in_memory, remove_folders, restrict
from seglib.sql.dialects import DIALECTS, in_parts, translated, unordered
from seglib.sql.own_statement import StatementRefused, own_parts, own_statement
from seglib.sql.quoting import quoted, sql_literal
from seglib.sql.statements import COUNTS_SQL, FEATURES_SQL, UNIFIED_SQL

__all__ = [
    "COUNTS_SQL",
    "DIALECTS",
    "FEATURES_SQL",
    "UNIFIED_SQL",
    "StatementRefused",
    "exact_path",
    "folder_aside",
    "in_memory",
    "in_parts",
    "own_parts",
    "own_statement",
    "quoted",
    "read_canonical_tables",
    "remove_folders",
    "restrict",
    "sql_literal",
    "translated",
    "unordered",
]

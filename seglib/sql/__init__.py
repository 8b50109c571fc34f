"""sql."""

from seglib.sql.connect import in_memory
from seglib.sql.dialects import DIALECTS, in_parts, translated, unordered
from seglib.sql.quoting import quoted, sql_literal
from seglib.sql.statements import UNIFIED_SQL

__all__ = [
    "DIALECTS",
    "UNIFIED_SQL",
    "in_memory",
    "in_parts",
    "quoted",
    "sql_literal",
    "translated",
    "unordered",
]

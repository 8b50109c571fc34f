"""ingest."""

from seglib.ingest.contract.rules import RULES, SEVERITIES
from seglib.ingest.postgres_views import asking, behind, table_fingerprint
from seglib.ingest.shop import Shop, connect, ingest

__all__ = [
    "RULES",
    "SEVERITIES",
    "Shop",
    "asking",
    "behind",
    "connect",
    "ingest",
    "table_fingerprint",
]

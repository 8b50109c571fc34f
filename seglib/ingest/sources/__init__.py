"""ingest/sources."""

from seglib.ingest.sources.database import only_read, refusing, server_of
from seglib.ingest.sources.open import open_source

__all__ = [
    "only_read",
    "open_source",
    "refusing",
    "server_of",
]

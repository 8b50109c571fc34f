"""ingest/suggest."""

from seglib.ingest.suggest.suggestion import suggest

__all__ = [
    "suggest",
]

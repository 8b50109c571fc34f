"""ingest/suggest."""

from seglib.ingest.suggest.suggest import suggest

__all__ = [
    "suggest",
]

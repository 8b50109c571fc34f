"""ingest/contract."""

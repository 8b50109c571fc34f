"""ingest/mapping."""

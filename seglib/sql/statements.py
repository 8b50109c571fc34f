"""The statements, as they stand in the files beside this one: one readable SELECT each, in DuckDB's dialect."""

from importlib.resources import files


def _read(file: str) -> str:
    return files("seglib.sql").joinpath(file).read_text(encoding="utf-8")


UNIFIED_SQL: str = _read("unified.sql")
"""Merges the canonical tables: one row per transaction."""

COUNTS_SQL: str = _read("counts.sql")
"""Counts what every customer did: one row per customer. Reads the canonical tables and ``study``."""

FEATURES_SQL: str = _read("features.sql")
"""Describes every customer: one row per customer. Reads the canonical tables, ``study``, and ``counts``, which are the
rows of `COUNTS_SQL`."""

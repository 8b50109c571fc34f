"""The statements, as they stand in the files beside this one."""

from importlib.resources import files

UNIFIED_SQL: str = files("seglib.sql").joinpath("unified.sql").read_text(encoding="utf-8")
"""Merges the canonical tables: one row a transaction."""

FEATURES_SQL: str = files("seglib.sql").joinpath("features.sql").read_text(encoding="utf-8")
"""Turns canonical tables into one row a customer."""

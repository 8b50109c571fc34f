"""What was called otherwise in the last version, by the old name. Old names work for one version."""

from __future__ import annotations

import warnings

RENAMED_PARAMETERS: dict[str, str] = {"drop_tied": "drop_correlated"}

RENAMED_FEATURES: dict[str, str] = {"n_decided": "n_matured", "n_decided_burned": "n_matured_burned"}
"""Columns of ``features.parquet``."""


def present_name(feature: str) -> str:
    """Return the present name of a feature that a parameter names.

    Warns
    -----
    UserWarning
        If it has another name now.

    Examples
    --------
    >>> present_name("burn_rate")
    'burn_rate'
    """
    if feature not in RENAMED_FEATURES:
        return feature
    present = RENAMED_FEATURES[feature]
    warnings.warn(f"'{feature}' is now called '{present}'; the old name works until the next version", stacklevel=3)
    return present

"""Names of parameters that were other names in the last version, by the old name. Old names work for one version."""

from __future__ import annotations

RENAMED_PARAMETERS: dict[str, str] = {"drop_tied": "drop_correlated"}

"""Where runs are, and what they are called."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.errors import ParameterRefused
from seglib.run.files import read_json
from seglib.schema.files import project_root
from seglib.style import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

FINISHED = "SEGLIB_FINISHED"
"""Environment variable: where finished runs are while a run is being built aside."""

FAILED = ("failed.html", "failed.json")
"""What lies in the report folder of a run whose last attempt failed, beside the last good report if there is one."""

DRAFT = ".draft"
"""What the name of a folder of drafts ends with; no run has a dot in its name."""

RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))})
"""Names that a file cannot have on Windows, where a report may be copied to; case makes no difference."""

_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def home() -> Path:
    """Return the folder under which ``data/processed`` and ``reports`` lie (SEGLIB_HOME, else the project)."""
    return Path(os.environ.get("SEGLIB_HOME") or project_root()).resolve()


def refuse_name(name: str) -> None:
    """Refuse what cannot be the name of a run.

    Raises
    ------
    ParameterRefused
    """
    if not isinstance(name, str) or not _RUN_NAME.fullmatch(name):
        raise ParameterRefused(
            f"a run is named with letters, digits, '-' and '_' (at most 64), not {name!r}", parameter="run"
        )
    if name.casefold() in RESERVED:
        raise ParameterRefused(
            f"a run cannot be called '{name}': Windows keeps this name for a device; add something to it",
            parameter="run",
        )


def run_names(base: Path | None = None) -> list[str]:
    """Return the names of the runs that have artefacts, in order.

    Parameters
    ----------
    base : Path, optional
        The folder under which they lie; default: what `home` finds.
    """
    folder = (base or home()) / "data" / "processed"
    folders = folder.iterdir() if folder.is_dir() else []
    return sorted(path.name for path in folders if path.is_dir() and _RUN_NAME.fullmatch(path.name))


def list_runs() -> pd.DataFrame:
    """Return the runs there are, one row each, by name.

    Returns
    -------
    pandas.DataFrame
        run; segments and customers of its report (missing where it has none); report and draft, as paths from the home
        of all runs (empty where there is none).
    """
    import pandas as pd

    reports, rows = home() / "reports", []
    for name in run_names():
        record_file, draft = reports / name / "run.json", reports / f"{name}{DRAFT}"
        record = read_json(record_file)
        rows.append(
            {
                "run": name,
                "segments": _count(record.get("k")),
                "customers": _count(record.get("customers")),
                "report": f"reports/{name}/index.html" if record else "",
                "draft": f"reports/{draft.name}/" if draft.exists() else "",
            }
        )
    table = pd.DataFrame(rows, columns=["run", "segments", "customers", "report", "draft"])
    return table.astype({"segments": "Int64", "customers": "Int64"})


def _count(value: Any) -> int | None:
    """Return a number of things; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def other_runs(name: str, base: Path | None = None) -> str:
    """Return the end of a message about a run that is not there: which runs there are.

    Parameters
    ----------
    name : str
        The run that is not there.
    base : Path, optional
        As in `run_names`.
    """
    names = run_names(base)
    return f"{did_you_mean(name, names)}; there are: {', '.join(names)}" if names else "; there is no run yet"


def refuse_missing_run(name: str, base: Path | None = None) -> None:
    """Refuse the name of a run that is not there, if there are others.

    Raises
    ------
    ParameterRefused
        The message lists the runs there are.
    """
    if (names := run_names(base)) and name not in names:
        raise ParameterRefused(
            f"there is no run '{name}'{other_runs(name, base)}. A new run begins with 01: run 01_ingest.ipynb first",
            parameter="run",
        )

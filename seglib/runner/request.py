"""What somebody asked for, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from seglib import credentials
from seglib.errors import InputRefused, ParameterRefused
from seglib.run import Run
from seglib.runner import parameters
from seglib.runner.steps import NOTEBOOKS, STEPS
from seglib.schema.sources import ADAPTERS


@dataclass(frozen=True)
class Request:
    """What somebody asked for.

    Attributes
    ----------
    run : str
        Name of the run.
    source : str, optional
        Where the data are; None where the run continues from an earlier one. Nothing secret in it is written down.
    overrides : mapping of str to Any
        Parameters by name.
    start : str
        First notebook to run; earlier ones are taken over from the last run of that name.
    batch : str, optional
        The batch of runs (`seglib.runner.batch`) that it belongs to.
    place : tuple of int
        Which run of how many it is there.
    """

    run: str
    source: str | None = "sample"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    start: str = "01_ingest"
    batch: str | None = None
    place: tuple[int, int] = (1, 1)


class Checked(NamedTuple):
    """A request that was checked as far as that is possible before anything runs."""

    skipped: list[str]  # notebooks that are taken over
    remaining: list[str]  # those that run
    declared: Mapping[str, Mapping[str, parameters.Parameter]]  # by notebook
    asked: dict[str, Any]  # parameters that were asked for
    wanted: dict[str, dict[str, Any]]  # all of them, by notebook
    whole: str | None  # the source as notebooks see it, with all that is in it


def check(request: Request, *, to_come: Collection[str] = ()) -> Checked:
    """Check a request as far as that is possible before anything runs.

    Parameters
    ----------
    request : Request
    to_come : collection of str
        Runs that will be there by then: letters can be kept from them (``align_to``).

    Raises
    ------
    ParameterRefused, InputRefused
        If a name or value does not fit, or the source does not exist.
    """
    order = list(STEPS)
    Run(request.run)  # which refuses a name that is none
    skipped, remaining = order[: order.index(request.start)], order[order.index(request.start) :]
    declared = {step: parameters.declared(NOTEBOOKS / f"{step}.ipynb") for step in order}
    asked = {**request.overrides, "run": request.run}
    given = asked.pop("source", None) if request.source is None else request.source
    if given is not None and not isinstance(given, str):
        raise ParameterRefused(f"parameter 'source' is a text, not {given!r}")
    whole = given and _seen_from_notebooks(given)
    if whole:
        asked["source"] = credentials.recorded(whole)
    for file in ("mapping", "names_file"):
        if asked.get(file):
            asked[file] = _seen_from_notebooks(str(asked[file]))
    wanted = parameters.resolve(declared, asked)
    if not skipped:
        _refuse_early(given, request.overrides.get("mapping"))
    like = str(request.overrides.get("align_to") or "")
    if like and like not in to_come and not Run(like).path("segments").exists():
        raise ParameterRefused(f"align_to: there is no finished run '{like}' whose letters could be kept")
    return Checked(skipped, remaining, declared, asked, wanted, whole)


def _refuse_early(source: str | None, mapping: str | None) -> None:
    """Refuse a source or a mapping file that cannot be there, before a notebook has to find out."""
    if mapping and not Path(mapping).expanduser().is_file():
        raise ParameterRefused(f"mapping file '{mapping}' does not exist")
    if source is not None and credentials.is_url(source):
        credentials.filled(source)
    elif source not in ADAPTERS and not (source and Path(source).expanduser().exists()):
        raise InputRefused(
            f"source '{source}' does not exist; give a workbook (.xlsx), a file or folder of CSV or Parquet, "
            f"a database (file or URL), or one of {', '.join(repr(name) for name in ADAPTERS)}"
        )


def _refuse_late(late: Iterable[str], wanted: dict[str, dict], earlier: dict[str, dict]) -> None:
    """Refuse a new value for what only notebooks that are skipped would read."""
    for step, known in earlier.items():
        for name in late:
            before = known["parameters"].get(name)
            if name in wanted[step] and wanted[step][name] != before:
                raise ParameterRefused(f"'{name}' is read by {step}, which --from skips; it was {before!r} there")


def _seen_from_notebooks(source: str) -> str:
    """Return a path as the notebooks see it, who run in their own folder; also the path in the URL of a file."""
    if credentials.is_url(source):
        scheme, slashes, path = source.strip().partition(":///")
        return f"{scheme}{slashes}{_seen_from_notebooks(path)}" if scheme.startswith("sqlite") and path else source
    if credentials.shown(source) in ADAPTERS:
        return source
    try:
        return Path(os.path.relpath(Path(source).expanduser(), NOTEBOOKS)).as_posix()
    except ValueError:  # another drive
        return str(Path(source).expanduser().resolve())

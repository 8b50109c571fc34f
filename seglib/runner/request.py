"""The request for a run, checked before anything runs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seglib import credentials
from seglib.errors import InputRefused, ParameterRefused
from seglib.run import RESERVED, Run, other_runs
from seglib.runner import parameters
from seglib.runner.steps import NOTEBOOKS, ORDER, STEPS, unlisted
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.sources import ADAPTERS


@dataclass(frozen=True)
class Request:
    """A request for a run.

    Attributes
    ----------
    run : str
        Name of the run.
    source : str, optional
        Where the data are; None where the run continues from an earlier one. Nothing secret in it is written down.
    overrides : mapping of str to Any
        Parameters by name.
    start : str
        First notebook to run; earlier ones are taken over from the last run of that name. Empty: all are.
    batch : str, optional
        The batch of runs (`seglib.runner.batch`) that it belongs to.
    place : tuple of int
        Which run of how many it is there.
    only_changed : bool
        Whether notebooks at the beginning are taken over, too, that would write what they wrote in the last run.
    """

    run: str
    source: str | None = "sample"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    start: str = "01_ingest"
    batch: str | None = None
    place: tuple[int, int] = (1, 1)
    only_changed: bool = False


@dataclass(frozen=True)
class CheckedRequest:
    """A request that was checked as far as that is possible before anything runs.

    Attributes
    ----------
    skipped, remaining : list of str
        Notebooks that are taken over from an earlier run, and those that run.
    declared : mapping of str to mapping of str to Parameter
        What each notebook declares.
    overrides : dict of str to Any
        The parameters that were given; paths as the notebooks see them, the source without credentials.
    values : dict of str to dict
        All parameters by notebook, defaults included.
    whole : str or None
        The source as the notebooks see it, with its credentials.
    """

    skipped: list[str]
    remaining: list[str]
    declared: Mapping[str, Mapping[str, parameters.Parameter]]
    overrides: dict[str, Any]
    values: dict[str, dict[str, Any]]
    whole: str | None

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of the kernels: the whole source, if it holds credentials."""
        if not self.whole or self.whole == self.overrides["source"]:
            return {}
        return {credentials.VARIABLE: self.whole}


def check(request: Request, *, to_come: Collection[str] = ()) -> CheckedRequest:
    """Check a request as far as that is possible before anything runs.

    Parameters
    ----------
    request : Request
    to_come : collection of str
        Runs that will be finished by then: letters can be kept from them (``align_to``).

    Raises
    ------
    ParameterRefused, InputRefused
        If a name or value does not fit, or the source does not exist.
    """
    order = list(STEPS)
    Run(request.run)  # refuses what cannot be the name of a run
    first = order.index(request.start) if request.start else len(order)
    skipped, remaining = order[:first], order[first:]
    declared = {step: _declared(step) for step in order}
    for name in unlisted():
        print(f"seglib: notebooks/{name}.ipynb is not run: no line of notebooks/{ORDER} names it", file=sys.stderr)
    overrides = {**parameters.with_new_names(request.overrides), "run": request.run}
    source = overrides.pop("source", None) if request.source is None else request.source
    align_to = str(overrides.get("align_to") or "")
    if source is not None and not isinstance(source, str):
        raise ParameterRefused(f"parameter 'source' is a text, not {source!r}", parameter="source")
    whole = source and seen_from_notebooks(source)
    if whole:
        overrides["source"] = credentials.recorded(whole)
    by_name = {name: parameter for step in declared.values() for name, parameter in step.items()}
    for file in [name for name, parameter in by_name.items() if parameter.is_file]:
        path = str(overrides.get(file) or "none")
        if path.lower() == "none":  # no file, which the parameter itself understands
            continue
        by_name[file].refuse_missing_file(path)
        overrides[file] = seen_from_notebooks(path)
    # what is continued may have had another k_max: its values are checked beside each other when they are there
    values = parameters.resolve(declared, overrides, together=not skipped)
    if not skipped and source is not None:
        refuse_early(source)
    if align_to and align_to not in to_come and not Run(align_to).path("segments").exists():
        raise ParameterRefused(
            f"align_to: there is no finished run '{align_to}' whose letters could be kept{other_runs(align_to)}",
            parameter="align_to",
        )
    return CheckedRequest(skipped, remaining, declared, overrides, values, whole)


def _declared(step: str) -> dict[str, parameters.Parameter]:
    """Return what a notebook declares; refuse one that is listed and not there, or that does not take a run."""
    path = NOTEBOOKS / f"{step}.ipynb"
    if not path.exists():
        raise ParameterRefused(f"notebooks/{ORDER} names {step}, and there is no {path.name} beside it")
    declared = parameters.declared(path)
    if "run" not in declared:
        raise ParameterRefused(
            f"{path.name} has no cell tagged 'parameters' with the line: run: str = \"sample\"  # name of the run"
        )
    return declared


def name_after(source: str | None) -> str:
    """Return a name for a run, made from that of its source.

    Examples
    --------
    >>> name_after("data/our shop.xlsx"), name_after("postgresql://me:secret@host/shop"), name_after(None)
    ('our-shop', 'shop', 'sample')
    """
    stem = Path(credentials.shown(source)).stem if source else "sample"
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:60] or "run"
    return f"run-{name}" if name.casefold() in RESERVED else name


def refuse_early(source: str, *, what: str = "source") -> None:
    """Refuse a source that does not exist, before a notebook has to find out."""
    if credentials.is_url(source):
        credentials.filled(source)
    elif source not in ADAPTERS and not (source and find_file(source).exists()):
        raise InputRefused(
            f"{what} '{source}' does not exist{looked_for_in(source)}; give a workbook (.xlsx), a file or folder "
            f"of CSV or Parquet, a database (file or URL), or one of {', '.join(repr(name) for name in ADAPTERS)}"
        )


def refuse_late(checked: CheckedRequest, earlier: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a new value of a parameter that only notebooks read which are skipped.

    Parameters
    ----------
    checked : CheckedRequest
    earlier : mapping of str to mapping
        The steps of the run that is continued: ``parameters`` by notebook.
    """
    still_read = {name for step in checked.remaining for name in checked.declared[step]}
    late = checked.overrides.keys() - still_read
    for step, record in earlier.items():
        values = checked.values[step]
        for name in late & values.keys():
            before = record["parameters"].get(name)
            if values[name] != before:
                raise ParameterRefused(
                    f"'{name}' is read by {step}, which --from skips; it was {before!r} there", parameter=name
                )


def seen_from_notebooks(source: str) -> str:
    """Return a path as the notebooks see it, which run in their own folder; also the path in the URL of a file."""
    if credentials.is_url(source):
        scheme, slashes, path = source.strip().partition(":///")
        return f"{scheme}{slashes}{seen_from_notebooks(path)}" if scheme.startswith("sqlite") and path else source
    if credentials.shown(source) in ADAPTERS:
        return source
    try:
        return Path(os.path.relpath(find_file(source), NOTEBOOKS)).as_posix()
    except ValueError:  # another drive
        return str(find_file(source).resolve())

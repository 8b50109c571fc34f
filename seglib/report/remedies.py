"""What to do when a run has stopped, by the kind of thing that happened: sentences, each with a command or none."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seglib import credentials
from seglib.errors import InputRefused, KernelDied, ParameterRefused, SeglibError, Stop
from seglib.run import project_root

KINDS: dict[type[SeglibError], str] = {InputRefused: "data", ParameterRefused: "value", KernelDied: "memory"}
"""What can happen; everything else is an error in a notebook."""

SMALLER: dict[str, int | None] = {"sample_customers": 2, "silhouette_rows": 2, "sensitivity_rows": 2, "n_jobs": None}
"""Parameters whose smaller value saves memory: what to divide them by, None where they become 1."""


@dataclass(frozen=True)
class Remedy:
    """One thing to do, and the command that does it; empty if none does."""

    text: str
    command: str = ""


def kind_of(error: SeglibError) -> str:
    """Return what kind of thing happened: data, value, memory or notebook."""
    return next((kind for of, kind in KINDS.items() if isinstance(error, of)), "notebook")


def remedies(kind: str, run: str, stop: Stop, steps: Mapping[str, Mapping[str, Any]]) -> list[Remedy]:
    """Return what to do, one thing after the other. Commands are meant for the folder of the project.

    Parameters
    ----------
    kind : {"data", "value", "memory", "notebook"}
    run : str
    stop : Stop
        Where it stopped.
    steps : mapping of str to mapping
        All notebooks in their order, each with its ``parameters``; the source in them holds no credentials.
    """
    again = [program(), "run", "--run", run]
    if stop.notebook != next(iter(steps)):
        again += ["--from", stop.notebook[:2]]
    values = steps[stop.notebook]["parameters"]
    made = {"data": _data, "value": _value, "memory": _memory, "notebook": _notebook}[kind]
    return made(run, stop, steps, values, again)


def program() -> str:
    """Return how the command is called: in the environment of the project, or in one that is active."""
    if Path(sys.prefix).resolve() != project_root() / ".venv":
        return "seglib"
    return r".venv\Scripts\seglib" if os.name == "nt" else ".venv/bin/seglib"


def from_project(path: str) -> str:
    """Return a path that the notebooks see from their folder as it is seen from the folder of the project.

    Examples
    --------
    >>> from_project("../data/shop.xlsx"), from_project("sample"), from_project("postgresql://host/shop")
    ('data/shop.xlsx', 'sample', 'postgresql://host/shop')
    """
    return Path(os.path.normpath(f"notebooks/{path}")).as_posix() if path.startswith("../") else path


def meant(message: str, values: Mapping[str, Any]) -> list[str]:
    """Return the parameters that a message speaks of: it begins with one, quotes it, or has it before ``=``.

    Examples
    --------
    >>> meant("k = 99 is outside the sweep", {"k": 99, "run": "x"})
    ['k']
    >>> meant("in this run n_null is at least 19", {"n_null": 3, "run": "x"})
    ['n_null']
    """

    def speaks_of(name: str) -> bool:
        anywhere = rf"|\b{name}\b" if "_" in name else ""  # no word of a sentence looks like_this
        return bool(re.search(rf"\A{name}\b|'{name}'|\b{name} ?={anywhere}", message))

    return [name for name in values if speaks_of(name)]


def _data(run: str, stop: Stop, steps: Mapping, values: Mapping, again: list[str]) -> list[Remedy]:
    looked_at = steps["01_ingest"]["parameters"]
    options = ["--source", _recorded(str(looked_at.get("source") or "sample"))]
    if looked_at.get("mapping"):
        options += ["--mapping", from_project(str(looked_at["mapping"]))]
    if looked_at.get("as_of"):
        options += ["--as-of", str(looked_at["as_of"])]
    password = " Give user and password of the database with it, as before: this page does not hold them."
    password *= "://" in options[1]
    check = shlex.join([program(), "check", *options, "--format", "html", "--out", f"{run}-check.html"])
    same_command = Remedy("Run it again, with the same command as before.")
    if stop.notebook != next(iter(steps)):  # the contract had nothing against them
        return [
            Remedy("Do what the message above says: the data were read, but this step cannot work with them."),
            Remedy(f"This lists what is in the data, and which rows were set aside, as a page.{password}", check),
            same_command,
        ]
    return [
        Remedy(
            "Have everything that is wrong listed, with example rows, as a page for whoever keeps the data." + password,
            check,
        ),
        Remedy("Have it corrected where the data are kept, or do what the message above says."),
        same_command,
    ]


def _recorded(source: str) -> str:
    try:
        return from_project(credentials.recorded(source))
    except InputRefused:  # nobody can say where in it a password ends
        return "SOURCE"


def _value(run: str, stop: Stop, steps: Mapping, values: Mapping, again: list[str]) -> list[Remedy]:
    names = meant(stop.message, values)
    told = " and for ".join(f"{name}, which was {values[name]}" for name in names) or "what the message names"
    settings = " ".join(f"--set {name}=VALUE" for name in names or ["NAME"])
    if again[-2] != "--from":
        return [Remedy(f"Give the same command as before, with another value for {told}.", f"… {settings}")]
    return [
        Remedy(
            f"Put another value where VALUE stands: for {told}. What is finished is kept.",
            f"{shlex.join(again)} {settings}",
        )
    ]


def _memory(run: str, stop: Stop, steps: Mapping, values: Mapping, again: list[str]) -> list[Remedy]:
    asked = {name: by for name, by in SMALLER.items() if isinstance(values.get(name), int)}
    smaller = {name: max(1, values[name] // by) if by else 1 for name, by in asked.items()}
    settings = [part for name, value in smaller.items() for part in ("--set", f"{name}={value}")]
    then = _go_on(again)
    made = [Remedy(f"Close what else needs memory on this machine, then {then.text}", then.command)]
    if smaller and then.command:
        now = ", ".join(f"{name} was {values[name]}" for name in smaller)
        made.append(
            Remedy(f"If that is not enough, let it look at less at a time ({now}).", shlex.join(again + settings))
        )
    made.append(
        Remedy(
            "If that is not enough either, it takes a machine with more memory, or a source with fewer customers. "
            "Of a PostgreSQL database, the server itself can do the counting: --engine database."
        )
    )
    return made


def _notebook(run: str, stop: Stop, steps: Mapping, values: Mapping, again: list[str]) -> list[Remedy]:
    where = f", go to the cell {stop.cell}" if stop.cell else ""
    then = _go_on(again)
    return [
        Remedy(f"Open notebooks/{stop.notebook}.ipynb in JupyterLab{where}, and mend it there.", "make lab"),
        Remedy(f"When it is mended, {then.text}", then.command),
        Remedy(
            "If nobody has changed the notebook, the fault is neither yours nor that of your data: send this page to "
            "whoever looks after the project."
        ),
    ]


def _go_on(again: list[str]) -> Remedy:
    """Say how a run goes on: from where it stopped, or anew where it stopped in the first notebook."""
    if again[-2] != "--from":
        return Remedy("give the same command as before.")
    return Remedy("go on from there: what is finished is kept.", shlex.join(again))

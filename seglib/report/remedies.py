"""What to do when a run has stopped, by the kind of error: sentences, each with a command or none."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seglib import credentials
from seglib.errors import (
    InputRefused,
    KernelDied,
    MachineFailed,
    ParameterRefused,
    SeglibError,
    StageGone,
    Stop,
    Stopped,
)
from seglib.run import project_root

KINDS: dict[type[SeglibError], str] = {
    InputRefused: "data",
    ParameterRefused: "value",
    KernelDied: "memory",
    StageGone: "gone",  # before MachineFailed, of which it is one
    MachineFailed: "machine",
    Stopped: "stopped",
}
"""Kinds of errors; everything else is an error in a notebook."""

SMALLER: dict[str, int | None] = {"sample_customers": 2, "silhouette_rows": 2, "sensitivity_rows": 2, "n_jobs": None}
"""Parameters whose smaller value saves memory: what to divide them by, None where they become 1."""

FILES = ("mapping", "names_file", "words_file", "labels")
"""Parameters that name a file which the user wrote: instead of another value, the file can be corrected."""

HIDDEN_PASSWORD = " Give user and password of the database with it, as before: this page does not hold them."


@dataclass(frozen=True)
class Remedy:
    """One thing to do, and the command that does it; empty if none does."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class StoppedRun:
    """A run that stopped, and how it goes on.

    Attributes
    ----------
    run : str
        Its name.
    stop : Stop
        Where it stopped.
    steps : mapping of str to mapping
        All notebooks in their order, each with its ``parameters``.
    """

    run: str
    stop: Stop
    steps: Mapping[str, Mapping[str, Any]]

    @property
    def in_first_notebook(self) -> bool:
        """Whether nothing is finished, so that the whole run has to be made again."""
        return self.stop.notebook == next(iter(self.steps))

    @property
    def values(self) -> Mapping[str, Any]:
        """The parameters of the notebook that stopped."""
        return self.steps[self.stop.notebook]["parameters"]

    @property
    def command(self) -> list[str]:
        """The command that goes on from the notebook that stopped."""
        return [program(), "run", "--run", self.run, "--from", self.stop.notebook[:2]]

    def continuation(self) -> Remedy:
        """Say how the run goes on: from where it stopped, or all of it where it stopped in the first notebook."""
        if self.in_first_notebook:
            return Remedy("give the same command as before.")
        return Remedy("go on from there: what is finished is kept.", shlex.join(self.command))


def kind_of(error: SeglibError) -> str:
    """Return the kind of an error: data, value, memory or notebook."""
    return next((kind for error_class, kind in KINDS.items() if isinstance(error, error_class)), "notebook")


def remedies(kind: str, run: str, stop: Stop, steps: Mapping[str, Mapping[str, Any]]) -> list[Remedy]:
    """Return what to do, one thing after the other. Commands are meant for the folder of the project.

    Parameters
    ----------
    kind : {"data", "value", "memory", "gone", "machine", "stopped", "notebook"}
    run : str
    stop : Stop
        Where it stopped.
    steps : mapping of str to mapping
        All notebooks in their order, each with its ``parameters``; the source in them holds no credentials.
    """
    by_kind = {
        "data": _for_data,
        "value": _for_value,
        "memory": _for_memory,
        "gone": _for_gone,
        "machine": _for_machine,
        "stopped": _for_stopped,
        "notebook": _for_notebook,
    }
    return by_kind[kind](StoppedRun(run, stop, steps))


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


def _for_data(stopped: StoppedRun) -> list[Remedy]:
    ingest = stopped.steps["01_ingest"]["parameters"]
    source = _recorded(str(ingest.get("source") or "sample"))
    options = ["--source", source]
    if ingest.get("mapping"):
        options += ["--mapping", from_project(str(ingest["mapping"]))]
    if ingest.get("as_of"):
        options += ["--as-of", str(ingest["as_of"])]
    password = HIDDEN_PASSWORD if "://" in source else ""
    check = shlex.join([program(), "check", *options, "--format", "html", "--out", f"{stopped.run}-check.html"])
    same_command = Remedy("Run it again, with the same command as before.")
    if not stopped.in_first_notebook:  # the contract accepted the data
        return [
            Remedy("Do what the message above says: the data were read, but this step cannot work with them."),
            Remedy(f"This lists what is in the data, and which rows were set aside, as a page.{password}", check),
            same_command,
        ]
    return [
        Remedy(
            f"Have everything that is wrong listed, with example rows, as a page for whoever keeps the data.{password}",
            check,
        ),
        Remedy("Have it corrected where the data are kept, or do what the message above says."),
        same_command,
    ]


def _recorded(source: str) -> str:
    """Return a source for a command line; a placeholder if it is not clear where in it a password ends."""
    try:
        return from_project(credentials.recorded(source))
    except InputRefused:
        return "SOURCE"


def _for_value(stopped: StoppedRun) -> list[Remedy]:
    names = [name for name in stopped.stop.parameter if name in stopped.values]
    which = " and for ".join(_with_value(name, stopped.values[name]) for name in names) or "what the message names"
    settings = " ".join(f"--set {name}=VALUE" for name in names or ["NAME"])
    if stopped.in_first_notebook:
        return [Remedy(f"Give the same command as before, with another value for {which}.", f"… {settings}")]
    return [
        Remedy(
            f"Put another value where VALUE stands: for {which}. What is finished is kept.",
            f"{shlex.join(stopped.command)} {settings}",
        )
    ]


def _with_value(name: str, value: Any) -> str:
    """Name a parameter with its value, and say of a file that it can be corrected instead."""
    if name in FILES and value:
        return f"{name}, which was {from_project(str(value))} (or correct that file)"
    return f"{name}, which was {value}"


def _for_memory(stopped: StoppedRun) -> list[Remedy]:
    smaller: dict[str, int] = {}
    for name, divisor in SMALLER.items():
        value = stopped.values.get(name)
        if isinstance(value, int):
            smaller[name] = max(1, value // divisor) if divisor else 1
    continuation = stopped.continuation()
    things = [
        Remedy(f"Close what else needs memory on this machine, then {continuation.text}", continuation.command),
    ]
    if smaller and not stopped.in_first_notebook:
        before = ", ".join(f"{name} was {stopped.values[name]}" for name in smaller)
        settings = [part for name, value in smaller.items() for part in ("--set", f"{name}={value}")]
        things.append(
            Remedy(
                f"If that is not enough, let it look at less at a time ({before}).",
                shlex.join(stopped.command + settings),
            )
        )
    things.append(
        Remedy(
            "If that is not enough either, it takes a machine with more memory, or a source with fewer customers. "
            "Of a PostgreSQL database, the server itself can do the counting: --engine database."
        )
    )
    return things


def _for_gone(_: StoppedRun) -> list[Remedy]:
    return [Remedy("Run it again, with the same command as before.")]


def _for_machine(stopped: StoppedRun) -> list[Remedy]:
    continuation = stopped.continuation()
    return [
        Remedy("Make room on the disk, or mend what else the message above names."),
        Remedy(_as_sentence(continuation.text), continuation.command),
    ]


def _for_stopped(stopped: StoppedRun) -> list[Remedy]:
    continuation = stopped.continuation()
    return [Remedy(_as_sentence(continuation.text), continuation.command)]


def _as_sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _for_notebook(stopped: StoppedRun) -> list[Remedy]:
    where = f", go to the cell {stopped.stop.cell}" if stopped.stop.cell else ""
    continuation = stopped.continuation()
    return [
        Remedy(f"Open notebooks/{stopped.stop.notebook}.ipynb in JupyterLab{where}, and mend it there.", "make lab"),
        Remedy(f"When it is mended, {continuation.text}", continuation.command),
        Remedy(
            "If nobody has changed the notebook, the fault is neither yours nor that of your data: send this page to "
            "whoever looks after the project."
        ),
    ]

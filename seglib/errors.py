"""What can stop a run, and the exit code each of them has.

Every message is written for the person who reads it: what was found, where, how many, what to do.
The runner finds these errors again by class name when one is raised inside a notebook.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stop:
    """Where a notebook stopped, and with what.

    Attributes
    ----------
    notebook : str
        Its name, such as ``04_k_selection``.
    name, message : str
        Of the error, as Python tells them.
    cell, source : str
        Id of the cell, and what is in it; empty where that is not known.
    traceback : str
        What Python, or a kernel that died, said last.
    """

    notebook: str
    name: str
    message: str
    cell: str = ""
    source: str = ""
    traceback: str = ""


class SeglibError(Exception):
    """Base of every error this package raises on purpose.

    Attributes
    ----------
    stop : Stop or None
        Where a notebook stopped; None where nothing had run yet.
    page : Path or None
        The page on which that is told; the message ends with it.
    """

    exit_code = 1

    def __init__(self, message: str = "", *, stop: Stop | None = None) -> None:
        super().__init__(message)
        self.stop = stop
        self.page: Path | None = None

    def __str__(self) -> str:
        said = super().__str__()
        return f"{said}\nWhat happened and what to do: {self.page}" if self.page else said


class InputRefused(SeglibError):
    """The data cannot be used as they are (exit code 1)."""

    exit_code = 1


class ParameterRefused(SeglibError):
    """A name or value that was asked for does not exist or does not fit (exit code 2)."""

    exit_code = 2


class NotebookFailed(SeglibError):
    """A notebook stopped with an error of its own (exit code 3)."""

    exit_code = 3


class KernelDied(NotebookFailed):
    """The kernel of a notebook is gone, most often for want of memory (exit code 3)."""

"""What can stop a run, and the exit code of each kind of error.

Every message is written for the person who reads it: what is wrong, where, how often, what to do. What a program needs
to know of an error stands in its fields; it is never read from the message.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        Class name and message of the error.
    cell, source : str
        Id of the cell, and what is in it; empty where that is not known.
    traceback : str
        The traceback, or the last lines of a kernel that died.
    parameter : tuple of str
        Names of the parameters at fault; empty where it is none of them, or that is not known.
    """

    notebook: str
    name: str
    message: str
    cell: str = ""
    source: str = ""
    traceback: str = ""
    parameter: tuple[str, ...] = ()


LONGEST_LINE, LONGEST = 2_000, 20_000
"""Characters of a line of a message, and of a message. What it repeats from a file may be of any length."""


def readable(message: str) -> str:
    r"""Write a message so that a terminal shows all of it and obeys none of it.

    Signs that move the cursor, change colours or turn the direction of reading are written as escapes; of a very long
    line the middle is left out.

    Examples
    --------
    >>> print(readable("no table 'a\x1b[31m\u202eb'"))
    no table 'a\x1b[31m\u202eb'
    >>> readable("a" * 9_000)[1_490:1_537]
    'aaaaaaaaaa ... [7,100 characters left out] ... '
    """
    lines = [_shortened(line) for line in message[: 50 * LONGEST].split("\n")]
    text = "\n".join(
        "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line) for line in lines
    )
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... [and more]"


def _shortened(line: str) -> str:
    """Leave out the middle of a long line: what is wrong stands at its beginning, what to do at its end."""
    if len(line) <= LONGEST_LINE:
        return line
    return f"{line[:1500]} ... [{len(line) - 1900:,} characters left out] ... {line[-400:]}"


class SeglibError(Exception):
    """Base of every error this package raises on purpose.

    Parameters
    ----------
    message : str
        For the person who reads it.
    stop : Stop, optional
        Where a notebook stopped.
    files : str, optional
        A further line for the terminal that names files of this machine. It belongs on no page of a report.

    Attributes
    ----------
    message, files : str
    stop : Stop or None
        None where nothing had run yet.
    page : Path or None
        The page of the report that says what happened; the text of the error ends with its path.
    """

    exit_code = 1

    def __init__(self, message: str = "", *, stop: Stop | None = None, files: str = "") -> None:
        self.message = readable(message)
        super().__init__(self.message)
        self.stop = stop
        self.files = files
        self.page: Path | None = None

    def __str__(self) -> str:
        page = f"What happened and what to do: {self.page}" if self.page else ""
        return "\n".join(part for part in (self.message, self.files, page) if part)


class InputRefused(SeglibError):
    """The data cannot be used as they are (exit code 1)."""

    exit_code = 1


class ParameterRefused(SeglibError):
    """A parameter or option has a name or a value that does not exist or does not fit (exit code 2).

    Parameters
    ----------
    message : str
    parameter : str or sequence of str, optional
        The parameters at fault, by name.
    stop, files
        As in `SeglibError`.

    Attributes
    ----------
    parameter : tuple of str
        The parameters at fault; empty where it is none of them. An error that was raised inside a notebook takes this
        field along (`seglib.runner.kernels.parameter_at_fault`).

    Examples
    --------
    >>> ParameterRefused("k is at least 2, not 1", parameter="k").parameter
    ('k',)
    """

    exit_code = 2

    def __init__(
        self,
        message: str = "",
        *,
        parameter: str | Sequence[str] | None = None,
        stop: Stop | None = None,
        files: str = "",
    ) -> None:
        super().__init__(message, stop=stop, files=files)
        names = (parameter,) if isinstance(parameter, str) else tuple(parameter or ())
        self.parameter: tuple[str, ...] = names


class NotebookFailed(SeglibError):
    """A notebook stopped with an error of its own (exit code 3)."""

    exit_code = 3


class KernelDied(NotebookFailed):
    """The kernel of a notebook is gone, most often because memory ran out (exit code 3)."""


class MachineFailed(NotebookFailed):
    """The disk is full, or a folder cannot be written: nothing in data or notebooks is wrong (exit code 3)."""


class StageGone(MachineFailed):
    """The folder in which a run was being built was deleted while it ran (exit code 3)."""


class Stopped(SeglibError):
    """Somebody stopped a run: Ctrl-C (exit code 130), or a signal of the system such as SIGTERM (143).

    Parameters
    ----------
    message : str
    exit_code : int, default=130
        128 and the number of the signal, as shells have it.
    stop, files
        As in `SeglibError`.
    """

    exit_code = 130

    def __init__(self, message: str = "", *, exit_code: int = 130, stop: Stop | None = None, files: str = "") -> None:
        super().__init__(message, stop=stop, files=files)
        self.exit_code = exit_code

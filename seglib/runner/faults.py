"""What goes wrong outside of notebooks and data, in one sentence that says how to go on.

The disk is full, a folder is gone, somebody has stopped the run: each becomes an error of ours, with the notebook at
which it happened, so that the report folder gets its page where there is room for one.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seglib.errors import MachineFailed, SeglibError, StageGone, Stop, Stopped
from seglib.report.remedies import StoppedRun
from seglib.run import reason, write_whole
from seglib.runner.signals import exit_code_of, name_of
from seglib.runner.staging import Stage

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a system that has no room for a file: a full disk, a used-up quota, a limit on the size of files."""

OF_THE_MACHINE = (*FULL, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ESTALE)
"""Errors of a system that nobody can raise by a wrong path or a wrong value."""


def in_words(
    raised: SeglibError | OSError | KeyboardInterrupt,
    building: Stage,
    step: str,
    steps: Mapping[str, Mapping[str, Any]],
) -> SeglibError:
    """Return what stopped a run as an error of ours.

    Parameters
    ----------
    raised : SeglibError, OSError or KeyboardInterrupt
    building : Stage
        Of the run.
    step : str
        The notebook that ran, or the last one that had.
    steps : mapping of str to mapping
        All notebooks in their order: ``parameters`` and ``seconds``.
    """
    try:
        building.refuse_deleted()  # whatever was missing then, this is why
    except StageGone as gone:
        return StageGone(gone.message, stop=Stop(step, StageGone.__name__, gone.message))
    if isinstance(raised, SeglibError):
        return raised
    where = f"{step}.ipynb" if steps[step]["seconds"] is None else "the report"
    then = how_to_go_on(building.final.name, step, steps)
    if isinstance(raised, KeyboardInterrupt):
        code = exit_code_of(raised)
        message = f"run '{building.final.name}' was stopped ({name_of(code)}) at {where}; to go on, {then}"
        return Stopped(message, exit_code=code, stop=Stop(step, Stopped.__name__, message))
    if raised.errno in FULL:  # half a notebook is none; what it takes is room for the page
        with suppress(OSError):
            (building.run.report_dir / "notebooks" / f"{step}.ipynb").unlink(missing_ok=True)
    message = f"{where} stopped, because {why(raised.errno, reason(raised))}, then {then}"
    return MachineFailed(message, stop=Stop(step, type(raised).__name__, message))


def why(number: int | None, text: str) -> str:
    """Say what is wrong with the machine, and what to do first.

    Parameters
    ----------
    number : int or None
        Of the error of the system.
    text : str
        What the system says.

    Examples
    --------
    >>> why(28, "No space left on device")
    'there is no room for a file (No space left on device): make room on the disk'
    """
    if number in FULL:
        return f"there is no room for a file ({text}): make room on the disk"
    return f"a file cannot be read or written ({text}): mend that"


def system_text(number: int) -> str:
    """Return what the system says of an error.

    Examples
    --------
    >>> system_text(28)
    'No space left on device'
    """
    return os.strerror(number)


def write_output(path: Path, text: str) -> None:
    """Write a file that somebody asked for, whole or not at all.

    Raises
    ------
    OSError
    """
    write_whole(path, text)


def how_to_go_on(run: str, step: str, steps: Mapping[str, Mapping[str, Any]]) -> str:
    """Say how a run goes on that stopped at a notebook."""
    stopped = StoppedRun(run, Stop(step, "", ""), steps)
    if stopped.in_first_notebook:
        return "give the same command again"
    return f"give the command {shlex.join(stopped.command)} (what is finished is kept)"

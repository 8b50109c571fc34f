"""A finished run takes the place of the earlier one: its data and its report together.

A run is built in ``.building/<run>/``, a folder shaped like the home of all runs. No file system moves two folders in
one step. So what shall happen is written down first, in a file that is there as a whole or not at all (`MARK`). From
then on the new run counts: if the process ends before both folders are moved, the next command, or the next notebook
that opens the run, moves the rest.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seglib.errors import MachineFailed
from seglib.run.files import write_whole
from seglib.run.folders import DRAFT

STAGES = ".building"
"""The folder beside ``data`` and ``reports`` in which runs are built."""

MARK = "swap.json"
"""What lies in the folder of a run that is whole, and is being put in place."""


class Swap:
    """The folders of one run that are exchanged.

    Parameters
    ----------
    home : Path
        The folder of all runs.
    name : str
        Of the run.
    """

    def __init__(self, home: Path, name: str) -> None:
        self.name = name
        self.folder = home / STAGES / name
        self.mark = self.folder / MARK
        self.draft = home / "reports" / f"{name}{DRAFT}"
        parts = ((Path("data") / "processed" / name, "old-processed"), (Path("reports") / name, "old-reports"))
        self.moves = [(self.folder / part, home / part, self.folder / old) for part, old in parts]

    def begin(self) -> None:
        """Put the run in place; where a folder cannot be moved, everything is as it was before.

        Raises
        ------
        OSError
            If a folder cannot be moved.
        """
        write_whole(self.mark, json.dumps({"run": self.name}) + "\n")
        try:
            self._move()
        except OSError:
            self._undo()
            self.mark.unlink()
            raise
        self._clean_up()

    def finish(self) -> None:
        """Finish what another process began, if it did.

        Raises
        ------
        MachineFailed
            If a folder cannot be moved.
        """
        if self.mark.exists():
            try:
                self._move()
            except OSError as error:
                raise MachineFailed(
                    f"run '{self.name}' is whole, but cannot be put in place ({reason(error)}): mend that, and give "
                    "the command again"
                ) from None
            self._clean_up()
            return
        for _, target, old in self._moves_of_old_versions():
            old.rename(target)

    def _move(self) -> None:
        """Move what is not yet in place."""
        for new, target, old in self.moves:
            if not new.exists():  # it is there already
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                if old.exists():  # what stands there now was written after the old one was moved away
                    shutil.rmtree(target)
                else:
                    target.rename(old)
            new.rename(target)

    def _undo(self) -> None:
        """Move everything back."""
        for new, target, old in reversed(self.moves):
            if not new.exists() and target.exists():
                target.rename(new)
            if old.exists() and not target.exists():
                old.rename(target)

    def _clean_up(self) -> None:
        """Remove the draft, which is older than the run, the old folders, and the mark last of all."""
        shutil.rmtree(self.draft, ignore_errors=True)
        for entry in self.folder.iterdir():
            if entry != self.mark:
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _moves_of_old_versions(self) -> Iterator[tuple[Path, Path, Path]]:
        """Yield the moves that a version without a mark has left half done."""
        return (move for move in self.moves if move[2].exists() and not move[1].exists())


def reason(error: OSError) -> str:
    """Say in a few words what an error of the system is about: what it says, and the file.

    Examples
    --------
    >>> reason(OSError(28, "No space left on device", "/tmp/a/b.json"))
    "No space left on device: 'b.json'"
    """
    name = Path(str(error.filename2 or error.filename)).name if error.filename else ""
    text = error.strerror or " ".join(str(error).split()) or type(error).__name__
    return f"{text}: '{name}'" if name else text


@contextmanager
def holding(home: Path, name: str) -> Iterator[bool]:
    """Hold a run for this process alone, where no other process holds it.

    Yields
    ------
    bool
        Whether it is held.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(home / STAGES / f"{name}.lock")  # the system gives it back even after a kill
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def finish_swap(home: Path, name: str) -> None:
    """Put a run in place that another process left half in place; one that another process holds is left alone.

    Parameters
    ----------
    home : Path
        The folder of all runs.
    name : str

    Raises
    ------
    MachineFailed
        If that is not possible.
    """
    swap = Swap(home, name)
    if swap.mark.exists():
        with holding(home, name) as held:
            if held:
                swap.finish()


def finish_swaps(home: Path) -> None:
    """Put all runs in place that other processes left half in place.

    Raises
    ------
    MachineFailed
        If that is not possible.
    """
    for mark in (home / STAGES).glob(f"*/{MARK}"):
        finish_swap(home, mark.parent.name)

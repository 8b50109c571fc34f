"""What every artefact was made from, so that old ones are never read beside new ones.

Beside the artefacts of a run lies a folder ``manifest`` with one JSON file a notebook. For each artefact that the
notebook wrote, it has the SHA-256 of the file, those of the artefacts of earlier notebooks that had been read by then,
the parameters of the notebook, and whether it was run by hand. An artefact is up to date if these inputs still have the
same hashes, and are up to date themselves.

A file is hashed again only where its size or its time of modification has changed since its hash was written down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seglib.errors import InputRefused
from seglib.run.artefacts import ARTEFACTS, file_of, step_of
from seglib.run.files import read_json, write_whole

FOLDER = "manifest"


@dataclass(frozen=True)
class Entry:
    """What is written down of one artefact.

    Attributes
    ----------
    sha256 : str
    size, mtime_ns : int
        Of the file, when it was hashed: bytes, nanoseconds.
    inputs : dict of str to str
        The SHA-256 of what it was made from, by name.
    parameters : dict of str to Any, or None
        Those of the notebook; None where it was written by something else, which has none.
    by_hand : bool
        Whether a notebook wrote it that was not run by ``seglib run``: it is not in the report.
    """

    sha256: str
    size: int
    mtime_ns: int
    inputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] | None = None
    by_hand: bool = False


@dataclass(frozen=True)
class Outdated:
    """Why artefacts are not up to date.

    Attributes
    ----------
    steps : tuple of str
        The notebooks to run again, in their order.
    newer : str
        The notebook whose artefacts are newer.
    older : str
        The last notebook whose artefacts were made from older ones.
    missing : str
        The file that is there no more; empty where none is missing.
    """

    steps: tuple[str, ...]
    newer: str
    older: str
    missing: str = ""

    @property
    def text(self) -> str:
        """What is wrong, and which notebooks to run: "03 is newer than 05: run 04 and 05 first"."""
        *first, last = [step[:2] for step in self.steps]
        steps = f"{', '.join(first)} and {last}" if first else last
        if self.missing:
            return f"{self.missing} is not there any more: run {steps} first"
        return f"{self.newer[:2]} is newer than {self.older[:2]}: run {steps} first"


class Lineage:
    """What the artefacts of one run were made from.

    Parameters
    ----------
    folder : Path
        The folder with the artefacts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hashes: dict[tuple[str, int, int], str] = {}

    def entries(self, step: str) -> dict[str, Entry]:
        """Return what is written down of the artefacts of a notebook; empty for a run of an earlier version."""
        try:
            return {name: Entry(**entry) for name, entry in read_json(self._manifest(step)).items()}
        except TypeError:  # of another shape
            return {}

    def record(
        self,
        names: Iterable[str],
        inputs: Mapping[str, str],
        *,
        parameters: dict[str, Any] | None,
        by_hand: bool,
    ) -> None:
        """Write down what artefacts of one notebook, which have just been written, were made from.

        Parameters
        ----------
        names : iterable of str
            Of artefacts of one notebook.
        inputs : mapping of str to str
            Hashes of all that had been read, by name; only what an earlier notebook wrote counts.
        parameters, by_hand
            As in `Entry`.
        """
        names = list(names)
        step = step_of(names[0])
        earlier = {name: digest for name, digest in inputs.items() if step_of(name) < step}
        entries = self.entries(step)
        for name in names:
            stat = self._path(name).stat()
            digest = _sha256(self._path(name))
            entries[name] = Entry(digest, stat.st_size, stat.st_mtime_ns, earlier, parameters, by_hand)
        content = {name: asdict(entry) for name, entry in entries.items()}
        write_whole(self._manifest(step), json.dumps(content, indent=2) + "\n")

    def hash_of(self, name: str) -> str | None:
        """Return the SHA-256 of an artefact as it is now; None if it is not there."""
        path = self._path(name)
        if not path.exists():
            return None
        stat = path.stat()
        entry = self.entries(step_of(name)).get(name)
        if entry and (entry.size, entry.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return entry.sha256
        key = (name, stat.st_size, stat.st_mtime_ns)
        if key not in self._hashes:
            self._hashes[key] = _sha256(path)
        return self._hashes[key]

    def outdated(self, names: Iterable[str]) -> Outdated | None:
        """Return why artefacts are not up to date; None if all of them are.

        Parameters
        ----------
        names : iterable of str
            Artefacts, by name.
        """
        fresh: dict[str, bool] = {}
        changed: list[tuple[str, str, str]] = []
        for name in names:
            self._visit(name, fresh, changed)
        if not changed:
            return None
        again = {step_of(name) for name, is_fresh in fresh.items() if not is_fresh}
        newer, _, missing = min(changed)
        if missing:  # it has to be written first
            again.add(newer)
        return Outdated(tuple(sorted(again)), newer, max(step for _, step, _ in changed), missing)

    def _visit(self, name: str, fresh: dict[str, bool], changed: list[tuple[str, str, str]]) -> bool:
        """Find out whether an artefact is up to date, and note what it was made from that has changed."""
        if name not in fresh:
            fresh[name] = True  # inputs are of earlier notebooks, so this cannot go round in a circle
            for source, digest in self._inputs_of(name).items():
                now = self.hash_of(source)
                if now != digest:
                    missing = "" if now else file_of(source)
                    changed.append((step_of(source), step_of(name), missing))
                is_fresh = self._visit(source, fresh, changed)
                fresh[name] = fresh[name] and is_fresh and now == digest
        return fresh[name]

    def _inputs_of(self, name: str) -> dict[str, str]:
        """Return what an artefact was made from; where that was not written down, what its notebook read in all."""
        entries = self.entries(step_of(name))
        if name in entries:
            return entries[name].inputs
        return {source: digest for entry in entries.values() for source, digest in entry.inputs.items()}

    def refuse_outdated(self, run: str, name: str) -> None:
        """Refuse an artefact that is not up to date, or is not what its notebook wrote.

        Raises
        ------
        InputRefused
            The message names the notebooks to run first.
        """
        step = step_of(name)
        entries = self.entries(step)
        if name in entries and self.hash_of(name) != entries[name].sha256:
            raise InputRefused(f"run '{run}': {file_of(name)} is not what {step}.ipynb wrote: run {step}.ipynb again")
        if outdated := self.outdated([name]):
            raise InputRefused(f"run '{run}': {outdated.text}")
        if self.is_mixed(step):
            raise InputRefused(
                f"run '{run}': only a part of {step[:2]} was run since its parameters changed: run all of {step}.ipynb"
            )

    def is_mixed(self, step: str) -> bool:
        """Say whether a notebook wrote some artefacts with other parameters than the others."""
        parameters = [entry.parameters for entry in self.entries(step).values()]
        return any(values != parameters[0] for values in parameters)

    def is_by_hand(self, step: str) -> bool:
        """Say whether an artefact of a notebook was written by hand, so that it is not in the report."""
        return any(entry.by_hand for entry in self.entries(step).values())

    def parameters_of(self, step: str) -> dict[str, Any] | None:
        """Return the parameters with which a notebook was run last; None where they are not known."""
        return next((entry.parameters for entry in self.entries(step).values() if entry.parameters is not None), None)

    @property
    def steps(self) -> list[str]:
        """The notebooks of which something is written down."""
        return sorted(path.stem for path in (self.folder / FOLDER).glob("*.json"))

    def hashes(self, step: str) -> dict[str, str]:
        """Return the SHA-256 of the artefacts of a notebook, by name."""
        names = [*self.entries(step), *(name for name, artefact in ARTEFACTS.items() if artefact.step == step)]
        return {name: digest for name in dict.fromkeys(names) if (digest := self.hash_of(name))}

    def forget(self, step: str) -> None:
        """Remove what is written down of the artefacts of a notebook."""
        self._manifest(step).unlink(missing_ok=True)

    def _manifest(self, step: str) -> Path:
        return self.folder / FOLDER / f"{step}.json"

    def _path(self, name: str) -> Path:
        return self.folder / file_of(name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What every notebook of a run was made from: by it the next run of that name finds the notebook to begin with.

A notebook writes the same again where nothing that it reads has changed: its cells, its parameters, the files that
either of them names, the data, the package, the versions of Python and of all libraries. Beside the artefacts lies
``made_from.json`` with one hash of all that for every notebook, and with the hashes of what the notebook wrote.

Whatever is not known to be the same counts as changed: a database that is asked by its URL, a web address or a folder
that a cell names. What a cell reads without naming it is not seen. What 06 says of the lists that were published before
is said when they change: it is no reason to make the same lists again.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seglib.credentials import is_url
from seglib.run import FOR_PEOPLE, Parameter, Run, finished, project_root, read_json, write_whole
from seglib.runner.steps import SIX, STEPS
from seglib.schema.sources import ADAPTERS

FILE = "made_from.json"

SHIPPED = {"sample": Path("data", "sample")}
"""Where the data of a source are that goes by a name, in the folder of the project."""


def made_from(
    values: Mapping[str, Mapping[str, Any]], declared: Mapping[str, Mapping[str, Parameter]], notebooks: Path
) -> dict[str, str]:
    """Return one hash of all that a notebook is made from, earlier notebooks apart, for each of the six.

    Parameters
    ----------
    values : mapping of str to mapping of str to Any
        Parameters by notebook.
    declared : mapping of str to mapping of str to Parameter
        What each notebook declares.
    notebooks : Path
        The folder of the notebooks, which is also the one they work in.

    Returns
    -------
    dict of str to str
        A notebook of which it cannot be said is left out.
    """
    hashes: dict[str, str] = {}
    try:
        program = _hash_of([_package(), _modules_beside(notebooks), _libraries()])
    except OSError:
        return hashes
    for step in SIX:
        with suppress(OSError, ValueError, LookupError, TypeError, SyntaxError):  # the notebook will say so
            cells = _cells(notebooks / f"{step}.ipynb")
            files = {*_files_of_cells(cells, notebooks), *_files_of_parameters(values[step], declared[step], notebooks)}
            data = _data(values[step]["source"], notebooks) if "source" in values[step] else {}
            others = [_earlier_run(values[step].get("align_to")), _campaign(values[step])]
            contents = {str(path): _sha256(path) for path in files}
            hashes[step] = _hash_of([program, cells, dict(values[step]), contents, data, others])
    return hashes


def first_changed(run: Run, hashes: Mapping[str, str]) -> str:
    """Return the first notebook that may write something else than it did in a finished run; empty if none may.

    Parameters
    ----------
    run : Run
        As it was finished; it need not exist.
    hashes : mapping of str to str
        What `made_from` says now.
    """
    entries = _read(run)
    for step in STEPS:
        entry = entries.get(step, {})
        is_same = step in hashes and hashes[step] == entry.get("made_from") and _wrote(run, step) == entry.get("wrote")
        if not is_same or run.lineage.is_by_hand(step):
            return step
    return ""


def write_down(run: Run, hashes: Mapping[str, str], *, before: Run, kept: Collection[str]) -> None:
    """Write down what the notebooks of a run were made from, and what they wrote.

    Parameters
    ----------
    run : Run
        The run in its stage, with all its notebooks executed.
    hashes : mapping of str to str
        What `made_from` says of those that were executed now, and said before they were.
    before : Run
        The run that it replaces.
    kept : collection of str
        Notebooks that were taken over. Of them what was written down before holds, if they are those of that run.
    """
    entries = {step: entry for step, entry in _read(before).items() if step in kept and entry.get("wrote")}
    entries = {step: entry for step, entry in entries.items() if entry["wrote"] == _wrote(run, step)}
    for step in hashes.keys() - set(kept):
        entries[step] = {"made_from": hashes[step], "wrote": _wrote(run, step)}
    write_whole(run.data_dir / FILE, json.dumps(entries, indent=2, sort_keys=True) + "\n")


def _read(run: Run) -> dict[str, dict[str, Any]]:
    """Return what is written down of a run; nothing if there is none, or the file is broken."""
    return {step: entry for step, entry in read_json(run.data_dir / FILE).items() if isinstance(entry, dict)}


def _wrote(run: Run, step: str) -> dict[str, str]:
    """Return the SHA-256 of what a notebook wrote, by name: itself as it was executed, artefacts, files for people."""
    paths = [run.report_dir / "notebooks" / f"{step}.ipynb"]
    for place in (run.report_dir / name for name, writer in FOR_PEOPLE.items() if writer == step):
        paths += sorted(place.rglob("*")) if place.is_dir() else [place]
    files = {path.relative_to(run.report_dir).as_posix(): _sha256(path) for path in paths if path.is_file()}
    return run.lineage.hashes(step) | files


def _cells(notebook: Path) -> list[dict[str, Any]]:
    """Return what is written in a notebook, without what it showed when it was last run by hand."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        {
            "type": cell["cell_type"],
            "source": "".join(cell["source"]),
            "tags": cell["metadata"].get("tags"),
            "attachments": cell.get("attachments"),
        }
        for cell in cells
    ]


def _files_of_cells(cells: list[dict[str, Any]], folder: Path) -> Iterator[Path]:
    """Yield the files that the code of a notebook names: every text in it that is the path of one.

    Raises
    ------
    ValueError
        If it names a folder, some files at once, or a web address: what it reads is not known.
    SyntaxError
        If a cell is not Python.
    """
    for cell in cells:
        if cell["type"] == "code":
            for node in ast.walk(ast.parse(_without_settings(cell["source"]))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in ("", "."):
                    place = _place(folder, node.value)
                    if (
                        "://" in node.value
                        or place.is_dir()
                        or ("*" in node.value and place.parent.is_dir() and place.parent != folder)
                    ):
                        raise ValueError(node.value)
                    if place.is_file():
                        yield place


def _place(folder: Path, text: str) -> Path:
    """Return what a text is the path of; the path of nothing where it can be none."""
    try:
        (folder / text).exists()
    except (OSError, ValueError):  # too long, or with a character that no path has
        return folder / "no path"
    return folder / text


def _without_settings(source: str) -> str:
    """Return the Python of a cell without the lines that set up IPython, such as ``%matplotlib inline``."""
    lines = source.splitlines()
    return "\n".join(line for line in lines if line.startswith("%%") or not line.startswith(("%config", "%matplotlib")))


def _files_of_parameters(values: Mapping[str, Any], declared: Mapping[str, Parameter], folder: Path) -> Iterator[Path]:
    """Yield the files that are given as parameters."""
    for name, parameter in declared.items():
        value = values.get(name)
        if parameter.is_file and value and str(value).lower() != "none":
            yield folder / str(value)


def _data(source: str, folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a source.

    Raises
    ------
    ValueError
        If nothing can be said of the source without reading it as a notebook does.
    """
    if is_url(source) or (source in ADAPTERS and source not in SHIPPED):
        raise ValueError(source)
    place = project_root() / SHIPPED[source] if source in SHIPPED else folder / source
    if place.is_dir():
        paths = sorted(place.rglob("*"))
    else:  # with what a database writes beside its file, such as a log of changes
        paths = sorted(path for path in place.parent.iterdir() if path.name.startswith(place.name))
    if not paths or any(path.is_symlink() and path.is_dir() for path in paths):
        raise ValueError(source)
    return {path.relative_to(place.parent).as_posix(): _sha256(path) for path in paths if path.is_file()}


def _earlier_run(name: str | None) -> str | None:
    """Return the SHA-256 of the segments of another run; None if none is named."""
    return finished(name).lineage.hash_of("segments") if name else None


def _campaign(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the name and the salt of the campaign that a notebook draws a control group for; None if it draws none."""
    return finished(values["run"]).campaign(values["campaign_name"]) if "campaign_name" in values else None


def _package() -> dict[str, str]:
    """Return the SHA-256 of every file of the package."""
    folder = Path(__file__).parents[1]
    return {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


def _modules_beside(notebooks: Path) -> dict[str, str]:
    """Return the SHA-256 of modules of an analyst's own that notebooks may import: those that lie beside them."""
    return {path.relative_to(notebooks).as_posix(): _sha256(path) for path in sorted(notebooks.rglob("*.py"))}


def _libraries() -> list[str]:
    """Return the names and versions of Python and of all packages that are installed, and the kind of machine."""
    installed = {path.name for folder in sys.path for path in Path(folder).glob("*.dist-info")}
    return [sys.version, platform.system(), platform.machine(), *sorted(installed)]


def _hash_of(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

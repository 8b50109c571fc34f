"""Where the files of the project are, and how a path that a parameter gives is found."""

from __future__ import annotations

import os
from pathlib import Path


def project_root() -> Path:
    """Return the folder that holds ``notebooks/``, ``seglib/`` and ``data/``."""
    return Path(__file__).resolve().parents[2]


def find_file(path: str | Path) -> Path:
    """Find a file or folder that a parameter names, wherever the notebook or the command works.

    JupyterLab, papermill and nbconvert work in ``notebooks/``, VS Code often in the root of the project. So a relative
    path is looked for in the current folder, then in the root of the project, then in ``notebooks/``:
    ``data/shop.xlsx`` and ``../data/shop.xlsx`` are the same file from both.

    Parameters
    ----------
    path : str or Path
        ``~`` is the folder of the user.

    Returns
    -------
    Path
        Where it is; the path as it was given if it is in none of these folders.
    """
    given = Path(path).expanduser()
    return next((folder / given for folder in _folders() if (folder / given).exists()), given)


def looked_for_in(path: str | Path) -> str:
    """Return the end of a message about a path that was not found: in which folders it was looked for.

    Examples
    --------
    >>> looked_for_in("/nowhere/shop.xlsx")
    ''
    """
    if Path(path).expanduser().is_absolute():
        return ""
    folders = dict.fromkeys(str(folder.resolve()) for folder in _folders())
    return f"; it was looked for in {' and in '.join(folders)}"


def path_from_notebooks(path: str) -> str:
    """Return a path as it is seen from ``notebooks/``; what is no file or folder, such as a name or a URL, as it is."""
    place = find_file(path)
    if not place.exists():
        return path
    try:
        return Path(os.path.relpath(place, project_root() / "notebooks")).as_posix()
    except ValueError:  # another drive
        return str(place.resolve())


def _folders() -> tuple[Path, Path, Path]:
    return Path(), project_root(), project_root() / "notebooks"

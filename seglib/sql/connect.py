"""Open DuckDB as the whole project does: it reads the files it is given, and reaches nothing else.

Every connection of the project comes from here. Extensions are neither loaded nor installed, variables of Python are no
tables, and after `restrict` no statement can open another file, whatever it says: not a view that somebody left in a
file of theirs, not a name in a model. What the engine writes aside goes to a folder of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from seglib.sql.quoting import quoted, sql_literal

if TYPE_CHECKING:
    import duckdb

MEMORY, ASIDE = "3GB", "20GB"
"""What a connection may hold in memory, and what it may write aside on disk where that does not suffice."""

_CLOSED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "max_temp_directory_size": ASIDE,
    "memory_limit": MEMORY,
}
_PLAIN = re.compile(r"[^*?\[\]{}\\^!#\x00-\x1f]*")
"""A path in which DuckDB sees no pattern."""


def in_memory(*, reads: Iterable[Path] | None = (), **settings: str) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that can be used for the given files only.

    Parameters
    ----------
    reads : iterable of Path or None
        Files and folders that it may read; none by default. None: `restrict` will be called once they are known.
    **settings : str
        Of DuckDB, by name. They cannot be changed any more once the connection is restricted.
    """
    import duckdb

    aside = {"temp_directory": tempfile.mkdtemp(dir=_folder_of_process())}
    con = duckdb.connect(config=_CLOSED | aside)
    for name, value in settings.items():
        con.execute(f"SET {quoted(name)} = {sql_literal(value)}")
    if con.sql("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:  # in a notebook it is off, and fixed
        con.execute("SET enable_progress_bar = false")  # it would be drawn over our own lines on a terminal
    if reads is not None:
        restrict(con, reads)
    return con


def restrict(con: duckdb.DuckDBPyConnection, reads: Iterable[Path] = ()) -> None:
    """Let a connection read the given files and folders and nothing else, from now on and for good.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        One that is restricted already stays as it is.
    reads : iterable of Path
    """
    [(is_open,)] = con.sql("SELECT current_setting('enable_external_access')").fetchall()
    if not is_open:
        return
    paths = [Path(os.path.abspath(path)) for path in reads]
    folders = [f"{path.as_posix().rstrip('/')}/" for path in paths if path.is_dir()]
    files = [path.as_posix() for path in paths if not path.is_dir()]
    con.execute(f"SET allowed_directories = [{', '.join(map(sql_literal, folders))}]")
    con.execute(f"SET allowed_paths = [{', '.join(map(sql_literal, files))}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def exact_path(con: duckdb.DuckDBPyConnection, path: Path, *, below: Path | None = None) -> str:
    """Return a path that means a file and no other to DuckDB.

    DuckDB takes ``y[1].csv`` for a pattern, and would read ``y1.csv``. A file with such a name, or in such a folder, is
    read through a link with a plain one, in the folder that belongs to the connection.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    path : Path
    below : Path, optional
        A folder. The names of the folders between it and the file count (``city=Genoa``), those above never do.
    """
    path = Path(os.path.abspath(path))
    above = path.parent if below is None else Path(os.path.abspath(below))
    if _PLAIN.fullmatch(path.as_posix()) and (below is None or "=" not in above.as_posix()):
        return path.as_posix()
    between = path.relative_to(above).parent.parts
    folder = Path(tempfile.mkdtemp(dir=folder_aside(con))).joinpath(*(quote(part, safe="=% ") for part in between))
    folder.mkdir(parents=True, exist_ok=True)
    suffix = re.search(r"(\.\w+)?(\.gz)?$", path.name)
    link = folder / f"file{suffix[0] if suffix else ''}"
    try:
        link.symlink_to(path)
    except OSError:  # Windows lets few people make links
        shutil.copyfile(path, link)
    return link.as_posix()


def folder_aside(con: duckdb.DuckDBPyConnection) -> Path:
    """Return the folder in which a connection may write and read what it needs for itself."""
    [(folder,)] = con.sql("SELECT current_setting('temp_directory')").fetchall()
    return Path(folder) if folder and Path(folder).is_dir() else _folder_of_process()


@cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="seglib-", ignore_cleanup_errors=True)


def remove_folders() -> None:
    """Remove what the connections of this process wrote aside; for a process that ends without its usual end."""
    if _folder.cache_info().currsize:
        _folder().cleanup()


def _folder_of_process() -> Path:
    """Return a folder that is removed when the process ends."""
    return Path(_folder().name)

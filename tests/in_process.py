"""The notebooks, run cell by cell in the process of the tests: quick, and their names can be looked at."""

import shlex
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest

from seglib.cli import main
from seglib.errors import SeglibError
from seglib.runner.steps import NOTEBOOKS


class Notebooks:
    """The notebooks in a project of their own: cells are run in order, in this process, and can be changed before.

    Parameters
    ----------
    project : Path
        The folder of the project: the process must be in its folder ``notebooks``.
    quick : mapping of str to object
        Smaller numbers for parameters, where a notebook has them and nobody sets another value.
    """

    def __init__(self, project: Path, quick: Mapping[str, object]) -> None:
        self.project, self.quick = project, quick

    def run(self, step, *, change=None, **parameters):
        """Run a notebook; return what its names stand for, and the error of the cell that stopped it, or None.

        ``change`` rewrites the source of the cell of that id. ``last_cell`` is the cell that ran last.
        """
        names = {}
        for cell in nbformat.read(NOTEBOOKS / f"{step}.ipynb", as_version=4).cells:
            if cell.cell_type != "code":
                continue
            rewrite = (change or {}).get(cell.id, str)
            names["last_cell"] = cell.id
            try:
                exec(compile(rewrite(cell.source), f"{step}, {cell.id}", "exec"), names)
            except (AssertionError, SeglibError) as error:
                return names, error
            if "parameters" in cell.metadata.get("tags", []):
                assert parameters.keys() <= names.keys(), f"{step} has no such parameter"
                names |= {name: value for name, value in self.quick.items() if name in names} | parameters
        return names, None

    def end(self, step, **options):
        """Run a whole notebook; return what its names stand for at the end."""
        names, error = self.run(step, **options)
        assert error is None, f"{step}, {names['last_cell']}: {error}"
        return names

    def command(self, line):
        """Give a command line as in a terminal in the folder of the project."""
        program, *arguments = shlex.split(line)
        assert program == ".venv/bin/seglib"
        code = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.project)
            patch.setattr("sys.argv", ["seglib", *arguments])
            try:
                main()
            except SystemExit as ended:
                code = ended.code or 0
        assert code == 0, line


def enter(project: Path, patch: pytest.MonkeyPatch) -> None:
    """Work in a project from now on, as a kernel does that was started in its folder of notebooks."""
    (project / "notebooks").mkdir(exist_ok=True)
    patch.setenv("SEGLIB_HOME", str(project))
    patch.setenv("SEGLIB_QUIET", "1")
    patch.setenv("MPLBACKEND", "agg")
    patch.chdir(project / "notebooks")

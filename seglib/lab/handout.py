"""Make what a class needs: lessons and mistake gallery without solutions, the data, and a shop for every student."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from typing import Literal

import nbformat

from seglib.datasets import new_key, student_shop
from seglib.errors import InputRefused, ParameterRefused
from seglib.lab.graders import for_nbgrader, for_otter
from seglib.lab.students import without_solutions
from seglib.schema.files import project_root

Grader = Literal["nbgrader", "otter"]

COPIED = ("seglib", "data/sample", "params/mappings", "pyproject.toml", "requirements.lock", "Makefile", "LICENSE")
"""What a lesson needs beside the notebooks: the package, the sample, and how to make the environment."""

USED = {"data/sample": '"data" / "sample"', "params/mappings": '"params" / "mappings"'}
"""Folders that lie beside an assignment where its notebook names them, and how it names them."""

ROSTER = ("student", "name")
"""What the column of names may be called; otherwise it is the first one."""


def make_course(
    out: str | Path, *, students: str | Path | None = None, key: str | None = None, grader: Grader | None = None
) -> list[Path]:
    """Write the folder, or the ``.zip``, that a class gets; or, for a program that grades, the one of its teacher.

    Parameters
    ----------
    out : str or Path
        A new folder, or a path that ends in ``.zip``. Nothing that exists is overwritten.
    students : str or Path, optional
        A CSV file with a column ``student`` or ``name``, else its first column holds the names. Then every student gets
        a shop of their own in ``shops``, and the teacher two files beside ``out``: the key, and the answers.
    key : str, optional
        The teacher's key of an earlier course. By default a new one is made.
    grader : {"nbgrader", "otter"}, optional
        Write each lesson, *with* its solutions, into a folder of its own in ``source``, as this program reads it; the
        program then makes the version for students.

    Returns
    -------
    list of Path
        What was written: the folder or the zip file, then the key and the answers.

    Raises
    ------
    InputRefused
        If the list of students cannot be used.
    ParameterRefused
        If ``out`` exists.
    """
    project, out = project_root(), Path(out)
    folder = out.with_suffix("") if out.suffix.lower() == ".zip" else out
    for path in {out, folder}:
        if path.exists():
            raise ParameterRefused(f"{path} exists: give another name, or remove it", parameter="out")
    names = _names(Path(students)) if students else []
    for name in COPIED:
        _copy(project / name, folder / name)
    lessons = sorted((project / "notebooks" / "lessons").glob("*.ipynb"))
    if grader:
        _write_assignments(lessons, folder, grader)
    else:
        (folder / "notebooks" / "lessons").mkdir(parents=True)
        for path in lessons:
            student = without_solutions(nbformat.read(path, as_version=4))
            nbformat.write(student, folder / "notebooks" / "lessons" / path.name)
    (folder / "README.md").write_text(FOR_TEACHERS[grader] if grader else README, encoding="utf-8")
    written = []
    if names:
        written = _write_shops(names, folder / "shops", folder.with_name(f"{folder.name}-teacher"), key or new_key())
    if out != folder:
        shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
        shutil.rmtree(folder)
    return [out, *written]


README = """# Customer segmentation: the lessons

Open a terminal in this folder. You need Python 3.11 or newer and make.

    make env
    .venv/bin/jupyter lab notebooks/lessons

Begin with `L0_forty_lines.ipynb`. Each lesson has two exercises: write your answer into the cell that says so, run it,
and run the cell below it, which tells whether it is right. Hints unfold.

`mistakes_1_data.ipynb` and its two other parts are the mistake gallery: what public analyses of this kind get wrong,
each mistake with its number and its cure, and one exercise a part. Look things up in it, or read it after L4.

If there is a folder `shops`, one of the files in it is yours. Which groups of customers does it have, if any?
"""


FOR_TEACHERS: dict[Grader, str] = {
    "nbgrader": """# Customer segmentation: the lessons, for nbgrader

**For the teacher: the notebooks in `source` hold the solutions.** Each lesson is an assignment, each check a point.
Students and the program that grades need this project in their environment:

    pip install . nbgrader

Then, in this folder:

    nbgrader generate_assignment L0_forty_lines

makes what students get, in `release`. Some lessons have `data` beside them; it goes along.
""",
    "otter": """# Customer segmentation: the lessons, for Otter-Grader

**For the teacher: the notebooks in `source` hold the solutions.** Each lesson is an assignment, each check a point.
Students and the program that grades need this project in their environment:

    pip install . otter-grader

Then, in this folder:

    otter assign source/L0_forty_lines/L0_forty_lines.ipynb dist/L0_forty_lines

makes what students get, in `dist/L0_forty_lines/student`, and what grades it, in `dist/L0_forty_lines/autograder`. Some
lessons have `data` beside them; hand it out with the notebook.
""",
}

NBGRADER_CONFIG = """c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "customer-segmentation"
c.ExecutePreprocessor.timeout = 300  # seconds for one cell
"""


def _write_assignments(lessons: list[Path], folder: Path, grader: Grader) -> None:
    """Write each lesson into a folder of its own, with the data that it reads."""
    for path in lessons:
        assignment = folder / "source" / path.stem
        assignment.mkdir(parents=True)
        notebook = nbformat.read(path, as_version=4)
        source = "\n".join(cell.source for cell in notebook.cells)
        used = [name for name, expression in USED.items() if expression in source]
        for name in used:
            _copy(folder / name, assignment / name)
        folders = [name.split("/")[0] for name in used]
        notebook = for_nbgrader(notebook) if grader == "nbgrader" else for_otter(notebook, path.stem, folders=folders)
        for cell in notebook.cells:
            cell.source = re.sub(r"\]\((\w+)\.ipynb", r"](../\1/\1.ipynb", cell.source)
        nbformat.write(notebook, assignment / path.name)
    if grader == "nbgrader":
        (folder / "nbgrader_config.py").write_text(NBGRADER_CONFIG, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder; of the truth of the sample and of byte-code, nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "truth.csv"))
    else:
        shutil.copy(source, target)


def _names(path: Path) -> list[str]:
    """Read the names of the students; refuse none, and two that are the same."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(f"{path} cannot be read as a CSV file in UTF-8: {error}") from error
    if not rows:
        raise InputRefused(f"{path} is empty")
    heads = [cell.strip().casefold() for cell in rows[0]]
    column = next((heads.index(head) for head in ROSTER if head in heads), None)
    rows, column = (rows[1:], column) if column is not None else (rows, 0)
    names = [" ".join(row[column].split()) if column < len(row) else "" for row in rows]
    if not names or not all(names):
        raise InputRefused(f"{path}: a row has no name of a student")
    twice = sorted({name for name in names if [n.casefold() for n in names].count(name.casefold()) > 1})
    if twice:
        raise InputRefused(f"{path}: {twice[0]} stands there more than once; two students would get the same shop")
    return names


def _write_shops(names: list[str], folder: Path, teacher: Path, key: str) -> list[Path]:
    """Write a workbook for each student; for the teacher, the key and the answers, in a folder beside the course."""
    folder.mkdir(parents=True)
    teacher.mkdir(parents=True, exist_ok=True)
    files: set[str] = set()
    rows = []
    for name in names:
        student = student_shop(name, key)
        stem = base = re.sub(r"\W+", "-", name.casefold()).strip("-") or "student"
        number = 2
        while stem in files:
            stem, number = f"{base}-{number}", number + 1
        files.add(stem)
        student.shop.write(folder / f"{stem}.xlsx", with_truth=False)
        sizes = " ".join(map(str, student.sizes)) if student.segments else ""
        rows.append([name, f"{stem}.xlsx", student.segments, student.separation, len(student.shop.truth), sizes])
    key_file, answers = teacher / "teacher-key.txt", teacher / "answers.csv"
    key_file.write_text(f"{key}\n", encoding="utf-8")
    with answers.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([["student", "file", "groups", "separation", "customers", "sizes"], *rows])
    return [key_file, answers]

"""Make what a class needs: lessons and mistake gallery without solutions, the data, and a shop for every student."""

from __future__ import annotations

import ast
import csv
import re
import shutil
from pathlib import Path

import nbformat

from seglib.datasets import new_key, student_shop
from seglib.errors import InputRefused, ParameterRefused
from seglib.schema.files import project_root

COPIED = ("seglib", "data/sample", "params/mappings", "pyproject.toml", "requirements.lock", "Makefile", "LICENSE")
"""What a lesson needs beside the notebooks: the package, the sample, and how to make the environment."""

ROSTER = ("student", "name")
"""What the column of names may be called; otherwise it is the first one."""


def without_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a lesson as students get it: in every cell tagged ``solution``, only what has to be filled in.

    A function keeps its first line and its docstring; a value becomes ``...``. Outputs are removed.

    Parameters
    ----------
    notebook : NotebookNode
    """
    student = nbformat.from_dict(notebook)
    for cell in student.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            cell.source = _to_fill_in(cell.source)
            cell.metadata["tags"] = ["answer" if tag == "solution" else tag for tag in tags]
    return student


def _to_fill_in(source: str) -> str:
    """Return the names that a solution defines, each without what it is."""
    parts = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            head = f"def {node.name}({ast.unparse(node.args)}):"
            docstring = ast.get_docstring(node)
            lines = [head] + ([f'    """{docstring}"""'] if docstring else [])
            parts.append("\n".join([*lines, '    raise NotImplementedError("write your answer here")']))
        elif isinstance(node, ast.Assign):
            parts += [f"{ast.unparse(target)} = ...  # write your answer here" for target in node.targets[:1]]
    return "\n\n\n".join(parts)


def make_course(out: str | Path, *, students: str | Path | None = None, key: str | None = None) -> list[Path]:
    """Write the folder, or the ``.zip``, that a class gets.

    Parameters
    ----------
    out : str or Path
        A new folder, or a path that ends in ``.zip``. Nothing that exists is overwritten.
    students : str or Path, optional
        A CSV file with a column ``student`` or ``name``, else its first column holds the names. Then every student gets
        a shop of their own in ``shops``, and the teacher two files beside ``out``: the key, and the answers.
    key : str, optional
        The teacher's key of an earlier course. By default a new one is made.

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
    lessons = folder / "notebooks" / "lessons"
    lessons.mkdir(parents=True)
    for path in sorted((project / "notebooks" / "lessons").glob("*.ipynb")):
        nbformat.write(without_solutions(nbformat.read(path, as_version=4)), lessons / path.name)
    (folder / "README.md").write_text(README, encoding="utf-8")
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

"""Lessons for nbgrader and Otter: held against the formats that these publish; the programs are not installed here."""

import ast
import re

import jsonschema
import nbformat
import pytest
import yaml
from typer.testing import CliRunner

from seglib.cli import app
from seglib.errors import ParameterRefused
from seglib.lab import check
from seglib.lab.graders import for_nbgrader, for_otter
from seglib.lab.handout import make_course

SCHEMA = {
    "type": "object",
    "properties": {
        "schema_version": {"type": "integer", "minimum": 3, "maximum": 3},
        "grade": {"type": "boolean"},
        "locked": {"type": "boolean"},
        "solution": {"type": "boolean"},
        "task": {"type": "boolean"},
        "grade_id": {"type": "string", "pattern": r"^[a-zA-Z0-9_\-]*$"},
        "points": {"type": "number", "minimum": 0},
        "checksum": {"type": "string", "minLength": 32, "maxLength": 32},
        "cell_type": {"type": "string", "enum": ["raw", "code", "markdown"]},
    },
    "required": ["schema_version", "grade", "locked", "solution"],
    "additionalProperties": False,
}
"""Version 3 of the schema of cells, as nbgrader 0.9 publishes it (nbgrader/nbgraderformat/v3.json)."""


@pytest.fixture(scope="module")
def notebooks(root):
    return {p.stem: nbformat.read(p, as_version=4) for p in sorted((root / "notebooks/lessons").glob("*.ipynb"))}


def solutions(notebook):
    return {cell.id: cell for cell in notebook.cells if "solution" in cell.metadata.get("tags", [])}


def cleared(source, begin, end, stub):
    """Return a cell as the program hands it out: what is between the marks becomes a stub."""
    return re.sub(rf"^( *){begin}$.*?^ *{end}$", rf"\1{stub}", source, flags=re.M | re.S)


def test_metadata_is_what_nbgrader_reads(notebooks):
    for name, notebook in notebooks.items():
        graded = for_nbgrader(notebook)
        nbformat.validate(graded)
        marked = [cell for cell in graded.cells if "nbgrader" in cell.metadata]
        for cell in marked:
            jsonschema.validate(cell.metadata["nbgrader"], SCHEMA)
            assert cell.cell_type == "code"
        assert len({cell.metadata["nbgrader"]["grade_id"] for cell in marked}) == len(marked)
        answers = [cell for cell in marked if cell.metadata["nbgrader"]["solution"]]
        tests = [cell for cell in marked if cell.metadata["nbgrader"]["grade"]]
        assert [cell.id for cell in answers] == list(solutions(notebook)), name
        assert len(tests) == len(answers) == len(marked) / 2
        for cell in tests:
            assert cell.metadata["nbgrader"]["points"] == 1
            assert cell.metadata["nbgrader"]["locked"]
        assert all("points" not in cell.metadata["nbgrader"] for cell in answers)
        assert "nbgrader" not in notebook.cells[0].metadata  # the lesson itself is left as it was
        assert [cell.id for cell in graded.cells] == [cell.id for cell in notebook.cells]


@pytest.mark.parametrize(
    ("convert", "begin", "end"),
    [
        (for_nbgrader, "### BEGIN SOLUTION", "### END SOLUTION"),
        (lambda notebook: for_otter(notebook, "name"), "# BEGIN SOLUTION", "# END SOLUTION"),
    ],
    ids=["nbgrader", "otter"],
)
def test_the_marked_cell_solves_and_the_cleared_one_does_not(notebooks, convert, begin, end):
    for name, notebook in notebooks.items():
        graded = {cell.id: cell.source for cell in convert(notebook).cells}
        for cell_id, cell in solutions(notebook).items():
            right, marked = ast.parse(cell.source), ast.parse(graded[cell_id])
            statements = marked.body[-len(right.body) :]  # before them, names are only announced
            assert [ast.dump(node) for node in statements] == [ast.dump(node) for node in right.body], name
            student = cleared(graded[cell_id], begin, end, "...")
            assert begin not in student
            ast.parse(student)
            docstring = [line.strip() for line in student.splitlines()]
            solved = [line.strip() for line in cell.source.splitlines() if len(line.strip()) > 12]
            assert not [line for line in solved if line in docstring and not line.startswith(("def ", '"""'))]
            for node in right.body:
                names = [node.name] if isinstance(node, ast.FunctionDef) else []
                names += [ast.unparse(target) for target in getattr(node, "targets", [])]
                assert all(n in student for n in names), "students see what the names are"


def test_a_check_that_is_not_right_stops_with_its_reason(notebooks):
    graded = for_nbgrader(notebooks["L4_stable_real_useful"])
    [source] = [cell.source for cell in graded.cells if cell.id == "check-1"]
    exec(source, {"check": check, "jaccard": lambda a, b: len(a & b) / len(a | b)})
    with pytest.raises(AssertionError, match="number of customers"):
        exec(source, {"check": check, "jaccard": lambda a, b: len(a & b)})
    with pytest.raises(AssertionError, match="No answer yet"):
        exec(source, {"check": check, "jaccard": ...})


def test_raw_cells_of_otter_enclose_question_solution_and_test(notebooks):
    for name, notebook in notebooks.items():
        graded = for_otter(notebook, name, folders=["data"])
        nbformat.validate(graded)
        raw = [cell.source for cell in graded.cells if cell.cell_type == "raw"]
        config = yaml.safe_load(raw[0])
        assert raw[0].startswith("# ASSIGNMENT CONFIG")
        assert config == {"name": name, "files": ["data"]}
        marks = [source.splitlines()[0] for source in raw[1:]]
        words = ["BEGIN QUESTION", "BEGIN SOLUTION", "END SOLUTION", "BEGIN TESTS", "END TESTS", "END QUESTION"]
        assert marks == [f"# {word}" for word in words] * len(solutions(notebook))
        questions = [yaml.safe_load(source) for source in raw if source.startswith("# BEGIN QUESTION")]
        assert all(question["points"] == 1 for question in questions)
        assert len({question["name"] for question in questions}) == len(questions)
        order = [cell.id for cell in graded.cells]
        for number in range(1, len(questions) + 1):
            places = [f"begin-solution-{number}", f"solution-{number}", f"end-solution-{number}", f"check-{number}"]
            assert [order.index(place) for place in places] == sorted(order.index(place) for place in places)
        kept = [cell.id for cell in graded.cells if cell.cell_type != "raw"]
        assert kept == [cell.id for cell in notebook.cells]


@pytest.mark.parametrize("grader", ["nbgrader", "otter"])
def test_the_folder_holds_an_assignment_a_lesson(notebooks, tmp_path, grader):
    result = CliRunner().invoke(app, ["course", "--for", grader, "--out", str(tmp_path / "course")])
    assert result.exit_code == 0, result.output
    folder = tmp_path / "course"
    assert sorted(path.name for path in (folder / "source").iterdir()) == list(notebooks)
    for name in notebooks:
        notebook = nbformat.read(folder / "source" / name / f"{name}.ipynb", as_version=4)
        nbformat.validate(notebook)
        text = "\n".join(cell.source for cell in notebook.cells)
        links = re.findall(r"\]\(([^)#\s]+\.ipynb)", text)
        assert links
        assert all((folder / "source" / name / link).is_file() for link in links)
        assert (folder / "source" / name / "data/sample").is_dir() == ('"data" / "sample"' in text)
    assert (folder / "source" / "L0_forty_lines" / "data/sample/shop.xlsx").is_file()
    assert (folder / "source" / "L6_do_it_yourself" / "params/mappings/invoices.yaml").is_file()
    assert not (folder / "notebooks").exists()  # nobody takes the one for the other
    assert not list(folder.rglob("truth.csv"))
    readme = (folder / "README.md").read_text()
    assert "hold the solutions" in readme
    assert grader in readme
    assert (folder / "nbgrader_config.py").is_file() == (grader == "nbgrader")
    with pytest.raises(ParameterRefused, match="exists"):
        make_course(folder, grader=grader)

"""What a teacher hands out: lessons without solutions, and a shop for every student that only the key opens."""

import ast
import io
import zipfile

import nbformat
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.datasets.student_shops import new_key, student_shop
from seglib.errors import InputRefused, ParameterRefused
from seglib.lab.handout import make_course
from seglib.lab.students import without_solutions

KEY = "0123456789abcdef0123456789abcdef"
LESSONS = ["L0", "L1", "L2", "L3", "L4", "L5", "L6"]
GALLERY = ["mistakes_1_data.ipynb", "mistakes_2_clusters.ipynb", "mistakes_3_claims.ipynb"]


@pytest.fixture(scope="module")
def notebooks(root):
    return {
        path.name: nbformat.read(path, as_version=4) for path in sorted((root / "notebooks/lessons").glob("*.ipynb"))
    }


@pytest.fixture(scope="module")
def lessons(notebooks):
    return {name: notebook for name, notebook in notebooks.items() if name[:2] in LESSONS}


def code(notebook, tag=None):
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and (tag is None or tag in cell.metadata.get("tags", []))
    ]


def lines_of(cell):
    return {line.strip() for line in cell.source.splitlines() if len(line.strip()) > 12}


def test_every_lesson_has_two_exercises_with_solution_check_and_hint(lessons):
    assert [name[:2] for name in lessons] == LESSONS
    for name, notebook in lessons.items():
        assert len(code(notebook, "solution")) == 2, name
        checks = [cell.source for cell in code(notebook) if cell.source.startswith("check(")]
        assert [source[7:11] for source in checks] == [f"{name[:2]}.1", f"{name[:2]}.2"]
        hints = [cell for cell in notebook.cells if cell.cell_type == "markdown" and "<summary>Hint" in cell.source]
        assert len(hints) == 2


def test_every_part_of_the_gallery_has_one_exercise(notebooks, lessons):
    assert [name for name in notebooks if name not in lessons] == GALLERY
    for number, name in enumerate(GALLERY, start=1):
        assert len(code(notebooks[name], "solution")) == 1
        [source] = [cell.source for cell in code(notebooks[name]) if cell.source.startswith("check(")]
        assert source[7:11] == f"M{number}.1"
        assert [cell.id for cell in notebooks[name].cells if "<summary>Hint" in cell.source] == ["hint-1"]


def test_lessons_show_the_craft(notebooks):
    """At least fifteen calls of pandas, scikit-learn, seaborn or matplotlib, in each of L0 to L4 and of the gallery."""
    for name, notebook in notebooks.items():
        tree = ast.parse("\n".join(cell.source for cell in code(notebook)))
        names = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {a.asname or a.name for a in node.names if a.name.split(".")[0] in ("pandas", "seaborn")}
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in ("sklearn", "matplotlib", "pandas"):
                names |= {a.asname or a.name for a in node.names}
        calls = 0
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                head = node.func
                while isinstance(head, ast.Attribute):
                    head = head.value
                calls += isinstance(head, ast.Name) and head.id in names
        assert calls >= (15 if name[:2] in LESSONS[:5] or name in GALLERY else 5), (name, calls)


def test_student_versions_hold_no_solution(notebooks):
    for name, notebook in notebooks.items():
        student = without_solutions(notebook)
        assert [c.id for c in student.cells] == [c.id for c in notebook.cells]
        assert not code(student, "solution")
        lines = {line.strip() for cell in student.cells for line in cell.source.splitlines()}
        for solution, answer in zip(code(notebook, "solution"), code(student, "answer"), strict=True):
            kept = lines_of(answer)
            others = set().union(*(lines_of(c) for c in code(notebook) if c.id != solution.id))
            for line in lines_of(solution) - kept - others:
                assert line not in lines, (name, line)
            assert "write your answer here" in answer.source
            ast.parse(answer.source)


def test_solutions_are_not_written_in_another_cell(notebooks):
    """Of each solution, at least one line stands nowhere else: it has to be thought of."""
    for name, notebook in notebooks.items():
        for solution in code(notebook, "solution"):
            others = set().union(*(lines_of(c) for c in code(notebook) if c.id != solution.id))
            assert lines_of(solution) - others, (name, solution.id)


def test_the_folder_holds_what_a_class_needs(root, tmp_path):
    [folder] = make_course(tmp_path / "course")
    names = sorted(path.name for path in (folder / "notebooks" / "lessons").iterdir())
    assert [name[:2] for name in names if name not in GALLERY] == LESSONS
    assert names[len(LESSONS) :] == GALLERY
    assert all(name.removesuffix(".ipynb") in (folder / "README.md").read_text() for name in [names[0], *GALLERY[:1]])
    for file in ("Makefile", "pyproject.toml", "requirements.lock", "seglib/lab/check.py", "data/sample/shop.xlsx"):
        assert (folder / file).is_file(), file
    assert not list(folder.rglob("truth.csv"))
    assert not list(folder.rglob("__pycache__"))
    with pytest.raises(ParameterRefused, match="exists"):
        make_course(folder)


def test_thirty_students_have_thirty_right_answers():
    students = [student_shop(f"Student {i}", KEY) for i in range(1, 31)]
    answers = {(s.segments, s.separation, len(s.shop.truth), *s.sizes) for s in students}
    assert len(answers) == 30
    assert {s.separation for s in students} >= {"strong", "medium"}
    assert {s.segments for s in students} >= {0, 2, 3}


def test_every_student_gets_a_shop_and_the_key_opens_all(root, tmp_path):
    names = ["Ann", "Björn Ö", "bjorn-o", "陈"]
    pd.DataFrame({"group": ["a"] * 4, "name": names}).to_csv(tmp_path / "class.csv", index=False)
    archive, key_file, answers = make_course(tmp_path / "class.zip", students=tmp_path / "class.csv")
    with zipfile.ZipFile(archive) as file:
        members = file.namelist()
        shops = sorted(m for m in members if m.startswith("class/shops/") and m.endswith(".xlsx"))
        workbook = pd.read_excel(io.BytesIO(file.read(shops[0])), sheet_name=None, engine="calamine")
    assert len(shops) == 4
    assert not [m for m in members if "truth" in m or "key" in m.rsplit("/", 1)[-1] or "answers" in m]
    answers = pd.read_csv(answers, dtype=str).fillna("")
    assert answers["student"].tolist() == names
    key = key_file.read_text().strip()
    first = answers.set_index("file").loc[shops[0].rsplit("/", 1)[-1]]
    again = student_shop(first["student"], key)
    pd.testing.assert_frame_equal(
        again.shop.tables["transactions"][["transaction_id", "customer_id"]],
        workbook["transactions"][["transaction_id", "customer_id"]],
        check_dtype=False,
    )
    assert (str(again.segments), again.separation) == (first["groups"], first["separation"])
    assert sum(again.sizes) == len(again.shop.truth) == int(first["customers"])


@settings(max_examples=20, deadline=None)
@given(name=st.text(min_size=1, max_size=20).filter(str.strip))
def test_the_same_name_and_key_give_the_same_shop_and_another_key_another_one(name):
    first, again, other = student_shop(name, KEY), student_shop(f"  {name} ", KEY), student_shop(name, KEY[::-1])
    pd.testing.assert_frame_equal(first.shop.truth, again.shop.truth)
    assert not first.shop.tables["transactions"].equals(other.shop.tables["transactions"])


def test_a_short_key_and_no_name_are_refused():
    with pytest.raises(ParameterRefused, match="at least 16"):
        student_shop("Ann", "short")
    with pytest.raises(ParameterRefused, match="needs a name"):
        student_shop("  ", KEY)
    assert len({new_key() for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("name\n", "no name"),
        ("name,group\nAnn,1\n ,2\n", "no name"),
        ("name\nAnn\nann\n", "more than once"),
    ],
)
def test_a_list_of_students_that_cannot_be_used_is_refused(root, tmp_path, text, message):
    (tmp_path / "class.csv").write_text(text)
    with pytest.raises(InputRefused, match=message):
        make_course(tmp_path / "course", students=tmp_path / "class.csv")
    assert not (tmp_path / "course").exists()

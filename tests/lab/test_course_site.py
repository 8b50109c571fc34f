"""What is put on the course site, and the kernel that runs its cells; the browser itself is in tests/browser."""

import base64
import importlib.util
import re
import runpy
import sys
import zipfile

import nbformat
import pytest


@pytest.fixture(scope="module")
def build(root):
    return runpy.run_path(str(root / "docs" / "course_site" / "build.py"))


@pytest.fixture
def kernel(root, monkeypatch):
    """The kernel, with the variables of a lesson of its own; `messages` are those that it sends."""
    path = root / "docs" / "course_site" / "kernel" / "course_kernel.py"
    spec = importlib.util.spec_from_file_location("course_kernel", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "course_kernel", module)
    spec.loader.exec_module(module)
    module.NAMESPACE, module.messages = {"display": module.display}, []
    monkeypatch.setattr(module, "send", lambda kind, **content: module.messages.append((kind, content)))
    return module


@pytest.fixture
def run(kernel, monkeypatch):
    """Run a cell; return its messages and the reply."""

    def execute(code, count=1):
        kernel.messages.clear()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", kernel.Stream("stdout"))
            reply = kernel.execute(code, count)
        return list(kernel.messages), reply

    return execute


def texts(messages, kind):
    return [content for sort, content in messages if sort == kind]


def test_the_site_differs_from_the_lessons_in_solutions_and_in_the_reader_of_workbooks(build, root):
    for name in build["LESSONS"]:
        path = root / "notebooks" / "lessons" / f"{name}.ipynb"
        whole, student = nbformat.read(path, as_version=4), build["lesson"](path)
        assert [cell.id for cell in student.cells] == [cell.id for cell in whole.cells]
        for cell, original in zip(student.cells, whole.cells, strict=True):
            if "solution" in original.metadata.get("tags", []):
                assert "write your answer here" in cell.source
            elif cell.cell_type == "code":
                assert cell.source == original.source.replace("calamine", "openpyxl")
                assert "calamine" not in cell.source


def markdown(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_links_lead_to_lessons_of_the_site(build, root):
    there = {f"{name}.ipynb" for name in build["LESSONS"]}
    linked = set()
    for name in build["LESSONS"]:
        path = root / "notebooks" / "lessons" / f"{name}.ipynb"
        text = markdown(build["lesson"](path))
        links = re.findall(r"\]\((.+?)\)", markdown(nbformat.read(path, as_version=4)))
        assert text.count(build["ELSEWHERE"]) == len([link for link in links if link not in there])
        linked |= set(re.findall(r"\]\((.+?)\)", text))
    assert linked == there


def test_python_in_the_browser_gets_seglib_and_the_sample_without_its_truth(build, tmp_path):
    build["write_course"](tmp_path / "course.zip")
    names = set(zipfile.ZipFile(tmp_path / "course.zip").namelist())
    assert {"course/seglib/lab/__init__.py", "course/data/sample/shop.xlsx", "course/kernel/course_kernel.py"} <= names
    assert "course/notebooks/lessons/" in names  # where a lesson runs: it looks for data/sample above that
    assert not [name for name in names if "truth" in name.rpartition("/")[2] and name.startswith("course/data")]
    assert not [name for name in names if "__pycache__" in name]


def test_versions_are_read_from_the_list_of_what_is_in_python(build, tmp_path):
    (tmp_path / "MANIFEST").write_text("python 3.15.0\npackage pandas 3.0.6\npin 0123 pandas-3.0.6.tar.gz\n")
    assert build["versions"](tmp_path / "MANIFEST") == {"python": "3.15.0", "pandas": "3.0.6"}


def test_a_cell_prints_and_shows_its_last_value(run):
    messages, reply = run("x = 2\nprint('two', x)\nx * 21", count=7)
    assert "".join(content["text"] for content in texts(messages, "stream")) == "two 2\n"
    (result,) = texts(messages, "execute_result")
    assert result["data"] == {"text/plain": "42"}
    assert result["execution_count"] == 7
    assert reply == {"status": "ok"}
    assert texts(run("x + 1")[0], "execute_result")[0]["data"]["text/plain"] == "3"  # the cells share their names


@pytest.mark.parametrize("code", ["", "# nothing", "x = 1", "None", "[1, 2];", "[1, 2] ; ", "def f():\n    return 1"])
def test_a_cell_without_a_last_value_shows_none(run, code):
    messages, reply = run(code)
    assert not messages
    assert reply == {"status": "ok"}


def test_a_table_is_shown_as_html_and_as_text(run):
    messages, _ = run("import pandas as pd\npd.DataFrame({'a': [1]})")
    data = texts(messages, "execute_result")[0]["data"]
    assert "<table" in data["text/html"]
    assert data["text/plain"].split() == ["a", "0", "1"]


def test_figures_are_shown_once_and_closed(run):
    code = "import matplotlib\nmatplotlib.use('agg')\nfrom matplotlib import pyplot as plt\n"
    messages, _ = run(code + "plt.figure(); plt.plot([1, 2])\nplt.figure();")
    pictures = [content["data"]["image/png"] for content in texts(messages, "display_data")]
    assert len(pictures) == 2
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert not run("1;")[0]


def test_an_error_names_the_line_of_the_cell_and_no_line_of_the_kernel(run):
    run("def divide(a):\n    return a / 0", count=1)
    messages, reply = run("1 + 1\ndivide(3)", count=2)
    (error,) = texts(messages, "error")
    text = "\n".join(error["traceback"])
    assert reply["status"] == "error"
    assert error["ename"] == "ZeroDivisionError"
    assert 'File "<cell 2>", line 2' in text
    assert 'File "<cell 1>", line 2, in divide' in text
    assert "return a / 0" in text
    assert "course_kernel" not in text
    assert run("'still here'")[1] == {"status": "ok"}


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "raise KeyboardInterrupt", "class A:\n    __repr__ = 3\nA()"])
def test_nothing_in_a_cell_stops_the_kernel(run, code):
    assert run(code)[1]["status"] == "error"


def test_commands_of_ipython_are_explained(run, kernel):
    messages, _ = run("%matplotlib inline\nx = 1")
    assert texts(messages, "error")[0]["traceback"][-1] == kernel.COMMANDS
    assert kernel.COMMANDS not in texts(run("x = (")[0], "error")[0]["traceback"]


def test_a_package_that_is_not_there_is_said_to_be_so(run, kernel):
    messages, _ = run("import a_package_that_nobody_has")
    assert texts(messages, "error")[0]["traceback"][-1].endswith(
        f"named 'a_package_that_nobody_has'. {kernel.NOT_PART}"
    )


def test_display_shows_values_in_the_middle_of_a_cell(run):
    messages, _ = run("for n in (1, 2):\n    display(n)")
    assert [content["data"]["text/plain"] for content in texts(messages, "display_data")] == ["1", "2"]


def test_names_are_completed_at_the_cursor(kernel):
    kernel.NAMESPACE["basket"] = [3]
    reply = kernel.complete("y = basket.cou + 1", 14)
    assert reply["matches"] == ["basket.count"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (4, 14)
    assert "basket" in kernel.complete("bas", 3)["matches"]
    assert kernel.complete("1 + ", 4)["matches"] == []


def test_help_shows_signature_and_docstring(kernel):
    kernel.NAMESPACE["median"] = __import__("statistics").median
    text = kernel.inspect_name("median([1])", 3)["data"]["text/plain"]
    assert text.startswith("median(data)\n\nReturn the median")
    assert not kernel.inspect_name("unknown", 2)["found"]


def test_requests_are_answered_in_json(kernel):
    kernel.handle('{"do": "execute", "code": "1 + 1", "count": 1}')
    assert [kind for kind, _ in kernel.messages] == ["execute_result", "reply"]
    kernel.handle('{"do": "complete", "code": "pri", "cursor": 3}')
    assert "print" in kernel.messages[-1][1]["matches"]


def test_input_says_what_to_do_instead(kernel):
    with pytest.raises(RuntimeError, match="into the cell"):
        kernel.no_input("How many?")


@pytest.mark.parametrize(
    ("importer", "lazy"),
    [("seglib", True), ("seglib.features.engines", True), ("seglibrary", False), ("__main__", False), (None, False)],
)
def test_only_parts_of_seglib_wait_until_they_are_used(kernel, importer, lazy):
    assert kernel.is_lazy(importer, "duckdb", None) is lazy

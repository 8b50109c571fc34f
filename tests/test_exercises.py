"""Every exercise of the notebooks runs as it is written, and shows what it promises."""

import ast
import re
import shlex
import shutil
import subprocess
import sys

import nbformat
import pytest

from seglib.errors import InputRefused
from seglib.runner.steps import NOTEBOOKS

QUICK = {"02_eda": {"n_shuffles": 199}}
"""Smaller numbers where an exercise names none: enough to see what it shows."""

SETTING = re.compile(r"`(\w+) = ([^`]+)`")
CHANGED = re.compile(r'`how="(\w+)"`')


class Notebooks:
    """The notebooks in a project of their own: cells are run in order, in this process, and can be changed before."""

    def __init__(self, project):
        self.project = project

    def run(self, step, *, change=None, **parameters):
        """Run a notebook; return what its names stand for. ``change`` rewrites the source of the cell of that id."""
        names = {}
        for cell in nbformat.read(NOTEBOOKS / f"{step}.ipynb", as_version=4).cells:
            if cell.cell_type != "code":
                continue
            rewrite = (change or {}).get(cell.id, str)
            names["last_cell"] = cell.id
            exec(compile(rewrite(cell.source), f"{step}, {cell.id}", "exec"), names)
            if "parameters" in cell.metadata.get("tags", []):
                assert parameters.keys() <= names.keys(), f"{step} has no such parameter"
                names |= QUICK.get(step, {}) | parameters
            yield names

    def end(self, step, **options):
        """Run a whole notebook; return what its names stand for at the end."""
        *_, names = self.run(step, **options)
        return names

    def command(self, line):
        """Run a command line as in a terminal in the folder of the project."""
        program, *arguments = shlex.split(line)
        assert program == ".venv/bin/seglib"
        subprocess.run([sys.executable, "-m", "seglib", *arguments], cwd=self.project, check=True, capture_output=True)


@pytest.fixture(scope="module")
def notebooks(root, tmp_path_factory):
    """The notebooks, after 01 has read the sample; paths are relative to the folder of the notebooks."""
    project = tmp_path_factory.mktemp("project")
    (project / "notebooks").mkdir()
    shutil.copytree(root / "data" / "sample", project / "data" / "sample")
    shutil.copytree(root / "params" / "mappings", project / "params" / "mappings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGLIB_HOME", str(project))
        patch.setenv("SEGLIB_QUIET", "1")
        patch.setenv("MPLBACKEND", "agg")
        patch.chdir(project / "notebooks")
        made = Notebooks(project)
        made.end("01_ingest")
        yield made


def exercise(step, number):
    """Return the text of an exercise, and the settings that it names, in order: pairs of name and value."""
    source = nbformat.read(NOTEBOOKS / f"{step}.ipynb", as_version=4).cells[-1].source
    [text] = re.findall(rf"^{number}\. (.*)$", source, flags=re.M)
    return text, [(name, ast.literal_eval(value)) for name, value in SETTING.findall(text)]


def furthest(names):
    """Return the largest distance from zero by number of the matrix."""
    matrix = names["matrix"]
    return matrix.table[matrix.numeric].abs().max()


def share(names):
    """Return the share of the variance by column."""
    return names["shares"].table.set_index("column")["share"]


def test_every_exercise_of_the_first_three_notebooks_is_tested():
    tested = {name for name in globals() if name.startswith("test_0")}
    for step in ("01_ingest", "02_eda", "03_preprocessing"):
        source = nbformat.read(NOTEBOOKS / f"{step}.ipynb", as_version=4).cells[-1].source
        for number in re.findall(r"^(\d)\. ", source, flags=re.M):
            assert [name for name in tested if name.startswith(f"test_{step[:2]}_{number}_")], (step, number)


def test_01_1_an_earlier_day_hides_what_came_later(notebooks):
    _, [setting] = exercise("01_ingest", 1)
    before, after = notebooks.end("01_ingest"), notebooks.end("01_ingest", run="earlier", **dict([setting]))
    rules = [set(names["shop"].findings["rule"]) for names in (before, after)]
    assert {rule for rule in rules[1] - rules[0] if rule.endswith("after_as_of")}
    assert not {rule for rule in rules[0] if rule.endswith("after_as_of")}
    day = after["shop"].day
    assert day.transactions == max(day.joins, day.transactions, day.burns) > 0
    assert before["shop"].row_counts.equals(after["shop"].row_counts)
    assert after["merged"].unified < before["merged"].unified / 2 if "merged" in after else True
    assert len(after["by_pandas"]) < len(before["by_pandas"]) / 2


def test_01_2_an_inner_merge_with_an_empty_table_leaves_nothing(notebooks):
    text, settings = exercise("01_ingest", 2)
    how = CHANGED.findall(text)[0]

    def rewrite(source):
        changed = re.sub(r'(genders, .*)how="left"', rf'\1how="{how}"', source)
        assert changed != source
        return changed

    whole = notebooks.end("01_ingest", **dict(settings))
    assert len(whole["by_pandas"]) > 1000
    with pytest.raises(AssertionError, match="disagree"):
        for names in notebooks.run("01_ingest", change={"merge-pandas": rewrite}, **dict(settings)):
            changed = names
    assert len(changed["by_pandas"]) == 0
    assert changed["genders"].empty
    assert changed["last_cell"] == "merge-check"
    only_sql = changed["rows_by_place"].set_index("found_in")["rows"]
    assert only_sql["left_only"] == len(whole["by_pandas"])


def test_01_3_without_its_exclusions_the_mapping_is_refused(notebooks):
    text, [(name, mapping)] = exercise("01_ingest", 3)
    assert name == "mapping"
    folder = notebooks.project / "params" / "mappings"
    lines = (folder / "invoices.yaml").read_text(encoding="utf-8").splitlines()
    [start] = [number for number, line in enumerate(lines) if line.strip().startswith("leave_out:")]
    removed = [line.split(":")[0].strip() for line in lines[start : start + 3]]
    assert all(f"`{word}`" in text for word in removed)
    kept = "\n".join(lines[:start] + lines[start + 3 :])
    (folder / "my_invoices.yaml").write_text(kept, encoding="utf-8")
    names = {}
    with pytest.raises(InputRefused, match=r"transactions\.customer_id\.missing") as refused:
        for names in notebooks.run("01_ingest", source="../data/sample/invoices.csv", run="mine", mapping=mapping):
            pass
    assert names["last_cell"] == "quarantine"
    assert "more than max_reject_share" in str(refused.value)

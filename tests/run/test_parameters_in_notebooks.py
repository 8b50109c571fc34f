"""Parameters are checked in a notebook that is run by hand as on the command line: same rules, same words."""

import json
import os
import subprocess
import sys

import nbformat
import pytest

from seglib.errors import ParameterRefused
from seglib.run.parameters import declared_in
from seglib.runner.parameters import declared, resolve
from seglib.runner.steps import NOTEBOOKS, STEPS

SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

outcomes = []
for cells in json.load(sys.stdin):
    shell = InteractiveShell()
    InteractiveShell._instance = shell  # what get_ipython() returns in this kernel
    for cell in cells:
        result = shell.run_cell(cell, store_history=True, silent=False)
        error = result.error_in_exec or result.error_before_exec
        if error:
            break
    outcomes.append([type(error).__name__, str(error), list(getattr(error, "parameter", ()))] if error else None)
    shell.atexit_operations()
print("outcomes:", json.dumps(outcomes))
"""
"""Runs cells as the kernel of a notebook does, and says how each list of cells ended."""


def run_cells(*notebooks, cwd, home):
    """Run lists of cells, each in a namespace of its own; return how each ended: None, or (class, message, names)."""
    done = subprocess.run(
        [sys.executable, "-c", SHELL],
        input=json.dumps(notebooks),
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "SEGLIB_HOME": str(home), "IPYTHONDIR": str(home / "ipython")},
    )
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("outcomes:")]
    return json.loads(line.removeprefix("outcomes:"))


def parameters_cell(step):
    cells = nbformat.read(NOTEBOOKS / f"{step}.ipynb", as_version=4).cells
    return next(cell.source for cell in cells if "parameters" in cell.metadata.get("tags", []))


OPEN = "from seglib.run import Run\nrun_folder = Run(run)"
INGEST = "from seglib.ingest import ingest\nshop = ingest(source, as_of=as_of, mapping=mapping, cities=cities)"

REFUSED = [
    ("03_preprocessing", "recipe", "costumer", "one of customer, baseline, not 'costumer' (did you mean 'customer'?)"),
    ("03_preprocessing", "engine", "sparc", "one of duckdb, spark, database, not 'sparc' (did you mean 'spark'?)"),
    ("03_preprocessing", "scale_frequency", "yes", "true or false"),
    ("03_preprocessing", "demographic_weight", -1.0, "at least 0"),
    ("04_k_selection", "k", 25, "at most k_max = 10, not 25"),
    ("04_k_selection", "k", 1, "at least 2"),
    ("04_k_selection", "k", 3.5, "a whole number"),
    ("04_k_selection", "n_null", 5, "at least 19"),
    ("04_k_selection", "seed", -1, "at least 0"),
    ("01_ingest", "as_of", "01/06/2026", "a day such as 2026-06-30, not '01/06/2026'"),
    ("01_ingest", "as_of", "nan", "a day such as"),
    ("01_ingest", "as_of", "9999-12-31", "a day such as"),
    ("01_ingest", "as_of", "2026-02-30", "a day such as"),
    ("01_ingest", "as_of", "2026-6-1", "a day such as"),
    ("01_ingest", "max_reject_share", 5.0, "at most 1"),
    ("06_interpretation", "cut", "31.12.2025", "a day such as"),
    ("06_interpretation", "control_share", 1.5, "at most 1"),
]


@pytest.fixture(scope="module")
def outcomes(root, tmp_path_factory):
    """How notebooks ended whose parameters were set to a wrong value, in the cell and as papermill sets them."""
    notebooks = []
    for step, name, value, _ in REFUSED:
        use = INGEST if step == "01_ingest" else OPEN
        cell = parameters_cell(step)
        line = next(line for line in cell.splitlines() if line.startswith(f"{name}:"))
        kind, comment = line.split(":")[1].split("=")[0].strip(), line.partition("  #")[2]
        edited = cell.replace(line, f"{name}: {kind} = {value!r}  #{comment}")
        notebooks += [[edited, use], [cell, f"# Parameters\n{name} = {value!r}\n", use]]
    return run_cells(*notebooks, cwd=root / "notebooks", home=tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize(("number", "case"), list(enumerate(REFUSED)), ids=str)
def test_a_wrong_value_is_refused_at_its_first_use_as_on_the_command_line(outcomes, number, case):
    step, name, value, message = case
    with pytest.raises(ParameterRefused) as on_command_line:
        resolve({step: declared(NOTEBOOKS / f"{step}.ipynb")}, {name: value})
    assert message in str(on_command_line.value)
    for kind, text, names in outcomes[2 * number : 2 * number + 2]:
        assert (kind, text) == ("ParameterRefused", str(on_command_line.value))
        assert name in names


def test_what_fits_is_not_refused_and_a_notebook_without_parameters_is_left_alone(root, tmp_path):
    cells = [[parameters_cell(step), OPEN] for step in STEPS if step != "01_ingest"]
    text = "k: int = 2  # number (2 to k_max)\nk_max: int = 1 + 3  # computed\nrun: str = 'x'  # name"
    ended = run_cells(
        *cells,
        ["run = 'spring'", OPEN],
        [text, OPEN],
        [text, "k_max = 1", OPEN],  # k_max is computed: its type is not known, its value is not looked at
        ["%precision 3", parameters_cell("04_k_selection"), "k = None\nn_init = 5", OPEN],
        cwd=root,
        home=tmp_path,
    )
    assert ended == [None] * len(ended)


def test_a_text_that_could_be_read_as_a_number_is_no_number_in_a_notebook(root, tmp_path):
    cell = parameters_cell("04_k_selection")
    [(kind, text, _), (_, false, _)] = run_cells(
        [cell, "k = '3'", OPEN], [cell, "k = True", OPEN], cwd=root, home=tmp_path
    )
    assert (kind, text) == ("ParameterRefused", "parameter 'k' is a whole number, not '3'")
    assert "not True" in false


def test_a_file_that_is_not_there_is_refused_with_the_folders_and_found_from_both(root, tmp_path):
    cell = parameters_cell("01_ingest")
    use = INGEST + "\nassert len(shop.rows)"
    for cwd in (root, root / "notebooks"):
        missing, *fine = run_cells(
            [cell, "mapping = 'params/nowhere.yaml'", use],
            *(
                [
                    cell,
                    f"source = '{up}data/sample/survey.csv'\nmapping = '{up}params/mappings/survey.yaml'",
                    use,
                ]
                for up in ("", "../")
            ),
            [cell, "source = 'data/nowhere.xlsx'", use],
            cwd=cwd,
            home=tmp_path,
        )
        assert missing[0] == "ParameterRefused"
        assert missing[1].startswith("mapping file 'params/nowhere.yaml' does not exist; it was looked for in ")
        assert str(root / "notebooks") in missing[1]
        *both, nowhere = fine
        assert both == [None, None]
        assert nowhere[0] == "InputRefused"
        assert "it was looked for in" in nowhere[1]


def test_every_path_and_day_of_the_notebooks_is_declared_as_one():
    """A parameter that names a file or a day in its comment has the words that let it be checked."""
    parameters = {name: p for step in STEPS for name, p in declared(NOTEBOOKS / f"{step}.ipynb").items()}
    files = {"mapping", "labels", "names_file", "words_file", "own_features"}
    assert {name for name, p in parameters.items() if p.is_file} == files
    assert {name for name, p in parameters.items() if p.is_day} == {"as_of", "cut"}
    assert parameters["k"].bounds == (2, "k_max")


@pytest.mark.parametrize(
    ("words", "bounds"),
    [
        ("(at least 2)", (2, float("inf"))),
        ("(0 to 1)", (0, 1)),
        ("(-1 to 0.5)", (-1, 0.5)),
        ("(2 to k_max)", (2, "k_max")),
        ("no bounds", (float("-inf"), float("inf"))),
    ],
)
def test_bounds_are_read_from_the_comment(words, bounds):
    assert declared_in(f"x: float = 1.0  # a number {words}; and more")["x"].bounds == bounds

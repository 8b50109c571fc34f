"""Parameters: defaults live in the notebooks, overrides are checked by name, type and choice."""

import subprocess
import sys

import nbformat
import pytest

from seglib.errors import ParameterRefused
from seglib.run.parameters import Parameter, declared_in
from seglib.runner import batch, parameters
from seglib.runner.parameters import (
    RENAMED_PARAMETERS,
    declared,
    read_file,
    read_settings,
    resolve,
    resolve_again,
    with_new_names,
)

CELL = """\
run: str = "sample"  # name of the run
k: int = None  # number of segments; None: by rule
share: float = 0.1  # a share
scale: bool = True  # scale it
recipe: str = "customer"  # how (one of: customer, baseline)
"""


@pytest.fixture
def notebook(tmp_path):
    nb = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "x"}}
    )
    nb.cells = [nbformat.v4.new_code_cell(CELL, metadata={"tags": ["parameters"]})]
    path = tmp_path / "01_x.ipynb"
    nbformat.write(nb, path)
    return declared(path)


def test_names_types_defaults_and_choices_are_read(notebook):
    assert {p.name: (p.type, p.default) for p in notebook.values()} == {
        "run": (str, "sample"),
        "k": (int, None),
        "share": (float, 0.1),
        "scale": (bool, True),
        "recipe": (str, "customer"),
    }
    assert notebook["recipe"].choices == ["customer", "baseline"]
    assert notebook["run"].help == "name of the run"


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("k", "3", 3),
        ("k", 3, 3),
        ("k", "none", None),
        ("k", None, None),
        ("k", "-2", -2),
        ("share", "0.25", 0.25),
        ("share", 1, 1.0),
        ("share", "1e-3", 0.001),
        ("scale", "false", False),
        ("scale", "True", True),
        ("scale", False, False),
        ("recipe", "baseline", "baseline"),
        ("run", "spring", "spring"),
        ("run", "7", "7"),
        ("run", "none", "none"),
    ],
)
def test_values_are_read_in_the_type_of_the_parameter(notebook, name, given, value):
    got = notebook[name].check(given)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("k", "3.5", "whole number"),
        ("k", "three", "whole number"),
        ("k", 3.5, "whole number"),
        ("k", True, "whole"),
        ("share", "much", "a number"),
        ("share", "nan", "a number"),
        ("share", "inf", "a number"),
        ("share", None, "empty"),
        ("share", "none", "empty"),
        ("run", None, "empty"),
        ("scale", "yes", "true or false"),
        ("scale", 1, "true or false"),
        ("recipe", "basline", "one of customer, baseline"),
        ("run", 7, "a text"),
        ("run", ["a"], "a text"),
    ],
)
def test_values_of_another_type_are_refused(notebook, name, given, message):
    with pytest.raises(ParameterRefused, match=message):
        notebook[name].check(given)


def test_an_error_names_the_parameter_at_fault(notebook):
    for name, value in (("k", "three"), ("run", None), ("recipe", "basline")):
        with pytest.raises(ParameterRefused) as refused:
            notebook[name].check(value)
        assert refused.value.parameter == (name,)
    with pytest.raises(ParameterRefused) as refused:
        resolve({"01": notebook}, {"kk": "3", "k": 3, "colour": "red"})
    assert refused.value.parameter == ("kk", "colour")


def test_an_old_name_works_with_a_note(capsys):
    assert with_new_names({"k": 3, "drop_tied": "false"}) == {"k": 3, "drop_correlated": "false"}
    note = "'drop_tied' is now called 'drop_correlated'; the old name works until the next version"
    assert note in capsys.readouterr().err
    assert with_new_names({"k": 3, "drop_correlated": True}) == {"k": 3, "drop_correlated": True}
    assert capsys.readouterr().err == ""


def test_both_names_of_a_parameter_are_refused():
    with pytest.raises(ParameterRefused, match="both are given: keep 'drop_correlated'") as refused:
        with_new_names({"drop_tied": True, "drop_correlated": True})
    assert refused.value.parameter == ("drop_tied", "drop_correlated")


def test_every_new_name_is_declared_and_no_old_one(root):
    names = {name for path in (root / "notebooks").glob("0*.ipynb") for name in declared(path)}
    assert set(RENAMED_PARAMETERS.values()) <= names
    assert not RENAMED_PARAMETERS.keys() & names


def test_reading_a_notebook_leaves_no_trace_among_the_modules(root):
    """What slows down the import of jsonschema is only left out while that is imported."""
    code = (
        "import sys; from pathlib import Path; from seglib.runner.parameters import declared; "
        f"declared(Path({str(root / 'notebooks' / '01_ingest.ipynb')!r})); "
        "print('jsonschema' in sys.modules, 'rfc3987_syntax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_a_date_in_yaml_is_a_text(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("as_of: 2024-07-14\n")
    assert Parameter("as_of", str, None, "").check(read_file(file)["as_of"]) == "2024-07-14"


def test_every_notebook_gets_what_it_declares(notebook):
    other = {"k": Parameter("k", int, None, ""), "seed": Parameter("seed", int, 0, "")}
    values = resolve({"01": notebook, "02": other}, {"k": "4", "scale": "false"})
    assert values["01"]["k"] == values["02"]["k"] == 4
    assert values["01"]["scale"] is False
    assert values["02"] == {"k": 4, "seed": 0}


def test_what_is_continued_keeps_the_values_of_every_notebook():
    declared = {
        "04": declared_in("k: int = None  # number (2 to k_max)\nk_max: int = 10  # most\nseed: int = 0  # seed"),
        "05": declared_in("seed: int = 0  # seed\nn: int = 3  # how many"),
    }
    before = {"04": {"k": None, "k_max": 15, "seed": 1}, "05": {"seed": 2}}
    values = resolve_again(declared, before, {"k": "12"})
    assert values == {"04": {"k": 12, "k_max": 15, "seed": 1}, "05": {"seed": 2, "n": 3}}
    with pytest.raises(ParameterRefused, match="'k' is at most k_max = 15, not 16"):
        resolve_again(declared, before, {"k": "16"})
    assert resolve(declared, {"k": "12"}, together=False)["04"]["k"] == 12


def test_an_unknown_name_is_refused_with_the_near_one(notebook):
    with pytest.raises(ParameterRefused, match=r"'kk' \(did you mean 'k'\?\)"):
        resolve({"01": notebook}, {"kk": "3"})
    with pytest.raises(ParameterRefused, match=r"'colour';"):
        resolve({"01": notebook}, {"colour": "red"})


@pytest.mark.parametrize("setting", ["k", "=3", " =3"])
def test_a_setting_without_name_or_value_is_refused(setting):
    with pytest.raises(ParameterRefused, match="name=value"):
        read_settings([setting])


def test_a_value_may_contain_an_equals_sign():
    assert read_settings(["source=a=b.xlsx"]) == {"source": "a=b.xlsx"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "name: value"),
        ("a: [", "YAML"),
        ("1: 2\n", "name: value"),
        ("k: 3\nk: 4\n", "'k' is given twice"),
        ("runs:\n  a: {k: 3, k: 4}\n", "'k' is given twice"),
    ],
)
def test_a_file_that_is_no_list_of_parameters_is_refused(tmp_path, text, message):
    file = tmp_path / "p.yaml"
    file.write_text(text)
    with pytest.raises(ParameterRefused, match=message):
        read_file(file)


def test_yaml_can_still_repeat_itself_by_reference(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("shared: &all {k: 3}\nruns: {a: {<<: *all, seed: 1}}\n")
    assert read_file(file)["runs"]["a"] == {"k": 3, "seed": 1}


def test_a_missing_file_is_refused_and_an_empty_one_is_fine(tmp_path):
    with pytest.raises(ParameterRefused, match="does not exist"):
        read_file(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert read_file(tmp_path / "empty.yaml") == {}


def test_the_shipped_parameter_files_fit_the_notebooks(root):
    notebooks = {p.stem: declared(p) for p in sorted((root / "notebooks").glob("0*.ipynb"))}
    for file in (root / "params").glob("*.yaml"):
        content = parameters.read_file(file)
        if batch.is_batch(content):
            assert len(batch.read(content, file.stem, {}, "01_ingest").entries) > 1
        else:
            resolve(notebooks, content)

"""The list of the notebooks beside them: the six, and those that an analyst adds."""

import pytest

from seglib.errors import ParameterRefused
from seglib.runner.steps import NOTEBOOKS, ORDER, SIX, STEPS, read_order, step_named


def listed(folder, *lines):
    path = folder / ORDER
    path.write_text("\n".join(["# a comment", "", *(f"{step}: why?" for step in SIX), *lines]), encoding="utf-8")
    return path


def test_the_committed_list_has_the_six():
    assert list(read_order(NOTEBOOKS / ORDER)) == list(STEPS)
    assert list(STEPS)[:6] == list(SIX)
    assert step_named("3") == "03_preprocessing"


def test_own_notebooks_come_after_the_six(tmp_path):
    steps = read_order(listed(tmp_path, "07_lifetime: What is it: a lot?", "  12_map2 :  Where? "))
    assert list(steps)[6:] == ["07_lifetime", "12_map2"]
    assert (steps["07_lifetime"], steps["12_map2"]) == ("What is it: a lot?", "Where?")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("07_lifetime", "line 9: a line is a name, a colon and a question"),
        ("07_lifetime:", "line 9: a line is a name"),
        ("7_lifetime: why?", "'7_lifetime' is no name"),
        ("07_Lifetime: why?", "'07_Lifetime' is no name"),
        ("../07_lifetime: why?", "is no name"),
        ("07_lifetime.ipynb: why?", "is no name"),
        ("05_more: why?", "05_more comes before 06_interpretation"),
        ("06_interpretation: why?", "06_interpretation comes before 06_interpretation"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_line(tmp_path, line, message):
    with pytest.raises(ParameterRefused, match=message):
        read_order(listed(tmp_path, line))


def test_a_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ParameterRefused, match="the list of the notebooks, cannot be read"):
        read_order(tmp_path / ORDER)


def test_none_of_the_six_can_be_left_out_or_have_another_between(tmp_path):
    path = listed(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("02_eda: why?\n", ""), encoding="utf-8")
    with pytest.raises(ParameterRefused, match="does not list 02_eda"):
        read_order(path)
    path.write_text(text.replace("03_pre", "02_more: why?\n03_pre"), encoding="utf-8")
    with pytest.raises(ParameterRefused, match="02_more stands before 06_interpretation"):
        read_order(path)

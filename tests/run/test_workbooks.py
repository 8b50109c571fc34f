"""Tables for people as workbooks: they open everywhere, hold what the table holds, and run nothing."""

import io
import zipfile

import pandas as pd
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.run.files import workbook
from seglib.run.run import Run

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


def cells(content: bytes) -> list[list]:
    """Return the rows of the only sheet of a workbook, its head included."""
    [sheet] = (book := python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))).sheet_names
    return book.get_sheet_by_name(sheet).to_python()


@given(st.lists(st.tuples(TEXTS, st.integers(0, 10**9), st.floats(0, 1)), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_a_workbook_holds_what_the_table_holds(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "coupons", "share_used"])
    head, *body = cells(workbook(frame))
    assert head == list(frame)
    for (text, n, share), (cell, count, number) in zip(rows, body, strict=True):
        assert str(cell) == text
        assert (count, number) == (n, pytest.approx(share, abs=1e-12))


@pytest.mark.parametrize(
    "text", ["=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "http://example.com", "{=A1}", "007", "1e5"]
)
def test_a_text_stays_a_text(text):
    content = workbook(pd.DataFrame({"name": [text], "missing": [None]}))
    assert cells(content)[1][0] == text
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        xml = b"".join(parts.read(name) for name in parts.namelist())
    assert b"<f>" not in xml
    assert b"<hyperlink " not in xml


def test_the_same_table_gives_the_same_bytes(monkeypatch):
    frame = pd.DataFrame({"customer_id": ["1", "2"], "control": [True, False]})
    first = workbook(frame)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert workbook(frame) == first
    assert cells(first)[1:] == [["1", True], ["2", False]]


def test_lists_are_written_as_workbooks_where_that_is_asked(tmp_path):
    table = pd.DataFrame({"customer_id": ["1"]})
    Run("r", base=tmp_path).write_lists("audience", {"a": table, "b": table}, in_excel={"b"})
    assert sorted(p.name for p in (tmp_path / "reports/r/audience").iterdir()) == ["a.csv", "b.csv", "b.xlsx"]

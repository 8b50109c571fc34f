"""Words from the data reach the reader as they are."""

from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from seglib.report.pages import _Exporter
from seglib.style.escape import escape_markdown

SPECIAL = st.text(alphabet="ab1 \\`*_[]<>$|~#!&'\".-+=:", min_size=1, max_size=30)


@given(SPECIAL)
def test_markdown_shows_a_text_from_the_data_as_it_is(text):
    page = BeautifulSoup(_Exporter().markdown2html(None, f"They: {escape_markdown(text)} (end)"), "html.parser")
    assert page.get_text().strip() == f"They: {' '.join(text.split())} (end)"
    assert not page.find(["em", "strong", "a", "code", "script", "b", "table"])

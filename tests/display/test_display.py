"""What a cell says: escaped, formatted, with a text for every figure."""

import base64
import io
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib import pyplot as plt
from PIL import Image

from seglib import display
from seglib.display.show import SHOWN_WIDTH
from seglib.schema.records import NoteRecord
from seglib.style.colours import colour


@pytest.fixture
def shown(monkeypatch):
    """Call a function of the module and return what it displayed, as its HTML or Markdown."""
    displayed = []
    for module in ("card", "say", "show", "sql", "table"):
        monkeypatch.setattr(import_module(f"seglib.display.{module}"), "display", lambda it: displayed.append(it.data))

    def show(function, *args, **options):
        displayed.clear()
        function(*args, **options)
        return list(displayed)

    return show


def test_a_table_is_formatted_for_reading(shown):
    frame = pd.DataFrame(
        {
            "customer_id": ["007", "<script>"],
            "n_coupons": [12345, 6],
            "share": [0.12345, np.nan],
            "days": [3.14159, 2.0],
            "day": pd.to_datetime(["2024-07-14", None]),
            "sure": [True, False],
        }
    )
    [out] = shown(display.table, frame, "A & B", percent=["share"])
    soup = BeautifulSoup(out, "html.parser")
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in soup.find_all("tr")[1:]]
    assert rows == [["007", "12,345", "12.3%", "3.14", "2024-07-14", "yes"], ["<script>", "6", "–", "2.00", "–", "no"]]
    assert soup.find("script") is None
    assert soup.caption.get_text() == "A & B"
    assert [th.get_text() for th in soup.find_all("th")][:2] == ["customer id", "n coupons"]
    assert all(th["scope"] == "col" for th in soup.find_all("th"))


def test_a_column_of_the_data_that_happens_to_be_called_p_is_no_p_value(shown):
    [out] = shown(display.table, pd.DataFrame({"p": ["yes", None]}), "Of the shop's own")
    assert [cell.get_text() for cell in BeautifulSoup(out, "html.parser").find_all("td")] == ["yes", "–"]


def test_a_long_word_may_break_and_stays_the_same_when_copied(shown):
    word = "Rindfleischetikettierungsgesetz"
    [out] = shown(display.table, pd.DataFrame({word: [f"a.{word}", "short"]}), "Words")
    soup = BeautifulSoup(out, "html.parser")
    assert [cell.get_text() for cell in soup.find_all(["th", "td"])] == [word, f"a.{word}", "short"]
    assert [len(cell.find_all("wbr")) for cell in soup.find_all(["th", "td"])] == [1, 2, 0]


def test_a_long_table_is_cut_and_says_so(shown):
    [out] = shown(display.table, pd.DataFrame({"x": range(100)}), "Numbers", rows=10)
    soup = BeautifulSoup(out, "html.parser")
    assert len(soup.tbody.find_all("tr")) == 10
    assert "first 10 of 100" in soup.caption.get_text()


def test_a_figure_is_shown_with_alt_text_and_closed(shown):
    ax = plt.subplots()[1]
    number = ax.figure.number
    [out] = shown(display.show, ax, alt='a "quoted" <finding>', caption="n = 3")
    soup = BeautifulSoup(out, "html.parser")
    assert soup.img["alt"] == 'a "quoted" <finding>'
    assert soup.img["src"].startswith("data:image/svg+xml;base64,")
    assert soup.figcaption.get_text() == "n = 3"
    assert not plt.fignum_exists(number)


def test_a_figure_of_many_marks_is_drawn_in_dots(shown):
    ax = plt.subplots(figsize=(5.6, 3.4))[1]
    ax.plot(np.arange(2000), np.arange(2000))
    ax.scatter(np.arange(2000), np.arange(2000))
    [out] = shown(display.show, ax, alt="a line of many dots", name="dense")
    figure = BeautifulSoup(out, "html.parser").figure
    assert figure["data-name"] == "dense"
    picture = Image.open(io.BytesIO(base64.b64decode(figure.img["src"].removeprefix("data:image/png;base64,"))))
    assert picture.width > 1.7 * SHOWN_WIDTH


def test_a_letter_has_its_colour_beside_it(shown):
    frame = pd.DataFrame({"segment": ["A", "B"], "city": ["A", "Rome"], "mean": [1.0, 2.0]})
    [out] = shown(display.table, frame, "By segment")
    cells = [td.span for td in BeautifulSoup(out, "html.parser").find_all("td")]
    assert [cell and cell.get_text() for cell in cells] == ["A", None, None, "B", None, None]
    assert [colour(cell.get_text()) in cell["style"] for cell in cells if cell] == [True, True]
    wide = frame.pivot_table(index="city", columns="segment", values="mean").reset_index()
    [out] = shown(display.table, wide, "By city")
    heads = BeautifulSoup(out, "html.parser").find_all("th")
    assert [bool(th.span) for th in heads] == [False, True, True]


def test_a_figure_without_alt_text_is_refused():
    with pytest.raises(ValueError, match="alt text"):
        display.show(plt.subplots()[1], alt=" ")
    plt.close("all")


def test_same_figure_same_bytes(shown):
    def draw():
        ax = plt.subplots()[1]
        ax.plot([1, 2, 3])
        return shown(display.show, ax, alt="line")[0]

    assert draw() == draw()


@dataclass(frozen=True)
class Lengths:
    """A result as analysis packages return it."""

    table: pd.DataFrame
    text: str = "Lengths of <b> differ."
    alt: str = "Line of <b>."
    caption: str = "n = 3"

    def figure(self):
        ax = plt.subplots()[1]
        ax.plot(self.table["length"])
        return ax


LENGTHS = Lengths(pd.DataFrame({"length": [1, 2, 3]}))


def test_a_result_is_shown_as_its_figure_with_its_own_words(shown):
    [out] = shown(display.show, LENGTHS)
    figure = BeautifulSoup(out, "html.parser").figure
    assert figure.img["alt"] == "Line of <b>."
    assert figure.figcaption.get_text() == "n = 3"
    [out] = shown(display.show, LENGTHS, alt="another alt", caption="another caption", name="lengths")
    figure = BeautifulSoup(out, "html.parser").figure
    assert (figure["data-name"], figure.img["alt"]) == ("lengths", "another alt")
    assert figure.figcaption.get_text() == "another caption"
    assert not plt.get_fignums()


def test_the_text_of_a_result_can_stand_below_its_figure(shown):
    figure, text = shown(display.show, LENGTHS, with_text=True)
    assert figure.startswith("<figure")
    assert text == r"Lengths of \<b\> differ."


def test_the_table_of_a_result_can_stand_below_its_figure(shown):
    figure, table = shown(display.show, LENGTHS, with_table="All lengths", percent=["length"])
    assert figure.startswith("<figure")
    written = BeautifulSoup(table, "html.parser")
    assert "All lengths" in str(written)
    assert [cell.get_text() for cell in written.select("td")] == ["100.0%", "200.0%", "300.0%"]


@pytest.mark.parametrize("with_text", [False, True])
def test_a_result_that_does_not_apply_is_shown_as_its_text(shown, with_text):
    nothing = replace(LENGTHS, text="No lengths are recorded.", alt="")
    assert shown(display.show, nothing, with_text=with_text) == ["No lengths are recorded."]
    assert shown(display.show, replace(nothing, text=""), with_text=with_text) == []


def test_a_result_without_a_figure_is_shown_as_its_text(shown):
    @dataclass(frozen=True)
    class Sentence:
        table: pd.DataFrame
        text: str

    assert shown(display.show, Sentence(LENGTHS.table, "a *bold* city")) == [r"a \*bold\* city"]


def test_axes_and_figures_are_shown_as_drawings(shown):
    ax = plt.subplots()[1]
    for drawing in (ax, plt.subplots()[0]):
        [out] = shown(display.show, drawing, alt="nothing is drawn")
        assert BeautifulSoup(out, "html.parser").img["alt"] == "nothing is drawn"
    assert not plt.get_fignums()


def test_a_card_is_text_with_the_colour_of_its_segment(shown):
    notes = [NoteRecord("to_try", "To try", "a <reminder>")]
    [out] = shown(display.card, "B", "<b>", "5 customers & more", notes)
    soup = BeautifulSoup(out, "html.parser")
    parts = [part.get_text() for part in soup.div.find_all(["h3", "p", "li"])]
    assert parts == ["B · <b>", "5 customers & more", "To try: a <reminder>"]
    assert colour("B") in soup.div["style"]


def test_sentences_are_paragraphs_and_sql_is_code(shown):
    assert shown(display.say, "one", "", "two") == ["one\n\ntwo"]
    assert shown(display.say, "") == []
    assert shown(display.say, "one", ["a *bold* city", "", "two"]) == ["one\n\n- a \\*bold\\* city\n- two"]
    assert shown(display.say, [], [""]) == []
    assert shown(display.sql, "SELECT 1\n")[0] == "```sql\nSELECT 1\n```"


def test_yes_and_no_with_gaps_are_words_and_nothing_has_a_sign(shown):
    frame = pd.DataFrame({"holds": [True, None, False], "share": [-0.001, 0.5, -1.0]})
    [out] = shown(display.table, frame, "With gaps")
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in BeautifulSoup(out, "html.parser").select("tr")]
    assert rows[1:] == [["yes", "0.00"], ["–", "0.50"], ["no", "-1.00"]]

"""What does not apply to a shop is left out of its pages, heading and prose, and nothing else is."""

import sys

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from seglib.display import say, show
from seglib.eda.counts import Calendar
from seglib.report.sections import NOT_HERE, tag_sections
from seglib.style.wording import NO_TRANSACTIONS


def marked(text="no transactions"):
    return new_output("display_data", {"text/markdown": text}, metadata={"applies": False})


def shown(text="a result"):
    return new_output("display_data", {"text/markdown": text})


def code(*outputs, tags=()):
    return new_code_cell("x", outputs=list(outputs), metadata={"tags": list(tags)})


def left_out(*cells):
    """The places of the cells that are left out, and the headings of sections that are."""
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), code(shown()), *cells])
    nbformat.validate(notebook)
    headings = tag_sections(notebook, {"analyst"})
    places = [i for i, cell in enumerate(notebook.cells) if NOT_HERE in cell.metadata.get("tags", [])]
    return [place - 2 for place in places], headings


HEADING = new_markdown_cell("## Coupons\n\nWhat becomes of them.")
PROSE = new_markdown_cell("And then?")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([HEADING, code(marked())], ([0, 1], ("Coupons",))),
        ([HEADING, code(shown())], ([], ())),
        ([HEADING, code(marked(), shown())], ([], ())),
        ([HEADING, code()], ([], ())),  # it shows nothing: it is prose, or computes
        ([HEADING, code(marked()), PROSE, code(marked())], ([0, 1, 2, 3], ("Coupons",))),
        ([HEADING, code(shown()), PROSE, code(marked())], ([2, 3], ())),
        ([HEADING, code(marked()), PROSE, code(shown())], ([], ())),
        ([HEADING, code(marked()), code(shown(), tags=["analyst"])], ([0, 1, 2], ("Coupons",))),
        ([HEADING, code(marked(), new_output("stream", name="stderr", text="w"))], ([0, 1], ("Coupons",))),
        ([HEADING, code(marked()), new_markdown_cell("### Part"), code(shown())], ([0, 1], ("Coupons",))),
    ],
)
def test_a_section_that_shows_only_what_does_not_apply_is_left_out(cells, expected):
    cells = [nbformat.from_dict(cell) for cell in cells]
    assert left_out(*cells) == expected


def test_results_mark_their_sentence(monkeypatch):
    shown = []
    module = sys.modules["seglib.display.say"]
    monkeypatch.setattr(module, "display", lambda thing, **options: shown.append((thing.data, options)))
    show(Calendar(pd.DataFrame()))
    say("Something.")
    assert shown == [(NO_TRANSACTIONS, {"metadata": {"applies": False}}), ("Something.", {})]

"""On a page without code columns have the names of the shop; what comes from the data stays as it is."""

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from seglib.report.plain_names import OF_COLUMNS, write_plain_names
from seglib.schema.features import FEATURES
from seglib.style.wording import COUPON, TRANSACTION

COUNTRIES = TRANSACTION.at("country")


def rewritten(html, wording=COUNTRIES):
    soup = BeautifulSoup(html, "html.parser")
    write_plain_names(soup, wording)
    return soup


def table(headings, *rows):
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def cells(soup):
    return [[cell.get_text() for cell in row.find_all(["td", "th"])] for row in soup.find_all("tr")]


def test_names_of_columns_are_words_in_headings_and_under_headings_that_say_so():
    html = table(["feature", "mean n coupons", "city name France"], ["coupons_per_month", "1", "2"])
    assert cells(rewritten(html)) == [
        ["feature", "mean number of transactions", "country France"],
        ["transactions per month", "1", "2"],
    ]
    assert cells(rewritten(html, COUPON))[1][0] == "coupons per month"


def test_what_comes_from_the_data_stays():
    html = table(["coupon", "city"], ["summer_sale", "new_york"])
    assert cells(rewritten(html))[1] == ["summer_sale", "new_york"]


def test_running_text_and_the_day_are_words_and_code_stays_code():
    soup = rewritten("<p>by recency_days, to as_of; <code>recency_days</code></p>")
    assert soup.get_text() == "by recency days, to the day we look from; recency_days"


def test_the_marks_of_a_cell_that_does_not_change_stay():
    html = table(["feature", "A"], ["age", '<span class="segment">A</span>'])
    assert str(rewritten(html)) == html


@pytest.mark.parametrize("wording", [COUPON, COUNTRIES])
@given(name=st.sampled_from([feature.name for feature in FEATURES]), heading=st.sampled_from(OF_COLUMNS))
def test_no_name_of_ours_is_left_as_it_is_in_code(wording, name, heading):
    html = table([heading, name.replace("_", " ")], [name, "1"]) + f"<p>It is {name}.</p>"
    soup = rewritten(html, wording)
    assert "_" not in soup.get_text()
    if wording is COUNTRIES:
        assert "coupon" not in soup.get_text()
        assert "city" not in soup.get_text()

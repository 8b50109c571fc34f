"""The check: everything that was found is told, on a terminal, to a machine and to the owner of the data."""

import io
import json
import re

import pytest
from bs4 import BeautifulSoup
from rich.console import Console

from seglib.ingest.shop import ingest
from seglib.report import check

HOSTILE = '<script>alert("x")</script> [red]\x1b[31m\u202e'

MAPPING = """
tables:
  transactions:
    leave_out:
      tests: {column: coupon_name, is: f}
"""


@pytest.fixture
def clean(tables, write_csv):
    return ingest(write_csv(tables))


@pytest.fixture
def broken(tables, write_csv, tmp_path):
    """A shop with an error, a warning, a choice of the mapping and facts; and with text that wants to be more."""
    tables["customers"].loc[3, "gender_id"] = HOSTILE
    tables["transactions"].loc[[0, 2], "transaction_date"] = ["soon", HOSTILE]
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return ingest(write_csv(tables), mapping=tmp_path / "mapping.yaml")


def on_terminal(shop, width):
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=True, color_system="standard").print(check.as_text(shop))
    return out.getvalue()


def page(shop):
    return BeautifulSoup(check.as_html(shop), "html.parser")


def test_a_clean_shop_passes(clean):
    assert check.passed(clean)
    text = check.without_colours(check.as_text(clean))
    assert "rules were checked: no errors." in text
    assert clean.text in text


def test_warnings_facts_and_choices_pass(tables, write_csv, tmp_path):
    tables["transactions"].loc[0, "transaction_date"] = "2023-12-31"  # before the customer joined: a warning
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    shop = ingest(write_csv(tables), mapping=tmp_path / "mapping.yaml")
    assert set(shop.findings["severity"]) == {"exclusion", "warning", "info"}
    assert check.passed(shop)
    text = check.without_colours(check.as_text(shop))
    assert "1 by choice of the mapping" in text
    assert "rules were checked: no errors; 1 warning." in text


def test_plain_text_has_every_finding_with_its_count_on_one_line(broken):
    text = check.without_colours(check.as_text(broken))
    assert not check.passed(broken)
    assert "\x1b" not in text
    assert "\u202e" not in text
    lines = text.splitlines()
    for finding in broken.findings.itertuples():
        assert any(
            re.search(rf"^ {finding.severity} +{finding.rows:,} .*{re.escape(finding.rule)}$", line) for line in lines
        )
        for text_of_finding in (finding.sentence, finding.remedy):
            assert text_of_finding in text
    assert "2 rows break 1 rule, in transactions; 1 warning." in text
    assert r"[red]\x1b[31m\u202e" in text  # shown, not obeyed


def test_rows_of_every_table_and_their_sum_are_told(broken):
    text = check.without_colours(check.as_text(broken))
    for row in broken.rows.itertuples():
        numbers = f"{row.rows_in} +{row.accepted} +{row.quarantined} +{row.left_out}"
        assert re.search(rf"^ {row.table} +{numbers}$", text, flags=re.M)
    assert re.search(r"^ all +19 +16 +3 +1$", text, flags=re.M)


def test_eighty_columns_are_enough_and_colours_come_with_words(broken):
    text = on_terminal(broken, 80)
    bare = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert max(map(len, bare.splitlines())) <= 80
    assert "\x1b[1;31merror" in text
    for finding in broken.findings.itertuples():
        assert finding.rule in bare
    joined = " ".join(bare.split())
    assert "make it a date such as 2024-07-31, or say in a mapping file how it is written" in joined


def test_nothing_is_cut_off_however_narrow_the_terminal(broken):
    folded = re.sub(r"\s|\x1b\[[\d;]*m", "", on_terminal(broken, 40))
    for finding in broken.findings.itertuples():
        assert finding.rule in folded
        assert finding.remedy.replace(" ", "") in folded


def test_json_is_strict_and_reconciles(broken):
    content = json.loads(json.dumps(check.as_json(broken), allow_nan=False))
    assert content["passed"] is False
    assert (content["as_of"], content["kind"]) == ("2024-03-01", "folder of CSV files")
    assert content["notes"] == list(broken.notes)
    totals = content["totals"]
    assert totals["rows_in"] == totals["accepted"] + totals["quarantined"] == sum(r["rows_in"] for r in content["rows"])
    assert [f["rule"] for f in content["findings"]] == list(broken.findings["rule"])
    error = content["findings"][0]
    assert (error["rule"], error["rows"], error["severity"]) == ("transactions.transaction_date.unreadable", 2, "error")
    assert error["share"] == pytest.approx(1 / 3)
    assert set(error) == {"rule", "table", "severity", "rows", "share", "examples", "sentence", "remedy"}
    assert 0 < content["rules_checked"] <= len(broken.quality)


def test_rules_of_tables_that_are_not_there_are_not_counted_as_checked(clean, tables, write_csv):
    del tables["merchants"]
    fewer = check.as_json(ingest(write_csv(tables, name="fewer")))["rules_checked"]
    merchants = (clean.quality["table"] == "merchants").sum()
    assert fewer <= check.as_json(clean)["rules_checked"] - merchants


def test_the_page_stands_alone(broken):
    soup = page(broken)
    assert soup.html["lang"] == "en"
    assert broken.source.name in soup.title.text
    assert len(soup.find_all("h1")) == 1
    for name in ("script", "link", "img", "iframe"):
        assert soup.find(name) is None
    assert not soup.find_all(src=True)
    assert all(link["href"].startswith("#") for link in soup.find_all(href=True))
    assert "url(" not in soup.style.text
    assert "@import" not in soup.style.text


def test_text_from_data_stays_text(broken):
    text = check.as_html(broken)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "&lt;script&gt;" in text


def test_tables_are_accessible(broken):
    soup = page(broken)
    page_tables = soup.find_all("table")
    assert len(page_tables) == 3
    for table in page_tables:
        assert table.caption.text
        assert all(cell.get("scope") == "col" for cell in table.thead.find_all("th"))
        assert all(row.th.get("scope") == "row" for row in table.tbody.find_all("tr"))
        assert table.parent["class"] == ["table-scroll"]  # a wide one scrolls in its own box, by the keyboard too
        assert table.parent["tabindex"] == "0"
        assert table.parent["aria-label"]


def test_the_page_tells_rows_findings_and_what_to_do(broken):
    soup = page(broken)
    assert broken.text in soup.find("p", class_="lead").text
    for finding, row in zip(soup.select(".findings li"), broken.findings.itertuples(), strict=True):
        text = " ".join(finding.text.split())
        assert finding["class"] == [row.severity]
        for part in (row.severity, row.rule, row.sentence, row.remedy[1:]):
            assert part in text
    assert [cell.text for cell in soup.find("tfoot").find_all("td")] == ["19", "16", "3", "1"]


def test_rows_that_were_set_aside_are_shown_as_they_came_broken_ones_first(broken):
    rows = page(broken).select("table.aside tbody tr")
    assert [row.th.text for row in rows] == ["1", "3", "6"]
    assert [row.code.text for row in rows] == ["transaction_date.unreadable"] * 2 + ["left_out.tests"]
    assert [cell.text for cell in rows[0].find_all("td")[1:4]] == ["1", "1", "soon"]


def test_a_hundred_rows_are_shown_at_most(tables, write_csv):
    lines = tables["transactions"].loc[[0] * 150].reset_index(drop=True)
    lines["transaction_id"] = range(1, 151)
    lines.loc[:129, "transaction_status"] = "lost"
    tables["transactions"] = lines
    shop = ingest(write_csv(tables))
    assert len(shop.quarantine) == 130
    soup = page(shop)
    assert len(soup.select("table.aside tbody tr")) == check.SHOWN
    assert "100 of 130" in soup.text


def test_a_clean_page_shows_no_rows(clean):
    soup = page(clean)
    assert not soup.select("table.aside")
    assert "good" in soup.find("section", class_="verdict")["class"]

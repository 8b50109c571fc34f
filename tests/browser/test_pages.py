"""Every page of every report, as people see it: on a screen, on a phone, at night, on paper, and by ear."""

import pandas as pd
import pytest
from checks import dead_links, invalid, sheets, too_large
from shops import VARIANTS

from seglib.runner.steps import STEPS


@pytest.fixture
def none_of(looks):
    """Fail with the faults of all pages in one kind of check."""

    def hold(check: str) -> None:
        fail_with([fault for look in looks.values() for fault in look.faults.get(check, [])])

    return hold


def fail_with(faults: list[str]) -> None:
    if faults:
        pytest.fail("\n".join(f"- {fault}" for fault in faults), pytrace=False)


def test_the_runs_are_what_they_are_meant_to_be(variant, finished):
    wanted = VARIANTS[variant]
    segments = pd.read_csv(finished.home / "reports" / wanted.done[0] / "segments.csv")["segment"].value_counts()
    assert wanted.k in (None, len(segments))
    assert wanted.smallest in (None, segments.min())


def test_every_promised_page_is_there(variant, finished, pages):
    wanted = VARIANTS[variant]
    of_a_run = {f"{step}{face}.html" for step in STEPS for face in ("", "_business")} | {"index.html", "summary.html"}
    promised = {f"{run}/{page}" for run in wanted.done for page in of_a_run}
    promised |= {f"{run}/failed.html" for run in wanted.stopped} | {"index.html", *wanted.pages}
    assert promised <= {path.relative_to(finished.home / "reports").as_posix() for path in pages}


def test_no_page_asks_the_network_for_anything(none_of):
    none_of("network")


def test_the_console_stays_empty(none_of):
    none_of("console")


def test_every_link_and_anchor_resolves(looks):
    fail_with(dead_links(looks))


def test_nothing_is_wider_than_the_screen(none_of):
    none_of("width")


def test_pages_break_no_rule_of_accessibility(none_of):
    none_of("axe")


def test_headings_pictures_and_tables_say_what_they_are(none_of):
    none_of("structure")


def test_nothing_is_cut_on_paper(none_of):
    none_of("print")


def test_pages_are_small_enough_to_be_sent(pages):
    fail_with(too_large(pages))


def test_the_page_to_hand_on_is_one_sheet_of_paper(variant, finished):
    for run in VARIANTS[variant].done:
        assert sheets((finished.home / "reports" / run / "summary.pdf").read_bytes()) == 1


def test_all_pages_are_valid_html(pages_of):
    pages = [page for variant in VARIANTS for page in pages_of(variant)]
    fail_with(invalid({page.read_bytes(): page for page in pages}.values()))

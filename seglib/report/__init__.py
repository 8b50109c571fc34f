"""The report: every notebook as two pages, an index, one page to hand on; a page for a run that stopped; all runs.

Pages stand alone: styles and figures are inside, nothing is fetched, no script is needed. Text that comes from
the data is escaped.
"""

from seglib.report.batch import build_batch
from seglib.report.build import build
from seglib.report.failed import cleaner, write_failed
from seglib.report.pages import Page, page_of
from seglib.report.runs import write_runs

__all__ = ["Page", "build", "build_batch", "cleaner", "page_of", "write_failed", "write_runs"]

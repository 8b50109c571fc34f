"""The report: every notebook as a page with the code folded and as one without it, and an index.

Pages stand alone: styles and figures are inside, nothing is fetched, no script is needed. Text that comes from
the data is escaped.
"""

from seglib.report.batch import build_batch
from seglib.report.build import build

__all__ = ["build", "build_batch"]

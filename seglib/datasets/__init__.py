"""Shops, invoice lines and surveys to learn and test with, whose truth is known.

`make_shop` generates a workbook or a folder of tables: with planted segments of a chosen separation, with customers who
differ only gradually, or with no structure at all; `make_months` the same shop at several month ends. `invoices` gives
the same kind of shop as one flat file of invoice lines, the worked example of a mapping file; `survey` a table with one
row per person and no transactions; `campaign` the outcomes of a campaign whose effect is known. Each comes from a seed,
so that the files in ``data/sample`` can be made again to the byte (`make sample`).
"""

from seglib.datasets.campaign import write_campaign
from seglib.datasets.months import make_months
from seglib.datasets.shop import make_shop
from seglib.datasets.student_shops import new_key, student_shop
from seglib.datasets.survey import write_survey

__all__ = [
    "make_months",
    "make_shop",
    "new_key",
    "student_shop",
    "write_campaign",
    "write_survey",
]

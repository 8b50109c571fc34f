"""datasets."""

from seglib.datasets.shop import make_shop
from seglib.datasets.survey import write_survey

__all__ = [
    "make_shop",
    "write_survey",
]

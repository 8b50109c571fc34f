"""05 Who belongs where, of customers who were not there?

A segmentation becomes one file, which can be passed on and is loaded without trust, and one SQL statement, which runs
where the customers are.
"""

from seglib.scoring.file import load_model, save_model
from seglib.scoring.model import SegmentModel, model_of
from seglib.scoring.score import deliver, score
from seglib.scoring.sql import scoring_sql

__all__ = [
    "SegmentModel",
    "deliver",
    "load_model",
    "model_of",
    "save_model",
    "score",
    "scoring_sql",
]

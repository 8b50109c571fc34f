"""05 To which segment do customers belong who were not in the run?

A `SegmentModel` is everything that places a customer: how features are made, the fitted pipeline of the recipe, the
centres, the radius beyond which a customer is an outlier, and the verdict. It holds no customer.

- In: what a run has made (`model_of`), or a model file (`load_model`, which refuses what `save_model` did not write).
- Out: segments by scikit-learn (`SegmentModel.describe`), or one SQL statement that gives the same segments in DuckDB,
  PostgreSQL, Spark and others (`scoring_sql`).
- `score` does all of it for a file: it is what ``seglib score`` runs. `deliver` writes model and statements for people.

Start with `score`; read `seglib.scoring.sql` to see how distances become SQL.
"""

from seglib.scoring.file import load_model, save_model
from seglib.scoring.model import ModelVerdict, SegmentModel, model_of
from seglib.scoring.score import deliver, model_for, score
from seglib.scoring.sql import beginning, scoring_sql

__all__ = [
    "ModelVerdict",
    "SegmentModel",
    "beginning",
    "deliver",
    "load_model",
    "model_for",
    "model_of",
    "save_model",
    "score",
    "scoring_sql",
]

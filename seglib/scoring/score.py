"""New files in, segments out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from seglib.errors import InputRefused
from seglib.run import Run
from seglib.scoring.file import save_model
from seglib.scoring.model import SegmentModel
from seglib.scoring.sql import NO_TRANSACTION, scoring_sql
from seglib.style import join_words, position

if TYPE_CHECKING:
    from seglib.ingest import Shop


@dataclass(frozen=True)
class Scored:
    """Where the customers of a source belong.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a customer: customer_id, segment (missing without a transaction), segment_name, confidence,
        second_segment, outlier, remark (what had to be assumed).
    shop : Shop
        What they were read from.
    """

    table: pd.DataFrame
    shop: Shop

    @property
    def text(self) -> str:
        """How many customers got a segment, how many did not, and of how many something had to be assumed."""
        sizes = self.table["segment"].value_counts()
        placed = ", ".join(f"{s} {sizes[s]:,}" for s in sorted(sizes.index, key=position))
        without = int((self.table["remark"] == NO_TRANSACTION).sum())
        assumed = int(self.table["remark"].notna().sum()) - without
        day = f" as of {self.shop.as_of:%Y-%m-%d}" if self.shop.as_of is not None else ""
        told = f"{int(sizes.sum()):,} customers have a segment{day}: {placed or 'none'}."
        if without:
            told += f" {without:,} have no transaction, and so no segment."
        if assumed:
            told += f" Of {assumed:,} something had to be assumed: see remark."
        return f"{told} {self.shop.text}"


def deliver(model: SegmentModel, run: Run) -> None:
    """Put the model, and the statement in DuckDB's dialect, from features and from tables, into the report of a run."""
    save_model(model, run.report_dir / "model.skops")
    run.write_text("scoring.sql", scoring_sql(model))
    run.write_text("scoring_from_tables.sql", scoring_sql(model, start="tables"))


def score(
    model: SegmentModel,
    source: str | Path,
    *,
    mapping: str | Path | None = None,
    as_of: str | None = None,
    max_reject_share: float = 0.05,
) -> Scored:
    """Place the customers of a source in the segments of a model, by `scoring_sql` on DuckDB.

    Parameters
    ----------
    model : SegmentModel
    source, mapping, as_of
        As in `seglib.ingest.shop.ingest`; it goes through the same contract as the source that the model was made of.
    max_reject_share : float, default=0.05
        Largest share of the rows of a table that may break a rule.

    Returns
    -------
    Scored

    Raises
    ------
    InputRefused
        If the source is refused, or lacks what the model is made of.
    """
    from seglib.ingest import ingest

    shop = ingest(source, as_of=as_of, mapping=mapping)
    shop.require(max_reject_share=max_reject_share)
    if model.observed and shop.as_of is None:
        raise InputRefused("the model describes customers by their transactions, and this source has none")
    there = set(shop.con.table("customers").columns)
    if lacking := [name for name in model.sources if name in model.variables and name not in there]:
        raise InputRefused(
            f"the model is made of {join_words(lacking)}, which the customers table of this source lacks"
        )
    seen = model
    if model.observed:
        seen = replace(model, study={**model.study, "as_of": shop.as_of.date().isoformat()})
    found = shop.con.sql(scoring_sql(seen, start="tables")).df()
    order = found["customer_id"].str.len().to_frame("length").assign(id=found["customer_id"])
    return Scored(found.loc[order.sort_values(["length", "id"]).index].reset_index(drop=True), shop)

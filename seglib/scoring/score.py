"""From the files of a shop to the segments of its customers, by a model that another run made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.campaign import ControlGroup
from seglib.clustering import Bootstrap, Segmentation
from seglib.errors import InputRefused
from seglib.preprocessing import Matrix
from seglib.run import Run, safe_csv
from seglib.schema.records import VerdictRecord
from seglib.scoring.file import save_model
from seglib.scoring.model import ModelVerdict, SegmentModel, model_of
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
        One row per customer: customer_id, segment (missing without a transaction), segment_name, confidence (the
        margin, see `seglib.clustering.SegmentKMeans.describe`), second_segment, outlier, remark (what had to be
        assumed). No probability: it belongs to the mixture that was fitted to the customers of the run
        (`seglib.clustering.membership_probability`), which is no part of the model.
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
        text = f"{int(sizes.sum()):,} customers have a segment{day}: {placed or 'none'}."
        if without:
            text += f" {without:,} have no transaction, and so no segment."
        if assumed:
            text += f" Of {assumed:,} something had to be assumed: see remark."
        return " ".join(part for part in (text, self.day_note, self.shop.text) if part)

    @property
    def day_note(self) -> str:
        """Where the day lies far from the data, what that does to the answer; empty where it does not."""
        if self.shop.as_of is None:
            return ""
        [(last, count, later)] = self.shop.con.sql(
            "SELECT max(transaction_date), count(*), count(*) FILTER (transaction_date > as_of) "
            "FROM transactions, study"
        ).fetchall()
        if last is None:
            return ""
        day = self.shop.as_of.date()
        if (day - last).days > FAR_DAYS:
            return (
                f"Note: {day} lies {(day - last).days:,} days after the last transaction ({last}), so all customers "
                "look as if they had stayed away for so long: is it the right day?"
            )
        if later > count / 2:
            return f"Note: {later:,} of {count:,} transactions lie after {day} and are not seen: is it the right day?"
        return ""

    def to_csv(self) -> str:
        """Return the table as CSV that is safe to open in a spreadsheet."""
        return safe_csv(self.table)


FAR_DAYS = 62
"""Days from the last transaction to the day of scoring, from which on the day is doubted."""

DELIVERED = ("model.skops", "scoring.sql", "scoring_from_tables.sql")
"""The files by which new customers are placed."""


def model_for(
    run: Run,
    fit: Segmentation,
    matrix: Matrix,
    bootstrap: Bootstrap,
    *,
    verdict: VerdictRecord | ModelVerdict,
) -> SegmentModel:
    """Put together the model of a run: `seglib.scoring.model_of` with what the run has written of features and recipe.

    Parameters
    ----------
    run : Run
        With the artefacts of 01 and 03.
    fit : Segmentation
    matrix : Matrix
        The matrix that was clustered, with its pipeline (`seglib.preprocessing.rebuild_matrix`).
    bootstrap : Bootstrap
    verdict : VerdictRecord or ModelVerdict
    """
    features = run.read("features")
    return model_of(
        fit,
        matrix,
        bootstrap,
        run=run.name,
        features=features,
        described=run.study().describe(features),
        recipe=run.read("recipe"),
        shop=run.read("shop"),
        verdict=verdict,
    )


def deliver(model: SegmentModel, run: Run, *, control: ControlGroup | None = None) -> str:
    """Write the model, and its statement in DuckDB's dialect from features and from tables, among the files for people.

    Where labels were given for which the nearest centre does not stand, or an algorithm of the analyst's own made
    segments that the nearest centre does not give back, nothing is written, and files of an earlier run are removed:
    they would place customers otherwise than the labels.

    Parameters
    ----------
    model : SegmentModel
        With the names of its segments (`SegmentModel.completed`).
    run : Run
    control : ControlGroup, optional
        Of the campaign that the lists are for: the statements then say of new customers, too, who is in it.

    Returns
    -------
    str
        What was written, or why nothing was.
    """
    labels = run.read("clustering").labels
    why_not = labels and (labels.why_no_model or labels.why_no_rule)
    if why_not:
        for file in DELIVERED:
            (run.out_dir / file).unlink(missing_ok=True)
        return f"There is no model that places new customers: {why_not}."
    save_model(model, run.out_dir / "model.skops")
    run.write_text("scoring.sql", scoring_sql(model, control=control))
    run.write_text("scoring_from_tables.sql", scoring_sql(model, start="tables", control=control))
    text = f"New customers can be placed: {join_words(list(DELIVERED))}."
    return f"{text} They go to the nearest centre of these segments." if labels else text


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
    columns = set(shop.con.table("customers").columns)
    if lacking := [name for name in model.sources if name in model.variables and name not in columns]:
        raise InputRefused(
            f"the model is made of {join_words(lacking)}, which the customers table of this source lacks"
        )
    if model.observed:  # the features are those of the day on which the new files are looked at
        model = replace(model, study={**model.study, "as_of": shop.as_of.date().isoformat()})
    table = _placed(shop, model)
    order = np.lexsort([table["customer_id"], table["customer_id"].str.len()])  # "9" before "10"
    return Scored(table.iloc[order].reset_index(drop=True), shop)


def _placed(shop: Shop, model: SegmentModel) -> pd.DataFrame:
    """Run the statement on a source; refuse one on which the features that an analyst has added cannot be computed."""
    import duckdb

    statement = scoring_sql(model, start="tables")
    if model.recipe.own_features is None:
        return shop.con.sql(statement).df()
    names = join_words(list(model.recipe.own_features.kinds))
    try:
        table = shop.con.sql(statement).df()
    except duckdb.Error as error:
        raise InputRefused(f"{names} cannot be computed from this source: {str(error).splitlines()[0]}") from None
    if table["customer_id"].duplicated().any():
        raise InputRefused(f"the statement of {names} has more than one row for a customer of this source")
    return table

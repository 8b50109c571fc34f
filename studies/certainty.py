"""Is certainty honest? Generated shops with planted segments: who is sure, and who is right.

    python studies/certainty.py              # 20 shops of each separation: a few minutes on one core
    python studies/certainty.py --shops 5
    python studies/certainty.py --table      # only write the summary again

Every shop goes from its tables to segments by the functions of the notebooks 01, 03 and 05, with k = 3, as many as were
planted. A customer is right in the segment that stands for the planted one (`seglib.clustering.planted_right`). What is
told of each customer is their agreement (the share of 100 bootstrap models that put them there) and their confidence
(1 - d1 / d2). Outcomes go to studies/certainty.csv, one line a shop, a measure and a band; the summary is
studies/certainty.md. A run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from seglib import clustering
from seglib.datasets import make_shop
from seglib.features import customer_features
from seglib.ingest import ingest
from seglib.preprocessing import customer_matrix

HERE = Path(__file__).parent
OUTCOMES, SUMMARY = HERE / "certainty.csv", HERE / "certainty.md"
SEPARATIONS = ("medium", "strong")
CUSTOMERS, PER_CUSTOMER, SEGMENTS, N_MODELS = 1000, 8, 3, 100
CONFIDENCE = (0.2, 0.4, 0.6)
"""Where confidence is cut; the lowest band is what 05 calls near a border."""


def one_shop(separation: str, seed: int) -> pd.DataFrame:
    """Make a shop, segment its customers, and count by band who is right: one row a measure and a band."""
    made = make_shop(
        customers=CUSTOMERS, transactions=PER_CUSTOMER * CUSTOMERS, segments=SEGMENTS, separation=separation, seed=seed
    )
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        made.write(Path(folder) / "shop")
        shop = ingest(str(Path(folder) / "shop"))
        features = customer_features(shop.con, as_of=f"{shop.as_of:%Y-%m-%d}")
        shop.con.close()
    matrix = customer_matrix(
        features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    ).table
    order = clustering.order_values(
        features.table, clustering.lettered_by(features.table, "n_burned", {}), matrix.index
    )
    fit = clustering.segment(matrix, k=SEGMENTS, order_by=order)
    own = fit.table["segment"].map({letter: place for place, letter in enumerate(fit.centres.index)}).to_numpy()
    X = matrix.to_numpy()
    models = clustering.bootstrap_models(X, fit.centres.to_numpy(), n_models=N_MODELS, seed=seed)
    agreement = pd.Series(models.agreement(X, own), matrix.index)
    truth = made.truth.astype({"customer_id": str}).set_index("customer_id")["segment"].loc[matrix.index]
    right = clustering.planted_right(fit.table["segment"], truth)
    margin = fit.table["margin"]
    return pd.concat(
        [
            _counted("agreement", clustering.bands(agreement), agreement, right),
            _counted("confidence", _cut(margin), margin, right),
        ]
    ).assign(separation=separation, seed=seed)


def _cut(margin: pd.Series) -> pd.Series:
    """Return the band that each customer's margin lies in."""
    edges = [0.0, *CONFIDENCE, 1.0]
    names = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return pd.cut(margin, [-np.inf, *CONFIDENCE, np.inf], labels=names, right=False)


def _counted(measure: str, band: pd.Series, value: pd.Series, right: pd.Series) -> pd.DataFrame:
    """Count who is right, add up what was promised, and say how well the measure ranks the right before the wrong."""
    by = pd.DataFrame({"band": band, "value": value, "right": right}).groupby("band", observed=False)
    found = by.agg(customers=("right", "size"), right=("right", "sum"), promised=("value", "sum")).reset_index()
    return found.assign(measure=measure, auc=round(_auc(value, right), 6))


def _auc(value: pd.Series, right: pd.Series) -> float:
    """Return how often of two customers, one right and one wrong, the right one has the greater value; ties half."""
    n_right, n_wrong = int(right.sum()), int((~right).sum())
    if not n_right or not n_wrong:
        return float("nan")
    return (rankdata(value)[right.to_numpy()].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong)


COLUMNS = ["separation", "seed", "measure", "band", "customers", "right", "promised", "auc"]


def summary(outcomes: pd.DataFrame) -> str:
    """Return the small tables, as Markdown."""
    lines = [
        "# Is certainty honest?",
        "",
        "Written by `python studies/certainty.py` from `studies/certainty.csv`. Generated shops of "
        f"{CUSTOMERS:,} customers",
        f"(`seglib.datasets.shop.make_shop`, {PER_CUSTOMER} transactions a customer) with {SEGMENTS} planted segments, "
        f"clustered with k = {SEGMENTS};",
        "customers of all shops of a kind together. Share right: in the segment that stands for the planted one; in",
        "brackets the lowest and the highest share of a single shop with at least ten customers in the band.",
    ]
    for separation, rows in outcomes.groupby("separation", sort=False):
        shops = rows["seed"].nunique()
        lines += ["", f"## {separation.capitalize()} separation, {shops} shops", ""]
        for measure, of in rows.groupby("measure", sort=False):
            lines += [_table(measure, of), ""]
        overall = rows[rows["measure"] == "agreement"]
        share = overall["right"].sum() / overall["customers"].sum()
        auc = rows.drop_duplicates(["seed", "measure"]).groupby("measure")["auc"].median()
        lines.append(
            f"Of all customers {share:.1%} are right. Of two customers, one right and one wrong, the right one has the "
            f"greater\nagreement in {auc['agreement']:.0%} and the greater confidence in {auc['confidence']:.0%} "
            "of all cases (median of the shops; chance: 50%, ties count half)."
        )
    lines += ["", *_said(outcomes)]
    return "\n".join(lines) + "\n"


def _table(measure: str, rows: pd.DataFrame) -> str:
    """Write one table, a row a band."""
    lines = [f"| {measure} | customers | of all | mean {measure} | share right |", "|---|---|---|---|---|"]
    total = rows["customers"].sum()
    for band, one in rows.groupby("band", sort=False):
        n = one["customers"].sum()
        if not n:
            lines.append(f"| {band} | 0 | 0.0% | | |")
            continue
        each = (one["right"] / one["customers"])[one["customers"] >= 10]
        spread = f" ({each.min():.1%} to {each.max():.1%})" if len(each) else ""
        mean = f"{one['promised'].sum() / n:.2f}"
        lines.append(f"| {band} | {n:,} | {n / total:.1%} | {mean} | {one['right'].sum() / n:.1%}{spread} |")
    return "\n".join(lines)


def _said(outcomes: pd.DataFrame) -> list[str]:
    """Say what the tables show, in numbers of theirs."""
    lines = ["## What it says", ""]
    of = outcomes[outcomes["measure"] == "agreement"]
    top = of["band"].iloc[len(of["band"].unique()) - 1]
    for separation, rows in of.groupby("separation", sort=False):
        highest, others = rows[rows["band"] == top], rows[rows["band"] != top]
        shares = [rows_["right"].sum() / max(1, rows_["customers"].sum()) for rows_ in (highest, others)]
        wrong = (highest["customers"] - highest["right"]).sum() / (rows["customers"] - rows["right"]).sum()
        lines.append(
            f"- {separation.capitalize()}: {top} agreement means {shares[0]:.1%} right, less means {shares[1]:.1%}. "
            f"Of the customers\n  who are wrong, {wrong:.0%} have {top} agreement."
        )
    lines += [
        "",
        "Agreement asks what another sample of the same customers would change. It cannot see that planted segments",
        "overlap, so that some customers lie across the border in every sample. Confidence falls towards the border.",
    ]
    return lines


def main() -> None:
    """Run what is missing, then write the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=20, help="so many of each separation")
    parser.add_argument("--table", action="store_true", help="only write the summary again")
    asked = parser.parse_args()
    known = set()
    if OUTCOMES.exists():
        known = set(pd.read_csv(OUTCOMES)[["separation", "seed"]].itertuples(index=False, name=None))
    for separation in SEPARATIONS:
        for seed in range(1, 1 + asked.shops):
            if asked.table or (separation, seed) in known:
                continue
            found = one_shop(separation, seed)[COLUMNS].round({"promised": 4})
            found.to_csv(OUTCOMES, mode="a", header=not OUTCOMES.exists(), index=False, lineterminator="\n")
            print(f"{separation} {seed}: {found['right'].sum() // 2} of {found['customers'].sum() // 2}", flush=True)
    SUMMARY.write_text(summary(pd.read_csv(OUTCOMES)), encoding="utf-8")
    print(f"written: {SUMMARY.name}")


if __name__ == "__main__":
    main()

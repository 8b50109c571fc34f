"""Is certainty honest? Generated shops with planted segments: who is sure, and who is right.

    python studies/certainty.py              # 20 shops of each separation: a few minutes on one core
    python studies/certainty.py --shops 5
    python studies/certainty.py --table      # only write the summary again

Every shop goes from its tables to segments by the functions of the notebooks 01, 03 and 05, with k = 3, as many as were
planted. A customer is right in the segment that stands for the planted one (`seglib.clustering.correctly_assigned`).
Two measures of each customer are compared with that: the agreement (the share of 100 bootstrap models that put them
there) and the margin (1 - d1 / d2), which readers see as confidence. Outcomes go to studies/certainty.csv, one line per
shop, measure and band; the summary is studies/certainty.md. A run that was broken off goes on where it stopped.
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
from seglib.study import Study

HERE = Path(__file__).parent
OUTCOMES, SUMMARY = HERE / "certainty.csv", HERE / "certainty.md"
SEPARATIONS = ("medium", "strong")
CUSTOMERS, PER_CUSTOMER, SEGMENTS, N_MODELS = 1000, 8, 3, 100
MARGIN_BANDS = (0.2, 0.4, 0.6)
"""Where the margin is cut; the lowest band is what 05 calls near a border."""


def one_shop(separation: str, seed: int) -> pd.DataFrame:
    """Make a shop, segment its customers, and count by band who is right: one row a measure and a band."""
    generated = make_shop(
        customers=CUSTOMERS, transactions=PER_CUSTOMER * CUSTOMERS, segments=SEGMENTS, separation=separation, seed=seed
    )
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        generated.write(Path(folder) / "shop")
        shop = ingest(str(Path(folder) / "shop"))
        features = customer_features(shop.con, Study(as_of=shop.record.as_of))
        shop.con.close()
    matrix = customer_matrix(
        features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    ).table
    fit = clustering.segment(matrix, k=SEGMENTS, order_by=features.table["n_burned"])
    X = matrix.to_numpy()
    models = clustering.bootstrap_models(X, fit.centres.to_numpy(), n_models=N_MODELS, seed=seed)
    agreement = pd.Series(models.agreement(X, fit.numbers.to_numpy()), matrix.index)
    truth = generated.truth.astype({"customer_id": str}).set_index("customer_id")["segment"].loc[matrix.index]
    right = clustering.correctly_assigned(fit.table["segment"], truth)
    margin = fit.table["margin"]
    return pd.concat(
        [
            _counted("agreement", clustering.bands(agreement), agreement, right),
            _counted("confidence", _margin_band(margin), margin, right),
        ]
    ).assign(separation=separation, seed=seed)


def _margin_band(margin: pd.Series) -> pd.Series:
    """Return the band that each customer's margin lies in."""
    edges = [0.0, *MARGIN_BANDS, 1.0]
    names = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return pd.cut(margin, [-np.inf, *MARGIN_BANDS, np.inf], labels=names, right=False)


def _counted(measure: str, band: pd.Series, value: pd.Series, right: pd.Series) -> pd.DataFrame:
    """Count who is right by band, sum the measure, and compute how well it ranks the right before the wrong (AUC)."""
    by = pd.DataFrame({"band": band, "value": value, "right": right}).groupby("band", observed=False)
    counts = by.agg(customers=("right", "size"), right=("right", "sum"), promised=("value", "sum")).reset_index()
    return counts.assign(measure=measure, auc=round(_auc(value, right), 6))


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
        f"(`seglib.datasets.make_shop`, {PER_CUSTOMER} transactions a customer) with {SEGMENTS} planted segments, "
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
    lines += ["", *_conclusions(outcomes)]
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


def _conclusions(outcomes: pd.DataFrame) -> list[str]:
    """Write what the tables show, with their numbers."""
    lines = ["## What it says", ""]
    of = outcomes[outcomes["measure"] == "agreement"]
    top = of["band"].iloc[len(of["band"].unique()) - 1]
    for separation, rows in of.groupby("separation", sort=False):
        highest, others = rows[rows["band"] == top], rows[rows["band"] != top]
        shares = [part["right"].sum() / max(1, part["customers"].sum()) for part in (highest, others)]
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
    arguments = parser.parse_args()
    finished = set()
    if OUTCOMES.exists():
        finished = set(pd.read_csv(OUTCOMES)[["separation", "seed"]].itertuples(index=False, name=None))
    for separation in SEPARATIONS:
        for seed in range(1, 1 + arguments.shops):
            if arguments.table or (separation, seed) in finished:
                continue
            outcome = one_shop(separation, seed)[COLUMNS].round({"promised": 4})
            outcome.to_csv(OUTCOMES, mode="a", header=not OUTCOMES.exists(), index=False, lineterminator="\n")
            right, customers = outcome["right"].sum() // 2, outcome["customers"].sum() // 2  # two measures of each
            print(f"{separation} {seed}: {right} of {customers}", flush=True)
    SUMMARY.write_text(summary(pd.read_csv(OUTCOMES)), encoding="utf-8")
    print(f"written: {SUMMARY.name}")


if __name__ == "__main__":
    main()

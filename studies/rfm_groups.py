"""RFM groups as shop platforms make them, for a run that was made: the worked example of somebody else's segments.

    python studies/rfm_groups.py --run sample --out groups.csv
    seglib run --run sample --from 05 --set labels=groups.csv

The rule is public and simple. Customers get a score from 1 to 5 for how recently they were there (5: the most recent
fifth) and one for how often (5: the most frequent fifth). A grid of five by five then has a name in each place, such as
"Champions" for those who were there recently and often. Shop platforms and tutorials differ in a few places of the
grid; the one below is the usual one with eleven names. Nothing in it is fitted to the data but the limits of the
fifths.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from seglib.interpretation import quintiles
from seglib.run import Run, safe_csv

GRID = (
    # frequency 1               2                      3                      4                      5
    ("Lost", "Hibernating", "At risk", "At risk", "Cannot lose them"),  # recency 1: longest ago
    ("Hibernating", "Hibernating", "At risk", "At risk", "Cannot lose them"),
    ("About to sleep", "About to sleep", "Need attention", "Loyal", "Loyal"),
    ("Promising", "Potential loyalists", "Potential loyalists", "Loyal", "Loyal"),
    ("New", "Potential loyalists", "Potential loyalists", "Champions", "Champions"),  # recency 5: most recent
)
"""Name by recency score (rows, 1 to 5) and frequency score (columns, 1 to 5)."""


def rfm_groups(features: pd.DataFrame) -> pd.Series:
    """Return the RFM group of every customer.

    Parameters
    ----------
    features : pandas.DataFrame
        ``features.parquet``: recency_days, n_coupons.

    Returns
    -------
    pandas.Series of str
        On the customers of ``features``, named segment.

    Examples
    --------
    >>> features = pd.DataFrame({"recency_days": [1, 50, 100, 200, 400], "n_coupons": [9, 1, 5, 3, 7]})
    >>> rfm_groups(features).tolist()
    ['Champions', 'Promising', 'Need attention', 'Hibernating', 'At risk']
    """
    recency = quintiles(-features["recency_days"]).astype(int)
    frequency = quintiles(features["n_coupons"]).astype(int)
    groups = [GRID[r - 1][f - 1] for r, f in zip(recency, frequency, strict=True)]
    return pd.Series(groups, features.index, name="segment")


def main() -> None:
    """Write the groups of a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="sample", help="a run that was made")
    parser.add_argument("--out", type=Path, default=Path("groups.csv"), help="the file to write")
    options = parser.parse_args()
    groups = rfm_groups(Run(options.run).read("features"))
    options.out.write_text(safe_csv(groups.rename_axis("customer_id").reset_index()), encoding="utf-8", newline="")
    print(f"written: {options.out} ({len(groups):,} customers, {groups.nunique()} groups)")


if __name__ == "__main__":
    main()

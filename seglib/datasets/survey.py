"""A sample of a ready table: one row a customer, from a survey, without a single transaction.

It exists for the worked example of a mapping that names the variables to segment by (``params/mappings/survey.yaml``).
Three kinds of customers are planted, and they overlap: a survey never shows groups as clear as a textbook. Some
answers are missing, and a few cannot be read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused

GROUP_COLUMNS = ("share", "age", "spread", "income", "score", "member", "woman")
"""What each of `GROUPS` states: its share, mean age and its spread, median income, mean score, shares of yes."""

GROUPS = {
    "young and keen": (0.38, 28, 6, 24_000, 68, 0.25, 0.55),
    "well-off and cool": (0.30, 45, 8, 52_000, 35, 0.35, 0.45),
    "older and loyal": (0.32, 61, 7, 31_000, 55, 0.80, 0.60),
}
"""The planted groups: share of the customers, and what their answers scatter around."""

INCOME_SPREAD, SCORE_SPREAD = 0.25, 13
"""Of income on the scale of logarithms; of the score in points."""

CITIES, CITY_SHARES = ("Genoa", "Lisbon", "Naples", "Porto", "Seville"), (0.3, 0.25, 0.2, 0.15, 0.1)
MISSING = {"age": 0.02, "income": 0.06, "score": 0.01, "member": 0.03, "city": 0.01}
"""Share of the customers who did not answer a question."""

UNREADABLE = {"age": ("forty", "?"), "income": ("rather not say", "enough", "2 jobs"), "member": ("maybe",)}
"""Answers that are none, each of one customer."""


def survey(customers: int = 200, *, seed: int = 7) -> pd.DataFrame:
    """Write the answers to a survey.

    Parameters
    ----------
    customers : int, default=200
        At least 10.
    seed : int, default=7
        Same number and seed, same answers.

    Returns
    -------
    pandas.DataFrame
        One row a customer, all cells text, missing where there is no answer: id (``R001``), age (years), income (EUR
        a year), score (how much they like to buy, 1 to 100), gender, member (``yes`` or ``no``), city.

    Raises
    ------
    ParameterRefused
        If there are too few customers.
    """
    if customers < 10:
        raise ParameterRefused(f"a survey has at least 10 customers, not {customers}", parameter="customers")
    rng = np.random.default_rng(seed)
    of_group = dict(zip(GROUP_COLUMNS, np.array(list(GROUPS.values())).T, strict=True))
    group = rng.choice(len(GROUPS), customers, p=of_group["share"])
    numbers = {
        "age": np.clip(rng.normal(of_group["age"][group], of_group["spread"][group]), 18, 90),
        "income": np.round(of_group["income"][group] * np.exp(rng.normal(0, INCOME_SPREAD, customers)), -2),
        "score": np.clip(rng.normal(of_group["score"][group], SCORE_SPREAD), 1, 100),
    }
    width = max(3, len(str(customers)))
    table = pd.DataFrame(
        {
            "id": [f"R{i:0{width}d}" for i in range(1, customers + 1)],
            **{name: pd.Series(np.round(values).astype("int64").astype(str)) for name, values in numbers.items()},
            "gender": np.where(rng.random(customers) < of_group["woman"][group], "Female", "Male"),
            "member": np.where(rng.random(customers) < of_group["member"][group], "yes", "no"),
            "city": rng.choice(CITIES, customers, p=CITY_SHARES),
        },
        dtype="str",
    )
    for name, missing in MISSING.items():
        table[name] = table[name].mask(rng.random(customers) < missing)
    odd = [(name, answer) for name, answers in UNREADABLE.items() for answer in answers]
    for row, (name, answer) in zip(rng.choice(customers, len(odd), replace=False), odd, strict=True):
        table.loc[row, name] = answer
    return table


def write_survey(out: str | Path, *, customers: int = 200, seed: int = 7) -> Path:
    """Write a survey as a plain CSV file, and return its path. Same arguments, same bytes."""
    out = Path(out)
    if out.suffix.lower() != ".csv":
        raise ParameterRefused(f"a survey is written to a path that ends in .csv, not '{out}'", parameter="out")
    out.parent.mkdir(parents=True, exist_ok=True)
    survey(customers, seed=seed).to_csv(out, index=False, lineterminator="\n", encoding="utf-8")
    return out

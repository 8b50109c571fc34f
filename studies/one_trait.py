"""How often does one trait by itself show two kinds of customers? Generated shops and tables of 1,000 customers.

    python studies/one_trait.py              # 60 of every kind: about ten minutes
    python studies/one_trait.py --only lag --number 20

Two rules are compared on the same data: the rule of `seglib.k_selection.one_trait_tests`, and the usual one, in which
two normal components must be better than one by the BIC and have a valley between them. Results are written to
studies/one_trait.csv, kind by kind; an interrupted run continues where it stopped. The summary is studies/one_trait.md.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from seglib.k_selection import one_trait_tests
from seglib.schema.records import VariableRecord
from seglib.stats import TwoComponents, log_likelihood, wilson
from seglib.study import Study

HERE = Path(__file__).parent
N, WINDOW, AS_OF = 1_000, 60, "2026-06-30"
DAYS_PER_MONTH = 365.25 / 12

SHOPS = {
    "engagement": "one factor moves everything",
    "independent": "independent gradual traits",
    "wide burning": "chance to burn with a standard deviation of 1.6 logits",
    "Pareto": "rates with a Pareto tail",
    "lifetimes": "customers lapse, exponential lifetimes",
    "fading": "rates fade exponentially",
    "waves": "customers joined in two waves",
    "waves, flat": "two waves, and counts that do not grow with the time since joining",
    "one or two": "one or two coupons each",
    "uniform": "customers alike, days to burn uniform",
    "lag": "two groups, 8 and 30 days to burn",
    "never": "40% never burn",
    "rate": "two groups by rate",
    "spend": "two groups by amount, 30% and 70%",
}
TABLES = {
    "normal": "six normal columns",
    "t": "t with 3 degrees of freedom",
    "lognormal": "six lognormal columns",
    "uniform columns": "six uniform columns",
    "gamma": "six gamma columns, shape 2",
    "rounded": "normal, rounded to whole numbers",
    "heaped": "rounded, and 40% rounded to tens",
    "bimodal": "one of six columns: two normals 4 sd apart, 60/40",
    "bimodal 3": "one of six columns: 3 sd apart, 60/40",
    "bimodal 90": "one of six columns: 5 sd apart, 90/10",
}
WITH_GROUPS = ("lag", "never", "rate", "spend", "bimodal", "bimodal 3", "bimodal 90")


def shop(kind: str, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the features and transactions of a shop: about 8 coupons a customer."""
    z = rng.standard_normal((N, 5))
    group = rng.random(N)
    months = rng.uniform(1, 24, N)
    rate, logit, lag, spend = 0.6 * z[:, 1], -0.3 + 0.8 * z[:, 2], np.log(20) + 0.4 * z[:, 3], 3 + 0.5 * z[:, 4]
    if kind == "engagement":
        mixed = 0.8 * z[:, :1] + 0.6 * z[:, 1:]
        rate, logit, lag, spend = (mixed * [0.7, 1.0, -0.5, 0.6] + [0, -0.3, np.log(20), 3]).T
    elif kind == "wide burning":
        logit = -0.3 + 1.6 * z[:, 2]
    elif kind == "Pareto":
        rate = np.log(rng.pareto(1.5, N) + 1)
    elif kind.startswith("waves"):
        months = np.where(group < 0.5, 22, 5) + 0.5 * z[:, 0]
    elif kind == "uniform":
        rate, logit, spend = np.zeros(N), np.zeros(N), np.full(N, 3.0)
    elif kind == "lag":
        lag = np.log(np.where(group < 0.5, 8, 30)) + 0.2 * z[:, 3]
    elif kind == "never":
        logit = np.where(group < 0.4, -30, 0.6 * z[:, 2])
    elif kind == "rate":
        rate = np.log(np.where(group < 0.5, 0.4, 3)) + 0.3 * z[:, 1]
    elif kind == "spend":
        spend = np.where(group < 0.3, 4.5, 3) + 0.3 * z[:, 4]
    active = np.minimum(months, rng.exponential(6, N)) if kind == "lifetimes" else months
    fade = rng.exponential(0.15, N) if kind == "fading" else np.full(N, 1e-9)
    expected = np.exp(rate) * (1 if kind == "waves, flat" else -np.expm1(-fade * active) / fade)
    # the mean of a Pareto tail is that of a few customers: there the median is set
    expected *= 4 / np.median(expected) if kind == "Pareto" else 8 / expected.mean()
    number = rng.integers(1, 3, N) if kind == "one or two" else rng.poisson(np.minimum(expected, 400))
    who = np.repeat(np.arange(N), number)
    moment = -np.log1p(rng.random(len(who)) * np.expm1(-fade * active)[who]) / fade[who]
    age = ((months[who] - moment) * DAYS_PER_MONTH).astype(int)
    burned = rng.random(len(who)) < 1 / (1 + np.exp(-logit[who]))
    days = rng.gamma(2, np.exp(lag[who]) / 2)
    days = rng.integers(0, WINDOW, len(who)) if kind == "uniform" else np.minimum(days.astype(int), WINDOW)
    amount = np.exp(spend[who] + 0.5 * rng.standard_normal(len(who)))
    claimed = pd.Series(pd.Timestamp(AS_OF) - pd.to_timedelta(age, unit="D"))
    transactions = pd.DataFrame(
        {
            "customer_id": who,
            "transaction_date": claimed,
            "transaction_status": np.where(burned, "burned", "subscribed"),
            "burn_date": (claimed + pd.to_timedelta(days, unit="D")).where(burned),
            "amount": amount,
        }
    )
    matured = age >= WINDOW
    counts = pd.DataFrame(
        {
            "n_coupons": 1,
            "n_matured": matured.astype(int),
            "n_matured_burned": (matured & burned).astype(int),
            "lag_days": days * (matured & burned),
            "spend": amount,
        }
    )
    features = counts.groupby(who).sum()
    features["months_observed"] = np.maximum(months[features.index], 1)
    # the tests use the counts; the features only say what the shop records
    for name in ("coupons_per_month", "burn_rate", "days_to_burn", "spend_per_month"):
        features[name] = 1.0
    return features, transactions


def table(kind: str, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a table of customers with six numeric columns."""
    size = (N, 6)
    z, group = rng.standard_normal(size), rng.random(N)
    if kind == "t":
        z = rng.standard_t(3, size)
    elif kind == "lognormal":
        z = np.exp(z)
    elif kind == "uniform columns":
        z = rng.random(size)
    elif kind == "gamma":
        z = rng.gamma(2, 1, size)
    elif kind == "rounded":
        z = np.round(45 + 13 * z)
    elif kind == "heaped":
        z = np.where(rng.random(size) < 0.4, np.round((45 + 13 * z) / 10) * 10, np.round(45 + 13 * z))
    elif kind == "bimodal":
        z[:, 0] += np.where(group < 0.4, 4, 0)
    elif kind == "bimodal 3":
        z[:, 0] += np.where(group < 0.4, 3, 0)
    elif kind == "bimodal 90":
        z[:, 0] += np.where(group < 0.1, 5, 0)
    return pd.DataFrame(z, columns=[f"score_{j}" for j in range(6)])


def usual_rule(trait) -> bool:
    """Return whether two normal components are better than one by the BIC, with a valley and 5% in the smaller."""
    records, two = trait.records, trait.test.two

    def loss(theta: np.ndarray) -> float:
        mean, sd = np.array([theta[0], theta[0]]), np.exp([theta[1], theta[1]])
        return -log_likelihood(records, TwoComponents(np.array([1.0, 0.0]), mean, sd).cells(records.edges))

    start = np.array([two.share @ two.mean, np.log(np.sqrt(two.share @ (two.sd**2)) + 1e-9)])
    starts = [start, start + np.array([0, 0.7])]
    one = -min(minimize(loss, point, method="Nelder-Mead").fun for point in starts)
    ratio = 2 * (log_likelihood(records, two.cells(records.edges)) - one)
    return bool(ratio > 3 * np.log(records.counts.sum()) and two.has_valley and two.share.min() >= 0.05)


def results(kind: str, number: int) -> pd.DataFrame:
    """Return one row per draw of a kind: what either rule says, and the time."""
    rows = []
    for seed in range(number):
        rng = np.random.default_rng([seed, *kind.encode()])
        if kind in SHOPS:
            features, transactions = shop(kind, rng)
            study = Study(as_of=AS_OF, burn_window=WINDOW)
        else:
            features, transactions = table(kind, rng), None
            study = Study(variables={name: VariableRecord(kind="numeric") for name in features})
        start = time.process_time()
        tests = one_trait_tests(features, study=study, transactions=transactions, seed=seed)
        seconds = time.process_time() - start
        usual = [trait.feature.name for trait in tests.traits if usual_rule(trait)]
        rows.append((kind, seed, " ".join(tests.two_kinds), " ".join(usual), round(seconds, 2)))
    return pd.DataFrame(rows, columns=["kind", "seed", "two_kinds", "usual_rule", "seconds"])


def summary(outcomes: pd.DataFrame) -> str:
    """Return the summary in Markdown."""
    lines = [
        "# How often does one trait by itself show two kinds of customers?",
        "",
        "Shops and tables of 1,000 customers, about 8 coupons a customer; made by `python studies/one_trait.py`. "
        "Counted are draws in which any feature shows two kinds, with the 95% interval (Wilson). The usual rule: two "
        "normal components are better than one by the BIC, have a valley between them, and 5% in the smaller.",
        "",
        "| kind | what it is | number | two kinds | interval | in | usual rule | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for title, with_groups in (("without groups", False), ("with two groups", True)):
        lines.append(f"| **{title}** | | | | | | | |")
        for kind, what in (SHOPS | TABLES).items():
            part = outcomes[outcomes["kind"] == kind]
            if part.empty or (kind in WITH_GROUPS) != with_groups:
                continue
            any_, usual = (part["two_kinds"] != ""), (part["usual_rule"] != "")
            low, high = wilson(any_.mean(), len(part))
            where = ", ".join(f"{name} {n}" for name, n in part.loc[any_, "two_kinds"].value_counts().items())
            lines.append(
                f"| {kind} | {what} | {len(part)} | {any_.mean():.0%} | {low:.0%} to {high:.0%} | {where} | "
                f"{usual.mean():.0%} | {part['seconds'].mean():.2f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw, test, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*SHOPS, *TABLES])
    parser.add_argument("--number", type=int, default=60)
    options = parser.parse_args()
    if options.only:
        print(summary(results(options.only, options.number)))
        return
    path = HERE / "one_trait.csv"
    outcomes = pd.read_csv(path, keep_default_na=False) if path.exists() else pd.DataFrame()
    for kind in [*SHOPS, *TABLES]:
        if len(outcomes) and (outcomes["kind"] == kind).any():
            continue
        outcomes = pd.concat([outcomes, results(kind, options.number)], ignore_index=True)
        outcomes.to_csv(path, index=False, lineterminator="\n")
        (HERE / "one_trait.md").write_text(summary(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()

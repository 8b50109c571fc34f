"""How often a reading of a campaign claims what is not so, and how often its intervals hold the truth.

    python -m studies.campaigns            # writes studies/campaigns.csv and studies/campaigns.md
    python -m studies.campaigns --sums     # more tests of 100,000 customers, by their sums alone
    python -m studies.campaigns --table    # writes studies/campaigns.md again

Customers in three segments burn a coupon with probabilities of .5, .3 and .1; those who burn spend a lognormal amount
(mean 28, skewness about 4). Some are kept back as control group, by chance. The campaign does nothing, or adds ten
points everywhere. Every test is read as `seglib.campaign.read_campaign` reads it, with two outcomes. A run
that was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm, t

from seglib.campaign.effects import estimate_effects
from seglib.stats import (
    FARTHEST,
    ArmMoments,
    Difference,
    ReassignedArms,
    arm_moments,
    few_for_their_skewness,
    holm,
    reassign,
    score_variance,
)

HERE = Path(__file__).parent
RATES, PARTS = np.array([0.5, 0.3, 0.1]), np.array([0.5, 0.3, 0.2])
MANY = 10_000
"""From so many customers on, arms are reassigned only where that can change something, and 99 times."""
MEAN_SPEND = float(np.exp(3 + 0.8**2 / 2))
SEEDS_OF_CLAIMS = 1_000
"""Seeds below are those of the tests whose claims are counted; intervals are counted with others."""
INTERVALS = "tests of intervals"

# customers, share kept back in each segment, what the campaign adds
KINDS = {
    f"{n:,} customers, {text}, {effect}": (n, shares, lift)
    for effect, lift in {"no effect": 0.0, "10 points": 0.1}.items()
    for n in (300, 5_000, 100_000)
    for text, shares in {
        "10% control": (0.1, 0.1, 0.1),
        "half control": (0.5, 0.5, 0.5),
        "5/10/30% control": (0.05, 0.10, 0.30),
    }.items()
}


def made_up(n: int, shares: tuple[float, ...], lift: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return one test: burned and spend of every customer, who is in the control group, and numbers of segments."""
    rng = np.random.default_rng([seed, n, int(1000 * lift), int(1000 * shares[0])])
    place = rng.choice(3, n, p=PARTS)
    control = rng.random(n) < np.array(shares)[place]
    burned = rng.random(n) < RATES[place] + lift * ~control
    spend = np.where(burned, rng.lognormal(3, 0.8, n), 0.0)
    return np.column_stack([burned, spend]), control, place


def counted(n: int, shares: tuple[float, ...], lift: float, *, n_tests: int, n_permutations: int) -> Iterator[dict]:
    """Read tests as `seglib.campaign.read_campaign` does, and yield what of each was claimed and covered."""
    outcomes = {"burned": ("share", lift), "spend": ("mean", lift * MEAN_SPEND)}
    for seed in range(n_tests):
        values, control, place = made_up(n, shares, lift, seed)
        segment = pd.Series(np.array(list("ABC"))[place])
        p, q, row = [], [], {}
        for column, (outcome, (kind, truth)) in zip(values.T, outcomes.items(), strict=True):
            options = {"kind": kind, "seed": seed, "n_permutations": n_permutations}
            if kind == "mean" and n > MANY:
                options["n_permutations"] = _needed_permutations(column, control, segment, n_permutations)
            effects = estimate_effects(outcome, column, control, segment, **options)
            p.append(effects.p)
            q.append(effects.heterogeneity.p)
            has_interval = effects.table["low"].notna().to_numpy()
            held = effects.table["low"].le(truth).to_numpy() & effects.table["high"].ge(truth).to_numpy()
            row[f"{outcome}: overall"] = held[0] if has_interval[0] else np.nan
            row[f"{outcome}: per segment"] = held[1:][has_interval[1:]].mean() if has_interval[1:].any() else np.nan
            row[f"{outcome}: without interval"] = 1 - has_interval[1:].mean()
        yield {
            "claim": bool((holm(pd.Series(p)) < 0.05).any()),
            "segments differ": bool((holm(pd.Series(q)) < 0.05).any()),
            **row,
        }


def _needed_permutations(values: np.ndarray, control: np.ndarray, segment: pd.Series, n_permutations: int) -> int:
    """Return 0 where reassigning the arms changes nothing that is counted here: it could only take a claim back."""
    codes = pd.Categorical(segment).codes.astype(int)
    fewer = min(n_permutations, 99)
    if few_for_their_skewness(values, control, codes, 3).any():
        return fewer
    effects = estimate_effects("spend", values, control, segment, kind="mean", n_permutations=0)
    # 99 reassigned arms never take back a claim that is many standard errors away
    claims = [p for p in (effects.p, effects.heterogeneity.p) if 1e-6 < p < 0.05]
    return fewer if claims else 0


def covered(n: int, shares: tuple[float, ...], lift: float, *, n_tests: int, n_permutations: int) -> Iterator[dict]:
    """Read other tests, for their intervals alone, and yield what of each was covered.

    An interval holds every effect that its test does not reject. So whether it holds the truth is found by that one
    test, which takes a fraction of the time that its two ends take; all else is as in
    `seglib.campaign.effects.estimate_effects`. Shares of all tests are compared at once.
    """
    counts = []
    for seed in range(SEEDS_OF_CLAIMS, SEEDS_OF_CLAIMS + n_tests):
        values, control, codes = made_up(n, shares, lift, seed)
        burned, spend = (arm_moments(column, control, codes, 3) for column in values.T)
        counts.append((burned.mean * burned.n, burned.n, burned.mean_control * burned.n_control, burned.n_control))
        yield _covered_means(values[:, 1], control, codes, spend, lift * MEAN_SPEND, n_permutations, seed)
    yield from _covered_shares(np.moveaxis(np.array(counts), 1, 0), lift)


def _covered_means(
    values: np.ndarray,
    control: np.ndarray,
    codes: np.ndarray,
    moments: ArmMoments,
    truth: float,
    n_permutations: int,
    seed: int,
) -> dict:
    """Say whether the intervals of a mean hold the truth: overall and per segment."""
    compared = np.flatnonzero((moments.n > 1) & (moments.n_control > 1))
    rows = np.isin(codes, compared)
    sample = values[rows], control[rows], np.searchsorted(compared, codes[rows])
    few = few_for_their_skewness(*sample, len(compared))
    arms = None
    if few.any():
        arms = reassign(*sample, n_permutations=n_permutations, rng=np.random.default_rng(seed))
    held = np.full(3, np.nan)
    for number, place in enumerate(compared):
        welch = moments.at(np.array([place])).overall()
        held[place] = _holds(welch, arms if few[number] else None, np.array([number]), truth)
    overall = _holds(moments.at(compared).overall(), arms, np.arange(len(compared)), truth)
    return _shares_held("spend", overall, held)


def _holds(welch: Difference, arms: ReassignedArms | None, strata: np.ndarray, truth: float) -> float:
    """Say whether an interval of a mean holds the truth, 1 or 0; NaN where there is none."""
    if not welch.se > 0:
        return np.nan
    if arms is None:
        return float(welch.low <= truth <= welch.high)
    far = FARTHEST * welch.se
    if any(arms.excess(welch.value + side * far, strata, side=side) <= 0 for side in (-1, 1)):
        return np.nan
    # an interval may end exactly at no effect, which it holds: rounding must not decide
    beside = truth + np.copysign(1e-4 * welch.se, welch.value - truth)
    return float(all(arms.excess(beside, strata, side=side) <= 0 for side in (-1, 1)))


def _covered_shares(counts: np.ndarray, truth: float) -> Iterator[dict]:
    """Say whether the score intervals of shares hold the truth, of many tests at once.

    ``counts`` has successes and customers of the treated, then of the control arm: shape (4, n_tests, 3).
    """
    x, size, y, other = counts
    z = norm.ppf(0.975)
    both_arms = (size > 0) & (other > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference, variance = x / size - y / other, score_variance(x, size, y, other, truth)
    weight = np.where(both_arms, size + other, 0)
    weight = weight / weight.sum(axis=1, keepdims=True)
    squared = (weight**2 * np.where(both_arms, variance, 0)).sum(axis=1)
    # where the same share burned in both arms, nobody or everybody, an interval begins at no difference, and holds it
    overall = np.abs((weight * np.where(both_arms, difference, 0)).sum(axis=1) - truth) <= z * np.sqrt(squared) + 1e-9
    held = np.where(both_arms, np.abs(difference - truth) <= z * np.sqrt(variance) + 1e-9, np.nan)
    for of_all, by_segment in zip(overall, held, strict=True):
        yield _shares_held("burned", float(of_all), by_segment)


def _shares_held(outcome: str, overall: float, held: np.ndarray) -> dict:
    has_interval = ~np.isnan(held)
    return {
        f"{outcome}: overall": overall,
        f"{outcome}: per segment": held[has_interval].mean() if has_interval.any() else np.nan,
        f"{outcome}: without interval": 1 - has_interval.mean(),
    }


def counted_by_sums(n: int, shares: tuple[float, ...], lift: float, *, n_tests: int, seed: int = 99) -> Iterator[dict]:
    """Draw the sums of both arms instead of customers, and read them by the formulas.

    With so many customers, reassigning the arms can only take a claim back.
    """
    rng = np.random.default_rng([seed, n, int(1000 * lift), int(1000 * shares[0])])
    rates = np.array([RATES + lift, RATES])
    size = rng.multinomial(n, PARTS, size=n_tests)
    n_control = rng.binomial(size, shares)
    sizes = np.stack([size - n_control, n_control], axis=1)
    burned = rng.binomial(sizes, rates)
    counts = np.array([burned[:, 0], sizes[:, 0], burned[:, 1], sizes[:, 1]], dtype=float)
    of_shares = zip(_p_of_shares(counts), _covered_shares(counts, lift), strict=True)
    for of_both, of_arms, (p_share, covered_shares) in zip(burned, sizes, of_shares, strict=True):
        spend, starts = rng.lognormal(3, 0.8, of_both.sum()), np.cumsum([0, *of_both.ravel()[:-1]])
        total, squares = (np.add.reduceat(x, starts).reshape(of_arms.shape) for x in (spend, spend**2))
        mean = total / of_arms
        variance = (squares - of_arms * mean**2) / (of_arms - 1)
        moments = ArmMoments(mean[0], variance[0], of_arms[0], mean[1], variance[1], of_arms[1])
        overall, truth = moments.overall(), lift * MEAN_SPEND
        reach = t.ppf(0.975, moments.df) * np.sqrt(moments.squared_errors)
        held = (np.abs(moments.difference - truth) <= reach).astype(float)
        p = np.array([p_share, (overall.p, moments.heterogeneity().p)])
        claim, differ = 2 * p.min(axis=0) < 0.05  # the first step of Holm's procedure
        of_means = _shares_held("spend", float(overall.low <= truth <= overall.high), held)
        yield {"claim": claim, "segments differ": differ, **covered_shares, **of_means}


def _p_of_shares(counts: np.ndarray) -> np.ndarray:
    """Return p of no difference and of one difference everywhere, of many tests at once: shape (n_tests, 2).

    As `seglib.stats.share_difference` and `seglib.stats.share_heterogeneity` have them.
    """
    x, size, y, other = counts
    weight, difference = (size + other) / (size + other).sum(axis=1, keepdims=True), x / size - y / other
    common = (weight * difference).sum(axis=1)
    null = np.sqrt((weight**2 * score_variance(x, size, y, other, 0.0)).sum(axis=1))
    precision = 1 / score_variance(x, size, y, other, common[:, None])
    mean = (precision * difference).sum(axis=1, keepdims=True) / precision.sum(axis=1, keepdims=True)
    q = (precision * (difference - mean) ** 2).sum(axis=1)
    return np.column_stack([2 * norm.sf(np.abs(common) / null), chi2.sf(q, 2)])


def main() -> None:
    """Read all kinds and write the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("kinds", nargs="*", help="Words of the kinds to run; default: all.")
    options.add_argument("--tests", type=int, default=1000)
    options.add_argument("--permutations", type=int, default=199)
    options.add_argument("--intervals", action="store_true")
    options.add_argument("--sums", action="store_true")
    options.add_argument("--table", action="store_true")
    given = options.parse_args()
    file = HERE / "campaigns.csv"
    rows = {row["kind"]: row for row in pd.read_csv(file).to_dict("records")} if file.exists() else {}
    kinds = {kind: asked for kind, asked in KINDS.items() if all(word in kind for word in given.kinds)}
    for kind, asked in () if given.table else kinds.items():
        row = _row_of(kind, asked, rows, given)
        if row is not None:
            print(row, flush=True)
            rows[row["kind"]] = {**rows.get(row["kind"], {}), **row}
            pd.DataFrame(rows.values()).to_csv(file, index=False, lineterminator="\n")
    (HERE / "campaigns.md").write_text(report(pd.DataFrame(rows.values())), encoding="utf-8")


def _row_of(kind: str, asked: tuple, rows: dict[str, dict], given: argparse.Namespace) -> dict | None:
    """Run one kind in the way that was asked for, and return its row; None where it was run already."""
    n, shares, lift = asked
    if given.sums:
        kind, results = f"{kind}, by sums", counted_by_sums(n, shares, lift, n_tests=given.tests)
        row = {"kind": kind, "tests": given.tests, INTERVALS: given.tests}
        is_done = n <= MANY or rows.get(kind, {}).get(INTERVALS) == given.tests
    elif given.intervals:
        results = covered(n, shares, lift, n_tests=given.tests, n_permutations=given.permutations)
        row = {"kind": kind, INTERVALS: given.tests}
        is_done = n > MANY or rows.get(kind, {}).get(INTERVALS) == given.tests
    else:
        results = counted(n, shares, lift, n_tests=given.tests, n_permutations=given.permutations)
        row = {"kind": kind, "tests": given.tests, INTERVALS: given.tests}
        is_done = kind in rows
    return None if is_done else row | pd.DataFrame(results).mean().round(4).to_dict()


def report(table: pd.DataFrame) -> str:
    """Write the table with what it says."""
    shown = table.copy()
    for column in shown.columns:
        if column in ("tests", INTERVALS):
            shown[column] = shown[column].map(lambda n: "" if pd.isna(n) else f"{n:,.0f}")
        elif column != "kind":
            shown[column] = shown[column].map(lambda share: "" if pd.isna(share) else f"{share:.1%}")
    intervals = table.set_index("kind").filter(regex="overall|per segment").stack().dropna()
    no_effect = table.set_index("kind")
    claims = pd.concat(
        [
            no_effect.loc[no_effect.index.str.contains("no effect"), ["claim"]].stack(),
            no_effect[["segments differ"]].stack(),
        ]
    ).dropna()
    missing = [kind for kind in KINDS if not {kind, f"{kind}, by sums"} & set(table["kind"])]
    not_run = f"Not run yet: {'; '.join(missing)}.\n\n" if missing else ""
    errors = "; ".join(f"{n:,} tests: {100 * np.sqrt(0.95 * 0.05 / n):.2f} points" for n in (1_000, 10_000))
    head = "| " + " | ".join(shown.columns) + " |\n|" + "---|" * len(shown.columns) + "\n"
    body = "".join("| " + " | ".join(map(str, row)) + " |\n" for row in shown.itertuples(index=False))
    return (
        "# How often a reading of a campaign errs\n\n"
        f"{__doc__.split(chr(10) * 2)[2].strip()}\n\n"
        "`claim`: of at least one of two outcomes it is said that the campaign did something (after Holm). "
        "`segments differ`: of at least one it is said that segments answer differently (Cochran's Q, after Holm). "
        "Where there is no effect, both should be at most 5%; so should `segments differ` with the same effect "
        "everywhere "
        "(ten points more burns add the same mean spend in each segment). "
        "The other columns: how often 95% intervals hold the truth, of all together and per segment, and how many "
        "segments have too few customers for one. "
        "Where an arm is small for its skewness (Cochran's rule), intervals of spend come from reassigning the arms at "
        "random, else from Welch. "
        f"Standard error of a share of 5%: {errors}.\n\n"
        f"{head}{body}\n"
        f"{_outside(intervals, 0.94, 0.96, 'Of the shares of intervals that hold the truth', '94 to 96%')}\n\n"
        "Segments of 300 customers have 5 to 15 of them as control group. Where nobody of those spent anything, the "
        "interval ends exactly at no effect, and holds it: no division of so few customers is unlikely enough to "
        "reject it. So with no effect such intervals hold the truth more often than they have to.\n\n"
        f"{_outside(claims, 0.0, 0.05, 'Of the claims where there is nothing', 'at most 5%')} Rows `by sums` are the "
        "same kinds, with ten times as many tests.\n\n"
        f"{not_run}Made by `python -m studies.campaigns` (claims), `--intervals --tests 10000 --permutations 119` "
        "(intervals), and `--sums --tests 10000` (rows `by sums`: the sums of both arms were drawn, and read by the "
        "formulas).\n"
    )


def _outside(cells: pd.Series, low: float, high: float, what: str, aim: str) -> str:
    """Say which cells of the table lie outside of what is aimed at."""
    outside = cells[(cells < low) | (cells > high)]
    if outside.empty:
        return f"{what}, all {len(cells)} are {aim}."
    listed = "; ".join(f"{kind}, {column} {share:.1%}" for (kind, column), share in outside.items())
    return f"{what}, {len(cells) - len(outside)} of {len(cells)} are {aim}; not: {listed}."


if __name__ == "__main__":
    main()

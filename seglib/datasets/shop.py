"""Make a shop: six tables like those of a coupon platform, with planted segments or with none.

The generator exists so that every claim of this project can be checked against a truth. The truth goes to
``truth.csv`` beside the tables; no notebook reads it.

A customer has four traits: how often they claim a coupon, how likely they burn it, how long they take, and
whether they are still active. A planted segment is a corner of that four-dimensional cube (`ARCHETYPES`), and
``separation`` says how far from the middle the corners lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.special import expit

from seglib.datasets.invoices import invoice_lines
from seglib.errors import ParameterRefused

Separation = Literal["none", "continuum", "weak", "medium", "strong"]

FIRST_DAY, LAST_DAY = np.datetime64("2024-07-01"), np.datetime64("2026-06-30")
BURN_WINDOW = 90
"""A coupon can be burned on the day of its claim and on the 89 days after it."""

SHIFT: dict[str, float] = {"weak": 0.3, "medium": 0.6, "strong": 1.0}
"""How far from the middle planted segments lie, as a share of the distances in `CONTRAST`."""

ARCHETYPES: dict[str, tuple[int, int, int, int]] = {
    # claims often, burns, takes long, stays: any two archetypes differ in at least two of the four
    "loyal burner": (+1, +1, -1, +1),
    "coupon collector": (+1, -1, +1, +1),
    "drifted away": (-1, -1, +1, -1),
    "patient saver": (-1, +1, +1, +1),
    "window shopper": (-1, -1, -1, +1),
    "lost regular": (+1, +1, +1, -1),
    "one-off bargain hunter": (-1, +1, -1, -1),
    "lost collector": (+1, -1, -1, -1),
}
"""Corners of the trait cube, in the order in which they are planted."""

SIZES = np.array([0.40, 0.33, 0.27, 0.25, 0.22, 0.20, 0.18, 0.16])
"""Relative sizes of the planted segments."""

MIDDLE = {"logit_burn": 0.4, "log_lag": 3.1}
"""The middle of the cube: log-odds of burning, and log of the mean days to burn (22 days)."""

CONTRAST = {"log_rate": 0.5, "logit_burn": 1.8, "log_lag": 0.85, "gone": 0.5}
"""Distance of a corner from the middle: log of the claim rate, log-odds of burning, log of the mean days to
burn, and the share of the calendar, on average, that a customer who does not stay has been gone at its end."""

SPREAD = {"log_rate": 0.2, "logit_burn": 0.3, "log_lag": 0.12}
"""Standard deviation of the traits within a segment: customers of one segment are no copies."""

LAG_SHAPE = 6.0
"""Shape of the gamma distribution of a customer's days to burn."""

GAMMA_SHAPE, BETA = 1.5, (1.6, 1.6)
"""Of the continuum: shape of the gamma distribution of claim rates, and Beta distribution of burn probabilities."""

CITIES = (
    *("Genoa", "Izmir", "Lisbon", "Marseille", "Naples", "Oran"),
    *("Palermo", "Patras", "Porto", "Seville", "Tunis", "Valencia"),
)
CAMPAIGNS = (
    # name, month, day, days, how much busier
    ("New Year", 1, 2, 12, 2.2),
    ("Spring", 4, 5, 10, 1.9),
    ("Summer", 7, 1, 14, 2.0),
    ("Back to School", 8, 25, 12, 1.8),
    ("Singles Day", 11, 8, 6, 2.8),
    ("Winter", 12, 10, 14, 2.4),
)
MONTH_WEIGHT = (0.95, 0.9, 1.0, 1.0, 1.05, 1.0, 0.85, 0.85, 1.0, 1.0, 1.15, 1.25)
WEEKDAY_WEIGHT = (0.95, 0.9, 0.9, 1.0, 1.15, 1.2, 0.9)
OFFERS = ("5 off", "10 off", "2 for 1", "Free delivery")
MERCHANTS = (
    "Alba Market",
    "Bruma Books",
    "Cedro Home",
    "Dune Sports",
    "Esfera Toys",
    "Faro Electronics",
    "Gala Fashion",
    "Horta Organic",
)
N_BRANCHES, N_OPEN_MERCHANTS = 12, 6


@dataclass(frozen=True)
class SampleShop:
    """The generated tables by name, and the truth: customer_id, segment (0 without any), archetype."""

    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame

    def write(self, out: str | Path, *, with_truth: bool = True) -> list[Path]:
        """Write one ``.xlsx`` workbook, or a folder of Parquet files, with ``truth.csv`` beside the tables.

        Parameters
        ----------
        out : str or Path
            A path that ends in ``.xlsx``, or a folder. A path that ends in ``.csv`` gives one flat file of invoice
            lines (`seglib.datasets.invoices`), without a truth.
        with_truth : bool, default=True
            Whether ``truth.csv`` is written, too.

        Returns
        -------
        list of Path
            The files that were written. Same shop, same bytes.
        """
        out = Path(out)
        if out.suffix.lower() == ".csv":
            out.parent.mkdir(parents=True, exist_ok=True)
            invoice_lines(self.tables).to_csv(out, index=False, lineterminator="\n")
            return [out]
        workbook = out.suffix.lower() == ".xlsx"
        folder = out.parent if workbook else out
        folder.mkdir(parents=True, exist_ok=True)
        files = [out] if workbook else [folder / f"{name}.parquet" for name in self.tables]
        if workbook:
            self._write_workbook(out)
        else:
            for file, table in zip(files, self.tables.values(), strict=True):
                table.to_parquet(file, index=False)
        if not with_truth:
            return files
        truth = folder / "truth.csv"
        self.truth.to_csv(truth, index=False, lineterminator="\n")
        return [*files, truth]

    def _write_workbook(self, out: Path) -> None:
        if len(self.tables["transactions"]) > 1_000_000:
            raise ParameterRefused(
                "a sheet holds about a million rows: write a folder of Parquet files instead", parameter="out"
            )
        with pd.ExcelWriter(out, engine="xlsxwriter", datetime_format="yyyy-mm-dd") as writer:
            writer.book.set_properties({"created": pd.Timestamp(LAST_DAY).to_pydatetime()})
            for name, table in self.tables.items():
                table.to_excel(writer, sheet_name=name, index=False)


def make_shop(
    *,
    customers: int = 1500,
    transactions: int = 12_000,
    segments: int = 3,
    separation: Separation = "strong",
    seed: int = 7,
) -> SampleShop:
    """Generate a shop as an export on its last day would show it: a burn that is still to come is not in it.

    Parameters
    ----------
    customers, transactions : int
        Number of rows of these tables. A customer may end up without a transaction.
    segments : int
        Number of planted segments, 0 to 8.
    separation : {"none", "continuum", "weak", "medium", "strong"}
        ``none``: all customers behave alike and differ by chance only. ``continuum``: they differ gradually,
        gamma-distributed claim rates and beta-distributed burn probabilities, without groups. The other
        three plant ``segments`` groups, further and further apart.
    seed : int
        Same arguments, same shop.

    Returns
    -------
    SampleShop

    Raises
    ------
    ParameterRefused
        If a number is out of range, or ``segments`` and ``separation`` contradict each other.
    """
    planted = separation in SHIFT
    if separation not in get_args(Separation):
        raise ParameterRefused(
            f"separation is one of {', '.join(get_args(Separation))}, not '{separation}'", parameter="separation"
        )
    if customers < 1 or transactions < 1:
        raise ParameterRefused(
            "a shop needs at least one customer and one transaction", parameter=("customers", "transactions")
        )
    if not 0 <= segments <= len(ARCHETYPES):
        raise ParameterRefused(
            f"segments is a number from 0 to {len(ARCHETYPES)}, not {segments}", parameter="segments"
        )
    if planted != (segments > 0):
        raise ParameterRefused(
            f"{segments} segments and separation '{separation}' contradict each other: plant at least one segment "
            "with weak, medium or strong separation, or none (segments 0) with 'none' or 'continuum'",
            parameter=("segments", "separation"),
        )
    rng = np.random.default_rng(seed)
    share = SIZES[:segments] / SIZES[:segments].sum()
    segment = rng.choice(segments, customers, p=share) if planted else np.zeros(customers, dtype=np.int64)
    shift = SHIFT.get(separation, 0.0)
    first, last = _activity(rng, segment, shift, planted)
    traits = _continuum(rng, customers) if separation == "continuum" else _traits(rng, segment, shift, planted)
    tables = {
        "customers": _customers(rng, first, segment, shift),
        "genders": pd.DataFrame({"gender_id": [1, 2], "gender_name": ["Female", "Male"]}),
        "cities": pd.DataFrame({"city_id": np.arange(1, len(CITIES) + 1), "city_name": CITIES}),
        "transactions": _transactions(rng, transactions, first, last, traits),
        "branches": pd.DataFrame(
            {
                "branch_id": np.arange(1, N_BRANCHES + 1),
                "merchant_id": np.arange(N_BRANCHES) % N_OPEN_MERCHANTS + 1,
            }
        ),
        "merchants": pd.DataFrame({"merchant_id": np.arange(1, len(MERCHANTS) + 1), "merchant_name": MERCHANTS}),
    }
    names = np.array(list(ARCHETYPES) if planted else ["everybody"])
    truth = pd.DataFrame(
        {
            "customer_id": np.arange(1, customers + 1),
            "segment": segment + 1 if planted else segment,
            "archetype": names[segment],
        }
    )
    return SampleShop(tables, truth)


def _traits(rng: np.random.Generator, segment: np.ndarray, shift: float, planted: bool) -> dict[str, np.ndarray]:
    """Claim rate, burn probability and mean days to burn of every customer."""
    n = len(segment)
    if not planted:  # everybody alike
        return {"rate": np.ones(n), "burn": np.full(n, expit(MIDDLE["logit_burn"])), "lag": _lag(n)}
    corner = shift * np.array(list(ARCHETYPES.values()))[segment]
    trait = {
        name: MIDDLE.get(name, 0.0) + corner[:, i] * CONTRAST[name] + rng.normal(0, SPREAD[name], n)
        for i, name in enumerate(SPREAD)
    }
    return {
        "rate": np.exp(trait["log_rate"]),
        "burn": expit(trait["logit_burn"]),
        "lag": np.exp(trait["log_lag"]),
    }


def _continuum(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    return {"rate": rng.gamma(GAMMA_SHAPE, size=n), "burn": rng.beta(*BETA, size=n), "lag": _lag(n)}


def _lag(n: int) -> np.ndarray:
    return np.full(n, np.exp(MIDDLE["log_lag"]))


def _activity(
    rng: np.random.Generator, segment: np.ndarray, shift: float, planted: bool
) -> tuple[np.ndarray, np.ndarray]:
    """First and last day, counted from `FIRST_DAY`, on which a customer may claim a coupon."""
    n, end = len(segment), int((LAST_DAY - FIRST_DAY).astype(int))
    first = np.floor(end * 0.7 * rng.beta(1.0, 1.6, n)).astype(np.int64)  # more joined early on
    last = np.full(n, end)
    if planted:
        gone = np.array(list(ARCHETYPES.values()))[segment, 3] < 0
        away = end * shift * CONTRAST["gone"] * rng.uniform(0.6, 1.4, n)
        last = np.where(gone, np.maximum(first + 30, end - away.astype(np.int64)), last)
    return first, np.minimum(last, end)


def _customers(rng: np.random.Generator, first: np.ndarray, segment: np.ndarray, shift: float) -> pd.DataFrame:
    """Demographics lean by segment, as far as segments exist: a hint, never a label."""
    n = len(first)
    female = 0.52 + 0.2 * shift * np.cos(2 * np.pi * segment / 3)
    weight = 1.0 / np.arange(1, len(CITIES) + 1) ** 0.6
    home = (segment[:, None] * 4 + np.arange(4)) % len(CITIES)
    city = rng.choice(len(CITIES), n, p=weight / weight.sum())
    leaning = rng.random(n) < 0.25 * shift
    city[leaning] = home[leaning, rng.integers(0, 4, n)[leaning]]
    return pd.DataFrame(
        {
            "customer_id": np.arange(1, n + 1),
            "join_date": _dates(first),
            "city_id": city + 1,
            "gender_id": np.where(rng.random(n) < female, 1, 2),
        }
    )


def _calendar() -> tuple[np.ndarray, np.ndarray]:
    """How busy each day is (season, weekday, campaigns), and which campaign runs on it (-1: none)."""
    days = pd.DatetimeIndex(pd.date_range(pd.Timestamp(FIRST_DAY), pd.Timestamp(LAST_DAY), freq="D"))
    busy = np.array(MONTH_WEIGHT)[days.month - 1] * np.array(WEEKDAY_WEIGHT)[days.day_of_week]
    campaign = np.full(len(days), -1)
    for i, (_, month, day, length, lift) in enumerate(CAMPAIGNS):
        for year in sorted(set(days.year)):
            start = pd.Timestamp(year=year, month=month, day=day)
            runs = (days >= start) & (days < start + pd.Timedelta(days=length))
            busy = np.where(runs, busy * lift, busy)
            campaign[runs] = i
    return busy, campaign


def _transactions(
    rng: np.random.Generator, n: int, first: np.ndarray, last: np.ndarray, traits: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Claims fall on busy days of a customer's active time; each is burned or not, sooner or later."""
    busy, campaign = _calendar()
    passed = np.concatenate([[0.0], np.cumsum(busy)])  # busy time passed before each day
    exposure = passed[last + 1] - passed[first]
    chance = np.cumsum(traits["rate"] * exposure)
    who = np.searchsorted(chance, rng.random(n) * chance[-1], side="right")
    moment = passed[first[who]] + rng.random(n) * exposure[who]
    day = np.minimum(np.searchsorted(passed, moment, side="right") - 1, last[who])
    order = np.argsort(day, kind="stable")
    who, day = who[order], day[order]

    lag = np.floor(rng.gamma(LAG_SHAPE, traits["lag"][who] / LAG_SHAPE)).astype(np.int64)
    lag = np.minimum(lag, BURN_WINDOW - 1)
    burned = (rng.random(n) < traits["burn"][who]) & (day + lag < len(busy))
    burn_date = _dates(day + lag)
    burn_date[~burned] = np.datetime64("NaT")
    evergreen = [f"Everyday {offer}" for offer in OFFERS]
    names = [f"{name} {offer}" for name, *_ in CAMPAIGNS for offer in OFFERS]
    offer = rng.integers(0, len(OFFERS), n)
    coupon = np.where(campaign[day] >= 0, campaign[day] * len(OFFERS) + offer, len(names) + offer)
    home_branch = rng.integers(0, N_BRANCHES, len(first))
    branch = np.where(rng.random(n) < 0.5, home_branch[who], rng.integers(0, N_BRANCHES, n))
    return pd.DataFrame(
        {
            "transaction_id": np.arange(1, n + 1),
            "customer_id": who + 1,
            "transaction_date": _dates(day),
            "transaction_status": pd.Categorical.from_codes(burned.astype(np.int8), ["subscribed", "burned"]),
            "coupon_name": pd.Categorical.from_codes(coupon.astype(np.int8), [*names, *evergreen]),
            "burn_date": burn_date,
            "branch_id": branch + 1,
        }
    )


def _dates(day: np.ndarray) -> np.ndarray:
    return (FIRST_DAY + day.astype("timedelta64[D]")).astype("datetime64[us]")

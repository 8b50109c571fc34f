"""07 Why are customers in another segment? Four parts that add up, each beside what calm months give."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import clone

from seglib.clustering import SegmentKMeans, match_labels
from seglib.scoring import SegmentModel
from seglib.style import letter, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS = ("ageing", "real movement", "redefinition", "label noise")
"""In the order in which they are added up."""

MEANING = {
    "ageing": "the clock alone: the old model on the later day, without anything that happened since",
    "real movement": "what customers did since: the old model with it, less ageing",
    "redefinition": "the segments were made anew: the new ones in place of the old model, less label noise",
    "label noise": "chance in making segments: what models of bootstrap samples of the old month would move",
}

STARTS = 3
"""Starts of KMeans for a refit in a simulated month."""


def place(model: SegmentModel, features: pd.DataFrame) -> np.ndarray:
    """Return the segment of every customer by a frozen model, shape (n_customers,)."""
    return np.array(model.letters, dtype=object)[model.clusterer.predict(matrix_of(model, features))]


def matrix_of(model: SegmentModel, features: pd.DataFrame) -> pd.DataFrame:
    """Return the matrix of customers by a frozen model; a name that it does not know counts as a rare one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return model.matrix(features)


def refit(model: SegmentModel, features: pd.DataFrame, then: pd.Series, *, k: int, seed: int) -> np.ndarray:
    """Make segments anew by the same recipe, with the letters of an earlier month; shape (n_customers,).

    Parameters
    ----------
    model : SegmentModel
        Whose pipeline is fitted again.
    features : pandas.DataFrame
        By customer.
    then : pandas.Series of str
        The segments of the same customers in the earlier month.
    k : int
        Number of segments.
    seed : int
    """
    values = clone(model.pipeline).fit_transform(features[list(model.sources)])
    X = values if isinstance(values, np.ndarray) else values.toarray()
    labels = SegmentKMeans(k, n_init=STARTS, random_state=seed).fit(X).labels_
    new = pd.Series(np.array([letter(number) for number in range(k)], dtype=object)[labels], features.index)
    return new.map(match_labels(new, then)).to_numpy(dtype=object)


@dataclass(frozen=True)
class Shares:
    """Shares of the customers who are in another segment, after each step from the old month to the new one.

    Attributes
    ----------
    ageing : float
        By the old model, on the later day, without anything that happened since.
    frozen : float
        By the old model, on the later day.
    noisy : float
        By models of bootstrap samples of the old month, on the later day; the mean over them.
    total : float
        By the new segments.
    stepped : float
        Not since the old month, but by what customers did since: between both answers of the old model.
    replaced : float
        By the new segments instead of the old model, both on the later day.
    disagreeing : float
        By a bootstrap model instead of the old model, both on the later day; the mean over them.
    """

    ageing: float
    frozen: float
    noisy: float
    total: float
    stepped: float
    replaced: float
    disagreeing: float

    @classmethod
    def of(
        cls, model: SegmentModel, then: np.ndarray, aged: np.ndarray, now: np.ndarray, after: pd.DataFrame
    ) -> Shares:
        """Compute them from the segments of the same customers.

        Parameters
        ----------
        model : SegmentModel
        then, aged, now : ndarray of str, shape (n_customers,)
            In the old month; by the old model on the later day, without what happened since; in the new month.
        after : pandas.DataFrame
            Features on the later day.
        """
        X = matrix_of(model, after)
        letters = np.array(model.letters, dtype=object)
        frozen = letters[model.clusterer.predict(X)]
        # `agreement` gives for every customer the share of bootstrap models that put them into a segment, so that one
        # less its mean is what these models disagree with the old month, or with the old model, on average
        agreement = model.bootstrap.agreement
        number = {name: place for place, name in enumerate(letters)}
        as_then, as_frozen = (np.array([number.get(name, -1) for name in s]) for s in (then, frozen))
        values = X.to_numpy()
        return cls(
            ageing=_other(then, aged),
            frozen=_other(then, frozen),
            noisy=float(1 - agreement(values, as_then).mean()),
            total=_other(then, now),
            stepped=_other(aged, frozen),
            replaced=_other(frozen, now),
            disagreeing=float(1 - agreement(values, as_frozen).mean()),
        )

    @property
    def parts(self) -> dict[str, float]:
        """The four parts by name (`PARTS`); they add up to ``total``."""
        noise = self.noisy - self.frozen
        return {
            "ageing": self.ageing,
            "real movement": self.frozen - self.ageing,
            "redefinition": self.total - self.frozen - noise,
            "label noise": noise,
        }

    @property
    def steps(self) -> dict[str, float]:
        """How many customers each step alone moves, by the name of its part; these do not add up."""
        values = (self.ageing, self.stepped, self.replaced, self.disagreeing)
        return dict(zip(PARTS, values, strict=True))


def _other(left: np.ndarray, right: np.ndarray) -> float:
    return float((left != right).mean())


@dataclass(frozen=True)
class Movement:
    """The share of customers in another segment, split into four parts that add up.

    Let s0 be a customer's segment in the old month; s1 what the old model says on the later day if nothing had happened
    since; s2 what it says with everything that happened; b what a model of a bootstrap sample of the old month says of
    the same; and s3 the segment in the new month, lettered so that as many customers as possible keep their letter.
    With P(.) the share of the customers in both months, and the mean over bootstrap models where b stands:

    - ageing         P(s1 != s0)
    - real movement  P(s2 != s0) - P(s1 != s0)
    - label noise    P(b != s0) - P(s2 != s0)
    - redefinition   P(s3 != s0) - P(b != s0)

    They add up to P(s3 != s0), the share of movers, because each is the difference of two stations on the way from s0
    to s3. So a part may be negative: new transactions may bring customers back whom the clock alone would have moved.

    Attributes
    ----------
    observed : Shares
    calm : tuple of Shares
        The same of simulated calm months.
    n : int
        Customers in both months.
    p : mapping of str to float
        By part: how often calm months give as much (real movement and redefinition); NaN for the others.
    """

    observed: Shares
    calm: tuple[Shares, ...] = field(repr=False)
    n: int
    p: dict[str, float]

    @property
    def table(self) -> pd.DataFrame:
        """One row per part, and all together: part, what, share, customers, calm_low, calm_high, moved_by_step, p.

        ``share`` adds up; ``calm_low`` and ``calm_high`` hold 95% of its values in calm months; ``moved_by_step`` is
        how many customers the step alone moves.
        """
        rows = []
        for part, share in self.observed.parts.items():
            low, high = np.quantile([calm.parts[part] for calm in self.calm], [0.025, 0.975])
            step = self.observed.steps[part]
            rows.append((part, MEANING[part], share, round(share * self.n), low, high, step, self.p.get(part, np.nan)))
        low, high = np.quantile([calm.total for calm in self.calm], [0.025, 0.975])
        total = self.observed.total
        rows.append(("all together", "in another segment", total, round(total * self.n), low, high, np.nan, np.nan))
        columns = ["part", "what", "share", "customers", "calm_low", "calm_high", "moved_by_step", "p"]
        return pd.DataFrame(rows, columns=columns)

    def share(self, part: str) -> float:
        """Return a part, as a share of the customers in both months."""
        return self.observed.parts[part]

    def calm_range(self, part: str) -> tuple[float, float]:
        """Return what 95% of calm months give of a part."""
        low, high = np.quantile([calm.parts[part] for calm in self.calm], [0.025, 0.975])
        return float(low), float(high)

    @property
    def beyond_chance(self) -> tuple[float, float, float]:
        """Real movement less what a calm month gives, with the range that 95% of calm months leave for it."""
        calm = np.array([shares.parts["real movement"] for shares in self.calm])
        real = self.share("real movement")
        low, high = np.quantile(calm, [0.025, 0.975])
        return float(real - calm.mean()), float(real - high), float(real - low)

    @property
    def sentences(self) -> list[str]:
        """One sentence a part."""
        low, high = self.calm_range("real movement")
        more, *_ = self.beyond_chance
        redefined = self.calm_range("redefinition")
        steps = self.observed.steps
        return [
            f"Ageing: {percent(self.share('ageing'))} of the customers would be in another segment if nothing had "
            "happened since, because times since the last transaction and since joining have grown.",
            f"Real movement: {_points(self.share('real movement'))} points, by what customers did since; calm months "
            f"give {_points(low)} to {_points(high)}. Less what a calm month gives on average, that is "
            f"{_points(more)} points.",
            f"Redefinition: {_points(self.share('redefinition'))} points, because the segments were made anew; calm "
            f"months give {_points(redefined[0])} to {_points(redefined[1])}. The new segments put "
            f"{percent(steps['redefinition'])} of the customers elsewhere than the old model does on the same day.",
            f"Label noise: {_points(self.share('label noise'))} points. Models of bootstrap samples of the old month "
            f"put {percent(steps['label noise'])} of the customers elsewhere than the old model does.",
        ]

    @property
    def text(self) -> str:
        """How many customers are in another segment, and what it is made of."""
        parts = ", ".join(f"{part} {_points(share)}" for part, share in self.observed.parts.items())
        return (
            f"{percent(self.observed.total)} of the {self.n:,} customers in both months are in another segment "
            f"(points: {parts})."
        )

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Bars of the four parts of the movement, with bands of calm months. {self.text}"

    @property
    def caption(self) -> str:
        """How to read the figure."""
        return (
            f"{self.n:,} customers in both months. Bars: parts that add up to the last one. Lines: 95% of "
            f"{len(self.calm)} simulated calm months."
        )

    def figure(self) -> Axes:
        """Draw the parts beside calm months."""
        from seglib.plots import plot_movement

        return plot_movement(self.table)


def _points(share: float) -> str:
    """Write a difference of shares in points."""
    return f"{100 * share:+.1f}" if round(100 * share, 1) else "0.0"

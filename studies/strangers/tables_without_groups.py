"""Tables of one row a customer in which there are no groups. A right verdict claims none."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from .customers_table import numbered, table_of
from .kinds import Kind, Made, generator

FALLING_CORRELATION = 0.6 ** np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
"""Correlation matrix of five columns: the nearer two columns, the greater."""


def _normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_normal((n, 5)) @ np.linalg.cholesky(FALLING_CORRELATION).T


def gaussian(seed: int, customers: int) -> Made:
    """Draw five correlated normal columns."""
    return table_of(numbered(_normal(generator(seed, "gaussian"), customers)))


def heavy_tails(seed: int, customers: int) -> Made:
    """Draw five columns of a multivariate t distribution with 3 degrees of freedom."""
    rng = generator(seed, "heavy_tails")
    return table_of(numbered(_normal(rng, customers) / np.sqrt(rng.chisquare(3, customers) / 3)[:, None]))


def lognormal(seed: int, customers: int) -> Made:
    """Draw five correlated lognormal columns, skewed to the right."""
    return table_of(numbered(np.exp(0.9 * _normal(generator(seed, "lognormal"), customers)), "spend"))


def horseshoe(seed: int, customers: int) -> Made:
    """Draw points along a half circle with noise, and one more column."""
    rng = generator(seed, "horseshoe")
    angle = rng.uniform(0, np.pi, customers)
    X = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.15 * rng.standard_normal((customers, 2))
    return table_of(numbered(np.column_stack([X, rng.standard_normal(customers)])))


def gradient_responses(seed: int, customers: int) -> Made:
    """Draw answers that each rise and fall along one even gradient, as tastes do along age."""
    rng = generator(seed, "gradient_responses")
    place = rng.uniform(0, 1, customers)
    best = np.linspace(0, 1, 6)
    X = 10 * np.exp(-((place[:, None] - best) ** 2) / (2 * 0.25**2)) + rng.standard_normal((customers, 6))
    return table_of(numbered(X, "liking"))


def parabola(seed: int, customers: int) -> Made:
    """Draw one column, its square and a third that follows it, with noise."""
    rng = generator(seed, "parabola")
    x = rng.standard_normal(customers)
    noise = rng.standard_normal((customers, 2))
    return table_of(numbered(np.column_stack([x, x**2 + 0.4 * noise[:, 0], 0.6 * x + 0.8 * noise[:, 1]])))


def shares(seed: int, customers: int) -> Made:
    """Draw three shares that add up to 1, as of a basket."""
    rng = generator(seed, "shares")
    return table_of(numbered(rng.dirichlet((1.5, 1.5, 1.5), customers), "share"))


def joint_zeros(seed: int, customers: int) -> Made:
    """Draw four columns of which three are zero together for 40% of the customers."""
    rng = generator(seed, "joint_zeros")
    X = np.exp(0.7 * rng.standard_normal((customers, 4)))
    X[:, :3] *= (rng.random(customers) >= 0.4)[:, None]
    return table_of(numbered(X, "spend"))


def cube(seed: int, customers: int) -> Made:
    """Draw four even columns."""
    return table_of(numbered(generator(seed, "cube").uniform(0, 100, (customers, 4))))


def wedge(seed: int, customers: int) -> Made:
    """Draw a level, and three columns that scatter around it, the more the greater it is."""
    rng = generator(seed, "wedge")
    level = rng.uniform(0, 10, customers)
    return table_of(
        numbered(np.column_stack([level, level[:, None] * (1 + 0.6 * rng.standard_normal((customers, 3)))]))
    )


def yes_no_items(seed: int, customers: int) -> Made:
    """Draw ten yes/no answers to items that measure one trait (two-parameter logistic model)."""
    rng = generator(seed, "yes_no_items")
    trait = rng.standard_normal(customers)
    difficulty, slope = np.linspace(-1.5, 1.5, 10), np.tile([1.0, 1.6], 5)
    yes = rng.random((customers, 10)) < expit(slope * (trait[:, None] - difficulty))
    return table_of(numbered(yes, "item"))


def likert_items(seed: int, customers: int) -> Made:
    """Draw eight answers from 1 to 5 to items that measure two correlated traits."""
    rng = generator(seed, "likert_items")
    traits = rng.standard_normal((customers, 2)) @ np.linalg.cholesky(np.array([[1.0, 0.4], [0.4, 1.0]])).T
    answers = 0.75 * traits[:, np.repeat([0, 1], 4)] + 0.66 * rng.standard_normal((customers, 8))
    steps = np.array([-1.3, -0.4, 0.4, 1.3])
    return table_of(numbered(1.0 + np.searchsorted(steps, answers), "item"))


def names_and_numbers(seed: int, customers: int) -> Made:
    """Draw two names and three numbers that have nothing to do with each other."""
    rng = generator(seed, "names_and_numbers")
    columns = {
        "channel": rng.choice(["App", "Shop", "Web", "Phone"], customers, p=(0.4, 0.3, 0.2, 0.1)),
        "region": rng.choice(["North", "East", "South", "West", "Centre"], customers),
        "age": np.round(rng.gamma(9, 5, customers)),
        "income": np.exp(10 + 0.5 * rng.standard_normal(customers)),
        "visits": rng.poisson(6, customers).astype(float),
    }
    return table_of(columns)


TABLES_WITHOUT_GROUPS = (
    Kind("Gaussian", "table", "own", 0, "five correlated normal columns; no groups", gaussian, tuned=True),
    Kind(
        "t, 3 df",
        "table",
        "own",
        0,
        "five correlated columns with heavy tails; no groups, and a few extreme customers",
        heavy_tails,
        tuned=True,
    ),
    Kind(
        "lognormal", "table", "own", 0, "five correlated columns skewed to the right; no groups", lognormal, tuned=True
    ),
    Kind("horseshoe", "table", "own", 0, "one gradient bent to a half circle; no groups", horseshoe, tuned=True),
    Kind(
        "responses along a gradient",
        "table",
        "own",
        0,
        "six answers that each rise and fall along one even gradient; no groups",
        gradient_responses,
        tuned=True,
    ),
    Kind("parabola", "table", "own", 0, "one column and its square; no groups", parabola, tuned=True),
    Kind(
        "three shares",
        "table",
        "own",
        0,
        "three shares that add up to 1, spread over a triangle; no groups",
        shares,
        tuned=True,
    ),
    Kind(
        "40% joint zeros",
        "table",
        "own",
        0,
        "for 40% three columns are zero together, because something does not apply to them; no groups among the others",
        joint_zeros,
        tuned=True,
    ),
    Kind("cube", "table", "own", 0, "four even columns; no groups", cube, tuned=True),
    Kind("wedge", "table", "own", 0, "the higher the level, the wider the scatter; no groups", wedge, tuned=True),
    Kind(
        "yes/no items",
        "table",
        "own",
        0,
        "ten yes/no items that measure one trait; no groups, but few different rows",
        yes_no_items,
        tuned=True,
    ),
    Kind(
        "Likert items",
        "table",
        "own",
        0,
        "eight items from 1 to 5 that measure two correlated traits; no groups",
        likert_items,
        tuned=True,
    ),
    Kind(
        "names and numbers",
        "table",
        "own",
        0,
        "two names and three numbers without any relation; no groups but the levels of the names",
        names_and_numbers,
        tuned=True,
    ),
)

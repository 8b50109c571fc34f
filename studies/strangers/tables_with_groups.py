"""Tables of one row a customer with planted groups. A right verdict finds that there are some."""

from __future__ import annotations

import numpy as np

from .customers_table import numbered, table_of
from .kinds import Kind, Made, generator, group_labels

BRAND_IMAGE = {
    "yummy": (0.90, 0.86, 0.06),
    "convenient": (0.97, 0.94, 0.78),
    "spicy": (0.09, 0.11, 0.08),
    "fattening": (0.83, 0.90, 0.93),
    "greasy": (0.38, 0.52, 0.78),
    "fast": (0.94, 0.92, 0.83),
    "cheap": (0.93, 0.08, 0.52),
    "tasty": (0.96, 0.92, 0.10),
    "expensive": (0.05, 0.90, 0.34),
    "healthy": (0.30, 0.22, 0.05),
    "disgusting": (0.04, 0.08, 0.62),
}
"""Probability of a yes by class: those who like it and find it cheap, who like it and find it expensive, who do not."""


def _around(rng: np.random.Generator, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return rows that scatter around their group's centre with standard deviation 1 in every column."""
    return np.asarray(centres, dtype=np.float64)[labels] + rng.standard_normal((len(labels), np.shape(centres)[1]))


def three_gaussian(seed: int, customers: int) -> Made:
    """Draw three normal groups in four columns, six standard deviations apart."""
    rng = generator(seed, "three_gaussian")
    labels = group_labels(rng, customers, (0.45, 0.3, 0.25))
    centres = 4.25 * np.eye(3, 4)  # the distance of two of them is 4.25 sqrt(2) = 6.0
    return table_of(numbered(_around(rng, labels, centres)), labels)


def four_gaussian(seed: int, customers: int) -> Made:
    """Draw four normal groups in two columns and one column of noise."""
    rng = generator(seed, "four_gaussian")
    labels = group_labels(rng, customers, (0.3, 0.3, 0.2, 0.2))
    centres = np.array([(0, 0, 0), (5, 0, 0), (0, 5, 0), (5, 5, 0)])
    return table_of(numbered(_around(rng, labels, centres)), labels)


def five_gaussian(seed: int, customers: int) -> Made:
    """Draw five normal groups in five columns, five standard deviations apart."""
    rng = generator(seed, "five_gaussian")
    labels = group_labels(rng, customers, (0.26, 0.22, 0.2, 0.18, 0.14))
    centres = 3.54 * np.eye(5)  # the distance of two of them is 3.54 sqrt(2) = 5.0
    return table_of(numbered(_around(rng, labels, centres)), labels)


def table_90_7_3(seed: int, customers: int) -> Made:
    """Draw a large group and two small ones, far apart."""
    rng = generator(seed, "table_90_7_3")
    labels = group_labels(rng, customers, (0.9, 0.07, 0.03))
    centres = np.array([(0, 0, 0, 0), (6, 0, 4, 0), (0, 7, 0, 5)])
    return table_of(numbered(_around(rng, labels, centres)), labels)


def outlier_group(seed: int, customers: int) -> Made:
    """Draw one normal cloud, and 2% of the customers together far from it."""
    rng = generator(seed, "outlier_group")
    labels = group_labels(rng, customers, (0.98, 0.02))
    centres = np.array([(0, 0, 0, 0), (6, 6, -5, 0)])
    return table_of(numbered(_around(rng, labels, centres)), labels)


def one_bimodal(seed: int, customers: int) -> Made:
    """Draw six columns of which one has two peaks, and the others none."""
    rng = generator(seed, "one_bimodal")
    labels = group_labels(rng, customers, (0.55, 0.45))
    centres = np.array([(0, 0, 0, 0, 0, 0), (5, 0, 0, 0, 0, 0)])
    return table_of(numbered(_around(rng, labels, centres)), labels)


def two_diamonds(seed: int, customers: int) -> Made:
    """Draw two even squares on their corners that touch in one point."""
    rng = generator(seed, "two_diamonds")
    labels = group_labels(rng, customers, (0.5, 0.5))
    turned = rng.uniform(-1, 1, (customers, 2)) @ np.array([[0.5, 0.5], [-0.5, 0.5]])  # |x| + |y| <= 1
    return table_of(numbered(turned + np.column_stack([2.0 * labels - 1.0, np.zeros(customers)])), labels)


def core_in_shell(seed: int, customers: int) -> Made:
    """Draw a core and a shell around it, in three columns: groups that KMeans cuts across."""
    rng = generator(seed, "core_in_shell")
    labels = group_labels(rng, customers, (0.4, 0.6))
    direction = rng.standard_normal((customers, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    shell = direction * (6 + 0.4 * rng.standard_normal(customers))[:, None]
    core = rng.standard_normal((customers, 3))
    return table_of(numbered(np.where(labels[:, None] == 1, shell, core)), labels)


def brand_image(seed: int, customers: int) -> Made:
    """Draw yes/no answers on the image of a brand from three latent classes.

    Items, number of answers and the three attitudes are like those of the fast food example that Dolnicar, Gruen &
    Leisch (2018), Market Segmentation Analysis, teach with. The probabilities are chosen, not estimated from it.
    """
    rng = generator(seed, "brand_image")
    labels = group_labels(rng, customers, (0.42, 0.28, 0.3))
    probability = np.array(list(BRAND_IMAGE.values()))[:, labels].T
    yes = rng.random(probability.shape) < probability
    return table_of(dict(zip(BRAND_IMAGE, yes.T, strict=True)), labels)


def two_medium(seed: int, customers: int) -> Made:
    """Draw two normal groups, 3.2 standard deviations apart."""
    rng = generator(seed, "two_medium")
    labels = group_labels(rng, customers, (0.6, 0.4))
    centres = np.array([(0, 0, 0, 0), (1.6, 1.6, 1.6, 1.6)])  # 1.6 sqrt(4) = 3.2
    return table_of(numbered(_around(rng, labels, centres)), labels)


def two_class_items(seed: int, customers: int) -> Made:
    """Draw ten yes/no items from two latent classes, within which the answers are independent."""
    rng = generator(seed, "two_class_items")
    labels = group_labels(rng, customers, (0.55, 0.45))
    probability = np.where(labels[:, None] == 1, 0.82, 0.2)
    return table_of(numbered(rng.random((customers, 10)) < probability, "item"), labels)


def groups_in_names(seed: int, customers: int) -> Made:
    """Draw three groups that names and numbers show together."""
    rng = generator(seed, "groups_in_names")
    labels = group_labels(rng, customers, (0.4, 0.35, 0.25))
    channels, chances = np.array(["App", "Shop", "Web"]), np.full((3, 3), 0.05) + 0.85 * np.eye(3)
    channel = channels[(rng.random(customers)[:, None] > np.cumsum(chances, axis=1)[labels]).sum(axis=1).clip(max=2)]
    numbers = _around(rng, labels, np.array([(0, 0, 0), (4, 0, 2), (0, 4, 2)]))
    return table_of({"channel": channel, **numbered(numbers)}, labels)


TABLES_WITH_GROUPS = (
    Kind(
        "three Gaussian groups",
        "table",
        "own",
        3,
        "three normal groups, 6 standard deviations apart: natural, k = 3",
        three_gaussian,
        tuned=True,
    ),
    Kind(
        "four Gaussian groups",
        "table",
        "own",
        4,
        "four normal groups on the corners of a square, 5 standard deviations apart: natural, k = 4",
        four_gaussian,
        tuned=True,
    ),
    Kind(
        "five Gaussian groups",
        "table",
        "own",
        5,
        "five normal groups, 5 standard deviations apart: natural, k = 5",
        five_gaussian,
        tuned=True,
    ),
    Kind(
        "table 90/7/3",
        "table",
        "own",
        3,
        "one group of 90% and two small ones of 7% and 3%, far apart: not to be denied for their size",
        table_90_7_3,
        tuned=True,
    ),
    Kind(
        "2% apart",
        "table",
        "own",
        2,
        "2% of the customers are together and far from the others: not to be denied for their size",
        outlier_group,
        tuned=True,
    ),
    Kind(
        "one bimodal column",
        "table",
        "own",
        2,
        "two groups in one of six columns: two kinds in one trait",
        one_bimodal,
        tuned=True,
    ),
    Kind(
        "two touching diamonds",
        "table",
        "own",
        2,
        "two even squares that touch in one point: KMeans with k = 2 finds them exactly",
        two_diamonds,
        tuned=True,
    ),
    Kind(
        "core in a shell",
        "table",
        "own",
        2,
        "a core and a shell around it: there are two groups, and KMeans cuts across them",
        core_in_shell,
        tuned=True,
    ),
    Kind(
        "brand image",
        "table",
        "own",
        3,
        "three latent classes in eleven yes/no items: natural or reproducible, k = 3",
        brand_image,
        tuned=True,
        customers=1_453,
    ),
    Kind(
        "two groups, 3.2 sd",
        "table",
        "own",
        2,
        "two normal groups 3.2 standard deviations apart, along all four columns: at least reproducible",
        two_medium,
        tuned=True,
    ),
    Kind(
        "yes/no items, two classes",
        "table",
        "own",
        2,
        "two latent classes in ten yes/no items: natural, k = 2",
        two_class_items,
        tuned=True,
    ),
    Kind(
        "groups in names and numbers",
        "table",
        "own",
        3,
        "three groups that one name and three numbers show together: natural, k = 3",
        groups_in_names,
        tuned=True,
    ),
)

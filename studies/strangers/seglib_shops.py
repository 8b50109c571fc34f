"""The shops of the package's own generator, on which the first rules were tuned."""

from __future__ import annotations

from functools import partial

from seglib.datasets import make_shop

from .kinds import Kind, Made

PER_CUSTOMER = 8
"""Transactions per customer, as in the committed sample."""


def generated_shop(seed: int, customers: int, *, segments: int, separation: str) -> Made:
    """Draw a shop from `seglib.datasets.make_shop`."""
    shop = make_shop(
        customers=customers,
        transactions=PER_CUSTOMER * customers,
        segments=segments,
        separation=separation,
        seed=seed,
    )
    if not segments:
        return Made(shop.tables)
    truth = shop.truth.astype({"customer_id": "str"}).set_index("customer_id")["segment"]
    return Made(shop.tables, (truth - 1).rename("group"))


_TRUTH = {
    "none": "customers are all alike and differ by chance only",
    "continuum": "customers differ gradually in claims and burning, each for itself; no groups",
    "weak": "planted groups so near to each other that they are one cloud: no more than reproducible",
    "medium": "planted groups that overlap: at least reproducible",
    "strong": "planted groups far apart: natural, with the planted k",
}

SEGLIB_SHOPS = tuple(
    Kind(
        f"make_shop {separation}{f', {segments}' if segments else ''}",
        "shop",
        "seglib",
        segments,
        _TRUTH[separation],
        partial(generated_shop, segments=segments, separation=separation),
        tuned=True,
    )
    for separation, segments in (
        ("none", 0),
        ("continuum", 0),
        ("weak", 3),
        ("medium", 3),
        ("strong", 3),
        ("medium", 5),
        ("strong", 5),
    )
)

"""A shop of one's own for every student, whose truth only the teacher's key opens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

import numpy as np

from seglib.datasets.shop import SampleShop, make_shop
from seglib.errors import ParameterRefused

KINDS = (
    (0, "none"),
    (0, "continuum"),
    (2, "strong"),
    (3, "strong"),
    (4, "strong"),
    (5, "strong"),
    (3, "medium"),
)
"""Number of planted groups, and how far they are apart. Two of seven have none: it is a right answer, too."""

LEAST_KEY = 16
"""A shorter key could be guessed."""


def new_key() -> str:
    """Return a new teacher's key: 32 hexadecimal digits from the operating system's random numbers."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class StudentShop:
    """The shop of one student.

    Attributes
    ----------
    student : str
    segments : int
        Planted groups; 0 where there are none.
    separation : str
        As in `seglib.datasets.make_shop`.
    shop : SampleShop
    """

    student: str
    segments: int
    separation: str
    shop: SampleShop

    @property
    def sizes(self) -> list[int]:
        """Customers in each planted group, the largest first."""
        return self.shop.truth["segment"].value_counts().tolist()


def student_shop(student: str, key: str) -> StudentShop:
    """Return the shop of a student: the same name and key give the same shop.

    The number of groups, how far they are apart, the size of the shop and its seed come from the HMAC (SHA-256) of the
    name under the key. Without the key nobody can make the shop again, or its truth.

    Parameters
    ----------
    student : str
        A name. Blanks around it and the case of its letters do not matter.
    key : str
        The teacher's key, at least 16 characters.

    Raises
    ------
    ParameterRefused
        If the name is empty or the key is too short.
    """
    name = " ".join(student.split()).casefold()
    if not name:
        raise ParameterRefused("a student needs a name", parameter="student")
    if len(key) < LEAST_KEY:
        raise ParameterRefused(
            f"a teacher's key has at least {LEAST_KEY} characters; without one, a new key is made",
            parameter="teacher_key",
        )
    digest = hmac.new(key.encode(), name.encode(), hashlib.sha256).digest()
    rng = np.random.default_rng(list(digest))
    segments, separation = KINDS[int(rng.integers(len(KINDS)))]
    customers = int(rng.integers(900, 1_600))
    seed = int(rng.integers(2**31))
    shop = make_shop(
        customers=customers, transactions=8 * customers, segments=segments, separation=separation, seed=seed
    )
    return StudentShop(" ".join(student.split()), segments, separation, shop)

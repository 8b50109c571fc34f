"""One customer, one arm: in Python, in every dialect, and whoever joins or leaves."""

import hashlib
from fractions import Fraction

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import binom, chi2
from sqlglot import parse_one

from seglib.campaign.arms import ControlGroup
from seglib.errors import ParameterRefused
from seglib.sql.dialects import DIALECTS, translated

IDS = [*map(str, range(400)), "007", "00007", "", " 1", "O'Brien", "ключ", "é", "a|b", "\u4e2d\u6587", "-1", "x" * 300]
IDS = [i for i in IDS if i]


def by_number(salt, customer):
    """The definition, in exact arithmetic: the first 13 hexadecimal digits as a number in [0, 1)."""
    return Fraction(int(hashlib.md5(f"{salt}|{customer}".encode()).hexdigest()[:13], 16), 16**13)


@example("00", 0.9999999999999999)
@given(st.text(min_size=1, max_size=20), st.floats(0, 1))
def test_the_text_comparison_is_the_comparison_of_numbers(customer, share):
    drawn = ControlGroup("spring", share).contains([customer.encode("utf-8", "replace").decode()])
    assert drawn[0] == (by_number("spring", customer.encode("utf-8", "replace").decode()) < Fraction(share))


@pytest.mark.parametrize("share", [0, 0.0, 1, 1.0])
def test_nobody_and_everybody(share):
    assert ControlGroup("s", share).contains(IDS).tolist() == [share == 1] * len(IDS)


def test_a_larger_share_keeps_those_who_were_drawn():
    small, large = (ControlGroup("spring", share).contains(IDS) for share in (0.1, 0.3))
    assert (small <= large).all()
    assert small.sum() < large.sum()


def test_two_years_of_reruns_keep_every_arm():
    """Each month some leave, others join, everybody is shuffled; nobody changes arm."""
    rng, group = np.random.default_rng(1), ControlGroup("spring", 0.1)
    present, arm_of, n_next, compared = [str(i) for i in range(3000)], {}, 3000, 0
    for _ in range(24):
        arms = dict(zip(present, group.contains(present), strict=True))
        stayed = arms.keys() & arm_of.keys()
        compared += len(stayed)
        assert all(arms[customer] == arm_of[customer] for customer in stayed)
        arm_of |= arms
        staying = [customer for customer in present if rng.random() > 0.05]
        present = [*staying, *map(str, range(n_next, n_next + 150))]
        n_next += 150
        rng.shuffle(present)
    assert compared > 60_000


def test_a_thousand_salts_draw_binomial_numbers():
    ids, share = [str(i) for i in range(1, 1001)], 0.1
    drawn = np.array([ControlGroup(f"campaign-{salt}", share).contains(ids) for salt in range(1000)])
    n = drawn.sum(axis=1)
    low, high = binom.ppf([0.025, 0.975], len(ids), share)
    assert 0.93 <= ((low <= n) & (n <= high)).mean() <= 0.98  # 95.6% is exact for whole numbers
    statistic = (n - 100) ** 2 / 100 + (n - 100) ** 2 / 900
    rejected = (statistic > chi2.ppf(0.95, 1)).mean()
    assert abs(rejected - 0.05) <= 0.015
    assert binom.ppf(0.0001, 10**6, share) <= drawn.sum() <= binom.ppf(0.9999, 10**6, share)
    # of two campaigns, nobody's arm in one says anything of the arm in the other
    both = (drawn[0::2] & drawn[1::2]).sum()
    assert binom.ppf(0.0001, 500_000, share**2) <= both <= binom.ppf(0.9999, 500_000, share**2)


@pytest.mark.parametrize("share", [0, 0.1, 1 / 3, 0.5, 0.9999999999, 1])
def test_duckdb_draws_the_same_customers(share):
    group = ControlGroup("spring 2026", share)
    table = pd.DataFrame({"customer_id": IDS})
    con = duckdb.connect()
    con.register("customers", table)
    drawn = con.sql(f"SELECT customer_id, {group.sql('c.customer_id')} AS control FROM customers AS c").df()
    assert drawn["control"].tolist() == group.contains(drawn["customer_id"]).tolist()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_words_for_it(dialect):
    group = ControlGroup("spring", 0.1)
    text = translated(f"SELECT c.customer_id, {group.sql('c.customer_id')} AS control FROM customers AS c", dialect)
    assert "spring|" in text
    assert "199999999999a" in text
    tree = parse_one(text, dialect=dialect)
    assert tree.sql(dialect=dialect) == text
    assert "MD5" in text.upper()
    # where the function gives bytes, they are written as lower-case digits
    assert ("TO_HEX" in text) == (dialect in ("bigquery", "trino"))


def test_postgres_hashes_utf_8_whatever_the_encoding_of_the_database():
    text = translated(f"SELECT {ControlGroup('spring', 0.1).sql()} AS control FROM customers", "postgres")
    assert "CONVERT_TO('spring|' || customer_id, 'UTF8')" in text


@pytest.mark.parametrize("salt", ["", "a|b", "it's", "a\\b", "x" * 101, None, " begins with a blank", "é"])
def test_a_salt_that_a_statement_could_not_hold_is_refused(salt):
    with pytest.raises(ParameterRefused, match="salt"):
        ControlGroup(salt, 0.1)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_is_a_share(share):
    with pytest.raises(ParameterRefused, match="control_share"):
        ControlGroup("spring", share)

"""Shapes that come from the columns and not from customers: constant sums, joint zeros, levels that come together."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.preprocessing.artefacts import constant_sums, joint_zeros, same_levels, smallest_eigenvalue
from seglib.preprocessing.audit import audit
from seglib.preprocessing.customer import customer_matrix
from seglib.run.run import Run
from seglib.schema.features import Feature
from seglib.schema.records import AuditRecord

NEW_CHECKS = ("sum", "zeros", "levels", "extreme", "handful")
seeds = st.integers(0, 2**32 - 1)


def table(values, names):
    index = pd.Index([str(i) for i in range(len(values))], name="customer_id")
    return pd.DataFrame(np.asarray(values, dtype=float), index, list(names))


def findings_of(report, check):
    """The findings of one check: columns and sentences."""
    rows = report.table[(report.table["check"] == check) & report.table["found"]]
    return list(zip(rows["column"], rows["sentence"], strict=True))


# Constant sums ------------------------------------------------------------------------------------------------------


def test_columns_that_add_up_are_named_with_their_total():
    rng = np.random.default_rng(0)
    shares = 100 * rng.dirichlet([2, 3, 4], 300)
    t = table(np.column_stack([shares, rng.normal(size=(300, 2))]), ["food", "toys", "books", "age", "score"])
    (one,) = constant_sums(t)
    assert list(one.weights) == ["food", "toys", "books"]
    assert list(one.weights.values()) == pytest.approx([1, 1, 1])
    assert one.plain
    assert one.total == pytest.approx(100)
    ((columns, sentence),) = findings_of(audit(t), "sum")
    assert columns == "food, toys, books"
    assert sentence.startswith("Food, toys and books add up to 100 in every row.")
    assert "Leave one of them out" in sentence


def test_rounded_percentages_still_add_up():
    shares = np.round(100 * np.random.default_rng(1).dirichlet([2, 3, 4], 300))
    assert set(shares.sum(axis=1)) > {100}  # rounding leaves 99 or 101 in some rows
    (one,) = constant_sums(table(shares, "abc"))
    assert one.plain
    assert one.total == pytest.approx(100, abs=0.2)


def test_a_total_beside_its_parts_and_two_sums_at_once():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 2))
    t = table(np.column_stack([x, x[:, 0] + 2 * x[:, 1] + 5, rng.dirichlet([1, 1, 1], 200)]), "abcdef")
    first, second = constant_sums(t)
    # c = a + 2 b + 5, so a / 2 + b - c / 2 = -5 / 2
    assert list(first.weights) == ["a", "b", "c"]
    assert list(first.weights.values()) == pytest.approx([0.5, 1, -0.5])
    assert first.total == pytest.approx(-2.5)
    assert not first.plain
    assert list(second.weights) == ["d", "e", "f"]
    assert second.plain
    assert second.total == pytest.approx(1)


def test_the_smallest_eigenvalue_by_hand():
    # The sum of products is 2 + 2 + 2 + 2 = 8, both sums of squares are 4 + 1 + 1 + 4 = 10: the correlation is 0.8.
    # Two columns with correlation r have the eigenvalues 1 + r and 1 - r.
    t = table([[-2, -1], [-1, -2], [1, 2], [2, 1]], "ab")
    assert smallest_eigenvalue(t) == pytest.approx(0.2)
    assert np.isnan(smallest_eigenvalue(t.head(3)))
    assert constant_sums(t.head(3)) == []


# Joint zeros --------------------------------------------------------------------------------------------------------


def test_rows_that_are_zero_in_several_columns_are_counted():
    rng = np.random.default_rng(0)
    x = np.exp(rng.normal(size=(100, 4)))
    x[:30, :3] = 0
    x[30:35, 0] = 0
    lump = joint_zeros(table(x, "abcd"))
    assert (lump.columns, lump.rows, lump.share, lump.zero) == (("a", "b", "c"), 30, 0.3, True)
    ((columns, sentence),) = findings_of(audit(table(x, "abcd")), "zeros")
    assert columns == "a, b, c"
    assert "A, b and c are zero together in 30 rows (30%)" in sentence
    scaled = joint_zeros(table(x - x.mean(axis=0), "abcd"))
    assert (scaled.columns, scaled.rows, scaled.zero) == (("a", "b", "c"), 30, False)


def test_zeros_that_meet_by_chance_are_no_lump():
    rng = np.random.default_rng(0)
    x = np.exp(rng.normal(size=(1000, 3))) * (rng.random((1000, 3)) < 0.4)
    assert ((x[:, :2] == 0).all(axis=1)).mean() > 0.3  # 0.6 ** 2
    assert joint_zeros(table(x, "abc")).columns == ()


# Levels that come together ------------------------------------------------------------------------------------------


def test_levels_of_the_same_rows_are_named():
    rng = np.random.default_rng(0)
    absent = np.arange(200) < 50
    answers = {name: np.where(absent, "none", rng.choice(["good", "bad"], 200)) for name in ("price", "staff", "place")}
    levels = {name: pd.get_dummies(pd.Series(values)) for name, values in answers.items()}
    (group,), highest = same_levels(levels)
    assert group.levels == {"price": "none", "staff": "none", "place": "none"}
    assert (group.rows, group.kappa, highest) == (50, 1.0, 1.0)


def test_agreement_is_corrected_for_chance():
    # 20 rows: both levels in 8, one alone in 1 and 1, neither in 10. Agreement 18 / 20; by chance
    # (9 * 9 + 11 * 11) / 400 = 0.505; kappa = (0.9 - 0.505) / 0.495. FEWEST_ROWS of 10 needs it five times.
    a = np.tile(np.r_[np.ones(9), np.zeros(11)].astype(bool), 5)
    b = np.tile(np.r_[np.ones(8), 0, 1, np.zeros(10)].astype(bool), 5)
    groups, highest = same_levels({"a": pd.DataFrame({"yes": a}), "b": pd.DataFrame({"yes": b})})
    assert groups == []
    assert highest == pytest.approx(0.395 / 0.495)
    common = np.arange(500) >= 12  # levels that 98% have agree on 95% of the rows, and say nothing of each other
    other = np.roll(common, 100)
    _, highest = same_levels({"a": pd.DataFrame({"yes": common}), "b": pd.DataFrame({"yes": other})})
    assert highest < 0


def test_the_audit_of_a_survey_finds_the_three_by_the_names_of_its_questions():
    rng = np.random.default_rng(0)
    n = 300
    spent = np.exp(rng.normal(3, 1, (n, 2))) * (np.arange(n) >= 90)[:, None]
    shares = rng.dirichlet([3, 2, 2], n)
    answers = {name: np.where(np.arange(n) < 60, "does not apply", rng.choice(list("xyz"), n)) for name in ("q1", "q2")}
    frame = pd.DataFrame({"shoes": spent[:, 0], "hats": spent[:, 1], "s1": shares[:, 0], "s2": shares[:, 1]})
    frame = frame.assign(s3=shares[:, 2], **answers).set_axis([str(i) for i in range(n)])
    frame.index.name = "customer_id"
    kinds = {name: "nominal" if name in answers else "numeric" for name in frame}
    described = [
        Feature(name, "", "", "segmentation", kind, log=name in ("shoes", "hats")) for name, kind in kinds.items()
    ]
    report = audit(customer_matrix(frame, described=described, min_level_share=0.0))
    assert [columns for columns, _ in findings_of(report, "sum")] == ["s1, s2, s3"]
    assert [columns for columns, _ in findings_of(report, "zeros")] == ["shoes, hats"]
    ((columns, sentence),) = findings_of(report, "levels")
    assert columns == "q1, q2"
    assert "q1: does not apply and q2: does not apply" in sentence
    assert "60 rows" in sentence
    assert "segment_by" in sentence
    assert AuditRecord.from_json(report.record.to_json()) == report.record


# No false alarms ----------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(60, 400))
def test_independent_columns_raise_no_alarm(seed, n):
    rng = np.random.default_rng(seed)
    columns = {
        "normal": rng.normal(size=n),
        "skewed": np.exp(rng.normal(size=n)),
        "zeros": rng.gamma(1, size=n) * (rng.random(n) < 0.5),
        "more zeros": rng.gamma(1, size=n) * (rng.random(n) < 0.4),
        "count": rng.poisson(0.7, n),
        "rating": rng.integers(1, 6, n),
        "yes": rng.random(n) < 0.5,
        "rare": rng.random(n) < 0.05,
    }
    t = table(np.column_stack(list(columns.values())), columns)
    sums, lump = constant_sums(t), joint_zeros(t)
    levels, _ = same_levels({name: pd.get_dummies(t[name]) for name in ("rating", "yes", "rare")})
    assert (sums, lump.columns, levels) == ([], (), [])


@pytest.mark.parametrize("name", ["sample", "survey", "invoices"])
def test_the_shops_that_come_along_raise_no_alarm(name, root, tmp_path):
    source, mapping = f"{root}/data/sample/{name}.csv", f"{root}/params/mappings/{name}.yaml"
    run = Run("shop", base=tmp_path)
    (ingest("sample") if name == "sample" else ingest(source, mapping=mapping)).save(run)
    features = customer_features(run.connect(), run.study())
    matrix = customer_matrix(
        features.table,
        described=features.features,
        leave_out=features.missing,
        unreliable=features.unreliable,
        drop_correlated=False,
    )
    report = audit(matrix)
    assert not set(report.table.loc[report.table["found"], "check"]) & set(NEW_CHECKS)
    assert set(NEW_CHECKS) <= set(report.table["check"])


def test_one_skipped_question_in_six_columns_is_found(root, tmp_path):
    """Who owns no garden answers "does not apply" five times: one fact, six times its weight."""
    case = root / "tests/ingest/cases/19-one-skipped-question-in-six-columns"
    run = Run("skip", base=tmp_path)
    ingest(case / "answers.csv", mapping=case / "mapping.yaml").save(run)
    features = customer_features(run.connect(), run.study())
    report = audit(customer_matrix(features.table, described=features.features, leave_out=features.missing))
    [(columns, sentence)] = findings_of(report, "levels")
    assert columns == "garden, tools, plants, seeds, soil, lights"
    rows = int((features.table["garden"] == 0).sum())
    assert f"{rows} rows have all of them, and are counted 6 times" in sentence
    assert "garden: no, tools: does not apply" in sentence

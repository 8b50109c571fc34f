"""Simulated shops have what the analyst has added in 03, computed by the same statement and the same steps."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from seglib.errors import InputRefused
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.k_selection.validation.null_shops import null_models_for
from seglib.preprocessing.build import CustomerOptions, build_matrix
from seglib.preprocessing.encoders import Winsorizer
from seglib.run.run import Run
from seglib.schema.records import AuditRecord
from seglib.sql.canonical import read_canonical_tables

STATEMENT = """
/*
summer_share: {unit: share, meaning: share of coupons whose name begins with Summer}
beside: {unit: coupons, meaning: coupons beside the mean of the shop}
*/
SELECT t.customer_id, avg(CASE WHEN t.coupon_name LIKE 'Summer%' THEN 1.0 ELSE 0.0 END) AS summer_share,
    count(*) - avg(count(*)) OVER () AS beside
FROM transactions AS t GROUP BY t.customer_id
"""


@pytest.fixture(scope="module")
def analysed(tmp_path_factory, generated):
    """Take a generated shop through 01 and 03, with features and steps of one's own."""
    folder, _ = generated(customers=300, transactions=3000, seed=4)
    home = tmp_path_factory.mktemp("home")
    (home / "own.sql").write_text(STATEMENT, encoding="utf-8")

    def analyse(name, **options):
        run = Run(name, base=home)
        ingest(folder).save(run)
        described = customer_features(run.connect(), run.new_study(), own_features=home / "own.sql")
        options = {"segment_by": "coupons_per_month,burn_rate,summer_share,beside", "drop_correlated": False} | options
        matrix = build_matrix(described, lambda: None, options=CustomerOptions(keep_unreliable=True, **options))
        run.write("features", described.table)
        run.write("matrix", matrix.table)
        run.write("recipe", matrix.record(described, AuditRecord()))
        return run

    return analyse


@pytest.mark.parametrize("steps", [{}, {"number_steps": [Winsorizer(0.05, 0.95)], "matrix_steps": [PCA(3)]}])
def test_the_coupons_of_the_shop_itself_give_its_matrix(analysed, steps):
    run = analysed("same" + "-steps" * bool(steps), **steps)
    gradual, process, _ = null_models_for(run).nulls
    coupons = read_canonical_tables(run.connect())["transactions"]
    for rebuild in (gradual.rebuild, process.rebuild):
        twice = list(rebuild([coupons, coupons]))
        for X in twice:
            np.testing.assert_allclose(X, run.read("matrix").to_numpy(), atol=1e-9)


def test_simulated_coupons_give_other_values_and_names_are_dealt_with_the_coupons(analysed):
    run = analysed("null")
    models = null_models_for(run)
    matrix = run.read("matrix")
    place = list(matrix).index("summer_share")
    for null in models.nulls[:2]:
        [X] = null.draws([np.random.default_rng(1)])
        assert abs(np.corrcoef(X[:, place], matrix["summer_share"])[0, 1]) < 0.25
        assert X[:, place].std() == pytest.approx(1, abs=1e-9)
    assert "Summer share and beside are computed from the simulated coupons by the same statement." in models.text


def test_one_trait_is_not_looked_for_where_the_measure_is_not_known(analysed):
    from seglib.k_selection.validation.one_trait import one_trait_tests_for

    tests = one_trait_tests_for(analysed("trait"))
    assert {"summer_share", "beside"} <= set(tests.not_tested["feature"])


def test_a_matrix_that_was_changed_by_hand_is_refused_in_one_sentence(analysed):
    run = analysed("changed")
    run.write("matrix", run.read("matrix").clip(-2, 2))
    with pytest.raises(InputRefused, match=r"not what the recipe of 03 gives.*number_steps or matrix_steps"):
        null_models_for(run)

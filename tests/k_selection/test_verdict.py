"""The verdict: which evidence makes which label, the k it speaks for, and no sentence that says more than it holds."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from by_hand import COUPONS, TABLE, benchmark_of, needed_of, reached_by
from by_hand import DIFFER as CUSTOMERS_DIFFER
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import zscore

from seglib.eda.heterogeneity import homogeneity
from seglib.k_selection.validation.benchmark import benchmark
from seglib.k_selection.validation.charts import at_a_glance
from seglib.k_selection.validation.evidence import evidence_of, evidence_of_repeats, undecided_k
from seglib.k_selection.validation.null_shops import null_models_for
from seglib.k_selection.validation.one_trait import OneTraitTests
from seglib.k_selection.validation.other_shapes import OtherShapes
from seglib.k_selection.validation.recommendations import assess_k, recommendations
from seglib.k_selection.validation.verdict import evidence_by_k, verdict
from seglib.schema.records import AuditCheckRecord, AuditRecord
from seglib.style.formats import p_value

DIFFER, ALIKE = (
    pd.DataFrame(
        {"behaviour": ["burn rate", "days to burn"], "among": ["customers", "cities"], "p_holm": 0.5, "differ": differ}
    )
    for differ in ([True, True], [False, False])
)
UNSTABLE = {"jaccard": (0.7, 0.7, 0.7)}
UNPREDICTED = {"prediction_p": (0.5, 0.5, 0.5)}
NO_VALLEY = {"valley_p": (0.5, 0.5, 0.5)}
FOUR_APART = {"valley_p": (0.5, 0.5, 0.01)}
GRADUAL = {"p": (0.5, 0.01, 0.5)}
"""As where customers differ gradually, which shops of customers who are all alike do not reach."""

ONE_MODE = {"valley": (0.3, 0.3, 0.3)}
SO_ARE_ALIKE = {"p": (0.01, 0.5, 0.01)}
"""As where all customers are alike, which happens where features make lumps by themselves."""


# The label --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "differ", "structure", "holds"),
    [
        ({}, DIFFER, "natural", "HESD"),
        ({}, ALIKE, "natural", "ESD"),
        ({}, None, "natural", "ESD"),
        # without a valley: it comes back, and either the silhouette or the differences of 02 are more than chance
        (NO_VALLEY, DIFFER, "reproducible", "HES"),
        (NO_VALLEY, ALIKE, "reproducible", "ES"),
        ({"valley": (0.45, 0.45, 0.45)}, ALIKE, "reproducible", "ES"),  # beyond the null models, but one mode
        ({"valley_p": (0.5, 0.5, 0.01), "jaccard": (0.9, 0.9, 0.7)}, ALIKE, "reproducible", "ES"),
        # the greatest silhouette beats no gradual shop, but prediction does
        (GRADUAL, DIFFER, "reproducible", "HSD"),
        (GRADUAL | NO_VALLEY, DIFFER, "reproducible", "HS"),
        (GRADUAL | NO_VALLEY, ALIKE, "constructed", "S"),
        (SO_ARE_ALIKE, DIFFER, "reproducible", "HSD"),
        (SO_ARE_ALIKE | NO_VALLEY, ALIKE, "constructed", "S"),
        # a valley that no null model has is enough, whether customers were shown to differ or not
        (GRADUAL, ALIKE, "reproducible", "SD"),
        (SO_ARE_ALIKE, ALIKE, "reproducible", "SD"),
        # where the silhouette beats the gradual shops, prediction need not
        (UNPREDICTED, DIFFER, "natural", "HESD"),
        (SO_ARE_ALIKE | UNPREDICTED, DIFFER, "reproducible", "HSD"),
        # a valley is a reason too
        (GRADUAL | UNPREDICTED, DIFFER, "reproducible", "HSD"),
        (GRADUAL | UNPREDICTED, ALIKE, "reproducible", "SD"),
        (GRADUAL | UNPREDICTED | FOUR_APART, DIFFER, "reproducible", "HSD"),
        (
            GRADUAL | UNPREDICTED | {"valley_p": (0.5, 0.5, 0.01), "jaccard": (0.9, 0.9, 0.7)},
            DIFFER,
            "constructed",
            "H",
        ),
        # stability without a reason that gradual differences do not have
        (GRADUAL | UNPREDICTED | NO_VALLEY, DIFFER, "constructed", "H"),
        ({"p": (0.01, 0.01, 0.5)} | UNPREDICTED | NO_VALLEY, DIFFER, "constructed", "H"),
        # it comes back in the other half, though not in bootstrap samples
        (UNSTABLE | {"prediction": (0.7, 0.8, 0.7)}, DIFFER, "natural", "HESD"),
        (UNSTABLE | NO_VALLEY | {"prediction": (0.7, 0.8, 0.7)}, ALIKE, "reproducible", "ES"),
        (UNSTABLE | GRADUAL | NO_VALLEY | {"prediction": (0.7, 0.8, 0.7)}, DIFFER, "reproducible", "HS"),
        (UNSTABLE | {"prediction": (0.7, 0.79, 0.7)}, DIFFER, "constructed", "HE"),
        # nothing comes back
        (UNSTABLE, DIFFER, "constructed", "HE"),
        (UNSTABLE, ALIKE, "constructed", "E"),
        (GRADUAL | UNSTABLE, DIFFER, "constructed", "H"),
        (GRADUAL | UNSTABLE, ALIKE, "constructed", ""),
        # a small segment is no reason to deny
        ({"share": (0.02, 0.02, 0.02)}, DIFFER, "natural", "HESD"),
    ],
)
def test_the_evidence_makes_the_label(change, differ, structure, holds):
    reached = verdict(benchmark_of(**change), differ)
    assert (reached.label, reached.between) == (structure, ())
    lines = dict(zip("HESD", reached.table["holds"], strict=True))
    assert "".join(letter for letter, line_holds in lines.items() if line_holds) == holds
    assert reached.p == pytest.approx(max(change.get("p", [0.01])))
    assert reached.useful == "not tested"
    assert reached.evidence is reached.table
    assert reached.record.structure == reached.record.weakest == structure


def test_that_one_of_several_k_has_a_valley_is_no_evidence_by_itself():
    """At k = 2 four of 99 simulated shops have as clear a valley, at k = 3 four others: .05 each, .09 together."""
    benchmark_result = benchmark_of(**GRADUAL, **UNPREDICTED, nulls=COUPONS)
    for draws in benchmark_result.simulated.values():
        draws["valley"][:, 1:] = 0.8
        draws["valley"][:4, 1], draws["valley"][4:8, 2] = 1.1, 1.1
        draws["valley"][:50, 3] = 1.1
    evidence = evidence_of(benchmark_result)
    assert evidence.clear_k == [2, 3]
    assert evidence.p_valley == pytest.approx(0.09)
    assert not evidence.has_valleys
    assert evidence_of(benchmark_result).structure == "constructed"
    assert evidence_of(benchmark_result, differ=True).structure == "reproducible"
    for draws in benchmark_result.simulated.values():
        draws["valley"][4:8, 2] = 0.8
    assert evidence_of(benchmark_result).p_valley == pytest.approx(0.01)
    assert evidence_of(benchmark_result).structure == "reproducible"


@pytest.mark.parametrize(
    ("jaccard", "predicted"), [((0.9, 0.9, 0.9), []), ((0.9, 0.9, 0.7), [2, 3]), ((0.7, 0.9, 0.7), [3])]
)
def test_the_k_that_come_back_share_the_level(jaccard, predicted):
    """Three times .02 is more than .05, twice is not."""
    evidence = evidence_of(benchmark_of(**GRADUAL, **NO_VALLEY, prediction_p=(0.02, 0.02, 0.02), jaccard=jaccard))
    assert evidence.predicted_k == evidence.supported_k == predicted


def test_customers_who_differ_are_named_with_the_groups_among_which_they_do():
    assert verdict(benchmark_of(), DIFFER).differ == ("burn rate", "days to burn among cities")
    table = verdict(benchmark_of(), DIFFER).table.set_index("evidence")
    assert table["found"]["differences"] == "2 of 2 tests"
    line = verdict(benchmark_of()).table.iloc[0]
    assert line["found"] == "not asked"
    assert line["holds"] is None  # not asked is not a no


def test_a_table_has_one_null_model_and_that_is_enough():
    reached = verdict(benchmark_of(nulls=["copula"], p=[0.01]))
    assert (reached.structure, reached.k_star) == ("natural", 3)
    assert verdict(benchmark_of(nulls=["copula"], p=[0.3], **NO_VALLEY)).structure == "constructed"


@pytest.mark.parametrize(
    ("p", "change", "structure", "holds"),
    [
        ((0.01, 0.01), {}, "natural", "ESD"),
        # smooth data along the curves of these follow groups that lie apart: they need not be beaten
        ((0.5, 0.01), {}, "natural", "ESD"),
        ((0.5, 0.01), {"valley_p": (0.5, 0.01, 0.5)}, "natural", "ESD"),
        # without a valley there must be another reason than the copula, which knows no curves
        ((0.5, 0.01), NO_VALLEY, "reproducible", "ES"),
        ((0.5, 0.01), NO_VALLEY | UNPREDICTED, "constructed", "E"),
        ((0.01, 0.01), NO_VALLEY | UNPREDICTED, "reproducible", "ES"),
        # the copula must be beaten
        ((0.01, 0.5), {}, "reproducible", "SD"),
        ((0.01, 0.5), NO_VALLEY | UNPREDICTED, "constructed", ""),
        # so must a smooth null model that does not follow the data
        ((0.5, 0.01), NO_VALLEY | {"follows": ()}, "constructed", "S"),
        ((0.01, 0.01), {"follows": ()}, "natural", "ESD"),
    ],
)
def test_a_table_has_a_smooth_null_model_too(p, change, structure, holds):
    reached = verdict(benchmark_of(nulls=TABLE, p=p, **change))
    assert reached.label == structure
    lines = dict(zip("HESD", reached.table["holds"], strict=True))
    assert "".join(letter for letter, line_holds in lines.items() if line_holds) == holds
    apart = p if "follows" in change else p[1:]
    assert (reached.p, reached.weighed.p_gradual) == pytest.approx((max(apart), max(p)))
    assert p_value(max(apart)) in reached.table.set_index("evidence").loc["silhouette", "found"]
    # by_hand: beside the copula the median is .2 below the data, beside the smooth null model .05 lower still
    hardest = 0.15 if "follows" in change and p[0] >= p[1] else 0.2
    assert reached.table.set_index("evidence").loc["silhouette", "without_segments"].startswith(f"{hardest:.3f}")


def test_a_table_that_is_more_clumped_than_the_copula_only_is_described_so():
    """The copula makes straight clouds: more clumps than there are can be a curve."""
    options = {"nulls": TABLE, **NO_VALLEY, **UNPREDICTED}
    reached = verdict(benchmark_of(p=(0.3, 0.02), **options))
    assert reached.weighed.beats_only_copula
    assert "than a Gaussian copula makes them (p = .020)" in reached.sentence
    assert "smooth data along the same curves (p = .30)" in reached.sentence
    for p in ((0.3, 0.3), (0.02, 0.3), (0.02, 0.02)):
        assert "copula" not in verdict(benchmark_of(p=p, **options)).sentence
    alone = benchmark_of(p=[0.02], **(options | {"nulls": ["copula"]}))
    assert not evidence_of(alone).beats_only_copula


def test_valleys_are_compared_with_null_models_that_do_not_follow_the_data():
    benchmark_result = benchmark_of(nulls=TABLE, p=(0.01, 0.01))
    benchmark_result.simulated["smooth"]["valley"][:] = 9.0
    at = evidence_by_k(benchmark_result)
    assert at["clear"].all()
    assert at["valley_high"].tolist() == pytest.approx([0.8] * 3)  # by_hand: .2 below the data, in nearly all shops
    benchmark_result.simulated["copula"]["valley"][:] = 9.0
    at = evidence_by_k(benchmark_result)
    assert not at["clear"].any()
    assert at["valley_p"].tolist() == [1.0] * 3


def test_where_prediction_is_as_perfect_as_in_simulated_shops_half_of_them_count():
    """Data and 8 of 99 simulated shops reach 1: 1 + 8 / 2 of 100, so p = .05. That of one stable k is enough."""
    options = {"jaccard": (0.9, 0.7, 0.7), "prediction": (1.0, 0.7, 0.7)}
    benchmark_result = benchmark_of(**GRADUAL, **NO_VALLEY, **options)
    strength = benchmark_result.simulated["gradual"]["prediction_strength"]
    strength[:8, 1] = 1.0
    assert evidence_by_k(benchmark_result).loc[2, "prediction_p"] == pytest.approx(0.05)
    assert evidence_of(benchmark_result, differ=True).structure == "reproducible"
    strength[8:10, 1] = 1.0
    assert evidence_of(benchmark_result, differ=True).structure == "constructed"


# Borderline -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repeats", "between", "k_star"),
    [
        ([{}, UNSTABLE, {}, UNSTABLE, {}], ("natural", "constructed"), None),
        ([{}, ONE_MODE, {}, {}, ONE_MODE], ("natural", "reproducible"), 3),
        ([UNSTABLE, ONE_MODE, {}, {}, {}], ("natural", "reproducible", "constructed"), None),
        ([UNSTABLE] * 5, ("natural", "constructed"), None),
    ],
)
def test_repeats_that_do_not_agree_make_it_borderline(repeats, between, k_star):
    reached = verdict(benchmark_of(repeats=repeats), DIFFER)
    assert (reached.label, reached.between, reached.k_star) == ("borderline", between, k_star)
    assert bool(reached.k_range) == (k_star is not None)
    assert all(label in reached.claim for label in between)
    assert reached.advice.startswith(verdict(benchmark_of(**UNSTABLE)).advice) == (between[-1] == "constructed")
    assert reached.record.weakest == between[-1]


@pytest.mark.parametrize("other", [UNSTABLE, ONE_MODE])
@pytest.mark.parametrize("place", [0, 4])
def test_a_single_repeat_that_does_not_agree_changes_nothing(other, place):
    repeats = [{}] * 5
    repeats[place] = other
    benchmark_result = benchmark_of(repeats=repeats)
    assert len({repeat.structure for repeat in evidence_of_repeats(benchmark_result)}) == 2
    reached = verdict(benchmark_result)
    assert (reached.label, reached.between, reached.k_star, reached.k_range) == ("natural", (), 3, (3,))


def test_a_p_value_at_the_level_depends_on_the_simulated_shops():
    """Four of 99 reach the data: in resamples of these shops more than four do in about 37 of 100."""
    benchmark_result = benchmark_of(p=(0.01, 0.01, 0.05), **UNPREDICTED, **NO_VALLEY)
    assert evidence_of(benchmark_result).stands_out
    labels = [e.structure for seed in range(40) for e in evidence_of_repeats(benchmark_result, seed=seed)]
    # more than four of a Poisson number with mean 4: probability .371; of 200, within four standard errors
    assert labels.count("constructed") / 200 == pytest.approx(0.371, abs=4 * np.sqrt(0.371 * 0.629 / 200))
    borderline = []
    for seed in range(10):
        dissenting = sum(e.structure == "constructed" for e in evidence_of_repeats(benchmark_result, seed=seed))
        borderline.append(verdict(benchmark_result, seed=seed).structure == "borderline")
        assert borderline[-1] == (dissenting >= 2)
    assert len(set(borderline)) == 2
    clear = benchmark_of(p=(0.01, 0.01, 0.01))
    assert verdict(clear, seed=0).record == verdict(clear, seed=1).record


# The number of segments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "k_star"),
    [
        ({}, 3),
        ({"excess": (0.3, 0.2, 0.15)}, 2),
        ({"excess": (0.1, 0.2, 0.21)}, 4),
        ({"silhouette": (0.45, 0.4, 0.35)}, 3),  # greater at 2, but so it is without segments
        ({"jaccard": (0.9, 0.74, 0.9)}, 4),
        ({"jaccard": (0.9, 0.75, 0.74)}, 3),
        ({"share": (0.3, 0.049, 0.1)}, 3),  # a small segment is no reason to deny
        (GRADUAL | NO_VALLEY | {"prediction_p": (0.01, 0.5, 0.5)}, 2),  # the only one for which there is a reason
        (GRADUAL | NO_VALLEY | {"prediction_p": (0.01, 0.5, 0.01)}, 4),
        (GRADUAL | UNPREDICTED | {"valley_p": (0.01, 0.5, 0.5)}, 2),
        (GRADUAL | {"prediction_p": (0.01, 0.5, 0.5), "valley_p": (0.5, 0.5, 0.01)}, 4),  # 2 and 4: one reason each
        ({"valley_p": (0.5, 0.01, 0.01), "silhouette": (0.3, 0.4, 0.35)}, 3),
        (UNPREDICTED, 3),
        (GRADUAL | UNPREDICTED, 3),
        (GRADUAL | UNPREDICTED | NO_VALLEY, None),
        (UNSTABLE, None),
        (UNSTABLE | {"prediction": (0.8, 0.7, 0.8)}, 4),
        (UNSTABLE | {"prediction": (0.8, 0.7, 0.79)}, 2),
    ],
)
def test_the_k_that_the_evidence_speaks_for(change, k_star):
    reached = verdict(benchmark_of(**change), DIFFER)
    assert reached.k_star == k_star
    assert reached.k_range == (() if k_star is None else (k_star,))
    assert reached.record.k_star == k_star
    assert (reached.structure == "constructed") == (k_star is None)


def test_without_differences_no_k_is_named_where_the_silhouette_is_as_great():
    assert evidence_of(benchmark_of(**GRADUAL, **NO_VALLEY)).supported_k == [2, 3, 4]
    assert verdict(benchmark_of(**GRADUAL, **NO_VALLEY), ALIKE).k_star is None


@pytest.mark.parametrize(
    ("error", "change", "k_range"),
    [
        (0.0, {}, (3,)),
        (0.0255, {}, (3,)),  # an excess of .2 less one of .15 is 1.96 standard errors of .02551
        (0.0256, {}, (3, 4)),
        (0.0511, {}, (2, 3, 4)),
        (0.0511, {"jaccard": (0.7, 0.9, 0.9)}, (3, 4)),  # what does not come back is not in question
        (1.0, UNSTABLE, ()),
    ],
)
def test_an_excess_that_differs_by_less_than_its_error_leaves_k_undecided(error, change, k_range):
    benchmark_result = benchmark_of(errors=error, **change)
    evidence = evidence_of(benchmark_result)
    assert undecided_k(evidence, evidence.k_star, benchmark_result.silhouette_errors) == k_range
    assert verdict(benchmark_result).k_range == k_range


def test_repeats_that_take_another_k_leave_it_undecided():
    """The median of the null models is .2, .15 and .15: at k = 4 these repeats exceed it most."""
    four = {"silhouette": (0.3, 0.34, 0.41)}
    reached = verdict(benchmark_of(repeats=[{}, {}, four, {}, four]))
    assert (reached.structure, reached.k_star, reached.k_range) == ("natural", 3, (3, 4))
    assert "k = 3 describes it best, but 3 or 4 cannot be told apart" in reached.sentence
    assert verdict(benchmark_of(repeats=[{}, {}, four, {}, {}])).k_range == (3,)


def test_a_repeat_that_takes_a_k_for_which_nothing_speaks_decides_nothing():
    """The fourth segment does not come back in all repeats together, whatever one of them says."""
    four = {"silhouette": (0.3, 0.34, 0.41), "jaccard": (0.9, 0.9, 0.9)}
    benchmark_result = benchmark_of(jaccard=(0.9, 0.9, 0.74), repeats=[{}, {}, four, four, four])
    assert [repeat.k_star for repeat in evidence_of_repeats(benchmark_result)] == [3, 3, 4, 4, 4]
    assert verdict(benchmark_result).k_range == (3,)


def test_of_natural_segments_k_is_one_with_valleys():
    """More segments have a greater silhouette, but no valley between all of them: they are in question only."""
    reached = verdict(benchmark_of(valley_p=(0.01, 0.5, 0.5)))
    assert (reached.structure, reached.k_star, reached.k_range) == ("natural", 2, (2, 3, 4))
    fewer = verdict(benchmark_of(valley_p=(0.01, 0.5, 0.5), jaccard=(0.9, 0.7, 0.7)))
    assert (fewer.structure, fewer.k_star, fewer.k_range) == ("natural", 2, (2,))


@pytest.mark.parametrize(
    ("tests", "needed_k", "undecided", "k_range"),
    [
        ([(2, 3, 0.5)], 2, (2,), (2, 3)),
        ([(2, 3, 0.1)], 2, (2, 3), (2, 3)),  # a p-value up to .1 does not exclude the larger k
        ([(2, 3, 0.11)], 2, (2,), (2, 3)),
        ([(2, 3, 0.01), (3, 4, 0.5)], 3, (3,), (3,)),
        ([(2, 3, 0.03), (3, 4, 0.5)], 3, (2, 3), (2, 3)),  # rejected by a few shops only
        ([(2, 4, 0.01), (3, 4, 0.01)], 4, (4,), (3, 4)),
        ([(2, 4, 0.01), (3, 4, 0.05)], 4, (3, 4), (3, 4)),
        ([(2, 3, 0.01), (3, 4, 0.1)], 3, (3, 4), (3, 4)),
        ([], None, (), (3,)),  # nothing was tested: the greatest excess decides
    ],
)
def test_the_tests_of_one_group_more_decide_on_k_where_nothing_lies_apart(tests, needed_k, undecided, k_range):
    """By hand, k = 3 exceeds the null models most: it cannot be told apart from the k of the tests."""
    needed = needed_of(*tests)
    assert (needed.k, needed.undecided) == (needed_k, undecided)
    reached = verdict(benchmark_of(**NO_VALLEY), needed=needed)
    assert (reached.structure, reached.k_star, reached.k_range) == ("reproducible", needed_k or 3, k_range)
    assert reached.record.k_star == reached.k_star


@pytest.mark.parametrize(
    ("excess", "valley_p", "tests", "k_star", "k_range"),
    [
        ((0.1, 0.2, 0.15), (0.01, 0.01, 0.5), [(3, 4, 0.5)], 3, (3,)),
        ((0.1, 0.2, 0.15), (0.01, 0.01, 0.5), [(3, 4, 0.01)], 3, (3, 4)),  # 4 are needed, but 3 describe it better
        ((0.1, 0.2, 0.25), (0.01, 0.01, 0.5), [(3, 4, 0.01)], 4, (3, 4)),
        ((0.1, 0.2, 0.25), (0.01, 0.01, 0.5), [(3, 4, 0.5)], 3, (3,)),  # 4 would, but is not needed
        ((0.1, 0.2, 0.15), (0.01, 0.01, 0.01), [(3, 4, 0.5)], 3, (3,)),  # there are valleys between 4 too, for nothing
        ((0.2, 0.1, 0.1), (0.01, 0.01, 0.5), [(2, 3, 0.08)], 2, (2, 3)),
    ],
)
def test_of_natural_segments_k_starts_from_valleys(excess, valley_p, tests, k_star, k_range):
    needed = replace(needed_of(*tests), start=tests[0][0])
    reached = verdict(benchmark_of(excess=excess, valley_p=valley_p), needed=needed)
    assert (reached.structure, reached.k_star, reached.k_range) == ("natural", k_star, k_range)


def test_without_evidence_no_test_of_one_group_more_names_a_k():
    for change in (UNSTABLE, {"repeats": [UNSTABLE, UNSTABLE, {}, {}, {}]}):
        reached = verdict(benchmark_of(**change), needed=needed_of((2, 3, 0.01), (3, 4, 0.5)))
        assert (reached.k_star, reached.k_range) == (None, ())


def test_the_tests_of_one_group_more_are_put_into_words():
    text = needed_of((2, 4, 0.01), (3, 4, 0.3)).text
    assert "2 (p = .010) groups are not enough" in text
    assert "3 groups are enough" in text
    assert "p = .30" in text
    assert "enough" not in needed_of().text
    assert "not enough" not in needed_of((2, 3, 0.3)).text


def test_the_excess_is_over_the_highest_of_all_medians():
    assert evidence_by_k(benchmark_of())["excess"].tolist() == pytest.approx([0.1, 0.2, 0.15])


def test_a_small_segment_is_a_remark():
    reached = verdict(benchmark_of(share=(0.3, 0.03, 0.1)))
    assert reached.structure == "natural"
    assert len(reached.notes) == 1
    assert "3.0% of the customers" in reached.notes[0]
    assert reached.notes[0] in reached.text
    assert verdict(benchmark_of(share=(0.3, 0.05, 0.01))).notes == ()  # of k = 3 only, and 5% is not small


# Words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "differ", "parts"),
    [
        ({}, DIFFER, ["Natural: customers are more clumped", "p = .010", "few of them are between", "k = 3 describes"]),
        (
            {"valley_p": (0.01, 0.5, 0.5)},
            DIFFER,
            ["few of them are between neighbouring groups; k = 2 describes it best"],
        ),
        (NO_VALLEY, ALIKE, ["into 3 groups comes back", "more clumped", "no valley between all", "is a choice"]),
        (SO_ARE_ALIKE, DIFFER, ["comes back", "where all customers are alike the silhouette is as great (p = .50)"]),
        (GRADUAL, DIFFER, ["comes back", "one half of the customers predicts the other better", "p = .50"]),
        (GRADUAL | UNPREDICTED, DIFFER, ["into 3 groups comes back", "p = .50"]),
        (
            GRADUAL | UNPREDICTED | NO_VALLEY,
            DIFFER,
            ["not shown to be more than gradual", "k = 2, 3 and 4", "p = .50"],
        ),
        (GRADUAL | UNSTABLE, DIFFER, ["not shown to be more than gradual", "for no number of groups", "p = .50"]),
        (UNSTABLE, DIFFER, ["more clumped than in data where they differ gradually", "p = .010", "for no number"]),
        (
            SO_ARE_ALIKE | NO_VALLEY,
            ALIKE,
            ["customers were not shown to differ, and where all are alike", "p = .50"],
        ),
    ],
)
def test_every_reason_has_its_own_sentence(change, differ, parts):
    sentence = verdict(benchmark_of(**change), differ).sentence
    for part in parts:
        assert part in sentence


def test_where_more_segments_are_needed_than_lie_apart_it_is_said():
    sentence = verdict(benchmark_of(valley_p=(0.01, 0.5, 0.5)), needed=needed_of((2, 3, 0.01), (3, 4, 0.5))).sentence
    assert "few of them are between the groups if there are 2" in sentence
    assert "k = 3 describes it best, but 2 or 3 cannot be told apart" in sentence
    assert sentence.endswith("though with 3 not all neighbouring groups are apart.")


def test_a_valley_is_no_prediction():
    """Where a valley is the only reason, no sentence says that one half predicts the other better."""
    for differ in (DIFFER, ALIKE):
        assert "predicts the other better" not in verdict(benchmark_of(**GRADUAL, **UNPREDICTED), differ).text


def test_clumps_are_the_headline_of_natural_segments():
    assert verdict(benchmark_of()).headline == "Yes: customers form clumps"
    for change in (NO_VALLEY, UNSTABLE, GRADUAL, {"repeats": [UNSTABLE] * 5}):
        assert "clump" not in verdict(benchmark_of(**change), DIFFER).headline


def two_kinds_in(*names):
    table = pd.DataFrame({"feature": ["burn_rate", "days_to_burn", "tenure_days"]})
    return OneTraitTests(table.assign(two_kinds=table["feature"].isin(names)), pd.DataFrame(), ())


def shapes_of(k, p):
    columns = {"k": [2, k], "first": "mixture", "second": "spectral", "agreement": [0.8, 0.9], "kmeans": 0.2}
    table = pd.DataFrame(columns | {"clustered": 1.0, "smallest": 0.2, "other_shape": True})
    return OtherShapes(table, 19, 0, p, pd.DataFrame(), 500)


def test_two_kinds_in_a_trait_are_the_claim_where_nothing_else_is_and_else_a_remark():
    one, both, none = two_kinds_in("burn_rate"), two_kinds_in("burn_rate", "days_to_burn"), two_kinds_in()
    only = verdict(benchmark_of(**UNSTABLE), one_trait=both)
    assert (only.label, only.k_star, only.notes) == ("constructed", None, ())
    assert only.two_kinds == ("burn_rate", "days_to_burn")
    assert only.sentence.startswith("Constructed: customers are of two kinds in burn rate and days to burn")
    assert only.headline.startswith("Two kinds of customers in burn rate and days to burn")
    remark = verdict(benchmark_of(), one_trait=one)
    assert remark.notes == ("By itself, burn rate shows two kinds of customers.",)
    assert (
        verdict(benchmark_of(), one_trait=both).notes[0].startswith("Each by itself, burn rate and days to burn show")
    )
    assert (remark.claim, remark.headline) == (verdict(benchmark_of()).claim, verdict(benchmark_of()).headline)
    assert remark.notes[0] in remark.text
    borderline = verdict(benchmark_of(repeats=[UNSTABLE] * 5), one_trait=one)
    assert len(borderline.notes) == 1
    assert "the answer differs" in borderline.claim
    assert verdict(benchmark_of(**UNSTABLE), one_trait=none).record == verdict(benchmark_of(**UNSTABLE)).record


def test_groups_of_another_shape_are_the_claim_where_kmeans_shows_nothing():
    reached = verdict(benchmark_of(**UNSTABLE), other_shapes=shapes_of(4, 0.05), one_trait=two_kinds_in("burn_rate"))
    assert (reached.label, reached.k_star, reached.other_shape) == ("constructed", None, 4)
    assert reached.sentence == (
        "Constructed: there are 4 groups on which other methods agree, and KMeans cuts across them."
    )
    assert reached.headline == "There are groups, but KMeans cuts across them"
    assert reached.notes == ("By itself, burn rate shows two kinds of customers.",)
    by_chance = verdict(benchmark_of(**UNSTABLE), other_shapes=shapes_of(4, 0.1))
    assert by_chance.record == verdict(benchmark_of(**UNSTABLE)).record
    natural = verdict(benchmark_of(), other_shapes=shapes_of(4, 0.05))
    assert natural.record == verdict(benchmark_of()).record


def test_the_rule_that_failed_is_named_where_only_the_differences_of_02_are_missing():
    """Prediction is better than where customers differ gradually; what is missing is E or H."""
    sentence = verdict(benchmark_of(**GRADUAL, **NO_VALLEY), ALIKE).sentence
    assert "not shown to differ" in sentence
    assert "predicts the other as well" not in sentence


def test_what_clumps_may_rest_on_is_said_before_anybody_plans_with_them():
    """One fact in six columns makes clumps by itself, and the verdict says so beside its label."""
    checks = (AuditCheckRecord("levels", "a, b", 1.0, True), AuditCheckRecord("filled", "c", 0.2, True))
    benchmark = benchmark_of()
    plain, reached = verdict(benchmark), verdict(benchmark, audit=AuditRecord(("It stands twice.",), checks))
    assert (plain.structure, reached.structure) == ("natural", "natural")
    assert reached.notes[0].startswith("The clumps may rest on one fact that stands in several columns:")
    assert "plan with these groups" in plain.advice
    assert reached.advice == "Do what the audit in 03 says and run again, before you plan with these groups."
    harmless = AuditRecord(("Filled in.",), (AuditCheckRecord("filled", "c", 0.2, True),))
    assert verdict(benchmark, audit=harmless).text == plain.text
    constructed = verdict(benchmark_of(**UNSTABLE), audit=AuditRecord(("It stands twice.",), checks))
    assert constructed.text == verdict(benchmark_of(**UNSTABLE)).text


@pytest.mark.parametrize("change", [{}, NO_VALLEY, UNSTABLE])
def test_advice_speaks_of_dates_only_where_there_are_dates(change):
    dated, undated = (verdict(benchmark_of(**change), dated=dated) for dated in (True, False))
    assert "{" not in dated.text + undated.text
    assert not re.search("recen|next", undated.advice)
    assert ("recently" in dated.advice) == (dated.structure == "constructed")
    assert ("do next?" in dated.advice) == (dated.structure == "natural")


NEVER = ("there is no structure", "no cluster structure", "fall into", "drawn anew", "nan", "{", "None")
NEGATED = (
    "for no number of groups do all of them come back",
    "for no k do all segments come back",
    "does not come back",
)

some_p = st.sampled_from([0.01, 0.02, 0.05, 0.06, 0.5])
some_jaccard = st.tuples(*[st.sampled_from([0.5, 0.74, 0.75, 0.9])] * 3)
some_valley = st.tuples(*[st.sampled_from([0.3, 0.45, 1.0])] * 3)
some_silhouette = st.tuples(*[st.sampled_from([0.2, 0.3, 0.33, 0.4])] * 3)
some_repeat = st.fixed_dictionaries(
    {}, optional={"jaccard": some_jaccard, "valley": some_valley, "silhouette": some_silhouette}
)
generated = settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
"""Examples are not made smaller: that takes minutes, and they are small."""

some_evidence = st.fixed_dictionaries(
    {
        "p": st.tuples(*[some_p] * 3),
        "prediction_p": st.tuples(*[some_p] * 3),
        "valley_p": st.tuples(*[some_p] * 3),
        "jaccard": some_jaccard,
        "prediction": st.tuples(*[st.sampled_from([0.5, 0.79, 0.8, 0.9])] * 3),
        "valley": some_valley,
        "silhouette": some_silhouette,
        "excess": st.tuples(*[st.sampled_from([0.01, 0.05, 0.2])] * 3),
        "share": st.tuples(*[st.sampled_from([0.02, 0.2])] * 3),
        "gap_p": st.tuples(*[some_p] * 3),
        "gap_k": st.integers(1, 4),
        "errors": st.sampled_from([0.0, 0.03, 0.2]),
        "repeats": st.one_of(st.just(({},) * 5), st.tuples(*[some_repeat] * 5)),
    }
)


def affirmed_to_come_back(text):
    """The parts of a text that say that something comes back, without those that deny it."""
    for denial in NEGATED:
        text = text.replace(denial, "")
    return re.findall(r"[^.:;]*\bcomes? back[^.:;]*", text)


def numbers_of_segments(text):
    """The k that a text names: "k = 2, 3 and 4", "into 2 or 3 groups", "if there are 2", "with 3 not all"."""
    named = re.findall(r"k = ((?:\d+(?:, | and | or )?)+)|into ((?:\d+(?:, | or )?)+) groups", text)
    named += [(n, "") for n in re.findall(r"if there are (\d+)", text)]
    return {int(k) for both in named for numbers in both for k in re.findall(r"\d+", numbers)}


def p_values(text):
    return set(re.findall(r"p [=<] \.\d+", text))


def p_of_clearest_valley(valley, valley_p):
    """The share of the data and 99 shops, made as by_hand does, whose greatest standardised valley is as great."""
    shops = np.where(np.column_stack([reached_by(p) for p in valley_p]), np.add(valley, 0.1), np.add(valley, -0.2))
    greatest = zscore(np.vstack([valley, shops]), axis=0).max(axis=1)
    return np.mean(greatest >= greatest[0] - 1e-9)


def label_of(wanted, differ, nulls):
    """The label by the rule, from the numbers that went in (not from `Evidence`)."""
    stable = [i for i in range(3) if wanted["jaccard"][i] >= 0.75 or wanted["prediction"][i] >= 0.8]
    predicted = {i for i in stable if wanted["prediction_p"][i] * len(stable) <= 0.05 + 1e-12}
    clear = {i for i in stable if wanted["valley"][i] == 1.0 and wanted["valley_p"][i] <= 0.05}
    p = dict(zip(nulls, wanted["p"], strict=False))
    gradual = max(p[null] for null in nulls if CUSTOMERS_DIFFER[null])
    supported = stable if gradual <= 0.05 else sorted(predicted | clear)
    stands_out = max(p[null] for null in nulls if null != "smooth") <= 0.05
    valleys = bool(clear) and p_of_clearest_valley(wanted["valley"], wanted["valley_p"]) <= 0.05 + 1e-12
    label = "reproducible" if supported and (stands_out or differ or valleys) else "constructed"
    if stands_out and clear:
        label = "natural"
    candidates = sorted(clear) if label == "natural" else supported
    greatest = max((wanted["excess"][i] for i in candidates), default=0)
    best = [i + 2 for i in candidates if wanted["excess"][i] == greatest]
    return label, [i + 2 for i in supported], None if label == "constructed" else best[0]


@generated
@given(
    wanted=some_evidence,
    homogeneity_of_02=st.sampled_from([None, DIFFER, ALIKE]),
    nulls=st.sampled_from([COUPONS, TABLE, ("copula",)]),
)
def test_the_label_is_that_of_the_rule(homogeneity_of_02, wanted, nulls):
    differ = homogeneity_of_02 is DIFFER
    label, supported, k_star = label_of(wanted, differ, nulls)
    options = wanted | {"nulls": nulls, "p": wanted["p"][: len(nulls)]}
    reached = verdict(benchmark_of(**options, all_scores=False), homogeneity_of_02)
    evidence = reached.weighed
    assert evidence.structure == label
    assert evidence.supported_k == supported
    assert evidence.k_star == k_star
    assert set(evidence.clear_k) <= set(supported)
    h, e, s, d = reached.table["holds"]
    assert (bool(h), e, s, d) == (differ, evidence.stands_out, bool(supported), bool(evidence.clear_k))
    enough = e or h or evidence.has_valleys
    assert label == ("natural" if e and d else "reproducible" if s and enough else "constructed")
    assert reached.structure in (label, "borderline")


def hold_to_evidence(reached, evidence, repeats):
    """Hold what a verdict says to the evidence that it weighs."""
    assert evidence.structure in (reached.between or (reached.structure,))
    assert bool(reached.between) == (sum(repeat.structure != evidence.structure for repeat in repeats) > 1)
    for text in (reached.text, reached.claim, reached.headline, *reached.table["found"]):
        assert not any(words in text for words in NEVER), text
        assert p_values(text) <= {p_value(p) for p in (evidence.p, evidence.p_gradual, *evidence.by_k["valley_p"])}
    assert not p_values(reached.claim + reached.headline + reached.meaning + reached.advice)
    for text in (reached.sentence, reached.claim, reached.headline, reached.meaning, reached.advice):
        for part in affirmed_to_come_back(text):
            assert evidence.stable_k, part
            assert numbers_of_segments(part) <= set(evidence.stable_k), part
        assert ("clumps" in text) <= (evidence.structure == "natural"), text
        assert ("copula" in text) <= evidence.beats_only_copula, text
        # beside a table, the copula is enough where there is a valley, or where it is named
        enough = evidence.p_gradual if evidence.structure != "natural" and "copula" not in text else evidence.p
        assert ("clumped" in text) <= (enough <= 0.05), text
        assert ("few of them are between" in text) <= bool(evidence.clear_k), text
        assert ("no valley" in text) <= (not evidence.clear_k), text
        assert ("predicts the other better" in text) <= bool(evidence.predicted_k), text
        assert ("predicts the other as well" in text) <= (not evidence.predicted_k), text
        assert ("not shown to be more than gradual" in text) <= (evidence.p_gradual > 0.05), text
        assert ("differ gradually, the silhouette is as great" in text) <= (evidence.p_gradual > 0.05), text
        assert ("may be gradual" in text) <= (evidence.p_gradual > 0.05), text
        assert ("alike" in text and "as great" in text) <= (evidence.p_gradual <= 0.05 < evidence.p), text
        assert ("not shown to differ" in text) <= (not evidence.differ), text
        assert numbers_of_segments(text) <= set(evidence.stable_k), text
    if reached.between:
        assert len(reached.between) == len({*reached.between}) > 1
        assert {*reached.between} == {evidence.structure, *(repeat.structure for repeat in repeats)}
        assert "with other random numbers the answer differs" in reached.claim
    elif reached.structure != "constructed":
        assert reached.k_star in evidence.supported_k
        assert str(reached.k_star) in reached.sentence
    assert (reached.k_star is None) == ("constructed" in (reached.between or (reached.structure,)))
    assert (reached.k_star is None) == (not reached.k_range)
    assert set(reached.k_range) <= set(evidence.stable_k)
    small = reached.k_star is not None and evidence.by_k.loc[reached.k_star, "smallest_share"] < 0.05
    assert len(reached.notes) == small


@pytest.mark.slow
@settings(generated, max_examples=200)
@given(wanted=some_evidence, differ=st.sampled_from([None, DIFFER, ALIKE]), dated=st.booleans())
def test_no_sentence_says_more_than_the_evidence(wanted, differ, dated):
    benchmark_result = benchmark_of(**wanted, all_scores=False)
    reached = verdict(benchmark_result, differ, dated=dated)
    hold_to_evidence(reached, reached.weighed, evidence_of_repeats(benchmark_result, differ=differ is DIFFER))
    assert dated or not re.search("recency|recently|do next", reached.text)
    assert reached.sentence.startswith(reached.label.capitalize())
    assert reached.sentence in reached.text
    record = json.loads(json.dumps(reached.record.to_json(), allow_nan=False))
    assert (record["structure"], record["claim"]) == (reached.label, reached.claim)


@generated
@given(
    wanted=some_evidence,
    nulls=st.sampled_from([TABLE, ("copula",)]),
    differ=st.sampled_from([None, DIFFER]),
)
def test_of_a_table_without_coupons_no_sentence_says_more_either(wanted, nulls, differ):
    options = wanted | {"nulls": nulls, "p": wanted["p"][: len(nulls)]}
    benchmark_result = benchmark_of(**options, all_scores=False)
    reached = verdict(benchmark_result, differ, dated=False)
    hold_to_evidence(reached, reached.weighed, evidence_of_repeats(benchmark_result, differ=differ is DIFFER))
    assert "alike" not in reached.text.replace("border alike", "")


@settings(generated, max_examples=60)
@given(wanted=some_evidence, differ=st.sampled_from([None, DIFFER]))
def test_one_k_and_each_criterion_are_judged_by_the_evidence(votes, wanted, differ):
    benchmark_result = benchmark_of(**wanted | {"excess": (-0.1, *wanted["excess"][1:])})
    reached = verdict(benchmark_result, differ)
    at = reached.weighed.by_k
    for k in at.index:
        text = assess_k(k, benchmark_result)
        assert bool(affirmed_to_come_back(text)) == at.loc[k, "stable"], text
        assert ("is a valley" in text) == at.loc[k, "clear"], text
        assert ("no valley" in text) != at.loc[k, "clear"], text
        assert ("predicts the other better" in text) <= (at.loc[k, "prediction"] > at.loc[k, "prediction_high"])
        assert (f"{at.loc[k, 'excess']:.3f} above" in text) == (at.loc[k, "excess"] > 0)
        assert not any(words in text for words in NEVER), text
    table = recommendations(votes, benchmark_result, reached).table
    for row in table.itertuples():
        assert row.believed <= pd.notna(row.k)
        assert not any(words in row.because for words in NEVER), row.because
        for part in affirmed_to_come_back(row.because):
            assert reached.weighed.stable_k, part
        if "better than where customers differ" in row.because:
            assert not reached.weighed.supported_k
    last = table.iloc[-1]
    assert last["criterion"] == "all evidence together"
    assert (None if pd.isna(last["k"]) else last["k"]) == reached.k_star


# What each criterion would choose ---------------------------------------------------------------------------------


def test_each_criterion_stands_beside_what_shops_without_segments_give(votes):
    benchmark_result = benchmark_of(gap_p=(0.01, 0.3, 0.01), prediction=(0.9, 0.9, 0.9))
    table = recommendations(votes, benchmark_result, verdict(benchmark_result)).table.set_index("criterion")
    assert table.columns.tolist() == ["k", "reading", "believed", "because"]
    assert table.index[:5].tolist() == votes["criterion"].tolist()
    k = {name: None if pd.isna(value) else value for name, value in table["k"].items()}
    assert k["elbow_from_2"] is None
    assert (k["gap"], k["prediction_strength"], k["segment_jaccard"], k["all evidence together"]) == (3, 4, 4, 3)
    assert table["believed"].to_dict() == {
        "elbow": False,
        "elbow_from_2": False,
        "silhouette": True,
        "calinski_harabasz": False,
        "davies_bouldin": True,
        "gap": False,
        "prediction_strength": True,
        "segment_jaccard": True,
        "bootstrap_ari": False,
        "all evidence together": True,
    }
    assert "p = .30" in table["because"]["elbow"]
    assert "names none" in table["because"]["elbow_from_2"]


def test_only_the_gap_can_say_that_there_are_no_segments(votes):
    benchmark_result = benchmark_of(gap_k=1, **UNSTABLE, prediction=(0.1, 0.1, 0.1))
    table = recommendations(votes, benchmark_result, verdict(benchmark_result)).table.set_index("criterion")
    assert (table["k"]["gap"], table["believed"]["gap"]) == (1, True)
    nobody = table.loc[["prediction_strength", "segment_jaccard", "all evidence together"]]
    assert nobody["k"].isna().all()
    assert not nobody["believed"].any()


def test_the_evidence_judges_also_the_k_of_the_analyst():
    benchmark_result = benchmark_of(
        jaccard=(0.9, 0.9, 0.4),
        prediction=(0.9, 0.9, 0.7),
        prediction_p=(0.01, 0.01, 0.5),
        valley_p=(0.01, 0.01, 0.5),
        excess=(0.1, 0.2, -0.05),
        share=(0.3, 0.2, 0.02),
    )
    good, bad = assess_k(2, benchmark_result), assess_k(4, benchmark_result)
    assert "does not come back" not in good
    assert "predicts the other better than without segments (0.90, there up to 0.70)" in good
    assert "0.100 above" in good
    assert "there is a valley" in good
    assert "smallest" not in good
    assert "does not come back in resampled data (Jaccard 0.40)" in bad  # beside no null: nobody asks there
    assert "one half" not in bad
    assert "0.050 below" in bad
    assert "there is no valley" in bad
    assert "only 2.0% of the rows" in bad
    assert "was not compared" in assess_k(9, benchmark_result)
    assert "predicts the other no better" in assess_k(2, benchmark_of(prediction_p=(0.5, 0.5, 0.5)))


def test_how_many_criteria_are_believed_is_said(votes):
    benchmark_result = benchmark_of(gap_p=(0.01, 0.3, 0.01), prediction=(0.9, 0.9, 0.9))
    text = recommendations(votes, benchmark_result, verdict(benchmark_result)).text
    assert text == "Of 10 criteria, 5 name a k at which shops without segments do worse (2, 3 and 4)."
    nothing = benchmark_of(p=(0.5, 0.5, 0.5), gap_p=(0.5, 0.5, 0.5), **UNSTABLE, prediction=(0.1, 0.1, 0.1))
    text = recommendations(votes.head(2), nothing, verdict(nothing)).text
    assert text.endswith("Of 7 criteria, 0 name a k at which shops without segments do worse.")


# From tables to verdict -------------------------------------------------------------------------------------------


def verdict_of(run, *, sample_customers=2500):
    null_models, study = null_models_for(run, sample_customers=sample_customers), run.study()
    benchmark_result = benchmark(
        null_models.X, null_models.nulls, k_max=5, n_null=19, n_samples=25, n_splits=25, n_references=9
    )
    panel = homogeneity(run.read("unified"), run.read_table("customers"), study, n_shuffles=199, sample_customers=2500)
    assert [null.name for null in null_models.nulls] == list(COUPONS)
    return verdict(benchmark_result, panel.table)


def test_the_committed_sample_is_clumped_and_three_describes_it_best(recorded):
    reached = verdict_of(recorded("sample"))
    assert (reached.structure, reached.k_star) == ("natural", 3)
    assert reached.differ
    assert reached.sentence.startswith("Natural: customers are more clumped")


def test_a_shop_whose_customers_differ_gradually_has_no_clumps(recorded, shop):
    reached = verdict_of(recorded(shop))
    assert reached.structure != "natural"
    assert "natural" not in reached.between
    assert reached.p > 0.05
    assert reached.differ
    assert "clump" not in reached.text


@pytest.mark.parametrize(("recipe", "rows"), [("customer", 2500), ("baseline", 600)])
def test_nothing_shows_that_the_segments_of_the_original_workbook_are_real(workbook, recorded, recipe, rows):
    reached = verdict_of(recorded(workbook, recipe), sample_customers=rows)
    assert reached.structure == "constructed"
    assert reached.p > 0.05
    assert reached.k_star is None
    assert "not shown to be more than gradual" in reached.sentence
    assert "clump" not in reached.text


# A row of the table says why it holds ------------------------------------------------------------------------------

EVERY_KIND = [
    {},
    NO_VALLEY,
    SO_ARE_ALIKE,
    GRADUAL,
    GRADUAL | UNPREDICTED,
    GRADUAL | UNPREDICTED | NO_VALLEY,
    GRADUAL | UNSTABLE,
    UNSTABLE,
    SO_ARE_ALIKE | NO_VALLEY,
    {"p": (0.01, 0.01, 0.01), "prediction_p": (0.5, 0.5, 0.5)},
]


@pytest.mark.parametrize("differ", [DIFFER, ALIKE])
@pytest.mark.parametrize("change", EVERY_KIND)
def test_a_yes_on_stability_names_what_speaks_for_it_and_a_no_names_nothing(change, differ):
    """Its numbers may be those of shops without segments: then something else decides, and the row says what."""
    line = verdict(benchmark_of(**change), differ).table.set_index("evidence").loc["stability"]
    reasons = ("decides", "predicts the other better")
    assert any(reason in line["found"] for reason in reasons) == line["holds"]
    assert ("not for more reason" in line["found"] or "not all come back" in line["found"]) != line["holds"]


def test_where_valleys_decide_the_row_says_so():
    line = verdict(benchmark_of(**GRADUAL, **UNPREDICTED), DIFFER).table.set_index("evidence").loc["stability"]
    assert line["holds"]
    assert line["found"].endswith("that there are valleys between them decides")


def test_a_row_on_another_number_of_segments_than_the_verdict_says_why():
    reached = verdict(
        benchmark_of(valley_p=(0.01, 0.5, 0.5)), DIFFER
    )  # a valley with 2, the greatest silhouette with 3
    found = reached.table.set_index("evidence")["found"]
    assert reached.k_star == 2
    assert found["silhouette"].startswith("k = 3, where it stands out most: ")
    assert found["separation"].startswith("k = 2: ")


@pytest.mark.parametrize("change", EVERY_KIND)
@pytest.mark.parametrize("k", [2, 3, 4])
def test_what_is_said_of_one_k_does_not_contradict_the_claim(change, k):
    """The claim corrects for having tried several k; so does the sentence on one of them."""
    benchmark_result = benchmark_of(**change)
    by_k = evidence_by_k(benchmark_result)
    sentence = assess_k(k, benchmark_result)
    assert ("predicts the other better" in sentence) == bool(by_k.loc[k, "predicted"])


def test_beyond_at_one_k_of_several_is_no_better():
    sentence = assess_k(3, benchmark_of(prediction_p=(0.5, 0.04, 0.5)))  # three were tried: 0.12
    assert "with several k tried, one half was not shown to predict the other better" in sentence


@pytest.mark.parametrize("change", EVERY_KIND)
@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_picture_shows_a_valley_where_there_is_one(change, k):
    """A verdict may rest on valleys alone: a picture without them said "yes", and "in no way" below it."""
    benchmark_result = benchmark_of(**change)
    rows = at_a_glance(benchmark_result, k, verdict(benchmark_result, DIFFER)).table.set_index("metric")
    clear = evidence_by_k(benchmark_result).loc[k, "clear"]
    assert rows.loc["valley", "beyond"] == clear
    assert rows.loc["valley", ["value", "reached"]].astype(float).between(0, 1).all()

"""The benchmark: one number beside its null distribution, tidy tables, the same on any number of processes."""

import numpy as np
import pandas as pd
import pytest
from by_hand import FunctionNull
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import silhouette_samples

from seglib.errors import ParameterRefused
from seglib.k_selection.criteria.indices import CRITERIA
from seglib.k_selection.validation.benchmark import (
    AGAINST_ALL,
    N_REPEATS,
    STABILITY,
    NullComparison,
    _silhouette_tests,
    benchmark,
    compare,
    greatest_excess,
)
from seglib.k_selection.validation.measures import Measured, pooled
from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.recommendations import assess_k, recommendations
from seglib.k_selection.validation.verdict import verdict
from seglib.run.run import Run


def test_the_result_does_not_depend_on_the_number_of_processes(benchmarked, small):
    null_models, one, _ = benchmarked
    two = benchmark(null_models.X, null_models.nulls, **small, n_jobs=2)
    for name in ("scores", "tests", "segments", "flows"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)
    assert one.gap_k == two.gap_k
    other = benchmark(null_models.X, null_models.nulls, **small, seed=1)
    assert not one.scores.equals(other.scores)


def test_progress_is_reported_to_the_end(benchmarked):
    finished, of = zip(*benchmarked[2], strict=True)
    assert list(finished) == list(range(1, of[0] + 1))
    assert set(of) == {len(finished)}


def test_the_tables_are_tidy(benchmarked):
    _, benchmark_result, _ = benchmarked
    scores = benchmark_result.scores
    assert not scores.duplicated(["k", "metric", "null"]).any()
    assert set(scores["metric"]) == {*AGAINST_ALL, *STABILITY, "gap_error", "smallest_share"}
    beside = scores[scores["null"] != ""]
    assert beside["p"].dropna().between(1 / 20, 1).all()
    assert set(beside.loc[beside["p"].isna(), "metric"]) <= set(STABILITY)
    measured = beside[beside["p"].notna()]
    assert (measured["null_low"] <= measured["null_median"]).all()
    assert (measured["null_median"] <= measured["null_high"]).all()
    for metric in AGAINST_ALL:
        for null in ("gradual", "process", "copula"):
            first = 1 if metric in ("inertia", "gap") else 2
            assert benchmark_result.of(metric, null).index.tolist() == list(range(first, 5)), metric
    costly = set(STABILITY) - {"restart_agreement"}  # no further fits are made for that one
    assert set(scores.loc[scores["metric"].isin(costly), "null"]) == {"gradual"}
    tests = benchmark_result.tests.set_index("null")
    assert tests.index.tolist() == ["gradual", "process", "copula"]
    assert tests["p"].between(1 / 20, 1).all()
    (k,) = tests["k"].unique()
    for null in tests.index:
        at = benchmark_result.of("silhouette", null).loc[k, ["value", "null_median", "null_low", "null_high"]]
        assert tests.loc[null, at.index].tolist() == at.tolist()
    sizes = benchmark_result.segments.groupby("k")["rows"].sum()
    assert sizes.to_dict() == {2: 100, 3: 100, 4: 100}
    assert benchmark_result.segments["jaccard"].between(0, 1).all()
    least = benchmark_result.segments.groupby("k")[["jaccard", "share"]].min()
    assert benchmark_result.of("smallest_share")["value"].tolist() == least["share"].tolist()
    assert benchmark_result.flows.groupby("k")["rows"].sum().to_dict() == {1: 100, 2: 100, 3: 100}
    stability = benchmark_result.segments.set_index("k")["segment_level_stability"]
    assert stability[2].isna().all()
    assert stability[3:].between(0, 1).all()
    sizes = benchmark_result.n_null, benchmark_result.n_rows, benchmark_result.n_samples, benchmark_result.n_splits
    assert sizes == (19, 100, 10, 10)


def test_what_has_to_come_back_is_the_least_stable_segment_of_the_table(benchmarked):
    """Hennig (2007): a segment's index is a mean over all samples. The mean of the least of each repeat is smaller."""
    _, benchmark_result, _ = benchmarked
    least = benchmark_result.segments.groupby("k")["jaccard"].min()
    assert benchmark_result.of("segment_jaccard")["value"].tolist() == least.tolist()


def test_files_of_the_last_version_are_read(benchmarked, tmp_path):
    run, segments = Run("old", base=tmp_path), benchmarked[1].segments
    run.write("k_segments", segments.rename(columns={"segment_level_stability": "steadiness"}))
    with pytest.warns(UserWarning, match="'steadiness' is now called"):
        pd.testing.assert_frame_equal(run.read("k_segments"), segments)


def test_a_number_beside_its_null_distribution():
    """Median, 5% and 95% points of 0, ..., 20; p counts the shops that do as well, and the data as one of them."""
    null = np.arange(21.0)
    assert compare(19.0, null, "silhouette") == NullComparison(19.0, 10.0, 1.0, 19.0, 9.0, 3 / 22)
    assert compare(19.0, null, "inertia") == NullComparison(19.0, 10.0, 1.0, 19.0, -9.0, 21 / 22)
    assert compare(20 + 1e-9, null, "silhouette").p == 2 / 22  # equal but for rounding
    assert compare(21.0, null, "silhouette").p == 1 / 22


def test_the_greatest_excess_by_hand():
    """Means 4 and 1.5, standard deviations sqrt(2) and sqrt(3) / 2, of the data and three simulated shops together.

    Of the data, the excess is (4 - 4) / sqrt(2) = 0 and (3 - 1.5) / (sqrt(3) / 2) = sqrt(3), which no shop reaches: the
    greatest of the others is (6 - 4) / sqrt(2) = sqrt(2). Without scales, two of the three shops reach the 4.
    """
    values, null = np.array([4.0, 3.0]), np.array([[2.0, 1.0], [6.0, 1.0], [4.0, 1.0]])
    excess, p = greatest_excess(values, null)
    assert excess == pytest.approx([0, np.sqrt(3)])
    assert p == 1 / 4
    assert greatest_excess(values, null, scaled=False)[1] == 3 / 4


def test_a_shop_that_exceeds_as_much_at_another_k_counts():
    """By hand: at k = 2 the data are as exceptional as the third shop is at k = 3, and both are one of four."""
    excess, p = greatest_excess(np.array([3.0, 1.0]), np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 5.0]]))
    assert excess == pytest.approx([np.sqrt(3), -1 / np.sqrt(3)])
    assert p == 2 / 4
    excess, p = greatest_excess(np.array([0.3, 0.2]), np.full((19, 2), [0.3, 0.2]))  # no spread at all
    assert excess == pytest.approx([0, 0], abs=1e-3)  # but for rounding
    assert p == 1


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.floats(0.1, 10), st.floats(-5, 5))
def test_the_greatest_excess_does_not_depend_on_the_scale_of_a_k(seed, n_k, factor, shift):
    rng = np.random.default_rng(seed)
    values, null = rng.normal(size=n_k), rng.normal(size=(19, n_k))
    excess, p = greatest_excess(values, null)
    one = np.arange(n_k) == rng.integers(n_k)
    scale, move = np.where(one, factor, 1.0), np.where(one, shift, 0.0)
    again, p_again = greatest_excess(values * scale + move, null * scale + move)
    assert again == pytest.approx(excess, abs=1e-6)
    assert p_again == pytest.approx(p)
    assert p * 20 == pytest.approx(round(p * 20))
    assert 1 / 20 <= p <= 1


def test_the_p_value_of_the_greatest_excess_is_uniform_without_segments():
    """Of 20 exchangeable curves, each is as likely the most exceptional: p <= .05 in one of 20, .25 in one of four."""
    rng = np.random.default_rng(0)
    scale = np.array([1.0, 0.1, 5.0])
    p = np.array([greatest_excess(c[0], c[1:])[1] for c in rng.normal(size=(2000, 20, 3)) * scale])
    for level in (0.05, 0.25):
        assert (p <= level + 1e-9).mean() == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 2000))


def test_the_k_that_the_tests_show_by_hand():
    """Excess over the first (0, sqrt(3)), over the second (sqrt(5), .65): the lesser is greatest at k = 3."""
    silhouette, groups = np.array([0.0, 4.0, 3.0]), [FunctionNull(iter, name) for name in ("first", "second")]
    first = np.array([[0.0, 2.0, 1.0], [0.0, 6.0, 1.0], [0.0, 4.0, 1.0]])
    second = np.array([[0.0, 1.0, 1.0]] * 4 + [[0.0, 1.0, 5.0]])
    simulated = {"first": {"silhouette": first}, "second": {"silhouette": second}}
    tests = _silhouette_tests(silhouette, simulated, groups)
    assert tests["k"].tolist() == [3, 3]
    assert tests["value"].tolist() == [3, 3]
    assert tests["null_median"].tolist() == [1, 1]
    assert tests["p"].tolist() == pytest.approx([1 / 4, 1 / 6], abs=1e-6)  # no shop reaches sqrt(3), or sqrt(5)


def test_the_tests_show_the_k_at_which_the_nearest_null_model_is_exceeded_most(benchmarked):
    _, benchmark_result, _ = benchmarked
    curve, excess = benchmark_result.observed.metrics["silhouette"][1:], []
    for null, draws in benchmark_result.simulated.items():
        curves = np.vstack([curve, draws["silhouette"][:, 1:]])
        z = (curves - curves.mean(axis=0)) / curves.std(axis=0)
        excess.append(z[0])
        p = benchmark_result.tests.set_index("null").loc[null, "p"]
        assert p == pytest.approx((z.max(axis=1) >= z[0].max() - 1e-9).mean())
    assert set(benchmark_result.tests["k"]) == {int(np.argmax(np.min(excess, axis=0))) + 2}


def test_stability_of_the_nulls_under_the_bootstrap_can_be_left_out(benchmarked, small):
    null_models, full, _ = benchmarked
    benchmark_result = benchmark(null_models.X, null_models.nulls, **small, null_samples=0)
    assert benchmark_result.of("segment_jaccard")["p"].isna().all()
    assert benchmark_result.of("segment_jaccard")["value"].tolist() == full.of("segment_jaccard")["value"].tolist()
    pd.testing.assert_frame_equal(benchmark_result.tests, full.tests)
    reached = verdict(benchmark_result)
    pd.testing.assert_series_equal(reached.table["holds"], verdict(full).table["holds"])
    assert reached.k_star == verdict(full).k_star
    votes = pd.DataFrame({"criterion": ["silhouette"], "k": [3], "reading": ["most"]})
    sentences = [
        *recommendations(votes, benchmark_result, reached).table["because"],
        assess_k(3, benchmark_result),
        *reached.table["without_segments"],
    ]
    assert not any("nan" in sentence for sentence in sentences), sentences


@pytest.mark.parametrize("n_null", [0, 10, 18])
def test_too_few_shops_without_segments_are_refused(n_null):
    with pytest.raises(ParameterRefused, match="at least 19"):
        benchmark(np.zeros((5, 2)), (), n_null=n_null)


def grouped(rng, apart=8.0):
    return rng.normal(size=(60, 2)) + apart * np.repeat([[0, 0], [0, 1], [1, 0]], 20, axis=0)


@pytest.mark.parametrize(("apart", "p"), [(0.0, 1 / 20), (200.0, 1.0)])
def test_small_is_better_for_inertia_and_davies_bouldin_and_great_for_the_others(small, apart, p):
    """Groups beside rows without any: p is as small as it can be; beside better groups of the same scale it is 1."""
    X = grouped(np.random.default_rng(0))

    def scaled(rng):
        rows = grouped(rng, apart)
        return rows / rows.std() * X.std()

    benchmark_result = benchmark(X, (FunctionNull(scaled),), **small | {"k_max": 3})
    for metric in (*CRITERIA, "gap"):
        at = benchmark_result.of(metric).loc[3]
        assert at["p"] == pytest.approx(p), metric
        assert (at["excess"] > 0) == (p < 0.5), metric
        assert abs(at["excess"]) == pytest.approx(abs(at["value"] - at["null_median"]), abs=2e-6)
    assert benchmark_result.tests["p"].tolist() == pytest.approx([p])


def test_the_shop_beside_itself_is_nothing_special(small):
    X = grouped(np.random.default_rng(0))
    benchmark_result = benchmark(X, (FunctionNull(lambda rng: X),), **small | {"k_max": 3, "n_starts": 6})
    assert benchmark_result.of("silhouette").loc[3, "excess"] == pytest.approx(0, abs=1e-5)
    assert benchmark_result.tests["p"].iloc[0] > 0.05


def test_a_handful_of_rows_is_compared_too(small):
    X = np.repeat([[0.0, 1], [5, 2], [9, 9]], [2, 2, 3], axis=0)
    benchmark_result = benchmark(X, (CopulaNull(X),), **small | {"k_max": 3})
    assert benchmark_result.tests["p"].between(0.05, 1).all()
    assert verdict(benchmark_result).structure in ("natural", "reproducible", "constructed", "borderline")


# Repeats, and what is measured in simulated shops -----------------------------------------------------------------


def test_the_data_are_measured_in_repeats_and_pooled(benchmarked):
    """Criteria of a clustering are the median of the repeats; means over samples or splits are their mean."""
    _, benchmark_result, _ = benchmarked
    assert len(benchmark_result.repeats) == N_REPEATS
    for metric in ("silhouette", "valley", "gap", "prediction_strength", "bootstrap_ari"):
        of_repeats = np.array([repeat.metrics[metric] for repeat in benchmark_result.repeats])
        middle = np.mean if metric in ("prediction_strength", "bootstrap_ari") else np.median
        assert benchmark_result.observed.metrics[metric][1:] == pytest.approx(middle(of_repeats, axis=0)[1:]), metric
    inertia = np.array([repeat.metrics["inertia"] for repeat in benchmark_result.repeats])
    for k, best in enumerate(inertia.argmin(axis=0), start=1):
        assert (benchmark_result.observed.labels[k - 1] == benchmark_result.repeats[best].labels[k - 1]).all()
    strength = [repeat.metrics["prediction_strength"][2] for repeat in benchmark_result.repeats]
    assert len(set(strength)) > 1  # other seeds, other splits


def test_segments_of_repeats_are_matched_by_their_members():
    """By hand: the second repeat numbers the same two segments the other way round."""
    one, two = (
        Measured({"inertia": np.array([9.0, inertia])}, [np.zeros(5, int), labels], [np.ones(1), np.array(jaccard)])
        for inertia, labels, jaccard in (
            (4.0, np.array([0, 0, 0, 1, 1]), [0.9, 0.5]),
            (5.0, np.array([1, 1, 1, 0, 0]), [0.7, 0.8]),
        )
    )
    both = pooled([one, two])
    assert both.labels[1].tolist() == [0, 0, 0, 1, 1]
    assert both.segments[1] == pytest.approx([0.85, 0.6])
    assert both.metrics["inertia"].tolist() == [9.0, 4.5]


def test_a_segment_that_a_repeat_does_not_have_has_not_come_back_there():
    """By hand: one repeat halves the first group, the other the second; each finds its own three segments again."""
    one, two = (
        Measured({"inertia": np.array([9.0, 6.0, inertia])}, labels, [np.ones(1), np.ones(2), np.ones(3)])
        for inertia, labels in (
            (4.0, [np.zeros(8, int), np.repeat([0, 1], 4), np.array([0, 0, 1, 1, 2, 2, 2, 2])]),
            (5.0, [np.zeros(8, int), np.repeat([0, 1], 4), np.array([0, 0, 0, 0, 1, 1, 2, 2])]),
        )
    )
    both = pooled([one, two])
    assert both.segments[1].tolist() == [1, 1]
    assert (both.segments[2] <= 0.75).all()  # half of the members are the same in the second repeat, all in the first


def far_apart(rng, k=2):
    return rng.normal(size=(60, 2)) + 20 * np.repeat(np.arange(k), 60 // k)[:, None]


@pytest.mark.parametrize(("k", "measured_up_to"), [(2, 3), (4, 4)])
def test_stability_of_simulated_shops_is_measured_as_far_as_segments_of_the_data_come_back(small, k, measured_up_to):
    """Two or four groups that any sample shows; k = 3 at least is compared, and only with the first null model."""
    X = far_apart(np.random.default_rng(2), k)
    nulls = [FunctionNull(lambda rng: rng.normal(size=(60, 2)), name) for name in ("first", "second")]
    benchmark_result = benchmark(X, nulls, **small | {"k_max": 5, "n_references": 5, "n_samples": 50})
    stable = benchmark_result.of("segment_jaccard")["value"]
    assert stable.index[stable >= 0.75].max() == k
    for metric in ("segment_jaccard", "prediction_strength", "bootstrap_ari"):
        finite = np.isfinite(benchmark_result.simulated["first"][metric]).all(axis=0)
        assert finite.tolist() == [place < measured_up_to for place in range(5)], metric
        assert np.isnan(benchmark_result.simulated["second"][metric]).all()
    p = benchmark_result.of("prediction_strength")["p"]
    assert p.notna().tolist() == [n <= measured_up_to for n in p.index]


def test_where_prediction_is_perfect_in_both_half_of_the_ties_count():
    """10 of 19 simulated shops are as perfect as the data: p = (1 + 5) / 20; of another measure all 10 count."""
    null = np.repeat([1.0, 0.5], [10, 9])
    assert compare(1.0, null, "prediction_strength").p == pytest.approx(6 / 20)
    assert compare(1.0, null, "silhouette").p == pytest.approx(11 / 20)


def test_errors_of_silhouettes_are_those_of_paired_differences(small):
    X = grouped(np.random.default_rng(1))
    benchmark_result = benchmark(X, (CopulaNull(X),), **small)
    widths = {k: silhouette_samples(X, benchmark_result.observed.labels[k - 1]) for k in (2, 3, 4)}
    for one in widths:
        for two in widths:
            error = np.std(widths[one] - widths[two], ddof=1) / np.sqrt(len(X))
            assert benchmark_result.silhouette_errors[one - 1, two - 1] == pytest.approx(error, abs=1e-5)


def test_examples_are_the_first_shops_of_the_first_null_model(benchmarked):
    null_models, benchmark_result, _ = benchmarked
    assert len(benchmark_result.examples) == 19
    rngs = [np.random.default_rng([0, 2, number]) for number in range(2)]
    for example, X in zip(benchmark_result.examples, null_models.nulls[0].draws(rngs), strict=False):
        assert example == pytest.approx(X, rel=1e-6, abs=1e-6)
    assert (benchmark_result.X == null_models.X).all()
    assert benchmark_result.gradual == null_models.nulls[0].what
    assert benchmark_result.customers_differ == {"gradual": True, "process": False, "copula": True}
    assert benchmark_result.follows_the_data == {"gradual": False, "process": False, "copula": False}

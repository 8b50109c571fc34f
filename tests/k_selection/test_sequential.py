"""How many groups are needed: planted ones are counted, and nothing is counted where nothing was shown."""

import numpy as np
import pytest
from by_hand import benchmark_of

from seglib.datasets.shop import make_shop
from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.indices import cluster_indices
from seglib.k_selection.validation import sequential
from seglib.k_selection.validation.benchmark import benchmark
from seglib.k_selection.validation.evidence import evidence_of
from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.null_shops import null_models_for
from seglib.k_selection.validation.process_null import ProcessNull
from seglib.k_selection.validation.sequential import COLUMNS, groups_needed
from seglib.k_selection.validation.verdict import verdict

SMALL = {"k_max": 5, "n_null": 19, "n_samples": 25, "n_splits": 10, "n_references": 9}


def clouds(centres, n, *, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, spread, (n, 2)) + np.asarray(centres, float)[np.arange(n) % len(centres)]


def test_three_planted_segments_of_a_shop_are_needed_and_are_enough(recorded, tmp_path):
    make_shop(customers=300, transactions=6000, segments=3, separation="strong", seed=1).write(tmp_path / "three")
    null_models = null_models_for(recorded(tmp_path / "three"))
    benchmark_result = benchmark(null_models.X, null_models.nulls, **SMALL)
    needed = groups_needed(benchmark_result, null_models.nulls, n_null=19)
    assert needed.k == 3
    assert needed.table["p"].iloc[-1] > 0.05
    assert needed.table["gain_high"].iloc[-1] < 0  # a fourth segment would cut one of the simulated groups, too
    assert needed.table.columns.tolist() == COLUMNS
    assert 3 in needed.candidates
    reached = verdict(benchmark_result, needed=needed)
    assert reached.k_star == 3
    assert 3 in reached.k_range


@pytest.mark.parametrize(
    ("centres", "k"),
    [([[0, 0], [7, 0], [3.5, 6]], 3), ([[0, 0], [8, 0]], 2), ([[0, 0], [7, 0], [0, 7], [7, 7]], 4)],
)
def test_clouds_of_a_table_are_counted(centres, k):
    X = clouds(centres, 240)
    nulls = (CopulaNull(X),)
    benchmark_result = benchmark(X, nulls, **SMALL)
    needed = groups_needed(benchmark_result, nulls, n_null=19)
    assert verdict(benchmark_result, needed=needed).k_star == k
    assert k in needed.candidates
    again = groups_needed(benchmark_result, nulls, n_null=19)
    assert again.table.equals(needed.table)


def test_where_two_groups_have_groups_inside_two_are_not_enough():
    """By hand: four clouds in two pairs. Shops of two groups, each one straight cloud, gain nothing from four."""
    X = clouds([[0, 0], [6, 0], [14, 0], [20, 0]], 320)
    pairs = (np.arange(320) % 4) // 2
    rows, rng = Rows(X), np.random.default_rng(0)
    silhouette = cluster_indices(rows, best_starts(rows, 4, rng, n_init=5))["silhouette"]
    gains = []
    for draw in CopulaNull(X).within(pairs).draws([np.random.default_rng(i) for i in range(9)]):
        of_draw = cluster_indices(Rows(draw), best_starts(Rows(draw), 4, rng, n_init=5))["silhouette"]
        gains.append(of_draw[3] - of_draw[1])
    assert silhouette[3] - silhouette[1] > max(gains) + 0.05


def test_where_pairs_of_groups_lie_far_apart_four_are_needed():
    X = clouds([[0, 0], [4.5, 0], [30, 0], [34.5, 0]], 320)
    nulls = (CopulaNull(X),)
    benchmark_result = benchmark(X, nulls, **SMALL | {"k_max": 4})
    needed = groups_needed(benchmark_result, nulls, n_null=19)
    assert max(evidence_of(benchmark_result).clear_k) == max(needed.candidates) == 4
    assert needed.k == 4
    k_range = verdict(benchmark_result, needed=needed).k_range
    assert (min(k_range), max(k_range)) == (2, 4)


def test_without_clumps_nothing_is_tested():
    X = np.random.default_rng(5).normal(size=(200, 3))
    nulls = (CopulaNull(X),)
    benchmark_result = benchmark(X, nulls, **SMALL)
    assert not evidence_of(benchmark_result).stands_out
    needed = groups_needed(benchmark_result, nulls, n_null=19)
    assert (needed.k, needed.undecided, len(needed.table)) == (None, (), 0)
    assert needed.table.columns.tolist() == COLUMNS


@pytest.mark.parametrize("change", [{"p": (0.5, 0.5, 0.5)}, {"jaccard": (0.7, 0.7, 0.7)}, {"p": (0.5, 0.01, 0.01)}])
def test_without_evidence_nothing_is_tested_whatever_null_model_there_is(change):
    benchmark_result = benchmark_of(**change)
    assert groups_needed(benchmark_result, (CopulaNull(benchmark_result.X),)).k is None


def test_without_a_null_model_that_can_be_grouped_nothing_is_tested():
    benchmark_result = benchmark_of()
    process = ProcessNull.__new__(ProcessNull)  # neither gradual nor a copula
    assert groups_needed(benchmark_result, (process,)).k is None
    assert groups_needed(benchmark_result, (process, CopulaNull(benchmark_result.X))).candidates == (2, 3, 4)


def test_the_first_test_is_that_of_the_k_that_valleys_show():
    """Nothing is larger than k = 4; where only two lie apart, 2 is tested against 3 and 4."""
    copula = (CopulaNull(benchmark_of().X),)
    of_four = groups_needed(benchmark_of(excess=(0.1, 0.2, 0.3)), copula, n_null=19)
    assert (of_four.k, of_four.start, len(of_four.table)) == (4, 4, 0)
    of_two = groups_needed(benchmark_of(valley_p=(0.01, 0.5, 0.5)), copula, n_null=19).table
    assert of_two["k"].iloc[0] == 2
    assert of_two["against"].iloc[0] == 3  # of 3 and 4, it has the greater silhouette
    assert of_two["gain"].iloc[0] == pytest.approx(0.1)
    of_none = groups_needed(benchmark_of(valley_p=(0.5, 0.5, 0.5), jaccard=(0.7, 0.9, 0.9)), copula, n_null=19).table
    assert of_none["k"].iloc[0] == 3
    assert of_none["gain"].iloc[0] == pytest.approx(-0.05)


@pytest.mark.parametrize(
    ("enough", "tested", "k"),
    [((2,), [2], 2), ((3,), [2, 3], 3), ((2, 3), [2], 2), ((), [2, 3], 4)],
)
def test_the_tests_end_with_the_first_number_that_suffices(monkeypatch, enough, tested, k):
    """Simulated gains are -1 or 1: all below or all above those of the data, which are .1 and -.05."""
    monkeypatch.setattr(
        sequential, "_simulated_gains", lambda null, k, *rest: np.full(39, 1.0 if k in enough else -1.0)
    )
    benchmark_result = benchmark_of(valley_p=(0.5, 0.5, 0.5))
    needed = groups_needed(benchmark_result, (CopulaNull(benchmark_result.X),))
    assert needed.table["k"].tolist() == tested
    assert needed.table["against"].tolist() == [3, 4][: len(tested)]
    assert needed.table["p"].tolist() == pytest.approx([1.0 if of in enough else 1 / 40 for of in tested])
    assert needed.k == k

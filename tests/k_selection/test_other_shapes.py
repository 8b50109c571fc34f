"""Groups that KMeans cuts across: seen where there are some, and not where KMeans is right or nothing is there."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import adjusted_rand_score

from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.other_shapes import other_shapes


class Copulas:
    """Null matrices, drawn one at a time; counts how many were."""

    def __init__(self, X, n=19):
        self.null, self.n, self.drawn = CopulaNull(X), n, 0

    def __len__(self):
        return self.n

    def __iter__(self):
        for matrix in self.null.draws([np.random.default_rng([3, b]) for b in range(self.n)]):
            self.drawn += 1
            yield matrix


def core_in_shell(rng, n=600):
    core = rng.random(n) < 0.4
    direction = rng.standard_normal((n, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    shell = direction * (6 + 0.4 * rng.standard_normal(n))[:, None]
    return np.where(core[:, None], rng.standard_normal((n, 3)), shell), core


def long_clouds(rng, n=800):
    """Two clouds, eight times as long as wide, side by side along the diagonal."""
    group = rng.random(n) < 0.5
    along, across = 8 * rng.standard_normal(n), rng.standard_normal(n) + 7 * group
    return np.column_stack([along + across, along - across]), group


def two_diamonds(rng, n=600):
    turned = rng.uniform(-1, 1, (n, 2)) @ np.array([[0.5, 0.5], [-0.5, 0.5]])
    return turned + np.column_stack([2.0 * (rng.random(n) < 0.5) - 1, np.zeros(n)])


def horseshoe(rng, n=600):
    angle = rng.uniform(0, np.pi, n)
    return np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle)]) + 0.1 * rng.standard_normal((n, 3))


def three_groups(rng, n=600):
    return rng.standard_normal((n, 4)) + 7 * np.eye(3, 4)[rng.integers(0, 3, n)]


@pytest.mark.parametrize("draw", [core_in_shell, long_clouds])
def test_groups_that_kmeans_cuts_across_are_those_planted(draw):
    X, truth = draw(np.random.default_rng(1))
    shapes = other_shapes(X, Copulas(X), range(2, 5), seed=1)
    assert (shapes.detected, shapes.k, shapes.n_reached, shapes.p) == (True, 2, 0, 0.05)
    group = shapes.points["group"].to_numpy()
    assert adjusted_rand_score(truth[group >= 0], group[group >= 0]) > 0.95
    assert adjusted_rand_score(truth, shapes.points["kmeans"]) < 0.5
    assert shapes.text.startswith("There are groups, and KMeans cuts across them")
    assert isinstance(shapes.figure(), Figure)


@pytest.mark.parametrize("draw", [two_diamonds, horseshoe, three_groups, lambda rng: rng.random((600, 3))])
def test_where_kmeans_is_right_or_nothing_is_there_nothing_is_claimed(draw):
    for seed in range(3):
        X = draw(np.random.default_rng(seed))
        assert not other_shapes(X, Copulas(X), range(2, 7), seed=1).detected


def test_no_null_model_is_drawn_where_the_data_show_nothing():
    X = three_groups(np.random.default_rng(2))
    nulls = Copulas(X)
    shapes = other_shapes(X, nulls, range(2, 4), seed=1)
    assert (nulls.drawn, shapes.n_null, shapes.p, shapes.k) == (0, 0, 1.0, None)
    row = shapes.table.set_index(["k", "first", "second"]).loc[(3, "ward", "hdbscan")]
    assert row["agreement"] > 0.95
    assert row["kmeans"] > 0.95  # KMeans finds them, too


def test_shops_without_segments_that_show_as_much_speak_against_it_and_end_the_search():
    X, _ = core_in_shell(np.random.default_rng(1))
    shapes = other_shapes(
        X, [core_in_shell(np.random.default_rng(seed))[0] for seed in range(2, 21)], range(2, 3), seed=1
    )
    assert (shapes.detected, shapes.n_null, shapes.n_reached) == (False, 1, 1)
    assert "1 of 1 shops without segments show as much" in shapes.text


def test_many_equal_rows_are_no_shape():
    rng = np.random.default_rng(3)
    X = np.where(rng.random((600, 1)) < 0.4, 0, np.exp(rng.standard_normal((600, 4))))
    shapes = other_shapes(X, range(0), range(2, 5), seed=1)
    assert shapes.best is None


def test_the_order_of_the_rows_does_not_matter():
    X, _ = core_in_shell(np.random.default_rng(1))
    permuted = X[np.random.default_rng(2).permutation(len(X))]
    first, second = (other_shapes(matrix, [], [2], seed=1).best for matrix in (X, permuted))
    assert first["agreement"] == pytest.approx(second["agreement"], abs=0.02)


def test_a_constant_matrix_is_no_error():
    shapes = other_shapes(np.zeros((50, 2)), [], seed=1)
    assert not shapes.detected
    assert len(shapes.table) == 0

"""A finite mixture whose groups start as the segments: EM over parts that are independent within a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from scipy.special import logsumexp

MOST_STEPS = 25
"""Largest number of EM steps."""

TOLERANCE = 1e-4
"""EM ends when a step raises the log-likelihood of a row by less than this, on average."""

START = 0.9
"""Probability of the own segment with which EM starts; the others share the rest."""

LEAST_PRIOR, MOST_PRIOR = 1.0, 1e4
"""Range of the number of rows that the shares of the levels in the whole shop count for in every group (`Levels`)."""

LEAST_SHRINKAGE, MOST_SHRINKAGE = 0.01, 0.9
"""Range of the shrinkage of a covariance (`Normal`)."""


class Part(Protocol):
    """Some columns of the rows, with a distribution that depends on the group only."""

    def first(self, weights: np.ndarray) -> Any:
        """Return parameters to start from; ``weights``, of shape (n_rows, k), are the probabilities of the groups."""

    def expect(self, params: Any) -> tuple[np.ndarray, Any]:
        """Return the log density of each row in each group, shape (n_rows, k), and what `update` needs beside it."""

    def update(self, params: Any, weights: np.ndarray, expected: Any) -> Any:
        """Return parameters whose expected log-likelihood is at least as great."""

    def log_prior(self, params: Any) -> float:
        """Return the log density of the parameters, up to a constant; 0 where there is no prior."""


@dataclass(frozen=True)
class Mixture:
    """A fitted mixture.

    Attributes
    ----------
    shares : ndarray of float, shape (k,)
        Of the groups.
    params : tuple
        Of every part.
    history : tuple of float
        The log-likelihood (plus the log prior) of the rows before every EM step and after the last.
    """

    shares: np.ndarray
    params: tuple
    history: tuple[float, ...] = field(default=(), repr=False)

    def posterior(self, parts: Sequence[Part]) -> np.ndarray:
        """Return the probability of each group for each row of parts, shape (n_rows, k)."""
        joint = np.log(self.shares) + sum(
            part.expect(params)[0] for part, params in zip(parts, self.params, strict=True)
        )
        return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))


def fit_mixture(
    parts: Sequence[Part], labels: np.ndarray, k: int, *, most_steps: int = MOST_STEPS, tolerance: float = TOLERANCE
) -> Mixture:
    """Fit a mixture by EM, from groups that are the segments.

    Parameters
    ----------
    parts : sequence of Part
        Independent of one another within a group.
    labels : ndarray of int, shape (n_rows,)
        The number of each row's segment.
    k : int
    most_steps : int
    tolerance : float
        Of the log-likelihood of a row.

    Returns
    -------
    Mixture

    Notes
    -----
    Dempster, Laird & Rubin (1977), J. R. Stat. Soc. B 39(1). Some parts only raise the expected log-likelihood instead
    of maximising it (a generalised EM step); the log-likelihood still never falls.
    """
    n_rows = len(labels)
    weights = np.full((n_rows, k), (1 - START) / max(k - 1, 1))
    weights[np.arange(n_rows), labels] = START if k > 1 else 1.0
    params = [part.first(weights) for part in parts]
    shares = _shares(weights)
    history = []
    for step in range(most_steps + 1):
        expected = [part.expect(p) for part, p in zip(parts, params, strict=True)]
        joint = np.log(shares) + sum(log_density for log_density, _ in expected)
        total = logsumexp(joint, axis=1, keepdims=True)
        # the prior of the shares is one row in each group, so that no share becomes 0
        prior = np.log(shares).sum() + sum(part.log_prior(p) for part, p in zip(parts, params, strict=True))
        history.append(float(total.sum() + prior))
        if step == most_steps or (step and history[-1] - history[-2] < tolerance * n_rows):
            break
        weights = np.exp(joint - total)
        params = [part.update(p, weights, more) for part, p, (_, more) in zip(parts, params, expected, strict=True)]
        shares = _shares(weights)
    return Mixture(shares, tuple(params), tuple(history))


def _shares(weights: np.ndarray) -> np.ndarray:
    return (weights.sum(axis=0) + 1) / (len(weights) + weights.shape[1])


@dataclass(frozen=True)
class Levels:
    """A name: each level has its probability in each group.

    Attributes
    ----------
    codes : ndarray of int, shape (n_rows,)
        The number of the level of each row.
    overall : ndarray of float, shape (n_levels,)
        Shares of the levels in the whole shop.
    strength : float
        Rows that they count for in every group (`level_strength`): a level that nobody of a group has is not impossible
        there, and where segments do not differ in a name, its many levels add no noise.
    """

    codes: np.ndarray
    overall: np.ndarray
    strength: float

    def first(self, weights: np.ndarray) -> np.ndarray:
        """Return the shares of the levels in each group, shape (k, n_levels)."""
        return self.update(None, weights, None)

    def expect(self, params: np.ndarray) -> tuple[np.ndarray, None]:
        """Return the log probability of each row's level."""
        return np.log(params).T[self.codes], None

    def update(self, params: np.ndarray | None, weights: np.ndarray, expected: None) -> np.ndarray:
        """Return the shares of the levels among the rows of each group and of the prior."""
        counts = np.stack([np.bincount(self.codes, column, len(self.overall)) for column in weights.T])
        counts += self.strength * self.overall
        return counts / counts.sum(axis=1, keepdims=True)

    def log_prior(self, params: np.ndarray) -> float:
        """Return the log density of the Dirichlet distribution of which the shares are the mode."""
        return float((self.strength * self.overall * np.log(params)).sum())

    def draw(self, params: np.ndarray, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the level of rows whose group is given."""
        cumulative = params.cumsum(axis=1)[group]
        drawn = (rng.random(len(group))[:, None] > cumulative).sum(axis=1)
        return np.minimum(drawn, params.shape[1] - 1)


def level_strength(codes: np.ndarray, labels: np.ndarray, n_levels: int, k: int) -> float:
    """Return how many rows the shares of the whole shop count for in every segment: empirical Bayes.

    Parameters
    ----------
    codes, labels : ndarray of int, shape (n_rows,)
        The level and the segment of each row.
    n_levels, k : int

    Returns
    -------
    float
        Between `LEAST_PRIOR` and `MOST_PRIOR`.

    Notes
    -----
    If the shares of segments scatter around those of the shop like a Dirichlet distribution of strength s, the
    chi-square of segment by level divided by its degrees of freedom is about 1 + n / (s + 1) for segments of n rows
    (Mosimann 1962, Biometrika 49): solved for s. Segments that differ by chance only give a ratio of 1, and the
    greatest strength.
    """
    table = np.zeros((k, n_levels))
    np.add.at(table, (labels, codes), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    if not freedom:
        return MOST_PRIOR
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    ratio = ((table - expected) ** 2 / expected).sum() / freedom
    size = table.sum() / table.shape[0]
    return float(np.clip(size / (ratio - 1) - 1, LEAST_PRIOR, MOST_PRIOR)) if ratio > 1 else MOST_PRIOR


@dataclass(frozen=True)
class Normal:
    """Numbers with a mean and a covariance in each group, the covariance shrunk to equal variances.

    Attributes
    ----------
    values : ndarray of float, shape (n_rows, n_columns)
    strength : ndarray of float, shape (k,)
        Rows that the target counts for in the covariance of each group (`shrinkage_strength`).
    target : ndarray of float, shape (k,)
        The variance that covariances are shrunk to.
    """

    values: np.ndarray
    strength: np.ndarray
    target: np.ndarray

    def first(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the covariance of each group."""
        return self.update(None, weights, None)

    def expect(self, params: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, None]:
        """Return the log density of the multivariate normal distribution of each group."""
        means, covariances = params
        n_rows, n_columns = self.values.shape
        density = np.empty((n_rows, len(means)))
        for group, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
            root = np.linalg.cholesky(covariance)
            z = np.linalg.solve(root, (self.values - mean).T)
            log_root = np.log(np.diag(root)).sum()
            density[:, group] = -0.5 * np.einsum("ij,ij->j", z, z) - log_root - 0.5 * n_columns * np.log(2 * np.pi)
        return density, None

    def update(self, params, weights: np.ndarray, expected: None) -> tuple[np.ndarray, np.ndarray]:
        """Return weighted means, and weighted covariances together with the target."""
        size = weights.sum(axis=0)
        means = (weights.T @ self.values) / np.maximum(size, 1e-12)[:, None]
        covariances = []
        for group, mean in enumerate(means):
            centred = self.values - mean
            scatter = (centred * weights[:, group, None]).T @ centred
            scatter += self.strength[group] * self.target[group] * np.eye(len(mean))
            covariances.append(scatter / (size[group] + self.strength[group]))
        return means, np.stack(covariances)

    def log_prior(self, params: tuple[np.ndarray, np.ndarray]) -> float:
        """Return the log density of the inverse Wishart distribution of which the targets are the mode."""
        total = 0.0
        for covariance, strength, target in zip(params[1], self.strength, self.target, strict=True):
            log_determinant = np.linalg.slogdet(covariance)[1]
            total -= 0.5 * strength * (log_determinant + target * np.trace(np.linalg.inv(covariance)))
        return float(total)

    def draw(self, params: tuple[np.ndarray, np.ndarray], group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the numbers of rows whose group is given."""
        means, covariances = params
        noise = rng.standard_normal((len(group), means.shape[1]))
        roots = np.linalg.cholesky(covariances)
        return means[group] + np.einsum("nij,nj->ni", roots[group], noise)


def shrinkage_strength(values: np.ndarray, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return, for the covariance of each segment, what it is shrunk to and how much.

    Parameters
    ----------
    values : ndarray of float, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
    k : int

    Returns
    -------
    strength : ndarray of float, shape (k,)
        With the shrinkage d of Ledoit & Wolf (2004, J. Multivariate Anal. 88(2)) and n rows, n d / (1 - d): as many
        rows of the target beside the n rows give the same covariance.
    target : ndarray of float, shape (k,)
        The mean variance of the columns in the segment.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    strength, target = np.ones(k), np.ones(k)
    overall = max(values.var(axis=0).mean(), 1e-12)
    for group in range(k):
        members = values[labels == group]
        if len(members) < 2:
            target[group] = overall
            continue
        shrinkage = np.clip(ledoit_wolf_shrinkage(members), LEAST_SHRINKAGE, MOST_SHRINKAGE)
        strength[group] = len(members) * shrinkage / (1 - shrinkage)
        target[group] = max(members.var(axis=0).mean(), 1e-3 * overall)
    return strength, target

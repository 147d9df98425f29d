"""The distribution of a weighted sum of squares, against chi-squares, eigenvalues and its own moments."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, expon

from evidence.synthesis.inverse_variance import quadratic
from evidence.synthesis.inverse_variance.quadratic import q_below

CLOSE = 1e-11  # absolute, of a probability


def below(q: float, weights: np.ndarray, variances: np.ndarray) -> float:
    return float(q_below(np.array([q]), weights[None], variances[None])[0])


def eigenvalues(weights: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Of the mixture of chi-squares, all but the one that is 0."""
    centred = np.diag(weights) - np.outer(weights, weights) / weights.sum()
    root = np.sqrt(variances)
    return np.linalg.eigvalsh(root[:, None] * centred * root)[1:]


@pytest.mark.parametrize("k", [2, 3, 5, 16, 40, 300, 3000])
def test_with_inverse_variances_it_is_a_chi_square(k: int) -> None:
    variances = np.exp(np.random.default_rng(k).normal(0, 1.5, k))
    tails = np.array([1e-6, 5e-4, 0.025, 0.5, 0.9, 0.975, 0.9995])
    q = np.append(chi2.ppf(tails, k - 1), (k - 1) * np.array([2.0, 8, 300, 1e4]))
    found = q_below(q, np.tile(1 / variances, (len(q), 1)), np.tile(variances, (len(q), 1)))
    np.testing.assert_allclose(found, chi2.cdf(q, k - 1), rtol=0, atol=CLOSE)


def test_two_equal_eigenvalues_make_an_exponential_whatever_their_size() -> None:
    # three studies with weight 1 and variance s: the mixture is s times a chi-square with two degrees of freedom
    for s in (1e-8, 1.0, 3.0, 1e8):
        for q in (0.01, 1.0, 7.0):
            assert below(q * s, np.ones(3), np.full(3, s)) == pytest.approx(expon.cdf(q / 2), abs=CLOSE)


def imhof(q: float, eigen: np.ndarray) -> float:
    """Imhof 1961, by numerical integration of an oscillating function: another way, and a slow one."""

    def integrand(u: float) -> float:
        angle = 0.5 * (np.arctan(eigen * u).sum() - q * u)
        return float(np.sin(angle) / (u * np.prod((1 + (eigen * u) ** 2) ** 0.25)))

    pieces = np.concatenate([[0.0], np.geomspace(0.1, 2000, 40) / eigen.max()])
    total = sum(quad(integrand, *ends, epsabs=1e-13, limit=400)[0] for ends in pairwise(pieces))
    return 0.5 - total / np.pi


@pytest.mark.filterwarnings(
    "ignore:The integral is probably divergent"
)  # the peer's tail, which has no weight
def test_mixtures_against_their_eigenvalues() -> None:
    rng = np.random.default_rng(1)
    for _ in range(12):
        k = int(rng.integers(9, 25))
        weights, variances = np.exp(rng.normal(0, 1.5, k)), np.exp(rng.normal(0, 1.0, k))
        eigen = eigenvalues(weights, variances)
        q = eigen.sum() * np.exp(rng.normal(0, 0.6))
        assert below(q, weights, variances) == pytest.approx(imhof(q, eigen), abs=1e-8)


def test_more_nodes_change_nothing_however_unequal_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    cases = []
    for _ in range(150):
        k = int(rng.integers(2, 40))
        weights, variances = (np.exp(rng.normal(0, rng.choice([0.3, 2, 5]), k)) for _ in range(2))
        if rng.random() < 0.5:
            weights = variances ** -rng.choice([0.5, 1.0])
            variances = variances + np.exp(rng.normal(0, 3))
        mean = (weights * variances * (1 - weights / weights.sum())).sum()
        cases.append((mean * np.exp(rng.normal(0, 1.5)), weights, variances))
    usual = [below(*case) for case in cases]
    monkeypatch.setattr(quadratic, "_NODES", 700)
    np.testing.assert_allclose(usual, [below(*case) for case in cases], rtol=0, atol=CLOSE)


def test_one_study_with_nearly_all_of_the_weight() -> None:
    # the other one is what is left of the sum: y2 - y1 with variance 1 + 1e-12
    weights, variances = np.array([1e12, 1.0]), np.array([1e-12, 1.0])
    assert below(3.841458820694124, weights, variances) == pytest.approx(0.95, abs=1e-9)


def test_nothing_is_below_nothing() -> None:
    assert q_below(np.array([0.0, -1.0]), np.ones((2, 4)), np.ones((2, 4))).tolist() == [0.0, 0.0]


def test_many_tables_at_once_are_each_as_if_alone() -> None:
    rng = np.random.default_rng(3)
    weights, variances = np.exp(rng.normal(0, 2, (2, 30, 7)))
    q = rng.uniform(0.5, 60, 30)
    together = q_below(q, weights, variances)
    alone = [below(*case) for case in zip(q, weights, variances, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-13)

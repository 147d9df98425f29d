"""Quadrature: a study's likelihood and its derivatives against sums on dense grids that share nothing with it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit, log_expit

from evidence.synthesis.counts.average import average_proportion, mu_of_average
from evidence.synthesis.counts.quadrature import (
    Derivatives,
    derivatives,
    normal_nodes,
    study_log_likelihood,
    table_log_likelihood,
)

ROUNDING = 1e-15  # relative to the largest sum of the log-likelihood, n times a logit
FINEST = 641  # nodes of the last rung of `binomial`

# log-likelihood of one study, absolute: what the last rung promises at each tau
PROMISED = {0.0: 1e-10, 0.1: 1e-9, 1.0: 1e-9, 3.0: 1e-9, 8.0: 2e-9, 15.0: 1e-6, 30.0: 2e-4}

COMPARED = {
    0.0: 102,
    0.1: 104,
    1.0: 157,
    3.0: 168,
    8.0: 168,
    15.0: 168,
    30.0: 168,
}  # cases: none left out quietly

SIZES = (1, 2, 5, 30, 1000, 100_000, 10_000_000)
MUS = (-12.0, -6.0, -1.0, 0.0, 2.0, 9.0)


def dense_log_likelihood(x: float, n: float, mu: float, tau: float) -> float:
    """The trapezoid rule on a grid that reaches to 1e-20 of the integrand's peak; its error is below rounding."""
    if tau == 0:
        return x * log_expit(mu) + (n - x) * log_expit(-mu)

    def log_integrand(z: np.ndarray | float) -> np.ndarray:
        eta = mu + tau * np.asarray(z)
        return x * log_expit(eta) + (n - x) * log_expit(-eta) - 0.5 * np.square(z) - 0.5 * np.log(2 * np.pi)

    bound = tau * n + 1
    mode = brentq(lambda z: tau * (x - n * expit(mu + tau * z)) - z, -bound, bound, xtol=1e-14, rtol=9e-16)
    p = expit(mu + tau * mode)
    width = 1 / np.sqrt(1 + tau * tau * n * p * (1 - p))
    top = float(log_integrand(mode))
    ends = []
    for sign in (-1, 1):
        reach = width
        while log_integrand(mode + sign * reach) > top - 46:
            reach *= 1.3
        ends.append(reach)
    step = min(width / 6, 0.35 / tau, 0.2)
    z = mode + step * np.arange(-np.ceil(ends[0] / step), np.ceil(ends[1] / step) + 1)
    return top + float(np.log(np.exp(log_integrand(z) - top).sum() * step))


def dense_table_log_likelihood(x: object, n: object, mu: float, tau: float) -> float:
    return sum(dense_log_likelihood(*counts, mu, tau) for counts in zip(x, n, strict=True))


def dense_average(mu: float, tau: float) -> float:
    """E[expit(mu + tau z)] by the trapezoid rule; called at -mu for one minus it."""
    step = min(0.05, 0.4 / max(tau, 1e-9))
    z = step * np.arange(-np.ceil(10 / step), np.ceil(10 / step) + 1)
    return float((expit(mu + tau * z) * np.exp(-z * z / 2)).sum() * step / np.sqrt(2 * np.pi))


def events_of(n: int) -> list[int]:
    return sorted({0, min(1, n), n // 3, n // 2, n - 1, n})


def one_study(x: float, n: float, mu: float, tau: float, nodes: int) -> float:
    return float(study_log_likelihood(*(np.array([float(v)]) for v in (x, n, mu, tau)), nodes)[0])


# --- the likelihood -------------------------------------------------------------------


@pytest.mark.parametrize("tau", PROMISED)
def test_a_study_s_likelihood_is_that_of_a_dense_grid(tau: float) -> None:
    compared = 0
    for n in SIZES:
        for x, mu in product(events_of(n), MUS):
            expected = dense_log_likelihood(x, n, mu, tau)
            if expected < -150:  # where no search would look, and a mode may not be reached
                continue
            compared += 1
            slack = PROMISED[tau] + ROUNDING * n * (abs(mu) + 9 * tau)
            assert one_study(x, n, mu, tau, FINEST) == pytest.approx(expected, abs=slack), (x, n, mu)
    assert compared == COMPARED[tau]


@pytest.mark.parametrize(
    ("nodes", "largest_tau", "promised"), [(15, 0.5, 1e-6), (41, 1.0, 1e-7), (161, 2.5, 1e-8)]
)
def test_fewer_nodes_do_for_a_smaller_tau(nodes: int, largest_tau: float, promised: float) -> None:
    for n, tau in product(SIZES, (0.01, 0.3 * largest_tau, largest_tau)):
        for x in events_of(n):
            mu = np.log((x + 0.5) / (n - x + 0.5)) - 0.5  # nodes are chosen where the data are
            expected = dense_log_likelihood(x, n, mu, tau)
            slack = promised + ROUNDING * n * (abs(mu) + 9 * tau)
            assert one_study(x, n, mu, tau, nodes) == pytest.approx(expected, abs=slack), (x, n, tau)


@pytest.mark.parametrize(
    ("x", "n", "mu", "tau"), [(0, 3, 0.5, 2.0), (3, 3, -2.0, 1.0), (17, 40, 0.0, 0.7), (1, 250, -4.0, 3.0)]
)
def test_the_dense_grid_is_what_adaptive_integration_says(x: int, n: int, mu: float, tau: float) -> None:
    def integrand(z: float) -> float:
        eta = mu + tau * z
        return float(np.exp(x * log_expit(eta) + (n - x) * log_expit(-eta) - z * z / 2) / np.sqrt(2 * np.pi))

    value, error = quad(integrand, -15, 15, points=[-2, 0, 2], epsabs=0, epsrel=1e-11, limit=500)
    assert error < 1e-9 * value
    assert dense_log_likelihood(x, n, mu, tau) == pytest.approx(np.log(value), abs=1e-10)


def test_one_patient_s_likelihood_is_the_population_average() -> None:
    for mu, tau in product((-6.0, -0.3, 0.0, 4.0), (0.0, 0.4, 1.0, 2.5)):
        assert one_study(1, 1, mu, tau, FINEST) == pytest.approx(np.log(dense_average(mu, tau)), abs=1e-9)
        assert one_study(0, 1, mu, tau, FINEST) == pytest.approx(np.log(dense_average(-mu, tau)), abs=1e-9)


def test_without_heterogeneity_it_is_the_binomial_whatever_the_nodes() -> None:
    for nodes in (1, 7, 15, 41, 161, FINEST):
        for x, n, mu in ((0, 10, -40.0), (10, 10, 40.0), (3, 10, 0.2), (5_000_000, 10_000_000, 0.001)):
            binomial = x * log_expit(mu) + (n - x) * log_expit(-mu)
            assert one_study(x, n, mu, 0.0, nodes) == pytest.approx(binomial, rel=1e-13, abs=1e-13)


def test_the_mirror_of_a_study_has_the_same_likelihood() -> None:
    for n, tau in product((1, 30, 100_000), (0.5, 5.0)):
        for x, mu in product(events_of(n), (-3.0, 0.7)):
            mirrored = one_study(n - x, n, -mu, tau, 41)
            assert one_study(x, n, mu, tau, 41) == pytest.approx(mirrored, rel=1e-12, abs=1e-12)


def test_a_table_is_the_sum_of_its_studies() -> None:
    x, n = np.array([[0.0, 3, 20], [5, 5, 5]]), np.array([[4.0, 9, 20], [5, 10, 400]])
    mu, tau = np.array([0.3, -1.0]), np.array([0.8, 2.0])
    table = table_log_likelihood(x, n, mu, tau, 41)
    for row in range(2):
        parts = [one_study(x[row, i], n[row, i], mu[row], tau[row], 41) for i in range(3)]
        assert table[row] == pytest.approx(sum(parts), rel=1e-14)


def test_a_study_s_value_does_not_depend_on_its_neighbours() -> None:
    rng = np.random.default_rng(1)
    n = np.floor(10 ** rng.uniform(0, 5, 6000))
    x = np.floor(n * rng.uniform(0, 1, 6000))
    mu, tau = rng.normal(0, 2, 6000), np.exp(rng.normal(-1, 1.5, 6000))
    together = study_log_likelihood(x, n, mu, tau, 15)
    for i in range(0, 6000, 401):
        assert one_study(x[i], n[i], mu[i], tau[i], 15) == pytest.approx(together[i], rel=1e-14)


# --- its derivatives ------------------------------------------------------------------


def by_differences(x: list[float], n: list[float], mu: float, tau: float) -> list[float]:
    """Value and first and second derivatives in (mu, tau), by central differences of the dense grid's sum."""

    def at(a: float, b: float) -> float:
        return dense_table_log_likelihood(x, n, mu + a, abs(tau + b))

    s = 2e-3  # fourth-order differences: error about s^4

    def first(f: object) -> float:
        return (8 * (f(s) - f(-s)) - (f(2 * s) - f(-2 * s))) / (12 * s)

    def second(f: object) -> float:
        return (16 * (f(s) + f(-s)) - (f(2 * s) + f(-2 * s)) - 30 * f(0.0)) / (12 * s * s)

    return [
        at(0, 0),
        first(lambda d: at(d, 0)),
        first(lambda d: at(0, d)),
        second(lambda d: at(d, 0)),
        first(lambda d: first(lambda e: at(d, e))),
        second(lambda d: at(0, d)),
    ]


TABLES = [
    ([16, 10, 4, 43, 10], [17, 12, 8, 58, 10]),
    ([5, 116], [119, 170]),
    ([0, 1, 0, 4], [30, 12, 45, 60]),
    ([1, 0, 1], [1, 1, 2]),
]


@pytest.mark.parametrize(("x", "n"), TABLES)
@pytest.mark.parametrize(("mu", "tau"), [(0.5, 0.05), (-1.5, 0.7), (1.2, 2.0), (-3.0, 4.0)])
def test_derivatives_are_those_of_the_dense_grid(x: list, n: list, mu: float, tau: float) -> None:
    expected = by_differences(x, n, mu, tau)
    arrays = (np.array([x], float), np.array([n], float), np.array([mu]), np.array([tau]))
    found = [float(v[0]) for v in derivatives(*arrays, FINEST)[:6]]
    scale = 1 + max(abs(v) for v in expected)
    names = Derivatives._fields
    for name, ours, theirs in zip(names, found, expected, strict=False):
        assert ours == pytest.approx(theirs, abs=1e-6 * scale), name


def test_at_the_edge_the_slope_in_tau_is_nil_and_its_curvature_known() -> None:
    x, n, mu = np.array([[3.0, 0, 9]]), np.array([[10.0, 4, 9]]), np.array([0.4])
    p = expit(mu[0])
    at = derivatives(x, n, mu, np.zeros(1), 15)
    residual, info = x - n * p, n * p * (1 - p)
    assert at.d_tau[0] == pytest.approx(0, abs=1e-13)
    assert at.d_mu[0] == pytest.approx(residual.sum(), rel=1e-12)
    assert at.d_mu_mu[0] == pytest.approx(-info.sum(), rel=1e-12)
    assert at.d_tau_tau[0] == pytest.approx((residual**2 - info).sum(), rel=1e-12)


def test_the_complete_information_is_positive() -> None:
    rng = np.random.default_rng(4)
    n = rng.integers(1, 40, (200, 4)).astype(float)
    x = np.floor(n * rng.uniform(0, 1.0001, n.shape))
    at = derivatives(x, n, rng.normal(0, 2, 200), np.exp(rng.normal(0, 1, 200)), 15)
    assert (at.complete_mu_mu > 0).all()


# --- nodes for a normal expectation, and the population average ------------------------


def test_normal_nodes_have_the_moments_of_a_standard_normal() -> None:
    z, w = normal_nodes(21)
    for power, moment in ((0, 1), (1, 0), (2, 1), (3, 0), (4, 3), (6, 15), (8, 105)):
        assert (z**power) @ w == pytest.approx(moment, rel=1e-12, abs=1e-12)


TAUS = (0.0, 1e-8, 0.1, 0.5, 0.9, 0.999, 1.0, 1.001, 1.5, 3.0, 5.0, 10.0, 20.0, 50.0)


@pytest.mark.parametrize("tau", TAUS)
def test_the_population_average_is_that_of_a_dense_grid(tau: float) -> None:
    mu = np.array([-60.0, -30, -15, -8, -4, -2, -1, -0.3, 0, 0.3, 1, 2, 4, 8, 15, 30, 60])
    found = average_proportion(mu, np.full_like(mu, tau))
    np.testing.assert_allclose(found, [dense_average(m, tau) for m in mu], rtol=0, atol=1e-10)
    np.testing.assert_allclose(found + found[::-1], 1, rtol=0, atol=1e-10)


@pytest.mark.parametrize("tau", TAUS)
def test_the_median_behind_an_average_gives_that_average_back(tau: float) -> None:
    wanted = np.array([-16.0, -12, -8, -4, -2, -1, -0.1, 0, 0.1, 1, 2, 4, 8, 12, 16])
    mu = mu_of_average(wanted, np.full_like(wanted, tau))
    back = np.array([np.log(dense_average(m, tau) / dense_average(-m, tau)) for m in mu])
    rare = np.exp(np.abs(wanted))  # rounding of the logistic's reach tells in proportions near 1e-7
    assert (np.abs(back - wanted) < 1e-10 + 3e-12 * rare).all()


def test_the_average_lies_between_the_median_and_a_half() -> None:
    mu, tau = np.meshgrid(np.linspace(-6, 6, 25), np.linspace(0.01, 10, 25))
    median, average = expit(mu), average_proportion(mu.ravel(), tau.ravel()).reshape(mu.shape)
    assert (np.abs(average - 0.5) <= np.abs(median - 0.5) + 1e-10).all()
    assert ((average - 0.5) * (median - 0.5) >= -1e-10).all()

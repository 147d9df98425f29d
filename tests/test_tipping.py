"""The tipping curve: the limit put back into the chance that everybody responds, summed on a dense grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from evidence.synthesis.doubts.tipping import TAUS, average_limit, tipping_tau
from evidence.synthesis.proportions import proportion_interval

from .test_quadrature import dense_average, dense_table_log_likelihood

LIMIT = 1e-7  # absolute, of a proportion
PRINTED = 0.05  # half a unit of the last digit of a percentage with one decimal

COHORTS = np.array([6.0, 9, 11])
SIZES = [(6, 9, 11), (1,), (3,), (100, 200), (1,) * 10, (1_000_000,), (5, 5, 5, 5, 5, 5, 5, 40)]


def limit_by_search(n: tuple[int, ...], tau: float, level: float) -> float:
    """The population average at which the dense grid gives everybody's responding a chance of (1 - level)/2."""
    target = np.log((1 - level) / 2)
    mu = brentq(lambda m: dense_table_log_likelihood(n, n, m, tau) - target, -80, 80, xtol=1e-12)
    return dense_average(mu, tau)


def test_the_curve_of_26_of_26_in_three_cohorts() -> None:
    found = 100 * average_limit(COHORTS, np.array(TAUS))
    assert found == pytest.approx([85.2, 80.8, 69.1, 59.6], abs=PRINTED)
    assert TAUS == (0.5, 1.0, 2.0, 3.0)


def test_26_of_26_meets_24_of_49_at_a_tau_of_about_4_9() -> None:
    assert tipping_tau(COHORTS, 24 / 49) == pytest.approx(4.9, abs=PRINTED)


@pytest.mark.parametrize("n", SIZES, ids=str)
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_limit_is_where_everybody_s_responding_is_that_unlikely(n: tuple[int, ...], level: float) -> None:
    taus = np.array([0.1, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0])
    found = average_limit(np.array(n, float), taus, level)
    assert found == pytest.approx([limit_by_search(n, float(tau), level) for tau in taus], abs=LIMIT)


@pytest.mark.parametrize("n", SIZES, ids=str)
def test_without_heterogeneity_it_is_the_exact_limit_of_the_summed_counts(n: tuple[int, ...]) -> None:
    exact = proportion_interval(float(sum(n)), float(sum(n))).low
    assert average_limit(np.array(n, float), np.zeros(1))[0] == pytest.approx(exact, rel=1e-10)


def test_one_patient_a_study_leaves_the_limit_alone_whatever_tau() -> None:
    # each responds with the average's own chance: the limit is that of ten independent patients
    found = average_limit(np.ones(10), np.array([0.0, 0.5, 2.0, 8.0]))
    assert found == pytest.approx(0.025 ** (1 / 10), abs=LIMIT)


def test_more_heterogeneity_lowers_the_limit_where_studies_have_several_patients() -> None:
    found = average_limit(COHORTS, np.linspace(0, 15, 40))
    assert (np.diff(found) < 0).all()


def test_a_higher_level_lowers_the_limit_and_more_patients_raise_it() -> None:
    taus = np.array([0.5, 3.0])
    low, middle, high = (average_limit(COHORTS, taus, level) for level in (0.8, 0.95, 0.99))
    assert (low > middle).all() and (middle > high).all()
    assert (average_limit(2 * COHORTS, taus) > middle).all()


def test_the_order_of_the_cohorts_does_not_matter() -> None:
    taus = np.array(TAUS)
    assert average_limit(COHORTS[::-1], taus) == pytest.approx(average_limit(COHORTS, taus), rel=1e-10)


@pytest.mark.parametrize("n", [(6, 9, 11), (3,), (100, 200), (1_000_000,)], ids=str)
@pytest.mark.parametrize("reference", [0.05, 0.3, 24 / 49, 0.6, 0.8])
def test_the_crossing_put_back_into_the_curve_gives_the_reference(
    n: tuple[int, ...], reference: float
) -> None:
    tau = tipping_tau(np.array(n, float), reference)
    exact = 0.025 ** (1 / sum(n))
    if exact <= reference:
        assert tau == 0
    elif tau is None:
        assert limit_by_search(n, 20.0, 0.95) > reference
    else:
        assert limit_by_search(n, tau, 0.95) == pytest.approx(reference, abs=1e-4)


def test_a_crossing_beyond_a_tau_of_twenty_is_none() -> None:
    assert tipping_tau(np.ones(10), 0.3) is None  # the curve is flat at 0.69
    assert tipping_tau(COHORTS, 0.02) is None

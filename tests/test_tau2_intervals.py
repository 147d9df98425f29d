"""Intervals of tau2: limits put back into the statistic they are from give the probabilities they were made for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2, log_likelihood
from evidence.synthesis.inverse_variance.quadratic import q_below
from evidence.synthesis.inverse_variance.tau2_intervals import generalised_q_interval, profile

from .test_heterogeneity import random_sets

LEVELS = (0.8, 0.95)


@pytest.mark.parametrize("power", [0.5, 1.0], ids=["jackson", "biggerstaff-jackson"])
@pytest.mark.parametrize("level", LEVELS)
def test_generalised_q_has_the_tails_asked_for_at_its_limits(power: float, level: float) -> None:
    positive = 0
    for yi, vi in random_sets(25):
        weights = vi**-power
        low, high = generalised_q_interval(yi[None], vi[None], weights[None], level)
        assert 0 <= low[0] <= high[0]
        mean = (weights * yi).sum() / weights.sum()
        q = np.array([(weights * (yi - mean) ** 2).sum()])
        for limit, tail in ((low, (1 + level) / 2), (high, (1 - level) / 2)):
            found = float(q_below(q, weights[None], (vi + limit)[None])[0])
            if limit[0] > 0:
                assert found == pytest.approx(tail, abs=1e-10)
                positive += 1
            else:
                assert found <= tail
    assert positive > 20


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("level", LEVELS)
def test_the_profile_falls_by_half_a_quantile_at_its_limits(restricted: bool, level: float) -> None:
    drop = chi2.ppf(level, 1) / 2
    positive = 0
    for yi, vi in random_sets(25):
        table = yi[None], vi[None]
        tau2 = estimate_tau2(*table, "reml" if restricted else "ml")
        low, high = profile(*table, tau2, level, restricted=restricted)
        assert low[0] <= tau2[0] <= high[0]
        top = log_likelihood(*table, tau2, restricted=restricted)[0]
        for limit in (low, high):
            fallen = top - log_likelihood(*table, limit, restricted=restricted)[0]
            if limit[0] > 0:
                assert fallen == pytest.approx(drop, rel=1e-7)
                positive += 1
            else:
                assert fallen <= drop
    assert positive > 25


def test_equal_variances_make_all_exact_intervals_one() -> None:
    # one variance: every set of weights is equal, and Q is a chi-square times 1 + tau2
    yi = np.array([[0.0, 2.0, 4.0, 9.0]])
    vi = np.ones((1, 4))
    q = ((yi - yi.mean()) ** 2).sum()
    found = generalised_q_interval(yi, vi, np.ones((1, 4)), 0.95)
    expected = [max(q / chi2.ppf(p, 3) - 1, 0) for p in (0.975, 0.025)]
    assert [float(v[0]) for v in found] == pytest.approx(expected, rel=1e-9)


def test_identical_effects_leave_no_tau2() -> None:
    table = np.full((1, 5), 0.3), np.linspace(0.1, 2, 5)[None]
    low, high = generalised_q_interval(*table, 1 / table[1], 0.95)
    assert (low.tolist(), high.tolist()) == ([0.0], [0.0])

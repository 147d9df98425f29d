"""Stijnen T, Hamza TH, Ozdemir P. Random effects meta-analysis of event outcome in the framework of the generalized
linear mixed model with applications in sparse data. Stat Med 2010;29:3046-3067. Table III, page 3052: odds ratios.

Catheter-related infections with anti-infective against standard catheters, as in Table II. The figures are those with which
metafor's own test of this example (tests/testthat/test_analysis_example_stijnen2010.r) re-does the table, four digits where
the paper prints two or three; the counts are its dat.nielweise2007. Where the paper's last digit is another, that test says
so: 0.244 for 0.2435, 0.62 for 0.6046, 0.25 for 0.2584, 0.77 for 0.7750.
"""

from __future__ import annotations

import numpy as np
import pytest

from evidence.synthesis.arms.pooling import pool_arms

TREATED = [0, 1, 2, 0, 5, 1, 1, 1, 1, 1, 0, 0, 3, 6, 0, 0, 1, 4]
N_TREATED = [116, 44, 208, 130, 151, 98, 174, 74, 97, 113, 66, 70, 188, 187, 118, 252, 345, 64]
CONTROL = [3, 3, 9, 7, 6, 4, 3, 2, 19, 2, 7, 1, 5, 11, 0, 1, 3, 1]
N_CONTROL = [117, 35, 195, 136, 157, 139, 177, 39, 103, 122, 64, 58, 175, 180, 105, 262, 362, 69]

PRINTED = 5e-5  # half a unit of the fourth decimal
SEVEN_NODES = 4e-4  # lme4's quadrature moves the fourth decimals


@pytest.mark.parametrize(
    ("model", "theta", "se", "tau", "ratio", "low", "high", "tolerance"),
    [
        ("random", -0.9804, 0.2435, 0.1886, 0.3752, 0.2328, 0.6046, PRINTED),
        ("hypergeometric", -1.3532, 0.3511, 0.8327, 0.2584, 0.1299, 0.5142, SEVEN_NODES),
        ("conditional-binomial", -1.3027, 0.3386, 0.7750, 0.2718, 0.1400, 0.5279, SEVEN_NODES),
    ],
)
def test_table_iii_odds_ratios(
    model: str, theta: float, se: float, tau: float, ratio: float, low: float, high: float, tolerance: float
) -> None:
    found = pool_arms(TREATED, N_TREATED, CONTROL, N_CONTROL, model=model, ci_method="wald")
    assert found.heterogeneity is not None
    assert found.k == 17  # one trial without any infection says nothing of an odds ratio
    assert found.fit.estimate == pytest.approx(theta, abs=tolerance)
    assert found.fit.se == pytest.approx(se, abs=tolerance)
    assert np.sqrt(found.heterogeneity.tau2) == pytest.approx(tau, abs=tolerance)
    assert tuple(found.effect) == pytest.approx((ratio, low, high), abs=tolerance)

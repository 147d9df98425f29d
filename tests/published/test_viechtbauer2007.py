"""Viechtbauer (2007). Confidence intervals for the amount of heterogeneity in meta-analysis. Stat Med 26(1):37-52:
Table II on page 44, the nine trials of diuretics against pre-eclampsia of Collins, Yusuf and Peto (1985), log odds ratios.

The figures are those of the table with less rounding, as metafor's own tests give them
(tests/testthat/test_analysis_example_viechtbauer2007a.r); the counts are metadat's dat.collins1985b.
"""

from __future__ import annotations

import numpy as np
import pytest

from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2, q_profile
from evidence.synthesis.inverse_variance.tau2_intervals import profile

PRINTED = 5e-4  # half a unit of the third decimal

# with pre-eclampsia and all, treated; the same of the controls
TRIALS = np.array(
    [
        [14, 131, 14, 136],
        [21, 385, 17, 134],
        [14, 57, 24, 48],
        [6, 38, 18, 40],
        [12, 1011, 35, 760],
        [138, 1370, 175, 1336],
        [15, 506, 20, 524],
        [6, 108, 2, 103],
        [65, 153, 40, 102],
    ],
    dtype=float,
)


def log_odds_ratios() -> tuple[np.ndarray, np.ndarray]:
    a, n1, c, n2 = TRIALS.T
    b, d = n1 - a, n2 - c
    return np.log(a * d / (b * c))[None], (1 / a + 1 / b + 1 / c + 1 / d)[None]


@pytest.mark.parametrize(
    ("method", "printed"), [("dl", 0.230), ("ml", 0.239), ("reml", 0.301), ("sj", 0.456)]
)
def test_the_estimates(method: str, printed: float) -> None:
    assert estimate_tau2(*log_odds_ratios(), method)[0] == pytest.approx(printed, abs=PRINTED)


def test_the_q_profile_interval() -> None:
    low, high = q_profile(*log_odds_ratios())
    assert (low[0], high[0]) == pytest.approx((0.072, 2.203), abs=PRINTED)


@pytest.mark.parametrize(("method", "printed"), [("ml", (0.027, 1.131)), ("reml", (0.043, 1.475))])
def test_the_profile_likelihood_intervals(method: str, printed: tuple[float, float]) -> None:
    table = log_odds_ratios()
    low, high = profile(*table, estimate_tau2(*table, method), 0.95, restricted=method == "reml")
    assert (low[0], high[0]) == pytest.approx(printed, abs=PRINTED)

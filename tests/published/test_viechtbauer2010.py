"""Viechtbauer W (2010). Conducting meta-analyses in R with the metafor package. J Stat Softw 36(3): the mixed-effects
example of its section on moderators, the BCG vaccine's log relative risk (13 trials, Colditz et al. 1994) on absolute
latitude and year; with latitude alone as metafor's documentation prints it for `rma(yi, vi, mods = ~ ablat)`, and the
log odds ratio by maximum likelihood of van Houwelingen, Arends & Stijnen (2002), Stat Med 21(4):589-624, as metafor
re-does it. Four decimals."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.synthesis.regression.regression import fit_inverse_variance_regression

PRINTED = 5e-5  # half a unit of the fourth decimal
STOPPED = 2e-4  # R by default stops at steps of 1e-5 in tau2, which moves the printed fourth decimal

# vaccinated with and without tuberculosis, the same of the controls, latitude, year
TRIALS = np.array(
    [
        (4, 119, 11, 128, 44, 1948), (6, 300, 29, 274, 55, 1949), (3, 228, 11, 209, 42, 1960),
        (62, 13536, 248, 12619, 52, 1977), (33, 5036, 47, 5761, 13, 1973), (180, 1361, 372, 1079, 44, 1953),
        (8, 2537, 10, 619, 19, 1973), (505, 87886, 499, 87892, 13, 1980), (29, 7470, 45, 7232, 27, 1968),
        (17, 1699, 65, 1600, 42, 1961), (186, 50448, 141, 27197, 18, 1974), (5, 2493, 3, 2338, 33, 1969),
        (27, 16886, 29, 17825, 33, 1976),
    ],
    dtype=float,
)  # fmt: skip


def log_relative_risks() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = TRIALS[:, :4].T
    return np.log(a / (a + b) * (c + d) / c), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def log_odds_ratios() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = TRIALS[:, :4].T
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def with_intercept(*columns: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(TRIALS)), *columns])


LATITUDE, YEAR = TRIALS[:, 4], TRIALS[:, 5]


def test_latitude_and_year() -> None:
    fit = fit_inverse_variance_regression(*log_relative_risks(), with_intercept(LATITUDE, YEAR), ci="wald")
    assert fit.tau2 == pytest.approx(0.1108, abs=STOPPED)
    assert fit.i2_tau2 == pytest.approx(0.7198, abs=STOPPED)
    assert fit.q == pytest.approx(28.3251, abs=PRINTED)
    assert fit.moderators[0].statistic == pytest.approx(12.2043, rel=STOPPED)
    assert fit.moderators[0].pvalue == pytest.approx(0.0022, abs=PRINTED)
    assert fit.estimate == pytest.approx([-3.5455, -0.0280, 0.0019], rel=STOPPED, abs=PRINTED)
    assert fit.se == pytest.approx([29.0959, 0.0102, 0.0147], rel=STOPPED, abs=PRINTED)


def test_latitude_alone() -> None:
    fit = fit_inverse_variance_regression(*log_relative_risks(), with_intercept(LATITUDE), ci="wald")
    assert fit.tau2 == pytest.approx(0.0764, abs=STOPPED)
    assert fit.r2 == pytest.approx(0.7562, abs=STOPPED)
    assert fit.q == pytest.approx(30.7331, abs=PRINTED)
    assert fit.moderators[0].statistic == pytest.approx(16.3571, rel=5 * STOPPED)
    assert fit.estimate == pytest.approx([0.2515, -0.0291], abs=STOPPED)
    assert fit.se == pytest.approx([0.2491, 0.0072], abs=STOPPED)
    assert fit.low == pytest.approx([-0.2368, -0.0432], abs=STOPPED)
    assert fit.high == pytest.approx([0.7397, -0.0150], abs=STOPPED)


def test_latitude_on_the_log_odds_ratio_by_maximum_likelihood() -> None:
    design = with_intercept(LATITUDE - 33.46)
    fit = fit_inverse_variance_regression(*log_odds_ratios(), design, tau2="ml", ci="wald")
    assert fit.tau2 == pytest.approx(0.0040, abs=PRINTED)
    assert fit.estimate == pytest.approx([-0.7239, -0.0327], abs=STOPPED)
    assert fit.se == pytest.approx([0.0556, 0.0034], abs=STOPPED)

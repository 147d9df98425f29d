"""Viechtbauer (2005). Bias and efficiency of meta-analytic variance estimators in the random-effects model.
J Educ Behav Stat 30(3):261-293: the two examples, pages 271 and 272, with the estimates printed to three decimals."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2

PRINTED = 5e-4  # half a unit of the third decimal

TEN = (
    [-0.581, 0.530, 0.771, 1.031, 0.553, 0.295, 0.078, 0.573, -0.176, -0.232],
    [0.023, 0.052, 0.060, 0.115, 0.095, 0.203, 0.200, 0.211, 0.051, 0.040],
)
EIGHTEEN = (
    [
        *(0.100, -0.162, -0.090, -0.049, -0.046, -0.010, -0.431, -0.261, 0.134),
        *(0.019, 0.175, 0.056, 0.045, 0.103, 0.121, -0.482, 0.290, 0.342),
    ],
    [
        *(0.016, 0.015, 0.050, 0.050, 0.032, 0.052, 0.036, 0.024, 0.034),
        *(0.033, 0.031, 0.034, 0.039, 0.167, 0.134, 0.096, 0.016, 0.035),
    ],
)
METHODS = ("hs", "he", "dl", "ml", "reml", "eb", "sj")


@pytest.mark.parametrize(
    ("method", "printed"),
    list(zip(METHODS, (0.228, 0.148, 0.277, 0.197, 0.223, 0.192, 0.199), strict=True)),
)
def test_the_first_example_page_271(method: str, printed: float) -> None:
    assert estimate_tau2(*np.array(TEN)[:, None], method)[0] == pytest.approx(printed, abs=PRINTED)


@pytest.mark.parametrize(
    ("method", "printed"),
    list(zip(METHODS, (0.010, 0.000, 0.013, 0.013, 0.016, 0.010, 0.025), strict=True)),
)
def test_the_second_example_page_272(method: str, printed: float) -> None:
    assert estimate_tau2(*np.array(EIGHTEEN)[:, None], method)[0] == pytest.approx(printed, abs=PRINTED)

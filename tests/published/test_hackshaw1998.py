"""Hackshaw (1998). Lung cancer and passive smoking. Stat Methods Med Res 7(2):119-136: 37 odds ratios with their
intervals, as R's metadat prints them (dat.hackshaw1998).

Fail-safe numbers: Becker (2005), in Publication Bias in Meta-Analysis (Rothstein, Sutton & Borenstein), chapter 7, as
metafor's own tests re-do them (398 there is 393 without rounding). Selection model: the weights and likelihood ratio
that metafor's tests hold for the same data. Trim and fill: what metafor prints for an equal-effects model."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.synthesis.inverse_variance.models import fit_inverse_variance
from evidence.synthesis.small_studies.failsafe import orwin, rosenberg, rosenthal
from evidence.synthesis.small_studies.selection_model import select_by_steps
from evidence.synthesis.small_studies.trimming import trim_and_fill

SIXTH, FOUR = 5e-7, 5e-5  # half a unit of the last decimal printed
SEARCH = 3e-4  # relative: R's optimiser in a flat likelihood

RATIOS = """1.18 0.90 1.54  1.45 1.02 2.08  2.02 0.48 8.56  1.20 0.80 1.60  0.75 0.43 1.30  2.07 0.81 5.25
2.13 1.19 3.83  0.80 0.34 1.90  0.79 0.25 2.45  2.01 1.09 3.72  1.23 0.81 1.87  1.20 0.50 3.30  1.52 0.87 2.63
1.03 0.41 2.55  1.55 0.90 2.67  1.03 0.61 1.74  2.34 0.81 6.75  1.65 1.16 2.35  1.19 0.82 1.73  1.52 0.39 5.96
2.16 1.08 4.29  1.08 0.64 1.82  2.55 0.74 8.78  1.62 0.90 2.91  1.06 0.74 1.52  0.79 0.62 1.02  0.74 0.32 1.69
2.27 0.75 6.82  0.97 0.78 1.21  1.60 0.80 3.00  1.19 0.66 2.13  1.66 0.73 3.78  1.26 1.04 1.54  1.10 0.62 1.96
1.66 1.12 2.45  1.16 0.80 1.69  1.11 0.67 1.84"""
Z = 1.959963984540054


def log_odds_ratios() -> tuple[np.ndarray, np.ndarray]:
    ratio, low, high = np.array(RATIOS.split(), dtype=float).reshape(-1, 3).T
    return np.log(ratio), ((np.log(high) - np.log(low)) / (2 * Z)) ** 2


def test_fail_safe_numbers() -> None:
    yi, vi = log_odds_ratios()
    assert len(yi) == 37
    assert rosenthal(yi, vi)[0] == 393
    assert orwin(yi, target=0.049)[0] == 186
    assert orwin(yi, target=0.049, vi=vi)[0] == 104
    assert rosenberg(yi, vi)[0] == 202


@pytest.mark.parametrize(
    ("estimator", "missing", "error", "pvalue", "estimate", "se"),
    [
        ("L0", 7, 4.0405, None, 0.1556, 0.0364),
        ("R0", 7, 4.0000, 0.0039, 0.1556, 0.0364),
        ("Q0", 10, 5.5427, None, 0.1302, 0.0355),
    ],
)
def test_trim_and_fill(
    estimator: str, missing: int, error: float, pvalue: float | None, estimate: float, se: float
) -> None:
    found = trim_and_fill(*log_odds_ratios(), estimator=estimator, tau2=None, ties="first")
    assert (found.k0, found.side) == (missing, "left")
    assert found.se == pytest.approx(error, abs=FOUR)
    assert found.pvalue == (None if pvalue is None else pytest.approx(pvalue, abs=FOUR))
    fit = fit_inverse_variance(found.yi[None], found.vi[None], np.zeros(1), ci="wald", level=0.95)
    assert (fit.estimate[0], fit.se[0]) == pytest.approx((estimate, se), abs=FOUR)


def test_selection_model() -> None:
    found = select_by_steps(*log_odds_ratios(), steps=(0.05, 0.10, 0.50, 1.00))
    assert found.counts == (7, 8, 16, 6)
    assert found.weights == pytest.approx((1, 2.422079, 0.977543, 0.396713), rel=SEARCH)
    errors = [value for value in found.weights_se if value is not None]
    assert errors == pytest.approx([1.66085, 0.820387, 0.469235], rel=SEARCH)
    assert (found.lrt, found.df) == (pytest.approx(7.066137, abs=SIXTH), 3)
    assert found.tau2 == pytest.approx(0.03071325, rel=SEARCH)
    assert found.pvalue == pytest.approx(0.0698, abs=FOUR)
    assert found.estimate == pytest.approx(0.1217, abs=FOUR)
    assert found.se == pytest.approx(0.1299, abs=FOUR)

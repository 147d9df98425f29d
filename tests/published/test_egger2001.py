"""Egger, Davey Smith & Altman (2001). Systematic Reviews in Health Care, 2nd ed: 16 trials of intravenous magnesium in
acute myocardial infarction, deaths and patients in each arm (metadat's dat.egger2001). The figures are those that
metafor's own tests hold for these log odds ratios."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.synthesis.small_studies.asymmetry import begg, egger

FOUR = 5e-5  # half a unit of the last decimal printed

DEATHS = np.array([1, 9, 2, 1, 10, 1, 1, 0, 6, 1, 2, 5, 4, 90, 4, 2216], float)
TREATED = np.array([40, 135, 200, 48, 150, 59, 25, 22, 76, 27, 89, 23, 130, 1159, 107, 29011], float)
CONTROL_DEATHS = np.array([2, 23, 7, 1, 8, 9, 3, 1, 11, 7, 12, 13, 8, 118, 17, 2103], float)
CONTROLS = np.array([36, 135, 200, 46, 148, 56, 23, 21, 75, 27, 80, 33, 122, 1157, 108, 29039], float)


def log_odds_ratios() -> tuple[np.ndarray, np.ndarray]:
    cells = np.stack([DEATHS, TREATED - DEATHS, CONTROL_DEATHS, CONTROLS - CONTROL_DEATHS])
    a, b, c, d = cells + 0.5 * (cells == 0).any(0)
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def test_eggers_test_as_a_mixed_model() -> None:
    assert egger(*log_odds_ratios(), form="mixed").statistic == pytest.approx(-4.6686, abs=FOUR)


def test_the_weighted_regression_on_the_inverse_root_of_size() -> None:
    found = egger(*log_odds_ratios(), predictor="inverse-root-size", n=TREATED + CONTROLS)
    assert found.statistic == pytest.approx(-5.6083, abs=FOUR)
    assert found.df == 14


def test_beggs_rank_correlation() -> None:
    found = begg(*log_odds_ratios())
    assert found.statistic == pytest.approx(0.15, abs=1e-12)
    assert found.pvalue == pytest.approx(0.4503, abs=FOUR)

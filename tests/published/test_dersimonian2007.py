"""DerSimonian & Kacker (2007). Random-effects model for meta-analysis of clinical trials: an update.
Contemp Clin Trials 28(2):105-114: tables 3 and 4, pages 111-112, six trials of aspirin for pre-eclampsia (CLASP).
Four digits as metafor re-does them."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2, log_likelihood
from evidence.synthesis.inverse_variance.models import fit_inverse_variance

PRINTED = 5e-5  # half a unit of the fourth decimal

TREATED = np.array([[5, 5, 12, 69, 9, 313], [156, 303, 565, 1570, 103, 4659]], float)
CONTROL = np.array([[8, 17, 9, 94, 11, 352], [74, 303, 477, 1565, 105, 4650]], float)


def log_odds_ratios() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = TREATED[0], TREATED[1] - TREATED[0], CONTROL[0], CONTROL[1] - CONTROL[0]
    return np.log(a * d / (b * c))[None], (1 / a + 1 / b + 1 / c + 1 / d)[None]


@pytest.mark.parametrize(
    ("method", "tau", "mu", "se"),
    [
        ("pm", 0.3681, -0.3811, 0.2060),
        ("he", 0.4410, -0.4035, 0.2327),
        ("dl", 0.2323, -0.3240, 0.1540),
        ("eb", 0.3681, -0.3811, 0.2060),
        ("reml", 0.1843, -0.2980, 0.1343),
        ("hs", 0.1330, -0.2666, 0.1125),
        ("sj", 0.4572, -0.4079, 0.2386),
    ],
)
def test_tables_3_and_4(method: str, tau: float, mu: float, se: float) -> None:
    yi, vi = log_odds_ratios()
    tau2 = estimate_tau2(yi, vi, method)
    fit = fit_inverse_variance(yi, vi, tau2, ci="wald", level=0.95)
    assert tau2[0] ** 0.5 == pytest.approx(tau, abs=PRINTED)
    assert fit.estimate[0] == pytest.approx(mu, abs=PRINTED)
    assert fit.se[0] == pytest.approx(se, abs=PRINTED)


def test_maximum_likelihood_ends_at_zero_where_r_stops_on_the_way() -> None:
    """The table's 0.0023 is R's default stopping error: told to go on, R reaches 1e-7."""
    yi, vi = log_odds_ratios()
    stopped = np.array([0.0023**2])
    fit = fit_inverse_variance(yi, vi, stopped, ci="wald", level=0.95)
    assert (fit.estimate[0], fit.se[0]) == pytest.approx((-0.1974, 0.0694), abs=PRINTED)
    assert estimate_tau2(yi, vi, "ml")[0] == 0
    at_zero, at_theirs = (
        log_likelihood(yi, vi, tau2, restricted=False)[0] for tau2 in (np.zeros(1), stopped)
    )
    assert at_zero > at_theirs

"""Common and random effects by inverse variance: estimate, standard error, intervals, prediction.

Arrays yi, vi have shape (..., k); results have shape (...,), all on the model scale.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri, ndtri, stdtrit

from evidence.synthesis.heterogeneity import (
    estimate_tau2,
    generalised_q,
    log_likelihood,
    profiled_log_likelihood,
    weighted_mean,
)
from evidence.synthesis.results import Fit, Floats
from evidence.synthesis.roots import Function, bracketed_root


def critical(level: float, df: float | None = None) -> float:
    """The two-sided quantile of Student's t with df degrees of freedom, or of the normal where df is None."""
    tail = 0.5 + level / 2
    return float(ndtri(tail) if df is None else stdtrit(df, tail))


def fit_inverse_variance(yi: Floats, vi: Floats, tau2: Floats, *, ci: str, level: float) -> Fit:
    """Pool by weights 1 / (vi + tau2) and put the interval `ci` around the mean.

    wald        normal quantile
    t           Student's t, k - 1 degrees of freedom
    hksj        Hartung-Knapp-Sidik-Jonkman variance with t(k - 1), never smaller than the classic variance (the
                floor of Knapp & Hartung 2003, Stat Med 22:2693-2710, eq. after 6; Rover et al. 2015)
    hksj-plain  the same without the floor (Hartung & Knapp 2001, Stat Med 20:3875-3889)
    profile     profile likelihood (Hardy & Thompson 1996, Stat Med 15:619-629); yi, vi only, tau2 by ML

    With one study (k = 1) t has no degrees of freedom: the normal quantile is used.
    """
    df = yi.shape[-1] - 1
    mean, total = weighted_mean(yi, vi, tau2)
    se = np.sqrt(1.0 / total)
    if ci.startswith("hksj") and df > 0:
        q = generalised_q(yi, vi, tau2) / df
        se = se * np.sqrt(np.maximum(q, 1.0) if ci == "hksj" else q)
    if ci == "profile":
        low, high = _profile_limits(yi, vi, mean, se, level)
    else:
        half = critical(level, None if ci == "wald" or df == 0 else df) * se
        low, high = mean - half, mean + half
    return Fit(mean, se, low, high)


def _profile_limits(yi: Floats, vi: Floats, mean: Floats, se: Floats, level: float) -> tuple[Floats, Floats]:
    """Where the profile log-likelihood of the mean has fallen by half a chi-square quantile."""
    tau2 = estimate_tau2(yi, vi, "ml")
    top = log_likelihood(yi, vi, tau2, restricted=False, mean=mean)
    drop = chdtri(1, 1 - level) / 2

    def excess(value: Floats) -> Floats:
        return np.asarray(profiled_log_likelihood(yi, vi, value) - top + drop)

    return limit_beyond(excess, mean, -se), limit_beyond(excess, mean, se)


def limit_beyond(excess: Function, start: Floats, step: Floats) -> Floats:
    """The point on the side of `step` from `start` where `excess`, positive at start, crosses zero."""
    reach = start + step
    for _ in range(60):
        inside = excess(reach) > 0
        if not inside.any():
            break
        step = np.where(inside, 2 * step, step)
        reach = start + step
    return bracketed_root(excess, start, reach, rtol=1e-10)


def predict(
    mean: Floats, se: Floats, tau2: Floats, k: int, *, kind: str, level: float
) -> tuple[Floats, Floats]:
    """Limits for the value of a new study: mean +- quantile * sqrt(tau2 + se^2).

    kind "t" (k - 1 df; Veroniki et al. 2019), "hts" (k - 2 df; Higgins, Thompson & Spiegelhalter 2009, eq. 12),
    "wald" (normal), "hksj" (k - 1 df, `se` being the Hartung-Knapp one). Needs k >= 3.
    """
    df = {"t": k - 1, "hksj": k - 1, "hts": k - 2, "wald": None}[kind]
    half = critical(level, df) * np.sqrt(tau2 + se**2)
    return mean - half, mean + half


def hksj_se(yi: Floats, vi: Floats, tau2: Floats) -> Floats:
    """The Hartung-Knapp standard error without floor, for prediction intervals of kind "hksj"."""
    _, total = weighted_mean(yi, vi, tau2)
    return np.asarray(np.sqrt(generalised_q(yi, vi, tau2) / (yi.shape[-1] - 1) / total))

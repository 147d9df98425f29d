"""Common and random effects by inverse variance: estimate, standard error, intervals, prediction.

Arrays yi, vi have shape (..., k); results have shape (...,), all on the model scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, ndtri, stdtrit

from evidence.synthesis.inverse_variance.heterogeneity import (
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


def criticals(level: float, df: Floats) -> Floats:
    """The same for an array of degrees of freedom, the normal where they are infinite, nan where they are not above 0."""
    tail = 0.5 + level / 2
    finite = np.isfinite(df) & (df > 0)
    return np.where(
        finite, stdtrit(np.where(finite, df, 1.0), tail), np.where(df == np.inf, ndtri(tail), np.nan)
    )


class Centre(NamedTuple):
    """A weighted mean with its classic standard error, and what the intervals around it are made from."""

    yi: Floats
    vi: Floats
    tau2: Floats
    mean: Floats
    se: Floats
    level: float

    @property
    def df(self) -> Floats:
        """k - 1 for every table; infinite (the normal quantile) for a single study."""
        return np.full(self.mean.shape, float(self.yi.shape[-1] - 1) or np.inf)

    @property
    def normal(self) -> Floats:
        return np.full(self.mean.shape, np.inf)

    @property
    def hksj(self) -> Floats:
        """The factor of Hartung, Knapp, Sidik and Jonkman on the classic standard error."""
        df = self.yi.shape[-1] - 1
        if df == 0:
            return np.ones_like(self.mean)
        return np.asarray(np.sqrt(generalised_q(self.yi, self.vi, self.tau2) / df))


def centre(
    yi: Floats, vi: Floats, tau2: Floats, weights: Floats | None = None, level: float = 0.95
) -> Centre:
    """The mean with weights 1 / (vi + tau2), or with weights of one's own.

    Then its variance is that of a weighted sum, sum of w^2 (vi + tau2) / (sum of w)^2, as R's metafor has it.
    """
    if weights is None:
        mean, total = weighted_mean(yi, vi, tau2)
        return Centre(yi, vi, tau2, mean, np.sqrt(1.0 / total), level)
    share = weights / weights.sum(-1, keepdims=True)
    variance = np.einsum("...k,...k,...k", share, share, vi + np.asarray(tau2)[..., None])
    return Centre(yi, vi, tau2, np.einsum("...k,...k", share, yi), np.sqrt(variance), level)


def kenward_roger(vi: Floats, tau2: Floats) -> tuple[Floats, Floats]:
    """Standard error and degrees of freedom of the mean by Kenward & Roger (1997, Biometrics 53:983-997).

    With expected information of tau2, as Partlett & Riley (2017, Stat Med 36:301-317, section 2.5) write it for a
    meta-analysis; tau2 by REML.
    """
    wi = 1.0 / (vi + np.asarray(tau2)[..., None])
    one, two, three = (np.asarray((wi**power).sum(-1)) for power in (1, 2, 3))
    information = 0.5 * two - three / one + 0.5 * (two / one) ** 2
    variance = (1 + 2 * (three / one - (two / one) ** 2) / information) / one
    return np.sqrt(variance), 2 * information / (variance * two) ** 2


Scale = Callable[[Centre], tuple[Floats, Floats]]


def _hksj_ci(at: Centre) -> tuple[Floats, Floats]:
    plain = at.se * at.hksj
    narrower = criticals(at.level, at.df) * plain < criticals(at.level, at.normal) * at.se
    return np.where(narrower, at.se, plain), np.where(narrower, np.inf, at.df)


def _hksj_iqwig6(at: Centre) -> tuple[Floats, Floats]:
    plain = at.se * at.hksj
    simple = centre(at.yi, at.vi, estimate_tau2(at.yi, at.vi, "dl")).se
    narrower = criticals(at.level, at.df) * plain < criticals(at.level, at.normal) * simple
    return np.where(narrower, at.se, plain), at.df


INTERVALS: Mapping[str, Scale] = {
    "wald": lambda at: (at.se, at.normal),
    "t": lambda at: (at.se, at.df),
    "hksj": lambda at: (at.se * np.maximum(at.hksj, 1.0), at.df),
    "hksj-plain": lambda at: (at.se * at.hksj, at.df),
    "hksj-ci": _hksj_ci,
    "hksj-iqwig6": _hksj_iqwig6,
    "kenward-roger": lambda at: kenward_roger(at.vi, at.tau2),
}
"""Word -> standard error and degrees of freedom (infinite: the normal quantile) of a symmetric interval."""


def fit_inverse_variance(
    yi: Floats, vi: Floats, tau2: Floats, *, ci: str, level: float, weights: Floats | None = None
) -> Fit:
    """Pool by weights 1 / (vi + tau2), or `weights`, and put the interval `ci` around the mean.

    wald           normal quantile
    t              Student's t, k - 1 degrees of freedom
    hksj           Hartung-Knapp-Sidik-Jonkman variance with t(k - 1), never smaller than the classic variance (the
                   floor of Knapp & Hartung 2003, Stat Med 22:2693-2710, eq. after 6; Rover et al. 2015)
    hksj-plain     the same without the floor (Hartung & Knapp 2001, Stat Med 20:3875-3889)
    hksj-ci        the same, but wald where that is wider (Wiksten et al. 2016; hybrid 2 of Jackson et al. 2017)
    hksj-iqwig6    the same, but t with the classic variance where wald with DerSimonian-Laird's tau2 is wider (IQWiG,
                   General Methods 6.0, 2020)
    kenward-roger  Kenward & Roger 1997, Partlett & Riley 2017; inverse-variance weights and tau2 by REML only
    profile        profile likelihood (Hardy & Thompson 1996, Stat Med 15:619-629); yi, vi only, tau2 by ML

    With one study (k = 1) t has no degrees of freedom: the normal quantile is used.
    """
    at = centre(yi, vi, tau2, weights, level)
    return fit_and_df(at, ci)[0]


def fit_and_df(at: Centre, ci: str) -> tuple[Fit, Floats]:
    """The interval `ci` around a mean, and its degrees of freedom: infinite where they are the normal's."""
    if ci == "profile":
        low, high = _profile_limits(at.yi, at.vi, at.mean, at.se, at.level)
        return Fit(at.mean, at.se, low, high), at.normal
    alone = at.yi.shape[-1] == 1
    se, df = INTERVALS["wald" if alone else ci](at)
    half = criticals(at.level, df) * se
    return Fit(at.mean, se, at.mean - half, at.mean + half), df


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


# ---- prediction --------------------------------------------------------------------------------


def predict(
    mean: Floats, se: Floats, tau2: Floats, k: int, *, kind: str, level: float
) -> tuple[Floats, Floats]:
    """Limits for the value of a new study: mean +- quantile * sqrt(tau2 + se^2).

    kind "t" (k - 1 df; Veroniki et al. 2019), "hts" (k - 2 df; Higgins, Thompson & Spiegelhalter 2009, eq. 12),
    "wald" (normal), "hksj" (k - 1 df) and "hksj-hts" (k - 2 df), `se` being the Hartung-Knapp one (Partlett & Riley
    2017). Needs k >= 3.
    """
    df = {"t": k - 1, "hksj": k - 1, "hts": k - 2, "hksj-hts": k - 2, "wald": None}[kind]
    half = critical(level, df) * np.sqrt(tau2 + se**2)
    return mean - half, mean + half


def prediction_limits(at: Centre, kind: str) -> tuple[Floats, Floats]:
    """The same around a pooled mean, its standard error made as `kind` asks for.

    "kenward-roger" and "kenward-roger-hts" have Kenward & Roger's standard error and their degrees of freedom, less one
    in the second (Partlett & Riley 2017, as R's meta); nan where that leaves none.
    """
    if kind.startswith("kenward-roger"):
        se, df = kenward_roger(at.vi, at.tau2)
        less = 1 if kind.endswith("-hts") else 0
        half = criticals(at.level, df - less) * np.sqrt(at.tau2 + se**2)
        return at.mean - half, at.mean + half
    se = at.se * at.hksj if kind.startswith("hksj") else at.se
    return predict(at.mean, se, at.tau2, at.yi.shape[-1], kind=kind, level=at.level)

"""Intervals of tau2 other than by Q-profile (which is in `heterogeneity`); imported when one is asked for.

yi and vi have shape (B, k), limits (B,); both are 0 where no tau2 >= 0 fits.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri

from evidence.synthesis.inverse_variance.heterogeneity import log_likelihood
from evidence.synthesis.inverse_variance.models import limit_beyond
from evidence.synthesis.inverse_variance.quadratic import q_below
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import bracketed_root, decreasing_root


def profile(yi: Floats, vi: Floats, tau2: Floats, level: float, *, restricted: bool) -> tuple[Floats, Floats]:
    """Where the (restricted) log-likelihood has fallen by half a chi-square quantile from its maximum at `tau2`.

    Hardy & Thompson 1996, Stat Med 15:619-629; Viechtbauer 2007, Stat Med 26:37-52.
    """
    top = log_likelihood(yi, vi, tau2, restricted=restricted)
    drop = chdtri(1, 1 - level) / 2

    def excess(value: Floats) -> Floats:
        return np.asarray(log_likelihood(yi, vi, value, restricted=restricted) - top + drop)

    zero = np.zeros_like(tau2)
    low = np.where(excess(zero) >= 0, 0.0, bracketed_root(excess, zero, tau2))
    return low, limit_beyond(excess, tau2, tau2 + vi.min(-1))


def generalised_q_interval(yi: Floats, vi: Floats, weights: Floats, level: float) -> tuple[Floats, Floats]:
    """The tau2 at which the Q with these fixed weights would be exceeded with half of what `level` leaves, at either end.

    Weights 1 / vi: Biggerstaff & Jackson 2008, Stat Med 27:6093-6110. Weights 1 / sqrt(vi): Jackson 2013, Res Synth
    Methods 4:220-229. Exact if the effects are normal, as the Q-profile is.
    """
    share = weights / weights.sum(-1, keepdims=True)
    deviation = yi - np.einsum("...k,...k", share, yi)[..., None]
    q = np.einsum("...k,...k,...k", weights, deviation, deviation)
    scale = yi.var(-1) + vi.min(-1)

    def limit(probability: float) -> Floats:
        return decreasing_root(lambda tau2: q_below(q, weights, vi + tau2[..., None]) - probability, scale)

    return limit((1 + level) / 2), limit((1 - level) / 2)

"""The population average of a logit-normal proportion, E[expit(mu + tau z)] with z standard normal, and its inverse.

A binomial-normal model has two centres: the median proportion expit(mu) and this average, which lies nearer a half.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, ndtr

from evidence.synthesis.counts.quadrature import normal_nodes
from evidence.synthesis.results import Floats

_SMALL_TAU_NODES = 31
_LOGISTIC_STEP = 0.6  # the trapezoid rule is then good to 1e-11
_LOGISTIC_REACH = 45  # steps; a standard logistic variable is farther out with probability 2e-12
_MOST_STEPS = 12  # of Newton's method; three do unless tau is large and the average near 0 or 1


def average_proportion(mu: Floats, tau: Floats) -> Floats:
    """E[expit(mu + tau z)] for arrays of one shape; absolute error below 1e-9."""
    return average_parts(np.asarray(mu, dtype=float), np.asarray(tau, dtype=float))[0]


def mu_of_average(wanted: Floats, tau: Floats) -> Floats:
    """The mu at which the logit of the average is `wanted`, for arrays of one shape, by Newton's method."""
    # probit-like start: the average of a logistic over a normal is close to expit(mu / sqrt(1 + 0.346 tau^2))
    stretch = np.sqrt(1 + 0.346 * tau * tau)
    mu = wanted * stretch
    for _ in range(_MOST_STEPS):
        average, remainder, slope = average_parts(mu, tau)
        safe = np.maximum(average, 1e-300), np.maximum(remainder, 1e-300)
        # on the logit scale, where the average is almost straight in mu
        change = (wanted - np.log(safe[0] / safe[1])) * safe[0] * safe[1] / np.maximum(slope, 1e-300)
        mu = mu + np.clip(change, -3.0 * stretch, 3.0 * stretch)
        if (np.abs(change) < 1e-5 * stretch).all():  # the next change would be its square
            break
    return np.asarray(mu)


def average_parts(mu: Floats, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """The average, one minus it (1 - p loses its digits near 1), and its derivative in mu."""
    out = np.empty((3, *mu.shape))
    small = tau < 1.0
    out[:, small] = _over_the_normal(mu[small], tau[small])
    out[:, ~small] = _over_the_logistic(mu[~small], tau[~small])
    return out[0], out[1], out[2]


def _over_the_normal(mu: Floats, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """Gauss-Hermite over z: exact to rounding while the logistic is smooth across the nodes, tau < 1."""
    z, w = normal_nodes(_SMALL_TAU_NODES)
    eta = mu[:, None] + tau[:, None] * z
    p, rest = expit(eta), expit(-eta)
    return p @ w, rest @ w, (p * rest) @ w


def _over_the_logistic(mu: Floats, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """The same expectation as P(mu + tau z + L > 0), L logistic, summed over L in equal steps.

    The trapezoid rule converges exponentially here for tau >= 1, and does not mind how large tau is.
    """
    steps = _LOGISTIC_STEP * np.arange(-_LOGISTIC_REACH, _LOGISTIC_REACH + 1)
    w = _LOGISTIC_STEP * expit(steps) * expit(-steps)
    u = (mu[:, None] + steps) / tau[:, None]
    density = np.exp(-0.5 * np.minimum(u * u, 1400.0)) / (tau[:, None] * np.sqrt(2 * np.pi))
    return ndtr(u) @ w, ndtr(-u) @ w, density @ w

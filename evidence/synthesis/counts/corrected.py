"""The profile likelihood interval of the binomial-normal model, cut where few studies require it.

Profile likelihood limits lie where the likelihood ratio W = 2 (best - best at mu) reaches a chi-square quantile, which
is right for many studies only. Were the studies exact, their logits would be a normal sample of size k, in which
W = k log(1 + t^2 / (k - 1)) with Student's t on k - 1 degrees of freedom: so the quantile of t gives the exact cut for
few of them. Studies with errors of their own make it conservative, never the reverse in the simulations of
validation/coverage. It tends to chi-square's as k grows: at 95 %, 5.37 for k = 5, 4.50 for 10, 4.16 for 20, then 3.84.

Profile likelihood: Hardy & Thompson 1996, Stat Med 15:619-629. Its limits without a search of tau at every mu: Venzon &
Moolgavkar 1988, Appl Stat 37:87-94.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from evidence.synthesis.counts.binomial import Limits, Maximum, best_tau
from evidence.synthesis.counts.quadrature import derivatives, table_log_likelihood
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import Function, bracketed_root

FARTHEST = (
    12.0  # logits beyond both the maximum and one half: a limit farther is infinite, 0 or 1 as a proportion
)
_SMALLEST_TAU = 0.1  # to climb from
_LADDER = (15, 41, 161, 641)  # quadrature nodes: more of them until the likelihood at the limit stays
_AGREE = 1e-7  # of the log-likelihood
_MOST_STEPS = 12

Rows = npt.NDArray[np.intp]


def small_sample_drop(k: int, level: float) -> float:
    """How far the log-likelihood of k >= 2 studies falls to the limits: half of k log(1 + t^2 / (k - 1))."""
    return float(k / 2 * np.log1p(critical(level, k - 1) ** 2 / (k - 1)))


def corrected_limits(x: Floats, n: Floats, best: Maximum, level: float) -> Limits:
    """Limits of mu for tables (B, k) at their maxima, arrays (B,); infinite where the likelihood never falls so far.

    mu and tau are moved together; where that does not arrive at a limit that holds, it is searched in a bracket.
    """
    tables = len(x)
    drop = small_sample_drop(x.shape[-1], level)
    both = np.tile(np.arange(tables), 2)  # the lower limits, then the upper ones: searched together
    sign = np.repeat([-1.0, 1.0], tables)
    limits, arrived = np.empty(2 * tables), np.zeros(2 * tables, dtype=bool)
    for nodes, more in pairwise(_LADDER):
        rest = np.flatnonzero(~arrived & (best.nodes[both] <= nodes))
        if rest.size:
            limits[rest], arrived[rest] = _both_at_once(x, n, best, both[rest], sign[rest], drop, nodes, more)
    rest = np.flatnonzero(~arrived)
    if rest.size:
        mu = best.mu[both[rest]]
        ends = np.where(sign[rest] > 0, np.maximum(mu, 0) + FARTHEST, np.minimum(mu, 0) - FARTHEST)
        limits[rest] = _in_a_bracket(x, n, best, both[rest], ends, drop)
    return limits[:tables], limits[tables:]


def _both_at_once(
    x: Floats, n: Floats, best: Maximum, rows: Rows, sign: Floats, drop: float, nodes: int, more: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Limits by Newton's method on both conditions of a limit together, and whether they hold.

    At a limit the likelihood has fallen by `drop` and is highest in tau. The fall is taken as its square root, which is
    nearly straight in mu. Tables that stop moving are computed no more.
    """
    x, n, value, peak = x[rows], n[rows], best.value[rows], best.mu[rows]
    reach = np.sqrt(2 * drop) * np.where(best.se[rows] > 0, best.se[rows], 1.0)
    mu = peak + sign * np.clip(reach, 1e-6, FARTHEST)
    tau = np.maximum(best.tau[rows], np.minimum(reach, 1.0))
    fine = np.zeros(len(rows), dtype=bool)
    moving = np.arange(len(rows))
    for _ in range(_MOST_STEPS):
        at = derivatives(x[moving], n[moving], mu[moving], tau[moving], nodes)
        fall = np.sqrt(np.maximum(value[moving] - at.value, 0.0))
        bend = np.maximum(np.abs(at.d_tau_tau), 1e-12)
        arrived = (np.abs(fall**2 - drop) < _AGREE) & (at.d_tau**2 < 2 * _AGREE * bend)
        fine[moving] = arrived & (at.d_tau_tau < 0)
        # tau follows mu along the ridge; uphill too where the likelihood bends the other way
        slope, lag = at.d_mu_tau / bend, at.d_tau / bend
        steep = at.d_mu + at.d_tau * slope
        wanted = 2 * fall * (fall - np.sqrt(drop)) - at.d_tau * lag
        away = np.where(sign[moving] * steep < 0, wanted / np.where(steep != 0, steep, 1.0), sign[moving])
        gone = np.abs(mu[moving] - peak[moving])
        d_mu = np.clip(away, -0.7 * gone - 1e-6, gone + 1e-6)
        further = 0.5 * (1 + tau[moving])
        d_tau = np.clip(lag + slope * d_mu, -further, further)
        mu[moving] += (
            d_mu  # those that have arrived take a last step too, which makes them a good deal closer
        )
        tau[moving] = np.abs(tau[moving] + d_tau)  # tau and -tau are the same model
        moving = moving[~arrived]
        if not moving.size:
            break
    fine &= (sign * (mu - peak) > 0) & (np.abs(mu - peak) < FARTHEST)
    good = np.flatnonzero(fine)
    if good.size:
        # another maximum over tau can be higher than this one, and more nodes can tell another likelihood
        _, highest = best_tau(x[good], n[good], mu[good], tau[good], nodes)
        finer = table_log_likelihood(x[good], n[good], mu[good], tau[good], more)
        low = value[good] - drop
        fine[good] = (highest < low + 10 * _AGREE) & (np.abs(finer - low) < 10 * _AGREE)
    return mu, fine


def _in_a_bracket(x: Floats, n: Floats, best: Maximum, both: Rows, end: Floats, drop: float) -> Floats:
    """Limits between the maximum and an end of the scale, with as many nodes as they need."""
    limits, rest = np.empty(len(both)), np.arange(len(both))
    for nodes, more in zip(_LADDER, (*_LADDER[1:], None), strict=True):
        rows = both[rest]
        excess = _excess(x[rows], n[rows], best, rows, drop, nodes)
        limits[rest] = _limit(excess, best.mu[rows], end[rest])
        if more is None:
            break
        low, high = np.minimum(end[rest], best.mu[rows]), np.maximum(end[rest], best.mu[rows])
        at = np.clip(limits[rest], low, high)
        gap = np.abs(_excess(x[rows], n[rows], best, rows, drop, more)(at) - excess(at))
        rest = rest[(gap > _AGREE) | (best.nodes[rows] > nodes)]
        if not rest.size:
            break
    return limits


def _excess(x: Floats, n: Floats, best: Maximum, rows: Rows, drop: float, nodes: int) -> Function:
    """How far the profile likelihood at mu lies above the cut; each call climbs from where the last one arrived."""
    tau = best.tau[rows]

    def excess(mu: Floats) -> Floats:
        nonlocal tau
        tau, highest = best_tau(x, n, mu, np.maximum(tau, _SMALLEST_TAU), nodes)
        return highest - best.value[rows] + drop

    return excess


def _limit(excess: Function, mu: Floats, end: Floats) -> Floats:
    """The root of `excess` between mu and an end of the scale; infinite where it is still positive there."""
    beyond = excess(end) > 0
    root = bracketed_root(excess, mu, np.where(beyond, mu, end), rtol=1e-8)
    return np.where(beyond, np.sign(end - mu) * np.inf, root)

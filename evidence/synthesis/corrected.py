"""The profile likelihood interval of the binomial-normal model, cut where few studies require it.

Profile likelihood limits lie where the likelihood ratio W = 2 (best - best at mu) reaches a chi-square quantile, which
is right for many studies only. Were the studies exact, their logits would be a normal sample of size k, in which
W = k log(1 + t^2 / (k - 1)) with Student's t on k - 1 degrees of freedom: so the quantile of t gives the exact cut for
few of them. Studies with errors of their own make it conservative, never the reverse in the simulations of
validation/coverage. It tends to chi-square's as k grows: at 95 %, 5.37 for k = 5, 4.50 for 10, 4.16 for 20, then 3.84.

Profile likelihood: Hardy & Thompson 1996, Stat Med 15:619-629.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from evidence.synthesis.binomial import Limits, Maximum, climb
from evidence.synthesis.models import critical
from evidence.synthesis.quadrature import table_log_likelihood
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import Function, bracketed_root

FARTHEST = (
    12.0  # logits beyond both the maximum and one half: a limit farther is infinite, 0 or 1 as a proportion
)
_SMALLEST_TAU = 0.1  # to climb from
_LADDER = (15, 41, 161, 641)  # quadrature nodes: more of them until the likelihood at the limit stays
_AGREE = 1e-7  # of the log-likelihood
_MOST_STEPS = 8

Rows = npt.NDArray[np.intp]


def small_sample_drop(k: int, level: float) -> float:
    """How far the log-likelihood of k >= 2 studies falls to the limits: half of k log(1 + t^2 / (k - 1))."""
    return float(k / 2 * np.log1p(critical(level, k - 1) ** 2 / (k - 1)))


def corrected_limits(x: Floats, n: Floats, best: Maximum, level: float) -> Limits:
    """Limits of mu for tables (B, k) at their maxima, arrays (B,); infinite where the likelihood never falls so far.

    The signed root of the likelihood ratio is nearly straight in mu, so that a few steps along it arrive; where they
    do not, or more nodes tell another likelihood, the limit is searched in a bracket.
    """
    tables = len(x)
    drop = small_sample_drop(x.shape[-1], level)
    both = np.tile(np.arange(tables), 2)  # the lower limits, then the upper ones: searched together
    sign = np.repeat([-1.0, 1.0], tables)
    limits, arrived = np.empty(2 * tables), np.zeros(2 * tables, dtype=bool)
    for nodes, more in pairwise(_LADDER):
        rest = np.flatnonzero(~arrived & (best.nodes[both] <= nodes))
        if rest.size:
            limits[rest], arrived[rest] = _along_the_root(
                x, n, best, both[rest], sign[rest], drop, nodes, more
            )
    rest = np.flatnonzero(~arrived)
    if rest.size:
        mu = best.mu[both[rest]]
        ends = np.where(sign[rest] > 0, np.maximum(mu, 0) + FARTHEST, np.minimum(mu, 0) - FARTHEST)
        limits[rest] = _in_a_bracket(x, n, best, both[rest], ends, drop)
    return limits[:tables], limits[tables:]


def _along_the_root(
    x: Floats,
    n: Floats,
    best: Maximum,
    rows: Rows,
    sign: Floats,
    drop: float,
    nodes: int,
    more: int,
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Limits by steps along the signed root r = sqrt(best - profile), which must be sqrt(drop); and whether they hold."""
    excess = _excess(x[rows], n[rows], best, rows, drop, nodes)
    wanted, peak = np.sqrt(drop), best.mu[rows]
    step = np.sqrt(2 * drop) * np.where(best.se[rows] > 0, best.se[rows], 1.0)
    before, r_before = np.zeros_like(step), np.zeros_like(step)
    for _ in range(_MOST_STEPS):
        step = np.clip(step, 1e-6, FARTHEST)
        above = excess(peak + sign * step)
        r = np.sqrt(np.maximum(drop - above, 0.0))
        close = np.abs(above) < _AGREE
        if close.all():
            break
        slope = np.where(r > r_before, (r - r_before) / np.where(step > before, step - before, 1.0), 0.0)
        chord = r / step
        slope = np.where((slope > 0.2 * chord) & (slope < 5 * chord), slope, chord)
        move = (wanted - r) / np.where(slope > 0, slope, 1.0)
        after = np.where(close, step, np.clip(step + move, 0.2 * step, 3 * step))
        further = after > step
        before, r_before = np.where(further, step, before), np.where(further, r, r_before)
        step = after
    at = peak + sign * step
    fine = close & (step < FARTHEST)
    good = np.flatnonzero(fine)
    if good.size:
        finer = _excess(x[rows[good]], n[rows[good]], best, rows[good], drop, more)(at[good])
        fine[good] = np.abs(finer) < 10 * _AGREE
    return at, fine


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
        start = np.maximum(tau, _SMALLEST_TAU)
        # from above the edge and from it: with mu away from its best value the two can both be maxima
        _, tau, above = climb(x, n, mu, start, nodes, tolerance=1e-7, hold_mu=True)
        edge = table_log_likelihood(x, n, mu, np.zeros_like(mu), 1)
        return np.asarray(np.maximum(above, edge) - best.value[rows] + drop)

    return excess


def _limit(excess: Function, mu: Floats, end: Floats) -> Floats:
    """The root of `excess` between mu and an end of the scale; infinite where it is still positive there."""
    beyond = excess(end) > 0
    root = bracketed_root(excess, mu, np.where(beyond, mu, end), rtol=1e-8)
    return np.where(beyond, np.sign(end - mu) * np.inf, root)

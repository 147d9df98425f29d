"""The binomial-normal model by maximum likelihood, and the exact model.

Binomial-normal (Stijnen, Hamza & Ozdemir 2010, Stat Med 29:3046-3067): each study's logit is normal around mu
with standard deviation tau, its count binomial. The likelihood is maximised in (mu, tau) by Newton's method
from several starts, because it can have two maxima; tau is the parameter, rather than tau2, so that the edge
tau = 0 is an ordinary stationary point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from evidence.synthesis.counts.quadrature import Derivatives, derivatives, table_log_likelihood
from evidence.synthesis.inverse_variance.models import limit_beyond
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import Function, bracketed_root

Rows: TypeAlias = npt.NDArray[np.intp]
Limits: TypeAlias = tuple[Floats, Floats]

_STARTS = (0.2, 1.0, 4.0)  # tau to climb from, beside tau = 0; two maxima lie far apart on this scale
_FAR = (0.8, 3.0)  # tau to climb from, away from the best value of mu
_FAR_APART = 0.7  # of log tau: nearer than that the two are one maximum
_WORTH_A_CLIMB = 1.0  # of the log-likelihood below the best: from there a climb may end above it
_COARSE = 7  # quadrature nodes to find the maximum
_LADDER = (
    15,
    41,
    161,
    641,
)  # and to state it: climbed until the next rung agrees (large tau: sharp integrands)
_AGREE = 1e-9  # of the log-likelihood a study; tau2 is then good to about 1e-7
_GAIN = 1e-9  # of the log-likelihood over tau = 0: less could be rounding, and tau is then 0
_LIMITS_AGREE = 1e-7  # of the log-likelihood at a profile limit
_MU_STEPS = (
    30  # to the best mu at one tau: from the farthest start ten steps of two logits, then a few of Newton's
)
_MAX_STEPS = 100
_TOLERANCE = 1e-10


class Maximum(NamedTuple):
    """The maximum of each table's likelihood, arrays of shape (B,).

    `covariance_*` is the inverse observed information of (mu, tau). `value` is the log-likelihood without
    binomial coefficients, `common` its value at the best mu with tau = 0.
    """

    mu: Floats
    tau: Floats
    value: Floats
    common: Floats
    covariance_mu: Floats
    covariance_mu_tau: Floats
    covariance_tau: Floats
    nodes: npt.NDArray[np.intp]

    @property
    def se(self) -> Floats:
        return np.sqrt(self.covariance_mu)


def has_maximum(x: Floats, n: Floats) -> Floats:
    """Whether the likelihood of each table (B, k) has a finite, identified maximum; a boolean array (B,).

    It has none where every study is at 0 or at n: with one kind only mu runs away, with both kinds tau does
    (separation); and tau is not identified where every n is 1.
    """
    return np.asarray(((x > 0) & (x < n)).any(-1))


def maximise(x: Floats, n: Floats) -> Maximum:
    """Maximise the likelihood of each table; x, n of shape (B, k), each with `has_maximum`."""
    tables = len(x)
    pooled = np.log(x.sum(-1) / (n - x).sum(-1))
    common = table_log_likelihood(x, n, pooled, np.zeros(tables), 1)
    if x.shape[-1] == 1:
        mu, tau, nodes = pooled, np.zeros(tables), np.ones(tables, dtype=np.intp)
    else:
        mu, tau, value, nodes = _climb_ladder(x, n, *_best_start(x, n, pooled))
        edge = (value <= common + _GAIN) | (tau < 1e-6)
        mu, tau = np.where(edge, pooled, mu), np.where(edge, 0.0, tau)
    at = np.empty((len(Derivatives._fields), tables))
    for rung in np.unique(nodes):
        rows = nodes == rung
        at[:, rows] = derivatives(x[rows], n[rows], mu[rows], tau[rows], int(rung))
    there = Derivatives(*at)
    return Maximum(mu, tau, there.value, common, *_inverse_information(there, tau), nodes)


def _best_start(x: Floats, n: Floats, pooled: Floats) -> tuple[Floats, Floats]:
    """Roughly the highest maximum above tau = 0, which is a stationary point itself and is compared later."""
    starts = len(_STARTS)
    mu, tau, value = climb(
        np.tile(x, (starts, 1)),
        np.tile(n, (starts, 1)),
        np.tile(pooled, starts),
        np.repeat(_STARTS, len(x)),
        _COARSE,
        tolerance=1e-2,
    )
    best = value.reshape(starts, -1).argmax(0)
    tables = np.arange(len(x))
    return mu.reshape(starts, -1)[best, tables], tau.reshape(starts, -1)[best, tables]


def _climb_ladder(
    x: Floats, n: Floats, mu: Floats, tau: Floats
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.intp]]:
    """Climb with more and more nodes until the next rung gives the same likelihood; returns mu, tau, value, nodes."""
    mu, tau, value = climb(x, n, mu, tau, _LADDER[0], tolerance=_TOLERANCE)
    reached = np.full(len(x), _LADDER[0])
    rest = np.arange(len(x))
    for nodes in _LADDER[1:]:
        finer = table_log_likelihood(x[rest], n[rest], mu[rest], tau[rest], nodes)
        rounding = 1e-14 * np.abs(finer)
        rest = rest[np.abs(finer - value[rest]) > _AGREE * x.shape[-1] + rounding]
        if not rest.size:
            break
        reached[rest] = nodes
        mu[rest], tau[rest], value[rest] = climb(
            x[rest], n[rest], mu[rest], tau[rest], nodes, tolerance=_TOLERANCE
        )
    return mu, tau, value, reached


def _inverse_information(at: Derivatives, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """Covariance of (mu, tau) from the observed information; at tau = 0 mu's alone, tau's being undefined (nan)."""
    edge = tau == 0
    a, b, c = -at.d_mu_mu, np.where(edge, 0.0, -at.d_mu_tau), np.where(edge, 1.0, -at.d_tau_tau)
    determinant = a * c - b * b
    return c / determinant, -b / determinant, np.where(edge, np.nan, a / determinant)


def climb(
    x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int, *, tolerance: float, hold_mu: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Newton's method with step control from (mu, tau); returns the maximum reached and its value.

    Steps that lower the likelihood are quartered. Only tables still moving are computed. With `hold_mu` only tau moves.
    """
    mu, tau = mu.copy(), tau.copy()
    moving = np.arange(len(mu))
    at = derivatives(x, n, mu, tau, nodes)
    value = at.value.copy()
    d_mu, d_tau = _step(at, tau, hold_mu)
    for _ in range(_MAX_STEPS):
        # tau and -tau are the same model, so a step across zero is reflected
        new_mu, new_tau = mu[moving] + d_mu, np.abs(tau[moving] + d_tau)
        at = derivatives(x[moving], n[moving], new_mu, new_tau, nodes)
        old = value[moving]
        accepted = at.value >= old - 1e-13 * np.abs(old)
        took = moving[accepted]
        mu[took], tau[took], value[took] = new_mu[accepted], new_tau[accepted], at.value[accepted]
        size = np.maximum(np.abs(d_mu), np.abs(d_tau))
        next_mu, next_tau = _step(at, new_tau, hold_mu)
        d_mu = np.where(accepted, next_mu, 0.25 * d_mu)
        d_tau = np.where(accepted, next_tau, 0.25 * d_tau)
        still = size > tolerance * (1 + np.abs(new_mu) + new_tau)
        if not still.any():
            break
        moving, d_mu, d_tau = moving[still], d_mu[still], d_tau[still]
    return mu, tau, value


def _step(at: Derivatives, tau: Floats, hold_mu: bool) -> tuple[Floats, Floats]:
    """The Newton step in (mu, tau), shortened to 2 logits and half of 1 + tau.

    Along an axis of the Hessian in which the likelihood bends upward the step goes up its slope, as far as it would go
    down an equal bend: the complete-data information would be safe too, but where one study is huge it moves a
    thousandth of the way.
    """
    a, b, c = -at.d_mu_mu, -at.d_mu_tau, -at.d_tau_tau
    if hold_mu:
        a, b = np.ones_like(a), np.zeros_like(b)
    g_mu = np.zeros_like(b) if hold_mu else at.d_mu
    half, spread = (a + c) / 2, np.hypot((a - c) / 2, b)
    angle = 0.5 * np.arctan2(2 * b, a - c)
    along, across = np.cos(angle), np.sin(angle)
    least = 1e-10 * (np.abs(half) + spread) + 1e-300
    first = (along * g_mu + across * at.d_tau) / np.maximum(np.abs(half + spread), least)
    second = (along * at.d_tau - across * g_mu) / np.maximum(np.abs(half - spread), least)
    d_mu, d_tau = along * first - across * second, across * first + along * second
    excess = np.maximum(np.abs(d_mu) / 2.0, np.abs(d_tau) / (0.5 * (1 + tau)))
    shorter = 1 / np.maximum(excess, 1.0)
    return shorter * d_mu, shorter * d_tau


def best_tau(x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int) -> tuple[Floats, Floats]:
    """The best tau at each mu, and the likelihood there, both (B,); climbed from `tau`, and from afar where that may be higher.

    With mu away from its best value there can be several maxima, tau = 0 among them.
    """
    _, tau, value = climb(x, n, mu, tau, nodes, tolerance=1e-7, hold_mu=True)
    edge = table_log_likelihood(x, n, mu, np.zeros_like(mu), 1)
    tau, value = np.where(edge >= value, 0.0, tau), np.maximum(value, edge)
    for start in _FAR:
        height = table_log_likelihood(x, n, mu, np.full_like(mu, start), _COARSE)
        rows = np.flatnonzero(
            (height > value - _WORTH_A_CLIMB) & (np.abs(np.log(np.maximum(tau, 1e-3) / start)) > _FAR_APART)
        )
        if rows.size:
            _, other, top = climb(
                x[rows], n[rows], mu[rows], np.full(rows.size, start), nodes, tolerance=1e-7, hold_mu=True
            )
            higher = top > value[rows]
            tau[rows], value[rows] = np.where(higher, other, tau[rows]), np.where(higher, top, value[rows])
    return tau, value


def profile_mu(x: Floats, n: Floats, best: Maximum, drop: float) -> Limits:
    """Where the likelihood, maximised over tau, has fallen by `drop` on either side of mu; arrays (B,)."""

    def excess_of(rows: Rows, nodes: int) -> Function:
        tau = np.maximum(best.tau[rows], 0.1)

        def excess(mu: Floats) -> Floats:
            return best_tau(x[rows], n[rows], mu, tau, nodes)[1] - best.value[rows] + drop

        return excess

    def search(rows: Rows, excess: Function) -> Limits:
        mu, se = best.mu[rows], best.se[rows]
        return limit_beyond(excess, mu, -se), limit_beyond(excess, mu, se)

    return up_the_ladder(best, excess_of, search)


def profile_tau2(x: Floats, n: Floats, best: Maximum, drop: float) -> Limits:
    """The profile likelihood interval of tau2: where the likelihood, maximised over mu, has fallen by `drop`."""

    def excess_of(rows: Rows, nodes: int) -> Function:
        def excess(tau: Floats) -> Floats:
            return _best_at_tau(x[rows], n[rows], best.mu[rows], tau, nodes) - best.value[rows] + drop

        return excess

    def search(rows: Rows, excess: Function) -> Limits:
        tau = best.tau[rows]
        high = limit_beyond(excess, tau, np.where(tau > 0, 0.5 * tau, 0.5))
        reaches_zero = best.common[rows] - best.value[rows] + drop >= 0
        low = bracketed_root(excess, np.where(reaches_zero, tau, 0.0), tau, rtol=1e-10)
        return np.where(reaches_zero, 0.0, low), high

    low, high = up_the_ladder(best, excess_of, search)
    return low**2, high**2


def up_the_ladder(
    best: Maximum, excess_of: Callable[[Rows, int], Function], search: Callable[[Rows, Function], Limits]
) -> Limits:
    """Search each table's limits with more and more nodes, until the next rung has the same likelihood at them.

    Limits lie at a larger tau than the maximum, so the nodes that served there may not do.
    """
    limits = np.empty((2, len(best.mu)))
    rest = np.arange(len(best.mu))
    for nodes, next_nodes in zip(_LADDER, (*_LADDER[1:], None), strict=True):
        excess = excess_of(rest, nodes)
        limits[:, rest] = search(rest, excess)
        if next_nodes is None:
            break
        finer = excess_of(rest, next_nodes)
        gaps = [np.abs(finer(limit) - excess(limit)) for limit in limits[:, rest]]
        rest = rest[(np.maximum(*gaps) > _LIMITS_AGREE) | (best.nodes[rest] > nodes)]
        if not rest.size:
            break
    return limits[0], limits[1]


def _best_at_tau(x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int) -> Floats:
    """The likelihood at tau, maximised over mu."""
    return best_mu(x, n, mu, tau, nodes)[2]


def best_mu(x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int) -> tuple[Floats, Floats, Floats]:
    """The best mu at each tau, from `mu` by Newton's method (the likelihood is concave in mu near its maximum), its
    standard error with tau known, and the likelihood there."""
    mu = mu.copy()
    for _ in range(_MU_STEPS):
        at = derivatives(x, n, mu, tau, nodes)
        curvature = np.where(at.d_mu_mu < 0, -at.d_mu_mu, at.complete_mu_mu)
        step = np.clip(at.d_mu / curvature, -2.0, 2.0)
        if (np.abs(step) < 1e-8 * (1 + np.abs(mu))).all():
            break
        mu = mu + step
    return mu, 1 / np.sqrt(curvature), at.value


def saturated_log_likelihood(x: Floats, n: Floats) -> Floats:
    """The log-likelihood with each study at its own proportion, without binomial coefficients; shape (B,)."""
    return np.asarray((xlogy(x, x / n) + xlogy(n - x, 1 - x / n)).sum(-1))


def wald_q(x: Floats, n: Floats) -> Floats:
    """The Wald test of equal logits in the saturated logistic model, as R's metafor and meta report it for GLMMs.

    A study at 0 or n has an infinite logit with infinite variance there, so it adds nothing to Q though it counts
    in the degrees of freedom.
    """
    inside = (x > 0) & (x < n)
    xs, ns = np.where(inside, x, 1.0), np.where(inside, n, 2.0)
    wi = np.where(inside, xs * (ns - xs) / ns, 0.0)
    yi = np.log(xs / (ns - xs))
    mean = (wi * yi).sum(-1) / wi.sum(-1)
    return np.asarray((wi * (yi - mean[:, None]) ** 2).sum(-1))

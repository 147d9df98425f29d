"""The likelihood of any table on one fixed grid of (centre, tau), from a table of single studies.

Every study of the simulation is one of 1311 pairs (events, n), so its log-likelihood is tabulated once on the grid and
that of a table is a sum of rows. All priors, profile limits and predictions are then read off the same numbers:
a hundred times as fast as the engine, with which it agrees (see `agreement` in simulate.py).

The centre is the median's logit, or the logit of the population average; on the second grid mu is the value that
gives that average at each tau. Panels of centres begin at the truth, so that the mass below the truth is a plain sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit, ndtr, ndtri

from evidence.synthesis.counts.average import average_parts, mu_of_average

from design import SIZES  # isort: skip

_CENTRE_PANELS = np.cumsum(
    [0, *[0.1] * 8, *[0.2] * 5, 0.3, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5]
)
_CENTRE_NODES = 5
_TAU_EDGES = np.array([0, 0.2, 0.45, 0.8, 1.3, 2, 3.2, 5, 9, 20, 60])
_TAU_NODES = 5
_SMALL_TAU = 0.25
_FLOOR = -1e4
_CHUNK = 32


class Prior(NamedTuple):
    """The median proportion is Beta(power, power): uniform for 1, Jeffreys's for 1/2."""

    name: str
    power: float
    log_tau: Callable[[np.ndarray], np.ndarray]


def _half_normal(scale: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda tau: -0.5 * (tau / scale) ** 2


PRIORS = (
    Prior("bayes-hn1", 1, _half_normal(1)),
    Prior("bayes-hn0.5", 1, _half_normal(0.5)),
    Prior("bayes-hn2", 1, _half_normal(2)),
    Prior("bayes-hc1", 1, lambda tau: -np.log1p(tau**2)),
    Prior("bayes-u5", 1, lambda tau: np.where(tau <= 5, 0.0, -np.inf)),
    Prior("bayes-hn1-j", 0.5, _half_normal(1)),
    Prior("bayes-hn1.25-j", 0.5, _half_normal(1.25)),
    Prior("bayes-hn1.5-j", 0.5, _half_normal(1.5)),
    Prior("bayes-hn2-j", 0.5, _half_normal(2)),
    Prior("bayes-exp1-j", 0.5, lambda tau: -tau),
    Prior("bayes-rayleigh1-j", 0.5, lambda tau: np.log(np.maximum(tau, 1e-300)) - 0.5 * tau**2),
)
"""Names: prior of tau (half-normal, half-Cauchy, uniform 0..5, exponential, Rayleigh; its scale); -j where the median
proportion has Jeffreys's Beta(1/2, 1/2) instead of the uniform prior."""


def _composite(edges, nodes):
    t, w = np.polynomial.legendre.leggauss(nodes)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + t)).ravel(), (half * w).ravel()


def pairs() -> tuple[np.ndarray, np.ndarray]:
    """All (events, n), in the order of `index`."""
    sizes = np.arange(SIZES[0], SIZES[1] + 1)
    n = np.repeat(sizes, sizes + 1)
    x = np.concatenate([np.arange(size + 1) for size in sizes])
    return x.astype(float), n.astype(float)


def index(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    low = SIZES[0]
    before = n * (n + 1) / 2 - low * (low + 1) / 2  # sum of (m + 1) for m in low..n-1
    return (before + x).astype(int)


class Grid(NamedTuple):
    """Nodes and weights; `studies` is (1311, M * T), the first tau being 0 with no weight."""

    target: str
    edges: np.ndarray
    centre: np.ndarray
    centre_weight: np.ndarray
    tau: np.ndarray
    tau_weight: np.ndarray
    mu: np.ndarray
    log_jacobian: np.ndarray
    studies: np.ndarray


@lru_cache(maxsize=2)  # cells that differ in k alone share theirs
def make_grid(target: str, truth_logit: float) -> Grid:
    edges = truth_logit + np.concatenate([-_CENTRE_PANELS[:0:-1], _CENTRE_PANELS])
    centre, centre_weight = _composite(edges, _CENTRE_NODES)
    tau, tau_weight = _composite(_TAU_EDGES, _TAU_NODES)
    tau, tau_weight = np.concatenate([[0.0], tau]), np.concatenate([[0.0], tau_weight])
    shape = (len(tau), len(centre))
    mu = np.broadcast_to(centre, shape)
    log_jacobian = np.zeros(shape)
    if target == "average":
        taus = np.repeat(tau, len(centre))
        mu = mu_of_average(mu.ravel(), taus)
        average, rest, slope = average_parts(mu, taus)
        with np.errstate(divide="ignore"):
            log_jacobian = np.maximum(
                np.log(average) + np.log(rest) - np.log(np.maximum(slope, 1e-300)), -600.0
            )
        mu, log_jacobian = mu.reshape(shape), log_jacobian.reshape(shape)
    studies = np.stack([_studies(mu[row], tau[row]) for row in range(len(tau))], axis=2)
    studies = studies.reshape(len(studies), -1)
    return Grid(target, edges, centre, centre_weight, tau, tau_weight, mu, log_jacobian, studies)


def _studies(mu: np.ndarray, tau: float) -> np.ndarray:
    """Log-likelihood of each pair at each mu, without binomial coefficients: (1311, M)."""
    x, n = pairs()
    x, n = x[:, None], n[:, None]
    if tau <= _SMALL_TAU:
        z, w = np.polynomial.hermite_e.hermegauss(25)
        eta = mu[:, None] + tau * z
        total = np.zeros((len(x), len(mu)))
        for j, weight in enumerate(w / w.sum()):
            total += weight * np.exp(x * log_expit(eta[:, j]) + (n - x) * log_expit(-eta[:, j]))
    else:
        step = 0.1
        eta = np.arange(-30, 30 + step / 2, step)
        given = np.exp(x * log_expit(eta) + (n - x) * log_expit(-eta))
        density = np.exp(-0.5 * ((eta[:, None] - mu) / tau) ** 2) * step / (tau * np.sqrt(2 * np.pi))
        total = given @ density
        # beyond the range a study at n (at 0) is certain
        above, below = ndtr((mu - 30 - step / 2) / tau), ndtr((-30 - step / 2 - mu) / tau)
        total += np.where(x == n, above, 0.0) + np.where(x == 0, below, 0.0)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(total), _FLOOR).astype(np.float32)


class Read(NamedTuple):
    """What the surface says of B tables."""

    limits: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    """prior -> (mass below the truth, low, high), limits on the proportion scale"""
    new: dict[str, tuple[np.ndarray, np.ndarray]]
    """prior -> limits for a new study (median grid only)"""
    root: np.ndarray
    """signed root of the profile likelihood ratio at the centre nodes, (B, M)"""
    top: np.ndarray
    """the highest log-likelihood, (B,)"""


def read(grid: Grid, x: np.ndarray, n: np.ndarray, level: float = 0.95) -> Read:
    tail = (1 - level) / 2
    rows = index(x, n)
    tables, m, t = len(x), len(grid.centre), len(grid.tau)
    roots, tops = np.empty((tables, m), np.float32), np.empty(tables)
    limits = {prior.name: np.empty((3, tables)) for prior in PRIORS}
    new = {prior.name: np.empty((2, tables)) for prior in PRIORS} if grid.target == "median" else {}
    beyond = _new_study(grid) if new else None
    families = [
        (_base(grid, power), [prior for prior in PRIORS if prior.power == power])
        for power in sorted({prior.power for prior in PRIORS})
    ]
    middle, inner = len(grid.edges) // 2, grid.edges[1:-1]
    for start in range(0, tables, _CHUNK):
        part = slice(start, start + _CHUNK)
        log = grid.studies[rows[part, 0]]
        for column in rows[part, 1:].T:
            log += grid.studies[column]
        profile = _profile(log.reshape(-1, m, t), grid.tau)
        top = profile.max(1)
        tops[part] = top
        sign = np.where(np.arange(m) < profile.argmax(1)[:, None], -1.0, 1.0)
        roots[part] = sign * np.sqrt(np.maximum(2 * (top[:, None] - profile), 0.0))
        like = np.exp(np.subtract(log, top[:, None].astype(np.float32), out=log), out=log)
        for base, priors in families:
            mass = (like * base).reshape(-1, m, t)
            of_tau = np.stack([_tau_weight(grid, prior) for prior in priors], axis=1)
            marginal = (mass.reshape(-1, t) @ of_tau).astype(float).reshape(len(mass), m, len(priors))
            below = np.cumsum(marginal.reshape(len(mass), -1, _CENTRE_NODES, len(priors)).sum(2), axis=1)
            total = below[:, -1]
            if beyond is not None:
                each = np.matmul(np.ascontiguousarray(mass.transpose(2, 0, 1)), beyond)  # (T, B, edges)
                chances = np.tensordot(each, of_tau, (0, 0)).astype(float)
            for place, prior in enumerate(priors):
                share = below[:, :, place] / total[:, place, None]
                out = limits[prior.name]
                out[0, part] = share[:, middle - 1]
                for side, wanted in ((1, tail), (2, 1 - tail)):
                    out[side, part] = expit(_quantile(inner, share[:, :-1], wanted))
                if beyond is not None:
                    chance = np.clip(chances[:, :, place] / total[:, place, None], 0.0, 1.0)
                    for side, wanted in ((0, tail), (1, 1 - tail)):
                        new[prior.name][side, part] = expit(_quantile(grid.edges, chance, wanted))
    return Read(
        {name: tuple(values) for name, values in limits.items()},
        {name: tuple(values) for name, values in new.items()},
        roots,
        tops,
    )


def _base(grid: Grid, power: float) -> np.ndarray:
    """All of a prior but tau's own: of mu, the Jacobian and the centre's weights; (M * T,)."""
    log = grid.log_jacobian + power * (log_expit(grid.mu) + log_expit(-grid.mu))
    log = log + np.log(grid.centre_weight)
    return np.exp(log - log.max()).T.ravel().astype(np.float32)


def _tau_weight(grid: Grid, prior: Prior) -> np.ndarray:
    return (np.exp(prior.log_tau(grid.tau)) * grid.tau_weight).astype(np.float32)


def _new_study(grid: Grid) -> np.ndarray:
    """The chance that a new study's logit lies below each edge, (T, M, edges)."""
    gap = grid.edges - grid.mu[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = ndtr(gap / grid.tau[:, None, None])
    chance[0] = 0.0
    return chance.astype(np.float32)


def _quantile(points: np.ndarray, below: np.ndarray, wanted: float) -> np.ndarray:
    """Interpolated on the normal scale, where a posterior is almost straight; (B,)."""
    right = np.clip((below < wanted).sum(1), 1, below.shape[1] - 1)
    rows = np.arange(len(below))
    scores = ndtri(np.clip(np.stack([below[rows, right - 1], below[rows, right]]), 1e-9, 1 - 1e-9))
    width = scores[1] - scores[0]
    share = np.clip((ndtri(wanted) - scores[0]) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    return points[right - 1] + share * (points[right] - points[right - 1])


def _profile(cube: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """The highest log-likelihood over tau (last axis) at each centre: the parabola through the three best nodes, (B, M)."""
    flat = cube.reshape(-1, len(tau))
    at = flat.argmax(1)
    inner = np.clip(at, 1, len(tau) - 2)
    rows = np.arange(len(flat))
    y0, y1, y2 = (flat[rows, inner + j].astype(float) for j in (-1, 0, 1))
    t0, t1, t2 = (tau[inner + j] for j in (-1, 0, 1))
    s01, s12 = (y1 - y0) / (t1 - t0), (y2 - y1) / (t2 - t1)
    bend = (s12 - s01) / (t2 - t0)
    slope = s01 + bend * (t1 - t0)  # of the parabola at t1
    rise = np.where((bend < 0) & (at == inner), -(slope**2) / np.where(bend < 0, 4 * bend, 1.0), 0.0)
    return (flat[rows, at] + np.minimum(rise, 0.5)).reshape(cube.shape[:2])


def profile_limits(grid: Grid, roots: np.ndarray, drop2: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the signed root crosses -+ sqrt(drop2); 0 or 1 where it never does."""
    cut = np.sqrt(drop2)
    m = len(grid.centre)
    rows = np.arange(len(roots))
    first = (roots > -cut).argmax(1)  # the lowest centre inside
    last = m - 1 - (roots[:, ::-1] < cut).argmax(1)
    low, high = np.zeros(len(roots)), np.ones(len(roots))
    has = first > 0
    r0, r1 = roots[rows[has], first[has] - 1], roots[rows[has], first[has]]
    c0, c1 = grid.centre[first[has] - 1], grid.centre[first[has]]
    low[has] = expit(c0 + (-cut - r0) / np.where(r1 > r0, r1 - r0, 1) * (c1 - c0))
    has = last < m - 1
    r0, r1 = roots[rows[has], last[has]], roots[rows[has], last[has] + 1]
    c0, c1 = grid.centre[last[has]], grid.centre[last[has] + 1]
    high[has] = expit(c0 + (cut - r0) / np.where(r1 > r0, r1 - r0, 1) * (c1 - c0))
    return low, high

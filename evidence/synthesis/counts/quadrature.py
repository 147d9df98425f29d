"""The binomial-normal likelihood of a study, integrated over its random effect.

A study with x events of n has proportion expit(mu + tau * z), z standard normal; its likelihood is the
integral of Bin(x; n, expit(mu + tau z)) over z. Adaptive Gauss-Hermite quadrature (Liu & Pierce 1994,
Biometrika 81:624-629) centres and scales the nodes at each study's own mode. Binomial coefficients are left out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import log_expit, ndtr

from evidence.synthesis.results import Floats

_CHUNK = 1 << 15  # elements a pass works on: small enough that its temporaries stay in the processor's cache
_MODE_STEPS = (
    10  # at most, to a study's mode; the centre need not be exact for the integral to be, so it stops
)
_CLOSE = 0.02  # when a step is this small a part of the integrand's width
_MOST_HERMITE = 200  # nodes
_REACH = 14.0  # of equidistant nodes, in units of the integrand's width at its mode times sqrt(2)
_WALL_STEP = 0.5  # of the logit
_WALL = np.arange(-25.0, 25.01, _WALL_STEP)  # beyond, the density is below 1e-10 of its peak
_HIGHEST = 600.0  # exponent of a weight relative to the mode; more would overflow, and means the mode was not reached


@lru_cache(maxsize=16)
def hermite(nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Hermite nodes t and log(weight) + t^2, each of shape (nodes,).

    Beyond `_MOST_HERMITE` they are equidistant: where tau is large a study at 0 or n cuts the normal off like a
    wall, which the trapezoid rule resolves sooner (641 nodes: to 1e-9 at tau = 8, 1e-6 at 15, 1e-4 at 30).
    """
    if nodes > _MOST_HERMITE:
        t = np.linspace(-_REACH, _REACH, nodes)
        return t, np.full(nodes, np.log(t[1] - t[0]))
    t, w = np.polynomial.hermite.hermgauss(nodes)
    return t, np.log(w) + t * t


@lru_cache(maxsize=16)
def normal_nodes(nodes: int) -> tuple[Floats, Floats]:
    """Nodes z and weights for an expectation over a standard normal, each of shape (nodes,)."""
    t, w = np.polynomial.hermite.hermgauss(nodes)
    return np.sqrt(2.0) * t, w / np.sqrt(np.pi)


class Derivatives(NamedTuple):
    """Log-likelihood and its derivatives in (mu, tau), summed over the studies of each table: shape (B,).

    `complete_mu_mu` is mu's information if the random effects were seen: positive where the observed one is not, it
    gives a step that always climbs.
    """

    value: Floats
    d_mu: Floats
    d_tau: Floats
    d_mu_mu: Floats
    d_mu_tau: Floats
    d_tau_tau: Floats
    complete_mu_mu: Floats


def _log_lik_and_p(x: Floats, n: Floats, eta: Floats) -> tuple[Floats, Floats]:
    """Binomial log-likelihood at a logit, and the proportion; stable for any finite logit."""
    small = np.exp(-np.abs(eta))
    high = eta > 0
    p = np.where(high, 1.0, small) / (1.0 + small)
    return np.where(high, x - n, x) * eta - n * np.log1p(small), p


def _modes(x: Floats, n: Floats, mu: Floats, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """Each study's most likely z, the scale of its integrand there, and the log integrand there."""
    logit = np.log((x + 0.5) / (n - x + 0.5))
    variance = 1 / (x + 0.5) + 1 / (n - x + 0.5)
    gap = logit - mu
    # a study at 0 or n pulls only one way: beyond its logit the likelihood is flat
    gap = np.where(x == n, np.maximum(gap, 0.0), np.where(x == 0, np.minimum(gap, 0.0), gap))
    z = tau * gap / (tau * tau + variance)
    limit = 1.5 / np.maximum(
        tau, 1e-300
    )  # at most 1.5 logits a step: the integrand is log-concave, so it arrives
    moving = np.ones(z.shape, dtype=bool)  # each study stops by itself, so that its neighbours cannot matter
    for _ in range(_MODE_STEPS):
        _, p = _log_lik_and_p(x, n, mu + tau * z)
        curvature = 1.0 + tau * tau * n * p * (1 - p)
        step = moving * np.clip((tau * (x - n * p) - z) / curvature, -limit, limit)
        z = z + step
        moving = step * step * curvature >= _CLOSE * _CLOSE
        if not moving.any():
            break
    value, p = _log_lik_and_p(x, n, mu + tau * z)
    scale = 1.0 / np.sqrt(1.0 + tau * tau * n * p * (1 - p))
    return z, scale, value - 0.5 * z * z


def _integrand(
    x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Weights (nodes, m) relative to the mode, proportions at the nodes, z at the mode, step per node, log factor."""
    t, log_w = hermite(nodes)
    z, scale, top = _modes(x, n, mu, tau)
    reach = np.sqrt(2.0) * scale
    zs = z + reach * t[:, None]
    value, p = _log_lik_and_p(x, n, mu + tau * zs)
    weight = np.exp(np.minimum(value - 0.5 * zs * zs - top + log_w[:, None], _HIGHEST))
    return weight, p, z, reach, top + np.log(scale / np.sqrt(np.pi))


def _slices(total: int, nodes: int) -> list[slice]:
    size = max(1, _CHUNK // nodes)
    return [slice(start, start + size) for start in range(0, total, size)]


def study_log_likelihood(x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int) -> Floats:
    """The log-likelihood of each study, all arguments and the result of one shape."""
    shape = np.broadcast_shapes(x.shape, n.shape, mu.shape, tau.shape)
    flat = [np.ascontiguousarray(np.broadcast_to(a, shape)).ravel() for a in (x, n, mu, tau)]
    out = np.empty(flat[0].size)
    for part in _slices(out.size, nodes):
        xs, ns, mus, taus = (a[part] for a in flat)
        weight, _, _, _, factor = _integrand(xs, ns, mus, taus, nodes)
        out[part] = np.log(weight.sum(0)) + factor
    return out.reshape(shape)


def wall_log_likelihood(n: Floats, mu: Floats, tau: Floats) -> Floats:
    """The log-likelihood of a study in which all n responded, tau > 0; arguments and result of one shape.

    Over the random effect such a study is a wall, which the larger tau the more nodes resolve. By parts, expit(eta)^n
    is a distribution function, its density n p^n (1 - p) as smooth whatever tau is: the trapezoid rule is then good to
    1e-8 with a hundred nodes.
    """
    eta = np.log(n)[..., None] + _WALL
    weight = _WALL_STEP * np.exp(np.log(n)[..., None] + n[..., None] * log_expit(eta) + log_expit(-eta))
    total = (weight * ndtr((mu[..., None] - eta) / tau[..., None])).sum(-1)
    return np.asarray(np.log(np.maximum(total, 1e-300)))


def table_log_likelihood(x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int) -> Floats:
    """The log-likelihood of each table: x, n of shape (B, k); mu, tau and the result (B,)."""
    return np.asarray(study_log_likelihood(x, n, mu[:, None], tau[:, None], nodes).sum(-1))


def derivatives(x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int) -> Derivatives:
    """Value, gradient and Hessian at (mu, tau), each (B,), for tables x, n of shape (B, k).

    Gradient by Fisher's identity, Hessian by Louis's (1982, J R Stat Soc B 44:226-233): posterior means
    over the same quadrature nodes.
    """
    tables, k = x.shape
    flat = [a.ravel() for a in (x, n, np.repeat(mu, k), np.repeat(tau, k))]
    parts = np.empty((7, tables * k))
    t, _ = hermite(nodes)
    powers = np.stack([np.ones_like(t), t, t * t])
    for part in _slices(tables * k, nodes):
        xs, ns, mus, taus = (a[part] for a in flat)
        weight, p, z, reach, factor = _integrand(xs, ns, mus, taus, nodes)
        total = weight.sum(0)
        weight /= total
        residual = xs - ns * p
        info = ns * p * (1 - p)
        first = powers[:2] @ (weight * residual)
        complete = powers @ (weight * info)
        square = powers @ (weight * (residual * residual))
        e_r, e_rz = first[0], z * first[0] + reach * first[1]
        v0, v1, v2 = _moments_in_z(complete, z, reach)
        s0, s1, s2 = _moments_in_z(square, z, reach)
        parts[:, part] = (
            np.log(total) + factor,
            e_r,
            e_rz,
            s0 - v0 - e_r * e_r,
            s1 - v1 - e_r * e_rz,
            s2 - v2 - e_rz * e_rz,
            v0,
        )
    return Derivatives(*parts.reshape(7, tables, k).sum(-1))


def _moments_in_z(moments: Floats, z: Floats, reach: Floats) -> tuple[Floats, Floats, Floats]:
    """Moments 0, 1, 2 in z = mode + reach * t from those in t."""
    m0, m1, m2 = moments
    return m0, z * m0 + reach * m1, z * z * m0 + 2 * z * reach * m1 + reach * reach * m2

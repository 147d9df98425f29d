"""The binomial-normal maximum without each study in turn, from the one maximum of all: linear in the studies.

The log-likelihood is a sum over studies, so without study i it is the total minus one term, and so are its
derivatives. The maxima without one study lie close around the maximum of all. There the total and its derivatives
are smooth in (mu, tau): they are computed at a few Chebyshev points once, and each left-out maximum is then found by
Newton's method on interpolated total minus own term, for all studies at once. What does not lie close (a study that
moves the maximum far, a second maximum that may win, an edge that may give way) is not guessed at: it is named, to be
fitted from the beginning. The interpolation is checked against the total itself where it is worst, in the corners:
(mu, tau) agree to 1e-8 with a fit from the beginning by the same quadrature nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.synthesis.counts.binomial import Maximum, maximise
from evidence.synthesis.counts.quadrature import Derivatives, derivatives
from evidence.synthesis.results import Floats

_INTERPOLATED = 1e-9  # error of (mu, tau) that interpolation may cause in the corners of its box
_POINTS = (5, 7, 9, 13)  # a side; more where fewer do not reach that
_FAR = 1.0  # standard errors of all studies' maximum that a study may move it, to be close
_ROOM = 1.25  # the box, in the reach of the first Newton steps
_TAUS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)  # where another maximum is looked for
_MU_STEPS = 12  # to the best mu there
_RIVAL = 1.0  # log-likelihood by which another maximum must at least be lower to be no rival
_LEVEL = 1e-6  # of the log-likelihood: smaller rises are none
_GAIN = 1e-9  # as in `binomial`: less over tau = 0 could be rounding
_LEAST_TAU = 1e-6
_LEAST_NODES = 41
_MOST_NODES = 161  # more means a tau so large that the maximum is no smooth function of the studies
_STEPS = 25
_STOP = 1e-11

_FIELDS = ("value", "d_mu", "d_tau", "d_mu_mu", "d_mu_tau", "d_tau_tau")
Flags = npt.NDArray[np.bool_]


def maxima_without_each(x: Floats, n: Floats) -> tuple[Maximum, Flags]:
    """The maximum without each of k studies, arrays (k,), and which of them are found; the others hold nan.

    x, n of shape (k,), k at least 3, with a finite maximum (`binomial.has_maximum`).
    """
    k = len(x)
    best = maximise(x[None], n[None])
    nodes = max(int(best.nodes[0]), _LEAST_NODES)
    pooled, common, bend = _without_heterogeneity(x, n)
    out = Maximum._make([*np.full((7, k), np.nan), np.full(k, nodes)])
    inside = (x > 0) & (x < n)
    found = (inside.sum() - inside > 0) & np.isfinite(pooled)
    if nodes > _MOST_NODES or not found.any():
        return out, np.zeros(k, dtype=bool)
    if best.tau[0] == 0:
        edge = found = found & (np.abs(pooled - best.mu[0]) <= _FAR * best.se[0])
    else:
        there, found = _climb_all(x, n, best, nodes, found)
        edge = found & (there.value <= common + _GAIN)
        determinant = there.d_mu_mu * there.d_tau_tau - there.d_mu_tau**2
        columns = (
            there.mu, there.tau, there.value, common,
            -there.d_tau_tau / determinant, there.d_mu_tau / determinant, -there.d_mu_mu / determinant,
        )  # fmt: skip
        for to, values in zip(out[:7], columns, strict=True):
            to[found] = values[found]
    rest, p = (n.sum() - n)[edge], _expit(pooled[edge])
    flat = np.zeros(int(edge.sum()))
    columns = pooled[edge], flat, common[edge], common[edge], 1 / (rest * p * (1 - p)), flat, flat + np.nan
    for to, values in zip(out[:7], columns, strict=True):
        to[edge] = values
    found = found & ~(edge & (bend >= 0))  # the likelihood rises from the edge: its maximum is elsewhere
    return out, found & ~_rivalled(x, n, out, common, nodes)


def _expit(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _without_heterogeneity(x: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """At tau = 0 without each study: mu, the log-likelihood, and its second derivative in tau."""
    with np.errstate(invalid="ignore", divide="ignore"):
        events, rest = x.sum() - x, (n - x).sum() - (n - x)
        p = events / (events + rest)
        common = events * np.log(p) + rest * np.log1p(-p)
        square = ((x * x).sum() - x * x) - 2 * p * ((x * n).sum() - x * n) + p * p * ((n * n).sum() - n * n)
        return np.log(events / rest), common, square - (events + rest) * p * (1 - p)


def _rivalled(x: Floats, n: Floats, at: Maximum, common: Floats, nodes: int) -> Flags:
    """Without which studies another maximum, at another tau, may be as high.

    The left-out likelihood's height along tau is known to second order in mu from the total's best mu at each tau;
    from the maximum found it should only fall, at least down to where no other could rival it.
    """
    heights = [common]
    mu = np.array([np.log(x.sum() / (n - x).sum())])
    for tau in _TAUS:
        mu, total = _best_mu(x, n, mu, np.array([tau]), nodes)
        own = derivatives(x[:, None], n[:, None], np.repeat(mu, len(x)), np.full(len(x), tau), nodes)
        slope, curvature = total.d_mu - own.d_mu, np.minimum(total.d_mu_mu - own.d_mu_mu, -1e-300)
        heights.append(total.value - own.value - 0.5 * slope**2 / curvature)
    taus, h = np.array([0.0, *_TAUS])[:, None], np.stack(heights)
    top = at.value - _RIVAL
    left, right = taus < at.tau, taus > at.tau
    rises = (left[1:] & (h[:-1] > h[1:] + _LEVEL)) | (right[:-1] & (h[1:] > h[:-1] + _LEVEL))
    near = np.maximum(h[1:], h[:-1]) > top
    return np.asarray((rises & near).any(0) | (h > at.value + _LEVEL).any(0))


def _best_mu(x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int) -> tuple[Floats, Derivatives]:
    """The total's best mu at one tau, roughly, and the derivatives there."""
    for _ in range(_MU_STEPS):
        at = derivatives(x[None], n[None], mu, tau, nodes)
        step = np.clip(at.d_mu / np.where(at.d_mu_mu < 0, -at.d_mu_mu, at.complete_mu_mu), -2.0, 2.0)
        if abs(step[0]) < 1e-3:
            break
        mu = mu + step
    return mu, at


class _There(NamedTuple):
    """Where each study's Newton iteration ended, with the left-out likelihood and its derivatives there."""

    mu: Floats
    tau: Floats
    value: Floats
    d_mu: Floats
    d_tau: Floats
    d_mu_mu: Floats
    d_mu_tau: Floats
    d_tau_tau: Floats


def _climb_all(x: Floats, n: Floats, best: Maximum, nodes: int, wanted: Flags) -> tuple[_There, Flags]:
    """Newton's method for the studies `wanted`, all at once, and which of them arrived."""
    k = len(x)
    mu, tau = np.full(k, best.mu[0]), np.full(k, best.tau[0])
    total = np.array([getattr(derivatives(x[None], n[None], mu[:1], tau[:1], nodes), f)[0] for f in _FIELDS])
    d_mu, d_tau = _newton(total[:, None] - _own(x, n, mu, tau, nodes))
    se = np.sqrt([best.covariance_mu[0], best.covariance_tau[0]])
    close = wanted & (np.abs(d_mu) <= _FAR * se[0]) & (np.abs(d_tau) <= _FAR * se[1])
    at = np.full((len(_FIELDS), k), np.nan)
    arrived = np.zeros(k, dtype=bool)
    if not close.any():
        return _There(mu, tau, *at), arrived
    reach = [
        (float(d[close].min()) * _ROOM - 1e-6 * s, float(d[close].max()) * _ROOM + 1e-6 * s)
        for d, s in ((d_mu, se[0]), (d_tau, se[1]))
    ]
    low_tau = max(float(tau[0]) + reach[1][0], 0.0)
    box = (mu[0] + reach[0][0], mu[0] + reach[0][1]), (low_tau, tau[0] + reach[1][1])
    surface = _interpolated(x, n, box, nodes)
    if surface is None:
        return _There(mu, tau, *at), arrived
    mu, tau = mu + d_mu, np.abs(tau + d_tau)
    moving = np.flatnonzero(close)
    for _ in range(_STEPS):
        here = surface.at(mu[moving], tau[moving]) - _own(
            x[moving], n[moving], mu[moving], tau[moving], nodes
        )
        at[:, moving] = here
        d_mu, d_tau = _newton(here)
        small = np.maximum(np.abs(d_mu), np.abs(d_tau)) <= _STOP * (1 + np.abs(mu[moving]) + tau[moving])
        arrived[moving[small]] = True
        new_mu, new_tau = mu[moving] + d_mu, tau[moving] + d_tau
        inside = surface.holds(new_mu, new_tau)
        mu[moving], tau[moving] = new_mu, new_tau
        moving = moving[inside & ~small]
        if not moving.size:
            break
    bends_down = (at[3] < 0) & (at[3] * at[5] - at[4] ** 2 > 0)
    return _There(mu, tau, *at), arrived & bends_down & (tau > _LEAST_TAU)


def _own(x: Floats, n: Floats, mu: Floats, tau: Floats, nodes: int) -> Floats:
    """Each study's own log-likelihood and derivatives at its (mu, tau), (fields, k)."""
    at = derivatives(x[:, None], n[:, None], mu, tau, nodes)
    return np.stack([getattr(at, field) for field in _FIELDS])


def _newton(at: Floats) -> tuple[Floats, Floats]:
    """The step to where the gradient vanishes, if the likelihood were a parabola."""
    _, g_mu, g_tau, a, b, c = at
    determinant = a * c - b * b
    return -(c * g_mu - b * g_tau) / determinant, -(a * g_tau - b * g_mu) / determinant


class _Surface(NamedTuple):
    """The total's log-likelihood and derivatives over a box, as Chebyshev series (fields, points, points)."""

    centre: tuple[float, float]
    half: tuple[float, float]
    series: Floats

    def holds(self, mu: Floats, tau: Floats) -> Flags:
        return np.asarray(
            (np.abs(mu - self.centre[0]) <= self.half[0]) & (np.abs(tau - self.centre[1]) <= self.half[1])
        )

    def at(self, mu: Floats, tau: Floats) -> Floats:
        """(fields, m) at m places."""
        degree = self.series.shape[-1] - 1
        over_mu = np.polynomial.chebyshev.chebvander((mu - self.centre[0]) / self.half[0], degree)
        over_tau = np.polynomial.chebyshev.chebvander((tau - self.centre[1]) / self.half[1], degree)
        return np.asarray(((over_mu @ self.series) * over_tau).sum(-1))


def _interpolated(
    x: Floats, n: Floats, box: tuple[tuple[float, float], tuple[float, float]], nodes: int
) -> _Surface | None:
    """The total over the box, by as few points as are accurate in its corners; None if no number of them is."""
    centre = (box[0][0] + box[0][1]) / 2, (box[1][0] + box[1][1]) / 2
    half = (box[0][1] - box[0][0]) / 2, (box[1][1] - box[1][0]) / 2

    def total(u: Floats, v: Floats) -> Floats:
        """(fields, places) at places in -1..1; one at a time, so that memory stays one table's."""
        places = zip(centre[0] + half[0] * u, centre[1] + half[1] * v, strict=True)
        found = [derivatives(x[None], n[None], np.array([a]), np.array([b]), nodes) for a, b in places]
        return np.array([[getattr(at, field)[0] for at in found] for field in _FIELDS])

    corners = np.array([-1.0, -1.0, 1.0, 1.0]), np.array([-1.0, 1.0, -1.0, 1.0])
    exact = total(*corners)
    for points in _POINTS:
        t = np.cos(np.pi * (np.arange(points) + 0.5) / points)
        grid = total(np.repeat(t, points), np.tile(t, points)).reshape(len(_FIELDS), points, points)
        inverse = np.linalg.inv(np.polynomial.chebyshev.chebvander(t, points - 1))
        surface = _Surface(centre, half, inverse @ grid @ inverse.T)
        shown = surface.at(centre[0] + half[0] * corners[0], centre[1] + half[1] * corners[1])
        # The error of the gradient as an error of the place where it vanishes.
        slip = np.concatenate([np.zeros((1, 4)), (shown - exact)[1:3], exact[3:]])
        if max(np.abs(d).max() for d in _newton(slip)) < _INTERPOLATED:
            return surface
    return None


def wald_q_without_each(x: Floats, n: Floats) -> Floats:
    """`binomial.wald_q` without each study, (k,): a sum of squares about a mean that moves, in one pass."""
    inside = (x > 0) & (x < n)
    xs, ns = np.where(inside, x, 1.0), np.where(inside, n, 2.0)
    w = np.where(inside, xs * (ns - xs) / ns, 0.0)
    y = np.log(xs / (ns - xs))
    y = y - (w * y).sum() / max(w.sum(), 1e-300)
    rest = np.maximum(w.sum() - w, 1e-300)
    first, second = (w * y).sum() - w * y, (w * y * y).sum() - w * y * y
    return np.asarray(np.maximum(second - first**2 / rest, 0.0))

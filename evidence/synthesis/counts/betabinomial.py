"""The beta-binomial model by maximum likelihood: studies' proportions follow a beta distribution.

Its mean is the average proportion over studies; its overdispersion rho, 0 to 1, is the correlation of two patients
of one study (Griffiths 1973, Biometrics 29:637-648; Williams 1975, Biometrics 31:949-952). rho = 0 is one
proportion for all. With arguments a = mean (1 - rho) / rho and b alike, a study's likelihood is a ratio of products

    prod_{r < x} (mean (1 - rho) + r rho)  prod_{r < n - x} ((1 - mean) (1 - rho) + r rho)  /  prod_{r < n} (1 - rho + r rho)

which, other than the gamma functions of a and b, has its digits at rho = 0 too. Sums over many patients are
integrated: their logarithms are smooth in r. Binomial coefficients are left out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, expit, stdtrit

from evidence.synthesis.inverse_variance.models import limit_beyond
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import bracketed_root

_SUMMED = 64  # patients whose terms are summed one by one; beyond, the sum is an integral, good to 1e-10
_INTEGRATED = 24  # nodes of that integral
_CHUNK = 1 << 18  # terms a pass works on
_GRID = 26  # values of rho at which the likelihood is looked at before its maximum is sought
_FIRST, _LAST = 1e-3, 9.0  # of that grid: rho beside one over the largest study, and logit of rho
_MEAN_STEPS = 60
_TOLERANCE = 1e-12
_GAIN = 1e-9  # of the log-likelihood over rho = 0: less could be rounding, and rho is then 0
_NEARLY_ONE = 1 - 1e-13
_PANELS, _PANEL_NODES = 60, 8  # over the uncertainty of the mean, for a new study


sources = ("griffiths1973", "williams1975")


class Maximum(NamedTuple):
    """The maximum of each table's likelihood, arrays of shape (B,).

    `mu` is the logit of the mean and `se` its standard error from the observed information of (mu, rho), where
    rho = 0 that of mu alone. `value` is the log-likelihood, `common` its value at the best mean with rho = 0.
    """

    mu: Floats
    rho: Floats
    se: Floats
    value: Floats
    common: Floats


class _Sum(NamedTuple):
    """Sums over r = 0 .. m - 1 of a smooth function, as weights at values of r; arrays (B, k, R)."""

    r: Floats
    weight: Floats


class _Terms(NamedTuple):
    """What a likelihood sums over: responders, others, all."""

    yes: _Sum
    no: _Sum
    every: _Sum

    def rows(self, rows: npt.NDArray[np.intp]) -> _Terms:
        return _Terms(*(_Sum(part.r[rows], part.weight[rows]) for part in self))


class _Slopes(NamedTuple):
    """The log-likelihood and its derivatives in (mean, rho), each (B,)."""

    value: Floats
    mean: Floats
    rho: Floats
    mean_mean: Floats
    mean_rho: Floats
    rho_rho: Floats


@lru_cache(maxsize=1)
def _legendre() -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(_INTEGRATED)


def _sum_to(m: Floats) -> _Sum:
    """Nodes and weights for sums over 0 .. m - 1, m of shape (B, k).

    Beyond the first 64 terms Euler and Maclaurin's formula about the midpoints between them, the derivatives at both
    ends by central differences: the integral - (d/24 - 17 d3/5760) from end to end.
    """
    most = int(min(m.max(initial=1.0), _SUMMED))
    r = np.broadcast_to(np.arange(max(most, 1), dtype=float), (*m.shape, max(most, 1)))
    weight = (r < m[..., None]).astype(float)
    if m.max(initial=0.0) <= _SUMMED:
        return _Sum(r, weight)
    long = (m > _SUMMED)[..., None].astype(float)
    end = np.maximum(m, _SUMMED + 1.0)[..., None]
    t, w = _legendre()
    low, high = np.log(_SUMMED - 0.5), np.log(end - 0.5)
    inner = np.exp(low + (high - low) / 2 * (1 + t))
    at_ends = np.array([-2.0, -1.0, 0.0, 1.0])
    first, third = np.array([0.0, -1.0, 1.0, 0.0]), np.array([-1.0, 3.0, -3.0, 1.0])
    correction = np.broadcast_to(-first / 24 + 17 * third / 5760, (*m.shape, 4))
    start = np.broadcast_to(_SUMMED + at_ends, (*m.shape, 4))
    nodes = [r, inner, end + at_ends, start]
    weights = [weight, long * w * inner * (high - low) / 2, long * correction, -long * correction]
    return _Sum(np.concatenate(nodes, -1), np.concatenate(weights, -1))


def _terms(x: Floats, n: Floats) -> _Terms:
    return _Terms(_sum_to(x), _sum_to(n - x), _sum_to(n))


def _parts(terms: _Terms, mu: Floats, rho: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The mean, and the arguments of the three logarithms."""
    rest = (1 - rho)[:, None, None]
    rho = rho[:, None, None]
    mean, other = expit(mu)[:, None, None], expit(-mu)[:, None, None]
    return (
        mean,
        mean * rest + terms.yes.r * rho,
        other * rest + terms.no.r * rho,
        rest + terms.every.r * rho,
    )


def _total(weighted: Floats) -> Floats:
    return np.asarray(weighted.sum((-2, -1)))


def _height(terms: _Terms, mu: Floats, rho: Floats) -> Floats:
    """The log-likelihood of each table at (mu, rho)."""
    _, yes, no, every = _parts(terms, mu, rho)
    return (
        _total(terms.yes.weight * np.log(yes))
        + _total(terms.no.weight * np.log(no))
        - _total(terms.every.weight * np.log(every))
    )


def _slopes(terms: _Terms, mu: Floats, rho: Floats) -> _Slopes:
    mean, yes, no, every = _parts(terms, mu, rho)
    rest = (1 - rho)[:, None, None]
    w_yes, w_no, w_every = terms.yes.weight, terms.no.weight, terms.every.weight
    in_yes, in_no = rest / yes, rest / no
    r_yes, r_no, r_every = (
        (terms.yes.r - mean) / yes,
        (terms.no.r - (1 - mean)) / no,
        (terms.every.r - 1) / every,
    )
    return _Slopes(
        _total(w_yes * np.log(yes)) + _total(w_no * np.log(no)) - _total(w_every * np.log(every)),
        _total(w_yes * in_yes) - _total(w_no * in_no),
        _total(w_yes * r_yes) + _total(w_no * r_no) - _total(w_every * r_every),
        -_total(w_yes * in_yes**2) - _total(w_no * in_no**2),
        -_total(w_yes * (1 / yes + in_yes * r_yes)) + _total(w_no * (1 / no + in_no * r_no)),
        -_total(w_yes * r_yes**2) - _total(w_no * r_no**2) + _total(w_every * r_every**2),
    )


def _best_mu(terms: _Terms, mu: Floats, rho: Floats) -> tuple[Floats, _Slopes]:
    """The best logit of the mean at each rho, by Newton's method (the likelihood is concave in the mean)."""
    for _ in range(_MEAN_STEPS):
        at = _slopes(terms, mu, rho)
        inner = expit(mu) * expit(-mu)
        observed = -at.mean_mean * inner**2 - at.mean * inner * (expit(-mu) - expit(mu))
        curvature = np.maximum(observed, -0.25 * at.mean_mean * inner**2)
        step = np.clip(at.mean * inner / curvature, -2.0, 2.0)
        mu = mu + step
        if (np.abs(step) < _TOLERANCE * (1 + np.abs(mu))).all():
            break
    return mu, at


def maximise(x: Floats, n: Floats) -> Maximum:
    """Maximise the likelihood of each table; x, n of shape (B, k).

    Each table must have a study with neither nobody nor everybody responding (`binomial.has_maximum`): without one
    the likelihood has no maximum with a mean and a rho inside 0 to 1.
    """
    size = max(1, _CHUNK // max(1, int(x.shape[-1] * min(n.max(initial=1.0), 3 * _SUMMED))))
    chunks = [_maximise(x[i : i + size], n[i : i + size]) for i in range(0, len(x), size)]
    return Maximum(*(np.concatenate(column) for column in zip(*chunks, strict=True)))


def _maximise(x: Floats, n: Floats) -> Maximum:
    terms = _terms(x, n)
    pooled = np.log(x.sum(-1) / (n - x).sum(-1))
    common = _height(terms, pooled, np.zeros(len(x)))
    rho = _best_rho(terms, n, None)
    mu, _ = _best_mu(terms, pooled, rho)
    value = _height(terms, mu, rho)
    edge = value <= common + _GAIN
    rho, mu = np.where(edge, 0.0, rho), np.where(edge, pooled, mu)
    at = _slopes(terms, mu, rho)
    inner = expit(mu) * expit(-mu)
    of_mu = -at.mean_mean * inner**2 - at.mean * inner * (expit(-mu) - expit(mu))
    shared = np.where(edge, 0.0, at.mean_rho * inner)
    of_rho = np.where(edge, -1.0, at.rho_rho)
    se = 1 / np.sqrt(of_mu + shared**2 / of_rho)
    return Maximum(mu, rho, se, at.value, common)


def _best_rho(terms: _Terms, n: Floats, mu: Floats | None) -> Floats:
    """The best rho, at the best mean or at the one given: the best of a grid, then the root of the slope beside it."""
    first = np.log(_FIRST / n.max(-1))
    grid = np.vstack([np.zeros(len(n)), expit(np.linspace(first, _LAST, _GRID - 1))])
    start = np.zeros(len(n)) if mu is None else mu

    def slope(rho: Floats) -> Floats:
        return (_best_mu(terms, start, rho)[1] if mu is None else _slopes(terms, start, rho)).rho

    def height(rho: Floats) -> Floats:
        return _best_mu(terms, start, rho)[1].value if mu is None else _height(terms, start, rho)

    heights = np.stack([height(rho) for rho in grid])
    best = heights.argmax(0)
    left = np.take_along_axis(grid, np.maximum(best - 1, 0)[None], 0)[0]
    right = np.take_along_axis(grid, np.minimum(best + 1, _GRID - 1)[None], 0)[0]
    at_edge = (best == 0) & (slope(left) <= 0)
    return np.where(at_edge, 0.0, bracketed_root(slope, left, right, rtol=1e-13))


def profile_mu(x: Floats, n: Floats, best: Maximum, drop: float) -> tuple[Floats, Floats]:
    """Logits of the mean at which the likelihood, maximised over rho, has fallen by `drop`; arrays (B,)."""
    terms = _terms(x, n)

    def excess(mu: Floats) -> Floats:
        return _height(terms, mu, _best_rho(terms, n, mu)) - best.value + drop

    return limit_beyond(excess, best.mu, -best.se), limit_beyond(excess, best.mu, best.se)


def profile_rho(x: Floats, n: Floats, best: Maximum, drop: float) -> tuple[Floats, Floats]:
    """The profile likelihood interval of rho; 0 below where the common proportion is not excluded."""
    terms = _terms(x, n)

    def excess(rho: Floats) -> Floats:
        return _best_mu(terms, best.mu, rho)[1].value - best.value + drop

    reaches_zero = best.common - best.value + drop >= 0
    low = bracketed_root(excess, np.where(reaches_zero, best.rho, 0.0), best.rho, rtol=1e-10)
    high = bracketed_root(excess, best.rho, np.full_like(best.rho, _NEARLY_ONE), rtol=1e-10)
    return np.where(reaches_zero, 0.0, low), high


def new_study(best: Maximum, df: int, wanted: Floats) -> Floats:
    """Quantiles (Q, B) of a new study's proportion: the fitted beta, the logit of its mean uncertain by t(df).

    rho is taken as estimated. Where it is 0 a new study has the mean itself.
    """
    t, w = np.polynomial.legendre.leggauss(_PANEL_NODES)
    place = ((np.arange(_PANELS)[:, None] + 0.5 * (1 + t)) / _PANELS).ravel()
    share = place**2 * (3 - 2 * place)  # nodes lie closer in the tails, where the limits are
    weight = np.tile(w, _PANELS) / (2 * _PANELS) * 6 * place * (1 - place)
    mus = best.mu[:, None] + best.se[:, None] * stdtrit(df, share)
    edge = best.rho == 0
    size = (1 - best.rho) / np.where(edge, 1.0, best.rho)
    a, b = (np.maximum(size[:, None] * expit(sign * mus), 1e-300) for sign in (1, -1))

    def below(logits: Floats) -> Floats:
        return np.asarray(betainc(a, b, expit(logits)[..., None]) @ weight)

    def excess(logits: Floats) -> Floats:
        return below(logits) - wanted[:, None]

    ends = np.full((len(wanted), len(best.mu)), 700.0)
    found = bracketed_root(excess, -ends, ends, rtol=1e-9)
    alone = best.mu + best.se * stdtrit(df, wanted)[:, None]
    return np.asarray(expit(np.where(edge, alone, found)))

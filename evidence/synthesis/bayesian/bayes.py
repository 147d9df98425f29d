"""The binomial-normal model with priors, by deterministic quadrature: no sampling, the same answer every time.

Study i has logit mu + tau z_i and a binomial count (as in `binomial`). By default mu has a standard logistic
prior, so the median proportion expit(mu) is uniform on 0..1 and one study with tau = 0 gives Beta(1 + x, 1 + n - x);
tau has a half-normal prior. Weakly informative priors for few studies: Rover et al. 2021, Res Synth Methods 12:448-474.

The posterior is tabulated where it has mass: Gauss-Legendre nodes in panels over u, mu = centre + width * sinh(u)
(close together at the peak, far apart in the tails), and over v, tau = unit * sinh(v), the unit being what the
studies' own errors can resolve. Within a panel the density is its interpolating polynomial, so a cumulative
probability is an integral of that polynomial, with no half cell to lose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit, logit, ndtr

from evidence.errors import OptionError
from evidence.synthesis.counts.average import average_parts
from evidence.synthesis.counts.quadrature import (
    derivatives,
    normal_nodes,
    study_log_likelihood,
    wall_log_likelihood,
)
from evidence.synthesis.results import Floats, Interval
from evidence.synthesis.roots import bracketed_root

_PANEL_NODES = 8
_FINE = (12, 3, 21)  # panels over mu, panels over tau, nodes for a study's likelihood: good to about 2e-5
_ROUGH = (8, 2, 21)  # good to about 2e-4, for the range over priors, which is said in whole percent
LARGE_TAU = 5.0  # from which a study at 0 or n is a wall in its integrand
_MANY_NODES = 321
_TELLING = 1e-8  # of the peak: less at such a tau does not tell, in however long a tail
_SEARCH_NODES = 9  # while looking for the mass
_NOTICEABLE = 8.0  # log density below the peak: worth sharp nodes
_NEGLIGIBLE = 25.0  # log density below the peak: e^-25 of it is 1e-11
_SEARCH_POINTS = 12  # over v
_MOST_ZOOMS = 12
_MOST_STEPS = 14  # to the best mu at one tau: of two logits at most, then of Newton's method
_REACHES = 5 * 1.5 ** np.arange(
    12
)  # how far from the ridge its foot is looked for, in standard deviations of mu
_SHARPEST = 2.0  # nodes of mu lie closest, in steps of about this many of its smallest standard deviations
_LANDMARKS = 17  # to bracket a quantile before its root is found
_AVERAGES = 33  # values of mu at which the average is tabulated
_NEW_STUDY_NODES = 31  # over the random effect of a new study
_CHECKED = 61  # values at which a prior of the user's own is looked at


class Prior(NamedTuple):
    """Priors of mu and tau; `label` says them in words. Log densities map an array to an array and need no constant.

    tau is looked for up to `farthest` times `scale`: where its density ends, or is negligible.
    """

    label: str
    log_mu: Callable[[Floats], Floats]
    log_tau: Callable[[Floats], Floats]
    scale: float = 1.0
    farthest: float = 30.0

    @property
    def short(self) -> str:
        """The label without the prior on mu, where that is the usual one."""
        return next(
            (self.label.removeprefix(label) for label, _ in MEDIANS.values() if self.label.startswith(label)),
            self.label,
        )


def _uniform_median(mu: Floats) -> Floats:
    return np.asarray(log_expit(mu) + log_expit(-mu))


def _jeffreys_median(mu: Floats) -> Floats:
    return np.asarray(0.5 * (log_expit(mu) + log_expit(-mu)))


class _Median(NamedTuple):
    """A prior of mu by what it is for the median proportion expit(mu)."""

    label: str
    log_mu: Callable[[Floats], Floats]


MEDIANS: Mapping[str, _Median] = {
    "jeffreys": _Median("Beta(1/2, 1/2) prior on the median proportion, ", _jeffreys_median),
    "uniform": _Median("uniform prior on the median proportion, ", _uniform_median),
}
"""Priors of the median proportion by name. Uniform is a standard logistic one of mu; it pulls away from 0 and 100 %."""


def half_normal(scale: float = 1.0, median: str = "uniform") -> Prior:
    """Half-normal with this scale on tau."""
    label, log_mu = MEDIANS[median]
    return Prior(
        f"{label}half-normal({scale:g}) on tau", log_mu, lambda tau: -0.5 * (tau / scale) ** 2, scale
    )


def half_cauchy(scale: float = 1.0, median: str = "uniform") -> Prior:
    """Half-Cauchy with this scale on tau: allows very large heterogeneity."""
    label, log_mu = MEDIANS[median]
    return Prior(
        f"{label}half-Cauchy({scale:g}) on tau",
        log_mu,
        lambda tau: -np.log1p((tau / scale) ** 2),
        scale,
        farthest=11_000.0,
    )


def exponential(scale: float = 1.0, median: str = "uniform") -> Prior:
    """Exponential with this mean on tau."""
    label, log_mu = MEDIANS[median]
    return Prior(
        f"{label}exponential({scale:g}) on tau", log_mu, lambda tau: -tau / scale, scale, farthest=40.0
    )


def uniform(scale: float = 1.0, median: str = "uniform") -> Prior:
    """Uniform from 0 to `scale` on tau: beyond it, heterogeneity is ruled out."""
    label, log_mu = MEDIANS[median]
    return Prior(f"{label}uniform(0, {scale:g}) on tau", log_mu, np.zeros_like, scale, farthest=1.0)


def vague_normal(sd: float = 10.0, scale: float = 1.25) -> Prior:
    """Normal(0, sd) on mu, which puts most of its mass at proportions near 0 and 1; half-normal on tau."""
    return Prior(
        f"normal(0, {sd:g}) on the average logit",
        lambda mu: -0.5 * (mu / sd) ** 2,
        lambda tau: -0.5 * (tau / scale) ** 2,
        scale,
    )


PRIORS: Mapping[str, Callable[[float, str], Prior]] = {
    "half-normal": half_normal,
    "half-cauchy": half_cauchy,
    "exponential": exponential,
    "uniform": uniform,
}
"""Priors of tau by name, each a function of its scale and of the median's prior, a name in `MEDIANS`."""


def as_prior(prior: str | Prior, scale: float = 1.0, median: str = "uniform") -> Prior:
    """A prior by its name in `PRIORS` and a scale, or a `Prior` of one's own, checked.

    Raises OptionError for another name, a scale that is not a positive number, densities that are not numbers, and a
    density of mu that does not fall off on both sides (where all responded the posterior would not be proper).
    """
    if isinstance(prior, Prior):
        return _checked(prior)
    if prior not in PRIORS:
        raise OptionError("prior", prior, (*PRIORS, "or a Prior"))
    if not (np.isfinite(scale) and scale > 0):
        raise OptionError("prior_scale", scale, "a number above 0")
    if median not in MEDIANS:
        raise OptionError("prior_median", median, tuple(MEDIANS))
    return PRIORS[prior](float(scale), median)


def _checked(prior: Prior) -> Prior:
    for name, value in (("scale", prior.scale), ("farthest", prior.farthest)):
        if not (np.isfinite(value) and value > 0):
            raise OptionError(f"{name} of the prior", value, "a number above 0")
    tau = prior.scale * prior.farthest * np.linspace(0.0, 1.0, _CHECKED)[1:-1]
    mu = np.linspace(-30.0, 30.0, _CHECKED)
    for name, density, at in (("log_mu", prior.log_mu, mu), ("log_tau", prior.log_tau, tau)):
        heights = np.asarray(density(at), dtype=float)
        if heights.shape != at.shape or np.isnan(heights).any() or not np.isfinite(heights.max()):
            raise OptionError(
                f"{name} of the prior", "no such density", "finite logarithms, one for each value of an array"
            )
    ends = prior.log_mu(np.array([-1e4, 0.0, 1e4]))
    if not (ends[[0, 2]] < ends[1] - _NEGLIGIBLE).all():
        raise OptionError("log_mu of the prior", "a density without ends", "one that falls off on both sides")
    return prior


@lru_cache(maxsize=4)
def panel_rule(nodes: int) -> tuple[Floats, Floats, Floats]:
    """Gauss-Legendre nodes and weights on [-1, 1], and the matrix from node values to the coefficients of the
    antiderivative of their interpolating polynomial, zero at -1; shapes (G,), (G,), (G + 1, G)."""
    t, w = np.polynomial.legendre.leggauss(nodes)
    coefficients = np.linalg.inv(np.vander(t, increasing=True))
    antiderivative = np.zeros((nodes + 1, nodes))
    antiderivative[1:] = coefficients / np.arange(1, nodes + 1)[:, None]
    antiderivative[0] = -((-1.0) ** np.arange(nodes + 1)) @ antiderivative
    return t, w, antiderivative


def panels(low: float, high: float, panels: int) -> tuple[Floats, Floats]:
    """Composite Gauss-Legendre nodes and weights on [low, high], each (panels * _PANEL_NODES,)."""
    t, w, _ = panel_rule(_PANEL_NODES)
    half = (high - low) / panels / 2
    centres = low + half * (2 * np.arange(panels) + 1)
    return (centres[:, None] + half * t).ravel(), np.tile(half * w, panels)


class Axis(NamedTuple):
    """mu as a function of u over equal panels of [low, high]: mu = centre + width * sinh(u)."""

    centre: float
    width: float
    low: float
    high: float

    def mu(self, u: Floats) -> Floats:
        return self.centre + self.width * np.sinh(u)

    def u(self, mu: Floats | float) -> Floats:
        return np.asarray(np.arcsinh((np.asarray(mu) - self.centre) / self.width))


@dataclass(frozen=True)
class Posterior:
    """The joint posterior of (mu, tau) on a grid.

    `density` has shape (T, M): joint density at each tau node and u node, times the tau node's weight, with
    total mass 1. The u nodes lie in equal panels of `axis`.
    """

    prior: Prior
    axis: Axis
    tau: Floats
    density: Floats

    def proportion(self, level: float) -> Interval:
        """The median proportion over studies, expit(mu): posterior median and equal-tailed interval."""
        marginal = self._pieces.sum(0, keepdims=True), self._edges.sum(0, keepdims=True)

        def mass_below(mu: Floats) -> Floats:
            return np.asarray(self._below(mu[None, :], marginal)[0])

        return self._interval(mass_below, self._landmarks, level)

    def average(self, level: float) -> Interval:
        """The population average E[expit(mu + tau z)]: posterior median and equal-tailed interval."""
        return self._interval(self._average_below, np.sort([*self._landmarks, 0.0]), level)

    def average_quantile(self, probability: float) -> float:
        """The population average with this posterior probability below it."""
        landmarks = np.sort([*self._landmarks, 0.0])
        return float(_quantiles(self._average_below, landmarks, np.array([probability]))[0])

    def _average_below(self, value: Floats) -> Floats:
        return np.asarray(self._below(self._mu_of_average(value), None).sum(0))

    def _mu_of_average(self, value: Floats) -> Floats:
        """For each tau node the mu whose average has the logit `value` (J,); shape (T, J).

        By cubic interpolation in a table of averages, whose derivative in mu is known: inverting each anew would
        cost ten times as much.
        """
        averages, mu, slope = self._averages
        right = np.clip((averages[:, :, None] < value).sum(1), 1, averages.shape[1] - 1)
        rows = np.arange(len(averages))[:, None]
        a0, a1, m0, m1 = averages[rows, right - 1], averages[rows, right], mu[right - 1], mu[right]
        width = a1 - a0
        s = np.clip((value - a0) / np.where(width > 0, width, 1.0), 0.0, 1.0)  # no width where both are nil
        s0, s1 = slope[rows, right - 1] * width, slope[rows, right] * width
        bend0, bend1 = s0 - (m1 - m0), (m1 - m0) - s1
        return np.asarray(m0 + s * (m1 - m0) + s * (1 - s) * ((1 - s) * bend0 + s * bend1))

    @cached_property
    def _averages(self) -> tuple[Floats, Floats, Floats]:
        """Logits of the average (T, J) at J values of mu (J,), and the derivative of mu in them (T, J)."""
        mu = self.axis.mu(np.linspace(self.axis.low, self.axis.high, _AVERAGES))
        grid_mu, grid_tau = np.broadcast_arrays(mu[None, :], self.tau[:, None])
        average, remainder, slope = average_parts(grid_mu, grid_tau)
        with_floor = np.maximum(average, 1e-300), np.maximum(remainder, 1e-300)
        inner = with_floor[0] * with_floor[1]
        return np.log(with_floor[0] / with_floor[1]), mu, inner / np.maximum(slope, 1e-300)

    def prediction(self, level: float) -> Interval:
        """A new study's proportion expit(mu + tau z): posterior median and equal-tailed interval.

        The mass below a value is summed over z where tau is small beside the spread of mu, and over mu where it is
        large: a step in the one is a gentle slope in the other.
        """
        u, weight = panels(self.axis.low, self.axis.high, self.density.shape[1] // _PANEL_NODES)
        mu, mass = self.axis.mu(u), self.density * weight
        share = np.maximum(mass.sum(1), 1e-300)
        centre = mass @ mu / share
        spread = np.sqrt(np.maximum(mass @ mu**2 / share - centre**2, 0.0))
        large = self.tau > 0.5 * spread
        tau, mass, small = self.tau[large, None], mass[large], self.tau[~large, None, None]
        pieces = self._pieces[~large], self._edges[~large]
        z, w = normal_nodes(_NEW_STUDY_NODES)

        def mass_below(value: Floats) -> Floats:
            at = (value[:, None] - small * z).reshape(len(small), value.size * z.size)
            over_z = self._below(at, pieces).sum(0).reshape(value.size, z.size) @ w
            over_mu = ndtr((value[:, None, None] - mu) / tau) * mass
            return np.asarray(over_z + over_mu.sum((1, 2)))

        reach = 9 * float(self.tau.max())
        landmarks = [self._landmarks[0] - reach, *self._landmarks, self._landmarks[-1] + reach]
        return self._interval(mass_below, np.array(landmarks), level)

    def average_above(self, proportion: float) -> float:
        """The posterior probability that the population average exceeds `proportion` (0 to 1)."""
        if not 0 < proportion < 1:
            return 1.0 if proportion <= 0 else 0.0
        below = float(self._average_below(np.array([logit(proportion)]))[0])
        return min(max(1 - below, 0.0), 1.0)

    @property
    def _landmarks(self) -> Floats:
        """Values of mu from end to end, closer where there is more mass, to bracket quantiles between.

        An average is never farther from a half than the median it belongs to, so 0 brackets it where these do not.
        """
        return self.axis.mu(np.linspace(self.axis.low, self.axis.high, _LANDMARKS))

    @cached_property
    def _pieces(self) -> Floats:
        """Antiderivative coefficients of each panel, (T, P, G + 1), in the panel's own coordinate -1..1."""
        _, _, antiderivative = panel_rule(_PANEL_NODES)
        blocks = self.density.reshape(len(self.tau), -1, _PANEL_NODES)
        half = (self.axis.high - self.axis.low) / blocks.shape[1] / 2
        return np.asarray(half * (blocks @ antiderivative.T))

    @cached_property
    def _edges(self) -> Floats:
        """Mass of each tau node below each panel's left edge, (T, P)."""
        masses = self._pieces.sum(-1)  # the antiderivative at +1
        return np.asarray(np.cumsum(masses, axis=1) - masses)

    def _below(self, mu: Floats, table: tuple[Floats, Floats] | None) -> Floats:
        """Mass with a logit below `mu` (T, J), for each tau node; `table` are pieces and edges to use instead."""
        pieces, edges = table or (self._pieces, self._edges)
        panels = edges.shape[1]
        axis = self.axis
        place = np.clip((axis.u(mu) - axis.low) / (axis.high - axis.low), 0.0, 1.0) * panels
        panel = np.minimum(place.astype(int), panels - 1)
        local = 2 * (place - panel) - 1
        rows = np.arange(len(edges))[:, None]
        coefficients = pieces[rows, panel]
        total = coefficients[..., -1]
        for power in range(coefficients.shape[-1] - 2, -1, -1):
            total = total * local + coefficients[..., power]
        return np.asarray(edges[rows, panel] + total)

    def _interval(self, mass_below: Callable[[Floats], Floats], landmarks: Floats, level: float) -> Interval:
        wanted = np.array([0.5, (1 - level) / 2, (1 + level) / 2])
        estimate, lower, upper = (float(v) for v in _quantiles(mass_below, landmarks, wanted))
        return Interval(estimate, lower, upper, level)


def _quantiles(mass_below: Callable[[Floats], Floats], landmarks: Floats, wanted: Floats) -> Floats:
    """The proportions whose logits, between the landmarks (ascending), have the wanted mass below them."""
    at = np.clip(np.searchsorted(mass_below(landmarks), wanted), 1, len(landmarks) - 1)
    roots = bracketed_root(
        lambda value: mass_below(value) - wanted, landmarks[at - 1], landmarks[at], rtol=1e-8
    )
    return np.asarray(expit(roots))


def posterior(events: Floats, n: Floats, prior: Prior | None = None, *, rough: bool = False) -> Posterior:
    """Tabulate the posterior of one table; events, n of shape (k,). Any table will do: all, none or one study too."""
    prior = prior or half_normal()
    mu_panels, tau_panels, study_nodes = _ROUGH if rough else _FINE
    (x, sizes), copies = np.unique(np.stack([events, n]), axis=1, return_counts=True)
    density = _LogDensity(x, sizes, copies, prior, _unit(events, n, prior))
    centre, sharpest, (mu_low, mu_high), v_range = _where_the_mass_is(density)
    width = _SHARPEST * sharpest
    u_range = np.arcsinh((mu_low - centre) / width), np.arcsinh((mu_high - centre) / width)
    axis = Axis(centre, width, float(u_range[0]), float(u_range[1]))
    u, u_weight = panels(*u_range, mu_panels)
    v, v_weight = panels(*v_range, tau_panels)
    heights = density.at(axis.mu(u)[None, :], v, study_nodes) + np.log(np.cosh(u))
    mass = np.exp(heights - heights.max()) * v_weight[:, None]
    large = (density.tau(v) > LARGE_TAU) & (mass.max(1) > _TELLING * mass.max())
    if large.any() and not rough:
        heights[large] = density.precisely(axis.mu(u)[None, :], v[large]) + np.log(np.cosh(u))
        mass = np.exp(heights - heights.max()) * v_weight[:, None]
    mass /= (mass @ u_weight).sum()
    return Posterior(prior, axis, density.tau(v), mass)


def _unit(events: Floats, n: Floats, prior: Prior) -> float:
    """The tau below which studies cannot be told from equal: the second smallest of their logits' standard errors."""
    errors = np.sort(np.sqrt(1 / (events + 0.5) + 1 / (n - events + 0.5)))
    return min(prior.scale, float(errors[min(1, len(errors) - 1)]))


class _LogDensity(NamedTuple):
    """The log posterior density of mu and v, tau = unit * sinh(v), without its constant.

    Studies with the same counts are worked once; `copies` says how many there are.
    """

    events: Floats
    n: Floats
    copies: npt.NDArray[np.intp]
    prior: Prior
    unit: float

    def tau(self, v: Floats) -> Floats:
        return np.asarray(self.unit * np.sinh(v))

    def at(self, mu: Floats, v: Floats, nodes: int) -> Floats:
        """At v (T,) and mu (T, M) or (1, M); shape (T, M)."""
        tau = self.tau(v)
        studies = study_log_likelihood(self.events, self.n, mu[:, :, None], tau[:, None, None], nodes)
        return self._with_priors(studies, mu, v)

    def precisely(self, mu: Floats, v: Floats) -> Floats:
        """The same where tau is large, however large."""
        tau = self.tau(v)[:, None]
        studies = np.empty((len(v), mu.shape[1], len(self.n)))
        for place, (events, n) in enumerate(zip(self.events, self.n, strict=True)):
            if 0 < events < n:
                studies[..., place] = study_log_likelihood(events, n, mu, tau, _MANY_NODES)
            else:
                size = np.full(studies.shape[:2], n)
                from_end = mu if events else -mu
                studies[..., place] = wall_log_likelihood(size, *np.broadcast_arrays(from_end, tau))
        return self._with_priors(studies, mu, v)

    def _with_priors(self, studies: Floats, mu: Floats, v: Floats) -> Floats:
        of_tau = self.prior.log_tau(self.tau(v)) + np.log(np.cosh(v))
        return np.asarray(studies @ self.copies + self.prior.log_mu(mu) + of_tau[:, None])

    def ridge(self, v: Floats) -> tuple[Floats, Floats]:
        """The best mu at each v, by Newton's method (the density is log-concave in mu), and its standard deviation."""
        x, n = (np.tile(counts, len(v))[:, None] for counts in (self.events, self.n))
        tau = np.repeat(self.tau(v), len(self.n))
        responders, others = self.events @ self.copies, (self.n - self.events) @ self.copies
        mu = np.full(len(v), np.log((responders + 0.5) / (others + 0.5)))
        h = 1e-3  # for the prior's derivatives
        for _ in range(_MOST_STEPS):
            studies = derivatives(x, n, np.repeat(mu, len(self.n)), tau, _SEARCH_NODES)
            d_mu, d_mu_mu, complete_mu_mu = (
                part.reshape(len(v), -1) @ self.copies
                for part in (studies.d_mu, studies.d_mu_mu, studies.complete_mu_mu)
            )
            below, here, above = (self.prior.log_mu(mu + step) for step in (-h, 0.0, h))
            slope = d_mu + (above - below) / (2 * h)
            bend = (2 * here - above - below) / h**2
            observed, complete = bend - d_mu_mu, np.abs(bend) + complete_mu_mu + 1e-6
            curvature = np.where(observed > 0, observed, complete)
            step = np.clip(slope / curvature, -2.0, 2.0)
            mu = mu + step
            if (step * step * curvature < 0.04).all():
                break
        return mu, 1 / np.sqrt(curvature)


def _where_the_mass_is(density: _LogDensity) -> tuple[float, float, tuple[float, float], tuple[float, float]]:
    """Where mu is sharpest, its standard deviation there, and ranges of mu and v that leave out 1e-10 of the mass.

    v is zoomed in on along the ridge of the best mu, and mu followed down from the ridge on either side.
    """
    prior = density.prior
    v_range = 0.0, float(np.arcsinh(prior.scale * prior.farthest / density.unit))
    for _ in range(_MOST_ZOOMS):
        v = np.linspace(*v_range, _SEARCH_POINTS)
        mu, deviation = density.ridge(v)
        heights = density.at(mu[:, None], v, _SEARCH_NODES)[:, 0]
        mass = heights + np.log(deviation)
        keep = mass > mass.max() - _NEGLIGIBLE
        before = v_range[1] - v_range[0]
        v_range = _around(v, keep)
        if v_range[1] - v_range[0] > 0.6 * before:
            break
    floor = heights.max() - _NEGLIGIBLE
    v, mu, deviation = v[keep], mu[keep], deviation[keep]
    reaches = np.outer(deviation, _REACHES)
    points = np.concatenate([mu[:, None] - reaches, mu[:, None] + reaches], axis=1)
    inside = (density.at(points, v, _SEARCH_NODES) > floor).reshape(len(v), 2, -1).sum(-1)
    reach = deviation[:, None] * _REACHES[np.minimum(inside, len(_REACHES) - 1)]
    sharpest = np.where(mass[keep] > mass.max() - _NOTICEABLE, deviation, np.inf).argmin()
    limits = float((mu - reach[:, 0]).min()), float((mu + reach[:, 1]).max())
    return float(mu[sharpest]), float(deviation[sharpest]), limits, v_range


def _around(grid: Floats, keep: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The span of the grid points kept, with one more on either side where there is one."""
    kept = np.flatnonzero(keep)
    return float(grid[max(kept[0] - 1, 0)]), float(grid[min(kept[-1] + 1, len(grid) - 1)])

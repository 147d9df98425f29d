"""The binomial-normal model with priors, by deterministic quadrature: no sampling, the same answer every time.

Study i has logit mu + tau z_i and a binomial count (as in `binomial`). By default mu has a standard logistic
prior, so the median proportion expit(mu) is uniform on 0..1 and one study with tau = 0 gives Beta(1 + x, 1 + n - x);
tau has a half-normal prior. Weakly informative priors for few studies: Rover et al. 2021, Res Synth Methods 12:448-474.

The posterior is tabulated where it has mass: Gauss-Legendre nodes in panels over u, mu = centre + width * sinh(u)
(close together at the peak, far apart in the tails), and over v, tau = scale * sinh(v). Within a panel the density is
its interpolating polynomial, so a cumulative probability is an integral of that polynomial, with no half cell to lose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit, logit

from evidence.synthesis.average import average_parts
from evidence.synthesis.quadrature import normal_nodes, study_log_likelihood
from evidence.synthesis.results import Floats, Interval
from evidence.synthesis.roots import bracketed_root

_PANEL_NODES = 8
_FINE = (12, 3, 13)  # panels over mu, panels over tau, nodes for a study's likelihood: good to about 3e-5
_ROUGH = (8, 2, 9)  # good to about 1e-3, for the range over priors
_SEARCH_NODES = 5  # while looking for the mass
_NEGLIGIBLE = 25.0  # log density below the peak: e^-25 of it is 1e-11
_SEARCH = (25, 12)  # points of the grid that looks for the mass, over mu and v
_MOST_ZOOMS = 12
_GRADING = 12.0  # the range of mu in units of `width`: how much closer nodes lie at the peak
_BRACKETS = 12  # to bracket a quantile before its root is found
_AVERAGES = 33  # values of mu at which the average is tabulated
_NEW_STUDY_NODES = 31  # over the random effect of a new study


class Prior(NamedTuple):
    """Priors of mu and tau; `label` says them in words. Log densities need no constant."""

    label: str
    log_mu: Callable[[Floats], Floats]
    log_tau: Callable[[Floats], Floats]
    scale: float = 1.0
    farthest_mu: float = 60.0
    farthest_v: float = 4.0


def _logistic(mu: Floats) -> Floats:
    return np.asarray(log_expit(mu) + log_expit(-mu))


def half_normal(scale: float = 1.0) -> Prior:
    """The default: standard logistic on mu, half-normal with this scale on tau."""
    return Prior(
        f"logistic prior on the average logit, half-normal({scale:g}) on tau",
        _logistic,
        lambda tau: -0.5 * (tau / scale) ** 2,
        scale,
    )


def half_cauchy(scale: float = 1.0) -> Prior:
    """Standard logistic on mu, half-Cauchy with this scale on tau: allows very large heterogeneity."""
    return Prior(
        f"half-Cauchy({scale:g}) on tau",
        _logistic,
        lambda tau: -np.log1p((tau / scale) ** 2),
        scale,
        farthest_v=10.0,
    )


def vague_normal(sd: float = 10.0, scale: float = 1.0) -> Prior:
    """Normal(0, sd) on mu, which puts most of its mass at proportions near 0 and 1; half-normal on tau."""
    return Prior(
        f"normal(0, {sd:g}) on the average logit",
        lambda mu: -0.5 * (mu / sd) ** 2,
        lambda tau: -0.5 * (tau / scale) ** 2,
        scale,
        farthest_mu=8.5 * sd,
    )


@lru_cache(maxsize=4)
def _panel_rule(nodes: int) -> tuple[Floats, Floats, Floats]:
    """Gauss-Legendre nodes and weights on [-1, 1], and the matrix from node values to the coefficients of the
    antiderivative of their interpolating polynomial, zero at -1; shapes (G,), (G,), (G + 1, G)."""
    t, w = np.polynomial.legendre.leggauss(nodes)
    coefficients = np.linalg.inv(np.vander(t, increasing=True))
    antiderivative = np.zeros((nodes + 1, nodes))
    antiderivative[1:] = coefficients / np.arange(1, nodes + 1)[:, None]
    antiderivative[0] = -((-1.0) ** np.arange(nodes + 1)) @ antiderivative
    return t, w, antiderivative


def _panels(low: float, high: float, panels: int) -> tuple[Floats, Floats]:
    """Composite Gauss-Legendre nodes and weights on [low, high], each (panels * _PANEL_NODES,)."""
    t, w, _ = _panel_rule(_PANEL_NODES)
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

        return self._interval(mass_below, *self._mu_range, level)

    def average(self, level: float) -> Interval:
        """The population average E[expit(mu + tau z)]: posterior median and equal-tailed interval."""
        return self._interval(self._average_below, *self._average_range, level)

    def average_quantile(self, probability: float) -> float:
        """The population average with this posterior probability below it."""
        return float(_quantiles(self._average_below, *self._average_range, np.array([probability]))[0])

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
        s = np.clip((value - a0) / width, 0.0, 1.0)
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

    @property
    def _average_range(self) -> tuple[float, float]:
        low, high = self._mu_range  # an average is never farther from a half than the median it belongs to
        return min(low, 0.0), max(high, 0.0)

    def prediction(self, level: float) -> Interval:
        """A new study's proportion expit(mu + tau z): posterior median and equal-tailed interval."""
        z, w = normal_nodes(_NEW_STUDY_NODES)
        shift = self.tau[:, None, None] * z

        def mass_below(value: Floats) -> Floats:
            mu = (value[:, None] - shift).reshape(len(self.tau), -1)
            return np.asarray(self._below(mu, None).sum(0).reshape(len(value), -1) @ w)

        low, high = self._mu_range
        reach = 9 * float(self.tau.max())
        return self._interval(mass_below, low - reach, high + reach, level)

    def average_above(self, proportion: float) -> float:
        """The posterior probability that the population average exceeds `proportion` (0 to 1)."""
        if not 0 < proportion < 1:
            return 1.0 if proportion <= 0 else 0.0
        below = float(self._average_below(np.array([logit(proportion)]))[0])
        return min(max(1 - below, 0.0), 1.0)

    def median_above(self, proportion: float) -> float:
        """The posterior probability that the median proportion exceeds `proportion` (inside 0 to 1)."""
        return float(1 - self._below(np.full((len(self.tau), 1), logit(proportion)), None).sum())

    @property
    def _mu_range(self) -> tuple[float, float]:
        return float(self.axis.mu(np.array(self.axis.low))), float(self.axis.mu(np.array(self.axis.high)))

    @cached_property
    def _pieces(self) -> Floats:
        """Antiderivative coefficients of each panel, (T, P, G + 1), in the panel's own coordinate -1..1."""
        _, _, antiderivative = _panel_rule(_PANEL_NODES)
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

    def _interval(
        self, mass_below: Callable[[Floats], Floats], low: float, high: float, level: float
    ) -> Interval:
        wanted = np.array([0.5, (1 - level) / 2, (1 + level) / 2])
        estimate, lower, upper = (float(v) for v in _quantiles(mass_below, low, high, wanted))
        return Interval(estimate, lower, upper, level)


def _quantiles(mass_below: Callable[[Floats], Floats], low: float, high: float, wanted: Floats) -> Floats:
    """The proportions whose logits, between low and high, have the wanted mass below them."""
    grid = np.linspace(low, high, _BRACKETS + 1)
    at = np.clip(np.searchsorted(mass_below(grid), wanted), 1, _BRACKETS)
    roots = bracketed_root(lambda value: mass_below(value) - wanted, grid[at - 1], grid[at], rtol=1e-8)
    return np.asarray(expit(roots))


def posterior(events: Floats, n: Floats, prior: Prior | None = None, *, rough: bool = False) -> Posterior:
    """Tabulate the posterior of one table; events, n of shape (k,). Any table will do: all, none or one study too."""
    prior = prior or half_normal()
    mu_panels, tau_panels, study_nodes = _ROUGH if rough else _FINE

    def log_density(mu: Floats, v: Floats, nodes: int) -> Floats:
        tau = prior.scale * np.sinh(v)
        likelihood = study_log_likelihood(events, n, mu[None, :, None], tau[:, None, None], nodes).sum(-1)
        jacobian = np.log(np.cosh(v))
        return np.asarray(likelihood + prior.log_mu(mu) + (prior.log_tau(tau) + jacobian)[:, None])

    centre, (mu_low, mu_high), v_range = _where_the_mass_is(log_density, prior)
    width = (mu_high - mu_low) / _GRADING
    u_range = np.arcsinh((mu_low - centre) / width), np.arcsinh((mu_high - centre) / width)
    axis = Axis(centre, width, float(u_range[0]), float(u_range[1]))
    u, u_weight = _panels(*u_range, mu_panels)
    v, v_weight = _panels(*v_range, tau_panels)
    heights = log_density(axis.mu(u), v, study_nodes) + np.log(np.cosh(u))
    density = np.exp(heights - heights.max()) * v_weight[:, None]
    density /= (density @ u_weight).sum()
    return Posterior(prior, axis, prior.scale * np.sinh(v), density)


def _where_the_mass_is(
    log_density: Callable[[Floats, Floats, int], Floats], prior: Prior
) -> tuple[float, tuple[float, float], tuple[float, float]]:
    """The mu of the peak, and ranges of mu and v that leave out about 1e-10 of the mass: by zooming in."""
    mu_range, v_range = (-prior.farthest_mu, prior.farthest_mu), (0.0, prior.farthest_v)
    for _ in range(_MOST_ZOOMS):
        mu, v = np.linspace(*mu_range, _SEARCH[0]), np.linspace(*v_range, _SEARCH[1])
        heights = log_density(mu, v, _SEARCH_NODES)
        keep = heights > heights.max() - _NEGLIGIBLE
        before = mu_range[1] - mu_range[0], v_range[1] - v_range[0]
        mu_range, v_range = _around(mu, keep.any(0)), _around(v, keep.any(1))
        peak = float(mu[heights.max(0).argmax()])
        if mu_range[1] - mu_range[0] > 0.6 * before[0] and v_range[1] - v_range[0] > 0.6 * before[1]:
            break
    return peak, mu_range, v_range


def _around(grid: Floats, keep: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The span of the grid points kept, with one more on either side where there is one."""
    kept = np.flatnonzero(keep)
    return float(grid[max(kept[0] - 1, 0)]), float(grid[min(kept[-1] + 1, len(grid) - 1)])

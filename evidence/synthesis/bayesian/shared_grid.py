"""Many posteriors at once, on one grid of mu and tau that all tables share.

A single table has a grid of its own (`bayes`), which any counts will do for. In a batch most of the work is the
likelihood of a study at each point of the grid; on a shared grid it is done once for each different pair of counts,
and a table's log posterior is a sum of rows. The population average's and a new study's densities are linear in the
posterior, so they are matrix products. mu = width * sinh(u) and tau = unit * sinh(v), in panels of Gauss-Legendre
nodes as there; the accuracy is the same, about 2e-5 of a proportion.

The grid is as fine as the sharpest of its tables needs; `fits` says which tables are too sharp, or too many studies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from evidence.synthesis.bayesian.bayes import LARGE_TAU, Prior, panel_rule, panels
from evidence.synthesis.counts.average import average_parts, mu_of_average
from evidence.synthesis.counts.quadrature import normal_nodes, study_log_likelihood
from evidence.synthesis.results import Floats, Interval
from evidence.synthesis.roots import bracketed_root

_NODES = 8  # in a panel
_WIDTH = 2.0  # of the axis of mu: nodes are closest within about this of 0
_PER_DEVIATION = 2.2  # nodes of mu in the smallest standard deviation that a table can have there
_FINEST, _COARSEST = 0.012, 0.06  # steps of u
_SMALLEST_UNIT = 0.05
_SHARE = 0.6  # steps of v, beside tau's relative standard deviation of 1 / sqrt(2 k)
_COARSEST_V = 0.22
_MOST_STUDIES = 60
_FARTHEST_TAU = 12.0
_UNLIKELY = (
    5.0  # log density below the peak, where tau is so large that more nodes than these would be needed
)
_NEGLIGIBLE = 25.0  # log density below the peak
_EVEN = 0.7  # tau below which few nodes do for a study's likelihood
_STUDY_NODES = (11, 21)  # the few, and the many
_NEW_STUDY_NODES = 31
_KERNEL = 2.0  # steps of mu: a normal wider than this is summed over mu, a narrower one over itself
_SPARSE = (3, 4)  # of how many nodes of tau, mu one is looked at to find the mass
_TOGETHER = 64  # tables worked at a time
_BLOCK = 4096  # tables whose densities are kept at a time
_MOST_LIKELIHOODS = 1 << 25  # numbers kept: 256 megabytes


@dataclass(frozen=True)
class Marginals:
    """Densities of B logits at the nodes of one axis, (B, M): their quantiles and shares."""

    limit: float
    density: Floats

    def interval(self, level: float) -> Interval:
        """Median and equal-tailed interval of the proportions, arrays (B,)."""
        estimate, low, high = self.quantiles(np.array([0.5, (1 - level) / 2, (1 + level) / 2]))
        return Interval(estimate, low, high, level)

    def quantiles(self, wanted: Floats) -> Floats:
        """The proportions (Q, B) with these shares below them."""
        pieces, edges = self._pieces()
        ends = np.concatenate([edges, np.ones((len(edges), 1))], axis=1)
        at = (ends[:, None, :] <= wanted[:, None]).sum(-1) - 1
        at = np.clip(at, 0, edges.shape[1] - 1)
        rows = np.arange(len(edges))[:, None]
        coefficients, before = pieces[rows, at], edges[rows, at]

        def excess(local: Floats) -> Floats:
            return np.asarray(before + _horner(coefficients, local) - wanted)

        local = bracketed_root(excess, np.full(at.shape, -1.0), np.ones(at.shape), rtol=1e-9)
        u = -self.limit + (2 * at + 1 + local) * self.limit / edges.shape[1]
        return np.asarray(expit(_WIDTH * np.sinh(u)).T)

    def above(self, proportion: float) -> Floats:
        """The probability of exceeding `proportion` (0 to 1), (B,)."""
        if not 0 < proportion < 1:
            return np.full(len(self.density), 1.0 if proportion <= 0 else 0.0)
        pieces, edges = self._pieces()
        count = edges.shape[1]
        place = (np.arcsinh(logit(proportion) / _WIDTH) / self.limit + 1) / 2 * count
        panel = int(np.clip(place, 0, count - 1))
        local = np.full(len(edges), np.clip(2 * (place - panel) - 1, -1.0, 1.0))
        return np.asarray(np.clip(1 - edges[:, panel] - _horner(pieces[:, panel], local), 0.0, 1.0))

    def _pieces(self) -> tuple[Floats, Floats]:
        """Antiderivative coefficients of each panel (B, P, G + 1), total mass 1, and the mass below each (B, P)."""
        _, _, antiderivative = panel_rule(_NODES)
        blocks = self.density.reshape(len(self.density), -1, _NODES)
        pieces = blocks @ antiderivative.T
        masses = pieces.sum(-1)
        total = masses.sum(-1)[:, None]
        return pieces / total[..., None], (np.cumsum(masses, axis=1) - masses) / total


def _horner(coefficients: Floats, at: Floats) -> Floats:
    total = coefficients[..., -1]
    for power in range(coefficients.shape[-1] - 2, -1, -1):
        total = total * at + coefficients[..., power]
    return np.asarray(total)


def fits(x: Floats, n: Floats, prior: Prior) -> npt.NDArray[np.bool_]:
    """Which tables of (B, k) a shared grid can hold; a boolean array (B,)."""
    if x.shape[-1] > _MOST_STUDIES or not _small_tau(prior):
        return np.zeros(len(x), dtype=bool)
    unit = min(prior.scale, _SMALLEST_UNIT)
    return np.asarray((_steps(x, n) >= _FINEST) & (_errors(x, n) >= unit))


def _steps(x: Floats, n: Floats) -> Floats:
    """The step of u that each table needs: its mu is sharpest where all studies share one proportion."""
    yes, no = x.sum(-1) + 0.5, (n - x).sum(-1) + 0.5
    deviation = np.sqrt(1 / yes + 1 / no)
    return np.asarray(deviation / (_PER_DEVIATION * np.hypot(_WIDTH, np.log(yes / no))))


def _errors(x: Floats, n: Floats) -> Floats:
    """The second smallest standard error of each table's logits: a smaller tau cannot be told from none."""
    errors = np.sort(np.sqrt(1 / (x + 0.5) + 1 / (n - x + 0.5)), axis=-1)
    return np.asarray(errors[:, min(1, x.shape[-1] - 1)])


def _small_tau(prior: Prior) -> bool:
    """Whether a tau that needs more nodes is all but ruled out by its prior."""
    farthest = _farthest(prior)
    if farthest <= LARGE_TAU:
        return True
    at = prior.log_tau(np.linspace(1e-6, LARGE_TAU, 50))
    return bool(farthest <= _FARTHEST_TAU and at[-1] < at.max() - _UNLIKELY)


def _farthest(prior: Prior) -> float:
    """The tau beyond which its prior is negligible."""
    grid = prior.scale * prior.farthest * np.linspace(0.0, 1.0, 400)[1:]
    heights = prior.log_tau(grid)
    kept = np.flatnonzero(heights > heights.max() - _NEGLIGIBLE)
    return float(grid[min(kept[-1] + 1, len(grid) - 1)])


def blocks(x: Floats, n: Floats, prior: Prior) -> Iterator[tuple[npt.NDArray[np.intp], list[Marginals]]]:
    """Row numbers and `Grid.posteriors` of all tables (B, k), which must fit, some thousands at a time."""
    grid = Grid(x, n, prior)
    most = max(1, _MOST_LIKELIHOODS // grid.log_prior.size)
    for rows in _with_few_pairs(x, n, np.arange(len(x)), most):
        pairs, studies = _pairs(x[rows], n[rows])
        likelihoods = grid.likelihoods(*pairs)
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            yield rows[part], grid.posteriors(likelihoods, studies[part])


def _pairs(x: Floats, n: Floats) -> tuple[Floats, npt.NDArray[np.intp]]:
    """The different counts (2, S) among tables (B, k), and which of them each study has (B, k)."""
    pairs, inverse = np.unique(np.stack([x.ravel(), n.ravel()]), axis=1, return_inverse=True)
    return pairs, inverse.reshape(x.shape)


def _with_few_pairs(
    x: Floats, n: Floats, rows: npt.NDArray[np.intp], most: int
) -> Iterator[npt.NDArray[np.intp]]:
    """The rows in parts, each with at most `most` different counts, or of one table."""
    if len(rows) == 1 or _pairs(x[rows], n[rows])[0].shape[1] <= most:
        yield rows
    else:
        for half in np.array_split(rows, 2):
            yield from _with_few_pairs(x, n, half, most)


class Grid:
    """A grid for tables x, n of shape (B, k) that all fit, with the matrices to its marginal densities."""

    def __init__(self, x: Floats, n: Floats, prior: Prior) -> None:
        step = float(np.clip(_steps(x, n).min(), _FINEST, _COARSEST))
        reach = _NEGLIGIBLE + np.log(n.max())
        while prior.log_mu(np.array([reach]))[0] > prior.log_mu(np.zeros(1))[0] - _NEGLIGIBLE:
            reach *= 1.5
        self.limit = float(np.arcsinh(reach / _WIDTH))
        self.u, self.u_weight = panels(-self.limit, self.limit, int(np.ceil(2 * self.limit / step / _NODES)))
        self.mu, self.stretch = _WIDTH * np.sinh(self.u), _WIDTH * np.cosh(self.u)
        unit = min(prior.scale, float(np.clip(_errors(x, n).min(), _SMALLEST_UNIT, 0.3)))
        end = float(np.arcsinh(_farthest(prior) / unit))
        dv = min(_SHARE / np.sqrt(2 * x.shape[-1]), _COARSEST_V)
        v, v_weight = panels(0.0, end, int(np.ceil(end / dv / _NODES)))
        self.tau = unit * np.sinh(v)
        of_mu = prior.log_mu(self.mu) + np.log(np.cosh(self.u))
        of_tau = prior.log_tau(self.tau) + np.log(np.cosh(v)) + np.log(v_weight)
        self.log_prior = of_mu + of_tau[:, None]
        self.average, self.new = self._average(), None if x.shape[-1] < 3 else self._new()

    def likelihoods(self, x: Floats, n: Floats) -> Floats:
        """Log-likelihoods of studies (S,) at every point, (S, T, M). The axis of mu is symmetric, so 2/7 is 5/7
        mirrored, and only one of them is worked."""
        few = np.minimum(x, n - x)
        pairs, inverse = np.unique(np.stack([few, n]), axis=1, return_inverse=True)
        out = np.empty((pairs.shape[1], len(self.tau), len(self.mu)))
        for nodes, rows in zip(_STUDY_NODES, (self.tau < _EVEN, self.tau >= _EVEN), strict=True):
            tau, mu = self.tau[rows][:, None], self.mu[None, :]
            for study, (events, size) in enumerate(pairs.T):
                out[study, rows] = study_log_likelihood(np.array(events), np.array(size), mu, tau, nodes)
        table = out[inverse.ravel()]
        mirrored = few < x
        table[mirrored] = table[mirrored][..., ::-1]
        return table

    def _interpolate(self, mu: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
        """For values of mu (J,) the nodes (J, G) and weights that give a density in u there; none outside."""
        count = len(self.u) // _NODES
        place = (np.arcsinh(mu / _WIDTH) / self.limit + 1) / 2 * count
        panel = np.clip(place.astype(int), 0, count - 1)
        local = 2 * (place - panel) - 1
        t, _, _ = panel_rule(_NODES)
        apart = local[:, None] - t
        others = ~np.eye(_NODES, dtype=bool)
        weights = np.stack([(apart[:, o] / (t[i] - t[o])).prod(-1) for i, o in enumerate(others)], axis=-1)
        inside = (place >= 0) & (place <= count)
        return panel[:, None] * _NODES + np.arange(_NODES), weights * inside[:, None]

    def _average(self) -> Floats:
        """From posteriors to densities of the average's logit, (T, M, M)."""
        nodes = len(self.mu)
        out = np.zeros((len(self.tau), nodes, nodes))
        column = np.arange(nodes)[:, None]
        for place, tau in enumerate(self.tau):
            mu = mu_of_average(self.mu, np.full(nodes, tau))
            average, rest, slope = average_parts(mu, np.full(nodes, tau))
            inner = np.maximum(average, 1e-300) * np.maximum(rest, 1e-300)
            at, weight = self._interpolate(mu)
            turn = inner / np.maximum(slope, 1e-300) * self.stretch / np.hypot(_WIDTH, mu)
            np.add.at(out[place], (at, column), weight * turn[:, None])
        return out

    def _new(self) -> Floats:
        """From posteriors to densities of a new study's logit, (T, M, M)."""
        nodes = len(self.mu)
        out = np.zeros((len(self.tau), nodes, nodes))
        z, w = normal_nodes(_NEW_STUDY_NODES)
        step = self.stretch * 2 * self.limit / nodes
        for place, tau in enumerate(self.tau):
            wide = tau > _KERNEL * step
            apart = (self.mu[wide] - self.mu[:, None]) / tau
            kernel = np.exp(-0.5 * np.minimum(apart * apart, 1400.0)) / (tau * np.sqrt(2 * np.pi))
            out[place][:, wide] = self.u_weight[:, None] * kernel * self.stretch[wide]
            narrow = np.flatnonzero(~wide)
            mu = self.mu[narrow, None] - tau * z
            at, weight = self._interpolate(mu.ravel())
            turn = w * self.stretch[narrow, None] / np.hypot(_WIDTH, mu)
            column = np.repeat(narrow, len(z))[:, None]
            np.add.at(out[place], (at, column), weight * turn.ravel()[:, None])
        return out

    def posteriors(self, likelihoods: Floats, studies: npt.NDArray[np.intp]) -> list[Marginals]:
        """Median, average and (from three studies on) new study of tables, whose studies (B, k) are rows of
        `likelihoods`.

        Tables whose mass lies close together are worked together, on the part of the grid that has it.
        """
        coarse = np.ascontiguousarray(likelihoods[:, :: _SPARSE[0], :: _SPARSE[1]])
        prior = self.log_prior[:: _SPARSE[0], :: _SPARSE[1]]
        peaks = np.empty(len(studies))
        nearby = np.empty((len(studies), *prior.shape), dtype=bool)
        for table, rows in enumerate(studies):
            heights = coarse[rows].sum(0) + prior
            nearby[table] = heights > heights.max() - _NEGLIGIBLE - 3
            peaks[table] = heights.max(0).argmax()
        order = np.argsort(peaks, kind="stable")
        out = np.zeros((2 if self.new is None else 3, len(studies), len(self.mu)))
        for start in range(0, len(studies), _TOGETHER):
            rows = order[start : start + _TOGETHER]
            part = nearby[rows]
            taus = _span(np.asarray(part.any((0, 2))), _SPARSE[0], len(self.tau))
            mus = _span(np.asarray(part.any((0, 1))), _SPARSE[1], len(self.mu))
            heights = np.repeat(self.log_prior[None, taus, mus], len(rows), axis=0)
            there = likelihoods[:, taus, mus]
            for column in studies[rows].T:
                heights += there[column]
            heights -= heights.max((1, 2), keepdims=True)
            density = np.exp(heights, out=heights).transpose(1, 0, 2)
            out[0, rows, mus] = density.sum(0)
            for kind, matrices in enumerate((self.average, self.new), start=1):
                if matrices is not None:
                    flat = density.transpose(1, 0, 2).reshape(len(rows), -1)
                    out[kind, rows] = flat @ matrices[taus, mus].reshape(flat.shape[1], -1)
        return [Marginals(self.limit, values) for values in out]


def _span(kept: npt.NDArray[np.bool_], stride: int, nodes: int) -> slice:
    """The nodes between the kept ones of every `stride`-th, with one more of those on either side."""
    places = np.flatnonzero(kept)
    return slice(max(places[0] - 1, 0) * stride, min((places[-1] + 1) * stride + 1, nodes))

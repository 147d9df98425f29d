"""Limits of the binomial model's population average: by the delta method, and by its own profile likelihood.

The profile asks how far the likelihood falls when the average is held at a value and tau is free, mu following tau so
that the average stays. Unlike the delta method it needs no normal shape, and it holds at tau = 0 too.
"""

from __future__ import annotations

import numpy as np

from evidence.synthesis.counts.average import average_proportion, mu_of_average
from evidence.synthesis.counts.binomial import Limits, Maximum, Rows, up_the_ladder
from evidence.synthesis.counts.quadrature import derivatives, table_log_likelihood
from evidence.synthesis.inverse_variance.models import limit_beyond
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import Function, bracketed_root

_GRID = 14  # values of tau at which the likelihood is looked at before its best is sought
_LARGEST_TAU = 30.0
_STEP = 1e-5  # of differences
_NODES = 15  # on the grid


def average_and_error(best: Maximum) -> tuple[Floats, Floats]:
    """The logit of the population average and its standard error by the delta method in (mu, tau)."""
    average = average_proportion(best.mu, best.tau)
    inner = average * (1 - average)
    d_mu, d_tau = (
        (
            average_proportion(best.mu + a, best.tau + b)
            - average_proportion(best.mu - a, np.abs(best.tau - b))
        )
        / (2 * _STEP)
        / inner
        for a, b in ((_STEP, 0.0), (0.0, _STEP))
    )
    at_edge = best.tau == 0  # the average is flat in tau there
    rest = 2 * d_mu * d_tau * best.covariance_mu_tau + d_tau**2 * best.covariance_tau
    variance = d_mu**2 * best.covariance_mu + np.where(at_edge, 0.0, rest)
    return np.log(average / (1 - average)), np.sqrt(np.maximum(variance, 0.0))


def profile_average(x: Floats, n: Floats, best: Maximum, drop: float) -> Limits:
    """Logits of the average at which the likelihood, maximised over tau, has fallen by `drop`; arrays (B,)."""
    centre, error = average_and_error(best)

    def excess_of(rows: Rows, nodes: int) -> Function:
        def excess(average: Floats) -> Floats:
            tau = _best_tau(x[rows], n[rows], average, nodes)
            mu = mu_of_average(average, tau)
            return table_log_likelihood(x[rows], n[rows], mu, tau, nodes) - best.value[rows] + drop

        return excess

    def search(rows: Rows, excess: Function) -> Limits:
        step = np.maximum(error[rows], 1e-9)
        return limit_beyond(excess, centre[rows], -step), limit_beyond(excess, centre[rows], step)

    return up_the_ladder(best, excess_of, search)


def _best_tau(x: Floats, n: Floats, average: Floats, nodes: int) -> Floats:
    """The tau at which the likelihood is highest while the average stays; 0 where every other is lower."""
    tables = len(average)
    smallest = np.minimum(0.1, 0.1 / np.sqrt(n.max(-1)))
    grid = smallest * (_LARGEST_TAU / smallest) ** (np.arange(_GRID)[:, None] / (_GRID - 1))
    grid = np.vstack([np.zeros(tables), grid])
    flat = grid.ravel()
    mu = mu_of_average(np.tile(average, len(grid)), flat)
    copies = (len(grid), 1)
    heights = table_log_likelihood(np.tile(x, copies), np.tile(n, copies), mu, flat, min(nodes, _NODES))
    best = heights.reshape(len(grid), tables).argmax(0)
    left = np.take_along_axis(grid, np.maximum(best - 1, 0)[None], 0)[0]
    right = np.take_along_axis(grid, np.minimum(best + 1, len(grid) - 1)[None], 0)[0]

    def slope(tau: Floats) -> Floats:
        mu = mu_of_average(average, tau)
        at = derivatives(x, n, mu, tau, nodes)
        h = _STEP * (1 + tau)
        along = (mu_of_average(average, tau + h) - mu_of_average(average, np.abs(tau - h))) / (2 * h)
        return np.asarray(at.d_tau + at.d_mu * along)

    at_edge = best == 0
    found = bracketed_root(slope, np.where(at_edge, grid[1], left), right, rtol=1e-7)
    return np.where(at_edge, 0.0, found)

"""Intervals from the binomial-normal likelihood: Wald, t, Satterthwaite's df, Skovgaard's r*, bootstrap-t.

Every function takes tables that have a finite maximum, (B, k), and returns limits of the logit of the median,
or of a new study's logit.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, ndtri, stdtrit

from evidence.synthesis.counts import binomial
from evidence.synthesis.counts.binomial import Maximum
from evidence.synthesis.counts.quadrature import derivatives

_NODES = 21


def satterthwaite(x: np.ndarray, n: np.ndarray, best: Maximum) -> tuple[np.ndarray, np.ndarray]:
    """Kenward & Roger's (1997) standard error and degrees of freedom for the mean, on the linearised model.

    The studies' logits are taken as normal with the variance their counts have at the fitted logit; then, in the
    normal-normal model, Phi = 1/S1, its adjustment for tau2 being estimated, and df = 2 Phi^2 / var(Phi).
    """
    # each study's fitted proportion: shrunken on the logit scale
    raw = np.log((x + 0.5) / (n - x + 0.5))
    error = 1 / (x + 0.5) + 1 / (n - x + 0.5)
    tau2 = (best.tau**2)[:, None]
    fitted = best.mu[:, None] + tau2 / (tau2 + error) * (raw - best.mu[:, None])
    p = 1 / (1 + np.exp(-fitted))
    w = 1 / (tau2 + 1 / (n * p * (1 - p)))
    s1, s2, s3 = (np.sum(w**j, -1) for j in (1, 2, 3))
    information = 0.5 * (s2 - 2 * s3 / s1 + (s2 / s1) ** 2)  # expected, of tau2 by REML
    slope = s2 / s1**2
    phi = 1 / s1
    df = np.maximum(2 * phi**2 * information / slope**2, 1.0)
    adjust = 2 * phi * (s3 - s2**2 / s1) * phi / information
    return np.sqrt(np.maximum(best.se**2 + adjust, best.se**2)), df


def nuisance(x: np.ndarray, n: np.ndarray, mu: np.ndarray, tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best tau with mu held, and the log-likelihood there."""
    _, best_tau, value = binomial.climb(x, n, mu, np.maximum(tau, 0.1), _NODES, tolerance=1e-6, hold_mu=True)
    edge = binomial.table_log_likelihood(x, n, mu, np.zeros_like(mu), 1)
    at_edge = (edge >= value - 1e-9) | (best_tau < 1e-4)
    return np.where(at_edge, 0.0, best_tau), np.where(at_edge, edge, value)


def skovgaard(x: np.ndarray, n: np.ndarray, best: Maximum, mu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Skovgaard's (1996) r* for the mean mu, and the plain signed root r (Guolo 2012, Stat Med 31:313-327).

    Covariances of scores at the maximum and at the constrained one are exact sums over each study's 0..n. Where either
    tau is 0 the correction does not exist (the score in tau vanishes): r* is r there.
    """
    tau_held, value = nuisance(x, n, mu, best.tau)
    r = np.sign(best.mu - mu) * np.sqrt(np.maximum(2 * (best.value - value), 0.0))
    star = r.copy()
    inside = np.flatnonzero((best.tau > 1e-3) & (tau_held > 1e-3) & (np.abs(r) > 0.02))
    for rows in np.array_split(inside, max(1, len(inside) // 200)):
        if rows.size:
            star[rows] = r[rows] + _correction(x, n, best, mu, tau_held, r, rows)
    return star, r


def _correction(x, n, best, mu, tau_held, r, rows):
    sizes = n[rows].astype(int)
    study = np.repeat(np.arange(sizes.size), sizes.ravel() + 1)
    table = study // sizes.shape[1]
    first = np.cumsum(sizes.ravel() + 1) - (sizes.ravel() + 1)
    y = (np.arange(len(study)) - first[study]).astype(float)[:, None]
    m = sizes.ravel()[study].astype(float)[:, None]
    hat = _scores(y, m, best.mu[rows][table], best.tau[rows][table])
    held = _scores(y, m, mu[rows][table], tau_held[rows][table])
    choose = gammaln(m[:, 0] + 1) - gammaln(y[:, 0] + 1) - gammaln(m[:, 0] - y[:, 0] + 1)
    chance = np.exp(hat[0] + choose)
    tables = len(rows)

    def sum_over(values: np.ndarray) -> np.ndarray:
        return np.bincount(table, values, tables)

    def mean_study(values: np.ndarray) -> np.ndarray:
        return np.bincount(study, chance * values, sizes.size)[study]

    def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return sum_over(chance * (a - mean_study(a)) * (b - mean_study(b)))

    gap = hat[0] - held[0]
    s = np.array([[covariance(hat[1 + a], held[1 + b]) for b in (0, 1)] for a in (0, 1)])  # (2, 2, tables)
    i = np.array([[covariance(hat[1 + a], hat[1 + b]) for b in (0, 1)] for a in (0, 1)])
    q = np.array([covariance(hat[1 + a], gap) for a in (0, 1)])
    det_s = s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0]
    det_i = i[0, 0] * i[1, 1] - i[0, 1] ** 2
    first_of = (s[1, 1] * q[0] - s[0, 1] * q[1]) / det_s  # [S^-1 q] of mu
    at = derivatives(x[rows], n[rows], best.mu[rows], best.tau[rows], _NODES)
    det_j = at.d_mu_mu * at.d_tau_tau - at.d_mu_tau**2
    there = derivatives(x[rows], n[rows], mu[rows], tau_held[rows], _NODES)
    with np.errstate(all="ignore"):
        u = first_of * np.sqrt(det_j) / det_i * det_s / np.sqrt(-there.d_tau_tau)
        change = np.log(u / r[rows]) / r[rows]
    return np.where(np.isfinite(change), change, 0.0)


def _scores(y, m, mu, tau):
    at = derivatives(y, m, mu, tau, _NODES)
    return at.value, at.d_mu, at.d_tau


def bootstrap_t(
    x: np.ndarray, n: np.ndarray, best: Maximum, repeats: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Limits mu - t* se with t* from tables drawn at the maximum; repeats without a finite maximum are dropped."""
    tables, k = x.shape
    z = rng.standard_normal((repeats, tables, k))
    p = 1 / (1 + np.exp(-(best.mu[:, None] + best.tau[:, None] * z)))
    drawn = rng.binomial(n.astype(int), p).astype(float).reshape(-1, k)
    sizes = np.tile(n, (repeats, 1))
    t = np.full(repeats * tables, np.nan)
    ok = binomial.has_maximum(drawn, sizes)
    again = binomial.maximise(drawn[ok], sizes[ok])
    t[ok] = (again.mu - np.tile(best.mu, repeats)[ok]) / again.se
    high, low = np.nanquantile(t.reshape(repeats, tables), [0.025, 0.975], axis=0)
    return best.mu - low * best.se, best.mu - high * best.se


def student(best: Maximum, df: np.ndarray | float | None, se: np.ndarray | None = None):
    quantile = ndtri(0.975) if df is None else stdtrit(df, 0.975)
    half = quantile * (best.se if se is None else se)
    return best.mu - half, best.mu + half

"""The binomial-normal model with covariates, by maximum likelihood.

Each study's logit is normal around its covariates' linear predictor with standard deviation tau, its count binomial
(Stijnen, Hamza & Ozdemir 2010, Stat Med 29:3046-3067, section 4). A study is one integral, as in `quadrature`; the
likelihood is maximised in (coefficients, tau) by Newton's method on an orthogonal basis of the design.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from evidence.errors import OptionError
from evidence.synthesis.counts.quadrature import derivatives
from evidence.synthesis.regression.regression import (
    RANK,
    ModeratorTest,
    RegressionFit,
    joint_test,
    share_explained,
    slopes,
    solve,
    spans_constant,
    tests_of,
)
from evidence.synthesis.results import Floats

SOURCES = ("stijnen2010", "albert1984")

INTERVALS = ("t", "wald")

_STARTS = (0.2, 1.0, 4.0)  # tau to climb from, beside the model without tau
_LADDER = (15, 41, 161, 641)  # quadrature nodes, climbed until the next rung agrees
_AGREE = 1e-9  # of the log-likelihood a study
_GAIN = 1e-9  # of the log-likelihood over tau = 0: less could be rounding
_LEAST_TAU = 1e-6  # below it is 0
_MAX_STEPS = 200
_TOLERANCE = 1e-10
_HALVINGS = 40


class Climbed(NamedTuple):
    """Where a climb ended: coefficients, tau, the log-likelihood without binomial coefficients, and its Hessian."""

    beta: Floats
    tau: float
    value: float
    hessian: Floats


def separated_by(x: Floats, n: Floats, design: Floats) -> Floats | None:
    """A direction in which the likelihood never falls, or None where the maximum is finite (in the coefficients).

    It exists where some combination of the covariates is 0 in all studies with both responders and non-responders,
    never negative where all responded, never positive where none did, and not 0 throughout (Albert & Anderson 1984,
    Biometrika 71:1-10: quasi-complete separation). Found by linear programming.
    """
    edge = (x == 0) | (x == n)
    if not edge.any():
        return None
    inside = design[~edge]
    if len(inside):
        _, sizes, rows = np.linalg.svd(inside / np.abs(design).max(0), full_matrices=True)
        rank = int((sizes > RANK * sizes[0]).sum()) if len(sizes) else 0
        free = (rows[rank:] / np.abs(design).max(0)).T
    else:
        free = np.diag(1 / np.abs(design).max(0))
    if not free.shape[1]:
        return None
    signed = np.where(x == n, 1.0, -1.0)[edge, None] * (design[edge] @ free)
    signed[np.abs(signed) < 1e-9 * np.abs(design).max()] = 0.0
    from scipy.optimize import linprog  # seldom needed, slow to load

    found = linprog(
        -signed.sum(0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=[(-1, 1)] * free.shape[1]
    )
    if found.status != 0 or -found.fun <= 1e-7:
        return None
    return np.asarray(free @ found.x)


def _derivatives(
    x: Floats, n: Floats, basis: Floats, beta: Floats, tau: float, nodes: int
) -> tuple[float, Floats, Floats]:
    """Value, gradient and Hessian in (coefficients, tau): each study's own, chained through its linear predictor."""
    at = derivatives(x[:, None], n[:, None], basis @ beta, np.full(len(x), tau), nodes)
    p = basis.shape[1]
    gradient = np.append(basis.T @ at.d_mu, at.d_tau.sum())
    hessian = np.empty((p + 1, p + 1))
    hessian[:p, :p] = (basis * at.d_mu_mu[:, None]).T @ basis
    hessian[p, :p] = hessian[:p, p] = basis.T @ at.d_mu_tau
    hessian[p, p] = at.d_tau_tau.sum()
    return float(at.value.sum()), gradient, hessian


def _climb(
    x: Floats,
    n: Floats,
    basis: Floats,
    beta: Floats,
    tau: float,
    nodes: int,
    *,
    tolerance: float,
    hold: bool = False,
) -> Climbed:
    """Newton's method with step control; where the likelihood bends upward it goes up as far as it would go down.

    With `hold` tau stays where it is.
    """
    moving = basis.shape[1] + (not hold)
    value, gradient, hessian = _derivatives(x, n, basis, beta, tau, nodes)
    for _ in range(_MAX_STEPS):
        bends, axes = np.linalg.eigh(-hessian[:moving, :moving])
        bends = np.maximum(np.abs(bends), 1e-10 * np.abs(bends).max() + 1e-300)
        step = np.zeros(len(gradient))
        step[:moving] = axes @ ((axes.T @ gradient[:moving]) / bends)
        d_eta = np.abs(basis @ step[:-1]).max()
        step /= max(1.0, d_eta / 2.0, abs(step[-1]) / (0.5 * (1 + tau)))
        for _ in range(_HALVINGS):
            new_beta, new_tau = beta + step[:-1], abs(tau + step[-1])  # -tau is the same model
            there = _derivatives(x, n, basis, new_beta, new_tau, nodes)
            if there[0] >= value - 1e-13 * abs(value):
                break
            step = 0.25 * step
        else:
            break  # no step climbs: the maximum, to rounding
        beta, tau = new_beta, new_tau
        value, gradient, hessian = there
        if max(np.abs(basis @ step[:-1]).max(), abs(step[-1])) <= tolerance * (1 + np.abs(beta).max() + tau):
            break
    return Climbed(beta, tau, value, hessian)


def _highest(x: Floats, n: Floats, basis: Floats) -> tuple[Climbed, Climbed]:
    """The highest maximum, and that of the model without tau."""
    share = (x.sum() + 0.5) / (n.sum() + 1)
    start = basis.T @ np.full(len(x), np.log(share / (1 - share)))
    common = _climb(x, n, basis, start, 0.0, 1, tolerance=_TOLERANCE, hold=True)
    tries = [_climb(x, n, basis, common.beta, tau, _LADDER[0], tolerance=1e-5) for tau in _STARTS]
    above = [climbed for climbed in tries if climbed.tau > _LEAST_TAU]
    if not above:  # all came to tau = 0, which is a stationary point itself and is compared below
        return common, common
    best = max(above, key=lambda climbed: climbed.value)
    best = _climb(x, n, basis, best.beta, best.tau, _LADDER[0], tolerance=_TOLERANCE)
    for nodes in _LADDER[1:]:
        finer, _, _ = _derivatives(x, n, basis, best.beta, best.tau, nodes)
        if abs(finer - best.value) <= _AGREE * len(x) + 1e-14 * abs(finer):
            break
        best = _climb(x, n, basis, best.beta, best.tau, nodes, tolerance=_TOLERANCE)
    if best.value <= common.value + _GAIN or best.tau < _LEAST_TAU:
        best = common
    return best, common


def fit_binomial_regression(
    x: Floats, n: Floats, design: Floats, *, ci: str = "t", level: float = 0.95
) -> RegressionFit:
    """Regress the logits of x events of n (arrays (k,)) on a design (k, p), k > p, of full rank.

    The likelihood must have a finite maximum: some study with 0 < x < n, and no `separated_by`. The covariates are
    tested by Wald's test and by the likelihood ratio.
    """
    if ci not in INTERVALS:
        raise OptionError("ci of the binomial model", ci, INTERVALS)
    k, p = design.shape
    basis, triangle = np.linalg.qr(design)
    best, common = _highest(x, n, basis)
    back = np.linalg.inv(triangle)
    covariance = back @ _covariance(best, p) @ back.T
    beta = back @ best.beta
    df = k - p if ci == "t" else None
    se, statistic, pvalue, low, high = tests_of(beta, covariance, df, level)
    q, free = wald_residual_q(x, n, design), k - p
    lrt = max(0.0, 2 * (best.value - common.value)) if best.tau > 0 else 0.0
    null = _null(x, n, design)
    by_q = max(0.0, (q - free) / q) if q > 0 else 0.0
    tests = [joint_test(beta, covariance, design, df)]
    if null is not None and p > 1:
        gain = max(0.0, 2 * (best.value - null.value))
        tests.append(ModeratorTest("likelihood ratio", gain, p - 1, None, float(chdtrc(p - 1, gain))))
    return RegressionFit(
        model="binomial",
        tau2_estimator="ml",
        ci=ci,
        level=level,
        k=k,
        p=p,
        df=df,
        estimate=beta,
        se=se,
        statistic=statistic,
        pvalue=pvalue,
        low=low,
        high=high,
        covariance=covariance,
        tau2=float(best.tau) ** 2,
        tau2_null=None if null is None else float(null.tau) ** 2,
        r2=share_explained(None if null is None else float(null.tau) ** 2, float(best.tau) ** 2),
        q=q,
        q_df=free,
        q_pvalue=float(chdtrc(free, q)),
        i2=by_q,
        i2_tau2=None,
        h2=q / free,
        h2_tau2=None,
        moderators=tuple(tests),
        log_likelihood=best.value,
        heterogeneity_lrt=ModeratorTest(
            "likelihood ratio", lrt, 1, None, 0.5 * float(chdtrc(1, lrt)) if lrt > 0 else 1.0
        ),
    )


def _covariance(best: Climbed, p: int) -> Floats:
    """Of the coefficients, from the observed information; at tau = 0 theirs alone, tau being at its edge."""
    information = -best.hessian
    if best.tau == 0:
        return np.asarray(np.linalg.inv(information[:p, :p]))
    return np.asarray(np.linalg.inv(information)[:p, :p])


def _null(x: Floats, n: Floats, design: Floats) -> Climbed | None:
    """The model without covariates; None where this one does not contain it, or has nothing to test."""
    if not spans_constant(design) or not slopes(design).size:
        return None
    best, _ = _highest(x, n, np.ones((len(x), 1)) / np.sqrt(len(x)))
    return best


def wald_residual_q(x: Floats, n: Floats, design: Floats) -> float:
    """The Wald test of the studies' own logits against the covariates', as R's metafor has it for the binomial model.

    A study at 0 or n has an infinite logit with infinite variance: it adds nothing, though it counts in the degrees of
    freedom.
    """
    inside = (x > 0) & (x < n)
    xs, ns, rows = x[inside], n[inside], design[inside]
    if np.linalg.matrix_rank(rows) < rows.shape[1]:
        # a coefficient that only studies at the edge inform is free to fit nothing here
        _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
        rows = rows @ axes[sizes > RANK * sizes[0]].T
    if rows.shape[0] <= rows.shape[1]:
        return 0.0
    yi, vi = np.log(xs / (ns - xs)), ns / (xs * (ns - xs))
    return float(solve(yi[None], vi[None], rows[None], np.zeros(1)).q[0])


def likelihood_ratio_of_groups(x: Floats, n: Floats, groups: Floats) -> tuple[float, int, float] | None:
    """The likelihood ratio test of whether groups differ, one tau for all: statistic, df, and that tau.

    `groups` numbers each study's group from 0. It exists where the estimates of groups do not: a group in which all (or
    none) responded fits perfectly in the limit, so it adds nothing to the likelihood of separate groups. None where no
    study has both responders and non-responders.
    """
    kept = np.zeros(len(x), dtype=bool)
    used = 0
    for group in np.unique(groups):
        members = groups == group
        used += 1
        if 0 < x[members].sum() < n[members].sum():
            kept |= members
    inside = kept & (x > 0) & (x < n)
    if not inside.any():
        return None
    left = np.unique(groups[kept])
    design = (groups[kept][:, None] == left).astype(float)
    if separated_by(x[kept], n[kept], design) is not None:
        return None
    whole, _ = _highest(x[kept], n[kept], np.linalg.qr(design)[0])
    null, _ = _highest(x, n, np.ones((len(x), 1)) / np.sqrt(len(x)))
    return max(0.0, 2 * (whole.value - null.value)), used - 1, float(whole.tau)

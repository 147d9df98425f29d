"""Meta-regression by inverse variance: mixed and common effects with covariates, linear in the number of studies.

Effects yi and variances vi have shape (..., k), a design matrix (..., k, p). Everything is found by orthogonal
decomposition of the weighted design, so that a column such as the year, far from 0, costs no digits, and no matrix of
k by k is ever formed (Berkey et al. 1995, Stat Med 14:395-411; Thompson & Higgins 2002, Stat Med 21:1559-1573).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, chdtri, fdtrc, ndtr, stdtr

from evidence.errors import OptionError
from evidence.synthesis.inverse_variance.heterogeneity import highest
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import decreasing_root

SOURCES = ("berkey1995", "thompson2002", "knapp2003")
"""Keys of `evidence.literature`."""

INTERVALS = ("hksj", "hksj-plain", "t", "wald")
"""Of coefficients; `wald` by the normal, the others by t with k - p degrees of freedom."""

RANK = 1e-9
"""A column whose part outside the others' space is smaller than this share of it says nothing new."""

_ROUNDING = 1e-27
"""Of the sum of squares: (a few units in the last place) squared."""


class Solved(NamedTuple):
    """Weighted least squares at one tau2: what every estimator and test is made of."""

    beta: Floats
    triangle: Floats
    """R of the weighted design; its inverse gives the covariance."""
    q: Floats
    """The residual sum of squares, y'Py."""
    pull: Floats
    """w (y - Xb), each study's share of Py."""
    weights: Floats
    leverage: Floats

    @property
    def trace(self) -> Floats:
        """tr(P)."""
        return np.asarray((self.weights * (1 - self.leverage)).sum(-1))

    @property
    def covariance(self) -> Floats:
        inverse = np.linalg.inv(self.triangle)
        return np.asarray(inverse @ np.swapaxes(inverse, -1, -2))


def solve(yi: Floats, vi: Floats, design: Floats, tau2: Floats) -> Solved:
    """Regress yi on the design with weights 1 / (vi + tau2)."""
    weights = 1.0 / (vi + np.asarray(tau2)[..., None])
    root = np.sqrt(weights)
    basis, triangle = np.linalg.qr(root[..., None] * design)
    shares = np.einsum("...kp,...k->...p", basis, root * yi)
    rest = root * yi - np.einsum("...kp,...p->...k", basis, shares)
    exact = (rest**2).sum(-1) <= _ROUNDING * (weights * yi**2).sum(-1)
    rest = np.where(exact[..., None], 0.0, rest)  # a perfect fit: its rounding must not pass for an error
    beta = np.linalg.solve(triangle, shares[..., None])[..., 0]
    return Solved(beta, triangle, (rest**2).sum(-1), root * rest, weights, (basis**2).sum(-1))


# ---- tau2 ----------------------------------------------------------------------------------------


def residual_tau2(yi: Floats, vi: Floats, design: Floats, method: str = "reml") -> Floats:
    """The variance between studies that the covariates leave, shape (...,); estimators as in `estimate_tau2`.

    The methods of moments follow from E(y'Py) (Viechtbauer 2010, J Stat Softw 36(3), section 3.2).
    """
    if method not in ESTIMATORS:
        raise OptionError("tau2", method, ESTIMATORS)
    return np.maximum(ESTIMATORS[method](yi, vi, design), 0.0)


def _free(design: Floats) -> int:
    return int(design.shape[-2] - design.shape[-1])


def _zero(yi: Floats) -> Floats:
    return np.zeros(yi.shape[:-1])


def _dersimonian_laird(yi: Floats, vi: Floats, design: Floats) -> Floats:
    at = solve(yi, vi, design, _zero(yi))
    return np.asarray((at.q - _free(design)) / at.trace)


def _hunter_schmidt(yi: Floats, vi: Floats, design: Floats) -> Floats:
    return np.asarray((solve(yi, vi, design, _zero(yi)).q - yi.shape[-1]) / (1.0 / vi).sum(-1))


def _hedges(yi: Floats, vi: Floats, design: Floats) -> Floats:
    at = solve(yi, np.ones_like(vi), design, _zero(yi))
    return np.asarray((at.q - ((1 - at.leverage) * vi).sum(-1)) / _free(design))


def _sidik_jonkman(yi: Floats, vi: Floats, design: Floats) -> Floats:
    first = yi.var(-1)  # crude, without the covariates, as R's metafor starts
    safe = np.where(first > 0, first, 1.0)
    return np.where(first > 0, safe * solve(yi, vi, design, safe).q / _free(design), 0.0)


def _paule_mandel(yi: Floats, vi: Floats, design: Floats) -> Floats:
    return solve_q(yi, vi, design, float(_free(design)))


def solve_q(yi: Floats, vi: Floats, design: Floats, target: float) -> Floats:
    """The tau2 >= 0 at which the residual Q equals `target`; 0 where Q(0) is below it."""
    scale = yi.var(-1) + vi.min(-1)
    return decreasing_root(lambda tau2: solve(yi, vi, design, tau2).q - target, scale)


def log_likelihood(yi: Floats, vi: Floats, design: Floats, tau2: Floats, *, restricted: bool) -> Floats:
    """The log-likelihood of tau2, profiled over the coefficients, with its constants as R's metafor has them."""
    at = solve(yi, vi, design, tau2)
    value = at.q - np.log(at.weights).sum(-1)
    free = yi.shape[-1]
    if restricted:
        free = _free(design)
        value = value + _log_det(at.triangle) - _log_det(np.linalg.qr(design).R)
    return np.asarray(-0.5 * (value + free * np.log(2 * np.pi)))


def _log_det(triangle: Floats) -> Floats:
    return np.asarray(2 * np.log(np.abs(np.diagonal(triangle, axis1=-2, axis2=-1))).sum(-1))


def _most_likely(yi: Floats, vi: Floats, design: Floats, *, restricted: bool) -> Floats:
    def height(tau2: Floats) -> Floats:
        return log_likelihood(yi, vi, design, tau2, restricted=restricted)

    def score(tau2: Floats) -> Floats:
        at = solve(yi, vi, design, tau2)
        return np.asarray((at.pull**2).sum(-1) - (at.trace if restricted else at.weights.sum(-1)))

    rest = yi - np.einsum("...kp,...p->...k", design, solve(yi, np.ones_like(vi), design, _zero(yi)).beta)
    high = 2 * np.abs(rest).max(-1) ** 2 + 1e-12 * vi.min(-1)
    for _ in range(100):  # the score is negative beyond the last maximum
        rising = score(high) > 0
        if not rising.any():
            break
        high = np.where(rising, 4 * high, high)
    return highest(height, score, np.minimum(1e-3 * vi.min(-1), 1e-3 * high), high)


def _restricted(yi: Floats, vi: Floats, design: Floats) -> Floats:
    return _most_likely(yi, vi, design, restricted=True)


def _full(yi: Floats, vi: Floats, design: Floats) -> Floats:
    return _most_likely(yi, vi, design, restricted=False)


ESTIMATORS: Mapping[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "reml": _restricted,
    "pm": _paule_mandel,
    "dl": _dersimonian_laird,
    "ml": _full,
    "eb": _paule_mandel,
    "hs": _hunter_schmidt,
    "he": _hedges,
    "sj": _sidik_jonkman,
}


# ---- the design ----------------------------------------------------------------------------------


def dependent_columns(design: Floats) -> list[int]:
    """The columns that say nothing the columns before them do not: with one of them there is no unique answer.

    Each is judged by the part of it (about its own mean, a constant apart) that the earlier ones leave.
    """
    scaled = design / np.where((size := np.abs(design).max(0)) > 0, size, 1.0)
    found: list[int] = []
    basis = np.zeros((len(design), 0))
    for place, column in enumerate(scaled.T):
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)  # once more: the first pass leaves rounding
        own = column - column.mean()
        scale = np.linalg.norm(own) if np.linalg.norm(own) > RANK * np.linalg.norm(column) else 0.0
        scale = scale or np.linalg.norm(column)
        norm = np.linalg.norm(rest)
        if norm <= RANK * scale or scale == 0:
            found.append(place)
        else:
            basis = np.column_stack([basis, rest / norm])
    return found


def slopes(design: Floats) -> npt.NDArray[np.intp]:
    """The columns that are not the intercept; all where there is none."""
    constant = (design == 1).all(0)
    return np.flatnonzero(~constant) if constant.any() else np.arange(design.shape[-1])


def spans_constant(design: Floats) -> bool:
    """Whether some combination of the columns is a constant, as with one column a group."""
    ones = np.ones(len(design))
    basis, _ = np.linalg.qr(design)
    return bool(np.abs(ones - basis @ (basis.T @ ones)).max() < 1e-8)


# ---- the model -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModeratorTest:
    """Whether the covariates explain anything: Q_M by chi-square, or F where intervals are by t.

    For a likelihood `kind` may be "likelihood ratio".
    """

    kind: str
    statistic: float
    df: int
    df2: int | None
    pvalue: float


@dataclass(frozen=True)
class RegressionFit:
    """Coefficients of a regression of studies, arrays of shape (p,), on the model scale.

    `df` is None where intervals are by the normal. `q` tests whether the studies differ beyond what the covariates
    explain. `i2` is from it ((Q - df) / Q), `i2_tau2` from tau2 (as R's metafor prints); fractions both. `r2`, the share
    of tau2 explained, is None without an intercept or without tau2 to explain; for the common model it is adjusted.
    `heterogeneity_lrt` tests tau2 = 0 by likelihood ratio (binomial model).
    """

    model: str
    tau2_estimator: str | None
    ci: str
    level: float
    k: int
    p: int
    df: int | None
    estimate: Floats
    se: Floats
    statistic: Floats
    pvalue: Floats
    low: Floats
    high: Floats
    covariance: Floats = field(repr=False)
    tau2: float
    tau2_null: float | None
    r2: float | None
    q: float
    q_df: int
    q_pvalue: float
    i2: float
    i2_tau2: float | None
    h2: float
    h2_tau2: float | None
    moderators: tuple[ModeratorTest, ...]
    log_likelihood: float
    heterogeneity_lrt: ModeratorTest | None = None
    tau2_limits: Callable[[], tuple[float, float]] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def tau2_interval(self) -> tuple[float, float] | None:
        """Q-profile limits of tau2 (Viechtbauer 2007, Stat Med 26:37-52), computed when asked for."""
        return self.tau2_limits() if self.tau2_limits is not None else None

    def at(self, rows: Floats) -> tuple[Floats, Floats]:
        """The mean on the model scale at each row of covariates (m, p), and its standard error."""
        mean = rows @ self.estimate
        return mean, np.sqrt(np.einsum("mp,pq,mq->m", rows, self.covariance, rows))


def tests_of(
    estimate: Floats, covariance: Floats, df: int | None, level: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Standard errors, statistics, p-values and limits of coefficients (..., p)."""
    se = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / se  # a perfect fit leaves no error: infinite, or undefined at 0
    pvalue = 2 * (ndtr(-np.abs(statistic)) if df is None else stdtr(df, -np.abs(statistic)))
    half = critical(level, df) * se
    return se, statistic, pvalue, estimate - half, estimate + half


def joint_statistic(estimate: Floats, covariance: Floats, tested: npt.NDArray[np.intp]) -> Floats:
    """b' V^-1 b of the coefficients tested, shape (...,)."""
    b = estimate[..., tested]
    part = covariance[..., tested[:, None], tested]
    scale = np.sqrt(np.diagonal(part, axis1=-2, axis2=-1))
    if not (scale > 0).all():
        return np.full(b.shape[:-1], np.nan)
    z = b / scale
    correlation = part / (scale[..., :, None] * scale[..., None, :])
    return np.asarray((z * np.linalg.solve(correlation, z[..., None])[..., 0]).sum(-1))


def scaled_covariance(at: Solved, free: int, ci: str) -> Floats:
    """The covariance of the coefficients; for hksj times the residual variance (Knapp & Hartung 2003, eq. 6)."""
    if not ci.startswith("hksj"):
        return at.covariance
    factor = at.q / free
    if ci == "hksj":
        factor = np.maximum(factor, 1.0)
    return np.asarray(factor[..., None, None] * at.covariance)


def fit_inverse_variance_regression(
    yi: Floats,
    vi: Floats,
    design: Floats,
    *,
    tau2: str | None = "reml",
    ci: str = "hksj",
    level: float = 0.95,
) -> RegressionFit:
    """Regress effects (k,) on a design (k, p), k > p, of full rank.

    `tau2` names the estimator of the mixed-effects model; None is the common-effect model. `ci` is one of `INTERVALS`:
    hksj never takes a variance below the classic one, hksj-plain may (Knapp & Hartung 2003, Stat Med 22:2693-2710).
    """
    if ci not in INTERVALS:
        raise OptionError("ci", ci, INTERVALS)
    k, p = design.shape
    free = k - p
    tables = yi[None], vi[None], design[None]
    between = np.zeros(1) if tau2 is None else residual_tau2(*tables, tau2)
    at = solve(*tables, between)
    plain = solve(*tables, np.zeros(1))
    covariance = scaled_covariance(at, free, ci)[0]
    df = None if ci == "wald" else free
    beta = at.beta[0]
    se, statistic, pvalue, low, high = tests_of(beta, covariance, df, level)
    q, t2 = float(plain.q[0]), float(between[0])
    typical = free / float(plain.trace[0])  # Higgins & Thompson's typical variance, with covariates
    null = _null_tau2(yi, vi, design, tau2)
    by_q = max(0.0, (q - free) / q) if q > 0 else 0.0
    return RegressionFit(
        model="common" if tau2 is None else "random",
        tau2_estimator=tau2,
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
        tau2=t2,
        tau2_null=null,
        r2=_adjusted_r2(yi, vi, design, q) if tau2 is None else share_explained(null, t2),
        q=q,
        q_df=free,
        q_pvalue=float(chdtrc(free, q)),
        i2=by_q,
        i2_tau2=by_q if tau2 is None else t2 / (t2 + typical),
        h2=q / free,
        h2_tau2=q / free if tau2 is None else t2 / typical + 1,
        moderators=(joint_test(beta, covariance, design, df),),
        log_likelihood=float(log_likelihood(*tables, between, restricted=tau2 == "reml")[0]),
        tau2_limits=None if tau2 is None else lambda: q_profile(yi, vi, design, level),
    )


def joint_test(beta: Floats, covariance: Floats, design: Floats, df: int | None) -> ModeratorTest:
    """Wald's test of all covariates together; of the intercept where it is all there is."""
    tested = slopes(design)
    if not tested.size:  # the intercept alone
        tested = np.arange(design.shape[-1])
    value = float(joint_statistic(beta, covariance, tested))
    count = len(tested)
    if df is None:
        return ModeratorTest("chi-square", value, count, None, float(chdtrc(count, value)))
    return ModeratorTest("F", value / count, count, df, float(fdtrc(count, df, value / count)))


def _null_tau2(yi: Floats, vi: Floats, design: Floats, method: str | None) -> float | None:
    """tau2 without the covariates, by the same estimator; None where the model has no intercept to fall back on."""
    if method is None or not spans_constant(design):
        return None
    return float(residual_tau2(yi[None], vi[None], np.ones((1, len(yi), 1)), method)[0])


def share_explained(before: float | None, after: float) -> float | None:
    """R2 = (tau2 without - tau2 with the covariates) / tau2 without, floored at 0 (Raudenbush 1994)."""
    if before is None:
        return None
    return max(0.0, 1 - after / before) if before > 0 else 0.0


def _adjusted_r2(yi: Floats, vi: Floats, design: Floats, q: float) -> float | None:
    """The adjusted R2 of the weighted regression, as R's metafor has it for the common model."""
    k, p = design.shape
    if not spans_constant(design):
        return None
    total = float(solve(yi[None], vi[None], np.ones((1, k, 1)), np.zeros(1)).q[0])
    return max(0.0, 1 - (q / (k - p)) / (total / (k - 1))) if total > 0 else 0.0


def q_profile(yi: Floats, vi: Floats, design: Floats, level: float) -> tuple[float, float]:
    """Where the residual Q meets the quantiles of its chi-square; (0, 0) where no tau2 >= 0 does."""
    free, tail = _free(design), (1 - level) / 2
    low, high = (
        float(solve_q(yi[None], vi[None], design[None], float(chdtri(free, share)))[0])
        for share in (tail, 1 - tail)
    )
    return low, high

"""Binomial models of two arms with a random treatment effect, by maximum likelihood: no correction, no normal approximation.

The log odds ratio of a study is theta + tau z, z standard normal. What is assumed of the studies' own response makes four
models (metafor's names in brackets):

    hypergeometric      [CM.EL] given all margins, the treated arm's events have Fisher's noncentral hypergeometric
                        distribution: the studies' own response drops out exactly (van Houwelingen, Zwinderman & Stijnen
                        1993, Stat Med 12:2273-2284; Stijnen, Hamza & Ozdemir 2010, Stat Med 29:3046-3067)
    conditional-binomial  [CM.AL] the same with a binomial in its place, good where the outcome is rare (Stijnen et al. 2010)
    fixed-studies       [UM.FS] logistic regression with a parameter for each study (Turner et al. 2000, Stat Med
                        19:3417-3432), arms at -1/2 and +1/2 of the treatment effect
    random-studies      [UM.RS] the studies' own logits are normal too, independent of the effects

The integral over z is by adaptive Gauss-Hermite quadrature around each study's own mode, with more and more nodes until the
likelihood no longer moves; in two dimensions over the product of the nodes. R's lme4 stops at seven nodes, and at one
(Laplace) for the last model. Newton's method climbs from several tau, since there can be more than one maximum; tau is the
parameter rather than tau2, so that tau = 0 is an ordinary stationary point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, xlogy

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.arms.tables import Arms
from evidence.synthesis.counts.quadrature import hermite
from evidence.synthesis.inverse_variance.models import limit_beyond
from evidence.synthesis.results import Floats

BINOMIAL_MODELS = ("hypergeometric", "conditional-binomial", "fixed-studies", "random-studies")

_LADDERS = {0: (1,), 1: (15, 41, 161, 641), 2: (9, 21, 41, 81)}  # nodes a dimension, by dimensions
_AGREE = 1e-9  # of the log-likelihood a study: then more nodes change nothing that is printed
_GAIN = 1e-9  # of the log-likelihood over tau = 0: less could be rounding, and tau is then 0
_STARTS = (0.08, 0.4, 2.0)  # tau to climb from: two maxima may lie close to each other and to 0
_MOST_STEPS = 200
_TOLERANCE = 1e-9  # of a step, relative: Newton's next one is its square
_DIVERGED = 30.0  # |theta| or tau on the log odds scale beyond any data: the likelihood has no maximum
_MOST_TERMS = 4_000_000  # hypergeometric terms at all nodes: beyond, it would take minutes

Kernel = Callable[[int, Floats], tuple[Floats, Floats, Floats]]
"""Arm number and its logits (nodes, k) -> log-likelihood, first and second derivative."""


class Maximum(NamedTuple):
    """The best theta and tau with their log-likelihood; `common_*` are those of one effect for all (tau = 0).

    `sigma2` is the variance of the studies' own logits, only in the model of random studies. Log-likelihoods leave out what
    no parameter changes. `saturated` is that of each study with its own effect, `q` the Wald test of equal effects from the
    studies at whose counts an effect is finite; both None where the model has no such thing. `nodes` were used a dimension.
    """

    theta: float
    se: float
    tau: float
    value: float
    common_theta: float
    common_se: float
    common_value: float
    sigma2: float | None
    saturated: float | None
    q: float | None
    nodes: int


class _Design(NamedTuple):
    """A model: its arms' logits are (fixed + random . z) times the parameters, plus an offset a study.

    fixed (arms, parameters), random (arms, parameters, dimensions of z). With `own`, the first parameter is each study's.
    `scales` are the places of standard deviations, whose sign means nothing.
    """

    kernel: Kernel
    fixed: Floats
    random: Floats
    offset: Floats
    own: bool
    scales: tuple[int, ...]
    dimensions: int
    k: int


class _Terms(NamedTuple):
    """Of each study: log-likelihood (k,), its gradient (k, P), Hessian and complete-data information (k, P, P)."""

    value: Floats
    gradient: Floats
    hessian: Floats
    complete: Floats


def maximise(arms: Arms, model: str, *, common: bool = False) -> Maximum:
    """Fit one of BINOMIAL_MODELS to `informative` studies; with `common` only the fit of one effect for all.

    Raises NotPossible, with the reason, where the likelihood has no finite maximum.
    """
    if model not in BINOMIAL_MODELS:
        raise OptionError("model", model, BINOMIAL_MODELS)
    _refuse_divergence(arms, model, common=common)
    pooled = _one_effect(arms, model)
    theta, se = float(pooled.shared[_place(model)]), pooled.se(_place(model))
    saturated, q = _saturated(arms, model)
    sigma2 = float(pooled.shared[-1] ** 2) if model == "random-studies" else None
    best = Maximum(theta, se, 0.0, pooled.value, theta, se, pooled.value, sigma2, saturated, q, pooled.nodes)
    if common or arms.k == 1:
        return best
    found = _best(arms, model, pooled)
    tau = float(found.shared[-1])
    if abs(found.shared[_place(model)]) > _DIVERGED or tau > _DIVERGED:
        raise NotPossible(_NO_MAXIMUM)
    if found.value <= pooled.value + _GAIN or tau < 1e-6:
        return best
    return best._replace(
        theta=float(found.shared[_place(model)]),
        se=found.se(_place(model)),
        tau=tau,
        value=found.value,
        sigma2=float(found.shared[-2] ** 2) if model == "random-studies" else None,
        nodes=found.nodes,
    )


def profile_limits(arms: Arms, model: str, best: Maximum, drop: float) -> tuple[float, float]:
    """Where the likelihood, maximised over all else, has fallen by `drop` on either side of theta."""
    pooled = _one_effect(arms, model)
    design, place = _design(arms, model, random=True), _place(model)
    start = _start(arms, model, pooled, max(best.tau, 0.2))
    edge = _design(arms, model, random=False)

    def excess(value: Floats) -> Floats:
        at = float(value)
        heights = []
        for shape, first in ((design, start), (edge, _Point(pooled.own, pooled.shared.copy()))):
            first.shared[place] = at
            heights.append(_climb(shape, first, best.nodes, hold=place).value)
        return np.asarray(max(heights) - best.value + drop)

    middle, reach = np.asarray(best.theta), np.asarray(best.se)
    return float(limit_beyond(excess, middle, -reach)), float(limit_beyond(excess, middle, reach))


# ---- what has no maximum -------------------------------------------------------------------------

_NO_MAXIMUM = (
    "The likelihood has no maximum: the more the studies are allowed to differ, the better it fits, so no odds ratio is "
    "finite."
)


def margins(arms: Arms, model: str) -> tuple[Floats, Floats]:
    """The fewest and the most events the treated arm can have, given all of a study's."""
    m = arms.ai + arms.ci
    if model == "conditional-binomial":
        return np.zeros(arms.k), m
    return np.maximum(0.0, m - arms.n2i), np.minimum(arms.n1i, m)


def _refuse_divergence(arms: Arms, model: str, *, common: bool) -> None:
    least, most = margins(arms, model)
    if not (least < most).all():
        raise NotPossible("A study in which nobody, or everybody, responded says nothing of an odds ratio.")
    low, high = arms.ai == least, arms.ai == most
    if low.all() or high.all():
        few = "as few" if low.all() else "as many"
        raise NotPossible(
            f"In every study {few} of the responders were treated as could be: no odds ratio is finite."
        )
    if not common and arms.k > 1 and (low | high).all():
        raise NotPossible(_NO_MAXIMUM)


# ---- the models ----------------------------------------------------------------------------------


def _place(model: str) -> int:
    """Where theta is among the shared parameters: behind the mean of the studies' own logits, if there is one."""
    return 1 if model == "random-studies" else 0


def _design(arms: Arms, model: str, *, random: bool) -> _Design:
    """Parameters: conditional (theta, tau); fixed-studies (own, theta, tau); random-studies (mean, theta, sigma, tau)."""
    none = np.zeros(arms.k)
    scales: tuple[int, ...]
    if model in ("hypergeometric", "conditional-binomial"):
        kernel, offset = (
            (_hypergeometric(arms), none)
            if model == "hypergeometric"
            else (_binomial((arms.ai,), (arms.ai + arms.ci,)), np.log(arms.n1i / arms.n2i))
        )
        fixed = np.array([[1.0, 0.0]])
        slope = np.array([[[0.0], [1.0]]])
        own, scales = False, (1,)
    else:
        kernel, offset = _binomial((arms.ai, arms.ci), (arms.n1i, arms.n2i)), none
        half = np.array([0.5, -0.5])
        one, zero = np.ones(2), np.zeros(2)
        if model == "fixed-studies":
            fixed = np.stack([one, half, zero], 1)
            slope = np.stack([zero, zero, half], 1)[:, :, None]
            own, scales = True, (1,)
        else:
            fixed = np.stack([one, half, zero, zero], 1)
            slope = np.stack([np.stack([zero, zero, one, zero], 1), np.stack([zero, zero, zero, half], 1)], 2)
            own, scales = False, (2, 3)
    if not random:  # without tau and its dimension of z
        fixed, slope, scales = fixed[:, :-1], slope[:, :-1, :-1], scales[:-1]
    return _Design(kernel, fixed, slope, offset, own, scales, slope.shape[2], arms.k)


def _binomial(events: Sequence[Floats], sizes: Sequence[Floats]) -> Kernel:
    def kernel(arm: int, eta: Floats) -> tuple[Floats, Floats, Floats]:
        x, n = events[arm], sizes[arm]
        small = np.exp(-np.abs(eta))
        p = np.where(eta > 0, 1.0, small) / (1 + small)
        value = np.where(eta > 0, x - n, x) * eta - n * np.log1p(small)
        return value, x - n * p, -n * p * (1 - p)

    return kernel


def _hypergeometric(arms: Arms) -> Kernel:
    """Log-probabilities of the treated arm's events given the margins; support and weights are kept a study."""
    least, most = margins(arms, "hypergeometric")
    if (most - least).sum() * _LADDERS[1][1] > _MOST_TERMS:
        raise NotPossible(
            "The hypergeometric model adds up every table the margins allow, which is too much for studies of this size; "
            "with so many events conditional-binomial or fixed-studies serve as well."
        )
    m = arms.ai + arms.ci
    studies = []
    for row in range(arms.k):
        j = np.arange(least[row], most[row] + 1)
        n1, n2 = arms.n1i[row], arms.n2i[row]
        weight = -sum(gammaln(cell + 1) for cell in (j, n1 - j, m[row] - j, n2 - m[row] + j))
        here = int(arms.ai[row] - least[row])
        studies.append((j - arms.ai[row], weight - weight[here]))

    def kernel(arm: int, eta: Floats) -> tuple[Floats, Floats, Floats]:
        out = np.empty((3, *eta.shape))
        for row, (offset, weight) in enumerate(studies):
            terms = weight + eta[:, row, None] * offset
            top = terms.max(-1)
            share = np.exp(terms - top[:, None])
            total = share.sum(-1)
            share /= total[:, None]
            mean = share @ offset
            out[:, :, row] = (
                -top - np.log(total),
                -mean,
                -(share @ offset**2 - mean**2),
            )
        return out[0], out[1], out[2]

    return kernel


def _saturated(arms: Arms, model: str) -> tuple[float | None, float | None]:
    """The log-likelihood with an effect for each study, and the Wald Q of those that are finite."""
    if model == "random-studies":
        return None, None
    least, most = margins(arms, model)
    inside = (arms.ai > least) & (arms.ai < most)
    if model == "hypergeometric":
        total, effects, information = 0.0, [], []
        for row in range(arms.k):
            if not inside[row]:  # at its margin the limit of the probability is 1
                continue
            one = arms.keep(np.arange(arms.k) == row)
            single = _design(one, model, random=False)
            start = float(np.log((one.ai + 0.5) * (one.di + 0.5) / (one.bi + 0.5) / (one.ci + 0.5))[0])
            point = _climb(single, _Point(np.zeros(0), np.array([start])), 1)
            total += point.value
            effects.append(float(point.shared[0]))
            information.append(1 / point.se(0) ** 2)
        return total, _wald(np.array(effects), np.array(information))
    groups = (
        ((arms.ai, arms.n1i), (arms.ci, arms.n2i))
        if model == "fixed-studies"
        else ((arms.ai, arms.ai + arms.ci),)
    )
    total = float(sum((xlogy(x, x / n) + xlogy(n - x, 1 - x / n)).sum() for x, n in groups))
    some = arms.keep(np.asarray(inside))
    if model == "fixed-studies":
        yi = np.log(some.ai * some.di / (some.bi * some.ci))
        vi = 1 / some.ai + 1 / some.bi + 1 / some.ci + 1 / some.di
    else:
        yi, vi = np.log(some.ai / some.ci * some.n2i / some.n1i), 1 / some.ai + 1 / some.ci
    return total, _wald(yi, 1 / vi)


def _wald(yi: Floats, wi: Floats) -> float:
    if len(yi) < 2:
        return 0.0
    mean = (wi * yi).sum() / wi.sum()
    return float((wi * (yi - mean) ** 2).sum())


# ---- climbing ------------------------------------------------------------------------------------


class _Point(NamedTuple):
    """The studies' own parameters (k,), or none, and the shared ones."""

    own: Floats
    shared: Floats


class _Summit(NamedTuple):
    own: Floats
    shared: Floats
    value: float
    hessian: Floats
    """Of the shared parameters, the studies' own maximised out."""
    nodes: int

    def se(self, place: int) -> float:
        """The standard error of a shared parameter from the observed information."""
        return float(np.sqrt(np.linalg.inv(-self.hessian)[place, place]))


def _one_effect(arms: Arms, model: str) -> _Summit:
    """The fit of one effect for all studies, from which the others start."""
    logit = np.log((arms.ai + arms.ci + 0.5) / (arms.bi + arms.di + 0.5))
    n = arms.total
    over, under = (arms.ai * arms.di / n).sum(), (arms.bi * arms.ci / n).sum()
    theta = float(np.log(over / under)) if over > 0 and under > 0 else 0.0
    design = _design(arms, model, random=False)
    if model == "fixed-studies":
        start = _Point(logit, np.array([theta]))
    elif model == "random-studies":
        start = _Point(np.zeros(0), np.array([logit.mean(), theta, max(float(logit.std()), 0.1)]))
    else:
        start = _Point(np.zeros(0), np.array([theta]))
    found = _refine(design, start)
    if abs(found.shared[_place(model)]) > _DIVERGED:
        raise NotPossible(_NO_MAXIMUM)
    return found


def _start(arms: Arms, model: str, pooled: _Summit, tau: float) -> _Point:
    return _Point(pooled.own.copy(), np.append(pooled.shared, tau))


def _best(arms: Arms, model: str, pooled: _Summit) -> _Summit:
    """The highest of the maxima reached from several tau, with few nodes, then stated with enough."""
    design = _design(arms, model, random=True)
    rough = _LADDERS[design.dimensions][0]
    tops = [_climb(design, _start(arms, model, pooled, tau), rough, tolerance=1e-4) for tau in _STARTS]
    top = max(tops, key=lambda found: found.value)
    return _refine(design, _Point(top.own, top.shared))


def _refine(design: _Design, start: _Point) -> _Summit:
    """Climb with more and more nodes until the next rung gives the same likelihood."""
    ladder = _LADDERS[design.dimensions]
    found = _climb(design, start, ladder[0])
    for finer in ladder[1:]:
        there = float(_terms(design, _Point(found.own, found.shared), finer).value.sum())
        if abs(there - found.value) <= _AGREE * design.k + 1e-14 * abs(there):
            break
        found = _climb(design, _Point(found.own, found.shared), finer)
    return found


def _climb(
    design: _Design, start: _Point, nodes: int, *, hold: int | None = None, tolerance: float = _TOLERANCE
) -> _Summit:
    """Newton's method with step control; a step that lowers the likelihood is quartered. With `hold` one parameter stays."""
    point = _Point(start.own.copy(), start.shared.copy())
    at = _terms(design, point, nodes)
    value = float(at.value.sum())
    for _ in range(_MOST_STEPS):
        own_step, step = _step(design, at, point, hold)
        share = 1.0
        while True:
            trial = _Point(point.own + share * own_step, _positive(design, point.shared + share * step))
            tried = _terms(design, trial, nodes)
            height = float(tried.value.sum())
            if height >= value - 1e-13 * abs(value) or share < 1e-9:
                break
            share *= 0.25
        size = share * max(np.abs(step).max(initial=0.0), np.abs(own_step).max(initial=0.0))
        if share >= 1e-9:
            point, at, value = trial, tried, height
        if size <= tolerance * (1 + np.abs(point.shared).max()) or np.abs(point.shared).max() > 2 * _DIVERGED:
            break
    return _Summit(point.own, point.shared, value, _reduced(design, at)[1], nodes)


def _positive(design: _Design, shared: Floats) -> Floats:
    """A standard deviation and its negative are the same model."""
    out = shared.copy()
    first = 1 if design.own else 0
    for scale in design.scales:
        place = scale if not design.own else scale + 1 - first
        out[place] = abs(out[place])
    return out


def _reduced(design: _Design, at: _Terms) -> tuple[Floats, Floats, Floats, Floats]:
    """Gradient and Hessian of the shared parameters with the studies' own maximised out, and what that takes."""
    if not design.own:
        return at.gradient.sum(0), at.hessian.sum(0), np.zeros(0), np.zeros(0)
    own = at.hessian[:, 0, 0]
    curvature = np.where(own < 0, own, -at.complete[:, 0, 0])
    curvature = np.minimum(curvature, -1e-10)
    cross = at.hessian[:, 0, 1:]
    gradient = at.gradient[:, 1:] - cross * (at.gradient[:, 0] / curvature)[:, None]
    hessian = at.hessian[:, 1:, 1:] - cross[:, :, None] * cross[:, None, :] / curvature[:, None, None]
    return gradient.sum(0), hessian.sum(0), curvature, cross


def _step(design: _Design, at: _Terms, point: _Point, hold: int | None) -> tuple[Floats, Floats]:
    """The Newton step; where the likelihood is not concave its curvatures are taken as if it were, so it still climbs."""
    gradient, hessian, curvature, cross = _reduced(design, at)
    free = np.array([place for place in range(len(gradient)) if place != hold], dtype=np.intp)
    step = np.zeros(len(gradient))
    if free.size:
        bend, directions = np.linalg.eigh(-hessian[np.ix_(free, free)])
        bend = np.maximum(np.abs(bend), 1e-8 * max(float(np.abs(bend).max()), 1e-8))
        step[free] = directions @ ((directions.T @ gradient[free]) / bend)
    longest = np.abs(step).max(initial=0.0)
    room = 0.5 * (1 + np.abs(point.shared).max())
    step = step * min(1.0, room / longest) if longest > 0 else step
    if not design.own:
        return np.zeros(0), step
    own_step = -(at.gradient[:, 0] + cross @ step) / curvature
    return np.clip(own_step, -2.0, 2.0), step


# ---- the integral --------------------------------------------------------------------------------


def _terms(design: _Design, point: _Point, nodes: int) -> _Terms:
    """Each study's log-likelihood and derivatives: Fisher's identity and Louis's (1982) over the quadrature nodes."""
    k, dimensions = design.k, design.dimensions
    shared = point.shared
    if design.own:
        base = design.fixed[:, :1] * point.own + (design.fixed[:, 1:] @ shared)[:, None] + design.offset
        loading = np.einsum("jpd,p->jd", design.random[:, 1:], shared)
    else:
        base = (design.fixed @ shared)[:, None] + design.offset
        loading = np.einsum("jpd,p->jd", design.random, shared)
    z, factor = _modes(design.kernel, base, loading, k)
    t, log_weight = _product_nodes(nodes, dimensions)
    # z at the nodes (d, nodes, k): the mode plus steps along the inverse root of the curvature there
    at = z[:, None, :] + np.sqrt(2.0) * np.einsum("kde,me->dmk", _inverse_root(factor), t)
    arms = base.shape[0]
    height = log_weight[:, None] - 0.5 * (at**2).sum(0)
    found = []
    for arm in range(arms):
        eta = base[arm] + np.einsum("d,dmk->mk", loading[arm], at)
        found.append(design.kernel(arm, eta))
        height = height + found[-1][0]
    top = height.max(0)
    weight = np.exp(height - top)
    total = weight.sum(0)
    weight /= total
    determinant = np.log(np.linalg.det(factor)) if dimensions else np.zeros(k)
    value = top + np.log(total) - determinant - 0.5 * dimensions * np.log(np.pi)
    parameters = design.fixed.shape[1]
    score = np.zeros((parameters, *at.shape[1:])) if dimensions else np.zeros((parameters, 1, k))
    curvature = np.zeros((parameters, *score.shape))
    for arm in range(arms):
        _, first, second = found[arm]
        slope = design.fixed[arm][:, None, None] + np.einsum("pd,dmk->pmk", design.random[arm], at)
        score += first * slope
        curvature += second * slope[:, None] * slope[None, :]
    gradient = np.einsum("mk,pmk->kp", weight, score)
    complete = -np.einsum("mk,pqmk->kpq", weight, curvature)
    squares = np.einsum("mk,pmk,qmk->kpq", weight, score, score)
    hessian = squares - complete - gradient[:, :, None] * gradient[:, None, :]
    return _Terms(value, gradient, hessian, complete)


def _modes(kernel: Kernel, base: Floats, loading: Floats, k: int) -> tuple[Floats, Floats]:
    """Each study's most likely z (d, k) and the Cholesky factor (k, d, d) of the curvature there."""
    arms, dimensions = loading.shape
    z = np.zeros((dimensions, k))
    unit = np.eye(dimensions)
    factor = np.broadcast_to(unit, (k, dimensions, dimensions))
    if not dimensions:
        return z, factor
    reach = 1.5 / max(float(np.abs(loading).max()), 1e-300)  # logits a step: the integrand is log-concave
    for _ in range(100):
        slope, bend = -z.T, np.broadcast_to(unit, (k, dimensions, dimensions)).copy()
        for arm in range(arms):
            eta = base[arm] + loading[arm] @ z
            _, first, second = (part[0] for part in kernel(arm, eta[None, :]))
            slope = slope + first[:, None] * loading[arm]
            bend -= second[:, None, None] * np.outer(loading[arm], loading[arm])
        step = np.clip(np.linalg.solve(bend, slope[:, :, None])[:, :, 0], -reach, reach)
        z = z + step.T
        if np.abs(step).max() < 1e-7:
            break
    return z, np.asarray(np.linalg.cholesky(bend))


def _inverse_root(factor: Floats) -> Floats:
    """L^-T for each L (k, d, d)."""
    if not factor.shape[-1]:
        return np.asarray(factor)
    return np.asarray(np.linalg.inv(factor).transpose(0, 2, 1))


def _product_nodes(nodes: int, dimensions: int) -> tuple[Floats, Floats]:
    """Nodes (m, d) and the logs of their weights (m,), the product of Gauss and Hermite's."""
    if not dimensions:
        return np.zeros((1, 0)), np.zeros(1)
    t, log_weight = hermite(nodes)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*[t] * dimensions, indexing="ij")], 1)
    weights = np.meshgrid(*[log_weight] * dimensions, indexing="ij")
    return grid, np.sum([axis.ravel() for axis in weights], axis=0)

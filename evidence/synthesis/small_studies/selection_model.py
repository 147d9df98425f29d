"""A step-function selection model: random effects, of which results with a larger p-value were less likely seen.

Hedges 1992, Stat Sci 7:246-255; Vevea & Hedges 1995, Psychometrika 60:419-435. Maximum likelihood, as metafor's
selmodel(type = "stepfun").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2, log_likelihood, weighted_mean
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.results import Floats

_STARTS = (0.2, 1.0, 4.0)
"""Relative chances of being seen from which the search sets out; the highest maximum wins."""
_NOTHING = 1e-10  # a variance, relative to the smallest vi, that counts as 0


@dataclass(frozen=True, slots=True)
class Selection:
    """The estimate after allowing for selection, with limits, and the relative chance of each interval of p.

    `weights` has one chance for each interval, the first being 1; `counts` are the studies in them. `lrt` compares
    with the same model without selection, `df` degrees of freedom. `weights_se` and `se` are None where the
    likelihood has no curvature to take them from (an estimate at the edge).
    """

    steps: tuple[float, ...]
    counts: tuple[int, ...]
    alternative: str
    estimate: float
    se: float | None
    low: float | None
    high: float | None
    tau2: float
    weights: tuple[float, ...]
    weights_se: tuple[float | None, ...]
    lrt: float
    df: int
    pvalue: float
    log_likelihood: float


def select_by_steps(
    yi: Floats,
    vi: Floats,
    *,
    steps: tuple[float, ...] = (0.025,),
    alternative: str = "greater",
    level: float = 0.95,
) -> Selection:
    """Fit the model. `yi` is measured from the value at which p-values test; "greater" means high values are favoured.

    `steps` are the p-values at which the chance of being seen may change. Raises NotPossible where an interval of p
    holds no study: its chance is then estimated at 0 or without bound, which the data do not say.
    """
    if alternative not in ("greater", "less"):
        raise OptionError("alternative", alternative, ("greater", "less"))
    cuts = tuple(sorted({float(step) for step in steps} - {1.0}))
    if not cuts or not all(0 < cut < 1 for cut in cuts):
        raise OptionError("steps", steps, "p-values above 0 and below 1, such as 0.025")
    sign = 1.0 if alternative == "greater" else -1.0
    model = _Model(sign * yi, vi, cuts)
    _check_counts(model.counts, cuts, len(yi))
    best, height = model.maximise()
    mean, between, weights = model.values(best)
    errors = model.errors(best)
    none = estimate_tau2(yi[None], vi[None], "ml")
    plain = float(log_likelihood(yi[None], vi[None], none, restricted=False)[0]) - 0.5 * len(yi) * float(
        np.log(2 * np.pi)
    )
    lrt = max(0.0, 2 * (height - plain))
    half = None if errors[0] is None else critical(level) * errors[0]
    return Selection(
        cuts,
        model.counts,
        alternative,
        sign * mean,
        errors[0],
        None if half is None else sign * mean - half,
        None if half is None else sign * mean + half,
        between,
        (1.0, *weights),
        (None, *errors[1:]),
        lrt,
        len(cuts),
        float(chdtrc(len(cuts), lrt)),
        height,
    )


def _check_counts(counts: tuple[int, ...], cuts: tuple[float, ...], k: int) -> None:
    edges = (0.0, *cuts, 1.0)
    for number, count in enumerate(counts):
        if count == 0:
            raise NotPossible(
                f"none of the {k} studies has a one-sided p-value between {edges[number]:g} and "
                f"{edges[number + 1]:g}: how likely such studies are to be seen cannot be estimated"
            )


class _Model:
    """The likelihood of effects that are favoured when high; parameters are mean, tau and log chances."""

    def __init__(self, yi: Floats, vi: Floats, cuts: tuple[float, ...]) -> None:
        self.yi, self.vi = yi, vi
        pvalues = ndtr(-yi / np.sqrt(vi))
        self.group = np.searchsorted(np.array(cuts), pvalues, side="left")
        self.counts = tuple(int((self.group == j).sum()) for j in range(len(cuts) + 1))
        # effects at which the p-value is at each cut, the largest first, between infinities
        at = -ndtri(np.array(cuts))[None, :] * np.sqrt(vi)[:, None]
        ends = np.full((len(yi), 1), np.inf)
        self.edges = np.concatenate([ends, at, -ends], axis=1)

    def log_likelihood(self, parameters: Floats) -> float:
        mean, tau, *logs = parameters
        total = self.vi + tau**2
        se = np.sqrt(total)
        chances = np.concatenate([[0.0], logs])
        z = (self.edges - mean) / se[:, None]
        # by the nearer tail, so that a thin slice far out keeps its digits
        slices = np.where(z[:, 1:] > 0, ndtr(-z[:, 1:]) - ndtr(-z[:, :-1]), ndtr(z[:, :-1]) - ndtr(z[:, 1:]))
        top = chances.max()
        seen = np.log((np.exp(chances - top) * slices).sum(-1)) + top
        density = -0.5 * (np.log(2 * np.pi * total) + (self.yi - mean) ** 2 / total)
        return float((chances[self.group] + density - seen).sum())

    def maximise(self) -> tuple[Floats, float]:
        """The highest of the maxima that several starts lead to."""
        from scipy.optimize import minimize  # heavy: imported when somebody asks for the model

        tau2 = float(estimate_tau2(self.yi[None], self.vi[None], "ml")[0])
        mean = float(weighted_mean(self.yi, self.vi, np.asarray(tau2))[0])
        chances = len(self.counts) - 1
        starts = [
            np.concatenate([[mean, tau], np.full(chances, np.log(start))])
            for tau in (np.sqrt(tau2), np.sqrt(self.vi.min()) / 10, 2 * np.sqrt(tau2 + self.vi.min()))
            for start in _STARTS
        ]
        climbed = [minimize(self._lost, start, method="BFGS", options={"gtol": 1e-6}) for start in starts]
        best = min(climbed, key=lambda one: float(one.fun))
        # without derivatives, in case the others stopped at a fold of the likelihood
        again = minimize(self._lost, best.x, method="Nelder-Mead", options={"maxiter": 2000, "fatol": 1e-10})
        return self._polished(np.asarray(min((best, again), key=lambda one: float(one.fun)).x))

    def _lost(self, parameters: Floats) -> float:
        with np.errstate(all="ignore"):
            value = -self.log_likelihood(parameters)
        return value if np.isfinite(value) else 1e10

    def _polished(self, at: Floats) -> tuple[Floats, float]:
        """Newton's steps, kept while they climb."""
        height = self.log_likelihood(at)
        for _ in range(20):
            gradient, curvature = _derivatives(self.log_likelihood, at)
            try:
                step = np.linalg.solve(curvature, gradient)
            except np.linalg.LinAlgError:
                break
            with np.errstate(all="ignore"):
                higher = self.log_likelihood(at - step)
            if not higher > height:
                break
            at, height = at - step, higher
        return at, height

    def values(self, at: Floats) -> tuple[float, float, tuple[float, ...]]:
        """Mean, tau2 and chances in their own units."""
        mean, tau, *logs = at.tolist()
        return mean, float(tau**2), tuple(float(np.exp(value)) for value in logs)

    def errors(self, at: Floats) -> list[float | None]:
        """Standard errors of the mean and of each chance from the observed information; at tau = 0, given it."""
        mean, tau2, weights = self.values(at)
        edge = tau2 <= _NOTHING * float(self.vi.min())
        natural = np.array([mean, *([] if edge else [tau2]), *weights])

        def height(values: Floats) -> float:
            rest = list(values[1:]) if edge else [np.sqrt(max(values[1], 0.0)), *values[2:]]
            chances = rest if edge else rest[1:]
            tau = 0.0 if edge else rest[0]
            return self.log_likelihood(np.array([values[0], tau, *np.log(np.maximum(chances, 1e-300))]))

        _, curvature = _derivatives(height, natural)
        try:
            variances = np.diag(np.linalg.inv(-curvature))
        except np.linalg.LinAlgError:
            variances = np.full(len(natural), np.nan)
        wanted = [variances[0], *variances[(1 if edge else 2) :]]
        return [float(np.sqrt(value)) if value > 0 else None for value in wanted]


def _derivatives(function: object, at: Floats) -> tuple[Floats, Floats]:
    """Gradient and Hessian by central differences, one step of Richardson's extrapolation."""
    assert callable(function)
    size = len(at)
    step = 1e-3 * np.maximum(np.abs(at), 1e-2)

    def plain(scale: float) -> tuple[Floats, Floats]:
        h = step * scale
        gradient, hessian = np.empty(size), np.empty((size, size))
        centre = function(at)
        for i in range(size):
            one = np.zeros(size)
            one[i] = h[i]
            up, down = function(at + one), function(at - one)
            gradient[i] = (up - down) / (2 * h[i])
            hessian[i, i] = (up - 2 * centre + down) / h[i] ** 2
            for j in range(i):
                two = np.zeros(size)
                two[j] = h[j]
                mixed = (
                    function(at + one + two)
                    - function(at + one - two)
                    - function(at - one + two)
                    + function(at - one - two)
                )
                hessian[i, j] = hessian[j, i] = mixed / (4 * h[i] * h[j])
        return gradient, hessian

    (g1, h1), (g2, h2) = plain(1.0), plain(0.5)
    return (4 * g2 - g1) / 3, (4 * h2 - h1) / 3

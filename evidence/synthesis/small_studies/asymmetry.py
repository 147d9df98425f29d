"""Do small studies differ from large ones? Tests of funnel asymmetry: a line through the studies, or ranks.

Every function takes arrays of k studies on the model scale (yi, vi, and n where sizes are used), so that they serve
proportions and comparisons alike. Each raises NotPossible, with the reason, where the data hold no such test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, stdtr

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import bracketed_root

LEAST = 3
"""A line has two parameters: with fewer studies nothing is left to judge it by."""

_GRID = 60  # points over which a likelihood of tau2 around the line is searched
_COUNTED = 200  # studies up to which permutations are counted: a tenth of a second there, and then k^4
_SAME = 1e-12  # relative: predictors closer than this are the same number written differently
_FLAT = 1e-20  # of the weighted sum of squares: less scatter about the line than this is rounding


@dataclass(frozen=True, slots=True)
class FunnelTest:
    """One test. `kind` says what `statistic` is: "t" with `df` degrees of freedom, "z", or "tau" (Kendall's).

    `slope` and its standard error are those of the line; `limit` its value, with limits, where studies grow without
    bound (None where the predictor does not go to 0 there). `k` studies were used, `tau2` is the variance around
    the line (None where the scatter scales the standard errors instead).
    """

    statistic: float
    kind: str
    df: int | None
    pvalue: float
    k: int
    slope: float | None = None
    slope_se: float | None = None
    limit: tuple[float, float, float] | None = None
    tau2: float | None = None


class Line(NamedTuple):
    """A weighted least-squares line: its coefficients with standard errors."""

    intercept: float
    intercept_se: float
    slope: float
    slope_se: float


PREDICTORS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "se": lambda vi, n: np.sqrt(vi),
    "variance": lambda vi, n: vi,
    "size": lambda vi, n: n,
    "inverse-size": lambda vi, n: 1 / n,
    "root-size": lambda vi, n: np.sqrt(n),
    "inverse-root-size": lambda vi, n: 1 / np.sqrt(n),
}
"""What stands for a study's smallness."""

VANISHING = ("se", "variance", "inverse-size", "inverse-root-size")
"""The predictors that go to 0 as a study grows, so that the line's intercept is the value of a study without error."""


def egger(
    yi: Floats,
    vi: Floats,
    *,
    form: str = "linear",
    predictor: str = "se",
    n: Floats | None = None,
    tau2: str = "reml",
    distribution: str = "z",
    level: float = 0.95,
) -> FunnelTest:
    """Regress effects on smallness (Egger et al. 1997, BMJ 315:629-634; Sterne & Egger 2005).

    form "linear" weights by 1 / vi and lets the scatter about the line scale its standard errors, t(k - 2);
    "mixed" adds a variance `tau2` (reml, dl or none) to each vi and takes the standard errors as they are, with
    z, or with t(k - 2) where `distribution` is "t". metafor's regtest has both, the second by default; meta's
    metabias calls the first Egger.
    """
    if form not in ("linear", "mixed"):
        raise OptionError("form", form, ("linear", "mixed"))
    if predictor not in PREDICTORS:
        raise OptionError("predictor", predictor, PREDICTORS)
    if n is None and predictor not in ("se", "variance"):
        raise OptionError("n", n, f"the studies' sizes, where the predictor is {predictor}")
    xi = PREDICTORS[predictor](vi, np.ones_like(vi) if n is None else n)
    vanishing = predictor in VANISHING
    if form == "linear":
        return linear_test(yi, xi, 1 / vi, vanishing=vanishing, level=level)
    return _mixed_test(yi, vi, xi, tau2, distribution, vanishing=vanishing, level=level)


def thompson(yi: Floats, vi: Floats, *, tau2: str = "reml", level: float = 0.95) -> FunnelTest:
    """Egger's line with a variance between studies around it, t(k - 2) (Thompson & Sharp 1999, Stat Med 18:2693-2708)."""
    return egger(yi, vi, form="mixed", tau2=tau2, distribution="t", level=level)


def macaskill(yi: Floats, vi: Floats, n: Floats, *, level: float = 0.95) -> FunnelTest:
    """Regress effects on the number of patients (Macaskill, Walter & Irwig 2001, Stat Med 20:641-654), weights 1 / vi."""
    return egger(yi, vi, predictor="size", n=n, level=level)


def peters(yi: Floats, events: Floats, n: Floats, *, level: float = 0.95) -> FunnelTest:
    """Regress effects on 1 / n with weights events (n - events) / n (Peters et al. 2006, JAMA 295:676-680).

    As meta's metabias does for proportions: a study at 0 or 100 % has weight 0 and does not take part. The
    weight still depends on the study's own proportion, unlike in Peters' own comparison of two arms, where
    both arms' patients are taken together; `size_test` keeps that idea.
    """
    inside = (events > 0) & (events < n)
    x, total = events[inside], n[inside]
    return linear_test(yi[inside], 1 / total, x * (total - x) / total, vanishing=True, level=level)


def size_test(events: Floats, n: Floats, *, level: float = 0.95) -> FunnelTest:
    """Regress the proportions themselves on 1 / sqrt(n), weights n, t(k - 2).

    Peters' idea for one arm: predictor and weights know only how large a study is. The variance of a proportion
    is p(1 - p) / n with one p for all, whose constant the scatter about the line replaces, and a raw proportion
    is unbiased whatever n is. So without bias the slope is 0 on average at every p, which no regression on a
    standard error that is made from the study's own proportion can say.
    """
    return linear_test(events / n, 1 / np.sqrt(n), n, vanishing=True, level=level)


def begg(yi: Floats, vi: Floats, *, form: str = "exact") -> FunnelTest:
    """Rank correlation of standardised effects with their variances (Begg & Mazumdar 1994, Biometrics 50:1088-1101).

    Kendall's tau-b. form "exact" counts permutations where there are no ties (up to 200 studies), as metafor's
    ranktest; "normal" always uses the normal approximation, as meta's metabias.
    """
    if form not in ("exact", "normal"):
        raise OptionError("form", form, ("exact", "normal"))
    _enough(len(yi))
    wi = 1 / vi
    pooled = (wi * yi).sum() / wi.sum()
    standardised = (yi - pooled) / np.sqrt(vi - 1 / wi.sum())
    return rank_test(standardised, vi, exact=form == "exact")


def rank_test(first: Floats, second: Floats, *, exact: bool) -> FunnelTest:
    """Kendall's tau-b of two columns. Values nearer than rounding are ties."""
    k = len(first)
    signs = [_signs(column) for column in (first, second)]
    pairs = k * (k - 1) / 2
    tied = [pairs - np.abs(sign).sum() / 2 for sign in signs]
    if max(tied) >= pairs:
        raise NotPossible(
            "every study has the same precision or the same effect: there are no ranks to correlate"
        )
    score = float((signs[0] * signs[1]).sum() / 2)  # concordant minus discordant pairs
    tau = score / float(np.sqrt((pairs - tied[0]) * (pairs - tied[1])))
    if exact and k <= _COUNTED and max(tied) == 0:
        pvalue = _exact_kendall(score, k)
    else:
        pvalue = float(2 * ndtr(-abs(score) / kendall_se(first, second)))
    return FunnelTest(tau, "tau", None, pvalue, k)


def kendall_se(first: Floats, second: Floats) -> float:
    """The standard error of Kendall's score under independence, with ties (Kendall & Gibbons 1990)."""
    k = len(first)
    t, u = (_tie_counts(column) for column in (first, second))

    def five(m: Floats) -> float:
        return float((m * (m - 1) * (2 * m + 5)).sum())

    def product(power: Callable[[Floats], Floats]) -> float:
        return float(power(t).sum() * power(u).sum())

    variance = (k * (k - 1) * (2 * k + 5) - five(t) - five(u)) / 18
    variance += product(lambda m: m * (m - 1) * (m - 2)) / (9 * k * (k - 1) * (k - 2))
    variance += product(lambda m: m * (m - 1)) / (2 * k * (k - 1))
    return float(np.sqrt(variance))


def _signs(column: Floats) -> Floats:
    difference = column[:, None] - column[None, :]
    size = np.maximum(np.abs(column)[:, None], np.abs(column)[None, :])
    return np.where(np.abs(difference) <= _SAME * size, 0.0, np.sign(difference))


def _tie_counts(column: Floats) -> Floats:
    """How many values share each rank."""
    ordered = np.sort(column)
    step = np.diff(ordered) > _SAME * np.maximum(np.abs(ordered[1:]), np.abs(ordered[:-1]))
    edges = np.concatenate([[0], np.flatnonzero(step) + 1, [len(column)]])
    return np.diff(edges).astype(float)


def _exact_kendall(score: float, k: int) -> float:
    """The two-sided chance of such a score: permutations of k counted by their concordant pairs."""
    ways = np.ones(1)
    for size in range(2, k + 1):
        ways = np.convolve(ways, np.ones(size)) / size  # as shares: k! itself need not be held
    concordant = round((score + k * (k - 1) / 2) / 2)
    below, above = ways[: concordant + 1].sum(), ways[concordant:].sum()
    return float(min(1.0, 2 * min(below, above)))


# ---- the line ------------------------------------------------------------------------------------


def linear_test(yi: Floats, xi: Floats, wi: Floats, *, vanishing: bool, level: float = 0.95) -> FunnelTest:
    """The slope of a weighted least-squares line, its standard errors scaled by the scatter about it; t(k - 2)."""
    k = len(yi)
    _enough(k)
    line = fit_line(yi, xi, wi)
    residual = yi - line.intercept - line.slope * xi
    left = float((wi * residual**2).sum())
    if left <= _FLAT * float((wi * yi**2).sum()):
        raise NotPossible("the studies lie on one line exactly: there is no scatter to judge its slope by")
    scale = float(np.sqrt(left / (k - 2)))
    scaled = line._replace(intercept_se=line.intercept_se * scale, slope_se=line.slope_se * scale)
    return _judged(scaled, k, k - 2, vanishing, level)


def _mixed_test(
    yi: Floats, vi: Floats, xi: Floats, method: str, distribution: str, *, vanishing: bool, level: float
) -> FunnelTest:
    if distribution not in ("z", "t"):
        raise OptionError("distribution", distribution, ("z", "t"))
    k = len(yi)
    _enough(k)
    tau2 = tau2_around_line(yi, vi, xi, method)
    line = fit_line(yi, xi, 1 / (vi + tau2))
    return _judged(line, k, k - 2 if distribution == "t" else None, vanishing, level, tau2)


def _judged(
    line: Line, k: int, df: int | None, vanishing: bool, level: float, tau2: float | None = None
) -> FunnelTest:
    statistic = line.slope / line.slope_se
    half = critical(level, df) * line.intercept_se
    return FunnelTest(
        statistic,
        "z" if df is None else "t",
        df,
        float(2 * (ndtr(-abs(statistic)) if df is None else stdtr(df, -abs(statistic)))),
        k,
        line.slope,
        line.slope_se,
        (line.intercept, line.intercept - half, line.intercept + half) if vanishing else None,
        tau2,
    )


def fit_line(yi: Floats, xi: Floats, wi: Floats) -> Line:
    """Weighted least squares of yi on xi, weights wi being 1 / variance."""
    if np.ptp(xi) <= _SAME * np.abs(xi).max():
        raise NotPossible("every study has the same size or precision: there is nothing to regress on")
    total = wi.sum()
    middle = (wi * xi).sum() / total
    apart = xi - middle
    spread = (wi * apart**2).sum()
    slope = (wi * apart * yi).sum() / spread
    intercept = (wi * yi).sum() / total - slope * middle
    return Line(
        float(intercept),
        float(np.sqrt(1 / total + middle**2 / spread)),
        float(slope),
        float(np.sqrt(1 / spread)),
    )


def tau2_around_line(yi: Floats, vi: Floats, xi: Floats, method: str = "reml") -> float:
    """The variance between studies around the line of yi on xi, truncated at 0.

    reml  restricted maximum likelihood, the best of its maxima (Thompson & Sharp 1999, eq. 5)
    dl    the moment estimator from the line's residual Q (ibid., eq. 6)
    none  0
    """
    if method not in ("reml", "dl", "none"):
        raise OptionError("tau2", method, ("reml", "dl", "none"))
    fit_line(yi, xi, 1 / vi)  # refuses what has no line
    if method == "none":
        return 0.0
    centred = (xi - xi.mean()) / np.ptp(xi)
    if method == "dl":
        score, trace = _scores(yi, vi, centred, np.zeros(1), power=1)
        return max(0.0, float((score[0] - (len(yi) - 2)) / trace[0]))
    return _restricted(yi, vi, centred)


def _sums(yi: Floats, vi: Floats, xi: Floats, tau2: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """At each tau2: the weights (T, k), the residuals of the line (T, k), det(X'WX), and X'WX's three sums (3, T)."""
    wi = 1 / (vi + tau2[:, None])
    s0, s1, s2 = (np.asarray((wi * xi**power).sum(-1)) for power in range(3))
    y0, y1 = (wi * yi).sum(-1), (wi * xi * yi).sum(-1)
    determinant = s0 * s2 - s1**2
    slope = (s0 * y1 - s1 * y0) / determinant
    level = (s2 * y0 - s1 * y1) / determinant
    return wi, yi - level[:, None] - slope[:, None] * xi, determinant, np.stack([s0, s1, s2])


def _scores(yi: Floats, vi: Floats, xi: Floats, tau2: Floats, *, power: int) -> tuple[Floats, Floats]:
    """The sum of w^power residual^2, and the trace of P = W - WX(X'WX)^-1 X'W."""
    wi, residual, determinant, (s0, s1, s2) = _sums(yi, vi, xi, tau2)
    t0, t1, t2 = ((wi**2 * xi**p).sum(-1) for p in range(3))
    trace = s0 - (s2 * t0 - 2 * s1 * t1 + s0 * t2) / determinant
    return np.asarray((wi**power * residual**2).sum(-1)), np.asarray(trace)


def _restricted(yi: Floats, vi: Floats, xi: Floats) -> float:
    """The tau2 of the highest restricted likelihood: every maximum that a grid shows, each solved for."""

    def height(tau2: Floats) -> Floats:
        wi, residual, determinant, _ = _sums(yi, vi, xi, tau2)
        q = (wi * residual**2).sum(-1)
        return np.asarray(-0.5 * (-np.log(wi).sum(-1) + np.log(determinant) + q))

    def slope(tau2: Floats) -> Floats:
        pull, trace = _scores(yi, vi, xi, tau2, power=2)
        return pull - trace

    high = 100 * max(float(np.ptp(yi)) ** 2, float(vi.min()) * 1e-9)
    low = min(1e-4 * float(vi.min()), 1e-3 * high)
    grid = np.concatenate([[0.0], np.geomspace(low, high, _GRID)])
    rising = slope(grid) > 0
    crossing = np.flatnonzero(rising[:-1] & ~rising[1:])
    summits = bracketed_root(slope, grid[crossing], grid[crossing + 1]) if len(crossing) else np.zeros(0)
    candidates = np.concatenate([[0.0], summits])
    return float(candidates[height(candidates).argmax()])


def _enough(k: int) -> None:
    if k < LEAST:
        raise NotPossible(f"{k} of the studies can take part; a test of asymmetry needs at least {LEAST}")

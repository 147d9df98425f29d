"""Scores of which papers print only medians, ranges and quartiles: pooled medians, and pooled means estimated from them.

    median-of-medians  the median of the studies' medians, by the sign test (McGrath et al. 2019, Stat Med 38:969-984)
    weighted-median    the same weighted by patients
    quantile           a distribution is fitted to each study's quantiles, which gives its median's standard error;
                       pooled by inverse variance (McGrath et al. 2019; 2020, Biom J 62:69-98)
    luo                means by Luo et al. 2018 (Stat Methods Med Res 27:1785-1805), standard deviations by Wan et al.
                       2014 (BMC Med Res Methodol 14:135), from five numbers by Shi et al. 2020 (Res Synth Methods
                       11:641-654): for data that are normal
    wan                both by Wan et al. 2014
    quantile-mean      mean and standard deviation of the distribution fitted as in `quantile`
    box-cox            Luo and Wan after a Box-Cox transformation (both: McGrath et al. 2020, Stat Methods Med Res
                       29:2520-2537): for data above 0

Inverse-variance pools have tau2 by REML and the Hartung-Knapp-Sidik-Jonkman interval with its floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from math import exp, inf, log, nan, pi, sqrt
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaincinv, gammaln, ndtri

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2
from evidence.synthesis.inverse_variance.models import fit_inverse_variance
from evidence.synthesis.proportions import check_level
from evidence.synthesis.results import Floats, Interval


class Summary(NamedTuple):
    """What a paper prints of a score: the patients, and some of these; None where it does not say."""

    n: int
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: float | None = None

    @property
    def known(self) -> str:
        """`five numbers`, `quartiles`, `range`, `mean and SD`, or nothing."""
        if self.median is not None:
            quartiles = self.q1 is not None and self.q3 is not None
            extremes = self.low is not None and self.high is not None
            if quartiles or extremes:
                return "five numbers" if quartiles and extremes else "quartiles" if quartiles else "range"
        return "mean and SD" if self.mean is not None and self.sd is not None else ""

    @property
    def centre(self) -> float | None:
        """The median; the mean where there is none."""
        return self.mean if self.median is None else self.median


class Estimated(NamedTuple):
    """A study's value as pooled, with its standard error (None where none is used) and how it was had."""

    value: float
    se: float | None
    how: str


class PooledScore(NamedTuple):
    """A pooled median or mean: `target` says which. `tau2` is None where none is estimated; the interval's `level`
    is what it attains."""

    method: str
    target: str
    pooled: Interval
    tau2: float | None
    studies: tuple[Estimated, ...]


class Skewness(NamedTuple):
    """Shi et al. 2023 (Stat Methods Med Res 32:1338-1360): skewed at 5 % where the statistic exceeds `critical`."""

    statistic: float
    critical: float

    @property
    def skewed(self) -> bool:
        return self.statistic > self.critical


# ---- one study -----------------------------------------------------------------------------------


def check(summary: Summary) -> None:
    """Raise OptionError for numbers that no patients can have: out of order, not finite, a negative SD."""
    if summary.n < 1:
        raise OptionError("n", summary.n, "1 patient or more")
    numbers = summary[1:]
    if any(value is not None and not abs(value) < inf for value in numbers):
        raise OptionError("summary", tuple(numbers), "finite numbers, or None where the paper does not say")
    line = [
        value
        for value in (summary.low, summary.q1, summary.median, summary.q3, summary.high)
        if value is not None
    ]
    if line != sorted(line):
        raise OptionError(
            "summary", tuple(line), "minimum, first quartile, median, third quartile, maximum in order"
        )
    if summary.sd is not None and summary.sd < 0:
        raise OptionError("sd", summary.sd, "0 or more")


def skewness(summary: Summary) -> Skewness | None:
    """The test for skewness from a printed summary; None without a spread, or for fewer than five patients."""
    n, kind = summary.n, summary.known
    if n < 5 or kind not in ("range", "quartiles", "five numbers"):
        return None
    median, low, high, q1, q3 = (
        value or 0.0 for value in (summary.median, summary.low, summary.high, summary.q1, summary.q3)
    )
    outer = abs(low + high - 2 * median) / (high - low) if high > low else 0.0
    inner = abs(q1 + q3 - 2 * median) / (q3 - q1) if q3 > q1 else 0.0
    if kind == "range":
        return Skewness(outer, 1 / log(n + 9) + 2.5 / (n + 1))
    if kind == "quartiles":
        return Skewness(inner, 2.65 / sqrt(n) - 6 / n**2)
    return Skewness(max(2.65 * log(0.6 * n) / sqrt(n) * outer, inner), 3 / sqrt(n) - 40 / n**3)


def luo_mean(summary: Summary) -> float:
    """Luo et al. 2018, eqs. 7, 11 and 15: weights of mid-range and mid-quartiles that are best for normal data."""
    n, m, low, q1, q3, high = _five(summary)
    if summary.known == "range":
        w = 4 / (4 + math.pow(n, 0.75))
        return w * (low + high) / 2 + (1 - w) * m
    if summary.known == "quartiles":
        w = 0.7 + 0.39 / n
        return w * (q1 + q3) / 2 + (1 - w) * m
    outer, inner = 2.2 / (2.2 + math.pow(n, 0.75)), 0.7 - 0.72 / math.pow(n, 0.55)
    return outer * (low + high) / 2 + inner * (q1 + q3) / 2 + (1 - outer - inner) * m


def wan_mean(summary: Summary) -> float:
    """Wan et al. 2014: the average of the numbers printed, each weighing as much of the sample as it bounds."""
    _, m, low, q1, q3, high = _five(summary)
    if summary.known == "range":
        return (low + 2 * m + high) / 4
    if summary.known == "quartiles":
        return (q1 + m + q3) / 3
    return (low + 2 * q1 + 2 * m + 2 * q3 + high) / 8


def wan_sd(summary: Summary) -> float:
    """Wan et al. 2014, eqs. 9, 13 and 16: spread over what a normal sample of n would have."""
    n, _, low, q1, q3, high = _five(summary)
    outer, inner = _expected(n)
    if summary.known == "range":
        return (high - low) / outer
    if summary.known == "quartiles":
        return (q3 - q1) / inner
    return ((high - low) / outer + (q3 - q1) / inner) / 2


def shi_sd(summary: Summary) -> float:
    """Shi et al. 2020: range and quartiles weighted by what each tells at n; Wan's where only one is known."""
    if summary.known != "five numbers":
        return wan_sd(summary)
    n, _, low, q1, q3, high = _five(summary)
    outer, inner = _expected(n)
    w = 1 / (1 + 0.07 * math.pow(n, 0.6))
    return w * (high - low) / outer + (1 - w) * (q3 - q1) / inner


def _five(summary: Summary) -> tuple[float, float, float, float, float, float]:
    """n, median, minimum, quartiles, maximum; nan for what is not known."""
    n, m, q1, q3, low, high = (nan if value is None else float(value) for value in summary[:6])
    return n, m, low, q1, q3, high


def _expected(n: float) -> tuple[float, float]:
    """The expected range and interquartile range of n standard normal values, by Blom's approximation."""
    return 2 * float(ndtri((n - 0.375) / (n + 0.25))), 2 * float(ndtri((0.75 * n - 0.125) / (n + 0.25)))


# ---- distributions fitted to quantiles -----------------------------------------------------------


class Family(NamedTuple):
    """A distribution of two parameters: quantiles, density, mean and SD, and parameters to start a search from.

    Parameters are unbounded: what must be above 0 enters as its logarithm. `positive` is for data of 0 and above.
    """

    quantile: Callable[[Floats, Floats], Floats]
    density: Callable[[Floats, float], float]
    moments: Callable[[Floats], tuple[float, float]]
    start: Callable[[float, float], tuple[float, float]]
    positive: bool


def _weibull_moments(theta: Floats) -> tuple[float, float]:
    shape, scale = exp(theta[0]), exp(theta[1])
    first, second = (exp(float(gammaln(1 + j / shape))) for j in (1, 2))
    return scale * first, scale * sqrt(max(second - first**2, 0.0))


def _gamma_density(theta: Floats, x: float) -> float:
    shape, rate = exp(theta[0]), exp(theta[1])
    return exp(shape * log(rate) + (shape - 1) * log(x) - rate * x - float(gammaln(shape)))


def _weibull_density(theta: Floats, x: float) -> float:
    shape, scale = exp(theta[0]), exp(theta[1])
    part = float((x / scale) ** shape)
    return shape * part / x * exp(-part)


def _normal_density(z: float) -> float:
    return exp(-z * z / 2) / sqrt(2 * pi)


FAMILIES: Mapping[str, Family] = {
    "normal": Family(
        lambda p, t: t[0] + np.exp(t[1]) * ndtri(p),
        lambda t, x: _normal_density((x - t[0]) / exp(t[1])) / exp(t[1]),
        lambda t: (float(t[0]), exp(t[1])),
        lambda centre, spread: (centre, log(spread)),
        False,
    ),
    "log-normal": Family(
        lambda p, t: np.exp(t[0] + np.exp(t[1]) * ndtri(p)),
        lambda t, x: _normal_density((log(x) - t[0]) / exp(t[1])) / (x * exp(t[1])),
        lambda t: (
            exp(t[0] + exp(2 * t[1]) / 2),
            exp(t[0] + exp(2 * t[1]) / 2) * sqrt(float(np.expm1(exp(2 * t[1])))),
        ),
        lambda centre, spread: (log(centre), log(min(max(spread / centre, 0.05), 2.0))),
        True,
    ),
    "gamma": Family(
        lambda p, t: gammaincinv(np.exp(t[0]), p) / np.exp(t[1]),
        _gamma_density,
        lambda t: (exp(t[0] - t[1]), exp(t[0] / 2 - t[1])),
        lambda centre, spread: (log((centre / spread) ** 2 + 0.1), log(centre / spread**2 + 0.1 / centre)),
        True,
    ),
    "Weibull": Family(
        lambda p, t: np.exp(t[1]) * (-np.log1p(-p)) ** np.exp(-t[0]),
        _weibull_density,
        _weibull_moments,
        lambda centre, spread: (log(max(centre / spread, 0.3)), log(centre)),
        True,
    ),
}  # fmt: skip


class Fitted(NamedTuple):
    """The family whose quantiles are nearest the printed ones, by least squares; `distance` the sum of squares."""

    family: str
    theta: Floats
    distance: float

    def mean_sd(self) -> tuple[float, float]:
        """Mean and standard deviation of the fitted distribution."""
        return FAMILIES[self.family].moments(self.theta)

    def median_se(self, n: int) -> float:
        """A median's large-sample standard error, 1 / (2 f(m) sqrt(n)), with m the fitted distribution's own median."""
        family = FAMILIES[self.family]
        median = float(family.quantile(np.array([0.5]), self.theta)[0])
        return 1 / (2 * family.density(self.theta, median) * sqrt(n))


def fit_quantiles(summary: Summary) -> Fitted:
    """Normal, log-normal, gamma and Weibull fitted to a study's quantiles (only the normal to negative ones).

    The smallest and largest of n stand for the quantiles 1/n and 1 - 1/n. Raises NotPossible without a spread, and
    for fewer than three patients whose range is all there is.
    """
    from scipy.optimize import least_squares

    n, m, low, q1, q3, high = _five(summary)
    chances = {
        "range": ([1 / n, 0.5, 1 - 1 / n], [low, m, high]),
        "quartiles": ([0.25, 0.5, 0.75], [q1, m, q3]),
        "five numbers": ([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n], [low, q1, m, q3, high]),
    }.get(summary.known)
    if chances is None or (n < 3 and summary.known != "quartiles"):
        raise NotPossible("there is no spread to fit a distribution to")
    p, values = (np.array(part, dtype=float) for part in chances)
    inside = (p > 0.25, p < 0.75)
    half = float(values[inside[1] & (p < 0.5)].max()), float(values[inside[0] & (p > 0.5)].min())
    spread = (half[1] - half[0]) / 2
    if not spread > 0:
        raise NotPossible("its quantiles are all the same: no distribution can be fitted")
    found = []
    for name, family in FAMILIES.items():
        if family.positive and (values.min() < 0 or m <= 0):
            continue

        def off(theta: Floats, family: Family = family) -> Floats:
            with np.errstate(over="ignore"):
                return np.asarray(np.clip(np.nan_to_num(family.quantile(p, theta)), -1e15, 1e15) - values)

        fit = least_squares(off, family.start(m, spread), xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=500)
        found.append(Fitted(name, np.asarray(fit.x), float(2 * fit.cost)))
    return min(found, key=lambda each: each.distance)


def box_cox_mean_sd(summary: Summary) -> tuple[float, float]:
    """Luo's mean and Wan's SD where a power makes the quantiles symmetric, taken back by integration.

    The power is kept from 0 (the logarithm) to 3. Raises NotPossible unless all quantiles are above 0.
    """
    from scipy.optimize import minimize_scalar

    places = [
        (name, value)
        for name, value in summary._asdict().items()
        if name in ("low", "q1", "median", "q3", "high") and value is not None
    ]
    if not summary.known or summary.median is None or min(value for _, value in places) <= 0:
        raise NotPossible("a Box-Cox transformation needs a spread, and values above 0")

    def moved(power: float) -> Summary:
        changed: dict[str, Any] = {
            name: log(value) if power < 1e-8 else (value**power - 1) / power for name, value in places
        }
        return summary._replace(**changed)

    def skew(power: float) -> float:
        _, m, low, q1, q3, high = _five(moved(power))
        sides = [pair for pair in ((m - low, high - m), (m - q1, q3 - m)) if pair[0] == pair[0]]
        return sum(((up - down) / (up + down)) ** 2 for down, up in sides if up + down > 0)

    grid = np.linspace(0, 3, 31)
    best = int(np.argmin([skew(float(power)) for power in grid]))
    bounds = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 30)]))
    power = float(minimize_scalar(skew, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x)
    power = 0.0 if skew(0.0) <= skew(power) else power
    there = moved(power)
    centre, spread = luo_mean(there), wan_sd(there)
    if power < 1e-8:
        mean = exp(centre + spread**2 / 2)
        return mean, mean * sqrt(float(np.expm1(spread**2)))
    # Below -1/power the transformation has no values: cut there, and as far above.
    reach = min(centre + 1 / power, 12 * spread)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    z = nodes * reach / spread
    density = np.exp(-z * z / 2) * weights
    density /= density.sum()
    values = np.maximum((centre + z * spread) * power + 1, 0.0) ** (1 / power)
    mean = float(density @ values)
    return mean, sqrt(float(density @ (values - mean) ** 2))


# ---- pools ---------------------------------------------------------------------------------------


def _by_quantiles(summary: Summary) -> Estimated:
    if summary.median is None or not summary.known:
        return _printed_mean(summary)
    fitted = fit_quantiles(summary)
    se = fitted.median_se(summary.n)
    return Estimated(
        summary.median, se, f"median; its standard error from a fitted {fitted.family} distribution"
    )


def _printed_mean(summary: Summary) -> Estimated:
    """A printed mean with its SD: used as it is."""
    if summary.mean is None or summary.sd is None:
        raise NotPossible("there is no spread: neither range nor quartiles, nor a mean with its SD")
    return Estimated(summary.mean, summary.sd / sqrt(summary.n), "mean and SD as printed")


def _estimated_mean(
    pair: Callable[[Summary], tuple[float, float]], how: str
) -> Callable[[Summary], Estimated]:
    def estimate(summary: Summary) -> Estimated:
        if summary.mean is not None and summary.sd is not None:
            return _printed_mean(summary)
        if not summary.known:
            return _printed_mean(summary)  # which says what is missing
        mean, sd = pair(summary)
        return Estimated(mean, sd / sqrt(summary.n), f"{how} from {summary.known}")

    return estimate


ESTIMATES: Mapping[str, tuple[str, Callable[[Summary], Estimated]]] = {
    "quantile": ("median", _by_quantiles),
    "luo": ("mean", _estimated_mean(lambda s: (luo_mean(s), shi_sd(s)), "mean by Luo, SD by Wan and Shi,")),
    "wan": ("mean", _estimated_mean(lambda s: (wan_mean(s), wan_sd(s)), "mean and SD by Wan")),
    "quantile-mean": ("mean", _estimated_mean(lambda s: fit_quantiles(s).mean_sd(), "mean and SD of a fitted distribution,")),
    "box-cox": ("mean", _estimated_mean(box_cox_mean_sd, "mean and SD by Box-Cox")),
}  # fmt: skip
METHODS = ("weighted-median", "median-of-medians", *ESTIMATES)


def pool_medians(
    summaries: Sequence[Summary], *, method: str = "weighted-median", level: float = 0.95
) -> PooledScore:
    """Pool printed medians (or means) of two studies or more, by one of METHODS.

    Raises OptionError for an unknown method and numbers that cannot be, NotPossible for fewer than two studies and
    where a study lacks what the method needs (`studies` in order: the message says which by its number).
    """
    if method not in METHODS:
        raise OptionError("method", method, METHODS)
    check_level(level)
    for summary in summaries:
        check(summary)
    if len(summaries) < 2:
        raise NotPossible(f"{len(summaries)} studies are not pooled: at least two are needed")
    if method not in ESTIMATES:
        return _of_medians(summaries, method, level)
    target, estimate = ESTIMATES[method]
    found = []
    for number, summary in enumerate(summaries, 1):
        try:
            each = estimate(summary)
        except NotPossible as error:
            raise NotPossible(f"study {number} cannot be pooled by {method}: {error}") from None
        if not (each.se and each.se < inf):
            raise NotPossible(f"study {number} cannot be pooled by {method}: its standard error is 0")
        found.append(each)
    yi = np.array([[each.value for each in found]])
    vi = np.array([[each.se or 0.0 for each in found]]) ** 2
    tau2 = estimate_tau2(yi, vi, "reml")
    fit = fit_inverse_variance(yi, vi, tau2, ci="hksj", level=level)
    limits = Interval(float(fit.estimate[0]), float(fit.low[0]), float(fit.high[0]), level)
    return PooledScore(method, target, limits, float(tau2[0]), tuple(found))


def _of_medians(summaries: Sequence[Summary], method: str, level: float) -> PooledScore:
    values = []
    for number, summary in enumerate(summaries, 1):
        if summary.centre is None:
            raise NotPossible(f"study {number} has neither a median nor a mean")
        values.append(summary.centre)
    weights = [summary.n if method == "weighted-median" else 1 for summary in summaries]
    pooled = weighted_median(values, weights, level=level)
    printed = (
        Estimated(value, None, "median as printed" if summary.median is not None else "mean as printed")
        for value, summary in zip(values, summaries, strict=True)
    )
    return PooledScore(method, "median", pooled, None, tuple(printed))


def weighted_median(values: Sequence[float], weights: Sequence[int], *, level: float = 0.95) -> Interval:
    """The weighted median and its interval by the weighted sign test, exact, between two of the values.

    Were the median at a point, each value would lie above it by a coin's toss: the weight below has the distribution
    of all 2^k. The `level` of the result is the confidence attained; less than asked for where k is too small, when
    the limits are the smallest and the largest value. Equal weights give the plain median and sign test.
    """
    order = np.argsort(np.asarray(values, dtype=float), kind="stable")
    y, w = np.asarray(values, dtype=float)[order], np.asarray(weights, dtype=np.intp)[order]
    total, sums = int(w.sum()), np.cumsum(w)
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    for weight in w.tolist():
        moved = chance / 2
        moved[weight:] += chance[: total + 1 - weight] / 2
        chance = moved
    upto = np.minimum(np.cumsum(chance), 1.0)
    # Below the j-th value lie j values: their weight is as small by chance alone in `upto` of samples.
    lower_tail = upto[np.concatenate([[0], sums[:-1]])]
    upper_tail = upto[total - sums]
    allowed = (1 - level) / 2 * (1 + 1e-9)
    low = int(np.flatnonzero(lower_tail <= allowed)[-1]) if (lower_tail <= allowed).any() else 0
    high = int(np.flatnonzero(upper_tail <= allowed)[0]) if (upper_tail <= allowed).any() else y.size - 1
    half = np.searchsorted(sums, total / 2)
    middle = float(y[half])
    if sums[half] * 2 == total:
        middle = float(y[half] / 2 + y[half + 1] / 2)
    attained = float(1 - lower_tail[low] - upper_tail[high])
    return Interval(middle, float(y[low]), float(y[high]), max(attained, 0.0))

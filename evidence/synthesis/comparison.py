"""Two proportions beside each other: difference, ratio, odds ratio, test.

The first group is the one of interest; every difference is first minus second,
every ratio first over second. Counts are whole numbers, 0 <= events <= n and
n >= 1; every function raises OptionError where they are not, or where the level
is not a fraction between 0 and 1. A value that is not a finite number is None,
never infinity, and `compare_proportions` says in words why.

One comparison is worked in plain floats: a numpy step on a single number costs
fifty times its arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.proportions import binomial_tail, check_level, proportion_interval
from evidence.synthesis.results import Comparison, Floats, Interval

Bools: TypeAlias = npt.NDArray[np.bool_]

_TIE = 1e-7
"""Tables whose probabilities agree within this fraction count as equally likely, as in R's fisher.test."""

_MOST_PATIENTS = 2000
"""Boschloo's and Barnard's tests visit every pair of counts: a million pairs take a second or two."""


def compare_proportions(
    events1: float,
    n1: float,
    events2: float,
    n2: float,
    *,
    test: str = "fisher",
    difference: str = "newcombe",
    level: float = 0.95,
) -> Comparison:
    """Difference, ratio and odds ratio of two independent proportions, and one test of their equality.

    events1, n1  responders and patients of the group of interest: whole numbers, 0 <= events1 <= n1, n1 from 1
    events2, n2  those of the group it is compared with
    test         fisher; boschloo or barnard, unconditional and more powerful, up to 2000 patients. All are two-sided
    difference   interval of the difference: newcombe [newcombe1998] or miettinen-nurminen [miettinen1985]
    level        of every interval, 0 to 1

    The ratio's interval is Koopman's [koopman1984], the odds ratio exact and conditional [cornfield1956]. Where no
    finite value exists the interval's estimate or limit, or the whole interval, is None and a note says why.

    Raises OptionError for counts that are not counts and an option outside these, NotPossible for boschloo and barnard
    with more patients.
    """
    if difference not in DIFFERENCES:
        raise OptionError("difference", difference, DIFFERENCES)
    if test not in TESTS:
        raise OptionError("test", test, TESTS)
    table = _checked(events1, n1, events2, n2, level)
    ratio, odds_ratio = koopman_ratio(*table, level=level), conditional_odds_ratio(*table, level=level)
    return Comparison(
        difference=DIFFERENCES[difference](*table, level=level),
        difference_method=difference,
        ratio=ratio,
        ratio_method=None if ratio is None else "koopman",
        odds_ratio=odds_ratio,
        odds_ratio_method=None if odds_ratio is None else "conditional",
        test=test,
        pvalue=TESTS[test](*table),
        notes=tuple(_notes(*table, ratio, odds_ratio)),
    )


def _notes(
    x1: float, n1: float, x2: float, n2: float, ratio: Interval | None, odds_ratio: Interval | None
) -> list[str]:
    """Why a ratio or odds ratio is missing or not finite, in words."""
    notes = []
    if ratio is None:
        notes.append("no ratio: nobody responded in either group")
    elif ratio.estimate is None:
        notes.append(f"no finite ratio: nobody in the second group responded; at least {ratio.low:.3g}")
    if odds_ratio is None:
        who = "nobody" if x1 == 0 else "everybody"
        notes.append(f"no odds ratio: {who} responded in both groups")
    elif odds_ratio.estimate is None:
        whole = "every patient in the first group" if x1 == n1 else "nobody in the second group"
        notes.append(f"no finite odds ratio: {whole} responded; at least {odds_ratio.low:.3g}")
    return notes


# --- counts and roots ---------------------------------------------------------


def _checked(
    events1: float, n1: float, events2: float, n2: float, level: float = 0.95
) -> tuple[float, float, float, float]:
    """The four counts as floats; OptionError where one is no count, or the level no level."""
    check_level(level)
    return (*_checked_group("1", events1, n1), *_checked_group("2", events2, n2))


def _checked_group(which: str, events: float, n: float) -> tuple[float, float]:
    if not (1 <= n < math.inf and n == math.floor(n)):
        raise OptionError(f"n{which}", n, "a whole number of patients, 1 or more")
    if not (0 <= events <= n and events == math.floor(events)):
        raise OptionError(f"events{which}", events, f"a whole number from 0 to n{which} = {n}")
    return float(events), float(n)


def _normal_quantile(level: float) -> float:
    """The z that leaves (1 - level) / 2 above it."""
    return -float(ndtri((1 - level) / 2))


def _root(function: Callable[[float], float], low: float, high: float, *, tolerance: float = 0.0) -> float:
    """Where a decreasing function passes 0 between low and high; the nearer end if it does not.

    Chandrupatla, Adv Eng Softw 1997;28:145-149, for one root; `tolerance` is added to
    the relative precision of a float.
    """
    a, b = high, low
    fa, fb = function(a), function(b)
    if fb <= 0:
        return low
    if fa >= 0:
        return high
    c, fc, step = a, fa, 0.5
    for _ in range(200):
        x = a + step * (b - a)
        fx = function(x)
        if (fx > 0) == (fa > 0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        width, precision = abs(b - a), 4e-16 * abs(a) + tolerance
        if fa == 0 or width <= 2 * precision:
            break
        step = 0.5
        if fc not in (fa, fb):
            xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
            if phi**2 < xi and (1 - phi) ** 2 < 1 - xi:  # else interpolation is not to be trusted
                step = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        least = precision / width
        step = min(max(step, least), 1 - least)
    return a if abs(fa) <= abs(fb) else b


def _log_root(function: Callable[[float], float], guess: float, stride: float) -> float:
    """Where a function decreasing from above 0 to below 0 over the whole line passes 0."""
    low = high = guess
    up = down = max(stride, 1e-3)
    while function(low) <= 0:
        low, down = low - down, 2 * down
    while function(high) >= 0:
        high, up = high + up, 2 * up
    return _root(function, low, high, tolerance=1e-16)


# --- difference ---------------------------------------------------------------


def newcombe_difference(
    events1: float, n1: float, events2: float, n2: float, *, level: float = 0.95
) -> Interval:
    """The difference of two proportions with Newcombe's hybrid score interval.

    Newcombe, Stat Med 1998;17:873-890, method 10: the two Wilson intervals, joined by
    `mover_difference`.
    """
    x1, n1, x2, n2 = _checked(events1, n1, events2, n2, level)
    return mover_difference(
        proportion_interval(x1, n1, method="wilson", level=level),
        proportion_interval(x2, n2, method="wilson", level=level),
    )


def mover_difference(first: Interval, second: Interval) -> Interval:
    """First minus second, from any two independent intervals that contain their estimates.

    Square-and-add, "method of variance estimates recovery": Zou and Donner, Stat Med
    2008;27:1693-1702, equation 3. Limits may touch 0 or 1, where a difference of logits
    would be infinite. It pairs whatever it is given: a pool's own interval with, for a
    trial arm, the arm's Wilson interval (as in Newcombe's method 10) or its exact one,
    which is wider. Fields are floats or arrays of one shape. Raises OptionError
    where the levels differ.
    """
    if first.level != second.level:
        raise OptionError("level of the second interval", second.level, f"that of the first, {first.level}")
    estimate = first.estimate - second.estimate
    low = estimate - np.hypot(first.estimate - first.low, second.high - second.estimate)
    high = estimate + np.hypot(first.high - first.estimate, second.estimate - second.low)
    if np.ndim(estimate) == 0:
        estimate, low, high = float(estimate), float(low), float(high)
    return Interval(estimate, low, high, first.level)


def miettinen_nurminen_difference(
    events1: float, n1: float, events2: float, n2: float, *, level: float = 0.95
) -> Interval:
    """The difference of two proportions with Miettinen and Nurminen's score interval.

    Stat Med 1985;4:213-226, equations 6 to 9: the differences that the score test does not
    reject, variance estimated under each difference and enlarged by N / (N - 1).
    """
    x1, n1, x2, n2 = _checked(events1, n1, events2, n2, level)
    z = _normal_quantile(level)
    estimate = x1 / n1 - x2 / n2
    high = _miettinen_nurminen_upper(x1, n1, x2, n2, z)
    return Interval(estimate, -_miettinen_nurminen_upper(x2, n2, x1, n1, z), high, level)


def _miettinen_nurminen_upper(x1: float, n1: float, x2: float, n2: float, z: float) -> float:
    """The upper limit; the lower one is that of the groups swapped, negated."""
    inflate = (n1 + n2) / (n1 + n2 - 1)
    estimate = x1 / n1 - x2 / n2

    def score(difference: float) -> float:
        p2 = _restricted_proportion(x1, n1, x2, n2, difference)
        p1 = min(max(p2 + difference, 0.0), 1.0)
        variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * inflate
        return z + _standardised(estimate - difference, variance)

    return _root(score, estimate, 1.0)


def _restricted_proportion(x1: float, n1: float, x2: float, n2: float, difference: float) -> float:
    """The second proportion's maximum likelihood estimate given the difference.

    Root of the score of p2 with p1 = p2 + difference, which decreases. Miettinen and
    Nurminen's closed form for the same root loses half its digits where roots of
    their cubic are close.
    """

    def score(p2: float) -> float:
        p1 = p2 + difference
        return _per(x1, p1) - _per(n1 - x1, 1 - p1) + _per(x2, p2) - _per(n2 - x2, 1 - p2)

    return _root(score, max(0.0, -difference), min(1.0, 1 - difference))


def _per(count: float, p: float) -> float:
    """count / p, a count of none weighing nothing wherever p is."""
    if count == 0:
        return 0.0
    return count / p if p > 0 else math.inf


def _standardised(gap: float, variance: float) -> float:
    """gap / sqrt(variance), for a gap of 0 or below, with 0 / 0 = 0."""
    if gap == 0:
        return 0.0
    return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)


# --- ratio --------------------------------------------------------------------


def koopman_ratio(
    events1: float, n1: float, events2: float, n2: float, *, level: float = 0.95
) -> Interval | None:
    """The ratio of two proportions with Koopman's score interval.

    Biometrics 1984;40:513-517. With nobody responding in the second group only the lower
    limit is finite; with nobody in either there is no ratio, and None is returned.
    """
    x1, n1, x2, n2 = _checked(events1, n1, events2, n2, level)
    if x1 == x2 == 0:
        return None
    z = _normal_quantile(level)
    low = 0.0 if x1 == 0 else 1 / _koopman_upper(x2, n2, x1, n1, z)
    if x2 == 0:
        return Interval(None, low, None, level)
    return Interval((x1 / n1) / (x2 / n2), low, _koopman_upper(x1, n1, x2, n2, z), level)


def _koopman_upper(x1: float, n1: float, x2: float, n2: float, z: float) -> float:
    """The upper limit, x2 > 0; the lower one is the reciprocal of that of the groups swapped.

    Koopman's chi-square is the square of this score statistic, whose variance is taken
    at the proportions most likely given the ratio. p2 is the smaller root of
    (n1 + n2) ratio p^2 - (a + b) p + x1 + x2 with a = ratio (n1 + x2), b = n2 + x1. It, 1 - p1
    and 1 - p2 are written in terms that are never the difference of near equals, so
    that a million patients of whom all but one responded keep their digits.
    """
    total, y1, y2 = x1 + x2, n1 - x1, n2 - x2

    def score(log_ratio: float) -> float:
        ratio, excess = math.exp(log_ratio), math.expm1(log_ratio)
        gap = ((x1 * n2 - x2 * n1) - excess * x2 * n1) / (n1 * n2)
        a_less_b = excess * total + ratio * y1 - y2
        root = math.hypot(a_less_b, 2 * math.sqrt(ratio * y1 * y2))  # of the discriminant
        above = root + a_less_b if a_less_b > 0 else _ratio(4 * ratio * y1 * y2, root - a_less_b)
        below = root - a_less_b if a_less_b < 0 else _ratio(4 * ratio * y1 * y2, root + a_less_b)
        whole = ratio * (n1 + x2) + n2 + x1 + root
        p1, q1, q2 = 2 * ratio * total / whole, (2 * ratio * y1 + below) / whole, (2 * y2 + above) / whole
        return z + _standardised(gap, p1 * q1 / n1 + ratio * p1 * q2 / n2)

    guess = math.log((x1 + 0.5) / n1 / (x2 / n2))
    return math.exp(_log_root(score, guess, math.sqrt(1 / (x1 + 0.5) + 1 / x2)))


def _ratio(over: float, under: float) -> float:
    """over / under, with 0 / 0 = 0."""
    return over / under if over else 0.0


# --- odds ratio and Fisher's test: the hypergeometric distribution -------------


def conditional_odds_ratio(
    events1: float, n1: float, events2: float, n2: float, *, level: float = 0.95
) -> Interval | None:
    """The conditional maximum likelihood odds ratio with its exact interval, as R's fisher.test.

    Cornfield, Proc Third Berkeley Symp 1956;4:135-148: given all margins, events1 has
    Fisher's noncentral hypergeometric distribution; each limit leaves (1 - level) / 2 in
    its tail. Estimate and upper limit are None where events1 is as large as the
    margins allow; None is returned where they allow one table only (everybody
    or nobody responded).
    """
    x1, n1, x2, n2 = _checked(events1, n1, events2, n2, level)
    total = x1 + x2
    least, most = max(0.0, total - n2), min(n1, total)
    if least == most:
        return None
    tail = (1 - level) / 2
    cells = (x1 + 0.5, n1 - x1 + 0.5, x2 + 0.5, n2 - x2 + 0.5)
    guess, stride = math.log(cells[0] / cells[1] * cells[3] / cells[2]), math.sqrt(sum(1 / c for c in cells))
    offsets, log_weights = _hypergeometric(x1, n1, n2, total, stride**-2)

    def solve(statistic: Callable[[Floats], Any], sign: float = 1.0) -> float:
        """The odds ratio at which a statistic of the weights, decreasing in sign * log(odds ratio), is 0."""

        def at(log_odds_ratio: float) -> float:
            return float(statistic(_exponentials(log_weights + sign * log_odds_ratio * offsets)))

        return math.exp(sign * _log_root(at, sign * guess, stride))

    here = int(np.argmin(np.abs(offsets)))
    low = 0.0 if x1 == least else solve(lambda w: w[here:].sum() / w.sum() - tail, -1.0)
    if x1 == most:
        return Interval(None, low, None, level)
    high = solve(lambda w: w[: here + 1].sum() / w.sum() - tail)
    estimate = 0.0 if x1 == least else solve(lambda w: -(offsets @ w) / w.sum())
    return Interval(estimate, low, high, level)


def fisher_pvalue(events1: float, n1: float, events2: float, n2: float) -> float:
    """Fisher's exact test of equal proportions, two-sided.

    Fisher, Statistical Methods for Research Workers, section 21.02: the total probability
    of the tables with the same margins that are no likelier than the one seen. 0.0
    where it is below the smallest float.
    """
    x1, n1, x2, n2 = _checked(events1, n1, events2, n2)
    total, size = x1 + x2, n1 + n2
    mode = math.floor((n1 + 1) * (total + 1) / (size + 2))
    variance = n1 * n2 * (total / size) * (1 - total / size) / max(size - 1, 1)
    offsets, log_weights = _hypergeometric(mode, n1, n2, total, variance)
    here = int(x1 - mode - offsets[0])
    if not 0 <= here < len(offsets):
        return 0.0
    weights = _exponentials(log_weights)
    return min(float(weights[weights <= weights[here] * (1 + _TIE)].sum() / weights.sum()), 1.0)


def _hypergeometric(
    centre: float, n1: float, n2: float, total: float, variance: float
) -> tuple[Floats, Floats]:
    """Counts of responders in the first group about `centre`, and their log weights given the margins.

    Returns offsets (count - centre) and log weights relative to the first. Where the
    support is wide it is cut 50 standard deviations, and never less than 300 counts, from
    the centre: what lies beyond is less than the smallest float. Weights are chained from
    their ratios, as log-factorials of large n have no digits left for them.
    """
    reach = math.ceil(300 + 50 * math.sqrt(variance))
    first = max(0.0, total - n2, centre - reach)
    last = min(n1, total, centre + reach)
    counts = np.arange(first, last + 1)
    k = counts[:-1]
    ratios = ((n1 - k) / (k + 1)) * ((total - k) / (n2 - total + k + 1))
    return counts - centre, np.concatenate(([0.0], np.cumsum(np.log(ratios))))


def _exponentials(logs: Floats) -> Floats:
    """exp(logs), scaled so that the largest is 1 and none underflows."""
    weights: Floats = np.exp(np.maximum(logs - logs.max(), -700.0))
    return weights


# --- unconditional tests --------------------------------------------------------


def boschloo_pvalue(events1: float, n1: float, events2: float, n2: float) -> float:
    """Boschloo's exact unconditional test of equal proportions, two-sided: Stat Neerl 1970;24:1-35.

    Fisher's one-sided p orders the tables; the p-value is the largest probability, over
    the common proportion, of a table at least as extreme. Two-sided is twice the smaller
    side. Raises NotPossible beyond 2000 patients.
    """
    x1, n1, x2, n2 = _checked_unconditional(events1, n1, events2, n2)
    sides = (side <= side[int(x1), int(x2)] * (1 + _TIE) for side in _fisher_sides(int(n1), int(n2)))
    return min(2 * min(_largest_probability(region) for region in sides), 1.0)


def barnard_pvalue(events1: float, n1: float, events2: float, n2: float) -> float:
    """Barnard's exact unconditional test of equal proportions, two-sided: Biometrika 1947;34:123-138.

    The pooled score statistic (Suissa and Shuster, J R Stat Soc A 1985;148:317-327) orders
    the tables. Tables that tie with the one seen count, as its mirror image does:
    scipy's barnard_exact compares without a tolerance, and where rounding then drops
    the mirror image its p is too small. Raises NotPossible beyond 2000 patients.
    """
    x1, n1, x2, n2 = _checked_unconditional(events1, n1, events2, n2)
    one, two = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)
    total = one + two
    spread = total * (n1 + n2 - total)
    squared = (one * n2 - two * n1) ** 2 / np.where(spread > 0, spread, 1)
    return min(_largest_probability(squared >= squared[int(x1), int(x2)] * (1 - _TIE)), 1.0)


def _checked_unconditional(
    events1: float, n1: float, events2: float, n2: float
) -> tuple[float, float, float, float]:
    table = _checked(events1, n1, events2, n2)
    if table[1] + table[3] > _MOST_PATIENTS:
        raise NotPossible(
            f"{table[1] + table[3]:.0f} patients: Boschloo's and Barnard's tests stop at {_MOST_PATIENTS}; "
            "Fisher's has no such limit"
        )
    return table


def _fisher_sides(n1: int, n2: int) -> tuple[Floats, Floats]:
    """P(X <= x1) and P(X >= x1) given the margins, for every pair of counts: shape (n1 + 1, n2 + 1)."""
    less, greater = np.ones((n1 + 1, n2 + 1)), np.ones((n1 + 1, n2 + 1))
    whole_support = float(n1 + n2) ** 2
    for total in range(n1 + n2 + 1):
        first = max(0, total - n2)
        offsets, log_weights = _hypergeometric(first, n1, n2, total, whole_support)
        weights = _exponentials(log_weights)
        x1 = (offsets + first).astype(int)
        less[x1, total - x1] = np.cumsum(weights) / weights.sum()
        greater[x1, total - x1] = np.cumsum(weights[::-1])[::-1] / weights.sum()
    return less, greater


def _largest_probability(region: Bools) -> float:
    """The probability that two binomial counts fall in the region, at the common rate where it is largest.

    Walked through on the angle asin(sqrt(rate)), on which a binomial's standard
    deviation is 1 / (2 sqrt(n)) everywhere: 40 steps to 1 / sqrt(n1 + n2), then each
    of the five highest peaks in steps ever finer.
    """
    if region.all():
        return 1.0
    members = region.astype(float)
    n1, n2 = region.shape[0] - 1, region.shape[1] - 1

    def probability(angles: Floats) -> Floats:
        rates = np.clip(np.sin(angles) ** 2, 1e-15, 1 - 1e-15)
        probabilities: Floats = np.einsum("ir,ir->r", _binomial(n1, rates), members @ _binomial(n2, rates))
        return probabilities

    step = math.pi / 2 / math.ceil(40 * math.sqrt(n1 + n2))
    angles = np.arange(step, math.pi / 2 - step / 2, step)
    found = probability(angles)
    beside = np.concatenate(([0.0], found, [0.0]))
    peaks = np.flatnonzero((found >= beside[:-2]) & (found >= beside[2:]))
    highest = peaks[np.argsort(-found[peaks])][:5]
    return max(_climb(probability, float(angles[peak]), step) for peak in highest)


def _climb(function: Callable[[Floats], Floats], at: float, step: float) -> float:
    """The height of the peak within a step of `at`."""
    height = 0.0
    for _ in range(4):
        near = np.clip(at + step * np.linspace(-1, 1, 17), 0, math.pi / 2)
        heights = function(near)
        at, height, step = float(near[heights.argmax()]), float(heights.max()), step / 8
    return height


def _binomial(n: int, rates: Floats) -> Floats:
    """Binomial probabilities of 0 to n at each rate, strictly between 0 and 1: shape (n + 1, rates)."""
    k = np.arange(n + 1.0)[:, None]
    log_choose = np.concatenate(([0.0], np.cumsum(np.log((n - k[:-1, 0]) / (k[:-1, 0] + 1)))))[:, None]
    probabilities: Floats = np.exp(log_choose + k * np.log(rates) + (n - k) * np.log1p(-rates))
    return probabilities


DIFFERENCES: Mapping[str, Callable[..., Interval]] = MappingProxyType(
    {"newcombe": newcombe_difference, "miettinen-nurminen": miettinen_nurminen_difference}
)
"""Interval methods for the difference, by name."""

TESTS: Mapping[str, Callable[[float, float, float, float], float]] = MappingProxyType(
    {"fisher": fisher_pvalue, "boschloo": boschloo_pvalue, "barnard": barnard_pvalue}
)
"""Two-sided tests of equality, by name."""


# --- what it would take -----------------------------------------------------------


def chance_of_at_least(events: float, n: float, rate: float) -> float:
    """The probability that `events` or more of n patients respond, each with probability `rate`."""
    x, n = _checked_group("", events, n)
    if not 0 <= rate <= 1:
        raise OptionError("rate", rate, "a probability from 0 to 1")
    return float(binomial_tail(x, n, rate))

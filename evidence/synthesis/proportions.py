"""One study's proportion: its interval, and the scales on which proportions are pooled.

Everything here takes arrays of any shape and treats each element as a study.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv, expit, ndtri

from evidence.errors import OptionError
from evidence.synthesis.results import Floats, Interval
from evidence.synthesis.roots import bracketed_root

Limits: TypeAlias = tuple[Floats, Floats]

# --- counts -----------------------------------------------------------------


def as_counts(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Check the counts of k studies, or of B tables of k studies, and return them as floats.

    `events` and `n` have the same shape, (k,) or (B, k), with k of at least 1;
    each element is a whole number and 0 <= events <= n, n >= 1. Raises
    OptionError naming the first element that is not so.
    """
    x, total = _as_floats("events", events), _as_floats("n", n)
    if x.shape != total.shape:
        raise OptionError("shape of events", x.shape, f"the shape of n, {total.shape}")
    if x.ndim not in (1, 2):
        raise OptionError("shape of events", x.shape, "(studies,) or (tables, studies)")
    if x.size == 0:
        raise OptionError("number of studies", 0, "1 or more")
    _check_counts(x, total)
    return x, total


def harmonic_mean(n: npt.ArrayLike) -> Any:
    """The harmonic mean of n along its last axis: (k,) to a float, (B, k) to (B,)."""
    return 1 / np.mean(1 / np.asarray(n, dtype=float), axis=-1)


def check_level(level: float) -> None:
    """Raise OptionError unless `level` is a confidence level, a fraction between 0 and 1."""
    if not 0 < level < 1:
        raise OptionError("level", level, "a fraction above 0 and below 1, such as 0.95")


def _as_floats(name: str, values: npt.ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise OptionError(name, values, "whole numbers, in rows of equal length") from None


def _check_counts(events: Floats, n: Floats) -> None:
    """Raise OptionError for the first element, in reading order, that is no count of responders."""
    good_n = (n >= 1) & (n < np.inf) & (n == np.floor(n))
    good = good_n & (events >= 0) & (events <= n) & (events == np.floor(events))
    if good.all():
        return
    index = np.unravel_index(np.argmin(good), good.shape)
    at = f"[{', '.join(str(i) for i in index)}]" if index else ""
    if not good_n[index]:
        raise OptionError(f"n{at}", _plain(n[index]), "a whole number of patients, 1 or more")
    raise OptionError(
        f"events{at}", _plain(events[index]), f"a whole number from 0 to n{at} = {_plain(n[index])}"
    )


def _plain(value: np.float64) -> int | float:
    """A count as a reader would write it: 12, not 12.0."""
    return int(value) if value.is_integer() else float(value)


# --- one study's interval -----------------------------------------------------


def proportion_interval(
    events: npt.ArrayLike, n: npt.ArrayLike, *, method: str = "exact", level: float = 0.95
) -> Interval:
    """The proportion events / n of each study with its confidence interval.

    `events` and `n` broadcast against each other; the interval holds arrays of
    that shape, or floats where both are scalars. `method` is one of INTERVALS.
    Every limit is within 0 to 1, the lower one 0 where nobody responded and the
    upper one 1 where everybody did. Raises OptionError on an unknown method, a
    level outside 0 to 1, and counts that are none.
    """
    if method not in INTERVALS:
        raise OptionError("method", method, INTERVALS)
    check_level(level)
    x, total = np.broadcast_arrays(_as_floats("events", events), _as_floats("n", n))
    _check_counts(x, total)
    low, high = INTERVALS[method](x, total, (1 - level) / 2)
    low = np.where(x == 0, 0.0, np.clip(low, 0, 1))
    high = np.where(x == total, 1.0, np.clip(high, 0, 1))
    if x.ndim == 0:
        return Interval(float(x / total), float(low), float(high), level)
    return Interval(x / total, low, high, level)


def _exact(x: Floats, n: Floats, tail: float) -> Limits:
    """Clopper and Pearson, Biometrika 1934;26:404-413: both one-sided binomial tests inverted."""
    return _beta_quantile(x, n - x + 1, tail), _beta_quantile(x + 1, n - x, 1 - tail)


def _wilson(x: Floats, n: Floats, tail: float) -> Limits:
    """Wilson, J Am Stat Assoc 1927;22:209-212: the score test inverted."""
    z2 = ndtri(tail) ** 2
    high = (x + z2 / 2 + np.sqrt(z2 * (x * ((n - x) / n) + z2 / 4))) / (n + z2)
    # The limits are the roots of a quadratic; their product spares the difference of near equals.
    return x * (x / n) / ((n + z2) * high), high


def _agresti_coull(x: Floats, n: Floats, tail: float) -> Limits:
    """Agresti and Coull, Am Stat 1998;52:119-126: Wald's interval about Wilson's centre."""
    z2 = ndtri(tail) ** 2
    centre = (x + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * centre * (1 - centre) / (n + z2))
    return centre - half, centre + half


def _jeffreys(x: Floats, n: Floats, tail: float) -> Limits:
    """Brown, Cai and DasGupta, Stat Sci 2001;16:101-133, section 3.1.1: Beta(1/2, 1/2) posterior."""
    a, b = x + 0.5, n - x + 0.5
    return betaincinv(a, b, tail), betaincinv(a, b, 1 - tail)


def _mid_p(x: Floats, n: Floats, tail: float) -> Limits:
    """Lancaster, J Am Stat Assoc 1961;56:223-234: as exact, the observed count weighing one half."""
    # With nobody there is no lower limit to solve for, with everybody no upper one: the caller sets these.
    return _solve_mid_p(np.maximum(x, 1), n, tail), _solve_mid_p(np.minimum(x, n - 1), n, 1 - tail)


INTERVALS: Mapping[str, Callable[[Floats, Floats, float], Limits]] = MappingProxyType(
    {
        "exact": _exact,
        "wilson": _wilson,
        "agresti-coull": _agresti_coull,
        "jeffreys": _jeffreys,
        "mid-p": _mid_p,
    }
)
"""Interval methods by name."""


def _beta_quantile(a: Floats, b: Floats, q: float) -> Floats:
    """Quantile of Beta(a, b) for whole a and b, with its limits 0 for a = 0 and 1 for b = 0."""
    inner_a, inner_b = np.maximum(a, 1), np.maximum(b, 1)
    p = betaincinv(inner_a, inner_b, q)
    # Boost's inverse strays at single points (a = 1000, b = 1e9: twice the quantile). Its
    # neighbours half a count away do not, and bracket the answer.
    error = np.abs(betainc(inner_a, inner_b, p) - q)
    astray = error > 1e-6 * min(q, 1 - q) + 1e-15 * (a + b)
    if astray.any():
        below = betaincinv(inner_a - 0.5, inner_b + 0.5, q)
        above = betaincinv(inner_a + 0.5, inner_b - 0.5, q)
        p = np.where(astray, bracketed_root(lambda t: betainc(inner_a, inner_b, t) - q, below, above), p)
    return np.where(a == 0, 0.0, np.where(b == 0, 1.0, p))


def _solve_mid_p(x: Floats, n: Floats, target: float) -> Floats:
    """The p at which P(X > x) + P(X = x) / 2 is `target`, bracketed by those for P(X >= x) and P(X > x)."""
    low, high = _beta_quantile(x, n - x + 1, target), _beta_quantile(x + 1, n - x, target)
    return bracketed_root(
        lambda p: (binomial_tail(x, n, p) + binomial_tail(x + 1, n, p)) / 2 - target, low, high
    )


def binomial_tail(x: npt.ArrayLike, n: npt.ArrayLike, p: npt.ArrayLike) -> Any:
    """P(X >= x) for X ~ Binomial(n, p), for x from 0 to n + 1; the three broadcast."""
    inside = np.clip(x, 1, n)
    tail = betainc(inside, np.subtract(n, inside) + 1, p)
    return np.where(np.less(x, 1), 1.0, np.where(np.greater(x, n), 0.0, tail))[()]


# --- the scales on which studies are pooled -------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """A scale on which proportions are pooled, there and back.

    `effects(events, n)` gives each study's yi and sampling variance vi, arrays of
    the counts' shape. `inverse(y, n)` takes a value on the scale back to a
    proportion, clipped to 0..1 and never decreasing in y; n is the harmonic mean of
    the studies' n where the scale needs one (double-arcsine) and ignored elsewhere.
    """

    name: str
    effects: Callable[[npt.ArrayLike, npt.ArrayLike], tuple[Floats, Floats]]
    inverse: Callable[[npt.ArrayLike, npt.ArrayLike], Any]


def _counts(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(events, dtype=float), np.asarray(n, dtype=float)


def _half_added(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Responders, the others and their sum, 0.5 added to both where either is 0.

    metafor's escalc with its defaults add = 1/2, to = "only0".
    """
    x, total = _counts(events, n)
    half = 0.5 * ((x == 0) | (x == total))
    return x + half, total - x + half, total + 2 * half


def _logit_effects(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """escalc(measure = "PLO")."""
    x, others, _ = _half_added(events, n)
    return np.log(x / others), 1 / x + 1 / others


def _log_effects(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """escalc(measure = "PLN"): vi = 1/x - 1/n, written without the difference."""
    x, others, total = _half_added(events, n)
    return np.log(x / total), others / x / total


def _raw_effects(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """escalc(measure = "PR"): the half is in yi as well as in vi."""
    x, others, total = _half_added(events, n)
    return x / total, (x / total) * (others / total) / total


def _arcsine_effects(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """escalc(measure = "PAS"), with asin(sqrt(x/n)) as an angle that mirrors exactly."""
    x, total = _counts(events, n)
    return np.arctan2(np.sqrt(x), np.sqrt(total - x)), 1 / (4 * total)


def _double_arcsine_effects(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """escalc(measure = "PFT"): Freeman and Tukey, Ann Math Stat 1950;21:607-611, half the sum."""
    x, total = _counts(events, n)
    return _double_arcsine(x, total), 1 / (4 * total + 2)


def _double_arcsine(x: Any, n: Any) -> Any:
    first = np.arctan2(np.sqrt(x), np.sqrt(n - x + 1))
    second = np.arctan2(np.sqrt(x + 1), np.sqrt(n - x))
    return (first + second) / 2


def _logit_inverse(y: npt.ArrayLike, n: npt.ArrayLike) -> Any:
    return expit(np.asarray(y, dtype=float))


def _log_inverse(y: npt.ArrayLike, n: npt.ArrayLike) -> Any:
    return np.exp(np.minimum(y, 0.0))


def _raw_inverse(y: npt.ArrayLike, n: npt.ArrayLike) -> Any:
    return np.clip(y, 0.0, 1.0)


def _arcsine_inverse(y: npt.ArrayLike, n: npt.ArrayLike) -> Any:
    # Unclipped, the sine would turn back beyond its first quarter.
    return np.sin(np.clip(y, 0.0, np.pi / 2)) ** 2


def _double_arcsine_inverse(y: npt.ArrayLike, n: npt.ArrayLike) -> Any:
    """Miller, Am Stat 1978;32:138, at sample size n; y is half the sum of the two arcsines.

    Miller's 1 - sgn(cos t) sqrt(1 - a^2), with a = sin t + (sin t - 1/sin t)/n and
    t = 2y, is written 1 - c with c = cos t sqrt(1 + 2/n - (cot t / n)^2): the same
    number, without his loss of half the digits around p = 1/2.
    """
    n = np.asarray(n, dtype=float)
    least, most = _double_arcsine(np.zeros_like(n), n), _double_arcsine(n, n)
    t = 2 * np.clip(y, least, most)
    sine, cosine = np.sin(t), np.cos(t)
    c = cosine * np.sqrt(1 + 2 / n - (cosine / sine / n) ** 2)
    a = sine - cosine**2 / (n * sine)
    # 1 - c loses a small p; a^2 = (1 - c)(1 + c) does not.
    p = np.where(c > 0, a**2 / (2 * (1 + np.abs(c))), (1 - c) / 2)
    return np.where(np.less_equal(y, least), 0.0, np.where(np.greater_equal(y, most), 1.0, np.clip(p, 0, 1)))[
        ()
    ]


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("logit", _logit_effects, _logit_inverse),
            Measure("arcsine", _arcsine_effects, _arcsine_inverse),
            Measure("double-arcsine", _double_arcsine_effects, _double_arcsine_inverse),
            Measure("log", _log_effects, _log_inverse),
            Measure("raw", _raw_effects, _raw_inverse),
        )
    }
)
"""The measures by name."""


def freeman_tukey_spread(y: npt.ArrayLike, n_all: npt.ArrayLike) -> dict[str, Any]:
    """A pooled double-arcsine taken back at each n that could stand for all the studies'.

    `y` is a value, or (B,); `n_all` the studies' n, (k,) or (B, k). Returns the
    proportion at the smallest, the harmonic, geometric and arithmetic mean, and the
    largest n. Where these part, the back-transformed pool depends on a choice that
    the data do not make: Schwarzer et al., Res Synth Methods 2019;10:476-483.
    """
    n = np.asarray(n_all, dtype=float)
    at = {
        "smallest": n.min(axis=-1),
        "harmonic": harmonic_mean(n),
        "geometric": np.exp(np.log(n).mean(axis=-1)),
        "arithmetic": n.mean(axis=-1),
        "largest": n.max(axis=-1),
    }
    return {name: _double_arcsine_inverse(y, size) for name, size in at.items()}

"""An interval against its estimate, its scale, its p value and its counts.

A Wald interval is symmetric, on the scale itself for a difference, on the log scale for a ratio: from it come the
standard error and a p value (Altman & Bland 2011, BMJ 343:d2090 and d2304). Where the counts are known the usual
intervals are recomputed first: what one of them gives is right, however lopsided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from math import asin, erfc, exp, inf, log, pi, sin, sqrt
from statistics import NormalDist
from typing import NamedTuple

from evidence.review.audit.findings import Finding
from evidence.review.audit.reading import NOT_CRUDE, Effect, as_printed, read_effects, read_level, read_p
from evidence.review.audit.rounding import as_text, cut_span, prints_as, rounded_span, span
from evidence.review.audit.scene import Scene, found_at, found_in, value_of
from evidence.review.printed import Printed, counts_of
from evidence.review.schema import OutcomeRow, Statement

RATIOS = ("odds ratio", "risk ratio", "hazard ratio")

LOPSIDED = 0.15
"""Share of its width by which an estimate may lie off the middle of a ratio's interval before it is no note any more."""

MARGIN = 0.8
"""A standard error may be so much of a crude one: stratification and covariates gain a little, not more."""

FAR = 10.0
"""Times a p value may differ from the one its interval implies: tests of few events differ much from Wald's."""

NEAR = 1.1
"""Times a p value may differ from that of a usual test of the counts."""

CLEAR = 0.15
"""Share of an interval's width by which its other limit must be off before one that fits counts."""

FEW = 5
"""With fewer events, or fewer others, intervals differ too much for one to be called too narrow."""

Counts = tuple[int, int, int, int]
"""events and n of the treated arm, events and n of the control arm."""


class Fault(NamedTuple):
    """What is wrong with an interval: the part of a finding that does not depend on its place."""

    rule: str
    severity: str
    reason: str
    recomputed: str = ""


# ---- statements and rows -------------------------------------------------------------------------


def check_interval(scene: Scene, said: Statement) -> Iterator[Finding]:
    """The interval of a percentage, difference or ratio in statements.csv, or a standard error."""
    if said.value is None:
        return
    if said.statistic == "se":
        yield from _standard_error(scene, said)
        return
    if said.low is None or said.high is None or said.statistic not in ("percent", "difference", *RATIOS):
        return
    printed, level = value_of(said), read_level(said.printed)
    low, high = as_printed(said.low, said.printed), as_printed(said.high, said.printed)
    text = _shown(printed, low, high)
    if said.statistic == "percent":
        faults = list(_of_percent(scene, said, printed, low, high, level))
    else:
        p = read_p(said.printed)
        effect = Effect(said.statistic, printed, low, high, level, p[0] if p else None, text)
        counts = [
            (one.events or 0, one.n or 0, other.events or 0, other.n or 0) for one, other in scene.arms(said)
        ]
        faults = list(of_effect(effect, counts))
    for fault in faults:
        yield found_in(
            said, fault.rule, fault.severity, fault.reason, printed=text, recomputed=fault.recomputed
        )


def check_effects(row: OutcomeRow, others: Sequence[OutcomeRow]) -> Iterator[Finding]:
    """The effects printed in `value` of a row; `others` are rows of its report, outcome and time, in other arms."""
    for effect in read_effects(row.value):
        counts = [
            (row.events, row.n, other.events, other.n)
            for other in others
            if other.arm != row.arm and other.subgroup == row.subgroup
            if row.events is not None and row.n and other.events is not None and other.n
        ]
        for fault in of_effect(effect, counts):
            yield found_at(
                row, fault.rule, fault.severity, fault.reason, printed=effect.text, recomputed=fault.recomputed, column="value"
            )  # fmt: skip


def _shown(estimate: Printed, low: Printed, high: Printed) -> str:
    return f"{as_text(estimate)} ({as_text(low)} to {as_text(high)})"


# ---- an effect -----------------------------------------------------------------------------------


def of_effect(effect: Effect, counts: Sequence[Counts]) -> Iterator[Fault]:
    """What is wrong with a difference or ratio; `counts` are those it may be of."""
    estimate, low, high = effect.estimate, effect.low, effect.high
    text = _shown(estimate, low, high)
    ratio = effect.kind in RATIOS
    if _outside(estimate, low, high):
        yield Fault("outside", "error", f"The estimate of {text} lies outside its interval.")
        return
    if ratio and low.value <= 0:
        if low.value < 0:
            yield Fault("outside", "error", f"{text} is no interval of a ratio, which cannot be below 0.")
        return
    recognised = [x for x in counts if _recognised(effect, x)]
    if not recognised and not _symmetric(effect, ratio):
        place = _position(effect, ratio)
        crude = any(_is_crude(effect, x) for x in counts)  # an adjusted one may be lopsided in its own way
        scale = "on the log scale" if ratio else "on its scale"
        known = "" if not crude else ", and no usual interval of the counts has these limits"
        far = abs(place - 0.5) > LOPSIDED and ratio
        yield Fault(
            "symmetry", "contradiction" if far or crude else "note",
            f"{text} is not symmetric {scale}: the estimate lies at {100 * place:.0f} % of the interval, not in the middle{known}.",
            _middle(low, high, ratio),
        )  # fmt: skip
    yield from _too_narrow(effect, counts, ratio, text)
    if effect.p is not None and not recognised:
        yield from _against_p(effect, counts, ratio, text)


def _outside(estimate: Printed, low: Printed, high: Printed) -> bool:
    own, first, last = span(estimate), span(low), span(high)
    return own.high < first.low or own.low > last.high or low.value > high.value


def _symmetric(effect: Effect, ratio: bool) -> bool:
    """Whether numbers that print so can be symmetric, all rounded or all cut off."""
    for spanned in (rounded_span, cut_span):
        e, a, b = (spanned(x) for x in (effect.estimate, effect.low, effect.high))
        if ratio:
            if a.low * b.low <= e.high * e.high and a.high * b.high >= max(e.low, Fraction(0)) ** 2:
                return True
        elif a.low + b.low <= 2 * e.high and a.high + b.high >= 2 * e.low:
            return True
    return False


def _position(effect: Effect, ratio: bool) -> float:
    """Where in its interval the estimate lies: 0 at the lower limit, 1 at the upper one."""
    e, a, b = (float(x.value) for x in (effect.estimate, effect.low, effect.high))
    if ratio:
        e, a, b = log(max(e, 1e-12)), log(a), log(b)
    return min(max((e - a) / (b - a), 0.0), 1.0) if b > a else 0.5


def _middle(low: Printed, high: Printed, ratio: bool) -> str:
    a, b = float(low.value), float(high.value)
    decimals = max(low.decimals, high.decimals)
    return f"{sqrt(a * b) if ratio else (a + b) / 2:.{decimals}f} in the middle"


def standard_error(effect: Effect, ratio: bool) -> tuple[float, float]:
    """The least and largest standard error, on its scale, that an interval printed so can have."""
    z = 2 * NormalDist().inv_cdf((1 + effect.level) / 2)
    a, b = span(effect.low), span(effect.high)
    if ratio:
        first, last = max(float(a.low), 1e-12), max(float(a.high), 1e-12)
        return max(log(max(float(b.low), 1e-12) / last), 0.0) / z, log(float(b.high) / first) / z
    return max(float(b.low - a.high), 0.0) / z, float(b.high - a.low) / z


def _too_narrow(effect: Effect, counts: Sequence[Counts], ratio: bool, text: str) -> Iterator[Fault]:
    """A standard error below that of independent patients."""
    if not counts:
        return
    widest = standard_error(effect, ratio)[1]
    # Of several arms or times the one that allows most.
    least = min(least_error(effect.kind, x) for x in counts)
    scale = (
        1.0
        if ratio or max(abs(float(x.value)) for x in (effect.estimate, effect.low, effect.high)) <= 1
        else 100.0
    )
    if widest < MARGIN * scale * least:
        x1, n1, x2, n2 = counts[0]
        yield Fault(
            "standard-error", "error",
            f"{text} has a standard error of {widest:.3g} at most; {x1}/{n1} and {x2}/{n2} allow no less than {scale * least:.3g}.",
            f"at least {scale * least:.3g}",
        )  # fmt: skip


def least_error(kind: str, counts: Counts) -> float:
    """The smallest standard error the counts allow, on the scale of the effect.

    An odds ratio: 4/D + 4/S for D events and S others, however they fall to two arms. A hazard ratio: 4/D (Parmar,
    Torri & Stewart 1998, Stat Med 17:2815-34). Others: the crude one of these arms. 0 where an arm has none or all.
    """
    x1, n1, x2, n2 = counts
    events, others = x1 + x2, n1 + n2 - x1 - x2
    if kind == "hazard ratio":
        return 2 / sqrt(events) if events else 0.0
    if kind == "odds ratio":
        return sqrt(4 / events + 4 / others) if events and others else 0.0
    if kind == "risk ratio":
        return sqrt(max(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2, 0.0)) if x1 and x2 else 0.0
    p1, p2 = x1 / n1, x2 / n2
    return sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)


def _against_p(effect: Effect, counts: Sequence[Counts], ratio: bool, text: str) -> Iterator[Fault]:
    """Whether interval and p value fall on different sides of significance, or far apart on one side."""
    assert effect.p is not None
    least, most = implied_p(effect, ratio)
    value = effect.p.value
    claimed = {
        "<": (0.0, float(value.value)),
        ">": (float(value.value), 1.0),
    }.get(effect.p.sign, (float(span(value).low), float(span(value).high)))
    threshold = 1 - effect.level
    if any(claimed[0] / NEAR <= p <= claimed[1] * NEAR for x in counts for p in _usual_p(x)):
        return
    # Tests and intervals are not of one kind (a chi-squared test beside a Wald interval): only a clear gap counts.
    apart = (most < threshold / 2 and claimed[0] > threshold * 2) or (
        least > threshold * 2 and claimed[1] < threshold / 2
    )
    far = FAR * most < claimed[0] or least > FAR * claimed[1]
    if apart or far:
        implied = f"p about {(least + most) / 2:.2g}"
        yield Fault(
            "p-interval", "contradiction" if apart and far else "note",
            f"{effect.p.text} does not go with {text}, which implies {implied}.", implied,
        )  # fmt: skip


@cache
def _usual_p(counts: Counts) -> tuple[float, ...]:
    """Two-sided p of the usual tests of two arms: Fisher's, chi-squared without and with Yates' correction."""
    from evidence.synthesis.comparison import fisher_pvalue

    x1, n1, x2, n2 = counts
    rate = (x1 + x2) / (n1 + n2)
    error = sqrt(rate * (1 - rate) * (1 / n1 + 1 / n2))
    gap = abs(x1 / n1 - x2 / n2)
    found = [fisher_pvalue(*counts)]
    if error:
        found += [_two_sided(max(gap - less, 0.0) / error) for less in (0.0, (1 / n1 + 1 / n2) / 2)]
    return tuple(found)


def implied_p(effect: Effect, ratio: bool) -> tuple[float, float]:
    """The least and largest two-sided p that a Wald test of the printed numbers can give."""
    narrow, wide = standard_error(effect, ratio)
    e = span(effect.estimate)
    ends = [log(max(float(x), 1e-12)) for x in e] if ratio else [float(x) for x in e]
    near = 0.0 if ends[0] <= 0 <= ends[1] else min(map(abs, ends))
    far = max(map(abs, ends))
    return _two_sided(far / narrow if narrow else inf), _two_sided(near / wide if wide else inf)


def _two_sided(z: float) -> float:
    return erfc(z / sqrt(2))


# ---- recomputing ---------------------------------------------------------------------------------


def _near(value: float, printed: Printed) -> bool:
    """Whether a recomputed limit prints so; 1.96 for the quantile moves the last digit a little."""
    within = span(printed)
    slack = 0.05 * float(printed.unit)
    return float(within.low) - slack <= value <= float(within.high) + slack


def _recognised(effect: Effect, counts: Counts) -> bool:
    """Whether a usual interval of the counts prints as this one."""
    x1, n1, x2, n2 = counts
    if not (0 <= x1 <= n1 and 0 <= x2 <= n2 and n1 and n2) or effect.kind == "hazard ratio":
        return False
    for value, low, high in _two_arm(effect.kind, counts, effect.level):
        for scale in (100.0, 1.0) if effect.kind == "difference" else (1.0,):
            if all(
                _near(scale * x, printed)
                for x, printed in ((value, effect.estimate), (low, effect.low), (high, effect.high))
            ):
                return True
    return False


def _is_crude(effect: Effect, counts: Counts) -> bool:
    """Whether the estimate is that of the plain counts."""
    x1, n1, x2, n2 = counts
    if effect.kind == "difference":
        value = x1 / n1 - x2 / n2
        return _near(value, effect.estimate) or _near(100 * value, effect.estimate)
    if effect.kind == "risk ratio":
        return x2 > 0 and _near(x1 * n2 / (n1 * x2), effect.estimate)
    if effect.kind == "odds ratio":
        return x2 > 0 and x1 < n1 and _near(x1 * (n2 - x2) / ((n1 - x1) * x2), effect.estimate)
    return False


@cache
def _two_arm(kind: str, counts: Counts, level: float) -> list[tuple[float, float, float]]:
    """The score and exact intervals of two arms; symmetric ones need no recomputing."""
    from evidence.errors import EvidenceError
    from evidence.synthesis.comparison import (
        conditional_odds_ratio,
        koopman_ratio,
        miettinen_nurminen_difference,
        newcombe_difference,
    )

    methods = {
        "difference": (newcombe_difference, miettinen_nurminen_difference),
        "risk ratio": (koopman_ratio,),
        "odds ratio": (conditional_odds_ratio,),
    }[kind]
    found = []
    for method in methods:
        try:
            interval = method(*counts, level=level)
        except EvidenceError:
            continue
        if interval is not None and None not in interval:
            found.append((interval.estimate, interval.low, interval.high))
    return found


# ---- a proportion --------------------------------------------------------------------------------


def _of_percent(
    scene: Scene, said: Statement, printed: Printed, low: Printed, high: Printed, level: float
) -> Iterator[Fault]:
    text = _shown(printed, low, high)
    if _outside(printed, low, high):
        # The middle of a posterior leaves out 0 and 100 %.
        certain = "note" if printed.value in (0, 100) and low.value <= high.value else "error"
        yield Fault("outside", certain, f"The estimate of {text} lies outside its interval.")
        return
    if float(span(high).low) > 100 or low.value < 0:
        yield Fault("interval", "note", f"{text} goes beyond 0 or 100 %.")
        return
    n = scene.people.size(said)
    rows = [(row.events, row.n) for row in scene.results(said) if row.events is not None and row.n]
    possible = [(x, n) for x in counts_of(printed, n).any] if n else []
    counts = [(x, m) for x, m in rows if prints_as(Fraction(100 * x, m), printed)] if rows else possible
    if not counts or NOT_CRUDE.search(said.printed):
        return
    one_side = ""
    narrowest = inf
    for x, m in counts:
        for name, a, b in known_intervals(x, m, level):
            fits = _near(a, low), _near(b, high)
            if all(fits):
                return
            clipped = low.value <= 0 or high.value >= 100
            bound = clipped or name not in ("exact", "wilson", "Wald")
            # One limit may be met by chance; then the other one is not far off either.
            off = abs(float(high.value) - b) if fits[0] else abs(float(low.value) - a)
            if any(fits) and 0 < x < m and not bound and not one_side and off > CLEAR * (b - a):
                which, other, limit = ("lower", "upper", b) if fits[0] else ("upper", "lower", a)
                one_side = f"the {which} limit is that of the {name} interval of {x}/{m}, whose {other} one is {limit:.1f}"
            if b > a and "Wald" not in name:
                narrowest = min(narrowest, b - a)
    width = float(span(high).high - span(low).low)
    known = "; ".join(f"{name} {a:.1f} to {b:.1f}" for name, a, b in known_intervals(*counts[0], level)[:2])
    given = f"{counts[0][0]}/{counts[0][1]}"
    if width < MARGIN * narrowest and all(FEW <= x <= m - FEW for x, m in counts):
        yield Fault(
            "standard-error", "error",
            f"{text} is narrower than any usual interval of {given} ({known}).", known,
        )  # fmt: skip
    elif width >= narrowest and _symmetric(
        Effect("difference", printed, low, high, level, None, text), False
    ):
        return  # Wald's, with a standard error of its own: clustered, weighted
    elif one_side:
        yield Fault(
            "interval", "contradiction", f"{text} is no usual interval of {given}: {one_side}.", known
        )
    else:
        yield Fault("interval", "note", f"{text} is no usual interval of {given} ({known}).", known)


@cache
def known_intervals(x: int, n: int, level: float) -> list[tuple[str, float, float]]:
    """The usual intervals of a proportion in percent, by name (Brown, Cai & DasGupta 2001, Stat Sci 16:101-133)."""
    from scipy.special import betaincinv, stdtrit

    from evidence.synthesis.proportions import proportion_interval

    found = []
    for name in ("exact", "wilson", "agresti-coull", "jeffreys", "mid-p"):
        interval = proportion_interval(x, n, method=name, level=level)
        found.append((name, 100 * interval.low, 100 * interval.high))
    tails = (1 - level) / 2, (1 + level) / 2
    low, high = (100 * float(betaincinv(x + 1, n - x + 1, tail)) for tail in tails)
    found.append(("uniform-prior", low, high))
    z, p = NormalDist().inv_cdf((1 + level) / 2), x / n
    angle, turn = asin(sqrt(p)), z / (2 * sqrt(n))
    ends = max(angle - turn, 0.0), min(angle + turn, pi / 2)
    found.append(("arcsine", 100 * sin(ends[0]) ** 2, 100 * sin(ends[1]) ** 2))
    half = z * sqrt(p * (1 - p) / n)
    t = float(stdtrit(n - 1, (1 + level) / 2)) if n > 1 else inf
    halves = {"Wald": half, "corrected Wald": half + 0.5 / n, "t Wald": half * t / z if half else 0.0}
    for name, wide in halves.items():
        found.append((name, 100 * max(p - wide, 0.0), 100 * min(p + wide, 1.0)))
        if p - wide < 0 or p + wide > 1:
            found.append((name, 100 * (p - wide), 100 * (p + wide)))
    if 0 < x < n:
        centre, wide = log(x / (n - x)), z * sqrt(1 / x + 1 / (n - x))
        found.append(("logit Wald", 100 * _expit(centre - wide), 100 * _expit(centre + wide)))
    found.append(("corrected Wilson", *_wilson_corrected(x, n, z)))
    return found


def _wilson_corrected(x: int, n: int, z: float) -> tuple[float, float]:
    """Wilson's interval with continuity correction, as R's prop.test prints it (Newcombe 1998, Stat Med 17:857-872)."""
    p, z2 = x / n, z * z
    low = (2 * x + z2 - 1 - z * sqrt(max(z2 - 2 - 1 / n + 4 * p * (n * (1 - p) + 1), 0))) / (2 * (n + z2))
    high = (2 * x + z2 + 1 + z * sqrt(max(z2 + 2 - 1 / n + 4 * p * (n * (1 - p) - 1), 0))) / (2 * (n + z2))
    return (0.0 if x == 0 else 100 * max(low, 0.0)), (100.0 if x == n else 100 * min(high, 1.0))


def _expit(y: float) -> float:
    return 1 / (1 + exp(-y))


# ---- a standard error ----------------------------------------------------------------------------


def _standard_error(scene: Scene, said: Statement) -> Iterator[Finding]:
    """The standard error of a percentage, in points, below the binomial one of its patients."""
    assert said.value is not None
    n = scene.people.size(said)
    percents = scene.percents.get((said.study, said.about, said.quantity, said.n), ())
    values = {value_of(other) for other in percents}
    if n is None or len(values) != 1:
        return
    (percent,) = values
    printed = value_of(said)
    shares = [float(x) / 100 for x in span(percent)]
    errors = [
        100 * sqrt(max(p * (1 - p), 0.0) / m)
        for p in (*shares, float(percent.value) / 100)
        for m in (n, max(n - 1, 1))
    ]
    least = min(errors)
    if float(span(printed).high) < MARGIN * least:
        bound = f"at least {least:.{printed.decimals + 1}f}"
        yield found_in(
            said, "standard-error", "error",
            f"The standard error of {as_text(percent)} % of {n} patients is {bound}, not {as_text(printed)}.",
            printed=as_text(printed), recomputed=bound,
        )  # fmt: skip
    elif NOT_CRUDE.search(said.printed) is None and not (
        float(span(printed).low) <= max(errors) and float(span(printed).high) >= least
    ):
        usual = f"{errors[-2]:.{printed.decimals + 1}f}"
        yield found_in(
            said, "standard-error", "note",
            f"The standard error of {as_text(percent)} % of {n} patients is printed as {as_text(printed)}; the binomial one is {usual}.",
            printed=as_text(printed), recomputed=usual,
        )  # fmt: skip

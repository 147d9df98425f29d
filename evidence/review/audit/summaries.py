"""Medians, means, ranges and standard deviations: against the patients, and by themselves.

GRIM: a mean of n whole numbers is a whole number divided by n (Brown & Heathers 2017, Soc Psychol Personal Sci
8:363-369). GRIMMER: their sum of squares is whole, and even where the sum is (Anaya 2016, PeerJ Preprints 4:e2400v1;
analytically, Allard 2018). An SD is bounded by mean and range: Bhatia & Davis 2000, Am Math Mon 107:353-357.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil, floor, sqrt
from typing import NamedTuple

from evidence.review.audit.findings import Finding
from evidence.review.audit.people import Value
from evidence.review.audit.reading import NOT_A_RANGE, as_printed
from evidence.review.audit.rounding import Span, as_text, prints_as, rounds_to, shown, span
from evidence.review.audit.scene import Scene, found_in, value_of
from evidence.review.printed import Printed
from evidence.review.schema import Statement

SUMMARIES = ("median", "mean", "range", "sd")


def check_summary(scene: Scene, said: Statement) -> Iterator[Finding]:
    """One statement by itself, and against the patients."""
    if said.statistic not in SUMMARIES:
        return
    n = scene.people.size(said)
    yield from _order(said)
    if said.value is not None and scene.people.whole(said.quantity) and n is not None:
        yield from _decimals(said, value_of(said), n)
    if not said.about and said.n in (None, scene.review.studies[said.study].treated):
        values = scene.people.values(said.study, said.quantity)
        known = [value for value in values if value.value is not None]
        if known:
            complete = len(known) == len(values) and scene.people.complete(said.study)
            yield from _against(said, known, complete, scene.people.whole(said.quantity))


# ---- by itself -----------------------------------------------------------------------------------


def _ends(said: Statement) -> tuple[Printed | None, Printed | None]:
    """Low and high where they are a range, else neither."""
    if NOT_A_RANGE.search(said.printed):
        return None, None
    low = None if said.low is None else as_printed(said.low, said.printed)
    high = None if said.high is None else as_printed(said.high, said.printed)
    return low, high


def _order(said: Statement) -> Iterator[Finding]:
    if said.statistic == "sd":
        if said.value is not None and said.value < 0:
            yield found_in(
                said,
                "order",
                "error",
                f"A standard deviation of {said.value:g} is below 0.",
                printed=f"{said.value:g}",
            )
        return
    if said.low is not None and said.high is not None and said.low > said.high:
        text = f"{said.low:g} to {said.high:g}"
        yield found_in(said, "order", "error", f"{text} runs backwards.", printed=text, column="low")
        return
    # A mean may lie outside the quartiles, a median may not.
    if said.value is None or (said.statistic == "mean" and NOT_A_RANGE.search(said.printed)):
        return
    value = value_of(said)
    for end, column, text in ((said.low, "low", "below"), (said.high, "high", "above")):
        if end is None:
            continue
        other = span(as_printed(end, said.printed))
        own = span(value)
        if (own.high < other.low) if column == "low" else (own.low > other.high):
            yield found_in(
                said, "order", "error",
                f"The {said.statistic} {as_text(value)} lies {text} its own range ({said.low:g} to {said.high:g})."
                if said.low is not None and said.high is not None
                else f"The {said.statistic} {as_text(value)} lies {text} {end:g}.",
                printed=as_text(value), recomputed=f"{end:g} at the {'least' if column == 'low' else 'most'}",
            )  # fmt: skip


def _decimals(said: Statement, printed: Printed, n: int) -> Iterator[Finding]:
    """What n whole numbers can have as a median or mean."""
    text = as_text(printed)
    if said.statistic == "median":
        step = 1 if n % 2 else 2
        near = Fraction(round(printed.value * step), step)
        if not any(prints_as(near + Fraction(i, step), printed) for i in (-1, 0, 1)):
            ends = "a whole number" if n % 2 else "a whole number or a half"
            yield found_in(
                said, "median-decimals", "error", f"The median of {n} whole numbers is {ends}, never {text}.",
                printed=text, recomputed=ends,
            )  # fmt: skip
    elif said.statistic == "mean" and not sums_of(printed, n):
        below = floor(printed.value * n)
        near_by = f"{below}/{n} is {_digits(Fraction(below, n), printed)}, {below + 1}/{n} is {_digits(Fraction(below + 1, n), printed)}"
        yield found_in(
            said, "mean-decimals", "error", f"No sum of {n} whole numbers has the mean {text}: {near_by}.",
            printed=text, recomputed=near_by,
        )  # fmt: skip


def _digits(exact: Fraction, printed: Printed) -> str:
    return f"{float(exact):.{printed.decimals}f}"


def sums_of(mean: Printed, n: int) -> list[int]:
    """The whole sums of n numbers that print as this mean; none where no sum does."""
    within = span(mean)
    return [
        s for s in range(ceil(within.low * n), floor(within.high * n) + 1) if prints_as(Fraction(s, n), mean)
    ]


def sd_possible(mean: Printed, sd: Printed, n: int) -> bool:
    """Whether n whole numbers can have this mean and SD (divided by n - 1, or by n)."""
    within = span(sd)
    low, high = max(within.low, Fraction(0)), within.high
    for total in sums_of(mean, n):
        centre = Fraction(total * total, n)
        # No whole numbers lie closer together than the two next to their mean.
        q, r = divmod(total, n)
        least = r * (q + 1) ** 2 + (n - r) * q * q
        for divisor in (n - 1, n):
            first = max(ceil(low * low * divisor + centre), least)
            last = floor(high * high * divisor + centre)
            # Squares are odd where their numbers are: the sum of squares is odd where the sum is.
            first += (first - total) % 2
            if first <= last:
                return True
    return False


# ---- against the patients ------------------------------------------------------------------------


def _against(said: Statement, known: list[Value], complete: bool, whole: bool) -> Iterator[Finding]:
    numbers = sorted(value.value for value in known if value.value is not None)
    n = len(numbers)
    if complete and said.value is not None:
        printed = value_of(said)
        yield from _summary(said, printed, numbers, whole)
    low, high = _ends(said)
    for end, column in ((low, "low"), (high, "high")):
        if end is None:
            continue
        extreme = numbers[0] if column == "low" else numbers[-1]
        if prints_as(extreme, end):
            continue
        beyond = extreme < end.value if column == "low" else extreme > end.value
        names = [v.patient for v in known if v.value == extreme]
        who = f"patient {names[0]} has" if len(names) == 1 else f"patients {', '.join(names)} have"
        if beyond:
            words = f"leaves out {shown(extreme)}, which {who}"
        elif complete:
            side = "least" if column == "low" else "most"
            words = f"has an end nobody has: of the {n} patients the {side} is {shown(extreme)}"
        else:
            continue
        text = f"{_end(low)} to {_end(high)}"
        yield found_in(
            said, "range", "contradiction", f"The range {text} {words}.",
            printed=text, recomputed=f"{shown(numbers[0])} to {shown(numbers[-1])}" if complete else shown(extreme), column=column,
        )  # fmt: skip


def _end(end: Printed | None) -> str:
    return "?" if end is None else as_text(end)


def _summary(said: Statement, printed: Printed, numbers: list[Fraction], whole: bool) -> Iterator[Finding]:
    n, text = len(numbers), as_text(printed)
    if said.statistic == "median":
        exact = (numbers[(n - 1) // 2] + numbers[n // 2]) / 2
        fits = prints_as(exact, printed)
    elif said.statistic == "mean":
        exact = Fraction(sum(numbers), n)
        fits = prints_as(exact, printed)
    elif said.statistic == "sd" and n > 1:
        mean = Fraction(sum(numbers), n)
        squares = sum((number - mean) ** 2 for number in numbers)
        exact = Fraction(sqrt(squares / (n - 1)))
        both = [Fraction(sqrt(squares / divisor)) for divisor in (n - 1, n)]
        fits = any(prints_as(value + slack, printed) for value in both for slack in (0, _TINY, -_TINY))
    else:
        return
    name = "standard deviation" if said.statistic == "sd" else said.statistic
    recomputed = shown(exact, max(2, printed.decimals + 1))
    if not fits:
        yield found_in(
            said, said.statistic, "contradiction", f"The {name} is printed as {text}; the {n} patients give {recomputed}.",
            printed=text, recomputed=recomputed,
        )  # fmt: skip
    elif (
        said.statistic != "sd"
        and exact != printed.value
        and (not rounds_to(exact, printed) or _half(exact, printed, whole))
    ):
        how = "rounded from a half" if rounds_to(exact, printed) else "cut off"
        yield found_in(
            said, "cut-off", "note", f"The {name} of the {n} patients is {recomputed}, {how} to {text}.",
            printed=text, recomputed=recomputed,
        )  # fmt: skip


_TINY = Fraction(1, 10**12)
"""A square root is not exact."""


def _half(exact: Fraction, printed: Printed, whole: bool) -> bool:
    """Whether a median of whole numbers ends in .5 and lost it in print."""
    return whole and exact.denominator == 2 and printed.decimals == 0


# ---- several statements of one quantity ----------------------------------------------------------


class _Kept(NamedTuple):
    said: Statement
    printed: Printed | None


def check_spreads(scene: Scene, statements: Iterable[Statement]) -> Iterator[Finding]:
    """Standard deviations with the mean and range that a paper prints of the same quantity."""
    groups: dict[tuple[str, str, str, int | None], dict[str, list[_Kept]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for said in statements:
        if said.statistic in SUMMARIES:
            key = said.study, said.about, said.quantity, said.n
            printed = None if said.value is None else value_of(said)
            groups[key][said.statistic].append(_Kept(said, printed))
    for found in groups.values():
        for sd in found["sd"]:
            n = scene.people.size(sd.said)
            if sd.printed is not None and n is not None and n > 1:
                yield from _spread(scene, sd.said, sd.printed, found, n)


def _spread(
    scene: Scene, said: Statement, sd: Printed, found: dict[str, list[_Kept]], n: int
) -> Iterator[Finding]:
    text = as_text(sd)
    means = [kept.printed for kept in found["mean"] if kept.printed is not None]
    mean = means[0] if means and len({printed.value for printed in means}) == 1 else None
    if (
        mean is not None
        and scene.people.whole(said.quantity)
        and sums_of(mean, n)
        and not sd_possible(mean, sd, n)
    ):
        yield found_in(
            said, "sd-decimals", "error",
            f"No {n} whole numbers with the mean {as_text(mean)} have the standard deviation {text}.", printed=text,
        )  # fmt: skip
        return
    ends = [_ends(kept.said) for statistic in ("mean", "median", "range") for kept in found[statistic]]
    spans = {(low, high) for low, high in ends if low is not None and high is not None}
    if len(spans) != 1:
        return
    ((low, high),) = spans
    assert low is not None and high is not None
    least, most = sd_bounds(span(low), span(high), None if mean is None else span(mean), n)
    own = span(sd)
    if own.low > most or own.high < least:
        bound = (
            f"at most {most:.{sd.decimals + 1}f}"
            if own.low > most
            else f"at least {least:.{sd.decimals + 1}f}"
        )
        with_mean = f" and the mean {as_text(mean)}" if mean is not None and own.low > most else ""
        yield found_in(
            said, "spread", "error",
            f"With the range {as_text(low)} to {as_text(high)}{with_mean}, the standard deviation of {n} patients is {bound}, not {text}.",
            printed=text, recomputed=bound,
        )  # fmt: skip


def sd_bounds(low: Span, high: Span, mean: Span | None, n: int) -> tuple[float, float]:
    """The least and the largest SD of n values with such ends, and such a mean if one is known.

    Least: two at the ends, all others midway (divided by n). Largest: Bhatia and Davis (divided by n - 1); without a
    mean, half at either end.
    """
    wide, narrow = high.high - low.low, max(high.low - low.high, Fraction(0))
    least = sqrt(narrow * narrow / (2 * n))
    centre = (low.low + high.high) / 2
    if mean is None:
        product = wide * wide / 4
    else:
        at = min(max(centre, mean.low), mean.high)  # where in the mean's span the product is largest
        product = max((at - low.low) * (high.high - at), Fraction(0))
    return least, sqrt(product * n / (n - 1))

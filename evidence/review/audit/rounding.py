"""Whether a number prints as another: rounded (either way at a half), or its last digits cut off."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from evidence.review.printed import Printed

Exact = Fraction | int


def rounds_to(exact: Exact, printed: Printed) -> bool:
    """Whether the exact value, rounded to the printed decimals, is the printed one; a half goes either way."""
    return abs(exact - printed.value) <= printed.unit / 2


def cut_to(exact: Exact, printed: Printed) -> bool:
    """Whether the exact value is the printed one once digits are cut off, towards 0."""
    if exact == printed.value:
        return True
    if exact < 0:
        return -printed.unit < exact - printed.value < 0 and printed.value <= 0
    return 0 < exact - printed.value < printed.unit and printed.value >= 0


def prints_as(exact: Exact, printed: Printed) -> bool:
    """Either of the two."""
    return rounds_to(exact, printed) or cut_to(exact, printed)


class Span(NamedTuple):
    """Between which two values, both included, the exact value of a printed number lies."""

    low: Fraction
    high: Fraction


def rounded_span(printed: Printed) -> Span:
    """If it was rounded."""
    half = printed.unit / 2
    return Span(printed.value - half, printed.value + half)


def cut_span(printed: Printed) -> Span:
    """If its digits were cut off."""
    if printed.value > 0:
        return Span(printed.value, printed.value + printed.unit)
    if printed.value < 0:
        return Span(printed.value - printed.unit, printed.value)
    return Span(-printed.unit, printed.unit)


def span(printed: Printed) -> Span:
    """Whichever it was."""
    rounded, cut = rounded_span(printed), cut_span(printed)
    return Span(min(rounded.low, cut.low), max(rounded.high, cut.high))


def may_agree(a: Printed, b: Printed) -> bool:
    """Whether one value can print as both: 16 and 16.7 may, 16 and 17.7 not."""
    one, other = span(a), span(b)
    wide, exact = (one, b.value) if a.unit > b.unit else (other, a.value)
    return a.value == b.value if a.unit == b.unit else wide.low <= exact <= wide.high


def shown(exact: Exact, decimals: int = 2) -> str:
    """A recomputed number for a sentence: whole where it is whole, else to at most so many decimals."""
    text = f"{float(exact):.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def as_text(printed: Printed) -> str:
    """A printed number as it was printed: 24.90 stays 24.90."""
    return f"{float(printed.value):.{printed.decimals}f}"

"""How numbers are written, once for every renderer. Never rounded to a certainty they do not have."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it brings numpy, for which evidence check has no use
    from evidence.synthesis.results import Interval


def known(value: Any) -> bool:
    """Whether there is a finite number to show."""
    return value is not None and isfinite(value)


def percent(value: Any, digits: int = 1) -> str:
    """0.458 -> "45.8". What is not 0 or 1 never prints as 0.0 or 100.0: "<0.1", ">99.9"."""
    if not known(value):
        return "?"
    step = 10.0**-digits
    text = f"{100 * value:.{digits}f}"
    if value > 0 and float(text) == 0:
        return f"<{step:.{digits}f}"
    if value < 1 and float(text) == 100:
        return f">{100 - step:.{digits}f}"
    return text


def brief(value: Any, digits: int = 1) -> str:
    """A percentage in a sentence, where "100" reads better than "100.0"."""
    return f"{100 * value:.0f}" if value in (0, 1) else percent(value, digits)


def span(interval: Interval, digits: int = 1) -> str:
    """The limits in a sentence: "54.1 to 100"."""
    return f"{brief(interval.low, digits)} to {brief(interval.high, digits)}"


def points(value: Any, digits: int = 1, *, sign: bool = False) -> str:
    """A difference of percentages, with a true minus sign: "+54.2", "−3.5"."""
    if not known(value):
        return "?"
    text = f"{100 * value:{'+' if sign else ''}.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("+-")


def fixed(value: float, digits: int = 2) -> str:
    """A number to so many decimals; a zero has no sign: -0.001 -> "0.00"."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def digits_for(top: float) -> int:
    """Decimals for percentages up to `top`: one, and more where all are so small that one says nothing."""
    return 2 - floor(log10(100 * top) + 1e-9) if top <= 0.02 else 1


def pvalue(p: float) -> str:
    """p to two figures; below 0.001 it says only that."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def plain(value: float, figures: int = 3) -> str:
    """A number to so many figures, without an exponent where one can be avoided."""
    text = f"{value:.{figures}g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e7 else text


def expected(number: float) -> str:
    """An expected number of series, as sure as it is: "fewer than one", "about 20", "about 6600", "more than a million"."""
    if number < 0.95:
        return "fewer than one"
    if number > 1e6:
        return "more than a million"
    return f"about {plain(float(f'{number:.2g}'), 2)}" if number >= 100 else f"about {number:.0f}"


def ratio(value: Any) -> str:
    """A ratio to two decimals, large and very small ones to three figures: "2.18", "15.3", "0.0042"."""
    if not known(value):
        return "∞"
    return f"{value:.2f}" if value == 0 or 0.01 <= value < 9.995 else plain(float(value))


def level(value: float) -> str:
    """0.95 -> "95"."""
    return f"{100 * value:.6g}"


NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def count(number: int) -> str:
    """Small numbers as words, as in print."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def plural(number: int, word: str) -> str:
    """ "1 series" needs no s; "3 studies" does: the word's own plural is made by y -> ies, else s."""
    if number == 1 or word.endswith("series"):
        return f"{number} {word}"
    return f"{number} {word[:-1]}ies" if word.endswith("y") else f"{number} {word}s"

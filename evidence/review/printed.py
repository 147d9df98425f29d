"""Numbers as papers print them, and the whole counts they can stand for.

A percentage printed with d decimals stands for every value that rounds to it, halves either way, and, since papers cut
digits off too, for every value that is cut to it: the GRIM test (Brown & Heathers 2017, Soc Psychol Personal Sci
8:363-369) for shares of n patients. A median, a range or a word such as "most" leave a count within bounds.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple


class Printed(NamedTuple):
    """A printed number: its exact value, and how many decimals were printed."""

    value: Fraction
    decimals: int

    @property
    def unit(self) -> Fraction:
        """One in the last digit."""
        return Fraction(1, 10**self.decimals)


def read_printed(text: str) -> Printed | None:
    """`24.9`, `24.90`, `-3`, `49 %` (also with a decimal comma) as printed; None for what is no plain number."""
    digits = text.strip().removesuffix("%").strip().replace("−", "-").replace(",", ".")
    whole, _, decimals = digits.removeprefix("-").partition(".")
    if not (
        whole.isascii() and whole.isdigit() and (not decimals or (decimals.isascii() and decimals.isdigit()))
    ):
        return None
    return Printed(Fraction(digits), len(decimals))


class Stands(NamedTuple):
    """The counts a printed percentage can stand for, if it was rounded and if its digits were cut off."""

    rounded: tuple[int, ...]
    truncated: tuple[int, ...]

    @property
    def any(self) -> tuple[int, ...]:
        """All of them, in order."""
        return tuple(sorted({*self.rounded, *self.truncated}))


def counts_of(percent: Printed, n: int) -> Stands:
    """The whole counts of n patients that print as this percentage; none where no count does."""
    half = percent.unit / 2
    rounded = _between(percent.value - half, percent.value + half, n)
    cut = [
        x
        for x in _between(percent.value, percent.value + percent.unit, n)
        if 100 * x < n * (percent.value + percent.unit)
    ]
    return Stands(tuple(rounded), tuple(cut))


def _between(low: Fraction, high: Fraction, n: int) -> list[int]:
    """Counts of n whose percentage lies from low to high, both included."""
    first, last = max(0, ceil(low * n / 100)), min(n, floor(high * n / 100))
    return list(range(first, last + 1))


class Bounds(NamedTuple):
    """A count that is only known to lie between two, both included."""

    low: int
    high: int


def counts_of_word(word: str, n: int) -> Bounds | None:
    """What "all", "none", "most" (more than half), "some" or "half" leave a count of n to be; None for another word."""
    more = n // 2 + 1
    bounds = {
        "all": Bounds(n, n),
        "every": Bounds(n, n),
        "none": Bounds(0, 0),
        "no": Bounds(0, 0),
        "most": Bounds(more, n),
        "the majority": Bounds(more, n),
        "majority": Bounds(more, n),
        "more than half": Bounds(more, n),
        "at least half": Bounds(ceil(n / 2), n),
        "some": Bounds(1, n),
        "a minority": Bounds(0, ceil(n / 2) - 1),
        "few": Bounds(0, ceil(n / 2) - 1),
    }
    return bounds.get(" ".join(word.lower().split()))

"""What plots of points share: a sheet with a frame on it, markers, and a key below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

from evidence.report.figures.fonts import Type
from evidence.report.figures.forest import millimetres
from evidence.report.figures.layout import Frame, Item, Scale, Sheet
from evidence.report.figures.style import SOFT, cap_height

SIZE = 7.5
RATIO = 0.68
"""Of a plot's height to its width."""


class Key(NamedTuple):
    """A line of the key: a sign drawn around (x, y), and what it means."""

    sign: Callable[[float, float], Sequence[Item]]
    text: str


def plane(
    width: str | float,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    names: Sequence[str],
    *,
    title: str = "",
    font: str | None = None,
    ratio: float = RATIO,
    head: float = 0.0,
    most: float = 120.0,
) -> Frame:
    """A sheet with room for an axis on the left, whose numbers are `names`; ylim runs upward.

    `head` is room (mm) above the plot; plots wider than `most` are not made higher.
    """
    wide = millimetres(width)
    sheet = Sheet(wide, SIZE if wide >= 80 else 6.5, Type(font))
    if title:
        sheet.paragraph(title, size=sheet.size + 1, bold=True)
        sheet.bottom += 0.4 * sheet.line
    widest = max((sheet.type.width(name, sheet.size) for name in names), default=0.0)
    left = sheet.left + 1.5 + widest + 1.5 * sheet.line
    right = sheet.right - sheet.line
    top = sheet.bottom + head + 0.5 * cap_height(sheet.size)
    bottom = top + ratio * min(most, right - left)
    sheet.bottom = bottom
    return Frame(sheet, Scale(*xlim, left, right), Scale(*ylim, bottom, top))


def keys(sheet: Sheet, entries: Sequence[Key], notes: Sequence[str] = ()) -> None:
    """Signs with their meanings, then sentences, below what is there."""
    small = max(5.0, sheet.size - 1)
    sheet.bottom += 0.6 * sheet.line
    for entry in entries:
        y = sheet.bottom + 0.76 * 1.32 * small * 25.4 / 72 - cap_height(small) / 2
        sheet.items.extend(entry.sign(sheet.left + 2.6, y))
        sheet.paragraph(entry.text, size=small, indent=7.0)
    for note in notes:
        if note:
            sheet.paragraph(note, size=small, color=SOFT)


def span(values: Sequence[float], *, share: float = 0.06, least: float = 0.0) -> tuple[float, float]:
    """The values' range with some air; at least so wide."""
    low, high = min(values), max(values)
    air = max(share * (high - low), (least - (high - low)) / 2, 1e-9 * max(1.0, abs(high)))
    return low - air, high + air


def radius(value: float, largest: float, *, least: float = 0.6, most: float = 2.6) -> float:
    """Of a dot whose area stands for a value."""
    return max(least, most * sqrt(value / largest)) if largest > 0 else least


def unnamed(count: int, what: str = "points") -> str:
    """A sentence about names that found no room."""
    if not count:
        return ""
    return f"{count} of the {what} {'is' if count == 1 else 'are'} not named, for want of room."

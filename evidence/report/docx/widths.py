"""How wide the columns of a table must be, and how small its type, so that nothing leaves the page.

Widths are estimated from the characters, since the fonts of the machine that will show the document are not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from evidence.report.characters import cells

SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5)
"""Points of a table's type, the first that will do."""

PADDING = 8.0
"""Points of a cell that are left and right of its text."""

LEADING = 1.3
"""Height of a line of type, in sizes."""

LINES = 6
"""Lines of the tallest row up to which larger type is worth it."""

STEPS = 48
"""Parts in which the room that is to spare is given out, each where it lowers the rows most."""

BROKEN = 0.6
"""Share of the room that the longest words get where not all fit: what is left goes where it helps most."""

SHARP = 4
"""A row is about as high as the tallest of its cells: the norm that stands for the largest, but is smooth."""

MOST = 400
"""Rows that are looked at, the longest: thousands more would not move a column."""

NARROW, WIDE = frozenset("iljtfrI.,;:'|!()[]/- ·"), frozenset("mwMW%@—ABCDEFGHKNOPQRSTUVXYZ")
SLACK = 1.04
"""Estimates are this much on the safe side."""


class Columns(NamedTuple):
    """Widths in points, the size of type, and the lines of the tallest row that are to be expected."""

    widths: tuple[float, ...]
    size: float
    lines: int
    whole: bool
    """Whether no word had to be broken."""


def extent(text: str, size: float = 1.0) -> float:
    """How wide a text is, in points, about."""
    return SLACK * size * sum(map(_ems, text))


def _ems(c: str) -> float:
    if c.isascii():
        return 0.32 if c in NARROW else 0.78 if c in WIDE else 0.556
    return 0.6 * cells(c)


def columns(
    rows: Sequence[Sequence[str]], room: float, numeric: frozenset[int] = frozenset(), *, head: int = 1
) -> Columns:
    """The columns of a table in so many points; the first `head` rows are its heading, which is bold."""
    measured = _Measured(rows, numeric, head)
    tried = []
    for size in SIZES:
        found = measured.columns(room, size)
        if found.whole and found.lines <= LINES:
            return found
        tried.append(found)
    whole = [found for found in tried if found.whole]
    if not whole:
        return tried[-1]
    # the largest type that breaks no word, but where smaller type makes far lower rows
    return next((one for one in whole if one.lines <= 1.3 * whole[-1].lines), whole[-1])


class _Measured:
    """The cells of a table in widths of a type of one point: whole, their longest word, and a word on average."""

    def __init__(self, rows: Sequence[Sequence[str]], numeric: frozenset[int], head: int) -> None:
        kept = [*rows[:head], *sorted(rows[head:], key=lambda row: -sum(map(len, row)))[:MOST]]
        count = max(map(len, kept))
        self.whole, self.word, self.mean = (np.zeros((len(kept), count)) for _ in range(3))
        for number, row in enumerate(kept):
            bold = 1.08 if number < head else 1.0
            for place, text in enumerate(row):
                words = [bold * extent(word) for word in text.split()] or [0.0]
                self.whole[number, place] = bold * extent(text)
                self.word[number, place] = max(words)
                self.mean[number, place] = sum(words) / len(words)
        self.numbers = np.zeros((len(kept), count), dtype=bool)
        self.numbers[head:, sorted(place for place in numeric if place < count)] = True

    def columns(self, room: float, size: float) -> Columns:
        """The columns of this size of type."""
        whole = size * self.whole
        # numbers stay on one line, if they can
        together = np.where(self.numbers & (whole < room / 4), whole, size * self.word)
        least, natural = together.max(axis=0) + PADDING, whole.max(axis=0) + PADDING
        if natural.sum() <= room:
            stretch = room / natural.sum() if natural.sum() > 0.7 * room else 1.0
            return Columns(tuple(map(float, stretch * natural)), size, 1, True)
        unbroken = bool(least.sum() <= room)
        if not unbroken:
            least = _cut(least, BROKEN * room)
        widths = self._given_out(least, natural, room, size)
        lines = int(np.ceil(self._lines(widths, size).max()))
        return Columns(tuple(map(float, widths)), size, lines, unbroken)

    def _given_out(self, least: Any, natural: Any, room: float, size: float) -> Any:
        """What is to spare, bit by bit to the column with which the table becomes lowest."""
        widths = least.copy()
        bit = (room - least.sum()) / STEPS
        for _ in range(STEPS):
            now, wider = self._lines(widths, size) ** SHARP, self._lines(widths + bit, size) ** SHARP
            tall = now.sum(axis=1, keepdims=True) - now + wider  # of each row, were this column wider
            heights = (tall ** (1 / SHARP)).sum(axis=0)
            widths[np.where(widths < natural, heights, np.inf).argmin()] += bit
        return widths

    def _lines(self, widths: Any, size: float) -> Any:
        """Lines of each cell, smoothly: words leave half a word of each line empty."""
        inner = np.maximum(widths - PADDING, 1.0)
        usable = np.maximum(inner - size * self.mean / 2, 0.55 * inner)
        whole = size * self.whole
        return np.where(whole <= inner, np.minimum(whole, 1.0), np.maximum(1.0, whole / usable))


def _cut(least: Any, room: float) -> Any:
    """The widest made as narrow as is needed, and all alike, so that their sum is the room."""
    low, high = 0.0, room
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(least, middle).sum() <= room else (low, middle)
    return np.minimum(least, low)


def lines_of(text: str, width: float, size: float) -> int:
    """Lines that a text takes in a column, about."""
    return 1 + int(1.15 * extent(text, size) / max(1.0, width - PADDING))

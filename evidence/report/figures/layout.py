"""A figure before it is drawn: texts, lines and areas at their places, in mm from the upper left corner.

Everything is decided here and in the modules that fill a sheet; drawing adds nothing. So a layout can be tested, and
written as SVG, PDF or pixels, without being looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil, floor, hypot, log10
from typing import NamedTuple

from evidence.report.characters import KEEP
from evidence.report.figures.fonts import Type
from evidence.report.figures.style import (
    INK,
    SOFT,
    THIN,
    cap_height,
    line_height,
)

Point = tuple[float, float]

TIES = re.compile(rf"{KEEP.pattern}|(?<=\(n) (?==)")
NO_BREAK = "\N{NO-BREAK SPACE}"
"""Spaces no line may break at: "45.8 %", "p = 0.011", "(n = 4)"."""


class Text(NamedTuple):
    """A line of type; (x, y) is where its baseline starts, ends or has its middle, by `anchor`."""

    x: float
    y: float
    text: str
    size: float
    anchor: str = "start"
    bold: bool = False
    color: str = INK
    upward: bool = False


class Line(NamedTuple):
    """Through these points; `dash` as lengths on and off, in points."""

    points: tuple[Point, ...]
    width: float = THIN
    color: str = INK
    dash: tuple[float, ...] = ()
    order: int = 2


class Area(NamedTuple):
    """A polygon; without `edge` it has no outline."""

    points: tuple[Point, ...]
    fill: str | None
    edge: str | None = None
    width: float = THIN
    order: int = 3


class Dot(NamedTuple):
    """A circle."""

    x: float
    y: float
    radius: float
    fill: str | None
    edge: str | None = None
    width: float = THIN
    order: int = 3


Item = Text | Line | Area | Dot


class Scale(NamedTuple):
    """Where values lie: `low` at `start`, `high` at `end` (mm)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether the value lies on the axis, give or take rounding."""
        slack = 1e-9 * (self.high - self.low)
        return self.low - slack <= value <= self.high + slack

    def clamp(self, value: float) -> float:
        """The nearest value on the axis."""
        return min(max(value, self.low), self.high)


class Page(NamedTuple):
    """A figure that is resolved: its size in mm and everything on it.

    `x` and `y` are the scales of its axes, where it has any; `title` and `said` are what a screen reader says;
    `families` the fonts it was measured with; `warnings` what the person who draws it should know.
    """

    width: float
    height: float
    items: tuple[Item, ...]
    title: str
    said: str = ""
    x: Scale | None = None
    y: Scale | None = None
    families: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[Text, ...]:
        return tuple(item for item in self.items if isinstance(item, Text))


class Sheet:
    """A page being filled from the top; `bottom` is how far down it is."""

    def __init__(self, width: float, size: float, type: Type, margin: float = 1.5) -> None:
        self.width, self.size, self.type, self.margin = width, size, type, margin
        self.items: list[Item] = []
        self.warnings: list[str] = []
        self.bottom = margin

    @property
    def left(self) -> float:
        return self.margin

    @property
    def right(self) -> float:
        return self.width - self.margin

    @property
    def line(self) -> float:
        return line_height(self.size)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float | None = None,
        anchor: str = "start",
        bold: bool = False,
        color: str = INK,
        upward: bool = False,
    ) -> None:
        """A line of type with its baseline at y."""
        if text:
            self.items.append(Text(x, y, self.type.say(text), size or self.size, anchor, bold, color, upward))

    def centred(self, x: float, y: float, text: str, **how: object) -> None:
        """The same with the middle of its capitals at y."""
        size = how.get("size") or self.size
        assert isinstance(size, float)
        self.text(x, y + cap_height(size) / 2, text, **how)  # type: ignore[arg-type]

    def rule(self, y: float, left: float, right: float, width: float = THIN, color: str = INK) -> None:
        """A level line."""
        self.items.append(Line(((left, y), (right, y)), width, color))

    def paragraph(
        self,
        text: str,
        *,
        size: float | None = None,
        bold: bool = False,
        color: str = INK,
        indent: float = 0.0,
    ) -> None:
        """Lines of type below what is there, as wide as the page."""
        points = size or self.size
        step = line_height(points)
        room = self.right - self.left - indent
        for line in wrap(self.type, self.type.say(text), room, points, bold):
            self.text(
                self.left + indent, self.bottom + 0.76 * step, line, size=points, bold=bold, color=color
            )
            self.bottom += step

    def page(self, title: str, said: str = "", x: Scale | None = None, y: Scale | None = None) -> Page:
        """What was put on the sheet, as high as it needs to be."""
        for c, text in self.type.missing.items():
            self.warnings.append(f"no installed font has {c} (U+{ord(c):04X}) of {text!r}: drawn as ?")
        if self.type.apart:
            self.warnings.append(
                f"this matplotlib writes {self.type.apart!r} with its letters apart and from left to right: "
                "install 3.11 or a later one"
            )
        height = self.bottom + self.margin
        return Page(
            self.width,
            height,
            tuple(self.items),
            self.type.say(title),
            self.type.say(said),
            x,
            y,
            self.type.families,
            tuple(self.warnings),
        )


# ---- type ----------------------------------------------------------------------------------------


def wrap(type: Type, text: str, width: float, size: float, bold: bool = False) -> list[str]:
    """The text in lines of at most `width` mm; a word that is longer is cut."""
    lines, line, long = [], "", 0.0
    space = type.width("n n", size, bold) - type.width("nn", size, bold)
    for word in _words(type, text, width, size, bold):
        # words are measured once each: a paragraph's every beginning would take a second
        of_word = type.width(word, size, bold)
        if line and long + space + of_word <= width:
            line, long = f"{line} {word}", long + space + of_word
            continue
        if line:
            lines.append(line)
        line, long = word, of_word
        if long <= width:
            continue
        while type.width(line, size, bold) > width and len(line) > 1:
            head = next(
                (i for i in range(len(line) - 1, 1, -1) if type.width(line[:i], size, bold) <= width), 1
            )
            lines.append(line[:head])
            line = line[head:]
        long = type.width(line, size, bold)
    return [*lines, line] if line or not lines else lines


def _words(type: Type, text: str, width: float, size: float, bold: bool) -> Iterator[str]:
    """What a line may break between; what belongs together is parted where it is too long for a line."""
    for bound in TIES.sub(NO_BREAK, text).split(" "):
        word = bound.replace(NO_BREAK, " ")
        if NO_BREAK in bound and type.width(word, size, bold) > width:
            yield from word.split(" ")
        else:
            yield word


def box(text: Text, type: Type) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a line of type, mm."""
    long = type.width(text.text, text.size, text.bold)
    start = {"start": 0.0, "middle": long / 2, "end": long}[text.anchor]
    above, below = cap_height(text.size) * 1.05, cap_height(text.size) * 0.3
    if text.upward:
        return text.x - above, text.y + start - long, text.x + below, text.y + start
    return text.x - start, text.y - above, text.x - start + long, text.y + below


# ---- axes ----------------------------------------------------------------------------------------


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from low to high, at most so many."""
    if not high > low:
        return [low]
    step = 10.0 ** floor(log10((high - low) / most))
    step = next(
        step * factor
        for factor in (1, 2, 2.5, 5, 10, 20, 25, 50)
        if (high - low) / (step * factor) <= most - 1 + 1e-9
    )
    first = ceil(low / step - 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, floor(high / step + 1e-9) + 1)]


def written(values: Sequence[float]) -> list[str]:
    """Numbers of an axis, all with the decimals that the finest needs, and a true minus sign."""
    digits = max((_decimals(value) for value in values), default=0)
    return [f"{value:.{digits}f}".replace("-", "−") for value in values]


def _decimals(value: float) -> int:
    return next((d for d in range(8) if abs(round(value, d) - value) < 1e-9 * max(1.0, abs(value))), 8)


def percents(values: Sequence[float]) -> list[str]:
    """The same of proportions, in percent."""
    return written([100 * value for value in values])


class Frame:
    """A plotting area on a sheet with its two scales, axes below and to the left."""

    def __init__(self, sheet: Sheet, x: Scale, y: Scale) -> None:
        self.sheet, self.x, self.y = sheet, x, y
        self._drawn: list[list[Point]] = []

    def at(self, x: float, y: float) -> Point:
        """Where a pair of values lies."""
        return self.x(x), self.y(y)

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        left, right = sorted((self.x.start, self.x.end))
        top, bottom = sorted((self.y.start, self.y.end))
        return left, top, right, bottom

    def below(self, places: Sequence[float], names: Sequence[str], title: str, *, axis: bool = True) -> None:
        """The axis along the bottom: as many of its numbers as do not touch, and its title."""
        sheet = self.sheet
        left, _, right, bottom = self.corners
        size = sheet.size
        if axis:
            sheet.rule(bottom, left, right)
        for place in places:
            sheet.items.append(Line(((self.x(place), bottom), (self.x(place), bottom + 0.9)), THIN))
        for at, name in self._apart(
            [(self.x(place), name) for place, name in zip(places, names, strict=True)]
        ):
            sheet.text(at, bottom + 1.6 + cap_height(size), name, anchor="middle")
        y = bottom + 1.6 + cap_height(size) + sheet.line * 1.15
        room = 2 * min((left + right) / 2 - sheet.left, sheet.right - (left + right) / 2)
        for line in wrap(sheet.type, sheet.type.say(title), room, size) if title else []:
            sheet.text((left + right) / 2, y, line, anchor="middle")
            y += sheet.line
        sheet.bottom = max(sheet.bottom, y - sheet.line + 0.35 * sheet.line if title else y - sheet.line)

    def _apart(self, named: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
        """Every number of an axis, or every second, fourth...: the most that do not touch; failing that as they come."""
        face, size = self.sheet.type, self.sheet.size
        air = 0.9 * cap_height(size)

        def half(name: str) -> float:
            return face.width(name, size) / 2

        inside = [
            (at, name)
            for at, name in named
            if at - half(name) > 0.2 and at + half(name) < self.sheet.width - 0.2
        ]
        for stride in (1, 2, 4):
            some = inside[::stride]
            if all(b - half(second) > a + half(first) + air for (a, first), (b, second) in pairwise(some)):
                return some
        kept: list[tuple[float, str]] = []
        for at, name in inside:
            if not kept or at - half(name) > kept[-1][0] + half(kept[-1][1]) + air:
                kept.append((at, name))
        return kept

    def beside(self, places: Sequence[float], names: Sequence[str], title: str, *, axis: bool = True) -> None:
        """The axis along the left, its title written upward."""
        sheet = self.sheet
        left, top, _, bottom = self.corners
        if axis:
            sheet.items.append(Line(((left, top), (left, bottom)), THIN))
        widest = max((sheet.type.width(name, sheet.size) for name in names), default=0.0)
        for place, name in zip(places, names, strict=True):
            at = self.y(place)
            sheet.items.append(Line(((left - 0.9, at), (left, at)), THIN))
            sheet.centred(left - 1.5, at, name, anchor="end")
        if title:
            x = left - 1.5 - widest - 0.6 * sheet.line
            sheet.text(x, (top + bottom) / 2, title, anchor="middle", upward=True)

    def line(
        self,
        points: Sequence[Point],
        *,
        width: float = THIN,
        color: str = INK,
        dash: tuple[float, ...] = (),
        order: int = 2,
    ) -> None:
        """Through pairs of values, cut at the frame."""
        for part in clipped([self.at(*point) for point in points], self.corners):
            self._drawn.append(part)
            self.sheet.items.append(Line(tuple(part), width, color, dash, order))

    def band(
        self, over: Sequence[float], low: Sequence[float], high: Sequence[float], fill: str, order: int = 1
    ) -> None:
        """The area between two curves."""
        edge = [(x, self.y.clamp(y)) for x, y in zip(over, high, strict=True)]
        back = [(x, self.y.clamp(y)) for x, y in zip(over, low, strict=True)]
        points = tuple(self.at(*point) for point in [*edge, *reversed(back)])
        self.sheet.items.append(Area(points, fill, order=order))

    def _along_lines(self) -> Iterator[tuple[float, float, float, float]]:
        """Small boxes along the lines: names must not lie on them."""
        for part in self._drawn:
            for (x1, y1), (x2, y2) in pairwise(part):
                steps = max(1, round(hypot(x2 - x1, y2 - y1) / 0.5))
                for step in range(steps + 1):
                    x, y = x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps
                    yield x - 0.15, y - 0.15, x + 0.15, y + 0.15

    def name_points(
        self,
        points: Sequence[tuple[Point, float, str]],
        size: float,
        *,
        blocked: Sequence[tuple[float, float, float, float]] = (),
    ) -> int:
        """Names beside dots (place in mm, radius, name), the first most wanted; returns how many found no room."""
        sheet = self.sheet
        left, top, right, bottom = self.corners
        taken = [
            *blocked,
            *self._along_lines(),
            *((x - r, y - r, x + r, y + r) for (x, y), r, _ in points),
        ]
        unnamed = 0
        for (x, y), radius, name in points:
            text = sheet.type.say(name)
            for spot in _around(x, y, radius, text, size):
                here = box(spot, sheet.type)
                inside = (
                    here[0] >= left + 0.4 and here[1] >= top and here[2] <= right and here[3] <= bottom - 0.3
                )
                if inside and not any(_touch(here, other) for other in taken):
                    sheet.items.append(spot)
                    taken.append(here)
                    break
            else:
                unnamed += 1
        return unnamed


def _around(x: float, y: float, radius: float, text: str, size: float) -> Iterator[Text]:
    cap = cap_height(size)
    for gap in (0.7, 2.2):
        far = radius + gap
        yield Text(x + far, y + cap / 2, text, size, "start", color=SOFT)
        yield Text(x - far, y + cap / 2, text, size, "end", color=SOFT)
        yield Text(x, y - far, text, size, "middle", color=SOFT)
        yield Text(x, y + far + cap, text, size, "middle", color=SOFT)
        yield Text(x + 0.7 * far, y - 0.7 * far, text, size, "start", color=SOFT)
        yield Text(x - 0.7 * far, y - 0.7 * far, text, size, "end", color=SOFT)
        yield Text(x + 0.7 * far, y + 0.7 * far + cap, text, size, "start", color=SOFT)
        yield Text(x - 0.7 * far, y + 0.7 * far + cap, text, size, "end", color=SOFT)


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def clipped(points: Sequence[Point], corners: tuple[float, float, float, float]) -> Iterator[list[Point]]:
    """The parts of a line through these points that lie within the corners (Liang and Barsky 1984)."""
    left, top, right, bottom = corners
    part: list[Point] = []
    for (x1, y1), (x2, y2) in pairwise(points):
        start, end = 0.0, 1.0
        for delta, room in (
            (x1 - x2, x1 - left),
            (x2 - x1, right - x1),
            (y1 - y2, y1 - top),
            (y2 - y1, bottom - y1),
        ):
            if abs(delta) < 1e-12:
                if room < -1e-9:
                    end = -1.0
            elif delta < 0:
                start = max(start, room / delta)
            else:
                end = min(end, room / delta)
        if end < start:
            if len(part) > 1:
                yield part
            part = []
            continue
        first = (x1 + start * (x2 - x1), y1 + start * (y2 - y1))
        last = (x1 + end * (x2 - x1), y1 + end * (y2 - y1))
        if not part or start > 0:
            if len(part) > 1:
                yield part
            part = [first]
        part.append(last)
        if end < 1:
            yield part
            part = []
    if len(part) > 1:
        yield part

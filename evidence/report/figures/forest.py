"""The forest plot: the lines of the table with their intervals drawn, as meta, RevMan, JAMA or the BMJ set it.

The numbers are those of `evidence.report.pooled.rows`, written by `evidence.report.numbers`, and the sentences below are those of
`evidence.report.pooled.words`: the picture cannot disagree with the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from evidence.analysis.results import Analysis
from evidence.errors import NotPossible, OptionError
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.figures.fonts import FIGURE_SPACE, Type
from evidence.report.figures.layout import Area, Frame, Line, Page, Scale, Sheet, percents, ticks, wrap
from evidence.report.figures.style import (
    BLACK,
    BLUE,
    DASHED,
    DOTTED,
    FAINT,
    GREY,
    HAIR,
    INK,
    MEDIUM,
    NARROWEST,
    ORANGE,
    SIZES,
    SKY,
    SOFT,
    THIN,
    VERMILLION,
    WHITE,
    WIDEST,
    WIDTHS,
    cap_height,
    line_height,
)
from evidence.report.forest import axis_top
from evidence.report.numbers import known
from evidence.report.pooled.rows import Row, decimals, rows
from evidence.report.pooled.text import checked_reference
from evidence.report.pooled.words import footnotes, words
from evidence.synthesis.results import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Style(NamedTuple):
    """A house's way with forest plots: columns left and right of the plot, words, signs and colours.

    Columns are study, counts (events/n) or events and n, estimate, interval and weight. `between` writes an interval
    from its two limits. `rules` are drawn above and below the heads and at the end (mm: their width in points).
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    heads: Mapping[str, str]
    between: str
    square: str
    diamond: str
    whisker: float
    rules: tuple[float, float, float]
    bold_pools: bool
    shaded: bool = False
    pool_line: bool = True


STYLES: Mapping[str, Style] = {
    "meta": Style(
        left=("study", "events", "n"),
        right=("estimate", "interval", "weight"),
        heads={"study": "Study", "events": "Events", "n": "Total", "estimate": "%", "weight": "Weight (%)"},
        between="{0} to {1}",
        square=GREY,
        diamond=BLUE,
        whisker=THIN,
        rules=(0, THIN, 0),
        bold_pools=True,
    ),
    "revman5": Style(
        left=("study", "events", "n", "weight", "estimate", "interval"),
        right=(),
        heads={
            "study": "Study or subgroup",
            "events": "Events",
            "n": "Total",
            "weight": "Weight (%)",
            "estimate": "%",
        },
        between="[{0}, {1}]",
        square=BLUE,
        diamond=BLACK,
        whisker=THIN,
        rules=(0, THIN, THIN),
        bold_pools=True,
    ),
    "jama": Style(
        left=("study", "counts", "estimate", "interval"),
        right=("weight",),
        heads={"study": "Source", "counts": "No./total", "estimate": "%", "weight": "Weight (%)"},
        between="({0}-{1})",
        square=BLACK,
        diamond=SKY,
        whisker=MEDIUM,
        rules=(MEDIUM, THIN, MEDIUM),
        bold_pools=False,
        shaded=True,
    ),
    "bmj": Style(
        left=("study", "counts"),
        right=("weight", "estimate", "interval"),
        heads={"study": "Study", "counts": "No with event/total", "estimate": "%", "weight": "Weight (%)"},
        between="({0} to {1})",
        square=BLUE,
        diamond=BLUE,
        whisker=THIN,
        rules=(MEDIUM, HAIR, MEDIUM),
        bold_pools=True,
    ),
}
LAYOUTS = tuple(STYLES)

PLOT_LEAST, PLOT_GOOD, PLOT_SHARE, PLOT_ENOUGH = 18.0, 24.0, 0.3, 0.22
"""Of the plot: least width (mm), a good one, its share of a wide page, and the least share that keeps labels whole."""

LABEL_LEAST = 20.0
TALLEST = 247.0
"""Depth of a printed page, mm: a smaller type is taken, down to SMALL, before a figure is deeper."""

SMALL = 6.0
MANY = 40
"""Lines from which on they stand closer."""

SQUARE_LEAST, SQUARE_MOST = 0.16, 0.62
"""Half-widths of squares, in lines of type."""


class Column(NamedTuple):
    """A column of text: its head, its cells in the order of the lines, where they are aligned, and its width in mm."""

    name: str
    head: tuple[str, ...]
    cells: tuple[str, ...]
    anchor: str
    width: float


class Placed(NamedTuple):
    """A line of the table on the page: what it is, its label's lines, and its middle (mm)."""

    row: Row
    label: tuple[str, ...]
    y: float


def forest(
    pooled: Analysis,
    ax: Axes | None = None,
    *,
    layout: str = "meta",
    width: str | float = "two",
    xlim: tuple[float, float] | None = None,
    panel: bool = False,
    title: str = "",
    font: str | None = None,
) -> Axes:
    """Draw the forest plot of a pool, and return its Axes; without `ax` on a figure of its own.

    pooled   what `pool` or `pool_rows` gave
    ax       matplotlib's axes to draw on
    layout   meta, revman5, jama or bmj
    width    one (a column, 85 mm), two (the page, 175 mm), or mm; on given axes theirs
    xlim     proportions, 0 to 1, where the axis starts and ends; arrows show what goes on beyond
    panel    other models' answers as well
    title    above the figure; none by default
    font     the name of an installed one; DejaVu Sans, which comes with matplotlib, by default

    The Axes' x is percent, so that `ax.axvline(50)` stands at 50 %. For a file see `save_figure`.

    Raises OptionError for an option outside these, for a font that is not installed and for a width too narrow for the
    columns; InputError without matplotlib. Warns of characters no font has.
    """
    from evidence.report.figures.drawing import drawn

    return drawn(
        lambda wide: forest_page(
            pooled, layout=layout, width=wide, xlim=xlim, panel=panel, title=title, font=font
        ),
        ax,
        width,
    )


def forest_page(
    pooled: Analysis,
    *,
    layout: str = "meta",
    width: str | float = "two",
    xlim: tuple[float, float] | None = None,
    panel: bool = False,
    title: str = "",
    font: str | None = None,
) -> Page:
    """The forest plot with everything at its place. Raises OptionError where the columns do not fit the width."""
    if layout not in STYLES:
        raise OptionError("layout", layout, LAYOUTS)
    lines = rows(pooled, panel=panel)
    values = [line.value for line in lines if line.value]
    if not values:
        raise NotPossible("there is no line to draw")
    wide, limits = millimetres(width), _limits(values, xlim)
    face = Type(font)
    needed, last, last_size = 0.0, None, 1.0
    # whole labels in a slightly smaller type rather than labels in two lines
    for plot, wrapped, sizes in (
        (PLOT_GOOD, False, SIZES[:3] if len(lines) <= MANY else SIZES[:4]),
        (PLOT_GOOD, True, SIZES),
        (PLOT_LEAST, True, SIZES[2:]),
    ):
        for size in sizes:
            # rows are as high as their type: a size that will be too tall again need not be tried
            if last is not None and size > SMALL and last.height * size / last_size > 1.03 * TALLEST:
                continue
            sheet = Sheet(wide, size, face)
            made = _Forest(pooled, lines, STYLES[layout], sheet, limits, title, plot, wrapped)
            needed = made.needed
            if made.fits:
                page = made.page()
                if page.height <= TALLEST:
                    return page
                if size <= SMALL:
                    return _too_deep(page)
                last, last_size = page, size
    if last is not None:
        return _too_deep(last)
    raise OptionError("width", width, f"at least {needed:.0f} mm for these columns in the layout {layout}")


def _too_deep(page: Page) -> Page:
    """The page with a word on its depth: no printed page has room for it."""
    said = f"the figure is {page.height:.0f} mm deep, more than a printed page ({TALLEST:.0f} mm): split it in parts"
    return page._replace(warnings=(*page.warnings, said))


def millimetres(width: str | float) -> float:
    """A width by name or in mm; raises OptionError for one that is neither."""
    if isinstance(width, str) and width in WIDTHS:
        return WIDTHS[width]
    try:
        mm = float(width)
    except ValueError:
        mm = float("nan")
    if not NARROWEST <= mm <= WIDEST:
        raise OptionError("width", width, f"one, two, or {NARROWEST:g} to {WIDEST:g} mm")
    return mm


def _limits(values: Sequence[Interval], xlim: tuple[float, float] | None) -> tuple[float, float]:
    if xlim is None:
        return 0.0, axis_top(list(values))
    low, high = xlim
    if not 0 <= low < high <= 1:
        raise OptionError("xlim", xlim, "two proportions from 0 to 1, the smaller one first")
    return float(low), float(high)


class _Forest:
    """One attempt at a size of type: the columns with their widths, then, if they fit, the page."""

    def __init__(
        self,
        pooled: Analysis,
        lines: Sequence[Row],
        style: Style,
        sheet: Sheet,
        limits: tuple[float, float],
        title: str,
        plot_least: float,
        wrapped: bool,
    ) -> None:
        self.pooled, self.lines, self.style, self.sheet = pooled, lines, style, sheet
        self.limits, self.title = limits, title
        self.digits = decimals(pooled)
        self.level = next(line.value.level for line in lines if line.value)
        self.weighted = any(line.weight is not None for line in lines)
        self.gap = (0.95 if sheet.width >= 120 else 0.6) * sheet.line
        self.left = [self._column(name) for name in style.left[1:] if name != "weight" or self.weighted]
        self.right = [self._column(name) for name in style.right if name != "weight" or self.weighted]
        self._share(plot_least, wrapped)

    # ---- widths

    def _column(self, name: str) -> Column:
        head = self.style.heads.get(name, f"{numbers.level(self.level)}% CI")
        cells = tuple(self._cells(name))
        sheet = self.sheet
        # a head may take two lines where room is short
        words = head.split(" ") if sheet.width < 120 or len(head) > 12 else [head]
        widest = max(sheet.type.width(cell, sheet.size, True) for cell in cells)
        lines = wrap(
            sheet.type,
            head,
            max([widest, *(sheet.type.width(w, sheet.size, True) for w in words)]),
            sheet.size,
            True,
        )
        wide = max([widest, *(sheet.type.width(line, sheet.size, True) for line in lines)])
        return Column(name, tuple(lines), cells, "start" if name == "interval" else "end", wide)

    def _cells(self, name: str) -> Iterator[str]:
        limits = [
            [self._percent(line.value.low), self._percent(line.value.high)] if line.value else ["", ""]
            for line in self.lines
        ]
        widest = max(len(text) for pair in limits for text in pair[:1])
        last = max(len(text) for pair in limits for text in pair[1:])
        for line, (low, high) in zip(self.lines, limits, strict=True):
            if name == "events":
                yield "" if line.events is None else str(line.events)
            elif name == "n":
                yield "" if line.n is None else str(line.n)
            elif name == "counts":
                yield line.counts
            elif name == "weight":
                yield "" if line.weight is None else f"{100 * line.weight:.1f}"
            elif line.value is None:
                yield ""
            elif name == "estimate":
                yield "" if line.kind == "prediction" else self._percent(line.value.estimate)
            else:
                between = self.style.between
                if between[0] in "([":  # the bracket stays at its number
                    text = between.format(low, high)
                    if "->" in text or "<" in text:  # "<0.1->99.9" reads like an arrow
                        text = text.replace("-", " to ")
                    yield FIGURE_SPACE * (widest - len(low)) + text
                else:
                    yield between.format(
                        FIGURE_SPACE * (widest - len(low)) + low, FIGURE_SPACE * (last - len(high)) + high
                    )

    def _percent(self, value: object) -> str:
        return numbers.percent(value, self.digits)

    def _share(self, plot_least: float, wrapped: bool) -> None:
        """What the columns leave is the label's and the plot's."""
        sheet = self.sheet
        room = sheet.right - sheet.left
        fixed = sum(column.width + self.gap for column in [*self.left, *self.right]) + self.gap
        if self.right:
            fixed += 0.3 * self.gap
        lacking = [column for column in self.left if column.name in ("events", "n", "counts")]
        runs_on = sum(column.width + self.gap for column in lacking)
        head = sheet.type.width(self.style.heads["study"], sheet.size, True)
        widths = [
            (
                line.kind,
                sheet.type.width(sheet.type.say(line.name), sheet.size, self._bold(line))
                - (runs_on if line.events is None else 0.0),
            )
            for line in self.lines
            if line.value is not None
        ]
        natural = max([head, *(wide for _, wide in widths)])
        least = min(natural, LABEL_LEAST if plot_least > PLOT_LEAST else 0.75 * LABEL_LEAST)
        if not wrapped:
            label = natural + 0.1
            self.fits = room - fixed - label >= max(plot_least, PLOT_ENOUGH * room)
        else:
            label = min(natural + 0.1, room - fixed - max(plot_least, PLOT_SHARE * room))
            # where only a pool's name is too long, the studies' stay whole
            studies = max([head, *(wide for kind, wide in widths if kind == "study")]) + 0.1
            if label < studies <= room - fixed - max(plot_least, PLOT_ENOUGH * room):
                label = studies
            if label < least:
                label = min(natural + 0.1, room - fixed - plot_least)
            self.fits = label >= least
        self.label = label
        self.plot = room - fixed - label
        self.needed = fixed + plot_least + least + 2 * sheet.margin

    def _bold(self, line: Row) -> bool:
        return line.kind == "heading" or (self.style.bold_pools and line.kind in ("pool", "average"))

    # ---- the page

    def page(self) -> Page:
        """Everything at its place."""
        sheet = self.sheet
        if self.title:
            sheet.paragraph(self.title, size=sheet.size + 1, bold=True)
            sheet.bottom += 0.5 * sheet.line
        x = sheet.left + self.label
        self.places = [(sheet.left, sheet.left + self.label)]
        for column in self.left:
            self.places.append((x + self.gap, x + self.gap + column.width))
            x += self.gap + column.width
        low, high = self.limits
        # so far inside that a square at 100 % stays on the plot, and the last number on the page
        inside = SQUARE_MOST * sheet.line + 0.1
        last = inside if self.right else max(inside, sheet.type.width("100", sheet.size) / 2)
        start, end = x + self.gap + inside, x + self.gap + self.plot - last
        self.x = Scale(100 * low, 100 * high, start, end)
        x += self.gap + self.plot + (0.3 * self.gap if self.right else 0)
        self.right_places = []
        for column in self.right:
            self.right_places.append((x + self.gap, x + self.gap + column.width))
            x += self.gap + column.width
        self._heads()
        top = sheet.bottom
        placed = list(self._lines())
        self._signs(placed)
        self._axis(top)
        self._below()
        said = words(self.pooled)
        shown = self.title or said.heading or "Forest plot"
        return sheet.page(shown, said.headline, x=self.x)

    def _heads(self) -> None:
        """The columns' names, their last lines level, between rules."""
        sheet, style = self.sheet, self.style
        study = wrap(sheet.type, style.heads["study"], self.label, sheet.size, True)
        high = max([len(study), *(len(column.head) for column in [*self.left, *self.right])])
        if style.rules[0]:
            sheet.rule(sheet.bottom, sheet.left, sheet.right, style.rules[0])
            sheet.bottom += 0.25 * sheet.line
        base = sheet.bottom + (high - 0.26) * sheet.line
        for number, line in enumerate(reversed(study)):
            sheet.text(sheet.left, base - number * sheet.line, line, bold=True)
        pairs = [
            *zip(self.left, self.places[1:], strict=True),
            *zip(self.right, self.right_places, strict=True),
        ]
        for column, (left, right) in pairs:
            at = left if column.anchor == "start" else right
            for number, line in enumerate(reversed(column.head)):
                sheet.text(at, base - number * sheet.line, line, anchor=column.anchor, bold=True)
        sheet.bottom += (high + 0.2) * sheet.line
        sheet.rule(sheet.bottom, sheet.left, sheet.right, style.rules[1] or HAIR)
        sheet.bottom += 0.3 * sheet.line

    def _lines(self) -> Iterator[Placed]:
        """Each line's texts; yields where it is."""
        sheet = self.sheet
        leading = 1.1 if len(self.lines) > MANY else 1.42
        cells = [
            *zip(self.left, self.places[1:], strict=True),
            *zip(self.right, self.right_places, strict=True),
        ]
        before: Row | None = None
        for number, line in enumerate(self.lines):
            sheet.bottom += self._gap_before(before, line) * sheet.line
            bold = self._bold(line)
            label = self._label(line, bold)
            high = max(leading, len(label) + 0.25 if len(label) > 1 else 0.0) * sheet.line
            y = sheet.bottom + high / 2
            if self.style.shaded and line.kind in ("pool", "average"):
                shade = (
                    (sheet.left, sheet.bottom),
                    (sheet.right, sheet.bottom),
                    (sheet.right, sheet.bottom + high),
                    (sheet.left, sheet.bottom + high),
                )
                sheet.items.append(Area(shade, FAINT, order=0))
            for place, text in enumerate(label):
                offset = (place - (len(label) - 1) / 2) * sheet.line
                sheet.centred(sheet.left, y + offset, text, bold=bold)
            for column, (left, right) in cells:
                at = left if column.anchor == "start" else right
                sheet.centred(at, y, column.cells[number], anchor=column.anchor, bold=bold)
            sheet.bottom += high
            yield Placed(line, tuple(label), y)
            before = line

    def _gap_before(self, before: Row | None, line: Row) -> float:
        """Lines of air: before groups, pools and references."""
        if before is None:
            return 0.0
        section = {
            "study": 0,
            "heading": 0,
            "pool": 1,
            "average": 1,
            "prediction": 1,
            "panel": 2,
            "reference": 3,
        }
        if line.kind == "heading":
            return 0.55
        if (
            line.kind == "pool"
            and line.pool is not None
            and line.group in ("all", "others")
            and before.group not in ("all", "others")
        ):
            return 0.5
        if before.kind == "heading" or section[before.kind] == section[line.kind]:
            return 0.0
        return 0.15 if line.kind == "pool" else 0.5 if line.kind == "reference" else 0.0

    def _label(self, line: Row, bold: bool) -> list[str]:
        sheet = self.sheet
        room = self.label
        if line.value is None:  # a heading: over the columns up to the plot
            room = self.x.start - sheet.left - self.gap
        elif line.events is None:
            run = [
                place
                for column, place in zip(self.left, self.places[1:], strict=True)
                if column.name in ("events", "n", "counts")
            ]
            room = max([self.label, *(right - sheet.left for _, right in run)])
        return wrap(sheet.type, sheet.type.say(line.name), room, sheet.size, bold)

    # ---- signs

    def _signs(self, placed: Sequence[Placed]) -> None:
        heaviest = max([0.0, *(self._heft(one.row) for one in placed)])
        for one in placed:
            value = one.row.value
            if value is None or not (known(value.low) and known(value.high)):
                continue
            if one.row.kind == "prediction":
                self._bar(value, one.y)
            elif one.row.kind in ("pool", "average", "panel"):
                self._diamond(value, one.y, hollow=one.row.kind == "panel")
            else:
                self._square(one.row, value, one.y, heaviest)

    def _heft(self, row: Row) -> float:
        """What a square's area stands for: weight, else the number of patients."""
        if row.kind != "study":
            return 0.0
        return float(row.weight or 0.0) if self.weighted else float(row.n or 0)

    def _square(self, row: Row, value: Interval, y: float, heaviest: float) -> None:
        sheet = self.sheet
        self._whisker(value, y)
        if not known(value.estimate) or not self.x.holds(100 * value.estimate):
            return
        if row.kind == "reference":
            half, fill, edge = 0.34 * sheet.line, WHITE, INK
        else:
            share = sqrt(self._heft(row) / heaviest) if heaviest > 0 else 0.5
            half = max(SQUARE_LEAST, SQUARE_MOST * share) * sheet.line
            fill, edge = self.style.square, None
            if row.study is not None and row.study.role == "ours":
                fill, edge = VERMILLION, None
        at = self.x(100 * value.estimate)
        corners = ((at - half, y - half), (at + half, y - half), (at + half, y + half), (at - half, y + half))
        sheet.items.append(Area(corners, fill, edge, THIN, order=3))
        if half > 0.3 * sheet.line and row.kind == "study":  # the estimate itself, on a large square
            sheet.items.append(
                Line(((at, y - 0.14 * sheet.line), (at, y + 0.14 * sheet.line)), THIN, WHITE, order=4)
            )

    def _whisker(self, value: Interval, y: float) -> None:
        sheet, scale = self.sheet, self.x
        low, high = 100 * value.low, 100 * value.high
        if high < scale.low or low > scale.high:  # all of it lies beyond: an arrow says where
            self._arrow(y, right=low > scale.high)
            return
        start, end = scale(scale.clamp(low)), scale(scale.clamp(high))
        if end > start:
            sheet.items.append(Line(((start, y), (end, y)), self.style.whisker, INK, order=2))
        if not scale.holds(low):
            self._arrow(y, right=False)
        if not scale.holds(high):
            self._arrow(y, right=True)

    def _arrow(self, y: float, *, right: bool) -> None:
        """At an end of the axis, pointing on."""
        line = self.sheet.line
        at, out = (self.x.end, 1) if right else (self.x.start, -1)
        points = (
            (at + out * 0.3 * line, y),
            (at - out * 0.15 * line, y - 0.2 * line),
            (at - out * 0.15 * line, y + 0.2 * line),
        )
        self.sheet.items.append(Area(points, INK, order=4))

    def _diamond(self, value: Interval, y: float, *, hollow: bool) -> None:
        sheet, scale = self.sheet, self.x
        half = (0.3 if hollow else 0.42) * sheet.line
        low, high = 100 * float(value.low), 100 * float(value.high)
        if high < scale.low or low > scale.high:
            self._arrow(y, right=low > scale.high)
            return
        middle = 100 * float(value.estimate) if known(value.estimate) else (low + high) / 2
        upper = [(low, 0.0), (middle, 1.0), (high, 0.0)]

        def height(at: float) -> float:
            for (x1, y1), (x2, y2) in pairwise(upper):
                if x1 <= at <= x2 and x2 > x1:
                    return y1 + (at - x1) / (x2 - x1) * (y2 - y1)
            return 1.0 if at == middle else 0.0

        start, end = scale.clamp(low), scale.clamp(high)
        along = sorted({start, end, *([middle] if start < middle < end else [])})
        above = [(scale(at), y - half * (height(at) if low < high else 1.0)) for at in along]
        if middle in (low, high) and low < high:  # one-sided: the full height stands at that end
            above = [(scale(at), y - half * (1.0 if at == middle else height(at))) for at in along]
        beneath = [(x, 2 * y - up) for x, up in reversed(above)]
        fill, edge = (
            (WHITE, INK)
            if hollow
            else (self.style.diamond, self.style.diamond if self.style.diamond != SKY else INK)
        )
        sheet.items.append(Area((*above, *beneath), fill, edge, THIN, order=3))
        if not scale.holds(low):
            self._arrow(y, right=False)
        if not scale.holds(high):
            self._arrow(y, right=True)

    def _bar(self, value: Interval, y: float) -> None:
        """The prediction interval: for another series, not an average."""
        sheet, scale = self.sheet, self.x
        low, high = 100 * value.low, 100 * value.high
        if high < scale.low or low > scale.high:
            self._arrow(y, right=low > scale.high)
            return
        half = 0.16 * sheet.line
        start, end = scale(scale.clamp(low)), scale(scale.clamp(high))
        corners = ((start, y - half), (end, y - half), (end, y + half), (start, y + half))
        sheet.items.append(Area(corners, ORANGE, INK, HAIR, order=3))
        for beyond, right in ((not scale.holds(low), False), (not scale.holds(high), True)):
            if beyond:
                self._arrow(y, right=right)

    # ---- axis and what stands below

    def _axis(self, top: float) -> None:
        sheet, low_high = self.sheet, self.limits
        sheet.bottom += 0.35 * sheet.line
        bottom = sheet.bottom
        self._upright(top - 0.1 * sheet.line, bottom)
        places = ticks(100 * low_high[0], 100 * low_high[1], 5 if self.x.end - self.x.start < 45 else 6)
        if low_high == (0.0, 1.0):
            places = [0.0, 25.0, 50.0, 75.0, 100.0]
        frame = Frame(sheet, self.x, Scale(0.0, 1.0, bottom, top))
        label = clean(self.pooled.outcome_label)
        frame.below(
            places, percents([place / 100 for place in places]), f"{label}, %" if label else "Proportion, %"
        )
        sheet.bottom += 0.35 * sheet.line

    def _upright(self, top: float, bottom: float) -> None:
        """A dashed line at the reference; else a dotted one at the pool, where the layout has it."""
        sheet = self.sheet
        reference = checked_reference(self.pooled)
        if reference is not None:
            at = 100 * float(reference.proportion.estimate)
            if self.x.holds(at):
                sheet.items.append(
                    Line(((self.x(at), top), (self.x(at), bottom)), THIN, INK, DASHED, order=1)
                )
        pool = next((line for line in self.lines if line.kind == "pool" and line.group == "all"), None)
        if reference is None and pool is not None and self.style.pool_line and pool.value is not None:
            at = 100 * float(pool.value.estimate)
            if self.x.holds(at) and 0 < pool.value.estimate < 1:
                sheet.items.append(
                    Line(((self.x(at), top), (self.x(at), bottom)), THIN, GREY, DOTTED, order=1)
                )

    def _below(self) -> None:
        sheet = self.sheet
        small = max(5.0, sheet.size - 1)
        if self.style.rules[2]:
            sheet.bottom += 0.3 * sheet.line
            sheet.rule(sheet.bottom, sheet.left, sheet.right, self.style.rules[2])
        sheet.bottom += 0.35 * sheet.line
        for warning in self.pooled.warnings:
            sheet.paragraph(clean(warning), size=small, bold=True)
        said = words(self.pooled)
        reference = checked_reference(self.pooled)
        if reference is not None:
            indent = 7.0
            y = sheet.bottom + 0.76 * line_height(small) - cap_height(small) / 2
            sheet.items.append(Line(((sheet.left, y), (sheet.left + 5.5, y)), THIN, INK, DASHED, order=1))
            rate = numbers.percent(reference.proportion.estimate, self.digits)
            sheet.paragraph(f"{clean(reference.name)}: {rate} %.", size=small, indent=indent)
        for text in said.heterogeneity:
            sheet.paragraph(text, size=small)
        sheet.paragraph(self._squares(), size=small, color=SOFT)
        for text in said.methods:
            sheet.paragraph(text, size=small, color=SOFT)
        marks = "; ".join(f"{mark} {text}" for mark, text in footnotes(self.pooled))
        if marks:
            sheet.paragraph(f"{marks}.", size=small, color=SOFT)

    def _squares(self) -> str:
        """What the squares' areas are, and why there are no weights where there are none."""
        references = (
            " Hollow squares: references, of one size."
            if any(line.kind == "reference" for line in self.lines)
            else ""
        )
        if self.weighted:
            return f"Areas of squares are proportional to weights.{references}"
        model = self.pooled.pooled[0].source.model if self.pooled.pooled else ""
        called = {
            "exact": "exact",
            "bayes": "Bayesian",
            "binomial": "binomial",
            "beta-binomial": "beta-binomial",
        }
        if self.pooled.pooled and self.pooled.pooled[0].source.k < 2:
            return f"Areas of squares are proportional to the number of patients.{references}"
        why = (
            f"the {called.get(str(model), str(model))} model has no weights of studies"
            if model
            else "there are no weights"
        )
        return f"Areas of squares are proportional to the number of patients: {why}.{references}"

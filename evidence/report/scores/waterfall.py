"""A waterfall plot in characters: one bar a patient, sorted by how much the score changed.

Bars to the right are improvement, whichever way the score runs; the axis is written with the sign of the change.
A bar covers a threshold's mark exactly if the patient reaches the threshold, however coarse the cells are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evidence.report.characters import cells, pad, shorten
from evidence.review.patients import SLACK

INDENT, GAP = "  ", "  "
PLOT_LEAST, PLOT_MOST, LABEL_LEAST = 20, 61, 7
TOPS = (10.0, 20.0, 50.0, 100.0, 150.0, 200.0)
"""Where an axis may end, in percent; what goes further ends in an arrow, for the worse already beyond 100."""

MOST_BARS = 100
"""More are thinned evenly by rank: beyond a few screens, the shape is what can be seen."""


class Glyphs(NamedTuple):
    """The pieces of a bar; arrows stand where one goes on beyond the axis."""

    better: str
    worse: str
    zero: str
    threshold: str
    on: tuple[str, str]


UNICODE = Glyphs("█", "▒", "│", "┊", ("◂", "▸"))
ASCII = Glyphs("#", "=", "|", ":", ("<", ">"))


class Bar(NamedTuple):
    """A patient: name, the two scores, the change in percent as text; `gain` in percent, None where there is none.

    `note` stands in place of a bar.
    """

    label: str
    scores: str
    change: str
    gain: float | None
    note: str = ""


class Axis(NamedTuple):
    """From `low` (0 or less) to `high` percent of improvement, over so many cells."""

    low: float
    high: float
    width: int

    def cell(self, gain: float) -> int:
        """The cell a gain falls in; monotone, and the ends for what is beyond them."""
        share = (gain - self.low) / (self.high - self.low)
        return max(0, min(self.width - 1, round(share * (self.width - 1))))


def axis_of(gains: Sequence[float], thresholds: Sequence[float], width: int) -> Axis:
    """An axis that holds every gain and threshold, if they are not beyond all TOPS."""
    marks = max([0.0, *thresholds])
    high = max(marks, _top(max([marks, *gains])))
    worst = -min([0.0, *gains])
    return Axis(-min(_top(worst), 100.0) if worst > 0 else 0.0, high, width)


def _top(value: float) -> float:
    return next((top for top in TOPS if value <= top), TOPS[-1])


def draw_bar(gain: float, axis: Axis, thresholds: Sequence[float], glyphs: Glyphs) -> str:
    """One patient's change as `axis.width` cells, with the zero line and a mark at each threshold."""
    line = [" "] * axis.width
    for threshold in thresholds:
        line[axis.cell(threshold)] = glyphs.threshold
    zero, end = axis.cell(0), axis.cell(gain)
    if gain > 0:
        # Rounded to a cell, 49.9 % could cover the mark at 50.
        short = [axis.cell(threshold) - 1 for threshold in thresholds if gain < threshold * (1 - SLACK)]
        for at in range(zero + 1, min([end, *short]) + 1):
            line[at] = glyphs.better
    elif gain < 0:
        for at in range(end, zero):
            line[at] = glyphs.worse
    line[zero] = glyphs.zero
    if gain > axis.high:
        line[-1] = glyphs.on[1]
    elif gain < axis.low:
        line[0] = glyphs.on[0]
    return "".join(line)


def draw_axis(axis: Axis, thresholds: Sequence[float], *, sign: int) -> str:
    """Numbers over their cells: 0, the thresholds, then the ends, each where the earlier ones leave room."""
    line = [" "] * axis.width
    for gain in (0.0, *thresholds, axis.high, axis.low):
        value = sign * gain
        text = f"{value:g}".replace("-", "−") if value < 0 else f"+{value:g}" if value > 0 else "0"
        start = max(0, min(axis.cell(gain) - len(text) // 2, axis.width - len(text)))
        around = line[max(0, start - 1) : start + len(text) + 1]
        if not "".join(around).strip():
            line[start : start + len(text)] = text
    return "".join(line)


def waterfall(
    bars: Sequence[Bar],
    thresholds: Sequence[float],
    *,
    width: int = 80,
    unicode: bool = True,
    sign: int = -1,
    heads: tuple[str, str, str] = ("Patient", "Scores", "%"),
) -> list[str]:
    """The lines of the plot, none longer than `width` (72 at least): a head, the bars, those without one last.

    `thresholds` are percent of improvement; `sign` is that of the change which is one.
    """
    drawn = sorted((bar for bar in bars if bar.gain is not None), key=lambda bar: bar.gain or 0.0)
    shown = [*_thinned(drawn), *(bar for bar in bars if bar.gain is None)]
    if not shown:
        return []
    ellipsis = "…" if unicode else "..."
    scores = min(28, max(len(heads[1]), *(cells(bar.scores) for bar in shown)))
    change = max(len(heads[2]), *(cells(bar.change) for bar in shown))
    room = width - len(INDENT) - scores - change - 3 * len(GAP)
    needed = max(LABEL_LEAST, *(cells(bar.label) for bar in shown))
    plot = max(PLOT_LEAST, min(PLOT_MOST, room - needed))
    label = max(1, min(needed, room - plot))
    gains = [bar.gain for bar in drawn if bar.gain is not None]
    axis = axis_of(gains, thresholds, plot)
    glyphs = UNICODE if unicode else ASCII
    marks = [threshold for threshold in dict.fromkeys(thresholds) if 0 < threshold <= axis.high]

    def line(first: str, second: str, third: str, rest: str) -> str:
        parts = (
            pad(shorten(first, label, ellipsis), label),
            pad(shorten(second, scores, ellipsis), scores, right=True),
            pad(third, change, right=True),
            shorten(rest, plot, ellipsis),
        )
        return (INDENT + GAP.join(parts)).rstrip()

    head = draw_axis(axis, marks, sign=sign) if gains else ""
    return [
        line(*heads, head),
        *(
            line(
                bar.label,
                bar.scores,
                bar.change,
                bar.note if bar.gain is None else draw_bar(bar.gain, axis, marks, glyphs),
            )
            for bar in shown
        ),
    ]


def _thinned(bars: Sequence[Bar]) -> Iterator[Bar]:
    """At most MOST_BARS of them, evenly by rank, the first and the last among them."""
    if len(bars) <= MOST_BARS:
        yield from bars
        return
    for i in range(MOST_BARS):
        yield bars[round(i * (len(bars) - 1) / (MOST_BARS - 1))]

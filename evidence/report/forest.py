"""A forest plot in characters: an interval drawn on an axis of so many cells."""

from __future__ import annotations

from typing import NamedTuple

from evidence.report.numbers import known
from evidence.synthesis.results import Interval

TOPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Where an axis may end: the first that holds every interval, so that rare events can be told apart."""


class Glyphs(NamedTuple):
    """The pieces of an interval; `pool` may take two cells."""

    left: str
    line: str
    right: str
    study: str
    pool: str
    wide: str
    rule: str


UNICODE = Glyphs("├", "─", "┤", "■", "◆", "╌", "┊")
ASCII = Glyphs("|", "-", "|", "#", "<>", ".", ":")


def axis_top(intervals: list[Interval]) -> float:
    """Where the axis ends: at the first round number above every limit."""
    highest = max((float(i.high) for i in intervals if known(i.high)), default=1.0)
    return next((top for top in TOPS if highest <= top), 1.0)


def axis(top: float, width: int) -> str:
    """The axis' numbers over their cells: 0, half and the end, with quarters where there is room."""
    ticks = (0, 0.25, 0.5, 0.75, 1) if top == 1 and width >= 17 else (0, 0.5, 1)
    line = [" "] * width
    for tick in ticks:
        text = f"{100 * top * tick:.6g}"
        at = cell(tick, width) - len(text) // 2
        at = max(0, min(at, width - len(text)))
        line[at : at + len(text)] = text
    return "".join(line)


def cell(share: float, width: int) -> int:
    """The cell a share of the axis (0 to 1) falls in."""
    return max(0, min(width - 1, round(share * (width - 1))))


def draw(
    kind: str, value: Interval, top: float, width: int, glyphs: Glyphs, reference: float | None = None
) -> str:
    """One interval as `width` cells; `reference` is a proportion to rule a dotted line at."""
    line = [" "] * width
    if reference is not None:
        line[cell(reference / top, width)] = glyphs.rule
    if not (known(value.low) and known(value.high)):
        return "".join(line)
    low, high = cell(value.low / top, width), cell(value.high / top, width)
    for at in range(low, high + 1):
        line[at] = glyphs.wide if kind == "prediction" else glyphs.line
    line[low], line[high] = glyphs.left, glyphs.right
    if kind == "prediction" or not known(value.estimate):
        return "".join(line)
    mark = glyphs.study if kind in ("study", "reference") else glyphs.pool
    at = min(cell(value.estimate / top, width), width - len(mark))
    line[at : at + len(mark)] = mark
    return "".join(line)

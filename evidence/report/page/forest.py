"""A line of the forest plot as positions on its axis: layout is decided here, and tested, without drawing anything."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from evidence.report.numbers import known
from evidence.report.parts import Bar
from evidence.report.pooled.rows import Row

LEAST, MOST = 6.0, 14.0
"""Sides of the smallest and the largest square, in pixels: areas go by weight, else by patients."""

TICKS = (0, 0.25, 0.5, 0.75, 1)


def position(share: float, top: float) -> float:
    """A proportion as percent of an axis from 0 to `top`, which nothing leaves."""
    return round(100 * min(max(share / top, 0.0), 1.0), 2)


def ticks(top: float) -> tuple[tuple[float, str], ...]:
    """Where the axis is marked, and with what percentage."""
    return tuple((100.0 * tick, f"{100 * top * tick:.6g}") for tick in TICKS)


def bars(lines: Sequence[Row], top: float) -> list[Bar | None]:
    """The bar of each line; None for a heading, and where the limits are not known."""
    sizes = [_importance(line) for line in lines]
    largest = max(sizes, default=0.0)
    return [
        _bar(line, top, sqrt(size / largest) if largest else 1.0)
        for line, size in zip(lines, sizes, strict=True)
    ]


def _importance(line: Row) -> float:
    """What the square's area stands for. Models without weights have only the number of patients."""
    if line.kind not in ("study", "reference"):
        return 0.0
    return float(line.n or 0)


def _bar(line: Row, top: float, share: float) -> Bar | None:
    value = line.value
    if value is None or not (known(value.low) and known(value.high)):
        return None
    estimate = value.estimate if known(value.estimate) else value.low
    shape = "square" if line.kind in ("study", "reference") else "diamond"
    if line.kind == "prediction" or not known(value.estimate):
        shape = "dashes"
    size = max(LEAST, MOST * share) if shape == "square" else MOST
    low, high, at = (position(float(end), top) for end in (value.low, value.high, estimate))
    return Bar(low, high, at, shape, round(size, 1))

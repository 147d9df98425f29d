"""Colours, widths and sizes of figures: told apart by colour-blind readers, and in grey."""

from __future__ import annotations

from collections.abc import Mapping

BLACK, WHITE = "#000000", "#ffffff"
ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, VERMILLION, PURPLE = "#0072b2", "#d55e00", "#cc79a7"
"""The eight colours of Okabe and Ito (Color Universal Design, 2008)."""

INK = BLACK
SOFT = "#595959"
"""Secondary text: 7 to 1 on white."""
GREY, PALE, FAINT = "#8c8c8c", "#d9d9d9", "#ededed"

WIDTHS: Mapping[str, float] = {"one": 85.0, "two": 175.0}
"""What journals print in, mm: a column, or the width of the page."""

NARROWEST, WIDEST = 60.0, 1000.0
"""Widths a figure may be asked for, mm."""

DPI_LEAST, DPI, DPI_MOST = 72, 300, 1200

SIZES = (7.5, 7.0, 6.5, 6.0, 5.5, 5.0)
"""Sizes of type tried in turn, points: the first with which everything finds its place."""

HAIR, THIN, MEDIUM = 0.4, 0.6, 0.9
"""Widths of lines, points."""

DOTTED, DASHED = (1.0, 1.6), (3.0, 2.0)

MM = 25.4 / 72
"""A point in mm."""


def line_height(size: float) -> float:
    """From one line of type to the next, mm."""
    return 1.32 * size * MM


def cap_height(size: float) -> float:
    """Of a capital, mm: half of it above a line's middle stands the baseline."""
    return 0.73 * size * MM

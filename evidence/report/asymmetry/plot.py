"""A funnel plot or a Doi plot in characters: proportions along, size or rank upward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from evidence.analysis.small_studies import Asymmetry
from evidence.report import numbers
from evidence.report.characters import cells, pad
from evidence.report.terminal import DIM, INDENT, Paper

ROWS, WIDEST = 11, 72


class Point(NamedTuple):
    """Where a mark stands: a proportion, and a height that grows upward."""

    proportion: float
    height: float
    filled: bool = False


def draw_asymmetry(found: Asymmetry, paper: Paper, plot: str) -> list[str]:
    """The plot's lines, its legend last; nothing for "none" and for a Doi plot that does not exist."""
    if plot == "none" or (plot == "doi" and found.doi is None):
        return []
    events, n = found.counts
    proportions = (events / n).tolist()
    if plot == "doi":
        assert found.doi is not None
        points = [Point(p, -abs(z)) for p, z in zip(proportions, found.doi.z.tolist(), strict=True)]
        tip = min(points, key=lambda point: -point.height).proportion
        head, rule, ticks = "|z|", tip, _heights(points, lambda height: f"{abs(height):.1f}")
        said = "Doi plot: the upright line stands at the tip; limbs of one shape are symmetric."
    else:
        points = [Point(p, size**0.5) for p, size in zip(proportions, n.tolist(), strict=True)]
        filled = found.filled
        assert filled is not None
        if filled.result is not None and filled.proportions:
            order = _filled_sizes(found)
            points += [Point(p, size**0.5, True) for p, size in zip(filled.proportions, order, strict=True)]
        head, rule = "n", filled.observed.estimate
        ticks = _heights(points, lambda height: f"{height**2:.0f}")
        said = "Funnel by size, large studies on top; the upright line is the random-effects pool"
        said += ", hollow marks are filled in." if filled.proportions else "."
    return [*_plot(points, rule, head, ticks, paper), *paper.paragraph(said, INDENT, style=DIM)]


def _filled_sizes(found: Asymmetry) -> list[float]:
    """The size of the study each filled one mirrors: variances came along in its order."""
    assert found.filled is not None and found.filled.result is not None
    result, n = found.filled.result, found.counts[1]
    seen = result.vi[: result.k]
    return [float(n[np.abs(seen - variance).argmin()]) for variance in result.vi[result.k :]]


def _heights(points: Sequence[Point], write: object) -> tuple[float, float, str, str]:
    assert callable(write)
    low, high = min(p.height for p in points), max(p.height for p in points)
    return low, high, write(low), write(high)


def _plot(
    points: Sequence[Point], rule: float, head: str, ticks: tuple[float, float, str, str], paper: Paper
) -> list[str]:
    study, hollow, line, axis = ("■", "◦", "┊", "─") if paper.unicode else ("#", "o", ":", "-")
    low, high, bottom, top = ticks
    margin = max(cells(head), len(bottom), len(top))
    width = min(WIDEST, paper.width - len(INDENT) - margin - 2)
    left, right = _span([*(p.proportion for p in points), rule])

    def column(value: float) -> int:
        return round((value - left) / (right - left) * (width - 1))

    grid = [[" "] * width for _ in range(ROWS)]
    for row in grid:
        row[column(rule)] = line
    for point in sorted(points, key=lambda p: not p.filled):  # what was seen lies over what was filled in
        share = (point.height - low) / (high - low) if high > low else 1.0
        grid[round((1 - share) * (ROWS - 1))][column(point.proportion)] = hollow if point.filled else study
    labels = {0: top, ROWS - 1: bottom if bottom != top else ""}
    lines = [INDENT + pad(head, margin, right=True)]
    lines += [
        INDENT + pad(labels.get(number, ""), margin, right=True) + "  " + "".join(row).rstrip()
        for number, row in enumerate(grid)
    ]
    lines.append(INDENT + " " * (margin + 2) + axis * width)
    texts = [f"{numbers.brief(value)} %" for value in (left, (left + right) / 2, right)]
    ends = [0, (width - len(texts[1])) // 2, width - len(texts[2])]
    scale = [" "] * width
    for at, text in zip(ends, texts, strict=True):
        scale[at : at + len(text)] = text
    lines.append(INDENT + " " * (margin + 2) + "".join(scale).rstrip())
    return lines


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Round ends around all proportions: steps of ten points, within 0 to 100."""
    left = max(0.0, np.floor(10 * min(values)) / 10)
    right = min(1.0, np.ceil(10 * max(values)) / 10)
    if max(values) <= 0.05:
        left, right = 0.0, float(max(values)) or 0.05
    return (left, right) if right > left else (max(0.0, left - 0.1), min(1.0, right + 0.1))

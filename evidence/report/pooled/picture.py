"""The picture on a screen: the table of counts and intervals with its forest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from evidence.report import forest, numbers
from evidence.report.characters import cells, pad, shorten
from evidence.report.pooled.rows import Row
from evidence.report.terminal import BOLD, DIM, GAP, INDENT, Paper

LABEL_LEAST, FOREST_LEAST, FOREST_GOOD, FOREST_MOST = 16, 9, 17, 61


class Columns(NamedTuple):
    """How wide each column is; a width of 0 leaves the column out."""

    label: int
    counts: int
    percent: int
    limit: int
    weight: int
    forest: int


def draw(lines: Sequence[Row], paper: Paper, digits: int, rate: float | None) -> list[str]:
    """The lines as a table `paper` is wide, percentages with `digits`, a dotted line ruled at `rate`."""
    values = [line.value for line in lines if line.value]
    if not values:
        return []
    top = forest.axis_top(values)

    def percent(value: object) -> str:
        return numbers.percent(value, digits)

    columns = _columns(lines, paper, percent)
    return [
        paper.paint(DIM, _head(columns, paper, top, values[0].level)),
        *(_line(line, columns, paper, percent, top, rate) for line in lines),
    ]


def _columns(lines: Sequence[Row], paper: Paper, percent: Callable[[object], str]) -> Columns:
    """Fixed columns take what they need, the label and the forest share the rest."""
    values = [line.value for line in lines if line.value]
    counts = max([8, *(len(line.counts) for line in lines)])
    estimate = max(len(percent(v.estimate)) for v in values)
    limit = max(len(percent(x)) for v in values for x in (v.low, v.high))
    weighted = any(line.weight is not None for line in lines)
    weight = 6 if weighted and paper.width >= 92 else 0
    fixed = (
        len(INDENT)
        + counts
        + estimate
        + 2 * limit
        + len(" to ")
        + 4 * len(GAP)
        + (weight and weight + len(GAP))
    )
    room = paper.width - fixed
    needed = max([len("Study"), *(cells(_label(line, paper)) for line in lines if line.events is not None)])
    wide = max([0, *(cells(_label(line, paper)) - counts - 2 for line in lines if line.events is None)])
    label = max(LABEL_LEAST, min(max(needed, wide), room - FOREST_GOOD))
    plot = min(FOREST_MOST, room - label)
    if plot < FOREST_LEAST:  # very large counts leave no room for a picture
        label, plot = max(1, room + len(GAP)), 0
    elif plot < FOREST_GOOD:
        label = room - plot
    return Columns(label, counts, estimate, limit, weight, plot)


def _label(line: Row, paper: Paper) -> str:
    return paper.say(line.name)


def _head(columns: Columns, paper: Paper, top: float, level: float) -> str:
    parts = [
        pad("Study", columns.label),
        pad("Events/n", columns.counts, right=True),
        pad("%", columns.percent, right=True),
        pad(f"{numbers.level(level)}% CI", 2 * columns.limit + 4),
    ]
    if columns.weight:
        parts.append(pad("Weight", columns.weight, right=True))
    if columns.forest:
        parts.append(forest.axis(top, columns.forest))
    return INDENT + GAP.join(parts)


def _line(
    line: Row,
    columns: Columns,
    paper: Paper,
    percent: Callable[[object], str],
    top: float,
    rate: float | None,
) -> str:
    if line.value is None:
        heading = shorten(paper.say(line.label), paper.width - len(INDENT) - 1, paper.say("…"))
        return INDENT + paper.paint(BOLD, f"{heading}:")
    value = line.value
    estimate = "" if line.kind == "prediction" else percent(value.estimate)
    parts = [*_names(line, columns, paper), pad(estimate, columns.percent, right=True)]
    low, high = (pad(percent(x), columns.limit, right=True) for x in (value.low, value.high))
    parts.append(f"{low} to {high}")
    if columns.weight:
        parts.append(
            pad("" if line.weight is None else f"{100 * line.weight:.1f}", columns.weight, right=True)
        )
    if columns.forest:
        glyphs = forest.UNICODE if paper.unicode else forest.ASCII
        parts.append(forest.draw(line.kind, value, top, columns.forest, glyphs, rate))
    return INDENT + GAP.join(parts)


def _names(line: Row, columns: Columns, paper: Paper) -> Iterator[str]:
    """Label and counts; a line without counts may run on into their column."""
    width = columns.label
    if line.events is None:
        width += len(GAP) + columns.counts
    marks = "".join(f" {paper.say(mark)}" for mark in line.marks)
    ellipsis = paper.say("…")
    yield pad(shorten(paper.say(line.label), width - cells(marks), ellipsis) + marks, width)
    if line.events is not None:
        yield pad(line.counts, columns.counts, right=True)

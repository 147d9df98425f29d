"""An influence analysis on a screen: the answer in words, the refits as a forest, what the forest does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evidence.analysis.influencing import Influence
from evidence.report.characters import clean
from evidence.report.influence.words import digits, lines, table, words
from evidence.report.pooled.picture import draw
from evidence.report.pooled.text import checked_reference, legend
from evidence.report.pooled.words import footnotes
from evidence.report.stack import stack
from evidence.report.terminal import BOLD, DIM, INDENT, Paper, as_text
from evidence.synthesis.influence.influence import Diagnostics

_ROWS, _COLUMNS = 12, 60  # of the Baujat plot


def render_text(found: Influence, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The analysis as a screen of `width` columns; no line is longer."""
    paper, told = Paper(width, unicode, color), words(found)
    reference = checked_reference(found) if found.refits is not None else None
    rate = float(reference.proportion.estimate) if reference else None
    marked = [*(footnotes(found) if found.refits is not None else ()), *legend(reference)]
    notes = [
        paper.paragraph(text, INDENT, INDENT * 2, style)
        for text, style in (
            (" ".join(told.notes), ""),
            (told.method, DIM),
            ("; ".join(f"{mark}\xa0{text}" for mark, text in marked), DIM),
        )
    ]
    blocks = [
        paper.paragraph(told.heading, style=BOLD),
        paper.paragraph(told.headline),
        draw(lines(found), paper, digits(found), rate) if found.refits is not None else [],
        list(_plot(found, paper)) if found.show == "baujat" else [],
        *tables(table(found), paper),
        [line for part in notes for line in part],
    ]
    return as_text(blocks)


def tables(cells: Sequence[Sequence[str]], paper: Paper) -> Iterator[list[str]]:
    """Cells with their head as blocks no wider than the paper."""
    if not cells:
        return
    said = [tuple(paper.say(clean(cell)) for cell in line) for line in cells]
    for block in stack(said, paper.width, indent=INDENT, ellipsis=paper.say("…")):
        yield [paper.paint(DIM, block[0]), *block[1:]]


def _plot(found: Influence, paper: Paper) -> Iterator[str]:
    """Numbers of the series: share of Q to the right, influence upward."""
    diagnostics = found.diagnostics
    assert isinstance(diagnostics, Diagnostics)
    x, y = diagnostics.baujat_x, diagnostics.baujat_y
    wide = min(_COLUMNS, paper.width - len(INDENT) - 2)
    right, top = max(float(x.max()), 1e-300), max(float(y.max()), 1e-300)
    grid = [[" "] * (wide + 3) for _ in range(_ROWS)]
    for place in np.argsort(y):  # the more influential is written over the less
        number = str(place + 1)
        column = min(round(x[place] / right * (wide - 1)), wide - len(number))
        row = _ROWS - 1 - round(y[place] / top * (_ROWS - 1))
        grid[row][column : column + len(number)] = number
    upright, level, corner = ("│", "─", "└") if paper.unicode else ("|", "-", "+")
    yield paper.paint(DIM, INDENT + f"influence on the estimate, up to {top:.2g}")
    for row in grid:
        yield INDENT + upright + "".join(row).rstrip()
    yield INDENT + corner + level * wide
    yield paper.paint(DIM, INDENT + f" share of Q, up to {right:.2g}".rjust(wide + 1))

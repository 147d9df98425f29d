"""The Baujat plot: what each study adds to heterogeneity against how far it moves the pool."""

from __future__ import annotations

from evidence.analysis.influencing import Influence
from evidence.errors import NotPossible
from evidence.report.characters import clean
from evidence.report.figures.layout import Dot, Page, ticks, written
from evidence.report.figures.plane import keys, plane, radius, unnamed
from evidence.report.figures.style import BLUE, VERMILLION, WHITE
from evidence.synthesis.influence.influence import Diagnostics


def baujat_page(
    found: Influence, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The Baujat plot resolved. Raises NotPossible for a result without it: influence(..., show="baujat")."""
    if not isinstance(found.diagnostics, Diagnostics):
        raise NotPossible(
            'a Baujat plot needs a model with weights: influence(..., show="baujat", model="random")'
        )
    across, up = found.diagnostics.baujat_x.tolist(), found.diagnostics.baujat_y.tolist()
    top_x, top_y = max([1e-6, *across]) * 1.08, max([1e-6, *up]) * 1.1
    marks = ticks(0.0, top_y, 6)
    frame = plane(
        width, (-0.03 * top_x, top_x), (-0.03 * top_y, top_y), written(marks), title=title, font=font
    )
    rows = found.series
    largest = max(row.n for row in rows)
    radii = [radius(row.n, largest, most=2.0) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: -(across[i] / top_x + up[i] / top_y))
    for i in reversed(order):
        fill = VERMILLION if rows[i].role == "ours" else BLUE
        frame.sheet.items.append(Dot(*frame.at(across[i], up[i]), radii[i], fill, WHITE, 0.3, order=3))
    sides = ticks(0.0, top_x, 6)
    frame.below(sides, written(sides), "Contribution to Q (squared Pearson residual)")
    frame.beside(marks, written(marks), "Influence on the pool")
    points = [(frame.at(across[i], up[i]), radii[i], clean(rows[i].name)) for i in order]
    lacking = frame.name_points(points, frame.sheet.size - 1)
    said = (
        "To the right: studies that add to heterogeneity; above: studies that move the pool, by squared standard errors. "
        "Areas are proportional to the number of patients."
    )
    keys(frame.sheet, [], [said, unnamed(lacking, "studies")])
    return frame.sheet.page(title or "Baujat plot", said, frame.x, frame.y)

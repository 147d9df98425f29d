"""The Doi plot: each study's rank as a normal quantile against its effect; two limbs of one shape are symmetric."""

from __future__ import annotations

import numpy as np

from evidence.analysis.small_studies import Asymmetry
from evidence.errors import NotPossible
from evidence.report.characters import clean
from evidence.report.figures.funnel import _percent_ticks
from evidence.report.figures.layout import Dot, Page, ticks, written
from evidence.report.figures.plane import keys, plane, span, unnamed
from evidence.report.figures.style import BLUE, DOTTED, GREY, INK, THIN, WHITE
from evidence.synthesis.proportions import MEASURES, harmonic_mean

RADIUS = 0.95


def doi_page(
    found: Asymmetry, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The Doi plot resolved. Raises NotPossible where all effects are the same."""
    if found.doi is None:
        raise NotPossible("the studies' effects are all the same: a Doi plot of them is one upright line")
    events, n = found.counts
    name = str(found.options["measure"])
    yi, _ = MEASURES[name].effects(events, n)
    heights = np.abs(found.doi.z)
    low, high = span(yi.tolist(), share=0.08)
    deepest = 1.08 * float(heights.max())
    marks = ticks(0.0, deepest, 6)
    frame = plane(width, (low, high), (deepest, 0.0), written(marks), title=title, font=font, head=1.2)
    order = np.argsort(found.doi.z)
    frame.line([(float(yi[i]), float(heights[i])) for i in order], color=GREY, width=THIN)
    tip = float(yi[heights.argmin()])
    frame.line([(tip, 0.0), (tip, deepest)], color=INK, dash=DOTTED)
    for y, z in zip(yi, heights, strict=True):
        frame.sheet.items.append(Dot(*frame.at(y, z), RADIUS, BLUE, WHITE, 0.3, order=4))
    places, names = _percent_ticks(name, harmonic_mean(n), low, high)
    frame.below(places, names, f"{clean(found.outcome_label) or 'Proportion'}, % ({name} scale)")
    frame.beside(marks, written(marks), "|z|")
    rows = [row for row in found.studies if row.role != "reference"]
    points = [
        (frame.at(float(yi[i]), float(heights[i])), RADIUS, clean(rows[i].name))
        for i in np.argsort(-np.abs(yi - tip))
    ]
    lacking = frame.name_points(points, frame.sheet.size - 1.5) if len(points) <= 40 else len(points)
    said = (
        f"LFK index {found.doi.lfk:.2f}".replace("-", "−")
        + f": {found.doi.verdict} asymmetry by its authors' words; it is no test. "
        "The dotted line stands at the tip; limbs of one shape are symmetric."
    )
    keys(frame.sheet, [], [said, unnamed(lacking)])
    return frame.sheet.page(title or "Doi plot", said, frame.x, frame.y)

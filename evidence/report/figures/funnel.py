"""The funnel plot: each study's effect against its standard error, with what trim and fill would add.

On the scale of the tests (arcsine unless asked otherwise), where a study of a given size has one standard error whatever
its proportion; its numbers are written as percentages.
"""

from __future__ import annotations

import numpy as np

from evidence.analysis.small_studies import Asymmetry
from evidence.report.characters import clean
from evidence.report.figures.layout import Dot, Line, Page, percents, ticks, written
from evidence.report.figures.plane import Key, keys, plane, span, unnamed
from evidence.report.figures.style import BLUE, DASHED, DOTTED, GREY, INK, THIN, WHITE
from evidence.report.numbers import level, pvalue
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.proportions import MEASURES, harmonic_mean

RADIUS = 0.95


def funnel_page(
    found: Asymmetry, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The funnel plot resolved; the dashed lines hold so many studies as the level says, if chance alone spread them."""
    events, n = found.counts
    name = str(found.options["measure"])
    measure = MEASURES[name]
    yi, vi = measure.effects(events, n)
    se = np.sqrt(vi)
    size = harmonic_mean(n)
    filled = found.filled.result if found.filled is not None else None
    added_y = filled.yi[filled.k :] if filled is not None else np.zeros(0)
    added_se = np.sqrt(filled.vi[filled.k :]) if filled is not None else np.zeros(0)
    middle = float(np.average(yi, weights=1 / vi))
    certainty = float(found.options.get("level", 0.95))
    reach = critical(certainty, None)
    deepest = 1.08 * float(max([*se, *added_se]))
    low, high = span([*yi, *added_y, middle - reach * deepest, middle + reach * deepest], share=0.03)

    depths = ticks(0.0, deepest, 5)
    frame = plane(width, (low, high), (deepest, 0.0), written(depths), title=title, font=font)
    frame.line(
        [(middle - reach * deepest, deepest), (middle, 0.0), (middle + reach * deepest, deepest)],
        color=GREY,
        dash=DASHED,
    )
    frame.line([(middle, 0.0), (middle, deepest)], color=INK, dash=DOTTED)
    for y, error in zip(added_y, added_se, strict=True):
        frame.sheet.items.append(Dot(*frame.at(y, error), RADIUS, WHITE, INK, THIN, order=3))
    for y, error in zip(yi, se, strict=True):
        frame.sheet.items.append(Dot(*frame.at(y, error), RADIUS, BLUE, WHITE, 0.3, order=4))
    places, names = _percent_ticks(name, size, low, high)
    label = clean(found.outcome_label) or "Proportion"
    frame.below(places, names, f"{label}, % ({name} scale)")
    frame.beside(depths, written(depths), "Standard error")
    rows = [row for row in found.studies if row.role != "reference"]
    order = np.argsort(-np.abs((yi - middle) / se))  # those that stand out are named first
    points = [(frame.at(float(yi[i]), float(se[i])), RADIUS, clean(rows[i].name)) for i in order]
    lacking = frame.name_points(points, frame.sheet.size - 1.5) if len(points) <= 40 else len(points)
    keys(
        frame.sheet,
        _signs(certainty, filled is not None and filled.k0 > 0),
        [*_said(found), unnamed(lacking)],
    )
    return frame.sheet.page(title or "Funnel plot", " ".join(_said(found)), frame.x, frame.y)


def _percent_ticks(name: str, size: float, low: float, high: float) -> tuple[list[float], list[str]]:
    """Round percentages at their places on the scale."""
    measure = MEASURES[name]
    shares = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99]
    ends = [0.0, 1.0] if name in ("arcsine", "double-arcsine", "raw") else []
    many = 1e7  # patients of a thought study, so that the correction of the double arcsine is none
    found = []
    for share in [*ends[:1], *shares, *ends[1:]]:
        at = float(measure.effects(np.array([share * many]), np.array([many]))[0][0])
        if low <= at <= high:
            found.append((at, share))
    if len(found) < 3:  # all within a few percent
        inverse = measure.inverse
        left, right = float(inverse(low, size)), float(inverse(high, size))
        grid = ticks(100 * left, 100 * right, 6)
        found = [
            (float(measure.effects(np.array([share / 100 * many]), np.array([many]))[0][0]), share / 100)
            for share in grid
            if 0 < share < 100
        ]
    return [at for at, _ in found], percents_apart([share for _, share in found])


def percents_apart(shares: list[float]) -> list[str]:
    """Each with the decimals it needs."""
    return [percents([share])[0] for share in shares]


def _signs(certainty: float, added: bool) -> list[Key]:
    signs = [
        Key(lambda x, y: [Dot(x, y, RADIUS, BLUE, WHITE, 0.3)], "a study"),
        Key(
            lambda x, y: [Line(((x - 2.4, y), (x + 2.4, y)), THIN, GREY, DASHED)],
            f"where {level(certainty)} % of studies would lie around the common pool (dotted), if chance alone spread them",
        ),
    ]
    if added:
        signs.insert(1, Key(lambda x, y: [Dot(x, y, RADIUS, WHITE, INK, THIN)], "added by trim and fill"))
    return signs


def _said(found: Asymmetry) -> list[str]:
    test = found.leading
    if test.result is None:
        return [f"Test by {test.name}: {test.reason}."]
    return [f"Test by {test.name}: {pvalue(float(test.result.pvalue))} ({len(found.counts[0])} studies)."]

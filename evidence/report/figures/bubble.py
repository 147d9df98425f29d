"""The bubble plot of a meta-regression on one number: studies, the line, its band, and where another study may lie."""

from __future__ import annotations

import numpy as np

from evidence.analysis.regressing import Regression
from evidence.errors import NotPossible
from evidence.report.characters import clean
from evidence.report.figures.layout import Area, Dot, Line, Page, percents, ticks, written
from evidence.report.figures.plane import Key, keys, plane, radius, span, unnamed
from evidence.report.figures.style import BLUE, DASHED, GREY, INK, MEDIUM, PALE, THIN, VERMILLION, WHITE
from evidence.report.numbers import level, pvalue

STEPS = 61


def bubble_page(
    found: Regression, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The plot resolved. Raises NotPossible for formulas with other than one column, or with words."""
    columns = (*found.design.ranges, *found.design.levels)
    if len(columns) != 1 or found.design.levels:
        raise NotPossible(
            f"a bubble plot shows one column of numbers; {found.formula} has {', '.join(columns) or 'none'}. "
            "For groups: evidence forest --by COLUMN"
        )
    (column,) = columns
    values = [float(value) for value in found.values[column]]
    shares = [row.events / row.n for row in found.studies]
    low, high = span(values, share=0.06, least=1e-6)
    inside_low, inside_high = min(values), max(values)
    along = (
        [float(at) for at in np.linspace(inside_low, inside_high, STEPS)]
        if inside_high > inside_low
        else [inside_low]
    )
    curve = found.predict({column: along})
    middle = [float(one.proportion.estimate) for one in curve]
    bottom = [float(one.proportion.low) for one in curve]
    top = [float(one.proportion.high) for one in curve]
    beyond = [one.prediction for one in curve if one.prediction is not None]
    ends = [*shares, *bottom, *top, *(limit for one in beyond for limit in (float(one.low), float(one.high)))]
    y_low, y_high = max(0.0, min(ends) - 0.04), min(1.0, max(ends) + 0.04)
    if y_high - y_low > 0.7:
        y_low, y_high = 0.0, 1.0
    marks = [mark / 100 for mark in ticks(100 * y_low, 100 * y_high, 6)]
    air = 0.05 * (y_high - y_low)  # for bubbles at 0 and 100 %
    frame = plane(width, (low, high), (y_low - air, y_high + air), percents(marks), title=title, font=font)
    frame.band(along, bottom, top, PALE, order=0)
    if len(beyond) == len(along):
        for limits in ([float(one.low) for one in beyond], [float(one.high) for one in beyond]):
            frame.line(list(zip(along, limits, strict=True)), color=GREY, dash=DASHED, order=1)
    frame.line(list(zip(along, middle, strict=True)), color=INK, width=MEDIUM, order=2)
    largest = max(row.n for row in found.studies)
    order = sorted(range(len(values)), key=lambda i: -found.studies[i].n)
    radii = [radius(row.n, largest) for row in found.studies]
    for i in order:
        fill = VERMILLION if found.studies[i].role == "ours" else BLUE
        frame.sheet.items.append(Dot(*frame.at(values[i], shares[i]), radii[i], fill, WHITE, THIN, order=4))
    sides = ticks(low, high, 7)
    frame.below(sides, written(sides), clean(column))
    frame.beside(marks, percents(marks), f"{clean(found.outcome_label) or 'Proportion'}, %")
    points = [(frame.at(values[i], shares[i]), radii[i], clean(found.studies[i].name)) for i in order]
    lacking = frame.name_points(points, frame.sheet.size - 1.5) if len(points) <= 40 else len(points)
    certainty = level(found.fit.level)
    signs = [
        Key(
            lambda x, y: [
                Area(((x - 2.4, y - 0.8), (x + 2.4, y - 0.8), (x + 2.4, y + 0.8), (x - 2.4, y + 0.8)), PALE),
                Line(((x - 2.4, y), (x + 2.4, y)), MEDIUM),
            ],
            f"what the regression expects, with its {certainty} % interval",
        )
    ]
    if len(beyond) == len(along):
        signs.append(
            Key(
                lambda x, y: [Line(((x - 2.4, y), (x + 2.4, y)), THIN, GREY, DASHED)],
                f"limits for another study ({certainty} % prediction)",
            )
        )
    moderator = found.fit.moderators[-1].pvalue if found.fit.moderators else None
    said = f"{clean(found.formula)}: {found.fit.k} studies"
    said += (
        f"; {pvalue(float(moderator))} for {clean(column)}."
        if moderator is not None and np.isfinite(moderator)
        else "."
    )
    keys(
        frame.sheet,
        signs,
        [f"{said} Areas are proportional to the number of patients.", unnamed(lacking, "studies")],
    )
    return frame.sheet.page(title or "Bubble plot", said, frame.x, frame.y)

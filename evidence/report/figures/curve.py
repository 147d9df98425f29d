"""Two curves of a sensitivity analysis: every defensible specification by its result, and responders by the threshold."""

from __future__ import annotations

from evidence.analysis.multiverse import KINDS, Multiverse
from evidence.analysis.robustness import Sensitivity
from evidence.errors import NotPossible
from evidence.report.characters import clean
from evidence.report.figures.fonts import Type
from evidence.report.figures.forest import millimetres
from evidence.report.figures.layout import Area, Dot, Frame, Line, Page, Scale, Sheet, ticks, wrap, written
from evidence.report.figures.plane import Key, keys, plane
from evidence.report.figures.style import (
    BLUE,
    DASHED,
    DOTTED,
    FAINT,
    GREY,
    INK,
    MEDIUM,
    PALE,
    THIN,
    VERMILLION,
    WHITE,
    cap_height,
)
from evidence.report.numbers import level

NAMES = {
    "sides": "What is compared",
    "references": "Reference",
    "models": "Model of the pool",
    "windows": "Time",
    "overlaps": "Overlapping patients",
    "differences": "Interval",
}
"""What the kinds of choices are called."""


def curve_page(
    found: Sensitivity, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The specification curve: differences with intervals in order of size, and below each what was chosen."""
    several = found.multiverse
    if several is None or not several.specifications:
        raise NotPossible("there is no reference to compare with: no specification has a difference")
    wide = millimetres(width)
    sheet = Sheet(wide, 7.0 if wide >= 120 else 6.0, Type(font))
    if title:
        sheet.paragraph(title, size=sheet.size + 1, bold=True)
        sheet.bottom += 0.4 * sheet.line
    groups = _groups(several)
    room = 0.4 * (sheet.right - sheet.left)
    labels = {
        (kind, name): wrap(sheet.type, sheet.type.say(clean(name)), room - 3.0, sheet.size)
        for kind, names in groups
        for name in names
    }
    widest = max(
        [
            *(sheet.type.width(line, sheet.size) + 3.0 for lines in labels.values() for line in lines),
            *(sheet.type.width(NAMES[kind], sheet.size, True) for kind, _ in groups),
        ]
    )
    every = several.specifications
    left, right = sheet.left + widest + sheet.line, sheet.right - 0.5 * sheet.line
    x = Scale(-0.7, len(every) - 0.3, left, right)
    lows = [100 * float(one.difference.low) for one in every]
    highs = [100 * float(one.difference.high) for one in every]
    low, high = min([0.0, *lows]) - 3, max([0.0, *highs]) + 3
    top = sheet.bottom + 0.5 * cap_height(sheet.size)
    bottom = top + max(38.0, min(60.0, 0.42 * (right - left)))
    frame = Frame(sheet, x, Scale(low, high, bottom, top))
    primary = every.index(several.primary)
    at = x(primary)
    marks = ticks(low, high, 6)
    frame.beside(marks, written(marks), "Difference, points")
    zero = frame.y(0.0)
    sheet.items.append(Line(((left, zero), (right, zero)), THIN, INK, DOTTED, order=1))
    radius = min(0.85, 0.4 * (x(1.0) - x(0.0)))
    for i, one in enumerate(every):
        color = BLUE if one.keeps else GREY
        sheet.items.append(Line((frame.at(i, lows[i]), frame.at(i, highs[i])), THIN, color, order=2))
        estimate = 100 * float(one.difference.estimate)
        sheet.items.append(
            Dot(*frame.at(i, estimate), radius, color if one.keeps else WHITE, color, THIN, order=3)
        )
    sheet.bottom = bottom + 0.5 * sheet.line
    for kind, names in groups:
        sheet.bottom += 0.35 * sheet.line
        sheet.text(sheet.left, sheet.bottom + 0.76 * sheet.line, NAMES[kind], bold=True)
        sheet.bottom += sheet.line
        for row, name in enumerate(names):
            lines = labels[kind, name]
            high_of = len(lines) * sheet.line
            y = sheet.bottom + high_of / 2
            if row % 2 == 0:
                stripe = (
                    (left, sheet.bottom),
                    (right, sheet.bottom),
                    (right, sheet.bottom + high_of),
                    (left, sheet.bottom + high_of),
                )
                sheet.items.append(Area(stripe, FAINT, order=0))
            for place, line in enumerate(lines):
                sheet.centred(sheet.left + 3.0, y + (place - (len(lines) - 1) / 2) * sheet.line, line)
            for i, one in enumerate(every):
                if one.choices[KINDS.index(kind)] == name:
                    sheet.items.append(Dot(x(i), y, min(0.7, radius), BLUE if one.keeps else GREY, order=3))
            sheet.bottom += high_of
    sheet.items.append(Line(((at, top), (at, sheet.bottom)), MEDIUM, VERMILLION, DASHED, order=1))
    certainty = level(found.level)
    entries = [
        Key(
            lambda a, b: [Line(((a - 2.4, b), (a + 2.4, b)), MEDIUM, VERMILLION, DASHED)],
            "the analysis as declared",
        ),
        Key(
            lambda a, b: [Line(((a - 2.4, b), (a + 2.4, b)), THIN, BLUE), Dot(a, b, 0.85, BLUE)],
            f"keeps the conclusion ({certainty} % interval)",
        ),
    ]
    if not all(one.keeps for one in every):
        entries.append(
            Key(
                lambda a, b: [Line(((a - 2.4, b), (a + 2.4, b)), THIN, GREY), Dot(a, b, 0.85, WHITE, GREY)],
                "does not",
            )
        )
    kept = several.kept
    said = (
        f"{kept} of {len(every)} specifications keep the conclusion."
        if kept is not None
        else f"{len(every)} specifications; the analysis as declared draws no conclusion."
    )
    if not several.declared:
        said += " The list is this tool's, not declared in advance."
    keys(sheet, entries, [said])
    return sheet.page(title or "Specification curve", said, x, frame.y)


def _groups(several: Multiverse) -> list[tuple[str, list[str]]]:
    """Of each kind the choices that occur, the declared order kept; kinds without a choice are left out."""
    found = []
    for at, kind in enumerate(KINDS):
        used = {one.choices[at] for one in several.specifications} - {""}
        ordered = [name for where, name in several.reasons if where == kind and name in used]
        names = [*ordered, *sorted(used - set(ordered))]
        if len(names) > 1:
            found.append((kind, names))
    return found


def margin_page(
    found: Sensitivity, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The share of our patients who respond at every threshold, with a band that holds for all of them at once."""
    margin = found.margin
    if margin is None:
        raise NotPossible("there are no scores of our patients: the counts alone have one threshold")
    marks = [0.0, 25.0, 50.0, 75.0, 100.0]
    frame = plane(width, (0.0, 100.0), (-2.0, 102.0), written(marks), title=title, font=font)
    over = [100 * float(t) for t in margin.thresholds]
    frame.band(
        over, [100 * float(v) for v in margin.low], [100 * float(v) for v in margin.high], PALE, order=0
    )
    shares = [100 * float(v) for v in margin.share]
    steps = [(over[0], shares[0])]
    for (_, before), (t, share) in zip(
        zip(over, shares, strict=True), list(zip(over, shares, strict=True))[1:], strict=False
    ):
        steps += [(t, before), (t, share)] if share != before else [(t, share)]
    frame.line(steps, width=MEDIUM, color=BLUE, order=3)
    if margin.holds is not None:
        at = 100 * margin.holds
        frame.line([(at, -2.0), (at, 102.0)], color=INK, dash=DOTTED, order=2)
    frame.below(marks, written(marks), "Threshold: reduction of the score by at least, %")
    frame.beside(marks, written(marks), "Responders, %")
    said = f"{margin.n} patients."
    if margin.holds is not None:
        said += f" All meet every threshold up to {100 * margin.holds:.0f} % (dotted)."
    said += f" The band holds for all thresholds at once ({level(margin.level)} %, Kolmogorov)."
    keys(frame.sheet, [], [said])
    return frame.sheet.page(title or "Responders by threshold", said, frame.x, frame.y)

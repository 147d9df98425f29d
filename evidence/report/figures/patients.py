"""Figures of individual patients: the waterfall of their changes, and the swimmer plot of their courses."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from evidence.errors import NotPossible, OptionError
from evidence.report.characters import clean
from evidence.report.figures.fonts import Type
from evidence.report.figures.forest import millimetres
from evidence.report.figures.layout import (
    Area,
    Dot,
    Frame,
    Item,
    Line,
    Page,
    Scale,
    Sheet,
    ticks,
    wrap,
    written,
)
from evidence.report.figures.plane import SIZE, Key, keys, plane
from evidence.report.figures.style import (
    BLUE,
    DOTTED,
    INK,
    ORANGE,
    PALE,
    SKY,
    THIN,
    VERMILLION,
    WHITE,
    cap_height,
)
from evidence.review.patients import responds
from evidence.review.responders import Responders, improvement

if TYPE_CHECKING:
    from evidence.review.tables import Review

MOST_NAMED = 60
"""Beyond so many bars their names are left out: the shape is what can be seen."""

WORST = -100.0
"""A patient twice as ill as before: the axis goes no further, an arrow shows what does."""


def waterfall_page(
    found: Responders, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """One bar a patient, the least improved first, as a change of the score in percent; dotted lines at the thresholds."""
    gains = [(clean(str(one.patient)), improvement(one, found.better)) for one in found.patients]
    known = sorted(((gain, name) for name, gain in gains if gain is not None), key=lambda pair: pair[0])
    if not known:
        raise NotPossible("no patient has both scores: there is no change to draw")
    lacking = [name for name, gain in gains if gain is None]
    sign = -1.0 if found.better == "lower" else 1.0
    thresholds = sorted({count.rule.limit for count in found.counts if count.rule.relative})
    best = max([100.0 if found.better == "lower" else 0.0, *thresholds, *(gain for gain, _ in known)])
    if found.better != "lower":
        best = min(best, 300.0)
    worst = max(WORST, min(0.0, *(gain for gain, _ in known), 0.0))
    ends_at = sorted((sign * best, sign * worst))
    air = 0.04 * (ends_at[1] - ends_at[0])
    marks = ticks(ends_at[0], ends_at[1], 7)
    texts = [text if text.startswith("−") or float(text) == 0 else f"+{text}" for text in written(marks)]
    frame = plane(
        width,
        (0.0, len(known) + 0.0),
        (ends_at[0] - air, ends_at[1] + air),
        texts,
        title=title,
        font=font,
        ratio=0.55,
    )
    sheet = frame.sheet
    left, _, right, _ = frame.corners
    named = len(known) <= MOST_NAMED
    for i, (gain, _) in enumerate(known):
        end = max(gain, worst) if gain < best else min(gain, best)
        x1, x2 = frame.x(i + 0.12), frame.x(i + 0.88)
        y1, y2 = frame.y(0.0), frame.y(sign * end)
        met = bool(thresholds) and gain >= thresholds[0] * (1 - 1e-9)
        fill = BLUE if met else SKY if gain > 0 else ORANGE
        if y1 != y2:
            sheet.items.append(Area(((x1, y1), (x2, y1), (x2, y2), (x1, y2)), fill, INK, 0.3, order=2))
        if not worst <= gain <= best:
            _point_on(sheet, (x1 + x2) / 2, y2, up=y2 < y1)
    sheet.items.append(Line(((left, frame.y(0.0)), (right, frame.y(0.0))), THIN))
    for threshold in thresholds:
        y = frame.y(sign * threshold)
        sheet.items.append(Line(((left, y), (right, y)), THIN, INK, DOTTED, order=4))
    frame.beside(marks, texts, f"Change from {clean(found.names[0])}, %")
    _names_below(frame, [name for _, name in known] if named else [])
    entries = [
        Key(lambda x, y: [_swatch(x, y, BLUE)], f"reaches {thresholds[0]:g} %" if thresholds else "improved"),
        Key(lambda x, y: [_swatch(x, y, SKY)], "improved by less"),
        Key(lambda x, y: [_swatch(x, y, ORANGE)], "got worse"),
    ]
    present = [
        any(bool(thresholds) and gain >= thresholds[0] * (1 - 1e-9) for gain, _ in known),
        any(gain > 0 and not (thresholds and gain >= thresholds[0] * (1 - 1e-9)) for gain, _ in known),
        any(gain < 0 for gain, _ in known),
    ]
    notes = [f"{count.rule.name}: {count.events} of {count.n} patients." for count in found.counts]
    if lacking:
        notes.append(f"Without a change that can be drawn: {', '.join(lacking)}.")
    if any(gain == 0 for gain, _ in known):
        notes.append("No bar: no change.")
    keys(sheet, [entry for entry, there in zip(entries, present, strict=True) if there], notes)
    return sheet.page(title or "Waterfall plot", " ".join(notes), frame.x, frame.y)


def _swatch(x: float, y: float, fill: str) -> Item:
    return Area(
        ((x - 2.0, y - 0.8), (x + 2.0, y - 0.8), (x + 2.0, y + 0.8), (x - 2.0, y + 0.8)), fill, INK, 0.3
    )


def _point_on(sheet: Sheet, x: float, y: float, *, up: bool) -> None:
    out = -1.1 if up else 1.1
    sheet.items.append(Area(((x - 0.9, y), (x + 0.9, y), (x, y + out)), INK, order=4))


def _names_below(frame: Frame, names: list[str]) -> None:
    """Patients under their bars; upward where they are too long to stand side by side."""
    sheet = frame.sheet
    _, _, _, bottom = frame.corners
    y = bottom + 0.8
    if names:
        names = [sheet.type.say(name) for name in names]
        step = frame.x(1.0) - frame.x(0.0)
        widest = max(sheet.type.width(name, sheet.size) for name in names)
        if widest < 0.92 * step:
            for i, name in enumerate(names):
                sheet.text(frame.x(i + 0.5), y + cap_height(sheet.size), name, anchor="middle")
            y += sheet.line
        else:
            size = min(sheet.size, max(4.0, 0.85 * step / (1.05 * 25.4 / 72)))
            longest = max(sheet.type.width(name, size) for name in names)
            for i, name in enumerate(names):
                sheet.text(
                    frame.x(i + 0.5) + cap_height(size) / 2, y, name, size=size, anchor="end", upward=True
                )
            y += longest
    sheet.text(
        (frame.x.start + frame.x.end) / 2, y + 0.3 + cap_height(sheet.size) * 1.2, "Patients", anchor="middle"
    )
    sheet.bottom = max(sheet.bottom, y + sheet.line)


# ---- courses -------------------------------------------------------------------------------------


class Course(NamedTuple):
    """A patient's time: weeks of each measurement, whether each meets the rule (None: no telling), how long in all."""

    name: str
    weeks: tuple[float, ...]
    met: tuple[bool | None, ...]
    followed: float
    ongoing: bool


def swimmer_page(
    review: Review,
    *,
    outcome: str | None = None,
    study: str | None = None,
    width: str | float = "two",
    title: str = "",
    font: str | None = None,
) -> Page:
    """A bar a patient, as long as the last measurement is late; a mark at each one says whether the outcome was met."""
    label, lanes = courses(review, outcome, study)
    return courses_page(lanes, label, width=width, title=title, font=font)


def courses(review: Review, outcome: str | None = None, study: str | None = None) -> tuple[str, list[Course]]:
    """The courses of a review's patients under an outcome's rule. Raises NotPossible where there is none."""
    from evidence.review.selection import resolve

    meaning = review.outcomes[resolve(review, outcome, None).outcome]
    rule = meaning.rule
    if rule is None:
        raise NotPossible(f"{meaning.label} has no rule for patients' scores in review.toml")
    if study is not None and study not in review.studies:
        raise OptionError("study", study, ", ".join(review.studies))
    series: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for score in review.scores:
        timed = score.value is not None and isinstance(score.weeks, float | int)
        if timed and score.score == rule.score and study in (None, score.study):
            series[score.study, score.patient].append(score)
    several = len({key[0] for key in series}) > 1
    lanes = []
    for (report, patient), scores in series.items():
        scores.sort(key=lambda one: one.weeks)
        before = next((one.value for one in scores if one.weeks == 0), None)
        later = [one for one in scores if one.weeks > 0]
        if not later:
            continue
        name = f"{review.label(report)}, {patient}" if several else f"Patient {patient}"
        met = tuple(responds(rule, before, one.value) for one in later)
        lanes.append(
            Course(clean(name), tuple(float(one.weeks) for one in later), met, float(later[-1].weeks), False)
        )
    if not lanes:
        raise NotPossible(f"no patient has a {rule.score} after the baseline with its week")
    return clean(meaning.label), sorted(lanes, key=lambda lane: -lane.followed)


def courses_page(
    lanes: list[Course], label: str, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The lanes resolved, the longest on top."""
    wide = millimetres(width)
    sheet = Sheet(wide, SIZE if wide >= 80 else 6.5, Type(font))
    if title:
        sheet.paragraph(title, size=sheet.size + 1, bold=True)
        sheet.bottom += 0.4 * sheet.line
    room = 0.36 * (sheet.right - sheet.left)
    names = [wrap(sheet.type, sheet.type.say(lane.name), room, sheet.size) for lane in lanes]
    widest = max(sheet.type.width(line, sheet.size) for lines in names for line in lines)
    left, right = sheet.left + widest + 0.7 * sheet.line, sheet.right - sheet.line
    most = max(lane.followed for lane in lanes)
    scale = Scale(0.0, most * 1.02, left, right)
    top = sheet.bottom
    for lane, lines in zip(lanes, names, strict=True):
        high = max(1.5, len(lines) + 0.35) * sheet.line
        y = sheet.bottom + high / 2
        for place, line in enumerate(lines):
            sheet.centred(
                left - 0.5 * sheet.line, y + (place - (len(lines) - 1) / 2) * sheet.line, line, anchor="end"
            )
        half = 0.36 * sheet.line
        end = scale(lane.followed)
        sheet.items.append(
            Area(((left, y - half), (end, y - half), (end, y + half), (left, y + half)), PALE, order=1)
        )
        for week, met in zip(lane.weeks, lane.met, strict=True):
            sheet.items.extend(_mark(scale(week), y, met))
        sheet.bottom += high
    bottom = sheet.bottom + 0.2 * sheet.line
    frame = Frame(sheet, scale, Scale(0.0, 1.0, bottom, top))
    sheet.items.append(Line(((left, top), (left, bottom)), THIN))
    places = ticks(0.0, most * 1.02, 7)
    frame.below(places, written(places), "Weeks")
    entries = [
        Key(lambda x, y: _mark(x, y, True), f"{label} met at this measurement"),
        Key(lambda x, y: _mark(x, y, False), f"{label} not met"),
        Key(lambda x, y: _mark(x, y, None), "cannot be told: no score before"),
    ]
    used = [any(met is value for lane in lanes for met in lane.met) for value in (True, False, None)]
    notes = ["Bars end at the last measurement, which need not be the end of follow-up."]
    keys(sheet, [entry for entry, there in zip(entries, used, strict=True) if there], notes)
    return sheet.page(title or "Swimmer plot", notes[0], scale)


def _mark(x: float, y: float, met: bool | None) -> list[Item]:
    if met is None:
        return [Line(((x - 0.9, y), (x + 0.9, y)), THIN), Line(((x, y - 0.9), (x, y + 0.9)), THIN)]
    return [Dot(x, y, 1.05, BLUE, WHITE, 0.4)] if met else [Dot(x, y, 0.95, WHITE, VERMILLION, 0.9)]

"""The PRISMA 2020 flow diagram (Page et al. 2021, BMJ 372:n71) from its counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from evidence.errors import OptionError
from evidence.report.characters import clean
from evidence.report.figures.fonts import Type
from evidence.report.figures.forest import millimetres
from evidence.report.figures.layout import Area, Line, Page, Sheet, wrap
from evidence.report.figures.style import FAINT, INK, SIZES, THIN, WHITE, cap_height

if TYPE_CHECKING:
    from evidence.analysis.flow import Flow

COUNTS = (
    "identified",
    "duplicates",
    "removed_otherwise",
    "screened",
    "excluded",
    "sought",
    "not_retrieved",
    "assessed",
    "excluded_full_text",
    "other_sources",
    "studies",
    "reports",
    "previous_studies",
    "previous_reports",
    "total_studies",
    "total_reports",
)
"""Names of the counts: how many records or reports at each step; excluded_full_text may be a mapping of reasons."""

ASIDE = {"excluded": "screened", "not_retrieved": "sought", "excluded_full_text": "assessed"}
"""What left the flow, and at which step."""

NEEDED = ("identified", "screened", "studies")


class Box(NamedTuple):
    """A box of the diagram: its lines, and the box of what left the flow beside it."""

    stage: str
    lines: tuple[str, ...]
    aside: tuple[str, ...] = ()


def prisma_page(
    counts: Mapping[str, Any] | Flow, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The diagram resolved, from COUNTS or from the flow of a review; `identified` may be a mapping of databases.

    What was not counted is left out. Raises OptionError for a name that is not one of COUNTS, a number that is none,
    and where identified, screened or studies is absent.
    """
    given = counts if isinstance(counts, Mapping) else of_flow(counts)
    boxes = _boxes(_checked(given))
    wide = millimetres(width)
    sheet = Sheet(wide, SIZES[0] if wide >= 120 else 6.0, Type(font))
    if title:
        sheet.paragraph(title, size=sheet.size + 1, bold=True)
        sheet.bottom += 0.5 * sheet.line
    pad = 0.5 * sheet.line
    bar = 1.5 * sheet.line
    left = sheet.left + bar + 1.2 * sheet.line
    gap = 2.0 * sheet.line
    column = (sheet.right - left - gap) / 2
    down = left + column / 2
    # the bars beside the first and the last box are longer than these, for their names' sake
    over = max(0.0, (_long(sheet, "Identification") - sheet.line - 2 * pad) / 2)
    sheet.bottom += over
    before: float | None = None
    stages: dict[str, tuple[float, float]] = {}
    for one in boxes:
        lines = [
            line
            for text in one.lines
            for line in wrap(sheet.type, sheet.type.say(text), column - 2 * pad, sheet.size)
        ]
        aside = [
            line
            for text in one.aside
            for line in wrap(sheet.type, sheet.type.say(text), column - 2 * pad, sheet.size)
        ]
        high = max(len(lines), len(aside)) * sheet.line + 2 * pad
        if before is not None:
            # bars of two stages must not meet
            sheet.bottom += (1.4 if one.stage in stages else 3.2) * sheet.line
        top = sheet.bottom
        own = high if len(lines) >= len(aside) else len(lines) * sheet.line + 2 * pad
        first = top + (high - own) / 2
        _box(sheet, left, first, column, own, lines, pad)
        if aside:
            beside = len(aside) * sheet.line + 2 * pad
            _box(sheet, left + column + gap, top + (high - beside) / 2, column, beside, aside, pad)
            _arrow(sheet, (left + column, top + high / 2), (left + column + gap, top + high / 2))
        if before is not None:
            _arrow(sheet, (down, before), (down, first))
        before = first + own
        start, _ = stages.get(one.stage, (top, 0.0))
        stages[one.stage] = (start, top + high)
        sheet.bottom = top + high
    for stage, (start, end) in stages.items():
        _stage(sheet, stage, bar, start, end)
    sheet.bottom += max(0.0, (_long(sheet, "Included") - high) / 2)
    said = " ".join(line.rstrip(":") + "." for one in boxes for line in one.lines[:1])
    return sheet.page(title or "PRISMA flow diagram", said)


def of_flow(flow: Flow) -> dict[str, Any]:
    """COUNTS of a review's flow: its two columns, databases and other sources, as one."""
    sides = (flow.databases, flow.others)
    reasons: Counter[str] = Counter()
    for side in sides:
        reasons.update(side.excluded)
    found = {kind: sum(names.values()) for kind, names in flow.sources.items()}
    main = {
        clean(name): n for kind in ("database", "register") for name, n in flow.sources.get(kind, {}).items()
    }
    other = {kind: found[kind] for kind in found if kind not in ("database", "register") and found[kind]}
    return {
        "identified": main or 0,
        "other_sources": other or None,
        "duplicates": flow.duplicates,
        "removed_otherwise": flow.known,
        "screened": sum(side.screened for side in sides),
        "excluded": sum(side.out for side in sides),
        "sought": sum(side.sought for side in sides),
        "not_retrieved": sum(side.not_retrieved for side in sides),
        "assessed": sum(side.assessed for side in sides),
        "excluded_full_text": {clean(reason): n for reason, n in reasons.items()} or 0,
        "studies": flow.new_studies,
        "reports": flow.new_reports,
        "previous_studies": flow.previous_studies,
        "previous_reports": flow.previous_reports,
        "total_studies": flow.total_studies,
        "total_reports": flow.total_reports,
    }


def _checked(counts: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in counts.items():
        if name not in COUNTS:
            raise OptionError("counts", name, COUNTS)
        parts = value.values() if isinstance(value, Mapping) else [value]
        if value is not None and not all(isinstance(part, int) and part >= 0 for part in parts):
            raise OptionError(name, value, "a whole number, or numbers by name")
    absent = [name for name in NEEDED if counts.get(name) is None]
    if absent:
        raise OptionError(
            "counts", dict(counts), f"numbers for {', '.join(NEEDED)}; there is none for {', '.join(absent)}"
        )
    for aside, step in ASIDE.items():
        if counts.get(aside) is not None and counts.get(step) is None:
            raise OptionError(aside, counts[aside], f"beside {step}, of which it is a part")
    return {name: value for name, value in counts.items() if value is not None}


def _total(value: Any) -> int:
    return sum(value.values()) if isinstance(value, Mapping) else int(value)


def _parts(value: Any) -> list[str]:
    return [f"{name}: {number}" for name, number in value.items()] if isinstance(value, Mapping) else []


def _boxes(counts: Mapping[str, Any]) -> Sequence[Box]:
    def told(name: str, words: str) -> tuple[str, ...]:
        if name not in counts:
            return ()
        return (f"{words} (n = {_total(counts[name])})", *_parts(counts[name]))

    removed = (
        *told("duplicates", "Duplicate records"),
        *told("removed_otherwise", "Removed for other reasons"),
    )
    first = Box(
        "Identification",
        (*told("identified", "Records identified"), *told("other_sources", "From other sources")),
        ("Removed before screening:", *removed) if removed else (),
    )
    screening = [
        Box("Screening", told("screened", "Records screened"), told("excluded", "Records excluded")),
        Box("Screening", told("sought", "Reports sought"), told("not_retrieved", "Reports not retrieved")),
        Box(
            "Screening", told("assessed", "Reports assessed"), told("excluded_full_text", "Reports excluded")
        ),
    ]
    new = "New s" if "total_studies" in counts else "S"
    last = Box("Included", (*told("studies", f"{new}tudies included"), *told("reports", "Reports of these")))
    before = (
        *told("previous_studies", "Studies included before"),
        *told("previous_reports", "Reports of these"),
    )
    total = (*told("total_studies", "Studies in all"), *told("total_reports", "Reports of these"))
    ends = [last, *([Box("Included", (*before, *total))] if before or total else [])]
    return [first, *(one for one in screening if one.lines), *ends]


def _box(
    sheet: Sheet, x: float, y: float, width: float, height: float, lines: Sequence[str], pad: float
) -> None:
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    sheet.items.append(Area(corners, WHITE, INK, THIN, order=2))
    for number, line in enumerate(lines):
        sheet.text(x + pad, y + pad + (number + 0.76) * sheet.line, line)


def _arrow(sheet: Sheet, start: tuple[float, float], end: tuple[float, float]) -> None:
    (_, y1), (x2, y2) = start, end
    head = 1.3
    if y1 == y2:
        sheet.items.append(Line((start, (x2 - head, y2)), THIN))
        sheet.items.append(Area((end, (x2 - head, y2 - 0.6), (x2 - head, y2 + 0.6)), INK, order=3))
    else:
        sheet.items.append(Line((start, (x2, y2 - head)), THIN))
        sheet.items.append(Area((end, (x2 - 0.6, y2 - head), (x2 + 0.6, y2 - head)), INK, order=3))


def _stage(sheet: Sheet, name: str, bar: float, start: float, end: float) -> None:
    """The stage's name, written upward beside its boxes; a bar is at least as long as its name."""
    middle = (start + end) / 2
    half = max(end - start, _long(sheet, name)) / 2
    corners = (
        (sheet.left, middle - half),
        (sheet.left + bar, middle - half),
        (sheet.left + bar, middle + half),
        (sheet.left, middle + half),
    )
    sheet.items.append(Area(corners, FAINT, INK, THIN, order=1))
    x = sheet.left + bar / 2 + cap_height(sheet.size) / 2
    sheet.text(x, middle, name, anchor="middle", bold=True, upward=True)


def _long(sheet: Sheet, name: str) -> float:
    """How long a bar its name needs."""
    return sheet.type.width(name, sheet.size, True) + 0.5 * sheet.line

"""The figures of a page, as pixels with their words; none where they cannot be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from evidence.errors import EvidenceError, InputError
from evidence.report.docx.frame import room
from evidence.report.docx.texts import TEXTS

if TYPE_CHECKING:
    from evidence.report.figures.layout import Page as Sheet
    from evidence.review.tables import Review

DPI = 300
CAPTION = 25.0
"""Mm of a page that are kept for the heading above a figure and the caption below."""

SMALLEST = 0.6
"""Share to which a figure may shrink to fit on a page: smaller, and nobody can read it."""


class Figure(NamedTuple):
    """A picture as PNG, its size in mm, what it says to those who do not see it, and what to mind of it."""

    png: bytes
    width: float
    height: float
    said: str
    notes: tuple[str, ...] = ()


def figures_of(
    review: Review, outcome: str | None = None, *, lang: str = "en", **asked: Any
) -> Mapping[str, Figure]:
    """The forest plot and the flow diagram of a page, by the key of its section; `asked` is what `gather` was asked.

    Without matplotlib there is none, and where a figure has nothing to show or does not fit on a page it is left out.
    """
    from evidence.analysis.flow import flow
    from evidence.analysis.pooling import pool
    from evidence.report.figures.save import need_matplotlib

    try:
        need_matplotlib()
    except InputError:  # the document says how to get them
        return {}

    made = {"results": _figure("forest", pool(review, outcome, **asked), lang)}
    found = flow(review)
    if any(found.sources.values()):
        made["flow"] = _figure("prisma", found, lang)
    return {key: figure for key, figure in made.items() if figure}


def _figure(kind: str, result: Any, lang: str) -> Figure | None:
    from evidence.report.figures.drawing import page_of
    from evidence.report.figures.save import page_bytes

    wide, high = room(across=False)
    try:
        sheet: Sheet = page_of(kind, result, width=wide)
    except EvidenceError:  # its columns do not fit, or it has no line: the table says all there is
        return None
    share = min(1.0, (high - CAPTION) / sheet.height)
    if share < SMALLEST:
        return None
    said = [TEXTS[lang][f"said_{kind}"], *([sheet.said] if lang == "en" else [])]
    return Figure(
        page_bytes(sheet, "png", dpi=DPI),
        share * sheet.width,
        share * sheet.height,
        " ".join(filter(None, said)),
        sheet.warnings,
    )

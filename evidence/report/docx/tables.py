"""A table with a header that repeats on each page, and terms beside what they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from evidence.report.docx.inline import Inline
from evidence.report.docx.widths import LEADING, columns, lines_of
from evidence.report.docx.xml import fit, make
from evidence.report.parts import Pairs, Said, Table

TWIPS = 20
"""Twips of a point, in which Word measures."""

PAIRS = 9.0
"""Points of the type of terms."""

TALL = 0.4
"""Share of a page up to which a row is kept whole, a header repeated, and a small table kept together."""


def table(
    part: Table, inline: Inline, room: float, height: float, strong: Collection[int] = frozenset()
) -> Any:
    """The table within so many points of width, on pages of that height; `strong` are rows to stand out."""
    if not part.head and not part.rows:
        return None
    count = max(len(part.head), *(len(row) for row in part.rows), 1)
    lines = [_filled(line, count) for line in (part.head, *part.rows)]
    plain = [[fit(said.text) for said in line] for line in lines]
    found = columns(plain, room, part.numeric)
    heights = [
        LEADING * found.size * max(map(lines_of, texts, found.widths, [found.size] * count))
        for texts in plain
    ]
    together = sum(heights) < TALL * height
    rows = []
    for number, line in enumerate(lines):
        whole = heights[number] < TALL * height
        anchor = part.ids[number - 1] if 0 < number <= len(part.ids) else ""
        cells = [
            _cell(
                found.widths[place],
                inline.paragraph(
                    "TableNumber" if place in part.numeric else "TableText",
                    *(() if place else inline.mark(anchor)),
                    said=said,
                    keep=together and number < len(lines) - 1,
                    bold=number == 0 or number - 1 in strong,
                    size=found.size,
                ),
            )
            for place, said in enumerate(line)
        ]
        settings = make(
            "w:trPr",
            make("w:cantSplit") if whole else None,
            make("w:tblHeader") if number == 0 and whole else None,
        )
        rows.append(make("w:tr", settings, *cells))
    return _table("EvidenceTable", found.widths, rows, fit(part.caption), first_row=True)


def pairs(part: Pairs, inline: Inline, room: float, height: float) -> Any:
    """Terms in a column of their own."""
    if not part.pairs:
        return None
    lines = [[fit(term), fit(said.text)] for term, said in part.pairs]
    terms = columns([[term] for term, _ in lines], room / 3, head=len(lines))
    widths = (terms.widths[0], room - terms.widths[0])
    rows = []
    for texts, (term, said) in zip(lines, part.pairs, strict=True):
        whole = LEADING * PAIRS * max(map(lines_of, texts, widths, [PAIRS] * 2)) < TALL * height
        rows.append(
            make(
                "w:tr",
                make("w:trPr", make("w:cantSplit")) if whole else None,
                _cell(widths[0], inline.paragraph("TableText", said=Said(term), bold=True, size=PAIRS)),
                _cell(widths[1], inline.paragraph("TableText", said=said, size=PAIRS)),
            )
        )
    return _table("EvidencePairs", widths, rows, "", first_row=False)


def _filled(line: Sequence[Said], count: int) -> tuple[Said, ...]:
    return (*line, *[Said("")] * (count - len(line)))


def _cell(width: float, *paragraphs: Any) -> Any:
    return make("w:tc", make("w:tcPr", make("w:tcW", w_w=round(TWIPS * width), w_type="dxa")), *paragraphs)


def _table(style: str, widths: Sequence[float], rows: Sequence[Any], caption: str, *, first_row: bool) -> Any:
    twips = [round(TWIPS * width) for width in widths]
    settings = make(
        "w:tblPr",
        make("w:tblStyle", w_val=style),
        make("w:tblW", w_w=sum(twips), w_type="dxa"),
        make("w:tblLayout", w_type="fixed"),
        make(
            "w:tblLook",
            w_val="04A0" if first_row else "0480",
            w_firstRow=int(first_row),
            w_lastRow=0,
            w_firstColumn=1,
            w_lastColumn=0,
            w_noHBand=1,
            w_noVBand=1,
        ),
        make("w:tblCaption", w_val=caption[:250]) if caption else None,
    )
    grid = make("w:tblGrid", *(make("w:gridCol", w_w=one) for one in twips))
    return make("w:tbl", settings, grid, *rows)

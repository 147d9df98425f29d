"""A table for a spreadsheet (CSV) and for a word processor (DOCX)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evidence.report.machine import csv_text
from evidence.report.parts import Part, Points
from evidence.report.tables.paper import PaperTable, in_print
from evidence.report.tables.texts import TEXTS

COUNTS = re.compile(r"(\d+)/(\d+)")
"""A cell that a spreadsheet would take for a date: 11/11."""


def render_csv(table: PaperTable) -> str:
    """A row a line as printed, then a row a note; `table` tells several tables apart."""
    heads = dict.fromkeys(said.text for one in table.tables for said in one.head)
    return csv_text(["kind", *_apart(table), *heads, "note"], _lines(table))


def _apart(table: PaperTable) -> list[str]:
    return ["table"] if len(table.tables) > 1 else []


def _lines(table: PaperTable) -> Iterator[dict[str, str]]:
    of = TEXTS[table.lang]["of"]
    for one in table.tables:
        for row in one.rows:
            line = {"kind": "row", **dict.fromkeys(_apart(table), one.caption)}
            for head, cell in zip(one.head, row, strict=True):
                counts = COUNTS.fullmatch(cell.text)
                line[head.text] = f"{counts[1]} {of} {counts[2]}" if counts else in_print(cell)
            yield line
    for note in table.notes:
        yield {"kind": "note", "note": in_print(note)}


def render_docx(table: PaperTable) -> bytes:
    """A document with the tables and their notes."""
    from evidence.report.docx.render import render_parts

    parts: list[Part] = [*table.tables, *([Points(table.notes)] if table.notes else [])]
    return render_parts(table.title.text, parts, lang=table.lang)

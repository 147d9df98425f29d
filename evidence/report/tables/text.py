"""A table on a screen: its short columns side by side, its long ones beneath, each text with the rows it is said of."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.report.characters import cells, clean
from evidence.report.parts import Said, Table
from evidence.report.stack import stack
from evidence.report.tables.paper import PaperTable, in_print
from evidence.report.terminal import BOLD, DIM, GAP, INDENT, Paper, as_text

SHORT = 26
"""Columns of a terminal that a cell may take to stand in line with others."""


def render_text(table: PaperTable, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The title, each table, the notes; no line is longer than `width`."""
    paper = Paper(width, unicode, color)
    blocks = [paper.paragraph(table.title.text, style=BOLD)]
    for one in table.tables:
        blocks += _table(one, paper)
    blocks.append([line for note in table.notes for line in paper.paragraph(in_print(note), "", INDENT)])
    return as_text(blocks)


def _table(table: Table, paper: Paper) -> Iterator[list[str]]:
    long = [place for place in range(1, len(table.head)) if _is_long(table, place)]
    short = [place for place in range(len(table.head)) if place not in long]
    lines = [[_cell(line[place], paper) for place in short] for line in (table.head, *table.rows)]
    first, *blocks = stack(lines, paper.width, indent="", gap=GAP, ellipsis=paper.say("…"))
    yield [*paper.paragraph(f"{table.caption}:"), paper.paint(DIM, first[0]), *first[1:]]
    for block in blocks:
        yield [paper.paint(DIM, block[0]), *block[1:]]
    for place in long:
        yield list(_beneath(table, place, paper))


def _is_long(table: Table, place: int) -> bool:
    return any(cells(in_print(row[place])) > SHORT for row in table.rows)


def _cell(said: Said, paper: Paper) -> str:
    return paper.say(clean(in_print(said)))


def _beneath(table: Table, place: int, paper: Paper) -> Iterator[str]:
    """A long column: each of its texts once, behind the names of its rows."""
    said: dict[str, list[str]] = {}
    for row in table.rows:
        if row[place].text:
            said.setdefault(in_print(row[place]), []).append(row[0].text)
    yield from paper.paragraph(table.head[place].text, style=DIM)
    for text, names in said.items():
        yield from paper.paragraph(f"{'; '.join(names)}: {text}", INDENT, INDENT * 2)

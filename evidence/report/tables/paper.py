"""What a table for a paper is: a title, one table or more, and the notes beneath. Plain values; the formats print them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evidence.report.parts import Said, Table
from evidence.shown import Shown


@dataclass(frozen=True)
class PaperTable(Shown):
    """A table for a paper; `kind` is one of characteristics, findings, comparison, `lang` the language of its words.

    Printed it is text; `evidence.report.render(table, "html")` makes the other formats.
    """

    kind: str
    lang: str
    title: Said
    tables: tuple[Table, ...]
    notes: tuple[Said, ...]

    def _repr_html_(self) -> str:
        from evidence.report.tables.html import render_fragment

        return render_fragment(self)


class Column(NamedTuple):
    """A column before it is known whether it has anything in it: its head, its cells, whether they are numbers."""

    head: Said
    cells: Sequence[Said]
    numeric: bool = False


def tabled(caption: str, columns: Iterable[Column]) -> Table:
    """The columns with something in them as a table; the first names the rows and always stands."""
    first, *rest = columns
    kept = [first, *(column for column in rest if any(cell.text for cell in column.cells))]
    return Table(
        caption,
        tuple(column.head for column in kept),
        tuple(zip(*(column.cells for column in kept), strict=True)),
        frozenset(place for place, column in enumerate(kept) if column.numeric),
    )


def letters() -> Iterator[str]:
    """a, b, ... z, aa, ab, ...: what calls a note."""
    number = 0
    while True:
        number, left, mark = number + 1, number + 1, ""
        while left:
            left, place = divmod(left - 1, 26)
            mark = chr(ord("a") + place) + mark
        yield mark


def in_print(said: Said) -> str:
    """The text where nothing can be clicked: with its address, unless the text is that already."""
    if not said.href or "doi:" in said.text or said.href in said.text:
        return said.text
    return f"{said.text} ({said.href})"

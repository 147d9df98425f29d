"""Single cells of a CSV file changed, and nothing else: order, quoting, spaces and line ends stay byte for byte."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from io import StringIO
from types import MappingProxyType
from typing import NamedTuple

from evidence.errors import InputError

BOM = "\ufeff"


class _Cell(NamedTuple):
    """Where a cell stands in the text, and what follows it: a delimiter, a line end or nothing."""

    start: int
    end: int
    after: str


Cells = Mapping[tuple[int, str], str]
"""(Row as a spreadsheet shows it, column) -> text."""


def change_cells(raw: bytes, file: str, changes: Cells, expected: Cells = MappingProxyType({})) -> bytes:
    """The file with cells changed.

    A column that is not there yet is added as the last one. `expected` are cells
    that tell the rows: they must still hold what they held when the file was
    read. Raises InputError, and changes nothing, where they do not, or the file
    cannot be changed cell by cell.
    """
    text = raw.decode("utf-8")
    mark = BOM if text.startswith(BOM) else ""
    body = text.removeprefix(BOM)
    delimiter = max(",;\t", key=body.split("\n", 1)[0].count)
    rows = _scan(body, delimiter)
    before = _read(body, delimiter, file)
    if [len(row) for row in rows] != [max(len(cells), 1) for cells in before]:
        raise InputError(f"{file} cannot be rewritten: its quotes are not closed as they should be")
    header_row = next((number for number, cells in enumerate(before) if any(cells)), None)
    if header_row is None:
        raise InputError(f"{file} cannot be rewritten: it is empty")
    names = [cell.strip() for cell in before[header_row]]
    added = [name for name in dict.fromkeys(column for _, column in changes) if name not in names]
    for (number, column), value in expected.items():
        row = before[number - 1] if 0 < number <= len(before) else []
        if column not in names or len(row) != len(names) or row[names.index(column)].strip() != value:
            raise InputError(f"{file} was changed meanwhile: row {number} is another; run the command again")
    edits: list[tuple[int, int, bool, str]] = []  # from, to, whether it comes after the cell there, new text
    wanted = [list(cells) for cells in before]
    for (number, column), value in changes.items():
        index = number - 1
        if not (header_row < index < len(rows) and any(before[index]) and len(before[index]) == len(names)):
            raise InputError(f"{file} cannot be rewritten: it has no row {number}")
        if column in names:
            place = names.index(column)
            cell = rows[index][place]
            quoted = body[cell.start : cell.start + 1] == '"'
            edits.append((cell.start, cell.end, False, written(value, delimiter, quoted)))
            wanted[index][place] = value
    for index, cells in enumerate(before):
        if added and any(cells):
            more = added if index == header_row else [changes.get((index + 1, name), "") for name in added]
            end = rows[index][-1].end
            cells_added = "".join(delimiter + written(value, delimiter, False) for value in more)
            edits.append((end, end, True, cells_added))
            wanted[index] += more
    for start, end, _, new in sorted(edits, reverse=True):
        body = body[:start] + new + body[end:]
    if _read(body, delimiter, file) != wanted:
        raise InputError(f"{file} cannot be rewritten without changing more than it should")
    return (mark + body).encode()


def _scan(text: str, delimiter: str) -> list[list[_Cell]]:
    """The cells of each record, blank lines included, as csv.reader counts them."""
    part = re.compile(rf'("(?:[^"]|"")*"|[^{delimiter}\r\n]*)({delimiter}|\r\n|\n|\r|\Z)')
    rows: list[list[_Cell]] = []
    row: list[_Cell] = []
    at = 0
    while at < len(text) or row:
        found = part.match(text, at)
        if not found:
            return []
        row.append(_Cell(found.start(1), found.end(1), found[2]))
        at = found.end()
        if found[2] != delimiter:
            rows.append(row)
            row = []
    return rows


def _read(text: str, delimiter: str, file: str) -> list[list[str]]:
    try:
        return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"{file} cannot be rewritten: {error}") from None


def written(value: str, delimiter: str, quoted: bool) -> str:
    """The text of a cell, in quotes where it needs them or had them."""
    if quoted or any(sign in value for sign in (delimiter, '"', "\r", "\n")):
        return '"' + value.replace('"', '""') + '"'
    return value

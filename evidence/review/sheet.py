"""A CSV file as numbered rows of stripped cells, with whatever is wrong with its form.

Rows are numbered as a spreadsheet shows them: the header is row 1, a blank row
counts, a cell with a line break does not. Encoding is UTF-8, with or without a
byte-order mark.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

from evidence.review.schema import Problem

DELIMITERS = (",", ";", "\t")
_ESCAPED = range(0xDC80, 0xDD00)  # what "surrogateescape" makes of bytes that are not UTF-8


class Sheet(NamedTuple):
    """`header` and `(row number, cells)`; every row has as many cells as the header.

    Rows that cannot be lined up with the header are in `problems` instead.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]
    problems: tuple[Problem, ...]


def read_sheet(raw: bytes, file: str, delimiter: str | None = ",") -> Sheet:
    """Read the bytes of a CSV file; `delimiter=None` takes the one that occurs most in the header."""
    problems: list[Problem] = []
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Carry the odd bytes through, so that each is found again in its row and column.
        text = raw.decode("utf-8-sig", errors="surrogateescape")
        damaged = True
    else:
        damaged = False
    lines = StringIO(text, newline="")  # untranslated: csv itself knows \n, \r\n, \r and breaks inside quotes
    if delimiter is None:
        delimiter = max(DELIMITERS, key=lines.readline().count)
        lines.seek(0)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: tuple[str, ...] = ()
    rows: list[tuple[int, list[str]]] = []
    for number, cells in _numbered(reader, file, problems):
        cells = [cell.strip() for cell in cells]
        if damaged:
            _decoding_faults(cells, file, number, header, problems)
        if not header:
            header = tuple(cells)
            _header_faults(header, file, number, problems)
        elif len(cells) == len(header):
            if any(cells):
                rows.append((number, cells))
        elif any(cells):
            problems.append(
                Problem(
                    file,
                    number,
                    "",
                    "",
                    f"the row has {len(cells)} cells where the header has {len(header)}",
                    f'{len(header)} cells; a cell with "{delimiter}" in it needs double quotes around it',
                )
            )
    if not header:
        problems.append(
            Problem(
                file, None, "", "", "the file is empty", "a header row with the column names, then the rows"
            )
        )
    return Sheet(file, header, tuple(rows), tuple(problems))


def _numbered(
    reader: Iterator[list[str]], file: str, problems: list[Problem]
) -> Iterator[tuple[int, list[str]]]:
    """Non-blank rows with their numbers; a fault of the CSV itself ends the file."""
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            why = f"the row cannot be read ({error}), nor can those after it"
            problems.append(
                Problem(file, number, "", "", why, 'cells in double quotes closed, "" for one inside')
            )
            return
        if cells:
            yield number, cells


def _header_faults(header: tuple[str, ...], file: str, number: int, problems: list[Problem]) -> None:
    for name, count in Counter(header).items():
        if not name:
            position = header.index("") + 1
            problems.append(
                Problem(file, number, "", "", f"column {position} has no name", "a name for each column")
            )
        elif count > 1:
            problems.append(Problem(file, number, name, name, f"names {count} columns", "each column once"))


def _decoding_faults(
    cells: list[str], file: str, number: int, header: tuple[str, ...], problems: list[Problem]
) -> None:
    for index, cell in enumerate(cells):
        if any(ord(character) in _ESCAPED for character in cell):
            # The bytes again, in the encoding they are probably in, for a person to recognise.
            shown = cell.encode("utf-8", errors="surrogateescape").decode("cp1252", errors="replace")
            column = header[index] if index < len(header) else ""
            reason = "has bytes that are not UTF-8"
            problems.append(Problem(file, number, column, shown, reason, "text saved as CSV UTF-8"))

"""An XLSX workbook's sheet as numbered rows of cells, with whatever could be misread in it.

A cell becomes the text that a CSV file would hold, or a `Fault` where a number, a date or nothing at all might be
meant: what is wrong matters only in the columns somebody uses. openpyxl is imported when a workbook is read, and
in full: its read-only mode knows neither merged cells nor hidden rows, and trusts the size a file states.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

from evidence.errors import InputError, OptionError
from evidence.review.schema import Fault, Problem, near

ZIP = b"PK\x03\x04"
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a file starts: a zip archive, as XLSX is; Microsoft's older container, also that of an encrypted XLSX."""

LARGEST = 200_000_000
"""Bytes of a workbook unpacked. A table of patients has a hundredth; more is a mistake, or an attack."""
MOST_CELLS = 1_000_000

Cell = str | Fault


class Grid(NamedTuple):
    """`header` and `(row number, cells)` as `sheet.Sheet` has them, but a cell may be a `Fault`.

    `letters` are the columns as the spreadsheet calls them: A, B, ...; none for a CSV file.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[Cell]], ...]
    problems: tuple[Problem, ...]
    letters: tuple[str, ...] = ()

    def place(self, index: int, number: int) -> str:
        """How a problem calls the cell's column: `last`, in a workbook `last (B7)`."""
        name = self.header[index]
        return f"{name} ({self.letters[index]}{number})".strip() if self.letters else name


def is_spreadsheet(raw: bytes) -> bool:
    """Whether the bytes are a workbook, of whatever age."""
    return raw.startswith((ZIP, OLD))


def read_spreadsheet(raw: bytes, file: str, sheet: str | None = None) -> Grid:
    """The named sheet, else the only one with anything in it.

    Raises `InputError` where the bytes are no workbook that can be read or hold no table, `OptionError`
    where `sheet` is needed or not there.
    """
    if raw.startswith(OLD):
        raise InputError(
            f"{file} is an old (.xls) or password-protected workbook; save it as .xlsx without a password, or as CSV UTF-8"
        )
    book = _open(raw, file, formulas=True)
    return _grid(raw, file, book, _choose(book, file, sheet))


def read_pages(raw: bytes, file: str) -> dict[str, Grid]:
    """Every sheet with anything in it by its title, hidden ones included; raises as `read_spreadsheet` does."""
    if not raw.startswith(ZIP):
        raise InputError(f"{file} is not an XLSX workbook")
    book = _open(raw, file, formulas=True)
    return {page.title: _grid(raw, file, book, page) for page in book.worksheets if not _is_empty(page)}


def _grid(raw: bytes, file: str, book: Any, page: Any) -> Grid:
    if page.max_row * page.max_column > MOST_CELLS:
        last = page.cell(page.max_row, page.max_column).coordinate
        raise InputError(
            f"{file}, sheet {page.title}, reaches to cell {last}; delete what is beyond the table, or save it as CSV UTF-8"
        )
    name = file if len(book.sheetnames) == 1 else f"{file}, sheet {page.title}"
    cells = [list(row) for row in page.iter_rows()]
    computed = _computed(raw, file, page.title) if _has_formulas(cells) else {}
    merged = {
        place: str(area) for area in page.merged_cells.ranges for row in area.rows for place in row
    }  # (row, column) -> A8:B9
    hidden = [number for number, dimension in page.row_dimensions.items() if dimension.hidden]
    rows = [
        (number, [_cell(cell, merged, computed) for cell in row])
        for number, row in enumerate(cells, 1)
        if any(cell.value is not None for cell in row)
    ]
    if not rows:
        raise InputError(f"{name} is empty; it needs a header row with the column names, then the rows")
    (first, head), *body = rows
    # A header may be a number (a week) and carries no doubt; a faulty one has no name to be called by.
    header = tuple("" if isinstance(cell, Fault) else cell for cell in head)
    letters = tuple(cell.column_letter for cell in cells[first - 1])
    # Columns that are empty from top to bottom are only the right-hand margin of something long deleted.
    used = [i for i in range(len(header)) if header[i] or any(row[i] != "" for _, row in body)]
    problems = [*_unnamed(name, first, head, used, letters), *_hidden(name, hidden, [n for n, _ in body])]
    return Grid(
        name,
        tuple(header[i] for i in used),
        tuple((number, [row[i] for i in used]) for number, row in body),
        tuple(problems),
        tuple(letters[i] for i in used),
    )


def _open(raw: bytes, file: str, *, formulas: bool) -> Any:
    import warnings

    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > LARGEST:
            raise InputError(
                f"{file} unpacks to {size / 1e6:.0f} MB, too much for a table of patients; save it as CSV UTF-8"
            )
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # features of Excel that it would lose on writing, which we do not
            return load_workbook(BytesIO(raw), data_only=not formulas, keep_links=False)
    except InputError:
        raise
    except Exception as error:
        # openpyxl has no errors of its own: a damaged file ends in whatever its parsers happen to raise.
        why = f"{type(error).__name__}: {error}".rstrip(": ")
        raise InputError(
            f"{file} cannot be read as an XLSX workbook ({why}); save it as CSV UTF-8"
        ) from error


def _choose(book: Any, file: str, sheet: str | None) -> Any:
    pages = {page.title: page for page in book.worksheets}
    if sheet is not None:
        for title, page in pages.items():
            if title.strip().casefold() == sheet.strip().casefold():
                return page
        raise OptionError("sheet", sheet, f"a sheet of {file}: {', '.join(pages)}{near(sheet, pages)}")
    filled = [title for title, page in pages.items() if page.sheet_state == "visible" and not _is_empty(page)]
    if len(filled) > 1:
        raise InputError(f"which sheet of {file} is meant? It has {', '.join(filled)}; name one with --sheet")
    if not filled:
        raise InputError(f"{file} has no visible sheet with anything in it")
    return pages[filled[0]]


def _is_empty(page: Any) -> bool:
    return bool(page.max_row == 1 and page.max_column == 1 and page["A1"].value is None)


def _has_formulas(cells: list[list[Any]]) -> bool:
    return any(cell.data_type == "f" for row in cells for cell in row)


def _computed(raw: bytes, file: str, title: str) -> dict[tuple[int, int], Any]:
    """What the spreadsheet program computed when it last saved: (row, column) -> cell."""
    page = _open(raw, file, formulas=False)[title]
    return {(cell.row, cell.column): cell for row in page.iter_rows() for cell in row}


def _cell(cell: Any, merged: dict[tuple[int, int], str], computed: dict[tuple[int, int], Any]) -> Cell:
    """The cell's text; a `Fault` if it could mean something else than it shows."""
    place = (cell.row, cell.column)
    if place in merged:
        return Fault(f"is part of the merged cells {merged[place]}", "one cell a value: unmerge them")
    if cell.data_type == "f":
        formula = _short(getattr(cell.value, "text", cell.value))  # array formulas are objects
        cell = computed[place]
        if cell.value is None:
            reason = f"is a formula ({formula}) whose result is not in the file"
            return Fault(reason, "a value: open and save it in the spreadsheet, or paste values")
    value, kind = cell.value, cell.data_type
    if value is None:
        return ""
    if kind == "d":
        return Fault(_dated(value), "the value itself, as a number")
    if kind == "e":
        return Fault(f"is an error ({value})", "a value")
    if kind == "b":
        return Fault(f"is a truth value ({str(value).upper()})", "a number or text")
    if kind == "n":
        # All digits a spreadsheet keeps, so that no score is changed by being read.
        return str(value) if isinstance(value, int) else format(Decimal(repr(float(value))).normalize(), "f")
    return str(value).strip()


def _dated(value: Any) -> str:
    """A date with what may have been typed: 3/12, of which a spreadsheet makes the 3rd of December, or of March."""
    if not hasattr(value, "month"):
        return f"is a time ({value})"
    return f"is a date ({value:%Y-%m-%d}), perhaps made of {value.day}/{value.month} or {value.month}/{value.day}"


def _short(text: object) -> str:
    line = str(text)
    return line if len(line) <= 40 else line[:37] + "..."


def _unnamed(
    file: str, row: int, head: list[Cell], used: list[int], letters: tuple[str, ...]
) -> Iterator[Problem]:
    names: dict[str, str] = {}
    for index in used:
        cell, letter = head[index], letters[index]
        if isinstance(cell, Fault):
            yield Problem(file, row, letter, "", f"the name {cell.reason}", "a name for each column")
        elif not cell:
            yield Problem(file, row, letter, "", f"column {letter} has no name", "a name for each column")
        elif cell in names:
            reason = f"names the columns {names[cell]} and {letter}"
            yield Problem(file, row, cell, cell, reason, "each column once")
        else:
            names[cell] = letter


def _hidden(file: str, hidden: list[int], filled: list[int]) -> Iterator[Problem]:
    """Rows that hold something nobody sees, one problem for each run of them."""
    gone = sorted(set(hidden).intersection(filled))
    runs: list[list[int]] = []
    for number in gone:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    for run in runs:
        which = "the row is" if len(run) == 1 else f"rows {run[0]} to {run[-1]} are"
        yield Problem(
            file,
            run[0],
            "",
            "",
            f"{which} hidden, yet would count",
            "rows that show, or none: unhide or delete",
        )

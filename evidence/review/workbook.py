"""A review as one XLSX workbook, to be edited in a spreadsheet and read back by `evidence.review.returned`.

A sheet a table, with the columns of its file, its header frozen, each column's meaning as a note and its words as a
list to choose from. Every cell is formatted as text, so that no date is made of 3-4; what would start a formula is
neutralised. Two hidden sheets hold the lists, and what each row was, so that a change made meanwhile in the tables
is not written over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from evidence.errors import InputError
from evidence.files import FORMULA
from evidence.review.schema import NUMERIC, TABLES, Column, Table, allowed
from evidence.review.sheet import read_sheet
from evidence.review.spreadsheet import MOST_CELLS
from evidence.review.tables import Review, load

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ROW = "file row"
"""The first column of each sheet: the row of the file. Rows may be sorted; a new one leaves it empty."""

ABOUT, STAMP, LISTS = "about", "_evidence", "_lists"
FORMAT = 1
"""Version of what the stamp holds."""

LONGEST = 32_767
"""Characters in a cell of a workbook; openpyxl would cut off the rest without a word."""

MORE = 500
"""Rows beyond the last in which the lists are offered."""

WIDEST, NARROWEST = 48, 9
TEXT = "@"
"""The format of a cell that stays what was typed."""

_STARTS = re.compile(rf"'*[{re.escape(''.join(FORMULA))}\t\r]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Stored(NamedTuple):
    """A table as its file has it: the header, and by file row the stripped cells."""

    header: tuple[str, ...]
    rows: Mapping[int, tuple[str, ...]]


def write_workbook(folder: str | Path | Traversable) -> bytes:
    """The workbook of a review that can be read; raises what `load` raises, and `InputError` for what no workbook holds."""
    from openpyxl import Workbook

    review = load(folder)
    home = Path(folder) if isinstance(folder, str) else folder
    tables = {table.name: read_stored(home, table) for table in TABLES.values()}
    for table in TABLES.values():  # before anything is filled in
        _fits(table, tables[table.name], len(review.columns(table.name)))
    book = Workbook()
    _about(book.active, review)
    lists = _Lists(book.create_sheet(LISTS), review)
    stamp = book.create_sheet(STAMP)
    stamp.append([f"evidence workbook {FORMAT}", "file row", "key", "digest"])
    for number, table in enumerate(TABLES.values()):
        stored = tables[table.name]
        columns = offered(review.columns(table.name), stored.header)
        if any(column.name == ROW for column in columns):
            raise InputError(f"a column of {table.file} is called {ROW!r}, as the first one of each sheet is")
        page = book.create_sheet(table.name, number + 1)
        _fill(page, table, columns, stored, lists)
        names = [column.name for column in columns]
        stamp.append([table.name, 0, _literal(json.dumps(names)), "columns"])
        for row, cells in stored.rows.items():
            padded = {name: cell for name, cell in zip(stored.header, cells, strict=True) if cell}
            stamp.append([table.name, row, key_of(table, padded), digest(names, padded)])
    lists.page.sheet_state = stamp.sheet_state = "veryHidden"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def read_stored(folder: Path | Traversable, table: Table) -> Stored:
    """The cells of a table as they stand in its file; no rows where there is no file."""
    file = folder.joinpath(table.file)
    if not file.is_file():
        return Stored((), {})
    sheet = read_sheet(file.read_bytes(), table.file)
    return Stored(sheet.header, {number: tuple(cells) for number, cells in sheet.rows})


def offered(columns: Sequence[Column], header: Sequence[str]) -> list[Column]:
    """The columns of the file in its order, then those it does not have yet."""
    known = {column.name: column for column in columns}
    return [known[name] for name in header] + [column for column in columns if column.name not in header]


def key_of(table: Table, row: Mapping[str, str]) -> str:
    """The cells that tell a row from the others, as one short text."""
    return digest(table.key, row)


def digest(names: Iterable[str], row: Mapping[str, str]) -> str:
    """A short text that two rows share only if all of their cells are the same."""
    cells = json.dumps([plain_ends(row.get(name, "")) for name in names], ensure_ascii=False)
    return hashlib.sha256(cells.encode()).hexdigest()[:20]


def plain_ends(text: str) -> str:
    """The text with the line ends that XML keeps: a workbook knows only one kind."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


# ---- cells ---------------------------------------------------------------------------------------


def neutral(text: str) -> str:
    """The cell with an apostrophe before what a spreadsheet might take for a formula; `restored` takes it away.

    A negative number is none. Apostrophes that stand there already get one more, so that nothing is ambiguous.
    """
    return f"'{text}" if _STARTS.match(text) and not _NUMBER.fullmatch(text) else text


def restored(text: str) -> str:
    """What `neutral` was given; also codes in which spreadsheets save what XML cannot hold."""
    text = _CODE.sub(_decoded, text).strip()
    return text[1:] if text.startswith("'") and _STARTS.match(text) else text


def _decoded(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return "" if character == "\r" else character


def _literal(text: str) -> str:
    """The text with what looks like a code (_x000D_) written so that it is not taken for one."""
    return _CODE.sub(lambda found: f"_x005F_{found[0][1:]}", text) if "_x" in text else text


# ---- sheets --------------------------------------------------------------------------------------


def _fits(table: Table, stored: Stored, columns: int) -> None:
    size = (len(stored.rows) + 1) * (columns + 1)
    if size > MOST_CELLS:
        raise InputError(
            f"{table.file} has {size:,} cells, more than a workbook is read back with ({MOST_CELLS:,}); edit it as CSV"
        )


def _fill(page: Any, table: Table, columns: Sequence[Column], stored: Stored, lists: _Lists) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    bold, grey = Font(bold=True), Font(color="808080")
    needed, other = PatternFill("solid", fgColor="DDEBF7"), PatternFill("solid", fgColor="F2F2F2")
    widths = [len(ROW), *(len(column.name) + 3 for column in columns)]
    says = [
        f"The row of {table.file}. Leave it as it is, whatever you sort; a new row has none.",
        *map(_note, columns),
    ]
    for place, (name, said) in enumerate(zip([ROW, *(c.name for c in columns)], says, strict=True), 1):
        head = page.cell(1, place)
        _write(head, name, False, f"{table.file}, column {name}")
        head.font = bold
        head.fill = needed if place > 1 and columns[place - 2].required else other
        head.comment = Comment(said, "evidence", width=320, height=110)
    places = {name: place for place, name in enumerate((c.name for c in columns), 2)}
    numeric = {column.name for column in columns if column.kind in NUMERIC}
    for line, (number, cells) in enumerate(stored.rows.items(), 2):
        page.cell(line, 1, number).font = grey
        for name, text in zip(stored.header, cells, strict=True):
            if not text:
                continue
            if len(text) > LONGEST:
                raise InputError(
                    f"{table.file} row {number}, column {name} has {len(text):,} characters; a workbook's cell holds {LONGEST:,}"
                )
            place = places[name]
            _write(page.cell(line, place), text, name in numeric, f"{table.file} row {number}, column {name}")
            widths[place - 1] = max(widths[place - 1], min(len(text), WIDEST))
    for place, width in enumerate(widths, 1):
        dimension = page.column_dimensions[get_column_letter(place)]
        dimension.width = max(NARROWEST, min(width + 1, WIDEST))
        dimension.number_format = TEXT if place > 1 else "General"
    keys = sum(column.name in table.key[:1] for column in columns[:1])
    page.freeze_panes = page.cell(2, 2 + keys)
    for column in columns:
        lists.offer(page, column, get_column_letter(places[column.name]), len(stored.rows) + 1 + MORE)


def _write(cell: Any, text: str, numeric: bool, place: str) -> None:
    """Text as text; a number as one only where it is spelled as a spreadsheet spells it back."""
    from openpyxl.utils.exceptions import IllegalCharacterError

    if numeric and _NUMBER.fullmatch(text) and len(text) <= 12 and _same(text):
        cell.value = int(text) if text.lstrip("-").isdigit() else float(text)
    else:
        try:
            cell.value = _literal(neutral(text))
        except IllegalCharacterError:
            raise InputError(f"{place} has a character no workbook can hold; edit the file as CSV") from None
        if "\ufffe" in text or "\uffff" in text:
            raise InputError(f"{place} has a character no workbook can hold; edit the file as CSV")
        cell.data_type = "s"
    cell.number_format = TEXT


def _same(text: str) -> bool:
    number = text.removeprefix("-")
    whole, _, decimals = number.partition(".")
    return number == "0" or (
        (whole == "0" or not whole.startswith("0"))
        and not decimals.endswith("0")
        and not (text[0] == "-" and not float(number))
        and (not decimals or repr(float(text)) == text)
    )


def _note(column: Column) -> str:
    need = "Needed. " if column.required else ""
    return f"{need}{column.meaning or column.name}\nAllowed: {allowed(column)}"


class _Lists:
    """The words to choose from, each list a column of a hidden sheet: a list within a cell ends at 255 characters."""

    def __init__(self, page: Any, review: Review) -> None:
        self.page = page
        cohorts = dict.fromkeys(cohort for found in review.cohorts.values() for cohort in found)
        self.known = {"outcomes": tuple(review.outcomes), "cohorts": tuple(cohorts)}
        self.ranges: dict[tuple[str, ...], str] = {}
        self.studies = len(review.studies) + 1 + MORE

    def offer(self, page: Any, column: Column, letter: str, last: int) -> None:
        """Offer the column's words, and stop others; or its keys, where new ones may come, with a warning."""
        from openpyxl.worksheet.datavalidation import DataValidation

        if column.refers == "studies":
            source, style = f"'studies'!$B$2:$B${self.studies}", "warning"
        elif column.refers:
            source, style = self._range(self.known[column.refers]), "warning"
        elif column.words:
            source, style = self._range(column.words), "stop"
        else:
            return
        if not source:
            return
        rule = DataValidation(type="list", formula1=source, allow_blank=True, errorStyle=style)
        rule.errorTitle, rule.error = column.name, f"Allowed: {allowed(column)}"[:250]
        rule.showErrorMessage = True
        rule.add(f"{letter}2:{letter}{last}")
        page.add_data_validation(rule)

    def _range(self, words: tuple[str, ...]) -> str:
        if words and words not in self.ranges:
            from openpyxl.utils import get_column_letter

            place = len(self.ranges) + 1
            for line, word in enumerate(words, 1):
                _write(self.page.cell(line, place), word, False, word)
            letter = get_column_letter(place)
            self.ranges[words] = f"'{LISTS}'!${letter}$1:${letter}${len(words)}"
        return self.ranges.get(words, "")


def _about(page: Any, review: Review) -> None:
    from openpyxl.styles import Font

    page.title = ABOUT
    lines = (
        review.title or review.name,
        "",
        "A sheet a table. Point at a column's name to read what it holds; blue ones may not be empty.",
        "Change, add and delete rows, in any order. A new row has no number in the first column.",
        "Leave the names of sheets and columns as they are, and unhide and unmerge before you save.",
        "Cells are text: what you type stays as typed. An apostrophe before = + - @ keeps a text from being a formula.",
        "evidence sheet import FILE.xlsx shows what would change, and writes it into the tables when you agree.",
    )
    for number, line in enumerate(lines, 1):
        _write(page.cell(number, 1), line, False, ABOUT) if line else None
    page.cell(1, 1).font = Font(bold=True, size=14)
    page.column_dimensions["A"].width = 110
